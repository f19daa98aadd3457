//! How a run is written down. The names here are those of the document: they change only with its format.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::parts::{
    BaselineShape, LeftOutShape, SoakShape, WaitShape, baseline, baseline_of, cut, left_out, left_out_of, soak,
    soak_of, wait, wait_of,
};
use super::word;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{EnvId, LockId, RunId, ServiceId, Uid};
use crate::domain::lock::Passes;
use crate::domain::observed::WorkloadRef;
use crate::domain::plan::{Plan, Purpose, Step, Wave};
use crate::domain::run::learn::LONGEST;
use crate::domain::run::{Hold, Run, RunState, StepRun, StepState, TakenUp};
use crate::domain::text::clean;
use crate::domain::verdict::{Cause, Evidence, Progress, State, Verdict};

/// So many of those who took it up are kept, the last ones.
const TAKEN_UP_KEPT: usize = 10;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RunShape {
    env: String,
    protected: bool,
    purpose: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    title: String,
    by: String,
    state: String,
    wave: usize,
    started: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finished: Option<Timestamp>,
    waves: Vec<Vec<StepShape>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hotfix: bool,
    /// What it takes back is not held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unheld: bool,
    /// Locks that are overridden for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    overridden: Vec<String>,
    /// It is carried out without leases, so that nobody can tell from them whether that goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unleased: bool,
    /// Who went on with it after whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    taken_up: Vec<TakenUpShape>,
    /// The run that it goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follows: Option<String>,
    /// When it waited for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waits: Vec<WaitShape>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TakenUpShape {
    by: String,
    from: String,
    at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct StepShape {
    service: String,
    workload: String,
    uid: String,
    index: usize,
    container: String,
    from: String,
    to: String,
    from_version: String,
    to_version: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    estimate: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p90: Option<i64>,
    /// What it replaces was failing before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    failing: bool,
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// Somebody else changed it after us.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    superseded: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finished: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<BaselineShape>,
    /// How its new pods have fared since it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    soak: Option<SoakShape>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left_out: Option<LeftOutShape>,
    /// A person had its rollout tried again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    mended: bool,
}

pub(super) fn of(run: &Run) -> RunShape {
    let (purpose, from) = match &run.plan.purpose {
        Purpose::Deploy => ("deploy", None),
        Purpose::Promote { from } => ("promote", Some(from.to_string())),
        Purpose::RollBack => ("rollback", None),
    };
    // Asking for leases is what this process does; the run itself goes on, or waits for a person.
    let state = match run.state {
        RunState::Acquiring if run.steps.iter().any(StepRun::holds_up) => RunState::Halted,
        RunState::Acquiring => RunState::Running,
        state => state,
    };
    RunShape {
        env: run.plan.env.to_string(),
        protected: run.plan.protected,
        purpose: purpose.to_owned(),
        from,
        title: run.plan.title.clone(),
        by: run.by.to_string(),
        state: word(state).to_owned(),
        wave: run.wave,
        started: run.started,
        finished: run.finished,
        waves: run.plan.waves.iter().map(|wave| wave.steps.iter().map(|step| step_of(run, step)).collect()).collect(),
        hotfix: run.plan.passes.hotfix,
        unheld: run.plan.unheld,
        overridden: run.plan.passes.overridden.iter().map(ToString::to_string).collect(),
        unleased: matches!(run.hold, Hold::Without(_)),
        follows: run.follows.as_ref().map(ToString::to_string),
        waits: run.waits.iter().map(wait_of).collect(),
        taken_up: run.taken_up.iter().rev().take(TAKEN_UP_KEPT).rev().map(taken_up_of).collect(),
    }
}

fn taken_up_of(it: &TakenUp) -> TakenUpShape {
    TakenUpShape { by: it.by.to_string(), from: it.from.to_string(), at: it.at }
}

fn step_of(run: &Run, step: &Step) -> StepShape {
    let found = run.step(&step.service);
    let verdict = found.and_then(|it| it.verdict.as_ref());
    let evidence =
        verdict.and_then(|it| it.evidence.as_ref()).filter(|_| found.is_some_and(|it| it.state.went_wrong()));
    StepShape {
        service: step.service.to_string(),
        workload: step.workload.to_string(),
        uid: step.uid.to_string(),
        index: step.container_index,
        container: step.container.to_string(),
        from: step.from.to_string(),
        to: step.to.to_string(),
        from_version: step.from_version.clone(),
        to_version: step.to_version.clone(),
        after: step.after.iter().map(ToString::to_string).collect(),
        estimate: step.estimate.map(|time| time.as_secs()),
        p90: step.p90.map(|time| time.as_secs()),
        failing: step.failing,
        state: found.map_or("waiting", |it| step_word(&it.state)).to_owned(),
        why: found.and_then(StepRun::why).map(|why| cut(&why)),
        remedy: evidence.map(|it| cut(&it.remedy)).filter(|remedy| !remedy.is_empty()),
        superseded: evidence.is_some() && verdict.is_some_and(|it| it.state == State::Superseded),
        lost: found.is_some_and(|it| it.lost),
        started: found.and_then(|it| it.started),
        finished: found.and_then(|it| it.finished),
        baseline: found.and_then(|it| it.baseline.as_ref()).map(baseline_of),
        soak: found.and_then(|it| it.after.as_ref()).filter(|after| !after.soak.is_zero()).map(soak_of),
        left_out: found.and_then(|it| it.left_out.as_ref()).map(left_out_of),
        mended: found.is_some_and(|it| it.mended),
    }
}

fn step_word(state: &StepState) -> &'static str {
    match state {
        StepState::Waiting => "waiting",
        StepState::Writing => "writing",
        StepState::Watching => "watching",
        StepState::Succeeded => "succeeded",
        StepState::Failed => "failed",
        StepState::Refused(_) => "refused",
        StepState::Skipped => "skipped",
    }
}

