//! Runs of other processes: which there are, whether anybody carries them out, and how they look by the live cluster.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::journal;
use super::life_signs::ago;
use super::model::{Model, Page, RunOf, Theirs};
use super::runs;
use crate::domain::catalog::Environment;
use crate::domain::ids::EnvId;
use crate::domain::lease::{self, Sighting, who};
use crate::domain::run::document::{Entry, Filed};
use crate::domain::run::{Hold, Run, StepRun, StepState};
use crate::domain::verdict::{State, Verdict};
use crate::domain::world::{EnvWorld, Freshness};

/// How long a record may be without any lease of its writer before that means something: both are watched apart.
const GRACE: SignedDuration = SignedDuration::from_secs(5);

/// A run of another process.
#[derive(Clone, Copy, Debug)]
pub struct Other<'a> {
    pub env: &'a Environment,
    pub filed: &'a Filed,
    pub entry: &'a Entry,
    pub life: Life,
}

/// Whether anybody carries a run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Over,
    /// Whoever wrote it was seen alive at this time.
    Alive {
        since: Timestamp,
    },
    Unsure(Doubt),
    /// Nobody carries it out; the last sign of whoever did.
    Left {
        since: Timestamp,
    },
    /// The same, and later runs have since brought to an end what it left in the middle: nobody has to look after it.
    Superseded {
        since: Timestamp,
    },
}

impl Life {
    /// Nobody carries it out, and it is not over.
    pub fn is_left(self) -> bool {
        matches!(self, Self::Left { .. } | Self::Superseded { .. })
    }

    /// Nothing of it goes on, and nobody has to look after it.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Over | Self::Superseded { .. })
    }
}

/// Why it is not known whether anybody carries a run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Not yet; it is at this time.
    Until(Timestamp),
    /// It holds no leases.
    Unleased,
    /// Leases are not read there, or not yet.
    Unread,
    /// Nothing is heard of the cluster since a time: how it looked then.
    Unheard { since: Timestamp, before: Before },
}

/// How it looked before the cluster was out of sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    Alive(Timestamp),
    Left,
    Unknown,
}

impl Other<'_> {
    /// `ana@mac`: the process that wrote it last.
    pub fn by(&self) -> &str {
        who(&self.entry.owner)
    }

    /// The run as it looks here: under the name that the environment has here.
    pub fn run(&self) -> Run {
        let mut run = self.entry.run.clone();
        run.plan.env = self.env.name.clone();
        run.plan.protected |= self.env.protected;
        run
    }
}

/// Runs of others that an environment keeps, in the order in which they began.
pub fn in_env<'a>(model: &'a Model, env: &'a Environment) -> impl Iterator<Item = Other<'a>> {
    let world = model.world.env(&env.name);
    world.into_iter().flat_map(move |world| {
        let theirs = world.runs().filter(|filed| !is_ours(model, filed));
        theirs.filter_map(move |filed| {
            let entry = filed.entry.as_ref().ok()?;
            let life = beside_others(world, entry, life(world, filed, entry, model.session.now));
            Some(Other { env, filed, entry, life })
        })
    })
}

/// Those of all environments.
pub fn all(model: &Model) -> impl Iterator<Item = Other<'_>> {
    model.catalog.environments.iter().flat_map(|env| in_env(model, env))
}

/// Those that go on, or that somebody has to look after, the newest first.
pub fn under_way(model: &Model) -> Vec<Other<'_>> {
    let mut found: Vec<_> = all(model).filter(|other| !other.life.is_settled()).collect();
    found.sort_by_key(|other| std::cmp::Reverse(other.entry.run.started));
    found
}

pub fn find<'a>(model: &'a Model, env: &EnvId, key: &str) -> Option<Other<'a>> {
    let env = model.catalog.environment(env)?;
    in_env(model, env).find(|other| *other.entry.key == *key)
}

