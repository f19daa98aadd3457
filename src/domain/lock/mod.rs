//! What people put in the way of changes, for a reason: locks, freezes and holds.
//!
//! Each is an object of its own and is released by its own id; many may stand at once. One pure function, [`bars`],
//! says what stands in the way of an attempt; it is asked when something is drawn, when a run is queued and again in the
//! moment of each write. What cannot be read bars everything, because a freeze that is overlooked is the worse mistake.

mod document;
mod force;
mod judge;
mod taken_back;
mod window;

pub use document::{
    Override, Posted, Release, Unreadable, copied, data_of, is_released, name_of, with_lifted, with_override,
    with_release,
};
pub use force::Force;
pub use judge::{Act, Attempt, Bar, Pass, bars};
pub use taken_back::{held_words, taken_back, to_be_held};
pub use window::{BadWindow, Window};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::ids::{EnvId, GroupId, LockId, ServiceId};

/// The label that tells documents of locks from others.
pub const DOCUMENT: &str = "lock";

/// What a lock is called; they differ in what people mean by them, and in what passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockKind {
    /// Somebody works on something and wants nobody to change it meanwhile.
    Lock,
    /// A time in which nothing new goes out.
    Freeze,
    /// After a roll back: nothing rolls forward until somebody has looked.
    Hold,
}

impl LockKind {
    pub const ALL: [Self; 3] = [Self::Lock, Self::Freeze, Self::Hold];

    /// As it is stored and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Freeze => "freeze",
            Self::Hold => "hold",
        }
    }

    /// `frozen` by somebody.
    pub fn done(self) -> &'static str {
        match self {
            Self::Lock => "locked",
            Self::Freeze => "frozen",
            Self::Hold => "held",
        }
    }
}

/// One lock, freeze or hold on one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    pub kind: LockKind,
    /// Never empty.
    pub reason: Arc<str>,
    /// `ana@mac`.
    pub author: Arc<str>,
    /// The services that it covers, and those of `groups`; neither: the whole environment.
    pub services: BTreeSet<ServiceId>,
    /// The groups that it covers, whatever services they have by then.
    pub groups: BTreeSet<GroupId>,
    /// It bars only these images of its services, as after a roll back what was taken back; none: every image.
    pub images: BTreeMap<ServiceId, Arc<str>>,
    pub opens: Opens,
    /// It bars only within these times.
    pub window: Option<Window>,
    /// Roll backs are barred as well.
    pub hard: bool,
    /// What is deployed as a hotfix passes.
    pub hotfixes: bool,
}

/// What ends a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opens {
    /// Anybody releases it.
    Released,
    /// Only its author releases it.
    ByAuthor,
    At(Timestamp),
    When(Condition),
}

/// What a plan may pass that would bar it otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passes {
    pub hotfix: bool,
    /// Locks that somebody overrides, by a reason that was recorded on them.
    pub overridden: BTreeSet<LockId>,
}

/// What has to be so before a lock opens by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Every service of the group runs in the environment what the environment before it runs, and is well.
    GroupIn { group: GroupId, env: EnvId },
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GroupIn { group, env } => write!(f, "group {group} is in {env}"),
        }
    }
}

impl Opens {
    /// What somebody types as an end: nothing, a while, a time, or a condition.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str, now: Timestamp) -> Result<Self, BadEnd> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Released);
        }
        let after = |text: &str| now.checked_add(text.parse::<SignedDuration>().ok()?).ok();
        match text.parse().ok().or_else(|| after(text)) {
            Some(end) if end > now => Ok(Self::At(end)),
            Some(_) => Err(BadEnd::Over(text.to_owned())),
            None => Ok(text.parse()?),
        }
    }
}

/// What ends no lock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEnd {
    #[error("{0} is over already")]
    Over(String),
    #[error(transparent)]
    Condition(#[from] BadCondition),
}

/// A condition that nobody can tell the truth of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no condition: write \"group NAME is in ENVIRONMENT\" or \"its author releases it\"")]
pub struct BadCondition(String);

/// The words for a lock that only its author releases.
const BY_AUTHOR: &str = "its author releases it";

impl FromStr for Opens {
    type Err = BadCondition;

    fn from_str(text: &str) -> Result<Self, BadCondition> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["its", "author", "releases", "it"] => Ok(Self::ByAuthor),
            ["group", group, "is", "in", env] => {
                Ok(Self::When(Condition::GroupIn { group: GroupId::new(group), env: EnvId::new(env) }))
            }
            _ => Err(BadCondition(text.to_owned())),
        }
    }
}

impl Lock {
    /// What ends it, where that is no time: `its author releases it`.
    pub fn condition(&self) -> Option<String> {
        match &self.opens {
            Opens::ByAuthor => Some(BY_AUTHOR.to_owned()),
            Opens::When(condition) => Some(condition.to_string()),
            Opens::Released | Opens::At(_) => None,
        }
    }

    /// When it opens next by itself, where a clock says that.
    pub fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        let end = if let Opens::At(end) = self.opens { Some(end) } else { None };
        let pause = self.window.as_ref().and_then(|window| window.ends(now));
        match (end, pause) {
            (Some(end), Some(pause)) => Some(end.min(pause)),
            (end, pause) => end.or(pause),
        }
    }

    /// It covers everything of its environment.
    pub fn covers_all(&self) -> bool {
        self.services.is_empty() && self.groups.is_empty()
    }

    /// Whether it covers a service that is in these groups.
    pub fn covers(&self, service: &ServiceId, groups: &BTreeSet<GroupId>) -> bool {
        self.covers_all() || self.services.contains(service) || !self.groups.is_disjoint(groups)
    }

    /// What it covers, in words: `auth, group checkout`.
    pub fn covered(&self) -> Option<String> {
        let groups = self.groups.iter().map(|group| format!("group {group}"));
        let all: Vec<String> = self.services.iter().map(ToString::to_string).chain(groups).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Whether somebody may release it without overriding it.
    pub fn may_be_released_by(&self, person: &str) -> bool {
        self.opens != Opens::ByAuthor || *self.author == *person
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_as_they_are_told() {
        for text in ["its author releases it", "group checkout is in production"] {
            let opens: Opens = text.parse().unwrap();
            let told = match opens {
                Opens::When(condition) => condition.to_string(),
                Opens::ByAuthor => BY_AUTHOR.to_owned(),
                other => panic!("{other:?}"),
            };
            assert_eq!(told, text);
        }
        for text in ["", "soon", "group is in production", "group a b is in production"] {
            assert!(text.parse::<Opens>().unwrap_err().to_string().contains("no condition"), "{text}");
        }
    }
}