/// The run, or what makes no sense in it.
pub(super) fn read(shape: &RunShape) -> Result<Run, String> {
    let text = |text: &str| clean(text).into_owned();
    let purpose = match (shape.purpose.as_str(), &shape.from) {
        ("deploy", _) => Purpose::Deploy,
        ("promote", Some(from)) => Purpose::Promote { from: EnvId::new(text(from)) },
        ("rollback", _) => Purpose::RollBack,
        (other, _) => return Err(format!("the purpose {} is not known", text(other))),
    };
    let states = [
        RunState::Running,
        RunState::Pausing,
        RunState::Paused,
        RunState::Halted,
        RunState::Succeeded,
        RunState::Ended,
    ];
    let state = states.into_iter().find(|state| word(*state) == shape.state);
    let state = state.ok_or_else(|| format!("the state {} is not known", text(&shape.state)))?;
    let waves = shape.waves.iter().map(|steps| {
        let steps = steps.iter().map(plan_step).collect::<Result<Vec<_>, _>>()?;
        if steps.is_empty() { Err("a wave is empty".to_owned()) } else { Ok(Wave { steps }) }
    });
    let plan = Plan {
        env: EnvId::new(text(&shape.env)),
        protected: shape.protected,
        purpose,
        title: text(&shape.title),
        waves: waves.collect::<Result<_, _>>()?,
        skipped: Vec::new(),
        warnings: Vec::new(),
        passes: Passes {
            hotfix: shape.hotfix,
            overridden: shape.overridden.iter().map(|id| LockId::new(text(id))).collect(),
        },
        unheld: shape.unheld,
    };
    let services: BTreeSet<&ServiceId> = plan.steps().map(|step| &step.service).collect();
    if services.is_empty() || services.len() != plan.steps().count() {
        return Err("it has no steps, or a service twice".to_owned());
    }
    let mut run = Run::new(RunId(0), plan, text(&shape.by), shape.started);
    (run.state, run.wave, run.finished) = (state, shape.wave, shape.finished);
    if shape.unleased {
        run.hold = Hold::Without("it is carried out without leases".to_owned());
    }
    let taken_up = |it: &TakenUpShape| TakenUp { by: text(&it.by).into(), from: text(&it.from).into(), at: it.at };
    run.taken_up = shape.taken_up.iter().map(taken_up).collect();
    for (step, shape) in run.steps.iter_mut().zip(shape.waves.iter().flatten()) {
        fill(step, shape)?;
    }
    sound(&run)?;
    run.follows = shape.follows.as_ref().map(|key| text(key).into());
    run.waits = shape.waits.iter().map(wait).collect();
    if run.waits_now() {
        // As older versions left it.
        run.waited_since_its_last_step();
    }
    Ok(run)
}

