//! The history of environments in words.

use jiff::{SignedDuration, Timestamp};

use super::runs;
use crate::domain::history::{Entry, What};
use crate::domain::ids::ServiceId;
use crate::domain::lock::Posted;
use crate::domain::plan::Plan;
use crate::domain::run::Run;

/// What happened, in one line without who and when: `deploy of checkout to staging  v811 → v812`.
pub fn headline(entry: &Entry) -> String {
    match &entry.what {
        What::Run(it) => run(&it.run),
        What::Placed(posted) => placed(posted),
        What::Overridden(id, it) => format!("went on with the {} in spite of lock {id}", it.what),
        What::Released(posted, _) => match &posted.lock {
            Ok(lock) => format!("released the {} of {}: {}", lock.kind.as_str(), lock.author, lock.reason),
            Err(_) => format!("released lock {}, which could not be read", posted.id),
        },
        What::CleanedUp(it) => {
            let left = if it.left.is_empty() { String::new() } else { format!(", {} not", it.left.len()) };
            let objects = if it.count() == 1 { "leftover" } else { "leftovers" };
            format!("removed {} {objects}{left}", it.count())
        }
        What::Unreadable(why) => format!("{} cannot be read: {why}", entry.name),
    }
}

fn run(run: &Run) -> String {
    let name = runs::name(&run.plan);
    let mut steps = run.plan.steps();
    match (steps.next(), steps.next()) {
        (Some(only), None) => format!("{name}  {} → {}", only.from_version, only.to_version),
        _ => format!("{name}  {} services", run.plan.steps().count()),
    }
}

fn placed(posted: &Posted) -> String {
    let Ok(lock) = &posted.lock else { return posted.headline() };
    let services: Vec<&str> = lock.services.iter().map(ServiceId::as_str).collect();
    let of = if services.is_empty() { "everything".to_owned() } else { services.join(", ") };
    format!("{} on {of}", lock.kind.as_str())
}

/// How long it took, of a run that is over.
pub fn took(entry: &Entry) -> Option<SignedDuration> {
    let What::Run(it) = &entry.what else { return None };
    it.run.finished.map(|end: Timestamp| end.duration_since(it.run.started))
}

/// Whether it is about a service: by name in a run, a lock or the name of a leftover.
pub fn concerns(entry: &Entry, service: &ServiceId) -> bool {
    let locks = |posted: &Posted| {
        posted.lock.as_ref().is_ok_and(|lock| lock.services.is_empty() || lock.services.contains(service))
    };
    match &entry.what {
        What::Run(it) => it.run.step(service).is_some(),
        What::Placed(posted) | What::Released(posted, _) => locks(posted),
        What::Overridden(_, it) => it.what.split(' ').any(|word| word == service.as_str()),
        What::CleanedUp(it) => it.removed.iter().chain(&it.left).any(|line| line.contains(service.as_str())),
        What::Unreadable(_) => true,
    }
}

/// What it is found by, beside what its row shows.
pub fn matched(entry: &Entry) -> String {
    match &entry.what {
        What::Run(it) => changes(&it.run.plan),
        What::CleanedUp(it) => it.removed.iter().chain(&it.left).map(|line| format!("{line} ")).collect(),
        _ => entry.kind().as_str().to_owned(),
    }
}

/// Each service of a run with what it went from and to.
pub fn changes(plan: &Plan) -> String {
    plan.steps().map(|step| format!("{} {} {} ", step.service, step.from_version, step.to_version)).collect()
}
