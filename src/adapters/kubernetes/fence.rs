//! The fence: a label on the workload that bears the token of the last holder. Every write tests it.
//!
//! A label and not an annotation: it does not wake the workload's controller, is not copied to ReplicaSets, and stays
//! through `kubectl rollout undo`, which would put an old annotation back.

use http::Method;
use serde_json::{Value, json};

use super::call::Call;
use super::connect::Link;
use super::{lease, object, wire};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::lease::{Fence, Stamped, token_of};
use crate::domain::text::clean;
use crate::ports::cluster::ImageChange;
use crate::ports::lease::Target;

const LABEL: &str = "shipdeck.dev/fence";
/// Another name than that of image changes: the API server dates what a name has written, and the fence must not make an
/// image look as if it had just been set.
const MANAGER: &str = "shipdeck-fence";
const PATH: &str = "/metadata/labels/shipdeck.dev~1fence";
/// Others may change labels in the same moment.
const TRIES: usize = 5;

/// The test that a write begins with.
pub(super) fn test(fence: &Fence) -> Value {
    json!({ "op": "test", "path": PATH, "value": fence.token.to_string() })
}

pub(super) async fn read(link: &Link, target: &Target) -> Result<Option<u32>, Fault> {
    Ok(metadata(link, target).await?.labels.get(LABEL).and_then(|text| token_of(text)))
}

async fn metadata(link: &Link, target: &Target) -> Result<wire::Meta, Fault> {
    let path = object(target.workload.kind, &target.namespace, &target.workload.name);
    let call = Call::get(path, format!("read {} in {}", target.workload, target.namespace));
    Ok(link.json::<wire::Bare>(&call).await?.metadata)
}

pub(super) async fn stamp(link: &Link, target: &Target, token: u32) -> Result<Stamped, Fault> {
    let path = object(target.workload.kind, &target.namespace, &target.workload.name);
    let mut last = None;
    for _ in 0..TRIES {
        let metadata = metadata(link, target).await?;
        if metadata.uid != target.uid.as_str() {
            return Err(Fault::new(FaultKind::Conflict, format!("{} was replaced by another object", target.workload)));
        }
        if let Some(fence) = metadata.labels.get(LABEL).and_then(|text| token_of(text)).filter(|fence| *fence >= token)
        {
            return Ok(Stamped::Ahead(fence));
        }
        let call = Call {
            method: Method::PATCH,
            path: format!("{path}?fieldManager={MANAGER}"),
            content: "application/json-patch+json",
            body: operations(&metadata, token).to_string().into_bytes(),
            doing: format!("mark {} in {}", target.workload, target.namespace),
        };
        match link.bytes(&call).await {
            Ok(_) => return Ok(Stamped::Done),
            // A test failed: somebody changed it in between. Read and decide again.
            Err(fault) if matches!(fault.kind, FaultKind::Invalid | FaultKind::Conflict) => last = Some(fault),
            Err(fault) => return Err(fault),
        }
    }
    Err(last.unwrap_or_else(|| Fault::new(FaultKind::Conflict, format!("{} keeps changing", target.workload))))
}

fn operations(metadata: &wire::Meta, token: u32) -> Value {
    let uid = json!({ "op": "test", "path": "/metadata/uid", "value": metadata.uid });
    let add = json!({ "op": "add", "path": PATH, "value": token.to_string() });
    if metadata.labels.is_empty() {
        let none = json!({ "op": "test", "path": "/metadata/labels", "value": null });
        return json!([uid, none, { "op": "add", "path": "/metadata/labels", "value": {} }, add]);
    }
    json!([uid, { "op": "test", "path": PATH, "value": metadata.labels.get(LABEL) }, add])
}

/// Why the fence refuses a write, from what was read back; none when it does not.
pub(super) async fn refusal(link: &Link, change: &ImageChange, metadata: &wire::Meta) -> Option<Fault> {
    let fence = change.fence.as_ref()?;
    let found = metadata.labels.get(LABEL);
    if found.is_some_and(|found| *found == fence.token.to_string()) {
        return None;
    }
    let name = &change.workload.name;
    let message = match found.map(|found| (found, token_of(found))) {
        None => format!("{name}: its fence is gone, so another tool replaced it"),
        Some((_, Some(token))) if token > fence.token => {
            let by = holder(link, change, fence, token).await.map_or_else(String::new, |by| format!(" of {by}"));
            format!("{name}: superseded by operation {token}{by}")
        }
        Some((text, _)) => format!("{name}: its fence was changed to {} by another tool", clean(text)),
    };
    Some(Fault::new(FaultKind::Conflict, message))
}

/// Who has this token, or had it.
async fn holder(link: &Link, change: &ImageChange, fence: &Fence, token: u32) -> Option<String> {
    let record = lease::read(link, &change.namespace, &fence.lease).await.ok()?.record;
    (record.token == token && !record.last.is_empty()).then(|| record.last.to_string())
}
