//! What goes wrong between a session and the cluster, drawn by chance.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::oracle::Number;

/// What becomes of one request. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Luck {
    Arrives,
    /// It never arrives; at once known to be so, or only by waiting.
    LostBefore {
        known: bool,
    },
    /// It takes effect, and its answer never comes.
    LostAfter,
    /// It arrives twice, the second time so much later.
    Twice(u64),
    /// It arrives so much later than anybody waits for it.
    Late(u64),
    /// 409, 429: nothing was done.
    Conflict,
    Throttled,
    /// 500; true: it was done nevertheless.
    Broken(bool),
}

/// What a user may no longer do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evicted {
    Everything,
    Workloads,
    Documents,
    Leases,
}

/// The weather of a trial.
#[derive(Debug)]
pub(super) struct Weather {
    dice: Dice,
    /// How many of a thousand requests go wrong.
    rate: u64,
    /// Until when the API server does not answer anybody, and since when it is another one.
    pub(super) down_until: u64,
    /// Until when the network of a process is cut.
    cut: BTreeMap<Number, u64>,
    evicted: BTreeMap<Number, (Evicted, u64)>,
    /// Faults by their kind.
    pub(super) counts: BTreeMap<&'static str, u64>,
    /// No fault is made any more.
    pub(super) fair: bool,
}

impl Weather {
    pub(super) fn new(mut dice: Dice) -> Self {
        let rate = dice.pick(&[0, 20, 60, 150, 300]);
        let (cut, evicted, counts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { dice, rate, down_until: 0, cut, evicted, counts, fair: false }
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// What becomes of the next request.
    pub(super) fn luck(&mut self) -> Luck {
        if self.fair || !self.dice.chance(self.rate) {
            return Luck::Arrives;
        }
        let luck = match self.dice.between(0, 9) {
            0 => Luck::LostBefore { known: true },
            1 => Luck::LostBefore { known: false },
            2 | 3 => Luck::LostAfter,
            4 => Luck::Twice(self.dice.between(50, 40_000)),
            5 | 6 => Luck::Late(self.dice.between(2_000, 70_000)),
            7 => Luck::Conflict,
            8 => Luck::Throttled,
            _ => Luck::Broken(self.dice.chance(500)),
        };
        self.count(match luck {
            Luck::LostBefore { .. } => "lost before it took effect",
            Luck::LostAfter => "lost after it took effect",
            Luck::Twice(_) => "duplicated",
            Luck::Late(_) => "delayed beyond its time limit",
            Luck::Conflict => "409",
            Luck::Throttled => "429",
            _ => "500",
        });
        luck
    }

    /// How long something is on its way.
    pub(super) fn distance(&mut self) -> u64 {
        if self.dice.chance(50) { self.dice.between(100, 3_000) } else { self.dice.between(1, 60) }
    }

    /// Nobody is reached: the server is down, or this process's network.
    pub(super) fn is_cut(&self, process: Number, now: u64) -> bool {
        now < self.down_until || self.cut.get(&process).is_some_and(|until| now < *until)
    }

    pub(super) fn cut(&mut self, process: Number, until: u64) {
        self.count("network lost");
        self.cut.insert(process, until);
    }

    pub(super) fn restart(&mut self, until: u64) {
        self.count("API server restarted");
        self.down_until = until;
    }

    pub(super) fn evict(&mut self, process: Number, what: Evicted, until: u64) {
        self.count("rights evicted");
        self.evicted.insert(process, (what, until));
    }

    pub(super) fn evicted(&self, process: Number, now: u64) -> Option<Evicted> {
        self.evicted.get(&process).filter(|(_, until)| now < *until).map(|(what, _)| *what)
    }
}
