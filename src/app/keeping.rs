//! What the cluster keeps of the session's runs, so that they survive the session.

use std::sync::Arc;

use super::effect::Effect;
use super::journal;
use super::model::Model;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{EnvId, RunId, Uid};
use crate::domain::lease;
use crate::domain::observed::Kind;
use crate::domain::run::{Hold, Run, RunEvent, RunState, document};
use crate::domain::verdict::State;

/// A run and its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub key: Arc<str>,
    /// What was read, of a run that was taken up: it is written only over that.
    pub over: Option<(Uid, Arc<str>)>,
    /// What is to stand there.
    pub text: String,
    /// Why it is not kept, or not any more.
    pub without: Option<String>,
    /// It was seen in the cluster as this session wrote it.
    pub seen: bool,
}

/// The document to be written where a run has changed; it goes before what the run wants to be done.
pub fn follow(model: &mut Model, id: RunId) -> Option<Effect> {
    let run = model.run(id).filter(|run| document::is_worth_keeping(run) && is_ours(run))?;
    let env = model.catalog.environment(&run.plan.env)?.clone();
    let (text, over) = (document::write(run), run.state.is_over());
    let (started, key) = (run.started, model.session.kept.get(&id).map(|kept| Arc::clone(&kept.key)));
    let key = key.unwrap_or_else(|| document::key(started, &model.session.identity, id));
    let kept = model.session.kept.entry(id);
    let kept = kept.or_insert_with(|| Kept { key, over: None, text: String::new(), without: None, seen: false });
    let text = match text {
        Ok(text) if text == kept.text => return None,
        Ok(text) => text,
        Err(why) => {
            unkept(model, id, &why);
            return None;
        }
    };
    kept.text.clone_from(&text);
    let (key, replaces) = (Arc::clone(&kept.key), kept.over.clone());
    Some(Effect::Keep { run: id, cluster: env.cluster, namespace: env.namespace, key, replaces, text, over })
}

/// Before the leases are held, and where they were refused, the document is that of whoever holds them; what is over needs
/// none.
fn is_ours(run: &Run) -> bool {
    match run.hold {
        Hold::Held { .. } | Hold::Without(_) | Hold::Released => true,
        Hold::Passed { .. } => false,
        _ => run.state.is_over(),
    }
}

/// Takes in that a run cannot be kept: it goes on, and that it would not survive is said once. Where somebody else has
/// written its document, it is theirs.
pub fn answered(model: &mut Model, id: RunId, fault: &Fault) -> Vec<Effect> {
    if let (FaultKind::Conflict, Some(kept)) = (fault.kind, model.session.kept.get_mut(&id)) {
        kept.seen = true;
    }
    let effects = look(model, id);
    if !model.run(id).is_some_and(|run| matches!(run.hold, Hold::Passed { .. })) {
        unkept(model, id, &fault.to_string());
    }
    effects
}

/// Looks at the documents of the session's own runs after something was seen in an environment.
pub fn watched(model: &mut Model, env: &EnvId) -> Vec<Effect> {
    let here = |id: &RunId| model.run(*id).is_some_and(|run| run.plan.env == *env && !run.state.is_over());
    let ids: Vec<RunId> = model.session.kept.keys().copied().filter(here).collect();
    ids.into_iter().flat_map(|id| look(model, id)).collect()
}

/// What somebody else has done to the document of a run.
enum Deed {
    /// They carry the run out from now on, or have ended it.
    Passed {
        by: Arc<str>,
        ended: bool,
    },
    Removed,
    Spoilt(String),
}

/// A document of somebody else makes the run theirs; what was removed or spoilt by hand is written again, because this
/// process still holds the leases and goes on.
fn look(model: &mut Model, id: RunId) -> Vec<Effect> {
    match deed(model, id) {
        None => Vec::new(),
        Some(Deed::Passed { by, ended }) => super::runs::on(model, id, RunEvent::Passed { by, ended }),
        Some(Deed::Removed) => again(model, id, "was removed by somebody"),
        Some(Deed::Spoilt(why)) => again(model, id, &format!("was changed by somebody: {why}")),
    }
}

