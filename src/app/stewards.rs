//! Who would put a change back: asked when a plan is shown, told before anything happens, and never fought.

use super::effect::Effect;
use super::model::{Model, Overlay};
use super::overlays::plan;
use crate::domain::board::container_of;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::plan::{Plan, Warning};
use crate::domain::steward::{Practice, Ruling, Steward, rule};
use crate::domain::words;
use crate::ports::stewards::Question;

/// A service that is described elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    pub service: ServiceId,
    pub steward: Steward,
    /// None: not answered yet.
    pub practice: Option<Practice>,
}

impl Described {
    /// What follows for a change; none: it is still being asked.
    pub fn ruling(&self) -> Option<Ruling> {
        self.practice.as_ref().map(|practice| rule(&self.steward, practice))
    }
}

/// Who keeps the service there, as far as is known.
pub fn of(model: &Model, service: &ServiceId, env: &EnvId) -> Option<Described> {
    let declared = model.catalog.service(service)?;
    let steward = model.world.env(env)?.workload(&declared.workload)?.steward.as_deref()?.clone();
    let practice = match steward {
        // Nobody has to be asked: files say nothing of when they are applied again.
        Steward::Files => Some(Practice::by_hand()),
        _ => model.session.practices.get(&(env.clone(), service.clone())).cloned().flatten(),
    };
    Some(Described { service: service.clone(), steward, practice })
}

/// Those of a plan's services that are described elsewhere and would be changed.
pub fn of_plan(model: &Model, plan: &Plan) -> Vec<Described> {
    plan.changed().filter_map(|step| of(model, &step.service, &plan.env)).collect()
}

/// Why the plan may not begin, and what to do instead.
pub fn refusal(kept: &[Described]) -> Option<(String, String)> {
    kept.iter().find_map(|it| match it.ruling() {
        None => Some((
            format!("whether {} puts the image of {} back is still being asked", it.steward.told(), it.service),
            "Try again in a moment.".to_owned(),
        )),
        Some(Ruling::ThroughSource { why, remedy, .. }) => {
            Some((format!("{} {why}", it.service), format!("{remedy}.")))
        }
        Some(Ruling::Free | Ruling::Warned(_)) => None,
    })
}

/// What a plan has to say of stewards, each thing once.
pub fn warnings(kept: &[Described]) -> Vec<Warning> {
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for it in kept {
        let text = match it.ruling() {
            Some(Ruling::Warned(text)) => text,
            Some(Ruling::ThroughSource { why, remedy, .. }) => format!("{why}. {remedy}"),
            Some(Ruling::Free) | None => continue,
        };
        match told.iter_mut().find(|(other, _)| *other == text) {
            Some((_, services)) => services.push(it.service.as_str()),
            None => told.push((text, vec![it.service.as_str()])),
        }
    }
    let warning = |(text, services): (String, Vec<&str>)| {
        Warning::new(services.join(", "), words::said_of(services.len(), &text))
    };
    told.into_iter().map(warning).collect()
}

/// Asks about what a plan, or the question why not, is about; says in the plan what was answered.
pub fn follow(model: &mut Model) -> Vec<Effect> {
    match model.overlays.last() {
        Some(Overlay::Plan(review)) => {
            let env = review.plan.env.clone();
            let services: Vec<ServiceId> = review.plan.steps().map(|step| step.service.clone()).collect();
            let effects = ask(model, &env, &services);
            tell(model);
            effects
        }
        Some(Overlay::Why { service, env, .. }) => {
            let (service, env) = (service.clone(), env.clone());
            ask(model, &env, std::slice::from_ref(&service))
        }
        _ => Vec::new(),
    }
}

fn tell(model: &mut Model) {
    let Some(Overlay::Plan(review)) = model.overlays.last() else { return };
    let known = warnings(&of_plan(model, &review.plan));
    plan::warn(model, known);
}

/// Forgets what was answered: stewards change their ways.
pub fn forget(model: &mut Model) {
    model.session.practices.clear();
}

/// Asks once about each of the services that has a steward.
pub fn ask(model: &mut Model, env: &EnvId, services: &[ServiceId]) -> Vec<Effect> {
    let Some(found) = model.catalog.environment(env) else { return Vec::new() };
    let (cluster, namespace) = (found.cluster.clone(), found.namespace.clone());
    let mut effects = Vec::new();
    for service in services {
        let key = (env.clone(), service.clone());
        if model.session.read_only.is_some() || model.session.practices.contains_key(&key) {
            continue;
        }
        let Some(Described { steward, practice: None, .. }) = of(model, service, env) else { continue };
        let Some(declared) = model.catalog.service(service) else { continue };
        let workload = model.world.env(env).and_then(|world| world.workload(&declared.workload));
        let Some((_, container)) = workload.and_then(|it| container_of(declared, &it.containers)) else { continue };
        let question = Question {
            namespace: namespace.clone(),
            workload: declared.workload.clone(),
            container: container.name.clone(),
            image: container.image.clone(),
            steward,
        };
        let (env, service, cluster) = (env.clone(), service.clone(), cluster.clone());
        effects.push(Effect::AskSteward { env, service, cluster, question: Box::new(question) });
        model.session.practices.insert(key, None);
    }
    effects
}

