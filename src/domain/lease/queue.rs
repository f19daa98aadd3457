//! The line before a lease: who waits for it, and who of them comes next.
//!
//! Whoever waits puts a *ticket* beside the leases, which names the one lease that it waits for at the moment. Leases are won
//! in one order for everybody, so who waits for one keeps nobody from those that come later in that order, and no two wait
//! for each other. The order is that in which the API server made the tickets; whoever takes a bad deploy back goes to the
//! front. A ticket counts for as long as its record changes as observed here: nobody is waited for who is gone.
//!
//! It is an order among those who ask, not a right: the lease itself is still won by compare-and-swap alone.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Mono, Sighting, Stored};
use crate::domain::ids::Uid;
use crate::domain::observed::Lease;

/// What of an errand is kept and shown at most.
const LONGEST: usize = 120;

/// What somebody waits for, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// The name of the lease.
    pub lease: Arc<str>,
    /// What for: `deploys checkout v812`.
    pub what: Arc<str>,
    /// It takes back what somebody deployed: only others who do so go before it.
    pub first: bool,
}

impl Errand {
    /// `what` is bounded: everybody reads it.
    pub fn new(lease: Arc<str>, what: &str, first: bool) -> Self {
        let what = match what.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &what[..end]).into(),
            None => what.into(),
        };
        Self { lease, what, first }
    }
}

/// A place in line, as the cluster keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub name: Arc<str>,
    /// By the clock of the API server.
    pub created: Timestamp,
    pub stored: Stored,
    pub errand: Errand,
}

impl Ticket {
    /// None: it is a lease of a service.
    pub fn of(lease: Lease) -> Option<Self> {
        let Lease { meta, record, errand } = lease;
        let stored = Stored { uid: meta.uid, version: meta.resource_version, record };
        errand.map(|errand| Self { name: meta.name, created: meta.created, stored, errand })
    }

    pub fn holder(&self) -> &Arc<str> {
        &self.stored.record.holder
    }

    fn rank(&self) -> (bool, Timestamp, &str) {
        (!self.errand.first, self.created, &self.name)
    }
}

/// Somebody in line, as seen in a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    pub ticket: Ticket,
    pub seen: Sighting,
}

/// The name of somebody's ticket. No service's lease is called so: those begin with `shipdeck-`.
pub fn name_of(identity: &str) -> Arc<str> {
    let number = identity
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("shipdeck.ticket.{number:016x}").into()
}

/// Those who wait for a lease, in the order in which they get it.
pub fn line<'a>(tickets: impl IntoIterator<Item = &'a Ticket>, lease: &str) -> Vec<&'a Ticket> {
    let mut line: Vec<_> = tickets.into_iter().filter(|it| *it.errand.lease == *lease).collect();
    line.sort_by(|a, b| a.rank().cmp(&b.rank()));
    line
}

/// Who of the line goes before somebody. Without a ticket one comes after all others, or after all who go to the front.
pub fn ahead<'a>(line: Vec<&'a Ticket>, identity: &str, first: bool) -> Vec<&'a Ticket> {
    let before = match line.iter().position(|it| **it.holder() == *identity) {
        Some(mine) => mine,
        None if first => line.iter().take_while(|it| it.errand.first).count(),
        None => line.len(),
    };
    line.into_iter().take(before).collect()
}

/// The tickets of a namespace as they were read last, and since when each has been as it is, as observed here.
#[derive(Clone, Debug, Default)]
pub struct Line {
    tickets: Vec<Ticket>,
    known: HashMap<Uid, (Arc<str>, Mono)>,
}

impl Line {
    /// All that there are. `since` tells how long a watch has known one of them at its version, where it has.
    pub fn read(&mut self, tickets: Vec<Ticket>, since: impl Fn(&Stored) -> Option<Mono>, now: Mono) {
        let before = std::mem::take(&mut self.known);
        let known = |it: &Stored| {
            let here = before.get(&it.uid).filter(|(version, _)| *version == it.version).map(|(_, since)| *since);
            here.into_iter().chain(since(it)).fold(now, Mono::min)
        };
        let stored = tickets.iter().map(|it| &it.stored);
        self.known = stored.map(|it| (it.uid.clone(), (Arc::clone(&it.version), known(it)))).collect();
        self.tickets = tickets;
    }

    pub fn tickets(&self) -> &[Ticket] {
        &self.tickets
    }

    /// Who goes before somebody who wants a lease.
    pub fn ahead(&self, lease: &str, identity: &str, first: bool, now: Mono) -> Vec<&Ticket> {
        let there = self.tickets.iter().filter(|it| **it.holder() == *identity || !self.is_dead(it, now));
        ahead(line(there, lease), identity, first)
    }

    /// Tickets of those who are gone.
    pub fn dead(&self, now: Mono) -> impl Iterator<Item = &Ticket> {
        self.tickets.iter().filter(move |it| self.is_dead(it, now))
    }

    /// Given back by who could not remove it, or of somebody of whom nothing was seen for a whole duration.
    fn is_dead(&self, ticket: &Ticket, now: Mono) -> bool {
        let since = self.known.get(&ticket.stored.uid).map_or(now, |(_, since)| *since);
        ticket.stored.record.is_free() || now.saturating_sub(since) >= ticket.stored.record.patience()
    }
}
