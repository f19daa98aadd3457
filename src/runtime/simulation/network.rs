//! What lies between the sessions and the cluster: requests that are on their way, and the time of the world.

use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::oracle::{Number, Oracle};
use super::weather::Weather;
use crate::adapters::simulated::SimulatedCluster;

/// When every trial begins.
const MORNING: Timestamp = Timestamp::constant(1_791_882_000, 0);

/// What a request does when it arrives.
type Work = Box<dyn FnOnce(u64) + Send>;

/// What is broken on purpose, to see that the oracle finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sabotage {
    None,
    /// Images are set whatever stands there.
    Unconditional,
    /// Every write comes once more, late, and without the token of its lease.
    Fenceless,
}

/// Everything that all processes of a trial share.
pub(super) struct Network {
    pub(super) cluster: Arc<SimulatedCluster>,
    pub(super) sabotage: Sabotage,
    now: Arc<AtomicU64>,
    due: Mutex<BTreeMap<(u64, u64), Work>>,
    serial: AtomicU64,
    weather: Mutex<Weather>,
    oracle: Mutex<Oracle>,
    /// The process that dies with a request of its, and how many requests before that one.
    doomed: Mutex<Option<(Number, u64)>>,
}

/// A panic elsewhere leaves the trial as it was between two statements: its history is still worth reading.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time on the walls of the world.
pub(super) fn wall(now: u64) -> Timestamp {
    MORNING + SignedDuration::from_millis(now as i64)
}

impl Network {
    pub(super) fn new(
        (now, sabotage): (Arc<AtomicU64>, Sabotage),
        cluster: Arc<SimulatedCluster>,
        weather: Weather,
        oracle: Oracle,
    ) -> Self {
        Self {
            cluster,
            sabotage,
            now,
            due: Mutex::default(),
            serial: AtomicU64::new(0),
            weather: Mutex::new(weather),
            oracle: Mutex::new(oracle),
            doomed: Mutex::default(),
        }
    }

    pub(super) fn weather(&self) -> MutexGuard<'_, Weather> {
        lock(&self.weather)
    }

    pub(super) fn oracle(&self) -> MutexGuard<'_, Oracle> {
        lock(&self.oracle)
    }

    /// Milliseconds since the trial began.
    pub(super) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(super) fn post(&self, at: u64, work: Work) {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        lock(&self.due).insert((at, serial), work);
    }

    /// Until then, whatever is due arrives.
    pub(super) fn pass(&self, to: u64) {
        self.now.store(to, Ordering::Relaxed);
        loop {
            let first = lock(&self.due).first_entry().filter(|it| it.key().0 <= to).map(OccupiedEntry::remove);
            let Some(work) = first else { break };
            work(to);
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        lock(&self.due).is_empty()
    }

    /// A process is to die with one of its next requests.
    pub(super) fn doom(&self, process: Number, requests: u64) {
        *lock(&self.doomed) = Some((process, requests));
    }

    /// Another request of a process. True: it dies here and now.
    pub(super) fn is_doomed(&self, process: Number) -> bool {
        match &mut *lock(&self.doomed) {
            Some((doomed, left)) if *doomed == process => {
                *left = left.saturating_sub(1);
                *left == 0
            }
            _ => false,
        }
    }

    /// The process that has just died with a request.
    pub(super) fn fallen(&self) -> Option<Number> {
        lock(&self.doomed).take_if(|(_, left)| *left == 0).map(|(process, _)| process)
    }
}
