//! A run's place in line, beside its leases: who comes before it is read with every look at a lease that it wants.

use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::gate::{Shared, lock};
use super::keeper::is_sought;
use super::{CALL_LIMIT, Wanted};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::ServiceId;
use crate::domain::lease::queue::{Line, Ticket};
use crate::domain::lease::{Mono, Move, Patience, Stand, Standing, Tenure, Wish, who};
use crate::domain::run::{Ahead, Turn};
use crate::ports::cluster::Cluster;
use crate::ports::lease::{Place, Target};
use crate::runtime::clock::Clock;

/// How long is tried to give the place up; it counts no more when it is not renewed.
const LEAVING: Mono = CALL_LIMIT.saturating_mul(3);

pub(super) struct InLine {
    identity: Arc<str>,
    namespace: Arc<str>,
    patience: Patience,
    stand: Stand,
    line: Line,
    shared: Arc<Mutex<Shared>>,
    /// Tickets of those who are gone, to be cleared away.
    gone: Vec<Ticket>,
    /// Whoever may not clear them away does not try again.
    clears: bool,
    /// Since when it wants to leave.
    leaves: Option<Mono>,
}

impl InLine {
    pub(super) fn new(identity: &str, wanted: &Wanted, shared: Arc<Mutex<Shared>>) -> Self {
        let namespace = wanted.leases.first().map(|(_, target)| Arc::clone(&target.namespace));
        Self {
            identity: identity.into(),
            namespace: namespace.unwrap_or_default(),
            patience: wanted.patience,
            stand: Stand::new(identity, Arc::clone(&wanted.what), wanted.first),
            line: Line::default(),
            shared,
            gone: Vec::new(),
            clears: true,
            leaves: None,
        }
    }

    pub(super) fn is_out(&self) -> bool {
        self.stand.is_out()
    }

    /// What is to be sent now, and when to ask again.
    pub(super) fn next(
        &mut self,
        held: &[(ServiceId, Target, Tenure)],
        asked: &CancellationToken,
        clock: &Clock,
    ) -> (Option<Move>, Option<Mono>) {
        let mut standings = held.iter().map(|(_, target, tenure)| (target, tenure.standing()));
        let sought = standings.find(|(_, standing)| is_sought(standing));
        let wish = match &sought {
            Some((target, Standing::Waiting(_))) => Wish::Wait(&target.lease),
            Some(_) => Wish::Stay,
            None => Wish::Leave,
        };
        let wish = if asked.is_cancelled() || self.patience != Patience::Wait { Wish::Leave } else { wish };
        let now = clock.elapsed();
        if wish == Wish::Leave && !self.stand.is_out() {
            if now >= *self.leaves.get_or_insert(now) + LEAVING {
                self.stand.abandon();
            }
        } else {
            self.leaves = None;
        }
        self.stand.next(wish, now, clock.now())
    }

    /// Who comes before this run.
    pub(super) fn ahead(&self, lease: &str, now: Mono) -> Vec<&Ticket> {
        self.line.ahead(lease, &self.identity, self.stand.goes_first(), now)
    }

    /// How it waits.
    pub(super) fn wait(&self, service: &ServiceId, by: Option<Arc<str>>, lease: &str, now: Mono) -> Turn {
        let ahead = |it: &Ticket| Ahead { by: who(it.holder()).into(), what: Arc::clone(&it.errand.what) };
        Turn {
            service: service.clone(),
            by,
            ahead: self.ahead(lease, now).into_iter().map(ahead).collect(),
            unseen: self.stand.refused().map(str::to_owned),
        }
    }

    /// Sends what is due, and reads the line where that is wanted.
    pub(super) async fn send(&mut self, step: Option<Move>, reads: bool, cluster: &dyn Cluster, clock: &Clock) {
        let namespace = Arc::clone(&self.namespace);
        let read = async { if reads { Some(in_time(cluster.tickets(&namespace)).await) } else { None } };
        let gone = std::mem::take(&mut self.gone);
        let cleared = futures::future::join_all(gone.iter().map(async |it| {
            let over = (it.stored.uid.clone(), Arc::clone(&it.stored.version));
            in_time(cluster.remove_ticket(Place { namespace: &namespace, name: &it.name }, &over)).await
        }));
        let name = Arc::clone(self.stand.name());
        let place = Place { namespace: &namespace, name: &name };
        let (stand, sent) = (&mut self.stand, clock.elapsed());
        let moved = async {
            match step {
                Some(Move::Put(put, errand)) => {
                    let answer = in_time(cluster.put_ticket(place, &put, &errand)).await;
                    stand.put_answered(&errand, answer, sent, clock.elapsed());
                }
                Some(Move::Remove(uid, version)) => {
                    let answer = in_time(cluster.remove_ticket(place, &(uid, version))).await;
                    stand.removal_answered(answer, clock.elapsed());
                }
                Some(Move::Read) | None => {}
            }
        };
        let (read, cleared, ()) = futures::join!(read, cleared, moved);
        let forbidden = |answer: &Result<(), Fault>| matches!(answer, Err(fault) if fault.kind == FaultKind::Forbidden);
        self.clears &= !cleared.iter().any(forbidden);
        if let Some(read) = read {
            self.was_read(read, clock.elapsed());
        }
    }

    fn was_read(&mut self, read: Result<Vec<Ticket>, Fault>, now: Mono) {
        self.stand.read(read.as_deref(), now);
        match read {
            Ok(tickets) => {
                let shared = lock(&self.shared);
                self.line.read(tickets, |stored| shared.since(stored), now);
            }
            // Who may not see the line cannot keep to it.
            Err(fault) if fault.kind == FaultKind::Forbidden => self.line = Line::default(),
            Err(_) => {}
        }
        if self.clears {
            self.gone = self.line.dead(now).filter(|it| it.name != *self.stand.name()).cloned().collect();
        }
    }
}

async fn in_time<T>(call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(CALL_LIMIT, call).await.unwrap_or_else(|_elapsed| {
        let message = format!("no answer about the line within {} s", CALL_LIMIT.as_secs());
        Err(Fault::new(FaultKind::Unreachable, message))
    })
}
