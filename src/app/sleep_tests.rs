//! A machine that slept: what was seen before is old, and decides nothing.

use std::time::Duration;

use super::msg::{Msg, Outcome};
use super::testkit::Cockpit;
use crate::app::effect::Effect;
use crate::domain::ids::{EnvId, RunId, ServiceId};
use crate::domain::observed::{Change, Kind, WorkloadRef};
use crate::domain::run::{RunState, StepState};
use crate::domain::world::Freshness;

const HOUR: i64 = 3_600;

fn staging() -> EnvId {
    EnvId::new("staging")
}

/// A run whose first image is written and whose rollout is not seen yet.
fn watching() -> Cockpit {
    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    let world = cockpit.model.world.env(&staging()).unwrap();
    let mut written = world.workload(&WorkloadRef::deployment("auth")).unwrap().clone();
    written.generation += 1;
    let (run, service, at) = (RunId(1), ServiceId::new("auth"), cockpit.now);
    cockpit.done(Outcome::Written { run, service, result: Ok(Box::new(written)), at });
    assert_eq!(cockpit.model.runs[0].steps[0].state, StepState::Watching);
    cockpit
}

fn sleep(cockpit: &mut Cockpit) {
    cockpit.effects.clear();
    cockpit.now += jiff::SignedDuration::from_secs(HOUR);
    cockpit.send(Msg::Woke(Duration::from_secs(HOUR.unsigned_abs())));
}

fn hear(cockpit: &mut Cockpit, change: impl Fn(Kind) -> Change) {
    for kind in Kind::ALL {
        cockpit.send(Msg::Fact { env: staging(), change: change(kind) });
    }
}

fn freshness(cockpit: &Cockpit) -> Freshness {
    cockpit.model.world.env(&staging()).unwrap().freshness()
}

#[test]
fn after_a_sleep_all_is_old_until_it_is_read_anew() {
    let mut cockpit = Cockpit::demo();
    sleep(&mut cockpit);
    let Freshness::Stale { fault, .. } = freshness(&cockpit) else { panic!("{:?}", freshness(&cockpit)) };
    assert_eq!(fault.message, "this machine slept for 60 min and heard nothing meanwhile; all is read again");
    let unwatched = cockpit.effects.iter().filter(|effect| matches!(effect, Effect::Unwatch(_))).count();
    let watched = cockpit.effects.iter().filter(|effect| matches!(effect, Effect::Watch { .. })).count();
    assert_eq!((unwatched, watched), (2, 2), "every environment is watched anew");
    // What an old connection still has to say proves nothing.
    hear(&mut cockpit, Change::Alive);
    assert!(!freshness(&cockpit).is_live());
    hear(&mut cockpit, Change::ListStarted);
    assert!(!freshness(&cockpit).is_live());
    hear(&mut cockpit, Change::Listed);
    assert!(freshness(&cockpit).is_live());
}

#[test]
fn after_a_sleep_no_run_fails_by_what_was_seen_before_it() {
    let mut cockpit = watching();
    sleep(&mut cockpit);
    cockpit.wait(1).wait(HOUR);
    assert_eq!(cockpit.model.runs[0].state, RunState::Running);
    assert_eq!(cockpit.model.runs[0].steps[0].state, StepState::Watching);
}

#[test]
fn after_a_sleep_nothing_is_planned_by_what_was_seen_before_it() {
    let mut cockpit = Cockpit::demo();
    sleep(&mut cockpit);
    cockpit.press("dv9<enter><enter>");
    assert!(cockpit.written().is_empty());
    assert_eq!(cockpit.notice(), "deploy: what is known of staging is not current");
}

#[test]
fn an_hour_that_was_slept_through_is_none_that_a_rollout_took() {
    let mut cockpit = watching();
    let before = cockpit.model.runs[0].elapsed(cockpit.now);
    sleep(&mut cockpit);
    let run = &cockpit.model.runs[0];
    assert_eq!((run.elapsed(cockpit.now), run.waited(cockpit.now).as_secs()), (before, HOUR));
}
