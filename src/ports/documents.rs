//! Documents of one cluster: the state that a team shares, kept beside what it is about.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::domain::ids::Uid;
use crate::domain::observed::{Document, Texts};

/// A document to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub name: Arc<str>,
    /// What it is about: `lock`.
    pub about: Arc<str>,
    /// The object and version that it takes the place of; none: there is no such document yet.
    pub over: Option<(Uid, Arc<str>)>,
    pub texts: Texts,
}

/// What can be asked about documents. Nothing has to be installed in the cluster for them.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Those about something, as the server has them in this moment.
    ///
    /// # Errors
    /// `Forbidden` when they may not be read, and the usual faults.
    async fn documents(&self, namespace: &str, about: &str) -> Result<Vec<Document>, Fault>;

    /// Writes a document if it stands exactly as it was read, or not at all where it is new.
    ///
    /// # Errors
    /// `Conflict` when somebody was faster; `Forbidden` when documents may not be written. After `OutcomeUnknown` it may or
    /// may not have been written.
    async fn write_document(&self, namespace: &str, draft: &Draft) -> Result<Document, Fault>;

    /// Removes a document if it stands exactly as it was read.
    ///
    /// # Errors
    /// `Conflict` when it was changed or replaced, `NotFound` when it is gone already.
    async fn remove_document(&self, namespace: &str, name: &str, over: &(Uid, Arc<str>)) -> Result<(), Fault>;
}
