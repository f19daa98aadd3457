//! What the log pane holds and shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use regex::{Regex, RegexBuilder};

use super::ring::{Entry, Level, Ring};
use crate::domain::fault::Fault;
use crate::domain::ids::{EnvId, ServiceId};
use crate::ports::cluster::LogLine;

/// Which cell's logs are shown.
pub type Target = (EnvId, ServiceId);

/// An open stream: one container of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) pod: Arc<str>,
    pub(super) container: Arc<str>,
    pub(super) last: Option<Timestamp>,
    /// Lines already seen at the time `last`, which come again when the stream is opened anew.
    pub(super) at_last: Vec<Box<str>>,
    /// Opened anew after this time: what is older comes again, and of what is as old those in `replay`.
    resumed: Option<Timestamp>,
    replay: Vec<Box<str>>,
    pub(super) failures: u32,
    pub(super) restarts: u32,
    /// The container has ended: what comes after the end of the stream is nothing.
    pub(super) ended: bool,
}

/// A row to draw.
pub struct Row<'a> {
    pub number: u64,
    pub entry: &'a Entry,
    /// Contains what is searched for.
    pub hit: bool,
}

/// State of the log pane.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own that a key turns")]
#[derive(Clone, Debug, Default)]
pub struct LogPane {
    pub target: Option<Target>,
    pub ring: Ring,
    pub(super) streams: BTreeMap<u64, Stream>,
    pub(super) next_stream: u64,
    /// Number of the last entry that is shown; none: follow the end.
    pub held_at: Option<u64>,
    pub filter: String,
    pub search: String,
    pub wrap: bool,
    pub timestamps: bool,
    pub fields: bool,
    pub previous: bool,
    pub container: Option<Arc<str>>,
    /// Minutes to read back when a stream is opened.
    pub since_minutes: Option<u32>,
    pub column: usize,
    pub problem: Option<Fault>,
    /// Containers that are not followed, because there are too many.
    pub unfollowed: usize,
}

impl LogPane {
    /// Shows nothing yet, and times once there is something.
    pub fn new() -> Self {
        Self { timestamps: true, ..Self::default() }
    }

    /// Turns to another cell. What was held is dropped.
    pub fn turn_to(&mut self, target: Option<Target>) -> Vec<u64> {
        let closed = self.streams.keys().copied().collect();
        let next_stream = self.next_stream;
        let Self { wrap, timestamps, fields, since_minutes, .. } = *self;
        *self = Self { target, next_stream, wrap, timestamps, fields, since_minutes, ..Self::default() };
        closed
    }

    pub fn is_following(&self) -> bool {
        self.held_at.is_none()
    }

    /// Entries that came since the view is held.
    pub fn new_since_held(&self) -> u64 {
        self.held_at.map_or(0, |held| self.ring.end().saturating_sub(held + 1))
    }

    pub fn pods(&self) -> usize {
        let mut pods: Vec<_> = self.streams.values().map(|stream| &stream.pod).collect();
        pods.sort_unstable();
        pods.dedup();
        pods.len()
    }

    /// Lines that are no longer held.
    pub fn lost(&self) -> u64 {
        self.ring.first()
    }

    /// Takes lines of a stream in; those that came before it was opened anew are dropped.
    pub fn take(&mut self, stream: u64, lines: Vec<LogLine>) -> bool {
        let Some(stream) = self.streams.get_mut(&stream) else { return false };
        let mut any = false;
        for line in lines {
            if stream.is_repeat(&line) {
                continue;
            }
            any = true;
            stream.note(&line);
            let level = Level::of(&line.text);
            let pod = Arc::clone(&stream.pod);
            self.ring.push(Entry { time: line.time, pod, level, mark: false, bad: false, text: line.text.into() });
        }
        if any {
            stream.failures = 0;
            self.problem = None;
        }
        any
    }

    /// Says something between the lines.
    pub fn mark(&mut self, pod: &Arc<str>, now: Timestamp, text: &str, bad: bool) {
        let pod = Arc::clone(pod);
        self.ring.push(Entry { time: Some(now), pod, level: None, mark: true, bad, text: text.into() });
    }

