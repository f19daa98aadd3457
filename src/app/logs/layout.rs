//! How a line lies on the screen: what is shown of it, and where it breaks.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::fields::Fields;
use super::level::Level;

/// Columns from one tab stop to the next.
const TAB: usize = 4;

/// What is shown of a line, and which parts of that are names of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) text: String,
    pub(super) keys: Vec<Range<usize>>,
}

impl Shown {
    /// A line as fields where it has some and that is wanted, else as it came; without the level that has a column.
    pub(super) fn of(text: &str, level: Option<Level>, fields: bool) -> Self {
        match Fields::of(text, true).filter(|_| fields) {
            Some(fields) => Self::of_fields(fields),
            None => Self { text: on_screen(without_level(text, level)), keys: Vec::new() },
        }
    }

    fn of_fields(fields: Fields) -> Self {
        let mut shown = Self { text: fields.message.map(|text| one_line(&text)).unwrap_or_default(), keys: Vec::new() };
        for (key, value) in fields.rest {
            if !shown.text.is_empty() {
                shown.text.push_str("  ");
            }
            let start = shown.text.len();
            shown.text.push_str(&one_line(&key));
            shown.text.push('=');
            shown.keys.push(start..shown.text.len());
            shown.text.push_str(&one_line(&value));
        }
        shown
    }
}

/// Escapes in JSON may hold what a line of text cannot.
fn one_line(text: &str) -> String {
    crate::domain::text::clean(text).into_owned()
}

/// The level stands in its own column: at the start of the text it would be said twice.
fn without_level(text: &str, level: Option<Level>) -> &str {
    let Some(word) = level.map(|level| level.word().trim_end()) else { return text };
    let Some(rest) = text.strip_prefix(word).filter(|rest| rest.starts_with([' ', ':', '\t'])) else { return text };
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    // Short words are padded to five columns; what is more than that is indentation.
    let padding = rest.bytes().take(6 - word.len()).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &rest[padding..]
}

/// A text as it can be drawn: tabs expanded, everything that could steer a terminal gone.
pub(super) fn on_screen(text: &str) -> String {
    one_line(&expand(text))
}

/// Tabs as the spaces that they stand for.
fn expand(text: &str) -> String {
    if !text.contains('\t') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut column = 0;
    for (index, part) in text.split('\t').enumerate() {
        if index > 0 {
            let spaces = TAB - column % TAB;
            out.extend(std::iter::repeat_n(' ', spaces));
            column += spaces;
        }
        out.push_str(part);
        column += width(part);
    }
    out
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// The rows of a text in so many columns: broken after words where there are some, else wherever the room ends, and
/// never within a character.
pub(super) fn rows(text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(2);
    let mut rows = Vec::new();
    let mut start = 0;
    loop {
        let end = start + fitting(&text[start..], columns);
        if end == text.len() {
            rows.push(start..end);
            return rows;
        }
        // Only what is more than indentation counts as a word to break after.
        let indented = text[start..].len() - text[start..].trim_start().len();
        let space = text[start + indented.min(end - start)..end].rfind(' ').map(|at| start + indented + at);
        let next_is_space = text[end..].starts_with(' ');
        let broken = if next_is_space { end } else { space.filter(|at| *at > start).unwrap_or(end) };
        rows.push(start..broken);
        start = broken + text[broken..].len() - text[broken..].trim_start_matches(' ').len();
        if start == text.len() {
            return rows;
        }
    }
}

/// How many bytes of a text fit into so many columns; at least one character, so that everything ends.
fn fitting(text: &str, columns: usize) -> usize {
    let head = &text[..text.floor_char_boundary(columns)];
    if head.is_ascii() && text.as_bytes().get(head.len()).is_none_or(u8::is_ascii) {
        return head.len();
    }
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > columns && at > 0 {
            return at;
        }
    }
    text.len()
}

/// The part of a text that is seen when so many columns are scrolled out at its left.
pub(super) fn window(text: &str, skipped: usize, columns: usize) -> Range<usize> {
    let start = if skipped == 0 { 0 } else { fitting(text, skipped) };
    let length = if columns == 0 { 0 } else { fitting(&text[start..], columns) };
    start..start + length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn broken(text: &str, columns: usize) -> Vec<&str> {
        rows(text, columns).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn lines_break_after_words_and_long_words_where_the_room_ends() {
        assert_eq!(broken("one two three", 8), ["one two", "three"]);
        assert_eq!(broken("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(broken("a abcdefghij", 4), ["a", "abcd", "efgh", "ij"]);
        assert_eq!(broken("  at indented", 10), ["  at", "indented"]);
        assert_eq!(broken("exact fit.", 10), ["exact fit."]);
        assert_eq!(broken("", 10), [""]);
    }

    #[test]
    fn wide_characters_are_never_cut() {
        assert_eq!(broken("世界世界世", 5), ["世界", "世界", "世"]);
        assert_eq!(broken("👩‍👩‍👧x", 2), ["👩‍👩‍👧", "x"]);
    }

    #[test]
    fn a_window_moves_sideways() {
        assert_eq!(window("abcdef", 2, 3), 2..5);
        assert_eq!(window("abcdef", 9, 3), 6..6);
        assert_eq!(&"世界世界"[window("世界世界", 2, 3)], "界");
    }

    #[test]
    fn tabs_reach_their_stops_and_a_level_is_said_once() {
        assert_eq!(expand("a\tbc\td"), "a   bc  d");
        assert_eq!(Shown::of("ERROR: boom", Some(Level::Error), true).text, "boom");
        assert_eq!(Shown::of("INFO    2: main", Some(Level::Info), true).text, "  2: main");
        assert_eq!(Shown::of("ERRORS found", Some(Level::Error), true).text, "ERRORS found");
    }

    #[test]
    fn what_hides_in_escapes_never_reaches_the_screen() {
        let shown = Shown::of(r#"{"msg":"a\u001b[2Jb\nc","k\u202e":"\r\t"}"#, None, true);
        assert!(!shown.text.chars().any(crate::domain::text::is_unsafe), "{shown:?}");
        assert_eq!(&shown.text[shown.keys[0].clone()], "k=");
    }

    proptest! {
        #[test]
        fn rows_fit_and_lose_only_spaces(text in "[a-c ]{0,60}|\\PC{0,40}|[世界a ]{0,40}", columns in 2usize..30) {
            let all = broken(&text, columns);
            for row in &all {
                // A cluster that is wider than the screen has a row of its own, and is clipped.
                let widths: Vec<usize> = row.graphemes(true).map(UnicodeWidthStr::width).collect();
                prop_assert!(widths.iter().sum::<usize>() <= columns || widths.len() == 1, "{row:?}");
            }
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&all.concat()), bare(&text));
        }
    }
}
