//! Leases and the fence: who may change a service, by compare-and-swap, and the mark that refuses a former holder.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipdeck::domain::fault::{Fault, FaultKind};
use shipdeck::domain::ids::{ServiceId, Uid};
use shipdeck::domain::lease::{DURATION, Fence, Look, Put, Record, Stamped, Stored, name_of};
use shipdeck::domain::observed::{Change, Object};
use shipdeck::domain::rights::Need;
use shipdeck::ports::cluster::ImageChange;
use shipdeck::ports::lease::Target;

use super::world::{services, web};
use super::{World, contract};

contract![
    of_what_nobody_deployed_there_is_no_record_and_no_fence,
    what_is_put_is_what_is_looked_at_and_watched,
    of_two_that_put_over_the_same_version_one_is_refused,
    a_record_is_made_once_and_only_where_there_is_none,
    a_stamp_only_rises_and_is_on_the_workload,
    a_write_proves_the_stamp_that_is_there_now,
    another_object_of_the_same_name_is_not_stamped,
    what_is_not_there_has_no_lease_to_look_at,
    who_may_only_look_may_neither_put_nor_stamp_and_is_told_the_right,
    to_be_attended_changes_nothing_that_is_seen,
];

async fn target(world: &World) -> Target {
    let uid = world.cluster.workload(&world.namespace, &web()).await.unwrap().meta.uid;
    let lease = name_of(&ServiceId::new("web"));
    Target { namespace: Arc::clone(&world.namespace), lease, workload: web(), uid }
}

fn record(holder: &str, token: u32) -> Record {
    let now: Timestamp = "2026-11-25T08:00:00.123456Z".parse().unwrap();
    Record {
        holder: holder.into(),
        last: holder.into(),
        taken_from: None,
        duration: DURATION,
        acquired: Some(now),
        renewed: Some(now + Duration::from_secs(10)),
        token,
    }
}

fn over(stored: &Stored) -> (Uid, Arc<str>) {
    (stored.uid.clone(), Arc::clone(&stored.version))
}

async fn look(world: &World, target: &Target) -> Look {
    world.cluster.look(target).await.unwrap()
}

async fn put(world: &World, target: &Target, over: Option<(Uid, Arc<str>)>, record: Record) -> Result<Stored, Fault> {
    world.cluster.put(target, &Put { over, record }).await
}

async fn of_what_nobody_deployed_there_is_no_record_and_no_fence(world: World) {
    world.cluster.may(&world.namespace, &Need::Hold.wanted()).await.unwrap();
    let target = target(&world).await;
    assert_eq!(look(&world, &target).await, Look { lease: None, fence: None });
}

async fn what_is_put_is_what_is_looked_at_and_watched(world: World) {
    let target = target(&world).await;
    let wanted = Record { taken_from: Some("bob@mac/1/a".into()), ..record("ana@mac/7/y", 3) };
    let written = put(&world, &target, None, wanted.clone()).await.unwrap();
    assert_eq!(written.record, wanted);
    assert_eq!(look(&world, &target).await.lease.as_ref(), Some(&written));
    let seen = world.objects().await.into_iter().find_map(|object| match object {
        Object::Lease(lease) if lease.meta.name == target.lease => Some((lease.meta.uid, lease.record)),
        _ => None,
    });
    assert_eq!(seen, Some((written.uid.clone(), wanted.clone())));
    // Let go of: held by nobody, and what was counted and who it was stay.
    let free = Record { holder: "".into(), taken_from: None, ..wanted };
    let released = put(&world, &target, Some(over(&written)), free.clone()).await.unwrap();
    assert!(released.record.is_free() && released.version != written.version);
    assert_eq!((released.uid, released.record), (written.uid, free));
}

async fn of_two_that_put_over_the_same_version_one_is_refused(world: World) {
    let target = target(&world).await;
    let first = put(&world, &target, None, record("ana@mac/7/y", 1)).await.unwrap();
    let both = futures::join!(
        put(&world, &target, Some(over(&first)), record("ana@mac/7/y", 2)),
        put(&world, &target, Some(over(&first)), record("bob@mac/8/z", 2)),
    );
    let (written, fault) = match both {
        (Ok(written), Err(fault)) | (Err(fault), Ok(written)) => (written, fault),
        other => panic!("exactly one is refused: {other:?}"),
    };
    assert_eq!(fault.kind, FaultKind::Conflict, "{fault}");
    assert_eq!(look(&world, &target).await.lease, Some(written));
}

