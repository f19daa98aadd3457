//! Notices that this machine slept: the clock on the wall went on and the one of the machine did not.
//!
//! Connections look well after a sleep, for nobody told this end that the other has long let go. What was seen before is
//! old from the first moment on. A clock that is set forward looks the same, and then all is read again for nothing.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Less than this is a clock that is put right.
const WORTH_NOTICING: Duration = Duration::from_secs(15);

/// What both clocks showed when they were last looked at.
#[derive(Debug)]
pub(super) struct Sleep {
    wall: Timestamp,
    machine: Instant,
}

impl Sleep {
    pub(super) fn new(wall: Timestamp) -> Self {
        Self { wall, machine: Instant::now() }
    }

    /// For how long nothing ran since the last look, if it was long.
    pub(super) fn since(&mut self, wall: Timestamp) -> Option<Duration> {
        let machine = Instant::now();
        // A clock that was set back says nothing.
        let passed = Duration::try_from(wall.duration_since(self.wall)).unwrap_or_default();
        let slept = passed.saturating_sub(machine - self.machine);
        (self.wall, self.machine) = (wall, machine);
        (slept >= WORTH_NOTICING).then_some(slept)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::domain::fixtures::{START, later};

    #[tokio::test(start_paused = true)]
    async fn only_a_wall_clock_that_runs_ahead_of_the_machine_is_a_sleep() {
        let mut sleep = Sleep::new(START);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(sleep.since(later(3_600)), None, "an idle hour");
        assert_eq!(sleep.since(later(3_605)), None, "a clock that is put right");
        assert_eq!(sleep.since(later(7_205)), Some(Duration::from_hours(1)));
        assert_eq!(sleep.since(later(7_205)), None, "told once");
        assert_eq!(sleep.since(START - SignedDuration::from_secs(60)), None, "a clock that is set back");
    }
}
