//! A catalog from what was seen in clusters: namespaces that hold workloads are environments, workloads of one kind and
//! name are one service everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalog::{Catalog, Environment, Group, Service, usual_soak};
use super::ids::{ClusterId, EnvId, GroupId, ServiceId};
use super::image::Image;
use super::observed::WorkloadRef;

/// A workload somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub cluster: ClusterId,
    pub namespace: Arc<str>,
    pub workload: WorkloadRef,
    /// Container names and images in the order of the template.
    pub containers: Vec<(Arc<str>, Arc<str>)>,
    /// What it says that it is part of.
    pub part_of: Option<Arc<str>>,
}

/// Adds what was found in one cluster; its environments that are gone are removed, those of other clusters stay.
pub fn extend(catalog: &mut Catalog, cluster: &ClusterId, found: Vec<Found>) {
    catalog.discovered = true;
    let namespaces: BTreeSet<Arc<str>> = found.iter().map(|seen| Arc::clone(&seen.namespace)).collect();
    catalog.environments.retain(|env| env.cluster != *cluster || namespaces.contains(&env.namespace));
    for namespace in namespaces {
        if !catalog.environments.iter().any(|env| env.cluster == *cluster && env.namespace == namespace) {
            let name = free_name(catalog, cluster, &namespace);
            catalog.environments.push(Environment {
                name,
                cluster: cluster.clone(),
                namespace,
                after: Vec::new(),
                protected: false,
                soak: usual_soak(false),
            });
        }
    }
    let mut seen: BTreeMap<WorkloadRef, Vec<Found>> = BTreeMap::new();
    for one in found {
        seen.entry(one.workload.clone()).or_default().push(one);
    }
    for (workload, found) in seen {
        if catalog.service_of(&workload).is_none() {
            let service = service(catalog, workload.clone(), &found);
            catalog.services.push(service);
        }
        let part_of = found.iter().find_map(|seen| seen.part_of.clone());
        if let (Some(service), Some(whole)) = (catalog.service_of(&workload).map(|it| it.name.clone()), part_of) {
            join(catalog, service, &whole);
        }
    }
    // What is part of something alone goes out alone.
    catalog.groups.retain(|group| group.services.len() > 1);
    catalog.services.sort_by(|a, b| a.name.cmp(&b.name));
}

/// Makes a service a member of the group with this name.
fn join(catalog: &mut Catalog, service: ServiceId, whole: &str) {
    let name = GroupId::new(whole);
    match catalog.groups.iter_mut().find(|group| group.name == name) {
        Some(group) if group.services.contains(&service) => {}
        Some(group) => group.services.push(service),
        None => catalog.groups.push(Group { name, services: vec![service] }),
    }
}

/// The namespace's own name, unless another cluster has one like it.
fn free_name(catalog: &Catalog, cluster: &ClusterId, namespace: &str) -> EnvId {
    let plain = EnvId::new(namespace);
    if catalog.environment(&plain).is_none() { plain } else { EnvId::new(format!("{cluster}/{namespace}")) }
}

fn service(catalog: &Catalog, workload: WorkloadRef, found: &[Found]) -> Service {
    let plain = ServiceId::new(&workload.name);
    let name = if catalog.service(&plain).is_none() { plain } else { ServiceId::new(workload.to_string()) };
    let main = found.first().and_then(|seen| main_container(&workload.name, &seen.containers));
    Service {
        name,
        repository: None,
        team: None,
        image: main.and_then(|(_, image)| image.parse::<Image>().ok()).map(|image| image.repository),
        container: main.map(|(name, _)| Arc::clone(name)),
        workload,
        needs: Vec::new(),
    }
}

/// The container named like the workload, else the one whose image is, else the first.
fn main_container<'a>(name: &str, containers: &'a [(Arc<str>, Arc<str>)]) -> Option<&'a (Arc<str>, Arc<str>)> {
    let named = containers.iter().find(|(container, _)| **container == *name);
    let last_part = |image: &str| {
        image.parse::<Image>().ok().and_then(|image| image.repository.rsplit('/').next().map(ToOwned::to_owned))
    };
    let by_image = || containers.iter().find(|(_, image)| last_part(image).as_deref() == Some(name));
    named.or_else(by_image).or_else(|| containers.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(cluster: &str, namespace: &str, workload: &str) -> Found {
        Found {
            cluster: ClusterId::new(cluster),
            namespace: namespace.into(),
            workload: workload.parse().unwrap(),
            containers: vec![("istio-proxy".into(), "mesh/proxy:1".into()), ("app".into(), "r/cart:v1".into())],
            part_of: Some("shop".into()),
        }
    }

    #[test]
    fn workloads_of_one_name_are_one_service_in_every_namespace() {
        let mut catalog = Catalog::default();
        let cluster = ClusterId::new("a");
        extend(
            &mut catalog,
            &cluster,
            vec![
                seen("a", "dev", "deployment/cart"),
                seen("a", "prod", "deployment/cart"),
                seen("a", "prod", "statefulset/cart"),
            ],
        );
        let names: Vec<_> = catalog.services.iter().map(|service| service.name.to_string()).collect();
        assert_eq!(names, ["cart", "statefulset/cart"]);
        assert_eq!(catalog.environments.len(), 2);
        assert_eq!(catalog.services[0].container.as_deref(), Some("app"));
        assert!(catalog.discovered);
        let members: Vec<_> = catalog.groups[0].services.iter().map(ToString::to_string).collect();
        assert_eq!((catalog.groups.len(), members), (1, names), "what is part of one thing goes out together");
    }

    #[test]
    fn a_namespace_of_a_second_cluster_gets_the_cluster_into_its_name() {
        let mut catalog = Catalog::default();
        for cluster in ["a", "b"] {
            extend(&mut catalog, &ClusterId::new(cluster), vec![seen(cluster, "shop", "deployment/cart")]);
        }
        let names: Vec<_> = catalog.environments.iter().map(|env| env.name.to_string()).collect();
        assert_eq!(names, ["shop", "b/shop"]);
    }

    #[test]
    fn looking_again_forgets_namespaces_that_are_empty_and_repeats_nothing() {
        let mut catalog = Catalog::default();
        let cluster = ClusterId::new("a");
        extend(&mut catalog, &cluster, vec![seen("a", "dev", "deployment/cart"), seen("a", "old", "deployment/x")]);
        let again = vec![seen("a", "dev", "deployment/cart")];
        extend(&mut catalog, &cluster, again.clone());
        let once = catalog.clone();
        extend(&mut catalog, &cluster, again);
        assert_eq!(catalog, once);
        assert_eq!(catalog.environments.len(), 1);
    }
}
