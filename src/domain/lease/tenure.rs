//! One lease from the wish to the release, as a state machine: it says what to send next and takes in what came of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::talk::{Answer, Command, Ending, LifeSign, Loss, Next, Standing};
use super::writes::{dated, release, renewal};
use super::{DURATION, Look, Mono, Patience, Put, RENEWAL, Record, Stamped, Stored, WRITING, next_token, who};
use crate::domain::fault::{Fault, FaultKind};

/// Between two looks at a lease that somebody else holds, and before trying again what got no answer.
const PAUSE: Duration = Duration::from_secs(2);
/// How long whoever is next in line has to take what is open, before the one after them does. Longer than between two looks
/// and a call.
const COURTESY: Duration = Duration::from_secs(10);
/// Tries without an answer before somebody who does not wait is told so: some minutes.
const TRIES: u32 = 60;
/// Tries to give back; it ends by itself when it is not renewed.
const RELEASES: u32 = 3;
/// Tokens tried against a fence that others keep raising.
const TOKENS: u32 = 5;

/// One lease, wanted, held or given back.
#[derive(Clone, Debug)]
pub struct Tenure {
    identity: Arc<str>,
    patience: Patience,
    state: State,
    /// The version of somebody else's record, and since when it has been unchanged.
    seen: Option<(Arc<str>, Mono)>,
    /// Whose lease it takes on, as a run does that puts another back: nobody gets in between.
    heir_of: Option<Arc<str>>,
    /// How many come before us.
    ahead: u32,
    /// Nobody holds it in this version, or nobody alive: since when, and since no fewer than so many come before us.
    open: Option<(Option<Arc<str>>, Mono, u32)>,
    /// When the first write of ours was sent that may have made us the holder.
    put: Option<Mono>,
    /// Calls in a row without an answer.
    failures: u32,
    /// Tokens used up since the lease was won.
    tokens: u32,
}

#[derive(Clone, Debug)]
enum State {
    /// Nothing is known: read.
    Looking {
        at: Mono,
    },
    Waiting {
        by: Option<Arc<str>>,
        at: Mono,
    },
    /// To be written, to become the holder.
    Taking(Put),
    /// The holder, and the workload is to be stamped.
    Stamping {
        held: Held,
        at: Mono,
    },
    Held(Held),
    /// The holder, and the last renewal was refused or got no answer: read back.
    Checking {
        held: Held,
        at: Mono,
    },
    Releasing {
        stored: Option<Stored>,
        at: Mono,
        then: Ending,
    },
    Ended(Ending),
}

#[derive(Clone, Debug)]
struct Held {
    stored: Stored,
    /// When the last renewal that succeeded was sent.
    renewed: Mono,
}

impl Tenure {
    pub fn new(identity: impl Into<Arc<str>>, patience: Patience) -> Self {
        let state = State::Looking { at: Duration::ZERO };
        Self {
            identity: identity.into(),
            patience,
            state,
            seen: None,
            heir_of: None,
            ahead: 0,
            open: None,
            put: None,
            failures: 0,
            tokens: 0,
        }
    }

    /// The same, of a run that puts another back which still holds it and writes nothing more.
    #[must_use]
    pub fn heir(self, of: Arc<str>) -> Self {
        Self { heir_of: Some(of), ..self }
    }

    /// How many wait who come before us: told before each look.
    pub fn stand(&mut self, ahead: usize) {
        self.ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
    }

    /// Left to an heir as it is: nothing more is sent.
    pub fn bequeath(&mut self) {
        self.state = State::Ended(Ending::Released);
    }

    pub fn standing(&self) -> Standing {
        match &self.state {
            State::Looking { .. } | State::Taking(_) | State::Stamping { .. } => Standing::Seeking,
            State::Waiting { by, .. } => Standing::Waiting(by.clone()),
            State::Held(held) | State::Checking { held, .. } => {
                Standing::Held { token: held.stored.record.token, taken_from: held.stored.record.taken_from.clone() }
            }
            State::Releasing { then, .. } | State::Ended(then) => Standing::Ended(then.clone()),
        }
    }

