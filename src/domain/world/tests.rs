//! How the picture of an environment comes, ages and goes.

use super::*;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::{START, TestWorld, later};
use crate::domain::observed::Object;

fn apply(cluster: &mut TestWorld, change: Change, seconds: i64) -> Touched {
    cluster.world.apply(&cluster.env.clone(), change, later(seconds))
}

fn seen(cluster: &TestWorld) -> &EnvWorld {
    cluster.world.env(&cluster.env).unwrap()
}

fn lost(kind: FaultKind) -> Change {
    Change::Lost(Kind::Pod, Fault::new(kind, "no"))
}

#[test]
fn what_a_new_list_does_not_name_is_gone() {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", "r/auth:v1", 2);
    let kept = seen(&cluster).pods().next().unwrap().clone();
    apply(&mut cluster, Change::ListStarted(Kind::Pod), 1);
    apply(&mut cluster, Change::Upsert(Object::Pod(Box::new(kept.clone()))), 1);
    assert_eq!(seen(&cluster).pods().count(), 2);
    let touched = apply(&mut cluster, Change::Listed(Kind::Pod), 1);
    assert!(touched.workloads.contains(&WorkloadRef::deployment("auth")));
    assert_eq!(seen(&cluster).pods().map(|pod| &pod.meta.name).collect::<Vec<_>>(), [&kept.meta.name]);
    assert_eq!(seen(&cluster).pods_of(&kept.meta.owner.unwrap().uid).count(), 1);
}

#[test]
fn a_late_delete_does_not_remove_the_successor() {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", "r/auth:v1", 1);
    let name = Arc::clone(&seen(&cluster).pods().next().unwrap().meta.name);
    let delete = |uid: &str| Change::Delete { kind: Kind::Pod, name: Arc::clone(&name), uid: Uid::new(uid) };
    assert!(apply(&mut cluster, delete("an older one"), 1).is_nothing());
    assert_eq!(seen(&cluster).pods().count(), 1);
    apply(&mut cluster, delete(&format!("uid-{name}")), 1);
    assert_eq!(seen(&cluster).pods().count(), 0);
}

#[test]
fn the_same_change_twice_touches_nothing_more() {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", "r/auth:v1", 1);
    let pod = seen(&cluster).pods().next().unwrap().clone();
    assert!(apply(&mut cluster, Change::Upsert(Object::Pod(Box::new(pod))), 1).is_nothing());
}

#[test]
fn a_lost_watch_is_stale_since_it_first_failed_however_long_nothing_was_heard_before_and_live_when_heard_again() {
    let mut cluster = TestWorld::new("staging");
    apply(&mut cluster, Change::Alive(Kind::Pod), 10);
    assert!(apply(&mut cluster, lost(FaultKind::Unreachable), 60).freshness);
    let Freshness::Stale { since, .. } = seen(&cluster).freshness() else { panic!("stale") };
    assert_eq!(since, later(60), "it was well until then");
    assert!(!apply(&mut cluster, lost(FaultKind::Unreachable), 90).freshness);
    assert!(matches!(seen(&cluster).freshness(), Freshness::Stale { since, .. } if since == later(60)));
    assert!(apply(&mut cluster, Change::Alive(Kind::Pod), 100).freshness);
    assert!(seen(&cluster).freshness().is_live());
}

#[test]
fn being_heard_of_is_no_substitute_for_a_list() {
    let (mut world, env) = (World::default(), EnvId::new("staging"));
    world.begin(&env, START);
    for change in [lost(FaultKind::Unreachable), Change::Alive(Kind::Pod)] {
        world.apply(&env, change, later(1));
    }
    assert!(!world.env(&env).unwrap().is_current(Kind::Pod));
}

#[test]
fn what_may_not_be_read_is_denied_and_jobs_and_leases_do_not_matter_to_it() {
    let mut cluster = TestWorld::new("staging");
    for kind in [Kind::Job, Kind::Lease] {
        apply(&mut cluster, Change::Lost(kind, Fault::new(FaultKind::Forbidden, "no")), 1);
    }
    assert!(seen(&cluster).freshness().is_live());
    apply(&mut cluster, lost(FaultKind::Forbidden), 1);
    assert!(matches!(seen(&cluster).freshness(), Freshness::Denied { kind: Kind::Pod, .. }));
}

#[test]
fn a_holder_is_silent_when_its_record_has_not_changed_for_a_whole_duration_as_seen_here() {
    let mut cluster = TestWorld::new("staging");
    let lease = |version: &str| {
        let mut lease = crate::domain::fixtures::lease("shipdeck-auth", "ana@mac/1/x");
        lease.meta.resource_version = version.into();
        // Its own times are of a clock that is hours ahead, and are not looked at.
        lease.record.renewed = Some(later(7_200));
        Change::Upsert(Object::Lease(Box::new(lease)))
    };
    let silent = |cluster: &TestWorld, at| {
        let found = seen(cluster).lease("shipdeck-auth").unwrap();
        seen(cluster).is_silent(found, later(at))
    };
    apply(&mut cluster, lease("1"), 0);
    // Listed again at the same version: nothing has moved.
    assert!(apply(&mut cluster, lease("1"), 20).is_nothing());
    assert!(!silent(&cluster, 29) && silent(&cluster, 30));
    assert!(apply(&mut cluster, lease("2"), 31).other);
    assert!(!silent(&cluster, 60));
}

#[test]
fn a_kind_of_workloads_that_may_not_be_read_hides_nothing_else_unless_none_may() {
    let mut cluster = TestWorld::new("staging").live("staging");
    let mut deny = |kind: WorkloadKind| {
        let fault = Fault::new(FaultKind::Forbidden, "no right");
        apply(&mut cluster, Change::Lost(Kind::Workload(kind), fault), 1);
        let seen = seen(&cluster);
        (seen.freshness().is_live(), seen.denied(kind).is_some())
    };
    assert_eq!(deny(WorkloadKind::StatefulSet), (true, true));
    assert_eq!(deny(WorkloadKind::DaemonSet), (true, true));
    assert_eq!(deny(WorkloadKind::Deployment), (false, true), "nothing is left that may be read");
}
