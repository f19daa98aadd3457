//! The history of environments in words.

use jiff::Timestamp;

use super::runs;
use crate::domain::catalog::Catalog;
use crate::domain::history::{Entry, What};
use crate::domain::ids::ServiceId;
use crate::domain::lock::{Lock, Opens, Posted};
use crate::domain::plan::{Plan, Step};
use crate::domain::run::Run;
use crate::domain::words;

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
        What::Lifted(posted) => match posted.lock.as_ref().map(|lock| &lock.opens) {
            Ok(Opens::When(condition)) => format!("{} is open: {condition}", placed(posted)),
            _ => format!("{} is open", placed(posted)),
        },
        What::CleanedUp(it) => {
            let left = if it.left.is_empty() { String::new() } else { format!(", {} not", it.left.len()) };
            format!("removed {}{left}", words::count(it.count(), "leftover"))
        }
        What::Unreadable(why) => format!("{} cannot be read: {why}", entry.name),
    }
}

fn run(run: &Run) -> String {
    let name = runs::name(&run.plan);
    let mut steps = run.plan.steps();
    if let (Some(only), None) = (steps.next(), steps.next()) {
        return format!("{name}  {} → {}", only.from_version, only.to_version);
    }
    let count = words::count(run.plan.steps().count(), "service");
    // Of services without a name in common the name is how many they are.
    if run.plan.title == count { name } else { format!("{name}  {count}") }
}

fn placed(posted: &Posted) -> String {
    let Ok(lock) = &posted.lock else { return posted.headline() };
    format!("{} on {}", lock.kind.as_str(), covered(lock))
}

/// What a lock covers.
pub fn covered(lock: &Lock) -> String {
    lock.covered().unwrap_or_else(|| "everything".to_owned())
}

/// The run that it tells of, and when that was over.
pub fn finished(entry: &Entry) -> Option<(&Run, Timestamp)> {
    let What::Run(it) = &entry.what else { return None };
    it.run.finished.map(|end| (&it.run, end))
}

/// What went wrong first in a run: `image not found`, and of several services which one.
pub fn failure(run: &Run) -> Option<String> {
    let step = run.first_failure()?;
    let why = step.why()?;
    Some(if run.steps.len() == 1 { why } else { format!("{}: {why}", step.service) })
}

/// What was still under way when a run was ended, and what came of it as far as is known: `auth: not followed to the end`.
pub fn not_followed(run: &Run) -> Option<String> {
    let told = run.steps.iter().filter_map(|step| Some(format!("{}: {}", step.service, run.not_followed(step)?)));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Whether it is about a service: by name or by its groups in a lock, by name in a run or a leftover.
pub fn concerns(entry: &Entry, service: &ServiceId, catalog: &Catalog) -> bool {
    let locks =
        |posted: &Posted| posted.lock.as_ref().is_ok_and(|lock| lock.covers(service, &catalog.groups_of(service)));
    match &entry.what {
        What::Run(it) => it.run.step(service).is_some(),
        What::Placed(posted) | What::Released(posted, _) | What::Lifted(posted) => locks(posted),
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

/// The same for people: `auth v1 → v2, cart v1 → v2`.
pub fn services(plan: &Plan) -> String {
    let step = |step: &Step| format!("{} {} → {}", step.service, step.from_version, step.to_version);
    plan.steps().map(step).collect::<Vec<_>>().join(", ")
}

/// Each service of a run with what it went from and to.
pub fn changes(plan: &Plan) -> String {
    plan.steps().map(|step| format!("{} {} {} ", step.service, step.from_version, step.to_version)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalog::Group;
    use crate::domain::fixtures::{catalog, document, later};
    use crate::domain::history;
    use crate::domain::ids::GroupId;
    use crate::domain::lock::{DOCUMENT, with_lifted};

    /// A freeze of the group `shop`, which auth is in and cart is not, that opened by itself.
    fn told() -> Vec<Entry> {
        let condition = ("until-condition", "group checkout is in production");
        let whole = [("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "petra@pc")];
        let mut freeze = document("a1", &[&whole[..], &[condition, ("groups", "shop")]].concat());
        freeze.about = DOCUMENT.into();
        freeze.texts = with_lifted(&Posted::read(&freeze), later(4));
        history::of([&freeze])
    }

    #[test]
    fn a_lock_of_a_group_concerns_the_services_of_that_group_and_no_other() {
        let mut catalog = catalog(&[("auth", &[]), ("cart", &[])]);
        let group = |name, service| Group { name: GroupId::new(name), services: vec![ServiceId::new(service)] };
        catalog.groups = vec![group("shop", "auth"), group("others", "cart")];
        assert!(told().iter().all(|it| concerns(it, &ServiceId::new("auth"), &catalog)));
        assert!(!told().iter().any(|it| concerns(it, &ServiceId::new("cart"), &catalog)));
    }

    #[test]
    fn how_many_services_a_run_has_is_told_once() {
        let mut cockpit = crate::app::testkit::Cockpit::demo();
        cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
        let run = &mut cockpit.model.runs[0];
        let count = words::count(run.plan.steps().count(), "service");
        run.plan.title = "checkout".to_owned();
        assert_eq!(super::run(run), format!("deploy of checkout to staging  {count}"));
        run.plan.title.clone_from(&count);
        assert_eq!(super::run(run), format!("deploy of {count} to staging"));
    }

    #[test]
    fn what_was_locked_and_why_it_opened_is_named() {
        let told: Vec<_> = told().iter().map(headline).collect();
        let freeze = "freeze on group shop";
        assert_eq!(told, [format!("{freeze} is open: group checkout is in production"), freeze.to_owned()]);
    }
}
