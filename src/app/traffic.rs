//! Services of Kubernetes in front of what a run changes: looked at before, and for a while after it has succeeded.

use super::effect::Effect;
use super::model::Model;
use super::{runs, soaks};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::rollout::{After, Backends, Reach, View};
use crate::domain::run::{Run, StepRun};
use crate::domain::world::EnvWorld;

/// A run begins to write: who sends traffic to the pods that are there now?
pub(super) fn begin(model: &mut Model, id: RunId) -> Option<Effect> {
    model.session.reach.insert(id, Reach::default());
    ask(model, id)
}

/// Asks again where something has succeeded and it is time; forgets it when nothing is watched any more.
pub(super) fn look(model: &mut Model, id: RunId) -> Option<Effect> {
    let now = model.session.now;
    let run = model.run(id)?;
    let since = run.steps.iter().filter_map(|step| watched(step).map(|after| after.since)).max();
    let over = run.state.is_over();
    if let Some(since) = since {
        return if model.session.reach.entry(id).or_default().is_due(since, now) { ask(model, id) } else { None };
    }
    if over {
        model.session.reach.remove(&id);
    }
    None
}

/// Takes in whom Services send traffic to.
pub(super) fn answered(model: &mut Model, id: RunId, result: Result<Vec<Backends>, Fault>) -> Vec<Effect> {
    let Some(mut reach) = model.session.reach.remove(&id) else { return Vec::new() };
    let found = match result {
        Ok(backends) => seen(model, id, &mut reach, &backends),
        Err(fault) => {
            tracing::info!(run = %id, %fault, "nobody says whom the services send traffic to");
            if fault.kind == FaultKind::Forbidden {
                reach.is_refused();
            }
            Vec::new()
        }
    };
    model.session.reach.insert(id, reach);
    found.into_iter().flat_map(|(service, after)| soaks::looked(model, id, service, after)).collect()
}

fn ask(model: &mut Model, id: RunId) -> Option<Effect> {
    let run = model.runs.iter().find(|run| run.id == id)?;
    let env = model.catalog.environment(&run.plan.env)?;
    let effect = Effect::AskTraffic { run: id, cluster: env.cluster.clone(), namespace: env.namespace.clone() };
    model.session.reach.get_mut(&id)?.ask(model.session.now);
    Some(effect)
}

/// What is watched after its success, and not in trouble yet.
fn watched(step: &StepRun) -> Option<&After> {
    step.after.as_ref().filter(|after| !after.over && after.trouble.is_none())
}

/// The services of a run that are cut off. What is not current says nothing.
fn seen(model: &Model, id: RunId, reach: &mut Reach, backends: &[Backends]) -> Vec<(ServiceId, After)> {
    let Some(run) = model.run(id) else { return Vec::new() };
    let world = model.world.env(&run.plan.env).filter(|world| world.freshness().is_live());
    let Some(world) = world else { return Vec::new() };
    let mut out = Vec::new();
    for step in &run.steps {
        let Some(view) = view(run, step, world) else { continue };
        reach.learn(&step.service, &view, backends);
        let Some(after) = watched(step).filter(|_| !runs::taken_on(model, run, &step.service)) else { continue };
        let services = reach.cut_off(&step.service, &view, backends);
        if !services.is_empty() {
            out.push((step.service.clone(), after.cut_off(&services, model.session.now)));
        }
    }
    reach.suspect(backends);
    out
}

fn view<'a>(run: &Run, step: &StepRun, world: &'a EnvWorld) -> Option<View<'a>> {
    world.workload(&run.planned(&step.service)?.workload).map(|workload| View::new(world, workload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Outcome;
    use crate::app::soaks::tests::succeeded;
    use crate::app::testkit::Cockpit;
    use crate::domain::verdict::Cause;

    fn asks(effects: &[Effect]) -> usize {
        effects.iter().filter(|it| matches!(it, Effect::AskTraffic { .. })).count()
    }

    fn none(cockpit: &mut Cockpit, ready: usize) {
        let backends = vec![Backends { service: "auth".into(), ready, ..Backends::default() }];
        cockpit.done(Outcome::Traffic { run: RunId(1), result: Ok(backends) });
    }

    fn trouble(cockpit: &Cockpit) -> Option<&Cause> {
        cockpit.model.runs[0].steps[0].degraded().map(|evidence| &evidence.cause)
    }

    #[test]
    fn a_service_without_an_address_is_told_after_a_second_look_and_not_asked_about_any_more() {
        let (mut cockpit, _) = succeeded();
        assert_eq!(asks(&cockpit.effects), 1, "who sends traffic before");
        none(&mut cockpit, 0);
        cockpit.wait(5);
        assert_eq!((asks(&cockpit.effects), trouble(&cockpit)), (2, None));
        none(&mut cockpit, 0);
        assert_eq!(trouble(&cockpit), Some(&Cause::NoTraffic));
        assert!(cockpit.notice().contains("service/auth has no ready address"), "{}", cockpit.notice());
        cockpit.wait(60);
        assert_eq!(asks(&cockpit.effects), 2);
    }

    #[test]
    fn who_may_not_look_is_not_asked_again_and_nothing_is_claimed() {
        let (mut cockpit, _) = succeeded();
        let result = Err(Fault::new(FaultKind::Forbidden, "no right to list endpointslices"));
        cockpit.done(Outcome::Traffic { run: RunId(1), result });
        cockpit.wait(60);
        assert_eq!((asks(&cockpit.effects), trouble(&cockpit)), (1, None));
    }

    #[test]
    fn it_is_looked_at_for_as_long_as_the_pods_are_watched() {
        let (mut cockpit, _) = succeeded();
        none(&mut cockpit, 1);
        for _ in 0..4 {
            cockpit.wait(40);
            none(&mut cockpit, 1);
        }
        assert_eq!((asks(&cockpit.effects), trouble(&cockpit)), (3, None), "before, and for two minutes after");
        assert!(cockpit.model.session.reach.is_empty());
    }
}