    /// The last rows that fit, oldest first. A filter that begins with `!` hides what matches.
    pub fn rows(&self, height: usize) -> Vec<Row<'_>> {
        let (inverse, text) = self.filter.strip_prefix('!').map_or((false, &*self.filter), |rest| (true, rest));
        let filter = pattern(text).ok().flatten();
        let search = pattern(&self.search).ok().flatten();
        let last = self.held_at.unwrap_or(u64::MAX).min(self.ring.end().saturating_sub(1));
        let mut rows: Vec<Row<'_>> = Vec::with_capacity(height);
        let mut number = last;
        while rows.len() < height && number >= self.ring.first() {
            let Some(entry) = self.ring.get(number) else { break };
            if filter.as_ref().is_none_or(|filter| entry.mark || filter.is_match(&entry.text) != inverse) {
                let hit = search.as_ref().is_some_and(|search| search.is_match(&entry.text));
                rows.push(Row { number, entry, hit });
            }
            let Some(before) = number.checked_sub(1) else { break };
            number = before;
        }
        rows.reverse();
        rows
    }

    /// Moves the view by lines; at the end it follows again.
    pub fn scroll(&mut self, lines: i64) {
        if self.ring.is_empty() {
            return;
        }
        let end = self.ring.end() - 1;
        let at = self.held_at.unwrap_or(end);
        let moved = at.saturating_add_signed(lines).max(self.ring.first());
        self.held_at = (moved < end).then_some(moved);
    }

    /// Holds the view where it is, or follows again.
    pub fn toggle_follow(&mut self) {
        self.held_at = if self.is_following() && !self.ring.is_empty() { Some(self.ring.end() - 1) } else { None };
    }

    /// Goes to the next match towards older (`back`) or newer lines. False: there is none.
    pub fn find(&mut self, back: bool) -> bool {
        let Some(search) = pattern(&self.search).ok().flatten() else { return false };
        let at = self.held_at.unwrap_or(self.ring.end());
        let is_hit = |(_, entry): &(u64, &Entry)| !entry.mark && search.is_match(&entry.text);
        let found = if back {
            self.ring.iter().rev().filter(|(number, _)| *number < at).find(is_hit).map(|(number, _)| number)
        } else {
            self.ring.iter().filter(|(number, _)| *number > at).find(is_hit).map(|(number, _)| number)
        };
        if found.is_some() {
            self.held_at = found;
        }
        found.is_some()
    }

    /// Everything that is held, as received, each line with its time and pod.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (_, entry) in self.ring.iter() {
            if let Some(time) = entry.time {
                text.push_str(&time.to_string());
                text.push(' ');
            }
            text.push_str(&entry.pod);
            text.push_str(if entry.mark { " -- " } else { " " });
            text.push_str(&entry.text);
            text.push('\n');
        }
        text
    }
}

impl Stream {
    pub(super) fn new(pod: Arc<str>, container: Arc<str>, restarts: u32) -> Self {
        let (at_last, replay) = (Vec::new(), Vec::new());
        Self { pod, container, last: None, at_last, resumed: None, replay, failures: 0, restarts, ended: false }
    }

    /// Is about to be opened anew at the time of its last line.
    pub(super) fn resume(&mut self) {
        self.resumed = self.last;
        self.replay.clone_from(&self.at_last);
    }

    /// Each line that was seen comes again once: an equal one after that is a line of its own.
    fn is_repeat(&mut self, line: &LogLine) -> bool {
        let (Some(time), Some(resumed)) = (line.time, self.resumed) else { return false };
        if time > resumed {
            self.resumed = None;
            return false;
        }
        let seen = self.replay.iter().position(|seen| **seen == *line.text);
        time < resumed || seen.map(|at| self.replay.swap_remove(at)).is_some()
    }

    fn note(&mut self, line: &LogLine) {
        if line.time != self.last {
            self.at_last.clear();
            self.last = line.time.or(self.last);
        }
        if self.at_last.len() < 1_024 {
            self.at_last.push(line.text.as_str().into());
        }
    }
}

/// What is typed as a filter or search: a regular expression, case ignored unless it has capitals.
///
/// # Errors
/// What is wrong with it.
pub fn pattern(text: &str) -> Result<Option<Regex>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let smart = !text.chars().any(char::is_uppercase);
    let built = RegexBuilder::new(text).case_insensitive(smart).size_limit(1 << 20).build();
    built.map(Some).map_err(|error| error.to_string().lines().last().unwrap_or("not a regular expression").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::later;

    fn pane() -> LogPane {
        let stream = Stream::new("auth-1".into(), "auth".into(), 0);
        LogPane { streams: BTreeMap::from([(1, stream)]), ..LogPane::default() }
    }

    fn line(second: i64, text: &str) -> LogLine {
        LogLine { time: Some(later(second)), text: text.to_owned() }
    }

    fn shown(pane: &LogPane, height: usize) -> Vec<String> {
        pane.rows(height).iter().map(|row| row.entry.text.to_string()).collect()
    }

    #[test]
    fn a_pause_freezes_the_view_and_not_the_intake() {
        let mut pane = pane();
        pane.take(1, vec![line(1, "one"), line(2, "two")]);
        pane.toggle_follow();
        pane.take(1, vec![line(3, "three")]);
        assert_eq!((shown(&pane, 5), pane.new_since_held()), (vec!["one".to_owned(), "two".to_owned()], 1));
        pane.toggle_follow();
        assert_eq!(shown(&pane, 1), ["three"]);
    }

    #[test]
    fn a_stream_that_is_opened_anew_repeats_nothing_and_loses_nothing() {
        let mut pane = pane();
        pane.take(1, vec![line(1, "one"), line(2, "two"), line(2, "two")]);
        pane.streams.get_mut(&1).unwrap().resume();
        let again = ["two", "two", "two", "another"].map(|text| line(2, text));
        pane.take(1, [vec![line(1, "one")], again.to_vec(), vec![line(3, "three")]].concat());
        assert_eq!(shown(&pane, 9), ["one", "two", "two", "two", "another", "three"]);
    }

    #[test]
    fn a_filter_hides_and_a_search_only_points() {
        let mut pane = pane();
        pane.take(1, vec![line(1, "GET /"), line(2, "ERROR boom"), line(3, "GET /x")]);
        pane.filter = "get".to_owned();
        assert_eq!(shown(&pane, 9), ["GET /", "GET /x"]);
        pane.filter = "!get".to_owned();
        assert_eq!(shown(&pane, 9), ["ERROR boom"]);
        pane.filter.clear();
        pane.search = "boom".to_owned();
        assert!(pane.find(true));
        assert_eq!(shown(&pane, 1), ["ERROR boom"]);
        assert!(pattern("(").is_err());
    }
}
