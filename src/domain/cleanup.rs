//! What may be removed, what is protected, and why.
//!
//! Everything that `cleanup-and-helm.md` 3.7 lists as "never delete" is simply never found here.

use std::sync::Arc;

use jiff::Timestamp;

use super::ids::{EnvId, Uid};

/// A leftover that may be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub env: EnvId,
    pub kind: FindingKind,
    pub name: Arc<str>,
    pub uid: Uid,
    /// Deleted only if it is still this version.
    pub resource_version: Arc<str>,
    /// In people's words: `evicted: node disk full`.
    pub reason: String,
    /// `replicaset/cart-6d9f7`, or none for a bare pod.
    pub owner: Option<String>,
    /// When it ended, or was created if that is not known.
    pub since: Timestamp,
    /// The proof, one line each.
    pub proof: Vec<String>,
}

impl Finding {
    /// The kubectl command that would do the same, without its preconditions.
    pub fn kubectl(&self, context: &str, namespace: &str) -> String {
        let cascade = if self.kind == FindingKind::FailedJob { " --cascade=background" } else { "" };
        format!("kubectl --context {context} -n {namespace} delete {}/{}{cascade}", self.kind.resource(), self.name)
    }
}

/// Kinds of leftovers, in the order of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// Failed, evicted or lost pods that their ReplicaSet has replaced.
    DeadPod,
    /// Completed or failed pods without an owner.
    BarePod,
    /// Jobs that gave up.
    FailedJob,
}

impl FindingKind {
    pub const ALL: [Self; 3] = [Self::DeadPod, Self::BarePod, Self::FailedJob];

    pub fn resource(self) -> &'static str {
        match self {
            Self::DeadPod | Self::BarePod => "pod",
            Self::FailedJob => "job",
        }
    }
}
