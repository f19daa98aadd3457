//! The leases of the session's runs: taken, renewed and given back by one task for each run, and asked before each write.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::keeping::Noted;
use super::tasks::Tasks;
use crate::app::life_signs::by_own_clock;
use crate::app::msg::{Msg, Outcome};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::lease::{Answer, Command, Ending, Fence, LifeSign, Loss, Mono, Next, Patience, Standing, Tenure};
use crate::domain::observed::{Change, Object};
use crate::domain::run::Hold;
use crate::ports::cluster::{Cluster, ImageChange};
use crate::ports::lease::Target;

/// How long a call about a lease may take: half of what a holder has between two renewals.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(5);
/// Between two looks at a permit that is being renewed.
const GLANCE: Duration = Duration::from_millis(50);

/// What is known to every task of the session.
#[derive(Debug, Default)]
struct Shared {
    permits: BTreeMap<(RunId, ServiceId), Permit>,
    /// Versions of leases by their uid, and since when they are known: what a watch has seen counts.
    seen: HashMap<crate::domain::ids::Uid, (Arc<str>, Mono)>,
}

/// What a lease means for the writes of its run.
#[derive(Clone, Debug)]
enum Permit {
    /// With this token, until then.
    Until(u32, Mono),
    /// Lost, and why.
    Lost(String),
}

/// The leases of a session.
pub(super) struct Leases {
    identity: Arc<str>,
    clock: Clock,
    shared: Arc<Mutex<Shared>>,
    keepers: Vec<(RunId, Ends)>,
}

/// Two moments in the life of a task: it is asked to give back, and it has done so.
#[derive(Clone, Debug, Default)]
struct Ends {
    asked: CancellationToken,
    done: CancellationToken,
}

/// What a run wants.
pub(super) struct Wanted {
    pub(super) run: RunId,
    pub(super) leases: Vec<(ServiceId, Target)>,
    pub(super) patience: Patience,
    /// What has to stand in the cluster before: somebody else may have taken up what this run undoes, and know of more.
    pub(super) after: Option<Noted>,
}

/// Answers whether a write may be sent now.
#[derive(Clone)]
pub(super) struct Gate {
    shared: Arc<Mutex<Shared>>,
    clock: Clock,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// Waits a moment where the lease is due to be renewed: this process may have been stopped until just now.
    ///
    /// # Errors
    /// When the lease is lost or cannot be renewed: nothing was sent then.
    pub(super) async fn check(&self, run: RunId, service: &ServiceId, change: &ImageChange) -> Result<(), Fault> {
        let Some(fence) = &change.fence else { return Ok(()) };
        let end = self.clock.elapsed() + 2 * CALL_LIMIT;
        let (kind, why) = loop {
            match lock(&self.shared).permits.get(&(run, service.clone())).cloned() {
                Some(Permit::Until(token, until)) if token == fence.token && self.clock.elapsed() <= until => {
                    return Ok(());
                }
                Some(Permit::Until(token, _)) if token == fence.token && self.clock.elapsed() < end => {}
                // That may pass: with the next renewal it can be written.
                Some(Permit::Until(token, _)) if token == fence.token => {
                    break (FaultKind::Unreachable, "its lease could not be renewed in time".to_owned());
                }
                Some(Permit::Lost(why)) => break (FaultKind::Conflict, why),
                _ => break (FaultKind::Conflict, "its lease is not held any more".to_owned()),
            }
            tokio::time::sleep(GLANCE).await;
        };
        Err(Fault::new(kind, format!("{}: not written: {why}", change.workload.name)))
    }

    /// Whether a run may write now: no lease of it is lost or overdue.
    pub(super) fn holds(&self, run: RunId) -> bool {
        let now = self.clock.elapsed();
        let valid = |permit: &Permit| matches!(permit, Permit::Until(_, until) if now <= *until);
        lock(&self.shared).permits.iter().filter(|((of, _), _)| *of == run).all(|(_, permit)| valid(permit))
    }

    /// Notes since when a version of a lease is known.
    pub(super) fn observe(&self, change: &Change) {
        if let Change::Upsert(Object::Lease(lease)) = change {
            let mut shared = lock(&self.shared);
            let version = &lease.meta.resource_version;
            let seen = shared.seen.entry(lease.meta.uid.clone());
            let seen = seen.or_insert_with(|| (Arc::clone(version), self.clock.elapsed()));
            if seen.0 != *version {
                *seen = (Arc::clone(version), self.clock.elapsed());
            }
        }
    }
}

impl Leases {
    pub(super) fn new(identity: Arc<str>, clock: Clock) -> Self {
        Self { identity, clock, shared: Arc::default(), keepers: Vec::new() }
    }

    pub(super) fn gate(&self) -> Gate {
        Gate { shared: Arc::clone(&self.shared), clock: self.clock.clone() }
    }

