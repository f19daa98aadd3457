//! What the user may do where: asked before it is offered, and asked anew where it is wanted, since rights are given and
//! taken. Only a clear no hinders anything; where nobody answers, the write itself decides.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::Effect;
use super::model::{Model, Overlay};
use super::overlays::{lock, plan};
use crate::actions::Action;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::EnvId;
use crate::domain::plan::{Plan, Warning};
use crate::domain::rights::Need;

type Key = (EnvId, Need);

/// What was asked, and what was answered last.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    wanted: BTreeSet<Key>,
    asked: BTreeSet<Key>,
    answers: BTreeMap<Key, Result<(), Fault>>,
}

impl Rights {
    /// Asks as soon as something else happened, again where it was answered before.
    pub fn want(&mut self, env: &EnvId, need: Need) {
        self.wanted.insert((env.clone(), need));
    }

    pub fn is_answered(&self, env: &EnvId, need: Need) -> bool {
        self.answers.contains_key(&(env.clone(), need))
    }

    /// The right that is known to be missing.
    pub fn missing(&self, env: &EnvId, need: Need) -> Option<&Fault> {
        let refused = self.answers.get(&(env.clone(), need))?.as_ref().err()?;
        (refused.kind == FaultKind::Forbidden).then_some(refused)
    }
}

/// Asks what is wanted; of every environment, once it is current, whether anything may be changed there. Says in the
/// plan that is shown what is missing.
pub fn follow(model: &mut Model) -> Vec<Effect> {
    if model.session.read_only.is_some() {
        model.session.rights.wanted.clear();
        return Vec::new();
    }
    if model.session.tends {
        let live = |env: &EnvId| model.world.env(env).is_some_and(|world| world.freshness().is_live());
        let envs = model.catalog.environments.iter().map(|env| (env.name.clone(), Need::Change));
        let rights = &mut model.session.rights;
        rights.wanted.extend(envs.filter(|key| !rights.asked.contains(key) && live(&key.0)));
    }
    if let Some(Overlay::Plan(review)) = model.overlays.last() {
        let known = warnings(model, &review.plan);
        plan::warn(model, known);
    }
    ask(model)
}

/// Asks what is wanted.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (env, need) in std::mem::take(&mut model.session.rights.wanted) {
        let Some(found) = model.catalog.environment(&env) else { continue };
        let (cluster, namespace) = (found.cluster.clone(), found.namespace.clone());
        let wanted = need.wanted(model.catalog.services.iter().map(|service| service.workload.kind));
        model.session.rights.asked.insert((env.clone(), need));
        effects.push(Effect::AskRights { env, cluster, namespace, need, wanted });
    }
    effects
}

/// Takes an answer in.
pub fn answered(model: &mut Model, env: EnvId, need: Need, result: Result<(), Fault>) {
    if let (Need::Share, Err(fault)) = (need, &result) {
        lock::withdraw(model, fault);
    }
    model.session.rights.answers.insert((env, need), result);
}

/// What a plan has to say about rights that are known to be missing.
pub fn warnings(model: &Model, plan: &Plan) -> Vec<Warning> {
    let missing = |need, text: &dyn Fn(&Fault) -> String| {
        let fault = model.session.rights.missing(&plan.env, need)?;
        Some(Warning::new(plan.env.to_string(), text(fault)))
    };
    let change = missing(Need::Change, &|fault| format!("cannot be changed by you: {fault}"));
    let hold = missing(Need::Hold, &|fault| {
        format!("cannot be held while it is deployed: {fault}; others may deploy the same at the same time")
    });
    [change, hold].into_iter().flatten().collect()
}

/// Why nothing can be changed in an environment, for people.
///
/// # Errors
/// The right that is missing.
pub fn may_change(model: &Model, env: &EnvId) -> Result<(), String> {
    refuse(model, env, Need::Change)
}

/// Whether the right to do this is not known to be missing.
///
/// # Errors
/// The right that is missing.
pub fn refuse(model: &Model, env: &EnvId, need: Need) -> Result<(), String> {
    model.session.rights.missing(env, need).map_or(Ok(()), |fault| Err(format!("not for you: {fault}")))
}

