//! Whether a version is known to be bad, and where: by what it does now, else by how it ended when it was deployed last.

use crate::domain::board::Board;
use crate::domain::catalog::{Catalog, Service};
use crate::domain::ids::EnvId;
use crate::domain::image::Image;
use crate::domain::run::{Run, StepRun, StepState};
use crate::domain::verdict::State;
use crate::domain::world::{EnvWorld, World};

/// A version that does not run well in an environment, or did not when it was deployed there last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub env: EnvId,
    /// Failed or degraded.
    pub state: State,
    /// It is so now; else it was the last time, and something else has taken its place since.
    pub now: bool,
    /// One line in people's words, where it is known: `crash looping: exit code 1`.
    pub why: Option<String>,
}

impl Trouble {
    /// Nobody gets such a version who did not ask for it by name.
    pub fn is_failure(&self) -> bool {
        self.state == State::Failed
    }

    /// A clause without its subject: `fails in hotfix`.
    pub fn words(&self) -> String {
        let env = &self.env;
        match (self.is_failure(), self.now) {
            (true, true) => format!("fails in {env}"),
            (true, false) => format!("failed in {env} the last time"),
            (false, true) => format!("is degraded in {env}"),
            (false, false) => format!("was degraded in {env} the last time"),
        }
    }

    /// The same with the reason.
    pub fn told(&self) -> String {
        let why = self.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("{}{why}", self.words())
    }
}

/// What is known against this image of a service, failures first, else in the order of the environments. What it does now
/// says more than what it did before.
pub fn troubles(catalog: &Catalog, world: &World, board: &Board, service: &Service, image: &Image) -> Vec<Trouble> {
    let in_env = |env: &EnvId| match now(board, service, env, image) {
        Some((State::Ok | State::Done, _)) => None,
        Some((state @ (State::Failed | State::Degraded), why)) => {
            Some(Trouble { env: env.clone(), state, now: true, why })
        }
        _ => before(world.env(env)?, service, env, image),
    };
    let mut found: Vec<Trouble> = catalog.environments.iter().filter_map(|env| in_env(&env.name)).collect();
    found.sort_by_key(|it| !it.is_failure());
    found
}

/// How it stands in an environment that is to run it, and why; none: that one is to run something else.
fn now(board: &Board, service: &Service, env: &EnvId, image: &Image) -> Option<(State, Option<String>)> {
    let cell = board.cell(&service.name, env)?;
    let wanted: Image = cell.wanted.as_deref()?.parse().ok()?;
    let why = cell.verdict.evidence.as_ref().map(|evidence| evidence.headline.clone());
    is_same(&wanted, image).then_some((cell.verdict.state, why))
}

/// How it ended when it was deployed there last, by the runs that are kept.
fn before(world: &EnvWorld, service: &Service, env: &EnvId, image: &Image) -> Option<Trouble> {
    let step = last(world, service, image)?;
    let (state, why) = match step.degraded() {
        Some(evidence) => (State::Degraded, Some(evidence.headline.clone())),
        None if step.state == StepState::Failed => (State::Failed, step.why()),
        None => return None,
    };
    Some(Trouble { env: env.clone(), state, now: false, why })
}

/// Whether it succeeded when it was deployed last.
pub(super) fn has_succeeded(world: &EnvWorld, service: &Service, image: &Image) -> bool {
    last(world, service, image).is_some_and(|step| step.state == StepState::Succeeded)
}

/// The last step that came to an end with this image: not one that somebody else's change cut short.
fn last<'a>(world: &'a EnvWorld, service: &Service, image: &Image) -> Option<&'a StepRun> {
    let step = |run: &'a Run| {
        let planned = run.plan.steps().find(|step| step.service == service.name)?;
        let done = run.step(&service.name).filter(|it| is_verdict(it))?;
        planned.to.parse().is_ok_and(|to: Image| is_same(&to, image)).then_some(done)
    };
    world.entries().filter_map(|entry| step(&entry.run)).last()
}

fn is_verdict(step: &StepRun) -> bool {
    let superseded = step.verdict.as_ref().is_some_and(|verdict| verdict.state == State::Superseded);
    matches!(step.state, StepState::Succeeded | StepState::Failed) && !superseded
}

/// The same version of one service, from wherever it is pulled.
fn is_same(image: &Image, other: &Image) -> bool {
    match (&image.digest, &other.digest) {
        (Some(one), Some(other)) => one == other,
        _ => image.tag.is_some() && image.tag == other.tag,
    }
}
