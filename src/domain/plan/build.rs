//! From what is wanted to a plan.

mod warnings;

pub use warnings::{warn_of_going_back, was_failing};

use std::collections::BTreeSet;
use std::sync::Arc;

use super::waves::{layers, needs_within};
use super::{Plan, PlanError, Purpose, Skipped, Step, Wave};
use crate::domain::board::{Board, Cell, container_of};
use crate::domain::catalog::{Catalog, Environment, Service};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::image::{Image, short_digest};
use crate::domain::observed::{Workload, WorkloadKind};
use crate::domain::rollout::{LEFT_ALONE, View, estimate};
use crate::domain::verdict::State;
use crate::domain::words;
use crate::domain::world::{Freshness, World};

/// What is wanted in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub env: EnvId,
    pub purpose: Purpose,
    /// What the set is called; empty: named after its services.
    pub title: String,
    pub services: Vec<(ServiceId, Wanted)>,
}

/// The version wanted of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A tag, a digest or both, or a whole reference, as typed.
    Version(String),
    /// Exactly what live pods of this environment run, by digest.
    As(EnvId),
    /// Exactly this image, as a run or a revision recorded it.
    Image(Image),
}

/// Makes a plan. Nothing is changed.
///
/// # Errors
/// Everything that makes the request impossible or unsafe; see [`PlanError`].
pub fn build(catalog: &Catalog, world: &World, board: &Board, request: &Request) -> Result<Plan, PlanError> {
    let builder = Builder { catalog, world, board, request, env: environment(catalog, &request.env)? };
    builder.plan()
}

/// A name that no service has, with the one that was probably meant.
pub fn unknown_service(catalog: &Catalog, name: &ServiceId) -> PlanError {
    let names = catalog.services.iter().map(|service| &service.name);
    let near = names
        .map(|other| (strsim::jaro_winkler(other.as_str(), name.as_str()), other))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, other)| other.clone());
    PlanError::UnknownService { service: name.clone(), near }
}

struct Builder<'a> {
    catalog: &'a Catalog,
    world: &'a World,
    board: &'a Board,
    request: &'a Request,
    env: &'a Environment,
}

fn environment<'a>(catalog: &'a Catalog, env: &EnvId) -> Result<&'a Environment, PlanError> {
    catalog.environment(env).ok_or_else(|| PlanError::unknown_environment(catalog, env))
}

