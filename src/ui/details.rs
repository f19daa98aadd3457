//! Everything known of one cell: the verdict with its evidence, what runs, its pods, its neighbours, its events.

use unicode_width::UnicodeWidthStr;

use super::lines::{self, Line, wrapped};
use super::look::Token;
use super::pen::{Pen, Rule};
use super::{format, logs, pods, signs};
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::{Model, Pane};
use crate::domain::board::Cell;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::image::short_digest;
use crate::domain::observed::{Pod, RunningImage, Workload};
use crate::domain::plan::version_of;
use crate::domain::verdict::{Evidence, PodContainer, State};
use crate::domain::world::EnvWorld;

/// Events told.
const EVENTS: usize = 8;
/// Log lines told of a pod in trouble.
const LAST_LINES: usize = 4;

/// Pane 5 of wide screens: the selection, always open.
pub(super) fn pane(pen: &mut Pen<'_>, model: &Model, area: Area) {
    if area.height == 0 {
        return;
    }
    let (Some(service), Some(env)) = (&model.home.service, &model.home.env) else { return };
    let old = super::environments::as_of(model, env, pen.look.ascii);
    let note = format!("{env} / {service}{}", old.map(|it| format!(" · {it}")).unwrap_or_default());
    let focused = model.home.focus == Pane::Details;
    let body = area.below_rule();
    let inside = Area::new(body.x + 1, body.y, body.width.saturating_sub(2), body.height);
    let content = content(model, service, env, inside.width);
    let more = lines::more(&content, model.home.details_scroll, inside).around();
    let key = Some(Action::Details);
    pen.rule(area, &Rule { key, title: "Details", note: &note, state: &more, focused, ..Rule::default() });
    pen.drawn.details = lines::scrolled(pen, &content, model.home.details_scroll, inside);
}

/// The lines for a width.
pub(super) fn content(model: &Model, service: &ServiceId, env: &EnvId, width: u16) -> Vec<Line> {
    let mut content = brief(model, service, env, width);
    if model.board.cell(service, env).is_none() {
        return content;
    }
    let world = model.world.env(env);
    let declared = model.catalog.service(service);
    let workload = world.zip(declared).and_then(|(world, it)| Some((world, world.workload(&it.workload)?)));
    content.extend(neighbours(model, service, env, width));
    if let Some((world, workload)) = workload {
        content.extend(events(world, workload, width));
    }
    content
}

/// The first of them: how it stands and why, what runs, and its pods.
pub(super) fn brief(model: &Model, service: &ServiceId, env: &EnvId, width: u16) -> Vec<Line> {
    let Some(cell) = model.board.cell(service, env) else { return vec![Line::text(0, "not read yet", Token::Muted)] };
    let mut content = verdict(model, cell, (service, env), width);
    let world = model.world.env(env);
    let declared = model.catalog.service(service);
    let workload = world.zip(declared).and_then(|(world, it)| Some((world, world.workload(&it.workload)?)));
    content.extend(running(model, cell, workload));
    if let Some((world, workload)) = workload {
        content.extend(pod_lines(model, cell, world, workload));
    }
    content
}

