//! Does what the model asked for and answers with messages.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Semaphore, mpsc};
use tracing::{Instrument, info_span};

use super::clock::Clock;
use super::files::Files;
use super::fleet::Fleet;
use super::keeping::{Keeping, Place};
use super::leases::{Gate, Leases, Wanted};
use super::tasks::Tasks;
use super::{locks, stewards};
use crate::app::effect::{Effect, TaskKey};
use crate::app::msg::{LogEvent, Msg, Outcome};
use crate::domain::cleanup::Finding;
use crate::domain::ids::{ClusterId, EnvId, RunId, ServiceId};
use crate::domain::lock::Attempt;
use crate::domain::observed::{Change, WorkloadRef};
use crate::ports::cluster::{ChangeSink, Cluster, DeleteTarget, ImageChange, LogLine, LogRequest, LogSink, Scope};

mod shared;

/// Deletions under way at once.
const DELETIONS_AT_ONCE: usize = 8;

/// What only the owner of the terminal can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Terminal {
    Copy(String),
    Redraw,
    Mouse(bool),
    Suspend,
    Quit,
}

/// Carries effects out.
pub(super) struct Executor {
    fleet: Fleet,
    tasks: Tasks,
    messages: mpsc::Sender<Msg>,
    files: Files,
    deletions: Arc<Semaphore>,
    clock: Clock,
    leases: Leases,
    keeping: Keeping,
}

impl Executor {
    /// `identity`: what the holder of every lease of this session begins with.
    pub(super) fn new(
        fleet: Fleet,
        files: Files,
        messages: mpsc::Sender<Msg>,
        clock: Clock,
        identity: Arc<str>,
    ) -> Self {
        let deletions = Arc::new(Semaphore::new(DELETIONS_AT_ONCE));
        let leases = Leases::new(Arc::clone(&identity), clock.clone());
        let keeping = Keeping::new(identity, clock.clone());
        Self { fleet, tasks: Tasks::default(), messages, files, deletions, clock, leases, keeping }
    }

    /// Begins an effect. What concerns the terminal is handed back.
    pub(super) fn perform(&mut self, effect: Effect) -> Option<Terminal> {
        match effect {
            Effect::Discover(cluster) => self.discover(cluster),
            Effect::Watch { cluster, scope } => self.watch(&cluster, scope),
            Effect::Unwatch(env) => self.tasks.cancel(&TaskKey::Watch(env)),
            Effect::Attend(attentive) => self.fleet.attend(attentive),
            Effect::Acquire { run, cluster, leases, patience, what, first, undoes } => {
                let after = undoes.map(|undone| self.keeping.noted(undone));
                let wanted = Wanted { run, leases, patience, what, first, undoes, after };
                let cluster = self.fleet.get(&cluster);
                self.leases.acquire(wanted, cluster, &mut self.tasks, self.messages.clone());
            }
            Effect::Release(run) => self.leases.release(run),
            Effect::Keep { run, cluster, namespace, key, replaces, text, over } => {
                let (cluster, gate) = (self.fleet.get(&cluster), self.leases.gate());
                let place = Place { cluster, namespace, key, replaces, gate };
                self.keeping.keep(run, (place, text, over), &mut self.tasks, self.messages.clone());
            }
            Effect::AskRights { env, cluster, namespace, need, wanted } => {
                self.ask_rights((env, need), &cluster, namespace, wanted);
            }
            Effect::AskSteward { env, service, cluster, question } => {
                let (cluster, messages) = (self.fleet.get(&cluster), self.messages.clone());
                let span = info_span!("steward", %env, %service);
                let work = async move {
                    let practice = cluster.practice(&question).await;
                    tracing::info!(sync = ?practice.sync, "steward asked");
                    send(&messages, Msg::Done(Outcome::Practice { env, service, practice })).await;
                };
                self.tasks.finish(work.instrument(span));
            }
            Effect::AskTraffic { run, cluster, namespace } => {
                let (cluster, messages) = (self.fleet.get(&cluster), self.messages.clone());
                self.tasks.finish(async move {
                    let result = cluster.backends(&namespace).await;
                    send(&messages, Msg::Done(Outcome::Traffic { run, result })).await;
                });
            }
            Effect::ChangeLock { env, cluster, namespace, change } => {
                self.change_lock(&cluster, env, namespace, change);
            }
            Effect::Record { env, cluster, namespace, name, texts } => {
                self.record(&cluster, env, namespace, (name, texts));
            }
            Effect::ChangeRun { env, cluster, namespace, change } => self.change_run(&cluster, env, namespace, change),
            Effect::SetImage { run, service, cluster, change, attempt } => {
                let cluster = (self.fleet.get(&cluster), cluster);
                self.set_image((run, service), cluster, change, *attempt);
            }
            Effect::Revisions { env, service, cluster, namespace, workload } => {
                let cluster = self.fleet.get(&cluster);
                self.revisions(cluster, (env, service), namespace, workload);
            }
            Effect::OpenLog { stream, cluster, request, delay_ms } => {
                self.open_log(stream, &cluster, request, Duration::from_millis(delay_ms));
            }
            Effect::CloseLog { stream } => self.tasks.cancel(&TaskKey::Log(stream)),
            Effect::Delete { cluster, namespace, finding } => self.delete(&cluster, namespace, *finding),
            Effect::Save { what, file, text } => {
                let (messages, files) = (self.messages.clone(), self.files.clone());
                self.tasks.finish(async move {
                    let result = files.save(&file, &text).await;
                    match &result {
                        Ok(path) => tracing::info!(what, path, "saved"),
                        Err(fault) => tracing::warn!(what, %fault, "not saved"),
                    }
                    send(&messages, Msg::Done(Outcome::Saved { what, result })).await;
                });
            }
            Effect::Copy(text) => return Some(Terminal::Copy(text)),
            Effect::Redraw => return Some(Terminal::Redraw),
            Effect::Mouse(on) => return Some(Terminal::Mouse(on)),
            Effect::Suspend => return Some(Terminal::Suspend),
            Effect::Quit => return Some(Terminal::Quit),
        }
        None
    }

