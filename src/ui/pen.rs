//! Writing into the buffer: clipped, cleaned, in the look of the session.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::look::{Ground, Look, Token};
use super::signs;
use crate::actions::keymap::Keymap;
use crate::actions::{Action, Scope};
use crate::app::focus;
use crate::app::geometry::Area;
use crate::app::model::{Model, Overlay};
use crate::app::touch::{Drawn, Touch};
use crate::config::Colors;
use crate::domain::text::clean;

/// A pen on a buffer, which knows the keys in force and keeps where it wrote what can be touched.
pub(super) struct Pen<'a> {
    pub(super) buf: &'a mut Buffer,
    pub(super) look: Look,
    pub(super) drawn: Drawn,
    keymap: &'a Keymap,
    typing: bool,
    /// Rows above the hints that no notice may cover.
    pub(super) foot: u16,
    /// Nothing is written beyond.
    within: Rect,
}

impl<'a> Pen<'a> {
    pub(super) fn new(buf: &'a mut Buffer, look: Look, model: &'a Model) -> Self {
        let typing = focus::is_typing(model) && matches!(model.overlays.last(), None | Some(Overlay::Prompt(_)));
        let within = buf.area;
        Self { buf, look, drawn: Drawn::default(), keymap: &model.keymap, typing, foot: 0, within }
    }

    /// From now on keys are told as they work in the box on top; what lies behind it keeps its own.
    pub(super) fn over(&mut self, model: &Model) {
        self.typing = focus::is_typing(model);
    }

    /// From now on only the inside of this frame is written on.
    pub(super) fn inside(&mut self, frame: Area) {
        let inner = Rect::new(frame.x + 1, frame.y + 1, frame.width.saturating_sub(2), frame.height.saturating_sub(2));
        self.within = inner.intersection(self.buf.area);
    }

    /// From now on everything may be written on again.
    pub(super) fn anywhere(&mut self) {
        self.within = self.buf.area;
    }

    /// The key of an action as it works now; of a plan, while a name is typed, it is held with alt.
    pub(super) fn key(&self, action: Action) -> String {
        let (bare, typing) = (self.keymap.hint(action), self.keymap.typing_hint(action));
        match action.spec().scope {
            _ if !self.typing => bare,
            Scope::Plan if typing.is_empty() && !bare.is_empty() => format!("alt-{bare}"),
            _ => typing,
        }
    }

    /// Notes what a click on this place means.
    pub(super) fn touch(&mut self, area: Area, touch: Touch) {
        self.drawn.touches.push((area, touch));
    }

    /// A key and what it does, which a click does too; nothing where the action has no key. Returns where it ends.
    pub(super) fn hint(&mut self, x: u16, y: u16, action: Action, word: &str) -> u16 {
        self.hint_in(x, y, action, word, Token::Accent)
    }

    /// The same with the key in another colour.
    pub(super) fn hint_in(&mut self, x: u16, y: u16, action: Action, word: &str, token: Token) -> u16 {
        let key = self.key(action);
        if key.is_empty() {
            return x;
        }
        let style = self.look.style(token).add_modifier(Modifier::BOLD);
        let right = self.within.right();
        // Half of a hint tells nothing.
        if x.saturating_add((key.width() + 1 + word.width()) as u16) > right {
            return x;
        }
        let end = self.styled(x, y, &key, style, right.saturating_sub(x));
        let end = self.text(end + 1, y, word, Token::Muted, right.saturating_sub(end + 1));
        self.touch(Area::new(x, y, end.saturating_sub(x), 1), Touch::Do(action));
        end
    }

    /// Two keys that do the same thing in two directions.
    pub(super) fn hint_pair(&mut self, x: u16, y: u16, pair: (Action, Action), word: &str) -> u16 {
        let x = self.hint(x, y, pair.0, "");
        self.hint(x, y, pair.1, word)
    }

    /// Columns of a hint with the space after it.
    pub(super) fn hint_width(&self, action: Action, word: &str) -> u16 {
        (self.key(action).width() + word.width() + 3) as u16
    }

    /// Writes a text, at most so many columns, and says where it ended.
    pub(super) fn styled(&mut self, x: u16, y: u16, text: &str, style: Style, width: u16) -> u16 {
        let area = self.within;
        if y < area.top() || y >= area.bottom() || x >= area.right() || width == 0 {
            return x;
        }
        let text = clean(text);
        let shown = super::format::cut(&text, usize::from(width.min(area.right() - x)));
        let shown = match self.look.quarter {
            _ if self.look.ascii => signs::plain(&shown),
            0 => shown,
            quarter => shown.replace('◐', signs::turned(quarter)),
        };
        self.sever(x, y);
        self.buf.set_stringn(x, y, &shown, usize::from(width), style).0
    }

