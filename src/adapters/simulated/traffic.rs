//! Services in the simulated cluster: one in front of each workload, which never loses its pods.

use std::sync::Arc;

use async_trait::async_trait;

use super::cluster::SimulatedCluster;
use crate::domain::fault::Fault;
use crate::domain::rollout::Backends;
use crate::ports::traffic::Traffic;

#[async_trait]
impl Traffic for SimulatedCluster {
    async fn backends(&self, namespace: &str) -> Result<Vec<Backends>, Fault> {
        self.check()?;
        let (world, now) = (self.world(), self.now());
        let fronts = world.workloads.iter().filter(|it| &*it.namespace == namespace).map(|it| Backends {
            service: Arc::clone(&it.reference.name),
            pods: world.pods_of(it).map(|pod| Arc::clone(&pod.name)).collect(),
            ready: world.pods_of(it).filter(|pod| pod.is_ready(now) && pod.deleting.is_none()).count(),
        });
        Ok(fronts.collect())
    }
}
