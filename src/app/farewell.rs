//! What is said on the shell's own screen once the cockpit is left: which runs are unfinished, what goes on without it, and
//! how to go on with them. The screen on which that was asked is gone by then.

use super::keeping::Kept;
use super::model::Model;
use super::runs;
use super::screens::run::what_remains;
use crate::domain::run::{Hold, Run};

/// A few lines for each unfinished run of this session; empty where there is none.
pub fn words(model: &Model) -> String {
    // The world of the demo ends with it.
    if model.session.demo {
        return String::new();
    }
    let passed = |run: &Run| matches!(run.hold, Hold::Passed { .. });
    let open = model.runs.iter().filter(|run| !run.state.is_over() && !passed(run));
    open.map(|run| of_run(run, model.session.kept.get(&run.id))).collect()
}

fn of_run(run: &Run, kept: Option<&Kept>) -> String {
    let name = runs::name(&run.plan);
    let mut text = format!("The {name} is unfinished: {} of {} done.\n", run.succeeded(), run.steps.len());
    for line in what_remains(run) {
        text.push_str(&format!("  {line}\n"));
    }
    match kept {
        Some(Kept { without: None, key, .. }) => text.push_str(&format!("{}\n{}\n", goes_on(key), takes_back(key))),
        Some(Kept { without: Some(why), .. }) => {
            text.push_str(&format!("It is not kept in the cluster and cannot be resumed: {why}\n"));
        }
        // Before it holds its leases nothing of it is written.
        None => text.push_str("Nothing of it was written: there is nothing to resume.\n"),
    }
    text
}

/// Of a run that is kept in the cluster.
pub fn goes_on(key: &str) -> String {
    format!("shipdeck resume {key}            goes on with it")
}

/// The same of a run that is over and not done.
pub fn tries_again(key: &str) -> String {
    format!("shipdeck resume {key}            tries again what failed, and goes on with the rest")
}

pub fn takes_back(key: &str) -> String {
    format!("shipdeck abort {key} --rollback  takes back what it changed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testkit::Cockpit;
    use crate::domain::run::RunState;

    fn deploying() -> Cockpit {
        let mut cockpit = Cockpit::with(&[("auth", &[]), ("cart", &["auth"])]);
        cockpit.model.session.demo = false;
        cockpit.press("g<enter>dv9<down>v9<enter><enter>");
        cockpit
    }

    #[test]
    fn an_unfinished_run_is_named_with_what_goes_on_and_both_ways_to_end_it() {
        let cockpit = deploying();
        let key = &cockpit.model.session.kept.values().next().unwrap().key;
        let told = words(&cockpit.model);
        assert!(told.contains("is unfinished: 0 of 2 done"), "{told}");
        assert!(told.contains("Kubernetes goes on: auth") && told.contains("will not begin: cart"), "{told}");
        assert!(told.contains(&format!("shipdeck resume {key} ")), "{told}");
        assert!(told.contains(&format!("shipdeck abort {key} --rollback")), "{told}");
    }

    #[test]
    fn what_is_over_needs_no_words_and_what_cannot_be_resumed_is_said_to_be_so() {
        let mut cockpit = deploying();
        cockpit.model.session.kept.values_mut().next().unwrap().without = Some("no right to create configmaps".into());
        let told = words(&cockpit.model);
        assert!(told.contains("cannot be resumed: no right to create configmaps"), "{told}");
        assert!(!told.contains("shipdeck resume"), "{told}");
        cockpit.model.runs[0].state = RunState::Ended;
        assert_eq!(words(&cockpit.model), "");
    }
}
