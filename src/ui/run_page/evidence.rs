//! Why a step stands as it does: the cause with its proof, the last lines of its pod, and the keys that help.

use unicode_width::UnicodeWidthStr;

use super::super::lines::{self, Line, wrapped};
use super::super::look::{Ground, Token};
use super::super::{format, hints, logs};
use super::step::superseded;
use crate::actions::Action;
use crate::app::availability::available_below;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::run::shown;
use crate::domain::run::{Hold, StepRun, StepState};
use crate::domain::verdict::{Evidence, PodContainer};

/// Log lines shown of a pod that failed.
const LAST_LINES: usize = 6;

/// What is known of a step: the cause with its proof, the last lines of its pod, and the keys that help.
pub(super) fn of(model: &Model, step: &StepRun, area: Area) -> Vec<Line> {
    let degraded = step.degraded().is_some();
    let wrong = step.state.went_wrong() || degraded;
    let found = step.found();
    let left_out = step.left_out_words();
    let why = step.why().or_else(|| found.map(|evidence| evidence.headline.clone()));
    let not_followed = shown(model).and_then(|run| run.not_followed(step)).map(str::to_owned);
    let besides = left_out.clone().or(not_followed);
    let Some(headline) = besides.clone().or_else(|| why.clone()) else { return Vec::new() };
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
    if let Some(why) = why.filter(|_| besides.is_some()) {
        block.extend(wrapped(3, &why, Token::Text, width + 3));
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
    let edge = match () {
        () if degraded || step.state == StepState::Succeeded => Token::Warn,
        () if left_out.is_some() => Token::Held,
        () if wrong => Token::Fail,
        () => Token::Prog,
    };
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
    let held = model.logs.quoted(pod, *previous, LAST_LINES);
    if held.is_empty() {
        return Vec::new();
    }
    let which = if *previous { ", the run before" } else { "" };
    let short = format::pod(pod, 24);
    let mut block = vec![heading(&format!("last lines of {short}{which}"), 3)];
    block.extend(logs::quoted(&held, 3));
    block
}

/// A quiet heading, set in.
pub(super) fn heading(text: &str, by: u16) -> Line {
    let mut title = Line::heading(text);
    for piece in &mut title.pieces {
        match piece {
            lines::Piece::Text { x, token, .. } => (*x, *token) = (*x + by, Token::Muted),
            lines::Piece::Rule { x } => *x += by,
            _ => {}
        }
    }
    title
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
    if !step.holds_up() && step.degraded().is_none() {
        return block;
    }
    let mut keys = Line::default();
    let mut x = 3;
    for action in [Action::RunRollBack, Action::RunRetry, Action::RunLeaveOut, Action::RunAbort] {
        if available_below(action, model).is_err() {
            continue;
        }
        let word = hints::title(action, model);
        keys.pieces.push(lines::Piece::Hint { x, action, word });
        x += (model.keymap.hint(action).width() + word.width()) as u16 + 4;
    }
    block.push(keys);
    block
}
