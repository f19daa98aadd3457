//! Whether the cluster still answers: when something was last heard on any watch, and a probe when that is too long ago.
//!
//! A server that is frozen, or a network that drops packets, closes no connection: a watch just stays silent. Bookmarks
//! come about once a minute, so silence longer than that is judged by asking `GET /readyz`, and much sooner while
//! somebody is looking. While bookmarks come and nobody looks, nothing at all is sent.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::call::Call;
use super::connect::Link;
use crate::domain::fault::{Fault, FaultKind};

/// Silence after which is asked while somebody looks.
const QUIET_ATTENDED: Duration = Duration::from_secs(5);
/// Silence after which is asked in any case: longer than the minute between two bookmarks.
const QUIET: Duration = Duration::from_secs(75);
/// How long the answer may take.
const PROBE_LIMIT: Duration = Duration::from_secs(3);
/// Pause between two probes that got no answer.
const PAUSE_ATTENDED: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(15);

/// When something was last heard of a cluster.
#[derive(Debug)]
pub(super) struct Pulse {
    heard: Mutex<Option<Instant>>,
    attentive: watch::Sender<bool>,
}

/// What the watches of a scope are to believe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    Silent(Fault),
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self { heard: Mutex::new(None), attentive: watch::Sender::new(false) }
    }

    pub(super) fn attend(&self, attentive: bool) {
        self.attentive.send_if_modified(|now| std::mem::replace(now, attentive) != attentive);
    }

    pub(super) fn beat(&self) {
        *self.lock() = Some(Instant::now());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Asks when it has been quiet for too long and tells `health`; never ends.
    pub(super) async fn guard(&self, link: &Link, health: &watch::Sender<Health>) {
        let began = Instant::now();
        let mut attentive = self.attentive.subscribe();
        loop {
            let looked_at = *attentive.borrow_and_update();
            let heard = self.lock().unwrap_or(began);
            let silent = *health.borrow() != Health::Well;
            let (quiet, pause) = if looked_at { (QUIET_ATTENDED, PAUSE_ATTENDED) } else { (QUIET, PAUSE) };
            let due = if silent { Instant::now() + pause } else { heard + quiet };
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                _ = attentive.changed() => continue,
            }
            let heard = self.lock().unwrap_or(began);
            if !silent && heard.elapsed() < quiet {
                continue;
            }
            let verdict = match probe(link).await {
                Err(fault) if fault.kind == FaultKind::Unreachable => {
                    let quiet_for = heard.elapsed().as_secs();
                    Health::Silent(Fault::new(
                        FaultKind::Unreachable,
                        format!("no answer from {}, nothing heard for {quiet_for} s", link.context),
                    ))
                }
                // Even a refusal is an answer; the watches have faults of their own for it.
                _ => {
                    self.beat();
                    Health::Well
                }
            };
            health.send_if_modified(|now| {
                // The first silence is what is told; its length is shown by the clock of the reader.
                let changed = std::mem::discriminant(now) != std::mem::discriminant(&verdict);
                if changed {
                    *now = verdict;
                }
                changed
            });
        }
    }
}

async fn probe(link: &Link) -> Result<(), Fault> {
    let call = Call::get("/readyz".into(), format!("reach {}", link.context));
    link.send(&call, PROBE_LIMIT).await.map(drop)
}
