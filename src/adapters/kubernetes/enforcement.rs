//! Freezes of `shipdeck.dev`, the kind that `assets/admission-policy.yaml` installs: the API server refuses by them.

use http::Method;
use serde_json::{Value, json};

use super::call::Call;
use super::connect::Link;
use super::{escaped, object, resources, wire};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::{Kind, WorkloadRef};
use crate::domain::text::clean;
use crate::ports::enforcement::Order;

/// Under this name nobody passes a policy that lets shipdeck pass.
const STRANGER: &str = "shipdeck-probe";
/// What the kind allows.
const LONGEST_NAME: usize = 200;
const LONGEST_REASON: usize = 2_000;

pub(super) async fn enforce(link: &Link, namespace: &str, order: &Order) -> Result<(), Fault> {
    let call = Call {
        method: Method::POST,
        path: format!("{}?fieldManager=shipdeck", path(namespace, None)),
        content: "application/json",
        body: body(order).to_string().into_bytes(),
        doing: format!("have {namespace} frozen for every tool"),
    };
    match link.bytes(&call).await {
        // It stands already: an earlier try whose answer was lost.
        Err(fault) if fault.kind == FaultKind::Conflict => Ok(()),
        answer => answer.map(drop),
    }
}

pub(super) async fn lift(link: &Link, namespace: &str, name: &str) -> Result<(), Fault> {
    let call = Call {
        method: Method::DELETE,
        path: path(namespace, Some(name)),
        content: "application/json",
        body: json!({ "kind": "DeleteOptions", "apiVersion": "v1" }).to_string().into_bytes(),
        doing: format!("lift {name} in {namespace}"),
    };
    match link.bytes(&call).await {
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(()),
        answer => answer.map(drop),
    }
}

pub(super) async fn proves(link: &Link, namespace: &str, name: &str, workloads: &[WorkloadRef]) -> Result<bool, Fault> {
    let doing = format!("read the freeze {name} in {namespace}");
    link.json::<wire::Bare>(&Call::get(path(namespace, Some(name)), doing)).await?;
    for workload in workloads {
        let call = Call {
            method: Method::PATCH,
            path: format!("{}?fieldManager={STRANGER}&dryRun=All", object(workload.kind, namespace, &workload.name)),
            content: "application/json-patch+json",
            body: json!([
                { "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "shipdeck.dev/probe" },
            ])
            .to_string()
            .into_bytes(),
            doing: format!("try whether {workload} is frozen in {namespace}"),
        };
        match link.bytes(&call).await {
            Ok(_) => return Ok(false),
            Err(fault) if fault.is_by_policy() => return Ok(true),
            Err(fault) if fault.kind == FaultKind::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::new(FaultKind::Other, format!("there is nothing in {namespace} to try it on")))
}

fn path(namespace: &str, name: Option<&str>) -> String {
    let all = resources("freezes", "apis/shipdeck.dev/v1", Some(namespace));
    name.map_or_else(|| all.clone(), |name| format!("{all}/{}", escaped(name)))
}

/// It belongs to the document of the lock: whoever removes that, by whatever tool, ends this too.
fn body(order: &Order) -> Value {
    let mut spec = json!({
        "kind": order.kind,
        "by": shortened(&order.by, LONGEST_NAME),
        "reason": shortened(&order.reason, LONGEST_REASON),
    });
    if let Some(until) = order.until {
        // Whole seconds: the times that it is compared with have no fractions.
        spec["until"] = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    }
    if !order.workloads.is_empty() {
        let covered = |it: &WorkloadRef| format!("{}/{}", Kind::Workload(it.kind).plural(), it.name);
        spec["workloads"] = order.workloads.iter().map(covered).collect();
    }
    json!({
        "apiVersion": "shipdeck.dev/v1",
        "kind": "Freeze",
        "metadata": {
            "name": &*order.name,
            "labels": { "app.kubernetes.io/managed-by": "shipdeck" },
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "ConfigMap", "name": &*order.name, "uid": order.document.as_str(),
            }],
        },
        "spec": spec,
    })
}

/// One line, since a policy does not tell several, and no longer than it may be.
fn shortened(text: &str, longest: usize) -> String {
    clean(&text.replace('\n', " ")).chars().take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::later;
    use crate::domain::ids::Uid;

    #[test]
    fn an_order_goes_with_its_document_covers_what_it_names_and_tells_one_line() {
        let order = Order {
            name: "shipdeck-lock-a1".into(),
            document: Uid::new("u-1"),
            kind: "freeze",
            by: "ana@mac".into(),
            reason: "Black\nFriday".into(),
            until: Some(later(60)),
            workloads: vec![WorkloadRef::deployment("auth")],
        };
        let body = body(&order);
        assert_eq!(body["metadata"]["ownerReferences"][0]["uid"], "u-1");
        assert_eq!(body["spec"]["reason"], "Black Friday");
        assert_eq!(body["spec"]["workloads"], json!(["deployments/auth"]));
        assert!(body["spec"]["until"].as_str().is_some_and(|it| it.ends_with('Z') && !it.contains('.')), "{body}");
        let everything = super::body(&Order { workloads: Vec::new(), until: None, ..order });
        assert!(everything["spec"]["workloads"].is_null() && everything["spec"]["until"].is_null());
    }
}
