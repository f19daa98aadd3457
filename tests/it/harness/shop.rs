//! The shop of most tests of the whole program: auth, and cart that needs it.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;

use super::{Namespace, eventually, workloads};

/// The configuration with its one environment, staging.
pub(crate) fn config(namespace: &str) -> String {
    format!(
        "[[environment]]\nname = \"staging\"\nnamespace = \"{namespace}\"\n\
         [[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n\
         [[service]]\nname = \"cart\"\nimage = \"shop/cart\"\nneeds = [\"auth\"]\n\
         [[group]]\nname = \"shop\"\nservices = [\"auth\", \"cart\"]\n"
    )
}

/// Creates both at v1 and waits until they are available.
pub(crate) async fn shop(space: &Namespace<'_>) {
    for name in ["auth", "cart"] {
        space.create::<Deployment>(workloads::deployment(name, &format!("shop/{name}:v1"), 1)).await;
    }
    eventually("both are available", Duration::from_secs(40), async || {
        for name in ["auth", "cart"] {
            space.get::<Deployment>(name).await?.status?.available_replicas.filter(|available| *available == 1)?;
        }
        Some(())
    })
    .await;
}