/// Nothing of a later wave is begun before all of the earlier ones have succeeded or are left out: what says otherwise is not followed.
fn sound(run: &Run) -> Result<(), String> {
    let mut earlier = run.steps.iter().filter(|step| step.wave < run.wave);
    let mut later = run.steps.iter().filter(|step| step.wave > run.wave);
    let in_order = run.wave <= run.plan.waves.len()
        && earlier.all(StepRun::is_settled)
        && later.all(|step| matches!(step.state, StepState::Waiting | StepState::Skipped));
    if in_order { Ok(()) } else { Err("its waves are out of order".to_owned()) }
}

fn plan_step(it: &StepShape) -> Result<Step, String> {
    let text = |text: &str| -> Arc<str> { clean(text).into_owned().into() };
    let workload: WorkloadRef = it.workload.parse().map_err(|_no| format!("{} is no workload", text(&it.workload)))?;
    Ok(Step {
        service: ServiceId::new(text(&it.service)),
        workload,
        uid: Uid::new(text(&it.uid)),
        container_index: it.index,
        container: text(&it.container),
        from: text(&it.from),
        to: text(&it.to),
        from_version: clean(&it.from_version).into_owned(),
        to_version: clean(&it.to_version).into_owned(),
        after: it.after.iter().map(|service| ServiceId::new(text(service))).collect(),
        estimate: it.estimate.and_then(span),
        p90: it.p90.and_then(span),
        failing: it.failing,
    })
}

/// How long something takes; none: no rollout takes that long, it was changed by hand.
fn span(seconds: i64) -> Option<SignedDuration> {
    Some(SignedDuration::from_secs(seconds)).filter(|span| (SignedDuration::ZERO..=LONGEST).contains(span))
}

fn fill(step: &mut StepRun, it: &StepShape) -> Result<(), String> {
    let why = || clean(it.why.as_deref().unwrap_or("it did not say why")).into_owned();
    step.state = match it.state.as_str() {
        "waiting" => StepState::Waiting,
        "writing" => StepState::Writing,
        "watching" => StepState::Watching,
        "succeeded" => StepState::Succeeded,
        "failed" => StepState::Failed,
        "refused" => StepState::Refused(Fault::new(FaultKind::Other, why())),
        "skipped" => StepState::Skipped,
        other => return Err(format!("the state {} is not known", clean(other))),
    };
    step.left_out = it.left_out.as_ref().map(left_out);
    if step.left_out.is_some() && !step.state.is_over() {
        return Err(format!("{} is left out and goes on", step.service));
    }
    (step.lost, step.mended, step.started, step.finished) = (it.lost, it.mended, it.started, it.finished);
    step.baseline = it.baseline.as_ref().map(baseline);
    let watched = matches!(step.state, StepState::Watching | StepState::Succeeded | StepState::Failed);
    if watched && step.baseline.is_none() {
        return Err(format!("{} does not say what was written", step.service));
    }
    if let (StepState::Succeeded, Some(noted)) = (&step.state, &it.soak) {
        step.after = Some(soak(noted, it.finished)?);
    }
    step.verdict = match (&step.state, it.superseded) {
        (StepState::Watching, _) => Some(Verdict::new(State::Progressing, Progress::default())),
        (StepState::Failed, superseded) => {
            // Only the words are kept: they say more than the cause.
            let (state, cause) = if superseded {
                (State::Superseded, Cause::SupersededBy(None))
            } else {
                (State::Failed, Cause::NotReady)
            };
            let remedy = clean(it.remedy.as_deref().unwrap_or_default()).into_owned();
            let (details, pod, since) = (Vec::new(), None, None);
            let evidence = Evidence { cause, headline: why(), details, pod, since, remedy };
            Some(Verdict::new(state, Progress::default()).because(evidence))
        }
        _ => None,
    };
    Ok(())
}