    /// Takes the leases of a run and keeps them until they are released. What earlier runs of this session are giving
    /// back is waited for first.
    pub(super) fn acquire(
        &mut self,
        wanted: Wanted,
        cluster: Arc<dyn Cluster>,
        tasks: &mut Tasks,
        messages: mpsc::Sender<Msg>,
    ) {
        self.release(wanted.run);
        self.keepers.retain(|(_, ends)| !ends.done.is_cancelled());
        let before: Vec<_> = self.keepers.iter().filter(|(_, ends)| ends.asked.is_cancelled()).collect();
        let before: Vec<CancellationToken> = before.into_iter().map(|(_, ends)| ends.done.clone()).collect();
        let ends = Ends::default();
        self.keepers.push((wanted.run, ends.clone()));
        let after = wanted.after;
        let identity = format!("{}-{}", self.identity, wanted.run);
        let tenure = || Tenure::new(identity.as_str(), wanted.patience);
        let keeper = Keeper {
            run: wanted.run,
            held: wanted.leases.into_iter().map(|(service, target)| (service, target, tenure())).collect(),
            cluster,
            shared: Arc::clone(&self.shared),
            clock: self.clock.clone(),
            asked: ends.asked.clone(),
            messages,
            told: None,
        };
        tasks.finish(async move {
            for earlier in before {
                earlier.cancelled().await;
            }
            match settled(after, &keeper.asked).await {
                Ok(()) => keeper.keep().await,
                Err(fault) => keeper.refuse(&fault).await,
            }
            ends.done.cancel();
        });
    }

    /// Gives the leases of a run back.
    pub(super) fn release(&self, run: RunId) {
        for (_, ends) in self.keepers.iter().filter(|(of, _)| *of == run) {
            ends.asked.cancel();
        }
    }

    pub(super) fn release_all(&self) {
        for (_, ends) in &self.keepers {
            ends.asked.cancel();
        }
    }
}

/// The task of one run.
struct Keeper {
    run: RunId,
    /// In the order of the names of the leases.
    held: Vec<(ServiceId, Target, Tenure)>,
    cluster: Arc<dyn Cluster>,
    shared: Arc<Mutex<Shared>>,
    clock: Clock,
    asked: CancellationToken,
    messages: mpsc::Sender<Msg>,
    /// The last news: it is told once.
    told: Option<Hold>,
}

/// Waits until what has to stand does; one who gives up is not kept waiting.
async fn settled(after: Option<Noted>, asked: &CancellationToken) -> Result<(), Fault> {
    let Some(noted) = after else { return Ok(()) };
    loop {
        match noted.stands().await {
            Err(fault) if fault.kind == FaultKind::Unreachable && !asked.is_cancelled() => {}
            settled => return settled,
        }
    }
}

impl Keeper {
    async fn refuse(self, fault: &Fault) {
        let Some((service, ..)) = self.held.first() else { return };
        let news = Hold::Refused { service: service.clone(), why: fault.to_string() };
        let _ = self.messages.send(Msg::Done(Outcome::Held { run: self.run, news })).await;
    }

