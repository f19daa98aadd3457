//! The screen as a picture: a buffer becomes SVG, cell for cell.

use std::fmt::Write;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::draw::paint;
use super::look::Look;
use crate::app::model::Model;
use crate::app::touch::Drawn;

const CELL: (u16, u16) = (10, 22);

/// What the screen of this model says, a line for each row, without its colours.
pub fn text(model: &Model, look: Look) -> Vec<String> {
    let (width, height) = (model.session.width, model.session.height);
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    paint(model, look, &mut buf);
    let row = |y| (0..width).filter_map(|x| buf.cell((x, y)).map(|cell| cell.symbol().to_owned())).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned()).collect()
}

/// Where everything is on the screen of this model.
pub fn drawn(model: &Model, look: Look) -> Drawn {
    paint(model, look, &mut Buffer::empty(Rect::new(0, 0, model.session.width, model.session.height)))
}

/// The screen of this model, cell by cell.
#[cfg(test)]
pub(super) fn columns(model: &Model, look: Look) -> Vec<Vec<String>> {
    let (width, height) = (model.session.width, model.session.height);
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    paint(model, look, &mut buf);
    let row = |y| (0..width).filter_map(|x| buf.cell((x, y)).map(|cell| cell.symbol().to_owned())).collect();
    (0..height).map(row).collect()
}

/// What the screen of this model looks like, as SVG.
pub fn svg(model: &Model, look: Look) -> String {
    let (width, height) = (model.session.width, model.session.height);
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    paint(model, look, &mut buf);
    let (w, h) = (u32::from(width) * u32::from(CELL.0), u32::from(height) * u32::from(CELL.1));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
         font-family=\"JetBrains Mono, DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"16\">\n"
    );
    for y in 0..height {
        for x in 0..width {
            let Some(cell) = buf.cell((x, y)) else { continue };
            let (px, py) = (x * CELL.0, y * CELL.1);
            let reversed = cell.modifier.contains(Modifier::REVERSED);
            let (fg, bg) = if reversed { (cell.bg, cell.fg) } else { (cell.fg, cell.bg) };
            if let Color::Rgb(r, g, b) = bg {
                let _ = writeln!(
                    out,
                    "<rect x=\"{px}\" y=\"{py}\" width=\"{}\" height=\"{}\" fill=\"#{r:02x}{g:02x}{b:02x}\"/>",
                    CELL.0 + 1,
                    CELL.1 + 1
                );
            }
            let symbol = cell.symbol();
            if symbol.trim().is_empty() {
                continue;
            }
            let fill =
                if let Color::Rgb(r, g, b) = fg { format!("#{r:02x}{g:02x}{b:02x}") } else { "#c6d0dc".to_owned() };
            if line(&mut out, symbol, px, py, &fill) {
                continue;
            }
            let weight = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
            let length = symbol.width() * usize::from(CELL.0);
            let escaped = symbol.replace('&', "&amp;").replace('<', "&lt;");
            let _ = writeln!(
                out,
                "<text x=\"{px}\" y=\"{}\" fill=\"{fill}\"{weight} textLength=\"{length}\">{escaped}</text>",
                py + 16
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Lines are drawn and not written, so that they meet.
fn line(out: &mut String, symbol: &str, x: u16, y: u16, fill: &str) -> bool {
    let (right, bottom, cx, cy) = (x + CELL.0, y + CELL.1, x + CELL.0 / 2, y + CELL.1 / 2);
    let (left, up, to_right, down) = match symbol {
        "─" | "━" => (true, false, true, false),
        "│" => (false, true, false, true),
        "┌" | "╭" => (false, false, true, true),
        "┐" | "╮" => (true, false, false, true),
        "└" | "╰" => (false, true, true, false),
        "┘" | "╯" => (true, true, false, false),
        "├" => (false, true, true, true),
        "┤" | "┥" => (true, true, false, true),
        "┬" | "┭" | "┮" => (true, false, true, true),
        "┴" => (true, true, true, false),
        "┼" | "┽" | "┾" => (true, true, true, true),
        "▌" => {
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"/>",
                CELL.0 / 2,
                CELL.1 + 1
            );
            return true;
        }
        _ => return false,
    };
    let heavy = |signs: [&str; 4]| if signs.contains(&symbol) { 3 } else { 1 };
    let (at_left, at_right) = (heavy(["━", "┭", "┥", "┽"]), heavy(["━", "┮", "┾", "━"]));
    let mut stroke = |x1: u16, y1: u16, x2: u16, y2: u16, width: u8| {
        let _ = writeln!(out, "<path d=\"M{x1} {y1}L{x2} {y2}\" stroke=\"{fill}\" stroke-width=\"{width}\"/>");
    };
    if left {
        stroke(x, cy, cx, cy, at_left);
    }
    if to_right {
        stroke(cx, cy, right, cy, at_right);
    }
    if up {
        stroke(cx, y, cx, cy, 1);
    }
    if down {
        stroke(cx, cy, cx, bottom, 1);
    }
    true
}
