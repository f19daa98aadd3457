//! The list of runs: of this session and of others, under way, left behind and over.

use unicode_width::UnicodeWidthStr;

use super::format;
use super::look::{Ground, Token};
use super::more::{More, beside};
use super::pen::{Pen, Rule};
use super::signs;
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::{Model, RunsPage};
use crate::app::screens::runs::{Row, Standing, rows};
use crate::app::touch::Touch;
use crate::domain::verdict::State;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, page: &RunsPage, area: Area) {
    let rows = rows(model, page);
    let left = rows.iter().filter(|row| row.standing == Standing::Left).count();
    let (title, what) = if page.everything { ("History", "entry") } else { ("Runs", "run") };
    let count = format::count(rows.len(), what);
    let note = if left == 0 { count } else { format!("{count} · {left} left behind") };
    let room = usize::from(area.height.saturating_sub(5)).max(1);
    let at = rows.iter().position(|row| Some(&row.of) == page.selected.as_ref()).unwrap_or(0);
    let first = (at + 1).saturating_sub(room);
    let more = More::of(rows.len(), first, room);
    let state = beside(&more.above(), &format!("{} back", model.keymap.hint(Action::Back)));
    pen.rule(area, &Rule { title, note: &note, state: &state, focused: true, ..Rule::default() });
    if rows.is_empty() {
        let text = if page.filter.text().is_empty() {
            let what = if page.everything { "Nothing" } else { "No run" };
            format!("{what} is kept here: nothing was deployed in the last days.")
        } else {
            format!("Nothing matches the filter. {} shows all.", pen.key(Action::Back))
        };
        pen.text(2, area.y + 2, &text, Token::Text, area.width.saturating_sub(3));
        return;
    }
    let shown = || rows.iter().skip(first).take(room);
    // What people are called takes no more room than they need: what was done is told with it.
    let by = shown().map(|row| row.by.width()).max().unwrap_or(0) as u16;
    for (index, row) in shown().enumerate() {
        let line = Area::new(area.x, area.y + 2 + index as u16, area.width, 1);
        draw_row(pen, model, row, page.selected.as_ref() == Some(&row.of), (line, by));
    }
    let foot = area.bottom().saturating_sub(2);
    let title = "Selected";
    pen.rule(Area::new(area.x, foot, area.width, 2), &Rule { title, state: &more.below(), ..Rule::default() });
    if let Some(row) = rows.get(at) {
        let (text, token) = told(row);
        pen.text(2, foot + 1, &text, token, area.width.saturating_sub(3));
    }
}

/// What there is to say of one run beyond its row.
fn told(row: &Row) -> (String, Token) {
    match row.standing {
        Standing::Unreadable => (format!("{}: {}", row.name, row.note), Token::Warn),
        Standing::Placed | Standing::Overridden | Standing::Released if !row.note.is_empty() => {
            (format!("Why: {}", row.note), Token::Text)
        }
        Standing::Left => {
            (format!("{} is gone, {}: resume it, roll it back or clear it.", row.by, row.note), Token::Warn)
        }
        _ if row.note.is_empty() => (format!("{}, {}", row.name, row.standing.word()), Token::Muted),
        _ => (format!("{}, {}", row.name, row.note), Token::Muted),
    }
}

fn draw_row(pen: &mut Pen<'_>, model: &Model, row: &Row, selected: bool, (area, by): (Area, u16)) {
    pen.touch(area, Touch::Run(row.of.clone()));
    if selected {
        pen.under(Area::new(area.x + 1, area.y, area.width.saturating_sub(2), 1), Ground::Sel);
    }
    let (glyph, token) = sign(row.standing, pen.look.ascii);
    let over = row.standing.is_past();
    let wide = area.width >= 104;
    let (state, by) = if wide { (14, by.min(24)) } else { (12, by.min(15)) };
    pen.text(2, area.y, glyph, token, 1);
    pen.text(4, area.y, row.standing.word(), token, state);
    let name_x = 4 + state + 1;
    let age = row.started.map(|at| format::age(at, model.session.now)).unwrap_or_default();
    let right = area.width.saturating_sub(2);
    pen.right(right, area.y, &age, Token::Muted);
    let by_x = right.saturating_sub(5 + by);
    pen.text(by_x, area.y, &format::cut_middle(&row.by, usize::from(by)), Token::Muted, by);
    let done_x = by_x.saturating_sub(10);
    if row.done.1 > 0 {
        let text = format!("{} of {}", row.done.0, row.done.1);
        pen.text(done_x, area.y, &text, if over { Token::Muted } else { Token::Text }, 9);
    }
    let room = done_x.saturating_sub(name_x + 1);
    let token = if selected {
        Token::Hi
    } else if over {
        Token::Muted
    } else {
        Token::Text
    };
    pen.text(name_x, area.y, &format::cut_middle(&row.name, usize::from(room)), token, room);
}

fn sign(standing: Standing, ascii: bool) -> (&'static str, Token) {
    let state = match standing {
        Standing::Running => State::Progressing,
        Standing::Holds => State::Paused,
        Standing::Left | Standing::Unreadable => return ("!", Token::Warn),
        Standing::Unsure => State::Unknown,
        Standing::Succeeded => return (signs::glyph(State::Done, ascii), Token::Calm),
        Standing::Ended | Standing::Superseded => return (signs::glyph(State::Absent, ascii), Token::Muted),
        Standing::Failed => State::Failed,
        Standing::Placed => return (signs::glyph(State::Blocked, ascii), Token::Warn),
        Standing::Overridden => return (if ascii { ">" } else { "»" }, Token::Warn),
        Standing::Released | Standing::Lifted | Standing::CleanedUp => {
            return (signs::glyph(State::Done, ascii), Token::Muted);
        }
    };
    (signs::glyph(state, ascii), signs::token(state))
}
