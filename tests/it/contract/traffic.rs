//! Whom Services send traffic to.

use std::collections::BTreeSet;

use shipdeck::domain::observed::Object;

use super::world::web;
use super::{World, contract, soon};

contract![a_service_names_the_pods_behind_it_and_counts_those_that_take_traffic];

async fn a_service_names_the_pods_behind_it_and_counts_those_that_take_traffic(world: World) {
    world.front(&web()).await;
    let found = soon("both pods take traffic", async || {
        let backends = world.cluster.backends(&world.namespace).await.unwrap();
        backends.into_iter().find(|it| &*it.service == "web" && it.ready == 2)
    })
    .await;
    let objects = world.objects().await;
    let pods = objects.iter().filter_map(|object| match object {
        Object::Pod(pod) if pod.meta.name.starts_with("web-") => Some(pod.meta.name.clone()),
        _ => None,
    });
    assert_eq!(found.pods, pods.collect::<BTreeSet<_>>());
}
