//! What a user is told when a command cannot do its work: what happened, what helps, and the exit code.

use std::fmt;

/// An end that is not success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    code: u8,
    message: String,
    hints: Vec<String>,
}

impl Report {
    pub const ROLLOUT_FAILED: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const REFUSED: u8 = 3;
    pub const UNREACHABLE: u8 = 4;
    pub const INTERRUPTED: u8 = 130;

    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hints: Vec::new() }
    }

    /// A rollout failed.
    pub fn rollout_failed(message: impl Into<String>) -> Self {
        Self::new(Self::ROLLOUT_FAILED, message)
    }

    /// The command or the configuration is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Self::USAGE, message)
    }

    /// A precondition refuses it.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Self::REFUSED, message)
    }

    /// The cluster cannot be reached.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Self::UNREACHABLE, message)
    }

    /// A person stopped it.
    pub fn interrupted() -> Self {
        Self::new(Self::INTERRUPTED, "interrupted")
    }

    /// A signal ended it.
    pub fn ended_by(signal: &str, code: u8) -> Self {
        Self::new(code, format!("ended by {signal}"))
    }

    /// Adds what helps, as a sentence.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What it says, without its hints.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn exit_code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        for hint in &self.hints {
            write!(f, "\n  {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
