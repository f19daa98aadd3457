//! Boxes over the screen: what each holds while it is open.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::input::LineInput;
use super::super::logs::Detail;
use crate::actions::Action;
use crate::domain::cleanup::Finding;
use crate::domain::ids::{EnvId, LockId, RunId, ServiceId};
use crate::domain::plan::{Plan, Request, Warning};
use crate::domain::verdict::State;
use crate::domain::versions::Known;
use crate::domain::words;

/// A box over the screen.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "only a few exist at a time")]
pub enum Overlay {
    Versions(VersionsForm),
    Plan(PlanReview),
    Confirm(Confirm),
    Help(Listing),
    Palette(Listing),
    Menu(Listing),
    Picker(Picker),
    /// Details and evidence of a cell.
    Details {
        service: ServiceId,
        env: EnvId,
        scroll: usize,
    },
    /// Why a service cannot be deployed.
    Why {
        service: ServiceId,
        env: EnvId,
        scroll: usize,
    },
    /// One thing that happened: a word and what it says, line by line.
    Told {
        title: String,
        lines: Vec<(String, String)>,
        scroll: usize,
    },
    /// A line of the log in whole.
    Line(Detail),
    /// What happened lately.
    Activity {
        scroll: usize,
    },
    /// What was sent to clusters, newest first.
    Commands {
        selected: usize,
    },
    Errors {
        scroll: usize,
    },
    /// Input on the hint row: what it is for is said by its prompt.
    Prompt(Prompt),
}

/// Choosing the version of each service.
#[derive(Clone, Debug)]
pub struct VersionsForm {
    pub env: EnvId,
    pub title: String,
    pub rows: Vec<VersionRow>,
    pub selected: usize,
    /// Environments to take all versions from, and the one chosen.
    pub sources: Vec<EnvId>,
    pub source: Option<EnvId>,
    /// Why the plan cannot be made as it stands.
    pub error: Option<String>,
}

impl VersionsForm {
    /// Services of which no version was chosen: they stay as they are.
    pub fn untyped(&self) -> impl Iterator<Item = &ServiceId> {
        let none = |row: &&VersionRow| row.input.text().trim().is_empty() && self.source.is_none();
        self.rows.iter().filter(none).map(|row| &row.service)
    }
}

/// One service of the form.
#[derive(Clone, Debug)]
pub struct VersionRow {
    pub service: ServiceId,
    /// What runs there now.
    pub current: String,
    /// Empty: the version of the source, or none.
    pub input: LineInput,
    /// What the source environment runs.
    pub offered: Option<String>,
    /// Versions that can be chosen instead of typed, and the one chosen last.
    pub known: Vec<Known>,
    pub picked: Option<usize>,
}

/// A plan to be read before anything happens.
#[derive(Clone, Debug)]
pub struct PlanReview {
    pub request: Request,
    pub plan: Plan,
    /// Typed name of a protected environment.
    pub confirm: LineInput,
    pub selected: usize,
    pub scroll: usize,
    /// The form that it came from, to go back to.
    pub form: Option<VersionsForm>,
    /// The run that it puts back; one that is under way is aborted first.
    pub undoes: Option<RunId>,
    /// The run of another process that it puts back, by environment and name; it is recorded as ended first.
    pub ends: Option<(EnvId, Arc<str>)>,
    /// The run that it goes on with, which is over.
    pub follows: Option<GoesOn>,
    /// More to know, found by the cockpit rather than the plan.
    pub warnings: Vec<Warning>,
    /// Nothing was marked, so it is for everything that can go.
    pub all: bool,
}

/// A run that is over and that another goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoesOn {
    /// What the cluster keeps it under, where it does.
    pub key: Option<Arc<str>>,
    pub begun: jiff::Timestamp,
}

impl PlanReview {
    /// It puts a run back, whoever's: its order is that of the run, turned round.
    pub fn puts_a_run_back(&self) -> bool {
        self.undoes.is_some() || self.ends.is_some()
    }
}

/// A question before something that cannot be undone.
#[derive(Clone, Debug)]
pub struct Confirm {
    pub title: String,
    /// What will happen, one line each; names every object.
    pub lines: Vec<String>,
    pub question: String,
    /// To be typed before Enter means yes; none: Enter is enough.
    pub word: Option<Answer>,
    pub typed: LineInput,
    pub then: Confirmed,
    pub scroll: usize,
}

