//! Whether anybody carries a run out, as far as one look at its leases can tell. Nobody is called alive here: that would
//! take watching them for as long as a renewal may take, and a pipeline wants to go on.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::app::life_signs::by_own_clock;
use crate::domain::catalog::Environment;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::lease::{self, Record, Stored};
use crate::domain::plan::Step;
use crate::domain::run::document::Entry;
use crate::domain::run::{Hold, Run};
use crate::ports::cluster::Cluster;
use crate::ports::lease::Target;
use crate::runtime::leases::in_time;

/// What is known of whoever carries a run out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Over,
    /// They hold its leases, and by their own clock have renewed them at this time, which is not long ago.
    Recent(Timestamp),
    /// The same, and it is longer ago than anybody is waited for.
    Silent(Timestamp),
    /// Nobody holds what the run needs.
    Left,
    /// The same, and later runs have since brought to an end what it left in the middle.
    Superseded,
    /// It cannot be told; why, in words.
    Unknown(String, Option<Timestamp>),
}

impl Life {
    /// The word that programs may rely on.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Recent(_) => "recent",
            Self::Silent(_) => "silent",
            Self::Left => "left",
            Self::Superseded => "superseded",
            Self::Unknown(..) => "unknown",
        }
    }

    pub(super) fn renewed(&self) -> Option<Timestamp> {
        match self {
            Self::Recent(at) | Self::Silent(at) => Some(*at),
            Self::Unknown(_, at) => *at,
            Self::Over | Self::Left | Self::Superseded => None,
        }
    }

    /// What to call a run instead of the state that it was left in, where that says too much.
    pub(super) fn state(&self) -> Option<&'static str> {
        match self {
            Self::Left => Some("left behind"),
            Self::Silent(_) => Some("not renewed"),
            Self::Superseded => Some("superseded"),
            Self::Over | Self::Recent(_) | Self::Unknown(..) => None,
        }
    }

    pub(super) fn words(&self, now: Timestamp) -> String {
        match self {
            Self::Over => String::new(),
            Self::Recent(at) => by_own_clock(Some(*at), now),
            Self::Silent(at) => format!("not known to be alive, {}", by_own_clock(Some(*at), now)),
            Self::Left => "nobody carries it out".to_owned(),
            Self::Superseded => "later runs have deployed or taken back what it left".to_owned(),
            Self::Unknown(why, _) => format!("alive or not cannot be told: {why}"),
        }
    }
}

impl Life {
    /// The same, where later runs are known: what they have brought to an end needs nobody.
    pub(super) fn beside<'a>(self, run: &Run, others: impl Iterator<Item = &'a Run> + Clone) -> Self {
        let unleased = matches!(run.hold, Hold::Without(_));
        let alone = unleased || matches!(self, Self::Left | Self::Silent(_));
        if alone && !run.state.is_over() && run.is_superseded(others) { Self::Superseded } else { self }
    }
}

/// Looks at the leases that a run needs.
pub(super) async fn look(cluster: &dyn Cluster, env: &Environment, entry: &Entry, now: Timestamp) -> Life {
    if entry.run.state.is_over() {
        return Life::Over;
    }
    if matches!(entry.run.hold, Hold::Without(_)) {
        return Life::Unknown("it goes on without leases".to_owned(), None);
    }
    let targets = entry.run.plan.steps().map(|step| target(env, step));
    let looks = targets.map(async |target| in_time(&target, cluster.look(&target)).await.map(|look| look.lease));
    judge(&entry.owner, join_all(looks).await, now)
}

/// The lease of a service.
pub(super) fn target(env: &Environment, step: &Step) -> Target {
    Target {
        namespace: env.namespace.clone(),
        lease: lease::name_of(&step.service),
        workload: step.workload.clone(),
        uid: step.uid.clone(),
    }
}

fn judge(owner: &str, leases: Vec<Result<Option<Stored>, Fault>>, now: Timestamp) -> Life {
    let read = leases.iter().filter_map(|lease| lease.as_ref().ok()?.as_ref());
    let theirs: Vec<&Record> =
        read.map(|stored| &stored.record).filter(|record| !record.is_free() && *record.holder == *owner).collect();
    if theirs.is_empty() {
        // What is gone altogether holds no lease.
        let unread = leases.into_iter().filter_map(Result::err).find(|fault| fault.kind != FaultKind::NotFound);
        return unread.map_or(Life::Left, |fault| Life::Unknown(fault.to_string(), None));
    }
    let patience = theirs.iter().map(|record| record.patience()).max().unwrap_or(lease::DURATION);
    let patience = SignedDuration::try_from(patience).unwrap_or(SignedDuration::MAX);
    let Some(renewed) = theirs.iter().filter_map(|record| record.renewed).max() else {
        return Life::Unknown("its leases do not say when they were renewed".to_owned(), None);
    };
    match now.duration_since(renewed) {
        age if age < -patience => Life::Unknown(by_own_clock(Some(renewed), now), Some(renewed)),
        age if age < patience => Life::Recent(renewed),
        _ => Life::Silent(renewed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{self, later};

    fn of(holder: &str, now: i64) -> Life {
        let lease = fixtures::lease("shipdeck-auth", holder);
        let stored = Stored { uid: lease.meta.uid, version: lease.meta.resource_version, record: lease.record };
        judge("ana@mac/7/y", vec![Ok(None), Ok(Some(stored))], later(now))
    }

    #[test]
    fn what_its_owner_holds_is_as_old_as_its_own_clock_says_and_nobody_is_called_alive() {
        assert_eq!(of("ana@mac/7/y", 12), Life::Recent(later(0)));
        let dead = of("ana@mac/7/y", 2_400);
        assert_eq!(dead.state(), Some("not renewed"));
        assert_eq!(dead.words(later(2_400)), "not known to be alive, last renewed 40 min ago by its own clock");
    }

    #[test]
    fn what_is_free_or_somebody_elses_is_left() {
        assert_eq!([of("", 1), of("bob@pc/8/z", 1)], [Life::Left, Life::Left]);
    }

    #[test]
    fn a_clock_that_is_hours_ahead_and_leases_that_cannot_be_read_tell_nothing() {
        assert_eq!(of("ana@mac/7/y", -7_200).word(), "unknown");
        let denied = Fault::new(FaultKind::Forbidden, "no right to get leases");
        assert_eq!(judge("ana@mac/7/y", vec![Ok(None), Err(denied)], later(0)).word(), "unknown");
        let gone = Fault::new(FaultKind::NotFound, "no such workload");
        assert_eq!(judge("ana@mac/7/y", vec![Err(gone)], later(0)), Life::Left);
    }
}
