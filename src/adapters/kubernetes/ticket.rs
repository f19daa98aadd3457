//! Tickets of those who wait for a lease: leases themselves, told apart from those of services by a label and by their
//! names, so that whoever may write the ones may write the others.

use http::Method;
use serde_json::json;

use super::call::Call;
use super::connect::Link;
use super::documents::ABOUT;
use super::lease::{self, MANAGED_BY};
use super::map::text;
use super::{collection, escaped, wire};
use crate::domain::fault::Fault;
use crate::domain::lease::queue::{Errand, Ticket};
use crate::domain::lease::{Put, Stored};
use crate::domain::observed::Kind;
use crate::ports::lease::Place;

/// What the label says.
const TICKET: &str = "ticket";
/// The name of the lease that is waited for.
const LEASE: &str = "shipdeck.dev/waits-for";
const WHAT: &str = "shipdeck.dev/errand";
/// It takes back what somebody deployed.
const FIRST: &str = "shipdeck.dev/goes-first";

pub(super) async fn all(link: &Link, namespace: &str) -> Result<Vec<Ticket>, Fault> {
    let selector = format!("{MANAGED_BY}=shipdeck,{ABOUT}={TICKET}");
    let path = format!("{}?labelSelector={}", collection(Kind::Lease, Some(namespace)), escaped(&selector));
    let list: wire::List<wire::Lease> =
        link.json(&Call::get(path, format!("read who waits for leases in {namespace}"))).await?;
    Ok(list.items.iter().filter_map(|it| Ticket::of(lease::observed(it))).collect())
}

pub(super) async fn put(link: &Link, place: Place<'_>, put: &Put, errand: &Errand) -> Result<Stored, Fault> {
    let Place { namespace, name } = place;
    let method = if put.over.is_some() { Method::PUT } else { Method::POST };
    let path = lease::path(namespace, put.over.as_ref().map(|_| name));
    let labels = json!({ MANAGED_BY: "shipdeck", ABOUT: TICKET });
    let mut annotations = json!({ LEASE: &*errand.lease, WHAT: &*errand.what });
    if errand.first {
        annotations[FIRST] = "true".into();
    }
    let call = Call {
        method,
        path: format!("{path}?fieldManager=shipdeck"),
        content: "application/json",
        body: lease::whole(name, put, &labels, &annotations).to_string().into_bytes(),
        doing: format!("wait in line for {} in {namespace}", errand.lease),
    };
    link.json::<wire::Lease>(&call).await.map(|written| lease::stored(&written))
}

/// None: it is no ticket. One that says nothing waits for nothing.
pub(super) fn errand(wire: &wire::Lease) -> Option<Errand> {
    let is_ticket = wire.metadata.labels.get(ABOUT).is_some_and(|about| about == TICKET);
    let note = |name: &str| wire.metadata.annotations.get(name).map(|note| text(note)).unwrap_or_default();
    let first = || wire.metadata.annotations.get(FIRST).is_some_and(|first| first == "true");
    is_ticket.then(|| Errand::new(note(LEASE), &note(WHAT), first()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(metadata: &serde_json::Value) -> Option<Errand> {
        errand(&serde_json::from_value(json!({ "metadata": metadata })).unwrap())
    }

    #[test]
    fn only_the_label_makes_a_ticket_and_one_that_says_nothing_waits_for_nothing() {
        assert_eq!(read(&json!({ "annotations": { LEASE: "shipdeck-auth" } })), None);
        let empty = read(&json!({ "labels": { ABOUT: TICKET } })).unwrap();
        assert_eq!((&*empty.lease, &*empty.what, empty.first), ("", "", false));
    }

    #[test]
    fn what_somebody_waits_for_is_cleaned_and_bounded() {
        let what = format!("deploys \u{1b}[2Jauth {}", "x".repeat(5_000));
        let read = read(&json!({ "labels": { ABOUT: TICKET }, "annotations": { WHAT: what, FIRST: "yes" } })).unwrap();
        assert!(read.what.starts_with("deploys auth x") && read.what.chars().count() == 121, "{}", read.what);
        assert!(!read.first);
    }
}