    /// Until when may be written, while it is held: well before anybody may take over.
    pub fn may_write_until(&self) -> Option<Mono> {
        match &self.state {
            State::Held(held) | State::Checking { held, .. } => Some(held.renewed + WRITING),
            _ => None,
        }
    }

    /// Whether nothing is left to be sent.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// A watch has known this version for longer than this machine.
    pub fn recall(&mut self, version: &Arc<str>, since: Mono) {
        match &mut self.seen {
            Some((known, known_since)) if known == version => *known_since = since.min(*known_since),
            Some(_) => {}
            none => *none = Some((Arc::clone(version), since)),
        }
    }

    /// What to do now. `wall` is written into the record for people and decides nothing.
    pub fn next(&self, now: Mono, wall: Timestamp) -> Next {
        let due = |at: &Mono, command: Command| if now >= *at { Next::Do(command) } else { Next::At(*at) };
        match &self.state {
            State::Looking { at }
            | State::Waiting { at, .. }
            | State::Checking { at, .. }
            | State::Releasing { stored: None, at, .. } => due(at, Command::Look),
            State::Taking(put) => Next::Do(Command::Put(dated(put.clone(), wall))),
            State::Stamping { held, at } => due(at, Command::Stamp(held.stored.record.token)),
            State::Held(held) => due(&(held.renewed + RENEWAL), Command::Put(renewal(&held.stored, wall))),
            State::Releasing { stored: Some(stored), at, .. } => due(at, Command::Put(release(stored, wall))),
            State::Ended(_) => Next::Nothing,
        }
    }

    /// Takes in what came of a command that was sent at `sent`.
    pub fn take(&mut self, answer: Answer, sent: Mono, now: Mono) {
        let state = std::mem::replace(&mut self.state, State::Ended(Ending::Released));
        self.state = match (state, answer) {
            (State::Looking { .. } | State::Waiting { .. }, Answer::Look(look)) => self.looked(look, now),
            (State::Taking(_), Answer::Put(result)) => self.taken(result, sent, now),
            (State::Stamping { held, .. }, Answer::Stamp(result)) => self.stamped(held, result, now),
            (State::Held(held), Answer::Put(result)) => renewed(held, result, sent, now),
            (State::Checking { held, .. }, Answer::Look(look)) => self.checked(held, look, now),
            (State::Releasing { stored, then, .. }, answer) => self.released(stored, then, answer, now),
            (state, _) => state,
        };
    }

    /// Gives it back, or gives the wish up.
    pub fn release(&mut self) {
        let at = Duration::ZERO;
        self.failures = 0;
        // A write whose answer was lost may have won.
        let perhaps = self.put.is_some();
        let state = std::mem::replace(&mut self.state, State::Ended(Ending::Released));
        self.state = match state {
            State::Stamping { held, .. } | State::Held(held) | State::Checking { held, .. } => {
                State::Releasing { stored: Some(held.stored), at, then: Ending::Released }
            }
            State::Looking { .. } | State::Waiting { .. } | State::Taking(_) if perhaps => {
                State::Releasing { stored: None, at, then: Ending::Released }
            }
            State::Looking { .. } | State::Waiting { .. } | State::Taking(_) => State::Ended(Ending::Released),
            over @ (State::Releasing { .. } | State::Ended(_)) => over,
        };
    }

