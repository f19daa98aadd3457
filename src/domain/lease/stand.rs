//! One's own place in line: taken when a lease has to be waited for, kept alive, moved to the next lease, and given up.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::queue::{Errand, Ticket, name_of};
use super::writes::{dated, release};
use super::{DURATION, Mono, Put, RENEWAL, Record, Stored};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Uid;

/// Before trying again what got no answer.
const PAUSE: Duration = Duration::from_secs(2);

/// What is wanted of the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish<'a> {
    /// To wait for this lease.
    Wait(&'a str),
    /// To stay where it is.
    Stay,
    Leave,
}

/// To be sent, one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    Put(Put, Errand),
    Remove(Uid, Arc<str>),
    /// The answer to one of these was lost: read the line.
    Read,
}

/// The place of one run.
#[derive(Clone, Debug)]
pub struct Stand {
    identity: Arc<str>,
    name: Arc<str>,
    what: Arc<str>,
    first: bool,
    state: State,
    /// Nothing is sent before.
    at: Mono,
    /// Where it may not be removed it is given back, and counts for nothing.
    removes: bool,
}

#[derive(Clone, Debug)]
enum State {
    Out,
    /// Whether there is a ticket has to be read first: the answer to a write was lost.
    Unknown,
    In {
        stored: Stored,
        lease: Arc<str>,
        renewed: Mono,
    },
    /// It may not be written here: one waits without.
    Refused(String),
}

impl Stand {
    pub fn new(identity: impl Into<Arc<str>>, what: impl Into<Arc<str>>, first: bool) -> Self {
        let identity = identity.into();
        let name = name_of(&identity);
        Self { identity, name, what: what.into(), first, state: State::Out, at: Mono::ZERO, removes: true }
    }

    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub fn goes_first(&self) -> bool {
        self.first
    }

    /// Why it waits without a place that others can see.
    pub fn refused(&self) -> Option<&str> {
        if let State::Refused(why) = &self.state { Some(why) } else { None }
    }

    /// Nothing of it is left in the cluster, as far as is known.
    pub fn is_out(&self) -> bool {
        !matches!(self.state, State::In { .. } | State::Unknown)
    }

    /// What is to be sent now, and when to ask again.
    pub fn next(&self, wish: Wish<'_>, now: Mono, wall: Timestamp) -> (Option<Move>, Option<Mono>) {
        let (step, due) = match (&self.state, wish) {
            (State::Out, Wish::Wait(lease)) => (self.put(None, lease, wall), self.at),
            (State::In { stored, lease, .. }, Wish::Wait(wanted)) if **lease != *wanted => {
                (self.put(Some(stored), wanted, wall), self.at)
            }
            (State::In { stored, lease, renewed }, Wish::Wait(_) | Wish::Stay) => {
                (self.put(Some(stored), lease, wall), self.at.max(*renewed + RENEWAL))
            }
            (State::In { stored, .. }, Wish::Leave) if self.removes => {
                (Move::Remove(stored.uid.clone(), Arc::clone(&stored.version)), self.at)
            }
            (State::In { stored, .. }, Wish::Leave) => {
                (Move::Put(release(stored, wall), Errand::new("".into(), "", self.first)), self.at)
            }
            (State::Unknown, _) => (Move::Read, self.at),
            (State::Out | State::Refused(_), _) => return (None, None),
        };
        if now >= due { (Some(step), None) } else { (None, Some(due)) }
    }

    fn put(&self, over: Option<&Stored>, lease: &str, wall: Timestamp) -> Move {
        let record = Record {
            holder: Arc::clone(&self.identity),
            last: "".into(),
            taken_from: None,
            duration: DURATION,
            acquired: over.and_then(|stored| stored.record.acquired),
            renewed: over.and_then(|stored| stored.record.renewed),
            token: 0,
        };
        let put = Put { over: over.map(|stored| (stored.uid.clone(), Arc::clone(&stored.version))), record };
        Move::Put(dated(put, wall), Errand::new(lease.into(), &self.what, self.first))
    }

    /// Takes in what came of a write that was sent at a time.
    pub fn put_answered(&mut self, errand: &Errand, answer: Result<Stored, Fault>, sent: Mono, now: Mono) {
        match answer {
            Ok(stored) if stored.record.is_free() => self.state = State::Out,
            Ok(stored) => self.state = State::In { stored, lease: Arc::clone(&errand.lease), renewed: sent },
            Err(fault) if fault.kind == FaultKind::Forbidden => self.state = State::Refused(fault.message),
            Err(fault) => self.lost(fault.kind, now),
        }
    }

    /// Takes in what came of a removal.
    pub fn removal_answered(&mut self, answer: Result<(), Fault>, now: Mono) {
        match answer.map_err(|fault| fault.kind) {
            Err(FaultKind::Forbidden) => self.removes = false,
            Ok(()) | Err(FaultKind::NotFound) => self.state = State::Out,
            Err(kind) => self.lost(kind, now),
        }
    }

    /// It has to be read what stands there: at once where somebody has changed it.
    fn lost(&mut self, kind: FaultKind, now: Mono) {
        let known = matches!(kind, FaultKind::Conflict | FaultKind::NotFound);
        self.at = if known { now } else { now + PAUSE };
        self.state = State::Unknown;
    }

    /// The line as it was read: whether the ticket is there, and at which version.
    pub fn read(&mut self, line: Result<&[Ticket], &Fault>, now: Mono) {
        if !matches!(self.state, State::Unknown) {
            return;
        }
        self.at = now;
        match line {
            Ok(tickets) => {
                let mine = tickets.iter().find(|it| it.name == self.name);
                let state = |mine: &Ticket| State::In {
                    stored: mine.stored.clone(),
                    lease: Arc::clone(&mine.errand.lease),
                    renewed: now.saturating_sub(RENEWAL),
                };
                self.state = mine.map_or(State::Out, state);
            }
            Err(fault) if fault.kind == FaultKind::Forbidden => self.state = State::Refused(fault.message.clone()),
            Err(_) => self.at = now + PAUSE,
        }
    }

    /// It cannot be cleared up for ever: it counts no more when it is not renewed.
    pub fn abandon(&mut self) {
        self.state = State::Out;
    }
}
