//! Writing an image: only where everything is as it was seen, and a refusal says what is there instead.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipdeck::domain;
use shipdeck::domain::fault::{Fault, FaultKind};
use shipdeck::domain::ids::Uid;
use shipdeck::domain::observed::Workload;
use shipdeck::domain::rollout::View;
use shipdeck::ports::cluster::ImageChange;

use super::world::{services, web};
use super::{World, contract, soon};

contract![
    every_kind_of_workload_gets_its_new_image,
    the_same_wish_again_is_no_second_write,
    a_version_that_was_returned_to_is_as_old_as_the_return,
    a_dry_run_shows_the_new_image_and_changes_nothing,
    a_dry_run_is_refused_as_the_write_would_be,
    another_image_in_the_way_is_named_with_who_wrote_it_and_when,
    of_two_at_once_one_is_refused,
    another_object_of_the_same_name_is_not_touched,
    a_container_that_is_not_at_its_place_is_not_touched,
    a_workload_that_was_deleted_is_a_conflict,
    an_image_that_is_none_is_invalid_and_says_where,
    who_may_only_look_is_told_which_right_is_missing,
];

async fn now(world: &World) -> Workload {
    world.cluster.workload(&world.namespace, &web()).await.unwrap()
}

async fn refused(world: &World, change: &ImageChange) -> Fault {
    let before = now(world).await;
    let fault = world.cluster.set_image(change).await.unwrap_err();
    let after = now(world).await;
    assert_eq!((&before.containers, before.generation), (&after.containers, after.generation), "nothing was written");
    fault
}

async fn every_kind_of_workload_gets_its_new_image(world: World) {
    for workload in services() {
        let before = world.cluster.workload(&world.namespace, &workload).await.unwrap();
        let change = world.change_of(&workload, "v2").await;
        let written = world.cluster.set_image(&change).await.unwrap();
        assert_eq!((&written.containers[0].image, &written.meta.uid), (&change.to, &change.uid));
        assert_eq!(written.generation, before.generation + 1);
        let read = world.cluster.workload(&world.namespace, &workload).await.unwrap();
        assert_eq!((&read.containers[0].image, read.generation), (&change.to, written.generation));
        assert_ne!(read.meta.resource_version, before.meta.resource_version);
    }
}

async fn the_same_wish_again_is_no_second_write(world: World) {
    let change = world.change("v2").await;
    let first = world.cluster.set_image(&change).await.unwrap();
    let second = world.cluster.set_image(&change).await.unwrap();
    assert_eq!((second.generation, &second.containers), (first.generation, &first.containers));
}

