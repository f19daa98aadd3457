//! A run as a document: what the cluster keeps of it, so that it survives the process that carries it out.
//!
//! It is written before each step is written to its workload; so whoever reads it knows of everything that may have been
//! done. What another process reads is a run that can be taken up: a write of which the answer is not noted may have been
//! applied, and is sent again, which the test on the old image makes harmless.

mod parts;
mod shape;
#[cfg(test)]
pub(in crate::domain::run) mod tests;

use std::collections::BTreeMap;
use std::hash::Hasher as _;
use std::sync::Arc;

use fnv::FnvHasher;
use jiff::{SignedDuration, Timestamp};

use super::{Run, RunState, StepState};
use crate::domain::ids::{RunId, ServiceId, Uid};
use crate::domain::observed::{Document, Texts};

/// What the documents of runs are about.
pub const ABOUT: &str = "run";
/// The newest form that is written, and can be read.
const FORMAT: u32 = 1;
/// The largest that is written: a config map holds 1 MiB in all.
const LARGEST: usize = 900_000;
/// So many of the newest are kept in an environment, and all that are younger than `KEPT_FOR`.
const KEPT: usize = 20;
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Of each service: what runs, and what it would go back to.
const NEEDED: usize = 2;

/// A run as it was read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called in every process: `01k5…`.
    pub key: Arc<str>,
    /// The object and the version that was read.
    pub over: (Uid, Arc<str>),
    /// The process that wrote it last: `ana@mac/4242/…`.
    pub owner: Arc<str>,
    /// When it was written last, by the clock of whoever wrote it.
    pub updated: Timestamp,
    pub run: Run,
}

/// A document that is no run that can be taken up, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub key: Arc<str>,
    pub why: String,
}

/// The document of a run as an environment shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The object and the version that stands.
    pub over: (Uid, Arc<str>),
    /// The process that wrote it last, where that can be read.
    pub owner: Arc<str>,
    /// Since when this version is known here.
    pub since: Timestamp,
    pub entry: Result<Entry, Unreadable>,
}

impl Filed {
    /// Reads a document that was seen at a time.
    pub fn read(document: &Document, since: Timestamp) -> Self {
        let over = (document.meta.uid.clone(), Arc::clone(&document.meta.resource_version));
        let owner = document.texts.get("owner").map_or_else(|| "".into(), Arc::clone);
        Self { over, owner, since, entry: read(document) }
    }

    /// What the run is called in every process.
    pub fn key(&self) -> &Arc<str> {
        match &self.entry {
            Ok(entry) => &entry.key,
            Err(broken) => &broken.key,
        }
    }
}

/// The name of a run everywhere: in the order of time, and used once. `owner` tells two runs of one moment apart.
pub fn key(started: Timestamp, owner: &str, run: RunId) -> Arc<str> {
    // The base 32 of ULIDs, in lower case: no letter that is taken for a digit.
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let digits = |mut number: u64, places: usize| {
        let mut out = vec![b'0'; places];
        for place in out.iter_mut().rev() {
            *place = DIGITS[usize::try_from(number % 32).unwrap_or(0)];
            number /= 32;
        }
        out.into_iter().map(char::from).collect::<String>()
    };
    // The owner holds a number that no other process has.
    let mut mixed = FnvHasher::default();
    mixed.write(owner.as_bytes());
    mixed.write(&run.0.to_le_bytes());
    let time = u64::try_from(started.as_millisecond()).unwrap_or(0);
    format!("{}{}", digits(time, 10), digits(mixed.finish(), 6)).into()
}

/// The name of the document of a run.
pub fn name(key: &str) -> Arc<str> {
    format!("shipdeck-run-{key}").into()
}

/// What the document says of a run, without who writes it and when; the same run gives the same text.
///
/// # Errors
/// Why it cannot be kept, as a clause.
pub fn write(run: &Run) -> Result<String, String> {
    let text = serde_json::to_string(&shape::of(run)).map_err(|error| format!("it cannot be written down: {error}"))?;
    if text.len() > LARGEST {
        return Err(format!("it is too large for the cluster to keep ({} KiB)", text.len() / 1024));
    }
    Ok(text)
}

