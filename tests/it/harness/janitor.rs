//! Deletes the namespaces of tests that are over, on a thread of its own: a test neither waits for it nor fails by it.

use std::path::PathBuf;
use std::sync::mpsc;

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::DeleteParams;

use super::plane;

/// Starts the thread, which ends with the sender. What it has not done when the test process ends goes with the plane.
pub(crate) fn start(kubeconfig: PathBuf) -> mpsc::Sender<String> {
    let (sender, names) = mpsc::channel::<String>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for name in names {
            runtime.block_on(async {
                if let Ok(client) = plane::client(&kubeconfig).await {
                    let _ = Api::<Namespace>::all(client).delete(&name, &DeleteParams::default()).await;
                }
            });
        }
    });
    sender
}
