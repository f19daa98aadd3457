//! Tickets: places in the line before a lease, taken, renewed and removed by compare-and-swap, in sight of everybody.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipdeck::domain::fault::{Fault, FaultKind};
use shipdeck::domain::ids::Uid;
use shipdeck::domain::lease::queue::{Errand, Ticket, line, name_of};
use shipdeck::domain::lease::{DURATION, Put, Record, Stored};
use shipdeck::domain::observed::Object;
use shipdeck::ports::lease::Place;

use super::{World, contract};

contract![
    a_ticket_is_read_and_watched_as_it_was_put_and_is_no_lease_of_a_service,
    the_line_is_in_the_order_in_which_the_tickets_were_made_and_who_goes_first_is_at_its_front,
    a_ticket_is_renewed_and_removed_only_as_it_was_read,
    who_may_only_look_sees_the_line_and_cannot_join_it,
];

const AUTH: &str = "shipdeck-auth";

fn record(holder: &str) -> Record {
    let now: Timestamp = "2026-11-25T08:00:00.123456Z".parse().unwrap();
    let (acquired, renewed) = (Some(now), Some(now + Duration::from_secs(10)));
    Record { holder: holder.into(), last: "".into(), taken_from: None, duration: DURATION, acquired, renewed, token: 0 }
}

fn errand(lease: &str, first: bool) -> Errand {
    Errand::new(lease.into(), "deploys auth v9", first)
}

async fn put(world: &World, holder: &str, over: Option<(Uid, Arc<str>)>, errand: &Errand) -> Result<Stored, Fault> {
    let name = name_of(holder);
    let place = Place { namespace: &world.namespace, name: &name };
    world.cluster.put_ticket(place, &Put { over, record: record(holder) }, errand).await
}

async fn remove(world: &World, holder: &str, over: (Uid, Arc<str>)) -> Result<(), Fault> {
    let name = name_of(holder);
    world.cluster.remove_ticket(Place { namespace: &world.namespace, name: &name }, &over).await
}

fn over(stored: &Stored) -> (Uid, Arc<str>) {
    (stored.uid.clone(), Arc::clone(&stored.version))
}

async fn tickets(world: &World) -> Vec<Ticket> {
    world.cluster.tickets(&world.namespace).await.unwrap()
}

async fn a_ticket_is_read_and_watched_as_it_was_put_and_is_no_lease_of_a_service(world: World) {
    assert_eq!(tickets(&world).await, []);
    let wanted = errand(AUTH, true);
    let stored = put(&world, "ana@mac/7/y", None, &wanted).await.unwrap();
    assert_eq!(stored.record, record("ana@mac/7/y"));
    let read = tickets(&world).await;
    let [ticket] = read.as_slice() else { panic!("one: {read:?}") };
    assert_eq!((&*ticket.name, &ticket.stored, &ticket.errand), (&*name_of("ana@mac/7/y"), &stored, &wanted));
    let seen = world.objects().await.into_iter().find_map(|object| match object {
        Object::Lease(lease) => Some(*lease),
        _ => None,
    });
    assert_eq!(seen.and_then(Ticket::of).as_ref(), Some(ticket), "whoever watches leases knows that it is none");
}

async fn the_line_is_in_the_order_in_which_the_tickets_were_made_and_who_goes_first_is_at_its_front(world: World) {
    for (holder, errand) in [
        ("zoe@mac/1/a", errand(AUTH, false)),
        ("ben@mac/1/a", errand(AUTH, false)),
        ("eve@mac/1/a", errand("shipdeck-cart", false)),
        ("dan@mac/1/a", errand(AUTH, true)),
    ] {
        put(&world, holder, None, &errand).await.unwrap();
        // An API server tells times apart by whole seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let tickets = tickets(&world).await;
    let holders: Vec<_> = line(&tickets, AUTH).into_iter().map(|it| it.holder().to_string()).collect();
    assert_eq!(holders, ["dan@mac/1/a", "zoe@mac/1/a", "ben@mac/1/a"]);
}

async fn a_ticket_is_renewed_and_removed_only_as_it_was_read(world: World) {
    let first = put(&world, "ana@mac/7/y", None, &errand(AUTH, false)).await.unwrap();
    let again = put(&world, "ana@mac/7/y", None, &errand(AUTH, false)).await.unwrap_err();
    assert_eq!(again.kind, FaultKind::Conflict, "{again}");
    let moved = errand("shipdeck-cart", false);
    let renewed = put(&world, "ana@mac/7/y", Some(over(&first)), &moved).await.unwrap();
    assert_eq!((&renewed.uid, &tickets(&world).await[0].errand), (&first.uid, &moved));
    for wrong in [
        put(&world, "ana@mac/7/y", Some(over(&first)), &moved).await.map(drop),
        remove(&world, "ana@mac/7/y", over(&first)).await,
    ] {
        assert_eq!(wrong.unwrap_err().kind, FaultKind::Conflict);
    }
    remove(&world, "ana@mac/7/y", over(&renewed)).await.unwrap();
    assert_eq!(tickets(&world).await, []);
    assert_eq!(remove(&world, "ana@mac/7/y", over(&renewed)).await.unwrap_err().kind, FaultKind::NotFound);
    let gone = put(&world, "ana@mac/7/y", Some(over(&renewed)), &moved).await.unwrap_err();
    assert!(matches!(gone.kind, FaultKind::NotFound | FaultKind::Conflict), "{gone}");
}

async fn who_may_only_look_sees_the_line_and_cannot_join_it(world: World) {
    let stored = put(&world, "ana@mac/7/y", None, &errand(AUTH, false)).await.unwrap();
    let viewer = world.for_viewer();
    assert_eq!(viewer.tickets(&world.namespace).await.unwrap().len(), 1);
    let (name, theirs) = (name_of("eve@mac/1/a"), name_of("ana@mac/7/y"));
    let place = |name| Place { namespace: &world.namespace, name };
    let new = Put { over: None, record: record("eve@mac/1/a") };
    let refused = viewer.put_ticket(place(&name), &new, &errand(AUTH, false)).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Forbidden);
    assert!(refused.message.contains("no right to create leases in namespace"), "{refused}");
    let refused = viewer.remove_ticket(place(&theirs), &over(&stored)).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Forbidden);
}
