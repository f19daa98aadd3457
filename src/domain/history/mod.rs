//! What happened in an environment, who did it and why: told by the documents that are kept there.
//!
//! Nothing is written twice for it. A run tells its own story; a lock that is released is not removed but becomes a
//! document of the history, with who released it, in one write. Only clean-ups are recorded for this purpose alone.

mod cleanup;
mod entry;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use cleanup::CleanUp;
pub use entry::{Entry, Kind, Outcome, What};

use super::lock::{self, Posted};
use super::observed::Document;
use super::run::document;

/// What documents are about that are kept for the history alone.
pub const ABOUT: &str = "history";
/// So many of the newest are kept in an environment, and all that are younger than `KEPT_FOR`.
const KEPT: usize = 50;
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Everything that the documents of an environment tell, the newest first.
pub fn of<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = documents.into_iter().flat_map(told).collect();
    for at in superseded(&entries) {
        entries[at].outcome = Some(Outcome::Superseded);
    }
    entries.sort_by(|a, b| (b.at, &b.name).cmp(&(a.at, &a.name)));
    entries
}

/// Where the runs are that nobody ended and nobody has to look after.
fn superseded(entries: &[Entry]) -> Vec<usize> {
    let runs = entries.iter().filter_map(|entry| match &entry.what {
        What::Run(it) => Some(&it.run),
        _ => None,
    });
    let is_so = |entry: &Entry| match &entry.what {
        What::Run(it) => entry.outcome == Some(Outcome::Open) && it.run.is_superseded(runs.clone()),
        _ => false,
    };
    (0..entries.len()).filter(|at| is_so(&entries[*at])).collect()
}

fn told(document: &Document) -> Vec<Entry> {
    let name = Arc::clone(&document.meta.name);
    match &*document.about {
        document::ABOUT => vec![entry::of_run(name, document::read(document), document.meta.created)],
        lock::DOCUMENT => entry::of_lock(&Posted::read(document), true),
        ABOUT if lock::is_released(&document.texts) => entry::of_lock(&Posted::read(document), false),
        ABOUT => vec![entry::of_cleanup(name, CleanUp::read(document), document.meta.created)],
        _ => Vec::new(),
    }
}

/// Which documents of the history are forgotten: all but the newest and those that are still young.
pub fn outdated(documents: &[Document], now: Timestamp) -> Vec<&Document> {
    let mut all: Vec<&Document> = documents.iter().filter(|document| &*document.about == ABOUT).collect();
    let last = |document: &Document| told(document).iter().map(|entry| entry.at).max().unwrap_or(document.meta.created);
    all.sort_by_cached_key(|document| std::cmp::Reverse(last(document)));
    all.into_iter().skip(KEPT).filter(|document| now.duration_since(last(document)) > KEPT_FOR).collect()
}

#[cfg(test)]
mod tests;
