//! Locks, freezes and holds as the model knows them: what bars a plan, and what an attempt is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::effect::{Effect, LockChange};
use super::model::Model;
use crate::domain::board::same_version;
use crate::domain::catalog::Catalog;
use crate::domain::fault::FaultKind;
use crate::domain::ids::{EnvId, LockId, ServiceId};
use crate::domain::lock::{Act, Attempt, Bar, Condition, Lock, Opens, Passes, Posted, bars};
use crate::domain::observed::{Kind, WorkloadRef};
use crate::domain::plan::{Plan, Purpose, Warning};
use crate::domain::verdict::State;
use crate::domain::world::EnvWorld;

/// A lock that bars a plan, and the services of the plan that it bars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barred {
    pub bar: Bar,
    pub services: Vec<ServiceId>,
}

impl Barred {
    /// What can be done about it: of what is held by its image, first of all another version.
    pub fn clears(&self) -> String {
        let clears = self.bar.lock.clears();
        if self.bar.lock.lock.as_ref().is_ok_and(|lock| !lock.images.is_empty()) {
            let services = self.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return format!("another version of {services} goes out as ever; this one: {clears}");
        }
        clears
    }
}

/// The images of a service that are held there, each with why: nothing else of it is in the way of anything.
pub fn held_images(model: &Model, env: &EnvId, service: &ServiceId) -> Vec<String> {
    let held = |posted: &Posted| {
        let image = posted.lock.as_ref().ok()?.images.get(service)?.clone();
        let attempt = attempt(model, env, (service, Some(&image)), Act::Forward, Passes::default());
        let barred = !bars([posted], &attempt, model.session.now).is_empty();
        barred.then(|| format!("{image} alone is {}; {}", posted.headline(), posted.clears()))
    };
    posted(model, env).filter_map(held).collect()
}

/// An attempt to change a service, as everything stands now.
pub fn attempt(
    model: &Model,
    env: &EnvId,
    (service, image): (&ServiceId, Option<&Arc<str>>),
    act: Act,
    passes: Passes,
) -> Attempt {
    Attempt {
        env: env.clone(),
        service: service.clone(),
        image: image.cloned(),
        groups: model.catalog.groups_of(service),
        act,
        passes,
        fulfilled: awaited(model, env).filter(|condition| holds(model, condition)).cloned().collect(),
    }
}

/// Locks whose condition is met for the first time: that is written down, so that they stay open.
pub fn follow(model: &mut Model) -> Vec<Effect> {
    if model.session.read_only.is_some() {
        return Vec::new();
    }
    let mut effects = Vec::new();
    for env in &model.catalog.environments {
        let waiting =
            posted(model, &env.name).filter(|it| it.lifted.is_none() && !model.session.lifted.contains(&it.uid));
        let met = waiting.filter(|it| match it.lock.as_ref().map(|lock| &lock.opens) {
            Ok(Opens::When(condition)) => holds(model, condition),
            _ => false,
        });
        effects.extend(met.map(|it| Effect::ChangeLock {
            env: env.name.clone(),
            cluster: env.cluster.clone(),
            namespace: env.namespace.clone(),
            change: LockChange::Lift(Box::new(it.clone()), model.session.now),
        }));
    }
    for effect in &effects {
        if let Effect::ChangeLock { change: LockChange::Lift(posted, _), .. } = effect {
            model.session.lifted.insert(posted.uid.clone());
        }
    }
    effects
}

/// What a plan does, as locks see it.
pub fn act(plan: &Plan) -> Act {
    match plan.purpose {
        Purpose::Deploy | Purpose::Promote { .. } => Act::Forward,
        Purpose::RollBack => Act::RollBack,
    }
}

/// Locks that bar the plan, each once, those that open soonest first.
pub fn of_plan(model: &Model, plan: &Plan) -> Vec<Barred> {
    let steps = plan.steps().map(|step| (&step.service, Some(&step.to)));
    collected(model, &plan.env, steps, act(plan), &plan.passes)
}

/// Locks that bar one image of a service, and not whatever is new of it.
pub fn of_image(model: &Model, env: &EnvId, (service, image): (&ServiceId, &Arc<str>)) -> Vec<Barred> {
    let mut bars = collected(model, env, std::iter::once((service, Some(image))), Act::Forward, &Passes::default());
    bars.retain(|it| it.bar.lock.lock.as_ref().is_ok_and(|lock| !lock.images.is_empty()));
    bars
}

/// Locks that bar something new of any service, each once.
pub fn in_force(model: &Model, env: &EnvId) -> Vec<Barred> {
    let services = model.catalog.services.iter().map(|service| (&service.name, None));
    collected(model, env, services, Act::Forward, &Passes::default())
}

