//! The notice that `app::journal` wants shown, in as many rows as it takes: what to do next often stands at its end.

use super::lines::wrap;
use super::look::{Ground, Token};
use super::pen::Pen;
use super::signs;
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::journal;
use crate::app::model::{Model, Notice, Overlay};
use crate::app::touch::Touch;
use crate::domain::verdict::State;
use unicode_width::UnicodeWidthStr;

/// The edge, the sign, and the columns between them and at the end.
const AROUND: u16 = 5;
/// The path of a saved file is worth its width.
const WIDEST: u16 = 100;
/// Screens lower than this have no room for it above the hints.
const LOW: u16 = 12;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area) {
    let Some(notice) = journal::toast(model) else { return };
    let boxed = model.overlays.last().is_some_and(|overlay| !matches!(overlay, Overlay::Prompt(_)));
    if boxed {
        // A box may reach down to the hints, but never up to the first row.
        let inside = pen.drawn.touches.iter().find(|(_, touch)| *touch == Touch::Inside);
        let rows = inside.map_or(1, |(frame, _)| frame.y.saturating_sub(area.y)).max(1);
        above(pen, notice, area, rows);
    } else if area.height < LOW {
        // The title of a page stands in the second row.
        above(pen, notice, area, if model.page.is_some() { 1 } else { 2 });
    } else {
        below(pen, notice, area);
    }
}

fn columns(text: &str) -> u16 {
    text.width().min(1_000) as u16
}

/// Above the hints and what a page says at its foot, at the right.
fn below(pen: &mut Pen<'_>, notice: &Notice, area: Area) {
    let longest = columns(&notice.title).max(columns(&notice.detail) + 2) + AROUND;
    let width = longest.clamp(24, WIDEST).min(area.width);
    let mut lines = lines(notice, width, usize::from(area.height / 3));
    // Its place is two rows high even where nothing more is to be said.
    lines.resize(lines.len().max(2), (String::new(), Token::Muted));
    let height = lines.len() as u16;
    let bottom = (area.height - 1).saturating_sub(pen.foot);
    let place = Area::new(area.width - width, bottom.saturating_sub(height), width, height);
    write(pen, notice, &lines, place);
}

/// In the first rows: in one where that is enough.
fn above(pen: &mut Pen<'_>, notice: &Notice, area: Area, rows: u16) {
    let gap = if notice.detail.is_empty() { "" } else { "  " };
    let one = columns(&notice.title) + columns(gap) + columns(&notice.detail) + AROUND;
    if one <= area.width {
        let place = Area::new(area.width - one, area.y, one, 1);
        write(pen, notice, &[(notice.title.clone(), title(notice))], place);
        let x = place.x + AROUND - 1 + columns(&notice.title) + columns(gap);
        pen.text(x, place.y, &notice.detail, Token::Muted, area.width.saturating_sub(x));
        return;
    }
    let lines = lines(notice, area.width, usize::from(rows));
    let width = lines.iter().map(|(text, _)| columns(text)).max().unwrap_or(0) + AROUND;
    let width = width.min(area.width);
    write(pen, notice, &lines, Area::new(area.width - width, area.y, width, lines.len() as u16));
}

fn title(notice: &Notice) -> Token {
    if notice.state == State::Failed { Token::Fail } else { Token::Text }
}

/// Title and detail in at most so many lines; where they do not hold it, the last one is cut and says so.
fn lines(notice: &Notice, width: u16, rows: usize) -> Vec<(String, Token)> {
    let room = usize::from(width.saturating_sub(AROUND)).max(1);
    let of = |text: &str, token| wrap(text, room).into_iter().map(move |line| (line, token)).collect::<Vec<_>>();
    let mut lines = of(&notice.title, title(notice));
    if !notice.detail.is_empty() {
        lines.extend(of(&notice.detail, Token::Muted));
    }
    if lines.len() > rows.max(1) {
        lines.truncate(rows.max(1));
        if let Some((last, _)) = lines.last_mut() {
            *last = super::format::cut(&format!("{last} …"), room);
        }
    }
    lines
}

fn write(pen: &mut Pen<'_>, notice: &Notice, lines: &[(String, Token)], place: Area) {
    pen.fill(place, Ground::Over);
    pen.touch(place, Touch::Do(Action::ErrorLog));
    let token = signs::token(notice.state);
    for y in place.y..place.bottom() {
        pen.edge(place.x, y, token);
    }
    pen.text(place.x + 2, place.y, signs::glyph(notice.state, pen.look.ascii), token, 1);
    for (row, (text, token)) in lines.iter().enumerate() {
        pen.text(place.x + AROUND - 1, place.y + row as u16, text, *token, place.width.saturating_sub(AROUND - 1));
    }
}
