//! Lines of a body that never ends, read with bounded memory.

use http_body_util::BodyExt;
use kube::client::Body;
use memchr::memchr;

use super::fault;
use crate::domain::fault::Fault;

/// A line, or the beginning of one that was too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RawLine {
    pub(super) bytes: Vec<u8>,
    /// Its whole length, which is more than `bytes` holds when it was cut.
    pub(super) length: usize,
}

/// Splits what comes in into lines and keeps at most `longest` bytes of each.
#[derive(Debug)]
pub(super) struct Splitter {
    longest: usize,
    open: Vec<u8>,
    length: usize,
}

impl Splitter {
    pub(super) fn new(longest: usize) -> Self {
        Self { longest, open: Vec::new(), length: 0 }
    }

    /// Takes bytes in and gives every line that they complete to `out`.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut impl Extend<RawLine>) {
        self.each(bytes, |bytes, length| out.extend(Some(RawLine { bytes: bytes.to_vec(), length })));
    }

    /// Calls `out` with what is kept of every line that the bytes complete, and its whole length. A line that came in one
    /// piece is not copied.
    pub(super) fn each(&mut self, mut bytes: &[u8], mut out: impl FnMut(&[u8], usize)) {
        while let Some(end) = memchr(b'\n', bytes) {
            let line = &bytes[..end];
            bytes = &bytes[end + 1..];
            if self.length == 0 {
                out(&line[..line.len().min(self.longest)], line.len());
                continue;
            }
            self.keep(line);
            out(&self.open, self.length);
            self.open.clear();
            self.length = 0;
        }
        self.keep(bytes);
    }

    /// What came after the last line end.
    pub(super) fn rest(&mut self) -> Option<RawLine> {
        if self.length == 0 { None } else { self.take() }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.length += bytes.len();
        let room = self.longest.saturating_sub(self.open.len());
        self.open.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    #[expect(clippy::unnecessary_wraps, reason = "an Option is what a line at the end and `extend` both want")]
    fn take(&mut self) -> Option<RawLine> {
        let length = std::mem::take(&mut self.length);
        Some(RawLine { bytes: std::mem::take(&mut self.open), length })
    }
}

/// The next piece of a body; `None` at its end.
pub(super) async fn piece(body: &mut Body, doing: &str) -> Result<Option<impl AsRef<[u8]> + use<>>, Fault> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| fault::unreachable(&error, doing))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(longest: usize, pieces: &[&str]) -> Vec<(String, usize)> {
        let mut splitter = Splitter::new(longest);
        let mut out = Vec::new();
        for piece in pieces {
            splitter.push(piece.as_bytes(), &mut out);
        }
        out.extend(splitter.rest());
        out.into_iter().map(|line| (String::from_utf8(line.bytes).unwrap(), line.length)).collect()
    }

    #[test]
    fn lines_are_joined_over_pieces() {
        assert_eq!(
            lines(9, &["a", "b\nc\n\nd"]),
            [("ab".into(), 2), ("c".into(), 1), (String::new(), 0), ("d".into(), 1)]
        );
    }

    #[test]
    fn a_long_line_is_kept_in_part_and_counted_in_full() {
        assert_eq!(lines(3, &["abcdef", "ghi\nxy\n"]), [("abc".into(), 9), ("xy".into(), 2)]);
    }
}