/// `frozen`, where something bars a deploy of the service and not of every service there: that is told once, at the head.
pub fn word(model: &Model, service: &ServiceId, env: &EnvId) -> Option<&'static str> {
    let barring = collected(model, env, std::iter::once((service, None)), Act::Forward, &Passes::default());
    let first = barring.into_iter().find(|it| it.bar.lock.lock.as_ref().is_ok_and(|lock| !lock.covers_all()))?;
    Some(first.bar.lock.lock.map_or("frozen", |lock| lock.kind.done()))
}

/// Whether something opens or closes by the clock.
pub fn something_ages(model: &Model) -> bool {
    let timed = |posted: &Posted| {
        // What bars only one image is not on the screen.
        let clocked = |lock: &Lock| lock.window.is_some() || lock.opens_at(model.session.now).is_some();
        posted.lock.as_ref().is_ok_and(|lock| lock.images.is_empty() && clocked(lock))
    };
    model.catalog.environments.iter().any(|env| posted(model, &env.name).any(timed))
}

fn collected<'a>(
    model: &Model,
    env: &EnvId,
    services: impl Iterator<Item = (&'a ServiceId, Option<&'a Arc<str>>)>,
    act: Act,
    passes: &Passes,
) -> Vec<Barred> {
    // Most of the time nothing is locked.
    if posted(model, env).next().is_none() {
        return Vec::new();
    }
    let mut found: Vec<Barred> = Vec::new();
    let mut places: BTreeMap<LockId, usize> = BTreeMap::new();
    for (service, image) in services {
        let attempt = attempt(model, env, (service, image), act, passes.clone());
        for bar in bars(posted(model, env), &attempt, model.session.now) {
            let place = *places.entry(bar.lock.id.clone()).or_insert(found.len());
            match found.get_mut(place) {
                Some(barred) => barred.services.push(service.clone()),
                None => found.push(Barred { bar, services: vec![service.clone()] }),
            }
        }
    }
    found
}

/// Everything that is posted on an environment, whether it bars anything now or not.
pub fn posted<'a>(model: &'a Model, env: &EnvId) -> impl Iterator<Item = &'a Posted> {
    model.world.env(env).into_iter().flat_map(EnvWorld::locks)
}

/// What is known of the locks of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    All,
    /// The first list has not arrived.
    NotYet,
    /// They may not be read: nobody here can tell whether there are any.
    Forbidden(String),
    /// They were known once, or never, and are not now.
    Lost(String),
}

/// Whether the locks of an environment are known.
pub fn known(model: &Model, env: &EnvId) -> Known {
    let Some(world) = model.world.env(env) else { return Known::NotYet };
    if world.is_current(Kind::Document) {
        return Known::All;
    }
    match world.lost().find(|(kind, ..)| *kind == Kind::Document) {
        Some((.., fault)) if fault.kind == FaultKind::Forbidden => Known::Forbidden(fault.to_string()),
        Some((.., fault)) => Known::Lost(fault.to_string()),
        None => Known::NotYet,
    }
}

fn awaited<'a>(model: &'a Model, env: &EnvId) -> impl Iterator<Item = &'a Condition> {
    posted(model, env).filter_map(|posted| match posted.lock.as_ref().map(|lock| &lock.opens) {
        Ok(Opens::When(condition)) => Some(condition),
        _ => None,
    })
}

/// Whether a condition holds now; what cannot be told does not.
fn holds(model: &Model, condition: &Condition) -> bool {
    let Condition::GroupIn { group, env } = condition;
    let (Some(group), Some(from)) = (model.catalog.group(group), model.catalog.upstream(env)) else { return false };
    let arrived = |service: &ServiceId| {
        let cells = model.board.cell(service, env).zip(model.board.cell(service, &from.name));
        cells.is_some_and(|(here, there)| {
            let well = matches!(here.verdict.state, State::Ok | State::Done);
            well && !here.stale && !there.stale && here.version.is_some() && same_version(here, there)
        })
    };
    !group.services.is_empty() && group.services.iter().all(arrived)
}

/// The workloads that a lock covers.
pub fn covered(catalog: &Catalog, lock: &Lock) -> Vec<WorkloadRef> {
    let covers = |name: &ServiceId| lock.covers(name, &catalog.groups_of(name));
    catalog.services.iter().filter(|service| covers(&service.name)).map(|service| service.workload.clone()).collect()
}

