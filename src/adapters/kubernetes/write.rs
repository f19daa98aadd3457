//! One image, one deletion, and the removal of what shipdeck has written itself: each only if the object is still what was
//! seen.

use std::sync::Arc;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::{Call, HEAD_LIMIT};
use super::connect::Link;
use super::{collection, escaped, fault, fence, map, object, wire};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Uid;
use crate::domain::observed::{Kind, Workload, Writer};
use crate::domain::text::clean;
use crate::ports::cluster::{DeleteTarget, ImageChange};
use crate::ports::lease::Place;
use crate::ports::refusal::{Obstacle, Standing};

/// How often a write is sent that others' writes of the same object crowd out.
const CROWDED_TRIES: usize = 3;

pub(super) async fn set_image(link: &Link, change: &ImageChange) -> Result<Workload, Fault> {
    let path = object(change.workload.kind, &change.namespace, &change.workload.name);
    let dry_run = if change.dry_run { "&dryRun=All" } else { "" };
    let container = format!("/spec/template/spec/containers/{}", change.container_index);
    let mut operations = vec![json!({ "op": "test", "path": "/metadata/uid", "value": change.uid.as_str() })];
    operations.extend(change.fence.as_ref().map(fence::test));
    operations.extend([
        json!({ "op": "test", "path": format!("{container}/name"), "value": &*change.container }),
        json!({ "op": "test", "path": format!("{container}/image"), "value": &*change.from }),
        json!({ "op": "replace", "path": format!("{container}/image"), "value": &*change.to }),
    ]);
    let call = Call {
        method: Method::PATCH,
        path: format!("{path}?fieldManager=shipdeck{dry_run}"),
        content: "application/json-patch+json",
        body: Value::Array(operations).to_string().into_bytes(),
        doing: format!("set the image of {} in {}", change.workload, change.namespace),
    };
    let mut tries = 0;
    loop {
        tries += 1;
        let fault = match link.json::<wire::Workload<_>>(&call).await {
            Ok(written) => return Ok(map::workload(change.workload.kind, written)),
            Err(fault) => fault,
        };
        // A refusal says why by itself, except where a test failed: that answer names nothing.
        let look = matches!(
            fault.kind,
            FaultKind::Invalid
                | FaultKind::Conflict
                | FaultKind::NotFound
                | FaultKind::OutcomeUnknown
                | FaultKind::Other
        );
        if !look {
            return Err(fault);
        }
        let crowded = fault.kind == FaultKind::Conflict;
        match explain(link, change, &path, fault).await? {
            Found::Written(workload) => return Ok(*workload),
            // Others write status so often that the server gave up; nobody touched the image, so the tests still hold.
            Found::AsBefore(_) if crowded && tries < CROWDED_TRIES => {}
            Found::AsBefore(fault) => return Err(fault),
        }
    }
}

/// What stands there after a write that met with no clear answer.
enum Found {
    Written(Box<Workload>),
    /// The old image, and why the write did not come through.
    AsBefore(Fault),
}

/// Reads back what stands there and says it in words.
async fn explain(link: &Link, change: &ImageChange, path: &str, fault: Fault) -> Result<Found, Fault> {
    // Sent, and the answer is missing or does not say whether it was applied.
    let unknown = matches!(fault.kind, FaultKind::OutcomeUnknown | FaultKind::Other);
    let name = &change.workload.name;
    let call = Call::get(path.to_owned(), format!("read {} in {}", change.workload, change.namespace));
    let read = async {
        let answer = link.send(&call, HEAD_LIMIT).await?;
        let now = server_time(answer.headers());
        let body = tokio::time::timeout(HEAD_LIMIT, answer.into_body().collect_bytes()).await;
        let body = body.map_err(|_elapsed| fault::timed_out(HEAD_LIMIT, &call.doing))?;
        Ok((body.map_err(|error| fault::from_error(&error, &call.doing))?, now))
    };
    let (bytes, now) = match read.await {
        Ok(read) => read,
        Err(Fault { kind: FaultKind::NotFound, .. }) => return Err(change.refused(&Obstacle::Deleted, None, None)),
        Err(_) if unknown => return Err(lost_answer(name, &fault)),
        Err(_) => return Err(fault),
    };
    // What cannot be read says nothing about the write.
    let unreadable = |error: serde_json::Error| {
        if unknown { lost_answer(name, &fault) } else { fault::unreadable(&error, &bytes, &call.doing) }
    };
    let found: wire::Workload<_> = serde_json::from_slice(&bytes).map_err(unreadable)?;
    let found = map::workload(change.workload.kind, found);
    let standing = change.standing(&found);
    if standing != Standing::Blocked(Obstacle::Replaced) {
        let bare: wire::Bare = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if let Some(refusal) = fence::refusal(link, change, &bare.metadata).await {
            return Err(refusal);
        }
    }
    match standing {
        Standing::Done => Ok(Found::Written(Box::new(found))),
        Standing::Open => {
            let lost = unknown && !change.dry_run;
            Ok(Found::AsBefore(if lost { lost_answer(name, &fault) } else { fault }))
        }
        Standing::Blocked(obstacle) => {
            let written: wire::Written = serde_json::from_slice(&bytes).map_err(unreadable)?;
            Err(change.refused(&obstacle, writer(&written, change).as_ref(), now))
        }
    }
}

