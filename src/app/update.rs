//! `update(model, msg)`: routes what arrived to the file that handles it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::effect::Effect;
use super::model::Model;
use super::msg::Msg;
use super::{attention, discovery, facts, focus, holders, journal, locks, log_bridge, others, outages, outcomes, rows};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::run::Run;
use crate::domain::world::Freshness;
use crate::ports::cluster::Scope;

/// Takes in what happened at a time and says what to do. Sets `session.dirty` when something shown changed.
pub fn update(model: &mut Model, msg: Msg, now: Timestamp) -> Vec<Effect> {
    model.session.now = now;
    let mut effects = route(model, msg);
    effects.extend(super::rights::follow(model));
    effects.extend(super::stewards::follow(model));
    if model.session.tends {
        effects.extend(locks::follow(model));
    }
    effects
}

fn route(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Input(input) => focus::input(model, input),
        Msg::Tick => facts::tick(model),
        Msg::Drawn(drawn) => {
            model.drawn = *drawn;
            Vec::new()
        }
        Msg::Fact { env, change } => facts::take(model, &env, change),
        Msg::Log { stream, event } => log_bridge::take(model, stream, event),
        Msg::Done(outcome) => {
            let mut effects = outcomes::take(model, outcome);
            if facts::selection_moved(model) {
                effects.extend(log_bridge::follow(model));
            }
            effects
        }
        Msg::Woke(slept) => wake(model, slept),
        Msg::Terminate => {
            model.session.quitting = true;
            vec![Effect::Quit]
        }
    }
}

/// What to do when the program starts: watch what is configured, discover what is not.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let now = model.session.now;
    let mut effects = if model.catalog.discovered { discovery::begin(model) } else { Vec::new() };
    effects.extend(watch_all(model));
    let Model { world, board, catalog, .. } = &mut *model;
    for env in &catalog.environments {
        board.refresh_env(world, catalog, &env.name, now);
    }
    rows::rearrange(model);
    model.session.dirty = true;
    effects
}

/// Watches every environment of the catalog; watching one twice is fine.
pub fn watch_all(model: &mut Model) -> Vec<Effect> {
    let now = model.session.now;
    let Model { world, catalog, .. } = model;
    let watch = |env: &crate::domain::catalog::Environment| {
        world.begin(&env.name, now);
        let scope = Scope { env: env.name.clone(), namespace: env.namespace.clone() };
        Effect::Watch { cluster: env.cluster.clone(), scope }
    };
    catalog.environments.iter().map(watch).collect()
}

/// What was seen before a sleep is old, however well the connections look: all is read anew, and until then nothing is
/// judged and nothing is planned by it.
fn wake(model: &mut Model, slept: Duration) -> Vec<Effect> {
    let now = model.session.now;
    let message = format!("this machine slept for {} and heard nothing meanwhile; all is read again", words(slept));
    let fault = Fault::new(FaultKind::Unreachable, message);
    tracing::info!(?slept, "woke");
    let since = SignedDuration::try_from(slept).ok().and_then(|slept| now.checked_sub(slept).ok()).unwrap_or(now);
    for run in &mut model.runs {
        run.was_left(since, now);
    }
    let Model { world, board, catalog, .. } = &mut *model;
    let mut effects = Vec::new();
    for env in &catalog.environments {
        world.doubt(&env.name, &fault, now);
        board.refresh_env(world, catalog, &env.name, now);
        effects.push(Effect::Unwatch(env.name.clone()));
    }
    effects.extend(watch_all(model));
    rows::arrange(model);
    outages::follow(model);
    model.session.dirty = true;
    effects
}

pub(super) fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

/// How long to wait for the next tick: a second while something shown ages, a quarter while something moves, until
/// attention ends while somebody looks, else for ever.
pub fn next_tick(model: &Model) -> Option<Duration> {
    if model.settings.motion && something_moves(model) {
        return Some(Duration::from_millis(250));
    }
    if something_ages(model) || something_moves(model) {
        return Some(Duration::from_secs(1));
    }
    // One more when nobody looks any longer.
    let attention = attention::looks_until(model).filter(|_| model.session.attentive);
    attention.into_iter().chain(others::next_change(model)).min()
}

fn something_moves(model: &Model) -> bool {
    model.runs.iter().any(Run::moves) || model.board.is_moving()
}

/// Whether something is still read for the first time: then rows come fast, and people wait for them.
pub fn first_reading(model: &Model) -> bool {
    let mut worlds = model.catalog.environments.iter().filter_map(|env| model.world.env(&env.name));
    worlds.any(|world| matches!(world.freshness(), Freshness::Reading { .. }))
}

fn something_ages(model: &Model) -> bool {
    let old = |freshness: Freshness| matches!(freshness, Freshness::Reading { .. } | Freshness::Stale { .. });
    let envs = &model.catalog.environments;
    envs.iter().any(|env| model.world.env(&env.name).is_some_and(|world| old(world.freshness())))
        || journal::toast(model).is_some_and(|toast| !toast.sticky)
        || model.active_run().is_some()
        || super::soaks::something_soaks(model)
        || model.home.unsorted
        || model.board.is_on_trial()
        || model.session.interrupted.is_some()
        || holders::something_ages(model)
        || locks::something_ages(model)
        || outages::something_ages(model)
}
