//! What effects came to.

use super::effect::{Effect, TaskKey};
use super::model::Model;
use super::msg::Outcome;
use super::{discovery, journal, keeping, overlays, removals, rights, runs, screens, stewards, traffic};
use crate::domain::run::RunEvent;
use crate::domain::verdict::State;

/// What a first configuration is called where it is saved.
pub const CONFIGURATION: &str = "configuration";

/// Takes in what became of something that was asked for.
pub fn take(model: &mut Model, outcome: Outcome) -> Vec<Effect> {
    model.session.dirty = true;
    match outcome {
        Outcome::Discovered { cluster, result } => discovery::take(model, &cluster, result),
        Outcome::Held { run, news } => runs::on(model, run, RunEvent::Held(news)),
        Outcome::Unkept { run, fault } => keeping::answered(model, run, &fault),
        Outcome::Unrecorded { env, fault } => {
            removals::unrecorded(model, &env, &fault);
            Vec::new()
        }
        Outcome::Rights { env, need, result } => {
            rights::answered(model, env, need, result);
            Vec::new()
        }
        Outcome::Practice { env, service, practice } => {
            stewards::answered(model, env, service, practice);
            Vec::new()
        }
        Outcome::Traffic { run, result } => traffic::answered(model, run, result),
        Outcome::LockChanged { env, change, result } => overlays::lock::answered(model, &env, change, result),
        Outcome::RunChanged { env, change, result } => screens::others::answered(model, &env, change, result),
        Outcome::Written { run, service, result, at } => runs::written(model, run, &service, result, at),
        Outcome::Revisions { env, service, result } => screens::rollback::answered(model, &env, &service, result),
        Outcome::Deleted { uid, result } => screens::cleanup::deleted(model, &uid, result),
        Outcome::Saved { what, result } => {
            match result {
                Ok(path) => {
                    if what == CONFIGURATION {
                        (model.session.written, model.session.welcome) = (Some(path.clone()), true);
                    }
                    journal::notice(model, State::Done, format!("{what} saved"), path);
                }
                // The reason names the file and what to do.
                Err(fault) => {
                    journal::notice(model, State::Failed, format!("{what} was not saved"), fault.to_string());
                }
            }
            Vec::new()
        }
        Outcome::TaskFailed { key, fault } => {
            let what = match key {
                TaskKey::Watch(env) => format!("watching {env}"),
                TaskKey::Log(_) => "reading a log".to_owned(),
                TaskKey::Discover(cluster) => format!("looking around in {cluster}"),
                TaskKey::Write(run, service) => format!("writing {service} in run {run}"),
                TaskKey::Rights(env, _) => format!("asking for rights in {env}"),
                TaskKey::Other(_) => "a task".to_owned(),
            };
            journal::notice(model, State::Failed, format!("{what} failed: {fault}"), fault.advice());
            Vec::new()
        }
    }
}
