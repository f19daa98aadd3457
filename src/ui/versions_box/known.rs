//! What can be chosen instead of typed: `v813 in hotfix   v812 ran 3d ago   v811 ✗ fails in hotfix`, the chosen one lit.

use unicode_width::UnicodeWidthStr;

use crate::app::model::{Model, VersionRow};
use crate::app::overlays::versions::against;
use crate::domain::versions::{Known, Source, Trouble};
use crate::ui::format;
use crate::ui::lines::Line;
use crate::ui::look::Token;
use crate::ui::signs;

/// Columns of the word before them.
const BEGIN: u16 = 7;
/// Columns between two of them.
const GAP: u16 = 3;

/// A line of them.
pub(super) struct Offered {
    pub(super) line: Line,
    /// The one that was picked is among them.
    pub(super) picked: bool,
}

/// All of them, in as many lines as that takes.
pub(super) fn lines(model: &Model, row: &VersionRow, width: u16) -> Vec<Offered> {
    let mut lines: Vec<Offered> = Vec::new();
    let mut x = width;
    for (index, known) in row.known.iter().enumerate() {
        let (version, told, token) = told(model, row, known);
        let wide = (version.width() + 1 + told.width()) as u16;
        if x + wide > width || lines.is_empty() {
            let head = if lines.is_empty() { "known" } else { "" };
            lines.push(Offered { line: Line::text(0, head, Token::Muted), picked: false });
            x = BEGIN;
        }
        let Some(last) = lines.last_mut() else { break };
        let (picked, at) = (row.picked == Some(index), x + version.width() as u16 + 1);
        last.picked |= picked;
        let lit = if picked { Token::Accent } else { Token::Text };
        last.line = std::mem::take(&mut last.line).and(x, version, lit).and(at, told, token);
        x += wide + GAP;
    }
    lines
}

/// Its version, and where it was seen, or what is worst of what is known against it.
fn told(model: &Model, row: &VersionRow, known: &Known) -> (String, String, Token) {
    let worst: Option<Trouble> = against(model, row, &known.image).into_iter().next();
    if let Some(found) = worst {
        let sign = signs::glyph(found.state, false);
        return (known.version(), format!("{sign} {}", found.words()), signs::token(found.state));
    }
    let ago = |at| format::ago(at, model.session.now);
    let seen = match &known.from {
        Source::Runs(env) => format!("in {env}"),
        Source::Ran(at) => format!("ran {}", ago(*at)),
        Source::Set(at) => format!("set {}", ago(*at)),
    };
    (known.version(), seen, Token::Muted)
}