fn verdict(model: &Model, cell: &Cell, of: (&ServiceId, &EnvId), width: u16) -> Vec<Line> {
    let verdict = &cell.verdict;
    let seen = (signs::glyph(verdict.state, false), signs::token(verdict.state));
    let (glyph, token) = if cell.stale { (signs::stale(false), Token::Muted) } else { seen };
    let Some(evidence) = &verdict.evidence else {
        let was = if cell.stale { "was " } else { "" };
        let word = format!("{was}{}", signs::word(verdict, false));
        return vec![Line::text(0, glyph, token).and(2, word, token), Line::default()];
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
    lines.extend(last_lines(model, evidence, of));
    lines.push(Line::default());
    lines
}

/// What the pod in trouble wrote last, as far as the log of this cell was received.
fn last_lines(model: &Model, evidence: &Evidence, (service, env): (&ServiceId, &EnvId)) -> Vec<Line> {
    let Some(PodContainer { pod, previous, .. }) = &evidence.pod else { return Vec::new() };
    if model.logs.target.as_ref().is_none_or(|target| (&target.1, &target.0) != (service, env)) {
        return Vec::new();
    }
    let written = model.logs.quoted(pod, *previous, LAST_LINES);
    logs::quoted(&written, 2).into_iter().map(|line| Line { edge: Some(Token::Line), inset: 2, ..line }).collect()
}

/// What serves first, with how many pods; then what does not, or not yet.
fn running(model: &Model, cell: &Cell, workload: Option<(&EnvWorld, &Workload)>) -> Vec<Line> {
    let pods: Vec<&Pod> = workload.iter().flat_map(|(world, workload)| world.pods_under(workload)).collect();
    let counts = |running: &RunningImage| {
        let its = pods.iter().filter(|pod| pod.meta.deleting.is_none() && runs(pod, running));
        its.fold((0, 0), |(ready, all), pod| (ready + usize::from(pod.ready), all + 1))
    };
    let mut versions: Vec<_> = cell.running.iter().enumerate().map(|(index, it)| (index, it, counts(it))).collect();
    versions.sort_by_key(|(index, _, (ready, _))| (*ready == 0, *index));
    let mut lines = vec![Line::heading("Running")];
    for (index, running, (ready, all)) in versions {
        let digest = running.digest.as_deref().map(short_digest).unwrap_or_default();
        let label = match (ready, index) {
            (1.., _) if cell.stale => "served",
            (1.., _) => "serves",
            (0, 0) => "new",
            _ => "old",
        };
        let told = if ready == all { format::count(all, "pod") } else { format!("{ready} of {all} ready") };
        let token = if ready == 0 { Token::Muted } else { Token::Text };
        lines.push(Line::pair(label, format!("{} {digest}", running.image.version()), token).right(told, token));
    }
    let workload = workload.map(|(_, workload)| workload);
    if let Some(image) = cell.running.first().map(|running| &running.image.repository) {
        lines.push(Line::pair("image", image.to_string(), Token::Muted));
    }
    if let Some(changed) = cell.changed {
        let since =
            format!("{} · {}", format::moment(changed, model.session.now), format::ago(changed, model.session.now));
        lines.push(Line::pair("since", since, Token::Muted));
    }
    if let Some(workload) = workload {
        lines.push(Line::pair("runs as", workload.reference().to_string(), Token::Muted));
        let kept_by = workload.steward.as_ref().map(|steward| steward.told());
        lines.extend(kept_by.map(|who| Line::pair("kept by", who, Token::Muted)));
    }
    lines.push(Line::default());
    lines
}

fn pod_lines(model: &Model, cell: &Cell, world: &EnvWorld, workload: &Workload) -> Vec<Line> {
    let moving = cell.verdict.state == State::Progressing;
    let mut pods: Vec<&Pod> = world.pods_under(workload).collect();
    pods.sort_by_key(|pod| (pod.ready, std::cmp::Reverse(pod.meta.created)));
    let mut lines = vec![Line::heading("Pods").right(format!(" {}", pods.len()), Token::Muted)];
    lines.extend(pods.into_iter().map(|pod| {
        let status = pod.containers.iter().find(|status| !status.init);
        let version = status.map(|status| version_of(&status.image)).unwrap_or_default();
        let stand = pods::stand(pod, moving);
        let name = format::pod(&pod.meta.name, 9);
        Line::text(0, stand.sign, stand.token)
            .within(2, 10, name, Token::Text)
            .within(13, 10, version, Token::Text)
            .within(24, 22, stand.words.clone(), stand.voice())
            .right(format::age(pod.meta.created, model.session.now), Token::Muted)
    }));
    lines.push(Line::default());
    lines
}

/// Whether a container of the pod runs this image: by its content where that is known, else by its version.
fn runs(pod: &Pod, running: &RunningImage) -> bool {
    pod.containers.iter().filter(|status| !status.init).any(|status| match (&status.digest, &running.digest) {
        (Some(its), Some(wanted)) => its == wanted,
        _ => version_of(&status.image) == running.image.version(),
    })
}

fn neighbours(model: &Model, service: &ServiceId, env: &EnvId, width: u16) -> Vec<Line> {
    let Some(declared) = model.catalog.service(service) else { return Vec::new() };
    let dependents = model.catalog.services.iter().filter(|other| other.needs.contains(service));
    let mut lines = vec![Line::heading("Neighbours")];
    if let Some(team) = &declared.team {
        lines.push(Line::pair("team", team.to_string(), Token::Text));
    }
    lines.extend(with_states(model, "needs", declared.needs.iter(), env, width));
    lines.extend(with_states(model, "for", dependents.map(|other| &other.name), env, width));
    lines.push(Line::default());
    lines
}

/// Services and how they stand, so that the one in trouble is seen at once.
fn with_states<'a>(
    model: &Model,
    label: &str,
    services: impl Iterator<Item = &'a ServiceId>,
    env: &EnvId,
    width: u16,
) -> Vec<Line> {
    const AT: u16 = 9;
    let mut lines = vec![Line::text(0, label, Token::Muted)];
    let mut x = AT;
    for name in services {
        let wide = (name.as_str().width() as u16).saturating_add(4);
        if x > AT && x.saturating_add(wide) > width.saturating_add(2) {
            lines.push(Line::default());
            x = AT;
        }
        let state = model.board.cell(name, env).map_or(State::Reading, |cell| cell.verdict.state);
        let token = if state == State::Ok { Token::Calm } else { signs::token(state) };
        let name_token = if state == State::Failed { Token::Fail } else { Token::Text };
        if let Some(line) = lines.last_mut() {
            *line = std::mem::take(line).and(x, signs::glyph(state, false), token).and(
                x.saturating_add(2),
                name.to_string(),
                name_token,
            );
        }
        x = x.saturating_add(wide);
    }
    if x == AT && lines.len() == 1 {
        lines[0] = std::mem::take(&mut lines[0]).and(AT, "nothing", Token::Muted);
    }
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
