//! How long services take, learned from runs: those of this session, and those that the cluster keeps of everybody.

use jiff::{SignedDuration, Timestamp};

use super::{Run, StepState};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::plan::{Plan, Purpose};
use crate::domain::world::{EnvWorld, World};

/// So many of the newest times are looked at: a service is not any more what it was long ago.
const NEWEST: usize = 20;
/// Fewer times than these do not tell how much they differ.
const SPREAD: usize = 3;
/// What took longer did so because nobody looked: a laptop was closed.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Puts into a plan how long its steps take in its environment, which is better known than what the cluster says of the
/// last time. What is known of the plan already stays where nothing was seen of a service.
pub fn learn(plan: &mut Plan, runs: &[Run], world: &World) {
    let env = plan.env.clone();
    from(plan, &known(runs, world, &env).collect::<Vec<_>>());
}

/// The runs in an environment that are known: of this session, and those that the cluster keeps of everybody. One of this
/// session that the cluster keeps as well comes twice.
pub fn known<'a>(runs: &'a [Run], world: &'a World, env: &'a EnvId) -> impl Iterator<Item = &'a Run> {
    let here = runs.iter().filter(|run| run.plan.env == *env);
    // Whoever wrote one may call the environment otherwise: it is here that it is kept.
    here.chain(world.env(env).into_iter().flat_map(EnvWorld::entries).map(|entry| &entry.run))
}

/// Roll backs are a kind of their own: they bring pods whose image the nodes still have, and are over sooner. What is known
/// of one kind alone is told of the other only where nothing else is known.
pub(super) fn from(plan: &mut Plan, runs: &[&Run]) {
    let back = plan.purpose == Purpose::RollBack;
    for step in plan.waves.iter_mut().flat_map(|wave| &mut wave.steps) {
        if let Some((estimate, p90)) = of(&times(runs, &step.service, back)) {
            (step.estimate, step.p90) = (Some(estimate), p90);
        } else if step.estimate.is_none()
            && let Some((estimate, p90)) = of(&times(runs, &step.service, !back))
        {
            (step.estimate, step.p90) = (Some(estimate), p90);
        }
    }
}

/// How long a service took each of the newest times that it was really changed and became ready, shortest first. A run of
/// this session that the cluster keeps as well is counted once.
fn times(runs: &[&Run], service: &ServiceId, back: bool) -> Vec<SignedDuration> {
    let of_kind = runs.iter().filter(|run| (run.plan.purpose == Purpose::RollBack) == back);
    let mut seen: Vec<_> = of_kind.filter_map(|run| run.took(service)).collect();
    seen.sort_unstable();
    seen.dedup();
    let mut times: Vec<_> = seen.into_iter().rev().take(NEWEST).map(|(_, took)| took).collect();
    times.sort_unstable();
    times
}

/// What half of them did not exceed, and what nine of ten did not, in whole seconds.
fn of(times: &[SignedDuration]) -> Option<(SignedDuration, Option<SignedDuration>)> {
    let whole = |time: &SignedDuration| SignedDuration::from_secs(time.as_secs() + i64::from(time.subsec_nanos() > 0));
    let rank = |hundredths: usize| times.get((times.len() * hundredths).div_ceil(100).saturating_sub(1)).map(whole);
    Some((rank(50)?, rank(90).filter(|_| times.len() >= SPREAD)))
}

impl Run {
    /// When a service had become ready, and how long after its beginning; none: it has not, nothing was changed for it,
    /// nobody looked for a while in between, or it came right only after a person was asked.
    fn took(&self, service: &ServiceId) -> Option<(Timestamp, SignedDuration)> {
        let step = self.step(service).filter(|step| step.state == StepState::Succeeded)?;
        let changed = self.planned(service)?.changes() && step.baseline.as_ref()?.changed;
        let (started, finished) = step.started.zip(step.finished).filter(|_| changed)?;
        let unseen = self.taken_up.iter().any(|it| (started..=finished).contains(&it.at));
        let helped = step.mended || self.within(started, finished).is_positive();
        let took = finished.duration_since(started);
        (!unseen && !helped && (SignedDuration::ZERO..=LONGEST).contains(&took)).then_some((finished, took))
    }
}
