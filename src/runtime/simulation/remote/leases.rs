//! Leases and the line before them, over the network of a trial.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::weather::Evicted;
use super::{Asks, Remote, now, service};
use crate::domain::fault::Fault;
use crate::domain::ids::Uid;
use crate::domain::lease::queue::{Errand, Ticket};
use crate::domain::lease::{Look, Put, Stamped, Stored};
use crate::ports::lease::{Leases, Place, Target};

#[async_trait]
impl Leases for Remote {
    async fn look(&self, target: &Target) -> Result<Look, Fault> {
        let target = target.clone();
        self.request(Asks::Read, move |network, _| now(network.cluster.look(&target))).await
    }

    async fn put(&self, target: &Target, put: &Put) -> Result<Stored, Fault> {
        let (target, put, by, sent) = (target.clone(), put.clone(), self.process, self.network.now());
        self.request(Asks::Write(Evicted::Leases), move |network, _| {
            let stored = now(network.cluster.put(&target, &put))?;
            if !put.record.is_free() {
                network.oracle().leased(by, &service(&target.lease), sent);
            }
            Ok(stored)
        })
        .await
    }

    async fn stamp(&self, target: &Target, token: u32) -> Result<Stamped, Fault> {
        let (target, by) = (target.clone(), self.process);
        self.request(Asks::Write(Evicted::Workloads), move |network, at| {
            let stamped = now(network.cluster.stamp(&target, token))?;
            if stamped == Stamped::Done {
                network.oracle().stamped(at, by, &service(&target.lease), token);
            }
            Ok(stamped)
        })
        .await
    }

    async fn tickets(&self, namespace: &str) -> Result<Vec<Ticket>, Fault> {
        let namespace = namespace.to_owned();
        self.request(Asks::Read, move |network, _| now(network.cluster.tickets(&namespace))).await
    }

    async fn put_ticket(&self, place: Place<'_>, put: &Put, errand: &Errand) -> Result<Stored, Fault> {
        let (namespace, name) = (place.namespace.to_owned(), place.name.to_owned());
        let (put, errand) = (put.clone(), errand.clone());
        self.request(Asks::Write(Evicted::Leases), move |network, _| {
            now(network.cluster.put_ticket(Place { namespace: &namespace, name: &name }, &put, &errand))
        })
        .await
    }

    async fn remove_ticket(&self, place: Place<'_>, over: &(Uid, Arc<str>)) -> Result<(), Fault> {
        let (namespace, name, over) = (place.namespace.to_owned(), place.name.to_owned(), over.clone());
        self.request(Asks::Write(Evicted::Leases), move |network, _| {
            now(network.cluster.remove_ticket(Place { namespace: &namespace, name: &name }, &over))
        })
        .await
    }
}