/// Whether this session carries it out, or has done so and nobody else went on with it.
pub fn is_ours(model: &Model, filed: &Filed) -> bool {
    let ours = &*model.session.identity;
    if !ours.is_empty() && filed.owner.starts_with(ours) {
        return true;
    }
    // Taken up just now, and not written yet.
    let kept = model.session.kept.iter().find(|(_, kept)| kept.key == *filed.key());
    let run = kept.and_then(|(id, _)| model.run(*id));
    run.is_some_and(|run| {
        let hopes = matches!(run.hold, Hold::Untaken | Hold::Waiting(_) | Hold::Held { .. } | Hold::Without(_));
        hopes && !run.state.is_over()
    })
}

fn life(world: &EnvWorld, filed: &Filed, entry: &Entry, now: Timestamp) -> Life {
    if entry.run.state.is_over() {
        return Life::Over;
    }
    if matches!(entry.run.hold, Hold::Without(_)) {
        return Life::Unsure(Doubt::Unleased);
    }
    let leases = entry.run.plan.steps().filter_map(|step| world.lease(&lease::name_of(&step.service)));
    let held = leases.filter(|found| found.stored.record.holder == entry.owner).max_by_key(|found| found.since);
    let Some(heard) = world.heard_since() else {
        let Freshness::Stale { since, .. } = world.freshness() else { return Life::Unsure(Doubt::Unread) };
        let before = match held {
            Some(found) if found.fell_silent => Before::Left,
            Some(found) if found.renewed_here => Before::Alive(found.since),
            _ => Before::Unknown,
        };
        return Life::Unsure(Doubt::Unheard { since, before });
    };
    match held {
        Some(found) if world.is_silent(found, now) => Life::Left { since: last_sign(found) },
        Some(found) if found.renewed_here && found.since >= heard => Life::Alive { since: found.since },
        Some(found) => {
            let patience = SignedDuration::try_from(found.stored.record.patience()).unwrap_or(GRACE);
            Life::Unsure(Doubt::Until(found.since.max(heard) + patience))
        }
        None if now.duration_since(filed.since.max(heard)) < GRACE => {
            Life::Unsure(Doubt::Until(filed.since.max(heard) + GRACE))
        }
        None => Life::Left { since: entry.updated.min(filed.since) },
    }
}

/// The same, as later runs there leave it.
fn beside_others(world: &EnvWorld, entry: &Entry, life: Life) -> Life {
    let since = match life {
        Life::Left { since } => since,
        Life::Unsure(Doubt::Unleased) => entry.updated,
        _ => return life,
    };
    let runs = world.entries().map(|entry| &entry.run);
    if entry.run.is_superseded(runs) { Life::Superseded { since } } else { life }
}

/// What was first seen long after it fell silent tells the time itself, by the clock of its holder.
fn last_sign(found: &Sighting) -> Timestamp {
    found.stored.record.renewed.unwrap_or(found.since).min(found.since)
}

/// When whoever carried a run out gave their last sign, by their own clock: in its leases, or in its record.
pub fn last_sign_of(model: &Model, entry: &Entry) -> Timestamp {
    let world = model.world.env(&entry.run.plan.env);
    let leases = entry.run.plan.steps().filter_map(|step| world?.lease(&lease::name_of(&step.service)));
    let theirs = leases.filter(|found| found.stored.record.holder == entry.owner);
    let signs = theirs.filter_map(|found| found.stored.record.renewed);
    signs.chain([entry.updated]).max().unwrap_or(entry.updated)
}

/// How a run of somebody else looks now: its record, and what the live cluster says of what was written.
pub fn picture(model: &Model, other: &Other<'_>) -> Run {
    let mut run = other.run();
    let judged: Vec<(usize, Verdict)> = run
        .steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| {
            let verdict = runs::verdict(model, &run, &step.service, step.baseline.as_ref()?)?;
            Some((at, as_noted(step, verdict)?))
        })
        .collect();
    for (at, verdict) in judged {
        run.steps[at].verdict = Some(verdict);
    }
    run
}

