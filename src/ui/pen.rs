//! Writing into the buffer: clipped, cleaned, in the look of the session.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::look::{Ground, Look, Token};
use super::signs;
use crate::app::geometry::Area;
use crate::domain::text::clean;

/// A pen on a buffer.
pub(super) struct Pen<'a> {
    pub(super) buf: &'a mut Buffer,
    pub(super) look: Look,
}

impl Pen<'_> {
    /// Writes a text, at most so many columns, and says where it ended.
    pub(super) fn styled(&mut self, x: u16, y: u16, text: &str, style: Style, width: u16) -> u16 {
        let area = self.buf.area;
        if y >= area.bottom() || x >= area.right() || width == 0 {
            return x;
        }
        let text = clean(text);
        let shown = super::format::cut(&text, usize::from(width.min(area.right() - x)));
        let shown = match self.look.quarter {
            _ if self.look.ascii => signs::plain(&shown),
            0 => shown,
            quarter => shown.replace('◐', signs::turned(quarter)),
        };
        self.buf.set_stringn(x, y, &shown, usize::from(width), style).0
    }

    pub(super) fn text(&mut self, x: u16, y: u16, text: &str, token: Token, width: u16) -> u16 {
        let style = self.look.style(token);
        self.styled(x, y, text, style, width)
    }

    /// Writes so that the text ends before `right`; says where it begins.
    pub(super) fn right(&mut self, right: u16, y: u16, text: &str, token: Token) -> u16 {
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        let x = right.saturating_sub(width);
        self.text(x, y, text, token, width);
        x
    }

    /// Fills an area with a ground and nothing on it.
    pub(super) fn fill(&mut self, area: Area, ground: Ground) {
        let rect = self.rect(area);
        let style = self.look.ground(ground);
        for y in rect.top()..rect.bottom() {
            for x in rect.left()..rect.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }

    /// Puts a ground under what is written.
    pub(super) fn under(&mut self, area: Area, ground: Ground) {
        let rect = self.rect(area);
        let style = self.look.ground(ground);
        self.buf.set_style(rect, style);
    }

    fn rect(&self, area: Area) -> Rect {
        Rect::new(area.x, area.y, area.width, area.height).intersection(self.buf.area)
    }

    /// A titled rule: `── 2 Services  note ───── state ──`.
    pub(super) fn rule(&mut self, area: Area, rule: &Rule<'_>) {
        if area.height == 0 || area.width < 8 {
            return;
        }
        let (sign, line) = if rule.focused { ("━", Token::Accent) } else { ("─", Token::Line) };
        let style = self.look.style(line);
        for x in area.x..area.right() {
            self.styled(x, area.y, sign, style, 1);
        }
        let y = area.y;
        let end = area.right().saturating_sub(3);
        let room = |x: u16| end.saturating_sub(x);
        let mut x = area.x + 2;
        x = self.text(x, y, " ", Token::Muted, 1);
        if !rule.key.is_empty() {
            x = self.text(x, y, rule.key, Token::Muted, room(x));
            x = self.text(x, y, " ", Token::Muted, 1);
        }
        let title = if rule.focused { Token::Accent } else { Token::Text };
        let bold = self.look.style(title).add_modifier(ratatui::style::Modifier::BOLD);
        x = self.styled(x, y, rule.title, bold, room(x));
        if !rule.note.is_empty() {
            x = self.text(x, y, "  ", Token::Muted, room(x));
            x = self.text(x, y, rule.note, Token::Muted, room(x));
        }
        x = self.text(x, y, " ", Token::Muted, room(x));
        let width = u16::try_from(rule.state.width()).unwrap_or(u16::MAX).saturating_add(2);
        if !rule.state.is_empty() && x + width < area.right() {
            let at = area.right() - 2 - width;
            self.text(at, y, " ", Token::Muted, 1);
            let at = self.text(at + 1, y, rule.state, rule.state_token, width);
            self.text(at, y, " ", Token::Muted, 1);
        }
    }

    /// A bar of one row: parts with their tokens, and the rest as a hairline.
    pub(super) fn bar(&mut self, x: u16, y: u16, width: u16, parts: &[(u32, Token)], total: u32) {
        let style = self.look.style(Token::Line);
        for column in x..x.saturating_add(width) {
            self.styled(column, y, "━", style, 1);
        }
        let mut at = x;
        for (number, token) in parts.iter().filter(|(number, _)| *number > 0) {
            let share = u32::from(width) * number / total.max(1);
            let cells = u16::try_from(share).unwrap_or(width).max(1).min((x + width).saturating_sub(at));
            let style = self.look.style(*token);
            for column in at..at + cells {
                self.styled(column, y, "━", style, 1);
            }
            at += cells;
        }
    }
}

/// What a titled rule says.
pub(super) struct Rule<'a> {
    pub(super) key: &'a str,
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    pub(super) state: &'a str,
    pub(super) state_token: Token,
    pub(super) focused: bool,
}

impl Default for Rule<'_> {
    fn default() -> Self {
        Self { key: "", title: "", note: "", state: "", state_token: Token::Muted, focused: false }
    }
}
