//! The cluster as one process reaches it: over a network in which requests and answers get lost, come late and come twice.

mod leases;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::network::{Network, Sabotage};
use super::oracle::{Number, Written};
use super::weather::{Evicted, Luck};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{ServiceId, Uid};
use crate::domain::observed::{Change, Document, Kind, Workload, WorkloadRef};
use crate::domain::rights::Wanted;
use crate::domain::rollout::Backends;
use crate::domain::run::document;
use crate::domain::steward::Practice;
use crate::ports::cluster::{
    ChangeSink, Cluster, DeleteTarget, Discovery, ImageChange, LogRequest, LogSink, Revision, Scope,
};
use crate::ports::documents::{Documents, Draft};
use crate::ports::enforcement::{Enforcement, Order};
use crate::ports::refusal::Standing;
use crate::ports::rights::Rights;
use crate::ports::stewards::{Question, Stewards};
use crate::ports::traffic::Traffic;

/// How long an answer is waited for.
const LIMIT: Duration = Duration::from_secs(10);

/// The line of one process.
pub(super) struct Remote {
    pub(super) network: Arc<Network>,
    pub(super) process: Number,
}

type Effect<T> = Arc<dyn Fn(&Network, u64) -> Result<T, Fault> + Send + Sync>;

/// What is asked for, and the right that it needs.
#[derive(Clone, Copy)]
enum Asks {
    Read,
    Write(Evicted),
}

impl Asks {
    fn lost(self) -> Fault {
        match self {
            Self::Read => Fault::new(FaultKind::Unreachable, "no answer from the API server in time"),
            Self::Write(_) => Fault::new(FaultKind::OutcomeUnknown, "no answer from the API server in time"),
        }
    }
}

/// The simulated cluster answers at once.
fn now<T>(answer: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    answer.now_or_never().unwrap_or_else(|| Err(Fault::new(FaultKind::Other, "the simulated cluster did not answer")))
}

fn millis(time: u64) -> Duration {
    Duration::from_millis(time)
}

impl Remote {
    async fn request<T: Send + 'static>(
        &self,
        asks: Asks,
        effect: impl Fn(&Network, u64) -> Result<T, Fault> + Send + Sync + 'static,
    ) -> Result<T, Fault> {
        let (network, now) = (&self.network, self.network.now());
        let (luck, there, back, cut, evicted) = {
            let mut weather = network.weather();
            let (there, back) = (weather.distance(), weather.distance());
            (weather.luck(), there, back, weather.is_cut(self.process, now), weather.evicted(self.process, now))
        };
        if cut {
            sleep(millis(there)).await;
            return Err(Fault::new(FaultKind::Unreachable, "the API server refuses the connection"));
        }
        if let (Asks::Write(right), Some(evicted)) = (asks, evicted)
            && (evicted == Evicted::Everything || evicted == right)
        {
            sleep(millis(there + back)).await;
            network.weather().count("403");
            return Err(Fault::new(FaultKind::Forbidden, format!("no right to write {right:?}").to_lowercase()));
        }
        let effect: Effect<T> = Arc::new(effect);
        let answer = match luck {
            // To be changed meanwhile is for what changes something.
            Luck::Conflict if matches!(asks, Asks::Read) => Some(self.send(now + there, &effect, asks)),
            Luck::Arrives => Some(self.send(now + there, &effect, asks)),
            Luck::Twice(again) => {
                let answer = self.send(now + there, &effect, asks);
                drop(self.send(now + there + again, &effect, asks));
                Some(answer)
            }
            Luck::LostAfter | Luck::Broken(true) => {
                drop(self.send(now + there, &effect, asks));
                None
            }
            Luck::Late(late) => {
                drop(self.send(now + late, &effect, asks));
                None
            }
            _ => None,
        };
        if network.is_doomed(self.process) {
            // Whatever it has sent is on its way, and nothing of it happens any more.
            std::future::pending::<()>().await;
        }
        let Some(answer) = answer else { return Err(self.missed(luck, asks, there + back).await) };
        let answer = timeout(LIMIT, answer).await.map_err(|_elapsed| asks.lost())?;
        sleep(millis(back)).await;
        if network.weather().is_cut(self.process, network.now()) {
            return Err(asks.lost());
        }
        answer.unwrap_or_else(|_gone| Err(asks.lost()))
    }

    fn send<T: Send + 'static>(&self, at: u64, effect: &Effect<T>, asks: Asks) -> oneshot::Receiver<Result<T, Fault>> {
        let (tell, answer) = oneshot::channel();
        let (network, effect) = (Arc::clone(&self.network), Arc::clone(effect));
        let work = Box::new(move |now| {
            let down = now < network.weather().down_until;
            let result = if down { Err(asks.lost()) } else { effect(&network, now) };
            let _ = tell.send(result);
        });
        self.network.post(at, work);
        answer
    }

    /// No answer of the server's own, or none that says what became of it.
    async fn missed(&self, luck: Luck, asks: Asks, soon: u64) -> Fault {
        let fault = match luck {
            Luck::LostBefore { known: true } => Fault::new(FaultKind::Unreachable, "the connection failed"),
            Luck::Conflict => Fault::new(FaultKind::Conflict, "it was changed meanwhile (409)"),
            Luck::Throttled => Fault {
                retry_after: Some(Duration::from_secs(2)),
                ..Fault::new(FaultKind::Throttled, "the API server is busy (429)")
            },
            Luck::Broken(_) => Fault { message: "the API server failed (500)".to_owned(), ..asks.lost() },
            _ => {
                sleep(LIMIT).await;
                return asks.lost();
            }
        };
        sleep(millis(soon)).await;
        fault
    }

    /// After a lost answer the real adapter looks what stands there.
    async fn read_back(&self, change: &ImageChange) -> Result<Option<Workload>, Fault> {
        let change = ImageChange { dry_run: true, ..change.clone() };
        self.request(Asks::Read, move |network, _| {
            now(network.cluster.set_image(&change))?;
            let found = now(network.cluster.workload(&change.namespace, &change.workload))?;
            Ok((change.standing(&found) == Standing::Done).then_some(found))
        })
        .await
    }

    async fn until(&self, cut: bool) {
        while self.network.weather().is_cut(self.process, self.network.now()) != cut {
            sleep(millis(100)).await;
        }
    }
}

