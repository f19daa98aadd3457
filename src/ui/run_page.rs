//! The page of a run: what is done, what moves, what went wrong and the ways out.

mod after;
mod evidence;
mod moving;
mod outlook;
mod step;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::format;
use super::lines::{self, Line};
use super::look::{Ground, Token};
use super::more::{More, beside};
use super::pace;
use super::pen::{Pen, Rule};
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::{Model, RunOf, RunPage};
use crate::app::others::Life;
use crate::app::runs;
use crate::app::screens::run::{shown, told};
use crate::app::touch::Touch;
use crate::domain::ids::ServiceId;
use crate::domain::plan::Purpose;
use crate::domain::run::{Pace, Run, RunState, StepRun, StepState};

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, page: &RunPage, area: Area) {
    let Some(run) = shown(model) else { return };
    let back = model.keymap.hint(Action::Back);
    let theirs = match &page.of {
        RunOf::Ours(_) => None,
        RunOf::Theirs(theirs) => Some(&**theirs),
    };
    let leave = format!("{back} {}", if theirs.is_some() { "back" } else { leave_words(run.state) });
    let title = theirs.map_or_else(|| format!("Run {}", run.id), |theirs| format!("Run by {}", theirs.by));
    let name = runs::name(&run.plan);
    let taken_up = run.taken_up.last().map(|it| format!(", taken up by {}", it.by)).unwrap_or_default();
    let whole = format!("{name} · started by {}, {}{taken_up}", run.by, format::clock(run.started));
    let (ahead, token) = outlook::told(model, (run, theirs), area.width);
    // On low screens its end is worth less than the steps.
    let foot = 1 + (ahead.len() as u16).min((area.height / 4).max(1));
    let body = Area::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(1 + foot));
    let open = told(run, page);
    let left = theirs.and_then(|theirs| match theirs.life {
        Life::Left { since } | Life::Superseded { since } => Some(since),
        _ => None,
    });
    let (content, focus) = content(model, (run, left), page.selected.as_ref(), open, body);
    let room = usize::from(body.height);
    // What is selected, or moves, stays in sight with everything that is told of it.
    let last = focus.1.min(focus.0 + room.saturating_sub(1));
    let skip = if content.len() <= room { 0 } else { (last + 2).saturating_sub(room).min(content.len() - room) };
    let end = content.len().saturating_sub(room);
    let skip = page.scroll.map_or(skip.min(focus.0), |top| top.min(end));
    pen.drawn.run = (skip, end);
    let more = More::of(content.len(), skip, room);
    // What could only be told in part is left out: who began it, then what becomes of it.
    let fits = |note: &str, end: &str| title.width() + note.width() + end.width() + 12 <= usize::from(area.width);
    let ends = [leave, format!("{back} leave")].map(|leave| beside(&more.above(), &leave));
    let end = ends.iter().find(|end| fits(&name, end)).unwrap_or(&ends[1]);
    let note = if fits(&whole, end) { whole } else { name };
    pen.rule(area, &Rule { title: &title, note: &note, state: end, focused: true, ..Rule::default() });
    lines::draw(pen, &content, skip, body);
    let foot = Area::new(area.x, area.bottom().saturating_sub(foot), area.width, foot);
    let scrolls = format!("{} scrolls", pen.key(Action::HalfPageDown));
    let below = if more.below().is_empty() { String::new() } else { beside(&more.below(), &scrolls) };
    outlook::draw(pen, (&ahead, token), &below, foot);
    pen.foot = foot.height;
}

/// What of it moves is not seen at present.
fn is_old(model: &Model, run: &Run) -> bool {
    !run.state.is_over() && model.world.env(&run.plan.env).is_some_and(|world| !world.freshness().is_live())
}

fn leave_words(state: RunState) -> &'static str {
    match state {
        RunState::Succeeded | RunState::Ended => "back",
        RunState::Halted | RunState::Paused => "leave, it waits",
        RunState::Acquiring | RunState::Running | RunState::Pausing => "leave, it goes on",
    }
}

/// Everything of the page, and the first and last line of what has the focus. A run that was left behind goes on no more
/// since then.
fn content(
    model: &Model,
    (run, left): (&Run, Option<Timestamp>),
    selected: Option<&ServiceId>,
    open: Option<&ServiceId>,
    area: Area,
) -> (Vec<Line>, (usize, usize)) {
    let old = is_old(model, run);
    let mut content = vec![Line::default(), summary(run, (old, left), model.session.now, area.width)];
    let mut focus = (0, 0);
    let goes = !old && left.is_none();
    let rows = if goes { moving::rows(run, open.is_some(), area) } else { 0 };
    for (index, wave) in run.plan.waves.iter().enumerate() {
        content.push(Line::default());
        let active = index == run.wave && !run.state.is_over();
        if active && open.is_none() {
            focus = (content.len(), content.len() + wave.steps.len());
        }
        content.push(match left {
            Some(_) if active => wave_line(index, "left behind in it", Token::Warn),
            None if active && old && run.state == RunState::Running => wave_line(index, "as last seen", Token::Warn),
            _ => wave_title(run, index, (model.session.now, area.width)),
        });
        for planned in &wave.steps {
            let Some(step) = run.step(&planned.service) else { continue };
            let first = content.len();
            let told_below = open == Some(&step.service);
            let mut row = step::row(model, run, step, planned, (area.width, told_below));
            row.touch = Some(Touch::Step(step.service.clone()));
            // Where nobody has chosen, keys are for the one that is told of.
            if selected.or(open) == Some(&step.service) {
                row.ground = Some(Ground::Sel);
            }
            content.push(row);
            if step.is_under_way() && rows > 0 {
                content.extend(moving::of(model, run, planned, rows, area.width));
            }
            if open == Some(&step.service) {
                content.extend(evidence::of(model, step, area));
                focus = (first, content.len() - 1);
            }
        }
    }
    if goes && area.width >= moving::WIDE {
        let room = area.height.saturating_sub(content.len().min(usize::from(u16::MAX)) as u16);
        content.extend(moving::tail(model, run, room));
    }
    (content, focus)
}

