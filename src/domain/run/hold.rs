//! A run and its leases: nothing is written before all of them are held, nothing after one of them is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Announcement, Run, RunCommand, RunState, StepRun, StepState};
use crate::domain::ids::ServiceId;
use crate::domain::lease::Fence;

/// How the run stands to the leases of its services. News of them is how it stands from then on, unless it comes too late
/// to mean anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    #[default]
    Untaken,
    /// It waits for one of them.
    Waiting(Turn),
    Held {
        /// What the writes of each have to prove.
        fences: BTreeMap<ServiceId, Fence>,
        /// Services that were taken over, and from whom.
        taken_from: Vec<(ServiceId, Arc<str>)>,
    },
    /// Leases may not be written here: the run goes on without.
    Without(String),
    Refused {
        service: ServiceId,
        why: String,
    },
    Lost {
        service: ServiceId,
        why: String,
    },
    Released,
    /// Another process has ended the run, or carries it out: nothing of it is written here any more.
    Passed {
        by: Arc<str>,
        ended: bool,
    },
}

/// The turn of a run at a service, which it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub service: ServiceId,
    /// Who holds it; none: nobody who is alive, and whoever is first in line is about to take it.
    pub by: Option<Arc<str>>,
    /// Who comes before this run, in order.
    pub ahead: Vec<Ahead>,
    /// Why others cannot see that it waits, if they cannot: then it is in no line.
    pub unseen: Option<String>,
}

/// Somebody who waits for the same, and comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// `ana@mac`.
    pub by: Arc<str>,
    /// `deploys checkout v812`.
    pub what: Arc<str>,
}

impl Run {
    /// What the write of a service has to prove; none: nothing.
    pub fn fence(&self, service: &ServiceId) -> Option<&Fence> {
        match &self.hold {
            Hold::Held { fences, .. } => fences.get(service),
            _ => None,
        }
    }

    /// Who carries it out now, where another process has taken it over.
    pub fn went_on_by(&self) -> Option<&str> {
        match &self.hold {
            Hold::Passed { by, ended: false } => Some(by),
            _ => None,
        }
    }

    /// A person has asked it to hold: it does, or will when the active wave is done.
    pub fn is_held(&self) -> bool {
        matches!(self.state, RunState::Pausing | RunState::Paused)
            || self.state == RunState::Acquiring && self.hold_wanted
    }

    /// Steps whose write is under way: what became of them is known when it is answered.
    pub fn unanswered(&self) -> impl Iterator<Item = &StepRun> {
        let waits = |step: &&StepRun| step.trouble.as_ref().is_none_or(|trouble| trouble.again.is_none());
        self.steps.iter().filter(|step| step.state == StepState::Writing).filter(waits)
    }

    pub(super) fn may_write(&self) -> bool {
        matches!(self.hold, Hold::Held { .. } | Hold::Without(_))
    }

    /// Asks for the leases; what comes after them begins when they are held.
    pub(super) fn acquire(&mut self) -> Vec<RunCommand> {
        self.state = RunState::Acquiring;
        self.hold = Hold::Untaken;
        vec![RunCommand::Acquire]
    }

    pub(super) fn held(&mut self, news: Hold, now: Timestamp) -> Vec<RunCommand> {
        if self.state.is_over() {
            return Vec::new();
        }
        let acquiring = self.state == RunState::Acquiring;
        match news {
            Hold::Waiting(_) if acquiring => {
                self.hold = news;
                Vec::new()
            }
            Hold::Held { fences, taken_from } if acquiring => {
                self.hold = Hold::Held { fences, taken_from: taken_from.clone() };
                let mut commands = by_owner(taken_from);
                commands.extend(self.go_on_as_asked(now));
                commands
            }
            Hold::Without(why) if acquiring => {
                self.hold = Hold::Without(why.clone());
                let mut commands = vec![RunCommand::Announce(Announcement::WithoutLeases(why))];
                commands.extend(self.go_on_as_asked(now));
                commands
            }
            Hold::Refused { service, why } if acquiring => self.refused(service, why, now),
            Hold::Lost { service, why } if self.may_write() => {
                self.hold = Hold::Lost { service: service.clone(), why: why.clone() };
                self.state = RunState::Halted;
                self.give_up(now);
                vec![RunCommand::Announce(Announcement::LeaseLost { service, why })]
            }
            // Too late to mean anything.
            _ => Vec::new(),
        }
    }

    /// The document is somebody else's now: nothing more is written by this process, and its leases are given back.
    pub(super) fn passed(&mut self, by: Arc<str>, ended: bool, now: Timestamp) -> Vec<RunCommand> {
        if self.state.is_over() {
            return Vec::new();
        }
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Waiting) {
            step.state = StepState::Skipped;
        }
        self.give_up(now);
        self.state = RunState::Ended;
        self.finished = Some(now);
        self.hold = Hold::Passed { by: Arc::clone(&by), ended };
        vec![RunCommand::Release, RunCommand::Announce(Announcement::Passed { by, ended })]
    }

    /// Goes on, and holds after the wave where that was asked for meanwhile.
    fn go_on_as_asked(&mut self, now: Timestamp) -> Vec<RunCommand> {
        let commands = self.go_on(now);
        if std::mem::take(&mut self.hold_wanted) && self.state == RunState::Running {
            self.state = RunState::Pausing;
        }
        commands
    }

    /// What a person had asked for before the leases were asked for again. What failed under somebody else's hands is not
    /// tried again unasked: whoever took it up decides.
    fn go_on(&mut self, now: Timestamp) -> Vec<RunCommand> {
        let again = std::mem::take(&mut self.retry_wanted);
        if self.steps.iter().any(StepRun::holds_up) {
            self.state = RunState::Halted;
            return if again { self.retry(now) } else { vec![RunCommand::Announce(Announcement::Halted)] };
        }
        let wave = self.wave;
        if self.steps.iter().any(|step| step.wave == wave && step.started.is_some()) {
            // Lost in the middle of a wave: what was written is followed, and is not written again.
            self.state = RunState::Running;
            return self.advance(now);
        }
        self.begin_wave(now)
    }

    /// A run that has written nothing is over; any other holds and may try again.
    fn refused(&mut self, service: ServiceId, why: String, now: Timestamp) -> Vec<RunCommand> {
        self.hold = Hold::Refused { service: service.clone(), why: why.clone() };
        self.retry_wanted = false;
        let news = Announcement::NotHeld { service, why };
        if self.steps.iter().any(|step| step.state != StepState::Waiting) {
            self.state = RunState::Halted;
            return vec![RunCommand::Announce(news)];
        }
        for step in &mut self.steps {
            step.state = StepState::Skipped;
        }
        self.finish(RunState::Ended, news, now)
    }
}

/// Said once of each who had them.
fn by_owner(taken_from: Vec<(ServiceId, Arc<str>)>) -> Vec<RunCommand> {
    let mut owners = BTreeMap::<Arc<str>, Vec<ServiceId>>::new();
    for (service, from) in taken_from {
        owners.entry(from).or_default().push(service);
    }
    let taken = |(from, services)| RunCommand::Announce(Announcement::TakenOver { services, from });
    owners.into_iter().map(taken).collect()
}
