//! Versions of a service that are known already, so that nobody has to type what the clusters can tell: what other
//! environments run, and what was set here before (old ReplicaSets are kept for roll backs and name their images). And
//! whether one is known to be bad: that is judged when it is asked, for it may have begun to fail since.

mod trouble;

pub use trouble::{Trouble, troubles};

use jiff::Timestamp;

use super::board::{Board, container_of};
use super::catalog::{Catalog, Service};
use super::ids::EnvId;
use super::image::Image;
use super::observed::ReplicaSet;
use super::world::World;

/// More would be no choice but a list to search.
const MOST: usize = 8;

/// A version and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub image: Image,
    pub from: Source,
}

impl Known {
    /// What a person calls it.
    pub fn version(&self) -> String {
        self.image.version()
    }

    /// What has to be typed for it: a digest in whole where there is no tag.
    pub fn typed(&self) -> String {
        match (&self.image.tag, &self.image.digest) {
            (None, Some(digest)) => digest.to_string(),
            _ => self.version(),
        }
    }
}

/// Where a version was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Pods of another environment run it, or are to.
    Runs(EnvId),
    /// It began to roll out here at this time and is known to have succeeded.
    Ran(Timestamp),
    /// It was set here at this time; whether it ever ran, nobody has noted.
    Set(Timestamp),
}

/// Versions other than the one that is wanted in `env` now: first what other environments run, in their order, then
/// what was set here, newest first. Each once.
pub fn known(catalog: &Catalog, world: &World, board: &Board, service: &Service, env: &EnvId) -> Vec<Known> {
    let here: Option<Image> = wanted(board, service, env);
    let others = catalog.environments.iter().map(|other| &other.name).filter(|other| *other != env);
    let elsewhere = others.flat_map(|other| {
        let running = board.cell(&service.name, other).map(|cell| cell.running.as_slice()).unwrap_or_default();
        // What is wanted and not to be seen yet comes first, beside what still serves.
        let images = wanted(board, service, other).into_iter().chain(running.iter().map(|it| it.image.clone()));
        images.map(|image| Known { image, from: Source::Runs(other.clone()) }).collect::<Vec<_>>()
    });
    let mut found: Vec<Known> = Vec::new();
    for known in elsewhere.chain(history(world, service, env)) {
        let same = |other: &Image| other.version() == known.image.version();
        if !found.iter().any(|other| same(&other.image)) && !here.as_ref().is_some_and(same) {
            found.push(known);
        }
    }
    found.truncate(MOST);
    found
}

/// The image that a version typed for the service in an environment stands for; none: it is no version.
pub fn image_of(board: &Board, service: &Service, env: &EnvId, version: &str) -> Option<Image> {
    let base = match &service.image {
        Some(image) => image.parse().ok()?,
        None => wanted(board, service, env)?,
    };
    base.at(version).ok()
}

fn wanted(board: &Board, service: &Service, env: &EnvId) -> Option<Image> {
    board.cell(&service.name, env)?.wanted.as_deref()?.parse().ok()
}

fn history(world: &World, service: &Service, env: &EnvId) -> Vec<Known> {
    let Some(world) = world.env(env) else { return Vec::new() };
    let Some(workload) = world.workload(&service.workload) else { return Vec::new() };
    let mut sets: Vec<&ReplicaSet> = world.replica_sets_of(&workload.meta.uid).collect();
    sets.sort_by_key(|set| std::cmp::Reverse((set.revision, set.meta.created)));
    let known = |set: &ReplicaSet| {
        let (_, container) = container_of(service, &set.containers)?;
        let image: Image = container.image.parse().ok()?;
        let began = set.meta.created;
        let ran = set.ready > 0 || trouble::has_succeeded(world, service, &image);
        Some(Known { image, from: if ran { Source::Ran(began) } else { Source::Set(began) } })
    };
    sets.into_iter().filter_map(known).collect()
}

#[cfg(test)]
mod tests;
