//! What ran before, by the runs of shipdeck that are known: a cluster only keeps when each version was rolled out for the
//! first time, which says nothing of one that was deployed again.

use std::sync::Arc;

use jiff::Timestamp;

use super::Run;
use super::rollback::has_begun;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::plan::Purpose;
use crate::domain::world::{EnvWorld, World};

/// One change of a service: when it was written, whether it led back, from what, to what.
type Change<'a> = (Timestamp, bool, &'a Arc<str>, &'a Arc<str>);

/// The image that ran directly before the present one; none: no run that is known brought the present one, or what led to
/// it is not known. What a roll back fled from is not among what ran before: a roll back from its result leads further back.
pub fn ran_before(runs: &[Run], world: &World, env: &EnvId, service: &ServiceId, present: &str) -> Option<Arc<str>> {
    let here = runs.iter().filter(|run| run.plan.env == *env);
    let kept = world.env(env).into_iter().flat_map(EnvWorld::runs);
    let kept = kept.filter_map(|filed| filed.entry.as_ref().ok()).map(|entry| &entry.run);
    let mut changes: Vec<Change<'_>> = here.chain(kept).filter_map(|run| change(run, service)).collect();
    changes.sort_unstable();
    // A run of this session is kept in the cluster as well.
    changes.dedup();
    back(&changes, present).cloned()
}

fn change<'a>(run: &'a Run, service: &ServiceId) -> Option<Change<'a>> {
    let step = run.planned(service).filter(|step| has_begun(run, step))?;
    Some((run.step(service)?.started?, run.plan.purpose == Purpose::RollBack, &step.from, &step.to))
}

fn back<'a>(changes: &[Change<'a>], present: &str) -> Option<&'a Arc<str>> {
    let mut before: Vec<&Arc<str>> = Vec::new();
    let mut now: Option<&Arc<str>> = None;
    for (_, leads_back, from, to) in changes {
        // Somebody else has changed it in between, and what led to that is not known.
        if now.is_some_and(|now| now != *from) {
            before.clear();
        }
        match before.iter().rposition(|it| it == to) {
            _ if !leads_back => before.push(*from),
            Some(at) => before.truncate(at),
            None => before.clear(),
        }
        now = Some(*to);
    }
    before.last().copied().filter(|it| now.is_some_and(|now| **now == *present) && ***it != *present)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::later;

    /// Changes in their order: `>` leads forward, `<` back.
    fn to(changes: &[&str], present: &str) -> Option<String> {
        let read = |(at, text): (usize, &&str)| {
            let leads_back = text.contains('<');
            let (from, to) = text.split_once(['>', '<']).unwrap();
            (later(at as i64), leads_back, Arc::from(from), Arc::from(to))
        };
        let changes: Vec<(Timestamp, bool, Arc<str>, Arc<str>)> = changes.iter().enumerate().map(read).collect();
        let changes: Vec<Change<'_>> = changes.iter().map(|(at, back, from, to)| (*at, *back, from, to)).collect();
        back(&changes, present).map(ToString::to_string)
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
    }

    #[test]
    fn what_somebody_else_changed_is_not_guessed() {
        assert_eq!(to(&["v1>v2"], "v9"), None, "v9 came from elsewhere");
        assert_eq!(to(&["v1>v2", "v9>v3"], "v3").as_deref(), Some("v9"));
        assert_eq!(to(&["v1>v2", "v9<v2"], "v2"), None);
        assert_eq!(to(&[], "v1"), None);
    }
}
