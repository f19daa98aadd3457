//! What a run has come to where nobody looks on, and the words for it.

use jiff::SignedDuration;

use super::failed;
use crate::app::model::Model;
use crate::domain::run::{Hold, Run, RunState, StepRun, StepState, inverse};
use crate::domain::verdict::{Cause, State};
use crate::domain::words;
use crate::domain::world::Freshness;
use crate::report::Report;
use crate::ui;

/// How long a cluster that was reached may stay away in mid-run.
const AWAY: SignedDuration = SignedDuration::from_mins(10);

/// What a run has come to; none: it goes on.
pub(super) fn ended(run: &Run) -> Option<Result<(), Report>> {
    let settled = is_settled(run);
    match run.state {
        RunState::Running | RunState::Pausing if is_blocked(run) => {
            let held: Vec<&StepRun> = run.steps.iter().filter(|step| is_held(step)).collect();
            Some(Err(paused(run, &held)))
        }
        RunState::Succeeded => Some(Ok(())),
        // Somebody else carries it out: what is under way is theirs.
        RunState::Halted if matches!(run.hold, Hold::Refused { .. }) => not_held(run).map(Err),
        // The same once a lease is lost: nothing more is written, and whoever has the service decides what becomes of it.
        RunState::Halted if settled || matches!(run.hold, Hold::Lost { .. }) => {
            let failed = own_failure(run).map(failure);
            failed.or_else(|| not_held(run)).map(Err)
        }
        // A person went on without the others.
        RunState::Ended if run.is_partial() => Some(Ok(())),
        RunState::Ended => Some(Err(not_held(run).unwrap_or_else(|| Report::rollout_failed("the run was ended")))),
        // Nobody can hold a run here: its lease was lost, or a failure came right by itself, and nobody is there to let
        // the run go on.
        RunState::Paused => Some(Err(not_held(run).unwrap_or_else(|| {
            Report::rollout_failed("a service failed and came right later: later waves were not begun")
                .hint("Deploy again: what runs already is skipped.")
        }))),
        RunState::Acquiring | RunState::Halted | RunState::Running | RunState::Pausing => None,
    }
}

/// The first step that went wrong by itself: of a service that somebody else has taken over, it is no failure of the run
/// that what they deploy is another version.
pub(super) fn own_failure(run: &Run) -> Option<&StepRun> {
    let lost = matches!(run.hold, Hold::Lost { .. });
    run.steps.iter().find(|step| step.holds_up() && (!lost || is_ours(step)))
}

pub(super) fn is_under_way(step: &StepRun) -> bool {
    step.started.is_some() && !step.state.is_over()
}

/// Nothing of it moves by itself.
fn is_settled(run: &Run) -> bool {
    run.steps.iter().all(|step| !is_under_way(step) || is_held(step))
}

/// All that it still waits for is paused in the cluster.
pub(super) fn is_blocked(run: &Run) -> bool {
    is_settled(run) && run.steps.iter().any(is_held)
}

/// Whether a run is over with the command that carried it out: it failed, or it was refused before anything was changed.
/// Nobody has to wonder then whether somebody goes on with it. What was kept from going on otherwise can be resumed.
pub(super) fn is_spent(run: &Run, outcome: &Result<(), Report>) -> bool {
    let Err(report) = outcome else { return false };
    let ours = matches!(run.hold, Hold::Held { .. } | Hold::Without(_));
    let untouched = || is_settled(run) && inverse(run).is_none();
    ours && !run.state.is_over()
        && match report.exit_code() {
            Report::ROLLOUT_FAILED => true,
            Report::REFUSED => untouched(),
            _ => false,
        }
}

/// A cluster that stays away is not waited for without end: nobody is there to lose patience.
pub(super) fn away(model: &Model, run: &Run) -> Option<Result<(), Report>> {
    let env = &run.plan.env;
    let Freshness::Stale { since, fault } = model.world.env(env)?.freshness() else { return None };
    let gone = model.session.now.duration_since(since);
    (gone >= AWAY).then(|| {
        let report = Report::unreachable(format!("{env} has not been reached for {}: {fault}", ui::span(gone)));
        Err(report.hint(fault.advice_at_the_end()))
    })
}

