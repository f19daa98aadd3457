//! The page of a run: what is done, what moves, what went wrong and the ways out.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::lines::{self, Line, wrapped};
use super::look::{Ground, Token};
use super::pen::{Pen, Rule};
use super::{format, signs};
use crate::actions::Action;
use crate::app::availability::available_below;
use crate::app::geometry::Area;
use crate::app::model::{Model, RunPage};
use crate::app::runs;
use crate::app::screens::run::shown;
use crate::app::touch::Touch;
use crate::domain::ids::ServiceId;
use crate::domain::plan::{Purpose, Step};
use crate::domain::run::{Hold, Run, RunState, StepRun, StepState};
use crate::domain::verdict::{Cause, Evidence, PodContainer, State};
use crate::domain::world::Freshness;

/// Log lines shown of a pod that failed.
const LAST_LINES: usize = 6;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, page: &RunPage, area: Area) {
    let Some(run) = model.run(page.run) else { return };
    let back = model.keymap.hint(Action::Back);
    let leave = format!("{back} {}", leave_words(run.state));
    let title = format!("Run {}", run.id);
    let name = runs::name(&run.plan);
    let whole = format!("{name} · started by {}, {}", run.by, format::clock(run.started));
    // What could only be told in part is left out: who began it, then what becomes of it.
    let fits = |note: &str, end: &str| title.width() + note.width() + end.width() + 12 <= usize::from(area.width);
    let leave = if fits(&name, &leave) { leave } else { format!("{back} leave") };
    let note = if fits(&whole, &leave) { whole } else { name };
    pen.rule(area, &Rule { title: &title, note: &note, state: &leave, focused: true, ..Rule::default() });
    let body = Area::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(3));
    let open = page.selected.as_ref().or(run.first_failure().map(|step| &step.service));
    let (content, focus) = content(model, run, page.selected.as_ref(), open, body);
    let room = usize::from(body.height);
    // What is selected, or moves, stays in sight with everything that is told of it.
    let last = focus.1.min(focus.0 + room.saturating_sub(1));
    let skip = if content.len() <= room { 0 } else { (last + 2).saturating_sub(room).min(content.len() - room) };
    lines::draw(pen, &content, skip.min(focus.0), body);
    let below = content.len().saturating_sub(skip + room);
    outlook(pen, model, run, below, Area::new(area.x, area.bottom().saturating_sub(2), area.width, 2));
}

fn leave_words(state: RunState) -> &'static str {
    match state {
        RunState::Succeeded | RunState::Ended => "back",
        RunState::Halted | RunState::Paused => "leave, it waits",
        RunState::Acquiring | RunState::Running | RunState::Pausing => "leave, it goes on",
    }
}

/// Everything of the page, and the first and last line of what has the focus.
fn content(
    model: &Model,
    run: &Run,
    selected: Option<&ServiceId>,
    open: Option<&ServiceId>,
    area: Area,
) -> (Vec<Line>, (usize, usize)) {
    let mut content = vec![Line::default(), summary(model, run, area.width)];
    let mut focus = (0, 0);
    for (index, wave) in run.plan.waves.iter().enumerate() {
        content.push(Line::default());
        let active = index == run.wave && !run.state.is_over();
        if active && open.is_none() {
            focus = (content.len(), content.len() + wave.steps.len());
        }
        content.push(wave_title(run, index, model.session.now));
        for planned in &wave.steps {
            let Some(step) = run.step(&planned.service) else { continue };
            let first = content.len();
            let told_below = open == Some(&step.service);
            let mut row = step_row(model, run, step, planned, (area.width, told_below));
            row.touch = Some(Touch::Step(step.service.clone()));
            if selected == Some(&step.service) {
                row.ground = Some(Ground::Sel);
            }
            content.push(row);
            if open == Some(&step.service) {
                content.extend(evidence(model, step, area));
                focus = (first, content.len() - 1);
            }
        }
    }
    (content, focus)
}

