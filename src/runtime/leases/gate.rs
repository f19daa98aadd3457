//! What the leases of a session mean for its writes: asked before each of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::CALL_LIMIT;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{RunId, ServiceId, Uid};
use crate::domain::lease::{Mono, Stored};
use crate::domain::observed::{Change, Object};
use crate::ports::cluster::ImageChange;
use crate::runtime::clock::Clock;

/// Between two looks at a permit that is being renewed.
const GLANCE: Duration = Duration::from_millis(50);

/// What is known to every task of the session.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) permits: BTreeMap<(RunId, ServiceId), Permit>,
    /// Versions of leases by their uid, and since when they are known: what a watch has seen counts.
    seen: HashMap<Uid, (Arc<str>, Mono)>,
}

/// What a lease means for the writes of its run.
#[derive(Clone, Debug)]
pub(super) enum Permit {
    /// With this token, until then.
    Until(u32, Mono),
    /// Lost, and why.
    Lost(String),
}

impl Shared {
    /// Since when a watch has known a lease or a ticket at this version.
    pub(super) fn since(&self, stored: &Stored) -> Option<Mono> {
        let known = self.seen.get(&stored.uid).filter(|(version, _)| *version == stored.version);
        known.map(|(_, since)| *since)
    }
}

/// Answers whether a write may be sent now.
#[derive(Clone)]
pub(in crate::runtime) struct Gate {
    pub(super) shared: Arc<Mutex<Shared>>,
    pub(super) clock: Clock,
}

pub(super) fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// Waits a moment where the lease is due to be renewed: this process may have been stopped until just now.
    ///
    /// # Errors
    /// When the lease is lost or cannot be renewed: nothing was sent then.
    pub(in crate::runtime) async fn check(
        &self,
        run: RunId,
        service: &ServiceId,
        change: &ImageChange,
    ) -> Result<(), Fault> {
        let Some(fence) = &change.fence else { return Ok(()) };
        let end = self.clock.elapsed() + 2 * CALL_LIMIT;
        let (kind, why) = loop {
            match lock(&self.shared).permits.get(&(run, service.clone())).cloned() {
                Some(Permit::Until(token, until)) if token == fence.token && self.clock.elapsed() <= until => {
                    return Ok(());
                }
                Some(Permit::Until(token, _)) if token == fence.token && self.clock.elapsed() < end => {}
                // That may pass: with the next renewal it can be written.
                Some(Permit::Until(token, _)) if token == fence.token => {
                    break (FaultKind::Unreachable, "its lease could not be renewed in time".to_owned());
                }
                Some(Permit::Lost(why)) => break (FaultKind::Conflict, why),
                _ => break (FaultKind::Conflict, "its lease is not held any more".to_owned()),
            }
            tokio::time::sleep(GLANCE).await;
        };
        Err(Fault::new(kind, format!("{}: not written: {why}", change.workload.name)))
    }

    /// Whether a run may write now: no lease of it is lost or overdue.
    pub(in crate::runtime) fn holds(&self, run: RunId) -> bool {
        let now = self.clock.elapsed();
        let valid = |permit: &Permit| matches!(permit, Permit::Until(_, until) if now <= *until);
        lock(&self.shared).permits.iter().filter(|((of, _), _)| *of == run).all(|(_, permit)| valid(permit))
    }

    /// Notes since when a version of a lease is known.
    pub(in crate::runtime) fn observe(&self, change: &Change) {
        if let Change::Upsert(Object::Lease(lease)) = change {
            let mut shared = lock(&self.shared);
            let version = &lease.meta.resource_version;
            let seen = shared.seen.entry(lease.meta.uid.clone());
            let seen = seen.or_insert_with(|| (Arc::clone(version), self.clock.elapsed()));
            if seen.0 != *version {
                *seen = (Arc::clone(version), self.clock.elapsed());
            }
        }
    }
}
