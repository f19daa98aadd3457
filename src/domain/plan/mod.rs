//! A plan: what will be changed, in which order, and what is left alone and why. Making one changes nothing.
//!
//! Invariants: every service appears once; a service stands in a later wave than everything in the plan that it needs,
//! directly or through services outside the plan; no wave is empty; a step never names the image that already runs.

mod build;
pub mod waves;

pub use build::{Request, Wanted, build, unknown_service, warn_of_going_back, was_failing};

use std::sync::Arc;

use jiff::SignedDuration;

use super::catalog::Catalog;
use super::fault::Fault;
use super::ids::{EnvId, ServiceId, Uid};
use super::image::Image;
use super::lock::Passes;
use super::observed::WorkloadRef;

/// Why the run exists; words differ, steps do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    Deploy,
    Promote { from: EnvId },
    RollBack,
}

/// What will be done to one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub env: EnvId,
    /// The environment asks for its name to be typed.
    pub protected: bool,
    pub purpose: Purpose,
    /// What the set is called: a group, a service, or `6 services`.
    pub title: String,
    pub waves: Vec<Wave>,
    pub skipped: Vec<Skipped>,
    pub warnings: Vec<Warning>,
    /// Locks that do not bar it although they would bar others.
    pub passes: Passes,
    /// A roll back that holds nothing of what it takes back, because a person said so.
    pub unheld: bool,
}

impl Plan {
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.waves.iter().flat_map(|wave| &wave.steps)
    }

    /// Those that write something: others only follow what is under way.
    pub fn changed(&self) -> impl Iterator<Item = &Step> {
        self.steps().filter(|step| step.changes())
    }

    pub fn is_empty(&self) -> bool {
        self.waves.is_empty()
    }

    /// What whoever carries it out does, for those who wait for them: `deploys checkout v812 and 2 more`.
    pub fn deed(&self) -> String {
        let back = self.purpose == Purpose::RollBack;
        let step = |step: &Step| format!("{} {}{}", step.service, if back { "back to " } else { "" }, step.to_version);
        let mut steps = self.steps();
        let first: Vec<String> = steps.by_ref().take(2).map(step).collect();
        let more = match steps.count() {
            0 => String::new(),
            number => format!(" and {number} more"),
        };
        let verb = match self.purpose {
            Purpose::Deploy => "deploys",
            Purpose::Promote { .. } => "promotes",
            Purpose::RollBack => "takes",
        };
        format!("{verb} {}{more}", first.join(", "))
    }

    /// How long all of it takes: wave after wave, each as long as its slowest step. None where one of them is not known.
    pub fn estimate(&self) -> Option<SignedDuration> {
        self.whole(|step| step.estimate)
    }

    /// What it seldom exceeds: every wave would have to be as slow as its slowest step is one time of ten.
    pub fn p90(&self) -> Option<SignedDuration> {
        self.whole(|step| step.p90)
    }

    fn whole(&self, of: impl Fn(&Step) -> Option<SignedDuration>) -> Option<SignedDuration> {
        if self.is_empty() {
            return None;
        }
        let mut whole = SignedDuration::ZERO;
        for wave in &self.waves {
            let mut slowest = SignedDuration::ZERO;
            for step in &wave.steps {
                slowest = slowest.max(of(step)?);
            }
            whole += slowest;
        }
        Some(whole)
    }
}

/// Steps that go at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    pub steps: Vec<Step>,
}

/// One service gets another image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub service: ServiceId,
    pub workload: WorkloadRef,
    /// The object that was planned for; another uid is refused.
    pub uid: Uid,
    /// Position in the pod template, proven by its name when writing.
    pub container_index: usize,
    pub container: Arc<str>,
    /// Exactly as the pod template says now.
    pub from: Arc<str>,
    pub to: Arc<str>,
    /// Versions for people: `v98`.
    pub from_version: String,
    pub to_version: String,
    /// Services of the plan that must have succeeded before.
    pub after: Vec<ServiceId>,
    /// How long it takes as a rule; none: nothing is known about it.
    pub estimate: Option<SignedDuration>,
    /// What nine of ten times did not exceed; none: too few are known.
    pub p90: Option<SignedDuration>,
    /// What it replaces was failing when it was planned: going back to that may fail again.
    pub failing: bool,
}

impl Step {
    /// False: it is set already and is only followed.
    pub fn changes(&self) -> bool {
        self.from != self.to
    }
}

/// A service that was asked for and is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub service: ServiceId,
    /// One clause: `runs v812 already`.
    pub why: String,
    /// It runs this already; else it cannot go, and `why` says what is in the way.
    pub already: bool,
}

/// Something to know before pressing Enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub subject: String,
    /// One clause.
    pub text: String,
    pub about: About,
}

impl Warning {
    pub fn new(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { subject: subject.into(), text: text.into(), about: About::Itself }
    }

    #[must_use]
    pub fn about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// Whether both tell the same thing of the same subject, in whatever words.
    pub fn tells_the_same(&self, other: &Self) -> bool {
        self == other || self.about != About::Itself && (&self.subject, &self.about) == (&other.subject, &other.about)
    }
}

