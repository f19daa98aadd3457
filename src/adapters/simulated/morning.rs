//! A shop on an ordinary morning: what a team finds when it opens the demo.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::leftovers::{evicted, leftovers};
use super::pods::Behaviour;
use super::render::digest;
use super::world::{Revision, Workload, World};
use crate::domain::catalog::{Catalog, Service};

/// Revisions of which an old ReplicaSet is kept, the present one among them.
const REVISIONS: u64 = 5;

/// The service of which a pod is not ready, although nothing was changed.
const DEGRADED: &str = "pricing";

pub(super) fn repository(service: &Service) -> Arc<str> {
    service.image.clone().unwrap_or_else(|| Arc::from(service.name.as_str()))
}

/// Workloads with the versions that they ran until now.
pub(super) fn furnish(world: &mut World, catalog: &Catalog, now: Timestamp) {
    let last = catalog.environments.len().saturating_sub(1);
    for service in &catalog.services {
        let repository = repository(service);
        let base = 10 + world.dice.below(600);
        let replicas = 1 + world.dice.below(3) as u32;
        let behind = if world.dice.below(3) == 0 { 1 + world.dice.below(6) } else { 0 };
        // What is degraded later in the morning was whole for long.
        let behind = if &*service.workload.name == DEGRADED { 0 } else { behind };
        for (index, env) in catalog.environments.iter().enumerate() {
            let version = if index == 0 { base + behind } else { base };
            let version = if index == last && behind > 3 { base.saturating_sub(1) } else { version };
            let mut at = now - SignedDuration::from_hours(30 + world.dice.below(300) as i64);
            if index == 0 && behind > 0 {
                at = now - SignedDuration::from_mins(4 + world.dice.below(1_100) as i64);
            }
            // What came to the last environment was promoted, and so it is named by its digest.
            let image = |version: u64| -> Arc<str> {
                let tag = format!("{repository}:v{version}");
                if index == last && index > 0 { format!("{tag}@{}", digest(&tag)).into() } else { tag.into() }
            };
            let kept = REVISIONS.min(version).max(1);
            let mut revisions = vec![Revision::new(kept, image(version), at)];
            for older in 1..kept {
                at -= SignedDuration::from_hours(20 + world.dice.below(120) as i64);
                revisions.push(Revision::new(kept - older, image(version - older), at));
            }
            revisions.reverse();
            let replicas = if &*service.workload.name == "experiments" && index > 0 { 0 } else { replicas };
            world.workloads.push(Workload {
                namespace: Arc::clone(&env.namespace),
                reference: service.workload.clone(),
                replicas,
                generation: 1,
                created: at - SignedDuration::from_hours(2_000),
                revisions,
                writer: "ci-deployer",
                complete: true,
                life: 0,
            });
        }
    }
}

/// What is not well: a bad build and a stuck rollout in the first environment and a degraded service, in the second a
/// missing ConfigMap and a pod that no node takes; everywhere leftovers.
pub(super) fn trouble(world: &mut World, catalog: &Catalog, now: Timestamp) {
    let minutes = |number: i64| now - SignedDuration::from_mins(number);
    if let Some(first) = catalog.environments.first().map(|env| &*env.namespace) {
        world.roll((first, "checkout-web"), Behaviour::Crash, now - SignedDuration::from_secs(36));
        world.roll((first, "media-resizer"), Behaviour::Unready, minutes(26));
        let degraded = |pod: &&mut super::pods::SimPod| &*pod.namespace == first && &*pod.workload.name == DEGRADED;
        if let Some(pod) = world.pods.iter_mut().find(degraded) {
            pod.behaviour = Behaviour::Unready;
        }
    }
    if let Some(second) = catalog.environments.get(1).map(|env| &*env.namespace) {
        world.roll((second, "partner-gateway"), Behaviour::BadConfig, minutes(7));
        world.roll((second, "exports"), Behaviour::NoNode, minutes(2));
    }
    for env in &catalog.environments {
        world.fixed.extend(leftovers(&env.namespace, &mut world.dice, now));
        for (name, hours) in [("cart", 31), ("catalog", 7)] {
            let of_name = |it: &&Workload| it.namespace == env.namespace && &*it.reference.name == name;
            let found = world.workloads.iter().find(of_name);
            world
                .fixed
                .extend(found.and_then(|it| evicted(it, &mut world.dice, now - SignedDuration::from_hours(hours))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::validate::parse;
    use crate::domain::fixtures::later;

    #[test]
    fn a_morning_on_which_nothing_moves_lets_the_world_sleep() {
        let catalog = parse("demo", include_str!("../../../assets/demo.toml")).unwrap().catalog;
        let mut world = World::new(&catalog, 3, later(0));
        let moving = |world: &mut World, seconds| {
            world.hold_builds(later(seconds));
            world.pass(later(seconds))
        };
        assert!(moving(&mut world, 1), "the bad build has just arrived");
        assert!(!(200..260).any(|seconds| moving(&mut world, seconds)));
    }
}
