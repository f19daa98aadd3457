//! The graph in words, for two lines that join look like a way between sources and words do not; and, where there is room
//! left, what else is worth knowing of the selection.

use unicode_width::UnicodeWidthStr;

use super::super::look::Token;
use super::super::pen::Pen;
use super::super::{details, format, lines, signs};
use super::state;
use crate::actions::Action;
use crate::app::geometry::{self, Area};
use crate::app::model::Model;
use crate::domain::catalog::Service;
use crate::domain::ids::ServiceId;
use crate::domain::plan::waves::needed_by;
use crate::domain::verdict::State;

/// Where what belongs to a label begins.
const AT: u16 = 13;

/// A label and its services.
type Row<'a> = (&'static str, Vec<&'a ServiceId>);

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area, hidden: usize) {
    let Some(service) = model.home.service.as_ref().and_then(|it| model.catalog.service(it)) else { return };
    let rows: [Row<'_>; 2] =
        [("needs", service.needs.iter().collect()), ("needed by", needed_by(&model.catalog, &service.name).collect())];
    let top = area.y + u16::from(area.height > 3);
    let one_each: usize = rows.iter().map(|(_, services)| services.len().max(1)).sum();
    let room = usize::from(area.bottom().saturating_sub(top));
    let mut below = Area::new(area.x, top, area.width, area.bottom().saturating_sub(top));
    // A row for each says more of it.
    let roomy = one_each + usize::from(hidden > 0) <= room;
    for row in &rows {
        let used = if roomy { listed(pen, model, row, below) } else { listed_in_one(pen, model, row, below) };
        below = Area::new(below.x, below.y + used, below.width, below.height.saturating_sub(used));
    }
    if hidden > 0 && below.height > 0 {
        let words = format!("{} hidden", format::count(hidden, "implied edge"));
        pen.text(below.x + 2, below.y, &words, Token::Muted, below.width.saturating_sub(3));
        below = Area::new(below.x, below.y + 1, below.width, below.height - 1);
    }
    // A gap, a heading, and enough to make it worth its while.
    if below.height >= 4 {
        let rest = Area::new(below.x + 2, below.y + 1, below.width.saturating_sub(3), below.height - 1);
        more(pen, model, service, rest);
    }
}

/// What there is no other place for: why the selection stands as it does, or who else belongs to its team.
fn more(pen: &mut Pen<'_>, model: &Model, service: &Service, area: Area) {
    let Some(env) = &model.home.env else { return };
    if geometry::home(model).details.height == 0 {
        let key = pen.key(Action::Details);
        let all = if key.is_empty() { String::new() } else { format!(" {key} all") };
        let mut told = vec![lines::Line::heading(&format!("Details  {env}")).right(all, Token::Muted)];
        told.extend(details::brief(model, &service.name, env, area.width));
        return lines::draw(pen, &told, 0, area);
    }
    let Some(team) = service.team.as_deref() else { return };
    let is_beside = |it: &&Service| it.team.as_deref() == Some(team) && it.name != service.name;
    let beside: Vec<&ServiceId> = model.catalog.services.iter().filter(is_beside).map(|it| &it.name).collect();
    let shown = beside.len().min(usize::from(area.height - 1));
    if shown > 0 {
        let heading =
            lines::Line::heading(&format!("Team {team}")).right(format!(" {}", beside.len() + 1), Token::Muted);
        lines::draw(pen, &[heading], 0, area);
        let row = ("", beside[..shown].to_vec());
        listed(pen, model, &row, Area::new(area.x - 2, area.y + 1, area.width + 2, area.height - 1));
    }
}

/// A service a row, with its version and how it stands; returns the rows used.
fn listed(pen: &mut Pen<'_>, model: &Model, (title, services): &Row<'_>, area: Area) -> u16 {
    pen.text(area.x + 2, area.y, title, Token::Muted, 10);
    let at = area.x + if title.is_empty() { 2 } else { AT };
    if services.is_empty() {
        pen.text(at, area.y, "nothing", Token::Muted, 8);
        return 1;
    }
    let longest = services.iter().map(|it| it.as_str().width()).max().unwrap_or(0).min(20);
    let shown = services.iter().take(usize::from(area.height));
    let mut y = area.y;
    for service in shown {
        let token = sign(pen, model, service, at, y);
        let name_token = if token == Token::Fail { Token::Fail } else { Token::Text };
        pen.text(at + 2, y, &format::cut_middle(service.as_str(), longest), name_token, longest as u16);
        let env = model.home.env.as_ref();
        if let Some(cell) = env.and_then(|env| model.board.cell(service, env)) {
            let x = at + 2 + longest as u16 + 2;
            let right = area.right().saturating_sub(1);
            let version = cell.version.as_deref().unwrap_or_default();
            pen.text(x, y, version, Token::Muted, right.saturating_sub(x).min(6));
            let word = if cell.stale { "not heard of".to_owned() } else { signs::word(&cell.verdict, pen.look.ascii) };
            let token = if token == Token::Calm { Token::Muted } else { token };
            pen.text(x + 7, y, &word, token, right.saturating_sub(x + 7));
        }
        y += 1;
    }
    y - area.y
}

/// All in one row, as many as it holds; returns the rows used.
fn listed_in_one(pen: &mut Pen<'_>, model: &Model, (title, services): &Row<'_>, area: Area) -> u16 {
    if area.height == 0 {
        return 0;
    }
    let y = area.y;
    pen.text(area.x + 2, y, title, Token::Muted, 10);
    let mut x = area.x + AT;
    if services.is_empty() {
        pen.text(x, y, "nothing", Token::Muted, 8);
    }
    for service in services {
        let width = service.as_str().width() as u16 + 3;
        if x + width >= area.right() {
            pen.text(x, y, "…", Token::Muted, 1);
            break;
        }
        sign(pen, model, service, x, y);
        x = pen.text(x + 2, y, service.as_str(), Token::Text, width) + 2;
    }
    1
}

/// The sign of a service; returns its colour.
fn sign(pen: &mut Pen<'_>, model: &Model, service: &ServiceId, x: u16, y: u16) -> Token {
    let state = state(model, service);
    let token = if state == State::Ok { Token::Calm } else { signs::token(state) };
    pen.text(x, y, signs::glyph(state, pen.look.ascii), token, 1);
    token
}
