//! What a lease asks to be sent, what comes of it, and where it stands.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Look, Mono, Put, Stamped, Stored};
use crate::domain::fault::Fault;

/// To be sent, one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Look,
    Put(Put),
    /// Stamp the workload with this token.
    Stamp(u32),
}

/// What came of a command.
#[derive(Clone, Debug)]
pub enum Answer {
    Look(Result<Look, Fault>),
    Put(Result<Stored, Fault>),
    Stamp(Result<Stamped, Fault>),
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Do(Command),
    /// Nothing before this time.
    At(Mono),
    /// Nothing any more.
    Nothing,
}

/// Where it stands, for those who want to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Seeking,
    /// Somebody else holds it; none: nobody does, and others come first.
    Waiting(Option<Arc<str>>),
    Held {
        token: u32,
        taken_from: Option<Arc<str>>,
    },
    Ended(Ending),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Released,
    /// Never held: somebody else holds it.
    Theirs {
        by: Arc<str>,
        sign: LifeSign,
    },
    /// Never held: leases may not be written here.
    Forbidden(Fault),
    /// Never held: the calls failed, or the workload cannot be stamped.
    Failed(Fault),
    /// Held once.
    Lost(Loss),
}

/// What is known here of whoever holds a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LifeSign {
    /// The record was seen to change: they are alive.
    Seen,
    /// It did not change while it was looked at, which was not long: all there is is what they wrote themselves.
    Unknown { renewed: Option<Timestamp> },
    /// Nothing was seen of them for a whole duration.
    Silent,
}

/// Why a lease was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    TakenBy(Arc<str>),
    /// Somebody removed or emptied the record.
    Gone,
    Forbidden(Fault),
}
