//! A plan without a screen: told, confirmed, carried out, followed to its end.

use std::io::{BufRead, IsTerminal};
use std::sync::Arc;

use super::bars::{barred, elsewhere, override_all, unbarred, unfought};
use super::driver::Driver;
use super::logs::last_words;
use super::outcome::{away, ended, is_spent, is_under_way, own_failure, what_goes_on};
use super::progress::Progress;
use super::{handover, next, print, print_json, say, shapes, soaks, table};
use crate::adapters::system;
use crate::app::model::Model;
use crate::app::{locks, queue, rights, runs};
use crate::cli::Agreed;
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::lease::Patience;
use crate::domain::lock;
use crate::domain::plan::{Plan, PlanError};
use crate::domain::rights::Need;
use crate::domain::run::{Hold, LeftOut, Run, RunEvent, StepState, learn};
use crate::report::Report;
use crate::ui;

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
    /// It goes on where another stopped.
    pub(super) follows: Option<Follows<'a>>,
}

/// What a run goes on with that another has begun.
#[derive(Clone, Copy)]
pub(super) struct Follows<'a> {
    /// The other, as the cluster keeps it.
    pub(super) run: &'a str,
    /// What it goes on without.
    pub(super) without: &'a [(ServiceId, LeftOut)],
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
        let services: Vec<_> = plan.changed().map(|step| step.service.clone()).collect();
        let needs: Vec<Need> = rights::changes(driver.model(), &services).chain([Need::Hold]).collect();
        driver.rights_known(&plan.env, &needs).await?;
        let missing = rights::missing_of(driver.model(), &plan.env, &services).filter(|_| !wishes.dry_run);
        if let Some((services, fault)) = missing {
            let what = format!("{} cannot be changed by you: {fault}", services.join(", "));
            return Err(Report::refused(what).hint(fault.advice()));
        }
        plan.warnings.extend(rights::warnings(driver.model(), &plan));
        described = elsewhere(&mut driver, &mut plan).await?;
        plan.passes.hotfix = wishes.hotfix;
        let barred = barred(&mut driver, &mut plan).await?;
        // By now it is read what the cluster keeps of earlier runs.
        learn(&mut plan, &driver.model().runs, &driver.model().world);
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
    let model = &mut driver.session.model;
    let mut run = Run::new(runs::next_id(model), plan, model.session.user.as_str(), model.session.now);
    run.patience = patience;
    if let Some(Follows { run: before, without }) = wishes.follows {
        run.follows = Some(before.into());
        for (service, how) in without {
            run.begin_without(service, how.clone());
        }
    }
    let effects = runs::begin_run(model, run);
    driver.perform(effects);
    Box::pin(watch(driver, wishes.json, wishes.soak)).await
}

/// Follows the newest run to its end, and tells what became of it.
pub(super) async fn watch(mut driver: Driver, json: bool, soak: bool) -> Result<(), Report> {
    let mut outcome = follow(&mut driver).await;
    if outcome.as_ref().is_err_and(|report| report.exit_code() != Report::INTERRUPTED) {
        handover::look(&mut driver).await;
        outcome = driver.model().runs.last().and_then(ended).unwrap_or(outcome);
    }
    if outcome.is_ok() {
        say(&soaks::oddities(driver.model()));
    }
    if outcome.is_ok() && soak {
        outcome = soaks::follow(&mut driver).await;
    }
    let newest = newest(driver.model());
    let run = driver.model().run(newest).cloned();
    let failed = run.as_ref().and_then(own_failure).filter(|step| step.state == StepState::Failed);
    let degraded = run.as_ref().and_then(|run| run.steps.iter().find(|step| step.degraded().is_some()));
    if let Some(step) = failed.or(degraded) {
        let words = last_words(&mut driver, step).await;
        say(&words);
    }
    if driver.model().run(newest).is_some_and(|run| is_spent(run, &outcome)) {
        let effects = runs::on(&mut driver.session.model, newest, RunEvent::Abort);
        driver.perform(effects);
    }
    let run = driver.model().run(newest).cloned();
    let key = key(driver.model(), newest);
    // A write whose answer is still awaited is waited for, so that what is told afterwards is true.
    driver.end().await;
    if let Some(run) = run.as_ref().filter(|run| {
        outcome.is_err() && !matches!(run.hold, Hold::Refused { .. }) && run.steps.iter().any(is_under_way)
    }) {
        say(&what_goes_on(run));
    }
    let Some(run) = run else { return outcome };
    if json {
        print_json(&shapes::run(&run, key.as_deref()))?;
    } else if outcome.is_ok() {
        print(&format!("{}: {} of {} done\n", runs::name(&run.plan), run.succeeded(), run.steps.len()))?;
    }
    outcome.map_err(|report| next::steps(report, &run, key.as_deref()))
}

