//! After success: the new pods are watched on where that is asked for, and what is odd about them is told in any case.

use super::driver::Driver;
use super::say;
use crate::app::model::Model;
use crate::domain::run::{Run, StepRun};
use crate::domain::world::Freshness;
use crate::report::Report;
use crate::ui;

/// What is said of steps that have succeeded and are not quite what was asked for, a line each.
pub(super) fn oddities(model: &Model) -> String {
    let line = |step: &StepRun| {
        let evidence = step.verdict.as_ref()?.evidence.as_ref()?;
        Some(format!("{}: {}\n", step.service, evidence.headline))
    };
    model.runs.last().into_iter().flat_map(|run| &run.steps).filter_map(line).collect()
}

/// Watches the pods of the newest run until their time is over.
///
/// # Errors
/// 1 with the first that degrades, 4 where the cluster cannot be seen any more, 130 when interrupted.
pub(super) async fn follow(driver: &mut Driver) -> Result<(), Report> {
    if let Some(longest) = driver.model().runs.last().and_then(|run| left(driver.model(), run)) {
        say(&format!("watching the new pods for {longest}\n"));
    }
    driver.until(None, |model| ended(model, model.runs.last()?)).await??;
    say("the new pods stayed well\n");
    Ok(())
}

fn left(model: &Model, run: &Run) -> Option<String> {
    let until = run.steps.iter().filter_map(|step| step.after.as_ref()).filter(|after| !after.over);
    Some(ui::span(until.map(|after| after.until).max()?.duration_since(model.session.now)))
}

/// None: they are still watched.
fn ended(model: &Model, run: &Run) -> Option<Result<(), Report>> {
    if let Some((step, evidence)) = run.steps.iter().find_map(|step| Some((step, step.degraded()?))) {
        let report = Report::rollout_failed(format!("{}: {}", step.service, evidence.headline));
        let report = evidence.details.iter().fold(report, Report::hint).hint(&evidence.remedy);
        let env = &run.plan.env;
        return Some(Err(report.hint(format!("shipdeck rollback --env {env} {} takes it back.", step.service))));
    }
    let watched = run.steps.iter().filter(|step| step.baseline.is_some());
    if watched.clone().all(|step| step.after.as_ref().is_some_and(|after| after.over)) {
        return Some(Ok(()));
    }
    // What cannot be seen for the whole of its time was not watched.
    let overdue = watched.filter_map(|step| step.after.as_ref()).all(|after| after.until <= model.session.now);
    match model.world.env(&run.plan.env)?.freshness() {
        Freshness::Stale { fault, .. } | Freshness::Denied { fault, .. } if overdue => {
            let what = format!("{} could not be seen to the end: {fault}", run.plan.env);
            Some(Err(Report::unreachable(what).hint(fault.advice())))
        }
        _ => None,
    }
}
