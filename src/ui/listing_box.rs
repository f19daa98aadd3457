//! The boxes that are narrowed by typing: help, palette and menu. A row is a title and what it does in a sentence, which
//! is never cut; what cannot be done now says why.

use super::frame::open;
use super::lines::{self, Line, Piece, wrap};
use super::look::{Ground, Token};
use super::more::More;
use super::overlays::line;
use super::pen::Pen;
use super::{format, signs};
use crate::actions::Action;
use crate::app::geometry::{self, Area};
use crate::app::model::{Entry, EntryDoes, Listing, Model, Overlay};
use crate::app::overlays::listing;
use crate::app::touch::Touch;
use unicode_width::UnicodeWidthStr;

/// Columns that the box wants.
const WIDTH: u16 = 104;
/// Columns of a sign and its name.
const SIGN: u16 = 18;
/// Rows from which the signs are shown below the list.
const TALL: u16 = 26;
/// Columns of the name of a section.
const SECTION: u16 = 8;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, listing: &Listing, title: &str, area: Area) {
    let width = geometry::inside_box(area.width, WIDTH);
    let (content, selected) = content(pen, listing, width);
    let marks = model.home.marks.len();
    let note = if marks > 0 { format!("{marks} marked") } else { String::new() };
    let frame = open(pen, area, (WIDTH, content.len() as u16 + 2), title, &note, Token::Accent);
    let inside = frame.inside;
    field(pen, listing, inside);
    let strip = if matches!(model.overlays.last(), Some(Overlay::Help(_))) { strip(pen, inside) } else { 0 };
    let list = Area::new(inside.x, inside.y + 2, inside.width, inside.height.saturating_sub(2 + strip));
    if listing.entries.is_empty() {
        pen.text(list.x, list.y, "Nothing is called that. backspace shows more.", Token::Muted, list.width);
    }
    let room = usize::from(list.height);
    // The selected row is seen in whole, and the one after it, so that it shows that there is one.
    let skip = (selected.1 + 1).min(content.len()).saturating_sub(room).min(selected.0);
    for (index, line) in content.iter().skip(skip).take(room).enumerate() {
        if line.ground == Some(Ground::Sel) {
            pen.under(Area::new(list.x - 1, list.y + index as u16, list.width + 2, 1), Ground::Sel);
        }
    }
    lines::draw(pen, &content, skip, list);
    frame.foot(pen, More::of(content.len(), skip, room));
}

/// The signs and what they are called, always in sight where there is room; returns the rows that it takes.
fn strip(pen: &mut Pen<'_>, inside: Area) -> u16 {
    let columns = (inside.width / SIGN).max(1);
    let rows = (listing::signs().count() as u16).div_ceil(columns);
    if inside.height < TALL {
        return 0;
    }
    let top = inside.bottom() - rows;
    pen.text(inside.x, top - 1, &"─".repeat(usize::from(inside.width)), Token::Edge, inside.width);
    pen.text(inside.x + 2, top - 1, " Signs ", Token::Muted, inside.width);
    for (index, (sign, name)) in listing::signs().enumerate() {
        let (x, y) = (inside.x + index as u16 % columns * SIGN, top + index as u16 / columns);
        let (glyph, token) = signs::explained(sign, pen.look.ascii);
        pen.text(x, y, glyph, token, 2);
        pen.text(x + 3, y, name, Token::Muted, SIGN - 4);
    }
    rows + 1
}

/// Where the words are typed that narrow the list.
fn field(pen: &mut Pen<'_>, listing: &Listing, inside: Area) {
    pen.fill(Area::new(inside.x - 1, inside.y, inside.width + 2, 1), Ground::Bg);
    let x = pen.text(inside.x, inside.y, ": ", Token::Accent, 2);
    if listing.input.text().is_empty() {
        pen.text(x + 2, inside.y, "type what you want to do", Token::Edge, inside.width.saturating_sub(4));
    } else {
        pen.right(inside.right(), inside.y, &format!("{} found", listing.entries.len()), Token::Muted);
    }
    line(pen, &listing.input, x, inside.y, inside.width.saturating_sub(14));
}

