//! Keeping the history of an environment: what is recorded, and what is forgotten.

use std::sync::Arc;

use crate::adapters::system;
use crate::domain::fault::Fault;
use crate::domain::history;
use crate::domain::observed::Texts;
use crate::ports::cluster::Cluster;
use crate::ports::documents::Draft;

/// Keeps a document of the history, and forgets what is old.
///
/// # Errors
/// `Forbidden`, and the usual faults.
pub(super) async fn record(cluster: &dyn Cluster, namespace: &str, name: Arc<str>, texts: Texts) -> Result<(), Fault> {
    let draft = Draft { name, about: history::ABOUT.into(), over: None, texts };
    cluster.write_document(namespace, &draft).await?;
    forget_the_old(cluster, namespace).await;
    Ok(())
}

/// Best effort: whoever may not remove documents leaves it to somebody else.
pub(super) async fn forget_the_old(cluster: &dyn Cluster, namespace: &str) {
    let Ok(all) = cluster.documents(namespace, history::ABOUT).await else { return };
    for old in history::outdated(&all, system::now()) {
        let over = (old.meta.uid.clone(), Arc::clone(&old.meta.resource_version));
        let removed = cluster.remove_document(namespace, &old.meta.name, &over).await;
        tracing::info!(old = &*old.meta.name, removed = removed.is_ok(), "old history forgotten");
    }
}
