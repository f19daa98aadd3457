//! Leases and fences of the simulated cluster, with the refusals of a real API server.

use std::sync::Arc;

use async_trait::async_trait;

use super::cluster::SimulatedCluster;
use super::world::World;
use super::writes::may;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Uid;
use crate::domain::lease::{Look, Put, Stamped, Stored};
use crate::domain::observed::{Kind, Object};
use crate::ports::cluster::{Cluster, ImageChange};
use crate::ports::lease::{Leases, Target};

#[async_trait]
impl Leases for SimulatedCluster {
    async fn look(&self, target: &Target) -> Result<Look, Fault> {
        self.workload(&target.namespace, &target.workload).await?;
        let world = self.world();
        let fence = world.fences.get(&(Arc::clone(&target.namespace), target.workload.clone())).copied();
        Ok(Look { lease: stored(&world, target), fence })
    }

    async fn put(&self, target: &Target, put: &Put) -> Result<Stored, Fault> {
        self.check()?;
        let written = {
            let mut world = self.world();
            let verb = if put.over.is_some() { "update" } else { "create" };
            may(&world, verb, Kind::Lease, &target.namespace)?;
            let there = stored(&world, target);
            if there.as_ref().map(|stored| (stored.uid.clone(), Arc::clone(&stored.version))) != put.over {
                let message = format!("the lease {} was changed meanwhile", target.lease);
                return Err(Fault::new(FaultKind::Conflict, message));
            }
            let uid = there.map_or_else(|| Uid::new(format!("lease-{}", world.version)), |stored| stored.uid);
            let key = (Arc::clone(&target.namespace), Arc::clone(&target.lease));
            world.leases.insert(key, (uid, put.record.clone()));
            world.refresh(self.now());
            stored(&world, target)
        };
        self.tell();
        written.ok_or_else(|| Fault::new(FaultKind::NotFound, format!("the lease {} is gone", target.lease)))
    }

    async fn stamp(&self, target: &Target, token: u32) -> Result<Stamped, Fault> {
        let found = self.workload(&target.namespace, &target.workload).await?;
        if found.meta.uid != target.uid {
            return Err(Fault::new(FaultKind::Conflict, format!("{} was replaced by another object", target.workload)));
        }
        let mut world = self.world();
        may(&world, "patch", Kind::Workload(target.workload.kind), &target.namespace)?;
        let fence = world.fences.entry((Arc::clone(&target.namespace), target.workload.clone())).or_insert(0);
        if *fence >= token {
            return Ok(Stamped::Ahead(*fence));
        }
        *fence = token;
        Ok(Stamped::Done)
    }
}

fn stored(world: &World, target: &Target) -> Option<Stored> {
    let key = (Arc::clone(&target.namespace), Kind::Lease, Arc::clone(&target.lease));
    let Some((version, Object::Lease(lease))) = world.objects.get(&key) else { return None };
    Some(Stored { uid: lease.meta.uid.clone(), version: version.to_string().into(), record: lease.record.clone() })
}

/// Why the fence refuses a write, if it does.
pub(super) fn refusal(world: &World, change: &ImageChange) -> Option<Fault> {
    let fence = change.fence.as_ref()?;
    let name = &change.workload.name;
    let found = world.fences.get(&(Arc::clone(&change.namespace), change.workload.clone())).copied();
    let message = match found {
        Some(found) if found == fence.token => return None,
        None => format!("{name}: its fence is gone, so another tool replaced it"),
        Some(found) => {
            let lease = world.leases.get(&(Arc::clone(&change.namespace), Arc::clone(&fence.lease)));
            let by =
                lease.filter(|(_, record)| record.token == found).map(|(_, record)| format!(" of {}", record.last));
            format!("{name}: superseded by operation {found}{}", by.unwrap_or_default())
        }
    };
    Some(Fault::new(FaultKind::Conflict, message))
}
