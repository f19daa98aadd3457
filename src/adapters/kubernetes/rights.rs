//! Rights of the user, asked of the API server by reviews of access, which everybody may ask for.

use http::Method;
use serde_json::json;

use super::call::Call;
use super::connect::Link;
use super::{group, wire};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::Kind;
use crate::domain::rights::Wanted;
use crate::domain::text::clean;

/// All at once; the first in the order of the question that is missing is named.
pub(super) async fn may(link: &Link, namespace: &str, wanted: &[Wanted]) -> Result<(), Fault> {
    let each = wanted.iter().flat_map(|it| it.verbs.iter().map(|verb| (it.kind, *verb)));
    let asked = each.map(|(kind, verb)| review(link, namespace, kind, verb));
    futures::future::try_join_all(asked).await.map(drop)
}

async fn review(link: &Link, namespace: &str, kind: Kind, verb: &str) -> Result<(), Fault> {
    let resource = kind.plural();
    let attributes = json!({ "namespace": namespace, "verb": verb, "group": group_name(kind), "resource": resource });
    let call = Call {
        method: Method::POST,
        path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
        content: "application/json",
        body: json!({ "spec": { "resourceAttributes": attributes } }).to_string().into_bytes(),
        doing: format!("ask for the right to {verb} {resource} in {namespace}"),
    };
    let access = match link.json::<wire::AccessReview>(&call).await {
        // Who may not even ask may well be allowed to do it: nothing is known.
        Err(fault) if fault.kind == FaultKind::Forbidden => return Err(Fault { kind: FaultKind::Other, ..fault }),
        answer => answer?.status,
    };
    if access.allowed {
        return Ok(());
    }
    // Whoever decides about rights did not answer, and nobody said no.
    if !access.denied && !access.evaluation_error.is_empty() {
        let why = format!("whether {resource} may be changed is not known: {}", clean(&access.evaluation_error));
        return Err(Fault::new(FaultKind::Other, why));
    }
    let message = format!("no right to {verb} {resource} in namespace {}", clean(namespace));
    Err(Fault::new(FaultKind::Forbidden, message))
}

/// `apps` of `apis/apps/v1`; nothing of `api/v1`.
fn group_name(kind: Kind) -> &'static str {
    group(kind).strip_prefix("apis/").and_then(|it| it.split('/').next()).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::observed::WorkloadKind;

    #[test]
    fn rights_are_asked_for_in_the_group_of_the_kind() {
        let kinds = [Kind::Workload(WorkloadKind::Deployment), Kind::Job, Kind::Lease, Kind::Pod, Kind::Document];
        assert_eq!(kinds.map(group_name), ["apps", "batch", "coordination.k8s.io", "", ""]);
    }
}
