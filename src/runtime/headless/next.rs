//! What a command that did not succeed says at its end: how to go on with its run, and how to take it back.

use super::outcome::is_ours;
use crate::app::farewell::{goes_on, takes_back, tries_again};
use crate::domain::run::{Hold, Run, RunState, inverse};
use crate::report::Report;

/// Adds the very commands. `key` is what the cluster keeps the run under; none: it is not kept.
pub(super) fn steps(report: Report, run: &Run, key: Option<&str>) -> Report {
    // After a success the watch says what helps, and what is carried out by somebody else is theirs.
    if run.state == RunState::Succeeded || matches!(run.hold, Hold::Passed { .. } | Hold::Refused { .. }) {
        return report;
    }
    let back = inverse(run).filter(|_| run.steps.iter().any(|step| step.started.is_some() && is_ours(step)));
    match (key, back) {
        (Some(key), back) => {
            let on = if run.state.is_over() { tries_again(key) } else { goes_on(key) };
            [on].into_iter().chain(back.map(|_| takes_back(key))).fold(report, Report::hint)
        }
        (None, Some(back)) => {
            let names: Vec<&str> = back.steps().map(|step| step.service.as_str()).collect();
            report.hint(format!("shipdeck rollback --env {} {} takes it back.", run.plan.env, names.join(" ")))
        }
        (None, None) if inverse(run).is_none() => report.hint("Nothing was changed."),
        (None, None) => report,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Outcome;
    use crate::app::testkit::Cockpit;
    use crate::domain::fault::{Fault, FaultKind};
    use crate::domain::ids::RunId;
    use crate::domain::run::StepState;

    /// A deploy of two services of which the first is being written.
    fn begun() -> Run {
        let mut cockpit = Cockpit::with(&[("auth", &[]), ("cart", &["auth"])]);
        cockpit.press("g<enter>dv9<down>v9<enter><enter>");
        cockpit.model.runs[0].clone()
    }

    fn said(run: &Run, key: Option<&str>) -> String {
        steps(Report::interrupted(), run, key).to_string()
    }

    #[test]
    fn what_is_interrupted_is_gone_on_with_what_failed_is_tried_again_and_both_are_taken_back() {
        let mut run = begun();
        let both = said(&run, Some("01k5"));
        assert!(both.contains("shipdeck resume 01k5 "), "{both}");
        assert!(both.contains("shipdeck abort 01k5 --rollback  takes back"), "{both}");
        run.state = RunState::Ended;
        let one = said(&run, Some("01k5"));
        assert!(one.contains("shipdeck resume 01k5            tries again what failed"), "{one}");
        assert!(one.contains("shipdeck abort 01k5 --rollback"), "{one}");
    }

    #[test]
    fn what_the_cluster_does_not_keep_is_taken_back_by_the_names_of_what_was_begun() {
        let run = begun();
        assert!(
            said(&run, None).contains("shipdeck rollback --env staging auth takes it back"),
            "{}",
            said(&run, None)
        );
    }

    #[test]
    fn where_nothing_was_changed_that_is_what_is_said() {
        let mut run = begun();
        run.steps[0].state = StepState::Refused(Fault::new(FaultKind::Forbidden, "no right"));
        assert!(said(&run, None).ends_with("Nothing was changed."), "{}", said(&run, None));
        assert!(!said(&run, Some("01k5")).contains("--rollback"));
    }

    #[test]
    fn what_somebody_else_has_replaced_is_not_ours_to_take_back() {
        let mut cockpit = Cockpit::with(&[("auth", &[])]);
        cockpit.press("dv9<enter><enter>");
        let at = cockpit.now;
        let world = cockpit.model.world.env(&cockpit.model.runs[0].plan.env).unwrap();
        let answer = world.workloads().next().unwrap().clone();
        cockpit.done(Outcome::Written { run: RunId(1), service: "auth".into(), result: Ok(Box::new(answer)), at });
        let mut run = cockpit.model.runs[0].clone();
        run.steps[0].verdict = Some(crate::domain::rollout::gone(&run.plan.waves[0].steps[0].workload));
        run.steps[0].state = StepState::Failed;
        assert!(!said(&run, Some("01k5")).contains("--rollback"), "{}", said(&run, Some("01k5")));
    }
}
