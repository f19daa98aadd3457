//! Clean-ups under way: which answers are still out, and what is kept of them in the history when the last one is in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::effect::Effect;
use super::journal;
use super::model::Model;
use crate::domain::cleanup::Finding;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::history::CleanUp;
use crate::domain::ids::{EnvId, RunId, Uid};
use crate::domain::lease::who;
use crate::domain::run::document;
use crate::domain::verdict::State;

/// Leftovers of one environment that are being removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    pub env: EnvId,
    /// Those without an answer, as they will be told.
    open: BTreeMap<Uid, String>,
    removed: Vec<Arc<str>>,
    left: Vec<Arc<str>>,
}

/// Notes what has been asked for.
pub fn begin(model: &mut Model, findings: &[Finding]) {
    let Some(first) = findings.first() else { return };
    let told = |it: &Finding| (it.uid.clone(), format!("{}/{}  {}", it.kind.resource(), it.name, it.reason));
    let open = findings.iter().map(told).collect();
    model.removals.push(Removal { env: first.env.clone(), open, removed: Vec::new(), left: Vec::new() });
}

/// Takes in one answer. After the last one: how many are gone, and what is to be recorded.
pub fn answered(model: &mut Model, uid: &Uid, result: Result<(), &Fault>) -> Option<(EnvId, usize, Vec<Effect>)> {
    let place = model.removals.iter().position(|it| it.open.contains_key(uid))?;
    let removal = &mut model.removals[place];
    let told = removal.open.remove(uid)?;
    match result {
        Ok(()) => removal.removed.push(told.into()),
        Err(fault) if fault.kind == FaultKind::NotFound => {
            removal.left.push(format!("{told}: was gone already").into());
        }
        Err(fault) => removal.left.push(format!("{told}: {fault}").into()),
    }
    if !removal.open.is_empty() {
        return None;
    }
    let Removal { env, removed, left, .. } = model.removals.remove(place);
    let (count, now) = (removed.len(), model.session.now);
    let by = who(&model.session.identity).into();
    let kept = CleanUp { at: now, by, removed, left, more: 0 };
    let name = format!("shipdeck-cleanup-{}", document::key(now, &model.session.identity, RunId(0)));
    let effects = model.catalog.environment(&env).map(|found| Effect::Record {
        env: env.clone(),
        cluster: found.cluster.clone(),
        namespace: Arc::clone(&found.namespace),
        name: name.into(),
        texts: kept.texts(),
    });
    Some((env, count, effects.into_iter().collect()))
}

/// Takes in that a clean-up is not in the history: it was done all the same.
pub fn unrecorded(model: &mut Model, env: &EnvId, fault: &Fault) {
    let title = format!("the clean-up of {env} is not in its history: {fault}");
    journal::notice(model, State::Blocked, title, "what was removed is removed; its logs are saved here");
}
