//! The only box there is: a frame over the dimmed screen, which says on its edges what of it is out of sight, and on the
//! lower one how it is closed.

use super::look::{Ground, Token};
use super::more::More;
use super::pen::Pen;
use crate::actions::Action;
use crate::app::geometry::{self, Area};
use crate::app::touch::Touch;

/// A box on the screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// What is written on.
    pub(super) inside: Area,
    /// Columns of the upper edge that neither the title nor the note takes.
    free: (u16, u16),
}

/// Dims the screen, where nothing can be touched any more, and opens a box.
pub(super) fn open(pen: &mut Pen<'_>, area: Area, size: (u16, u16), title: &str, note: &str, edge: Token) -> Frame {
    let dim = pen.look.style(Token::Dim);
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            if let Some(cell) = pen.buf.cell_mut((x, y)) {
                cell.set_style(ratatui::style::Style::reset());
                cell.set_style(dim);
            }
        }
    }
    let ground = pen.look.ground(Ground::Bg);
    pen.buf.set_style(pen.buf.area, ground);
    let width = geometry::box_width(area.width, size.0);
    let height = (size.1 + 4).min(area.height.saturating_sub(2)).max(5);
    let frame = Area::new((area.width - width) / 2, (area.height.saturating_sub(height)) / 2, width, height);
    pen.fill(frame, Ground::Over);
    pen.drawn.touches.clear();
    pen.touch(frame, Touch::Inside);
    let (right, bottom) = (frame.right() - 1, frame.bottom() - 1);
    for x in frame.x + 1..right {
        pen.text(x, frame.y, "─", edge, 1);
        pen.text(x, bottom, "─", edge, 1);
    }
    for y in frame.y + 1..bottom {
        pen.text(frame.x, y, "│", edge, 1);
        pen.text(right, y, "│", edge, 1);
    }
    for (x, y, sign) in [(frame.x, frame.y, "╭"), (right, frame.y, "╮"), (frame.x, bottom, "╰"), (right, bottom, "╯")]
    {
        pen.text(x, y, sign, edge, 1);
    }
    let title = format!(" {title} ");
    let mut free = (pen.text(frame.x + 2, frame.y, &title, Token::Hi, width.saturating_sub(6)) + 1, right - 1);
    if !note.is_empty() {
        free.1 = pen.right(right.saturating_sub(2), frame.y, &format!(" {note} "), edge).saturating_sub(1);
    }
    pen.inside(frame);
    let inside =
        Area::new(frame.x + 3, frame.y + 2, geometry::inside_box(area.width, size.0), height.saturating_sub(4));
    Frame { inside, free }
}

impl Frame {
    /// On the edges: how much more there is above and below. Nothing is written inside after that.
    pub(super) fn more(self, pen: &mut Pen<'_>, more: More, token: Token) {
        pen.anywhere();
        let Self { inside, free: (left, right) } = self;
        if !more.above().is_empty() {
            let text = format!(" {} ", more.above());
            // Where the title leaves no room, its end is worth less.
            let at = left.min(right.saturating_sub(text.len() as u16));
            pen.text(at, inside.y.saturating_sub(2), &text, token, right.saturating_sub(at));
        }
        if !more.below().is_empty() {
            let text = format!(" {} ", more.below());
            pen.text(inside.x - 1, inside.bottom() + 1, &text, token, inside.width);
        }
    }

    /// The edges of a box without a last line of its own: how much more there is, and how it is closed.
    pub(super) fn foot(self, pen: &mut Pen<'_>, more: More) {
        self.more(pen, more, Token::Muted);
        let (inside, y) = (self.inside, self.inside.bottom() + 1);
        let width = pen.hint_width(Action::Back, "close");
        if pen.key(Action::Back).is_empty() || width + 20 > inside.width {
            return;
        }
        let x = (inside.right() + 1).saturating_sub(width);
        pen.text(x, y, &" ".repeat(usize::from(width)), Token::Muted, width);
        pen.hint(x + 1, y, Action::Back, "close");
    }
}
