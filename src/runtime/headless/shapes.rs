//! The JSON that headless commands print. `version` grows by one when a field changes its meaning or goes away; fields
//! may be added at any time. Times are RFC 3339 in UTC, states those of [`State::as_str`].

mod locks;
mod stewards;

use serde::Serialize;

use super::cleanup::{is_gone, words};
use super::failed;
use super::outcome::{is_blocked, own_failure};
use crate::app::model::DeleteResult;
use crate::app::stewards::Described;
use crate::domain::board::Cell;
use crate::domain::catalog::Environment;
use crate::domain::cleanup::Finding;
use crate::domain::ids::{EnvId, ServiceId, Uid};
use crate::domain::plan::{Plan, Purpose, Step};
use crate::domain::run::{Hold, Run, RunState, StepRun, StepState};
use crate::domain::verdict::{Evidence, State};
use crate::domain::world::{EnvWorld, Freshness};
use crate::report::Report;

pub(super) use locks::{LocksShape, lock, why};
use stewards::DescribedShape;

/// Version of every shape here.
pub(super) const VERSION: u32 = 1;

/// `shipdeck status --json`.
#[derive(Debug, Serialize)]
pub(super) struct StatusShape {
    pub(super) version: u32,
    pub(super) environments: Vec<EnvironmentShape>,
    pub(super) services: Vec<ServiceShape>,
}

/// An environment and how current its picture is.
#[derive(Debug, Serialize)]
pub(super) struct EnvironmentShape {
    pub(super) name: String,
    pub(super) cluster: String,
    pub(super) namespace: String,
    /// `live`, `reading`, `stale` or `denied`.
    pub(super) freshness: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<String>,
}

/// A service in every environment.
#[derive(Debug, Serialize)]
pub(super) struct ServiceShape {
    pub(super) name: String,
    pub(super) environments: Vec<CellShape>,
}

/// One cell of the matrix.
#[derive(Debug, Serialize)]
pub(super) struct CellShape {
    pub(super) environment: String,
    pub(super) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    /// What live pods run, by digest where the runtime says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    pub(super) wanted: u32,
    pub(super) ready: u32,
    pub(super) stale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// `shipdeck plan --json`, and `plan` in the result of a run.
#[derive(Debug, Serialize)]
pub(super) struct PlanShape {
    pub(super) version: u32,
    pub(super) environment: String,
    pub(super) purpose: &'static str,
    pub(super) protected: bool,
    pub(super) waves: Vec<Vec<StepShape>>,
    pub(super) skipped: Vec<NoteShape>,
    pub(super) warnings: Vec<NoteShape>,
    /// Services that are described elsewhere; in plans that are only looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) described: Vec<DescribedShape>,
    /// How long all of it takes as a rule, where that is known of every step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) estimate_seconds: Option<i64>,
    /// What it seldom exceeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p90_seconds: Option<i64>,
}

/// One change of a plan.
#[derive(Debug, Serialize)]
pub(super) struct StepShape {
    pub(super) service: String,
    pub(super) workload: String,
    pub(super) container: String,
    pub(super) from: String,
    pub(super) to: String,
    /// How long it takes as a rule, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) estimate_seconds: Option<i64>,
    /// What nine of ten times did not exceed, where enough of them are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p90_seconds: Option<i64>,
}

/// Something said about a subject.
#[derive(Debug, Serialize)]
pub(super) struct NoteShape {
    pub(super) subject: String,
    pub(super) text: String,
}

/// Result of `deploy`, `promote` and `rollback`.
#[derive(Debug, Serialize)]
pub(super) struct RunShape {
    pub(super) version: u32,
    /// What `resume` and `abort` call it; absent where the cluster does not keep it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<String>,
    /// `succeeded`, `failed`, `refused` (a write was, or somebody else deploys the same), `interrupted` (also where the
    /// cluster stayed away),
    /// `blocked` where all that is left is paused in the cluster, or `degraded` after success, with --soak.
    pub(super) outcome: &'static str,
    /// Who stands in the way, where somebody else deploys the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    pub(super) plan: PlanShape,
    pub(super) steps: Vec<StepResultShape>,
}

/// What became of one change.
#[derive(Debug, Serialize)]
pub(super) struct StepResultShape {
    pub(super) service: String,
    /// `succeeded`, `failed`, `refused`, `skipped`, `waiting`, `writing` or `watching`.
    pub(super) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) details: Vec<String>,
}

