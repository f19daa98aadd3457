//! Pane 3: who must go before whom, in waves, with live status.

mod layout;
mod words;

use std::collections::BTreeSet;

use layout::{Edges, Layout, Node};

use super::look::{Ground, Token};
use super::pen::{Pen, Rule, TABS, Tab};
use super::signs;
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::{Model, Pane};
use crate::domain::ids::ServiceId;
use crate::domain::plan::waves::{layers, needs_within, neighbourhood, reduced};
use crate::domain::verdict::State;
use unicode_width::UnicodeWidthStr;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area, tabs: bool) {
    if area.height == 0 {
        return;
    }
    let body = area.below_rule();
    let set = shown(model, body);
    let note = note(model, set.len(), area.width, tabs);
    let focused = model.home.focus == Pane::Dependencies;
    let tabs: &[Tab] = if tabs { &TABS } else { &[] };
    let key = Some(Action::FocusDependencies);
    let mut rule = Rule { key, title: "Dependencies", tabs, note: &note, focused, ..Rule::default() };
    pen.rule(area, &rule);
    if model.catalog.services.iter().all(|service| service.needs.is_empty()) {
        return unknown(pen, body);
    }
    match layers(&model.catalog, &set) {
        Ok(waves) => {
            let place = place(body);
            let (edges, hidden) = reduced(&needs_within(&model.catalog, &set));
            let (below, hidden) = match fitting(&waves, &edges, place) {
                Some(layout) => (graph(pen, model, &layout, place), hidden),
                None => (body.y, 0),
            };
            let room = body.bottom().saturating_sub(below);
            let more = words::draw(pen, model, Area::new(body.x, below, body.width, room), hidden).around();
            if !more.is_empty() {
                rule.state = &more;
                pen.rule(area, &rule);
            }
        }
        Err(error) => {
            pen.text(body.x + 2, body.y, &format!("✗ {error}"), Token::Fail, body.width.saturating_sub(3));
        }
    }
}

/// What the graph is of, as much of that as has room beside the title.
fn note(model: &Model, shown: usize, width: u16, tabs: bool) -> String {
    match (&model.home.group, model.home.marks.is_empty(), &model.home.service) {
        (Some(group), false, _) => format!("{group} · {shown}"),
        (None, false, _) => format!("{shown} marked"),
        (_, true, Some(service)) => {
            let room = usize::from(width.saturating_sub(if tabs { 40 } else { 24 }));
            let all = model.catalog.services.len();
            let ways = [format!("around {service} · {shown} of {all}"), format!("around {service} · {shown}")];
            ways.into_iter().find(|way| way.width() <= room).unwrap_or_else(|| service.to_string())
        }
        (_, true, None) => String::new(),
    }
}

/// Rows of the facts in words.
const WORDS: u16 = 4;
/// Nodes that can still be read as a graph.
const MOST: usize = 24;

/// Where a graph may be drawn: above the words, with a row to breathe where there is room for it.
fn place(body: Area) -> Area {
    let gap = u16::from(body.height >= 12);
    let words = body.height.min(WORDS);
    Area::new(body.x, body.y + gap, body.width, body.height.saturating_sub(words + gap))
}

/// The marked set, or as much of what stands around the selection as can be drawn: everything that it rests on and that
/// rests on it, else fewer steps.
fn shown(model: &Model, body: Area) -> BTreeSet<ServiceId> {
    if !model.home.marks.is_empty() {
        return model.home.marks.clone();
    }
    let Some(service) = &model.home.service else { return BTreeSet::new() };
    let drawn = |set: &BTreeSet<ServiceId>| {
        let (edges, _) = reduced(&needs_within(&model.catalog, set));
        let fits = |waves: Vec<Vec<ServiceId>>| fitting(&waves, &edges, place(body)).is_some();
        set.len() <= MOST && layers(&model.catalog, set).is_ok_and(fits)
    };
    let mut around = neighbourhood(&model.catalog, service, 1);
    for steps in 2.. {
        // One that is too large already is not looked at further: its neighbours may be everything.
        let wider = (around.len() < MOST).then(|| neighbourhood(&model.catalog, service, steps));
        match wider.filter(|wider| wider.len() > around.len() && drawn(wider)) {
            Some(wider) => around = wider,
            None => break,
        }
    }
    around
}

