//! The two writes, with the conditions and the refusals of a real API server.

use std::sync::Arc;

use jiff::Timestamp;

use super::reads::{find, kind_of};
use super::world::{Workload as SimWorkload, World};
use super::{leases, render};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::{Kind, Workload};
use crate::ports::cluster::{DeleteTarget, ImageChange};
use crate::ports::refusal::{Obstacle, Standing};

/// Judged and written under one lock: of two at once, one is refused.
pub(super) fn set_image(world: &mut World, change: &ImageChange, now: Timestamp) -> Result<Workload, Fault> {
    may(world, "patch", Kind::Workload(change.workload.kind), &change.namespace)?;
    let of_name = |it: &SimWorkload| it.namespace == change.namespace && it.reference == change.workload;
    let index = world.workloads.iter().position(of_name);
    let index = index.ok_or_else(|| change.refused(&Obstacle::Deleted, None, None))?;
    let present = shown(world, &world.workloads[index], now);
    if let Some(refusal) = leases::refusal(world, change) {
        return Err(refusal);
    }
    match change.standing(&present) {
        Standing::Done => return Ok(present),
        Standing::Blocked(obstacle) => {
            return Err(change.refused(&obstacle, present.writer.as_ref(), Some(now)));
        }
        Standing::Open => {}
    }
    // All that the API server itself asks of an image: what cannot be pulled is found out on the nodes.
    if change.to.is_empty() {
        let place = format!("spec.template.spec.containers[{}].image", change.container_index);
        let doing = format!("set the image of {} in {}", change.workload, change.namespace);
        return Err(Fault::new(FaultKind::Invalid, format!("cannot {doing}, refused: {place}: required")));
    }
    let mut wanted = world.workloads[index].clone();
    wanted.set(&change.to, "shipdeck", now);
    if change.dry_run {
        return Ok(shown(world, &wanted, now));
    }
    world.workloads[index] = wanted;
    world.step(now);
    Ok(shown(world, &world.workloads[index], now))
}

/// As an API server would show it at this time.
fn shown(world: &World, it: &SimWorkload, now: Timestamp) -> Workload {
    let pods: Vec<_> = world.pods_of(it).collect();
    let mut shown = render::workload(it, &pods, now);
    let key = (Arc::clone(&it.namespace), Kind::Workload(it.reference.kind), Arc::clone(&it.reference.name));
    if let Some((version, _)) = world.objects.get(&key) {
        shown.meta.resource_version = version.to_string().into();
    }
    shown
}

pub(super) fn delete(world: &mut World, target: &DeleteTarget, now: Timestamp) -> Result<(), Fault> {
    let kind = kind_of(target.resource).filter(|kind| matches!(kind, Kind::Pod | Kind::Job));
    let Some(kind) = kind else {
        return Err(Fault::new(FaultKind::Invalid, format!("{} is never deleted", target.resource)));
    };
    may(world, "delete", kind, &target.namespace)?;
    let doing = format!("delete {}/{} in {}", target.resource, target.name, target.namespace);
    let meta = find(world, &target.namespace, kind, &target.name, &doing)?.meta().clone();
    if meta.uid != target.uid || meta.resource_version != target.resource_version {
        return Err(target.refused(meta.uid != target.uid));
    }
    let is_meant = |object: &crate::domain::observed::Object| object.kind() == kind && object.meta().uid == target.uid;
    world.fixed.retain(|(namespace, object)| *namespace != target.namespace || !is_meant(object));
    if kind == Kind::Pod {
        world.end_pod(&target.namespace, &target.name, now);
    }
    world.step(now);
    Ok(())
}

pub(super) fn may(world: &World, verb: &str, kind: Kind, namespace: &str) -> Result<(), Fault> {
    let Some(viewer) = world.viewer else { return Ok(()) };
    let what = format!("{viewer}: no right to {verb} {} in namespace {namespace}", kind.plural());
    Err(Fault::new(FaultKind::Forbidden, what))
}
