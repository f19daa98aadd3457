//! Conclusions about a workload: [`health`] says how it stands, [`judge`] how our own change to it is going.
//!
//! The rules are those of `rollout-verdict.md` 2.8 to 2.12: counts decide and conditions only help; pods are found by
//! ownership and never by labels; the new ReplicaSet is the one with the wanted template, never the one with the highest
//! revision.

mod view;

pub use view::View;

use jiff::Timestamp;

use super::run::Baseline;
use super::verdict::{Progress, State, Verdict};

/// How a workload stands, whoever changed it last.
pub fn health(view: &View<'_>, _now: Timestamp) -> Verdict {
    let status = &view.workload.status;
    let progress = Progress { wanted: view.workload.desired, ready: status.available, ..Progress::default() };
    Verdict::new(if status.available >= view.workload.desired { State::Ok } else { State::Progressing }, progress)
}

/// How the rollout is going that our own patch began. [`State::Done`] is success and is latched by the run.
pub fn judge(view: &View<'_>, _baseline: &Baseline, now: Timestamp) -> Verdict {
    health(view, now)
}
