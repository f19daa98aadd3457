//! One step of a run in one row: what it changes, how many pods stand, what it waits for and how long it has taken.

use super::super::lines::Line;
use super::super::look::Token;
use super::super::{format, pace, signs};
use super::after;
use crate::app::model::Model;
use crate::domain::plan::Step;
use crate::domain::run::{Pace, Run, StepRun, StepState};
use crate::domain::verdict::{Cause, State};
use unicode_width::UnicodeWidthStr;

/// Columns of the name, of the gap after it, of the versions and of the bar. Without room for all of it the bar goes, and
/// then what ran before.
fn columns(width: u16) -> (u16, u16, u16, u16) {
    match width {
        132.. => (20, 2, 22, 24),
        // Here what is told on the right needs the room.
        96.. => (20, 2, 22, 16),
        64.. => (16, 2, 18, 8),
        52.. => (16, 2, 18, 0),
        _ => (10, 1, 8, 0),
    }
}

/// What the strokes of the bars mean, above them; as the line was where there is no room, or no bar.
pub(super) fn legend(line: Line, told: u16, width: u16) -> Line {
    const LENGTH: u16 = 19;
    let (name, gap, arrow, bar) = columns(width);
    let at = 4 + name + gap + arrow;
    if bar == 0 || told + 2 > at || at + LENGTH > width {
        return line;
    }
    line.and(at, "━", Token::Ok).and(at + 2, "ready", Token::Muted).and(at + 9, "╍", Token::Prog).and(
        at + 11,
        "starting",
        Token::Muted,
    )
}

pub(super) fn row(model: &Model, run: &Run, step: &StepRun, planned: &Step, (width, told_below): (u16, bool)) -> Line {
    let moves = step.is_under_way();
    let old = moves && super::is_old(model, run);
    let (state, token) = state_of(step);
    let (glyph, token) = if old { (signs::stale(false), Token::Warn) } else { (signs::glyph(state, false), token) };
    let wide = width >= 96;
    let (name_width, gap, arrow, bar) = columns(width);
    let name = match step.state {
        StepState::Succeeded | StepState::Waiting | StepState::Skipped => Token::Muted,
        StepState::Failed | StepState::Refused(_) if step.left_out.is_some() => Token::Muted,
        StepState::Failed | StepState::Refused(_) => Token::Fail,
        StepState::Writing | StepState::Watching => Token::Hi,
    };
    let name_text = format::cut_middle(step.service.as_str(), usize::from(name_width));
    let from = if gap == 2 { format!("{} ", planned.from_version) } else { String::new() };
    let versions = format!("{from}→ {}", planned.to_version);
    let at = 4 + name_width + gap + arrow;
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
    let (bar, words) = if superseded(step) && !wide || bar == 0 { (0, at) } else { (bar, at + bar + 2) };
    let end = step.finished.or(run.finished).unwrap_or(model.session.now);
    let took = step.started.map(|started| format::span(run.worked(started, end))).unwrap_or_default();
    let room = width.saturating_sub(words + took.width() as u16 + u16::from(!took.is_empty()));
    let counted = if old { format!("was {}", counted(step, wide)) } else { counted(step, wide) };
    let counted = if counted.width() > usize::from(room) { counted.trim_end_matches(" ready") } else { &counted };

    let mut line = Line::text(2, glyph, token)
        .within(4, name_width, name_text, name)
        .within(4 + name_width + gap, arrow - gap, versions, if done { Token::Muted } else { Token::Text })
        .within(words, room.max(1), counted, if done { Token::Muted } else { token });
    if bar > 0 {
        line = line.bar(at, bar, parts, if done { 1 } else { progress.wanted });
    }
    let mut told = words + counted.width() as u16;
    if let Some(left) = after::leftovers(step).filter(|_| wide && !superseded(step)) {
        told = words + 15 + left.width() as u16;
        line = line.and(words + 15, left, Token::Muted);
    } else if let Some(old) = after::old(step).filter(|_| !wide && !superseded(step)) {
        let end = width.saturating_sub(took.width() as u16 + 2);
        if told + 2 + old.width() as u16 <= end {
            line = line.and(told + 2, &old, Token::Muted);
            told += 2 + old.width() as u16;
        }
    }
    let pace = run.pace(step, model.session.now).filter(|_| !old);
    let took = paced(took, pace, width.saturating_sub(told + 2));
    let not_followed = || run.not_followed(step).map(str::to_owned);
    let note = step.left_out_words().or_else(|| step.why()).or_else(not_followed).or_else(|| hint(step));
    if let Some(note) = note.filter(|_| width >= words + 29 + 9 + 20 && !told_below) {
        let token = if step.holds_up() { Token::Fail } else { Token::Warn };
        let room = width.saturating_sub(words + 29 + (took.width() as u16 + 2).max(9));
        line = line.within(words + 29, room, note, token);
    }
    let slow = matches!(pace, Some(Pace::Slow { .. }));
    line.right(took, if slow { Token::Warn } else { Token::Muted })
}

/// How long it has taken, with as much of how that goes on as there is room for.
fn paced(took: String, pace: Option<Pace>, room: u16) -> String {
    let Some(words) = pace.map(pace::of_step) else { return took };
    let short = words.split(" (").next().unwrap_or_default().to_owned();
    let texts = [format!("{took} · {words}"), format!("{took} · {short}"), short];
    texts.into_iter().find(|text| text.width() <= usize::from(room)).unwrap_or(took)
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
        StepState::Succeeded if step.degraded().is_some() => (State::Degraded, Token::Warn),
        StepState::Succeeded => (State::Done, Token::Calm),
        StepState::Failed | StepState::Refused(_) if step.left_out.is_some() => (State::Failed, Token::Held),
        StepState::Failed | StepState::Refused(_) => (State::Failed, Token::Fail),
        StepState::Skipped => (State::Absent, Token::Muted),
    }
}

pub(super) fn superseded(step: &StepRun) -> bool {
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
        _ if step.went_on_without().is_some() => "left out".to_owned(),
        StepState::Waiting => "waits".to_owned(),
        StepState::Writing if step.trouble.is_some() => "tries again".to_owned(),
        StepState::Writing => "writing".to_owned(),
        StepState::Skipped => "not begun".to_owned(),
        StepState::Refused(_) => "refused".to_owned(),
        StepState::Watching | StepState::Failed if superseded(step) => match writer(step).filter(|_| !wide) {
            Some(by) => format!("superseded by {by}"),
            None => "superseded".to_owned(),
        },
        StepState::Succeeded if !wide && step.degraded().is_some() => "degraded".to_owned(),
        StepState::Succeeded if !wide && after::leftovers(step).is_some() => after::leftovers(step).unwrap_or_default(),
        StepState::Succeeded => format!("{0} of {0} ready", progress.wanted),
        StepState::Watching | StepState::Failed => format!("{} of {} ready", progress.ready, progress.wanted),
    }
}

/// What a write that is made again met, what a rollout that is under way waits for, or what came after its success.
fn hint(step: &StepRun) -> Option<String> {
    if let Some(trouble) = &step.trouble {
        return Some(trouble.fault.to_string());
    }
    let told = matches!(step.state, StepState::Watching | StepState::Succeeded);
    step.found().filter(|_| told).map(|evidence| evidence.headline.clone())
}
