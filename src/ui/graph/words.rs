//! The graph in words, for two lines that join look like a way between sources and words do not; and, where there is room
//! left, what else is worth knowing of the selection.

use unicode_width::UnicodeWidthStr;

use super::super::lines::{self, Line};
use super::super::look::Token;
use super::super::more::More;
use super::super::pen::Pen;
use super::super::{details, format, signs};
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

/// Draws what fits, from where it is scrolled to, and says how much is out of sight.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area, hidden: usize) -> More {
    let area = Area { width: area.width.saturating_sub(1), ..area };
    let content = content(pen, model, area, hidden);
    let scroll = model.home.graph_scroll;
    pen.drawn.dependencies = lines::scrolled(pen, &content, scroll, area);
    lines::more(&content, scroll, area)
}

fn content(pen: &Pen<'_>, model: &Model, area: Area, hidden: usize) -> Vec<Line> {
    let Some(service) = model.home.service.as_ref().and_then(|it| model.catalog.service(it)) else { return Vec::new() };
    let rows: [Row<'_>; 2] =
        [("needs", service.needs.iter().collect()), ("needed by", needed_by(&model.catalog, &service.name).collect())];
    let room = usize::from(area.height);
    let one_each: usize = rows.iter().map(|(_, services)| services.len().max(1)).sum();
    let gap = usize::from(room > 3);
    // A row for each says more of it.
    let roomy = gap + one_each + usize::from(hidden > 0) <= room;
    let of_row =
        |row| if roomy { listed(pen, model, row, area.width) } else { listed_in_few(pen, model, row, area.width) };
    let mut content: Vec<Line> = rows.iter().flat_map(of_row).collect();
    if hidden > 0 {
        content.push(Line::text(2, format!("{} hidden", format::count(hidden, "implied edge")), Token::Muted));
    }
    if content.len() + gap <= room {
        content.splice(0..0, std::iter::repeat_n(Line::default(), gap));
    }
    // A gap, a heading, and enough to make it worth its while.
    if content.len() + 4 <= room {
        let rest = Area::new(area.x + 2, 0, area.width.saturating_sub(2), (room - content.len() - 1) as u16);
        let more = more(pen, model, service, rest);
        if !more.is_empty() {
            content.push(Line::default());
            let inset = |line: Line| Line { inset: 2, ..line };
            content.extend(more.into_iter().map(inset).take(usize::from(rest.height)));
        }
    }
    content
}

/// What there is no other place for: why the selection stands as it does, or who else belongs to its team.
fn more(pen: &Pen<'_>, model: &Model, service: &Service, area: Area) -> Vec<Line> {
    let Some(env) = &model.home.env else { return Vec::new() };
    if geometry::home(model).details.height == 0 {
        let key = pen.key(Action::Details);
        let all = if key.is_empty() { String::new() } else { format!(" {key} all") };
        let mut told = vec![Line::heading(&format!("Details  {env}")).right(all, Token::Muted)];
        told.extend(details::brief(model, &service.name, env, area.width));
        return told;
    }
    let Some(team) = service.team.as_deref() else { return Vec::new() };
    let is_beside = |it: &&Service| it.team.as_deref() == Some(team) && it.name != service.name;
    let beside: Vec<&ServiceId> = model.catalog.services.iter().filter(is_beside).map(|it| &it.name).collect();
    let shown = beside.len().min(usize::from(area.height - 1));
    if shown == 0 {
        return Vec::new();
    }
    let all = format!(" {}", beside.len() + 1);
    let mut told = vec![Line::heading(&format!("Team {team}")).right(all, Token::Muted)];
    told.extend(listed(pen, model, &("", beside[..shown].to_vec()), area.width));
    told
}

/// A service a row, with its version and how it stands.
fn listed(pen: &Pen<'_>, model: &Model, (title, services): &Row<'_>, width: u16) -> Vec<Line> {
    let (label, at) = if title.is_empty() { (0, 0) } else { (2, AT) };
    let mut line = Line::text(label, *title, Token::Muted);
    if services.is_empty() {
        return vec![line.and(at, "nothing", Token::Muted)];
    }
    let longest = services.iter().map(|it| it.as_str().width()).max().unwrap_or(0).min(20);
    let mut lines = Vec::new();
    for service in services {
        let (glyph, token) = sign(pen, model, service);
        let name_token = if token == Token::Fail { Token::Fail } else { Token::Text };
        line = line.and(at, glyph, token).within(
            at + 2,
            longest as u16,
            format::cut_middle(service.as_str(), longest),
            name_token,
        );
        let env = model.home.env.as_ref();
        if let Some(cell) = env.and_then(|env| model.board.cell(service, env)) {
            let x = at + 2 + longest as u16 + 2;
            let right = width;
            let version = cell.version.as_deref().unwrap_or_default();
            let word = if cell.stale { "not heard of".to_owned() } else { signs::word(&cell.verdict, pen.look.ascii) };
            let token = if token == Token::Calm { Token::Muted } else { token };
            if x < right {
                line = line.within(x, right.saturating_sub(x).min(6), version, Token::Muted);
            }
            if x + 7 < right {
                line = line.within(x + 7, right - x - 7, word, token);
            }
        }
        lines.push(std::mem::take(&mut line));
    }
    lines
}

/// Beside each other, in as many rows as they take.
fn listed_in_few(pen: &Pen<'_>, model: &Model, (title, services): &Row<'_>, width: u16) -> Vec<Line> {
    let mut lines = vec![Line::text(2, *title, Token::Muted)];
    if services.is_empty() {
        lines[0] = std::mem::take(&mut lines[0]).and(AT, "nothing", Token::Muted);
    }
    let mut x = AT;
    for service in services {
        let (glyph, token) = sign(pen, model, service);
        let name = service.as_str();
        if x > AT && x + 2 + name.width() as u16 > width {
            lines.push(Line::default());
            x = AT;
        }
        let last = lines.len() - 1;
        lines[last] = std::mem::take(&mut lines[last]).and(x, glyph, token).and(x + 2, name, Token::Text);
        x += 2 + name.width() as u16 + 2;
    }
    lines
}

/// The sign of a service and its colour.
fn sign(pen: &Pen<'_>, model: &Model, service: &ServiceId) -> (&'static str, Token) {
    let state = state(model, service);
    let token = if state == State::Ok { Token::Calm } else { signs::token(state) };
    (signs::glyph(state, pen.look.ascii), token)
}
