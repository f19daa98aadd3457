//! Logs, streamed: bounded memory, cleaned lines, small batches.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use kube::client::Body;
use tokio::time::Instant;

use super::call::{Call, HEAD_LIMIT};
use super::connect::Link;
use super::lines::{self, Splitter};
use super::{escaped, resources};
use crate::domain::fault::Fault;
use crate::domain::text::clean;
use crate::ports::cluster::{LogLine, LogRequest, LogSink};

/// What is kept of a line.
const LONGEST_LINE: usize = 64 << 10;
/// When a followed log without an answer is taken to be silent, and when it is asked for again after all.
const SILENT_AFTER: Duration = Duration::from_secs(3);
const SILENCE_LIMIT: Duration = Duration::from_mins(1);
const BATCH: usize = 256;
const BATCH_TIME: Duration = Duration::from_millis(20);

pub(super) async fn stream(link: &Link, request: &LogRequest, sink: &LogSink) -> Result<(), Fault> {
    let doing = format!("read the log of {}/{} in {}", request.pod, request.container, request.namespace);
    let Some(mut body) = open(link, request, &doing, sink).await? else { return Ok(()) };
    let (mut splitter, mut clock) = (Splitter::new(LONGEST_LINE), Clock::default());
    let mut batch: Vec<LogLine> = Vec::new();
    let mut due = Instant::now();
    loop {
        let piece = tokio::select! {
            biased;
            () = tokio::time::sleep_until(due), if !batch.is_empty() => {
                if !sink(std::mem::take(&mut batch)).await {
                    return Ok(());
                }
                continue;
            }
            piece = lines::piece(&mut body, &doing) => piece,
        };
        if batch.is_empty() {
            due = Instant::now() + BATCH_TIME;
        }
        let end = match piece {
            Ok(Some(piece)) => {
                splitter.each(piece.as_ref(), |bytes, length| batch.push(line(&mut clock, bytes, length)));
                None
            }
            Ok(None) => {
                batch.extend(splitter.rest().map(|rest| line(&mut clock, &rest.bytes, rest.length)));
                Some(Ok(()))
            }
            // Half a line is dropped: it comes again in whole when the log is reopened.
            Err(fault) => Some(Err(fault)),
        };
        if (batch.len() >= BATCH || end.is_some() && !batch.is_empty()) && !sink(std::mem::take(&mut batch)).await {
            return Ok(());
        }
        if let Some(end) = end {
            return end;
        }
    }
}

/// The log's body; `None`: nobody listens any more, or nothing was written for long. A log may be silent for hours: that
/// it is open is told at once.
async fn open(link: &Link, request: &LogRequest, doing: &str, sink: &LogSink) -> Result<Option<Body>, Fault> {
    let call = Call::get(path(request), doing.to_owned());
    if !request.follow {
        let answer = link.send(&call, HEAD_LIMIT).await?;
        return Ok(sink(Vec::new()).await.then(|| answer.into_body()));
    }
    // A node answers with the first line: of a container that has yet to write there is no answer.
    let mut answer = std::pin::pin!(link.send(&call, Duration::MAX));
    let quick = tokio::time::timeout(SILENT_AFTER, answer.as_mut()).await;
    let quick = quick.ok().transpose()?;
    if !sink(Vec::new()).await {
        return Ok(None);
    }
    if let Some(answer) = quick {
        return Ok(Some(answer.into_body()));
    }
    // An end as any other: the log is opened again while its container runs, on a connection that is alive.
    let late = tokio::time::timeout(SILENCE_LIMIT, answer).await;
    Ok(late.ok().transpose()?.map(http::Response::into_body))
}

fn path(request: &LogRequest) -> String {
    let pods = resources("pods", "api/v1", Some(&request.namespace));
    let mut path =
        format!("{pods}/{}/log?container={}&timestamps=true", escaped(&request.pod), escaped(&request.container));
    let mut add = |name: &str, value: &str| path.extend(["&", name, "=", &escaped(value)]);
    // A run that is over has nothing to follow.
    if request.follow && !request.previous {
        add("follow", "true");
    }
    if request.previous {
        add("previous", "true");
    }
    if let Some(lines) = request.tail {
        add("tailLines", &lines.to_string());
    }
    // The server takes only one of both.
    if let Some(time) = request.since_time {
        add("sinceTime", &time.to_string());
    } else if let Some(since) = request.since {
        add("sinceSeconds", &since.as_secs().max(1).to_string());
    }
    path
}