/// Somebody has paused it in the cluster: it goes on when a person resumes it, which may be never.
pub(super) fn is_held(step: &StepRun) -> bool {
    step.state == StepState::Watching && step.verdict.as_ref().is_some_and(|verdict| verdict.state == State::Paused)
}

/// What was written waits for a person, and a pipeline does not.
fn paused(run: &Run, held: &[&StepRun]) -> Report {
    let names: Vec<&str> = held.iter().map(|step| step.service.as_str()).collect();
    let are = words::are(held.len());
    let report = Report::refused(format!("{} {are} paused in the cluster: nothing rolls out", names.join(", ")));
    let place = |step: &&StepRun| run.planned(&step.service).map(|step| step.workload.to_string());
    let resume = |workload| format!("Resume it: kubectl rollout resume {workload}");
    let report = held.iter().filter_map(place).map(resume).fold(report, Report::hint);
    report.hint("Then deploy again: what was written is not written twice, and is followed to its end.")
}

/// Who stands in the way, if that is why the run goes no further.
fn not_held(run: &Run) -> Option<Report> {
    match &run.hold {
        Hold::Refused { service, why } => Some(
            Report::refused(format!("{service} in {}: {why}; nothing was written", run.plan.env))
                .hint("--wait-for-lock waits until it is free, and takes over what was left behind."),
        ),
        Hold::Lost { service, why } => Some(
            Report::refused(format!("{service} in {}: {why}; nothing more was written", run.plan.env))
                .hint("shipdeck runs shows who carries out what, shipdeck status what runs now."),
        ),
        Hold::Passed { by, ended } => {
            let (what, hint) = if *ended {
                ("ended", "What was begun is left to Kubernetes: shipdeck status shows what runs now.")
            } else {
                ("taken over", "They go on with it: shipdeck runs shows how far it is.")
            };
            Some(Report::refused(format!("the run was {what} by {by}; nothing more was written")).hint(hint))
        }
        _ => None,
    }
}

/// A refusal changed nothing, and what was written and does not run is a failed rollout.
fn failure(step: &StepRun) -> Report {
    let why = step.why().unwrap_or_else(|| "it did not say why".to_owned());
    if let StepState::Refused(fault) = &step.state {
        return failed(format!("{} was refused: {why}", step.service), fault);
    }
    let report = Report::rollout_failed(format!("{} failed: {why}", step.service));
    match step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref()) {
        Some(evidence) => evidence.details.iter().fold(report, Report::hint).hint(&evidence.remedy),
        None => report,
    }
}

/// What runs there is still what this step wrote; else there is nothing of it to take back.
pub(super) fn is_ours(step: &StepRun) -> bool {
    let evidence = step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref());
    !evidence.is_some_and(|it| matches!(it.cause, Cause::Deleted | Cause::Replaced | Cause::SupersededBy(_)))
}

