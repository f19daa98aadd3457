//! What the page of a run says of rollouts that have succeeded: who still ends, who is watched, who has degraded.

use super::super::format;
use super::super::look::Token;
use crate::actions::Action;
use crate::app::model::Model;
use crate::domain::rollout::Soaked;
use crate::domain::run::{Run, RunState, StepRun, StepState, leads_back};

/// Old pods of a step that serve, or still end.
pub(super) fn leftovers(step: &StepRun) -> Option<String> {
    let progress = step.verdict.as_ref().map(|verdict| verdict.progress).unwrap_or_default();
    let draining = step.after.as_ref().map_or(progress.draining, |after| after.draining);
    match step.state {
        StepState::Succeeded => (draining > 0).then(|| format!("draining {draining}")),
        _ if progress.serving > 0 && step.state.went_wrong() => {
            Some(format!("{} old {}", progress.serving, if progress.serving == 1 { "serves" } else { "serve" }))
        }
        _ if progress.old > 0 => Some(format!("{} old left", progress.old)),
        StepState::Watching => (draining > 0).then(|| format!("draining {draining}")),
        _ => None,
    }
}

/// The old pods of a step that is not done, in as few words as there are: `1 old`.
pub(super) fn old(step: &StepRun) -> Option<String> {
    let old = step.verdict.as_ref().map_or(0, |verdict| verdict.progress.old);
    (step.state != StepState::Succeeded && old > 0).then(|| format!("{old} old"))
}

/// What happens by itself once everything has succeeded: old pods end, new ones are watched. `by`: by somebody else.
pub(super) fn outlook(model: &Model, run: &Run, by: Option<&str>) -> Option<(String, Token)> {
    if run.state != RunState::Succeeded {
        return None;
    }
    let degraded: Vec<&str> =
        run.steps.iter().filter(|step| step.degraded().is_some()).map(|step| step.service.as_str()).collect();
    if !degraded.is_empty() {
        let key = model.keymap.hint(Action::RunRollBack);
        let does = if leads_back(run) { "rolls back" } else { "deploys what was taken back again" };
        let text = format!("Done, and degraded since: {}. {key} {does}, or leave it as it is.", degraded.join(", "));
        return Some((text, Token::Warn));
    }
    let now = model.session.now;
    let soaked: Vec<Soaked> = run.steps.iter().filter_map(|step| Some(step.after.as_ref()?.soaked(now))).collect();
    if by.is_some() && soaked.contains(&Soaked::Unfinished) {
        let text = "Done. Nobody watched the new pods to the end: how they fared is not known.".to_owned();
        return Some((text, Token::Muted));
    }
    let until =
        soaked.into_iter().filter_map(|it| if let Soaked::Watching { until } = it { Some(until) } else { None });
    let until = until.max()?;
    if let Some(by) = by {
        let text = format!("Done. {by} watches the new pods until {}, if nothing stops them.", format::clock(until));
        return Some((text, Token::Ok));
    }
    let left = format::span(until.duration_since(now));
    Some((format!("Done. The new pods are watched for {left} more: what goes wrong with them is told."), Token::Ok))
}
