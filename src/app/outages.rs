//! Clusters that are out of sight for a while: entered in the error log once when that begins and once when it is over, and
//! however often the connection comes and goes in between, it stays one episode.

use jiff::{SignedDuration, Timestamp};

use super::discovery::shown;
use super::journal;
use super::model::Model;
use super::update::words;
use crate::domain::fault::Fault;
use crate::domain::ids::{ClusterId, EnvId};
use crate::domain::verdict::State;
use crate::domain::words::{count, times};
use crate::domain::world::{EnvWorld, Freshness};

/// How long a cluster has to be seen again before that is said: one that comes and goes fills no log.
const STEADY: SignedDuration = SignedDuration::from_secs(15);

/// An episode of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    since: Timestamp,
    /// How often it went out of sight.
    times: u32,
    /// Since when it is seen again; none: it is not.
    back: Option<Timestamp>,
}

/// Enters what has begun and what is over.
pub(super) fn follow(model: &mut Model) {
    let clusters: Vec<ClusterId> = model.catalog.clusters().into_iter().cloned().collect();
    model.session.outages.retain(|cluster, _| clusters.contains(cluster));
    for cluster in clusters {
        match (stale(model, &cluster), model.session.outages.get_mut(&cluster)) {
            (Some((since, fault, envs)), None) => {
                model.session.outages.insert(cluster.clone(), Outage { since, times: 1, back: None });
                enter_begin(model, &cluster, &fault, &envs);
            }
            (Some(_), Some(outage)) => outage.times += u32::from(outage.back.take().is_some()),
            (None, Some(outage)) => {
                let back = *outage.back.get_or_insert(model.session.now);
                if model.session.now.duration_since(back) >= STEADY {
                    enter_end(model, &cluster, back);
                }
            }
            (None, None) => {}
        }
    }
}

/// Whether something is still to be entered by the passing of time.
pub(super) fn something_ages(model: &Model) -> bool {
    model.session.outages.values().any(|outage| outage.back.is_some())
}

/// Since when a cluster is out of sight, why, and which environments with it; none: it is seen.
fn stale(model: &Model, cluster: &ClusterId) -> Option<(Timestamp, Fault, Vec<EnvId>)> {
    let mut first: Option<(Timestamp, Fault)> = None;
    let mut envs = Vec::new();
    for env in model.catalog.environments.iter().filter(|env| env.cluster == *cluster) {
        let Some(Freshness::Stale { since, fault }) = model.world.env(&env.name).map(EnvWorld::freshness) else {
            continue;
        };
        envs.push(env.name.clone());
        if first.as_ref().is_none_or(|(other, _)| since < *other) {
            first = Some((since, fault));
        }
    }
    first.map(|(since, fault)| (since, fault, envs))
}

fn enter_begin(model: &mut Model, cluster: &ClusterId, fault: &Fault, envs: &[EnvId]) {
    let which = match envs {
        [one] => format!("{one} is"),
        many => format!("{} are", count(many.len(), "environment")),
    };
    let detail = format!("{}. {which} shown as last seen. {}", fault.message.trim_end_matches('.'), fault.advice());
    enter(model, State::Degraded, format!("{}: {}", shown(cluster), fault.kind), detail);
}

fn enter_end(model: &mut Model, cluster: &ClusterId, back: Timestamp) {
    let Some(outage) = model.session.outages.remove(cluster) else { return };
    let took = words(back.duration_since(outage.since).unsigned_abs());
    let often = if outage.times > 1 { format!(", gone {}", times(outage.times)) } else { String::new() };
    let title = format!("{} is seen again, after {took}{often}", shown(cluster));
    enter(model, State::Done, title, String::new());
}

/// The header and the panes show how it is now: it is kept, and not shown over them.
fn enter(model: &mut Model, state: State, title: String, detail: String) {
    journal::notice(model, state, title, detail);
    journal::seen_at_once(model);
}

#[cfg(test)]
mod tests {
    use crate::app::msg::Msg;
    use crate::app::testkit::Cockpit;
    use crate::domain::fault::{Fault, FaultKind};
    use crate::domain::ids::EnvId;
    use crate::domain::observed::{Change, Kind};

    fn hear(cockpit: &mut Cockpit, env: &str, change: impl Fn(Kind) -> Change) {
        for kind in Kind::ALL {
            cockpit.send(Msg::Fact { env: EnvId::new(env), change: change(kind) });
        }
    }

    fn lose(cockpit: &mut Cockpit, env: &str) {
        hear(cockpit, env, |kind| Change::Lost(kind, Fault::new(FaultKind::Unreachable, "no answer within 10 s")));
    }

    fn entries(cockpit: &Cockpit) -> Vec<(&str, &str)> {
        cockpit.model.journal.notices.iter().map(|it| (it.title.as_str(), it.detail.as_str())).collect()
    }

    #[test]
    fn a_cluster_out_of_sight_is_entered_when_that_begins_and_when_it_is_over_and_lies_over_nothing() {
        let mut cockpit = Cockpit::demo();
        lose(&mut cockpit, "staging");
        lose(&mut cockpit, "production");
        let cluster = cockpit.model.catalog.environments[0].cluster.to_string();
        let named = if cluster.is_empty() { "the current context".to_owned() } else { cluster };
        let told = entries(&cockpit);
        assert_eq!(told.len(), 1, "once a cluster, however many environments it holds: {told:?}");
        assert_eq!(told[0].0, format!("{named}: offline"));
        assert!(told[0].1.starts_with("no answer within 10 s. staging is shown as last seen."), "{told:?}");
        assert!(crate::app::journal::toast(&cockpit.model).is_none(), "the screen shows it anyway");
        cockpit.wait(120);
        hear(&mut cockpit, "staging", Change::Alive);
        cockpit.wait(20);
        assert_eq!(entries(&cockpit).len(), 1, "one of its environments is still out of sight");
        hear(&mut cockpit, "production", Change::Alive);
        cockpit.wait(10).wait(10);
        let told = entries(&cockpit);
        assert_eq!(told.last().unwrap().0, format!("{named} is seen again, after 2 min"));
        cockpit.wait(60);
        assert_eq!(entries(&cockpit).len(), 2);
    }

    #[test]
    fn one_that_comes_and_goes_stays_one_episode() {
        let mut cockpit = Cockpit::demo();
        for _ in 0..20 {
            lose(&mut cockpit, "staging");
            cockpit.wait(3);
            hear(&mut cockpit, "staging", Change::Alive);
            cockpit.wait(3);
        }
        assert_eq!(entries(&cockpit).len(), 1);
        assert!(crate::app::update::next_tick(&cockpit.model).is_some(), "its end is noticed without any message");
        cockpit.wait(20);
        assert!(
            entries(&cockpit)[1].0.ends_with("is seen again, after 117 s, gone 20 times"),
            "{:?}",
            entries(&cockpit)
        );
    }

    #[test]
    fn after_a_sleep_it_is_entered_too() {
        let mut cockpit = Cockpit::demo();
        cockpit.send(Msg::Woke(std::time::Duration::from_hours(1)));
        assert!(entries(&cockpit)[0].1.starts_with("this machine slept for 60 min"), "{:?}", entries(&cockpit));
    }
}
