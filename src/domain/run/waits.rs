//! What of a run's time is not its own: while it waits for a person to decide, or for whoever has a service, nothing rolls
//! out, and that says nothing about how long its rollouts take.

use jiff::{SignedDuration, Timestamp};

use super::{Hold, Run, RunState};
use crate::domain::lease;

/// Shorter ones are nobody's.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

/// From when until when it waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub from: Timestamp,
    /// None: it still does.
    pub to: Option<Timestamp>,
}

impl Wait {
    fn within(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        self.to.unwrap_or(to).min(to).duration_since(self.from.max(from)).max(SignedDuration::ZERO)
    }
}

impl Run {
    /// How long it has been carried out, without what it waited.
    pub fn elapsed(&self, now: Timestamp) -> SignedDuration {
        self.worked(self.started, self.finished.unwrap_or(now))
    }

    /// How long it has waited for people: to decide how it goes on, or to be done with a service.
    pub fn waited(&self, now: Timestamp) -> SignedDuration {
        self.within(self.started, self.finished.unwrap_or(now))
    }

    /// How much of a while was not waited.
    pub fn worked(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        (to.duration_since(from) - self.within(from, to)).max(SignedDuration::ZERO)
    }

    pub(super) fn within(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        self.waits.iter().map(|wait| wait.within(from, to)).sum()
    }

    /// Notes that it waits from now on, or does so no more.
    pub(super) fn note_wait(&mut self, now: Timestamp) {
        let waits = self.waits_now();
        let open = self.waits.last_mut().filter(|wait| wait.to.is_none());
        match (waits, open) {
            (true, None) => self.waits.push(Wait { from: now, to: None }),
            (false, Some(wait)) if now.duration_since(wait.from) < SHORTEST => drop(self.waits.pop()),
            (false, Some(wait)) => wait.to = Some(now),
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// Nobody went on with it when its last step was over: since then it has waited for whoever does.
    pub(super) fn waited_since_its_last_step(&mut self) {
        let last = self.steps.iter().filter_map(|step| step.finished.or(step.started)).max();
        if let Some(from) = last.filter(|_| !self.moves() && self.waits.last().is_none_or(|wait| wait.to.is_some())) {
            self.waits.push(Wait { from, to: None });
        }
    }

    /// Nobody has carried it out between these times, though something of it was under way: whatever that took was nobody's
    /// to see, and is no time that the run took. Who was away for less than a lease outlasts was not away.
    pub fn was_left(&mut self, from: Timestamp, to: Timestamp) {
        let stood = self.waits.last().map_or(from, |wait| wait.to.unwrap_or(to));
        let noted = self.steps.iter().filter_map(|step| step.finished.max(step.started)).max().unwrap_or(self.started);
        let from = from.max(noted).max(stood);
        if self.moves() && to.duration_since(from).unsigned_abs() >= lease::DURATION && from < to {
            self.waits.push(Wait { from, to: Some(to) });
        }
    }

    /// Somebody has to decide, or holds what it needs; and nothing of it is under way meanwhile.
    pub(super) fn waits_now(&self) -> bool {
        let stands = match self.state {
            RunState::Halted | RunState::Paused => true,
            RunState::Acquiring => matches!(self.hold, Hold::Waiting(_)),
            RunState::Running | RunState::Pausing | RunState::Succeeded | RunState::Ended => false,
        };
        stands && !self.moves()
    }
}
