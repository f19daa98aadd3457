//! One trial: a run in a world in which everything goes wrong for a while, and then nothing any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures::FutureExt;
use jiff::SignedDuration;

use super::dice::Dice;
use super::network::{Network, Sabotage, wall};
use super::oracle::{Number, Oracle};
use super::people::{Next, Person, Wish};
use super::process::Process;
use super::shop::{ENV, NAMESPACE, Shop};
use super::weather::{Evicted, Weather};
use crate::adapters::simulated::SimulatedCluster;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::observed::{Document, WorkloadRef};
use crate::domain::plan::Purpose;
use crate::domain::run::document;
use crate::domain::run::{Run, RunState};
use crate::ports::cluster::Cluster;
use crate::ports::documents::Documents;

/// Times are told apart by so many milliseconds.
const STEP: u64 = 200;
/// When a trial has to be over at the latest.
const END: u64 = 1_800_000;
/// Processes at once, dead ones not counted.
const MOST: usize = 3;

/// What came of a trial.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) faults: BTreeMap<&'static str, u64>,
    pub(super) ended: &'static str,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) violations: Vec<String>,
    pub(super) history: Vec<String>,
}

/// What happens to processes, and when.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Kill,
    /// With one of its next requests.
    KillAtRequest(u64),
    Stop(u64),
    Sleep(u64),
    CutOff(u64),
    Evict(Evicted, u64),
    RestartServer(u64),
    SomebodyComes,
}

pub(super) struct Trial {
    dice: Dice,
    shop: Shop,
    network: Arc<Network>,
    living: Vec<(Process, Person)>,
    born: Number,
    blows: Vec<(u64, Blow)>,
    /// From when on nothing goes wrong any more.
    fair_at: u64,
    /// Ends of runs that were told already.
    told: Vec<(Number, u64)>,
}

/// Plays the trial of a seed.
pub(super) fn play(seed: u64) -> Outcome {
    play_with(seed, Sabotage::None)
}

/// The same with something broken on purpose.
pub(super) fn play_with(seed: u64, sabotage: Sabotage) -> Outcome {
    Trial::new(seed, sabotage).play()
}

impl Trial {
    fn new(seed: u64, sabotage: Sabotage) -> Self {
        let mut dice = Dice::new(seed);
        let shop = Shop::new(&mut dice);
        let now = Arc::new(AtomicU64::new(0));
        let time = Arc::clone(&now);
        let runs = BTreeMap::from([(EnvId::new(ENV), "v1".to_owned())]);
        let clock = move || wall(time.load(std::sync::atomic::Ordering::Relaxed));
        let cluster = Arc::new(SimulatedCluster::calm(&shop.catalog, &runs, clock));
        let weather = Weather::new(dice.split());
        let network = Arc::new(Network::new((now, sabotage), cluster, weather, Oracle::new(shop.clone())));
        let fair_at = dice.between(40, 180) * 1_000;
        let count = dice.between(0, 8);
        let mut blows: Vec<_> = (0..count).map(|_| (dice.between(2_000, fair_at), blow(&mut dice))).collect();
        blows.sort_by_key(|(at, _)| *at);
        let mut trial = Self { dice, shop, network, living: Vec::new(), born: 0, blows, fair_at, told: Vec::new() };
        trial.comes(Wish::Deploy);
        trial
    }

    fn comes(&mut self, wish: Wish) {
        let number = self.born;
        self.born += 1;
        // Now and then the clock of a machine is wrong by hours.
        let skew = if self.dice.chance(200) { self.dice.between(0, 6 * 3_600) as i64 - 3 * 3_600 } else { 0 };
        let process = Process::start(number, &self.shop, &self.network, SignedDuration::from_secs(skew));
        let now = self.network.now();
        self.network.oracle().note(now, format!("process {number} begins, to {wish:?}"));
        self.living.push((process, Person::new(wish, self.dice.split(), now)));
    }

    fn dies(&mut self, number: Number, how: &str) {
        let now = self.network.now();
        self.network.oracle().note(now, format!("process {number} {how}"));
        self.living.retain(|(process, _)| process.number != number);
    }

