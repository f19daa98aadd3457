//! The task of one run: it wins the leases of its services in order, renews them, and gives them back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::gate::{Permit, Shared, lock};
use super::in_line::InLine;
use super::words::{ended, lost};
use super::{CALL_LIMIT, in_time};
use crate::app::msg::{Msg, Outcome};
use crate::domain::fault::Fault;
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::lease::{Answer, Command, Ending, Fence, Mono, Move, Next, Standing, Tenure};
use crate::domain::run::Hold;
use crate::ports::cluster::Cluster;
use crate::ports::lease::Target;
use crate::runtime::clock::Clock;

/// The task of one run.
pub(super) struct Keeper {
    pub(super) run: RunId,
    /// In the order of the names of the leases.
    pub(super) held: Vec<(ServiceId, Target, Tenure)>,
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) shared: Arc<Mutex<Shared>>,
    pub(super) clock: Clock,
    pub(super) asked: CancellationToken,
    /// Whoever puts this run back takes these leases on as they are.
    pub(super) heirs: Arc<Mutex<BTreeSet<Arc<str>>>>,
    pub(super) place: InLine,
    pub(super) messages: mpsc::Sender<Msg>,
    /// The last news: it is told once.
    pub(super) told: Option<Hold>,
}

impl Keeper {
    pub(super) async fn refuse(self, fault: &Fault) {
        let Some((service, ..)) = self.held.first() else { return };
        let news = Hold::Refused { service: service.clone(), why: fault.to_string() };
        let _ = self.messages.send(Msg::Done(Outcome::Held { run: self.run, news })).await;
    }

    pub(super) async fn keep(mut self) {
        let mut releasing = false;
        loop {
            if self.asked.is_cancelled() && !releasing {
                releasing = true;
                self.release();
            }
            let (due, wake) = self.due();
            let (step, later) = self.place.next(&self.held, &self.asked, &self.clock);
            if due.is_empty() && step.is_none() {
                if self.held.iter().all(|(.., tenure)| tenure.is_over()) && self.place.is_out() {
                    break;
                }
                self.pause(wake.into_iter().chain(later).min(), releasing).await;
                continue;
            }
            self.send(due, step).await;
            if !releasing {
                self.tell().await;
            }
        }
        self.forget();
    }

    /// Looked at again at least every few seconds: a timer sleeps with the machine, a lease does not.
    async fn pause(&self, until: Option<Mono>, releasing: bool) {
        let pause = async {
            match until {
                Some(at) => tokio::time::sleep(at.saturating_sub(self.clock.elapsed()).min(CALL_LIMIT)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = pause => {}
            () = self.asked.cancelled(), if !releasing => {}
        }
    }

    /// Sends what is due, all at once, and takes in what comes of it: who else waits is known before a lease is judged.
    async fn send(&mut self, due: Vec<(usize, Command)>, step: Option<Move>) {
        let seeks = |(index, command): &(usize, Command)| {
            *command == Command::Look && is_sought(&self.held[*index].2.standing())
        };
        let reads = due.iter().any(seeks) || step == Some(Move::Read);
        let calls = due.into_iter().map(|(index, command)| {
            let target = self.held[index].1.clone();
            let (cluster, clock) = (Arc::clone(&self.cluster), self.clock.clone());
            async move {
                let sent = clock.elapsed();
                (index, sent, call(&*cluster, &target, command).await)
            }
        });
        let answers = join_all(calls);
        let (answers, ()) = futures::join!(answers, self.place.send(step, reads, &*self.cluster, &self.clock));
        for (index, sent, answer) in answers {
            self.recall(index, &answer);
            let (_, target, tenure) = &mut self.held[index];
            let now = self.clock.elapsed();
            tenure.stand(self.place.ahead(&target.lease, now).len());
            tenure.take(answer, sent, now);
        }
    }

    /// Since when this version has been known by a watch, for the machine that is about to judge it.
    fn recall(&mut self, index: usize, answer: &Answer) {
        let Answer::Look(Ok(look)) = answer else { return };
        let Some(stored) = &look.lease else { return };
        if let Some(since) = lock(&self.shared).since(stored) {
            self.held[index].2.recall(&stored.version, since);
        }
    }

    /// What is to be sent now, and when to look again. Leases are won one after the other, in one order for everybody,
    /// so that two runs never wait for each other.
    fn due(&self) -> (Vec<(usize, Command)>, Option<Mono>) {
        let (now, wall) = (self.clock.elapsed(), self.clock.now());
        let (mut due, mut wake, mut seeking) = (Vec::new(), None::<Mono>, false);
        for (index, (.., tenure)) in self.held.iter().enumerate() {
            if is_sought(&tenure.standing()) && std::mem::replace(&mut seeking, true) {
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
        let heirs = std::mem::take(&mut *self.heirs.lock().unwrap_or_else(PoisonError::into_inner));
        for (_, target, tenure) in &mut self.held {
            if heirs.contains(&target.lease) && matches!(tenure.standing(), Standing::Held { .. }) {
                tenure.bequeath();
            } else {
                tenure.release();
            }
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
                Standing::Waiting(by) => {
                    return Some(Hold::Waiting(self.place.wait(service, by, &target.lease, self.clock.elapsed())));
                }
                Standing::Ended(ending) => return Some(ended(service, ending, was_held, self.clock.now())),
                Standing::Seeking => {}
            }
        }
        (fences.len() == self.held.len()).then_some(Hold::Held { fences, taken_from })
    }
}

/// Whether it is still to be won.
pub(super) fn is_sought(standing: &Standing) -> bool {
    matches!(standing, Standing::Seeking | Standing::Waiting(_))
}

async fn call(cluster: &dyn Cluster, target: &Target, command: Command) -> Answer {
    match command {
        Command::Look => Answer::Look(in_time(target, cluster.look(target)).await),
        Command::Put(put) => Answer::Put(in_time(target, cluster.put(target, &put)).await),
        Command::Stamp(token) => Answer::Stamp(in_time(target, cluster.stamp(target, token)).await),
    }
}
