//! The declared world: environments, services and groups, whether written by a team or found in a cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

use super::ids::{ClusterId, EnvId, GroupId, ServiceId};
use super::observed::WorkloadRef;

/// What the team works with. Everything the program shows or does names members of this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// In the order of their columns.
    pub environments: Vec<Environment>,
    pub services: Vec<Service>,
    pub groups: Vec<Group>,
    /// Found in a cluster rather than configured: then nothing may be changed.
    pub discovered: bool,
}

/// One namespace of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    pub name: EnvId,
    pub cluster: ClusterId,
    pub namespace: Arc<str>,
    /// Environments that come before this one in the order of promotion.
    pub after: Vec<EnvId>,
    /// Changes ask for the environment's name to be typed.
    pub protected: bool,
    /// For how long the pods of a rollout are watched after its success.
    pub soak: SignedDuration,
}

/// For how long pods are watched after success where nobody says it: longer where it matters more.
pub fn usual_soak(protected: bool) -> SignedDuration {
    SignedDuration::from_mins(if protected { 10 } else { 2 })
}

/// One service, the same in every environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: ServiceId,
    /// `owner/name` on GitHub.
    pub repository: Option<Arc<str>>,
    /// Who owns it: services are grouped by it on screen.
    pub team: Option<Arc<str>>,
    /// Image repository without tag, used to find the container and to write a version.
    pub image: Option<Arc<str>>,
    pub workload: WorkloadRef,
    pub container: Option<Arc<str>>,
    /// Services that must have succeeded before this one starts.
    pub needs: Vec<ServiceId>,
}

/// A named set of services that go out together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: GroupId,
    pub services: Vec<ServiceId>,
}

impl Catalog {
    pub fn environment(&self, name: &EnvId) -> Option<&Environment> {
        self.environments.iter().find(|env| env.name == *name)
    }

    pub fn service(&self, name: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.name == *name)
    }

    pub fn group(&self, name: &GroupId) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == *name)
    }

    /// The groups that a service is in.
    pub fn groups_of(&self, service: &ServiceId) -> BTreeSet<GroupId> {
        let groups = self.groups.iter().filter(|group| group.services.contains(service));
        groups.map(|group| group.name.clone()).collect()
    }

    /// The service whose workload this is.
    pub fn service_of(&self, workload: &WorkloadRef) -> Option<&Service> {
        self.services.iter().find(|service| service.workload == *workload)
    }

    /// The environment that the given one is promoted from: the first of its `after`.
    pub fn upstream(&self, name: &EnvId) -> Option<&Environment> {
        self.environment(name)?.after.first().and_then(|before| self.environment(before))
    }

    /// Environments that come directly after the given one.
    pub fn downstream<'a>(&'a self, name: &'a EnvId) -> impl Iterator<Item = &'a Environment> {
        self.environments.iter().filter(move |env| env.after.contains(name))
    }

    /// Clusters in use, each once, in the order of their first environment.
    pub fn clusters(&self) -> Vec<&ClusterId> {
        let mut clusters = Vec::new();
        for env in &self.environments {
            if !clusters.contains(&&env.cluster) {
                clusters.push(&env.cluster);
            }
        }
        clusters
    }
}