fn summary(model: &Model, run: &Run, width: u16) -> Line {
    let (done, total) = (run.succeeded(), run.steps.len());
    let failed = run.steps.iter().filter(|step| step.state.went_wrong()).count();
    let moving = run.steps.iter().filter(|step| matches!(step.state, StepState::Writing | StepState::Watching)).count();
    let parts = vec![(done as u32, Token::Ok), (failed as u32, Token::Fail), (moving as u32, Token::Prog)];
    // Beside the bar there must be room for what is moving, what failed and for how long.
    let bar = (width * 2 / 5).min(width.saturating_sub(64)).clamp(8, 48);
    let word = match run.plan.purpose {
        Purpose::Deploy => "deployed",
        Purpose::Promote { .. } => "promoted",
        Purpose::RollBack => "put back",
    };
    let mut line = Line::text(0, format!("{done} of {total} {word}"), Token::Hi).bar(20, bar, parts, total as u32);
    let mut x = 20 + bar + 3;
    let left = if run.state.is_over() { "left to Kubernetes" } else { "moving" };
    for (number, word, token) in [(moving, left, Token::Prog), (failed, "failed", Token::Fail)] {
        if number > 0 {
            let text = format!("{number} {word}");
            let next = x + text.len() as u16 + 3;
            line = line.and(x, text, token);
            x = next;
        }
    }
    let end = run.finished.unwrap_or(model.session.now);
    line.right(took(run, end), Token::Text)
}

/// `26s of about 1m 20s`: how long it has been going, and how long it will; beyond that nothing is said of the end.
pub(super) fn took(run: &Run, now: Timestamp) -> String {
    let elapsed = now.duration_since(run.started);
    let took = format::span(elapsed);
    let goes = matches!(run.state, RunState::Running | RunState::Pausing);
    let whole = run.plan.estimate().filter(|whole| goes && *whole >= elapsed);
    whole.map_or(took.clone(), |whole| format!("{took} of about {}", format::span(whole)))
}

fn wave_title(run: &Run, index: usize, now: Timestamp) -> Line {
    let steps = || run.steps.iter().filter(|step| step.wave == index);
    let (note, token) = if steps().all(|step| step.state == StepState::Succeeded) {
        let from = steps().filter_map(|step| step.started).min();
        let to = steps().filter_map(|step| step.finished).max();
        let took = from.zip(to).map(|(from, to)| format!("done in {}", format::span(to.duration_since(from))));
        (took.unwrap_or_else(|| "done".to_owned()), Token::Muted)
    } else if run.wave == index && run.state == RunState::Paused {
        ("held before it".to_owned(), Token::Held)
    } else if run.wave == index && run.state == RunState::Halted {
        ("halted".to_owned(), Token::Fail)
    } else if run.wave == index && !run.state.is_over() {
        (slow_steps(run, now).unwrap_or_else(|| "now".to_owned()), Token::Prog)
    } else if run.state.is_over() && steps().any(|step| step.started.is_some()) {
        let how = if run.undone_by.is_some() { "rolled back" } else { "left as it is" };
        (how.to_owned(), Token::Muted)
    } else if run.state.is_over() || run.state == RunState::Halted {
        ("not begun".to_owned(), Token::Muted)
    } else {
        (String::new(), Token::Muted)
    };
    let title = if token == Token::Prog { Token::Prog } else { Token::Muted };
    Line::text(0, format!("wave {}", index + 1), title).and(9, note, token)
}

/// `auth is slower than usual (8s)`: what of the active wave takes longer than it should.
fn slow_steps(run: &Run, now: Timestamp) -> Option<String> {
    let usual = |step: &StepRun| run.slower_than(step, now).map(|usual| (step.service.to_string(), usual));
    match run.steps.iter().filter_map(usual).collect::<Vec<_>>().as_slice() {
        [] => None,
        [(service, usual)] => Some(format!("now, {service} is slower than usual ({})", format::span(*usual))),
        several => Some(format!("now, {} are slower than usual", format::count(several.len(), "service"))),
    }
}

