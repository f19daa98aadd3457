//! Whom the Services of a namespace send traffic to.

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::domain::rollout::Backends;

/// What can be asked about traffic.
#[async_trait]
pub trait Traffic: Send + Sync {
    /// Every Service of the namespace that has EndpointSlices, also those without an address.
    ///
    /// # Errors
    /// The usual faults; `Forbidden` where the user may not list EndpointSlices.
    async fn backends(&self, namespace: &str) -> Result<Vec<Backends>, Fault>;
}
