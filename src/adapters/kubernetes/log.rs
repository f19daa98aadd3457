//! Logs, streamed: bounded memory, cleaned lines, small batches.

use std::time::Duration;

use tokio::time::Instant;

use super::call::{Call, HEAD_LIMIT};
use super::connect::Link;
use super::lines::{self, RawLine, Splitter};
use super::{escaped, resources};
use crate::domain::fault::Fault;
use crate::domain::text::clean;
use crate::ports::cluster::{LogLine, LogRequest, LogSink};

/// What is kept of a line.
const LONGEST_LINE: usize = 64 << 10;
const BATCH: usize = 256;
const BATCH_TIME: Duration = Duration::from_millis(20);

pub(super) async fn stream(link: &Link, request: &LogRequest, sink: &LogSink) -> Result<(), Fault> {
    let doing = format!("read the log of {}/{} in {}", request.pod, request.container, request.namespace);
    let mut body = link.send(&Call::get(path(request), doing.clone()), HEAD_LIMIT).await?.into_body();
    let mut splitter = Splitter::new(LONGEST_LINE);
    let mut ready: Vec<RawLine> = Vec::new();
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
        let end = match piece {
            Ok(Some(piece)) => {
                splitter.push(piece.as_ref(), &mut ready);
                None
            }
            Ok(None) => {
                ready.extend(splitter.rest());
                Some(Ok(()))
            }
            // Half a line is dropped: it comes again in whole when the log is reopened.
            Err(fault) => Some(Err(fault)),
        };
        for raw in ready.drain(..) {
            if batch.is_empty() {
                due = Instant::now() + BATCH_TIME;
            }
            batch.push(line(&raw));
            if batch.len() == BATCH && !sink(std::mem::take(&mut batch)).await {
                return Ok(());
            }
        }
        if let Some(end) = end {
            if !batch.is_empty() {
                sink(batch).await;
            }
            return end;
        }
    }
}

fn path(request: &LogRequest) -> String {
    let pods = resources("pods", "api/v1", Some(&request.namespace));
    let mut path =
        format!("{pods}/{}/log?container={}&timestamps=true", escaped(&request.pod), escaped(&request.container));
    let mut add = |name: &str, value: &str| path.extend(["&", name, "=", &escaped(value)]);
    if request.follow {
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
fn line(raw: &RawLine) -> LogLine {
    let text = String::from_utf8_lossy(&raw.bytes);
    let (time, text) = match text.split_once(' ') {
        Some((time, rest)) => time.parse().map_or((None, &*text), |time| (Some(time), rest)),
        None => text.parse().map_or((None, &*text), |time| (Some(time), "")),
    };
    let text = text.strip_suffix('\r').unwrap_or(text).replace('\t', "    ");
    let mut text = clean(&text).into_owned();
    if raw.length > raw.bytes.len() {
        text += &format!("… (cut, {:.1} MB)", raw.length as f64 / 1e6);
    }
    LogLine { time, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], length: usize) -> LogLine {
        line(&RawLine { bytes: bytes.to_vec(), length })
    }

    #[test]
    fn a_line_keeps_its_time_and_indentation_and_loses_its_colours() {
        let line = read(b"2026-01-02T03:04:05.123456789Z \t  at \x1b[31mmain\x1b[0m\xff\r", 0);
        assert_eq!(line.text, "      at main\u{fffd}");
        assert_eq!(line.time.unwrap().to_string(), "2026-01-02T03:04:05.123456789Z");
    }

    #[test]
    fn a_line_without_time_is_all_text() {
        assert_eq!(read(b"plain words", 0), LogLine { time: None, text: "plain words".into() });
    }

    #[test]
    fn a_cut_line_says_how_long_it_was() {
        assert_eq!(read(b"abc", 10_000_000).text, "abc… (cut, 10.0 MB)");
    }
}
