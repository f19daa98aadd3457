//! Rollouts that have succeeded: their pods are watched on for a while, and trouble is told on the run and on its row.

use super::effect::Effect;
use super::model::Model;
use super::runs;
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::rollout::{After, View};
use crate::domain::run::{Run, RunEvent, StepRun, StepState};

/// Looks again at what has succeeded in a run. What is not current says nothing.
pub(super) fn look(model: &mut Model, id: RunId) -> Vec<Effect> {
    let Some(run) = model.run(id) else { return Vec::new() };
    let steps = || run.steps.iter().filter(|step| step.state == StepState::Succeeded);
    let (taken, ours): (Vec<&StepRun>, Vec<&StepRun>) =
        steps().partition(|step| runs::taken_on(model, run, &step.service));
    let over = taken.into_iter().filter_map(|step| {
        let after = step.after.as_ref().filter(|after| after.goes_on())?;
        Some((step.service.clone(), after.gone()))
    });
    let seen = ours.into_iter().filter_map(|step| Some((step.service.clone(), again(model, run, step)?)));
    let news: Vec<(ServiceId, After)> = over.chain(seen).collect();
    let mut effects = Vec::new();
    for (service, after) in news {
        effects.extend(looked(model, id, service, after));
    }
    effects
}

/// Takes in what is seen of something that has succeeded.
pub(super) fn looked(model: &mut Model, id: RunId, service: ServiceId, after: After) -> Vec<Effect> {
    remark(model, id, &service, &after);
    runs::on(model, id, RunEvent::Looked { service, after })
}

/// What is seen now, where that is news.
fn again(model: &Model, run: &Run, step: &StepRun) -> Option<After> {
    let (env, now) = (model.catalog.environment(&run.plan.env)?, model.session.now);
    if step.after.as_ref().is_some_and(|after| !after.goes_on()) {
        return None;
    }
    let world = model.world.env(&env.name).filter(|world| world.freshness().is_live())?;
    let (baseline, planned) = (step.baseline.as_ref()?, run.planned(&step.service)?);
    let view = world.workload(&planned.workload).map(|workload| View::new(world, workload));
    let after = match (&step.after, view) {
        (Some(after), Some(view)) => after.look(&view, baseline, now),
        (Some(after), None) => after.gone(),
        (None, Some(view)) => After::begin(&view, step.finished?, env.soak, now),
        (None, None) => return None,
    };
    (step.after.as_ref() != Some(&after)).then_some(after)
}

/// Its row tells the trouble for as long as it is watched.
fn remark(model: &mut Model, id: RunId, service: &ServiceId, after: &After) {
    let Some(env) = model.run(id).map(|run| run.plan.env.clone()) else { return };
    // A later run that has begun tells of its own rollout.
    let later = model.runs.iter().any(|run| run.id > id && run.plan.env == env && tells(run, service));
    let trouble = after.trouble.as_ref().filter(|_| !after.over);
    if later || !model.board.remark(&env, service, trouble) {
        return;
    }
    let (now, Model { world, board, catalog, .. }) = (model.session.now, model);
    if let Some(service) = catalog.service(service) {
        board.refresh(world, service, &env, now);
    }
}

fn tells(run: &Run, service: &ServiceId) -> bool {
    run.step(service).is_some_and(|step| step.after.is_some())
}

/// Whether the pods of something that succeeded are still watched: then time matters.
pub(super) fn something_soaks(model: &Model) -> bool {
    let soaks = |step: &StepRun| step.after.as_ref().is_some_and(|after| !after.over);
    model.runs.iter().any(|run| run.steps.iter().any(soaks))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::app::model::Overlay;
    use crate::app::msg::Outcome;
    use crate::app::testkit::Cockpit;
    use crate::domain::fixtures::TestWorld;
    use crate::domain::ids::EnvId;
    use crate::domain::observed::WorkloadRef;
    use crate::domain::run::RunState;
    use crate::domain::verdict::State;

    fn staging() -> EnvId {
        EnvId::new("staging")
    }

    fn cluster(image: &str) -> TestWorld {
        let mut cluster = TestWorld::new("staging");
        cluster.rolled_out("auth", image, 2);
        cluster.deployment("auth", image, 2, |it| (it.generation, it.observed_generation) = (2, 2));
        cluster
    }

    /// Auth was deployed at v9 and has succeeded.
    pub(crate) fn succeeded() -> (Cockpit, TestWorld) {
        let mut cockpit = Cockpit::demo();
        cockpit.press("dv9<enter><enter>");
        let cluster = cluster("r/auth:v9");
        let workload = cluster.world.env(&staging()).unwrap().workload(&WorkloadRef::deployment("auth")).unwrap();
        let result = Ok(Box::new(workload.clone()));
        cockpit.sees(&cluster);
        let at = cockpit.now;
        cockpit.done(Outcome::Written { run: RunId(1), service: ServiceId::new("auth"), result, at });
        assert_eq!(cockpit.model.runs[0].state, RunState::Succeeded);
        (cockpit, cluster)
    }

    fn row(cockpit: &Cockpit) -> State {
        cockpit.model.board.cell(&ServiceId::new("auth"), &staging()).unwrap().verdict.state
    }

    pub(crate) fn crashes(cockpit: &mut Cockpit, cluster: &mut TestWorld) {
        cluster.pod("auth", "r/auth:v9", 0, |pod| pod.containers[0].restarts = 1);
        cockpit.sees(cluster);
    }

    #[test]
    fn a_restart_after_success_is_told_on_its_run_and_on_its_row_and_one_key_offers_the_way_back() {
        let (mut cockpit, mut cluster) = succeeded();
        assert!(something_soaks(&cockpit.model) && row(&cockpit) == State::Ok);
        cockpit.wait(30);
        crashes(&mut cockpit, &mut cluster);
        assert_eq!((row(&cockpit), cockpit.model.runs[0].state), (State::Degraded, RunState::Succeeded));
        assert!(cockpit.notice().starts_with("auth in staging: degraded after success"), "{}", cockpit.notice());
        cockpit.press("r");
        let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("no plan: {:?}", cockpit.overlay()) };
        assert_eq!(review.plan.steps().next().unwrap().to_version, "v2");
    }

    #[test]
    fn the_row_tells_it_for_as_long_as_it_is_watched_and_the_run_keeps_it() {
        let (mut cockpit, mut cluster) = succeeded();
        crashes(&mut cockpit, &mut cluster);
        cockpit.wait(119);
        assert_eq!(row(&cockpit), State::Degraded);
        cockpit.wait(2);
        assert_eq!((row(&cockpit), something_soaks(&cockpit.model)), (State::Ok, false));
        assert!(cockpit.model.runs[0].steps[0].degraded().is_some());
    }

    #[test]
    fn a_later_run_of_the_same_service_ends_the_watch_of_the_former() {
        let (mut cockpit, mut cluster) = succeeded();
        crashes(&mut cockpit, &mut cluster);
        cockpit.press("<esc>dv8<enter><enter>").wait(1);
        assert!(cockpit.model.runs[0].steps[0].after.as_ref().unwrap().over);
        assert_ne!(row(&cockpit), State::Degraded);
    }

    #[test]
    fn an_environment_may_say_how_long_and_none_at_all() {
        let (mut cockpit, _) = succeeded();
        cockpit.model.catalog.environments[0].soak = jiff::SignedDuration::ZERO;
        cockpit.model.runs[0].steps[0].after = None;
        cockpit.wait(1);
        assert!(cockpit.model.runs[0].steps[0].after.as_ref().unwrap().over && !something_soaks(&cockpit.model));
    }
}