/// How far it is; `old`: the cluster is out of sight, and this is how it was; `left`: since when nobody carries it out.
fn summary(run: &Run, (old, left): (bool, Option<Timestamp>), now: Timestamp, width: u16) -> Line {
    let (done, total) = (run.succeeded(), run.steps.len());
    let failed = run.steps.iter().filter(|step| step.holds_up()).count();
    let left_out = run.steps.iter().filter(|step| step.went_on_without().is_some()).count();
    let under_way = |step: &&StepRun| step.is_under_way();
    // Of a run that nobody carries out.
    let there = run.steps.iter().filter(|step| step.is_there()).count();
    let moving = run.steps.iter().filter(under_way).count() - there;
    let parts = vec![((done + there) as u32, Token::Ok), (failed as u32, Token::Fail), (moving as u32, Token::Prog)];
    // Beside the bar there must be room for what is moving, what failed and for how long.
    let narrow = width < 60;
    let bar = if narrow { 0 } else { (width * 2 / 5).min(width.saturating_sub(64)).clamp(8, 48) };
    let word = match run.plan.purpose {
        Purpose::Deploy => "deployed",
        Purpose::Promote { .. } => "promoted",
        Purpose::RollBack => "put back",
    };
    let count = format!("{done} of {total} {word}");
    let mut x = if narrow { count.width() as u16 + 2 } else { 20 + bar + 3 };
    let mut line = Line::text(0, count, Token::Hi);
    if !narrow {
        line = line.bar(20, bar, parts, total as u32);
    }
    let took = match left {
        Some(since) => format!("left behind {}", format::ago(since, now)),
        None if narrow => format::span(run.elapsed(now)),
        None => pace::of_run(run, now),
    };
    let right = width.saturating_sub(took.width() as u16 + 1);
    let (goes, moves) = match (run.state.is_over(), old) {
        (true, _) => ("left to Kubernetes", Token::Prog),
        (false, true) => ("was moving", Token::Muted),
        (false, false) => ("moving", Token::Prog),
    };
    let degraded = run.steps.iter().filter(|step| step.degraded().is_some()).count();
    let mut told = [
        (there, "ready since", Token::Ok),
        (moving, goes, moves),
        (failed, "failed", Token::Fail),
        (left_out, "left out", Token::Held),
        (degraded, "degraded since", Token::Warn),
    ];
    if narrow {
        // What there is no room for is left out, and that is not what failed.
        told.swap(0, 2);
    }
    for (number, word, token) in told.into_iter().filter(|(number, ..)| *number > 0) {
        let text = format!("{number} {word}");
        let end = x + text.width() as u16;
        if end <= right {
            line = line.and(x, text, token);
            x = end + 3;
        }
    }
    line.right(took, Token::Text)
}

fn wave_title(run: &Run, index: usize, (now, width): (Timestamp, u16)) -> Line {
    let steps = || run.steps.iter().filter(|step| step.wave == index);
    let (note, token) = if steps().all(StepRun::is_settled) {
        let from = steps().filter_map(|step| step.started).min();
        let to = steps().filter_map(|step| step.finished).max();
        let took = from.zip(to).map(|(from, to)| format!("done in {}", format::span(run.worked(from, to))));
        let nothing = steps().all(|step| step.went_on_without().is_some());
        let done = if nothing { "left out".to_owned() } else { took.unwrap_or_else(|| "done".to_owned()) };
        (done, Token::Muted)
    } else if run.wave == index && run.state == RunState::Paused {
        ("held before it".to_owned(), Token::Held)
    } else if run.wave == index && run.state == RunState::Halted {
        ("halted".to_owned(), Token::Fail)
    } else if run.wave == index && !run.state.is_over() {
        (active(run, now), Token::Prog)
    } else if run.state.is_over() && steps().any(|step| step.started.is_some()) {
        let how = if run.undone_by.is_some() { "rolled back" } else { "left as it is" };
        (how.to_owned(), Token::Muted)
    } else if run.state.is_over() || run.state == RunState::Halted {
        ("not begun".to_owned(), Token::Muted)
    } else {
        (String::new(), Token::Muted)
    };
    let line = wave_line(index, &note, token);
    let moves = steps().any(|step| step.state == StepState::Watching);
    if moves && !run.state.is_over() { step::legend(line, 9 + note.width() as u16, width) } else { line }
}

fn wave_line(index: usize, note: &str, token: Token) -> Line {
    let title = if token == Token::Prog { Token::Prog } else { Token::Muted };
    Line::text(0, format!("wave {}", index + 1), title).and(9, note, token)
}

/// `now, about 20s left`, or what of the active wave is slower than usual: `now, auth is slower than usual (8s)`.
fn active(run: &Run, now: Timestamp) -> String {
    let slow = |step: &StepRun| {
        let pace = run.pace(step, now).filter(|pace| matches!(pace, Pace::Slow { .. }))?;
        Some(format!("now, {} is {}", step.service, pace::of_step(pace)))
    };
    let slow: Vec<String> = run.steps.iter().filter_map(slow).collect();
    match slow.as_slice() {
        [] => run.wave_left(now).map_or_else(|| "now".to_owned(), |left| format!("now, {}", pace::left(left))),
        [one] => one.clone(),
        several => format!("now, {} are slower than usual", format::count(several.len(), "service")),
    }
}
