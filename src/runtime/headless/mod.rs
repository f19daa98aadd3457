//! The commands for pipelines: the same model, plans and runs as the cockpit, without a screen.

mod driver;
mod shapes;

use std::io::{BufRead, IsTerminal, Write};

use serde::Serialize;

use super::compose::Session;
use crate::app::model::Model;
use crate::app::runs;
use crate::cli::Target;
use crate::domain::ids::{EnvId, GroupId, RunId, ServiceId};
use crate::domain::plan::{self, Plan, PlanError, Purpose, Request, Wanted};
use crate::domain::run::{Run, RunState};
use crate::report::Report;
use driver::Driver;

/// What to do with a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plan,
    Deploy,
    Promote,
}

/// `shipdeck status`.
pub(super) async fn status(session: Session, json: bool) -> Result<(), Report> {
    let mut driver = Driver::start(session)?;
    let envs: Vec<EnvId> = driver.model().catalog.environments.iter().map(|env| env.name.clone()).collect();
    if envs.is_empty() {
        return Err(Report::usage("no environments are configured").hint("config.example.toml shows how."));
    }
    driver.best_picture(&envs).await?;
    let shape = status_shape(driver.model());
    if json {
        print_json(&shape)?;
    } else {
        let mut text = String::new();
        for service in &shape.services {
            text.push_str(&format!("{:28}", service.name));
            for cell in &service.environments {
                let version = cell.version.as_deref().unwrap_or("-");
                text.push_str(&format!(" {}: {version} {}", cell.environment, cell.state));
            }
            text.push('\n');
        }
        for env in shape.environments.iter().filter(|env| env.fault.is_some()) {
            text.push_str(&format!("{}: {} ({})\n", env.name, env.freshness, env.fault.as_deref().unwrap_or_default()));
        }
        print(&text)?;
    }
    let unreachable = shape.environments.iter().find(|env| env.freshness != "live").map(|env| env.name.clone());
    driver.end().await;
    unreachable.map_or(Ok(()), |env| Err(Report::unreachable(format!("{env} could not be read"))))
}

fn status_shape(model: &Model) -> shapes::StatusShape {
    let environments = model.catalog.environments.iter().map(|env| {
        let freshness = model.world.env(&env.name).map(crate::domain::world::EnvWorld::freshness);
        let (freshness, fault) = shapes::freshness(freshness.as_ref());
        shapes::EnvironmentShape {
            name: env.name.to_string(),
            cluster: env.cluster.to_string(),
            namespace: env.namespace.to_string(),
            freshness,
            fault,
        }
    });
    let cells = |service: &ServiceId| {
        let envs = model.catalog.environments.iter();
        envs.map(|env| shapes::cell(&env.name, model.board.cell(service, &env.name))).collect()
    };
    let services = model
        .catalog
        .services
        .iter()
        .map(|service| shapes::ServiceShape { name: service.name.to_string(), environments: cells(&service.name) });
    shapes::StatusShape { version: shapes::VERSION, environments: environments.collect(), services: services.collect() }
}

/// `shipdeck plan`, `deploy` and `promote`.
pub(super) async fn deploy(session: Session, target: &Target, kind: Kind) -> Result<(), Report> {
    let mut driver = Driver::start(session)?;
    let request = request(driver.model(), target, kind)?;
    let mut envs = vec![request.env.clone()];
    if let Purpose::Promote { from } = &request.purpose {
        envs.push(from.clone());
    }
    driver.current(&envs).await?;
    let model = driver.model();
    let plan = plan::build(&model.catalog, &model.world, &model.board, &request).map_err(|error| refused(&error))?;
    if let Some(why) = model.session.read_only.as_ref().filter(|_| kind != Kind::Plan) {
        return Err(Report::refused(format!("read-only: {why}")));
    }
    if kind == Kind::Plan || target.dry_run || plan.is_empty() {
        return if target.json { print_json(&shapes::plan(&plan)) } else { print(&plan_text(&plan)) };
    }
    say(&plan_text(&plan));
    confirm(&plan, target.yes)?;
    let outcome = follow(&mut driver, plan).await;
    let run = driver.model().runs.last().cloned();
    driver.end().await;
    if let Some(run) = run.filter(|_| target.json) {
        print_json(&shapes::run(&run))?;
    }
    outcome
}

