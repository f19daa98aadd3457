//! Watching: everything once, then every change as it happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use shipdeck::domain::observed::{Change, Kind, Object};
use shipdeck::ports::cluster::ChangeSink;

use super::{World, contract, soon};

contract![
    a_first_read_tells_every_kind_from_its_begin_to_its_end,
    what_is_shown_hangs_together,
    a_rollout_is_followed_to_its_end,
    what_is_deleted_is_told_by_its_uid,
];

fn kind_of(change: &Change) -> Kind {
    match change {
        Change::ListStarted(kind)
        | Change::Listed(kind)
        | Change::Lost(kind, _)
        | Change::Alive(kind)
        | Change::Delete { kind, .. } => *kind,
        Change::Upsert(object) => object.kind(),
    }
}

async fn a_first_read_tells_every_kind_from_its_begin_to_its_end(world: World) {
    let mut by_kind: BTreeMap<Kind, Vec<Change>> = BTreeMap::new();
    for change in world.first_read().await {
        by_kind.entry(kind_of(&change)).or_default().push(change);
    }
    assert_eq!(by_kind.len(), Kind::ALL.len());
    for (kind, changes) in by_kind {
        let listed = changes.iter().position(|change| matches!(change, Change::Listed(_))).unwrap();
        assert!(matches!(changes[0], Change::ListStarted(_)), "{kind:?} {:?}", changes[0]);
        assert!(changes[1..listed].iter().all(|change| matches!(change, Change::Upsert(_))), "{kind:?}");
    }
}

async fn what_is_shown_hangs_together(world: World) {
    let objects = world.objects().await;
    let of_name = |name: &str| objects.iter().find(|it| &*it.meta().name == name).unwrap();
    for (service, owner) in [("web", "ReplicaSet"), ("db", "StatefulSet"), ("agent", "DaemonSet")] {
        let Object::Workload(workload) = of_name(service) else { panic!("{service} is no workload") };
        assert_eq!(&*workload.containers[0].image, format!("shop/{service}:v1"));
        assert_eq!((workload.status.ready, workload.observed_generation), (workload.desired, workload.generation));
        let mut pods = 0;
        for object in &objects {
            let Object::Pod(pod) = object else { continue };
            if !pod.meta.name.starts_with(&format!("{service}-")) {
                continue;
            }
            pods += 1;
            let by = pod.meta.owner.as_ref().unwrap();
            assert_eq!(&*by.kind, owner);
            let parent = of_name(&by.name).meta();
            assert_eq!(parent.uid, by.uid);
            assert!(pod.ready && pod.revision.is_some() && pod.node.is_some(), "{pod:?}");
            let status = &pod.containers[0];
            assert_eq!((&*status.name, &*status.image), (service, &*workload.containers[0].image));
            assert!(status.digest.as_ref().is_some_and(|digest| digest.starts_with("sha256:") && digest.len() == 71));
        }
        assert_eq!(pods, workload.desired, "{service}");
    }
    let Object::Workload(web) = of_name("web") else { panic!("web is no workload") };
    let sets = objects.iter().filter_map(|it| if let Object::ReplicaSet(set) = it { Some(set) } else { None });
    let sets: Vec<_> = sets.filter(|set| set.meta.owner.as_ref().is_some_and(|by| by.uid == web.meta.uid)).collect();
    assert_eq!((sets.len(), sets[0].revision, sets[0].ready), (1, 1, 2));
    let progressing = web.status.conditions.iter().find(|it| &*it.kind == "Progressing").unwrap();
    assert_eq!((progressing.status, &*progressing.reason), (true, "NewReplicaSetAvailable"));
    assert!(progressing.message.contains(&*sets[0].meta.name), "{progressing:?}");
}

/// Watches from now on, in the background.
fn follow(world: &World) -> (Arc<Mutex<Vec<Change>>>, tokio::task::JoinHandle<()>) {
    let seen: Arc<Mutex<Vec<Change>>> = Arc::default();
    let into = Arc::clone(&seen);
    let sink: ChangeSink = Arc::new(move |_, change| {
        into.lock().unwrap().push(change);
        Box::pin(async { true })
    });
    let (cluster, scope) = (Arc::clone(&world.cluster), world.scope());
    (seen, tokio::spawn(async move { cluster.watch(scope, sink).await }))
}

async fn listed(seen: &Mutex<Vec<Change>>) {
    let listed = || seen.lock().unwrap().iter().filter(|change| matches!(change, Change::Listed(_))).count();
    soon("every kind is listed", async || (listed() == Kind::ALL.len()).then_some(())).await;
    seen.lock().unwrap().clear();
}

async fn a_rollout_is_followed_to_its_end(world: World) {
    let old: Vec<_> = world.pods("web-").await.into_iter().map(|pod| pod.meta.uid).collect();
    let (seen, task) = follow(&world);
    listed(&seen).await;
    let change = world.change("v2").await;
    let written = world.cluster.set_image(&change).await.unwrap();
    let states = || -> Vec<_> {
        let of_web = |change: &Change| match change {
            Change::Upsert(Object::Workload(it)) if &*it.meta.name == "web" => Some((**it).clone()),
            _ => None,
        };
        seen.lock().unwrap().iter().filter_map(of_web).collect()
    };
    soon("the rollout is seen to be complete", async || {
        let last = states().pop()?;
        let counts = &last.status;
        let complete = last.observed_generation == written.generation
            && [counts.updated, counts.available, counts.replicas].iter().all(|count| *count == 2);
        complete.then_some(())
    })
    .await;
    soon("both old pods are gone", async || {
        let seen = seen.lock().unwrap();
        let gone = |wanted: &shipdeck::domain::ids::Uid| {
            seen.iter().any(|change| matches!(change, Change::Delete { kind: Kind::Pod, uid, .. } if uid == wanted))
        };
        old.iter().all(gone).then_some(())
    })
    .await;
    task.abort();
    let versions: Vec<u64> = states().iter().map(|it| it.meta.resource_version.parse().unwrap()).collect();
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "every change once, in order: {versions:?}");
    assert!(states().iter().all(|it| &*it.containers[0].image == "shop/web:v2" && it.generation == written.generation));
    let all = seen.lock().unwrap();
    let set = all.iter().rev().find_map(|change| match change {
        Change::Upsert(Object::ReplicaSet(set)) if set.revision == 2 => Some(set),
        _ => None,
    });
    assert_eq!(set.map(|set| (set.ready, &*set.containers[0].image)), Some((2, "shop/web:v2")));
    assert!(!all.iter().any(|change| matches!(change, Change::Lost(..))));
}

async fn what_is_deleted_is_told_by_its_uid(world: World) {
    let target = world.leftover_pod().await;
    let (seen, task) = follow(&world);
    listed(&seen).await;
    world.cluster.delete(&target).await.unwrap();
    soon("the deletion is told", async || {
        let told = |change: &Change| matches!(change, Change::Delete { kind: Kind::Pod, name, uid } if *uid == target.uid && *name == target.name);
        seen.lock().unwrap().iter().any(told).then_some(())
    })
    .await;
    task.abort();
}