    fn looked(&mut self, look: Result<Look, Fault>, now: Mono) -> State {
        let look = match look {
            Ok(look) => look,
            Err(fault) => return self.unanswered(fault, now),
        };
        self.failures = 0;
        let Some(stored) = look.lease else { return self.opened(None, look.fence, None, now) };
        if stored.record.holder == self.identity {
            // An earlier write of ours won, and its answer was lost.
            let renewed = self.put.unwrap_or(now);
            return State::Stamping { held: Held { stored, renewed }, at: now };
        }
        if stored.record.is_free() {
            return self.opened(Some(stored), look.fence, None, now);
        }
        if self.heir_of.as_ref() == Some(&stored.record.holder) {
            return self.taking(Some(stored), look.fence, None);
        }
        let by: Arc<str> = who(&stored.record.holder).into();
        let since = match &self.seen {
            Some((version, since)) if *version == stored.version => *since,
            // Who moves is alive.
            Some(_) if self.patience != Patience::Wait => {
                return State::Ended(Ending::Theirs { by, sign: LifeSign::Seen });
            }
            _ => now,
        };
        self.seen = Some((Arc::clone(&stored.version), since));
        let silent_at = since + stored.record.patience();
        let silent = now >= silent_at;
        let renewed = stored.record.renewed;
        match self.patience {
            Patience::None => {
                let sign = match (silent, &self.open) {
                    (true, _) => LifeSign::Silent,
                    // Who was before us has taken it.
                    (false, Some(_)) => LifeSign::Seen,
                    (false, None) => LifeSign::Unknown { renewed },
                };
                State::Ended(Ending::Theirs { by, sign })
            }
            _ if silent => self.opened(Some(stored), look.fence, Some(by), now),
            Patience::TakeOver | Patience::Wait => State::Waiting { by: Some(by), at: silent_at.min(now + PAUSE) },
        }
    }

    /// It can be had. Who was there before goes before us, for as long as they may be about to.
    fn opened(&mut self, stored: Option<Stored>, fence: Option<u32>, from: Option<Arc<str>>, now: Mono) -> State {
        let version = stored.as_ref().map(|stored| Arc::clone(&stored.version));
        // Where one of those before us is gone, those who are left have their time anew: it was not they who let it lie.
        let same = self.open.take().filter(|(known, _, ahead)| *known == version && *ahead <= self.ahead);
        let since = same.map_or(now, |(_, since, _)| since);
        self.open = Some((version, since, self.ahead));
        let turn = since.saturating_add(COURTESY.saturating_mul(self.ahead));
        if now < turn {
            return State::Waiting { by: None, at: turn.min(now + PAUSE) };
        }
        self.taking(stored, fence, from)
    }

    fn taking(&self, over: Option<Stored>, fence: Option<u32>, taken_from: Option<Arc<str>>) -> State {
        let recorded = over.as_ref().map_or(0, |stored| stored.record.token);
        let Some(token) = next_token(recorded, fence) else { return State::Ended(Ending::Failed(used_up())) };
        let record = Record {
            holder: Arc::clone(&self.identity),
            last: who(&self.identity).into(),
            taken_from,
            duration: DURATION,
            acquired: None,
            renewed: over.as_ref().and_then(|stored| stored.record.renewed),
            token,
        };
        State::Taking(Put { over: over.map(|stored| (stored.uid, stored.version)), record })
    }

    fn taken(&mut self, result: Result<Stored, Fault>, sent: Mono, now: Mono) -> State {
        match result {
            Ok(stored) => {
                self.failures = 0;
                State::Stamping { held: Held { stored, renewed: sent }, at: now }
            }
            Err(fault) if fault.kind == FaultKind::Forbidden => State::Ended(Ending::Forbidden(fault)),
            Err(fault) if fault.kind == FaultKind::Invalid => State::Ended(Ending::Failed(fault)),
            // Somebody was faster: look who.
            Err(fault) if matches!(fault.kind, FaultKind::Conflict | FaultKind::NotFound) => State::Looking { at: now },
            Err(fault) => {
                self.put.get_or_insert(sent);
                self.unanswered(fault, now)
            }
        }
    }

    fn stamped(&mut self, held: Held, result: Result<Stamped, Fault>, now: Mono) -> State {
        match result {
            Ok(Stamped::Done) => State::Held(held),
            Ok(Stamped::Ahead(fence)) => self.raise(&held, fence),
            Err(fault) if is_unanswered(&fault) => {
                // The record is not to grow old over it; a later token also settles whether the stamp had landed.
                if now >= held.renewed + RENEWAL {
                    return self.raise(&held, held.stored.record.token);
                }
                State::Stamping { held, at: now + PAUSE }
            }
            Err(fault) => State::Releasing { stored: Some(held.stored), at: now, then: Ending::Failed(fault) },
        }
    }