    fn play(mut self) -> Outcome {
        let mut ended = "";
        for now in (STEP..=END).step_by(STEP as usize) {
            self.network.pass(now);
            if now % 1_000 == 0 {
                self.network.cluster.time_passes();
            }
            self.strike(now);
            if now >= self.fair_at {
                self.network.weather().fair = true;
            }
            let fair = now >= self.fair_at;
            let mut leaving = Vec::new();
            for (process, person) in &mut self.living {
                process.run(now);
                if !process.is_still() && person.look(process, &self.shop, now, fair) == Next::Leaves {
                    leaving.push(process.number);
                }
            }
            if let Some(fallen) = self.network.fallen() {
                self.network.weather().count("process killed");
                self.dies(fallen, "is killed in the middle of a request");
            }
            for number in leaving {
                self.dies(number, "is closed");
            }
            self.network.oracle().stands(&self.complete());
            self.listen(now);
            if now % 5_000 == 0 {
                if let Some(end) = self.end(fair) {
                    ended = end;
                    break;
                }
                if fair {
                    self.help();
                }
            }
        }
        self.verdict(ended)
    }

    /// What goes wrong now.
    fn strike(&mut self, now: u64) {
        while let Some((_, blow)) = self.blows.first().copied().filter(|(at, _)| *at <= now) {
            self.blows.remove(0);
            let numbers: Vec<Number> = self.living.iter().map(|(process, _)| process.number).collect();
            self.network.oracle().note(now, format!("{blow:?}"));
            match blow {
                Blow::RestartServer(long) => self.network.weather().restart(now + long),
                Blow::SomebodyComes if numbers.len() < MOST => self.comes(Wish::Tidy),
                Blow::SomebodyComes => {}
                _ if numbers.is_empty() => {}
                blow => {
                    let number = self.dice.pick(&numbers);
                    self.hit(now, number, blow);
                }
            }
        }
    }

    fn hit(&mut self, now: u64, number: Number, blow: Blow) {
        let fair_at = self.fair_at;
        let process = self.living.iter_mut().find(|(process, _)| process.number == number).map(|(process, _)| process);
        let Some(process) = process else { return };
        let mut weather = self.network.weather();
        match blow {
            Blow::KillAtRequest(requests) => self.network.doom(number, requests),
            Blow::Stop(long) => {
                weather.count("process stopped");
                process.stand_still(now + long, false);
            }
            Blow::Sleep(long) => {
                weather.count("laptop closed");
                process.stand_still(now + long, true);
            }
            Blow::CutOff(long) => weather.cut(number, now + long),
            Blow::Evict(what, long) => {
                // Without leases, or without documents, nobody can hold it to anything.
                weather.evict(number, what, (now + long).min(fair_at));
            }
            _ => {
                weather.count("process killed");
                drop(weather);
                self.dies(number, "is killed");
                // Sooner or later somebody finds it.
                self.blows.push((now + self.dice.between(1, 60) * 1_000, Blow::SomebodyComes));
                self.blows.sort_by_key(|(at, _)| *at);
            }
        }
    }

    /// What sessions say of their runs.
    fn listen(&mut self, now: u64) {
        for (process, _) in &mut self.living {
            let number = process.number;
            let done = |run: &&Run| run.state == RunState::Succeeded && !self.told.contains(&(number, run.id.0));
            let new: Vec<Run> = process.model().runs.iter().filter(done).cloned().collect();
            for run in new {
                self.told.push((number, run.id.0));
                let to: Vec<_> = run.plan.steps().map(|step| (step.service.clone(), step.to.to_string())).collect();
                let mut oracle = self.network.oracle();
                oracle.note(now, format!("process {number} says that the {:?} is done", run.plan.purpose));
                oracle.told_done(now, number, &to);
            }
        }
    }

    /// Services on whose present image alone they run, and which that is.
    fn complete(&self) -> Vec<(ServiceId, String)> {
        let found = self.shop.wanted.keys().filter_map(|service| {
            let workload = WorkloadRef::deployment(service.as_str());
            let found = self.network.cluster.workload(NAMESPACE, &workload).now_or_never()?.ok()?;
            let status = &found.status;
            let all = [status.replicas, status.updated, status.available];
            let image = found.images().next()?.to_string();
            (all == [found.desired; 3]).then_some((service.clone(), image))
        });
        found.collect()
    }

