//! Deleting: only the very object that was seen.

use shipdeck::domain::fault::{Fault, FaultKind};
use shipdeck::ports::cluster::DeleteTarget;

use super::{World, contract, soon};

contract![
    what_was_seen_is_deleted_and_gone_after_that,
    a_pod_that_was_replaced_survives,
    a_pod_that_was_changed_survives,
    a_pod_of_a_workload_is_not_deleted_twice,
    only_pods_and_jobs_are_ever_deleted,
    who_may_only_look_may_not_delete,
];

async fn manifest(world: &World, target: &DeleteTarget) -> Result<String, Fault> {
    world.cluster.manifest(&world.namespace, target.resource, &target.name).await
}

async fn what_was_seen_is_deleted_and_gone_after_that(world: World) {
    for target in [world.leftover_pod().await, world.failed_job().await] {
        world.cluster.delete(&target).await.unwrap();
        soon("it is gone", async || manifest(&world, &target).await.is_err().then_some(())).await;
        let fault = world.cluster.delete(&target).await.unwrap_err();
        let what = format!("cannot delete {}/{} in {}, not found", target.resource, target.name, world.namespace);
        assert!(fault.kind == FaultKind::NotFound && fault.message.starts_with(&what), "{fault}");
    }
}

async fn a_pod_that_was_replaced_survives(world: World) {
    let target = world.leftover_pod().await;
    world.is_replaced(&target).await;
    let fault = world.cluster.delete(&target).await.unwrap_err();
    let wanted = format!("pod/{}: it was replaced by another object of this name", target.name);
    assert_eq!(fault, Fault::new(FaultKind::Conflict, wanted));
    assert!(!manifest(&world, &target).await.unwrap().contains("deletionTimestamp"));
}

async fn a_pod_that_was_changed_survives(world: World) {
    let target = world.leftover_pod().await;
    world.is_marked(&target).await;
    let fault = world.cluster.delete(&target).await.unwrap_err();
    assert_eq!(
        fault,
        Fault::new(FaultKind::Conflict, format!("pod/{}: it was changed since it was seen", target.name))
    );
    assert!(!manifest(&world, &target).await.unwrap().contains("deletionTimestamp"));
}

async fn a_pod_of_a_workload_is_not_deleted_twice(world: World) {
    let pod = world.pods("web-").await.remove(0);
    let target = DeleteTarget {
        namespace: world.namespace.clone(),
        resource: "pod",
        name: pod.meta.name,
        uid: pod.meta.uid,
        resource_version: pod.meta.resource_version,
    };
    world.cluster.delete(&target).await.unwrap();
    let again = world.cluster.delete(&target).await.unwrap_err();
    assert!(matches!(again.kind, FaultKind::Conflict | FaultKind::NotFound), "{again}");
    soon("its controller has made another", async || {
        let pods = world.pods("web-").await;
        (pods.len() == 2 && pods.iter().all(|pod| pod.ready && pod.meta.uid != target.uid)).then_some(())
    })
    .await;
}

async fn only_pods_and_jobs_are_ever_deleted(world: World) {
    let pod = world.leftover_pod().await;
    for resource in ["deployment", "replicaset", "namespace", ""] {
        let fault = world.cluster.delete(&DeleteTarget { resource, ..pod.clone() }).await.unwrap_err();
        assert_eq!(fault, Fault::new(FaultKind::Invalid, format!("{resource} is never deleted")));
    }
    let job = DeleteTarget { resource: "job", ..pod.clone() };
    assert_eq!(world.cluster.delete(&job).await.unwrap_err().kind, FaultKind::NotFound, "a pod is no Job");
    manifest(&world, &pod).await.unwrap();
}

async fn who_may_only_look_may_not_delete(world: World) {
    let target = world.leftover_pod().await;
    let fault = world.for_viewer().delete(&target).await.unwrap_err();
    let wanted = format!("viewer: no right to delete pods in namespace {}", world.namespace);
    assert_eq!(fault, Fault::new(FaultKind::Forbidden, wanted));
    manifest(&world, &target).await.unwrap();
}
