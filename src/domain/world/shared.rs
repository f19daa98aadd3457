//! What processes of shipdeck share in an environment: leases, and documents of locks and of runs.

use std::sync::Arc;

use jiff::Timestamp;

use super::{EnvWorld, Touched};
use crate::domain::ids::Uid;
use crate::domain::lease::queue::{self, Ticket, Waiter};
use crate::domain::lease::{Sighting, Stored};
use crate::domain::lock::{self, Posted};
use crate::domain::observed::{Document, Lease};
use crate::domain::run::document::{self as run, Entry, Filed};

impl EnvWorld {
    /// Leases by their names.
    pub fn leases(&self) -> impl Iterator<Item = (&Arc<str>, &Sighting)> {
        self.leases.iter()
    }

    /// What the team shares here about something, in the order of names.
    pub fn documents(&self, about: &str) -> impl Iterator<Item = &Document> {
        self.documents.values().filter(move |document| &*document.about == about)
    }

    /// Locks, freezes and holds on the environment.
    pub fn locks(&self) -> impl Iterator<Item = &Posted> {
        self.locks.values()
    }

    /// Runs that are kept here, in the order in which they began.
    pub fn runs(&self) -> impl Iterator<Item = &Filed> + Clone {
        self.runs.values()
    }

    /// Those of them that can be read.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.runs().filter_map(|filed| filed.entry.as_ref().ok())
    }

    pub fn lease(&self, name: &str) -> Option<&Sighting> {
        self.leases.get(name)
    }

    /// Who waits for a lease and was not silent for a whole duration, in the order in which they get it.
    pub fn line(&self, lease: &str, now: Timestamp) -> Vec<&Waiter> {
        let is_there = |waiter: &&Waiter| !waiter.ticket.stored.record.is_free() && !self.is_silent(&waiter.seen, now);
        let there: Vec<&Waiter> = self.waiters.values().filter(is_there).collect();
        let line = queue::line(there.iter().map(|waiter| &waiter.ticket), lease);
        line.into_iter().filter_map(|ticket| self.waiters.get(&ticket.name)).collect()
    }

    /// Whether anybody waits for anything: most of the time nobody does.
    pub fn has_waiters(&self) -> bool {
        !self.waiters.is_empty()
    }

    /// Whether whoever holds it has given no sign for a whole duration in which one would have been heard.
    pub fn is_silent(&self, found: &Sighting, now: Timestamp) -> bool {
        found.fell_silent || self.heard_since().is_some_and(|heard| found.is_unchanged(heard, now))
    }

    /// Who was silent while all was heard is not given the benefit of a doubt for what is not heard afterwards.
    pub(super) fn remember_silence(&mut self, now: Timestamp) {
        let Some(heard) = self.heard_since() else { return };
        for found in self.leases.values_mut().chain(self.waiters.values_mut().map(|waiter| &mut waiter.seen)) {
            found.fell_silent |= found.is_unchanged(heard, now);
        }
    }

    /// The same version again keeps the time since when it is known.
    pub(super) fn put_lease(&mut self, name: Arc<str>, lease: Lease, now: Timestamp) -> Touched {
        let stored = Stored {
            uid: lease.meta.uid.clone(),
            version: Arc::clone(&lease.meta.resource_version),
            record: lease.record.clone(),
        };
        let known = self.leases.get(&name).or(self.waiters.get(&name).map(|waiter| &waiter.seen));
        let is_ticket = self.waiters.contains_key(&name);
        if known.is_some_and(|known| known.stored == stored) && is_ticket == lease.errand.is_some() {
            return Touched::default();
        }
        let renewed_here = known.is_some_and(|known| known.stored.uid == stored.uid);
        let seen = Sighting { stored, since: now, renewed_here, fell_silent: false };
        self.drop_lease(&name, None);
        match Ticket::of(lease) {
            Some(ticket) => drop(self.waiters.insert(name, Waiter { ticket, seen })),
            None => drop(self.leases.insert(name, seen)),
        }
        Touched { other: true, ..Touched::default() }
    }

    /// It is read once, when it arrives, and not whenever somebody asks what it says.
    pub(super) fn put_document(&mut self, name: Arc<str>, document: Document, now: Timestamp) -> Touched {
        if self.documents.get(&name) == Some(&document) {
            return Touched::default();
        }
        self.locks.remove(&name);
        self.runs.remove(&name);
        match &*document.about {
            lock::DOCUMENT => drop(self.locks.insert(Arc::clone(&name), Posted::read(&document))),
            run::ABOUT => drop(self.runs.insert(Arc::clone(&name), Filed::read(&document, now))),
            _ => {}
        }
        self.documents.insert(name, document);
        Touched { other: true, ..Touched::default() }
    }

    pub(super) fn drop_lease(&mut self, name: &Arc<str>, uid: Option<&Uid>) -> Touched {
        let is_it = |found: &Sighting| uid.is_none_or(|uid| *uid == found.stored.uid);
        let lease = self.leases.get(name).is_some_and(is_it) && self.leases.remove(name).is_some();
        let waits = self.waiters.get(name).is_some_and(|waiter| is_it(&waiter.seen));
        let gone = lease || waits && self.waiters.remove(name).is_some();
        Touched { other: gone, ..Touched::default() }
    }

    pub(super) fn drop_document(&mut self, name: &Arc<str>, uid: Option<&Uid>) -> Touched {
        let is_it = |found: &Document| uid.is_none_or(|uid| *uid == found.meta.uid);
        let gone = self.documents.get(name).is_some_and(is_it) && self.documents.remove(name).is_some();
        if gone {
            self.locks.remove(name);
            self.runs.remove(name);
        }
        Touched { other: gone, ..Touched::default() }
    }
}