/// The texts of a document.
pub fn texts(run: &str, owner: &str, now: Timestamp) -> Texts {
    let texts = [("format", FORMAT.to_string()), ("owner", owner.to_owned()), ("updated", now.to_string())];
    let texts = texts.into_iter().chain([("run", run.to_owned())]);
    texts.map(|(name, text)| (name.into(), text.into())).collect()
}

/// Reads a document; the run is numbered by whoever takes it up.
///
/// # Errors
/// What is wrong with it, in words, and what to do.
pub fn read(document: &Document) -> Result<Entry, Unreadable> {
    let key: Arc<str> = document.meta.name.strip_prefix("shipdeck-run-").unwrap_or(&document.meta.name).into();
    let unreadable = |why: String| Unreadable { key: Arc::clone(&key), why };
    let text = |name: &str| document.texts.get(name).map(|text| &**text);
    match text("format").map(str::parse::<u32>) {
        Some(Ok(FORMAT)) => {}
        Some(Ok(newer @ FORMAT..)) => {
            return Err(unreadable(format!("it is of a newer shipdeck (format {newer}): update this one")));
        }
        _ => return Err(unreadable("it does not say its format: it was changed by hand".to_owned())),
    }
    let by_hand = |what: &str| unreadable(format!("{what}: it was changed by hand"));
    let run = text("run").ok_or_else(|| by_hand("it has no run"))?;
    let shape: shape::RunShape =
        serde_json::from_str(run).map_err(|error| by_hand(&format!("not readable ({error})")))?;
    let updated =
        text("updated").and_then(|time| time.parse().ok()).ok_or_else(|| by_hand("no time of its last change"))?;
    let run = shape::read(&shape).map_err(|what| by_hand(&what))?;
    Ok(Entry {
        over: (document.meta.uid.clone(), Arc::clone(&document.meta.resource_version)),
        owner: text("owner").unwrap_or_default().into(),
        updated,
        run,
        key,
    })
}

/// The newest version of a document of one's own: an earlier write of it got through and its answer was lost.
pub fn is_of(document: &Document, owner: &str) -> bool {
    document.texts.get("owner").is_some_and(|found| **found == *owner)
}

/// Which runs that are over are forgotten: all but the newest, those that are still young, and of every service the run
/// that brought what runs now, and the one before it, to which it would go back.
pub fn outdated(entries: &[Entry], now: Timestamp) -> Vec<&Entry> {
    let mut newest: Vec<&Entry> = entries.iter().collect();
    newest.sort_by_key(|entry| std::cmp::Reverse(entry.updated));
    let (mut over, mut brought) = (0, BTreeMap::<&ServiceId, usize>::new());
    newest.retain(|entry| {
        let mut needed = false;
        for step in entry.run.steps.iter().filter(|step| step.state == StepState::Succeeded) {
            let times = brought.entry(&step.service).or_default();
            *times += 1;
            needed |= *times <= NEEDED;
        }
        let is_over = entry.run.state.is_over();
        over += usize::from(is_over);
        is_over && !needed && over > KEPT && now.duration_since(entry.updated) > KEPT_FOR
    });
    newest
}

/// Whether anything was done that has to outlive the process; before that there is nothing to resume.
pub fn is_worth_keeping(run: &Run) -> bool {
    run.steps.iter().any(|step| !matches!(step.state, StepState::Waiting | StepState::Skipped))
}

/// The word for where a run stands.
pub fn word(state: RunState) -> &'static str {
    match state {
        RunState::Acquiring => "acquiring",
        RunState::Running => "running",
        RunState::Pausing => "pausing",
        RunState::Paused => "paused",
        RunState::Halted => "halted",
        RunState::Succeeded => "succeeded",
        RunState::Ended => "ended",
    }
}
