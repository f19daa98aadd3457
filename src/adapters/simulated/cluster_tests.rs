//! The controllers of the simulated cluster: what follows from a new image.

use std::cell::Cell;
use std::sync::Arc;

use super::*;
use crate::domain::fault::FaultKind;
use crate::domain::fixtures;
use crate::domain::observed::WorkloadKind;
use crate::domain::world::World as Index;

// Each test steps a clock of its own.
thread_local!(static SECONDS: Cell<i64> = const { Cell::new(0) });

fn clock() -> Timestamp {
    fixtures::later(SECONDS.get())
}

fn start(kind: WorkloadKind, seed: u64) -> SimulatedCluster {
    let mut catalog = fixtures::catalog(&[("auth", &[])]);
    catalog.services[0].workload = WorkloadRef::new(kind, "auth");
    SimulatedCluster::new(&catalog, seed, clock)
}

async fn change(cluster: &SimulatedCluster, kind: WorkloadKind, tag: &str) -> ImageChange {
    let workload = WorkloadRef::new(kind, "auth");
    let found = cluster.workload("shop-staging", &workload).await.unwrap();
    ImageChange {
        namespace: "shop-staging".into(),
        workload,
        uid: found.meta.uid,
        container_index: 0,
        container: "auth".into(),
        from: Arc::clone(&found.containers[0].image),
        to: format!("r/auth:{tag}").into(),
        fence: None,
        dry_run: false,
    }
}

/// Lets seconds pass below the next build; returns the longest pause between looks.
fn pass(cluster: &SimulatedCluster, index: &mut Index, sent: &mut BTreeMap<Key, (u64, Uid)>) -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..60 {
        cluster.world().hold_builds(clock());
        let (changes, wait) = cluster.news("shop-staging", sent);
        for change in changes {
            index.apply(&EnvId::new("staging"), change, clock());
        }
        longest = longest.max(wait);
        SECONDS.set(SECONDS.get() + 1);
    }
    longest
}

#[tokio::test]
async fn a_good_image_replaces_every_pod_of_every_kind() {
    for (kind, seed) in WorkloadKind::ALL.into_iter().flat_map(|kind| (1..9).map(move |seed| (kind, seed))) {
        let (cluster, mut index, mut sent) = (start(kind, seed), Index::default(), BTreeMap::new());
        pass(&cluster, &mut index, &mut sent);
        let after = cluster.set_image(&change(&cluster, kind, "v9000").await).await.unwrap();
        pass(&cluster, &mut index, &mut sent);
        let world = index.env(&EnvId::new("staging")).unwrap();
        let images: Vec<_> = world.pods_under(&after).map(|pod| &*pod.containers[0].image).collect();
        assert_eq!(images, vec!["r/auth:v9000"; after.desired as usize], "{kind:?} {seed}");
    }
}

#[tokio::test]
async fn a_stuck_rollout_lets_the_world_sleep() {
    let kind = WorkloadKind::Deployment;
    let (cluster, mut index, mut sent) = (start(kind, 7), Index::default(), BTreeMap::new());
    cluster.set_image(&change(&cluster, kind, "missing-1").await).await.unwrap();
    assert!(pass(&cluster, &mut index, &mut sent) > Duration::from_secs(1));
}

#[tokio::test]
async fn an_image_that_is_no_longer_there_is_not_overwritten() {
    let kind = WorkloadKind::Deployment;
    let cluster = start(kind, 7);
    let stale = change(&cluster, kind, "v9000").await;
    cluster.set_image(&ImageChange { to: "r/auth:v9001".into(), ..stale.clone() }).await.unwrap();
    let fault = cluster.set_image(&stale).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.message.contains("v9001 by shipdeck"), "{fault}");
}