fn step_row(model: &Model, run: &Run, step: &StepRun, planned: &Step, (width, told_below): (u16, bool)) -> Line {
    let (state, token) = state_of(step);
    let wide = width >= 96;
    let name_width = if wide { 20 } else { 16 };
    let name = match step.state {
        StepState::Succeeded | StepState::Waiting | StepState::Skipped => Token::Muted,
        StepState::Failed | StepState::Refused(_) => Token::Fail,
        StepState::Writing | StepState::Watching => Token::Hi,
    };
    let name_text = format::cut_middle(step.service.as_str(), usize::from(name_width));
    let arrow = if wide { 22 } else { 18 };
    let versions = format!("{} → {}", planned.from_version, planned.to_version);
    let bar = if wide { 24 } else { 8 };
    let at = 4 + name_width + 2 + arrow;
    let progress = step.verdict.as_ref().map(|verdict| verdict.progress).unwrap_or_default();
    let done = step.state == StepState::Succeeded;
    let parts = if done {
        vec![(1, Token::Calm)]
    } else if superseded(step) {
        // What is counted there now is somebody else's.
        Vec::new()
    } else {
        let coming = progress.created.saturating_sub(progress.ready + progress.failed);
        vec![(progress.ready, Token::Ok), (progress.failed, Token::Fail), (coming, Token::Prog)]
    };
    // Where somebody else's change took its place there is nothing to count, and their name needs the room.
    let (bar, words) = if superseded(step) && !wide { (0, at) } else { (bar, at + bar + 2) };
    let mut line = Line::text(2, signs::glyph(state, false), token)
        .within(4, name_width, name_text, name)
        .within(4 + name_width + 2, arrow - 2, versions, if done { Token::Muted } else { Token::Text })
        .and(words, counted(step, wide), if done { Token::Muted } else { token });
    if bar > 0 {
        line = line.bar(at, bar, parts, if done { 1 } else { progress.wanted });
    }
    if wide && !done && progress.old > 0 && !superseded(step) {
        let word = if step.state.went_wrong() { "old serve" } else { "old left" };
        line = line.and(words + 15, format!("{} {word}", progress.old), Token::Muted);
    }
    let note = step.why().or_else(|| hint(step));
    if let Some(note) = note.filter(|_| width >= words + 29 + 9 + 20 && !told_below) {
        let token = if step.state.went_wrong() { Token::Fail } else { Token::Warn };
        line = line.within(words + 29, width.saturating_sub(words + 29 + 9), note, token);
    }
    let end = step.finished.or(run.finished).unwrap_or(model.session.now);
    let took = step.started.map(|started| format::span(end.duration_since(started))).unwrap_or_default();
    let slow = run.slower_than(step, model.session.now).is_some();
    line.right(took, if slow { Token::Warn } else { Token::Muted })
}

fn state_of(step: &StepRun) -> (State, Token) {
    match &step.state {
        StepState::Waiting => (State::Queued, Token::Muted),
        StepState::Writing if step.trouble.is_some() => (State::Queued, Token::Warn),
        StepState::Writing => (State::Queued, Token::Prog),
        StepState::Watching => {
            let state = step.verdict.as_ref().map_or(State::Progressing, |verdict| verdict.state);
            (state, signs::token(state))
        }
        StepState::Succeeded => (State::Done, Token::Calm),
        StepState::Failed | StepState::Refused(_) => (State::Failed, Token::Fail),
        StepState::Skipped => (State::Absent, Token::Muted),
    }
}

fn superseded(step: &StepRun) -> bool {
    step.verdict.as_ref().is_some_and(|verdict| verdict.state == State::Superseded)
}

/// Who wrote what superseded a step.
fn writer(step: &StepRun) -> Option<&str> {
    match step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref()).map(|evidence| &evidence.cause) {
        Some(Cause::SupersededBy(Some(manager))) if &**manager == "shipdeck" => Some("another"),
        Some(Cause::SupersededBy(manager)) => manager.as_deref(),
        _ => None,
    }
}

