//! A pod that gets no node for want of a volume: which claim it is, and why that has none.
//!
//! Claims are not watched: the scheduler names the one that is missing or has lost its volume, and those that are still to
//! be bound are the pod's own, of which the events say more. One that waits for its first consumer keeps no pod waiting.

use std::sync::Arc;

use super::{Asked, NONE, Sign, first_line, seconds};
use crate::domain::observed::{Condition, Pod};
use crate::domain::verdict::Cause;

const NAMED: &str = "persistentvolumeclaim \"";

/// What the scheduler says about the claims of a pod, if that is what keeps it.
pub(super) fn sign(asked: &Asked<'_>, pod: &Pod, condition: &Condition) -> Option<Sign> {
    let text = &*condition.message;
    let named = text.split_once(NAMED).and_then(|(_, rest)| rest.split_once('"'));
    let (headline, grace, fatal, remedy) = match named {
        Some((claim, rest)) if rest.starts_with(" bound to non-existent persistentvolume") => {
            let volume = rest.split('"').nth(1).map(|name| format!(" {name}")).unwrap_or_default();
            let remedy =
                "Its data is gone or elsewhere: restore the volume, or delete the claim and have it made anew.";
            (format!("the claim {claim} has lost its volume{volume}"), NONE, true, remedy)
        }
        // Whoever applies both may write the claim a moment later.
        Some((claim, rest)) if rest.starts_with(" not found") => {
            let remedy = "Create the claim, or correct its name in the pod.";
            (format!("the claim {claim} does not exist"), Some(seconds(30)), true, remedy)
        }
        Some((claim, rest)) if rest.starts_with(" is being deleted") => {
            let remedy = "Find out who deletes it; it goes when no pod uses it any more.";
            (format!("the claim {claim} is being deleted"), Some(seconds(300)), true, remedy)
        }
        _ if text.contains("unbound immediate PersistentVolumeClaims") => {
            let remedy =
                "Look at the claim: kubectl describe persistentvolumeclaim. A volume or a storage class is missing.";
            (unbound(asked, pod), Some(seconds(300)), false, remedy)
        }
        _ => return None,
    };
    Some(Sign {
        cause: Cause::NoVolume,
        headline,
        since: condition.updated.unwrap_or(pod.meta.created),
        grace,
        fatal,
        remedy,
        log: None,
    })
}

/// Of several claims, those that something is told of; all where nothing is.
fn unbound(asked: &Asked<'_>, pod: &Pod) -> String {
    let world = asked.view.world;
    let told = pod.claims.iter().find_map(|claim| Some((claim, world.event_on("PersistentVolumeClaim", claim)?)));
    match (told, &pod.claims[..]) {
        (Some((claim, event)), _) => format!("the claim {claim} has no volume yet: {}", first_line(&event.message)),
        (None, []) => "a claim of the pod has no volume yet".to_owned(),
        (None, [claim]) => format!("the claim {claim} has no volume yet"),
        (None, claims) => {
            let names: Vec<&str> = claims.iter().map(Arc::as_ref).collect();
            format!("claims have no volume yet, among these: {}", names.join(", "))
        }
    }
}
