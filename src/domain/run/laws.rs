//! Laws that every run keeps, whatever happens to it in whatever order: the machine against a cluster that answers, loses
//! answers, refuses and fails as it likes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::Story;
use super::*;
use crate::domain::fault::FaultKind;
use crate::domain::verdict::State;

const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];

/// What can happen; the number says to which service, of those to which it can.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Answered(usize, Option<FaultKind>),
    Judged(usize, State),
    Asked(u8),
    /// A person goes on without it.
    LeftOut(usize),
    /// The leases are held, or one of them is lost.
    Leases(bool),
    Waited(i64),
    /// The process dies and another takes the run up; true: before what happened last was noted.
    Died(bool),
}

fn happens() -> impl Strategy<Value = Happens> {
    let which = || 0..NAMES.len();
    let fault = prop_oneof![
        Just(FaultKind::Conflict),
        Just(FaultKind::Forbidden),
        Just(FaultKind::Unreachable),
        Just(FaultKind::OutcomeUnknown)
    ];
    let state = prop_oneof![
        6 => Just(State::Done),
        1 => Just(State::Failed),
        1 => Just(State::Superseded),
        1 => Just(State::Progressing)
    ];
    prop_oneof![
        8 => (which(), proptest::option::weighted(0.2, fault)).prop_map(|(of, fault)| Happens::Answered(of, fault)),
        8 => (which(), state).prop_map(|(of, state)| Happens::Judged(of, state)),
        2 => (0u8..10).prop_map(Happens::Asked),
        1 => which().prop_map(Happens::LeftOut),
        1 => proptest::bool::weighted(0.7).prop_map(Happens::Leases),
        2 => (1i64..20).prop_map(Happens::Waited),
        1 => proptest::bool::ANY.prop_map(Happens::Died),
    ]
}

/// What the cluster was asked of one service, and what it said.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    times: usize,
    /// A write whose answer is awaited.
    under_way: bool,
    /// The last answer: it was set.
    applied: bool,
    /// Since it was last certain that it was set, an answer was lost.
    lost: bool,
    /// It may be written once more: its try met with no clear answer, or a person asked.
    again: bool,
}

/// A run in a cluster, and the laws.
struct Trial {
    story: Story,
    cluster: BTreeMap<&'static str, Written>,
    /// The last two documents; the older one is what is there if the process dies before the newer is written.
    documents: [String; 2],
}

impl Trial {
    fn of(waves: &[usize]) -> Self {
        let mut names = NAMES.as_slice();
        let waves: Vec<&[&str]> = waves.iter().map(|size| names.split_off(..*size).unwrap()).collect();
        let mut trial = Self { story: Story::new(&waves), cluster: BTreeMap::new(), documents: Default::default() };
        trial.take_in(0);
        trial.note(true);
        trial
    }

    /// Everything written since the first `before` writes, each held against the laws.
    fn take_in(&mut self, before: usize) {
        for name in &self.story.writes[before..] {
            let name = *NAMES.iter().find(|known| **known == *name).unwrap();
            let wave = self.step(name).wave;
            let earlier = self.story.run.steps.iter().filter(|step| step.wave < wave);
            assert!(earlier.clone().all(StepRun::is_settled), "{name} before its turn");
            assert!(self.step(name).left_out.is_none(), "{name} is left out");
            let known = self.cluster.entry(name).or_default();
            assert!(self.story.run.may_write(), "{name} was written without its lease");
            assert!(!known.under_way, "{name} is being written already");
            assert!(known.times == 0 || known.again, "{name} was written twice unasked");
            *known = Written { times: known.times + 1, under_way: true, again: false, ..*known };
        }
    }

    /// What is written waits for the document that tells of it; what is only learned may be lost.
    fn note(&mut self, wrote: bool) {
        let now = document::write(&self.story.run).unwrap();
        let before = if wrote { now.clone() } else { std::mem::take(&mut self.documents[1]) };
        self.documents = [before, now];
    }

    fn die(&mut self, too_early: bool) {
        let text = &self.documents[usize::from(!too_early)];
        let run = document::tests::read_back(text).unwrap();
        for (name, known) in &mut self.cluster {
            let state = &run.step(&ServiceId::new(name)).unwrap().state;
            // Its answer is not noted.
            known.again = *state == StepState::Writing;
            known.lost |= *state == StepState::Writing;
            known.under_way = false;
        }
        self.story.run = run;
        self.story.on(RunEvent::TakeUp).leases().wait(1);
    }

    fn step(&self, name: &str) -> &StepRun {
        self.story.run.step(&ServiceId::new(name)).unwrap()
    }

    fn goes_on(&mut self, event: Happens) {
        let (state, before) = (self.story.run.state, self.story.writes.len());
        let retries = matches!(event, Happens::Asked(2..=4) | Happens::LeftOut(_) | Happens::Died(_));
        match event {
            Happens::Answered(of, fault) => self.answer(of, fault),
            Happens::Judged(of, verdict) => {
                let watched = |step: &&StepRun| matches!(step.state, StepState::Watching | StepState::Failed);
                let names: Vec<String> =
                    self.story.run.steps.iter().filter(watched).map(|step| step.service.to_string()).collect();
                if let Some(name) = names.get(of % names.len().max(1)) {
                    self.story.judged(name, verdict);
                }
            }
            Happens::Asked(what) => self.ask(what),
            Happens::LeftOut(of) => {
                let service = ServiceId::new(NAMES[of % self.story.run.steps.len()]);
                let how = LeftOut { by: "ana".into(), reason: "why not".into(), at: crate::domain::fixtures::START };
                self.story.on(RunEvent::LeaveOut { service, how });
            }
            Happens::Leases(true) => drop(self.story.leases()),
            Happens::Leases(false) => drop(self.story.lost()),
            Happens::Waited(seconds) => {
                self.story.wait(seconds);
            }
            Happens::Died(too_early) => self.die(too_early),
        }
        // Where the end of a run was not noted, it goes on.
        let silent = state.is_over() && !matches!(event, Happens::Died(true)) || state == RunState::Halted && !retries;
        assert!(!silent || self.story.writes.len() == before, "{event:?} wrote in a run that was {state:?}");
        self.take_in(before);
        self.note(self.story.writes.len() > before);
    }