    /// A sign of two columns whose second half is written over goes whole, or it would hang over what is written.
    fn sever(&mut self, x: u16, y: u16) {
        if let Some(cell) = x.checked_sub(1).and_then(|left| self.buf.cell_mut((left, y)))
            && cell.symbol().width() > 1
        {
            cell.set_symbol(" ");
        }
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
            self.sever(rect.left(), y);
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
        Rect::new(area.x, area.y, area.width, area.height).intersection(self.within)
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
        let state = rule.state.width() as u16;
        let full = area.right().saturating_sub(3);
        // What stands at the right is worth more than the end of the note.
        let end = if state > 0 && area.width > state + 30 { full.saturating_sub(state + 3) } else { full };
        let mut x = self.text(area.x + 2, y, " ", Token::Muted, 1);
        for tab in rule.tabs {
            let here = tab.title == rule.title;
            x = if here { self.title(x, y, end, rule) } else { self.tab(x, y, end, *tab) };
        }
        if rule.tabs.is_empty() {
            x = self.title(x, y, end, rule);
        }
        if !rule.note.is_empty() {
            x = self.text(x, y, "  ", Token::Muted, end.saturating_sub(x));
            x = self.text(x, y, rule.note, Token::Muted, end.saturating_sub(x));
        }
        x = self.text(x, y, " ", Token::Muted, full.saturating_sub(x));
        let width = state.saturating_add(2);
        if state > 0 && x + width < area.right() {
            let at = area.right() - 2 - width;
            self.text(at, y, " ", Token::Muted, 1);
            let at = self.text(at + 1, y, rule.state, rule.state_token, width);
            self.text(at, y, " ", Token::Muted, 1);
        }
    }

    fn title(&mut self, x: u16, y: u16, end: u16, rule: &Rule<'_>) -> u16 {
        let mut x = x;
        if let Some(key) = rule.key.map(|action| self.keymap.hint(action)).filter(|key| !key.is_empty()) {
            x = self.text(x, y, &key, Token::Muted, end.saturating_sub(x));
            x = self.text(x, y, " ", Token::Muted, end.saturating_sub(x));
        }
        let token = if rule.focused { Token::Accent } else { Token::Text };
        let bold = self.look.style(token).add_modifier(Modifier::BOLD);
        self.styled(x, y, rule.title, bold, end.saturating_sub(x))
    }

    /// The other pane that has its place here: its key and its name, a click away.
    fn tab(&mut self, x: u16, y: u16, end: u16, tab: Tab) -> u16 {
        let text = format!("{} {}", self.keymap.hint(tab.key), tab.title);
        let (before, after) = if tab.first { ("", "  ") } else { ("  ", "") };
        let at = self.text(x, y, before, Token::Muted, end.saturating_sub(x));
        let stop = self.text(at, y, text.trim_start(), Token::Muted, end.saturating_sub(at));
        self.touch(Area::new(at, y, stop.saturating_sub(at), 1), Touch::Do(tab.key));
        self.text(stop, y, after, Token::Muted, end.saturating_sub(stop))
    }

    /// A line between panes.
    pub(super) fn separator(&mut self, x: u16, area: Area) {
        for y in area.y..area.bottom() {
            self.text(x, y, "│", Token::Line, 1);
        }
    }

    /// Where that line meets rules: light, or heavy at the left or at the right, as the rule of the focused pane is.
    pub(super) fn joint(&mut self, (x, y): (u16, u16), signs: [&str; 3], (left, right): (bool, bool)) {
        let (sign, token) = match (left, right) {
            (true, _) => (signs[1], Token::Accent),
            (_, true) => (signs[2], Token::Accent),
            (false, false) => (signs[0], Token::Line),
        };
        self.text(x, y, sign, token, 1);
    }

    /// The edge of something that lies on the screen, or is quoted on it.
    pub(super) fn edge(&mut self, x: u16, y: u16, token: Token) {
        self.text(x, y, if self.look.ascii { "|" } else { "▌" }, token, 1);
    }

    /// What a part of a bar is drawn with: what only begins is dashed, for a full line is what is done; where colours do
    /// not tell the other parts apart, their signs do.
    fn stroke(&self, token: Token) -> &'static str {
        match token {
            Token::Line if self.look.bare() || self.look.ascii => "─",
            Token::Prog => "╍",
            Token::Fail if self.look.colors == Colors::None => "×",
            _ => "━",
        }
    }

    /// A bar of one row: parts with their tokens, and the rest as a hairline.
    pub(super) fn bar(&mut self, x: u16, y: u16, width: u16, parts: &[(u32, Token)], total: u32) {
        let style = self.look.style(Token::Line);
        let sign = self.stroke(Token::Line);
        for column in x..x.saturating_add(width) {
            self.styled(column, y, sign, style, 1);
        }
        let mut at = x;
        for (number, token) in parts.iter().filter(|(number, _)| *number > 0) {
            let share = u32::from(width) * number / total.max(1);
            let cells = u16::try_from(share).unwrap_or(width).max(1).min((x + width).saturating_sub(at));
            let (style, sign) = (self.look.style(*token), self.stroke(*token));
            for column in at..at + cells {
                self.styled(column, y, sign, style, 1);
            }
            at += cells;
        }
    }
}

/// What a titled rule says.
pub(super) struct Rule<'a> {
    /// The action that comes here.
    pub(super) key: Option<Action>,
    pub(super) title: &'a str,
    /// Both panes that share the place, where they do.
    pub(super) tabs: &'a [Tab],
    pub(super) note: &'a str,
    pub(super) state: &'a str,
    pub(super) state_token: Token,
    pub(super) focused: bool,
}

/// One of two panes that share a place.
#[derive(Clone, Copy)]
pub(super) struct Tab {
    pub(super) key: Action,
    pub(super) title: &'static str,
    pub(super) first: bool,
}

/// The panes that share the lower place of narrow screens.
pub(super) const TABS: [Tab; 2] = [
    Tab { key: Action::FocusDependencies, title: "Dependencies", first: true },
    Tab { key: Action::FocusLogs, title: "Logs", first: false },
];

impl Default for Rule<'_> {
    fn default() -> Self {
        Self { key: None, title: "", tabs: &[], note: "", state: "", state_token: Token::Muted, focused: false }
    }
}
