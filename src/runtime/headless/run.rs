//! A plan without a screen: told, confirmed, carried out, followed to its end.

use std::io::{BufRead, IsTerminal};

use jiff::SignedDuration;

use super::bars::{barred, elsewhere, override_all, unbarred, unfought};
use super::driver::Driver;
use super::logs::last_words;
use super::progress::Progress;
use super::{failed, print, print_json, say, shapes, soaks, table};
use crate::adapters::system;
use crate::app::model::Model;
use crate::app::{locks, rights, runs};
use crate::cli::Agreed;
use crate::domain::ids::RunId;
use crate::domain::lease::Patience;
use crate::domain::plan::{Plan, PlanError};
use crate::domain::rights::Need;
use crate::domain::run::{Hold, Run, RunState, StepRun, StepState};
use crate::domain::verdict::{Cause, State};
use crate::domain::world::Freshness;
use crate::report::Report;
use crate::ui;

/// How long a cluster that was reached may stay away in mid-run.
const AWAY: SignedDuration = SignedDuration::from_mins(10);

/// What the command line says about how.
#[derive(Clone, Copy)]
pub(super) struct Wishes<'a> {
    pub(super) json: bool,
    pub(super) consent: Consent<'a>,
    pub(super) dry_run: bool,
    /// Wait for whoever deploys the same.
    pub(super) wait: bool,
    /// Watch the new pods for a while after success.
    pub(super) soak: bool,
    pub(super) hotfix: bool,
    /// Why locks are not to hinder it.
    pub(super) over: Option<&'a str>,
}

/// What was said beforehand, so that nobody needs to be asked.
#[derive(Clone, Copy)]
pub(super) struct Consent<'a> {
    pub(super) yes: bool,
    /// The name of the environment, once more.
    pub(super) confirm: Option<&'a str>,
}

impl Agreed {
    pub(super) fn given(&self) -> Consent<'_> {
        Consent { yes: self.yes, confirm: self.confirm.as_deref() }
    }
}

/// Shows the plan, asks, and carries it out; with nothing to do, or only to be looked at, it is printed.
pub(super) async fn carry_out(mut driver: Driver, mut plan: Plan, wishes: Wishes<'_>) -> Result<(), Report> {
    if let Some(why) = driver.model().session.read_only.as_ref().filter(|_| !wishes.dry_run) {
        return Err(Report::refused(format!("read-only: {why}")));
    }
    let mut described = Vec::new();
    if !plan.is_empty() {
        driver.rights_known(&plan.env, &[Need::Change, Need::Hold]).await?;
        if let Some(fault) = driver.model().session.rights.missing(&plan.env, Need::Change).filter(|_| !wishes.dry_run)
        {
            return Err(Report::refused(fault.to_string()).hint(fault.advice()));
        }
        plan.warnings.extend(rights::warnings(driver.model(), &plan));
        described = elsewhere(&mut driver, &mut plan).await?;
        plan.passes.hotfix = wishes.hotfix;
        let barred = barred(&mut driver, &mut plan).await?;
        if !wishes.dry_run {
            unbarred(&plan.env, &barred, wishes.over)?;
            unfought(&described)?;
            // What is open now because its condition is met stays open.
            let lifts = locks::follow(&mut driver.session.model);
            driver.perform(lifts);
        }
    }
    if wishes.dry_run || plan.is_empty() {
        return if wishes.json { print_json(&shapes::plan_of(&plan, &described)) } else { print(&plan_text(&plan)) };
    }
    say(&plan_text(&plan));
    confirm(plan.env.as_str(), plan.protected, "run it", wishes.consent)?;
    if let Some(reason) = wishes.over {
        override_all(&mut driver, &mut plan, reason).await?;
    }
    let patience = if wishes.wait { Patience::Wait } else { Patience::None };
    let effects = runs::begin(&mut driver.session.model, plan, patience);
    driver.perform(effects);
    Box::pin(watch(driver, wishes.json, wishes.soak)).await
}

/// Follows the newest run to its end, and tells what became of it.
pub(super) async fn watch(mut driver: Driver, json: bool, soak: bool) -> Result<(), Report> {
    let mut outcome = follow(&mut driver).await;
    if outcome.is_ok() {
        say(&soaks::oddities(driver.model()));
    }
    if outcome.is_ok() && soak {
        outcome = soaks::follow(&mut driver).await;
    }
    let run = driver.model().runs.last().cloned();
    let failed = run.as_ref().and_then(|run| run.first_failure()).filter(|step| step.state == StepState::Failed);
    let degraded = run.as_ref().and_then(|run| run.steps.iter().find(|step| step.degraded().is_some()));
    if let Some(step) = failed.or(degraded) {
        let words = last_words(&mut driver, step).await;
        say(&words);
    }
    // A write whose answer is still awaited is waited for, so that what is told afterwards is true.
    driver.end().await;
    if let Some(run) = run.as_ref().filter(|run| {
        outcome.is_err() && !matches!(run.hold, Hold::Refused { .. }) && run.steps.iter().any(is_under_way)
    }) {
        say(&what_goes_on(run));
    }
    if let Some(run) = run.filter(|_| json) {
        print_json(&shapes::run(&run))?;
    }
    outcome
}

/// Tells on standard error how it goes.
async fn follow(driver: &mut Driver) -> Result<(), Report> {
    let id = RunId(driver.model().runs.iter().map(|run| run.id.0).max().unwrap_or(0));
    let mut progress = driver.model().run(id).map(Progress::new);
    let mut unkept = false;
    driver
        .until(None, |model| {
            let run = model.run(id)?;
            if let Some(progress) = &mut progress {
                let (now, env) = (system::now(), &run.plan.env);
                if let Some(world) = model.world.env(env) {
                    say(&progress.sight(env, &world.freshness(), now));
                }
                say(&progress.show(run, now));
            }
            let why = model.session.kept.get(&id).and_then(|kept| kept.without.as_ref());
            if let Some(why) = why.filter(|_| !std::mem::replace(&mut unkept, true)) {
                say(&format!("the run is not kept in the cluster, and cannot be resumed: {why}\n"));
            }
            ended(run).or_else(|| away(model, run))
        })
        .await?
}