/// A write whose answer was lost may still be applied after it was read back, so nothing is certain.
fn lost_answer(name: &str, fault: &Fault) -> Fault {
    let message = format!("{name}: it is not known whether the image was set: {}", fault.message);
    Fault { kind: FaultKind::OutcomeUnknown, message, retry_after: fault.retry_after }
}

/// Who owns the image field.
fn writer(written: &wire::Written, change: &ImageChange) -> Option<Writer> {
    let container = format!("k:{{\"name\":\"{}\"}}", change.container);
    let owns = |entry: &&wire::ManagedFields| {
        let fields: &Value = &entry.fields_v1["f:spec"]["f:template"]["f:spec"]["f:containers"][&container];
        !fields["f:image"].is_null()
    };
    let entry = written.metadata.managed_fields.iter().filter(owns).max_by_key(|entry| entry.time)?;
    Some(Writer { manager: clean(&entry.manager).into(), at: entry.time })
}

/// The server's own clock, which also wrote the times of the fields.
fn server_time(headers: &http::HeaderMap) -> Option<Timestamp> {
    let date = headers.get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}

pub(super) async fn delete(link: &Link, target: &DeleteTarget) -> Result<(), Fault> {
    let kind = match target.resource {
        "pod" => Kind::Pod,
        "job" => Kind::Job,
        other => return Err(Fault::new(FaultKind::Invalid, format!("{other} is never deleted"))),
    };
    let mut options = json!({
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "preconditions": { "uid": target.uid.as_str(), "resourceVersion": &*target.resource_version },
    });
    if kind == Kind::Job {
        // The default leaves the pods of a Job behind, running ones too.
        options["propagationPolicy"] = "Background".into();
    }
    let call = Call {
        method: Method::DELETE,
        path: format!("{}/{}", collection(kind, Some(&target.namespace)), escaped(&target.name)),
        content: "application/json",
        body: options.to_string().into_bytes(),
        doing: format!("delete {}/{} in {}", target.resource, target.name, target.namespace),
    };
    match link.bytes(&call).await {
        Err(fault) if fault.kind == FaultKind::OutcomeUnknown => is_gone(link, target, &call.path, fault).await,
        answer => answer.map(drop).map_err(|fault| refused(target, fault)),
    }
}

/// Removes what shipdeck has written if it is exactly what was read.
pub(super) async fn remove(link: &Link, path: String, place: Place<'_>, over: &(Uid, Arc<str>)) -> Result<(), Fault> {
    let (uid, version) = over;
    let Place { namespace, name } = place;
    let options = json!({
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "preconditions": { "uid": uid.as_str(), "resourceVersion": &**version },
    });
    let call = Call {
        method: Method::DELETE,
        path,
        content: "application/json",
        body: options.to_string().into_bytes(),
        doing: format!("remove {name} in {namespace}"),
    };
    link.bytes(&call).await.map(drop).map_err(|fault| match fault.kind {
        // The server names the precondition with both values, which tell people nothing.
        FaultKind::Conflict => Fault::new(FaultKind::Conflict, format!("{name}: it was changed since it was seen")),
        _ => fault,
    })
}

/// The answer to a deletion was lost: reads what stands there now.
async fn is_gone(link: &Link, target: &DeleteTarget, path: &str, lost: Fault) -> Result<(), Fault> {
    let doing = format!("read {}/{} in {}", target.resource, target.name, target.namespace);
    match link.json::<wire::Bare>(&Call::get(path.to_owned(), doing)).await {
        Ok(found) if found.metadata.uid != target.uid.as_str() || found.metadata.deletion_timestamp.is_some() => Ok(()),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(()),
        _ => {
            let message = format!("it is not known whether it was deleted: {}", lost.message);
            Err(Fault { message, ..lost })
        }
    }
}

/// Which precondition failed: the server names it, with both values, which tell people nothing.
fn refused(target: &DeleteTarget, fault: Fault) -> Fault {
    let names = |what: &str| fault.kind == FaultKind::Conflict && fault.message.contains(what);
    // "UID in precondition: …" before the object was read again, "the UID in the precondition (…)" after that.
    if names("UID in precondition") || names("UID in the precondition") {
        target.refused(true)
    } else if names("ResourceVersion in precondition") || names("ResourceVersion in the precondition") {
        target.refused(false)
    } else {
        fault
    }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
