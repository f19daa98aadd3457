//! One followed container, and what it takes to open its log again without losing or repeating a line.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::ring::Ring;
use crate::domain::fault::Fault;
use crate::ports::cluster::LogLine;

/// A stream that has held for so long was no failure when it ends.
const HELD: i64 = 60;

/// An open stream: one container of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) source: u16,
    pub(super) pod: Arc<str>,
    pub(super) container: Arc<str>,
    /// The newest time of its lines.
    pub(super) last: Option<Timestamp>,
    /// Opened anew: lines up to this time come again.
    resumed: Option<Timestamp>,
    /// What comes again, and how often.
    replay: HashMap<(Timestamp, Box<str>), u32>,
    /// Ends and faults in a row.
    pub(super) failures: u32,
    opened: Option<Timestamp>,
    pub(super) restarts: u32,
    /// How many of the container's runs were said to have ended.
    pub(super) exits_told: u32,
    /// The restart that was said to come.
    pub(super) announced: Option<u32>,
    /// When the last of them did.
    pub(super) exited: Option<Timestamp>,
    /// The container has ended: what comes after the end of the stream is nothing.
    pub(super) ended: bool,
    /// Why it cannot be read, and since when.
    pub(super) fault: Option<(Fault, Timestamp)>,
}

impl Stream {
    pub(super) fn new(source: u16, pod: Arc<str>, container: Arc<str>, restarts: u32) -> Self {
        Self {
            source,
            pod,
            container,
            last: None,
            resumed: None,
            replay: HashMap::new(),
            failures: 0,
            opened: None,
            restarts,
            exits_told: restarts,
            announced: None,
            exited: None,
            ended: false,
            fault: None,
        }
    }

    /// Its log is being sent.
    pub(super) fn is_open(&mut self, now: Timestamp) {
        self.opened = Some(now);
        self.fault = None;
    }

    /// Its log has ended or failed; says how many seconds to wait before it is opened again.
    pub(super) fn wait(&mut self, now: Timestamp) -> u64 {
        let held = self.opened.take().is_some_and(|opened| now.duration_since(opened).as_secs() >= HELD);
        self.failures = if held { 1 } else { self.failures + 1 };
        (1 << (self.failures - 1).min(5)).min(30)
    }

    /// Is about to be opened anew at the time of its newest line. The server counts in whole seconds: what was received
    /// since that second began comes again.
    pub(super) fn resume(&mut self, ring: &Ring) {
        self.resumed = self.last;
        self.replay.clear();
        let Some(from) = self.last.map(second) else { return };
        for (_, entry) in ring.iter().rev() {
            let Some(time) = entry.time else { continue };
            if time < from {
                break;
            }
            if entry.source == self.source && !entry.kind.is_mark() {
                *self.replay.entry((time, entry.text.into())).or_default() += 1;
            }
        }
    }

    /// Each line that was seen comes again once: an equal one after that is a line of its own.
    pub(super) fn is_repeat(&mut self, line: &LogLine) -> bool {
        let (Some(time), Some(resumed)) = (line.time, self.resumed) else { return false };
        if time > resumed {
            return false;
        }
        if time < second(resumed) {
            return true;
        }
        let Some(left) = self.replay.get_mut(&(time, line.text.as_str().into())) else { return false };
        let repeat = *left > 0;
        *left = left.saturating_sub(1);
        repeat
    }

    pub(super) fn note(&mut self, line: &LogLine) {
        self.last = self.last.max(line.time);
    }
}

fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
