//! Who brings a workload back to what is described elsewhere, and how they go about it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::observed::WorkloadRef;
use crate::domain::steward::{Practice, Steward};

/// What is asked of a workload that has a steward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub namespace: Arc<str>,
    pub workload: WorkloadRef,
    pub container: Arc<str>,
    /// What the container is told to run now.
    pub image: Arc<str>,
    pub steward: Steward,
}

/// What can be asked about stewards. What nobody may read, or what cannot be read now, is told as unknown.
#[async_trait]
pub trait Stewards: Send + Sync {
    /// How the steward goes about it, and whose the image is by the server's word. Changes nothing.
    async fn practice(&self, question: &Question) -> Practice;
}