/// The lines of all rows, and the first and the last line of the selected one.
fn content(pen: &Pen<'_>, listing: &Listing, width: u16) -> (Vec<Line>, (usize, usize)) {
    let grouped = listing.entries.iter().any(|entry| !entry.group.is_empty());
    let x = if grouped { SECTION + 1 } else { 0 };
    let longest = listing.entries.iter().map(|entry| entry.title.width() as u16 + signs_width(entry)).max();
    let title = longest.unwrap_or(0).clamp(16, 26);
    let mut content: Vec<Line> = Vec::new();
    let mut selected = (0, 0);
    let mut group = "";
    for (index, entry) in listing.entries.iter().enumerate() {
        let first = content.len();
        let is_selected = index == listing.selected;
        let mut rows = row(pen, entry, is_selected, Room { x, title, width });
        if grouped && entry.group != group {
            group = entry.group;
            rows[0].pieces.push(Piece::Text { x: 0, width: SECTION, text: group.to_owned(), token: Token::Muted });
        }
        for line in &mut rows {
            line.touch = Some(Touch::Row(index));
            line.ground = is_selected.then_some(Ground::Sel);
        }
        content.extend(rows);
        if is_selected {
            selected = (first, content.len());
        }
    }
    (content, selected)
}

/// Where a row has its title, how wide that is, and where everything ends.
#[derive(Clone, Copy)]
struct Room {
    x: u16,
    title: u16,
    width: u16,
}

fn signs_width(entry: &Entry) -> u16 {
    if matches!(entry.does, EntryDoes::Sign(_)) { 3 } else { 0 }
}

fn row(pen: &Pen<'_>, entry: &Entry, selected: bool, room: Room) -> Vec<Line> {
    let token = match (&entry.refused, selected) {
        (Some(_), _) => Token::Muted,
        (None, true) => Token::Hi,
        (None, false) => Token::Text,
    };
    let at = room.x + signs_width(entry);
    let mut first = Line::default();
    if let EntryDoes::Sign(sign) = entry.does {
        let (glyph, token) = signs::explained(sign, pen.look.ascii);
        first = first.and(room.x, glyph, token);
    }
    let title = format::cut_middle(&entry.title, usize::from(room.title));
    first = lit(first.within(at, room.title, title, token), at, room.title, &entry.title, &entry.matched, 0);
    let about_x = room.x + room.title + 2;
    let keys = entry.note.width() as u16;
    let about_width = room.width.saturating_sub(about_x + if keys > 0 { keys + 2 } else { 0 }).max(12);
    let mut lines = vec![first];
    let mut told = 0;
    for (index, part) in wrap(&entry.about, usize::from(about_width)).into_iter().enumerate() {
        if index > 0 {
            lines.push(Line::default());
        }
        let (line, length) = (std::mem::take(&mut lines[index]), part.chars().count());
        let line = line.within(about_x, about_width, part.clone(), Token::Muted);
        lines[index] = lit(line, about_x, about_width, &part, &entry.matched_about, told);
        told += length + 1;
    }
    if let Some(why) = &entry.refused {
        let parts = wrap(why, usize::from(room.width.saturating_sub(about_x + 2)).max(12));
        for (index, part) in parts.into_iter().enumerate() {
            let sign = if index == 0 { "⊘" } else { "" };
            lines.push(Line::text(about_x, sign, Token::Held).and(about_x + 2, part, Token::Held));
        }
    }
    lines[0] = std::mem::take(&mut lines[0]).right(entry.note.clone(), Token::Accent);
    lines
}

/// Lights the characters that were typed; the text begins at the character `from` of what was matched.
fn lit(mut line: Line, x: u16, width: u16, text: &str, matched: &[usize], from: usize) -> Line {
    for (index, c) in text.chars().enumerate().filter(|(index, _)| matched.contains(&(index + from))) {
        // Only where a character is a column is it known where it stands.
        if text.is_ascii() && index < usize::from(width) {
            line.pieces.push(Piece::Lit { x: x + index as u16, text: c.to_string() });
        }
    }
    line
}

/// The keys that work in the box, for the last row of the screen.
pub(super) fn hints(pen: &mut Pen<'_>, x: u16, y: u16) {
    let x = pen.text(x, y, "type to filter", Token::Muted, 20) + 2;
    let x = pen.hint_pair(x, y, (Action::Up, Action::Down), "choose") + 2;
    let x = pen.hint(x, y, Action::Enter, "do it") + 2;
    pen.hint(x, y, Action::Back, "close");
}
