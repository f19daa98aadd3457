//! Whether a run that nobody has brought to its end still needs somebody.

use super::{Run, StepRun, StepState};

impl Run {
    /// Whether later runs there have since brought to an end what this one left in the middle: deployed it anew, or taken it
    /// back. Nobody has to look after it then. `others` may hold this run itself.
    pub fn is_superseded<'a>(&self, others: impl Iterator<Item = &'a Run> + Clone) -> bool {
        let later = others.filter(|other| other.started > self.started);
        let answers = |other: &Run, step: &StepRun| {
            other.step(&step.service).is_some_and(|its| its.state == StepState::Succeeded)
        };
        let answered = |step: &StepRun| later.clone().any(|other| answers(other, step));
        self.steps.iter().any(answered) && self.steps.iter().filter(|step| is_open(step)).all(answered)
    }
}

/// Something of it is in the cluster, and it is not known to run.
fn is_open(step: &StepRun) -> bool {
    match &step.state {
        StepState::Writing | StepState::Watching | StepState::Failed => true,
        StepState::Refused(_) => step.lost,
        StepState::Waiting | StepState::Succeeded | StepState::Skipped => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::fixtures::later;
    use crate::domain::run::Run;
    use crate::domain::run::tests::Story;
    use crate::domain::verdict::State;

    /// auth is done, cart has failed, web was not begun.
    fn left() -> Run {
        let mut story = Story::new(&[&["auth", "cart"], &["web"]]);
        story.written("auth").judged("auth", State::Done).written("cart").judged("cart", State::Failed);
        story.run
    }

    fn of(service: &str, state: State, after: i64) -> Run {
        let mut story = Story::new(&[&[service]]);
        story.written(service).judged(service, state);
        story.run.started = later(after);
        story.run
    }

    #[test]
    fn what_failed_is_settled_by_a_later_run_of_it_that_succeeded_and_by_nothing_less() {
        let (run, done) = (left(), |service, after| of(service, State::Done, after));
        let cases = [
            (vec![done("cart", 60)], true),
            (vec![done("auth", 60)], false),
            (vec![of("cart", State::Failed, 60)], false),
            (vec![done("cart", -60)], false),
            (vec![of("cart", State::Failed, 60), done("cart", 90)], true),
            (vec![], false),
        ];
        for (mut others, wanted) in cases {
            others.push(run.clone());
            assert_eq!(run.is_superseded(others.iter()), wanted, "{others:#?}");
        }
    }

    #[test]
    fn what_stopped_between_two_waves_is_settled_by_any_later_success_of_its_services() {
        let mut story = Story::new(&[&["auth"], &["web"]]);
        story.written("auth").judged("auth", State::Done);
        let mut run = story.run;
        run.steps[1].state = crate::domain::run::StepState::Waiting;
        assert!(run.is_superseded([of("web", State::Done, 60)].iter()));
        assert!(!run.is_superseded([of("cart", State::Done, 60)].iter()));
    }
}
