//! The matrix: one cell for each service in each environment, judged anew only when something touched it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::catalog::{Catalog, Environment, Service};
use super::fault::Fault;
use super::ids::{EnvId, ServiceId};
use super::image::Image;
use super::observed::{Container, ContainerStatus, Kind, RunningImage, WorkloadKind};
use super::rollout::{self, View};
use super::verdict::{Cause, Evidence, Progress, State, Verdict};
use super::world::{EnvWorld, Freshness, World};

/// One service in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub verdict: Verdict,
    /// What the pods run; while a rollout is under way, what the newest pods run.
    pub version: Option<String>,
    /// Every image that live pods run in the service's container, newest template first, without repeats.
    pub running: Vec<RunningImage>,
    /// What the pod template asks for.
    pub wanted: Option<Arc<str>>,
    /// When the present version began to roll out.
    pub changed: Option<Timestamp>,
    /// It runs after crashes, and will be called well if it stays so.
    pub on_trial: bool,
    /// The picture that this rests on is old.
    pub stale: bool,
    /// The reason is one of the whole environment, which says it already.
    pub of_environment: bool,
}

impl Cell {
    /// A rollout is under way and is seen to be.
    pub fn is_moving(&self) -> bool {
        self.verdict.state == State::Progressing && !self.stale
    }
}

/// All cells.
#[derive(Clone, Debug, Default)]
pub struct Board {
    cells: BTreeMap<EnvId, HashMap<ServiceId, Cell>>,
    /// What went wrong after success, as long as it is watched: the counters alone may look well again.
    remarks: HashMap<(EnvId, ServiceId), Evidence>,
    /// Cells in motion: asked for at every turn of the event loop.
    moving: usize,
    /// Cells on trial: asked for as often.
    on_trial: usize,
}

impl Board {
    pub fn cell(&self, service: &ServiceId, env: &EnvId) -> Option<&Cell> {
        self.cells.get(env)?.get(service)
    }

    /// Whether any rollout is under way, as far as is known now.
    pub fn is_moving(&self) -> bool {
        self.moving > 0
    }

    /// Whether any verdict may change by time alone.
    pub fn is_on_trial(&self) -> bool {
        self.on_trial > 0
    }

    /// Judges one cell again. True if it looks different now.
    pub fn refresh(&mut self, world: &World, service: &Service, env: &EnvId, now: Timestamp) -> bool {
        let mut cell = cell(world.env(env), service, now);
        if let Some(evidence) = self.remarks.get(&(env.clone(), service.name.clone()))
            && cell.verdict.state == State::Ok
        {
            cell.verdict = Verdict::new(State::Degraded, cell.verdict.progress).because(evidence.clone());
        }
        if self.cell(&service.name, env) == Some(&cell) {
            return false;
        }
        self.moving += usize::from(cell.is_moving());
        self.on_trial += usize::from(cell.on_trial);
        let before = self.cells.entry(env.clone()).or_default().insert(service.name.clone(), cell);
        self.moving -= usize::from(before.as_ref().is_some_and(Cell::is_moving));
        self.on_trial -= usize::from(before.is_some_and(|cell| cell.on_trial));
        true
    }

    /// Notes what went wrong with a rollout after its success, or that nothing does any more. True if that is news.
    pub fn remark(&mut self, env: &EnvId, service: &ServiceId, what: Option<&Evidence>) -> bool {
        let place = (env.clone(), service.clone());
        if self.remarks.get(&place) == what {
            return false;
        }
        match what {
            Some(evidence) => self.remarks.insert(place, evidence.clone()),
            None => self.remarks.remove(&place),
        };
        true
    }

    /// Judges every cell of an environment again.
    pub fn refresh_env(&mut self, world: &World, catalog: &Catalog, env: &EnvId, now: Timestamp) -> bool {
        catalog.services.iter().fold(false, |changed, service| self.refresh(world, service, env, now) | changed)
    }

