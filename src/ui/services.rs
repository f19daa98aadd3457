//! Pane 2: the matrix. A row is a service, a column an environment, a cell what runs there and how it stands.

use super::look::{Ground, Token};
use super::more::{More, beside};
use super::pen::{Pen, Rule};
use super::{format, signs};
use crate::actions::Action;
use crate::app::geometry::{self, Area, Columns, columns};
use crate::app::holders;
use crate::app::locks;
use crate::app::model::{Model, Pane, Sort};
use crate::app::queue;
use crate::app::runs;
use crate::domain::board::Cell;
use crate::domain::catalog::Environment;
use crate::domain::ids::ServiceId;
use crate::domain::verdict::State;
use crate::domain::words::verb;
use unicode_width::UnicodeWidthStr;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area) {
    if area.height == 0 {
        return;
    }
    let focused = model.home.focus == Pane::Services;
    let note = note(model);
    let columns = columns(area.width, &model.catalog);
    let sort = match model.home.sort {
        Sort::Trouble => "trouble first".to_owned(),
        Sort::Name => "by name".to_owned(),
        Sort::Change => "newest change first".to_owned(),
        // Where no column says so, the team of the selected service tells where one is.
        Sort::Team => match selected_team(model).filter(|_| columns.team.is_none()) {
            Some(team) => format!("by team: {team}"),
            None => "by team".to_owned(),
        },
    };
    let body = area.below_rule();
    let more = More::of(model.home.rows.len(), model.home.scroll, usize::from(body.height));
    let state = &beside(&more.around(), &sort);
    let key = Some(Action::FocusServices);
    pen.rule(area, &Rule { key, title: "Services", note: &note, state, focused, ..Rule::default() });
    if model.home.rows.is_empty() {
        return empty(pen, model, body);
    }
    let rows = model.home.rows.iter().skip(model.home.scroll).take(usize::from(body.height));
    for (index, service) in rows.enumerate() {
        row(pen, model, service, Area::new(area.x, body.y + index as u16, area.width, 1), &columns);
    }
}

fn selected_team(model: &Model) -> Option<&str> {
    model.catalog.service(model.home.service.as_ref()?)?.team.as_deref()
}

fn note(model: &Model) -> String {
    let (shown, all) = (model.home.rows.len(), model.catalog.services.len());
    let mut note = if shown == all { all.to_string() } else { format!("{shown} of {all}") };
    // Where the heads of the columns are not on screen, it is here that is said where a deploy would go.
    let heads = geometry::home(model).environments.height > 0;
    if let Some(env) = model.home.env.as_ref().filter(|_| !heads) {
        note = format!("in {env} · {note}");
    }
    note.push_str(&format::filtered(model.home.filter.text()));
    let marks = model.home.marks.len();
    if marks > 0 {
        note.push_str(&format!(" · {}{marks} marked", if model.home.only_marked { "only " } else { "" }));
    }
    if let Some(group) = &model.home.group {
        note.push_str(&format!(" · group {group}"));
    }
    note
}

fn empty(pen: &mut Pen<'_>, model: &Model, body: Area) {
    let filter = model.home.filter.text();
    let text = if !filter.is_empty() {
        format!("No service matches {filter}. {} shows all again.", pen.key(Action::Back))
    } else if let Some((cluster, fault)) = model.session.undiscovered.iter().next() {
        format!("{cluster}: {fault}. {}", fault.advice())
    } else if model.catalog.discovered {
        "Reading what runs in the cluster …".to_owned()
    } else {
        "No services are configured. shipdeck init writes them from what it finds.".to_owned()
    };
    pen.text(2, body.y + 1, &text, Token::Text, body.width.saturating_sub(3));
}

fn row(pen: &mut Pen<'_>, model: &Model, service: &ServiceId, area: Area, columns: &Columns) {
    let selected = model.home.service.as_ref() == Some(service);
    if selected {
        pen.under(area, Ground::Row);
    }
    if model.home.marks.contains(service) {
        pen.text(area.x, area.y, "▌", Token::Accent, 1);
    }
    let signs = pen.look.ascii || pen.look.bare();
    if selected && signs {
        pen.text(area.x + 1, area.y, ">", Token::Hi, 1);
    }
    let envs = || model.catalog.environments.iter().skip(model.home.env_scroll).take(columns.visible);
    let differs = |env: &Environment| model.board.differs(&model.catalog, service, env);
    let troubled = model.catalog.environments.iter().any(|env| {
        let cell = model.board.cell(service, &env.name);
        cell.is_some_and(|cell| cell.verdict.state.urgency() < State::Ok.urgency())
    });
    let token = match () {
        () if selected => Token::Hi,
        () if troubled || model.catalog.environments.iter().any(differs) => Token::Text,
        () => Token::Muted,
    };
    let name = format::cut_middle(service.as_str(), usize::from(columns.name_width));
    pen.text(area.x + columns.name_x, area.y, &name, token, columns.name_width);
    if let (Some((x, width)), Some(service)) = (columns.team, model.catalog.service(service)) {
        pen.text(area.x + x, area.y, service.team.as_deref().unwrap_or_default(), Token::Muted, width);
    }
    for (index, env) in envs().enumerate() {
        let x = area.x + columns.first_x + columns.pitch * index as u16;
        let here = selected && model.home.env.as_ref() == Some(&env.name);
        cell(pen, model, service, env, &Place { x, y: area.y, width: columns.content, here, differs: differs(env) });
    }
}

