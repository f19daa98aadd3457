//! Who waits in line for a service, and how that is said.

use std::sync::Arc;

use super::life_signs::ago;
use super::model::Model;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::lease::{self, queue, who};
use crate::domain::plan::Plan;
use crate::domain::run::Turn;
use crate::domain::words::ordinal;

/// Somebody who waits for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InLine {
    /// `ana@mac`.
    pub by: Arc<str>,
    /// `deploys checkout v812`.
    pub what: Arc<str>,
    /// Since when, by the clock of the API server.
    pub since: jiff::Timestamp,
    /// It takes back what somebody deployed, and goes first.
    pub first: bool,
    /// A run of this session.
    pub ours: bool,
}

/// Who waits for a service, in the order in which they get it.
pub fn of(model: &Model, service: &ServiceId, env: &EnvId) -> Vec<InLine> {
    let Some(world) = model.world.env(env).filter(|world| world.has_waiters()) else { return Vec::new() };
    let ours = &*model.session.identity;
    let line = world.line(&lease::name_of(service), model.session.now);
    let waiter = |it: &queue::Waiter| InLine {
        by: who(it.ticket.holder()).into(),
        what: Arc::clone(&it.ticket.errand.what),
        since: it.ticket.created,
        first: it.ticket.errand.first,
        ours: !ours.is_empty() && it.ticket.holder().starts_with(ours),
    };
    line.into_iter().map(waiter).collect()
}

/// The first service of a plan for which others wait who would be overtaken, and they. What takes something back may go
/// first: a bad deploy never blocks its fix.
pub fn before(model: &Model, plan: &Plan) -> Option<(ServiceId, Vec<InLine>)> {
    let back = plan.purpose == crate::domain::plan::Purpose::RollBack;
    let others = |service: &ServiceId| -> Vec<InLine> {
        of(model, service, &plan.env).into_iter().filter(|it| !it.ours && (it.first || !back)).collect()
    };
    let found = plan.steps().map(|step| (step.service.clone(), others(&step.service)));
    found.into_iter().find(|(_, line)| !line.is_empty())
}

/// What somebody who holds a service is doing to it, as the run that they keep in the cluster says.
fn deed(model: &Model, service: &ServiceId, env: &EnvId) -> Option<String> {
    let world = model.world.env(env)?;
    let holder = &world.lease(&lease::name_of(service))?.stored.record.holder;
    let mut entries = world.runs().filter_map(|filed| filed.entry.as_ref().ok());
    let run = &entries.find(|entry| entry.owner == *holder)?.run;
    Some(format!("{}, begun {}", run.plan.deed(), ago(run.started, model.session.now)))
}

/// `2nd in line for checkout: ana@mac deploys checkout v812, begun 3 min ago, then ben@pc, then you`.
pub fn words(model: &Model, env: &EnvId, turn: &Turn) -> String {
    let service = &turn.service;
    let mut told = match &turn.by {
        Some(by) => match deed(model, service, env) {
            Some(deed) => format!("{by} {deed}"),
            None => format!("{by} is deploying it"),
        },
        None => "nobody holds it now".to_owned(),
    };
    for it in &turn.ahead {
        told.push_str(&format!(", then {}", it.by));
    }
    match &turn.unseen {
        None => format!("{} in line for {service}: {told}, then you", ordinal(turn.ahead.len() + 1)),
        Some(why) => format!("waiting for {service}: {told}; others cannot see that you wait: {why}"),
    }
}
