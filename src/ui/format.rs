//! Numbers and names as people read them.

use jiff::{SignedDuration, Timestamp};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub(super) use crate::domain::words::count;

/// `now`, `12s`, `4m`, `2h`, `3d`, `5w`: one unit.
pub(super) fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs();
    match seconds {
        ..5 => "now".to_owned(),
        5..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..1_209_600 => format!("{}d", seconds / 86_400),
        _ => format!("{}w", seconds / 604_800),
    }
}

/// The same in a sentence: `just now`, `12s ago`.
pub(super) fn ago(since: Timestamp, now: Timestamp) -> String {
    match age(since, now).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// `34s`, `1m 12s`: how long something took.
pub(crate) fn span(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// `12:04:31` in the zone of the reader.
pub(super) fn clock(time: Timestamp) -> String {
    local(time).strftime("%H:%M:%S").to_string()
}

/// `12:04` in the zone of the reader.
pub(super) fn hour(time: Timestamp) -> String {
    local(time).strftime("%H:%M").to_string()
}

/// The day of the reader that a time falls on.
pub(super) fn day(time: Timestamp) -> jiff::civil::Date {
    local(time).date()
}

/// `today`, `yesterday`, `17 Nov`.
pub(super) fn day_name(time: Timestamp, now: Timestamp) -> String {
    let (day, today) = (day(time), day(now));
    if day == today {
        "today".to_owned()
    } else if today.yesterday().is_ok_and(|yesterday| yesterday == day) {
        "yesterday".to_owned()
    } else {
        local(time).strftime("%-d %b").to_string()
    }
}

/// `12:04:31` today, `17 Nov` before.
pub(super) fn moment(time: Timestamp, now: Timestamp) -> String {
    if day(time) == day(now) { clock(time) } else { day_name(time, now) }
}

fn local(time: Timestamp) -> jiff::Zoned {
    time.to_zoned(jiff::tz::TimeZone::system())
}

/// The text cut at its end to so many columns.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = take(text.graphemes(true), width.saturating_sub(1));
    if width > 0 {
        out.push('…');
    }
    out
}

/// What narrows a list, as its title tells it; nothing where nothing does.
pub(super) fn filtered(filter: &str) -> String {
    if filter.is_empty() { String::new() } else { format!(" · filter {filter}") }
}

/// What tells a pod from its siblings: the last characters of its name, or its ordinal with what it is one of.
pub(super) fn pod(name: &str, width: usize) -> String {
    let last = name.rsplit('-').next().unwrap_or(name);
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return cut_middle(name, width);
    }
    last.chars().skip(last.chars().count().saturating_sub(width)).collect()
}

/// The text cut in its middle, because the endings of names tell siblings apart.
pub(super) fn cut_middle(text: &str, width: usize) -> String {
    if text.width() <= width || width < 5 {
        return cut(text, width);
    }
    let head = (width - 1) * 2 / 5;
    let tail = width - 1 - head;
    let front = take(text.graphemes(true), head);
    let back: Vec<&str> = {
        let mut used = 0;
        let mut kept: Vec<&str> = Vec::new();
        for grapheme in text.graphemes(true).rev() {
            used += grapheme.width();
            if used > tail {
                break;
            }
            kept.push(grapheme);
        }
        kept.reverse();
        kept
    };
    format!("{front}…{}", back.concat())
}

fn take<'a>(graphemes: impl Iterator<Item = &'a str>, width: usize) -> String {
    let mut used = 0;
    let mut out = String::new();
    for grapheme in graphemes {
        used += grapheme.width();
        if used > width {
            break;
        }
        out.push_str(grapheme);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{START, later};

    #[test]
    fn ages_have_one_unit() {
        let ages = [0, 12, 240, 7_200, 259_200, 3_024_000].map(|seconds| age(START, later(seconds)));
        assert_eq!(ages, ["now", "12s", "4m", "2h", "3d", "5w"]);
    }

    #[test]
    fn a_name_keeps_both_ends_and_its_width() {
        assert_eq!(cut_middle("recommendation-feed-builder", 20), "recomme…feed-builder");
        assert_eq!(cut("версия", 4), "вер…");
        assert!(cut_middle("世界世界世界世界", 7).width() <= 7);
    }
}
