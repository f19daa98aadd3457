//! The clusters of a session, connected when first asked for: one that is down slows nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::ids::ClusterId;
use crate::ports::cluster::Cluster;

/// Makes the cluster with this name; never blocks, never fails: what is wrong is told by its calls.
pub(super) type Connect = Box<dyn Fn(&ClusterId) -> Arc<dyn Cluster> + Send>;

/// The clusters in use.
pub(super) struct Fleet {
    connect: Connect,
    clusters: BTreeMap<ClusterId, Arc<dyn Cluster>>,
    attentive: bool,
}

impl Fleet {
    pub(super) fn new(connect: Connect) -> Self {
        Self { connect, clusters: BTreeMap::new(), attentive: false }
    }

    pub(super) fn get(&mut self, id: &ClusterId) -> Arc<dyn Cluster> {
        if let Some(cluster) = self.clusters.get(id) {
            return Arc::clone(cluster);
        }
        let cluster = (self.connect)(id);
        cluster.attend(self.attentive);
        self.clusters.insert(id.clone(), Arc::clone(&cluster));
        cluster
    }

    pub(super) fn attend(&mut self, attentive: bool) {
        self.attentive = attentive;
        for cluster in self.clusters.values() {
            cluster.attend(attentive);
        }
    }
}