/// What a plan has to say of a lock that bars it.
pub fn warning(env: &EnvId, barred: &Barred) -> Warning {
    let all = barred.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let text = format!("{} ({}); {}", barred.bar.lock.headline(), all, barred.clears());
    Warning::new(env.to_string(), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Msg;
    use crate::app::testkit::Cockpit;
    use crate::domain::fault::Fault;
    use crate::domain::fixtures::document;
    use crate::domain::observed::{Change, Object};

    fn posts(cockpit: &mut Cockpit, env: &str, id: &str, more: &[(&str, &str)]) {
        let mut texts = vec![("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "ana@mac")];
        texts.extend(more);
        let change = Change::Upsert(Object::Document(Box::new(document(id, &texts))));
        cockpit.send(Msg::Fact { env: EnvId::new(env), change });
    }

    fn deploys_auth() -> Attempt {
        attempt(
            &Cockpit::demo().model,
            &EnvId::new("staging"),
            (&ServiceId::new("auth"), None),
            Act::Forward,
            Passes::default(),
        )
    }

    #[test]
    fn a_condition_holds_when_every_service_of_the_group_has_arrived_and_is_well() {
        let condition = |text: &str| match text.parse() {
            Ok(Opens::When(condition)) => condition,
            other => panic!("{other:?}"),
        };
        let mut cockpit = Cockpit::demo();
        // Production runs v1 of what staging runs at v2.
        assert!(!holds(&cockpit.model, &condition("group all is in production")));
        // Nothing comes before staging, and nobody knows the group.
        assert!(!holds(&cockpit.model, &condition("group all is in staging")));
        assert!(!holds(&cockpit.model, &condition("group strangers is in production")));
        cockpit.model.catalog.environments.retain(|env| env.name.as_str() == "production");
        assert!(!holds(&cockpit.model, &condition("group all is in production")));
    }

    #[test]
    fn what_waited_for_a_group_is_lifted_once_when_it_has_arrived_and_that_is_written_down() {
        let mut cockpit = Cockpit::demo();
        posts(&mut cockpit, "staging", "a1", &[("until-condition", "group all is in production")]);
        let lifted = |cockpit: &Cockpit| {
            let lift = |it: &&Effect| matches!(it, Effect::ChangeLock { change: LockChange::Lift(..), .. });
            cockpit.effects.iter().filter(lift).count()
        };
        assert_eq!(lifted(&cockpit), 0, "production runs v1 of what staging runs at v2");
        // Let what comes before staging be what runs there: then everything has arrived.
        let staging = cockpit.model.catalog.environments.iter_mut().find(|env| env.name.as_str() == "staging").unwrap();
        staging.after = vec![staging.name.clone()];
        posts(&mut cockpit, "staging", "a1", &[("until-condition", "group all is in staging")]);
        cockpit.wait(1).wait(1);
        assert_eq!(lifted(&cockpit), 1);
        // However it comes out, it is not asked for again and again.
        posts(
            &mut cockpit,
            "staging",
            "a1",
            &[("until-condition", "group all is in production"), ("lifted", "2026-01-01T00:00:00Z")],
        );
        assert!(in_force(&cockpit.model, &EnvId::new("staging")).is_empty());
    }

    #[test]
    fn a_write_takes_along_what_it_is_about_so_that_it_is_judged_again_in_that_moment() {
        let mut cockpit = Cockpit::demo();
        cockpit.model.home.service = Some(ServiceId::new("auth"));
        cockpit.model.home.env = Some(EnvId::new("staging"));
        cockpit.press("dv9<enter><enter>");
        let written = cockpit.effects.iter().find_map(|effect| match effect {
            Effect::SetImage { attempt, .. } => Some(attempt.clone()),
            _ => None,
        });
        let wanted = Attempt { image: Some("r/auth:v9".into()), ..deploys_auth() };
        assert_eq!(*written.expect("a write"), wanted);
    }

    #[test]
    fn locks_that_may_not_be_read_are_told_apart_from_those_that_are_not_known_just_now() {
        let mut cockpit = Cockpit::demo();
        let env = EnvId::new("staging");
        assert_eq!(known(&cockpit.model, &env), Known::All);
        for (kind, forbidden) in [(FaultKind::Forbidden, true), (FaultKind::Throttled, false)] {
            let change = Change::Lost(Kind::Document, Fault::new(kind, "no"));
            cockpit.send(Msg::Fact { env: env.clone(), change });
            assert_eq!(matches!(known(&cockpit.model, &env), Known::Forbidden(_)), forbidden);
            assert_eq!(matches!(known(&cockpit.model, &env), Known::Lost(_)), !forbidden);
        }
    }

    #[test]
    fn a_plan_is_told_each_lock_once_with_the_services_that_it_bars() {
        let mut cockpit = Cockpit::demo();
        posts(&mut cockpit, "staging", "all", &[]);
        posts(&mut cockpit, "staging", "some", &[("services", "auth")]);
        posts(&mut cockpit, "production", "other", &[]);
        let wanted =
            ["auth", "cart"].map(|name| (ServiceId::new(name), crate::domain::plan::Wanted::Version("v9".into())));
        let request = crate::domain::plan::Request {
            env: EnvId::new("staging"),
            purpose: Purpose::Deploy,
            title: String::new(),
            services: wanted.into(),
        };
        let model = &cockpit.model;
        let plan = crate::domain::plan::build(&model.catalog, &model.world, &model.board, &request).unwrap();
        let told: Vec<_> = of_plan(model, &plan).into_iter().map(|it| (it.bar.lock.id, it.services.len())).collect();
        assert_eq!(told, [(LockId::new("all"), 2), (LockId::new("some"), 1)]);
    }
}
