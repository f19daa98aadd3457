//! Keeping the history of an environment: what is recorded, and what is forgotten.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::fault::Fault;
use crate::domain::history;
use crate::domain::ids::Uid;
use crate::domain::observed::Texts;
use crate::ports::cluster::Cluster;
use crate::ports::documents::Draft;

/// Keeps a document of the history, and forgets what is old.
///
/// # Errors
/// `Forbidden`, and the usual faults.
pub(super) async fn record(
    cluster: &dyn Cluster,
    namespace: &str,
    (name, texts): (Arc<str>, Texts),
    now: Timestamp,
) -> Result<(), Fault> {
    let draft = Draft { name, about: history::ABOUT.into(), over: None, texts };
    cluster.write_document(namespace, &draft).await?;
    forget_the_old(cluster, namespace, now).await;
    Ok(())
}

/// Forgets what the history keeps no longer.
pub(super) async fn forget_the_old(cluster: &dyn Cluster, namespace: &str, now: Timestamp) {
    let Ok(all) = cluster.documents(namespace, history::ABOUT).await else { return };
    let old = history::outdated(&all, now).into_iter().map(|it| &it.meta);
    forget(
        cluster,
        namespace,
        old.map(|it| (Arc::clone(&it.name), (it.uid.clone(), Arc::clone(&it.resource_version)))),
    )
    .await;
}

/// Removes documents by name, as they were read. Best effort: whoever may not remove them leaves it to somebody else.
pub(super) async fn forget(
    cluster: &dyn Cluster,
    namespace: &str,
    old: impl Iterator<Item = (Arc<str>, (Uid, Arc<str>))>,
) {
    for (name, over) in old {
        let removed = cluster.remove_document(namespace, &name, &over).await;
        tracing::info!(old = &*name, removed = removed.is_ok(), "old document forgotten");
    }
}