fn counted(step: &StepRun, wide: bool) -> String {
    let progress = step.verdict.as_ref().map(|verdict| verdict.progress).unwrap_or_default();
    match &step.state {
        StepState::Waiting => "waits".to_owned(),
        StepState::Writing if step.trouble.is_some() => "tries again".to_owned(),
        StepState::Writing => "writing".to_owned(),
        StepState::Skipped => "not begun".to_owned(),
        StepState::Refused(_) => "refused".to_owned(),
        StepState::Failed if superseded(step) => match writer(step).filter(|_| !wide) {
            Some(by) => format!("superseded by {by}"),
            None => "superseded".to_owned(),
        },
        StepState::Succeeded => format!("{0} of {0} ready", progress.wanted),
        StepState::Watching | StepState::Failed => format!("{} of {} ready", progress.ready, progress.wanted),
    }
}

/// What a write that is made again met, or what a rollout that is under way waits for.
fn hint(step: &StepRun) -> Option<String> {
    if let Some(trouble) = &step.trouble {
        return Some(trouble.fault.to_string());
    }
    let verdict = step.verdict.as_ref().filter(|_| step.state == StepState::Watching)?;
    verdict.evidence.as_ref().map(|evidence| evidence.headline.clone())
}

/// What is known of a step: the cause with its proof, the last lines of its pod, and the keys that help.
fn evidence(model: &Model, step: &StepRun, area: Area) -> Vec<Line> {
    let wrong = step.state.went_wrong();
    let found = step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref());
    let Some(headline) = step.why().or_else(|| found.map(|evidence| evidence.headline.clone())) else {
        return Vec::new();
    };
    let inset = 4;
    let width = area.width.saturating_sub(inset + 5);
    let mut block = Vec::new();
    let roomy = area.height >= 26;
    if roomy {
        block.push(Line::default());
    }
    let seen = found.and_then(|it| it.since).map(|since| format!("seen {}", format::clock(since)));
    // The headline leaves room for what stands at the right of its first line.
    let room = seen.as_ref().map_or(0, |seen| seen.width() as u16 + 2);
    block.extend(wrapped(3, &headline, Token::Hi, (width + 3).saturating_sub(room)));
    if let (Some(seen), Some(first)) = (seen, block.iter_mut().find(|it| !it.pieces.is_empty())) {
        *first = std::mem::take(first).right_before(2, seen, Token::Muted);
    }
    if let Some(why) = lost(model, step) {
        block.extend(wrapped(3, why, Token::Text, width + 3));
    }
    let refused = matches!(step.state, StepState::Refused(_));
    for detail in found.filter(|_| !refused).into_iter().flat_map(|it| &it.details) {
        block.extend(wrapped(3, detail, Token::Muted, width + 3));
    }
    block.extend(last_lines(model, found));
    block.extend(remedy(model, step, found, width, roomy && wrong));
    if roomy {
        block.push(Line::default());
    }
    let edge = if wrong { Token::Fail } else { Token::Prog };
    for line in &mut block {
        (line.ground, line.edge, line.inset) = (Some(Ground::Band), Some(edge), inset);
    }
    block
}

/// Who has taken the lease of a step that somebody else has changed since.
fn lost<'a>(model: &'a Model, step: &StepRun) -> Option<&'a str> {
    let Some(Hold::Lost { service, why }) = shown(model).map(|run| &run.hold) else { return None };
    (*service == step.service && superseded(step)).then_some(why)
}

fn last_lines(model: &Model, found: Option<&Evidence>) -> Vec<Line> {
    let Some(PodContainer { pod, previous, .. }) = found.and_then(|evidence| evidence.pod.as_ref()) else {
        return Vec::new();
    };
    let held = model.logs.last_lines(pod, *previous, LAST_LINES);
    if held.is_empty() {
        return Vec::new();
    }
    let which = if *previous { ", the run before" } else { "" };
    let short = pod.rsplit('-').next().unwrap_or(pod);
    let mut title = Line::heading(&format!("last lines of {short}{which}"));
    for piece in &mut title.pieces {
        match piece {
            lines::Piece::Text { x, token, .. } => (*x, *token) = (*x + 3, Token::Muted),
            lines::Piece::Rule { x } => *x += 3,
            _ => {}
        }
    }
    let mut block = vec![title];
    block.extend(held.into_iter().map(|line| Line::text(3, line, Token::Text)));
    block
}

