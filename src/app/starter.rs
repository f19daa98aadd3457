//! A first configuration, from what is seen.

use std::fmt::Write as _;

use crate::domain::catalog::Catalog;

/// The text of a configuration that describes this catalog.
pub fn configuration(catalog: &Catalog) -> String {
    let mut text =
        String::from("# Written by shipdeck from what it found. Correct the order of promotion and the needs.\n");
    for env in &catalog.environments {
        let _ = writeln!(text, "\n[[environment]]\nname = {:?}", env.name.as_str());
        // An empty name is the current context: nothing to write.
        if !env.cluster.as_str().is_empty() {
            let _ = writeln!(text, "context = {:?}", env.cluster.as_str());
        }
        let _ = writeln!(text, "namespace = {:?}\nafter = []\nprotected = {}", &*env.namespace, env.protected);
    }
    for service in &catalog.services {
        let _ = writeln!(text, "\n[[service]]\nname = {:?}", service.name.as_str());
        if let Some(image) = &service.image {
            let _ = writeln!(text, "image = {:?}", &**image);
        }
        let _ = writeln!(text, "workload = {:?}", service.workload.to_string());
        if let Some(container) = &service.container {
            let _ = writeln!(text, "container = {:?}", &**container);
        }
        let _ = writeln!(text, "needs = []");
    }
    text
}
