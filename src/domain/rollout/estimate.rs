//! How long a rollout will take, told by the cluster itself: as long as the last one took.

use jiff::{SignedDuration, Timestamp};

use super::{View, names_new_set};
use crate::domain::observed::{Condition, WorkloadKind};

/// Times are whole seconds: of less than this, nothing is known.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);
/// What took longer did not take that long because of the rollout.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// From the creation of the present ReplicaSet until the controller called it complete, which it says once and never
/// again, whatever is scaled or lost later.
///
/// None of a rollout that is under way or never finished; none of other kinds, which keep no such times; none where an
/// older ReplicaSet was taken up again, since its creation was not the beginning of that.
pub fn estimate(view: &View<'_>) -> Option<SignedDuration> {
    if view.workload.kind != WorkloadKind::Deployment {
        return None;
    }
    let set = view.new_set()?;
    let was_taken_up_again = view.sets.iter().any(|other| other.meta.created > set.meta.created);
    let took = completed(view)?.duration_since(set.meta.created);
    (!was_taken_up_again && (SHORTEST..=LONGEST).contains(&took)).then_some(took)
}

/// When the controller called the rollout of the present ReplicaSet complete.
pub(super) fn completed(view: &View<'_>) -> Option<Timestamp> {
    let mut said = view.workload.status.conditions.iter();
    let complete = |it: &&Condition| {
        &*it.kind == "Progressing" && &*it.reason == "NewReplicaSetAvailable" && names_new_set(view, it)
    };
    said.find(complete)?.updated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{TestWorld, condition, later, set_name};
    use crate::domain::observed::{Object, WorkloadRef};

    /// A Deployment whose controller said `reason` of the ReplicaSet of `image` so many seconds after its creation.
    fn said(reason: &str, image: &str, seconds: i64) -> TestWorld {
        let mut cluster = TestWorld::new("staging");
        let message = format!("ReplicaSet \"{}\" has successfully progressed.", set_name("auth", image));
        let mut progressing = condition("Progressing", reason, &message);
        progressing.updated = Some(later(seconds));
        cluster.deployment("auth", "r/auth:v2", 1, |it| it.status.conditions.push(progressing));
        cluster.replica_set("auth", "r/auth:v2", 1);
        cluster
    }

    fn of(cluster: &TestWorld) -> Option<i64> {
        let world = cluster.world.env(&cluster.env).unwrap();
        let workload = world.workload(&WorkloadRef::deployment("auth")).unwrap();
        estimate(&View::new(world, workload)).map(|took| took.as_secs())
    }

    #[test]
    fn it_takes_as_long_as_the_last_time() {
        assert_eq!(of(&said("NewReplicaSetAvailable", "r/auth:v2", 40)), Some(40));
    }

    #[test]
    fn nothing_is_known_of_what_did_not_finish_or_was_another_template() {
        assert_eq!(of(&said("ReplicaSetUpdated", "r/auth:v2", 40)), None);
        assert_eq!(of(&said("ProgressDeadlineExceeded", "r/auth:v2", 40)), None);
        assert_eq!(of(&said("NewReplicaSetAvailable", "r/auth:v1", 40)), None);
    }

    #[test]
    fn times_that_no_rollout_takes_are_none() {
        for seconds in [-3, 0, 3_601] {
            assert_eq!(of(&said("NewReplicaSetAvailable", "r/auth:v2", seconds)), None, "{seconds}");
        }
    }

    #[test]
    fn a_replica_set_that_was_taken_up_again_says_nothing_by_its_age() {
        let mut cluster = said("NewReplicaSetAvailable", "r/auth:v2", 40);
        cluster.replica_set("auth", "r/auth:v3", 0);
        assert_eq!(of(&cluster), Some(40), "made in the same second");
        let world = cluster.world.env(&cluster.env).unwrap();
        let workload = world.workload(&WorkloadRef::deployment("auth")).unwrap();
        let found = View::new(world, workload).sets.into_iter().find(|set| &*set.containers[0].image == "r/auth:v3");
        let mut younger = found.cloned().unwrap();
        younger.meta.created = later(10);
        cluster.put(Object::ReplicaSet(Box::new(younger)));
        assert_eq!(of(&cluster), None);
    }
}