    /// Judges again what can change by time alone: whatever is not at rest.
    pub fn refresh_unsettled(&mut self, world: &World, catalog: &Catalog, now: Timestamp) -> bool {
        let unsettled: Vec<_> = self
            .cells
            .iter()
            .flat_map(|(env, row)| row.iter().map(move |(service, cell)| (service, env, cell)))
            .filter(|(.., cell)| !is_at_rest(cell.verdict.state))
            .map(|(service, env, _)| (service.clone(), env.clone()))
            .collect();
        unsettled.into_iter().fold(false, |changed, (service, env)| {
            let again = catalog.service(&service).is_some_and(|service| self.refresh(world, service, &env, now));
            again | changed
        })
    }

    /// Forgets cells that the catalog no longer has.
    pub fn retain(&mut self, catalog: &Catalog) {
        self.cells.retain(|env, _| catalog.environment(env).is_some());
        for row in self.cells.values_mut() {
            row.retain(|service, _| catalog.service(service).is_some());
        }
        let count =
            |what: fn(&Cell) -> bool| self.cells.values().flat_map(HashMap::values).filter(|it| what(it)).count();
        (self.moving, self.on_trial) = (count(Cell::is_moving), count(|cell| cell.on_trial));
    }

    /// Whether the service runs something else here than in the environment that this one is promoted to.
    pub fn differs(&self, catalog: &Catalog, service: &ServiceId, env: &Environment) -> bool {
        let Some(here) = self.cell(service, &env.name) else { return false };
        let others = catalog.environments.iter().filter(|other| other.name != env.name);
        let mut last = others.filter_map(|other| self.cell(service, &other.name)).filter(|cell| cell.version.is_some());
        here.version.is_some() && last.next_back().is_some_and(|reference| !same_version(here, reference))
    }

    /// Whether the service here lags behind, or is ahead of, the environment that this one is promoted from.
    pub fn differs_from_upstream(&self, catalog: &Catalog, service: &ServiceId, env: &EnvId) -> bool {
        let upstream = catalog.upstream(env).and_then(|upstream| self.cell(service, &upstream.name));
        match (self.cell(service, env), upstream) {
            (Some(here), Some(there)) => {
                here.version.is_some() && there.version.is_some() && !same_version(here, there)
            }
            _ => false,
        }
    }
}

/// Time alone changes nothing.
fn is_at_rest(state: State) -> bool {
    matches!(state, State::Ok | State::Done | State::Absent | State::ScaledToZero)
}

/// Same content where digests are known, else the same version.
pub fn same_version(a: &Cell, b: &Cell) -> bool {
    let digest = |cell: &Cell| cell.running.first().and_then(|running| running.digest.clone());
    match (digest(a), digest(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.version == b.version,
    }
}

/// The container of a workload that is the service: the named one, else the one whose image matches, else the only one.
pub fn container_of<'a>(service: &Service, containers: &'a [Container]) -> Option<(usize, &'a Container)> {
    if let Some(name) = &service.container {
        return containers.iter().enumerate().find(|(_, container)| container.name == *name);
    }
    if let Some(image) = &service.image {
        let mut matching =
            containers.iter().enumerate().filter(|(_, container)| repository(&container.image) == **image);
        if let (Some(found), None) = (matching.next(), matching.next()) {
            return Some(found);
        }
    }
    match containers {
        [only] => Some((0, only)),
        _ => None,
    }
}

fn repository(image: &str) -> String {
    image.parse::<Image>().map_or_else(|_| image.to_owned(), |image| image.repository.to_string())
}

