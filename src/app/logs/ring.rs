//! Lines held, bounded by bytes: the oldest go first, and every one that goes is counted.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

/// Bytes of text and bookkeeping that are held at most.
const LIMIT: usize = 96 * 1024 * 1024;
/// Lines held at most: the bookkeeping of very short lines stays bounded too.
const LINES: usize = 262_144;
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

    /// The level that a line names: a field of that name first, else klog's first letter, else a word near its beginning.
    pub fn of(text: &str) -> Option<Self> {
        Self::of_field(text).or_else(|| Self::of_klog(text)).or_else(|| Self::of_word(text))
    }

    fn of_field(text: &str) -> Option<Self> {
        let head = head(text, 400);
        let value =
            ["\"level\":", "\"severity\":", "\"lvl\":", "level=", "severity=", "lvl="].iter().find_map(|key| {
                let at = head.find(key)?;
                Some(head[at + key.len()..].trim_start_matches([' ', '"']))
            })?;
        let end = value.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(value.len());
        match value[..end].parse::<u32>() {
            // pino and bunyan: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
            Ok(number) => match number {
                10..=19 => Some(Self::Trace),
                20..=29 => Some(Self::Debug),
                30..=39 => Some(Self::Info),
                40..=49 => Some(Self::Warn),
                50..=60 => Some(Self::Error),
                _ => None,
            },
            Err(_) => Self::named(&value[..end]),
        }
    }

    /// `E0102 15:04:05.000000 …`.
    fn of_klog(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_date = bytes.get(1..5)?.iter().all(u8::is_ascii_digit) && bytes.get(5) == Some(&b' ');
        match bytes.first().filter(|_| is_date)? {
            b'E' | b'F' => Some(Self::Error),
            b'W' => Some(Self::Warn),
            b'I' => Some(Self::Info),
            _ => None,
        }
    }

    /// Small letters are common words of a sentence, so they count only at its beginning, in brackets or before a colon.
    fn of_word(text: &str) -> Option<Self> {
        let head = head(text, 80);
        let words = head.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1);
        words.take(12).enumerate().find_map(|(index, word)| {
            let after = word.as_ptr() as usize - head.as_ptr() as usize + word.len();
            let set_off = head[after..].starts_with([']', ':', '|']);
            let loud = word.bytes().all(|byte| byte.is_ascii_uppercase());
            Self::named(word).filter(|_| index == 0 || set_off || loud)
        })
    }

    fn named(word: &str) -> Option<Self> {
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
        if is(&["error", "err", "fatal", "panic", "critical"]) {
            Some(Self::Error)
        } else if is(&["warn", "warning"]) {
            Some(Self::Warn)
        } else if is(&["info", "notice"]) {
            Some(Self::Info)
        } else if is(&["debug"]) {
            Some(Self::Debug)
        } else if is(&["trace"]) {
            Some(Self::Trace)
        } else {
            None
        }
    }
}

/// The beginning of a text, in characters.
fn head(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(at, _)| &text[..at])
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
        while self.bytes > LIMIT || self.entries.len() > LINES {
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
        self.entries.iter().enumerate().map(|(index, entry)| (self.first + index as u64, entry))
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
    fn empty_lines_are_bounded_by_number() {
        let mut ring = Ring::default();
        (0..LINES + 3).for_each(|_| ring.push(entry("")));
        assert_eq!((ring.len(), ring.first()), (LINES, 3));
        assert_eq!(ring.iter().next_back().map(|(number, _)| number + 1), Some(ring.end()));
    }

    #[test]
    fn levels_are_found_where_people_write_them() {
        assert_eq!(Level::of("2026-11-23T10:00:00Z ERROR cannot reach"), Some(Level::Error));
        assert_eq!(Level::of("{\"level\":\"warn\",\"msg\":\"x\"}"), Some(Level::Warn));
        assert_eq!(Level::of("level=info msg=x"), Some(Level::Info));
        assert_eq!(Level::of("{\"msg\":\"no error\",\"level\":30}"), Some(Level::Info));
        assert_eq!(Level::of("E0102 15:04:05.000000 1 main.go:3] x"), Some(Level::Error));
        assert_eq!(Level::of("2026/11/23 [warn] slow"), Some(Level::Warn));
        assert_eq!(Level::of("GET /what/error 200"), None);
        assert_eq!(Level::of("   2: checkout::boot"), None);
    }
}
