//! One thing that happened.

use std::sync::Arc;

use jiff::Timestamp;

use super::CleanUp;
use crate::domain::ids::LockId;
use crate::domain::lease::who;
use crate::domain::lock::{Override, Posted, Release};
use crate::domain::run::document::{self, Unreadable};
use crate::domain::run::{Run, RunState};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The document that tells it.
    pub name: Arc<str>,
    /// Of a run, when it began.
    pub at: Timestamp,
    /// `ana@mac`; empty: nobody can tell.
    pub by: Arc<str>,
    pub what: What,
    /// Of a run, how it ended.
    pub outcome: Option<Outcome>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Run(Box<document::Entry>),
    /// A lock, freeze or hold was placed.
    Placed(Box<Posted>),
    /// Somebody went on in spite of one.
    Overridden(LockId, Override),
    Released(Box<Posted>, Release),
    /// It opened by itself: what it waited for is so.
    Lifted(Box<Posted>),
    CleanedUp(CleanUp),
    /// A document that tells nothing, and why.
    Unreadable(String),
}

/// What an entry is of, for filters and for other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Run,
    Lock,
    Override,
    Release,
    Lift,
    CleanUp,
    Unreadable,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Lock => "lock",
            Self::Override => "override",
            Self::Release => "release",
            Self::Lift => "lift",
            Self::CleanUp => "cleanup",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Entry {
    pub fn kind(&self) -> Kind {
        match self.what {
            What::Run(_) => Kind::Run,
            What::Placed(_) => Kind::Lock,
            What::Overridden(..) => Kind::Override,
            What::Released(..) => Kind::Release,
            What::Lifted(_) => Kind::Lift,
            What::CleanedUp(_) => Kind::CleanUp,
            What::Unreadable(_) => Kind::Unreadable,
        }
    }

    /// Why it was done, where somebody said so.
    pub fn reason(&self) -> Option<&str> {
        match &self.what {
            What::Placed(posted) => posted.lock.as_ref().ok().map(|lock| &*lock.reason),
            What::Overridden(_, it) => Some(&it.reason),
            What::Released(_, release) => release.why.as_deref(),
            What::Run(it) => it.run.steps.iter().find_map(|step| step.went_on_without()).map(|it| &*it.reason),
            What::Lifted(_) | What::CleanedUp(_) | What::Unreadable(_) => None,
        }
    }
}

/// How a run ended, or that it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Open,
    /// It has not, and later runs have since brought to an end what it left.
    Superseded,
    Succeeded,
    /// Something of it failed or was refused.
    Failed,
    /// It was ended before all of it was begun, and nothing failed.
    Ended,
}

impl Outcome {
    pub fn of(run: &Run) -> Self {
        match run.state {
            RunState::Succeeded => Self::Succeeded,
            RunState::Ended if run.first_failure().is_some() => Self::Failed,
            RunState::Ended => Self::Ended,
            _ => Self::Open,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Superseded => "superseded",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Ended => "ended",
        }
    }
}

/// Who began a run, and where if its last writer is still the same person: as it is told of everything else.
fn began(entry: &document::Entry) -> Arc<str> {
    let writer = who(&entry.owner);
    let same = writer.split('@').next() == Some(&*entry.run.by);
    if same { writer.into() } else { Arc::clone(&entry.run.by) }
}

pub(super) fn of_run(name: Arc<str>, read: Result<document::Entry, Unreadable>, created: Timestamp) -> Entry {
    match read {
        Ok(entry) => {
            let (at, by, outcome) = (entry.run.started, began(&entry), Some(Outcome::of(&entry.run)));
            Entry { name, at, by, what: What::Run(Box::new(entry)), outcome }
        }
        Err(broken) => unreadable(name, created, broken.why),
    }
}

/// It was placed, perhaps overridden, perhaps released: what still stands is not, whatever is written in it.
pub(super) fn of_lock(posted: &Posted, stands: bool) -> Vec<Entry> {
    let name = || Arc::clone(&posted.name);
    let entry = |at, by: &Arc<str>, what| Entry { name: name(), at, by: Arc::clone(by), what, outcome: None };
    let author = posted.lock.as_ref().map_or_else(|_| "".into(), |lock| Arc::clone(&lock.author));
    let mut all = vec![entry(posted.since, &author, What::Placed(Box::new(posted.clone())))];
    all.extend(posted.overrides.iter().map(|it| entry(it.at, &it.by, What::Overridden(posted.id.clone(), it.clone()))));
    // Any cockpit that sees it writes it down: nobody did it.
    let lifted = posted.lifted.map(|at| entry(at, &"shipdeck".into(), What::Lifted(Box::new(posted.clone()))));
    all.extend(lifted);
    if let Some(release) = posted.release().filter(|_| !stands) {
        all.push(entry(release.at, &release.by, What::Released(Box::new(posted.clone()), release.clone())));
    }
    all
}

pub(super) fn of_cleanup(name: Arc<str>, read: Result<CleanUp, String>, created: Timestamp) -> Entry {
    match read {
        Ok(it) => Entry { name, at: it.at, by: Arc::clone(&it.by), what: What::CleanedUp(it), outcome: None },
        Err(why) => unreadable(name, created, why),
    }
}

fn unreadable(name: Arc<str>, at: Timestamp, why: String) -> Entry {
    Entry { name, at, by: "".into(), what: What::Unreadable(why), outcome: None }
}
