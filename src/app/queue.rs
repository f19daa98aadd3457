//! Who waits in line for a service, and how that is said.

use std::sync::Arc;

use super::holders;
use super::life_signs::ago;
use super::model::Model;
use crate::domain::ids::{EnvId, RunId, ServiceId};
use crate::domain::lease::{self, queue, who};
use crate::domain::plan::{Plan, Purpose, version_of};
use crate::domain::run::{Hold, RunEvent, Turn};
use crate::domain::verdict::State;
use crate::domain::words::{ordinal, verb};

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
    let back = plan.purpose == Purpose::RollBack;
    let others = |service: &ServiceId| -> Vec<InLine> {
        of(model, service, &plan.env).into_iter().filter(|it| !it.ours && (it.first || !back)).collect()
    };
    let found = plan.steps().map(|step| (step.service.clone(), others(&step.service)));
    found.into_iter().find(|(_, line)| !line.is_empty())
}

/// Whether there is anybody to wait for.
pub fn is_wanted(model: &Model, plan: &Plan) -> bool {
    !holders::of_plan(model, plan).is_empty() || before(model, plan).is_some()
}

/// `2 wait for it: ana@mac deploys auth v3, then ben@pc deploys auth v4`.
pub fn told(line: &[InLine]) -> String {
    let people: Vec<String> = line.iter().map(|it| format!("{} {}", it.by, it.what)).collect();
    format!("{} {} for it: {}", line.len(), verb(line.len(), "wait"), people.join(", then "))
}

/// Whoever has waited for others replaces what they have left, not what ran when the plan was made. What takes something back
/// does not: what stands there now is not what it was to put back.
pub fn take_turn(model: &mut Model, id: RunId, event: &RunEvent) {
    let Model { runs, world, board, .. } = model;
    let Some(run) = runs.iter_mut().find(|run| run.id == id) else { return };
    let held = matches!(event, RunEvent::Held(Hold::Held { .. })) && matches!(run.hold, Hold::Waiting(_));
    let untouched = run.steps.iter().all(|step| step.started.is_none());
    if !held || !untouched || run.plan.purpose == Purpose::RollBack {
        return;
    }
    let env = run.plan.env.clone();
    let Some(world) = world.env(&env) else { return };
    for step in run.plan.waves.iter_mut().flat_map(|wave| &mut wave.steps) {
        let found = world.workload(&step.workload).filter(|found| found.meta.uid == step.uid);
        let container = found.and_then(|found| found.containers.get(step.container_index));
        if let Some(container) = container.filter(|it| it.name == step.container && it.image != step.from) {
            step.from = Arc::clone(&container.image);
            step.from_version = version_of(&container.image);
            step.failing = board.cell(&step.service, &env).is_some_and(|cell| cell.verdict.state == State::Failed);
        }
    }
}