/// A line as the API sends it: its time, a space, its text.
fn line(clock: &mut Clock, bytes: &[u8], length: usize) -> LogLine {
    // `from_utf8_lossy` looks at one byte after the other; this does not, and nearly every line passes.
    let whole = std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    let (time, text) = match whole.split_once(' ') {
        Some((time, rest)) => clock.read(time).map_or((None, &*whole), |time| (Some(time), rest)),
        None => clock.read(&whole).map_or((None, &*whole), |time| (Some(time), "")),
    };
    let mut text = cleaned(text.strip_suffix('\r').unwrap_or(text));
    let cut = length > bytes.len();
    if cut {
        text += &format!("… (cut, {:.1} MB)", length as f64 / 1e6);
    }
    LogLine { time, text, cut }
}

/// Reads times. Of thousands of lines within a second only the first is read in full.
#[derive(Default)]
struct Clock {
    /// `2026-01-02T03:04:05`, and the second that it is.
    last: Option<([u8; 19], i64)>,
}

impl Clock {
    fn read(&mut self, text: &str) -> Option<Timestamp> {
        let (head, tail) = text.as_bytes().split_first_chunk::<19>()?;
        if let Some((last, second)) = &self.last
            && last == head
            && let Some(nanosecond) = fraction(tail)
        {
            return Timestamp::new(*second, nanosecond).ok();
        }
        let time: Timestamp = text.parse().ok()?;
        if fraction(tail).is_some() {
            self.last = Some((*head, time.as_second()));
        }
        Some(time)
    }
}

/// The nanoseconds of `.123456789Z`, which may have fewer digits, or none.
fn fraction(tail: &[u8]) -> Option<i32> {
    let digits = match tail.strip_suffix(b"Z")? {
        [] => return Some(0),
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => digits,
        _ => return None,
    };
    let whole = digits
        .iter()
        .try_fold(0i32, |sum, digit| Some(sum * 10 + i32::from(digit.checked_sub(b'0').filter(|it| *it < 10)?)));
    Some(whole? * 10i32.pow(9 - digits.len() as u32))
}

/// Without what could steer a terminal. Tabs stay: they are what indents stack traces and separates columns.
fn cleaned(text: &str) -> String {
    // No early end, so that the compiler looks at many bytes at once.
    if text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~' | b'\t')) {
        return text.to_owned();
    }
    let mut parts = text.split('\t').map(clean);
    let first = parts.next().unwrap_or_default().into_owned();
    parts.fold(first, |text, part| text + "\t" + &part)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> LogLine {
        line(&mut Clock::default(), bytes, bytes.len())
    }

    #[test]
    fn a_line_keeps_its_time_and_indentation_and_loses_its_colours() {
        let line = read(b"2026-01-02T03:04:05.123456789Z \t  at \x1b[31mmain\x1b[0m\xff\r");
        assert_eq!(line.text, "\t  at main\u{fffd}");
        assert_eq!(line.time.unwrap().to_string(), "2026-01-02T03:04:05.123456789Z");
    }

    #[test]
    fn a_line_without_time_is_all_text() {
        let text = "plain words".to_owned();
        assert_eq!(read(b"plain words"), LogLine { time: None, text, cut: false });
    }

    #[test]
    fn a_cut_line_says_how_long_it_was() {
        let line = line(&mut Clock::default(), b"abc", 10_000_000);
        assert_eq!((line.text.as_str(), line.cut), ("abc… (cut, 10.0 MB)", true));
    }

    #[test]
    fn a_progress_bar_does_not_write_over_itself() {
        assert_eq!(read(b"2026-01-02T03:04:05Z 10%\r20%\r100%").text, "10% 20% 100%");
    }

    proptest! {
        #[test]
        fn a_time_is_read_the_same_whether_its_second_is_known_or_not(second in 0i64..4_000_000_000, ns in 0i32..1_000_000_000) {
            let mut clock = Clock::default();
            for time in [Timestamp::new(second, 0), Timestamp::new(second, ns), Timestamp::new(second + 1, ns)] {
                let time = time.unwrap();
                for text in [time.to_string(), format!("{time:.9}"), format!("{time:.3}")] {
                    prop_assert_eq!(clock.read(&text), text.parse().ok());
                }
            }
            prop_assert_eq!(clock.read("2026-01-02T03:04:05+02:00"), "2026-01-02T01:04:05Z".parse().ok());
            prop_assert_eq!(clock.read("2026-01-02T03:04:0"), None);
        }

        #[test]
        fn no_byte_of_a_log_can_steer_a_terminal(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = read(&bytes).text;
            prop_assert!(!text.chars().any(|c| c != '\t' && crate::domain::text::is_unsafe(c)), "{text:?}");
        }

        #[test]
        fn no_text_of_a_log_can_steer_a_terminal(text in "(\\PC|[\u{1b}\u{9b}\u{202e}\u{200b}\t\r\u{7}\\[\\]m0-9;]){0,60}") {
            let text = read(text.as_bytes()).text;
            prop_assert!(!text.chars().any(|c| c != '\t' && crate::domain::text::is_unsafe(c)), "{text:?}");
        }
    }
}