/// An image is set at the cluster, and the oracle learns of it if it took effect.
fn set(network: &Network, at: u64, by: Number, change: &ImageChange, fenceless: bool) -> Result<Workload, Fault> {
    let (place, workload) = (&change.namespace, &change.workload);
    let before = now(network.cluster.workload(place, workload)).map(|it| it.generation);
    let kept = now(network.cluster.documents(place, document::ABOUT)).unwrap_or_default();
    let written = match network.sabotage {
        // As if no test were sent along: it is done whatever stands there.
        Sabotage::Unconditional => {
            network.cluster.colleague_sets("shipdeck", place, &workload.name, &change.to);
            now(network.cluster.workload(place, workload))?
        }
        _ if fenceless => now(network.cluster.set_image(&ImageChange { fence: None, ..change.clone() }))?,
        _ => now(network.cluster.set_image(change))?,
    };
    if before.is_ok_and(|before| before != written.generation) {
        let (service, token) = (service(&workload.name), change.fence.as_ref().map(|fence| fence.token));
        let change = Written { by, service, to: change.to.to_string(), token };
        network.oracle().written(at, &change, &kept);
    }
    Ok(written)
}

fn service(of: &str) -> ServiceId {
    ServiceId::new(of.trim_start_matches("shipdeck-"))
}

#[async_trait]
impl Documents for Remote {
    async fn documents(&self, namespace: &str, about: &str) -> Result<Vec<Document>, Fault> {
        let (namespace, about) = (namespace.to_owned(), about.to_owned());
        self.request(Asks::Read, move |network, _| now(network.cluster.documents(&namespace, &about))).await
    }

    async fn write_document(&self, namespace: &str, draft: &Draft) -> Result<Document, Fault> {
        let (namespace, draft, new) = (namespace.to_owned(), draft.clone(), draft.over.is_none());
        let written = self.request(Asks::Write(Evicted::Documents), move |network, _| {
            now(network.cluster.write_document(&namespace, &draft))
        });
        let written = written.await;
        if new && written.as_ref().is_err_and(|fault| fault.kind == FaultKind::Forbidden) {
            // Whoever may not keep a run from its beginning was told that nobody can resume it.
            self.network.oracle().unkept.insert(self.process);
        }
        written
    }

    async fn remove_document(&self, namespace: &str, name: &str, over: &(Uid, Arc<str>)) -> Result<(), Fault> {
        let (namespace, name, over) = (namespace.to_owned(), name.to_owned(), over.clone());
        self.request(Asks::Write(Evicted::Documents), move |network, _| {
            now(network.cluster.remove_document(&namespace, &name, &over))
        })
        .await
    }
}

#[async_trait]
impl Rights for Remote {
    async fn may(&self, namespace: &str, wanted: &[Wanted]) -> Result<(), Fault> {
        let (namespace, wanted) = (namespace.to_owned(), wanted.to_vec());
        self.request(Asks::Read, move |network, _| now(network.cluster.may(&namespace, &wanted))).await
    }
}

