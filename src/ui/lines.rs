//! Lines made before they are drawn, so that they can be wrapped, counted and scrolled.

use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::logs;
use super::look::{Ground, Token};
use super::more::More;
use super::pen::Pen;
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::logs::{Ink, Level};
use crate::app::touch::Touch;

/// Something on a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// At a column, at most so many columns wide; zero: to the end of the line.
    Text { x: u16, width: u16, text: String, token: Token },
    /// Ends so many columns before the end of the line.
    Right { before: u16, text: String, token: Token },
    /// A bar at a column: width, parts, total.
    Bar { x: u16, width: u16, parts: Vec<(u32, Token)>, total: u32 },
    /// A key and what it does, at a column.
    Hint { x: u16, action: Action, word: &'static str },
    /// What was typed and found, at a column.
    Lit { x: u16, text: String },
    /// A piece of a quoted line of a log.
    Log { x: u16, text: String, ink: Ink, level: Option<Level> },
    /// A hairline from a column to the end.
    Rule { x: u16 },
}

/// One line, with what it lies on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    pub(super) pieces: Vec<Piece>,
    pub(super) ground: Option<Ground>,
    /// A bar of this colour at the left edge of the line's inset.
    pub(super) edge: Option<Token>,
    /// Columns by which the line is set in.
    pub(super) inset: u16,
    /// What a click on the line means.
    pub(super) touch: Option<Touch>,
}

impl Line {
    pub(super) fn text(x: u16, text: impl Into<String>, token: Token) -> Self {
        Self::default().and(x, text, token)
    }

    /// A label in a column of its own, and its value.
    pub(super) fn pair(label: &str, value: impl Into<String>, token: Token) -> Self {
        Self::text(0, label, Token::Muted).and(9, value, token)
    }

    /// A heading with a hairline to the end.
    pub(super) fn heading(title: &str) -> Self {
        let at = u16::try_from(title.width()).unwrap_or(u16::MAX).saturating_add(1);
        let mut line = Self::text(0, title, Token::Hi);
        line.pieces.push(Piece::Rule { x: at });
        line
    }

    #[must_use]
    pub(super) fn and(self, x: u16, text: impl Into<String>, token: Token) -> Self {
        self.within(x, 0, text, token)
    }

    #[must_use]
    pub(super) fn within(mut self, x: u16, width: u16, text: impl Into<String>, token: Token) -> Self {
        self.pieces.push(Piece::Text { x, width, text: text.into(), token });
        self
    }

    #[must_use]
    pub(super) fn right(self, text: impl Into<String>, token: Token) -> Self {
        self.right_before(0, text, token)
    }

    #[must_use]
    pub(super) fn right_before(mut self, before: u16, text: impl Into<String>, token: Token) -> Self {
        self.pieces.push(Piece::Right { before, text: text.into(), token });
        self
    }

    #[must_use]
    pub(super) fn bar(mut self, x: u16, width: u16, parts: Vec<(u32, Token)>, total: u32) -> Self {
        self.pieces.push(Piece::Bar { x, width, parts, total });
        self
    }
}

/// A text as lines of so many columns, broken between words; a word that is too long is broken where it must.
pub(super) fn wrapped(x: u16, text: &str, token: Token, width: u16) -> Vec<Line> {
    let room = usize::from(width.saturating_sub(x)).max(1);
    wrap(text, room).into_iter().map(|line| Line::text(x, line, token)).collect()
}

/// A text in pieces of at most so many columns.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest = word;
        loop {
            let line = lines.len() - 1;
            let used = lines[line].width();
            let gap = usize::from(used > 0);
            if used + gap + rest.width() <= width {
                lines[line].push_str(if gap == 1 { " " } else { "" });
                lines[line].push_str(rest);
                break;
            }
            if used > 0 {
                lines.push(String::new());
                continue;
            }
            let at = split_at(rest, width);
            lines[line].push_str(&rest[..at]);
            rest = &rest[at..];
            if rest.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}

