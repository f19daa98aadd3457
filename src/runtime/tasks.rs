//! Background work with an end: the only place that spawns.
//!
//! Two policies. *Replace*: a newer task with the same key cancels the older one (watches, logs). *Finish*: a write is
//! never cut off in the middle; leaving waits for it, for a while.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::effect::TaskKey;

/// All background work of a session.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    tracker: TaskTracker,
    finishing: TaskTracker,
    running: HashMap<TaskKey, CancellationToken>,
}

impl Tasks {
    /// Starts a task that a newer one with the same key, or the end of the session, cancels.
    pub(super) fn replace(&mut self, key: TaskKey, work: impl Future<Output = ()> + Send + 'static) {
        let token = CancellationToken::new();
        if let Some(older) = self.running.insert(key, token.clone()) {
            older.cancel();
        }
        spawn(&self.tracker, async move {
            let _ = token.run_until_cancelled(work).await;
        });
    }

    /// Whether a task with this key was started and not cancelled.
    pub(super) fn has(&self, key: &TaskKey) -> bool {
        self.running.contains_key(key)
    }

    /// Cancels the task with this key.
    pub(super) fn cancel(&mut self, key: &TaskKey) {
        if let Some(token) = self.running.remove(key) {
            token.cancel();
        }
    }

    /// Starts a task that is always carried through.
    pub(super) fn finish(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        spawn(&self.finishing, work);
    }

    /// Cancels what may be cancelled and waits for the rest. False: something was still under way after `grace`.
    pub(super) async fn end(&mut self, grace: Duration) -> bool {
        for (_, token) in self.running.drain() {
            token.cancel();
        }
        self.tracker.close();
        self.finishing.close();
        // What was cancelled ends at its next await; a write is given the whole time.
        let _ = tokio::time::timeout(Duration::from_millis(200), self.tracker.wait()).await;
        tokio::time::timeout(grace, self.finishing.wait()).await.is_ok()
    }
}

fn spawn(tracker: &TaskTracker, work: impl Future<Output = ()> + Send + 'static) {
    tracker.spawn(work);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn a_newer_task_takes_the_place_of_an_older_one() {
        let mut tasks = Tasks::default();
        let ended = Arc::new(AtomicUsize::new(0));
        for wait in [3_600, 0] {
            let ended = Arc::clone(&ended);
            tasks.replace(TaskKey::Other(1), async move {
                tokio::time::sleep(Duration::from_secs(wait)).await;
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(tasks.end(Duration::from_secs(1)).await);
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_write_is_carried_through_when_the_session_ends() {
        let mut tasks = Tasks::default();
        let written = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&written);
        tasks.finish(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            counter.fetch_add(1, Ordering::SeqCst);
        });
        assert!(tasks.end(Duration::from_secs(5)).await);
        assert_eq!(written.load(Ordering::SeqCst), 1);
    }
}
