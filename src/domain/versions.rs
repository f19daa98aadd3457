//! Versions of a service that are known already, so that nobody has to type what the clusters can tell: what other
//! environments run, and what ran here before (old ReplicaSets are kept for roll backs and name their images).

use jiff::Timestamp;

use super::board::{Board, container_of};
use super::catalog::{Catalog, Service};
use super::ids::EnvId;
use super::observed::ReplicaSet;
use super::plan::version_of;
use super::world::World;

/// More would be no choice but a list to search.
const MOST: usize = 8;

/// A version and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub version: String,
    pub from: Source,
}

/// Where a version was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Another environment runs it.
    Runs(EnvId),
    /// It began to run here at this time, and something else has taken its place since.
    Ran(Timestamp),
}

/// Versions other than the one that is wanted in `env` now: first what other environments run, in their order, then
/// what ran here, newest first. Each once.
pub fn known(catalog: &Catalog, world: &World, board: &Board, service: &Service, env: &EnvId) -> Vec<Known> {
    let here = board.cell(&service.name, env).and_then(|cell| cell.wanted.as_deref()).map(version_of);
    let elsewhere = catalog.environments.iter().filter(|other| other.name != *env).filter_map(|other| {
        let version = board.cell(&service.name, &other.name)?.version.clone()?;
        Some(Known { version, from: Source::Runs(other.name.clone()) })
    });
    let mut found: Vec<Known> = Vec::new();
    for known in elsewhere.chain(history(world, service, env)) {
        let repeated = found.iter().any(|other| other.version == known.version);
        if !repeated && Some(&known.version) != here.as_ref() {
            found.push(known);
        }
    }
    found.truncate(MOST);
    found
}

fn history(world: &World, service: &Service, env: &EnvId) -> Vec<Known> {
    let Some(world) = world.env(env) else { return Vec::new() };
    let Some(workload) = world.workload(&service.workload) else { return Vec::new() };
    let mut sets: Vec<&ReplicaSet> = world.replica_sets_of(&workload.meta.uid).collect();
    sets.sort_by_key(|set| std::cmp::Reverse((set.revision, set.meta.created)));
    let known = |set: &ReplicaSet| {
        let (_, container) = container_of(service, &set.containers)?;
        Some(Known { version: version_of(&container.image), from: Source::Ran(set.meta.created) })
    };
    sets.into_iter().filter_map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{START, TestWorld, catalog};

    #[test]
    fn known_are_what_other_environments_run_and_what_ran_here_each_once_and_never_the_present() {
        let catalog = catalog(&[("auth", &[])]);
        let mut cluster = TestWorld::new("staging").live("production");
        cluster.rolled_out("auth", "r/auth:v3", 1);
        for image in ["r/auth:v1", "r/auth:v2"] {
            cluster.replica_set("auth", image, 0);
        }
        cluster.env = EnvId::new("production");
        cluster.rolled_out("auth", "r/auth:v2", 1);
        let mut board = Board::default();
        for env in &catalog.environments {
            board.refresh_env(&cluster.world, &catalog, &env.name, START);
        }
        let known = known(&catalog, &cluster.world, &board, &catalog.services[0], &EnvId::new("staging"));
        let known: Vec<_> = known.iter().map(|known| (known.version.as_str(), &known.from)).collect();
        assert_eq!(known, [("v2", &Source::Runs(EnvId::new("production"))), ("v1", &Source::Ran(START))]);
    }
}