/// The newest run of the session.
fn newest(model: &Model) -> RunId {
    model.runs.last().map_or(RunId(0), |run| run.id)
}

/// What the cluster keeps a run under; none: it is not kept.
fn key(model: &Model, run: RunId) -> Option<Arc<str>> {
    let kept = model.session.kept.get(&run).filter(|kept| kept.without.is_none())?;
    Some(Arc::clone(&kept.key))
}

/// Tells on standard error how it goes.
async fn follow(driver: &mut Driver) -> Result<(), Report> {
    let id = newest(driver.model());
    let mut progress = driver.model().run(id).map(Progress::new);
    let (mut named, mut unkept, mut waited) = (false, false, None);
    driver
        .until(None, |model| {
            let run = model.run(id)?;
            if let Some(progress) = &mut progress {
                let (now, env) = (system::now(), &run.plan.env);
                if let Some(world) = model.world.env(env) {
                    say(&progress.sight(env, &world.freshness(), now));
                }
                let kept = model.session.kept.get(&id);
                if let Some(kept) = kept.filter(|_| !std::mem::replace(&mut named, true)) {
                    say(&progress.news(&format!("run {}: {}\n", kept.key, runs::name(&run.plan))));
                }
                let why = kept.and_then(|kept| kept.without.as_ref());
                if let Some(why) = why.filter(|_| !std::mem::replace(&mut unkept, true)) {
                    say(&progress.news(&format!("it is not kept in the cluster, and cannot be resumed: {why}\n")));
                }
                if let Hold::Waiting(wait) = &run.hold
                    && waited.replace(wait.clone()).as_ref() != Some(wait)
                {
                    say(&progress.news(&format!("{}\n", queue::words(model, env, wait))));
                }
                say(&progress.show(run, now));
            }
            ended(run).or_else(|| away(model, run))
        })
        .await?
}

/// What the plan cannot do is a refusal; what was written wrong is a mistake of usage.
pub(super) fn refused(error: &PlanError) -> Report {
    let usage = |it: &PlanError| match it {
        PlanError::UnknownService { .. }
        | PlanError::UnknownEnvironment { .. }
        | PlanError::UnknownNeed { .. }
        | PlanError::Cycle(_)
        | PlanError::BadVersion { .. }
        | PlanError::AmbiguousContainer { .. }
        | PlanError::NoContainer { .. }
        | PlanError::NoUpstream(_)
        | PlanError::Nothing => true,
        PlanError::NotThere { .. }
        | PlanError::NotReadable { .. }
        | PlanError::NeedNotMet { .. }
        | PlanError::UpstreamNotReady { .. }
        | PlanError::NoHistory { .. }
        | PlanError::Stale { .. }
        | PlanError::ReadOnly(_)
        | PlanError::Several(_) => false,
    };
    // What is wrong with the request itself is no better at another time.
    let usage = error.each().iter().any(usage);
    if usage { Report::usage(error.to_string()) } else { Report::refused(error.to_string()) }
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
    if let Some(text) = lock::held_words(plan) {
        let word = if plan.unheld { "not held" } else { "held" };
        rows.push(vec![word.to_owned(), plan.env.to_string(), text]);
    }
    if let Some(time) = ui::pace::of_plan(plan) {
        rows.push(vec!["takes".to_owned(), time]);
    }
    table(&rows)
}