    /// Still the holder, with a token above the fence.
    fn raise(&mut self, held: &Held, fence: u32) -> State {
        self.tokens += 1;
        if self.tokens > TOKENS && self.patience != Patience::Wait {
            let fault = Fault::new(FaultKind::Conflict, "somebody else keeps changing its fence");
            return State::Releasing {
                stored: Some(held.stored.clone()),
                at: Duration::ZERO,
                then: Ending::Failed(fault),
            };
        }
        let stored = held.stored.clone();
        let taken_from = stored.record.taken_from.clone();
        self.put.get_or_insert(held.renewed);
        self.taking(Some(stored), Some(fence), taken_from)
    }

    fn checked(&mut self, held: Held, look: Result<Look, Fault>, now: Mono) -> State {
        let Ok(look) = look else { return State::Checking { held, at: now + PAUSE } };
        let lost = |loss| State::Ended(Ending::Lost(loss));
        match look.lease {
            None => lost(Loss::Gone),
            Some(found) if found.record.holder == self.identity && found.record.token == held.stored.record.token => {
                // Ours at another version: our own renewal, or somebody's label. Renewed from here, at once.
                State::Held(Held { stored: found, renewed: held.renewed })
            }
            // Taken over, and given back already.
            Some(found) if found.record.is_free() && found.record.token > held.stored.record.token => {
                lost(Loss::TakenBy(found.record.last))
            }
            Some(found) if found.record.is_free() => lost(Loss::Gone),
            Some(found) => lost(Loss::TakenBy(who(&found.record.holder).into())),
        }
    }

    fn released(&mut self, stored: Option<Stored>, then: Ending, answer: Answer, now: Mono) -> State {
        let fault = match answer {
            Answer::Put(Ok(_)) => return State::Ended(then),
            Answer::Look(Ok(look)) => {
                let ours = look.lease.filter(|found| found.record.holder == self.identity);
                return match ours {
                    Some(found) => State::Releasing { stored: Some(found), at: now, then },
                    None => State::Ended(then),
                };
            }
            Answer::Put(Err(fault)) | Answer::Look(Err(fault)) => fault,
            Answer::Stamp(_) => return State::Releasing { stored, at: now, then },
        };
        self.failures += 1;
        if self.failures >= RELEASES {
            return State::Ended(then);
        }
        let at = if fault.kind == FaultKind::Conflict { now } else { now + PAUSE };
        State::Releasing { stored: None, at, then }
    }

    fn unanswered(&mut self, fault: Fault, now: Mono) -> State {
        match fault.kind {
            FaultKind::Forbidden => return State::Ended(Ending::Forbidden(fault)),
            FaultKind::NotFound | FaultKind::Invalid | FaultKind::Conflict => {
                return State::Ended(Ending::Failed(fault));
            }
            _ => {}
        }
        self.failures += 1;
        if self.failures >= TRIES && self.patience != Patience::Wait {
            return match self.put {
                Some(_) => State::Releasing { stored: None, at: now, then: Ending::Failed(fault) },
                None => State::Ended(Ending::Failed(fault)),
            };
        }
        State::Looking { at: now + PAUSE }
    }
}

fn renewed(held: Held, result: Result<Stored, Fault>, sent: Mono, now: Mono) -> State {
    match result {
        Ok(stored) => State::Held(Held { stored, renewed: sent }),
        Err(fault) if fault.kind == FaultKind::Forbidden => State::Ended(Ending::Lost(Loss::Forbidden(fault))),
        Err(fault) => {
            let at = if is_unanswered(&fault) { now + PAUSE } else { now };
            State::Checking { held, at }
        }
    }
}

fn is_unanswered(fault: &Fault) -> bool {
    !matches!(fault.kind, FaultKind::Forbidden | FaultKind::NotFound | FaultKind::Conflict | FaultKind::Invalid)
}

fn used_up() -> Fault {
    Fault::new(FaultKind::Other, "its tokens are used up: remove the label shipdeck.dev/fence and the lease")
}
