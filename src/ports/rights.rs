//! What the user may do in a cluster.

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::domain::rights::Wanted;

/// What can be asked about rights. Asking changes nothing.
#[async_trait]
pub trait Rights: Send + Sync {
    /// Whether the user may do all of this in a namespace.
    ///
    /// # Errors
    /// `Forbidden` with the first right that is missing; the usual faults when nobody answered.
    async fn may(&self, namespace: &str, wanted: &[Wanted]) -> Result<(), Fault>;
}
