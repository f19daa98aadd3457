//! `shipdeck status`: what runs where.

use super::check::{BARE_ADVICE, bare};
use super::driver::Driver;
use super::run::refused;
use super::{print, print_json, shapes, table};
use crate::app::model::Model;
use crate::domain::catalog::Catalog;
use crate::domain::fault::FaultKind;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::plan::PlanError;
use crate::domain::world::Freshness;
use crate::report::Report;
use crate::runtime::compose::Session;

/// `shipdeck status`.
pub(in crate::runtime) async fn status(mut session: Session, only: Option<&str>, json: bool) -> Result<(), Report> {
    let only = only.map(EnvId::new);
    if !session.model.catalog.discovered {
        // What is not asked about is not read either.
        keep(&mut session.model.catalog, only.as_ref())?;
    }
    let mut driver = Driver::start(session)?;
    driver.discovered().await?;
    keep(&mut driver.session.model.catalog, only.as_ref())?;
    let envs: Vec<EnvId> = driver.model().catalog.environments.iter().map(|env| env.name.clone()).collect();
    driver.best_picture(&envs).await?;
    let shape = status_shape(driver.model());
    let (wrong, unread) = (misconfigured(driver.model()), unread(driver.model()));
    if json {
        print_json(&shape)?;
    } else {
        let mut rows = vec![vec!["SERVICE".to_owned()]];
        rows[0].extend(shape.environments.iter().map(|env| env.name.to_uppercase()));
        for service in &shape.services {
            let mut row = vec![service.name.clone()];
            row.extend(service.environments.iter().map(|cell| cell_text(driver.model(), service, cell)));
            rows.push(row);
        }
        let mut text = table(&rows);
        for env in shape.environments.iter().filter(|env| env.fault.is_some()) {
            let fault = env.fault.as_deref().unwrap_or_default();
            text.push_str(&match env.freshness {
                "live" => format!("{}: {fault}\n", env.name),
                "unread" => format!("{}: not read ({fault})\n", env.name),
                freshness => format!("{}: {freshness} ({fault})\n", env.name),
            });
        }
        print(&text)?;
    }
    driver.end().await;
    // No trying again helps where the configuration is wrong.
    match wrong.or(unread) {
        Some(report) => Err(report),
        None => Ok(()),
    }
}

/// Why an environment could not be read. What may not be read is refused; what did not answer may answer later, which is
/// the better news to act on.
fn unread(model: &Model) -> Option<Report> {
    let (mut silent, mut denied) = (None, None);
    for env in &model.catalog.environments {
        let Some(world) = model.world.env(&env.name) else { continue };
        match world.freshness() {
            Freshness::Live => {}
            Freshness::Stale { fault, .. } | Freshness::Denied { fault, .. } if fault.kind.is_about_the_user() => {
                let report = || Report::refused(format!("{} may not be read", env.name));
                denied = denied.or_else(|| Some(report().hint(fault.advice_at_the_end())));
            }
            Freshness::Stale { .. } | Freshness::Denied { .. } | Freshness::Reading { .. } => {
                silent = silent.or_else(|| Some(Report::unreachable(format!("{} could not be read", env.name))));
            }
        }
    }
    silent.or(denied)
}

/// Keeps the one environment that is asked about.
fn keep(catalog: &mut Catalog, only: Option<&EnvId>) -> Result<(), Report> {
    let Some(only) = only else { return Ok(()) };
    if catalog.environment(only).is_none() {
        return Err(refused(&PlanError::unknown_environment(catalog, only)));
    }
    catalog.environments.retain(|env| env.name == *only);
    Ok(())
}

/// The first environment that the configuration says wrongly: a context that is in no kubeconfig, or a namespace with
/// nothing in it.
fn misconfigured(model: &Model) -> Option<Report> {
    model.catalog.environments.iter().find_map(|env| match model.world.env(&env.name)?.freshness() {
        Freshness::Stale { fault, .. } if fault.kind == FaultKind::NotFound => {
            Some(Report::usage(format!("{}: {fault}", env.name)).hint(fault.advice_at_the_end()))
        }
        _ => bare(model, env).map(|what| Report::usage(format!("{}: {what}", env.name)).hint(BARE_ADVICE)),
    })
}

fn status_shape(model: &Model) -> shapes::StatusShape {
    let environments = model.catalog.environments.iter().map(|env| {
        let (freshness, fault) = shapes::freshness(model.world.env(&env.name));
        shapes::EnvironmentShape {
            name: env.name.to_string(),
            cluster: env.cluster.to_string(),
            namespace: env.namespace.to_string(),
            freshness,
            fault: fault.or_else(|| bare(model, env)),
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
    // What was only found elsewhere is no service of these.
    let absent = |service: &shapes::ServiceShape| service.environments.iter().all(|cell| cell.state == "absent");
    let services = services.filter(|service| !model.catalog.discovered || !absent(service)).collect();
    shapes::StatusShape { version: shapes::VERSION, environments: environments.collect(), services }
}

/// `v812 ok`, `v98 failed: crashes on start`, and a dash where it does not exist.
fn cell_text(model: &Model, service: &shapes::ServiceShape, cell: &shapes::CellShape) -> String {
    let version = cell.version.as_deref().unwrap_or("-");
    // What is wrong with all of the environment is said once, below; programs find it with each cell.
    let judged = model.board.cell(&ServiceId::new(&*service.name), &EnvId::new(&*cell.environment));
    let reason = cell.reason.as_ref().filter(|_| !judged.is_some_and(|judged| judged.of_environment));
    match (reason, cell.state) {
        (_, "absent") => "-".to_owned(),
        (Some(reason), state) => format!("{version} {state}: {reason}"),
        (None, state) => format!("{version} {state}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Msg;
    use crate::app::testkit::Cockpit;
    use crate::domain::fault::{Fault, FaultKind};
    use crate::domain::observed::{Change, Kind};

    #[test]
    fn what_is_wrong_with_all_of_an_environment_is_no_reason_of_each_service() {
        let mut cockpit = Cockpit::demo();
        let fault = Fault::new(FaultKind::Forbidden, "no right to list pods");
        cockpit.send(Msg::Fact { env: EnvId::new("staging"), change: Change::Lost(Kind::Pod, fault) });
        let shape = status_shape(&cockpit.model);
        let at = shape.environments.iter().position(|env| env.name == "staging").unwrap();
        assert!(shape.environments[at].fault.as_ref().is_some_and(|fault| fault.ends_with("no right to list pods")));
        let cell = &shape.services[0].environments[at];
        assert!(cell.reason.is_some(), "programs get it with each");
        assert!(!cell_text(&cockpit.model, &shape.services[0], cell).contains("no right"));
    }
}
