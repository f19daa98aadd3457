//! Whether traffic reaches what has succeeded: a rollout can be complete, every pod ready, and the Service in front of
//! them without one address, because its selector or the name of its port does not fit any more.
//!
//! Which Service belongs to a workload is nowhere written. It is one that sent traffic to its pods at any time in the run,
//! or that bears the name of the workload. EndpointSlices say both, so that no selector has to be understood.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::View;
use crate::domain::ids::ServiceId;

/// Slices follow readiness by a watch of their own.
const SETTLES: SignedDuration = SignedDuration::from_secs(5);
/// Between two looks while all is well.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Whom a Service of Kubernetes sends traffic to, by its EndpointSlices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backends {
    pub service: Arc<str>,
    /// Names of the pods that it selects, ready or not.
    pub pods: BTreeSet<Arc<str>>,
    /// Addresses that take traffic.
    pub ready: usize,
}

/// What was learned of the Services in front of the services of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    fronts: BTreeMap<ServiceId, BTreeSet<Arc<str>>>,
    /// Those without an address when they were looked at last: one look may be too early.
    suspects: BTreeSet<Arc<str>>,
    asked: Option<Timestamp>,
    /// The user may not look: what is not known is not claimed.
    blind: bool,
}

impl Reach {
    /// It is looked at now.
    pub fn ask(&mut self, now: Timestamp) {
        self.asked = Some(now);
    }

    /// The user may not look: it is not asked again.
    pub fn is_refused(&mut self) {
        self.blind = true;
    }

    /// Whether it is time to look at what has succeeded at `since`.
    pub fn is_due(&self, since: Timestamp, now: Timestamp) -> bool {
        let first = since + SETTLES;
        // What was looked at before then tells of what was there before.
        let due = match self.asked {
            Some(asked) if asked >= first && self.suspects.is_empty() => asked + PAUSE,
            Some(asked) => first.max(asked + SETTLES),
            None => first,
        };
        !self.blind && now >= due
    }

    /// Remembers who sends traffic to the pods of a service.
    pub fn learn(&mut self, service: &ServiceId, view: &View<'_>, backends: &[Backends]) {
        let fronts = self.fronts.entry(service.clone()).or_default();
        let sends = |it: &&Backends| view.pods.iter().any(|pod| it.pods.contains(&pod.meta.name));
        let named = |it: &&Backends| it.service == view.workload.meta.name;
        fronts.extend(backends.iter().filter(|it| sends(it) || named(it)).map(|it| Arc::clone(&it.service)));
    }

    /// The Services in front of a service, whose pods are ready, that had no address twice in a row.
    pub fn cut_off(&self, service: &ServiceId, view: &View<'_>, backends: &[Backends]) -> Vec<Arc<str>> {
        if !view.new_pods().any(|pod| pod.ready && pod.meta.deleting.is_none()) {
            return Vec::new();
        }
        let fronts = self.fronts.get(service).into_iter().flatten();
        let out = fronts.filter(|name| self.suspects.contains(*name) && empty(backends).any(|it| it == *name));
        out.cloned().collect()
    }

    /// Remembers which have no address now.
    pub fn suspect(&mut self, backends: &[Backends]) {
        let fronts: BTreeSet<&Arc<str>> = self.fronts.values().flatten().collect();
        self.suspects = empty(backends).filter(|name| fronts.contains(name)).cloned().collect();
    }
}

/// A Service that is gone has no slices, and is not among them.
fn empty(backends: &[Backends]) -> impl Iterator<Item = &Arc<str>> {
    backends.iter().filter(|it| it.ready == 0).map(|it| &it.service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{TestWorld, later};
    use crate::domain::observed::WorkloadRef;

    fn backends(service: &str, pods: &[&str], ready: usize) -> Backends {
        Backends { service: service.into(), pods: pods.iter().map(|it| (*it).into()).collect(), ready }
    }

    fn cluster() -> TestWorld {
        let mut cluster = TestWorld::new("staging");
        cluster.rolled_out("auth", "r/auth:v2", 1);
        cluster
    }

    fn look(reach: &mut Reach, cluster: &TestWorld, found: &[Backends]) -> Vec<Arc<str>> {
        let world = cluster.world.env(&cluster.env).unwrap();
        let view = View::new(world, world.workload(&WorkloadRef::deployment("auth")).unwrap());
        let auth = ServiceId::new("auth");
        reach.learn(&auth, &view, found);
        let out = reach.cut_off(&auth, &view, found);
        reach.suspect(found);
        out
    }

    fn pod(cluster: &TestWorld) -> Arc<str> {
        cluster.world.env(&cluster.env).unwrap().pods().next().unwrap().meta.name.clone()
    }

    #[test]
    fn a_service_that_sent_traffic_to_its_pods_and_has_no_address_twice_in_a_row_is_cut_off() {
        let (cluster, mut reach) = (cluster(), Reach::default());
        let before = [backends("front", &[&pod(&cluster)], 1), backends("other", &["x"], 1)];
        assert!(look(&mut reach, &cluster, &before).is_empty());
        let after = [backends("front", &[], 0), backends("other", &[], 0)];
        assert!(look(&mut reach, &cluster, &after).is_empty(), "one look may be too early");
        assert_eq!(look(&mut reach, &cluster, &after), ["front".into()]);
    }

    #[test]
    fn one_of_its_name_that_never_found_its_pods_is_cut_off_too_and_one_that_is_gone_is_not() {
        let (cluster, mut reach) = (cluster(), Reach::default());
        let empty = [backends("auth", &[], 0)];
        look(&mut reach, &cluster, &empty);
        assert_eq!(look(&mut reach, &cluster, &empty), ["auth".into()]);
        assert!(look(&mut reach, &cluster, &[]).is_empty());
    }

    #[test]
    fn an_address_in_between_clears_the_suspicion() {
        let (cluster, mut reach) = (cluster(), Reach::default());
        look(&mut reach, &cluster, &[backends("auth", &[], 0)]);
        look(&mut reach, &cluster, &[backends("auth", &[], 1)]);
        assert!(look(&mut reach, &cluster, &[backends("auth", &[], 0)]).is_empty());
    }

    #[test]
    fn it_is_looked_at_soon_after_success_then_seldom_and_a_suspicion_soon_again() {
        let mut reach = Reach::default();
        reach.ask(later(0));
        assert!(!reach.is_due(later(10), later(14)) && reach.is_due(later(10), later(15)));
        reach.ask(later(15));
        assert!(!reach.is_due(later(10), later(44)) && reach.is_due(later(10), later(45)));
        reach.suspects.insert("auth".into());
        assert!(!reach.is_due(later(10), later(19)) && reach.is_due(later(10), later(20)));
        reach.is_refused();
        assert!(!reach.is_due(later(10), later(100)));
    }
}
