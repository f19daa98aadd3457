//! Has the cluster enforce locks where it can, and finds out whether it does: never believed, always tried.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::lock::{Force, Opens, Posted};
use crate::domain::observed::WorkloadRef;
use crate::ports::cluster::Cluster;
use crate::ports::enforcement::Order;

/// How long the API server may take to heed an order; most take a fiftieth of a second.
const TRIES: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Has a lock that was just placed hold for every tool; `workloads` are those that it covers.
pub(super) async fn impose(
    cluster: &dyn Cluster,
    namespace: &str,
    posted: &Posted,
    workloads: &[WorkloadRef],
) -> Force {
    let lock = match posted.enforceable() {
        Ok(lock) => lock,
        Err(why) => return Force::Advisory(why.into()),
    };
    let order = Order {
        name: Arc::clone(&posted.name),
        document: posted.uid.clone(),
        kind: lock.kind.as_str(),
        by: Arc::clone(&lock.author),
        reason: Arc::clone(&lock.reason),
        until: if let Opens::At(end) = lock.opens { Some(end) } else { None },
        workloads: if lock.covers_all() { Vec::new() } else { workloads.to_vec() },
    };
    if let Err(fault) = cluster.enforce(namespace, &order).await {
        tracing::info!(%fault, lock = %posted.id, "not enforced");
        return Force::Advisory(match fault.kind {
            FaultKind::NotFound => "shipdeck print admission-policy writes what the cluster lacks".into(),
            _ => fault.to_string().into(),
        });
    }
    for _ in 0..TRIES {
        match cluster.proves(namespace, &posted.name, workloads).await {
            Ok(false) => tokio::time::sleep(PAUSE).await,
            // Freshly installed, it has not read the kind yet, and refuses everything meanwhile.
            Err(fault) if fault.kind == FaultKind::Invalid => tokio::time::sleep(PAUSE).await,
            proof => return told(proof),
        }
    }
    told(Ok(false))
}

/// Whether a lock that stands holds for every tool.
pub(super) async fn of(cluster: &dyn Cluster, namespace: &str, posted: &Posted, workloads: &[WorkloadRef]) -> Force {
    match posted.enforceable() {
        Ok(_) => told(cluster.proves(namespace, &posted.name, workloads).await),
        Err(why) => Force::Advisory(why.into()),
    }
}

fn told(proof: Result<bool, Fault>) -> Force {
    match proof {
        Ok(true) => Force::Enforced,
        Ok(false) => Force::Advisory("the cluster was tried, and let it pass".into()),
        Err(fault) if fault.kind == FaultKind::NotFound => Force::Advisory("the cluster knows nothing of it".into()),
        Err(fault) => Force::Advisory(format!("not proved: {fault}").into()),
    }
}
