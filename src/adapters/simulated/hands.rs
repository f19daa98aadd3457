//! What others do to the simulated cluster meanwhile: colleagues, controllers, and the network.

use std::sync::Arc;

use super::cluster::SimulatedCluster;
use crate::domain::fault::Fault;
use crate::domain::ids::Uid;
use crate::domain::observed::{Meta, Object};

impl SimulatedCluster {
    /// From now on every call fails like this, and watches report it; none: all is well again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.world().fault = fault;
        self.changed.notify_waiters();
    }

    /// Controllers go on though nobody looks.
    pub fn time_passes(&self) {
        let now = self.now();
        self.world().pass(now);
    }

    /// A colleague rolls an image out, past shipdeck. False: there is no such workload.
    pub fn colleague_sets(&self, who: &'static str, namespace: &str, workload: &str, image: &str) -> bool {
        let now = self.now();
        let mut world = self.world();
        let of_name = |it: &&mut super::world::Workload| &*it.namespace == namespace && &*it.reference.name == workload;
        let Some(found) = world.workloads.iter_mut().find(of_name) else { return false };
        found.set(image, who, now);
        self.seen(world)
    }

    /// From now on it is used by somebody who may read everything and change nothing.
    pub fn set_viewer(&self, who: &'static str) {
        self.world().viewer = Some(who);
    }

    /// A workload is deleted, and its pods with it. False: there is no such workload.
    pub fn workload_goes(&self, namespace: &str, workload: &str) -> bool {
        let mut world = self.world();
        let before = world.workloads.len();
        world.workloads.retain(|it| &*it.namespace != namespace || &*it.reference.name != workload);
        world.pods.retain(|it| &*it.namespace != namespace || &*it.workload.name != workload);
        world.workloads.len() < before && self.seen(world)
    }

    /// A workload is deleted and created again under its name. False: there is no such workload.
    pub fn workload_is_replaced(&self, namespace: &str, workload: &str) -> bool {
        let now = self.now();
        let mut world = self.world();
        let of_name = |it: &&mut super::world::Workload| &*it.namespace == namespace && &*it.reference.name == workload;
        let Some(found) = world.workloads.iter_mut().find(of_name) else { return false };
        let present = super::world::Revision::new(1, Arc::clone(found.image()), now);
        (found.created, found.generation, found.life, found.revisions) = (now, 1, found.life + 1, vec![present]);
        found.complete = false;
        world.pods.retain(|it| &*it.namespace != namespace || &*it.workload.name != workload);
        self.seen(world)
    }

    /// A leftover goes away without shipdeck. False: there is none whose name begins like this.
    pub fn leftover_goes(&self, namespace: &str, name: &str) -> bool {
        let mut world = self.world();
        let before = world.fixed.len();
        world.fixed.retain(|(place, object)| &**place != namespace || !object.meta().name.starts_with(name));
        world.fixed.len() < before && self.seen(world)
    }

    /// A leftover makes room for another object of the same name. False: there is none whose name begins like this.
    pub fn leftover_is_replaced(&self, namespace: &str, name: &str) -> bool {
        let mut world = self.world();
        let of_name =
            |(place, object): &&mut (Arc<str>, Object)| &**place == namespace && object.meta().name.starts_with(name);
        let Some((_, object)) = world.fixed.iter_mut().find(of_name) else { return false };
        let meta = meta_of(object);
        meta.uid = Uid::new(format!("{}-again", meta.uid));
        self.seen(world)
    }

    /// Somebody protects a leftover by a label. False: there is none whose name begins like this.
    pub fn leftover_is_kept(&self, namespace: &str, name: &str) -> bool {
        let mut world = self.world();
        let of_name =
            |(place, object): &&mut (Arc<str>, Object)| &**place == namespace && object.meta().name.starts_with(name);
        let Some((_, object)) = world.fixed.iter_mut().find(of_name) else { return false };
        meta_of(object).marks.keep = true;
        self.seen(world)
    }

    /// The change is shown as an API server would.
    fn seen(&self, mut world: std::sync::MutexGuard<'_, super::world::World>) -> bool {
        world.step(self.now());
        drop(world);
        self.changed.notify_waiters();
        true
    }
}

fn meta_of(object: &mut Object) -> &mut Meta {
    match object {
        Object::Workload(it) => &mut it.meta,
        Object::ReplicaSet(it) => &mut it.meta,
        Object::Pod(it) => &mut it.meta,
        Object::Job(it) => &mut it.meta,
        Object::Event(it) => &mut it.meta,
        Object::Lease(it) => &mut it.meta,
        Object::Document(it) => &mut it.meta,
    }
}