/// Columns of the longest word of a cell.
const LONGEST_WORD: u16 = 14;

struct Place {
    x: u16,
    y: u16,
    width: u16,
    here: bool,
    differs: bool,
}

fn cell(pen: &mut Pen<'_>, model: &Model, service: &ServiceId, env: &Environment, place: &Place) {
    let Place { x, y, width, here, differs } = *place;
    let wide = width >= 24;
    let version_width = if wide { 6 } else { 5 };
    let Some(cell) = model.board.cell(service, &env.name) else {
        pen.text(x, y, "…", Token::Muted, 1);
        return;
    };
    let state = cell.verdict.state;
    let focused = model.home.focus == Pane::Services;
    let quiet = matches!(state, State::Ok | State::Done) && !differs;
    let version_token = match () {
        () if here => Token::Hi,
        () if cell.stale || quiet || state == State::ScaledToZero => Token::Muted,
        () => Token::Text,
    };
    if state == State::Absent {
        pen.text(x, y, signs::glyph(state, pen.look.ascii), Token::Muted, 1);
    } else {
        let version = cell.version.clone().unwrap_or_else(|| "…".to_owned());
        pen.text(x, y, &version, version_token, version_width);
        let (glyph, word, token) = sign(pen, cell, quiet);
        let word_token = if matches!(state, State::Ok | State::Done) || cell.stale { Token::Muted } else { token };
        let at = x + version_width + 1;
        pen.text(at, y, glyph, token, 1);
        let slot = |wide| {
            let right = right_slot(model, service, env, cell, wide);
            // One letter of ASCII would mean something else.
            if pen.look.ascii { right.replace('≠', "!=") } else { right }
        };
        let room = width - version_width - 3;
        let word_room = room.min(LONGEST_WORD);
        let fits = |right: &String| (word.width() as u16).min(word_room) + 1 + right.width() as u16 <= room;
        // That it differs, or who has it, is told however long the word is: by its sign, and then the word gives way.
        let right = Some(slot(wide)).filter(fits).unwrap_or_else(|| slot(false));
        let needed = if right.is_empty() { 0 } else { right.width() as u16 + 1 };
        pen.text(at + 2, y, &word, word_token, word_room.min(room.saturating_sub(needed)));
        pen.right(x + width, y, &right, Token::Muted);
    }
    if here {
        let area = Area::new(x.saturating_sub(1), y, width + 2, 1);
        pen.under(area, if focused { Ground::Sel } else { Ground::Row });
        if pen.look.ascii || pen.look.bare() {
            pen.text(x.saturating_sub(1), y, "[", Token::Hi, 1);
            pen.text(x + width, y, "]", Token::Hi, 1);
        }
    }
}

fn sign(pen: &Pen<'_>, cell: &Cell, quiet: bool) -> (&'static str, String, Token) {
    let ascii = pen.look.ascii;
    if cell.stale {
        return (signs::stale(ascii), format!("was {}", signs::word(&cell.verdict, ascii)), Token::Muted);
    }
    let token = if quiet { Token::Calm } else { signs::token(cell.verdict.state) };
    (signs::glyph(cell.verdict.state, ascii), signs::word(&cell.verdict, ascii), token)
}

/// `queued` while a run of this session has yet to come to it, `by ana@mac, 2 wait` while somebody else deploys it, `frozen` where something bars a deploy, `draining 2` while old pods still end,
/// `differs` where it lags its source, else the age of a change younger than a day.
fn right_slot(model: &Model, service: &ServiceId, env: &Environment, cell: &Cell, wide: bool) -> String {
    if runs::awaits_turn(model, &env.name, service) {
        return if wide { "queued".to_owned() } else { "○".to_owned() };
    }
    if let Some(holder) = holders::of(model, service, &env.name) {
        let more = match queue::of(model, service, &env.name).len() {
            0 => String::new(),
            number => format!(", {number} {}", verb(number, "wait")),
        };
        return if wide { format!("by {}{more}", holder.by) } else { "by".to_owned() };
    }
    if let Some(next) = queue::of(model, service, &env.name).first() {
        return if wide { format!("{} waits", next.by) } else { "by".to_owned() };
    }
    if let Some(word) = locks::word(model, service, &env.name) {
        return if wide { word.to_owned() } else { "◇".to_owned() };
    }
    if cell.verdict.state == State::Ok && cell.verdict.progress.draining > 0 && wide {
        return format!("draining {}", cell.verdict.progress.draining);
    }
    if model.board.differs_from_upstream(&model.catalog, service, &env.name) {
        return if wide { "differs".to_owned() } else { "≠".to_owned() };
    }
    let now = model.session.now;
    let young = |since: &jiff::Timestamp| now.duration_since(*since).as_secs() < 86_400;
    cell.changed.filter(young).filter(|_| wide).map(|since| format::age(since, now)).unwrap_or_default()
}
