//! Runs of other processes: their documents are written over exactly as they were seen, or removed; what an ended run
//! still held is given back.

use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;

use super::leases::in_time;
use crate::app::effect::RunChange;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Uid;
use crate::domain::lease;
use crate::domain::run::document::{self, Entry};
use crate::ports::cluster::Cluster;
use crate::ports::documents::Draft;
use crate::ports::lease::Target;

/// Does it; answers with the version that stands then, where one does.
pub(super) async fn change(
    cluster: &dyn Cluster,
    namespace: &str,
    (owner, now): (&str, Timestamp),
    change: &RunChange,
) -> Result<Option<(Uid, Arc<str>)>, Fault> {
    match change {
        RunChange::Claim(entry) => write(cluster, namespace, (owner, now), entry).await.map(Some),
        RunChange::End(entry, _) => end(cluster, namespace, (owner, now), entry).await.map(Some),
        RunChange::Clear { key, over } => {
            cluster.remove_document(namespace, &document::name(key), over).await.map(|()| None)
        }
    }
}

/// Writes that a run is over, then gives back what its owner still holds: nobody waits for one who is gone, and one who
/// is alive writes nothing more. Only the first can fail: a lease that stays held runs out by itself.
pub(super) async fn end(
    cluster: &dyn Cluster,
    namespace: &str,
    (owner, now): (&str, Timestamp),
    entry: &Entry,
) -> Result<(Uid, Arc<str>), Fault> {
    let written = write(cluster, namespace, (owner, now), entry).await?;
    let targets = entry.run.plan.steps().map(|step| Target {
        namespace: namespace.into(),
        lease: lease::name_of(&step.service),
        workload: step.workload.clone(),
        uid: step.uid.clone(),
    });
    join_all(targets.map(async |target| {
        if let Err(fault) = give_back(cluster, &target, &entry.owner, now).await {
            tracing::warn!(%fault, lease = %target.lease, "lease of an ended run not given back");
        }
    }))
    .await;
    Ok(written)
}

/// Empties a lease if exactly this owner holds it, as it was read; the counter stays.
async fn give_back(cluster: &dyn Cluster, target: &Target, owner: &str, now: Timestamp) -> Result<(), Fault> {
    let found = in_time(target, cluster.look(target)).await?.lease;
    match found.filter(|found| !owner.is_empty() && *found.record.holder == *owner) {
        Some(found) => in_time(target, cluster.put(target, &lease::release(&found, now))).await.map(drop),
        None => Ok(()),
    }
}

/// Writes a run over exactly what was read of it.
async fn write(
    cluster: &dyn Cluster,
    namespace: &str,
    (owner, now): (&str, Timestamp),
    entry: &Entry,
) -> Result<(Uid, Arc<str>), Fault> {
    let text = document::write(&entry.run).map_err(|why| Fault::new(FaultKind::Invalid, why))?;
    let texts = document::texts(&text, owner, now);
    let (name, over) = (document::name(&entry.key), Some(entry.over.clone()));
    let draft = Draft { name, about: document::ABOUT.into(), over, texts };
    let written = cluster.write_document(namespace, &draft).await?;
    Ok((written.meta.uid, written.meta.resource_version))
}
