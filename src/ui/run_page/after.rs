//! What the page of a run says of rollouts that have succeeded: who still ends, who is watched, who has degraded.

use super::super::format;
use super::super::look::Token;
use crate::actions::Action;
use crate::app::model::Model;
use crate::domain::run::{Run, RunState, StepRun, StepState};

/// Old pods of a step that serve, or still end.
pub(super) fn leftovers(step: &StepRun) -> Option<String> {
    let progress = step.verdict.as_ref().map(|verdict| verdict.progress).unwrap_or_default();
    let draining = step.after.as_ref().map_or(progress.draining, |after| after.draining);
    match step.state {
        StepState::Succeeded => (draining > 0).then(|| format!("draining {draining}")),
        _ if progress.old > 0 && step.state.went_wrong() => Some(format!("{} old serve", progress.old)),
        _ if progress.old > 0 => Some(format!("{} old left", progress.old)),
        StepState::Watching => (draining > 0).then(|| format!("draining {draining}")),
        _ => None,
    }
}

/// What happens by itself once everything has succeeded: old pods end, new ones are watched.
pub(super) fn outlook(model: &Model, run: &Run) -> Option<(String, Token)> {
    if run.state != RunState::Succeeded {
        return None;
    }
    let degraded: Vec<&str> =
        run.steps.iter().filter(|step| step.degraded().is_some()).map(|step| step.service.as_str()).collect();
    if !degraded.is_empty() {
        let key = model.keymap.hint(Action::RunRollBack);
        let text =
            format!("Done, and degraded since: {}. {key} rolls back, or leave it as it is.", degraded.join(", "));
        return Some((text, Token::Warn));
    }
    let until = run.steps.iter().filter_map(|step| step.after.as_ref()).filter(|after| !after.over);
    let until = until.map(|after| after.until).max()?;
    let left = format::span(until.duration_since(model.session.now));
    Some((format!("Done. The new pods are watched for {left} more: what goes wrong with them is told."), Token::Ok))
}
