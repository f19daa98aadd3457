//! One Kubernetes cluster.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::domain::fault::Fault;
use crate::domain::ids::{EnvId, Uid};
use crate::domain::lease::Fence;
use crate::domain::observed::{Change, Workload, WorkloadRef};
use crate::ports::documents::Documents;
use crate::ports::enforcement::Enforcement;
use crate::ports::lease::Leases;
use crate::ports::rights::Rights;
use crate::ports::stewards::Stewards;
use crate::ports::traffic::Traffic;

/// Takes changes in, in order; waits when the reader is slower than the cluster, so that nothing is lost. False: nobody
/// listens any more.
pub type ChangeSink = Arc<dyn Fn(EnvId, Change) -> BoxFuture<'static, bool> + Send + Sync>;

/// Takes batches of log lines in; waits when the reader is slower. False: nobody listens any more.
pub type LogSink = Arc<dyn Fn(Vec<LogLine>) -> BoxFuture<'static, bool> + Send + Sync>;

/// One namespace of the cluster, watched on behalf of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub env: EnvId,
    pub namespace: Arc<str>,
}

/// What can be asked of a cluster. Cancel any of these by dropping its future.
#[async_trait]
pub trait Cluster: Leases + Documents + Enforcement + Stewards + Rights + Traffic {
    /// Watches every kind in the scope until dropped: lists page by page, watches, retries with back-off, lists again
    /// after 410. Faults become [`Change::Lost`]; it returns only when the sink refuses.
    async fn watch(&self, scope: Scope, sink: ChangeSink);

    /// Namespaces and their workloads, as far as the user may see them.
    ///
    /// # Errors
    /// When nothing at all can be listed.
    async fn discover(&self) -> Result<Discovery, Fault>;

    /// Somebody is looking or a run is under way: find out within seconds when the cluster falls silent.
    fn attend(&self, attentive: bool);

    /// Sets one container's image by a JSON patch with tests on uid, fence, container and old image.
    ///
    /// # Errors
    /// `Conflict` with people's words for what stood there instead and by whom; `OutcomeUnknown` when no answer came.
    async fn set_image(&self, change: &ImageChange) -> Result<Workload, Fault>;

    /// Reads one workload as it is now.
    ///
    /// # Errors
    /// `NotFound` and the usual faults.
    async fn workload(&self, namespace: &str, workload: &WorkloadRef) -> Result<Workload, Fault>;

    /// What a workload ran before, newest first; the first is the present one.
    ///
    /// # Errors
    /// The usual faults.
    async fn revisions(&self, namespace: &str, workload: &WorkloadRef) -> Result<Vec<Revision>, Fault>;

    /// Streams one container's log until it ends, is cut off or fails. The first batch may be empty: the log is open.
    ///
    /// # Errors
    /// Why there is no log, or why it was cut off. `Ok` means end of file, which is not the end of the container.
    async fn log(&self, request: &LogRequest, sink: LogSink) -> Result<(), Fault>;

    /// Deletes one pod or Job if it is still the very object that was seen.
    ///
    /// # Errors
    /// `Conflict` when it was replaced or modified, `NotFound` when it is gone already.
    async fn delete(&self, target: &DeleteTarget) -> Result<(), Fault>;

    /// The object as YAML or JSON text without managed fields, to be saved before it is deleted.
    ///
    /// # Errors
    /// The usual faults.
    async fn manifest(&self, namespace: &str, resource: &str, name: &str) -> Result<String, Fault>;
}

/// What was found in a cluster without a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    pub workloads: Vec<Sighting>,
    /// Namespaces of Kubernetes itself that were left out.
    pub hidden_namespaces: usize,
    /// Only one namespace could be read, because listing all is forbidden.
    pub limited_to: Option<Arc<str>>,
}

/// A workload somewhere in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub namespace: Arc<str>,
    pub workload: WorkloadRef,
    /// Container names and images in the order of the template.
    pub containers: Vec<(Arc<str>, Arc<str>)>,
    /// The label `app.kubernetes.io/part-of`.
    pub part_of: Option<Arc<str>>,
}

/// One image to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageChange {
    pub namespace: Arc<str>,
    pub workload: WorkloadRef,
    pub uid: Uid,
    pub container_index: usize,
    pub container: Arc<str>,
    pub from: Arc<str>,
    pub to: Arc<str>,
    /// The mark that the workload has to bear; none where leases may not be written.
    pub fence: Option<Fence>,
    /// Ask the server to check everything and change nothing.
    pub dry_run: bool,
}

/// What a workload ran at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub number: u64,
    pub containers: Vec<(Arc<str>, Arc<str>)>,
    pub created: Timestamp,
}

/// Which log to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    pub namespace: Arc<str>,
    pub pod: Arc<str>,
    pub container: Arc<str>,
    pub follow: bool,
    /// The container before the last restart.
    pub previous: bool,
    pub tail: Option<u64>,
    /// Only what is younger than this.
    pub since: Option<Duration>,
    /// Continue after this time; lines at that very time may come again and are to be dropped by the caller.
    pub since_time: Option<Timestamp>,
}

/// One line as received, cleaned of control sequences except tabs, without its line end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLine {
    pub time: Option<Timestamp>,
    pub text: String,
    /// It was too long: `text` is its beginning, and says so.
    pub cut: bool,
}

/// What to delete, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteTarget {
    pub namespace: Arc<str>,
    /// `pod` or `job`.
    pub resource: &'static str,
    pub name: Arc<str>,
    pub uid: Uid,
    pub resource_version: Arc<str>,
}
