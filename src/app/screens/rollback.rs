//! Going back to what services ran before: their history is read first, then a plan is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::app::effect::Effect;
use crate::app::model::{Gathering, Model};
use crate::app::{facts, journal, overlays};
use crate::domain::board::container_of;
use crate::domain::fault::Fault;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::image::Image;
use crate::domain::observed::WorkloadKind;
use crate::domain::plan::{PlanError, Purpose, Request, Wanted};
use crate::domain::rollout::LEFT_ALONE;
use crate::domain::run;
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
    let is_job = model.catalog.service(service).is_some_and(|it| it.workload.kind == WorkloadKind::Job);
    let answer = match result {
        _ if is_job => Err(format!("{service} {LEFT_ALONE}")),
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

/// The image to go back to: by the runs that are known, else by the revisions that the cluster keeps.
fn before(model: &Model, env: &EnvId, service: &ServiceId, revisions: &[Revision]) -> Result<Image, String> {
    let none = || PlanError::NoHistory { service: service.clone(), env: env.clone() }.to_string();
    let known = model.catalog.service(service).ok_or_else(none)?;
    let workload = model.world.env(env).and_then(|world| world.workload(&known.workload)).ok_or_else(none)?;
    let (_, container) = container_of(known, &workload.containers).ok_or_else(none)?;
    let by_runs = run::ran_before(&model.runs, &model.world, env, service, &container.image);
    let others = || revised(revisions, &container.name, &container.image, &by_runs.fled);
    let image = by_runs.image.as_ref().or_else(others);
    image.and_then(|image| image.parse().ok()).ok_or_else(none)
}

/// What a container ran before its present image, from revisions newest first, where no run of shipdeck tells. Normally the revision before. But where
/// the present one was itself returned to, what was rolled out after it is what was fled from: then only older ones count,
/// as long as there are any. (A revision that is returned to keeps the time at which it was first made.)
fn revised<'a>(
    revisions: &'a [Revision],
    container: &str,
    present: &str,
    fled: &BTreeSet<Arc<str>>,
) -> Option<&'a Arc<str>> {
    let image = |revision: &'a Revision| {
        revision.containers.iter().find(|(name, _)| **name == *container).map(|(_, image)| image)
    };
    let current = revisions.iter().find(|revision| image(revision).is_some_and(|it| **it == *present));
    let is_other = |image: &Arc<str>| **image != *present && !fled.contains(image);
    let others = || revisions.iter().filter(|revision| image(revision).is_some_and(is_other));
    let returned = current.is_some_and(|current| others().any(|other| other.created > current.created));
    let older = others().find(|other| returned && current.is_some_and(|current| other.created < current.created));
    older.or_else(|| others().next()).and_then(image)
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
    let request = Request { env: done.env, purpose: Purpose::RollBack, title: done.title, services };
    let opened = if request.services.is_empty() { Ok(()) } else { overlays::plan::open(model, request, None) };
    for why in problems.into_iter().chain(opened.err()) {
        journal::notice(model, State::Blocked, why, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::later;

    /// Revisions oldest first, each with the second of its first roll out; the last is the present one.
    fn back_to(history: &[(&str, i64)]) -> Option<String> {
        let revision = |(number, (image, created)): (usize, &(&str, i64))| Revision {
            number: number as u64,
            containers: vec![("mesh".into(), "proxy:1".into()), ("auth".into(), (*image).into())],
            created: later(*created),
        };
        let revisions: Vec<_> = history.iter().enumerate().rev().map(revision).collect();
        revised(&revisions, "auth", history.last()?.0, &BTreeSet::new()).map(ToString::to_string)
    }

    #[test]
    fn back_is_the_revision_before_and_never_forward_to_what_was_fled_from() {
        assert_eq!(back_to(&[("v1", 1), ("v2", 2)]).as_deref(), Some("v1"));
        assert_eq!(back_to(&[("v1", 1), ("bad", 3), ("v2", 2)]).as_deref(), Some("v1"), "v2 was returned to");
        assert_eq!(back_to(&[("v2", 2), ("v1", 1), ("v3", 3)]).as_deref(), Some("v1"), "v1 ran right before v3");
        assert_eq!(back_to(&[("v2", 2), ("v1", 1)]).as_deref(), Some("v2"), "nothing is older than v1");
        assert_eq!(back_to(&[("v1", 1)]), None);
    }
}
