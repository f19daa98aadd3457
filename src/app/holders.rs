//! Who else is changing what, as seen in the leases.

use std::sync::Arc;

use jiff::Timestamp;

use super::life_signs::by_own_clock;
use super::model::Model;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::lease::{self, Sighting};
use crate::domain::plan::Plan;
use crate::domain::world::EnvWorld;

/// Somebody else who holds a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub service: ServiceId,
    /// `ana@mac`.
    pub by: Arc<str>,
    /// When their record was last seen to change.
    pub since: Timestamp,
    /// Nothing was seen of them for a whole duration.
    pub silent: bool,
    /// It was seen to change here: they were alive then.
    pub seen_alive: bool,
    /// When they renewed it last by their own clock.
    pub renewed: Option<Timestamp>,
}

/// Who else holds the service, if anybody does.
pub fn of(model: &Model, service: &ServiceId, env: &EnvId) -> Option<Holder> {
    let world = model.world.env(env)?;
    // Most of the time nobody deploys anything.
    world.leases().next()?;
    let found = world.lease(&lease::name_of(service)).filter(|found| !is_ours_or_free(model, found))?;
    Some(Holder {
        service: service.clone(),
        by: lease::who(&found.stored.record.holder).into(),
        since: found.since,
        silent: world.is_silent(found, model.session.now),
        seen_alive: found.renewed_here,
        renewed: found.stored.record.renewed,
    })
}

fn is_ours_or_free(model: &Model, found: &Sighting) -> bool {
    let ours = &*model.session.identity;
    found.stored.record.is_free() || !ours.is_empty() && found.stored.record.holder.starts_with(ours)
}

/// Everybody else who holds a service in the environment, in the order of the catalog.
pub fn in_env(model: &Model, env: &EnvId) -> Vec<Holder> {
    model.catalog.services.iter().filter_map(|service| of(model, &service.name, env)).collect()
}

/// Everybody else who holds a service that the plan changes.
pub fn of_plan(model: &Model, plan: &Plan) -> Vec<Holder> {
    plan.steps().filter_map(|step| of(model, &step.service, &plan.env)).collect()
}

/// Whether what is said of holders will be different in a moment without anything happening.
pub fn something_ages(model: &Model) -> bool {
    let now = model.session.now;
    let held = |world: &EnvWorld, found: &Sighting| !is_ours_or_free(model, found) && !world.is_silent(found, now);
    let mut envs = model.catalog.environments.iter().filter_map(|env| model.world.env(&env.name));
    envs.any(|world| world.leases().any(|(_, found)| held(world, found)))
}

/// `seen alive 4 s ago`; of one who was first seen just now, only what they say themselves.
pub fn alive(holder: &Holder, now: Timestamp) -> String {
    match now.duration_since(holder.since).as_secs().max(0) {
        seconds @ ..=89 if holder.silent => format!("not seen alive for {seconds} s"),
        seconds if holder.silent => format!("not seen alive for {} min", seconds / 60),
        seconds if holder.seen_alive => format!("seen alive {seconds} s ago"),
        _ => format!("not seen alive yet, {}", by_own_clock(holder.renewed, now)),
    }
}

#[cfg(test)]
mod tests {
    use crate::app::model::Overlay;
    use crate::app::msg::Msg;
    use crate::app::testkit::Cockpit;
    use crate::domain::fixtures;
    use crate::domain::ids::EnvId;
    use crate::domain::observed::{Change, Object};

    use super::*;

    fn held(cockpit: &mut Cockpit, version: &str, holder: &str) {
        let mut lease = fixtures::lease("shipdeck-auth", holder);
        lease.meta.resource_version = version.into();
        let change = Change::Upsert(Object::Lease(Box::new(lease)));
        cockpit.send(Msg::Fact { env: EnvId::new("staging"), change });
    }

    /// auth, selected in staging, is to get v9.
    fn planned() -> Cockpit {
        let mut cockpit = Cockpit::demo();
        cockpit.model.session.identity = "me@here/1/x".into();
        cockpit.model.home.service = Some(ServiceId::new("auth"));
        cockpit.model.home.env = Some(EnvId::new("staging"));
        cockpit.press("dv9<enter>");
        assert!(matches!(cockpit.overlay(), Some(Overlay::Plan(_))));
        cockpit
    }

    #[test]
    fn what_somebody_alive_deploys_is_refused_and_named() {
        let mut cockpit = planned();
        held(&mut cockpit, "1", "ana@mac/7/y");
        held(&mut cockpit, "2", "ana@mac/7/y");
        cockpit.wait(4).press("<enter>");
        assert_eq!(cockpit.notice(), "auth is being deployed by ana@mac, seen alive 4 s ago");
        assert!(cockpit.written().is_empty());
    }

    #[test]
    fn a_plan_says_before_enter_who_deploys_what_it_changes() {
        let mut cockpit = planned();
        held(&mut cockpit, "1", "ana@mac/7/y");
        held(&mut cockpit, "2", "ana@mac/7/y");
        cockpit.press("<esc><enter>");
        let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("a plan") };
        let told: Vec<_> = review.warnings.iter().map(|it| format!("{} {}", it.subject, it.text)).collect();
        assert_eq!(told, ["auth is being deployed by ana@mac"]);
    }

    #[test]
    fn nobody_is_called_alive_whose_record_was_not_seen_to_change() {
        let mut cockpit = planned();
        held(&mut cockpit, "1", "ana@mac/7/y");
        let holder = of(&cockpit.model, &ServiceId::new("auth"), &EnvId::new("staging")).unwrap();
        let told = alive(&holder, holder.renewed.unwrap() + jiff::SignedDuration::from_mins(40));
        assert_eq!(
            (told.as_str(), holder.silent),
            ("not seen alive yet, last renewed 40 min ago by its own clock", false)
        );
    }

    #[test]
    fn taking_over_from_somebody_silent_asks_first() {
        let mut cockpit = planned();
        held(&mut cockpit, "1", "ana@mac/7/y");
        cockpit.wait(31).press("<enter>");
        assert!(matches!(cockpit.overlay(), Some(Overlay::Confirm(confirm)) if confirm.title.contains("ana@mac")));
        assert!(cockpit.written().is_empty());
        cockpit.press("<enter>");
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
        assert_eq!(cockpit.model.runs[0].patience, lease::Patience::TakeOver);
    }

    #[test]
    fn what_we_hold_ourselves_and_what_was_released_holds_nobody_up() {
        for holder in ["me@here/1/x-3", ""] {
            let mut cockpit = planned();
            held(&mut cockpit, "1", holder);
            cockpit.press("<enter>");
            assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
        }
    }
}