/// What a warning is about, where more than one finder may come upon it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Nothing that anything else warns of.
    Itself,
    /// This person is changing the subject.
    Changed { by: Arc<str> },
    /// The version that the subject is to get did not run well, there or elsewhere.
    Unwell,
}

/// Why there is no plan. Each message says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("these services need each other: {}. Remove one of the needs in the configuration", path(.0))]
    Cycle(Vec<ServiceId>),
    #[error("{needed_by} needs {service}, which is no configured service. Add it or correct `needs`")]
    UnknownNeed { service: ServiceId, needed_by: ServiceId },
    #[error("there is no service {service}{}", suggestion(.near.as_ref()))]
    UnknownService { service: ServiceId, near: Option<ServiceId> },
    #[error("there is no environment {env}{}", others(.known))]
    UnknownEnvironment { env: EnvId, known: Vec<EnvId> },
    #[error("{service} does not exist in {env}: no {workload} there")]
    NotThere { service: ServiceId, env: EnvId, workload: WorkloadRef },
    #[error("whether {service} runs in {env} is not known: {fault}. {}", .fault.advice())]
    NotReadable { service: ServiceId, env: EnvId, fault: Fault },
    #[error("which container of {workload} is {service}? It has {}. Set `container` in the configuration", .containers.join(", "))]
    AmbiguousContainer { service: ServiceId, workload: WorkloadRef, containers: Vec<String> },
    #[error("{workload} has no container {container}; it has {}. Correct `container` in the configuration", .containers.join(", "))]
    NoContainer { container: Arc<str>, workload: WorkloadRef, containers: Vec<String> },
    #[error("{service} needs {needed}, which is {why} in {env}. Deploy it first, or mark it too")]
    NeedNotMet { service: ServiceId, needed: ServiceId, env: EnvId, why: String },
    #[error("{service} has not succeeded in {env}: {why}. Promote it when it has")]
    UpstreamNotReady { service: ServiceId, env: EnvId, why: String },
    #[error("nothing comes before {0} in the order of promotion. Set `after` in the configuration")]
    NoUpstream(EnvId),
    #[error("{service} in {env}: {why}")]
    BadVersion { service: ServiceId, env: EnvId, why: String },
    #[error("nothing is known about what ran before {service} in {env}, so there is nothing to go back to")]
    NoHistory { service: ServiceId, env: EnvId },
    #[error("what is known of {env} is {why}; a plan needs a current picture")]
    Stale { env: EnvId, why: String },
    #[error("read-only: {0}")]
    ReadOnly(String),
    #[error("no service was chosen: name services, or a group")]
    Nothing,
    /// More than one thing is in the way, each once.
    #[error("{}", several(.0))]
    Several(Vec<PlanError>),
}

/// What stands in the way of several services alike is told once, with their names.
fn several(all: &[PlanError]) -> String {
    let late = |error: &PlanError| match error {
        PlanError::UpstreamNotReady { service, why, .. } => Some(format!("{service} ({why})")),
        _ => None,
    };
    let upstream =
        all.iter().find_map(|it| if let PlanError::UpstreamNotReady { env, .. } = it { Some(env) } else { None });
    let names: Vec<String> = all.iter().filter_map(late).collect();
    let mut told = Vec::new();
    if let (Some(env), true) = (upstream, names.len() > 1) {
        told.push(format!(
            "{} have not succeeded in {env}: {}. Promote them when they have",
            names.len(),
            names.join(", ")
        ));
    }
    let alone = |it: &&PlanError| told.is_empty() || late(it).is_none();
    let rest: Vec<String> = all.iter().filter(alone).map(ToString::to_string).collect();
    told.into_iter().chain(rest).collect::<Vec<_>>().join("; ")
}

fn path(cycle: &[ServiceId]) -> String {
    cycle.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(" → ")
}

fn others(names: &[EnvId]) -> String {
    let names: Vec<&str> = names.iter().map(EnvId::as_str).collect();
    if names.is_empty() { String::new() } else { format!("; there is {}", names.join(", ")) }
}

impl PlanError {
    /// Everything that is in the way, one by one.
    pub fn each(&self) -> &[PlanError] {
        match self {
            Self::Several(all) => all,
            one => std::slice::from_ref(one),
        }
    }

    /// Everything that was found to be in the way; none: nothing is.
    pub(super) fn of(found: Vec<PlanError>) -> Result<(), Self> {
        let mut all: Vec<Self> = Vec::new();
        for error in found {
            if !all.contains(&error) {
                all.push(error);
            }
        }
        match all.len() {
            0 => Ok(()),
            1 => all.pop().map_or(Ok(()), Err),
            _ => Err(Self::Several(all)),
        }
    }

    /// No environment is called that.
    pub fn unknown_environment(catalog: &Catalog, env: &EnvId) -> Self {
        let known = catalog.environments.iter().map(|env| env.name.clone()).collect();
        Self::UnknownEnvironment { env: env.clone(), known }
    }
}

fn suggestion(near: Option<&ServiceId>) -> String {
    near.map(|near| format!(". Did you mean {near}?")).unwrap_or_default()
}

/// The version that a person would call this image text by.
pub fn version_of(image: &str) -> String {
    image.parse::<Image>().map_or_else(|_| image.to_owned(), |image| image.version())
}