fn unknown(pen: &mut Pen<'_>, body: Area) {
    let lines =
        ["No dependencies known yet.", "", "needs = [\"auth\"] in the configuration tells the order of deploys."];
    for (index, line) in lines.iter().enumerate().filter(|(index, _)| *index < usize::from(body.height)) {
        let token = if index == 0 { Token::Text } else { Token::Muted };
        pen.text(body.x + 2, body.y + index as u16, line, token, body.width.saturating_sub(3));
    }
}

/// The graph in this place, two columns from its edge and below the titles of its waves.
fn fitting(waves: &[Vec<ServiceId>], edges: &Edges, place: Area) -> Option<Layout> {
    Layout::of(waves, edges, (place.width.saturating_sub(2), place.height.saturating_sub(1)))
}

/// Draws the graph and returns the row below it.
fn graph(pen: &mut Pen<'_>, model: &Model, layout: &Layout, place: Area) -> u16 {
    let active = model.active_run().map(|run| run.wave);
    let (left, top) = (place.x + 2, place.y + 1);
    for (index, (x, width)) in layout.waves.iter().enumerate() {
        let lit = active == Some(index) && !model.home.marks.is_empty();
        let (title, token) = if lit {
            (format!("wave {} now", index + 1), Token::Prog)
        } else {
            (format!("wave {}", index + 1), Token::Muted)
        };
        pen.text(left + x, place.y, &title, token, (*width).max(10));
    }
    let selected = model.home.service.as_ref();
    for mark in &layout.lines {
        let lit = mark.edges.iter().any(|(from, to)| selected.is_some_and(|it| it == from || it == to));
        pen.text(left + mark.x, top + mark.y, mark.sign, if lit { Token::Accent } else { Token::Edge }, 1);
    }
    for (service, Node { x, y, width }) in &layout.nodes {
        node(pen, model, service, Area::new(left + x, top + y, *width, 1));
    }
    layout.nodes.values().map(|node| top + node.y + 1).max().unwrap_or(place.y)
}

fn node(pen: &mut Pen<'_>, model: &Model, service: &ServiceId, area: Area) {
    let state = state(model, service);
    let selected = model.home.service.as_ref() == Some(service);
    let near = model
        .home
        .service
        .as_ref()
        .and_then(|it| model.catalog.service(it))
        .is_some_and(|it| it.needs.contains(service));
    let sign_token = if state == State::Ok { Token::Calm } else { signs::token(state) };
    let name_token = match () {
        () if selected => Token::Hi,
        () if state == State::Failed => Token::Fail,
        () if near => Token::Text,
        () => Token::Muted,
    };
    let x = pen.text(area.x, area.y, signs::glyph(state, pen.look.ascii), sign_token, 1);
    let name = super::format::cut_middle(service.as_str(), usize::from(area.width.saturating_sub(2)));
    pen.text(x + 1, area.y, &name, name_token, area.width);
    if selected {
        let width = (name.width() as u16 + 4).min(area.width + 2);
        pen.under(Area::new(area.x.saturating_sub(1), area.y, width, 1), Ground::Sel);
    }
}

/// How a service stands in the selected environment; what was heard too long ago is not known.
fn state(model: &Model, service: &ServiceId) -> State {
    let env = model.home.env.as_ref();
    let cell = env.and_then(|env| model.board.cell(service, env));
    cell.map_or(State::Reading, |cell| if cell.stale { State::Unknown } else { cell.verdict.state })
}