/// Takes in how a steward goes about it.
pub fn answered(model: &mut Model, env: EnvId, service: ServiceId, practice: Practice) {
    model.session.practices.insert((env, service), Some(practice));
    model.session.dirty = true;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::model::Overlay;
    use crate::app::msg::{Msg, Outcome};
    use crate::app::testkit::Cockpit;
    use crate::domain::observed::{Change, Object};
    use crate::domain::steward::{Source, Sync};

    fn staging() -> EnvId {
        EnvId::new("staging")
    }

    /// auth in staging is kept by somebody.
    fn kept(cockpit: &mut Cockpit, steward: Steward) {
        let reference = cockpit.model.catalog.service(&ServiceId::new("auth")).unwrap().workload.clone();
        let mut found = cockpit.model.world.env(&staging()).unwrap().workload(&reference).unwrap().clone();
        found.steward = Some(Box::new(steward));
        cockpit.send(Msg::Fact { env: staging(), change: Change::Upsert(Object::Workload(Box::new(found))) });
        cockpit.model.home.service = Some(ServiceId::new("auth"));
        cockpit.model.home.env = Some(staging());
    }

    fn argo() -> Steward {
        Steward::Argo { app: Some("web".into()), namespace: None, tracked: true }
    }

    fn practice(sync: Sync) -> Practice {
        let source = Source { repository: "https://git/shop".into(), path: None, revision: None };
        Practice { sync, source: Some(source), ..Practice::by_hand() }
    }

    fn answers(cockpit: &mut Cockpit, practice: Practice) {
        let asked = |it: &Effect| matches!(it, Effect::AskSteward { service, .. } if service.as_str() == "auth");
        assert!(cockpit.effects.iter().any(asked), "{:?}", cockpit.effects);
        cockpit.done(Outcome::Practice { env: staging(), service: ServiceId::new("auth"), practice });
    }

    fn warned(cockpit: &Cockpit) -> Vec<String> {
        match cockpit.overlay() {
            Some(Overlay::Plan(review)) => {
                review.warnings.iter().map(|it| format!("{} {}", it.subject, it.text)).collect()
            }
            other => panic!("no plan: {other:?}"),
        }
    }

    #[test]
    fn who_puts_a_change_back_by_itself_is_not_fought() {
        let mut cockpit = Cockpit::demo();
        kept(&mut cockpit, argo());
        cockpit.press("dv9<enter>");
        answers(&mut cockpit, practice(Sync::Heals));
        let why = "auth is kept by Argo CD (application web), which puts any other image back by itself";
        assert_eq!(warned(&cockpit), [format!("{why}. Change the image in https://git/shop")]);
        cockpit.press("<enter>");
        assert_eq!(cockpit.notice(), why);
        assert!(cockpit.written().is_empty());
    }

    #[test]
    fn nothing_begins_before_it_is_answered() {
        let mut cockpit = Cockpit::demo();
        kept(&mut cockpit, argo());
        cockpit.press("dv9<enter><enter>");
        assert!(cockpit.notice().ends_with("is still being asked"), "{}", cockpit.notice());
        assert!(cockpit.written().is_empty());
        let env = staging();
        cockpit.done(Outcome::Practice { env, service: ServiceId::new("auth"), practice: practice(Sync::LeavesImage) });
        assert!(warned(&cockpit).is_empty());
        cockpit.press("<enter>");
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    }

    #[test]
    fn helm_is_warned_of_and_goes_on() {
        let mut cockpit = Cockpit::demo();
        let helm = Steward::Helm { release: "web".into(), namespace: "x".into(), chart: None, applies: false };
        kept(&mut cockpit, helm);
        cockpit.press("dv9<enter>");
        answers(&mut cockpit, Practice { values: vec!["image.tag".into()], ..Practice::by_hand() });
        assert!(warned(&cockpit)[0].contains("change image.tag in its values too"), "{:?}", warned(&cockpit));
        cockpit.press("<enter>");
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    }

    #[test]
    fn files_are_told_at_once_and_every_plan_asks_anew() {
        let mut cockpit = Cockpit::demo();
        kept(&mut cockpit, Steward::Files);
        cockpit.press("dv9<enter>");
        assert!(warned(&cockpit)[0].contains("the next apply"), "{:?}", warned(&cockpit));
        assert!(!cockpit.effects.iter().any(|it| matches!(it, Effect::AskSteward { .. })));
        cockpit.press("<esc><esc>");
        kept(&mut cockpit, argo());
        for _ in 0..2 {
            cockpit.press("dv9<enter>");
            answers(&mut cockpit, practice(Sync::Heals));
            cockpit.press("<esc><esc>");
        }
    }

    #[test]
    fn what_several_services_share_is_said_once() {
        let of = |name: &str| Described {
            service: ServiceId::new(name),
            steward: Steward::Files,
            practice: Some(Practice::by_hand()),
        };
        let told = warnings(&[of("auth"), of("cart")]);
        assert_eq!((told.len(), told[0].subject.as_str()), (1, "auth, cart"));
        assert!(told[0].text.starts_with("were applied from a file"), "{}", told[0].text);
    }
}