/// `shipdeck logs --json`: one of these on each line.
#[derive(Debug, Serialize)]
pub(super) struct LogLineShape {
    pub(super) version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<String>,
    pub(super) pod: String,
    pub(super) container: String,
    pub(super) text: String,
}

/// `shipdeck cleanup --json`.
#[derive(Debug, Serialize)]
pub(super) struct CleanupShape {
    pub(super) version: u32,
    pub(super) environment: String,
    pub(super) leftovers: Vec<LeftoverShape>,
}

/// One leftover, and what became of it.
#[derive(Debug, Serialize)]
pub(super) struct LeftoverShape {
    /// `pod` or `job`.
    pub(super) resource: &'static str,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
    pub(super) since: String,
    /// The kubectl command that would do the same.
    pub(super) command: String,
    /// Only where it was to be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deleted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<String>,
}

/// Leftovers, with results where they were deleted.
pub(super) fn cleanup(env: &Environment, found: &[Finding], results: Option<&[(Uid, DeleteResult)]>) -> CleanupShape {
    let leftover = |it: &Finding| {
        let result = results.and_then(|all| all.iter().find(|(uid, _)| *uid == it.uid)).map(|(_, result)| result);
        LeftoverShape {
            resource: it.kind.resource(),
            name: it.name.to_string(),
            uid: it.uid.to_string(),
            reason: it.reason.clone(),
            owner: it.owner.clone(),
            since: it.since.to_string(),
            command: it.kubectl(env.cluster.as_str(), &env.namespace),
            deleted: result.map(is_gone),
            result: result.map(words),
        }
    };
    CleanupShape {
        version: VERSION,
        environment: env.name.to_string(),
        leftovers: found.iter().map(leftover).collect(),
    }
}

/// The word and the fault of a freshness.
pub(super) fn freshness(world: Option<&EnvWorld>) -> (&'static str, Option<String>) {
    match world.map(EnvWorld::freshness) {
        None | Some(Freshness::Reading { .. }) => ("reading", None),
        Some(Freshness::Live) => ("live", None),
        Some(Freshness::Stale { fault, .. }) if !world.is_some_and(EnvWorld::was_read) => {
            ("unread", Some(fault.to_string()))
        }
        Some(Freshness::Stale { fault, .. }) => ("stale", Some(fault.to_string())),
        Some(Freshness::Denied { fault, .. }) => ("denied", Some(fault.to_string())),
    }
}

/// A cell of the matrix.
pub(super) fn cell(env: &EnvId, cell: Option<&Cell>) -> CellShape {
    let verdict = cell.map(|cell| &cell.verdict);
    CellShape {
        environment: env.to_string(),
        state: verdict.map_or(State::Reading, |verdict| verdict.state).as_str(),
        version: cell.and_then(|cell| cell.version.clone()),
        digest: cell.and_then(|cell| cell.running.first()?.digest.as_deref().map(str::to_owned)),
        wanted: verdict.map_or(0, |verdict| verdict.progress.wanted),
        ready: verdict.map_or(0, |verdict| verdict.progress.ready),
        stale: cell.is_some_and(|cell| cell.stale),
        reason: verdict.and_then(|verdict| verdict.evidence.as_ref()).map(|evidence| evidence.headline.clone()),
    }
}

/// A plan.
pub(super) fn plan(plan: &Plan) -> PlanShape {
    let note = |subject: &ServiceId, text: &str| NoteShape { subject: subject.to_string(), text: text.to_owned() };
    PlanShape {
        version: VERSION,
        environment: plan.env.to_string(),
        purpose: match plan.purpose {
            Purpose::Deploy => "deploy",
            Purpose::Promote { .. } => "promote",
            Purpose::RollBack => "rollback",
        },
        protected: plan.protected,
        waves: plan.waves.iter().map(|wave| wave.steps.iter().map(step).collect()).collect(),
        skipped: plan.skipped.iter().map(|skipped| note(&skipped.service, &skipped.why)).collect(),
        warnings: plan
            .warnings
            .iter()
            .map(|warning| NoteShape { subject: warning.subject.clone(), text: warning.text.clone() })
            .collect(),
        described: Vec::new(),
        estimate_seconds: plan.estimate().map(|time| time.as_secs()),
        p90_seconds: plan.p90().map(|time| time.as_secs()),
    }
}

/// A plan that is only looked at.
pub(super) fn plan_of(plan: &Plan, described: &[Described]) -> PlanShape {
    PlanShape { described: described.iter().map(stewards::described).collect(), ..self::plan(plan) }
}

