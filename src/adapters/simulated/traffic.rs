//! Services in the simulated cluster: one in front of each workload, which never loses its pods.

use std::sync::Arc;

use async_trait::async_trait;

use super::cluster::SimulatedCluster;
use crate::domain::fault::Fault;
use crate::domain::observed::{Object, Pod};
use crate::domain::rollout::Backends;
use crate::ports::traffic::Traffic;

#[async_trait]
impl Traffic for SimulatedCluster {
    async fn backends(&self, namespace: &str) -> Result<Vec<Backends>, Fault> {
        self.check()?;
        let world = self.world();
        let here =
            || world.objects.iter().filter(|((place, ..), _)| &**place == namespace).map(|(_, (_, object))| object);
        let pods: Vec<&Pod> =
            here().filter_map(|it| if let Object::Pod(pod) = it { Some(&**pod) } else { None }).collect();
        let front = |name: &Arc<str>| {
            let behind = || pods.iter().filter(|pod| pod.meta.name.starts_with(&format!("{name}-")));
            Backends {
                service: Arc::clone(name),
                pods: behind().map(|pod| Arc::clone(&pod.meta.name)).collect(),
                ready: behind().filter(|pod| pod.ready && pod.meta.deleting.is_none()).count(),
            }
        };
        let workloads = world.workloads.iter().filter(|it| &*it.namespace == namespace);
        Ok(workloads.map(|it| front(&it.reference.name)).collect())
    }
}