/// What a run leaves behind that ends before its steps do, service by service.
pub(super) fn what_goes_on(run: &Run) -> String {
    let line = |step: &StepRun| {
        let what = match step.state {
            StepState::Waiting | StepState::Skipped => "was not begun",
            StepState::Writing => "was being written: look at what runs",
            StepState::Watching if is_held(step) => "is written, and waits until somebody resumes it",
            StepState::Watching => "goes on in the cluster, and nobody watches it",
            StepState::Succeeded => "is done",
            StepState::Failed => "has failed and stays as it is",
            StepState::Refused(_) if step.lost => "may have been written: look at what runs",
            StepState::Refused(_) => "was refused and is unchanged",
        };
        format!("{} {what}\n", step.service)
    };
    run.steps.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::shapes;
    use super::*;
    use crate::app::testkit::Cockpit;

    #[test]
    fn a_run_that_holds_because_a_failure_came_right_ends_where_nobody_can_let_it_go_on() {
        let mut cockpit = Cockpit::demo();
        cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
        let run = &mut cockpit.model.runs[0];
        assert!(ended(run).is_none());
        run.state = RunState::Paused;
        assert_eq!(ended(run).unwrap().unwrap_err().exit_code(), Report::ROLLOUT_FAILED);
    }

    fn goes() -> Cockpit {
        let mut cockpit = Cockpit::demo();
        cockpit.press("dv9<enter><enter>");
        cockpit
    }

    #[test]
    fn a_cluster_that_stays_away_in_mid_run_is_waited_for_ten_minutes_and_no_longer() {
        use crate::app::msg::Msg;
        use crate::domain::fault::{Fault, FaultKind};
        use crate::domain::ids::EnvId;
        use crate::domain::observed::{Change, Kind};
        let mut cockpit = goes();
        assert!(away(&cockpit.model, &cockpit.model.runs[0]).is_none());
        let staging = |change| Msg::Fact { env: EnvId::new("staging"), change };
        for kind in Kind::ALL {
            cockpit.send(staging(Change::Alive(kind)));
        }
        let lost = || Change::Lost(Kind::Pod, Fault::new(FaultKind::Unreachable, "no route"));
        cockpit.send(staging(lost())).wait(590).send(staging(lost()));
        assert!(away(&cockpit.model, &cockpit.model.runs[0]).is_none());
        cockpit.wait(20);
        let report = away(&cockpit.model, &cockpit.model.runs[0]).unwrap().unwrap_err();
        assert_eq!(report.exit_code(), Report::UNREACHABLE);
    }

    #[test]
    fn a_run_is_blocked_only_when_nothing_else_of_it_moves() {
        use crate::domain::verdict::{Progress as Counts, Verdict};
        let mut cockpit = Cockpit::with(&[("auth", &[]), ("ledger", &[])]);
        cockpit.press("g<enter>dv9<down>v9<enter><enter>");
        let run = &mut cockpit.model.runs[0];
        run.steps[0].state = StepState::Watching;
        run.steps[0].verdict = Some(Verdict::new(State::Paused, Counts::default()));
        assert_eq!(
            (is_blocked(run), shapes::run(run, None).outcome),
            (false, "interrupted"),
            "the other is being written"
        );
        run.steps[1].state = StepState::Succeeded;
        assert_eq!((is_blocked(run), shapes::run(run, None).outcome), (true, "blocked"));
    }

    #[test]
    fn a_run_that_has_lost_a_service_ends_at_once_and_what_others_deploy_is_no_failure_of_it() {
        use crate::domain::ids::ServiceId;
        use crate::domain::verdict::{Evidence, Progress as Counts, Verdict};
        let mut cockpit = Cockpit::with(&[("auth", &[]), ("ledger", &[])]);
        cockpit.press("g<enter>dv9<down>v9<enter><enter>");
        let run = &mut cockpit.model.runs[0];
        let lost = Hold::Lost { service: ServiceId::new("auth"), why: "superseded by bob@pc, who took it over".into() };
        let held = std::mem::replace(&mut run.hold, lost.clone());
        let mut fails = |cause: Cause, hold: &Hold| {
            let headline = "it is so".to_owned();
            let evidence =
                Evidence { cause, headline, details: Vec::new(), pod: None, since: None, remedy: "Look.".to_owned() };
            run.state = RunState::Halted;
            run.steps[0].state = StepState::Failed;
            run.steps[0].verdict = Some(Verdict::new(State::Failed, Counts::default()).because(evidence));
            run.steps[1].state = StepState::Watching;
            run.hold = hold.clone();
            (ended(run).map(|ended| ended.unwrap_err().exit_code()), shapes::run(run, None).outcome)
        };
        assert_eq!(fails(Cause::SupersededBy(None), &held).0, None, "the other service is still its own");
        assert_eq!(fails(Cause::SupersededBy(None), &lost), (Some(Report::REFUSED), "refused"));
        assert_eq!(fails(Cause::Configuration, &lost), (Some(Report::ROLLOUT_FAILED), "failed"));
    }
}
