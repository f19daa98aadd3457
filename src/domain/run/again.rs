//! What is left of a run that is over and not done, for another run that goes on where it stopped.

use std::sync::Arc;

use super::{LeftOut, Run, StepRun, StepState};
use crate::domain::ids::ServiceId;
use crate::domain::observed::Workload;
use crate::domain::plan::{Plan, Request, Step, Wanted, version_of};
use crate::domain::world::World;

impl Run {
    /// What another run has to do to go on where this one stopped.
    ///
    /// # Errors
    /// As [`Self::wanted_still`].
    pub fn again(&self, world: &World) -> Result<Request, Vec<String>> {
        let services = self.wanted_still(world)?;
        let Plan { env, purpose, title, .. } = &self.plan;
        Ok(Request { env: env.clone(), purpose: purpose.clone(), title: title.clone(), services })
    }

    /// What whoever began it had decided holds for the plan that goes on with it, too.
    pub fn pass_on(&self, plan: &mut Plan) {
        (plan.passes.hotfix, plan.unheld) = (self.plan.passes.hotfix, self.plan.unheld);
    }

    /// What its services are to run, but for those that somebody went on without. What is there already is none of it when
    /// a plan is made of this; it belongs here all the same, for it may not stand.
    ///
    /// # Errors
    /// What is not any more as the run left it, in one clause each: going on would undo what others did since.
    pub fn wanted_still(&self, world: &World) -> Result<Vec<(ServiceId, Wanted)>, Vec<String>> {
        let (mut wanted, mut strange) = (Vec::new(), Vec::new());
        let world = world.env(&self.plan.env);
        for (planned, step) in self.plan.steps().zip(&self.steps).filter(|(_, step)| step.went_on_without().is_none()) {
            let live = world.and_then(|world| world.workload(&planned.workload)).and_then(|it| image(it, planned));
            match (changed_since(planned, step, live), planned.to.parse()) {
                (Some(why), _) => strange.push(why),
                (None, Ok(image)) => wanted.push((step.service.clone(), Wanted::Image(image))),
                (None, Err(error)) => strange.push(format!("{} was to run {}: {error}", step.service, planned.to)),
            }
        }
        if strange.is_empty() { Ok(wanted) } else { Err(strange) }
    }

    /// Before it begins: it is to go on without a service from the first.
    pub fn begin_without(&mut self, service: &ServiceId, how: LeftOut) {
        if let Some(step) = self.step_mut(service).filter(|step| step.state == StepState::Waiting) {
            (step.state, step.left_out) = (StepState::Skipped, Some(how));
        }
    }
}

fn image<'a>(found: &'a Workload, planned: &Step) -> Option<&'a Arc<str>> {
    found.containers.iter().find(|it| it.name == planned.container).map(|it| &it.image)
}

/// That what runs there is not of this run; none: it is, or nothing is there at all, which the plan has words for.
fn changed_since(planned: &Step, step: &StepRun, live: Option<&Arc<str>>) -> Option<String> {
    let live = live.filter(|live| **live != planned.to)?;
    match step.state {
        StepState::Succeeded if *live == planned.from => {
            Some(format!("{} has gone back to {} since", step.service, planned.from_version))
        }
        _ if *live == planned.from => None,
        _ => Some(format!("{} is set to {} by now, and not by this run", step.service, version_of(live))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{TestWorld, later};
    use crate::domain::run::RunEvent;
    use crate::domain::run::tests::Story;
    use crate::domain::verdict::State;

    /// auth is done, cart has failed, web was not begun, and somebody has ended it.
    fn failed() -> Run {
        let mut story = Story::new(&[&["auth", "cart"], &["web"]]);
        story.written("auth").judged("auth", State::Done).written("cart").judged("cart", State::Failed);
        story.on(RunEvent::Abort);
        story.run
    }

    fn still(run: &Run, versions: &[(&str, &str)]) -> Result<Vec<String>, Vec<String>> {
        let mut cluster = TestWorld::new("staging");
        for (name, version) in versions {
            cluster.deployment(name, &format!("r/{name}:{version}"), 1, |_| {});
        }
        let told = |(service, wanted): (ServiceId, Wanted)| match wanted {
            Wanted::Image(image) => format!("{service} {image}"),
            other => panic!("{other:?}"),
        };
        run.wanted_still(&cluster.world).map(|all| all.into_iter().map(told).collect())
    }

    #[test]
    fn what_failed_and_what_was_not_begun_is_still_wanted_while_nobody_has_changed_it() {
        let all = vec!["auth r/auth:v2".to_owned(), "cart r/cart:v2".to_owned(), "web r/web:v2".to_owned()];
        assert_eq!(still(&failed(), &[("auth", "v2"), ("cart", "v2"), ("web", "v1")]), Ok(all.clone()));
        assert_eq!(still(&failed(), &[("auth", "v2"), ("cart", "v1"), ("web", "v2")]), Ok(all), "or mended it since");
    }

    #[test]
    fn what_others_did_since_is_not_undone() {
        let found = still(&failed(), &[("auth", "v1"), ("cart", "v2"), ("web", "v9")]);
        let told = ["auth has gone back to v1 since", "web is set to v9 by now, and not by this run"];
        assert_eq!(found, Err(told.map(str::to_owned).to_vec()));
    }

    #[test]
    fn what_somebody_went_on_without_is_not_wanted_whatever_runs_there() {
        let mut run = failed();
        let how = LeftOut { by: "ana".into(), reason: "the vendor is down".into(), at: later(0) };
        run.steps[1].left_out = Some(how);
        assert_eq!(still(&run, &[("auth", "v2"), ("cart", "v9"), ("web", "v1")]).map(|all| all.len()), Ok(2));
    }

    #[test]
    fn a_run_that_begins_without_a_service_writes_all_others_and_is_done_but_for_it() {
        let mut story = Story::new(&[&["auth"], &["cart"]]);
        story.run = Run::new(crate::domain::ids::RunId(2), story.run.plan.clone(), "ana", later(1));
        story.writes.clear();
        let how = LeftOut { by: "ana".into(), reason: "the vendor is down".into(), at: later(1) };
        story.run.begin_without(&ServiceId::new("auth"), how);
        story.on(RunEvent::Start).leases().written("cart").judged("cart", State::Done);
        assert_eq!((story.writes.as_slice(), story.run.is_partial()), (["cart".to_owned()].as_slice(), true));
    }
}
