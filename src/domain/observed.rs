//! Vocabulary of facts: what a cluster says, reduced to the fields that shipdeck shows or decides by.
//!
//! Adapters build these from their own wire types and clean every text on the way in (see [`super::text`]), so that
//! nothing further inwards has to distrust a string.

mod reference;

pub use reference::{NoWorkloadRef, WorkloadKind, WorkloadRef};

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::ids::Uid;
use super::image::Image;
use super::lease::Record;
use super::lease::queue::Errand;
use super::steward::Steward;

/// What every object has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    pub name: Arc<str>,
    pub uid: Uid,
    pub resource_version: Arc<str>,
    pub created: Timestamp,
    /// `deletionTimestamp`: already contains the grace period.
    pub deleting: Option<Timestamp>,
    /// The controller among `ownerReferences`.
    pub owner: Option<Owner>,
    /// Marks of tools that own or protect the object, see [`Marks`].
    pub marks: Marks,
}

/// The controlling owner of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub kind: Arc<str>,
    pub name: Arc<str>,
    pub uid: Uid,
}

/// What labels and annotations say about who owns an object and whether it may be removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "four marks that are independent of each other")]
pub struct Marks {
    /// `app.kubernetes.io/managed-by=Helm`.
    pub helm: bool,
    /// `helm.sh/hook`.
    pub helm_hook: bool,
    /// An Argo CD tracking id or a Flux owner label.
    pub gitops: bool,
    /// `helm.sh/resource-policy: keep`, Argo CD `Prune=false` or `Delete=false`, or any finalizer.
    pub keep: bool,
}

/// Hash of a pod template without the label `pod-template-hash`: equal templates, equal numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TemplateHash(pub u64);

/// A Deployment, StatefulSet or DaemonSet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    pub kind: WorkloadKind,
    pub meta: Meta,
    pub generation: i64,
    pub observed_generation: i64,
    /// `spec.replicas` (default 1), or `desiredNumberScheduled` of a DaemonSet.
    pub desired: u32,
    pub paused: bool,
    pub strategy: Strategy,
    /// Seconds; absent where the server has none.
    pub progress_deadline: Option<u32>,
    pub template: TemplateHash,
    pub containers: Vec<Container>,
    /// Who has it described elsewhere and brings it back to that.
    pub steward: Option<Box<Steward>>,
    /// Who wrote its pod template last, where the server says it.
    pub writer: Option<Writer>,
    pub status: WorkloadStatus,
}

/// Who wrote something: a field manager, such as `kubectl-edit` or `helm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    pub manager: Arc<str>,
    pub at: Option<Timestamp>,
}

impl Workload {
    pub fn reference(&self) -> WorkloadRef {
        WorkloadRef { kind: self.kind, name: Arc::clone(&self.meta.name) }
    }

    /// Images of the template, container by container.
    pub fn images(&self) -> impl Iterator<Item = &Arc<str>> {
        self.containers.iter().map(|container| &container.image)
    }
}

/// How new pods replace old ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    #[default]
    RollingUpdate,
    Recreate,
    /// StatefulSet and DaemonSet: pods change only when somebody deletes them.
    OnDelete,
    /// StatefulSet: ordinals below this one keep the old revision.
    Partition(u32),
}

/// A container of a pod template, in the order of the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub name: Arc<str>,
    pub image: Arc<str>,
}

/// Counters as the controller reports them; `ready` and `available` count old and new pods alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkloadStatus {
    pub replicas: u32,
    pub updated: u32,
    pub ready: u32,
    pub available: u32,
    pub terminating: u32,
    /// StatefulSet only.
    pub current_revision: Option<Arc<str>>,
    /// StatefulSet only; a DaemonSet's is found in its ControllerRevisions.
    pub update_revision: Option<Arc<str>>,
    pub conditions: Vec<Condition>,
}

/// A condition of a workload, ReplicaSet or Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub kind: Arc<str>,
    pub status: bool,
    pub reason: Arc<str>,
    pub message: Arc<str>,
    /// Last update where the object has one, else last transition.
    pub updated: Option<Timestamp>,
}

/// A ReplicaSet of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
    pub meta: Meta,
    /// Annotation `deployment.kubernetes.io/revision`; 0 where it is missing.
    pub revision: u64,
    /// It was wanted before, then not, and now again: it is older than the wish (`deployment.kubernetes.io/revision-history`).
    pub returned: bool,
    pub template: TemplateHash,
    pub containers: Vec<Container>,
    pub desired: u32,
    pub replicas: u32,
    pub ready: u32,
    pub available: u32,
    pub conditions: Vec<Condition>,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    pub meta: Meta,
    /// Label `controller-revision-hash` (StatefulSet, DaemonSet) or `pod-template-hash` (ReplicaSet).
    pub revision: Option<Arc<str>>,
    pub phase: Phase,
    /// `status.reason`, for example `Evicted`.
    pub reason: Option<Arc<str>>,
    pub message: Option<Arc<str>>,
    pub ready: bool,
    /// Why it has no node yet: reason and message of `PodScheduled=False`.
    pub unscheduled: Option<Condition>,
    pub node: Option<Arc<str>>,
    /// Claims to volumes that it names.
    pub claims: Vec<Arc<str>>,
    pub containers: Vec<ContainerStatus>,
}

