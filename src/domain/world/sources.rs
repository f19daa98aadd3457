//! What is heard of each kind, and how current the whole picture is by it.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::{EnvWorld, Touched};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::{Kind, WorkloadKind};

/// How current the picture of an environment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The first lists are still arriving.
    Reading {
        since: Timestamp,
        seen: usize,
    },
    Live,
    /// Since the first failure, or since silence became suspicious; what is shown is old and is never used to decide.
    Stale {
        since: Timestamp,
        fault: Fault,
    },
    /// A kind that is needed may not be read.
    Denied {
        kind: Kind,
        fault: Fault,
    },
}

impl Freshness {
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }

    /// What is wrong with all of the environment.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Stale { fault, .. } | Self::Denied { fault, .. } => Some(fault),
            Self::Reading { .. } | Self::Live => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) state: SourceState,
    /// A list was read to its end at least once.
    pub(super) listed: bool,
    /// Names seen in the list under way; what is missing at its end is gone.
    pub(super) listing: Option<HashSet<Arc<str>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SourceState {
    Reading { since: Timestamp },
    Live { since: Timestamp },
    Lost { since: Timestamp, fault: Fault },
}

/// The kinds that verdicts rest on.
fn needed() -> impl Iterator<Item = &'static Kind> {
    Kind::ALL.iter().filter(|kind| !matches!(kind, Kind::Job | Kind::Event | Kind::Lease | Kind::Document))
}

impl EnvWorld {
    /// How current the picture is: the worst of the kinds that verdicts rest on. A kind of workloads that may not be read
    /// hides what runs as that kind and nothing else, as long as there is another kind that may.
    pub fn freshness(&self) -> Freshness {
        let mut reading: Option<Timestamp> = None;
        let mut stale: Option<(Timestamp, &Fault)> = None;
        for kind in needed() {
            let Some(source) = self.sources.get(kind) else { continue };
            match &source.state {
                SourceState::Live { .. } => {}
                SourceState::Reading { since } => reading = Some(reading.map_or(*since, |other| other.min(*since))),
                SourceState::Lost { fault, .. } if fault.kind == FaultKind::Forbidden => {
                    if matches!(kind, Kind::Workload(_)) && self.reads_another(*kind) {
                        continue;
                    }
                    return Freshness::Denied { kind: *kind, fault: fault.clone() };
                }
                SourceState::Lost { since, fault } => {
                    stale = stale.filter(|(other, _)| other <= since).or(Some((*since, fault)));
                }
            }
        }
        match (stale, reading) {
            (Some((since, fault)), _) => Freshness::Stale { since, fault: fault.clone() },
            (None, Some(since)) => Freshness::Reading { since, seen: self.workloads.len() + self.pods.len() },
            (None, None) => Freshness::Live,
        }
    }

    /// Why workloads of this kind may not be read, where that is so.
    pub fn denied(&self, kind: WorkloadKind) -> Option<&Fault> {
        match &self.sources.get(&Kind::Workload(kind))?.state {
            SourceState::Lost { fault, .. } if fault.kind == FaultKind::Forbidden => Some(fault),
            _ => None,
        }
    }

    /// Another kind of workloads is read, or is being read.
    fn reads_another(&self, kind: Kind) -> bool {
        let mut others = WorkloadKind::ALL.into_iter().filter(|other| Kind::Workload(*other) != kind);
        others.any(|other| self.sources.contains_key(&Kind::Workload(other)) && self.denied(other).is_none())
    }

    /// Whether there ever was a whole picture: else nothing is known, not even how it was.
    pub fn was_read(&self) -> bool {
        let is_hidden = |kind: &Kind| matches!(kind, Kind::Workload(kind) if self.denied(*kind).is_some());
        needed().all(|kind| is_hidden(kind) || self.sources.get(kind).is_none_or(|source| source.listed))
    }

    /// Kinds that could not be read, with the reason, for the pane that needs them.
    pub fn lost(&self) -> impl Iterator<Item = (Kind, Timestamp, &Fault)> {
        self.sources.iter().filter_map(|(kind, source)| match &source.state {
            SourceState::Lost { since, fault } => Some((*kind, *since, fault)),
            SourceState::Reading { .. } | SourceState::Live { .. } => None,
        })
    }

    /// Whether one kind has been read completely and is current.
    pub fn is_current(&self, kind: Kind) -> bool {
        self.sources.get(&kind).is_some_and(|source| matches!(source.state, SourceState::Live { .. }))
    }

    /// Whether it is known how one kind stands: it is current, or could not be read.
    pub fn is_settled(&self, kind: Kind) -> bool {
        self.is_current(kind) || self.lost().any(|(lost, ..)| lost == kind)
    }

    /// Since when it is heard without a gap who does what there; none: not now, and then nobody's silence says anything.
    pub fn heard_since(&self) -> Option<Timestamp> {
        let SourceState::Live { since } = self.sources.get(&Kind::Lease)?.state else { return None };
        matches!(self.freshness(), Freshness::Live | Freshness::Denied { .. }).then_some(since)
    }

    pub(super) fn source(&mut self, kind: Kind, now: Timestamp) -> &mut Source {
        self.sources.entry(kind).or_insert_with(|| Source {
            state: SourceState::Reading { since: now },
            listed: false,
            listing: None,
        })
    }

    pub(super) fn list_started(&mut self, kind: Kind, now: Timestamp) -> Touched {
        let source = self.source(kind, now);
        source.listing = Some(HashSet::new());
        Touched::default()
    }

    pub(super) fn listed(&mut self, kind: Kind, now: Timestamp) -> Touched {
        let source = self.source(kind, now);
        if !matches!(source.state, SourceState::Live { .. }) {
            source.state = SourceState::Live { since: now };
        }
        source.listed = true;
        let Some(seen) = source.listing.take() else { return Touched::default() };
        let mut touched = Touched::default();
        for name in self.names(kind).into_iter().filter(|name| !seen.contains(name)) {
            let gone = self.delete(kind, &name, None);
            touched.workloads.extend(gone.workloads);
            touched.other |= gone.other;
        }
        touched
    }

    pub(super) fn alive(&mut self, kind: Kind, now: Timestamp) -> Touched {
        let source = self.source(kind, now);
        // Only a picture that was once complete is current again by being heard of; any other waits for its list.
        if source.listed && source.listing.is_none() && matches!(source.state, SourceState::Lost { .. }) {
            source.state = SourceState::Live { since: now };
        }
        Touched::default()
    }

    /// Nothing that was heard counts any longer, until each kind has been listed anew.
    pub(super) fn doubt(&mut self, fault: &Fault, now: Timestamp) {
        for kind in Kind::ALL {
            self.lose(kind, fault.clone(), now);
            self.source(kind, now).listed = false;
        }
    }

    pub(super) fn lost_now(&mut self, kind: Kind, fault: Fault, now: Timestamp) -> Touched {
        self.remember_silence(now);
        self.lose(kind, fault, now)
    }

    fn lose(&mut self, kind: Kind, fault: Fault, now: Timestamp) -> Touched {
        let source = self.source(kind, now);
        let since = match &source.state {
            SourceState::Lost { since, .. } | SourceState::Reading { since } => *since,
            // Nothing is heard of what does not change: that it was last heard of long ago does not make the loss older.
            SourceState::Live { .. } => now,
        };
        let state = SourceState::Lost { since, fault };
        let changed = source.state != state;
        source.state = state;
        source.listing = None;
        Touched { other: changed, ..Touched::default() }
    }
}