/// Its ReplicaSet is the old one: only who wrote the image knows when that was.
async fn a_version_that_was_returned_to_is_as_old_as_the_return(world: World) {
    let first = changed_at(&world, "v1").await;
    for version in ["v2", "v1"] {
        let from = Arc::clone(&now(&world).await.containers[0].image);
        let change = ImageChange { from, ..world.change(version).await };
        world.cluster.set_image(&change).await.unwrap();
        let at = changed_at(&world, version).await;
        assert!(at > first, "{version} since {at}, the first since {first}");
        // Kubernetes tells times apart by whole seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
}

/// Since when this version of `web` rolls out, once its controller knows of it.
async fn changed_at(world: &World, version: &str) -> Timestamp {
    soon("the ReplicaSet of the version is the wanted one", async || {
        let mut seen = domain::world::World::default();
        let env = world.scope().env;
        seen.begin(&env, Timestamp::UNIX_EPOCH);
        for change in world.first_read().await {
            seen.apply(&env, change, Timestamp::UNIX_EPOCH);
        }
        let here = seen.env(&env)?;
        let workload = here.workload(&web())?;
        let view = View::new(here, workload);
        let newest = view.sets.iter().map(|set| set.revision).max();
        let set = view.new_set().filter(|set| set.containers[0].image.ends_with(version))?;
        (Some(set.revision) == newest).then(|| view.changed_at())?
    })
    .await
}

async fn a_dry_run_shows_the_new_image_and_changes_nothing(world: World) {
    let before = now(&world).await;
    let change = ImageChange { dry_run: true, ..world.change("v2").await };
    let shown = world.cluster.set_image(&change).await.unwrap();
    assert_eq!((&shown.containers[0].image, shown.generation), (&change.to, before.generation + 1));
    let after = now(&world).await;
    assert_eq!((after.generation, after.meta.resource_version), (before.generation, before.meta.resource_version));
    assert_eq!(after.containers, before.containers);
}

async fn a_dry_run_is_refused_as_the_write_would_be(world: World) {
    let change = world.change("v2").await;
    world.colleague_sets("v7").await;
    let dry = ImageChange { dry_run: true, ..change.clone() };
    let (dry, wet) = (refused(&world, &dry).await, refused(&world, &change).await);
    let what = |fault: &Fault| (fault.kind, fault.message.split(" (").next().map(str::to_owned));
    assert_eq!(what(&dry), what(&wet));
}

async fn another_image_in_the_way_is_named_with_who_wrote_it_and_when(world: World) {
    let change = world.change("v2").await;
    world.colleague_sets("v7").await;
    let fault = refused(&world, &change).await;
    assert_eq!(fault.kind, FaultKind::Conflict);
    let (start, end) = ("web: changed to shop/web:v7 by petra (", " s ago); wanted to replace shop/web:v1");
    assert!(fault.message.starts_with(start) && fault.message.ends_with(end), "{fault}");
}

async fn of_two_at_once_one_is_refused(world: World) {
    let (ours, theirs) = (world.change("v2").await, world.change("v3").await);
    let both = futures::join!(world.cluster.set_image(&ours), world.cluster.set_image(&theirs));
    let (written, fault) = match both {
        (Ok(written), Err(fault)) | (Err(fault), Ok(written)) => (written, fault),
        other => panic!("exactly one is refused: {other:?}"),
    };
    let winner = &written.containers[0].image;
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.message.starts_with(&format!("web: changed to {winner} by shipdeck (")), "{fault}");
    assert_eq!(&now(&world).await.containers[0].image, winner);
}

async fn another_object_of_the_same_name_is_not_touched(world: World) {
    let change = world.change("v2").await;
    world.web_is_replaced().await;
    let fault = refused(&world, &change).await;
    assert_eq!(fault, Fault::new(FaultKind::Conflict, "web: it was replaced by another object of this name"));
    let invented = ImageChange { uid: Uid::new("of nobody"), ..world.change("v2").await };
    assert_eq!(refused(&world, &invented).await, fault);
}

async fn a_container_that_is_not_at_its_place_is_not_touched(world: World) {
    let change = world.change("v2").await;
    for (container_index, container) in [(1, "web"), (0, "proxy")] {
        let change = ImageChange { container_index, container: container.into(), ..change.clone() };
        let wanted = format!("web: container {container} is no longer at its place");
        assert_eq!(refused(&world, &change).await, Fault::new(FaultKind::Conflict, wanted));
    }
}

async fn a_workload_that_was_deleted_is_a_conflict(world: World) {
    let change = world.change("v2").await;
    world.web_goes().await;
    let fault = world.cluster.set_image(&change).await.unwrap_err();
    assert_eq!(fault, Fault::new(FaultKind::Conflict, "web: it was deleted"));
}

async fn an_image_that_is_none_is_invalid_and_says_where(world: World) {
    let change = ImageChange { to: "".into(), ..world.change("v2").await };
    let wanted = format!(
        "cannot set the image of deployment/web in {}, refused: spec.template.spec.containers[0].image: required",
        world.namespace
    );
    assert_eq!(refused(&world, &change).await, Fault::new(FaultKind::Invalid, wanted));
}

async fn who_may_only_look_is_told_which_right_is_missing(world: World) {
    let change = world.change("v2").await;
    let fault = world.for_viewer().set_image(&change).await.unwrap_err();
    let wanted = format!("viewer: no right to patch deployments in namespace {}", world.namespace);
    assert_eq!(fault, Fault::new(FaultKind::Forbidden, wanted));
    assert_eq!(&*now(&world).await.containers[0].image, "shop/web:v1");
}
