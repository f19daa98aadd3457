//! What the log pane holds, and what it is told to show.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::pattern::Pattern;
use super::ring::{Entry, Kind, Ring, moved};
use super::stream::Stream;
use super::view::Held;
use crate::domain::fault::Fault;
use crate::domain::ids::{EnvId, ServiceId};
use crate::ports::cluster::LogLine;

/// Which cell's logs are shown.
pub type Target = (EnvId, ServiceId);

/// Who writes lines: one container of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub pod: Arc<str>,
    pub container: Arc<str>,
    /// It runs another version than the one that is wanted.
    pub old: bool,
}

/// How much is read back when a log is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBack {
    /// So many lines of each container, however old they are.
    Lines(u64),
    /// So many seconds, however many lines that is.
    Seconds(u64),
    /// Of so many seconds, at most so many lines of each container: the newest.
    Both { seconds: u64, lines: u64 },
    /// Everything that the cluster still has.
    Everything,
}

/// How long streams are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Nothing is read: nobody looks.
    Off,
    /// What there is, once.
    Once,
    /// To the end of the containers, and new pods join.
    #[default]
    Following,
}

/// Why something is not read, for the pane to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble<'a> {
    pub fault: &'a Fault,
    pub since: Timestamp,
    /// Streams in trouble, of all.
    pub streams: (usize, usize),
}

/// State of the log pane.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own that a key turns")]
#[derive(Clone, Debug)]
pub struct LogPane {
    pub target: Option<Target>,
    /// It stays at its target, whatever is selected.
    pub fixed: bool,
    pub ring: Ring,
    pub(super) sources: Vec<Source>,
    pub(super) streams: BTreeMap<u64, Stream>,
    pub(super) next_stream: u64,
    /// Where the view is held; none: it follows the end.
    pub(super) held: Option<Held>,
    filter: String,
    search: String,
    pub wrap: bool,
    pub timestamps: bool,
    /// Lines that have fields are shown as such.
    pub fields: bool,
    pub previous: bool,
    pub container: Option<Arc<str>>,
    pub read_back: ReadBack,
    pub reading: Reading,
    /// Columns scrolled out at the left.
    pub column: usize,
    /// Containers that are not followed, because there are too many.
    pub unfollowed: usize,
    /// Lines that were too long to be kept whole.
    pub cut: u64,
}

impl Default for LogPane {
    fn default() -> Self {
        Self {
            target: None,
            fixed: false,
            ring: Ring::default(),
            sources: Vec::new(),
            streams: BTreeMap::new(),
            next_stream: 0,
            held: None,
            filter: String::new(),
            search: String::new(),
            wrap: false,
            timestamps: true,
            fields: true,
            previous: false,
            container: None,
            read_back: ReadBack::Lines(1_000),
            reading: Reading::default(),
            column: 0,
            unfollowed: 0,
            cut: 0,
        }
    }
}

impl LogPane {
    /// Turns to another cell. What was held is dropped; how it is shown stays.
    pub fn turn_to(&mut self, target: Option<Target>) -> Vec<u64> {
        let closed = self.streams.keys().copied().collect();
        let Self { next_stream, wrap, timestamps, fields, read_back, reading, .. } = *self;
        *self = Self { target, next_stream, wrap, timestamps, fields, read_back, reading, ..Self::default() };
        closed
    }

    pub fn pods(&self) -> usize {
        let mut pods: Vec<_> = self.streams.values().map(|stream| &stream.pod).collect();
        pods.sort_unstable();
        pods.dedup();
        pods.len()
    }

    /// Numbers of the streams that are followed.
    pub fn streams(&self) -> impl Iterator<Item = &u64> {
        self.streams.keys()
    }

    /// Lines that are no longer held.
    pub fn lost(&self) -> u64 {
        self.ring.first()
    }

    pub fn source(&self, number: u16) -> Option<&Source> {
        self.sources.get(usize::from(number))
    }

    /// Columns for the names of containers: none while all lines come from one.
    pub fn container_columns(&self) -> usize {
        let first = self.sources.first().map(|source| &source.container);
        if self.sources.iter().all(|source| Some(&source.container) == first) {
            return 0;
        }
        self.sources.iter().map(|source| source.container.chars().count()).max().unwrap_or(0).min(12)
    }

    /// Whether everything that was to be read has been, for what is read once.
    pub fn is_read(&self) -> bool {
        self.streams.values().all(|stream| stream.ended || stream.fault.is_some())
    }

    /// Whether there was any container to read from.
    pub fn has_read(&self) -> bool {
        !self.streams.is_empty()
    }

    /// Pods of which not everything has come that was to be read, each once.
    pub fn awaited(&self) -> BTreeSet<Arc<str>> {
        let awaited = self.streams.values().filter(|stream| !stream.ended && stream.fault.is_none());
        awaited.map(|stream| Arc::clone(&stream.pod)).collect()
    }

