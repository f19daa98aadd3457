//! `shipdeck plan`, `deploy` and `promote`.

use super::driver::Driver;
use super::run::{Wishes, carry_out, refused};
use crate::app::model::Model;
use crate::cli::Target;
use crate::domain::catalog::{Catalog, Group};
use crate::domain::ids::{EnvId, GroupId, ServiceId};
use crate::domain::plan::{self, PlanError, Purpose, Request, Wanted};
use crate::report::Report;
use crate::runtime::compose::Session;

/// What to do with a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime) enum Kind {
    Plan,
    Deploy,
    Promote,
}

/// `shipdeck plan`, `deploy` and `promote`.
pub(in crate::runtime) async fn deploy(session: Session, target: &Target, kind: Kind) -> Result<(), Report> {
    let mut driver = Driver::start(session)?;
    let request = request(driver.model(), target, kind)?;
    known(&driver.model().catalog, &request)?;
    let mut envs = vec![request.env.clone()];
    if let Purpose::Promote { from } = &request.purpose {
        envs.push(from.clone());
    }
    driver.plannable(&envs).await?;
    let model = driver.model();
    let plan = plan::build(&model.catalog, &model.world, &model.board, &request).map_err(|error| refused(&error))?;
    let dry_run = kind == Kind::Plan || target.dry_run;
    let wishes = Wishes {
        json: target.json,
        consent: target.consent.given(),
        dry_run,
        wait: target.wait_for_lock,
        soak: target.soak,
        hotfix: target.hotfix,
        over: target.over.as_deref(),
        follows: None,
    };
    carry_out(driver, plan, wishes).await
}

fn request(model: &Model, target: &Target, kind: Kind) -> Result<Request, Report> {
    let env = EnvId::new(&target.env);
    let group = target.group.as_deref().map(|name| group_named(&model.catalog, name)).transpose()?;
    let mut services: Vec<(ServiceId, Wanted)> = Vec::new();
    let purpose = if kind == Kind::Promote {
        let upstream = model.catalog.upstream(&env).map(|upstream| upstream.name.clone());
        let from = upstream.ok_or_else(|| refused(&PlanError::NoUpstream(env.clone())))?;
        let all = model.catalog.services.iter().map(|service| service.name.clone());
        let named: Vec<ServiceId> = target.services.iter().map(ServiceId::new).collect();
        let chosen = match group {
            // A group with names beside it: those of the group that are named.
            _ if !named.is_empty() => named,
            Some(group) => group.services.clone(),
            None => all.collect(),
        };
        services.extend(chosen.into_iter().map(|service| (service, Wanted::As(from.clone()))));
        Purpose::Promote { from }
    } else {
        for text in &target.services {
            let (service, version) = text.split_once('=').ok_or_else(|| {
                Report::usage(format!("{text}: which version?")).hint("Write SERVICE=VERSION, as in checkout=v812.")
            })?;
            let wanted = (ServiceId::new(service), Wanted::Version(version.to_owned()));
            if services.iter().any(|(named, other)| *named == wanted.0 && *other != wanted.1) {
                return Err(Report::usage(format!("{service} is named twice, with different versions")));
            }
            services.push(wanted);
        }
        if let Some(group) = group.filter(|_| services.is_empty()) {
            return Err(unversioned(group));
        }
        Purpose::Deploy
    };
    if let Some(stranger) =
        group.and_then(|group| services.iter().find(|(service, _)| !group.services.contains(service)))
    {
        return Err(not_in_group(&stranger.0));
    }
    let title = group.map(|group| group.name.to_string()).unwrap_or_default();
    Ok(Request { env, purpose, title, services })
}

/// Every service that the configuration does not have, at once.
fn known(catalog: &Catalog, request: &Request) -> Result<(), Report> {
    let strangers = request.services.iter().map(|(service, _)| service);
    let mut strangers = strangers.filter(|service| catalog.service(service).is_none());
    let Some(first) = strangers.next() else { return Ok(()) };
    let report = refused(&plan::unknown_service(catalog, first));
    Err(strangers.fold(report, |report, service| report.hint(plan::unknown_service(catalog, service).to_string())))
}

/// A group alone says who and not what.
fn unversioned(group: &Group) -> Report {
    let names: Vec<&str> = group.services.iter().map(ServiceId::as_str).collect();
    Report::usage(format!("{}: which versions?", group.name))
        .hint(format!("Write SERVICE=VERSION for those that are to change: {}.", names.join(", ")))
}

pub(super) fn group_named<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Group, Report> {
    catalog.group(&GroupId::new(name)).ok_or_else(|| {
        let known: Vec<&str> = catalog.groups.iter().map(|group| group.name.as_str()).collect();
        let hint = match known.as_slice() {
            [] => "The configuration has no groups.".to_owned(),
            known => format!("Known are: {}", known.join(", ")),
        };
        Report::usage(format!("there is no group {name}")).hint(hint)
    })
}

pub(super) fn not_in_group(service: &ServiceId) -> Report {
    Report::usage(format!("{service} is not in that group"))
}