/// Where a word has to be broken: before a digest and after the parts of a path where that fills some of the line, so
/// that what is read as one stays whole; at least one character goes on each line.
fn split_at(word: &str, width: usize) -> usize {
    use unicode_segmentation::UnicodeSegmentation;
    let mut used = 0;
    for (index, (at, grapheme)) in word.grapheme_indices(true).enumerate() {
        used += grapheme.width();
        if used > width && index > 0 {
            let line = &word[..at];
            let ends = [line.rfind('@'), line.rfind(['/', '=', ',']).map(|end| end + 1)];
            return ends.into_iter().flatten().filter(|end| end * 4 >= at).max().unwrap_or(at);
        }
    }
    word.len()
}

/// Draws as many lines as there is room for, from the one at `skip`.
pub(super) fn draw(pen: &mut Pen<'_>, lines: &[Line], skip: usize, area: Area) {
    for (index, line) in lines.iter().skip(skip).take(usize::from(area.height)).enumerate() {
        let y = area.y.saturating_add(u16::try_from(index).unwrap_or(u16::MAX));
        one(pen, line, Area::new(area.x + line.inset, y, area.width.saturating_sub(line.inset), 1));
    }
}

/// Draws a text that is scrolled to a line, and returns how far it can be.
pub(super) fn scrolled(pen: &mut Pen<'_>, lines: &[Line], scroll: usize, area: Area) -> usize {
    let rest = lines.len().saturating_sub(usize::from(area.height));
    draw(pen, lines, scroll.min(rest), area);
    rest
}

/// What is out of sight of a text that is scrolled to a line.
pub(super) fn more(lines: &[Line], scroll: usize, area: Area) -> More {
    let room = usize::from(area.height);
    More::of(lines.len(), scroll.min(lines.len().saturating_sub(room)), room)
}

fn one(pen: &mut Pen<'_>, line: &Line, area: Area) {
    if let Some(ground) = line.ground {
        pen.under(area, ground);
    }
    if let Some(token) = line.edge {
        pen.edge(area.x, area.y, token);
    }
    if let Some(touch) = &line.touch {
        pen.touch(area, touch.clone());
    }
    for piece in &line.pieces {
        let (at, room) = match piece {
            Piece::Text { x, width, .. } | Piece::Bar { x, width, .. } => (*x, *width),
            Piece::Rule { x } | Piece::Hint { x, .. } | Piece::Lit { x, .. } | Piece::Log { x, .. } => (*x, 0),
            Piece::Right { .. } => (0, 0),
        };
        let rest = area.width.saturating_sub(at);
        let room = if room == 0 { rest } else { room.min(rest) };
        let x = area.x + at;
        match piece {
            Piece::Text { text, token, .. } => {
                pen.text(x, area.y, text, *token, room);
            }
            Piece::Right { before, text, token } => {
                pen.right(area.right().saturating_sub(*before), area.y, text, *token);
            }
            Piece::Lit { text, .. } => {
                let style = pen.look.style(Token::Accent).add_modifier(Modifier::UNDERLINED | Modifier::BOLD);
                pen.styled(x, area.y, text, style, room);
            }
            Piece::Log { text, ink, level, .. } => {
                let style = logs::style(pen.look, *ink, *level);
                pen.styled(x, area.y, text, style, room);
            }
            Piece::Hint { action, word, .. } => {
                pen.hint(x, area.y, *action, word);
            }
            Piece::Bar { parts, total, .. } => pen.bar(x, area.y, room, parts, *total),
            Piece::Rule { .. } => {
                for column in x..area.right() {
                    pen.text(column, area.y, "─", Token::Line, 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_where_they_fit_and_are_broken_where_they_do_not() {
        assert_eq!(wrap("image not found: r/auth:v2", 16), ["image not found:", "r/auth:v2"]);
        assert_eq!(wrap("sha256:0123456789", 8), ["sha256:0", "12345678", "9"]);
        assert_eq!(wrap("api=r/auth@sha256:0123456789", 20), ["api=r/auth", "@sha256:0123456789"]);
        assert_eq!(wrap("/tmp/shipdeck/logs/auth", 16), ["/tmp/shipdeck/", "logs/auth"]);
        assert_eq!(wrap("世界世界", 5), ["世界", "世界"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