fn cell(world: Option<&EnvWorld>, service: &Service, now: Timestamp) -> Cell {
    let Some(world) = world else { return empty(State::Reading) };
    let freshness = world.freshness();
    if service.workload.kind == WorkloadKind::Job {
        return job_cell(world, service, now);
    }
    let Some(workload) = world.workload(&service.workload) else {
        if let Some(fault) = world.denied(service.workload.kind) {
            return Cell { of_environment: matches!(freshness, Freshness::Denied { .. }), ..invisible(fault) };
        }
        return match freshness {
            Freshness::Live => empty(State::Absent),
            Freshness::Reading { .. } => empty(State::Reading),
            Freshness::Denied { fault, .. } => Cell { of_environment: true, ..invisible(&fault) },
            // What was never read is not old: nothing is known of it.
            Freshness::Stale { fault, .. } => {
                Cell { stale: world.was_read(), of_environment: true, ..invisible(&fault) }
            }
        };
    };
    let view = View::new(world, workload);
    let running = running_images(service, &view);
    let wanted = container_of(service, &workload.containers).map(|(_, container)| Arc::clone(&container.image));
    let version = running
        .first()
        .map(|running| running.image.version())
        .or_else(|| wanted.as_deref().map(super::plan::version_of));
    let of_environment = matches!(freshness, Freshness::Denied { .. });
    let verdict = match freshness {
        // Only with every kind read can it be said that pods are missing rather than not yet listed.
        Freshness::Reading { .. } if !view.is_complete() => Verdict::new(State::Reading, Progress::default()),
        Freshness::Denied { fault, .. } => invisible(&fault).verdict,
        Freshness::Live | Freshness::Stale { .. } | Freshness::Reading { .. } => rollout::health(&view, now),
    };
    let (on_trial, stale) = (rollout::on_trial(&view, now), !world.freshness().is_live());
    Cell { verdict, version, running, wanted, changed: view.changed_at(), on_trial, stale, of_environment }
}

/// A Job needs no kind but its own to be judged; its pods only tell why.
fn job_cell(world: &EnvWorld, service: &Service, now: Timestamp) -> Cell {
    let freshness = world.freshness();
    let stale = !freshness.is_live();
    let Some(job) = world.job(&service.workload.name) else {
        return match world.lost().find(|(kind, ..)| *kind == Kind::Job) {
            Some((.., fault)) => {
                let (of_environment, stale) = (freshness.fault() == Some(fault), stale && world.was_read());
                Cell { stale, of_environment, ..invisible(fault) }
            }
            None if world.is_current(Kind::Job) => empty(State::Absent),
            None => empty(State::Reading),
        };
    };
    let wanted = container_of(service, &job.containers).map(|(_, container)| Arc::clone(&container.image));
    Cell {
        verdict: rollout::of_job(world, job, now),
        version: wanted.as_deref().map(super::plan::version_of),
        running: Vec::new(),
        wanted,
        changed: Some(job.meta.created),
        // It says itself when it has succeeded.
        on_trial: false,
        stale: stale || !world.is_current(Kind::Job),
        of_environment: false,
    }
}

fn empty(state: State) -> Cell {
    Cell {
        verdict: Verdict::new(state, Progress::default()),
        version: None,
        running: Vec::new(),
        wanted: None,
        changed: None,
        on_trial: false,
        stale: false,
        of_environment: false,
    }
}

fn invisible(fault: &Fault) -> Cell {
    let evidence = Evidence {
        cause: Cause::NotVisible,
        headline: fault.message.clone(),
        details: Vec::new(),
        pod: None,
        since: None,
        remedy: fault.advice().to_owned(),
    };
    let verdict = Verdict::new(State::Unknown, Progress::default()).because(evidence);
    Cell { verdict, ..empty(State::Unknown) }
}

fn running_images(service: &Service, view: &View<'_>) -> Vec<RunningImage> {
    let name = container_of(service, &view.workload.containers).map(|(_, container)| Arc::clone(&container.name));
    let mut images: Vec<RunningImage> = Vec::new();
    for pod in view.new_pods().chain(view.old_pods()).filter(|pod| pod.meta.deleting.is_none()) {
        let named = |status: &&ContainerStatus| !status.init && name.as_ref().is_none_or(|name| status.name == *name);
        let Some(status) = pod.containers.iter().find(named) else { continue };
        let Some(template) = template_image(view, pod, &status.name) else { continue };
        let image = RunningImage { image: template, digest: status.digest.clone() };
        if !images.contains(&image) {
            images.push(image);
        }
    }
    images
}

