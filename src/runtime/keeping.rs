//! The documents of the session's runs: one task writes those of one run in their order, and every write to a workload
//! waits until the document that tells of it stands.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::clock::Clock;
use super::history;
use super::leases::Gate;
use super::tasks::Tasks;
use crate::app::msg::{Msg, Outcome};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{RunId, Uid};
use crate::domain::lease;
use crate::domain::observed::Document;
use crate::domain::run::document;
use crate::ports::cluster::Cluster;
use crate::ports::documents::Draft;

/// How long a write to a workload waits for its document before it is tried again later.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries of a document that does not get through.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the last document is tried when the session ends.
const LAST_TRIES: u32 = 3;

/// What is to stand in the document, and the how manieth version of it that is.
#[derive(Clone, Debug, Default)]
struct Wanted {
    number: u64,
    text: String,
    /// The run is over: the last version.
    over: bool,
}

/// How far the task is.
#[derive(Clone, Debug)]
enum Standing {
    Stands(u64),
    /// Still at that one: the next does not get through, and why.
    Behind(u64, String),
    /// Not allowed, or too large: the run goes on without.
    Without,
    /// Somebody else has written it: nothing more is written by this run.
    Taken(String),
}

/// The documents of a session.
pub(super) struct Keeping {
    identity: Arc<str>,
    clock: Clock,
    runs: HashMap<RunId, (watch::Sender<Wanted>, watch::Receiver<Standing>)>,
}

/// Where the document of a run is.
pub(super) struct Place {
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) namespace: Arc<str>,
    pub(super) key: Arc<str>,
    pub(super) replaces: Option<(Uid, Arc<str>)>,
    /// Whether the run still holds its leases: only then is it written again where somebody has removed it.
    pub(super) gate: Gate,
}

/// Answers when the document of a run stands as it stood when this was made.
pub(super) struct Noted(Option<(u64, watch::Receiver<Standing>)>);

impl Noted {
    /// # Errors
    /// When somebody else has taken the run, or the document did not get through yet: nothing may be written then.
    pub(super) async fn stands(&self) -> Result<(), Fault> {
        let Some((wanted, mut standing)) = self.0.clone() else { return Ok(()) };
        let behind =
            |it: &Standing| matches!(it, Standing::Stands(number) | Standing::Behind(number, _) if *number < wanted);
        let reached = tokio::time::timeout(PATIENCE, standing.wait_for(|it| !behind(it))).await;
        let reached = reached.map(|found| found.map(|it| it.clone()));
        match reached {
            Ok(Ok(Standing::Taken(why))) => Err(Fault::new(FaultKind::Conflict, why)),
            Ok(Ok(Standing::Stands(_) | Standing::Behind(..) | Standing::Without)) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                let why = match &*standing.borrow() {
                    Standing::Behind(_, why) => format!(": {why}"),
                    _ => String::new(),
                };
                let what = "not written: what it is about to do could not be noted in the cluster yet";
                Err(Fault::new(FaultKind::Unreachable, format!("{what}{why}")))
            }
        }
    }
}

impl Keeping {
    pub(super) fn new(identity: Arc<str>, clock: Clock) -> Self {
        Self { identity, clock, runs: HashMap::new() }
    }

    pub(super) fn identity(&self) -> &Arc<str> {
        &self.identity
    }

    /// The document of a run is to say this from now on.
    pub(super) fn keep(
        &mut self,
        run: RunId,
        (place, text, over): (Place, String, bool),
        tasks: &mut Tasks,
        messages: mpsc::Sender<Msg>,
    ) {
        if let Some((wanted, _)) = self.runs.get(&run) {
            wanted.send_modify(|it| *it = Wanted { number: it.number + 1, text, over });
            return;
        }
        let (wanted, asked) = watch::channel(Wanted { number: 1, text, over });
        let (told, standing) = watch::channel(Standing::Stands(0));
        self.runs.insert(run, (wanted, standing));
        let owner = format!("{}-{run}", self.identity).into();
        let clock = self.clock.clone();
        let keeper = Keeper { run, over: place.replaces.clone(), place, owner, clock, asked, told, messages };
        tasks.finish(keeper.keep());
    }

    /// What a write of this moment has to wait for.
    pub(super) fn noted(&self, run: RunId) -> Noted {
        Noted(self.runs.get(&run).map(|(wanted, standing)| (wanted.borrow().number, standing.clone())))
    }
}

/// The task of one run.
struct Keeper {
    run: RunId,
    place: Place,
    owner: Arc<str>,
    clock: Clock,
    /// The version that stands.
    over: Option<(Uid, Arc<str>)>,
    asked: watch::Receiver<Wanted>,
    told: watch::Sender<Standing>,
    messages: mpsc::Sender<Msg>,
}

