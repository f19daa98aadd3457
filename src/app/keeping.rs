//! What the cluster keeps of the session's runs, so that they survive the session.

use std::sync::Arc;

use super::effect::Effect;
use super::journal;
use super::model::Model;
use crate::domain::fault::Fault;
use crate::domain::ids::{RunId, Uid};
use crate::domain::run::{Hold, Run, document};
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
}

/// The document to be written where a run has changed; it goes before what the run wants to be done.
pub fn follow(model: &mut Model, id: RunId) -> Option<Effect> {
    let run = model.run(id).filter(|run| document::is_worth_keeping(run) && is_ours(run))?;
    let env = model.catalog.environment(&run.plan.env)?.clone();
    let (text, over) = (document::write(run), run.state.is_over());
    let (started, key) = (run.started, model.session.kept.get(&id).map(|kept| Arc::clone(&kept.key)));
    let key = key.unwrap_or_else(|| document::key(started, &model.session.identity, id));
    let kept = model.session.kept.entry(id);
    let kept = kept.or_insert_with(|| Kept { key, over: None, text: String::new(), without: None });
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
    matches!(run.hold, Hold::Held { .. } | Hold::Without(_) | Hold::Released) || run.state.is_over()
}

/// Takes in that a run cannot be kept: it goes on, and that it would not survive is said once.
pub fn answered(model: &mut Model, id: RunId, fault: &Fault) {
    unkept(model, id, &fault.to_string());
}

fn unkept(model: &mut Model, id: RunId, why: &str) {
    let Some(kept) = model.session.kept.get_mut(&id) else { return };
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