/// It was wanted and refused: if the right was given meanwhile, it is there when the key is pressed again.
pub fn refused(model: &mut Model, action: Action) {
    let need = match action {
        Action::Deploy | Action::RollBack | Action::Promote => Need::Change,
        Action::Freeze | Action::Unlock => Need::Share,
        _ => return,
    };
    let Some(env) = model.home.env.clone() else { return };
    let envs: Vec<EnvId> = match action {
        Action::Promote => model.catalog.downstream(&env).map(|it| it.name.clone()).collect(),
        _ => vec![env],
    };
    for env in envs {
        if model.session.rights.missing(&env, need).is_some() {
            model.session.rights.want(&env, need);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Outcome;
    use crate::app::testkit::Cockpit;
    use crate::domain::ids::ServiceId;

    fn staging() -> EnvId {
        EnvId::new("staging")
    }

    fn refuse(cockpit: &mut Cockpit, need: Need) {
        let result = Err(Fault::new(FaultKind::Forbidden, "no right to patch deployments in namespace shop"));
        cockpit.done(Outcome::Rights { env: staging(), need, result });
    }

    fn asked(cockpit: &Cockpit, what: Need) -> usize {
        let asks =
            |it: &&Effect| matches!(it, Effect::AskRights { env, need, .. } if *env == staging() && *need == what);
        cockpit.effects.iter().filter(asks).count()
    }

    fn at_auth() -> Cockpit {
        let mut cockpit = Cockpit::demo();
        cockpit.model.home.service = Some(ServiceId::new("auth"));
        cockpit.model.home.env = Some(staging());
        cockpit
    }

    #[test]
    fn of_every_environment_is_asked_once_whether_anything_may_be_changed_there() {
        let mut cockpit = at_auth();
        cockpit.wait(1).wait(1);
        assert_eq!(asked(&cockpit, Need::Change), 1);
    }

    #[test]
    fn who_may_only_look_is_not_offered_a_deploy_and_may_when_the_right_was_given() {
        let mut cockpit = at_auth();
        cockpit.wait(1);
        refuse(&mut cockpit, Need::Change);
        cockpit.press("d");
        assert!(cockpit.overlay().is_none());
        assert_eq!(cockpit.notice(), "deploy: not for you: no right to patch deployments in namespace shop");
        // The key asks anew.
        assert_eq!(asked(&cockpit, Need::Change), 1);
        cockpit.done(Outcome::Rights { env: staging(), need: Need::Change, result: Ok(()) });
        cockpit.press("dv9<enter><enter>");
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    }

    #[test]
    fn a_right_that_is_taken_while_the_plan_is_read_is_named_in_it_and_nothing_is_written() {
        let mut cockpit = at_auth();
        cockpit.press("dv9<enter>");
        refuse(&mut cockpit, Need::Change);
        let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("the plan") };
        assert!(review.warnings[0].text.starts_with("cannot be changed by you: no right"), "{:?}", review.warnings);
        cockpit.press("<enter>");
        assert_eq!(cockpit.notice(), "not for you: no right to patch deployments in namespace shop");
        assert!(cockpit.written().is_empty());
    }

    #[test]
    fn without_the_right_to_leases_the_plan_says_so_and_it_can_be_done() {
        let mut cockpit = at_auth();
        cockpit.press("dv9<enter>");
        assert_eq!(asked(&cockpit, Need::Hold), 1);
        refuse(&mut cockpit, Need::Hold);
        let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("the plan") };
        assert!(review.warnings[0].text.starts_with("cannot be held while it is deployed"), "{:?}", review.warnings);
        cockpit.press("<enter>");
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    }

    #[test]
    fn where_nobody_answers_the_write_decides() {
        let mut cockpit = at_auth();
        let result = Err(Fault::new(FaultKind::Unreachable, "no answer"));
        cockpit.done(Outcome::Rights { env: staging(), need: Need::Change, result });
        cockpit.press("dv9<enter><enter>");
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    }

    #[test]
    fn who_may_write_nothing_shared_is_not_asked_for_the_reason_of_a_freeze() {
        let mut cockpit = at_auth();
        refuse(&mut cockpit, Need::Share);
        cockpit.press("F");
        assert!(cockpit.overlay().is_none() && cockpit.notice().contains("not for you"), "{}", cockpit.notice());
    }
}
