//! Lines held, bounded by bytes: the oldest go first, and every one that goes is counted.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

/// Bytes of text and bookkeeping that are held at most.
const LIMIT: usize = 96 * 1024 * 1024;
/// What a line costs beside its text.
const OVERHEAD: usize = std::mem::size_of::<Entry>() + 16;

/// Levels as people write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    /// Five columns wide.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN ",
            Self::Info => "INFO ",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }

    /// The level that the beginning of a line names.
    pub fn of(text: &str) -> Option<Self> {
        let end = text.char_indices().nth(80).map_or(text.len(), |(at, _)| at);
        let words = text[..end].split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
        words.take(12).find_map(|word| match word.to_ascii_uppercase().as_str() {
            "ERROR" | "ERR" | "FATAL" | "PANIC" | "CRITICAL" => Some(Self::Error),
            "WARN" | "WARNING" => Some(Self::Warn),
            "INFO" | "NOTICE" => Some(Self::Info),
            "DEBUG" => Some(Self::Debug),
            "TRACE" => Some(Self::Trace),
            _ => None,
        })
    }
}

/// A line, or something that happened between lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub time: Option<Timestamp>,
    pub pod: Arc<str>,
    pub level: Option<Level>,
    /// Not a line of the log: joined, ended, lost.
    pub mark: bool,
    /// A mark that tells of trouble.
    pub bad: bool,
    pub text: Box<str>,
}

/// Lines held, each with a number that never changes.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Number of the oldest entry that is held.
    first: u64,
}

impl Ring {
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.text.len() + OVERHEAD;
        self.entries.push_back(entry);
        while self.bytes > LIMIT {
            let Some(gone) = self.entries.pop_front() else { break };
            self.bytes -= gone.text.len() + OVERHEAD;
            self.first += 1;
        }
    }

    /// Number of the oldest entry, which is also how many are gone.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Number that the next entry will have.
    pub fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    pub fn get(&self, number: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Entry)> {
        (self.first..).zip(&self.entries).collect::<Vec<_>>().into_iter()
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Entry {
        Entry { time: None, pod: "p".into(), level: None, mark: false, bad: false, text: text.into() }
    }

    #[test]
    fn two_hundred_thousand_lines_of_ordinary_length_are_held() {
        let mut ring = Ring::default();
        let line = "x".repeat(200);
        for _ in 0..200_000 {
            ring.push(entry(&line));
        }
        assert_eq!((ring.len(), ring.first()), (200_000, 0));
    }

    #[test]
    fn the_oldest_go_first_and_numbers_stay() {
        let mut ring = Ring::default();
        for number in 0..200 {
            ring.push(entry(&format!("{number:09}{}", "x".repeat(1_000_000))));
        }
        assert!(ring.first() > 0 && ring.len() < 200);
        assert!(ring.get(199).unwrap().text.starts_with("000000199"));
        assert_eq!(ring.get(0), None);
    }

    #[test]
    fn levels_are_found_where_people_write_them() {
        assert_eq!(Level::of("2026-11-23T10:00:00Z ERROR cannot reach"), Some(Level::Error));
        assert_eq!(Level::of("{\"level\":\"warn\",\"msg\":\"x\"}"), Some(Level::Warn));
        assert_eq!(Level::of("level=info msg=x"), Some(Level::Info));
        assert_eq!(Level::of("   2: checkout::boot"), None);
    }
}
