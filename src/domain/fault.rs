//! What can go wrong outside, told by what the reader can do about it.

use std::fmt;
use std::time::Duration;

/// A failed call or watch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    pub kind: FaultKind,
    /// One sentence for people, cleaned of control characters and secrets: what happened.
    pub message: String,
    /// When the server asked to be left alone for a while.
    pub retry_after: Option<Duration>,
}

/// What the caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// No connection, or no answer in time: try again.
    Unreachable,
    /// 429 or 5xx: the server is there, and busy or broken: try again later.
    Throttled,
    /// 401 or a failed credential plugin: log in again.
    Unauthenticated,
    /// 403: ask for the right that the message names.
    Forbidden,
    /// 404: it does not exist (any more).
    NotFound,
    /// 409, or a failed precondition: somebody else was faster, read again.
    Conflict,
    /// 410: the history needed is gone, list again.
    Expired,
    /// 422, 400: the request itself is wrong.
    Invalid,
    /// Sent, and no answer came: it may or may not have been applied. Read before repeating.
    OutcomeUnknown,
    /// Anything else.
    Other,
}

/// In the message of a fault: a policy of the cluster refused it, for the reason that follows.
pub const BY_POLICY: &str = "a policy forbids it";

impl Fault {
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }

    /// A policy of the cluster refused it, not a missing right.
    pub fn is_by_policy(&self) -> bool {
        self.kind == FaultKind::Forbidden && self.message.contains(BY_POLICY)
    }

    /// What the person in front of the screen can do, as a sentence.
    pub fn advice(&self) -> &'static str {
        match self.kind {
            FaultKind::Unreachable => "Check the network or VPN; shipdeck keeps trying.",
            FaultKind::Throttled => "The API server is busy; shipdeck waits and tries again.",
            FaultKind::Unauthenticated => {
                "Log in again, for example with your cloud's command; shipdeck then goes on by itself."
            }
            FaultKind::Forbidden if self.is_by_policy() => {
                "The cluster refuses this to every tool for the reason that is told; whoever is named can lift it."
            }
            FaultKind::Forbidden => "Ask a cluster administrator for the right that is named.",
            FaultKind::NotFound => "Check the name, the namespace and the context in the configuration.",
            FaultKind::Conflict => "Somebody changed it meanwhile: look again, then repeat.",
            FaultKind::Expired => "shipdeck reads everything again.",
            FaultKind::Invalid => "The API server refused the request as it stands; its words say why.",
            FaultKind::OutcomeUnknown => "The answer was lost: look at what runs before you repeat.",
            FaultKind::Other => "Open the error log for details.",
        }
    }
}

impl Fault {
    /// The same for a command that has ended: nothing goes on by itself, and there is no error log to open.
    pub fn advice_at_the_end(&self) -> &'static str {
        match self.kind {
            FaultKind::Unreachable => "Check the network or VPN, then try again.",
            FaultKind::Throttled | FaultKind::Expired => {
                "Try again in a while: the API server is busy or was restarted."
            }
            FaultKind::Unauthenticated => "Log in again, for example with your cloud's command, then try again.",
            FaultKind::Other => "--log-file FILE writes down what happened in detail.",
            FaultKind::Forbidden
            | FaultKind::NotFound
            | FaultKind::Conflict
            | FaultKind::Invalid
            | FaultKind::OutcomeUnknown => self.advice(),
        }
    }
}

impl FaultKind {
    /// The cluster is there and says no to whoever asks: they have to log in, or to be given a right.
    pub fn is_about_the_user(self) -> bool {
        matches!(self, Self::Unauthenticated | Self::Forbidden)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "offline",
            Self::Throttled => "busy",
            Self::Unauthenticated => "not logged in",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not found",
            Self::Conflict => "conflict",
            Self::Expired => "history gone",
            Self::Invalid => "refused",
            Self::OutcomeUnknown => "no answer",
            Self::Other => "error",
        })
    }
}
