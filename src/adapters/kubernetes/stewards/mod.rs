//! How Argo CD, Flux and Helm go about a workload, read from their own objects; and whose the image is, which a server-side
//! apply that changes nothing finds out.

mod argo;
mod flux;
mod helm;

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::call::Call;
use super::connect::Link;
use super::map::text;
use super::{escaped, object, resources, wire};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::WorkloadRef;
use crate::domain::steward::{Manager, Practice, Source, Steward, Sync, Traces, steward};
use crate::ports::stewards::Question;

/// Asked under this name: what it does not own it has to ask for.
const MANAGER: &str = "shipdeck";

/// The steward that the metadata of a workload tell of.
pub(super) fn of(meta: &wire::Meta<super::writers::Owners>) -> Option<Box<Steward>> {
    let owners = meta.managed_fields.as_deref().unwrap_or_default();
    let managers: Vec<Manager<'_>> = owners.iter().filter_map(super::writers::Owner::as_manager).collect();
    let traces = Traces {
        namespace: &meta.namespace,
        name: &meta.name,
        labels: &meta.labels,
        annotations: &meta.annotations,
        managers: &managers,
    };
    steward(&traces).map(Box::new)
}

pub(super) async fn practice(link: &Link, question: &Question) -> Practice {
    let described = async {
        match &question.steward {
            Steward::Argo { app, namespace, tracked } => {
                argo::practice(link, question, (app.as_deref(), namespace.as_deref()), *tracked).await
            }
            Steward::Flux { kind, object, .. } => flux::practice(link, *kind, object.as_ref()).await,
            Steward::Helm { release, namespace, .. } => helm::practice(link, question, release, namespace).await,
            Steward::Files => Described { sync: Sync::ByHand, source: None, values: Vec::new() },
        }
    };
    let (described, objectors) = futures::future::join(described, objectors(link, question)).await;
    let Described { sync, source, values } = described;
    Practice { sync, source, values, objectors }
}

/// What the steward's own objects tell.
struct Described {
    sync: Sync,
    source: Option<Source>,
    values: Vec<Arc<str>>,
}

impl Described {
    fn only(sync: Sync) -> Self {
        Self { sync, source: None, values: Vec::new() }
    }

    /// What could not be read. An object that is not there is gone; a kind that is not there says nothing, since a
    /// controller may live in another cluster.
    fn unread(fault: &Fault, kind_is_there: bool) -> Self {
        let gone = fault.kind == FaultKind::NotFound && kind_is_there;
        Self::only(if gone { Sync::Gone } else { Sync::Unknown(fault.to_string().into()) })
    }
}

/// Managers that would object to another image. Nothing where nobody would, or where one may not ask.
async fn objectors(link: &Link, question: &Question) -> Vec<Arc<str>> {
    let WorkloadRef { kind, name } = &question.workload;
    // Another image than the present one: the same would be agreed to by everybody.
    let container = json!({ "name": &*question.container, "image": format!("{}-other", question.image) });
    let body = json!({
        "apiVersion": "apps/v1",
        "kind": kind.api_kind(),
        "metadata": { "name": &**name },
        "spec": { "template": { "spec": { "containers": [container] } } },
    });
    let call = Call {
        method: Method::PATCH,
        path: format!("{}?fieldManager={MANAGER}&dryRun=All", object(*kind, &question.namespace, name)),
        content: "application/apply-patch+yaml",
        body: body.to_string().into_bytes(),
        doing: format!("ask whose the image of {} in {} is", question.workload, question.namespace),
    };
    match link.bytes(&call).await {
        Err(fault) if fault.kind == FaultKind::Conflict => named(&fault.message),
        _ => Vec::new(),
    }
}

/// The managers that a conflict about the image names, each once, without ourselves: `conflict with "helm" using apps/v1`,
/// `conflicts with "helm"`.
fn named(message: &str) -> Vec<Arc<str>> {
    let mut found: Vec<Arc<str>> = Vec::new();
    for rest in message.split(" with \"").skip(1) {
        let Some(name) = rest.split('"').next().map(text) else { continue };
        if &*name != MANAGER && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// A text of an object, where it has one.
fn said(value: &Value) -> Option<Arc<str>> {
    value.as_str().filter(|it| !it.is_empty()).map(text)
}

/// An object of a group that may not be installed, and whether its kind is there when it is not found.
async fn custom(link: &Link, group: &str, plural: &str, place: (&str, &str)) -> Result<Value, (Fault, bool)> {
    let (namespace, name) = place;
    let all = resources(plural, group, Some(namespace));
    let doing = format!("read {plural} {namespace}/{name}");
    match link.json::<Value>(&Call::get(format!("{all}/{}", escaped(name)), doing.clone())).await {
        Ok(found) => Ok(found),
        Err(fault) if fault.kind == FaultKind::NotFound => {
            let there = link.json::<Value>(&Call::get(format!("{all}?limit=1"), doing)).await;
            let is_there = !matches!(&there, Err(fault) if fault.kind == FaultKind::NotFound);
            Err((fault, is_there))
        }
        Err(fault) => Err((fault, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_names_who_owns_the_image_and_not_us() {
        let one = "cannot ask: Apply failed with 1 conflict: conflict with \"kubectl-set\" using apps/v1: .spec…image";
        assert_eq!(named(one), ["kubectl-set".into()]);
        let several = "Apply failed with 3 conflicts: conflicts with \"argocd-controller\": - .spec…image conflicts with \
                       \"shipdeck\" using apps/v1: - .spec…image conflicts with \"argocd-controller\"";
        assert_eq!(named(several), ["argocd-controller".into()]);
        assert!(named("somebody was faster").is_empty());
    }
}