fn step(step: &Step) -> StepShape {
    StepShape {
        service: step.service.to_string(),
        workload: step.workload.to_string(),
        container: step.container.to_string(),
        from: step.from.to_string(),
        to: step.to.to_string(),
        estimate_seconds: step.estimate.map(|time| time.as_secs()),
        p90_seconds: step.p90.map(|time| time.as_secs()),
    }
}

/// A run, finished or not.
pub(super) fn run(run: &Run, key: Option<&str>) -> RunShape {
    RunShape {
        version: VERSION,
        run: key.map(str::to_owned),
        outcome: match run.state {
            RunState::Succeeded if run.steps.iter().any(|step| step.degraded().is_some()) => "degraded",
            RunState::Succeeded => "succeeded",
            RunState::Ended if run.is_partial() => "partial",
            RunState::Ended if matches!(run.hold, Hold::Passed { .. }) => "interrupted",
            RunState::Halted | RunState::Ended => wrong(run),
            RunState::Running | RunState::Pausing if is_blocked(run) => "blocked",
            RunState::Acquiring | RunState::Running | RunState::Pausing | RunState::Paused => "interrupted",
        },
        reason: match &run.hold {
            Hold::Refused { service, why } | Hold::Lost { service, why } => Some(format!("{service}: {why}")),
            Hold::Passed { by, ended: true } => Some(format!("ended by {by}")),
            Hold::Passed { by, ended: false } => Some(format!("taken over by {by}")),
            _ => None,
        },
        plan: plan(&run.plan),
        steps: run.steps.iter().map(|step| step_result(run, step)).collect(),
    }
}

/// What went wrong first, as the exit code has it.
fn wrong(run: &Run) -> &'static str {
    match (own_failure(run).map(|step| &step.state), &run.hold) {
        (_, Hold::Refused { .. }) | (None, Hold::Lost { .. }) => "refused",
        (Some(StepState::Refused(fault)), _) => match failed("", fault).exit_code() {
            Report::UNREACHABLE => "interrupted",
            _ => "refused",
        },
        _ => "failed",
    }
}

fn step_result(run: &Run, step: &StepRun) -> StepResultShape {
    let evidence: Option<&Evidence> = step.found();
    let failed = step.state.went_wrong() || step.degraded().is_some();
    let told = matches!(step.state, StepState::Watching | StepState::Succeeded);
    StepResultShape {
        service: step.service.to_string(),
        state: step_word(run, step),
        seconds: step.started.zip(step.finished).map(|(from, to)| run.worked(from, to).as_secs()),
        reason: reason(run, step)
            .or_else(|| evidence.filter(|_| told).map(|it| it.headline.clone()))
            .or_else(|| step.trouble.as_ref().map(|trouble| trouble.fault.to_string())),
        details: evidence.filter(|_| failed).map(|evidence| evidence.details.clone()).unwrap_or_default(),
    }
}

/// Who went on without it, what is wrong with it, and that nobody has followed it to its end.
pub(super) fn reason(run: &Run, step: &StepRun) -> Option<String> {
    let left = run.not_followed(step).map(str::to_owned);
    let told = [step.left_out_words(), step.why(), left].into_iter().flatten().collect::<Vec<_>>();
    (!told.is_empty()).then(|| told.join("; "))
}

/// The word for where a step stands; of a run that was ended nothing is under way.
pub(super) fn step_word(run: &Run, step: &StepRun) -> &'static str {
    match step.state {
        _ if run.not_followed(step).is_some() => "unfollowed",
        StepState::Waiting => "waiting",
        StepState::Writing => "writing",
        StepState::Watching => "watching",
        StepState::Succeeded => "succeeded",
        StepState::Failed => "failed",
        StepState::Refused(_) => "refused",
        StepState::Skipped => "skipped",
    }
}

/// The shapes for people who write pipelines: `shipdeck print json`. `tests/it/json_shapes.rs` reads it and holds what the
/// commands really print against it, names and types.
pub(in crate::runtime) const DOCUMENTATION: &str = include_str!("../../../assets/json.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_documented() {
        let source = [
            include_str!("shapes.rs"),
            include_str!("shapes/locks.rs"),
            include_str!("shapes/stewards.rs"),
            include_str!("history/shape.rs"),
            include_str!("kept.rs"),
            include_str!("waiting.rs"),
        ];
        let fields = source
            .iter()
            .flat_map(|text| text.lines())
            .filter_map(|line| line.trim().strip_prefix("pub(")?.split_once(") ")?.1.split_once(": "))
            .map(|(name, _)| name);
        let missing: Vec<_> = fields.filter(|name| !name.contains(' ') && !DOCUMENTATION.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