    fn answer(&mut self, of: usize, fault: Option<FaultKind>) {
        let under_way: Vec<&str> = self.cluster.iter().filter(|(_, it)| it.under_way).map(|(name, _)| *name).collect();
        let Some(name) = under_way.get(of % under_way.len().max(1)).copied() else { return };
        let known = self.cluster.get_mut(name).unwrap();
        known.under_way = false;
        match fault {
            None => {
                (known.applied, known.lost) = (true, false);
                self.story.written(name);
            }
            Some(kind) => {
                known.again = matches!(kind, FaultKind::Unreachable | FaultKind::OutcomeUnknown);
                known.lost |= kind == FaultKind::OutcomeUnknown;
                known.applied = false;
                self.story.refused(name, kind);
            }
        }
    }

    fn ask(&mut self, what: u8) {
        if matches!(what, 2..=4) && self.story.run.state == RunState::Halted {
            for step in self.story.run.steps.iter().filter(|step| step.state.went_wrong()) {
                let known = self.cluster.iter_mut().find(|(name, _)| **name == step.service.as_str()).unwrap();
                known.1.again = true;
            }
        }
        match what {
            0 => self.story.on(RunEvent::Pause),
            1 => self.story.on(RunEvent::Start),
            2..=4 => self.story.on(RunEvent::Retry),
            5 => self.story.on(RunEvent::Abort),
            _ => self.story.on(RunEvent::Resume),
        };
    }

    /// The way back of what stands now: the images that were there before, of what was begun, in reverse.
    fn way_back(&self) {
        let run = &self.story.run;
        let back = inverse(run);
        let waves = back.iter().flat_map(|plan| &plan.waves);
        let order: Vec<usize> = waves.map(|wave| self.step(wave.steps[0].service.as_str()).wave).collect();
        assert!(order.is_sorted_by(|one, next| one > next), "{order:?}");
        let steps: BTreeMap<_, _> =
            back.iter().flat_map(Plan::steps).map(|step| (step.service.as_str(), step)).collect();
        for planned in run.plan.steps() {
            let known = self.cluster.get(planned.service.as_str()).copied().unwrap_or_default();
            let step = steps.get(planned.service.as_str());
            let may_run = known.applied || known.under_way || known.lost;
            assert!(step.is_some() || !may_run, "{} is not put back", planned.service);
            assert!(step.is_none() || known.times > 0, "{} was never touched", planned.service);
            if let Some(step) = step {
                assert_eq!((&step.to, &step.from, &step.uid), (&planned.from, &planned.to, &planned.uid));
            } else {
                let refused = matches!(&self.step(planned.service.as_str()).state, StepState::Refused(_));
                assert!(known.times == 0 || refused, "{} was begun", planned.service);
            }
            let unknown = matches!(&self.step(planned.service.as_str()).state,
                StepState::Refused(fault) if fault.kind == FaultKind::OutcomeUnknown);
            assert!(!unknown || known.lost && step.is_some(), "{} may run and is not put back", planned.service);
        }
    }
}

proptest! {
    #[test]
    fn waves_keep_their_order_writes_are_not_repeated_unasked_and_all_that_was_begun_can_be_put_back(
        waves in proptest::collection::vec(1usize..4, 1..4),
        events in proptest::collection::vec(happens(), 0..80),
    ) {
        let mut trial = Trial::of(&waves);
        for event in events {
            trial.goes_on(event);
            trial.way_back();
        }
    }

    /// Told apart from the above, where most runs fail somewhere: one in which nothing goes wrong gets to its end.
    #[test]
    fn a_run_in_which_nothing_goes_wrong_writes_everything_once_and_ends(
        waves in proptest::collection::vec(1usize..4, 1..4),
        order in proptest::collection::vec(0usize..9, 60),
    ) {
        let mut trial = Trial::of(&waves);
        for which in order {
            trial.goes_on(Happens::Answered(which, None));
            trial.goes_on(Happens::Judged(which, State::Done));
        }
        prop_assert_eq!(trial.story.run.state, RunState::Succeeded);
        prop_assert_eq!(trial.story.writes.len(), waves.iter().sum::<usize>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Killed whenever it pleases, a run in which nothing else goes wrong still gets to its end.
    #[test]
    fn a_run_whose_process_dies_again_and_again_ends_with_everything_written(
        waves in proptest::collection::vec(1usize..4, 1..4),
        steps in proptest::collection::vec((0usize..9, proptest::option::of(proptest::bool::ANY)), 20),
    ) {
        let mut trial = Trial::of(&waves);
        for (which, died) in steps {
            trial.goes_on(died.map_or(Happens::Answered(which, None), Happens::Died));
            trial.goes_on(Happens::Judged(which, State::Done));
        }
        for which in 0..20 {
            trial.goes_on(Happens::Answered(which, None));
            trial.goes_on(Happens::Judged(which, State::Done));
        }
        prop_assert_eq!(trial.story.run.state, RunState::Succeeded);
        prop_assert_eq!(trial.cluster.len(), waves.iter().sum::<usize>());
    }
}