/// What helps, in a sentence, and the keys for it.
fn remedy(model: &Model, step: &StepRun, found: Option<&Evidence>, width: u16, roomy: bool) -> Vec<Line> {
    let advice = match &step.state {
        StepState::Refused(fault) => fault.advice().to_owned(),
        _ => found.map(|it| it.remedy.clone()).unwrap_or_default(),
    };
    let mut block = Vec::new();
    if roomy {
        block.push(Line::default());
    }
    block.extend(wrapped(3, &advice, Token::Text, width + 3));
    if !step.state.went_wrong() {
        return block;
    }
    let mut keys = Line::default();
    let mut x = 3;
    for action in [Action::RunRollBack, Action::RunRetry, Action::RunAbort] {
        if available_below(action, model).is_err() {
            continue;
        }
        let word = super::hints::title(action, model);
        keys.pieces.push(lines::Piece::Hint { x, action, word });
        x += (model.keymap.hint(action).width() + word.width()) as u16 + 4;
    }
    block.push(keys);
    block
}

fn outlook(pen: &mut Pen<'_>, model: &Model, run: &Run, below: usize, area: Area) {
    let (text, token) = out_of_sight(model, run).unwrap_or_else(|| outlook_words(run));
    let more = if below > 0 { format!("{below} more below") } else { String::new() };
    pen.rule(area, &Rule { title: "What happens by itself", state: &more, ..Rule::default() });
    pen.text(2, area.y + 1, &text, token, area.width.saturating_sub(3));
}

/// While the cluster is away nothing is decided, and that is what happens by itself.
fn out_of_sight(model: &Model, run: &Run) -> Option<(String, Token)> {
    let Freshness::Stale { fault, .. } = model.world.env(&run.plan.env)?.freshness() else { return None };
    let text = format!("{}: this is what was seen last. It goes on when {} is seen again.", fault.kind, run.plan.env);
    (!run.state.is_over()).then_some((text, Token::Warn))
}

fn outlook_words(run: &Run) -> (String, Token) {
    let (text, token) = match (run.state, &run.hold) {
        (RunState::Acquiring, Hold::Waiting { service, by }) => {
            return (format!("It waits for {by}, who is deploying {service}. Nothing was written."), Token::Held);
        }
        (RunState::Halted | RunState::Paused, Hold::Lost { service, why } | Hold::Refused { service, why }) => {
            return (format!("{service}: {why}. Nothing more is written."), Token::Fail);
        }
        (RunState::Ended, Hold::Refused { service, why }) => {
            return (format!("{service}: {why}. Nothing was written."), Token::Fail);
        }
        (RunState::Acquiring, _) if run.hold_wanted => ("It holds when the first wave is done.", Token::Held),
        (RunState::Acquiring, _) => ("It makes sure that nobody else deploys these services.", Token::Muted),
        (RunState::Running, _) if run.wave + 1 < run.plan.waves.len() => {
            ("The next wave begins by itself when every service of this one is ready.", Token::Muted)
        }
        (RunState::Running, _) if run.plan.waves.len() > 1 => {
            ("This is the last wave: when every service of it is ready, it is done.", Token::Muted)
        }
        (RunState::Running, _) => ("It is done when every service is ready.", Token::Muted),
        (RunState::Pausing, _) => ("It holds when this wave is done.", Token::Held),
        (RunState::Paused, _) => ("It waits for you: nothing more begins until you go on.", Token::Held),
        (RunState::Halted, _) => ("Nothing more begins. Try again, roll back, or leave it as it is.", Token::Text),
        (RunState::Succeeded, _) => ("Done. Everything that was planned runs.", Token::Ok),
        (RunState::Ended, _) => ("Ended. What was begun is left to Kubernetes.", Token::Muted),
    };
    (text.to_owned(), token)
}
