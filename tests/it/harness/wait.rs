//! Waiting for what a cluster does in its own time.

use std::time::{Duration, Instant};

/// Asks `look` again and again until it answers `Some`, and gives that; panics with `what` when `limit` is over.
pub(crate) async fn eventually<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
