//! Leases of `coordination.k8s.io`: written only by POST and by PUT with uid and version, which is a compare-and-swap;
//! a patch without a version would steal. Those of services are never deleted, so that the counter survives; the tickets of who
//! waits are made of the same stuff (`super::ticket`).

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Call;
use super::connect::Link;
use super::map::text;
use super::{collection, escaped, fence, map, ticket, wire};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Uid;
use crate::domain::lease::{Look, Put, Record, Stored};
use crate::domain::observed::{Kind, Lease};
use crate::domain::text::clean;
use crate::ports::lease::Target;

pub(super) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Who held it last, which the record itself forgets when it is released.
const LAST: &str = "shipdeck.dev/last-holder";
const TAKEN_FROM: &str = "shipdeck.dev/taken-over-from";

pub(super) async fn look(link: &Link, target: &Target) -> Result<Look, Fault> {
    let lease = async {
        match read(link, &target.namespace, &target.lease).await {
            Err(Fault { kind: FaultKind::NotFound, .. }) => Ok(None),
            found => found.map(Some),
        }
    };
    let (lease, fence) = futures::future::try_join(lease, fence::read(link, target)).await?;
    Ok(Look { lease, fence })
}

pub(super) async fn read(link: &Link, namespace: &str, name: &str) -> Result<Stored, Fault> {
    let call = Call::get(path(namespace, Some(name)), format!("read the lease {name} in {namespace}"));
    link.json::<wire::Lease>(&call).await.map(|lease| stored(&lease))
}

pub(super) async fn put(link: &Link, target: &Target, put: &Put) -> Result<Stored, Fault> {
    let (method, name) = match put.over {
        None => (Method::POST, None),
        Some(_) => (Method::PUT, Some(&*target.lease)),
    };
    let call = Call {
        method,
        path: format!("{}?fieldManager=shipdeck", path(&target.namespace, name)),
        content: "application/json",
        body: body(&target.lease, put).to_string().into_bytes(),
        doing: format!("write the lease {} in {}", target.lease, target.namespace),
    };
    link.json::<wire::Lease>(&call).await.map(|lease| stored(&lease))
}

pub(super) fn path(namespace: &str, name: Option<&str>) -> String {
    let all = collection(Kind::Lease, Some(namespace));
    name.map_or_else(|| all.clone(), |name| format!("{all}/{}", escaped(name)))
}

fn body(name: &str, put: &Put) -> Value {
    let record = &put.record;
    let mut annotations = json!({ LAST: &*record.last });
    if let Some(from) = &record.taken_from {
        annotations[TAKEN_FROM] = (&**from).into();
    }
    whole(name, put, &json!({ MANAGED_BY: "shipdeck" }), &annotations)
}

/// With the uid too: what was deleted meanwhile is not made again as it was.
pub(super) fn whole(name: &str, put: &Put, labels: &Value, annotations: &Value) -> Value {
    let record = &put.record;
    let mut lease = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": name, "labels": labels, "annotations": annotations },
        "spec": {
            "holderIdentity": &*record.holder,
            "leaseDurationSeconds": record.duration.as_secs().max(1),
            "acquireTime": record.acquired.map(micro_time),
            "renewTime": record.renewed.map(micro_time),
            "leaseTransitions": record.token,
        },
    });
    if let Some((uid, version)) = &put.over {
        lease["metadata"]["uid"] = uid.as_str().into();
        lease["metadata"]["resourceVersion"] = (&**version).into();
    }
    lease
}

/// Exactly six digits after the point: any other number is refused.
fn micro_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

pub(super) fn stored(wire: &wire::Lease) -> Stored {
    Stored {
        uid: Uid::new(clean(&wire.metadata.uid)),
        version: Arc::from(wire.metadata.resource_version.as_str()),
        record: record(wire),
    }
}

pub(super) fn observed(wire: &wire::Lease) -> Lease {
    Lease { meta: map::meta(&wire.metadata), record: record(wire), errand: ticket::errand(wire) }
}

/// Whatever is missing or nonsense reads as the least that it could mean.
fn record(wire: &wire::Lease) -> Record {
    let note = |name: &str| wire.metadata.annotations.get(name).map(|note| text(note));
    let spec = &wire.spec;
    Record {
        holder: spec.holder_identity.as_deref().map(text).unwrap_or_default(),
        last: note(LAST).unwrap_or_default(),
        taken_from: note(TAKEN_FROM),
        duration: Duration::from_secs(spec.lease_duration_seconds.and_then(|it| it.try_into().ok()).unwrap_or(0)),
        acquired: spec.acquire_time,
        renewed: spec.renew_time,
        token: spec.lease_transitions.and_then(|it| u32::try_from(it).ok()).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_digits_after_the_point_whatever_they_are() {
        assert_eq!(micro_time(Timestamp::constant(1_790_000_000, 0)), "2026-09-21T14:13:20.000000Z");
        assert_eq!(micro_time(Timestamp::constant(1_790_000_000, 1_234_567)), "2026-09-21T14:13:20.001234Z");
    }

    #[test]
    fn a_lease_without_any_field_is_held_by_nobody() {
        for text in ["{}", r#"{"spec":null}"#, r#"{"spec":{"leaseTransitions":-4,"leaseDurationSeconds":-1}}"#] {
            let record = record(&serde_json::from_str(text).unwrap());
            assert!(record.is_free() && record.token == 0, "{record:?}");
            assert_eq!(record.patience(), crate::domain::lease::DURATION);
        }
    }
}
