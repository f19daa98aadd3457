//! Reading once: workloads, what they ran before, manifests, and what there is.

use serde_json::Value;
use shipdeck::domain::fault::FaultKind;
use shipdeck::domain::observed::{Object, WorkloadRef};

use super::world::{services, web};
use super::{World, contract, soon};

contract![
    a_workload_that_is_not_there_is_not_found,
    revisions_are_told_newest_first_and_going_back_makes_the_old_one_the_newest,
    everything_that_is_shown_has_a_manifest,
    a_manifest_of_what_is_not_there_is_not_found,
    every_workload_is_discovered_with_its_containers,
];

async fn a_workload_that_is_not_there_is_not_found(world: World) {
    let none = WorkloadRef::deployment("none");
    let wanted = format!("cannot read deployment/none in {}, not found", world.namespace);
    let read = world.cluster.workload(&world.namespace, &none).await.unwrap_err();
    let revisions = world.cluster.revisions(&world.namespace, &none).await.unwrap_err();
    for fault in [read, revisions] {
        assert!(fault.kind == FaultKind::NotFound && fault.message.starts_with(&wanted), "{fault}");
    }
}

async fn revisions_are_told_newest_first_and_going_back_makes_the_old_one_the_newest(world: World) {
    for workload in services() {
        let revisions = async || {
            let found = world.cluster.revisions(&world.namespace, &workload).await.unwrap();
            assert!(found.iter().all(|it| it.containers[0].0 == workload.name));
            let told = found.into_iter().map(|it| (it.number, it.containers[0].1.to_string(), it.created));
            told.collect::<Vec<_>>()
        };
        let first = revisions().await;
        let image = |tag: &str| format!("shop/{}:{tag}", workload.name);
        assert!(first.len() == 1 && (first[0].0, &first[0].1) == (1, &image("v1")), "{first:?}");
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let change = world.change_of(&workload, "v2").await;
        world.cluster.set_image(&change).await.unwrap();
        let second = soon("there are two", async || Some(revisions().await).filter(|it| it.len() == 2)).await;
        assert_eq!((second[0].0, &second[0].1, &second[1]), (2, &image("v2"), &first[0]));
        assert!(second[0].2 > first[0].2, "the new one is younger");
        let mut back = change.clone();
        (back.from, back.to) = (change.to, change.from);
        world.cluster.set_image(&back).await.unwrap();
        let third = soon("the old one is the newest", async || Some(revisions().await).filter(|it| it[0].0 == 3)).await;
        assert_eq!(third, [(3, image("v1"), first[0].2), second[0].clone()]);
    }
}

async fn everything_that_is_shown_has_a_manifest(world: World) {
    world.leftover_pod().await;
    world.failed_job().await;
    let mut kinds = std::collections::BTreeSet::new();
    for object in world.objects().await {
        let resource = match &object {
            Object::Workload(it) => it.kind.as_str(),
            Object::ReplicaSet(_) => "replicaset",
            Object::Pod(_) => "pod",
            Object::Job(_) => "job",
            Object::Event(_) | Object::Lease(_) | Object::Document(_) => continue,
        };
        let meta = object.meta();
        let text = world.cluster.manifest(&world.namespace, resource, &meta.name).await.unwrap();
        assert!(!text.contains("managedFields"), "{text}");
        let found: Value = serde_json::from_str(&text).unwrap();
        let metadata = &found["metadata"];
        assert_eq!(
            (&metadata["name"], &metadata["namespace"]),
            (&Value::from(&*meta.name), &(&*world.namespace).into())
        );
        assert_eq!(metadata["uid"], meta.uid.as_str());
        assert_eq!(found["kind"].as_str().map(str::to_lowercase).as_deref(), Some(resource));
        assert!(found["apiVersion"].is_string());
        let is_told = match &object {
            Object::Workload(it) => {
                found["spec"]["template"]["spec"]["containers"][0]["image"] == *it.containers[0].image
            }
            Object::ReplicaSet(it) => found["spec"]["replicas"] == it.desired,
            Object::Pod(it) => it.containers.iter().all(|it| text.contains(&format!("\"name\": \"{}\"", it.name))),
            Object::Job(_) => found["status"]["conditions"].to_string().contains("\"Failed\""),
            Object::Event(_) | Object::Lease(_) | Object::Document(_) => false,
        };
        assert!(is_told, "{text}");
        kinds.insert(resource);
    }
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}

async fn a_manifest_of_what_is_not_there_is_not_found(world: World) {
    for (resource, name, kind) in [
        ("pod", "none", FaultKind::NotFound),
        ("deployment", "none", FaultKind::NotFound),
        ("job", "web", FaultKind::NotFound),
        ("secret", "web", FaultKind::Invalid),
    ] {
        let fault = world.cluster.manifest(&world.namespace, resource, name).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{resource}/{name}: {fault}");
    }
}

async fn every_workload_is_discovered_with_its_containers(world: World) {
    let found = world.cluster.discover().await.unwrap();
    assert_eq!(found.limited_to, None);
    assert!(found.workloads.iter().all(|it| !it.namespace.starts_with("kube-")));
    for workload in services() {
        let here =
            |it: &&shipdeck::ports::cluster::Sighting| it.namespace == world.namespace && it.workload == workload;
        let sighting = found.workloads.iter().find(here).unwrap();
        assert_eq!(sighting.containers, [(workload.name.clone(), format!("shop/{}:v1", workload.name).into())]);
    }
    assert_eq!(found.workloads.iter().filter(|it| it.namespace == world.namespace && it.workload == web()).count(), 1);
}