    /// Ends everything; writes under way are waited for. False: one of them was still without an answer.
    pub(super) async fn end(mut self) -> bool {
        drop(self.messages);
        drop(self.keeping);
        self.leases.release_all();
        self.tasks.end(Duration::from_secs(10)).await
    }

    /// A cluster, for a command that asks it something without the model.
    pub(super) fn cluster(&mut self, id: &ClusterId) -> Arc<dyn Cluster> {
        self.fleet.get(id)
    }

    fn discover(&mut self, id: ClusterId) {
        let key = TaskKey::Discover(id.clone());
        let cluster = self.fleet.get(&id);
        let messages = self.messages.clone();
        let span = info_span!("discovery", cluster = %id);
        let work = async move {
            let result = cluster.discover().await;
            match &result {
                Ok(found) => tracing::info!(workloads = found.workloads.len(), "discovered"),
                Err(fault) => tracing::warn!(%fault, "not discovered"),
            }
            send(&messages, Msg::Done(Outcome::Discovered { cluster: id, result })).await;
        };
        self.tasks.replace(key, work.instrument(span));
    }

    fn watch(&mut self, id: &ClusterId, scope: Scope) {
        let key = TaskKey::Watch(scope.env.clone());
        if self.tasks.has(&key) {
            return;
        }
        let cluster = self.fleet.get(id);
        let sink = change_sink(self.messages.clone(), self.leases.gate());
        let span = info_span!("watch", cluster = %id, env = %scope.env);
        self.tasks.replace(key, async move { cluster.watch(scope, sink).await }.instrument(span));
    }

    fn set_image(
        &mut self,
        (run, service): (RunId, ServiceId),
        (cluster, id): (Arc<dyn Cluster>, ClusterId),
        change: ImageChange,
        attempt: Attempt,
    ) {
        let (messages, clock, gate) = (self.messages.clone(), self.clock.clone(), self.leases.gate());
        let noted = self.keeping.noted(run);
        let span = info_span!("write", cluster = %id, run = run.0, %service, namespace = &*change.namespace);
        let work = async move {
            // Asked at the last moment: this process may have been stopped since the write was wished for.
            let unbarred = locks::check(&*cluster, &change, &attempt, &clock).await;
            let noted = match unbarred {
                Ok(()) => noted.stands().await,
                barred => barred,
            };
            let unfought = match noted {
                Ok(()) => stewards::check(&*cluster, &change).await,
                unnoted => unnoted,
            };
            let allowed = match unfought {
                Ok(()) => gate.check(run, &service, &change).await,
                fought => fought,
            };
            let result = match allowed {
                Ok(()) => cluster.set_image(&change).await.map(Box::new),
                Err(fault) => Err(fault),
            };
            match &result {
                Ok(_) => tracing::info!(from = &*change.from, to = &*change.to, "image written"),
                Err(fault) => tracing::warn!(to = &*change.to, %fault, "image not written"),
            }
            send(&messages, Msg::Done(Outcome::Written { run, service, result, at: clock.now() })).await;
        };
        self.tasks.finish(work.instrument(span));
    }

    fn revisions(
        &mut self,
        cluster: Arc<dyn Cluster>,
        (env, service): (EnvId, ServiceId),
        namespace: Arc<str>,
        workload: WorkloadRef,
    ) {
        let messages = self.messages.clone();
        let span = info_span!("revisions", %env, %service);
        let work = async move {
            let result = cluster.revisions(&namespace, &workload).await;
            match &result {
                Ok(revisions) => tracing::info!(count = revisions.len(), "revisions read"),
                Err(fault) => tracing::warn!(%fault, "revisions not read"),
            }
            send(&messages, Msg::Done(Outcome::Revisions { env, service, result })).await;
        };
        self.tasks.finish(work.instrument(span));
    }

