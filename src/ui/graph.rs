//! Pane 3: who must go before whom, in waves, with live status.

use std::collections::{BTreeMap, BTreeSet};

use super::look::{Ground, Token};
use super::pen::{Pen, Rule, TABS, Tab};
use super::signs;
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::{Model, Pane};
use crate::domain::ids::ServiceId;
use crate::domain::plan::waves::{layers, needed_by, needs_within, neighbourhood, reduced};
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
    pen.rule(area, &Rule { key, title: "Dependencies", tabs, note: &note, focused, ..Rule::default() });
    if model.catalog.services.iter().all(|service| service.needs.is_empty()) {
        return unknown(pen, body);
    }
    match layers(&model.catalog, &set) {
        Ok(waves) => {
            let place = place(body);
            let edges = needs_within(&model.catalog, &set);
            let (edges, hidden) = reduced(&edges);
            if fits(&waves, place) {
                let below = graph(pen, model, &waves, &edges, place);
                let room = body.bottom().saturating_sub(below).min(WORDS);
                facts(pen, model, Area::new(body.x, below, body.width, room), hidden);
            } else {
                facts(pen, model, body, 0);
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
        set.len() <= MOST && layers(&model.catalog, set).is_ok_and(|waves| fits(&waves, place(body)))
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

fn column_width(wave: &[ServiceId]) -> u16 {
    wave.iter().map(|service| service.as_str().width() as u16).max().unwrap_or(0).min(20) + 2
}

/// Columns between two waves, wide where there is room; none: they do not fit.
fn gap(waves: &[Vec<ServiceId>], place: Area) -> Option<u16> {
    let names: u16 = waves.iter().map(|wave| column_width(wave)).sum();
    let between = waves.len().saturating_sub(1) as u16;
    // Two columns before the first, and one after the last for the ground of what is selected.
    [6, 5].into_iter().find(|gap| names.saturating_add(gap * between).saturating_add(3) <= place.width)
}

fn fits(waves: &[Vec<ServiceId>], place: Area) -> bool {
    let tallest = waves.iter().map(Vec::len).max().unwrap_or(0) as u16;
    place.height > tallest && gap(waves, place).is_some() && waves.len() <= 5
}

/// The row of every node, by wave: beside the middle of what it needs, so that a chain is a straight line, and never on
/// a row along which a line passes by.
fn rows(waves: &[Vec<ServiceId>], edges: &BTreeMap<ServiceId, BTreeSet<ServiceId>>, height: u16) -> Vec<Vec<u16>> {
    let tallest = waves.iter().map(Vec::len).max().unwrap_or(0) as u16;
    let step = if tallest * 2 <= height { 2 } else { 1 };
    let wave_of = |service: &ServiceId| waves.iter().position(|wave| wave.contains(service));
    let mut placed: BTreeMap<&ServiceId, u16> = BTreeMap::new();
    let mut rows: Vec<Vec<u16>> = Vec::new();
    for (index, wave) in waves.iter().enumerate() {
        let passing: BTreeSet<u16> = edges
            .iter()
            .filter(|(to, _)| wave_of(to).is_some_and(|to| to > index))
            .flat_map(|(_, needs)| needs.iter().filter_map(|from| placed.get(from).copied()))
            .collect();
        let wanted = |service: &ServiceId| {
            let needs: Vec<u16> =
                edges.get(service).into_iter().flatten().filter_map(|from| placed.get(from).copied()).collect();
            needs.iter().sum::<u16>().checked_div(needs.len() as u16).unwrap_or(0)
        };
        let mut order: Vec<(u16, usize)> = wave.iter().enumerate().map(|(at, service)| (wanted(service), at)).collect();
        order.sort_unstable();
        let mut its = vec![0; wave.len()];
        let mut next = 0;
        for (number, (wanted, at)) in order.iter().enumerate() {
            // Those that follow need their rows too.
            let last = height.saturating_sub(1 + step * (order.len() - 1 - number) as u16);
            let first = next.min(last);
            let row = (*wanted).clamp(first, last.max(first));
            let free = (row..=last).chain((first..row).rev()).find(|row| !passing.contains(row));
            its[*at] = free.unwrap_or(row);
            next = its[*at] + step;
        }
        placed.extend(wave.iter().zip(its.iter().copied()));
        rows.push(its);
    }
    rows
}

/// Draws the graph and returns the row below it.
fn graph(
    pen: &mut Pen<'_>,
    model: &Model,
    waves: &[Vec<ServiceId>],
    edges: &BTreeMap<ServiceId, BTreeSet<ServiceId>>,
    place: Area,
) -> u16 {
    let active = model.active_run().map(|run| run.wave);
    let between = gap(waves, place).unwrap_or(5);
    let rows = rows(waves, edges, place.height.saturating_sub(1));
    let mut places: BTreeMap<&ServiceId, (u16, u16, u16)> = BTreeMap::new();
    let mut x = place.x + 2;
    for (index, (wave, rows)) in waves.iter().zip(&rows).enumerate() {
        let width = column_width(wave);
        let lit = active == Some(index) && !model.home.marks.is_empty();
        let (title, token) = if lit {
            (format!("wave {} now", index + 1), Token::Prog)
        } else {
            (format!("wave {}", index + 1), Token::Muted)
        };
        pen.text(x, place.y, &title, token, width + between);
        for (service, row) in wave.iter().zip(rows) {
            let y = place.y + 1 + row;
            places.insert(service, (x, y.min(place.bottom().saturating_sub(1)), width));
        }
        x += width + between;
    }
    let selected = model.home.service.as_ref();
    let touches = |from: &ServiceId, to: &ServiceId| selected.is_some_and(|it| it == from || it == to);
    for lit in [false, true] {
        for (to, needs) in edges {
            for from in needs.iter().filter(|from| touches(from, to) == lit) {
                if let (Some(from), Some(to)) = (places.get(from), places.get(to)) {
                    edge(pen, *from, *to, if lit { Token::Accent } else { Token::Edge });
                }
            }
        }
    }
    for (service, (x, y, width)) in &places {
        node(pen, model, service, Area::new(*x, *y, *width, 1));
    }
    places.values().map(|(_, y, _)| y + 1).max().unwrap_or(place.y)
}

/// From the right of a node to the left of another: along, up or down in the lane before the target, and in.
fn edge(pen: &mut Pen<'_>, from: (u16, u16, u16), to: (u16, u16, u16), token: Token) {
    let (start, end) = (from.0 + from.2 + 1, to.0.saturating_sub(2));
    let lane = end.saturating_sub(2).max(start);
    let style = pen.look.style(token);
    let mut put = |x: u16, y: u16, sign: &str| {
        let before = pen.buf.cell((x, y)).map(|cell| cell.symbol().to_owned()).unwrap_or_default();
        let merged = join(&before, sign);
        pen.styled(x, y, merged, style, 1);
    };
    for x in start..lane {
        put(x, from.1, "─");
    }
    if from.1 == to.1 {
        put(lane, from.1, "─");
    } else {
        let down = to.1 > from.1;
        put(lane, from.1, if down { "┐" } else { "┘" });
        for y in from.1.min(to.1) + 1..from.1.max(to.1) {
            put(lane, y, "│");
        }
        put(lane, to.1, if down { "└" } else { "┌" });
    }
    for x in lane + 1..end {
        put(x, to.1, "─");
    }
    put(end, to.1, "►");
}

/// Two lines that meet.
fn join<'a>(before: &'a str, sign: &'a str) -> &'a str {
    const SIGNS: [(&str, u8); 11] = [
        ("─", 0b0011),
        ("│", 0b1100),
        ("┌", 0b0101),
        ("┐", 0b0110),
        ("└", 0b1001),
        ("┘", 0b1010),
        ("├", 0b1101),
        ("┤", 0b1110),
        ("┬", 0b0111),
        ("┴", 0b1011),
        ("┼", 0b1111),
    ];
    let bits = |sign: &str| SIGNS.iter().find(|(known, _)| *known == sign).map(|(_, bits)| *bits);
    match (bits(before), bits(sign)) {
        (Some(a), Some(b)) => SIGNS.iter().find(|(_, bits)| *bits == a | b).map_or(sign, |(known, _)| known),
        _ => sign,
    }
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

fn state(model: &Model, service: &ServiceId) -> State {
    let env = model.home.env.as_ref();
    let cell = env.and_then(|env| model.board.cell(service, env));
    cell.map_or(State::Reading, |cell| if cell.stale { State::Unknown } else { cell.verdict.state })
}

/// The same in words: two lines that join look like a way between sources, words do not.
fn facts(pen: &mut Pen<'_>, model: &Model, area: Area, hidden: usize) {
    let Some(service) = model.home.service.as_ref().and_then(|it| model.catalog.service(it)) else { return };
    let needed: Vec<ServiceId> = needed_by(&model.catalog, &service.name).cloned().collect();
    let lines = [("needs", &service.needs), ("needed by", &needed)];
    let mut y = area.y + u16::from(area.height > 3);
    for (title, services) in lines {
        if y >= area.bottom() {
            return;
        }
        pen.text(area.x + 2, y, title, Token::Muted, 10);
        let mut x = area.x + 13;
        if services.is_empty() {
            pen.text(x, y, "nothing", Token::Muted, 8);
        }
        for service in services {
            let width = service.as_str().width() as u16 + 3;
            if x + width >= area.right() {
                pen.text(x, y, "…", Token::Muted, 1);
                break;
            }
            let state = state(model, service);
            let token = if state == State::Ok { Token::Calm } else { signs::token(state) };
            x = pen.text(x, y, signs::glyph(state, pen.look.ascii), token, 1);
            x = pen.text(x + 1, y, service.as_str(), Token::Text, width) + 2;
        }
        y += 1;
    }
    if hidden > 0 && y < area.bottom() {
        let words =
            if hidden == 1 { "1 implied edge hidden".to_owned() } else { format!("{hidden} implied edges hidden") };
        pen.text(area.x + 2, y, &words, Token::Muted, area.width.saturating_sub(3));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph_of(needs: &[(&str, &[&str])]) -> (Vec<Vec<ServiceId>>, BTreeMap<ServiceId, BTreeSet<ServiceId>>) {
        let catalog = crate::domain::fixtures::catalog(needs);
        let set = catalog.services.iter().map(|service| service.name.clone()).collect();
        (layers(&catalog, &set).unwrap(), reduced(&needs_within(&catalog, &set)).0)
    }

    #[test]
    fn a_chain_is_a_straight_line_and_a_fan_stands_around_it() {
        let (waves, edges) =
            graph_of(&[("cart", &[]), ("checkout-api", &["cart"]), ("checkout-web", &["checkout-api"])]);
        assert_eq!(rows(&waves, &edges, 8), [[0], [0], [0]]);
        let (waves, edges) = graph_of(&[("a", &[]), ("b", &[]), ("c", &["a", "b"])]);
        assert_eq!(rows(&waves, &edges, 8), [vec![0, 2], vec![1]]);
    }

    #[test]
    fn no_node_stands_on_a_line_that_passes_by_and_none_on_another() {
        let (waves, edges) = graph_of(&[("a", &[]), ("b", &[]), ("c", &["b"]), ("d", &["a", "c"]), ("e", &["b"])]);
        for height in [4, 5, 8, 20] {
            let rows = rows(&waves, &edges, height);
            for its in &rows {
                assert_eq!(its.iter().collect::<BTreeSet<_>>().len(), its.len(), "{rows:?}");
                assert!(its.iter().all(|row| *row < height), "{rows:?}");
            }
            assert!(height < 5 || !rows[1].contains(&rows[0][0]), "a goes by to d: {rows:?}");
        }
    }

    #[test]
    fn three_long_names_fit_beside_the_log_with_the_ground_of_the_selected_one() {
        let (waves, _) = graph_of(&[("cart", &[]), ("checkout-api", &["cart"]), ("checkout-web", &["checkout-api"])]);
        assert_eq!(gap(&waves, Area::new(0, 0, 48, 10)), Some(5));
        assert_eq!(gap(&waves, Area::new(0, 0, 46, 10)), None);
    }
}