async fn a_record_is_made_once_and_only_where_there_is_none(world: World) {
    let target = target(&world).await;
    let first = put(&world, &target, None, record("ana@mac/7/y", 1)).await.unwrap();
    let again = put(&world, &target, None, record("bob@mac/8/z", 1)).await.unwrap_err();
    assert_eq!(again.kind, FaultKind::Conflict, "{again}");
    let invented = Some((Uid::new("of-nobody"), Arc::clone(&first.version)));
    let invented = put(&world, &target, invented, record("bob@mac/8/z", 1)).await.unwrap_err();
    assert_eq!(invented.kind, FaultKind::Conflict, "{invented}");
    assert_eq!(look(&world, &target).await.lease, Some(first));
}

async fn a_stamp_only_rises_and_is_on_the_workload(world: World) {
    for workload in services() {
        let found = world.cluster.workload(&world.namespace, &workload).await.unwrap();
        let lease = name_of(&ServiceId::new(&workload.name));
        let target = Target { namespace: Arc::clone(&world.namespace), lease, workload, uid: found.meta.uid };
        let stamp = async |token| world.cluster.stamp(&target, token).await.unwrap();
        assert_eq!(stamp(3).await, Stamped::Done);
        assert_eq!((stamp(3).await, stamp(2).await), (Stamped::Ahead(3), Stamped::Ahead(3)));
        assert_eq!(look(&world, &target).await.fence, Some(3));
        assert_eq!(stamp(4).await, Stamped::Done);
        let now = world.cluster.workload(&world.namespace, &target.workload).await.unwrap();
        assert_eq!((now.generation, now.containers), (found.generation, found.containers), "it wakes no controller");
    }
}

async fn a_write_proves_the_stamp_that_is_there_now(world: World) {
    let target = target(&world).await;
    let change = world.change("v2").await;
    let fenced = |token| {
        let fence = Some(Fence { token, lease: Arc::clone(&target.lease) });
        ImageChange { fence, ..change.clone() }
    };
    put(&world, &target, None, record("bob@mac/8/z", 2)).await.unwrap();
    world.cluster.stamp(&target, 2).await.unwrap();
    let former = world.cluster.set_image(&fenced(1)).await.unwrap_err();
    assert_eq!(former.kind, FaultKind::Conflict, "{former}");
    assert!(former.message.contains("superseded by operation 2 of bob@mac"), "{former}");
    let written = world.cluster.set_image(&fenced(2)).await.unwrap();
    assert_eq!(written.containers[0].image, change.to);
}

async fn another_object_of_the_same_name_is_not_stamped(world: World) {
    let target = target(&world).await;
    world.web_is_replaced().await;
    let fault = world.cluster.stamp(&target, 1).await.unwrap_err();
    assert_eq!(fault, Fault::new(FaultKind::Conflict, "deployment/web was replaced by another object"));
}

async fn what_is_not_there_has_no_lease_to_look_at(world: World) {
    let target = target(&world).await;
    world.web_goes().await;
    assert_eq!(world.cluster.look(&target).await.unwrap_err().kind, FaultKind::NotFound);
    assert_eq!(world.cluster.stamp(&target, 1).await.unwrap_err().kind, FaultKind::NotFound);
}

async fn who_may_only_look_may_neither_put_nor_stamp_and_is_told_the_right(world: World) {
    let target = target(&world).await;
    let viewer = world.for_viewer();
    let missing = viewer.may(&world.namespace, &Need::Hold.wanted()).await.unwrap_err();
    assert_eq!(missing.kind, FaultKind::Forbidden);
    assert!(missing.message.contains(" leases in namespace "), "{missing}");
    let refused = viewer.put(&target, &Put { over: None, record: record("eve@mac/1/a", 1) }).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Forbidden);
    assert!(refused.message.contains("no right to create leases in namespace"), "{refused}");
    let refused = viewer.stamp(&target, 1).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Forbidden);
    assert!(refused.message.contains("no right to patch deployments in namespace"), "{refused}");
}

async fn to_be_attended_changes_nothing_that_is_seen(world: World) {
    let before = world.first_read().await;
    for attentive in [true, true, false, true] {
        world.cluster.attend(attentive);
    }
    let listed = |changes: &[Change]| changes.iter().filter(|it| matches!(it, Change::Listed(_))).count();
    let after = world.first_read().await;
    assert_eq!(listed(&after), listed(&before));
    assert!(!after.iter().any(|change| matches!(change, Change::Lost(..))), "{after:?}");
}
