//! The transitions of a run.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Run, RunCommand, RunEvent, RunState};
use crate::domain::ids::RunId;
use crate::domain::plan::Plan;

impl Run {
    /// A run that has not begun: [`RunEvent::Start`] begins it.
    pub fn new(id: RunId, plan: Plan, by: impl Into<Arc<str>>, now: Timestamp) -> Self {
        Self {
            id,
            plan,
            by: by.into(),
            state: RunState::Running,
            wave: 0,
            steps: Vec::new(),
            started: now,
            finished: None,
            undone_by: None,
        }
    }

    /// Takes in what happened and says what to do.
    pub fn on(&mut self, _event: RunEvent, _now: Timestamp) -> Vec<RunCommand> {
        Vec::new()
    }
}