    async fn keep(mut self) {
        let mut releasing = false;
        loop {
            if self.asked.is_cancelled() && !releasing {
                releasing = true;
                self.release();
            }
            let (due, wake) = self.due();
            if due.is_empty() {
                if self.held.iter().all(|(.., tenure)| tenure.is_over()) {
                    break;
                }
                let pause = async {
                    match wake {
                        // Looked at again at least every few seconds: a timer sleeps with the machine, a lease does not.
                        Some(at) => tokio::time::sleep(at.saturating_sub(self.clock.elapsed()).min(CALL_LIMIT)).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = pause => {}
                    () = self.asked.cancelled(), if !releasing => {}
                }
                continue;
            }
            let calls = due.into_iter().map(|(index, command)| {
                let target = self.held[index].1.clone();
                let (cluster, clock) = (Arc::clone(&self.cluster), self.clock.clone());
                async move {
                    let sent = clock.elapsed();
                    (index, sent, call(&*cluster, &target, command).await)
                }
            });
            for (index, sent, answer) in join_all(calls).await {
                self.recall(index, &answer);
                self.held[index].2.take(answer, sent, self.clock.elapsed());
            }
            if !releasing {
                self.tell().await;
            }
        }
        self.forget();
    }

    /// Since when this version has been known by a watch, for the machine that is about to judge it.
    fn recall(&mut self, index: usize, answer: &Answer) {
        let Answer::Look(Ok(look)) = answer else { return };
        let Some(stored) = &look.lease else { return };
        if let Some((version, since)) = lock(&self.shared).seen.get(&stored.uid)
            && *version == stored.version
        {
            self.held[index].2.recall(version, *since);
        }
    }

    /// What is to be sent now, and when to look again. Leases are won one after the other, in one order for everybody,
    /// so that two runs never wait for each other.
    fn due(&self) -> (Vec<(usize, Command)>, Option<Mono>) {
        let (now, wall) = (self.clock.elapsed(), self.clock.now());
        let (mut due, mut wake, mut seeking) = (Vec::new(), None::<Mono>, false);
        for (index, (.., tenure)) in self.held.iter().enumerate() {
            if matches!(tenure.standing(), Standing::Seeking | Standing::Waiting(_))
                && std::mem::replace(&mut seeking, true)
            {
                continue;
            }
            match tenure.next(now, wall) {
                Next::Do(command) => due.push((index, command)),
                Next::At(at) => wake = Some(wake.map_or(at, |other| other.min(at))),
                Next::Nothing => {}
            }
        }
        (due, wake)
    }

    fn release(&mut self) {
        self.forget();
        for (.., tenure) in &mut self.held {
            tenure.release();
        }
    }

    fn forget(&self) {
        let run = self.run;
        lock(&self.shared).permits.retain(|(of, _), _| *of != run);
    }

    /// Opens the gate as far as the leases reach, and tells the model what has changed.
    async fn tell(&mut self) {
        {
            let mut shared = lock(&self.shared);
            for (service, _, tenure) in &self.held {
                let key = (self.run, service.clone());
                match (tenure.standing(), tenure.may_write_until()) {
                    (Standing::Held { token, .. }, Some(until)) => {
                        shared.permits.insert(key, Permit::Until(token, until));
                    }
                    (Standing::Ended(Ending::Lost(loss)), _) => {
                        shared.permits.insert(key, Permit::Lost(lost(loss)));
                    }
                    _ => {
                        shared.permits.remove(&key);
                    }
                }
            }
        }
        let Some(news) = self.news().filter(|news| self.told.as_ref() != Some(news)) else { return };
        if matches!(news, Hold::Without(_) | Hold::Refused { .. }) {
            // All or nothing: what was won already is given back.
            self.release();
        }
        self.told = Some(news.clone());
        let _ = self.messages.send(Msg::Done(Outcome::Held { run: self.run, news })).await;
    }

    /// What the leases come to, all in all.
    fn news(&self) -> Option<Hold> {
        if let Some(told @ (Hold::Without(_) | Hold::Refused { .. } | Hold::Lost { .. })) = &self.told {
            return Some(told.clone());
        }
        let was_held = matches!(self.told, Some(Hold::Held { .. }));
        let (mut fences, mut taken_from) = (BTreeMap::new(), Vec::new());
        for (service, target, tenure) in &self.held {
            match tenure.standing() {
                Standing::Held { token, taken_from: from } => {
                    fences.insert(service.clone(), Fence { token, lease: Arc::clone(&target.lease) });
                    taken_from.extend(from.map(|from| (service.clone(), from)));
                }
                Standing::Waiting(by) => return Some(Hold::Waiting { service: service.clone(), by }),
                Standing::Ended(ending) => return Some(ended(service, ending, was_held, self.clock.now())),
                Standing::Seeking => {}
            }
        }
        (fences.len() == self.held.len()).then_some(Hold::Held { fences, taken_from })
    }
}

/// The end of one lease, in words.
fn ended(service: &ServiceId, ending: Ending, was_held: bool, now: Timestamp) -> Hold {
    let service = service.clone();
    let why = match ending {
        Ending::Forbidden(fault) => return Hold::Without(fault.message),
        Ending::Theirs { by, sign: LifeSign::Seen } => format!("{by} is deploying it right now"),
        Ending::Theirs { by, sign: LifeSign::Unknown { renewed } } => {
            format!("{by} holds it, {}", by_own_clock(renewed, now))
        }
        Ending::Theirs { by, sign: LifeSign::Silent } => format!("{by} holds it and is silent; it can be taken over"),
        Ending::Failed(fault) => fault.message,
        Ending::Lost(loss) => lost(loss),
        Ending::Released => "its lease was given back".to_owned(),
    };
    if was_held { Hold::Lost { service, why } } else { Hold::Refused { service, why } }
}

/// How a lease was lost, in words.
pub(super) fn lost(loss: Loss) -> String {
    match loss {
        Loss::TakenBy(by) => format!("superseded by {by}, who took it over"),
        Loss::Gone => "its lease was removed by somebody".to_owned(),
        Loss::Forbidden(fault) => format!("its lease cannot be kept: {fault}"),
    }
}

async fn call(cluster: &dyn Cluster, target: &Target, command: Command) -> Answer {
    match command {
        Command::Look => Answer::Look(in_time(target, cluster.look(target)).await),
        Command::Put(put) => Answer::Put(in_time(target, cluster.put(target, &put)).await),
        Command::Stamp(token) => Answer::Stamp(in_time(target, cluster.stamp(target, token)).await),
    }
}

pub(super) async fn in_time<T>(target: &Target, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(CALL_LIMIT, call).await.unwrap_or_else(|_elapsed| {
        let message = format!("no answer about the lease {} within {} s", target.lease, CALL_LIMIT.as_secs());
        Err(Fault::new(FaultKind::Unreachable, message))
    })
}
