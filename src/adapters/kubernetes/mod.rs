//! A real Kubernetes cluster, reached through a context of a kubeconfig.

mod call;
mod connect;
mod documents;
mod enforcement;
mod fault;
mod fence;
mod lease;
mod lines;
mod log;
mod map;
mod pulse;
mod read;
mod rights;
mod stewards;
mod template;
mod ticket;
mod traffic;
mod watch;
mod wire;
mod write;
mod writers;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

pub use connect::{Context, contexts, current_context};

use crate::domain::fault::Fault;
use crate::domain::ids::Uid;
use crate::domain::lease::queue::{Errand, Ticket};
use crate::domain::lease::{Look, Put, Stamped, Stored};
use crate::domain::observed::{Document, Kind, Workload, WorkloadKind, WorkloadRef};
use crate::domain::rights::Wanted;
use crate::domain::rollout::Backends;
use crate::domain::steward::Practice;
use crate::ports::cluster::{
    ChangeSink, Cluster, DeleteTarget, Discovery, ImageChange, LogRequest, LogSink, Revision, Scope,
};
use crate::ports::documents::{Documents, Draft};
use crate::ports::enforcement::{Enforcement, Order};
use crate::ports::lease::{Leases, Place, Target};
use crate::ports::rights::Rights;
use crate::ports::stewards::{Question, Stewards};
use crate::ports::traffic::Traffic;

/// A cluster; nothing is read or asked before the first call.
#[derive(Debug)]
pub struct KubernetesCluster {
    link: connect::Link,
    pulse: pulse::Pulse,
}

impl KubernetesCluster {
    /// The cluster of a context; `None` reads `KUBECONFIG` or the usual place. Never fails and never blocks.
    pub fn new(context: impl Into<Arc<str>>, kubeconfig: Option<PathBuf>) -> Self {
        Self { link: connect::Link::new(context.into(), kubeconfig), pulse: pulse::Pulse::new() }
    }

    #[cfg(test)]
    pub(crate) fn given(client: kube::Client) -> Self {
        Self { link: connect::Link::given(client), pulse: pulse::Pulse::new() }
    }
}

#[async_trait]
impl Cluster for KubernetesCluster {
    async fn watch(&self, scope: Scope, sink: ChangeSink) {
        watch::scope(&self.link, &self.pulse, &scope, &sink).await;
    }

    async fn discover(&self) -> Result<Discovery, Fault> {
        read::discover(&self.link).await
    }

    fn attend(&self, attentive: bool) {
        self.pulse.attend(attentive);
    }

    async fn set_image(&self, change: &ImageChange) -> Result<Workload, Fault> {
        write::set_image(&self.link, change).await
    }

    async fn workload(&self, namespace: &str, workload: &WorkloadRef) -> Result<Workload, Fault> {
        read::workload(&self.link, namespace, workload).await
    }

    async fn revisions(&self, namespace: &str, workload: &WorkloadRef) -> Result<Vec<Revision>, Fault> {
        read::revisions(&self.link, namespace, workload).await
    }

    async fn log(&self, request: &LogRequest, sink: LogSink) -> Result<(), Fault> {
        log::stream(&self.link, request, &sink).await
    }

    async fn delete(&self, target: &DeleteTarget) -> Result<(), Fault> {
        write::delete(&self.link, target).await
    }

    async fn manifest(&self, namespace: &str, resource: &str, name: &str) -> Result<String, Fault> {
        read::manifest(&self.link, namespace, resource, name).await
    }
}

#[async_trait]
impl Leases for KubernetesCluster {
    async fn look(&self, target: &Target) -> Result<Look, Fault> {
        lease::look(&self.link, target).await
    }

    async fn put(&self, target: &Target, put: &Put) -> Result<Stored, Fault> {
        lease::put(&self.link, target, put).await
    }

    async fn stamp(&self, target: &Target, token: u32) -> Result<Stamped, Fault> {
        fence::stamp(&self.link, target, token).await
    }

    async fn tickets(&self, namespace: &str) -> Result<Vec<Ticket>, Fault> {
        ticket::all(&self.link, namespace).await
    }

    async fn put_ticket(&self, place: Place<'_>, put: &Put, errand: &Errand) -> Result<Stored, Fault> {
        ticket::put(&self.link, place, put, errand).await
    }

    async fn remove_ticket(&self, place: Place<'_>, over: &(Uid, Arc<str>)) -> Result<(), Fault> {
        write::remove(&self.link, lease::path(place.namespace, Some(place.name)), place, over).await
    }
}

#[async_trait]
impl Documents for KubernetesCluster {
    async fn documents(&self, namespace: &str, about: &str) -> Result<Vec<Document>, Fault> {
        documents::all(&self.link, namespace, about).await
    }

    async fn write_document(&self, namespace: &str, draft: &Draft) -> Result<Document, Fault> {
        documents::write(&self.link, namespace, draft).await
    }

    async fn remove_document(&self, namespace: &str, name: &str, over: &(Uid, Arc<str>)) -> Result<(), Fault> {
        documents::remove(&self.link, namespace, name, over).await
    }
}

#[async_trait]
impl Rights for KubernetesCluster {
    async fn may(&self, namespace: &str, wanted: &[Wanted]) -> Result<(), Fault> {
        rights::may(&self.link, namespace, wanted).await
    }
}

#[async_trait]
impl Enforcement for KubernetesCluster {
    async fn enforce(&self, namespace: &str, order: &Order) -> Result<(), Fault> {
        enforcement::enforce(&self.link, namespace, order).await
    }

    async fn lift(&self, namespace: &str, name: &str) -> Result<(), Fault> {
        enforcement::lift(&self.link, namespace, name).await
    }

    async fn proves(&self, namespace: &str, name: &str, workloads: &[WorkloadRef]) -> Result<bool, Fault> {
        enforcement::proves(&self.link, namespace, name, workloads).await
    }
}

#[async_trait]
impl Stewards for KubernetesCluster {
    async fn practice(&self, question: &Question) -> Practice {
        stewards::practice(&self.link, question).await
    }
}

#[async_trait]
impl Traffic for KubernetesCluster {
    async fn backends(&self, namespace: &str) -> Result<Vec<Backends>, Fault> {
        traffic::backends(&self.link, namespace).await
    }
}

/// Where the objects of a kind are: of one namespace, or of all.
fn collection(kind: Kind, namespace: Option<&str>) -> String {
    resources(kind.plural(), group(kind), namespace)
}

/// What is asked for of a kind: of leases and config maps only those of shipdeck, since others may be renewed every
/// second, or be large and hold what is nobody's business.
fn selector(kind: Kind) -> &'static str {
    if matches!(kind, Kind::Lease | Kind::Document) {
        "&labelSelector=app.kubernetes.io%2Fmanaged-by%3Dshipdeck"
    } else {
        ""
    }
}

fn group(kind: Kind) -> &'static str {
    match kind {
        Kind::Job | Kind::Workload(WorkloadKind::Job) => "apis/batch/v1",
        Kind::Workload(_) | Kind::ReplicaSet => "apis/apps/v1",
        Kind::Pod | Kind::Event | Kind::Document => "api/v1",
        Kind::Lease => "apis/coordination.k8s.io/v1",
    }
}

fn resources(plural: &str, group: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("/{group}/namespaces/{}/{plural}", escaped(namespace)),
        None => format!("/{group}/{plural}"),
    }
}

fn object(kind: WorkloadKind, namespace: &str, name: &str) -> String {
    format!("{}/{}", collection(Kind::Workload(kind), Some(namespace)), escaped(name))
}

/// A text as a part of a path or query.
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
pub(crate) mod scripted;
