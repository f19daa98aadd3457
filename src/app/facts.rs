//! What was observed: only what it touched is judged again.

use super::effect::Effect;
use super::model::{Model, Page};
use super::{others, outages, rows, runs};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::observed::Change;
use crate::domain::world::Touched;

/// Takes a change in.
pub fn take(model: &mut Model, env: &EnvId, change: Change) -> Vec<Effect> {
    // A watch that was closed may still have sent something.
    if model.catalog.environment(env).is_none() {
        return Vec::new();
    }
    let now = model.session.now;
    let touched = model.world.apply(env, change, now);
    if touched.is_nothing() {
        // A first read shows how far it is.
        model.session.dirty |= model.world.env(env).is_some_and(|world| !world.freshness().is_live());
        return Vec::new();
    }
    model.session.dirty |= touched.other || touched.freshness;
    if refresh(model, env, &touched) {
        model.session.dirty = true;
        rows::arrange(model);
    }
    if touched.freshness {
        outages::follow(model);
    }
    let mut effects = Vec::new();
    if touched.other {
        findings(model, env);
        effects.extend(super::keeping::watched(model, env));
        effects.extend(super::attention::pay(model));
    }
    others::follow(model, touched.other);
    effects.extend(runs::judge(model, env, &touched));
    if selection_moved(model) || is_followed(model, env, &touched) {
        effects.extend(super::log_bridge::follow(model));
    }
    effects
}

fn refresh(model: &mut Model, env: &EnvId, touched: &Touched) -> bool {
    let now = model.session.now;
    let Model { world, board, catalog, .. } = model;
    if touched.freshness {
        return board.refresh_env(world, catalog, env, now);
    }
    let services = catalog.services.iter().filter(|service| touched.workloads.contains(&service.workload));
    services.fold(false, |changed, service| board.refresh(world, service, env, now) | changed)
}

/// Whether it is about the service whose log is shown.
fn is_followed(model: &Model, env: &EnvId, touched: &Touched) -> bool {
    let shown = model.logs.target.as_ref().filter(|(shown, _)| shown == env);
    let service = shown.and_then(|(_, service)| model.catalog.service(service));
    service.is_some_and(|service| touched.freshness || touched.workloads.contains(&service.workload))
}

fn findings(model: &mut Model, env: &EnvId) {
    if matches!(&model.page, Some(Page::Cleanup(page)) if page.env == *env) {
        super::screens::cleanup::refresh(model);
    }
}

/// Whether another cell is selected than the one whose log is shown: rows move by themselves before a first key.
pub(super) fn selection_moved(model: &Model) -> bool {
    let shown = model.logs.target.as_ref();
    if model.logs.fixed {
        return false;
    }
    shown.map(|(env, _)| env) != model.home.env.as_ref()
        || shown.map(|(_, service)| service) != model.home.service.as_ref()
}

/// Once a second while something shown ages.
pub fn tick(model: &mut Model) -> Vec<Effect> {
    let now = model.session.now;
    let Model { world, board, catalog, .. } = model;
    let changed = board.refresh_unsettled(world, catalog, now);
    if changed || model.home.unsorted {
        rows::arrange_now(model);
    }
    super::journal::expire(model);
    outages::follow(model);
    if matches!(model.page, Some(Page::Cleanup(_))) {
        super::screens::cleanup::refresh(model);
    }
    others::follow(model, true);
    model.session.dirty = true;
    let mut effects = runs::judge_all(model);
    effects.extend(super::attention::pay(model));
    if selection_moved(model) {
        effects.extend(super::log_bridge::follow(model));
    }
    effects
}

/// Services of the catalog, selected one first where it is alone: what an action is about.
pub fn chosen(model: &Model) -> Vec<ServiceId> {
    if model.home.marks.is_empty() {
        return model.home.service.iter().cloned().collect();
    }
    let marked = model.catalog.services.iter().map(|service| &service.name);
    marked.filter(|service| model.home.marks.contains(*service)).cloned().collect()
}
