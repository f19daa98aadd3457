//! `shipdeck rollback`: back to what ran before, by the very code of the cockpit's key.

use std::time::Duration;

use super::deploy::{group_named, not_in_group};
use super::driver::Driver;
use super::run::{Wishes, carry_out, refused};
use super::{print_json, say, shapes};
use crate::app::model::{Model, Overlay};
use crate::app::screens::rollback as screen;
use crate::cli::Rollback;
use crate::domain::catalog::Group;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::plan::{Plan, PlanError, Purpose, unknown_service};
use crate::domain::verdict::State;
use crate::report::Report;
use crate::runtime::compose::Session;

/// How long histories may take to be read.
const PATIENCE: Duration = Duration::from_secs(30);

pub(in crate::runtime) async fn rollback(session: Session, args: &Rollback) -> Result<(), Report> {
    let mut driver = Driver::start(session)?;
    let env = EnvId::new(&args.env);
    if driver.model().catalog.environment(&env).is_none() {
        return Err(refused(&PlanError::unknown_environment(&driver.model().catalog, &env)));
    }
    driver.plannable(std::slice::from_ref(&env)).await?;
    let group = args.group.as_deref().map(|name| group_named(&driver.model().catalog, name)).transpose()?.cloned();
    let services = services(driver.model(), &env, &args.services, group.as_ref())?;
    if services.is_empty() {
        say(&format!("nothing is failing in {env}: name the services to take back\n"));
        let protected = driver.model().catalog.environment(&env).is_some_and(|env| env.protected);
        let none = Plan {
            env,
            protected,
            purpose: Purpose::RollBack,
            title: String::new(),
            waves: Vec::new(),
            skipped: Vec::new(),
            warnings: Vec::new(),
            passes: crate::domain::lock::Passes::default(),
            unheld: false,
        };
        return if args.json { print_json(&shapes::plan(&none)) } else { Ok(()) };
    }
    let plan = Plan { unheld: args.no_hold, ..plan(&mut driver, env, services).await? };
    let (consent, dry_run) = (args.consent.given(), args.dry_run);
    let wishes = Wishes {
        json: args.json,
        consent,
        dry_run,
        wait: args.wait_for_lock,
        soak: false,
        hotfix: false,
        over: args.over.as_deref(),
        follows: None,
    };
    carry_out(driver, plan, wishes).await
}

/// Those named, else those of the group, else those that are failing.
fn services(model: &Model, env: &EnvId, named: &[String], group: Option<&Group>) -> Result<Vec<ServiceId>, Report> {
    let fails = |service: &ServiceId| {
        model.board.cell(service, env).is_some_and(|cell| matches!(cell.verdict.state, State::Failed))
    };
    if let (true, Some(group)) = (named.is_empty(), group) {
        return Ok(group.services.clone());
    }
    if named.is_empty() {
        let all = model.catalog.services.iter().map(|service| service.name.clone());
        return Ok(all.filter(fails).collect());
    }
    let known = |name: &String| {
        let id = ServiceId::new(name);
        let is_known = model.catalog.service(&id).is_some();
        match group {
            _ if !is_known => Err(refused(&unknown_service(&model.catalog, &id))),
            Some(group) if !group.services.contains(&id) => Err(not_in_group(&id)),
            _ => Ok(id),
        }
    };
    named.iter().map(known).collect()
}

/// Reads the histories and makes the plan; what cannot go back refuses the whole, and nothing has happened.
async fn plan(driver: &mut Driver, env: EnvId, services: Vec<ServiceId>) -> Result<Plan, Report> {
    let model = &mut driver.session.model;
    model.home.env = Some(env);
    model.home.marks = services.into_iter().collect();
    let before = model.journal.notices.len();
    let effects = screen::begin(model);
    driver.perform(effects);
    driver.until(Some(PATIENCE), |model| model.gathering.is_none().then_some(())).await?;
    let model = &mut driver.session.model;
    let refusals = model.journal.notices.iter().skip(before).filter(|notice| notice.state == State::Blocked);
    let refusals: Vec<String> = refusals.map(|notice| notice.title.clone()).collect();
    match model.overlays.pop() {
        Some(Overlay::Plan(review)) if refusals.is_empty() => Ok(review.plan),
        _ => Err(Report::refused(refusals.join("\n"))
            .hint("Nothing has happened. Leave those services out, or deploy a version.")),
    }
}
