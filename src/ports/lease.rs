//! Leases and fences of one cluster: who may change a service, and the mark on the workload that proves it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::domain::ids::Uid;
use crate::domain::lease::queue::{Errand, Ticket};
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

/// Where a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
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

    /// Everybody who waits for a lease of a namespace, in no order.
    ///
    /// # Errors
    /// `Forbidden` when leases may not be listed, and the usual faults.
    async fn tickets(&self, namespace: &str) -> Result<Vec<Ticket>, Fault>;

    /// Takes a place in line, or renews it, if it stands exactly as it was read.
    ///
    /// # Errors
    /// `Conflict` when it was changed or is there already, `NotFound` when it is gone; `Forbidden` when leases may not be
    /// written. After any other fault it may or may not have been written.
    async fn put_ticket(&self, place: Place<'_>, put: &Put, errand: &Errand) -> Result<Stored, Fault>;

    /// Removes it if it is exactly the one that was read.
    ///
    /// # Errors
    /// `Conflict` when it was changed, `NotFound` when it is gone, `Forbidden` when leases may not be deleted.
    async fn remove_ticket(&self, place: Place<'_>, over: &(Uid, Arc<str>)) -> Result<(), Fault>;
}
