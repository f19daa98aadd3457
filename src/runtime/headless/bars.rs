//! What bars a plan, and going on in spite of it.

use super::driver::Driver;
use super::{failed, say};
use crate::adapters::system;
use crate::app::locks::{self, Barred, Known};
use crate::app::runs;
use crate::app::stewards::{self, Described};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::lock::Override;
use crate::domain::plan::{Plan, Warning};
use crate::domain::text::clean;
use crate::report::Report;

/// What bars the plan, which says so.
pub(super) async fn barred(driver: &mut Driver, plan: &mut Plan) -> Result<Vec<Barred>, Report> {
    let env = plan.env.clone();
    let unknown = |why: String| Warning::new(env.to_string(), format!("may be frozen: {why}"));
    match driver.locks_known(&env).await? {
        Known::Lost(why) => {
            let what = format!("whether {env} is frozen is not known: {why}");
            return Err(Report::unreachable(what).hint("shipdeck deploys nothing blindly: try again."));
        }
        Known::Forbidden(why) => plan.warnings.push(unknown(why)),
        Known::All | Known::NotYet => {}
    }
    let found = locks::of_plan(driver.model(), plan);
    plan.warnings.extend(found.iter().map(|it| locks::warning(&env, it)));
    Ok(found)
}

/// Services of the plan that are described elsewhere; the plan says what follows.
pub(super) async fn elsewhere(driver: &mut Driver, plan: &mut Plan) -> Result<Vec<Described>, Report> {
    let services: Vec<ServiceId> = plan.steps().map(|step| step.service.clone()).collect();
    driver.stewards_known(&plan.env, &services).await?;
    let found = stewards::of_plan(driver.model(), plan);
    plan.warnings.extend(stewards::warnings(&found));
    Ok(found)
}

/// Refuses what somebody would put back by themselves.
pub(super) fn unfought(described: &[Described]) -> Result<(), Report> {
    match stewards::refusal(described) {
        Some((why, remedy)) => Err(Report::refused(format!("{why}; nothing was written")).hint(remedy)),
        None => Ok(()),
    }
}

/// Refuses what a lock bars, unless a reason is given.
pub(super) fn unbarred(env: &EnvId, barred: &[Barred], over: Option<&str>) -> Result<(), Report> {
    let (Some(first), None) = (barred.first(), over) else { return Ok(()) };
    let report = Report::refused(format!("{env}: {}; nothing was written", first.bar.lock.headline()));
    let report = barred.iter().fold(report, |report, it| report.hint(it.clears()));
    Err(report.hint("To go on in spite of it, say why: --override REASON. It is recorded, and others see it."))
}

/// Records the reason on every lock that bars the plan; what cannot be recorded is not overridden.
pub(super) async fn override_all(driver: &mut Driver, plan: &mut Plan, reason: &str) -> Result<(), Report> {
    let reason = clean(reason.trim()).into_owned();
    if reason.is_empty() {
        return Err(Report::usage("--override needs a reason: others read it"));
    }
    let Some(env) = driver.model().catalog.environment(&plan.env).cloned() else { return Ok(()) };
    let new = Override {
        at: system::now(),
        by: driver.model().session.person(),
        what: runs::name(plan).into(),
        reason: reason.into(),
    };
    let cluster = driver.session.executor.cluster(&env.cluster);
    for barred in locks::of_plan(driver.model(), plan) {
        let recorded = crate::runtime::locks::record(&*cluster, &env.namespace, &barred.bar.lock, &new).await;
        let id = &barred.bar.lock.id;
        recorded.map_err(|fault| failed(format!("the reason could not be recorded on lock {id}: {fault}"), &fault))?;
        say(&format!("overrides lock {id}: {}\n", barred.bar.lock.headline()));
        plan.passes.overridden.insert(id.clone());
    }
    Ok(())
}
