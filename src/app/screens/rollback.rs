//! Going back to what services ran before: their history is read first, then a plan is shown.

use std::collections::BTreeMap;

use crate::app::effect::Effect;
use crate::app::model::{Gathering, Model};
use crate::app::{facts, journal, overlays};
use crate::domain::board::container_of;
use crate::domain::fault::Fault;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::image::Image;
use crate::domain::plan::{PlanError, Purpose, Request, Wanted};
use crate::domain::verdict::State;
use crate::ports::cluster::Revision;

/// Asks for the history of the chosen services.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    let Some(env) = model.home.env.as_ref().and_then(|env| model.catalog.environment(env)).cloned() else {
        return Vec::new();
    };
    let services = facts::chosen(model);
    let title = model.home.group.as_ref().map(ToString::to_string).unwrap_or_default();
    let answers: BTreeMap<_, _> = services.iter().map(|service| (service.clone(), None)).collect();
    model.gathering = Some(Gathering { env: env.name.clone(), title, answers });
    journal::notice(model, State::Reading, format!("reading what ran before in {}", env.name), "then a plan is shown");
    let service = |name: &ServiceId| model.catalog.service(name).cloned();
    services
        .iter()
        .filter_map(service)
        .map(|service| Effect::Revisions {
            env: env.name.clone(),
            service: service.name,
            cluster: env.cluster.clone(),
            namespace: env.namespace.clone(),
            workload: service.workload,
        })
        .collect()
}

/// Takes in one history; with the last of them a plan is made.
pub fn answered(
    model: &mut Model,
    env: &EnvId,
    service: &ServiceId,
    result: Result<Vec<Revision>, Fault>,
) -> Vec<Effect> {
    let answer = match result {
        Ok(revisions) => before(model, env, service, &revisions),
        Err(fault) => Err(format!("the history of {service} cannot be read: {fault}")),
    };
    let Some(gathering) = model.gathering.as_mut().filter(|gathering| gathering.env == *env) else {
        return Vec::new();
    };
    if let Some(slot) = gathering.answers.get_mut(service) {
        *slot = Some(answer);
    }
    if gathering.answers.values().all(Option::is_some)
        && let Some(done) = model.gathering.take()
    {
        finish(model, done);
    }
    Vec::new()
}

/// The newest image in the history that is not the present one.
fn before(model: &Model, env: &EnvId, service: &ServiceId, revisions: &[Revision]) -> Result<Image, String> {
    let none = || PlanError::NoHistory { service: service.clone(), env: env.clone() }.to_string();
    let known = model.catalog.service(service).ok_or_else(none)?;
    let workload = model.world.env(env).and_then(|world| world.workload(&known.workload)).ok_or_else(none)?;
    let (_, container) = container_of(known, &workload.containers).ok_or_else(none)?;
    let image = |revision: &Revision| {
        let mut named = revision.containers.iter().filter(|(name, _)| *name == container.name);
        named.next().map(|(_, image)| image.clone())
    };
    let mut older = revisions.iter().filter_map(image).filter(|image| *image != container.image);
    older.next().and_then(|image| image.parse().ok()).ok_or_else(none)
}

fn finish(model: &mut Model, done: Gathering) {
    let mut services = Vec::new();
    let mut problems = Vec::new();
    for (service, answer) in done.answers {
        match answer {
            Some(Ok(image)) => services.push((service, Wanted::Image(image))),
            Some(Err(why)) => problems.push(why),
            None => {}
        }
    }
    for why in problems {
        journal::notice(model, State::Blocked, why, "");
    }
    if services.is_empty() {
        return;
    }
    let request = Request { env: done.env, purpose: Purpose::RollBack, title: done.title, services };
    if let Err(why) = overlays::plan::open(model, request, None) {
        journal::notice(model, State::Blocked, why, "");
    }
}
