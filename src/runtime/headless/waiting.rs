//! Who waits in line for services, as one look at their tickets tells it: whether anybody of them is still there takes
//! longer to know, so that is told by their own clocks.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::app::life_signs::by_own_clock;
use crate::domain::catalog::{Catalog, Environment};
use crate::domain::ids::EnvId;
use crate::domain::lease::queue::{Ticket, line};
use crate::domain::lease::{name_of, who};
use crate::domain::words::ordinal;
use crate::ui;

/// Somebody who waits, as `shipdeck runs --json` tells it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct WaitingShape {
    pub(super) environment: String,
    pub(super) service: String,
    pub(super) position: usize,
    pub(super) by: String,
    pub(super) what: String,
    pub(super) since: String,
    pub(super) first: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) renewed: Option<String>,
}

/// Somebody's place in the line for a service.
#[derive(Debug)]
pub(super) struct Waiting {
    env: EnvId,
    service: String,
    /// From 1, in the order in which they get it.
    position: usize,
    ticket: Ticket,
}

/// Everybody who waits in an environment, service by service in the order of the configuration.
pub(super) fn of(catalog: &Catalog, env: &Environment, tickets: &[Ticket]) -> Vec<Waiting> {
    // A ticket that was given back by who could not remove it waits for nothing.
    let there: Vec<&Ticket> = tickets.iter().filter(|it| !it.stored.record.is_free()).collect();
    let of_service = |service: &crate::domain::catalog::Service| {
        let places = line(there.iter().copied(), &name_of(&service.name)).into_iter().enumerate();
        let waiting = |(place, ticket): (usize, &Ticket)| Waiting {
            env: env.name.clone(),
            service: service.name.to_string(),
            position: place + 1,
            ticket: ticket.clone(),
        };
        places.map(waiting).collect::<Vec<_>>()
    };
    catalog.services.iter().flat_map(of_service).collect()
}

impl Waiting {
    /// In the columns of the runs.
    pub(super) fn row(&self, now: Timestamp) -> Vec<String> {
        let Self { env, service, position, ticket } = self;
        let age = format!("{} ago", ui::span(now.duration_since(ticket.created).max(SignedDuration::ZERO)));
        let first = ticket.errand.first.then(|| "goes first: it takes back what was deployed".to_owned());
        let sign = by_own_clock(ticket.stored.record.renewed, now);
        let notes = [Some(ticket.errand.what.to_string()), first, Some(sign)];
        vec![
            String::new(),
            "waits".to_owned(),
            ordinal(*position),
            age,
            who(ticket.holder()).to_owned(),
            format!("in line for {service} in {env}"),
            notes.into_iter().flatten().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("; "),
        ]
    }

    pub(super) fn shape(&self) -> WaitingShape {
        let Self { env, service, position, ticket } = self;
        WaitingShape {
            environment: env.to_string(),
            service: service.clone(),
            position: *position,
            by: who(ticket.holder()).to_owned(),
            what: ticket.errand.what.to_string(),
            since: ticket.created.to_string(),
            first: ticket.errand.first,
            renewed: ticket.stored.record.renewed.map(|at| at.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{self, catalog, later};
    use crate::domain::lease::queue::{Errand, name_of as ticket_of};
    use crate::domain::observed::Lease;

    fn ticket(holder: &str, (service, what, first): (&str, &str, bool), created: i64) -> Ticket {
        let errand = Some(Errand::new(format!("shipdeck-{service}").into(), what, first));
        let mut lease = Lease { errand, ..fixtures::lease(&ticket_of(holder), holder) };
        (lease.meta.created, lease.record.renewed) = (later(created), Some(later(100)));
        Ticket::of(lease).unwrap()
    }

    #[test]
    fn everybody_is_listed_in_the_order_in_which_they_get_it_and_who_has_given_up_is_not() {
        let tickets = [
            ticket("ben@pc/1/b", ("auth", "deploys auth v8", false), 10),
            ticket("ana@mac/1/a", ("auth", "deploys auth v9", false), 5),
            ticket("eve@pc/1/e", ("auth", "takes auth back to v7", true), 60),
            ticket("kim@pc/1/k", ("cart", "deploys cart v2", false), 70),
            ticket("", ("cart", "deploys cart v3", false), 1),
        ];
        let catalog = catalog(&[("auth", &[]), ("cart", &[])]);
        let all = of(&catalog, &catalog.environments[0], &tickets);
        let told: Vec<String> = all.iter().map(|it| it.row(later(104)).join("|")).collect();
        assert_eq!(
            told,
            [
                "|waits|1st|44s ago|eve@pc|in line for auth in staging|takes auth back to v7; goes first: it takes back \
                 what was deployed; last renewed 4 s ago by its own clock",
                "|waits|2nd|1m 39s ago|ana@mac|in line for auth in staging|deploys auth v9; last renewed 4 s ago by its own \
                 clock",
                "|waits|3rd|1m 34s ago|ben@pc|in line for auth in staging|deploys auth v8; last renewed 4 s ago by its own \
                 clock",
                "|waits|1st|34s ago|kim@pc|in line for cart in staging|deploys cart v2; last renewed 4 s ago by its own \
                 clock",
            ]
        );
        let shape = all[0].shape();
        assert_eq!((shape.position, shape.first, &*shape.service), (1, true, "auth"));
    }
}