/// What the live cluster says of a step, as far as its record does not say better how it ended.
fn as_noted(step: &StepRun, live: Verdict) -> Option<Verdict> {
    match step.state {
        StepState::Watching => Some(live),
        StepState::Succeeded => Some(Verdict::new(State::Done, live.progress)),
        StepState::Failed if live.state == State::Failed => Some(live),
        StepState::Failed => step.verdict.clone().map(|noted| Verdict { progress: live.progress, ..noted }),
        _ => None,
    }
}

/// Keeps what is shown of others current, and says what was left behind.
pub fn follow(model: &mut Model, may_be_left: bool) {
    if may_be_left {
        tell(model);
    }
    refresh(model);
}

/// Keeps the page of a run of somebody else as that run is now.
fn refresh(model: &mut Model) {
    let Some(Page::Run(page)) = &model.page else { return };
    let RunOf::Theirs(shown) = &page.of else { return };
    let (env, key) = (shown.env.clone(), Arc::clone(&shown.key));
    let now = find(model, &env, &key).map(|other| theirs(model, &other));
    let Some(Page::Run(page)) = &mut model.page else { return };
    let RunOf::Theirs(shown) = &mut page.of else { return };
    let before = shown.clone();
    match now {
        Some(now) => **shown = now,
        None => shown.gone = true,
    }
    model.session.dirty |= *shown != before;
}

/// What the page of a run of somebody else shows.
pub fn theirs(model: &Model, other: &Other<'_>) -> Theirs {
    Theirs {
        env: other.env.name.clone(),
        key: Arc::clone(&other.entry.key),
        by: other.by().into(),
        run: picture(model, other),
        life: other.life,
        gone: false,
    }
}

/// Says once of each run that was left behind that it was.
fn tell(model: &mut Model) {
    let left = |other: &Other<'_>| matches!(other.life, Life::Left { .. });
    let told = &model.session.told;
    let news: Vec<_> = all(model)
        .filter(|other| left(other) && !told.contains(&other.entry.key))
        .map(|other| (Arc::clone(&other.entry.key), other.by().to_owned(), other.run()))
        .collect();
    for (key, by, run) in news {
        model.session.told.insert(key);
        let (done, steps) = (run.succeeded(), run.steps.len());
        let title = format!("{} was left behind by {by}, {done} of {steps} done", runs::name(&run.plan));
        let detail = format!(
            "{} opens it: resume it, roll it back or end it",
            model.keymap.hint(crate::actions::Action::ShowRun)
        );
        journal::notice(model, State::Blocked, title, detail);
    }
}

/// When what is said of others will be different without anything happening; none: never.
pub fn next_change(model: &Model) -> Option<std::time::Duration> {
    let soon = |life: Life| match life {
        Life::Over | Life::Superseded { .. } => None,
        Life::Alive { .. } | Life::Unsure(Doubt::Until(_)) => Some(std::time::Duration::from_secs(1)),
        Life::Left { .. } | Life::Unsure(_) => Some(std::time::Duration::from_secs(30)),
    };
    all(model).filter_map(|other| soon(other.life)).min()
}

/// `seen alive 4 s ago`, `left behind 3 min ago`.
pub fn words(life: Life, now: Timestamp) -> String {
    match life {
        Life::Over => String::new(),
        Life::Alive { since } => format!("seen alive {}", ago(since, now)),
        Life::Unsure(doubt) => doubt.words(now),
        Life::Left { since } => format!("left behind {}", ago(since, now)),
        Life::Superseded { .. } => "later runs have deployed or taken back what it left".to_owned(),
    }
}

impl Doubt {
    fn words(self, now: Timestamp) -> String {
        match self {
            Self::Until(known) => {
                format!("alive or not is known in {} s", known.duration_since(now).as_secs().max(0) + 1)
            }
            Self::Unleased => "without leases: alive or not cannot be told".to_owned(),
            Self::Unread => "leases are not read there: alive or not cannot be told".to_owned(),
            Self::Unheard { since, before } => {
                let before = match before {
                    Before::Alive(_) => "alive",
                    Before::Left => "left behind",
                    Before::Unknown => "not known to be alive",
                };
                format!("{before} as of {}", ago(since, now))
            }
        }
    }
}
