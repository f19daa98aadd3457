//! A clean-up as a document: what was removed, and what was not.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::observed::{Document, Texts};

/// The format that is written.
const FORMAT: &str = "1";
const KIND: &str = "cleanup";
/// So many objects are named; of more there is only their number.
const NAMED: usize = 200;
/// The longest that is said of one.
const LINE: usize = 300;

/// Leftovers of an environment that somebody removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanUp {
    pub at: Timestamp,
    pub by: Arc<str>,
    /// `pod/cart-6d9f7-x2x5p  evicted: node disk full`.
    pub removed: Vec<Arc<str>>,
    /// What is still there, and why.
    pub left: Vec<Arc<str>>,
    /// Objects that are not named here.
    pub more: usize,
}

impl CleanUp {
    /// What is written.
    pub fn texts(&self) -> Texts {
        let named = |lines: &[Arc<str>], room: usize| {
            let line = |line: &Arc<str>| line.replace('\n', " ").chars().take(LINE).collect::<String>();
            lines.iter().take(room).map(line).collect::<Vec<_>>().join("\n")
        };
        // What could not be removed is what somebody will look for.
        let left = named(&self.left, NAMED);
        let room = NAMED.saturating_sub(self.left.len());
        let removed = named(&self.removed, room);
        let more = self.more + self.left.len().saturating_sub(NAMED) + self.removed.len().saturating_sub(room);
        let texts = [
            ("format", FORMAT.to_owned()),
            ("kind", KIND.to_owned()),
            ("at", self.at.to_string()),
            ("by", self.by.to_string()),
            ("removed", removed),
            ("left", left),
            ("more", more.to_string()),
        ];
        texts.into_iter().map(|(name, text)| (name.into(), text.into())).collect()
    }

    /// Reads what [`CleanUp::texts`] writes.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(document: &Document) -> Result<Self, String> {
        let text = |name: &str| document.texts.get(name).map(|text| text.trim()).unwrap_or_default();
        match (text("format"), text("kind")) {
            (FORMAT, KIND) => {}
            (FORMAT, other) => return Err(format!("it is about {other:?}, which this shipdeck does not know")),
            ("", _) => return Err("it does not say its format: it was changed by hand".to_owned()),
            (newer, _) => return Err(format!("it is of a newer shipdeck (format {newer}): update this one")),
        }
        let lines = |name: &str| text(name).lines().map(Into::into).collect();
        Ok(Self {
            at: text("at")
                .parse()
                .map_err(|_error: jiff::Error| "it has no time: it was changed by hand".to_owned())?,
            by: text("by").into(),
            removed: lines("removed"),
            left: lines("left"),
            more: text("more").parse().unwrap_or(0),
        })
    }

    /// How many objects are gone, as far as that is told.
    pub fn count(&self) -> usize {
        self.removed.len() + self.more
    }
}