fn deed(model: &mut Model, id: RunId) -> Option<Deed> {
    let ours = Arc::clone(&model.session.identity);
    let Model { runs, session, world, .. } = model;
    let run = runs.iter().find(|run| run.id == id && !run.state.is_over())?;
    let (kept, world) = (session.kept.get_mut(&id)?, world.env(&run.plan.env)?);
    let Some(filed) = world.runs().find(|filed| *filed.key() == kept.key) else {
        return (kept.seen && world.is_current(Kind::Document)).then_some(Deed::Removed);
    };
    let broken = filed.entry.as_ref().err().map(|broken| broken.why.clone());
    if filed.owner.is_empty() || !ours.is_empty() && filed.owner.starts_with(&*ours) {
        let was_seen = std::mem::replace(&mut kept.seen, true);
        return broken.filter(|_| was_seen).map(Deed::Spoilt);
    }
    // Before it was written here, the document is that of whoever had it before.
    let ended = filed.entry.as_ref().is_ok_and(|entry| entry.run.state.is_over());
    kept.seen.then(|| Deed::Passed { by: lease::who(&filed.owner).into(), ended })
}

fn again(model: &mut Model, id: RunId, what: &str) -> Vec<Effect> {
    let Some(kept) = model.session.kept.get_mut(&id) else { return Vec::new() };
    (kept.seen, kept.text) = (false, String::new());
    let name = model.run(id).map(|run| super::runs::name(&run.plan)).unwrap_or_default();
    let detail = "it is written again, and the run goes on";
    journal::notice(model, State::Blocked, format!("the record of the {name} {what}"), detail);
    follow(model, id).into_iter().collect()
}

fn unkept(model: &mut Model, id: RunId, why: &str) {
    // Of a run that is over only the watch of its pods is not noted to the end, and who reads it is told so.
    let over = model.run(id).is_some_and(|run| run.state == RunState::Succeeded);
    let Some(kept) = model.session.kept.get_mut(&id).filter(|kept| !over || !kept.seen) else { return };
    if kept.without.replace(why.to_owned()).is_none() {
        let name = model.run(id).map(|run| super::runs::name(&run.plan)).unwrap_or_default();
        let detail = "if this program ends before it does, nobody can resume it";
        journal::notice(model, State::Blocked, format!("{name} is not kept in the cluster: {why}"), detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Outcome;
    use crate::app::testkit::Cockpit;
    use crate::domain::fault::FaultKind;

    /// What is asked for, in order: documents and writes.
    fn asked(cockpit: &Cockpit) -> Vec<String> {
        let word = |effect: &Effect| match effect {
            Effect::Keep { text, .. } => {
                let run: serde_json::Value = serde_json::from_str(text).unwrap();
                Some(format!("keep {}", run["waves"][0][0]["state"].as_str().unwrap()))
            }
            Effect::SetImage { service, .. } => Some(format!("write {service}")),
            _ => None,
        };
        cockpit.effects.iter().filter_map(word).collect()
    }

    fn deploying() -> Cockpit {
        let mut cockpit = Cockpit::demo();
        cockpit.press("d").press("v3<enter><enter>");
        cockpit
    }

    #[test]
    fn a_step_is_kept_before_it_is_written() {
        let cockpit = deploying();
        assert_eq!(asked(&cockpit), ["keep writing", "write auth"], "{:?}", cockpit.effects);
    }

    #[test]
    fn a_run_that_cannot_be_kept_goes_on_and_says_so_once() {
        let mut cockpit = deploying();
        let run = cockpit.model.runs[0].id;
        let fault = Fault::new(FaultKind::Forbidden, "no right to create configmaps");
        cockpit.done(Outcome::Unkept { run, fault: fault.clone() });
        let before = cockpit.model.journal.notices.len();
        cockpit.done(Outcome::Unkept { run, fault });
        assert!(cockpit.notice().ends_with("is not kept in the cluster: no right to create configmaps"));
        assert_eq!(cockpit.model.journal.notices.len(), before);
    }
}
