//! The commands that were sent, newest first: one is selected and can be copied whole.

use super::format;
use super::frame::open;
use super::lines::{self, Line};
use super::look::{Ground, Token};
use super::more::More;
use super::pen::Pen;
use crate::actions::Action;
use crate::app::geometry::{self, Area};
use crate::app::model::{Command, Model};
use crate::app::touch::Touch;

/// Columns that the box wants.
const WIDTH: u16 = 120;
/// Where the command begins, after its time and how it went.
const AT: u16 = 11;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, selected: usize, area: Area) {
    let width = geometry::inside_box(area.width, WIDTH);
    let mut content: Vec<Line> = Vec::new();
    // The first and the last line of the selected one.
    let mut seen = (0, 0);
    for (index, command) in model.journal.commands.iter().rev().enumerate() {
        let first = content.len();
        content.extend(told(command, width).into_iter().map(|line| Line {
            ground: (index == selected).then_some(Ground::Sel),
            touch: Some(Touch::Row(index)),
            ..line
        }));
        if index == selected {
            seen = (first, content.len());
        }
    }
    let count = model.journal.commands.len();
    if count == 0 {
        content.push(Line::text(0, "nothing was changed yet", Token::Muted));
    }
    let note = if count > 0 { format!("{} copies it", pen.key(Action::Copy)) } else { String::new() };
    let frame = open(pen, area, (WIDTH, content.len() as u16), "Commands", &note, Token::Accent);
    let room = usize::from(frame.inside.height);
    let skip = seen.1.saturating_sub(room).min(seen.0);
    lines::draw(pen, &content, skip, frame.inside);
    pen.drawn.overlay = count.saturating_sub(1);
    frame.foot(pen, More::of(content.len(), skip, room));
}

fn told(command: &Command, width: u16) -> Vec<Line> {
    let sign = match command.ok {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "◐",
    };
    let mut lines = lines::wrapped(AT, &command.text, Token::Text, width);
    if let Some(first) = lines.first_mut() {
        *first = std::mem::take(first).and(0, format!("{} {sign}", format::clock(command.at)), Token::Muted);
    }
    lines
}