    fn open_log(&mut self, stream: u64, id: &ClusterId, request: LogRequest, delay: Duration) {
        let cluster = self.fleet.get(id);
        let messages = self.messages.clone();
        let span = info_span!("log", cluster = %id, pod = &*request.pod, container = &*request.container);
        let work = async move {
            tokio::time::sleep(delay).await;
            let event = match cluster.log(&request, log_sink(stream, messages.clone())).await {
                Ok(()) => LogEvent::Ended,
                Err(fault) => {
                    tracing::info!(%fault, "log ended");
                    LogEvent::Failed(fault)
                }
            };
            send(&messages, Msg::Log { stream, event }).await;
        };
        self.tasks.replace(TaskKey::Log(stream), work.instrument(span));
    }

    fn delete(&mut self, id: &ClusterId, namespace: Arc<str>, finding: Finding) {
        let cluster = self.fleet.get(id);
        let (messages, files) = (self.messages.clone(), self.files.clone());
        let deletions = Arc::clone(&self.deletions);
        let resource = finding.kind.resource();
        let span = info_span!("delete", cluster = %id, env = %finding.env, resource, name = &*finding.name);
        let work = async move {
            // A closed semaphore only means that the session ends: then nothing new is deleted.
            let Ok(_permit) = deletions.acquire_owned().await else { return };
            let saved = save_before_deletion(&*cluster, &files, &namespace, &finding).await;
            let result = match saved {
                Ok(saved) => cluster.delete(&target(&namespace, &finding)).await.map(|()| saved),
                Err(fault) => Err(fault),
            };
            match &result {
                Ok(saved) => tracing::info!(saved = saved.as_deref().unwrap_or_default(), "deleted"),
                Err(fault) => tracing::warn!(%fault, "not deleted"),
            }
            send(&messages, Msg::Done(Outcome::Deleted { uid: finding.uid, result })).await;
        };
        self.tasks.finish(work.instrument(span));
    }
}

fn target(namespace: &Arc<str>, finding: &Finding) -> DeleteTarget {
    DeleteTarget {
        namespace: Arc::clone(namespace),
        resource: finding.kind.resource(),
        name: Arc::clone(&finding.name),
        uid: finding.uid.clone(),
        resource_version: Arc::clone(&finding.resource_version),
    }
}

/// Saves the object and, of a pod, what its log still holds. Nothing is deleted that could not be saved first; a log
/// that is gone already (its node may be) does not count.
pub(super) async fn save_before_deletion(
    cluster: &dyn Cluster,
    files: &Files,
    namespace: &Arc<str>,
    finding: &Finding,
) -> Result<Option<String>, crate::domain::fault::Fault> {
    let resource = finding.kind.resource();
    let manifest = cluster.manifest(namespace, resource, &finding.name).await?;
    let mut text = manifest.clone();
    if resource == "pod" {
        for container in container_names(&manifest) {
            let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
            let request = LogRequest {
                namespace: Arc::clone(namespace),
                pod: Arc::clone(&finding.name),
                container: container.as_str().into(),
                follow: false,
                previous: false,
                tail: Some(1_000),
                since: None,
                since_time: None,
            };
            let read = cluster.log(&request, collect(Arc::clone(&lines)));
            let outcome = tokio::time::timeout(Duration::from_secs(5), read).await;
            text.push_str(&format!("\n# log of container {container}\n"));
            if let Ok(Err(fault)) = outcome {
                text.push_str(&format!("# not readable: {fault}\n"));
            }
            let lines = lines.lock().map(|lines| lines.clone()).unwrap_or_default();
            for line in lines {
                text.push_str(&line.text);
                text.push('\n');
            }
        }
    }
    let name = format!("{}-{}-{}-{}.txt", finding.env, resource, finding.name, finding.uid);
    let file = crate::app::effect::FileTarget::Data(name);
    files.save(&file, &text).await.map(Some)
}

fn container_names(manifest: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
    let containers = value.pointer("/spec/containers").and_then(serde_json::Value::as_array);
    let names = containers.into_iter().flatten().filter_map(|container| container.get("name")?.as_str());
    names.map(str::to_owned).collect()
}

fn collect(lines: Arc<std::sync::Mutex<Vec<LogLine>>>) -> LogSink {
    Arc::new(move |batch| {
        if let Ok(mut lines) = lines.lock() {
            lines.extend(batch);
        }
        async { true }.boxed()
    })
}

async fn send(messages: &mpsc::Sender<Msg>, msg: Msg) -> bool {
    messages.send(msg).await.is_ok()
}

fn change_sink(messages: mpsc::Sender<Msg>, gate: Gate) -> ChangeSink {
    Arc::new(move |env: EnvId, change: Change| {
        gate.observe(&change);
        let messages = messages.clone();
        async move { send(&messages, Msg::Fact { env, change }).await }.boxed()
    })
}

fn log_sink(stream: u64, messages: mpsc::Sender<Msg>) -> LogSink {
    Arc::new(move |lines| {
        let messages = messages.clone();
        async move { send(&messages, Msg::Log { stream, event: LogEvent::Lines(lines) }).await }.boxed()
    })
}

#[cfg(test)]
#[path = "executor_tests.rs"]
mod tests;