/// What a run has come to; none: it goes on.
fn ended(run: &Run) -> Option<Result<(), Report>> {
    let settled = is_settled(run);
    match run.state {
        RunState::Running | RunState::Pausing if is_blocked(run) => {
            let held: Vec<&StepRun> = run.steps.iter().filter(|step| is_held(step)).collect();
            Some(Err(paused(run, &held)))
        }
        RunState::Succeeded => Some(Ok(())),
        // Somebody else carries it out: what is under way is theirs.
        RunState::Halted if matches!(run.hold, Hold::Refused { .. }) => not_held(run).map(Err),
        RunState::Halted if settled => {
            let failed = run.first_failure().map(failure);
            failed.or_else(|| not_held(run)).map(Err)
        }
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

fn is_under_way(step: &StepRun) -> bool {
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

/// A cluster that stays away is not waited for without end: nobody is there to lose patience.
fn away(model: &Model, run: &Run) -> Option<Result<(), Report>> {
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
    let are = if held.len() == 1 { "is" } else { "are" };
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
                .hint("--wait-for-lock waits until it is free, and takes over from somebody who is silent."),
        ),
        Hold::Lost { service, why } => Some(
            Report::refused(format!("{service} in {}: {why}; nothing more was written", run.plan.env))
                .hint("shipdeck status shows what runs now."),
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
    let mut report = Report::rollout_failed(format!("{} failed: {why}", step.service));
    if let Some(evidence) = step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref()) {
        report = evidence.details.iter().fold(report, Report::hint).hint(&evidence.remedy);
    }
    if is_ours(step) { report.hint("shipdeck rollback takes back what is failing.") } else { report }
}

/// What runs there is still what this step wrote; else there is nothing of it to take back.
fn is_ours(step: &StepRun) -> bool {
    let evidence = step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref());
    !evidence.is_some_and(|it| matches!(it.cause, Cause::Deleted | Cause::Replaced | Cause::SupersededBy(_)))
}

/// What a run leaves behind that ends before its steps do, service by service.
fn what_goes_on(run: &Run) -> String {
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

/// What the plan cannot do is a refusal; what was written wrong is a mistake of usage.
pub(super) fn refused(error: &PlanError) -> Report {
    match error {
        PlanError::UnknownService { .. }
        | PlanError::UnknownEnvironment { .. }
        | PlanError::UnknownNeed { .. }
        | PlanError::Cycle(_)
        | PlanError::BadVersion { .. }
        | PlanError::AmbiguousContainer { .. }
        | PlanError::NoUpstream(_)
        | PlanError::Nothing => Report::usage(error.to_string()),
        PlanError::NotThere { .. }
        | PlanError::NeedNotMet { .. }
        | PlanError::UpstreamNotReady { .. }
        | PlanError::NoHistory { .. }
        | PlanError::Stale { .. }
        | PlanError::ReadOnly(_) => Report::refused(error.to_string()),
    }
}

/// Asks, unless that was answered on the command line. Where something is protected its name is the answer: a script that
/// was made for another environment says yes to everything.
pub(super) fn confirm(env: &str, protected: bool, what: &str, consent: Consent<'_>) -> Result<(), Report> {
    match consent {
        Consent { confirm: Some(name), .. } if name == env => return Ok(()),
        Consent { confirm: Some(name), .. } => {
            return Err(Report::usage(format!("--confirm says {name}, and it is {env} that would change")));
        }
        Consent { yes: true, .. } if !protected => return Ok(()),
        Consent { yes: true, .. } => {
            return Err(Report::refused(format!("{env} is protected, for which --yes is not enough"))
                .hint(format!("Give --confirm {env} where that is meant.")));
        }
        Consent { .. } => {}
    }
    if !std::io::stdin().is_terminal() {
        let hint = if protected { format!("Give --confirm {env}.") } else { "Give --yes.".to_owned() };
        return Err(Report::usage("nobody can be asked here").hint(hint));
    }
    let word = if protected { env } else { "yes" };
    say(&format!("Type {word} to {what}: "));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == word {
        Ok(())
    } else {
        Err(Report::refused("not confirmed: nothing has happened"))
    }
}

fn plan_text(plan: &Plan) -> String {
    let mut rows = Vec::new();
    for (number, wave) in plan.waves.iter().enumerate() {
        for step in &wave.steps {
            let versions = format!("{} → {}", step.from_version, step.to_version);
            rows.push(vec![format!("wave {}", number + 1), step.service.to_string(), versions]);
        }
    }
    let skipped = plan.skipped.iter().map(|it| vec!["skipped".to_owned(), it.service.to_string(), it.why.clone()]);
    rows.extend(skipped);
    let warnings = plan.warnings.iter().map(|it| vec!["warning".to_owned(), it.subject.clone(), it.text.clone()]);
    rows.extend(warnings);
    if let Some(time) = plan.estimate() {
        rows.push(vec!["takes".to_owned(), format!("about {}", ui::span(time))]);
    }
    table(&rows)
}

#[cfg(test)]
mod tests {
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
        assert_eq!((is_blocked(run), shapes::run(run).outcome), (false, "interrupted"), "the other is being written");
        run.steps[1].state = StepState::Succeeded;
        assert_eq!((is_blocked(run), shapes::run(run).outcome), (true, "blocked"));
    }
}
