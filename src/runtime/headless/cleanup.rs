//! `shipdeck cleanup`: leftovers listed, and deleted where that was asked for, by the very code of the cockpit's page.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::check::{BARE_ADVICE, bare};
use super::driver::Driver;
use super::run::{confirm, refused};
use super::{print, print_json, say, shapes, table};
use crate::adapters::system;
use crate::app::model::{DeleteResult, Model, Page};
use crate::app::screens::cleanup as screen;
use crate::cli::Cleanup;
use crate::domain::catalog::Environment;
use crate::domain::cleanup::{Finding, findings, is_protected, too_young};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{EnvId, Uid};
use crate::domain::observed::Kind;
use crate::domain::plan::PlanError;
use crate::domain::words;
use crate::report::Report;
use crate::runtime::compose::Session;
use crate::ui;

/// How long the Jobs may take to be read.
const PATIENCE: Duration = Duration::from_secs(30);

pub(in crate::runtime) async fn cleanup(session: Session, args: &Cleanup) -> Result<(), Report> {
    let age: SignedDuration = args.older_than.parse().map_err(|_error: jiff::Error| {
        Report::usage(format!("{:?} is no duration", args.older_than)).hint("Write 30s, 10m or 2h.")
    })?;
    let mut driver = Driver::start(session)?;
    let id = EnvId::new(&args.env);
    let Some(env) = driver.model().catalog.environment(&id).cloned() else {
        return Err(refused(&PlanError::unknown_environment(&driver.model().catalog, &id)));
    };
    driver.current(std::slice::from_ref(&env.name)).await?;
    let unread = jobs_read(&mut driver, &env.name).await?;
    if let Some(what) = bare(driver.model(), &env) {
        return Err(Report::usage(format!("{}: {what}", env.name)).hint(BARE_ADVICE));
    }
    let (found, young) = look(driver.model(), &env, age);
    if !args.json {
        print(&listing(&env, &found, young, args, system::now()))?;
        if let Some(why) = &unread {
            say(&format!("jobs are not listed: {why}\n"));
        }
    }
    let consent = args.consent.given();
    let asked = consent.yes || consent.confirm.is_some() || std::io::stdin().is_terminal();
    if found.is_empty() || args.dry_run || !asked {
        return if args.json { print_json(&shapes::cleanup(&env, &found, None)) } else { Ok(()) };
    }
    if let Some(why) = &driver.model().session.read_only {
        return Err(Report::refused(format!("read-only: {why}")));
    }
    confirm(env.name.as_str(), env.protected, &format!("delete {}", words::count(found.len(), "leftover")), consent)?;
    let results = delete(&mut driver, &env, &found).await?;
    driver.end().await;
    if args.json {
        print_json(&shapes::cleanup(&env, &found, Some(&results)))?;
    }
    let left = results.iter().filter(|(_, result)| !is_gone(result)).count();
    if left == 0 {
        return Ok(());
    }
    Err(Report::refused(format!("{left} of {} {} still there", results.len(), words::are(left))))
}

/// Waits for the Jobs, which no verdict needs and which therefore may come last. Some: why they cannot be read.
async fn jobs_read(driver: &mut Driver, env: &EnvId) -> Result<Option<String>, Report> {
    driver
        .until(Some(PATIENCE), |model| {
            let world = model.world.env(env)?;
            let lost = world.lost().find(|(kind, ..)| *kind == Kind::Job).map(|(.., fault)| fault.to_string());
            (world.is_current(Kind::Job) || lost.is_some()).then_some(lost)
        })
        .await
}

fn look(model: &Model, env: &Environment, age: SignedDuration) -> (Vec<Finding>, usize) {
    let Some(world) = model.world.env(&env.name) else { return (Vec::new(), 0) };
    let now = system::now();
    (findings(env, world, age, now), too_young(env, world, age, now))
}

fn listing(env: &Environment, found: &[Finding], young: usize, args: &Cleanup, now: Timestamp) -> String {
    let row = |it: &Finding| {
        let object = format!("{}/{}", it.kind.resource(), it.name);
        let owner = it.owner.clone().unwrap_or_else(|| "no owner".to_owned());
        let age = ui::span(now.duration_since(it.since));
        vec![object, it.reason.clone(), owner, age, it.kubectl(env.cluster.as_str(), &env.namespace)]
    };
    let mut text = table(&found.iter().map(row).collect::<Vec<_>>());
    if found.is_empty() {
        text.push_str(&format!("nothing is left over in {}\n", env.name));
    }
    if young > 0 {
        text.push_str(&format!("{young} younger than {} left alone\n", args.older_than));
    }
    if is_protected(&env.namespace) {
        text.push_str(&format!("nothing is ever removed from the namespace {}\n", env.namespace));
    }
    text
}

/// Deletes what was listed, and nothing else; each result is told as it comes.
async fn delete(driver: &mut Driver, env: &Environment, found: &[Finding]) -> Result<Vec<(Uid, DeleteResult)>, Report> {
    let model = &mut driver.session.model;
    model.home.env = Some(env.name.clone());
    let mut effects = screen::open(model);
    effects.extend(screen::delete(model, found.to_vec()));
    driver.perform(effects);
    let mut told = BTreeSet::new();
    driver
        .until(None, |model| {
            let Some(Page::Cleanup(page)) = &model.page else { return Some(Vec::new()) };
            for (uid, result) in page.results.iter().filter(|(_, result)| result.result.is_some()) {
                if told.insert(uid.clone()) {
                    say(&format!("{} {}\n", result.name, words(result)));
                }
            }
            let all = page.results.values().all(|result| result.result.is_some());
            all.then(|| page.results.iter().map(|(uid, result)| (uid.clone(), result.clone())).collect())
        })
        .await
}

/// Deleted, or gone already.
pub(super) fn is_gone(result: &DeleteResult) -> bool {
    match &result.result {
        Some(Err(fault)) => fault.kind == FaultKind::NotFound,
        Some(Ok(_)) => true,
        None => false,
    }
}

pub(super) fn words(result: &DeleteResult) -> String {
    match &result.result {
        None => "deleting".to_owned(),
        Some(Ok(Some(saved))) => format!("deleted, saved as {saved}"),
        Some(Ok(None)) => "deleted".to_owned(),
        Some(Err(fault)) if fault.kind == FaultKind::NotFound => "was gone already".to_owned(),
        Some(Err(fault)) if fault.kind == FaultKind::OutcomeUnknown => fault.to_string(),
        Some(Err(fault)) => format!("still there: {fault}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testkit::Cockpit;
    use crate::cli::Agreed;
    use crate::domain::cleanup::FindingKind;
    use crate::domain::fixtures::later;

    #[test]
    fn people_read_how_old_a_leftover_is_and_not_when_it_ended() {
        let cockpit = Cockpit::demo();
        let env = cockpit.model.catalog.environment(&EnvId::new("staging")).unwrap();
        let finding = Finding {
            env: env.name.clone(),
            kind: FindingKind::FailedJob,
            name: "migrate".into(),
            uid: Uid::new("u"),
            resource_version: "1".into(),
            reason: "failed".to_owned(),
            owner: None,
            since: later(0),
            proof: Vec::new(),
        };
        let consent = Agreed { yes: false, confirm: None };
        let args = Cleanup { env: "staging".into(), consent, dry_run: true, older_than: "10m".into(), json: false };
        let told = listing(env, &[finding], 0, &args, later(7_500));
        assert!(told.contains("no owner  2h 05m  kubectl"), "{told}");
    }
}
