//! `shipdeck init`: a configuration from what the clusters of the kubeconfig show.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{print, say};
use crate::adapters::kubernetes::{Context, KubernetesCluster, contexts};
use crate::app::discovery;
use crate::config::starter;
use crate::domain::catalog::Catalog;
use crate::domain::discover::{self, Found};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::ClusterId;
use crate::domain::words;
use crate::ports::cluster::Cluster;
use crate::report::Report;

/// A cluster that does not answer within this time is left out.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where to look, and whether that was said or is all that there is.
pub(in crate::runtime) struct Places {
    pub contexts: Vec<Context>,
    pub named: bool,
}

impl Places {
    /// The contexts that were named, else all of the kubeconfig, the current one first.
    ///
    /// # Errors
    /// No kubeconfig, or none of this name.
    pub(in crate::runtime) fn of(named: &[String]) -> Result<Self, Report> {
        let advice = "shipdeck demo needs no cluster.";
        let mut all = contexts(None).map_err(|fault| Report::usage(fault.to_string()).hint(advice))?;
        all.sort_by_key(|context| !context.current);
        if named.is_empty() {
            let none = || Report::usage("the kubeconfig has no contexts").hint("Name one with --context.").hint(advice);
            return if all.is_empty() { Err(none()) } else { Ok(Self { contexts: all, named: false }) };
        }
        let find = |name: &String| {
            let known = all.iter().map(|context| context.name.as_str()).collect::<Vec<_>>().join(", ");
            let stranger =
                || Report::usage(format!("the kubeconfig has no context {name}")).hint(format!("Known are: {known}"));
            all.iter().find(|context| context.name == *name).cloned().ok_or_else(stranger)
        };
        Ok(Self { contexts: named.iter().map(find).collect::<Result<_, _>>()?, named: true })
    }
}

/// Writes the file; one that is there is kept unless `force` says otherwise, and even then beside the new one.
pub(in crate::runtime) async fn init(places: &Places, path: &Path, force: bool) -> Result<(), Report> {
    if path.exists() && !force {
        return Err(Report::refused(format!("{} is there already", path.display()))
            .hint("shipdeck init --force writes a new one and keeps the old one beside it."));
    }
    let (catalog, hidden) = look_around(places).await?;
    if catalog.environments.is_empty() {
        let names = places.contexts.iter().map(|context| context.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Report::refused(format!(
            "no namespace of {names} holds a workload ({hidden} of Kubernetes itself left out)"
        ))
        .hint("Choose another cluster with --context, or start from: shipdeck print config"));
    }
    let kept = if path.exists() { Some(set_aside(path)?) } else { None };
    write(path, &starter::configuration(&catalog))?;
    let mut told = format!(
        "wrote {}: {}, {}, {}\n",
        path.display(),
        words::count(catalog.environments.len(), "environment"),
        words::count(catalog.services.len(), "service"),
        words::count(catalog.groups.len(), "group")
    );
    if let Some(kept) = kept {
        told.push_str(&format!("the old one is {}\n", kept.display()));
    }
    told.push_str("next: correct `after`, `protected` and `needs` in it, then run shipdeck check\n");
    print(&told)
}

/// What there is in all places at once, and how many namespaces of Kubernetes itself were left out. What does not answer
/// is said; where nothing does, or a place that was named does not, that is the end.
async fn look_around(places: &Places) -> Result<(Catalog, usize), Report> {
    let look = async |context: &Context| {
        let cluster = KubernetesCluster::new(context.name.as_str(), None);
        let silent = |_| Fault::new(FaultKind::Unreachable, format!("no answer within {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, cluster.discover()).await.map_err(silent).flatten()
    };
    let answers = futures::future::join_all(places.contexts.iter().map(look)).await;
    let (mut catalog, mut hidden, mut seen, mut lost) = (Catalog::default(), 0, BTreeSet::new(), None);
    for (context, answer) in places.contexts.iter().zip(answers) {
        match answer {
            Ok(found) => {
                hidden += found.hidden_namespaces;
                let cluster = ClusterId::new(&context.name);
                let mut found = discovery::found(&cluster, found);
                // Contexts may lead to one cluster, as different users: each namespace is one environment.
                let known = |it: &Found| seen.contains(&(context.cluster.clone(), Arc::clone(&it.namespace)));
                found.retain(|it| !known(it));
                seen.extend(found.iter().map(|it| (context.cluster.clone(), Arc::clone(&it.namespace))));
                discover::extend(&mut catalog, &cluster, found);
            }
            Err(fault) if places.named => return Err(cannot_look(context, &fault)),
            Err(fault) => {
                if places.contexts.len() > 1 {
                    say(&format!("left out {}: {fault}\n", context.name));
                }
                lost = lost.or(Some((context, fault)));
            }
        }
    }
    match lost {
        Some((context, fault)) if catalog.environments.is_empty() => Err(cannot_look(context, &fault)),
        _ => Ok((catalog, hidden)),
    }
}

fn cannot_look(context: &Context, fault: &Fault) -> Report {
    let report = format!("cannot look around in {}: {fault}", context.name);
    let report = match fault.kind {
        FaultKind::Forbidden | FaultKind::Unauthenticated => Report::refused(report),
        _ => Report::unreachable(report),
    };
    report.hint(fault.advice_at_the_end())
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
