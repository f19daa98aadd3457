//! What the user may do where: asked before it is offered, and asked anew where it is wanted, since rights are given and
//! taken. Only a clear no hinders anything; where nobody answers, the write itself decides.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::Effect;
use super::model::{Model, Overlay};
use super::overlays::{lock, plan};
use crate::actions::Action;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::observed::WorkloadKind;
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
        let kinds: BTreeSet<Need> = changes(model, model.catalog.services.iter().map(|it| &it.name)).collect();
        let envs = model.catalog.environments.iter().filter(|env| live(&env.name));
        let keys = envs.flat_map(|env| kinds.iter().map(|need| (env.name.clone(), *need)));
        let rights = &mut model.session.rights;
        rights.wanted.extend(keys.filter(|key| !rights.asked.contains(key)));
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
        let wanted = need.wanted();
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
    let services = plan.changed().map(|step| &step.service);
    let change = missing_of(model, &plan.env, services)
        .map(|(services, fault)| Warning::new(services.join(", "), format!("cannot be changed by you: {fault}")));
    let hold = missing(Need::Hold, &|fault| {
        format!("cannot be held while it is deployed: {fault}; others may deploy the same at the same time")
    });
    [change, hold].into_iter().flatten().collect()
}

/// The rights that it takes to change these services.
pub fn changes<'a>(
    model: &'a Model,
    services: impl IntoIterator<Item = &'a ServiceId> + 'a,
) -> impl Iterator<Item = Need> + 'a {
    let services = services.into_iter().filter_map(|service| model.catalog.service(service));
    services.map(|service| Need::Change(service.workload.kind))
}

/// Those of the services that the user may not change there, and the first right that is missing.
pub fn missing_of<'a>(
    model: &'a Model,
    env: &EnvId,
    services: impl IntoIterator<Item = &'a ServiceId>,
) -> Option<(Vec<&'a str>, &'a Fault)> {
    let refused = |service: &'a ServiceId| {
        let need = changes(model, [service]).next()?;
        Some((service.as_str(), model.session.rights.missing(env, need)?))
    };
    let refused: Vec<(&str, &Fault)> = services.into_iter().filter_map(refused).collect();
    let (_, first) = refused.first()?;
    Some((refused.iter().map(|(service, _)| *service).collect(), first))
}

/// Why none of the services can be changed there, for people: one that can be is enough to begin.
///
/// # Errors
/// The right that is missing.
pub fn may_change<'a>(
    model: &'a Model,
    env: &EnvId,
    services: impl IntoIterator<Item = &'a ServiceId>,
) -> Result<(), String> {
    let services: Vec<&ServiceId> = services.into_iter().collect();
    let all = services.len();
    match missing_of(model, env, services) {
        Some((refused, fault)) if refused.len() == all => Err(format!("not for you: {fault}")),
        _ => Ok(()),
    }
}

/// The same of all services there are.
///
/// # Errors
/// The right that is missing.
pub fn may_change_any(model: &Model, env: &EnvId) -> Result<(), String> {
    may_change(model, env, model.catalog.services.iter().map(|it| &it.name))
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
    let needs: Vec<Need> = match action {
        Action::Deploy | Action::RollBack | Action::Promote => WorkloadKind::ALL.map(Need::Change).to_vec(),
        Action::Freeze | Action::Unlock => vec![Need::Share],
        _ => return,
    };
    let Some(env) = model.home.env.clone() else { return };
    let envs: Vec<EnvId> = match action {
        Action::Promote => model.catalog.downstream(&env).map(|it| it.name.clone()).collect(),
        _ => vec![env],
    };
    for (env, need) in envs.iter().flat_map(|env| needs.iter().map(move |need| (env, *need))) {
        if model.session.rights.missing(env, need).is_some() {
            model.session.rights.want(env, need);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Outcome;
    use crate::app::testkit::Cockpit;

    const CHANGE: Need = Need::Change(WorkloadKind::Deployment);

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
        assert_eq!(asked(&cockpit, CHANGE), 1);
    }

    #[test]
    fn who_may_only_look_is_not_offered_a_deploy_and_may_when_the_right_was_given() {
        let mut cockpit = at_auth();
        cockpit.wait(1);
        refuse(&mut cockpit, CHANGE);
        cockpit.press("d");
        assert!(cockpit.overlay().is_none());
        assert_eq!(cockpit.notice(), "deploy: not for you: no right to patch deployments in namespace shop");
        // The key asks anew.
        assert_eq!(asked(&cockpit, CHANGE), 1);
        cockpit.done(Outcome::Rights { env: staging(), need: CHANGE, result: Ok(()) });
        cockpit.press("dv9<enter><enter>");
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    }

    #[test]
    fn a_right_that_is_taken_while_the_plan_is_read_is_named_in_it_and_nothing_is_written() {
        let mut cockpit = at_auth();
        cockpit.press("dv9<enter>");
        refuse(&mut cockpit, CHANGE);
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
    fn who_may_not_touch_one_kind_deploys_what_runs_as_another() {
        let mut cockpit = at_auth();
        let result = Err(Fault::new(FaultKind::Forbidden, "no right to patch statefulsets in namespace shop"));
        let need = Need::Change(WorkloadKind::StatefulSet);
        cockpit.done(Outcome::Rights { env: staging(), need, result });
        assert!(may_change_any(&cockpit.model, &staging()).is_ok());
        cockpit.press("dv9<enter><enter>");
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    }

    #[test]
    fn where_nobody_answers_the_write_decides() {
        let mut cockpit = at_auth();
        let result = Err(Fault::new(FaultKind::Unreachable, "no answer"));
        cockpit.done(Outcome::Rights { env: staging(), need: CHANGE, result });
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