    fn images(&self) -> Vec<(ServiceId, String)> {
        let found = self.shop.wanted.keys().filter_map(|service| {
            let workload = WorkloadRef::deployment(service.as_str());
            let found = self.network.cluster.workload(NAMESPACE, &workload).now_or_never()?.ok()?;
            Some((service.clone(), found.images().next()?.to_string()))
        });
        found.collect()
    }

    fn documents(&self) -> Vec<document::Entry> {
        let all = self.network.cluster.documents(NAMESPACE, document::ABOUT).now_or_never();
        let all: Vec<Document> = all.and_then(Result::ok).unwrap_or_default();
        all.iter().filter_map(|it| document::read(it).ok()).collect()
    }

    /// How it has ended; none: something still goes on.
    fn end(&mut self, fair: bool) -> Option<&'static str> {
        let busy = self.living.iter_mut().any(|(process, person)| process.is_still() || person.is_busy(process));
        let kept = self.documents();
        if busy || !fair && kept.is_empty() || !self.network.is_quiet() || kept.iter().any(|it| !it.run.state.is_over())
        {
            return None;
        }
        let is_back = |it: &&document::Entry| it.run.plan.purpose == Purpose::RollBack;
        let back = kept.iter().filter(is_back).any(|it| it.run.state == RunState::Succeeded);
        let deploy = kept.iter().find(|it| !is_back(it));
        match deploy.map(|it| it.run.state) {
            _ if back => Some("taken back"),
            None if !self.network.oracle().unkept.is_empty() => Some("not kept, as was said"),
            None => Some("never begun"),
            Some(RunState::Succeeded) => Some("done"),
            Some(_) => Some("ended by a person, in words"),
        }
    }

    /// Somebody looks after what nobody else does.
    fn help(&mut self) {
        let open = self.documents().iter().any(|it| !it.run.state.is_over());
        let busy = self.living.iter_mut().any(|(process, person)| process.is_still() || person.is_busy(process));
        if open && !busy && self.living.len() < 2 * MOST {
            self.comes(Wish::Tidy);
        }
    }

    fn verdict(self, ended: &'static str) -> Outcome {
        let now = self.network.now();
        let images = self.images();
        let mut oracle = self.network.oracle();
        match ended {
            "" => {
                let kept: Vec<_> =
                    self.documents().iter().map(|it| format!("{}: {:?}", it.key, it.run.state)).collect();
                oracle.violated(now, format!("it never ends: {kept:?}"));
            }
            "done" => oracle.ended(now, false, &images),
            "taken back" | "never begun" => oracle.ended(now, true, &images),
            _ => {}
        }
        if self.shop.is_good() {
            oracle.note(now, format!("the end: {ended}"));
        }
        Outcome {
            faults: self.network.weather().counts.clone(),
            ended,
            lost: oracle.lost,
            doubled: oracle.doubled,
            violations: std::mem::take(&mut oracle.violations),
            history: std::mem::take(&mut oracle.history),
        }
    }
}

fn blow(dice: &mut Dice) -> Blow {
    let mut seconds = |least, most| dice.between(least, most) * 1_000;
    let times = [seconds(1, 90), seconds(1, 300), seconds(1, 60), seconds(1, 40), seconds(5, 120)];
    let what = dice.pick(&[Evicted::Everything, Evicted::Workloads, Evicted::Documents, Evicted::Leases]);
    match dice.between(0, 12) {
        0 | 1 => Blow::Kill,
        2..=4 => Blow::KillAtRequest(dice.between(1, 30)),
        5 | 6 => Blow::Stop(times[0]),
        7 => Blow::Sleep(times[1]),
        8 => Blow::CutOff(times[2]),
        9 => Blow::Evict(what, times[4]),
        10 => Blow::RestartServer(times[3]),
        _ => Blow::SomebodyComes,
    }
}