/// `status.phase`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Pending,
    Running,
    Succeeded,
    Failed,
    Unknown,
}

/// A container of a running pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerStatus {
    pub name: Arc<str>,
    pub image: Arc<str>,
    /// `imageID` reduced to its digest, `sha256:…`, where the runtime gave one.
    pub digest: Option<Arc<str>>,
    /// It has to end before the others start: a sidecar, though written among these, is like any other container.
    pub init: bool,
    /// The most memory that it may have, as its pod says it.
    pub memory: Option<Arc<str>>,
    pub ready: bool,
    pub restarts: u32,
    pub state: ContainerState,
    /// How it ended the last time, if it did.
    pub last: Option<Terminated>,
}

/// `state` of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ContainerState {
    #[default]
    Unknown,
    Waiting {
        reason: Arc<str>,
        message: Arc<str>,
    },
    Running {
        since: Option<Timestamp>,
    },
    Terminated(Terminated),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminated {
    pub exit_code: i32,
    pub reason: Arc<str>,
    pub message: Arc<str>,
    pub finished: Option<Timestamp>,
}

/// A Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub meta: Meta,
    pub active: u32,
    pub succeeded: u32,
    pub failed: u32,
    /// `ttlSecondsAfterFinished` is set: it removes itself.
    pub ttl: bool,
    pub suspended: bool,
    /// Pods that have to succeed.
    pub wanted: u32,
    pub containers: Vec<Container>,
    pub conditions: Vec<Condition>,
}

/// An event of core/v1, kept for evidence only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub meta: Meta,
    pub about_kind: Arc<str>,
    pub about: Uid,
    pub about_name: Arc<str>,
    pub warning: bool,
    pub reason: Arc<str>,
    pub message: Arc<str>,
    pub count: u32,
    pub last_seen: Timestamp,
}

/// A lease of shipdeck: who is changing a service right now, or waits to do so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub meta: Meta,
    pub record: Record,
    /// It is a ticket: what its holder waits for.
    pub errand: Option<Errand>,
}

/// Named texts: what a document holds.
pub type Texts = BTreeMap<Arc<str>, Arc<str>>;

/// A document of shipdeck: state that a team shares, kept in the cluster itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub meta: Meta,
    /// What it is about: `lock`.
    pub about: Arc<str>,
    pub texts: Texts,
}

/// Any object that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    Workload(Box<Workload>),
    ReplicaSet(Box<ReplicaSet>),
    Pod(Box<Pod>),
    Job(Box<Job>),
    Event(Box<Event>),
    Lease(Box<Lease>),
    Document(Box<Document>),
}

impl Object {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Workload(workload) => Kind::Workload(workload.kind),
            Self::ReplicaSet(_) => Kind::ReplicaSet,
            Self::Pod(_) => Kind::Pod,
            Self::Job(_) => Kind::Job,
            Self::Event(_) => Kind::Event,
            Self::Lease(_) => Kind::Lease,
            Self::Document(_) => Kind::Document,
        }
    }

    pub fn meta(&self) -> &Meta {
        match self {
            Self::Workload(object) => &object.meta,
            Self::ReplicaSet(object) => &object.meta,
            Self::Pod(object) => &object.meta,
            Self::Job(object) => &object.meta,
            Self::Event(object) => &object.meta,
            Self::Lease(object) => &object.meta,
            Self::Document(object) => &object.meta,
        }
    }
}

/// A kind that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Workload(WorkloadKind),
    ReplicaSet,
    Pod,
    Job,
    Event,
    /// Those of shipdeck.
    Lease,
    /// Config maps of shipdeck.
    Document,
}

impl Kind {
    /// In the order in which they are most useful to a reader.
    pub const ALL: [Self; 9] = [
        Self::Workload(WorkloadKind::Deployment),
        Self::Workload(WorkloadKind::StatefulSet),
        Self::Workload(WorkloadKind::DaemonSet),
        Self::Pod,
        Self::ReplicaSet,
        Self::Job,
        Self::Event,
        Self::Lease,
        Self::Document,
    ];

    /// Plural, for people: "may not list pods".
    pub fn plural(self) -> &'static str {
        match self {
            Self::Workload(WorkloadKind::Deployment) => "deployments",
            Self::Workload(WorkloadKind::StatefulSet) => "statefulsets",
            Self::Workload(WorkloadKind::DaemonSet) => "daemonsets",
            Self::Workload(WorkloadKind::Job) | Self::Job => "jobs",
            Self::ReplicaSet => "replicasets",
            Self::Pod => "pods",
            Self::Event => "events",
            Self::Lease => "leases",
            Self::Document => "configmaps",
        }
    }
}

/// What a watch of one kind in one environment reports.
///
/// A list is `ListStarted`, any number of `Upsert`, `Listed`; objects that were not seen in between are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    ListStarted(Kind),
    Upsert(Object),
    Listed(Kind),
    Delete {
        kind: Kind,
        name: Arc<str>,
        uid: Uid,
    },
    /// Something was heard on this watch (bookmark, event): what is shown is current.
    Alive(Kind),
    /// The watch is broken and is being tried again.
    Lost(Kind, super::fault::Fault),
}

/// One running container's image: what the cluster really runs, not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningImage {
    pub image: Image,
    pub digest: Option<Arc<str>>,
}
