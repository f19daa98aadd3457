//! The leases of the session's runs: taken, renewed and given back by one task for each run, and asked before each write.

mod gate;
mod in_line;
mod keeper;
mod words;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(super) use gate::Gate;
use gate::Shared;
use in_line::InLine;
use keeper::Keeper;
pub(super) use words::lost;

use super::clock::Clock;
use super::keeping::Noted;
use super::tasks::Tasks;
use crate::app::msg::Msg;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::lease::{Patience, Tenure};
use crate::ports::cluster::Cluster;
use crate::ports::lease::Target;

/// How long a call about a lease may take: half of what a holder has between two renewals.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(5);

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
    /// Leases that are not given back but left to the run that puts this one back.
    heirs: Arc<Mutex<BTreeSet<Arc<str>>>>,
}

/// What a run wants.
pub(super) struct Wanted {
    pub(super) run: RunId,
    pub(super) leases: Vec<(ServiceId, Target)>,
    pub(super) patience: Patience,
    /// What for, as others who wait read it.
    pub(super) what: Arc<str>,
    /// It takes back what was deployed, and goes before all who wait to deploy.
    pub(super) first: bool,
    /// The run of this session that it puts back.
    pub(super) undoes: Option<RunId>,
    /// What has to stand in the cluster before: somebody else may have taken up what this run undoes, and know of more.
    pub(super) after: Option<Noted>,
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
        self.bequeath(&wanted);
        let before: Vec<_> = self.keepers.iter().filter(|(_, ends)| ends.asked.is_cancelled()).collect();
        let before: Vec<CancellationToken> = before.into_iter().map(|(_, ends)| ends.done.clone()).collect();
        let ends = Ends::default();
        self.keepers.push((wanted.run, ends.clone()));
        let identity = format!("{}-{}", self.identity, wanted.run);
        let tenure = || {
            let tenure = Tenure::new(identity.as_str(), wanted.patience);
            match wanted.undoes {
                Some(undone) => tenure.heir(format!("{}-{undone}", self.identity).into()),
                None => tenure,
            }
        };
        let place = InLine::new(&identity, &wanted, Arc::clone(&self.shared));
        let keeper = Keeper {
            run: wanted.run,
            held: wanted.leases.iter().map(|(service, target)| (service.clone(), target.clone(), tenure())).collect(),
            cluster,
            shared: Arc::clone(&self.shared),
            clock: self.clock.clone(),
            asked: ends.asked.clone(),
            heirs: Arc::clone(&ends.heirs),
            place,
            messages,
            told: None,
        };
        tasks.finish(async move {
            for earlier in before {
                earlier.cancelled().await;
            }
            match settled(wanted.after, &keeper.asked).await {
                Ok(()) => keeper.keep().await,
                Err(fault) => keeper.refuse(&fault).await,
            }
            ends.done.cancel();
        });
    }

    /// What puts a run back takes its leases on as they are, and nobody who waits gets in between: a bad deploy never blocks
    /// its fix.
    fn bequeath(&self, wanted: &Wanted) {
        for (_, ends) in self.keepers.iter().filter(|(of, _)| Some(*of) == wanted.undoes) {
            let mut heirs = ends.heirs.lock().unwrap_or_else(PoisonError::into_inner);
            heirs.extend(wanted.leases.iter().map(|(_, target)| Arc::clone(&target.lease)));
            ends.asked.cancel();
        }
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

pub(super) async fn in_time<T>(target: &Target, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(CALL_LIMIT, call).await.unwrap_or_else(|_elapsed| {
        let message = format!("no answer about the lease {} within {} s", target.lease, CALL_LIMIT.as_secs());
        Err(Fault::new(FaultKind::Unreachable, message))
    })
}
