//! Whether the cluster itself refuses every tool what a lock bars, or only shipdeck heeds it.

use std::sync::Arc;

use super::{Lock, Posted};

/// How far a lock reaches, as it was found out by trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Force {
    /// The API server refuses every tool.
    Enforced,
    /// Other tools pass it, or may pass it, and why.
    Advisory(Arc<str>),
}

impl Force {
    /// For people.
    pub fn told(&self) -> String {
        match self {
            Self::Enforced => "enforced: the cluster refuses it to every tool".to_owned(),
            Self::Advisory(why) => format!("advisory: other tools are not held back ({why})"),
        }
    }
}

impl Posted {
    /// The lock, where an API server can tell what it bars and until when.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn enforceable(&self) -> Result<&Lock, &'static str> {
        let lock = self.lock.as_ref().map_err(|_unreadable| "nobody can tell what it bars")?;
        if lock.window.is_some() {
            return Err("an API server cannot tell times that come again");
        }
        if !lock.images.is_empty() {
            return Err("only shipdeck knows which images are meant");
        }
        Ok(lock)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::fixtures::posted;

    #[test]
    fn times_that_come_again_and_what_cannot_be_read_are_never_called_enforceable() {
        let whole = [("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "ana")];
        assert!(posted("a1", &whole).enforceable().is_ok());
        let weekend = [&whole[..], &[("window", "Fri 16:00 - Mon 08:00 UTC")]].concat();
        assert_eq!(posted("a1", &weekend).enforceable(), Err("an API server cannot tell times that come again"));
        assert_eq!(posted("a1", &[("format", "9")]).enforceable(), Err("nobody can tell what it bars"));
    }
}
