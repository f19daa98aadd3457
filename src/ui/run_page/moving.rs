//! What is under way of a step, where the screen has room for that: its new pods, how each of them stands, and beside them
//! what Kubernetes says of them; below everything the end of the log that is followed.

use super::super::lines::Line;
use super::super::look::Token;
use super::super::{format, logs, pods};
use super::evidence::heading;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::domain::observed::{Event, Pod};
use crate::domain::plan::Step;
use crate::domain::rollout::View;
use crate::domain::run::{Run, StepState};

/// Narrower pages have no room beside a step.
pub(super) const WIDE: u16 = 132;
/// Most rows of one step.
const MOST: u16 = 6;
/// Rows for what is told of a step whose evidence is open.
const EVIDENCE: u16 = 12;
/// Lines of a log that are a glance, and the rows around them.
const MOST_OF_TAIL: u16 = 16;
const ABOUT_TAIL: u16 = 3;
/// Where the parts stand: names and words below those of the step, events below its bar.
const COLUMNS: [u16; 7] = [6, 8, 20, 26, 48, 58, 70];

/// Rows for each step that moves, as many as leave all other steps in sight; 0: there is no room.
pub(super) fn rows(run: &Run, open: bool, area: Area) -> u16 {
    let moving = run.steps.iter().filter(|step| step.is_under_way()).count() as u16;
    let evidence = if open { EVIDENCE } else { 0 };
    let taken = 3 + 2 * run.plan.waves.len() as u16 + run.steps.len() as u16 + evidence;
    match area.height.saturating_sub(taken).checked_div(moving) {
        Some(each @ 2..) if area.width >= WIDE => each.min(MOST),
        _ => 0,
    }
}

/// As many lines from the beginning as the step will need, so that nothing jumps when a pod comes.
pub(super) fn of(model: &Model, run: &Run, planned: &Step, rows: u16, width: u16) -> Vec<Line> {
    let world = model.world.env(&run.plan.env);
    let found = world.and_then(|world| Some((world, world.workload(&planned.workload)?)));
    let Some((world, workload)) = found else { return Vec::new() };
    let count = usize::from(rows).min((workload.desired as usize + 1).max(4));
    let view = View::new(world, workload);
    // Before it is written, and until that is seen, those that are called new there are the old ones.
    let written = workload.containers.get(planned.container_index).is_some_and(|it| it.image == planned.to);
    let mut pods: Vec<&Pod> = view.new_pods().filter(|_| written).collect();
    pods.sort_by_key(|pod| (pod.meta.created, &pod.meta.name));
    let mut about = vec![&workload.meta.uid];
    about.extend(view.new_set().map(|set| &set.meta.uid));
    about.extend(pods.iter().map(|pod| &pod.meta.uid));
    let mut events: Vec<&Event> = about.into_iter().flat_map(|uid| world.events_about(uid)).collect();
    let began = run.step(&planned.service).and_then(|step| step.started);
    events.retain(|event| began.is_none_or(|began| event.last_seen >= began));
    events.sort_by_key(|event| std::cmp::Reverse((event.last_seen, &event.meta.name)));
    let more = pods.len().saturating_sub(count);
    if more > 0 {
        // What is not ready is looked for.
        pods.sort_by_key(|pod| (pod.ready, pod.meta.created, &pod.meta.name));
        pods.truncate(count - 1);
    }
    let mut lines: Vec<Line> = pods.into_iter().map(|pod| pod_line(model, pod)).collect();
    lines.extend((more > 0).then(|| Line::text(COLUMNS[1], format!("and {} more", more + 1), Token::Muted)));
    lines.resize(count, Line::default());
    for (line, event) in lines.iter_mut().zip(events) {
        *line = beside(std::mem::take(line), event, width);
    }
    lines
}

/// Below everything else, as far as there is room: what the newest pod writes of the step whose log is followed.
pub(super) fn tail(model: &Model, run: &Run, room: u16) -> Vec<Line> {
    let followed = model.logs.target.as_ref().filter(|(env, _)| *env == run.plan.env).map(|(_, service)| service);
    let step = followed.and_then(|service| run.step(service)).filter(|step| step.state == StepState::Watching);
    let planned = step.and_then(|step| run.planned(&step.service));
    let world = model.world.env(&run.plan.env);
    let found = world.zip(planned).and_then(|(world, it)| Some((world, world.workload(&it.workload)?)));
    let Some((world, workload)) = found.filter(|_| room > ABOUT_TAIL) else { return Vec::new() };
    let view = View::new(world, workload);
    let mut pods: Vec<&Pod> = view.new_pods().collect();
    pods.sort_by_key(|pod| (pod.ready, std::cmp::Reverse(pod.meta.created), &pod.meta.name));
    let count = usize::from((room - ABOUT_TAIL).min(MOST_OF_TAIL));
    let mut written = pods.into_iter().map(|pod| (pod, model.logs.quoted(&pod.meta.name, false, count)));
    let Some((pod, lines)) = written.find(|(_, lines)| !lines.is_empty()) else { return Vec::new() };
    let title = format!("pod {} writes", pod.meta.name);
    let mut told = vec![Line::default(), heading(&title, 2)];
    told.extend(logs::quoted(&lines, 4));
    told
}

fn pod_line(model: &Model, pod: &Pod) -> Line {
    let stand = pods::stand(pod, true);
    let [at, name, age, state, ..] = COLUMNS;
    Line::text(at, stand.sign, stand.token)
        .within(name, 11, short(&pod.meta.name), Token::Text)
        .within(age, 5, format::age(pod.meta.created, model.session.now), Token::Muted)
        .within(state, 21, stand.words.clone(), stand.voice())
}

fn beside(line: Line, event: &Event, width: u16) -> Line {
    let [.., at, who, what] = COLUMNS;
    let token = if event.warning { Token::Warn } else { Token::Muted };
    let who_is = if &*event.about_kind == "Pod" { short(&event.about_name) } else { String::new() };
    line.and(at, format::clock(event.last_seen), Token::Muted).within(who, 11, who_is, Token::Muted).within(
        what,
        width.saturating_sub(what + 1).max(1),
        format!("{}: {}", event.reason, event.message),
        token,
    )
}

/// What tells a pod from its siblings.
fn short(name: &str) -> String {
    format::pod(name, 10)
}