impl Keeper {
    async fn keep(mut self) {
        let mut tries = 0;
        loop {
            let wanted = self.asked.borrow_and_update().clone();
            match self.write(&wanted).await {
                Ok(()) => {
                    tries = 0;
                    self.told.send_replace(Standing::Stands(wanted.number));
                    if wanted.over {
                        self.forget_the_old().await;
                    }
                    if self.asked.changed().await.is_err() {
                        return;
                    }
                }
                // Who could note it until now and may not any more is not to go on unnoted: whoever takes the run up would
                // know nothing of it. With the right it goes on.
                Err(fault) if passes(fault.kind) || self.over.is_some() && fault.kind == FaultKind::Forbidden => {
                    tracing::warn!(run = self.run.0, %fault, "run not kept yet");
                    let stands = match &*self.told.borrow() {
                        Standing::Stands(number) | Standing::Behind(number, _) => *number,
                        Standing::Without | Standing::Taken(_) => 0,
                    };
                    self.told.send_replace(Standing::Behind(stands, fault.message.clone()));
                    tries += 1;
                    if self.asked.has_changed().is_err() && tries >= LAST_TRIES {
                        return;
                    }
                    tokio::time::sleep(fault.retry_after.unwrap_or(PAUSE).min(PATIENCE)).await;
                }
                Err(fault) => {
                    tracing::warn!(run = self.run.0, %fault, "run not kept");
                    let taken = matches!(fault.kind, FaultKind::Conflict | FaultKind::NotFound);
                    let standing = if taken { Standing::Taken(fault.to_string()) } else { Standing::Without };
                    self.told.send_replace(standing);
                    let _ = self.messages.send(Msg::Done(Outcome::Unkept { run: self.run, fault })).await;
                    return;
                }
            }
        }
    }

    async fn write(&mut self, wanted: &Wanted) -> Result<(), Fault> {
        let texts = document::texts(&wanted.text, &self.owner, self.clock.now());
        let name = document::name(&self.place.key);
        let draft = Draft { name, about: document::ABOUT.into(), over: self.over.clone(), texts };
        let written = self.place.cluster.write_document(&self.place.namespace, &draft).await;
        let found = match written {
            Err(fault) if matches!(fault.kind, FaultKind::Conflict | FaultKind::NotFound) => {
                let Some(found) = self.found().await? else {
                    return Err(self.missing(fault, wanted));
                };
                let nobodys = found.texts.get("owner").is_none_or(|owner| owner.is_empty());
                let ours = document::is_of(&found, &self.owner) || nobodys && self.place.gate.holds(self.run);
                if !ours {
                    return Err(Fault::new(FaultKind::Conflict, taken(&found)));
                }
                // An earlier write got through, and only its answer was lost: the next try is over that one.
                self.over = Some((found.meta.uid, found.meta.resource_version));
                return Err(Fault::new(FaultKind::OutcomeUnknown, "an earlier answer was lost"));
            }
            other => other?,
        };
        self.over = Some((found.meta.uid, found.meta.resource_version));
        Ok(())
    }

    /// There is none. A conflict over one that never was comes from something that counts what is created, as quotas do.
    /// Where somebody has removed it, whoever holds the leases writes it anew; whoever does not may be the one who was
    /// stopped while others went on and cleared up.
    fn missing(&mut self, fault: Fault, wanted: &Wanted) -> Fault {
        if self.over.is_none() && fault.kind == FaultKind::Conflict {
            return Fault { kind: FaultKind::Throttled, ..fault };
        }
        if wanted.over || !self.place.gate.holds(self.run) {
            let why = "nothing more is written: its document was deleted in the cluster";
            return Fault::new(FaultKind::NotFound, why);
        }
        self.over = None;
        Fault::new(FaultKind::OutcomeUnknown, "its document was deleted in the cluster, and is written again")
    }

    async fn found(&self) -> Result<Option<Document>, Fault> {
        let all = self.place.cluster.documents(&self.place.namespace, document::ABOUT).await?;
        let name = document::name(&self.place.key);
        Ok(all.into_iter().find(|document| document.meta.name == name))
    }

    async fn forget_the_old(&self) {
        let Place { cluster, namespace, .. } = &self.place;
        let Ok(all) = cluster.documents(namespace, document::ABOUT).await else { return };
        let entries: Vec<_> = all.iter().filter_map(|document| document::read(document).ok()).collect();
        let old = document::outdated(&entries, self.clock.now()).into_iter();
        history::forget(&**cluster, namespace, old.map(|entry| (document::name(&entry.key), entry.over.clone()))).await;
    }
}

/// Who has it now, in words.
fn taken(found: &Document) -> String {
    match document::read(found) {
        Ok(entry) if entry.run.state.is_over() => {
            format!("nothing more is written: the run was ended by {}", lease::who(&entry.owner))
        }
        Ok(entry) => format!("nothing more is written: the run was taken up by {}", lease::who(&entry.owner)),
        Err(broken) => format!("nothing more is written: its document in the cluster: {}", broken.why),
    }
}

fn passes(kind: FaultKind) -> bool {
    use FaultKind::{Expired, Other, OutcomeUnknown, Throttled, Unauthenticated, Unreachable};
    matches!(kind, Unreachable | Throttled | OutcomeUnknown | Unauthenticated | Expired | Other)
}
