//! Going on without a service: a person takes it upon them, says why, and that is kept with the run.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Announcement, Run, RunCommand, RunState, StepRun, StepState};
use crate::domain::ids::ServiceId;

/// Who went on without a service, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub by: Arc<str>,
    pub reason: Arc<str>,
    pub at: Timestamp,
}

impl StepRun {
    /// Nothing is waited for any more: it has succeeded, or a person goes on without it.
    pub fn is_settled(&self) -> bool {
        self.state == StepState::Succeeded || self.left_out.is_some()
    }

    /// Who went on without it, unless it came right later by itself.
    pub fn went_on_without(&self) -> Option<&LeftOut> {
        self.left_out.as_ref().filter(|_| self.state != StepState::Succeeded)
    }

    /// `left out by ana@mac: the vendor is down`; none: nobody went on without it.
    pub fn left_out_words(&self) -> Option<String> {
        self.went_on_without().map(|it| format!("left out by {}: {}", it.by, it.reason))
    }

    /// It went wrong, and nobody has gone on without it.
    pub fn holds_up(&self) -> bool {
        self.state.went_wrong() && self.left_out.is_none()
    }
}

impl Run {
    /// Whether a person may go on without this service: it went wrong, or has not begun.
    ///
    /// # Errors
    /// Why not, in one clause.
    pub fn may_leave_out(&self, service: &ServiceId) -> Result<(), &'static str> {
        let Some(step) = self.step(service) else { return Err("no service is selected") };
        match step.state {
            _ if self.state.is_over() => Err("this run is over"),
            _ if step.left_out.is_some() => Err("it is left out already"),
            StepState::Waiting | StepState::Failed | StepState::Refused(_) => Ok(()),
            StepState::Writing | StepState::Watching => Err("it is under way: abort, or wait for how it ends"),
            StepState::Succeeded => Err("it has succeeded"),
            StepState::Skipped => Err("it was never begun"),
        }
    }

    /// Services of the run that go out after this one and need it, through others too.
    pub fn needing(&self, service: &ServiceId) -> Vec<ServiceId> {
        let mut without = vec![service.clone()];
        for step in self.plan.steps() {
            if step.after.iter().any(|needed| without.contains(needed)) {
                without.push(step.service.clone());
            }
        }
        without.split_off(1)
    }

    /// The services that somebody went on without, as `auth and cart`; none: nobody did.
    pub fn without(&self) -> Option<String> {
        let names: Vec<&str> = self
            .steps
            .iter()
            .filter(|step| step.went_on_without().is_some())
            .map(|step| step.service.as_str())
            .collect();
        (!names.is_empty()).then(|| names.join(" and "))
    }

    /// It is over, and everything of it is done but for what somebody went on without.
    pub fn is_partial(&self) -> bool {
        self.state == RunState::Ended && self.without().is_some() && self.steps.iter().all(StepRun::is_settled)
    }

    /// What went wrong stays as it is and is put back with the others if all is rolled back; what has not begun does not
    /// begin. Nothing else holds it up: the run goes on.
    pub(super) fn leave_out(&mut self, service: &ServiceId, how: LeftOut, now: Timestamp) -> Vec<RunCommand> {
        if self.may_leave_out(service).is_err() {
            return Vec::new();
        }
        let Some(step) = self.step_mut(service) else { return Vec::new() };
        if step.state == StepState::Waiting {
            step.state = StepState::Skipped;
        }
        let mut commands =
            vec![RunCommand::Announce(Announcement::LeftOut { service: service.clone(), how: how.clone() })];
        step.left_out = Some(how);
        if self.state == RunState::Halted && !self.steps.iter().any(StepRun::holds_up) {
            if !self.may_write() {
                commands.extend(self.acquire());
                return commands;
            }
            self.state = RunState::Running;
        }
        // Asking for leases: what comes then is decided when they are held.
        if self.state != RunState::Acquiring {
            commands.extend(self.advance(now));
        }
        commands
    }
}
