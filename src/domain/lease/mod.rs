//! The right to change one service in one environment: a lease, held by one run at a time, with a fence behind it.
//!
//! A lease alone is not enough: a holder that was stopped does not know that time has passed. So three things work
//! together. The *record* in the cluster says who holds it and is changed only by compare-and-swap. The holder *fences
//! itself*: by its own monotonic clock it stops writing well before anybody may take over. And the *token*, a number
//! that grows with every holder, is stamped on the workload before the first write and tested by every write, so that
//! the API server refuses what a former holder had sent before it stopped.
//!
//! Nobody believes another machine's clock: a holder is silent when its record has not changed for a whole duration as
//! observed here. [`Tenure`] is the machine of one lease; it does nothing itself and never asks what time it is.

pub mod queue;
mod stand;
mod talk;
mod tenure;
#[cfg(test)]
mod tests;
mod writes;

pub use stand::{Move, Stand, Wish};
pub use talk::{Answer, Command, Ending, LifeSign, Loss, Next, Standing};
pub use tenure::Tenure;
pub use writes::release;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::ids::{ServiceId, Uid};

/// Time on a clock of this process that never goes back, and goes on while the machine sleeps.
pub type Mono = Duration;

/// How long a record may stay unchanged before its holder counts as silent.
pub const DURATION: Duration = Duration::from_secs(30);
/// How often a holder changes it.
pub const RENEWAL: Duration = Duration::from_secs(10);
/// How long after a renewal a holder goes on writing: shorter than the duration by as long as a request may take.
pub const WRITING: Duration = Duration::from_secs(20);
/// A record made by hand may ask for more; nothing is blocked for longer by somebody who is gone.
const LONGEST: Duration = Duration::from_mins(5);
/// `leaseTransitions` is a signed number of 32 bits.
const HIGHEST: u32 = i32::MAX as u32;

/// What a lease says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `ana@mac/4242/…`: who, which process, which run. Empty: nobody.
    pub holder: Arc<str>,
    /// Who held it last, for people: stays when it is released.
    pub last: Arc<str>,
    /// Whom the holder took it over from, if it did.
    pub taken_from: Option<Arc<str>>,
    pub duration: Duration,
    pub acquired: Option<Timestamp>,
    pub renewed: Option<Timestamp>,
    /// Grows with every holder and never falls.
    pub token: u32,
}

impl Record {
    pub fn is_free(&self) -> bool {
        self.holder.is_empty()
    }

    /// How long it has to be unchanged before its holder counts as silent.
    pub fn patience(&self) -> Duration {
        if self.duration.is_zero() { DURATION } else { self.duration.min(LONGEST) }
    }
}

/// A record as the cluster keeps it: which object, and at which version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub uid: Uid,
    pub version: Arc<str>,
    pub record: Record,
}

/// A write of a record: refused unless it stands exactly as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The object and version that it takes the place of; none: there is no lease yet.
    pub over: Option<(Uid, Arc<str>)>,
    pub record: Record,
}

/// The record, and the fence on the workload that it guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub lease: Option<Stored>,
    pub fence: Option<u32>,
}

/// What became of stamping the workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamped {
    Done,
    /// It bears this token already, which is not lower.
    Ahead(u32),
}

/// What a write has to prove: that no later holder has stamped the workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    pub token: u32,
    /// The lease that says who the later holder is.
    pub lease: Arc<str>,
}

/// What to do about somebody else who holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// Nothing: say who.
    #[default]
    None,
    /// A person has agreed to take over from a holder that is silent; from one that shows itself it is not taken.
    TakeOver,
    /// Wait in line until it is released or its holder is silent.
    Wait,
}

/// A lease of somebody, as seen in a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub stored: Stored,
    /// Since when this very version has been known here.
    pub since: Timestamp,
    /// It was seen to change here: whoever holds it was alive then.
    pub renewed_here: bool,
    /// It was unchanged for a whole duration before the cluster was out of sight: that stays true until it changes.
    pub fell_silent: bool,
}

impl Sighting {
    /// Whether its record has been unchanged for too long by somebody who has been listening since a time.
    pub fn is_unchanged(&self, heard: Timestamp, now: Timestamp) -> bool {
        let age = Duration::try_from(now.duration_since(self.since.max(heard)));
        age.is_ok_and(|age| age >= self.stored.record.patience())
    }
}

/// `ana@mac` of `ana@mac/4242/…`.
pub fn who(identity: &str) -> &str {
    identity.split('/').next().unwrap_or(identity)
}

/// What the label or the counter says; none for anything that is no token.
pub fn token_of(text: &str) -> Option<u32> {
    text.parse().ok().filter(|token| *token <= HIGHEST)
}

/// The token after these, or none when there is no higher one.
fn next_token(recorded: u32, fence: Option<u32>) -> Option<u32> {
    recorded.max(fence.unwrap_or(0)).checked_add(1).filter(|token| *token <= HIGHEST)
}

/// The name of the lease of a service: `shipdeck-checkout`. What no object may be called gets a number that keeps it apart.
pub fn name_of(service: &ServiceId) -> Arc<str> {
    let given = service.as_str();
    let plain: String = given
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' { c } else { '-' })
        .take(200)
        .collect();
    let ends_well = plain.ends_with(|c: char| c.is_ascii_alphanumeric());
    if plain == given && ends_well {
        return format!("shipdeck-{plain}").into();
    }
    let number = given.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("shipdeck-{plain}-{number:08x}").into()
}
