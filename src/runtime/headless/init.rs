//! `shipdeck init`: a configuration from what a cluster shows.

use std::path::{Path, PathBuf};

use super::print;
use crate::adapters::kubernetes::KubernetesCluster;
use crate::app::{discovery, starter};
use crate::domain::catalog::Catalog;
use crate::domain::discover;
use crate::domain::fault::FaultKind;
use crate::domain::ids::ClusterId;
use crate::ports::cluster::Cluster;
use crate::report::Report;

/// Writes the file; one that is there is kept unless `force` says otherwise, and even then beside the new one.
pub(in crate::runtime) async fn init(context: &str, path: &Path, force: bool) -> Result<(), Report> {
    if path.exists() && !force {
        return Err(Report::refused(format!("{} is there already", path.display()))
            .hint("shipdeck init --force writes a new one and keeps the old one beside it."));
    }
    let cluster = ClusterId::new(context);
    let found = KubernetesCluster::new(context, None).discover().await.map_err(|fault| {
        let report = format!("cannot look around in {context}: {fault}");
        let report = match fault.kind {
            FaultKind::Forbidden | FaultKind::Unauthenticated => Report::refused(report),
            _ => Report::unreachable(report),
        };
        report.hint(fault.advice())
    })?;
    let hidden = found.hidden_namespaces;
    let mut catalog = Catalog::default();
    discover::extend(&mut catalog, &cluster, discovery::found(&cluster, found));
    if catalog.environments.is_empty() {
        return Err(Report::refused(format!(
            "no namespace of {context} holds a workload ({hidden} of Kubernetes itself left out)"
        ))
        .hint("Choose another cluster with --context, or start from: shipdeck print config"));
    }
    let kept = if path.exists() { Some(set_aside(path)?) } else { None };
    write(path, &starter::configuration(&catalog))?;
    let mut told = format!(
        "wrote {}: {} environments, {} services\n",
        path.display(),
        catalog.environments.len(),
        catalog.services.len()
    );
    if let Some(kept) = kept {
        told.push_str(&format!("the old one is {}\n", kept.display()));
    }
    told.push_str("next: correct `after`, `protected` and `needs` in it, then run shipdeck check\n");
    print(&told)
}

fn set_aside(path: &Path) -> Result<PathBuf, Report> {
    let name = |number: u32| PathBuf::from(format!("{}.old-{number}", path.display()));
    let Some(free) = (1..10_000).map(name).find(|candidate| !candidate.exists()) else {
        return Err(Report::refused(format!("too many old files beside {}", path.display())));
    };
    std::fs::rename(path, &free).map_err(|error| cannot(path, &error))?;
    Ok(free)
}

fn write(path: &Path, text: &str) -> Result<(), Report> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    }
    std::fs::write(path, text).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> Report {
    Report::refused(format!("cannot write {}: {error}", path.display())).hint("Name another file with --config.")
}
