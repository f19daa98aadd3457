//! Everything known of one cell: the verdict with its evidence, what runs, its pods, its neighbours, its events.

use super::lines::{self, Line, wrapped};
use super::look::Token;
use super::pen::{Pen, Rule};
use super::{format, signs};
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::{Model, Pane};
use crate::domain::board::Cell;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::image::short_digest;
use crate::domain::observed::{ContainerState, Pod, Workload};
use crate::domain::plan::version_of;
use crate::domain::verdict::Verdict;
use crate::domain::world::EnvWorld;

/// Events told.
const EVENTS: usize = 8;

/// Pane 5 of wide screens: the selection, always open.
pub(super) fn pane(pen: &mut Pen<'_>, model: &Model, area: Area) {
    if area.height == 0 {
        return;
    }
    let (Some(service), Some(env)) = (&model.home.service, &model.home.env) else { return };
    let note = format!("{env} / {service}");
    let focused = model.home.focus == Pane::Details;
    pen.rule(area, &Rule { key: Some(Action::Details), title: "Details", note: &note, focused, ..Rule::default() });
    let body = area.below_rule();
    let inside = Area::new(body.x + 1, body.y, body.width.saturating_sub(2), body.height);
    let content = content(model, service, env, inside.width);
    pen.drawn.details = lines::scrolled(pen, &content, model.home.details_scroll, inside);
}

/// The lines for a width.
pub(super) fn content(model: &Model, service: &ServiceId, env: &EnvId, width: u16) -> Vec<Line> {
    let Some(cell) = model.board.cell(service, env) else { return vec![Line::text(0, "not read yet", Token::Muted)] };
    let mut content = verdict(&cell.verdict, width);
    let world = model.world.env(env);
    let declared = model.catalog.service(service);
    let workload = world.zip(declared).and_then(|(world, it)| Some((world, world.workload(&it.workload)?)));
    content.extend(running(model, cell, workload.map(|(_, workload)| workload)));
    if let Some((world, workload)) = workload {
        content.extend(pods(model, world, workload));
    }
    content.extend(neighbours(model, service, env));
    if let Some((world, workload)) = workload {
        content.extend(events(world, workload, width));
    }
    content
}

fn verdict(verdict: &Verdict, width: u16) -> Vec<Line> {
    let token = signs::token(verdict.state);
    let glyph = signs::glyph(verdict.state, false);
    let Some(evidence) = &verdict.evidence else {
        return vec![Line::text(0, glyph, token).and(2, signs::word(verdict, false), token), Line::default()];
    };
    let mut lines = wrapped(2, &evidence.headline, token, width);
    if let Some(first) = lines.first_mut() {
        *first = std::mem::take(first).and(0, glyph, token);
    }
    for detail in &evidence.details {
        lines.extend(wrapped(2, detail, Token::Muted, width));
    }
    if !evidence.remedy.is_empty() {
        lines.extend(wrapped(2, &evidence.remedy, Token::Text, width));
    }
    lines.push(Line::default());
    lines
}

fn running(model: &Model, cell: &Cell, workload: Option<&Workload>) -> Vec<Line> {
    let mut lines = vec![Line::heading("Running")];
    for (index, running) in cell.running.iter().enumerate() {
        let digest = running.digest.as_deref().map(short_digest).unwrap_or_default();
        let label = if index == 0 { "version" } else { "also" };
        lines.push(Line::pair(label, format!("{} {digest}", running.image.version()), Token::Text));
    }
    if let Some(image) = cell.running.first().map(|running| &running.image.repository) {
        lines.push(Line::pair("image", image.to_string(), Token::Muted));
    }
    if let Some(changed) = cell.changed {
        let since =
            format!("{} · {} ago", format::moment(changed, model.session.now), format::age(changed, model.session.now));
        lines.push(Line::pair("since", since, Token::Muted));
    }
    if let Some(workload) = workload {
        lines.push(Line::pair("runs as", workload.reference().to_string(), Token::Muted));
        let owner = match workload.meta.marks {
            marks if marks.gitops => Some("a GitOps controller"),
            marks if marks.helm => Some("Helm"),
            _ => None,
        };
        lines.extend(owner.map(|owner| Line::pair("owned by", owner, Token::Warn)));
    }
    lines.push(Line::default());
    lines
}