impl Builder<'_> {
    fn plan(&self) -> Result<Plan, PlanError> {
        if self.catalog.discovered {
            return Err(PlanError::ReadOnly("there is no configuration yet; run shipdeck init".to_owned()));
        }
        if self.request.services.is_empty() {
            return Err(PlanError::Nothing);
        }
        fresh(self.world, &self.env.name)?;
        self.check_needs_exist()?;
        let (steps, skipped) = self.steps()?;
        let set: BTreeSet<ServiceId> = steps.iter().map(|step| step.service.clone()).collect();
        self.check_needs_outside(&set)?;
        // The whole request is checked for cycles, also what would be skipped: the order is wrong either way.
        layers(self.catalog, &self.request.services.iter().map(|(service, _)| service.clone()).collect())?;
        let after = needs_within(self.catalog, &set);
        let waves = layers(self.catalog, &set)?.into_iter().map(|names| Wave {
            steps: steps
                .iter()
                .filter(|step| names.contains(&step.service))
                .map(|step| Step { after: after[&step.service].iter().cloned().collect(), ..step.clone() })
                .collect(),
        });
        let mut plan = Plan {
            env: self.env.name.clone(),
            protected: self.env.protected,
            purpose: self.request.purpose.clone(),
            title: self.title(&steps),
            waves: waves.collect(),
            skipped,
            warnings: self.warnings(&steps),
            passes: crate::domain::lock::Passes::default(),
            unheld: false,
        };
        if plan.purpose == Purpose::RollBack {
            warnings::warn_of_going_back(&mut plan, self.world);
        }
        Ok(plan)
    }

    /// What will change, in few words.
    fn title(&self, steps: &[Step]) -> String {
        match (steps, self.request.services.as_slice()) {
            _ if !self.request.title.is_empty() => self.request.title.clone(),
            ([only], _) => only.service.to_string(),
            ([], [(only, _)]) => only.to_string(),
            ([], all) => words::count(all.len(), "service"),
            (many, _) => words::count(many.len(), "service"),
        }
    }

    fn service(&self, name: &ServiceId) -> Result<&Service, PlanError> {
        self.catalog.service(name).ok_or_else(|| unknown_service(self.catalog, name))
    }

    fn check_needs_exist(&self) -> Result<(), PlanError> {
        let mut found = Vec::new();
        for (name, _) in &self.request.services {
            match self.service(name) {
                Ok(service) => {
                    let unknown = service.needs.iter().filter(|need| self.catalog.service(need).is_none());
                    let unknown =
                        unknown.map(|it| PlanError::UnknownNeed { service: it.clone(), needed_by: name.clone() });
                    found.extend(unknown);
                }
                Err(error) => found.push(error),
            }
        }
        PlanError::of(found)
    }

    fn steps(&self) -> Result<(Vec<Step>, Vec<Skipped>), PlanError> {
        let (mut steps, mut skipped, mut seen, mut found) = (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
        for (name, wanted) in &self.request.services {
            if !seen.insert(name) {
                continue;
            }
            let service = self.service(name)?;
            if service.workload.kind == WorkloadKind::Job {
                skipped.push(Skipped { service: name.clone(), why: LEFT_ALONE.to_owned(), already: false });
                continue;
            }
            match self.step(service, wanted) {
                Ok(Ok(step)) => steps.push(step),
                Ok(Err(why)) => skipped.push(Skipped { service: name.clone(), why, already: true }),
                // Whoever mends one thing wants to know of the others now, and not one after the other.
                Err(error) => found.push(error),
            }
        }
        PlanError::of(found).map(|()| (steps, skipped))
    }

    /// A step, or why there is nothing to do.
    fn step(&self, service: &Service, wanted: &Wanted) -> Result<Result<Step, String>, PlanError> {
        let workload = self.workload(service)?;
        let (index, container) = container_of(service, &workload.containers).ok_or_else(|| {
            let containers = workload.containers.iter().map(|container| container.name.to_string()).collect();
            let (service, workload) = (service, workload.reference());
            match &service.container {
                Some(container) => PlanError::NoContainer { container: Arc::clone(container), workload, containers },
                None => PlanError::AmbiguousContainer { service: service.name.clone(), workload, containers },
            }
        })?;
        let to = self.image(service, wanted, &container.image)?;
        let current: Option<Image> = container.image.parse().ok();
        let running = self.board.cell(&service.name, &self.env.name);
        let same = current.as_ref().is_some_and(|current| current.to_string() == to.to_string());
        let asked = self.request.purpose == Purpose::Deploy || matches!(wanted, Wanted::Image(_));
        let follow = same && asked && does_not_stand(running);
        if !follow && (same || current.as_ref().is_some_and(|current| runs(running, current, &to))) {
            return Ok(Err(format!("runs {} already", to.version())));
        }
        Ok(Ok(Step {
            service: service.name.clone(),
            workload: workload.reference(),
            uid: workload.meta.uid.clone(),
            container_index: index,
            container: Arc::clone(&container.name),
            from: Arc::clone(&container.image),
            to: if same { Arc::clone(&container.image) } else { to.to_string().into() },
            from_version: super::version_of(&container.image),
            to_version: if same { to.version() } else { told_apart(&to, &container.image) },
            after: Vec::new(),
            estimate: self.world.env(&self.env.name).and_then(|world| estimate(&View::new(world, workload))),
            p90: None,
            failing: running.is_some_and(|cell| cell.verdict.state == State::Failed),
        }))
    }

    fn workload(&self, service: &Service) -> Result<&Workload, PlanError> {
        let world = self.world.env(&self.env.name);
        let (name, env) = (service.name.clone(), self.env.name.clone());
        world.and_then(|world| world.workload(&service.workload)).ok_or_else(|| {
            match world.and_then(|world| world.denied(service.workload.kind)) {
                Some(fault) => PlanError::NotReadable { service: name, env, fault: fault.clone() },
                None => PlanError::NotThere { service: name, env, workload: service.workload.clone() },
            }
        })
    }

    fn image(&self, service: &Service, wanted: &Wanted, present: &str) -> Result<Image, PlanError> {
        let bad =
            |why: String| PlanError::BadVersion { service: service.name.clone(), env: self.env.name.clone(), why };
        match wanted {
            Wanted::Image(image) => Ok(image.clone()),
            Wanted::Version(version) => {
                let base = service.image.as_deref().unwrap_or(present);
                let base: Image = base.parse().map_err(|error| bad(format!("{base}: {error}")))?;
                base.at(version).map_err(|error| bad(error.to_string()))
            }
            Wanted::As(source) => self.image_of(service, source),
        }
    }

    /// Exactly what live pods of another environment run: refused unless that rollout has succeeded and is seen live.
    fn image_of(&self, service: &Service, source: &EnvId) -> Result<Image, PlanError> {
        environment(self.catalog, source)?;
        fresh(self.world, source)?;
        let not_ready =
            |why: String| PlanError::UpstreamNotReady { service: service.name.clone(), env: source.clone(), why };
        let cell =
            self.board.cell(&service.name, source).ok_or_else(|| not_ready("it is not known there".to_owned()))?;
        if cell.verdict.state != State::Ok {
            let evidence = cell.verdict.evidence.as_ref().map(|evidence| evidence.headline.clone());
            return Err(not_ready(evidence.unwrap_or_else(|| cell.verdict.state.words().to_owned())));
        }
        let [running] = cell.running.as_slice() else {
            return Err(not_ready(match cell.running.len() {
                0 => "no live pod says what it runs".to_owned(),
                several => format!("its pods run {several} different images"),
            }));
        };
        let digest = running.digest.clone().or_else(|| running.image.digest.clone());
        let digest = digest.ok_or_else(|| not_ready("its pods do not say the digest that they run".to_owned()))?;
        Ok(Image { digest: Some(digest), ..running.image.clone() })
    }

    /// Needed services that are not in the plan must run here, whole.
    fn check_needs_outside(&self, set: &BTreeSet<ServiceId>) -> Result<(), PlanError> {
        let mut found = Vec::new();
        for name in set {
            for needed in self.service(name)?.needs.iter().filter(|need| !set.contains(*need)) {
                let cell = self.board.cell(needed, &self.env.name);
                let state = cell.map_or(State::Unknown, |cell| cell.verdict.state);
                let why = match state {
                    State::Ok | State::Done | State::Degraded => continue,
                    State::Absent => "missing".to_owned(),
                    other => other.words().to_owned(),
                };
                let (service, env) = (name.clone(), self.env.name.clone());
                found.push(PlanError::NeedNotMet { service, needed: needed.clone(), env, why });
            }
        }
        PlanError::of(found)
    }
}

