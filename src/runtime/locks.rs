//! The last look at locks before a write, and what is written to place, release and override them.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use jiff::Timestamp;

use super::clock::Clock;
use super::force;
use crate::app::effect::LockChange;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::history;
use crate::domain::ids::LockId;
use crate::domain::lock::{self, Attempt, Force, Lock, Override, Posted, Release, bars};
use crate::domain::observed::{Document, Texts};
use crate::ports::cluster::{Cluster, ImageChange};
use crate::ports::documents::Draft;

/// Reads what stands in this very moment: a freeze that began after the plan was made, or that no watch has told yet,
/// bars the write.
///
/// # Errors
/// `Conflict` with the lock that bars it; the usual faults when the locks could not be read. Nothing was sent then.
pub(super) async fn check(
    cluster: &dyn Cluster,
    change: &ImageChange,
    attempt: &Attempt,
    clock: &Clock,
) -> Result<(), Fault> {
    let name = &change.workload.name;
    let posted = match posted(cluster, &change.namespace).await {
        Ok(posted) => posted,
        // Who may not read locks was told so in the plan.
        Err(fault) if fault.kind == FaultKind::Forbidden => return Ok(()),
        Err(fault) => {
            let message = format!("{name}: not written: whether it is frozen is not known: {}", fault.message);
            return Err(Fault { message, ..fault });
        }
    };
    match bars(&posted, attempt, clock.now()).first() {
        None => Ok(()),
        Some(bar) => {
            let message = format!("{name}: not written: {} (lock {})", bar.lock.headline(), bar.lock.id);
            Err(Fault::new(FaultKind::Conflict, message))
        }
    }
}

/// Everything that is posted in a namespace.
///
/// # Errors
/// `Forbidden`, and the usual faults.
pub(super) async fn posted(cluster: &dyn Cluster, namespace: &str) -> Result<Vec<Posted>, Fault> {
    let documents = cluster.documents(namespace, lock::DOCUMENT).await?;
    Ok(documents.iter().map(Posted::read).collect())
}

/// Places a lock under a name of its own.
///
/// # Errors
/// `Forbidden`, and the usual faults.
pub(super) async fn place(cluster: &dyn Cluster, namespace: &str, lock: &Lock) -> Result<Posted, Fault> {
    let draft =
        Draft { name: lock::name_of(&new_id()), about: lock::DOCUMENT.into(), over: None, texts: lock::data_of(lock) };
    cluster.write_document(namespace, &draft).await.map(|document| Posted::read(&document))
}

/// Releases a lock as it was seen, for every tool: in one write it ends and becomes part of the history, with who ended
/// it.
///
/// # Errors
/// `Conflict` when it was changed meanwhile; the usual faults.
pub(super) async fn release(
    cluster: &dyn Cluster,
    namespace: &str,
    posted: &Posted,
    release: &Release,
) -> Result<(), Fault> {
    let kept = rewrite(cluster, namespace, posted, history::ABOUT, lock::with_release(posted, release)).await?;
    if let Err(fault) = cluster.lift(namespace, &posted.name).await {
        tracing::info!(%fault, lock = %posted.id, "left to the cluster to lift");
        // What holds for other tools goes with the very document that it was made for: the history keeps a copy.
        let (name, texts) = lock::copied(posted, &kept.texts);
        let draft = Draft { name, about: history::ABOUT.into(), over: None, texts };
        let copied = cluster.write_document(namespace, &draft).await;
        tracing::info!(lock = %posted.id, copied = copied.is_ok(), "released lock moved");
        cluster.remove_document(namespace, &posted.name, &(kept.meta.uid, kept.meta.resource_version)).await?;
    }
    super::history::forget_the_old(cluster, namespace, release.at).await;
    Ok(())
}

/// Writes down that what a lock waited for is so, and ends it for every tool.
///
/// # Errors
/// `Conflict` when it was changed meanwhile; the usual faults.
async fn lift(cluster: &dyn Cluster, namespace: &str, posted: &Posted, at: Timestamp) -> Result<(), Fault> {
    rewrite(cluster, namespace, posted, lock::DOCUMENT, lock::with_lifted(posted, at)).await?;
    cluster.lift(namespace, &posted.name).await
}

/// Records on a lock that somebody goes on in spite of it.
///
/// # Errors
/// `Conflict` when it was changed meanwhile; the usual faults.
pub(super) async fn record(
    cluster: &dyn Cluster,
    namespace: &str,
    posted: &Posted,
    new: &Override,
) -> Result<(), Fault> {
    rewrite(cluster, namespace, posted, lock::DOCUMENT, lock::with_override(posted, new)).await.map(drop)
}

async fn rewrite(
    cluster: &dyn Cluster,
    namespace: &str,
    posted: &Posted,
    about: &str,
    texts: Texts,
) -> Result<Document, Fault> {
    let over = Some((posted.uid.clone(), Arc::clone(&posted.version)));
    let draft = Draft { name: Arc::clone(&posted.name), about: about.into(), over, texts };
    cluster.write_document(namespace, &draft).await
}

/// Does what the cockpit asks for. Of a lock that was placed: whether it holds for every tool.
///
/// # Errors
/// Those of [`place`], [`release`] and [`record`]; an override stops at the first lock that cannot be written.
pub(super) async fn change(
    cluster: &dyn Cluster,
    namespace: &str,
    change: &LockChange,
) -> Result<Option<Force>, Fault> {
    match change {
        LockChange::Place(lock, workloads) => {
            let posted = place(cluster, namespace, lock).await?;
            return Ok(Some(force::impose(cluster, namespace, &posted, workloads).await));
        }
        LockChange::Lift(posted, at) => lift(cluster, namespace, posted, *at).await?,
        LockChange::Release(posted, how) => release(cluster, namespace, posted, how).await?,
        LockChange::Override(all, new) => {
            for posted in all {
                record(cluster, namespace, posted, new).await?;
            }
        }
    }
    Ok(None)
}

/// Six letters and digits that nobody confuses when they are told: what a lock is released by.
fn new_id() -> LockId {
    const LETTERS: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";
    // Every state is keyed by chance.
    let mut number = RandomState::new().hash_one(0_u8);
    let mut letter = || {
        let letter = LETTERS[(number % LETTERS.len() as u64) as usize];
        number /= LETTERS.len() as u64;
        char::from(letter)
    };
    LockId::new((0..6).map(|_| letter()).collect::<String>())
}
