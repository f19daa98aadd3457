//! A start without a configuration: what is found becomes the catalog, and nothing may be changed.

use super::effect::Effect;
use super::model::Model;
use super::{journal, rows, update};
use crate::actions::Action;
use crate::actions::keymap::Keymap;
use crate::domain::discover::{self, Found};
use crate::domain::fault::Fault;
use crate::domain::ids::ClusterId;
use crate::domain::verdict::State;
use crate::ports::cluster::Discovery;

/// Why nothing may be changed in a world that was only found.
pub fn read_only(keymap: &Keymap) -> String {
    format!("no configuration; press {} or run shipdeck init", keymap.hint(Action::WriteConfig))
}

/// Looks around.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    let why = read_only(&model.keymap);
    model.session.read_only.get_or_insert(why);
    let known = model.catalog.clusters().into_iter().cloned().collect::<Vec<_>>();
    let clusters = match (model.session.explore.is_empty(), known.is_empty()) {
        (false, _) => model.session.explore.clone(),
        (true, false) => known,
        (true, true) => {
            let advice = "Set one with kubectl config use-context, or start with --context.";
            journal::notice(
                model,
                State::Failed,
                "no context of a kubeconfig is chosen, so there is nowhere to look",
                advice,
            );
            Vec::new()
        }
    };
    clusters.into_iter().map(Effect::Discover).collect()
}

/// Takes in what was found in a cluster.
pub fn take(model: &mut Model, cluster: &ClusterId, result: Result<Discovery, Fault>) -> Vec<Effect> {
    model.session.dirty = true;
    let found = match result {
        Ok(found) => found,
        Err(fault) => {
            let title = format!("cannot look around in {}: {fault}", shown(cluster));
            journal::notice(model, State::Failed, title, fault.advice());
            model.session.undiscovered.insert(cluster.clone(), fault);
            return Vec::new();
        }
    };
    model.session.undiscovered.remove(cluster);
    model.session.hidden_namespaces = found.hidden_namespaces;
    if !model.catalog.discovered {
        return Vec::new();
    }
    let found = self::found(cluster, found);
    discover::extend(&mut model.catalog, cluster, found);
    let Model { world, board, catalog, .. } = &mut *model;
    world.retain(|env| catalog.environment(env).is_some());
    board.retain(catalog);
    let effects = update::watch_all(model);
    let now = model.session.now;
    let Model { world, board, catalog, .. } = &mut *model;
    for env in &catalog.environments {
        board.refresh_env(world, catalog, &env.name, now);
    }
    rows::rearrange(model);
    effects
}

/// What was seen in a cluster, with its name.
pub fn found(cluster: &ClusterId, seen: Discovery) -> Vec<Found> {
    let found = seen.workloads.into_iter().map(|seen| Found {
        cluster: cluster.clone(),
        namespace: seen.namespace,
        workload: seen.workload,
        containers: seen.containers,
        part_of: seen.part_of,
    });
    found.collect()
}

pub(super) fn shown(cluster: &ClusterId) -> &str {
    if cluster.as_str().is_empty() { "the current context" } else { cluster.as_str() }
}