fn pods(model: &Model, world: &EnvWorld, workload: &Workload) -> Vec<Line> {
    let mut pods: Vec<&Pod> = world.pods_under(workload).collect();
    pods.sort_by_key(|pod| (pod.ready, std::cmp::Reverse(pod.meta.created)));
    let mut lines = vec![Line::heading("Pods").right(format!(" {}", pods.len()), Token::Muted)];
    lines.extend(pods.into_iter().map(|pod| {
        let status = pod.containers.iter().find(|status| !status.init);
        let version = status.map(|status| version_of(&status.image)).unwrap_or_default();
        let (sign, token) = match (pod.ready, pod.meta.deleting.is_some()) {
            (_, true) => ("○", Token::Muted),
            (true, false) => ("●", Token::Calm),
            (false, false) => ("✗", Token::Fail),
        };
        let name = format::cut(pod.meta.name.rsplit('-').next().unwrap_or(&pod.meta.name), 9);
        Line::text(0, sign, token)
            .within(2, 10, name, Token::Text)
            .within(13, 10, version, Token::Text)
            .within(24, 22, state(pod), if pod.ready { Token::Muted } else { token })
            .right(format::age(pod.meta.created, model.session.now), Token::Muted)
    }));
    lines.push(Line::default());
    lines
}

/// How a pod stands, in few words.
fn state(pod: &Pod) -> String {
    if pod.meta.deleting.is_some() {
        return "ending".to_owned();
    }
    let restarts = pod.containers.iter().map(|status| status.restarts).max().unwrap_or(0);
    let restarts = if restarts > 0 { format!(" · {restarts} restarts") } else { String::new() };
    if pod.ready {
        return format!("ready{restarts}");
    }
    let waiting = pod.containers.iter().find_map(|status| match (&status.state, &status.last) {
        (ContainerState::Waiting { .. }, Some(last)) => Some(format!("exit {}", last.exit_code)),
        (ContainerState::Terminated(end), _) => Some(format!("exit {}", end.exit_code)),
        _ => None,
    });
    let unscheduled = pod.unscheduled.as_ref().map(|_| "no node".to_owned());
    format!("{}{restarts}", waiting.or(unscheduled).unwrap_or_else(|| "not ready".to_owned()))
}

fn neighbours(model: &Model, service: &ServiceId, env: &EnvId) -> Vec<Line> {
    let Some(declared) = model.catalog.service(service) else { return Vec::new() };
    let dependents = model.catalog.services.iter().filter(|other| other.needs.contains(service));
    let state = |name: &ServiceId| {
        let state = model.board.cell(name, env).map(|cell| cell.verdict.state);
        format!("{name} {}", state.map_or("?", |state| signs::glyph(state, false)))
    };
    let list = |names: Vec<String>| if names.is_empty() { "nothing".to_owned() } else { names.join("  ") };
    let mut lines = vec![Line::heading("Neighbours")];
    if let Some(team) = &declared.team {
        lines.push(Line::pair("team", team.to_string(), Token::Text));
    }
    lines.push(Line::pair("needs", list(declared.needs.iter().map(state).collect()), Token::Text));
    lines.push(Line::pair("for", list(dependents.map(|other| state(&other.name)).collect()), Token::Text));
    lines.push(Line::default());
    lines
}

fn events(world: &EnvWorld, workload: &Workload, width: u16) -> Vec<Line> {
    let events = world.events_about(&workload.meta.uid);
    if events.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::heading("Events")];
    for event in events.into_iter().take(EVENTS) {
        let token = if event.warning { Token::Warn } else { Token::Muted };
        let text = format!("{} {}: {}", format::clock(event.last_seen), event.reason, event.message);
        lines.extend(wrapped(0, &text, token, width));
    }
    lines
}
