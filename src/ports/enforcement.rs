//! Locks that hold for every tool: the API server itself refuses what they bar, where an administrator has applied
//! `shipdeck print admission-policy`.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::fault::Fault;
use crate::domain::ids::Uid;
use crate::domain::observed::WorkloadRef;

/// What the API server is to refuse, and with which words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Name of the document that it belongs to, with which it goes.
    pub name: Arc<str>,
    pub document: Uid,
    /// `lock`, `freeze` or `hold`.
    pub kind: &'static str,
    pub by: Arc<str>,
    pub reason: Arc<str>,
    pub until: Option<Timestamp>,
    /// None: the whole namespace.
    pub workloads: Vec<WorkloadRef>,
}

/// What can be asked about enforcement.
#[async_trait]
pub trait Enforcement: Send + Sync {
    /// Has the API server refuse every change of an image, from a moment later on.
    ///
    /// # Errors
    /// `NotFound` where nothing is installed that could do it; `Forbidden`, and the usual faults.
    async fn enforce(&self, namespace: &str, order: &Order) -> Result<(), Fault>;

    /// Ends it; what is not there needs no end.
    ///
    /// # Errors
    /// The usual faults.
    async fn lift(&self, namespace: &str, name: &str) -> Result<(), Fault>;

    /// Whether it holds now, found out by a change that the server only tries: true, it was refused by a policy.
    ///
    /// # Errors
    /// `NotFound` where there is no such order, `Forbidden` where nobody here may try, `Other` where there is no workload
    /// to try it on.
    async fn proves(&self, namespace: &str, name: &str, workloads: &[WorkloadRef]) -> Result<bool, Fault>;
}
