//! One loop for each kind of a scope: list page by page, watch from there, again after every end.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use futures::future::select_all;
use http::StatusCode;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument;

use super::call::{Call, HEAD_LIMIT};
use super::connect::Link;
use super::lines::{self, Splitter};
use super::pulse::{Health, Pulse};
use super::{collection, escaped, fault, map, selector, wire};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::{Change, Kind};
use crate::ports::cluster::{ChangeSink, Scope};

const PAGE: usize = 500;
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Rights change rarely.
const FORBIDDEN_WAIT: Duration = Duration::from_mins(1);
/// The most that a server is obeyed when it asks to be left alone.
const LONGEST_OBEYED: Duration = Duration::from_mins(2);
/// A watch this silent is begun anew even when the server answers others: two bookmarks were missed.
const SILENT_WATCH: Duration = Duration::from_secs(150);
/// A watch that ended sooner was refused in some way that nobody said.
const BRIEF: Duration = Duration::from_secs(1);
/// How long after a 410 another one is answered by a list at once.
const RELIST_AGAIN: Duration = Duration::from_secs(10);
const LONGEST_LINE: usize = 16 << 20;

/// Why a round ended.
enum End {
    /// Nobody listens any more.
    Closed,
    Fault(Fault),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Watches every kind of the scope until the sink refuses.
pub(super) async fn scope(link: &Link, pulse: &Pulse, scope: &Scope, sink: &ChangeSink) {
    let health = watch::Sender::new(Health::Well);
    let loops = Kind::ALL.map(|kind| {
        let one = Loop {
            link,
            pulse,
            scope,
            sink,
            kind,
            version: None,
            whole: false,
            lost: false,
            failures: 0,
            relisted: None,
        };
        Box::pin(one.run(health.subscribe()).instrument(tracing::info_span!("kind", kind = kind.plural())))
    });
    tokio::select! {
        _ = select_all(loops) => {}
        () = pulse.guard(link, &health) => {}
    }
}

struct Loop<'a> {
    link: &'a Link,
    pulse: &'a Pulse,
    scope: &'a Scope,
    sink: &'a ChangeSink,
    kind: Kind,
    /// Where a watch goes on; `None`: list first. Moves only when a change was taken, so that none is lost.
    version: Option<String>,
    /// List all at once: a list by pages took longer than the server keeps its place in it.
    whole: bool,
    lost: bool,
    failures: u32,
    /// When 410 was last answered by a list at once: twice in a row would be a loop.
    relisted: Option<Instant>,
}