/// There is nothing in a trial that enforces anything.
#[async_trait]
impl Enforcement for Remote {
    async fn enforce(&self, namespace: &str, order: &Order) -> Result<(), Fault> {
        now(self.network.cluster.enforce(namespace, order))
    }

    async fn lift(&self, namespace: &str, name: &str) -> Result<(), Fault> {
        now(self.network.cluster.lift(namespace, name))
    }

    async fn proves(&self, namespace: &str, name: &str, workloads: &[WorkloadRef]) -> Result<bool, Fault> {
        now(self.network.cluster.proves(namespace, name, workloads))
    }
}

/// Nothing in a trial is described elsewhere.
#[async_trait]
impl Stewards for Remote {
    async fn practice(&self, question: &Question) -> Practice {
        self.network.cluster.practice(question).await
    }
}

#[async_trait]
impl Traffic for Remote {
    async fn backends(&self, namespace: &str) -> Result<Vec<Backends>, Fault> {
        let namespace = namespace.to_owned();
        self.request(Asks::Read, move |network, _| now(network.cluster.backends(&namespace))).await
    }
}

#[async_trait]
impl Cluster for Remote {
    async fn watch(&self, scope: Scope, sink: ChangeSink) {
        loop {
            self.until(false).await;
            let (network, into) = (Arc::clone(&self.network), Arc::clone(&sink));
            let slow: ChangeSink = Arc::new(move |env, change| {
                let late = network.weather().distance().saturating_sub(60);
                let into = Arc::clone(&into);
                async move {
                    sleep(millis(late)).await;
                    into(env, change).await
                }
                .boxed()
            });
            tokio::select! {
                biased;
                () = self.network.cluster.watch(scope.clone(), slow) => return,
                () = self.until(true) => {}
            }
            for kind in Kind::ALL {
                let fault = Fault::new(FaultKind::Unreachable, "the connection failed");
                if !sink(scope.env.clone(), Change::Lost(kind, fault)).await {
                    return;
                }
            }
        }
    }

    async fn discover(&self) -> Result<Discovery, Fault> {
        self.request(Asks::Read, |network, _| now(network.cluster.discover())).await
    }

    fn attend(&self, _attentive: bool) {}

    async fn set_image(&self, change: &ImageChange) -> Result<Workload, Fault> {
        let (wanted, by, sent) = (change.clone(), self.process, self.network.now());
        if change.fence.is_some() {
            self.network.oracle().sends(sent, by, &service(&change.workload.name));
        }
        if self.network.sabotage == Sabotage::Fenceless {
            let (late, network) = (change.clone(), Arc::clone(&self.network));
            let work = Box::new(move |at| drop(set(&network, at, by, &late, true)));
            self.network.post(sent + 45_000, work);
        }
        let written =
            self.request(Asks::Write(Evicted::Workloads), move |network, at| set(network, at, by, &wanted, false));
        match written.await {
            Err(fault) if fault.kind == FaultKind::OutcomeUnknown => match self.read_back(change).await {
                Ok(Some(found)) => Ok(found),
                Err(refused) if refused.kind == FaultKind::Conflict => Err(refused),
                _ => Err(fault),
            },
            answered => answered,
        }
    }

    async fn workload(&self, namespace: &str, workload: &WorkloadRef) -> Result<Workload, Fault> {
        let (namespace, workload) = (namespace.to_owned(), workload.clone());
        self.request(Asks::Read, move |network, _| now(network.cluster.workload(&namespace, &workload))).await
    }

    async fn revisions(&self, namespace: &str, workload: &WorkloadRef) -> Result<Vec<Revision>, Fault> {
        let (namespace, workload) = (namespace.to_owned(), workload.clone());
        self.request(Asks::Read, move |network, _| now(network.cluster.revisions(&namespace, &workload))).await
    }

    async fn log(&self, _request: &LogRequest, _sink: LogSink) -> Result<(), Fault> {
        Ok(())
    }

    async fn delete(&self, target: &DeleteTarget) -> Result<(), Fault> {
        let target = target.clone();
        self.request(Asks::Write(Evicted::Workloads), move |network, _| now(network.cluster.delete(&target))).await
    }

    async fn manifest(&self, namespace: &str, resource: &str, name: &str) -> Result<String, Fault> {
        let (namespace, resource, name) = (namespace.to_owned(), resource.to_owned(), name.to_owned());
        self.request(Asks::Read, move |network, _| now(network.cluster.manifest(&namespace, &resource, &name))).await
    }
}
