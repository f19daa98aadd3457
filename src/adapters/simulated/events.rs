//! Events of the simulation: what a kubelet, a scheduler and a controller would have said.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::pods::{Behaviour, SimPod};
use super::render::{meta, set_name, workload_uid};
use super::world::Workload;
use crate::domain::ids::Uid;
use crate::domain::observed::{Event, Meta, Pod};

/// An event; about which object, whether it warns, and what it says.
fn event(namespace: &str, about: (&str, &Meta), (warning, reason): (bool, &str), message: String) -> Event {
    let (kind, object) = about;
    let name = format!("{}.{}", object.name, reason.to_lowercase());
    Event {
        meta: meta(&name, Uid::new(format!("{namespace}/event/{name}")), object.created, None),
        about_kind: kind.into(),
        about: object.uid.clone(),
        about_name: Arc::clone(&object.name),
        warning,
        reason: reason.into(),
        message: message.into(),
        count: 1,
        last_seen: object.created,
    }
}

/// What is said about a pod that does not do well.
pub(super) fn about(it: &SimPod, pod: &Pod, now: Timestamp) -> Vec<Event> {
    let age = now.duration_since(it.created);
    let warn = |reason: &str, message: String| event(&it.namespace, ("Pod", &pod.meta), (true, reason), message);
    let mut found = match it.behaviour {
        Behaviour::Fine | Behaviour::Slow | Behaviour::Flaps => Vec::new(),
        Behaviour::Crash | Behaviour::OutOfMemory | Behaviour::Dies => {
            let ends =
                pod.containers.first().and_then(|status| Some((status.restarts, status.last.as_ref()?.finished?)));
            let Some((restarts, last)) = ends else { return Vec::new() };
            let text = format!("Back-off restarting failed container {} in pod {}", it.workload.name, it.name);
            vec![Event { count: restarts, last_seen: last, ..warn("BackOff", text) }]
        }
        Behaviour::Missing => {
            vec![warn("Failed", format!("Failed to pull image \"{}\": manifest unknown: not found", it.image))]
        }
        Behaviour::BadConfig => {
            vec![warn("Failed", format!("Error: configmap \"{}-env\" not found", it.workload.name))]
        }
        Behaviour::Unready => {
            let text = "Readiness probe failed: HTTP probe failed with statuscode: 503".to_owned();
            vec![warn("Unhealthy", text)]
        }
        Behaviour::NoNode => {
            it.unscheduled().map(|it| warn("FailedScheduling", it.message.to_string())).into_iter().collect()
        }
    };
    found.retain(|_| age >= SignedDuration::from_secs(2));
    found
}

/// What the Deployment controller said about the newest rollout.
pub(super) fn of_rollout(it: &Workload) -> Option<Event> {
    let about = meta(&it.reference.name, workload_uid(it), it.present().wanted, None);
    let text = format!("Scaled up replica set {} to {}", set_name(&it.reference, it.image()), it.replicas);
    // Who was never changed since the world began has no event: Kubernetes forgets them after an hour.
    let kind = it.reference.kind.api_kind();
    (it.generation > 1).then(|| event(&it.namespace, (kind, &about), (false, "ScalingReplicaSet"), text))
}
