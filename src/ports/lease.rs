//! Leases and fences of one cluster: who may change a service, and the mark on the workload that proves it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::domain::ids::Uid;
use crate::domain::lease::{Look, Put, Stamped, Stored};
use crate::domain::observed::WorkloadRef;

/// The lease of a service, and the workload that it guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub namespace: Arc<str>,
    /// Name of the lease.
    pub lease: Arc<str>,
    pub workload: WorkloadRef,
    pub uid: Uid,
}

/// What can be asked about leases. Nothing has to be installed in the cluster for them.
#[async_trait]
pub trait Leases: Send + Sync {
    /// The record, and the fence on the workload.
    ///
    /// # Errors
    /// `Forbidden` when leases may not be read, `NotFound` when there is no such workload, and the usual faults.
    async fn look(&self, target: &Target) -> Result<Look, Fault>;

    /// Writes the record if it stands exactly as it was read.
    ///
    /// # Errors
    /// `Conflict` when somebody was faster; `Forbidden` when leases may not be written. After any other fault it may or
    /// may not have been written.
    async fn put(&self, target: &Target, put: &Put) -> Result<Stored, Fault>;

    /// Marks the workload with a token higher than the one it bears. What a mark of an earlier token allows is refused
    /// from then on.
    ///
    /// # Errors
    /// `Conflict` when the workload was replaced; the usual faults.
    async fn stamp(&self, target: &Target, token: u32) -> Result<Stamped, Fault>;
}