/// Carries the plan out; a line on standard error for every step that changes.
async fn follow(driver: &mut Driver, plan: Plan) -> Result<(), Report> {
    let effects = runs::begin(&mut driver.session.model, plan);
    driver.perform(effects);
    let mut told = Vec::new();
    let id = RunId(driver.model().runs.iter().map(|run| run.id.0).max().unwrap_or(0));
    let ended = driver
        .until(None, |model| {
            let run = model.run(id)?;
            tell(run, &mut told);
            let settled = run.steps.iter().all(|step| step.state.is_over() || step.started.is_none());
            match run.state {
                RunState::Succeeded => Some(None),
                RunState::Ended => Some(Some("the run was ended".to_owned())),
                RunState::Halted if settled => {
                    let step = run.first_failure()?;
                    let evidence = step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref());
                    let why = evidence.map_or_else(|| "refused".to_owned(), |evidence| evidence.headline.clone());
                    Some(Some(format!("{} failed: {why}", step.service)))
                }
                RunState::Halted | RunState::Running | RunState::Pausing | RunState::Paused => None,
            }
        })
        .await?;
    ended.map_or(Ok(()), |why| Err(Report::rollout_failed(why)))
}

fn tell(run: &Run, told: &mut Vec<(ServiceId, &'static str)>) {
    for step in &run.steps {
        let word = shapes::step_word(&step.state);
        let entry = (step.service.clone(), word);
        if step.started.is_some() && !told.contains(&entry) {
            say(&format!("{} {word}\n", step.service));
            told.push(entry);
        }
    }
}

fn request(model: &Model, target: &Target, kind: Kind) -> Result<Request, Report> {
    let env = EnvId::new(&target.env);
    let group = match &target.group {
        None => None,
        Some(name) => Some(model.catalog.group(&GroupId::new(name)).ok_or_else(|| {
            Report::usage(format!("there is no group {name}")).hint("The configuration names the groups.")
        })?),
    };
    let mut services: Vec<(ServiceId, Wanted)> = Vec::new();
    let purpose = if kind == Kind::Promote {
        let upstream = model.catalog.upstream(&env).map(|upstream| upstream.name.clone());
        let from = upstream.ok_or_else(|| refused(&PlanError::NoUpstream(env.clone())))?;
        let all = model.catalog.services.iter().map(|service| service.name.clone());
        let named: Vec<ServiceId> = target.services.iter().map(ServiceId::new).collect();
        let chosen = if let Some(group) = group {
            group.services.clone()
        } else if named.is_empty() {
            all.collect()
        } else {
            named
        };
        services.extend(chosen.into_iter().map(|service| (service, Wanted::As(from.clone()))));
        Purpose::Promote { from }
    } else {
        for text in &target.services {
            let (service, version) = text.split_once('=').ok_or_else(|| {
                Report::usage(format!("{text}: which version?")).hint("Write SERVICE=VERSION, as in checkout=v812.")
            })?;
            services.push((ServiceId::new(service), Wanted::Version(version.to_owned())));
        }
        Purpose::Deploy
    };
    if let Some(stranger) =
        group.and_then(|group| services.iter().find(|(service, _)| !group.services.contains(service)))
    {
        return Err(Report::usage(format!("{} is not in that group", stranger.0)));
    }
    let title = group.map(|group| group.name.to_string()).unwrap_or_default();
    Ok(Request { env, purpose, title, services })
}

/// What the plan cannot do is a refusal; what was written wrong is a mistake of usage.
fn refused(error: &PlanError) -> Report {
    match error {
        PlanError::UnknownService { .. }
        | PlanError::UnknownEnvironment(_)
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

/// Asks, unless that was answered on the command line.
fn confirm(plan: &Plan, yes: bool) -> Result<(), Report> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Report::usage("nobody can be asked here").hint("Give --yes."));
    }
    let word = if plan.protected { plan.env.as_str() } else { "yes" };
    say(&format!("Type {word} to run it: "));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == word {
        Ok(())
    } else {
        Err(Report::refused("not confirmed: nothing has happened"))
    }
}

fn plan_text(plan: &Plan) -> String {
    let mut text = String::new();
    for (number, wave) in plan.waves.iter().enumerate() {
        for step in &wave.steps {
            let line =
                format!("wave {}  {:24} {} → {}\n", number + 1, step.service, step.from_version, step.to_version);
            text.push_str(&line);
        }
    }
    for skipped in &plan.skipped {
        text.push_str(&format!("skipped {} {}\n", skipped.service, skipped.why));
    }
    for warning in &plan.warnings {
        text.push_str(&format!("warning {} {}\n", warning.subject, warning.text));
    }
    text
}

/// Progress is for people: standard error.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn print(text: &str) -> Result<(), Report> {
    let gone = |error: std::io::Error| Report::usage(format!("standard output is gone: {error}"));
    std::io::stdout().write_all(text.as_bytes()).map_err(gone)
}

fn print_json(shape: &impl Serialize) -> Result<(), Report> {
    let text = serde_json::to_string_pretty(shape).map_err(|error| Report::usage(error.to_string()))?;
    print(&format!("{text}\n"))
}
