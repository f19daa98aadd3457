//! Whom Services send traffic to, by their EndpointSlices: of each only the names of pods and whether they take traffic.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::connect::Link;
use super::map::text;
use super::wire::{Meta, nullable};
use super::{read, resources};
use crate::domain::fault::Fault;
use crate::domain::rollout::Backends;

/// The label by which a slice names its Service.
const SERVICE: &str = "kubernetes.io/service-name";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Slice {
    metadata: Meta,
    /// Absent or null where nothing is selected.
    #[serde(deserialize_with = "nullable")]
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint {
    conditions: Conditions,
    target_ref: Option<Target>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Conditions {
    /// Absent means yes, by the documentation of the type.
    ready: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Target {
    kind: String,
    name: String,
}

pub(super) async fn backends(link: &Link, namespace: &str) -> Result<Vec<Backends>, Fault> {
    let path = resources("endpointslices", "apis/discovery.k8s.io/v1", Some(namespace));
    let slices = read::all(link, &path, &format!("list endpointslices in {namespace}")).await?;
    Ok(joined(slices))
}

/// A Service has several slices: for each family of addresses, and for every hundred of them.
fn joined(slices: Vec<Slice>) -> Vec<Backends> {
    let mut found: BTreeMap<Arc<str>, Backends> = BTreeMap::new();
    for slice in slices {
        let Some(service) = slice.metadata.labels.get(SERVICE).map(|name| text(name)) else { continue };
        let fresh = || Backends { service: Arc::clone(&service), ..Backends::default() };
        let backends = found.entry(Arc::clone(&service)).or_insert_with(fresh);
        for endpoint in slice.endpoints {
            backends.ready += usize::from(endpoint.conditions.ready.unwrap_or(true));
            let pod = endpoint.target_ref.filter(|target| target.kind == "Pod");
            backends.pods.extend(pod.map(|target| text(&target.name)));
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slices_of_a_service_are_joined_and_one_without_an_address_is_kept() {
        let slices = serde_json::from_str(
            r#"[
            {"metadata":{"labels":{"kubernetes.io/service-name":"auth"}},"endpoints":[
                {"conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"auth-1"}},
                {"conditions":{"ready":false},"targetRef":{"kind":"Pod","name":"auth-2"}}]},
            {"metadata":{"labels":{"kubernetes.io/service-name":"auth"}},"endpoints":[{"targetRef":{"kind":"Node","name":"n"}}]},
            {"metadata":{"labels":{"kubernetes.io/service-name":"cart"}},"endpoints":null},
            {"metadata":{}}]"#,
        );
        let found = joined(slices.unwrap());
        assert_eq!(found.len(), 2);
        assert_eq!((&*found[0].service, found[0].ready, found[0].pods.len()), ("auth", 2, 2));
        assert_eq!((&*found[1].service, found[1].ready, found[1].pods.len()), ("cart", 0, 0));
    }
}
