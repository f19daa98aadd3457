//! Full-page screens: what each holds while it is open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::super::input::LineInput;
use super::super::others::Life;
use crate::domain::cleanup::Finding;
use crate::domain::fault::Fault;
use crate::domain::history::Kind;
use crate::domain::ids::{EnvId, RunId, ServiceId, Uid};
use crate::domain::run::Run;

/// A full-page screen.
#[derive(Clone, Debug)]
pub enum Page {
    Run(RunPage),
    Runs(RunsPage),
    Cleanup(CleanupPage),
}

/// Watching a run.
#[derive(Clone, Debug)]
pub struct RunPage {
    pub of: RunOf,
    /// The selected service, whose evidence is open; none: the first failure's.
    pub selected: Option<ServiceId>,
    /// The first line in sight, where somebody has scrolled; none: what is selected, or moves, stays in sight.
    pub scroll: Option<usize>,
    /// The list that it was opened from, to go back to.
    pub list: Option<RunsPage>,
}

/// Whose run is watched.
#[derive(Clone, Debug)]
pub enum RunOf {
    /// One of this session.
    Ours(RunId),
    /// One of another process: kept current by `update`.
    Theirs(Box<Theirs>),
}

/// A run of another process, as it looks here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theirs {
    pub env: EnvId,
    /// What it is called in every process.
    pub key: Arc<str>,
    /// `ana@mac`: who wrote its document last.
    pub by: Arc<str>,
    pub run: Run,
    pub life: Life,
    /// Its document was removed: this is what was seen last.
    pub gone: bool,
}

/// The runs of this session and those that the environments keep.
#[derive(Clone, Debug, Default)]
pub struct RunsPage {
    pub selected: Option<RunRef>,
    pub filter: LineInput,
    pub filtering: bool,
    /// What else happened is among them: locks, overrides, clean-ups.
    pub everything: bool,
}

/// Which run, of whomever, or which other thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunRef {
    Ours(RunId),
    Theirs { env: EnvId, key: Arc<str> },
    Entry { env: EnvId, name: Arc<str>, at: Timestamp, kind: Kind },
}

/// Leftovers of one environment.
#[derive(Clone, Debug)]
pub struct CleanupPage {
    pub env: EnvId,
    /// Kept current by `update`; ordered by kind, then age.
    pub findings: Vec<Finding>,
    /// Leftovers that are too young to be offered.
    pub too_young: usize,
    pub selected: Option<Uid>,
    pub marks: BTreeSet<Uid>,
    pub filter: LineInput,
    pub filtering: bool,
    /// What became of those that were deleted in this visit.
    pub results: BTreeMap<Uid, DeleteResult>,
}

/// What became of one deletion.
#[derive(Clone, Debug)]
pub struct DeleteResult {
    pub name: Arc<str>,
    /// None while it is under way; else where its log and status were saved, or why it is still there.
    pub result: Option<Result<Option<String>, Fault>>,
}
