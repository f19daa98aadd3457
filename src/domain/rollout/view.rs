//! A workload with everything that belongs to it, found by ownership.

use jiff::Timestamp;

use super::estimate::completed;
use crate::domain::observed::{Kind, Pod, ReplicaSet, Workload, WorkloadKind};
use crate::domain::world::EnvWorld;

/// One workload, its ReplicaSets and pods.
pub struct View<'a> {
    pub world: &'a EnvWorld,
    pub workload: &'a Workload,
    pub sets: Vec<&'a ReplicaSet>,
    pub pods: Vec<&'a Pod>,
}

impl<'a> View<'a> {
    pub fn new(world: &'a EnvWorld, workload: &'a Workload) -> Self {
        Self {
            world,
            workload,
            sets: world.replica_sets_of(&workload.meta.uid).collect(),
            pods: world.pods_under(workload).collect(),
        }
    }

    /// The ReplicaSet whose template is the Deployment's; the oldest of several.
    pub fn new_set(&self) -> Option<&'a ReplicaSet> {
        let wanted = |set: &&&ReplicaSet| set.template == self.workload.template;
        self.sets.iter().filter(wanted).min_by_key(|set| set.meta.created).copied()
    }

    /// The ReplicaSet that controls a pod.
    pub fn set_of(&self, pod: &Pod) -> Option<&'a ReplicaSet> {
        let owner = pod.meta.owner.as_ref()?;
        self.sets.iter().find(|set| set.meta.uid == owner.uid).copied()
    }

    /// Pods of the wanted template.
    pub fn new_pods(&self) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().copied().filter(|pod| self.is_new(pod))
    }

    /// Pods of any other template.
    pub fn old_pods(&self) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().copied().filter(|pod| !self.is_new(pod))
    }

    /// Whether a pod has the template that is wanted now.
    pub fn is_new(&self, pod: &Pod) -> bool {
        match self.workload.kind {
            WorkloadKind::Deployment => self.set_of(pod).is_some_and(|set| set.template == self.workload.template),
            WorkloadKind::StatefulSet => {
                self.workload.status.update_revision.is_none() || pod.revision == self.workload.status.update_revision
            }
            // Its revision is only named in ControllerRevisions: the newest pods carry it.
            WorkloadKind::Job => true,
            WorkloadKind::DaemonSet => self.workload.status.updated > 0 && pod.revision == self.newest_revision(),
        }
    }

    /// Times are whole seconds: of revisions that came in the same one, that which has as many pods as are updated.
    fn newest_revision(&self) -> Option<std::sync::Arc<str>> {
        let lives = |pod: &&&Pod| pod.meta.deleting.is_none();
        let of = |revision| self.pods.iter().filter(lives).filter(|pod| pod.revision == revision).count();
        let is_counted = |pod: &Pod| of(pod.revision.clone()) == self.workload.status.updated as usize;
        let newest = self.pods.iter().filter(lives).max_by_key(|pod| (pod.meta.created, is_counted(pod)));
        newest.and_then(|pod| pod.revision.clone())
    }

    /// Whether everything that a verdict rests on has been read.
    pub fn is_complete(&self) -> bool {
        let sets = self.workload.kind != WorkloadKind::Deployment || self.world.is_current(Kind::ReplicaSet);
        sets && self.world.is_current(Kind::Pod)
    }

    /// When the present template began to roll out: when its ReplicaSet was created, or when that one was returned to.
    pub fn changed_at(&self) -> Option<Timestamp> {
        let set = self.new_set();
        let set = set.and_then(|set| if set.returned { self.returned_at() } else { Some(set.meta.created) });
        set.or_else(|| self.new_pods().map(|pod| pod.meta.created).min())
    }

    /// When the present ReplicaSet, which is an older one, was wanted again. Nobody notes that: whoever wrote the template
    /// last has a time that moves with everything else that they write. It was not before any other ReplicaSet was
    /// created, and not after the controller called the rollout complete, which it says once.
    fn returned_at(&self) -> Option<Timestamp> {
        let newest_set = self.sets.iter().map(|set| set.meta.created).max();
        let written = self.workload.writer.as_ref().and_then(|writer| writer.at);
        let complete = completed(self).filter(|at| newest_set.is_none_or(|created| *at >= created));
        written.into_iter().chain(complete).min().max(newest_set)
    }
}