/// What somebody who holds a service is doing to it, as the run that they keep in the cluster says.
fn deed(model: &Model, service: &ServiceId, env: &EnvId) -> Option<String> {
    let world = model.world.env(env)?;
    let holder = &world.lease(&lease::name_of(service))?.stored.record.holder;
    let run = &world.entries().find(|entry| entry.owner == *holder)?.run;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::model::Overlay;
    use crate::app::msg::Msg;
    use crate::app::testkit::Cockpit;
    use crate::app::why::{Cause, causes};
    use crate::domain::fixtures;
    use crate::domain::lease::Patience;
    use crate::domain::lease::queue::Errand;
    use crate::domain::observed::{Change, Lease, Object};
    use crate::domain::run::Ahead;

    fn staging() -> EnvId {
        EnvId::new("staging")
    }

    fn auth() -> ServiceId {
        ServiceId::new("auth")
    }

    fn seen(cockpit: &mut Cockpit, lease: Lease) {
        let change = Change::Upsert(Object::Lease(Box::new(lease)));
        cockpit.send(Msg::Fact { env: staging(), change });
    }

    fn ticket(cockpit: &mut Cockpit, holder: &str, what: &str, first: bool) {
        let errand = Some(Errand::new("shipdeck-auth".into(), what, first));
        seen(cockpit, Lease { errand, ..fixtures::lease(&queue::name_of(holder), holder) });
    }

    /// Ana holds auth and is alive.
    fn held(cockpit: &mut Cockpit) {
        for version in ["1", "2"] {
            let mut lease = fixtures::lease("shipdeck-auth", "ana@mac/7/y");
            lease.meta.resource_version = version.into();
            seen(cockpit, lease);
        }
    }

    /// auth, selected in staging, is to get v9.
    fn planned(before: impl FnOnce(&mut Cockpit)) -> Cockpit {
        let mut cockpit = Cockpit::demo();
        cockpit.model.session.identity = "me@here/1/x".into();
        cockpit.model.home.service = Some(auth());
        cockpit.model.home.env = Some(staging());
        before(&mut cockpit);
        cockpit.press("dv9<enter>");
        assert!(matches!(cockpit.overlay(), Some(Overlay::Plan(_))));
        cockpit
    }

    #[test]
    fn where_somebody_deploys_it_a_key_waits_in_line_and_enter_says_so() {
        let mut cockpit = planned(held);
        cockpit.press("<enter>");
        assert!(cockpit.notice().starts_with("auth is being deployed by ana@mac"), "{}", cockpit.notice());
        let detail = &cockpit.model.journal.notices.last().unwrap().detail;
        assert_eq!(detail, "nothing has happened; w waits in line");
        cockpit.press("w");
        assert_eq!(cockpit.model.runs[0].patience, Patience::Wait);
    }

    #[test]
    fn the_key_means_nothing_where_nobody_is_in_the_way() {
        let mut cockpit = planned(|_| {});
        cockpit.press("w");
        assert!(cockpit.model.runs.is_empty());
        assert!(cockpit.notice().contains("nobody is in its way"), "{}", cockpit.notice());
    }

    #[test]
    fn a_deploy_that_does_not_wait_does_not_overtake_those_who_do() {
        let mut cockpit = planned(|it| ticket(it, "ben@pc/1/b", "deploys auth v8", false));
        let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("a plan") };
        assert_eq!(review.warnings[0].text, "1 waits for it: ben@pc deploys auth v8");
        cockpit.press("<enter>");
        assert_eq!(cockpit.notice(), "auth: 1 waits for it: ben@pc deploys auth v8");
        assert!(cockpit.written().is_empty());
        let found = causes(&cockpit.model, &staging(), &auth());
        assert_eq!(found, [Cause::InLine("1 waits for it: ben@pc deploys auth v8".to_owned())]);
        assert_eq!(found[0].code(), "in-line");
        // Of whom nothing was seen for a whole duration nobody is in the way.
        cockpit.wait(31).press("<enter>");
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    }

    #[test]
    fn what_takes_something_back_goes_before_all_but_others_who_do() {
        let mut cockpit = planned(|it| ticket(it, "ben@pc/1/b", "deploys auth v8", false));
        let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("a plan") };
        let mut plan = review.plan.clone();
        assert!(before(&cockpit.model, &plan).is_some());
        plan.purpose = Purpose::RollBack;
        assert!(before(&cockpit.model, &plan).is_none());
        ticket(&mut cockpit, "eve@pc/1/b", "takes auth back to v7", true);
        let (_, line) = before(&cockpit.model, &plan).unwrap();
        assert_eq!(line.iter().map(|it| &*it.by).collect::<Vec<_>>(), ["eve@pc"]);
    }

    #[test]
    fn whoever_has_waited_replaces_what_others_have_left_and_a_way_back_only_what_it_was_made_for() {
        for (purpose, is_renewed) in [(Purpose::Deploy, true), (Purpose::RollBack, false)] {
            let mut cockpit = planned(held);
            cockpit.press("w");
            let running = cockpit.model.runs[0].plan.steps().next().unwrap().from.clone();
            let run = &mut cockpit.model.runs[0];
            run.plan.purpose = purpose;
            run.steps[0].started = None;
            run.plan.waves[0].steps[0].from = "r/auth:v1".into();
            run.hold = Hold::Waiting(Turn { service: auth(), by: None, ahead: Vec::new(), unseen: None });
            let event = Hold::Held { fences: [].into(), taken_from: Vec::new() };
            let id = run.id;
            take_turn(&mut cockpit.model, id, &RunEvent::Held(event));
            let step = cockpit.model.runs[0].plan.steps().next().unwrap();
            assert_eq!(&*step.from, if is_renewed { &*running } else { "r/auth:v1" });
        }
    }

    #[test]
    fn a_place_in_line_is_told_with_everybody_before_it() {
        let mut cockpit = planned(held);
        let ahead = vec![Ahead { by: "ben@pc".into(), what: "deploys auth v8".into() }];
        let turn = Turn { service: auth(), by: Some("ana@mac".into()), ahead, unseen: None };
        let said = |cockpit: &Cockpit, turn: &Turn| words(&cockpit.model, &staging(), turn);
        assert_eq!(said(&cockpit, &turn), "2nd in line for auth: ana@mac is deploying it, then ben@pc, then you");
        let open = Turn { by: None, ..turn.clone() };
        assert_eq!(said(&cockpit, &open), "2nd in line for auth: nobody holds it now, then ben@pc, then you");
        let unseen = Turn { unseen: Some("no right".to_owned()), ahead: Vec::new(), ..turn };
        let told = said(&cockpit, &unseen);
        assert_eq!(told, "waiting for auth: ana@mac is deploying it; others cannot see that you wait: no right");
        cockpit.press("<esc>");
    }
}