/// What has to be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This very word.
    Word(String),
    /// Anything but nothing.
    Reason,
    /// What ends a lock, or nothing.
    End,
}

/// What a yes does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    Delete(Vec<Finding>),
    Quit,
    AbortRun(RunId),
    /// Go on without a service of a run.
    LeaveOut {
        run: RunId,
        service: ServiceId,
    },
    /// Go on with a run of another process.
    TakeUp {
        env: EnvId,
        key: Arc<str>,
    },
    /// Record that a run of another process is over.
    EndRun {
        env: EnvId,
        key: Arc<str>,
    },
    /// Remove the document of a run.
    ClearRun {
        env: EnvId,
        key: Arc<str>,
    },
    /// Begin the plan below although somebody who was not seen alive holds services of it.
    TakeOver,
    WriteConfig(String),
    /// The reason is typed: ask until when.
    Freeze {
        env: EnvId,
        services: BTreeSet<ServiceId>,
    },
    FreezeUntil {
        env: EnvId,
        services: BTreeSet<ServiceId>,
        reason: Arc<str>,
    },
    Unlock {
        env: EnvId,
        id: LockId,
    },
    /// Begin the plan below in spite of what bars it.
    Override,
}

impl Confirmed {
    /// What is done, and to what, in words: `delete`, `them`.
    pub fn deed(&self) -> (&'static str, &'static str) {
        match self {
            Self::Delete(found) => ("delete", words::them(found.len())),
            Self::Quit => ("leave", "it"),
            Self::AbortRun(_) => ("abort", "it"),
            Self::LeaveOut { .. } => ("leave", "it out"),
            Self::TakeUp { .. } => ("go on with", "it"),
            Self::EndRun { .. } => ("end", "it"),
            Self::ClearRun { .. } => ("erase", "it"),
            Self::TakeOver => ("take", "it over"),
            Self::WriteConfig(_) => ("write", "it"),
            Self::Freeze { .. } | Self::FreezeUntil { .. } => ("freeze", "it"),
            Self::Unlock { .. } => ("release", "it"),
            Self::Override => ("override", "it"),
        }
    }
}

/// A list that is narrowed by typing: help, palette, menu.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub input: LineInput,
    /// Index among the entries that match.
    pub selected: usize,
    /// What can be chosen, made when the box opened and narrowed by `update`.
    pub entries: Vec<Entry>,
}

/// One row of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// One or two words, the same as in the hints.
    pub title: String,
    /// What it does or means, in a sentence.
    pub about: String,
    /// Its keys.
    pub note: String,
    pub does: EntryDoes,
    /// Why it cannot be done now.
    pub refused: Option<String>,
    /// What it belongs to, told once for neighbours of one group; empty: nothing.
    pub group: &'static str,
    /// Positions (characters of `title`, or else of `about`) that the typed text matched.
    pub matched: Vec<usize>,
    pub matched_about: Vec<usize>,
}

/// What choosing an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryDoes {
    Action(Action),
    /// Select this cell.
    Go(ServiceId, Option<EnvId>),
    /// Nothing: it explains a sign.
    Sign(Sign),
}

/// What help explains of the signs on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Of(State),
    Frozen,
    /// As it was when it was last heard of.
    Past,
    Differs,
    Marked,
}

/// Choosing one of a few things.
#[derive(Clone, Debug)]
pub struct Picker {
    pub title: String,
    pub items: Vec<String>,
    pub chosen: BTreeSet<usize>,
    pub selected: usize,
    pub purpose: PickerPurpose,
}

/// What a picker is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickerPurpose {
    Group,
    /// Several may be chosen.
    Containers,
    Since,
    /// Which environment to promote to.
    PromoteTo,
    /// Which lock to release.
    Unlock,
}

/// One line of input.
#[derive(Clone, Debug)]
pub struct Prompt {
    pub purpose: PromptPurpose,
    pub input: LineInput,
    pub error: Option<String>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptPurpose {
    LogFilter,
    LogSearch,
}
