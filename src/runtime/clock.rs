//! What time it is for a session, on the wall and since some moment: the machine's clocks, or those of a simulated world.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::adapters::system;
use crate::domain::lease::Mono;

/// Two clocks: one that people read and that may be set, and one that leases are counted by, which never goes back.
#[derive(Clone)]
pub(super) struct Clock {
    wall: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    elapsed: Arc<dyn Fn() -> Mono + Send + Sync>,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Clock {
    pub(super) fn new(
        wall: impl Fn() -> Timestamp + Send + Sync + 'static,
        elapsed: impl Fn() -> Mono + Send + Sync + 'static,
    ) -> Self {
        Self { wall: Arc::new(wall), elapsed: Arc::new(elapsed) }
    }

    /// Those of this machine.
    pub(super) fn of_the_machine() -> Self {
        Self::new(system::now, system::elapsed)
    }

    /// Of a world in which nobody sets a clock: both go by the same one.
    pub(super) fn of_a_world(wall: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let wall: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(wall);
        let (start, read) = (wall(), Arc::clone(&wall));
        let elapsed = move || Mono::try_from(read().duration_since(start)).unwrap_or_default();
        Self { wall, elapsed: Arc::new(elapsed) }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.wall)()
    }

    pub(super) fn elapsed(&self) -> Mono {
        (self.elapsed)()
    }
}
