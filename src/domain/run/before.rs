//! What ran before, by the runs of shipdeck that are known: a cluster only keeps when each version was rolled out for the
//! first time, which says nothing of one that was deployed again.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::learn::known;
use super::rollback::has_begun;
use super::{Run, StepState};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::plan::Purpose;
use crate::domain::world::World;

/// One change of a service: when it was written, whether it led back, whether it failed, from what, to what.
type Change<'a> = (Timestamp, bool, bool, &'a Arc<str>, &'a Arc<str>);

/// What is known of what ran before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// The image that ran directly before the present one; none: no run that is known brought the present one, or what
    /// led to it is not known.
    pub image: Option<Arc<str>>,
    /// What failed, or what roll backs fled from, and nobody deployed well since: no way back leads to it.
    pub fled: BTreeSet<Arc<str>>,
}

/// What ran before the present image, by the runs of this session and those that the cluster keeps.
pub fn ran_before(runs: &[Run], world: &World, env: &EnvId, service: &ServiceId, present: &str) -> Before {
    let mut changes: Vec<Change<'_>> = known(runs, world, env).filter_map(|run| change(run, service)).collect();
    changes.sort_unstable();
    changes.dedup();
    back(&changes, present)
}

fn change<'a>(run: &'a Run, service: &ServiceId) -> Option<Change<'a>> {
    let step = run.planned(service).filter(|step| has_begun(run, step))?;
    let done = run.step(service)?;
    let leads_back = run.plan.purpose == Purpose::RollBack;
    // A way back that hangs on a pod of what it leaves behind says nothing against what it leads to.
    let failed = done.state == StepState::Failed && !leads_back;
    Some((done.started?, leads_back, failed, &step.from, &step.to))
}

fn back(changes: &[Change<'_>], present: &str) -> Before {
    let mut before: Vec<&Arc<str>> = Vec::new();
    let mut fled: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut now: Option<&Arc<str>> = None;
    for (_, leads_back, failed, from, to) in changes {
        // Somebody else has changed it in between, and what led to that is not known.
        if now.is_some_and(|now| now != *from) {
            before.clear();
        }
        match before.iter().rposition(|it| it == to) {
            _ if !leads_back => before.push(*from),
            Some(at) => before.truncate(at),
            None => before.clear(),
        }
        if *leads_back {
            fled.insert(Arc::clone(from));
        }
        if *failed {
            fled.insert(Arc::clone(to));
        } else {
            fled.remove(*to);
        }
        now = Some(*to);
    }
    let is_now = now.is_some_and(|now| **now == *present);
    let image = before.into_iter().rev().find(|it| ***it != *present && !fled.contains(*it)).filter(|_| is_now);
    Before { image: image.cloned(), fled }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::later;

    /// Changes in their order: `>` leads forward, `<` back, and what ends with `!` failed.
    fn to(changes: &[&str], present: &str) -> Option<String> {
        let read = |(at, text): (usize, &&str)| {
            let (leads_back, failed) = (text.contains('<'), text.ends_with('!'));
            let (from, to) = text.trim_end_matches('!').split_once(['>', '<']).unwrap();
            (later(at as i64), leads_back, failed, Arc::from(from), Arc::from(to))
        };
        let changes: Vec<_> = changes.iter().enumerate().map(read).collect();
        let changes: Vec<Change<'_>> =
            changes.iter().map(|(at, back, failed, from, to)| (*at, *back, *failed, from, to)).collect();
        back(&changes, present).image.map(|image| image.to_string())
    }

    #[test]
    fn an_older_version_that_was_deployed_again_leads_back_to_what_ran_directly_before_it() {
        assert_eq!(to(&["v3>v7", "v7>v10", "v10>v7"], "v7").as_deref(), Some("v10"));
    }

    #[test]
    fn a_roll_back_leads_further_back_and_never_to_what_was_fled_from() {
        assert_eq!(to(&["v1>v2", "v2>bad", "bad<v2"], "v2").as_deref(), Some("v1"));
        assert_eq!(to(&["v1>v2", "v2>bad", "bad<v2", "v2>v3"], "v3").as_deref(), Some("v2"));
        assert_eq!(to(&["v1>bad", "bad<v1"], "v1"), None, "nothing is known of what ran before v1");
        let twice = ["v3>v7", "v7>v10", "v10>v7", "v7<v10"];
        assert_eq!(to(&twice, "v10").as_deref(), Some("v3"), "v7 ran before v10, and was just fled from");
    }

    #[test]
    fn what_failed_is_passed_over_and_counts_again_once_it_went_well() {
        assert_eq!(to(&["v1>v2", "v2>bad!", "bad>v3"], "v3").as_deref(), Some("v2"));
        assert_eq!(to(&["v1>v2!", "v2>v1", "v1>v2", "v2>v3"], "v3").as_deref(), Some("v2"));
        assert_eq!(to(&["v1>v2!"], "v2").as_deref(), Some("v1"), "the failed one is what is left");
    }

    #[test]
    fn what_somebody_else_changed_is_not_guessed() {
        assert_eq!(to(&["v1>v2"], "v9"), None, "v9 came from elsewhere");
        assert_eq!(to(&["v1>v2", "v9>v3"], "v3").as_deref(), Some("v9"));
        assert_eq!(to(&["v1>v2", "v9<v2"], "v2"), None);
        assert_eq!(to(&[], "v1"), None);
    }
}
