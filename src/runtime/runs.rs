//! Documents of runs of other processes: written over exactly what was seen of them, or removed.

use std::sync::Arc;

use jiff::Timestamp;

use crate::app::effect::RunChange;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Uid;
use crate::domain::run::document::{self, Entry};
use crate::ports::cluster::Cluster;
use crate::ports::documents::Draft;

/// Does it; answers with the version that stands then, where one does.
pub(super) async fn change(
    cluster: &dyn Cluster,
    namespace: &str,
    (owner, now): (&str, Timestamp),
    change: &RunChange,
) -> Result<Option<(Uid, Arc<str>)>, Fault> {
    match change {
        RunChange::Claim(entry) | RunChange::End(entry, _) => {
            write(cluster, namespace, (owner, now), entry).await.map(Some)
        }
        RunChange::Clear { key, over } => {
            cluster.remove_document(namespace, &document::name(key), over).await.map(|()| None)
        }
    }
}

/// Writes a run over exactly what was read of it.
pub(super) async fn write(
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
