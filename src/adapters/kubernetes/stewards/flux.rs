//! Kustomizations and HelmReleases of Flux: whether they are suspended, and where they come from.

use std::sync::Arc;

use serde_json::Value;

use super::super::connect::Link;
use super::{Described, custom, said};
use crate::domain::steward::{FluxKind, Source, Sync};

const SOURCES: &str = "apis/source.toolkit.fluxcd.io/v1";

pub(super) async fn practice(link: &Link, kind: FluxKind, object: Option<&(Arc<str>, Arc<str>)>) -> Described {
    let Some((namespace, name)) = object else {
        return Described::only(Sync::Unknown("the workload does not name what reconciles it".into()));
    };
    let (group, plural) = match kind {
        FluxKind::Kustomization => ("apis/kustomize.toolkit.fluxcd.io/v1", "kustomizations"),
        FluxKind::HelmRelease => ("apis/helm.toolkit.fluxcd.io/v2", "helmreleases"),
    };
    match custom(link, group, plural, (namespace, name)).await {
        Ok(found) => Described {
            sync: sync(kind, &found),
            source: source(link, kind, &found, namespace).await,
            values: Vec::new(),
        },
        Err((fault, is_there)) => Described::unread(&fault, is_there),
    }
}

fn sync(kind: FluxKind, object: &Value) -> Sync {
    if object["spec"]["suspend"] == true {
        return Sync::ByHand;
    }
    match kind {
        FluxKind::Kustomization => Sync::Heals,
        // Without it only the next upgrade of the release writes the image.
        FluxKind::HelmRelease if object["spec"]["driftDetection"]["mode"] == "enabled" => Sync::Heals,
        FluxKind::HelmRelease => Sync::Follows,
    }
}

async fn source(link: &Link, kind: FluxKind, object: &Value, namespace: &str) -> Option<Source> {
    let spec = &object["spec"];
    let reference = match kind {
        FluxKind::Kustomization => &spec["sourceRef"],
        FluxKind::HelmRelease => &spec["chart"]["spec"]["sourceRef"],
    };
    let path = match kind {
        FluxKind::Kustomization => said(&spec["path"]),
        FluxKind::HelmRelease => said(&spec["chart"]["spec"]["chart"]),
    };
    let name = said(&reference["name"])?;
    let its = said(&reference["namespace"]).unwrap_or_else(|| namespace.into());
    let sort = said(&reference["kind"])?;
    let plural = match &*sort {
        "GitRepository" => "gitrepositories",
        "OCIRepository" => "ocirepositories",
        "HelmRepository" => "helmrepositories",
        "Bucket" => "buckets",
        _ => return None,
    };
    let found = custom(link, SOURCES, plural, (&its, &name)).await.ok();
    let spec = found.as_ref().map(|it| &it["spec"]);
    Some(Source {
        repository: spec.and_then(|it| said(&it["url"])).unwrap_or_else(|| format!("{sort} {its}/{name}").into()),
        path,
        revision: spec.and_then(|it| said(&it["ref"]["branch"]).or_else(|| said(&it["ref"]["tag"]))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kustomization_puts_back_at_once_and_a_release_with_its_next_upgrade_unless_it_watches_for_drift() {
        let of = |kind, spec: Value| sync(kind, &json!({ "spec": spec }));
        assert_eq!(of(FluxKind::Kustomization, json!({})), Sync::Heals);
        assert_eq!(of(FluxKind::Kustomization, json!({ "suspend": true })), Sync::ByHand);
        assert_eq!(of(FluxKind::HelmRelease, json!({})), Sync::Follows);
        assert_eq!(of(FluxKind::HelmRelease, json!({ "driftDetection": { "mode": "warn" } })), Sync::Follows);
        assert_eq!(of(FluxKind::HelmRelease, json!({ "driftDetection": { "mode": "enabled" } })), Sync::Heals);
        assert_eq!(of(FluxKind::HelmRelease, json!({ "suspend": true })), Sync::ByHand);
    }
}
