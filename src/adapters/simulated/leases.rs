//! Leases and fences of the simulated cluster, with the refusals of a real API server.

use std::sync::Arc;

use async_trait::async_trait;

use super::cluster::SimulatedCluster;
use super::render;
use super::world::World;
use super::writes::may;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Uid;
use crate::domain::lease::queue::{Errand, Ticket};
use crate::domain::lease::{Look, Put, Stamped, Stored};
use crate::domain::observed::{Kind, Lease, Object};
use crate::ports::cluster::{Cluster, ImageChange};
use crate::ports::lease::{Leases, Place, Target};

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

    async fn tickets(&self, namespace: &str) -> Result<Vec<Ticket>, Fault> {
        self.check()?;
        let world = self.world();
        let here = world.objects.iter().filter(|((place, kind, _), _)| &**place == namespace && *kind == Kind::Lease);
        let found = here.filter_map(|(_, (_, object))| match object {
            Object::Lease(lease) => Ticket::of((**lease).clone()),
            _ => None,
        });
        Ok(found.collect())
    }

    async fn put_ticket(&self, place: Place<'_>, put: &Put, errand: &Errand) -> Result<Stored, Fault> {
        self.check()?;
        let written = {
            let mut world = self.world();
            may(&world, if put.over.is_some() { "update" } else { "create" }, Kind::Lease, place.namespace)?;
            let there = ticket(&world, place);
            if put.over.is_some() && there.is_none() {
                return Err(gone(place));
            }
            if there.as_ref().map(|it| (it.stored.uid.clone(), Arc::clone(&it.stored.version))) != put.over {
                return Err(changed(place));
            }
            let (now, name) = (self.now(), Arc::from(place.name));
            let uid = || Uid::new(format!("ticket-{}", world.version));
            let (uid, created) = there.map_or_else(|| (uid(), now), |it| (it.stored.uid, it.created));
            let meta = render::meta(&name, uid, created, None);
            let lease = Lease { meta, record: put.record.clone(), errand: Some(errand.clone()) };
            world.tickets.insert((place.namespace.into(), name), lease);
            world.refresh(now);
            ticket(&world, place)
        };
        self.tell();
        written.map(|it| it.stored).ok_or_else(|| gone(place))
    }

    async fn remove_ticket(&self, place: Place<'_>, over: &(Uid, Arc<str>)) -> Result<(), Fault> {
        self.check()?;
        {
            let mut world = self.world();
            may(&world, "delete", Kind::Lease, place.namespace)?;
            let there = ticket(&world, place).ok_or_else(|| gone(place))?;
            if (there.stored.uid, there.stored.version) != *over {
                return Err(changed(place));
            }
            world.tickets.remove(&(place.namespace.into(), place.name.into()));
            world.refresh(self.now());
        }
        self.tell();
        Ok(())
    }
}

fn ticket(world: &World, place: Place<'_>) -> Option<Ticket> {
    let key = (place.namespace.into(), Kind::Lease, place.name.into());
    let Some((_, Object::Lease(lease))) = world.objects.get(&key) else { return None };
    Ticket::of((**lease).clone())
}

fn gone(place: Place<'_>) -> Fault {
    Fault::new(FaultKind::NotFound, format!("{} is gone", place.name))
}

fn changed(place: Place<'_>) -> Fault {
    Fault::new(FaultKind::Conflict, format!("{}: it was changed since it was seen", place.name))
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