/// The image as the template of the pod asks for it: a status may name it by digest only, and people know it by its tag.
fn template_image(view: &View<'_>, pod: &super::observed::Pod, container: &str) -> Option<Image> {
    let from_set = view
        .set_of(pod)
        .and_then(|set| set.containers.iter().find(|spec| &*spec.name == container))
        .map(|spec| Arc::clone(&spec.image));
    let from_status =
        || pod.containers.iter().find(|status| &*status.name == container).map(|status| Arc::clone(&status.image));
    from_set.or_else(from_status)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::FaultKind;
    use crate::domain::fixtures::{START, TestWorld, catalog};
    use crate::domain::ids::EnvId;
    use crate::domain::observed::{Change, WorkloadRef};

    fn board(cluster: &TestWorld, catalog: &Catalog) -> Board {
        let mut board = Board::default();
        for env in &catalog.environments {
            board.refresh_env(&cluster.world, catalog, &env.name, START);
        }
        board
    }

    /// Auth runs one version in staging and another, or the same, in production.
    fn two(staging: &str, production: &str) -> TestWorld {
        let mut cluster = TestWorld::new("staging").live("production");
        cluster.rolled_out("auth", staging, 1);
        cluster.env = EnvId::new("production");
        cluster.rolled_out("auth", production, 1);
        cluster
    }

    #[test]
    fn a_cell_differs_from_production_and_production_from_where_it_comes_from() {
        let catalog = catalog(&[("auth", &[])]);
        let auth = ServiceId::new("auth");
        for (production, differs) in [("r/auth:v1", true), ("r/auth:v2", false)] {
            let board = board(&two("r/auth:v2", production), &catalog);
            for env in &catalog.environments {
                assert_eq!(board.differs(&catalog, &auth, env), differs, "{production} {}", env.name);
            }
            assert_eq!(board.differs_from_upstream(&catalog, &auth, &EnvId::new("production")), differs);
        }
    }

    #[test]
    fn a_cell_says_the_version_that_pods_run_and_what_is_absent() {
        let catalog = catalog(&[("auth", &[]), ("cart", &[])]);
        let board = board(&two("r/auth:v2", "r/auth:v1"), &catalog);
        let cell = board.cell(&ServiceId::new("auth"), &EnvId::new("staging")).unwrap();
        assert_eq!((cell.verdict.state, cell.version.as_deref(), cell.running.len()), (State::Ok, Some("v2"), 1));
        let cell = board.cell(&ServiceId::new("cart"), &EnvId::new("staging")).unwrap();
        assert_eq!(cell.verdict.state, State::Absent);
    }

    #[test]
    fn a_cell_says_whether_its_reason_is_one_of_the_whole_environment() {
        let mut catalog = catalog(&[("auth", &[]), ("cart", &[]), ("migrate", &[])]);
        catalog.services[2].workload = WorkloadRef::new(WorkloadKind::Job, "migrate");
        let told = |lost: &[(Kind, &Fault)]| {
            let mut cluster = TestWorld::new("staging");
            cluster.rolled_out("auth", "r/auth:v2", 1);
            for (kind, fault) in lost {
                cluster.world.apply(&cluster.env, Change::Lost(*kind, (*fault).clone()), START);
            }
            let board = board(&cluster, &catalog);
            let cell = |service: &Service| board.cell(&service.name, &cluster.env).cloned().unwrap();
            let cells = catalog.services.iter().map(cell);
            cells.map(|cell| (cell.verdict.evidence.is_some(), cell.of_environment)).collect::<Vec<_>>()
        };
        let denied = Fault::new(FaultKind::Forbidden, "no right to list pods");
        assert_eq!(told(&[(Kind::Pod, &denied)]), [(true, true), (true, true), (false, false)]);
        let job = Fault::new(FaultKind::Forbidden, "no right to list jobs");
        assert_eq!(told(&[(Kind::Job, &job)]), [(false, false), (false, false), (true, false)], "nobody else says it");
        let away = Fault::new(FaultKind::Unreachable, "no route to host");
        let all = told(&[(Kind::Pod, &away), (Kind::Job, &away)]);
        assert_eq!(all, [(false, false), (true, true), (true, true)], "what was read stays what it was");
    }

    #[test]
    fn a_cell_that_looks_the_same_is_no_change() {
        let (catalog, cluster) = (catalog(&[("auth", &[])]), two("r/auth:v2", "r/auth:v1"));
        let mut board = board(&cluster, &catalog);
        assert!(!board.refresh_env(&cluster.world, &catalog, &cluster.env, START));
    }
}