/// What a person calls the new version; its digest where the tag alone would look like no change.
fn told_apart(to: &Image, present: &str) -> String {
    let (version, before) = (to.version(), crate::domain::plan::version_of(present));
    match &to.digest {
        Some(digest) if version == before => short_digest(digest),
        _ => version,
    }
}

/// What is asked for is set, and still does not run: then it is followed, for to say that it runs would be wrong.
fn does_not_stand(cell: Option<&Cell>) -> bool {
    use State::{Blocked, Degraded, Failed, Paused, Progressing};
    cell.is_some_and(|cell| matches!(cell.verdict.state, Failed | Degraded | Blocked | Progressing | Paused))
}

/// Whether pods run this very content already, under whatever name.
fn runs(cell: Option<&Cell>, current: &Image, wanted: &Image) -> bool {
    let Some(cell) = cell.filter(|cell| cell.verdict.state == State::Ok) else { return false };
    let [running] = cell.running.as_slice() else { return false };
    wanted.digest.is_some() && running.digest == wanted.digest && current.repository == wanted.repository
}

fn fresh(world: &World, env: &EnvId) -> Result<(), PlanError> {
    let why = match world.env(env).map(crate::domain::world::EnvWorld::freshness) {
        Some(Freshness::Live) => return Ok(()),
        None | Some(Freshness::Reading { .. }) => "still being read".to_owned(),
        Some(Freshness::Stale { fault, .. }) => format!("old ({fault})"),
        Some(Freshness::Denied { fault, .. }) => format!("incomplete ({fault})"),
    };
    Err(PlanError::Stale { env: env.clone(), why })
}

#[cfg(test)]
mod tests;
