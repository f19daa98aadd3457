//! Builders for tests that read like sentences. Only compiled for tests.
//!
//! ```ignore
//! let mut cluster = TestWorld::new("staging");
//! cluster.deployment("auth", "r/auth:v1", 2).rolled_out();
//! ```

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::catalog::{Catalog, Environment, Service, usual_soak};
use super::ids::{ClusterId, EnvId, ServiceId, Uid};
use super::lease::{DURATION, Record, who};
use super::lock::{self, Posted};
use super::observed::*;
use super::world::World;

/// The moment at which every test begins.
pub(crate) const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

pub(crate) fn later(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

pub(crate) fn ids(names: &[&str]) -> Vec<ServiceId> {
    names.iter().map(ServiceId::new).collect()
}

/// Services with their needs, in the environments staging and production (protected, after staging).
pub(crate) fn catalog(services: &[(&str, &[&str])]) -> Catalog {
    let environment = |name: &str, after: &[&str], protected| Environment {
        name: EnvId::new(name),
        cluster: ClusterId::new("test"),
        namespace: format!("shop-{name}").into(),
        after: after.iter().map(EnvId::new).collect(),
        protected,
        soak: usual_soak(protected),
    };
    let service = |(name, needs): &(&str, &[&str])| Service {
        name: ServiceId::new(name),
        repository: None,
        team: None,
        image: Some(format!("r/{name}").into()),
        workload: WorkloadRef::deployment(*name),
        container: None,
        needs: ids(needs),
    };
    Catalog {
        environments: vec![environment("staging", &[], false), environment("production", &["staging"], true)],
        services: services.iter().map(service).collect(),
        groups: Vec::new(),
        discovered: false,
    }
}

pub(crate) fn meta(name: &str, owner: Option<Owner>) -> Meta {
    Meta {
        name: name.into(),
        uid: Uid::new(format!("uid-{name}")),
        resource_version: "1".into(),
        created: START,
        deleting: None,
        owner,
        marks: Marks::default(),
    }
}

/// A lock with these texts.
pub(crate) fn posted(id: &str, texts: &[(&str, &str)]) -> Posted {
    Posted::read(&document(id, texts))
}

/// The document of a lock.
pub(crate) fn document(id: &str, texts: &[(&str, &str)]) -> Document {
    let texts = texts.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    Document { meta: meta(&format!("shipdeck-lock-{id}"), None), about: lock::DOCUMENT.into(), texts }
}

/// A lease that is held.
pub(crate) fn lease(name: &str, holder: &str) -> Lease {
    let record = Record {
        holder: holder.into(),
        last: who(holder).into(),
        taken_from: None,
        duration: DURATION,
        acquired: Some(START),
        renewed: Some(START),
        token: 7,
    };
    Lease { meta: meta(name, None), record, errand: None }
}

pub(crate) fn condition(kind: &str, reason: &str, message: &str) -> Condition {
    Condition { kind: kind.into(), status: true, reason: reason.into(), message: message.into(), updated: Some(START) }
}

/// The number that stands for the template with this image.
pub(crate) fn template(image: &str) -> TemplateHash {
    TemplateHash(image.bytes().fold(7u64, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))))
}

pub(crate) fn digest(image: &str) -> String {
    format!("sha256:{:064x}", template(image).0)
}

/// A world with one environment that is live.
pub(crate) struct TestWorld {
    pub(crate) world: World,
    pub(crate) env: EnvId,
}

impl TestWorld {
    pub(crate) fn new(env: &str) -> Self {
        Self { world: World::default(), env: EnvId::new(env) }.live(env)
    }

    /// Makes a further environment live.
    pub(crate) fn live(mut self, env: &str) -> Self {
        let env = EnvId::new(env);
        self.world.begin(&env, START);
        for kind in Kind::ALL {
            self.world.apply(&env, Change::ListStarted(kind), START);
            self.world.apply(&env, Change::Listed(kind), START);
        }
        self
    }

    pub(crate) fn put(&mut self, object: Object) {
        self.world.apply(&self.env.clone(), Change::Upsert(object), START);
    }

    /// A Deployment that is rolled out: its ReplicaSet and ready pods.
    pub(crate) fn rolled_out(&mut self, name: &str, image: &str, replicas: u32) {
        self.deployment(name, image, replicas, |_| {});
        self.replica_set(name, image, replicas);
        for number in 0..replicas {
            self.pod(name, image, number, |_| {});
        }
    }

    /// One of two pods is out, and its container waits for this reason.
    pub(crate) fn waiting(&mut self, name: &str, image: &str, reason: &str) {
        self.deployment(name, image, 2, |it| {
            (it.generation, it.observed_generation) = (2, 2);
            (it.status.updated, it.status.ready, it.status.available) = (1, 1, 1);
        });
        self.replica_set(name, image, 1);
        self.pod(name, image, 0, |pod| {
            pod.ready = false;
            let waiting = ContainerState::Waiting { reason: reason.into(), message: "no".into() };
            (pod.containers[0].ready, pod.containers[0].state) = (false, waiting);
        });
    }

    pub(crate) fn deployment(&mut self, name: &str, image: &str, replicas: u32, change: impl FnOnce(&mut Workload)) {
        let mut workload = Workload {
            kind: WorkloadKind::Deployment,
            meta: meta(name, None),
            generation: 1,
            observed_generation: 1,
            desired: replicas,
            paused: false,
            strategy: Strategy::RollingUpdate,
            progress_deadline: Some(600),
            template: template(image),
            containers: vec![Container { name: name.into(), image: image.into() }],
            steward: None,
            writer: None,
            status: WorkloadStatus {
                replicas,
                updated: replicas,
                ready: replicas,
                available: replicas,
                ..WorkloadStatus::default()
            },
        };
        change(&mut workload);
        self.put(Object::Workload(Box::new(workload)));
    }

    pub(crate) fn replica_set(&mut self, deployment: &str, image: &str, replicas: u32) {
        let owner =
            Owner { kind: "Deployment".into(), name: deployment.into(), uid: Uid::new(format!("uid-{deployment}")) };
        self.put(Object::ReplicaSet(Box::new(ReplicaSet {
            meta: meta(&set_name(deployment, image), Some(owner)),
            revision: 1,
            returned: false,
            template: template(image),
            containers: vec![Container { name: deployment.into(), image: image.into() }],
            desired: replicas,
            replicas,
            ready: replicas,
            available: replicas,
            conditions: Vec::new(),
        })));
    }

    pub(crate) fn pod(&mut self, deployment: &str, image: &str, number: u32, change: impl FnOnce(&mut Pod)) {
        let set = set_name(deployment, image);
        let owner = Owner { kind: "ReplicaSet".into(), name: set.as_str().into(), uid: Uid::new(format!("uid-{set}")) };
        let name: Arc<str> = format!("{set}-{number}").into();
        let mut pod = Pod {
            meta: meta(&name, Some(owner)),
            revision: None,
            phase: Phase::Running,
            reason: None,
            message: None,
            ready: true,
            unscheduled: None,
            node: Some("node-1".into()),
            claims: Vec::new(),
            containers: vec![ContainerStatus {
                name: deployment.into(),
                image: image.into(),
                digest: Some(digest(image).into()),
                init: false,
                memory: None,
                ready: true,
                restarts: 0,
                state: ContainerState::Running { since: Some(START) },
                last: None,
            }],
        };
        change(&mut pod);
        self.put(Object::Pod(Box::new(pod)));
    }
}

pub(crate) fn set_name(deployment: &str, image: &str) -> String {
    format!("{deployment}-{:x}", template(image).0 & 0xffff)
}