impl Loop<'_> {
    async fn run(mut self, mut health: watch::Receiver<Health>) {
        loop {
            let round = tokio::select! {
                round = self.round() => round,
                silent = silence(&mut health) => Err(End::Fault(silent)),
            };
            let Err(end) = round else { continue };
            let End::Fault(fault) = end else { return };
            let wait = self.wait_after(&fault);
            if self.tell_lost(fault, wait).await.is_err() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = silence(&mut health) => {}
            }
            // While the server is silent only the probe asks, on behalf of all.
            if health.wait_for(|now| *now == Health::Well).await.is_err() {
                return;
            }
        }
    }

    /// 410 is no loss at first: everything is listed again at once.
    async fn tell_lost(&mut self, fault: Fault, wait: Duration) -> Result<(), End> {
        if wait.is_zero() {
            return Ok(());
        }
        self.lost = true;
        tracing::warn!(%fault, ?wait, "watch lost");
        self.emit(Change::Lost(self.kind, fault)).await
    }

    fn wait_after(&mut self, fault: &Fault) -> Duration {
        self.failures = self.failures.saturating_add(1);
        // Where it was is lost, or what stands there cannot be understood: only a new list helps.
        if !matches!(fault.kind, FaultKind::Unreachable | FaultKind::Throttled | FaultKind::Unauthenticated) {
            self.version = None;
        }
        if fault.kind == FaultKind::Expired && self.relisted.is_none_or(|at| at.elapsed() > RELIST_AGAIN) {
            self.relisted = Some(Instant::now());
            return Duration::ZERO;
        }
        if fault.kind == FaultKind::Forbidden {
            return FORBIDDEN_WAIT;
        }
        let doubled = SHORTEST_WAIT.saturating_mul(1 << self.failures.saturating_sub(1).min(8)).min(LONGEST_WAIT);
        let asked = fault.retry_after.unwrap_or_default().min(LONGEST_OBEYED);
        jittered(doubled).max(asked)
    }

    async fn round(&mut self) -> Result<(), End> {
        match self.version.clone() {
            None => self.list().await,
            Some(version) => self.follow(version).await,
        }
    }

    async fn list(&mut self) -> Result<(), End> {
        let doing = format!("list {} in {}", self.kind.plural(), self.scope.namespace);
        let selector = selector(self.kind);
        let all = collection(self.kind, Some(&self.scope.namespace));
        let base = format!("{all}?limit={PAGE}{selector}");
        let mut path = if self.whole { format!("{all}?{}", selector.trim_start_matches('&')) } else { base.clone() };
        let mut first = true;
        loop {
            let bytes = self.link.bytes(&Call::get(path, doing.clone())).await;
            self.whole = !first && matches!(&bytes, Err(fault) if fault.kind == FaultKind::Expired);
            let bytes = bytes?;
            self.pulse.beat();
            let page = map::page(self.kind, &bytes).map_err(|error| fault::unreadable(&error, &bytes, &doing))?;
            drop(bytes);
            if std::mem::take(&mut first) {
                self.emit(Change::ListStarted(self.kind)).await?;
            }
            for object in page.objects {
                self.emit(Change::Upsert(object)).await?;
            }
            let Some(next) = page.next else {
                self.emit(Change::Listed(self.kind)).await?;
                tracing::info!(version = page.version, "listed");
                self.version = Some(page.version);
                self.lost = false;
                return Ok(());
            };
            path = format!("{base}&continue={}", escaped(&next));
        }
    }

    async fn follow(&mut self, version: String) -> Result<(), End> {
        let doing = format!("watch {} in {}", self.kind.plural(), self.scope.namespace);
        let seconds = 270 + random() % 40;
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={}{}",
            collection(self.kind, Some(&self.scope.namespace)),
            escaped(&version),
            selector(self.kind)
        );
        let mut body = self.link.send(&Call::get(path, doing.clone()), HEAD_LIMIT).await?.into_body();
        let began = Instant::now();
        self.pulse.beat();
        if std::mem::take(&mut self.lost) {
            self.emit(Change::Alive(self.kind)).await?;
        }
        let mut splitter = Splitter::new(LONGEST_LINE);
        let mut ready = Vec::new();
        loop {
            let piece = match tokio::time::timeout(SILENT_WATCH, lines::piece(&mut body, &doing)).await {
                Ok(Ok(Some(piece))) => piece,
                // Ended in order, broken after a while, or silent for too long: goes on from where it was. A server
                // that is really gone refuses that, and then it is told.
                Ok(Ok(None) | Err(_)) | Err(_) if began.elapsed() >= BRIEF => {
                    self.failures = 0;
                    return Ok(());
                }
                Ok(Err(fault)) => return Err(fault.into()),
                _ => return Err(Fault::new(FaultKind::Unreachable, format!("cannot {doing}: it ended at once")).into()),
            };
            self.pulse.beat();
            splitter.push(piece.as_ref(), &mut ready);
            drop(piece);
            for line in ready.drain(..) {
                if line.length > 0 {
                    self.take(&line.bytes, &doing).await?;
                }
            }
        }
    }

    /// Takes one line of a watch in.
    async fn take(&mut self, line: &[u8], doing: &str) -> Result<(), End> {
        let read = |error: serde_json::Error| fault::unreadable(&error, line, doing);
        let sort = map::sort_of(line).map_err(read)?;
        let (change, version) = match &*sort {
            "ERROR" => {
                let status = map::in_line::<wire::Status>(line).map_err(read)?;
                let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return Err(fault::from_status(code, &status, doing).into());
            }
            "BOOKMARK" => {
                let bare = map::in_line::<wire::Bare>(line).map_err(read)?;
                (Change::Alive(self.kind), bare.metadata.resource_version)
            }
            sort => {
                let object = map::line(self.kind, line).map_err(read)?;
                let meta = object.meta();
                let version = meta.resource_version.to_string();
                let (name, uid) = (meta.name.clone(), meta.uid.clone());
                let gone = sort == "DELETED";
                (if gone { Change::Delete { kind: self.kind, name, uid } } else { Change::Upsert(object) }, version)
            }
        };
        self.emit(change).await?;
        self.version = Some(version);
        self.failures = 0;
        Ok(())
    }

    async fn emit(&self, change: Change) -> Result<(), End> {
        if (self.sink)(self.scope.env.clone(), change).await { Ok(()) } else { Err(End::Closed) }
    }
}

/// Waits until the probe got no answer.
async fn silence(health: &mut watch::Receiver<Health>) -> Fault {
    loop {
        let now = health.borrow_and_update().clone();
        if let Health::Silent(fault) = now {
            return fault;
        }
        if health.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Between half of it and all of it.
fn jittered(wait: Duration) -> Duration {
    let half = wait / 2;
    half + half.mul_f64((random() % 1_000) as f64 / 1_000.0)
}

fn random() -> u64 {
    // Every state is keyed by chance: good enough to keep clients apart, and no dependency.
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