    /// The first fault of those that keep streams from being read.
    pub fn trouble(&self) -> Option<Trouble<'_>> {
        let faults = || self.streams.values().filter_map(|stream| stream.fault.as_ref());
        let (fault, since) = faults().min_by_key(|(_, since)| *since)?;
        Some(Trouble { fault, since: *since, streams: (faults().count(), self.streams.len()) })
    }

    /// The number of a source, which is new if nothing of it is held yet.
    pub(super) fn source_of(&mut self, pod: &Arc<str>, container: &Arc<str>) -> u16 {
        let known = self.sources.iter().position(|source| source.pod == *pod && source.container == *container);
        let number = known.unwrap_or_else(|| {
            self.sources.push(Source { pod: Arc::clone(pod), container: Arc::clone(container), old: false });
            self.sources.len() - 1
        });
        u16::try_from(number).unwrap_or(u16::MAX)
    }

    /// Takes lines of a stream in; those that came before it was opened anew are dropped.
    pub fn take(&mut self, stream: u64, lines: &[LogLine], now: Timestamp) {
        let Some(stream) = self.streams.get_mut(&stream) else { return };
        stream.is_open(now);
        let mut batch = Vec::with_capacity(lines.len());
        for line in lines {
            if stream.is_repeat(line) {
                continue;
            }
            stream.note(line);
            self.cut += u64::from(line.cut);
            batch.push(Entry { time: line.time, source: stream.source, kind: Kind::Line, text: &line.text });
        }
        if !batch.is_empty() {
            stream.failures = 0;
            self.insert(batch);
        }
    }

    /// Says something between the lines: at its time, or after everything that is held.
    pub(super) fn mark(&mut self, source: u16, time: Option<Timestamp>, text: &str, bad: bool) {
        let kind = if bad { Kind::BadMark } else { Kind::Mark };
        let time = time.or_else(|| self.ring.newest());
        self.insert(vec![Entry { time, source, kind, text }]);
    }

    fn insert(&mut self, batch: Vec<Entry<'_>>) {
        let placed = self.ring.insert(batch);
        if let Some(held) = self.held.as_mut().filter(|_| !placed.is_empty()) {
            held.move_by(|number| moved(number, &placed));
        }
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    pub fn search(&self) -> &str {
        &self.search
    }

    /// Shows only lines that match; with `!` before it, only those that do not.
    ///
    /// # Errors
    /// What is wrong with the pattern; the one before stays.
    pub fn set_filter(&mut self, typed: &str) -> Result<(), String> {
        self.ring.set_filter(Pattern::parse(typed)?);
        typed.clone_into(&mut self.filter);
        Ok(())
    }

    /// Points at lines that match.
    ///
    /// # Errors
    /// What is wrong with the pattern; the one before stays.
    pub fn set_search(&mut self, typed: &str) -> Result<(), String> {
        self.ring.set_search(Pattern::parse(typed)?);
        typed.clone_into(&mut self.search);
        Ok(())
    }

    /// The last lines of a pod, oldest first; `of_run_before`: those before its last exit, where one is held, and of that
    /// one start. What a container says after it was started again does not tell why it died, and what it said before that
    /// is mostly the same again.
    pub fn last_lines(&self, pod: &str, of_run_before: bool, count: usize) -> Vec<String> {
        let of_pod = |entry: &Entry<'_>| self.source(entry.source).is_some_and(|source| &*source.pod == pod);
        let recent = self.ring.iter().rev().take(20_000).map(|(_, entry)| entry);
        let entries: Vec<Entry<'_>> = recent.filter(of_pod).collect();
        let exit = entries.iter().position(|entry| entry.kind == Kind::BadMark).filter(|_| of_run_before);
        let earlier = |entry: &&Entry<'_>| exit.is_some() && entry.kind == Kind::BadMark;
        let lines = entries[exit.map_or(0, |exit| exit + 1)..].iter().skip_while(|entry| entry.kind.is_mark());
        let lines = lines.take_while(|entry| !earlier(entry)).filter(|entry| !entry.kind.is_mark()).take(count);
        let mut lines: Vec<String> = lines.map(|entry| entry.text.to_owned()).collect();
        lines.reverse();
        lines
    }

    /// How many lines are shown, without what happened between them.
    pub fn lines_shown(&self) -> usize {
        let entries = (0..self.ring.shown()).filter_map(|place| self.ring.get(self.ring.at(place)?));
        entries.filter(|entry| !entry.kind.is_mark()).count()
    }

    /// The lines that are shown, as received: the newest ones up to some more than so many bytes.
    pub fn shown_text(&self, bytes: usize) -> String {
        let mut lines = Vec::new();
        let mut length = 0;
        for place in (0..self.ring.shown()).rev() {
            let entry = self.ring.at(place).and_then(|number| self.ring.get(number));
            let Some(entry) = entry.filter(|entry| !entry.kind.is_mark()) else { continue };
            length += entry.text.len() + 1;
            lines.push(entry.text);
            // One line more than fits says that there are more.
            if length > bytes {
                break;
            }
        }
        lines.reverse();
        lines.join("\n")
    }

    /// The selected line: while following, the newest one.
    pub fn selected(&self) -> Option<Entry<'_>> {
        self.ring.get(self.cursor()?)
    }

    /// Whether the search finds a line.
    pub fn is_found(&self, number: u64) -> bool {
        let found = self.ring.search();
        found.get(found.place(number)) == Some(number)
    }

    /// Everything that is held, as received, each line with its time, pod and container.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.ring.len() * 128);
        for (_, entry) in self.ring.iter() {
            if let Some(time) = entry.time {
                text.push_str(&time.to_string());
                text.push(' ');
            }
            if let Some(source) = self.source(entry.source) {
                text.push_str(&source.pod);
                text.push('/');
                text.push_str(&source.container);
            }
            text.push_str(if entry.kind.is_mark() { " -- " } else { " " });
            text.push_str(entry.text);
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::later;

    fn pane() -> LogPane {
        let mut pane = LogPane::default();
        let source = pane.source_of(&"auth-1".into(), &"auth".into());
        pane.streams.insert(1, Stream::new(source, "auth-1".into(), "auth".into(), 0));
        pane
    }

    fn line(millisecond: i64, text: &str) -> LogLine {
        let time = later(0) + jiff::SignedDuration::from_millis(millisecond);
        LogLine { time: Some(time), text: text.to_owned(), cut: false }
    }

    fn held(pane: &LogPane) -> Vec<String> {
        pane.ring.iter().map(|(_, entry)| entry.text.to_owned()).collect()
    }

    fn reopen(pane: &mut LogPane) {
        let LogPane { streams, ring, .. } = pane;
        streams.get_mut(&1).unwrap().resume(ring);
    }

    #[test]
    fn a_stream_that_is_opened_anew_repeats_nothing_and_loses_nothing() {
        let mut pane = pane();
        pane.take(1, &[line(500, "old"), line(1_100, "one"), line(2_300, "two"), line(2_300, "two")], later(9));
        reopen(&mut pane);
        let again = ["two", "two", "two", "another"].map(|text| line(2_300, text));
        pane.take(1, &[vec![line(1_100, "one")], again.to_vec(), vec![line(3_000, "three")]].concat(), later(9));
        assert_eq!(held(&pane), ["old", "one", "two", "two", "two", "another", "three"]);
    }

    #[test]
    fn lines_out_of_order_are_neither_repeated_nor_lost() {
        let mut pane = pane();
        pane.take(1, &[line(2_200, "out"), line(2_100, "err")], later(9));
        reopen(&mut pane);
        pane.take(1, &[line(2_200, "out"), line(2_100, "err"), line(2_150, "missed")], later(9));
        assert_eq!(held(&pane), ["err", "missed", "out"]);
    }

    #[test]
    fn what_is_saved_is_what_was_received() {
        let mut pane = pane();
        pane.take(1, &[line(1_000, "\tat main {\"a\":1}")], later(9));
        pane.mark(0, Some(later(2)), "exited 1", true);
        let start = later(1).to_string();
        let end = later(2).to_string();
        assert_eq!(pane.text(), format!("{start} auth-1/auth \tat main {{\"a\":1}}\n{end} auth-1/auth -- exited 1\n"));
    }

    #[test]
    fn the_last_lines_of_a_run_that_died_are_not_those_of_the_run_after_it() {
        let mut pane = pane();
        pane.take(1, &[line(1_000, "starting"), line(1_900, "panicked")], later(9));
        assert_eq!(pane.last_lines("auth-1", true, 1), ["panicked"], "its exit is not seen yet");
        pane.mark(0, Some(later(2)), "exited 101", true);
        pane.take(1, &[line(3_000, "starting")], later(9));
        assert_eq!(pane.last_lines("auth-1", true, 2), ["starting", "panicked"]);
        assert_eq!(pane.last_lines("auth-1", false, 1), ["starting"]);
    }

    #[test]
    fn a_pattern_that_is_wrong_leaves_the_one_before() {
        let mut pane = pane();
        pane.take(1, &[line(1, "GET /"), line(2, "PUT /")], later(9));
        pane.set_filter("get").unwrap();
        assert_eq!(pane.set_filter("get(").unwrap_err(), "unclosed group");
        assert_eq!((pane.filter(), pane.ring.shown()), ("get", 1));
    }
}
