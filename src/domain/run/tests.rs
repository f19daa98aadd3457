//! Runs, told as stories.

mod hold;
mod learn;
mod left_out;
mod pace;
mod waits;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::domain::fault::FaultKind;
use crate::domain::fixtures::{START, later, template};
use crate::domain::ids::{EnvId, Uid};
use crate::domain::lease::Fence;
use crate::domain::observed::WorkloadRef;
use crate::domain::plan::{Purpose, Wave};
use crate::domain::verdict::{Progress, State};

fn plan(waves: &[&[&str]]) -> Plan {
    let step = |name: &&str| Step {
        service: ServiceId::new(name),
        workload: WorkloadRef::deployment(*name),
        uid: Uid::new(name),
        container_index: 0,
        container: (*name).into(),
        from: format!("r/{name}:v1").into(),
        to: format!("r/{name}:v2").into(),
        from_version: "v1".into(),
        to_version: "v2".into(),
        after: Vec::new(),
        estimate: None,
        p90: None,
        failing: false,
    };
    Plan {
        env: EnvId::new("staging"),
        protected: false,
        purpose: Purpose::Deploy,
        title: "test".into(),
        waves: waves.iter().map(|names| Wave { steps: names.iter().map(step).collect() }).collect(),
        skipped: Vec::new(),
        warnings: Vec::new(),
        passes: crate::domain::lock::Passes::default(),
        unheld: false,
    }
}

pub(in crate::domain) fn baseline(service: &str) -> Baseline {
    Baseline {
        uid: Uid::new(service),
        generation: 2,
        template: template("v2"),
        images: vec!["v2".into()],
        progressing: None,
        changed: true,
        at: START,
        progress_deadline: Some(600),
        reached: Reached { created: 0, ready: 0, at: START, drained: None },
    }
}

/// What is answered when nobody is in the way.
pub(super) fn held(run: &Run) -> Hold {
    let fence = |step: &StepRun| Fence { token: 7, lease: format!("shipdeck-{}", step.service).into() };
    let fences = run.steps.iter().map(|step| (step.service.clone(), fence(step))).collect();
    Hold::Held { fences, taken_from: Vec::new() }
}

pub(super) struct Story {
    pub(super) run: Run,
    pub(super) writes: Vec<String>,
    seconds: i64,
}

impl Story {
    pub(super) fn new(waves: &[&[&str]]) -> Self {
        let mut story = Self { run: Run::new(RunId(1), plan(waves), "ana", START), writes: Vec::new(), seconds: 1 };
        story.on(RunEvent::Start).leases();
        story
    }

    /// Every lease is held.
    pub(super) fn leases(&mut self) -> &mut Self {
        let held = held(&self.run);
        self.on(RunEvent::Held(held))
    }

    pub(super) fn lost(&mut self) -> &mut Self {
        let (service, why) = (ServiceId::new("auth"), "bob@mac took it over".to_owned());
        self.on(RunEvent::Held(Hold::Lost { service, why }))
    }

    pub(super) fn on(&mut self, event: RunEvent) -> &mut Self {
        let commands = self.run.on(event, later(self.seconds));
        self.writes.extend(commands.iter().filter_map(|command| match command {
            RunCommand::Write(step) => Some(step.service.to_string()),
            _ => None,
        }));
        self
    }

    pub(super) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.seconds += seconds;
        self.on(RunEvent::Tick)
    }

    pub(super) fn written(&mut self, service: &str) -> &mut Self {
        self.on(RunEvent::Written { service: ServiceId::new(service), result: Ok(baseline(service)) })
    }

    pub(super) fn refused(&mut self, service: &str, kind: FaultKind) -> &mut Self {
        self.on(RunEvent::Written { service: ServiceId::new(service), result: Err(Fault::new(kind, "no")) })
    }

    pub(super) fn judged(&mut self, service: &str, state: State) -> &mut Self {
        let verdict = Verdict::new(state, Progress::default());
        self.on(RunEvent::Judged { service: ServiceId::new(service), verdict })
    }

    fn succeeds(&mut self, service: &str) -> &mut Self {
        self.written(service).judged(service, State::Done)
    }
}

#[test]
fn the_next_wave_waits_for_every_step_of_the_one_before() {
    let mut story = Story::new(&[&["auth", "ledger"], &["cart"]]);
    assert_eq!(story.writes, ["auth", "ledger"]);
    story.succeeds("auth").written("ledger");
    assert_eq!(story.writes.len(), 2);
    story.judged("ledger", State::Done);
    assert_eq!(story.writes, ["auth", "ledger", "cart"]);
    story.succeeds("cart");
    assert_eq!(story.run.state, RunState::Succeeded);
}

#[test]
fn a_failure_stops_later_waves_and_what_was_begun_is_followed() {
    let mut story = Story::new(&[&["auth", "ledger"], &["cart"]]);
    story.written("auth").written("ledger").judged("auth", State::Failed);
    assert_eq!(story.run.state, RunState::Halted);
    story.judged("ledger", State::Done);
    assert_eq!(story.writes, ["auth", "ledger"]);
    assert_eq!(story.run.succeeded(), 1);
}

#[test]
fn a_late_success_lets_a_person_go_on() {
    let mut story = Story::new(&[&["auth"], &["cart"]]);
    story.written("auth").judged("auth", State::Failed).judged("auth", State::Done);
    assert_eq!((story.run.state, story.writes.len()), (RunState::Paused, 1));
    story.on(RunEvent::Resume);
    assert_eq!(story.writes, ["auth", "cart"]);
}

#[test]
fn a_lost_answer_is_asked_for_again_after_a_pause_and_a_refusal_is_not() {
    let mut story = Story::new(&[&["auth"]]);
    story.refused("auth", FaultKind::OutcomeUnknown).wait(0);
    assert_eq!(story.writes, ["auth"], "not at once");
    story.wait(1);
    assert_eq!(story.writes, ["auth", "auth"]);
    story.wait(60);
    assert_eq!(story.writes.len(), 2, "one try at a time");
    story.refused("auth", FaultKind::Conflict).wait(60);
    assert_eq!((story.writes.len(), story.run.state), (2, RunState::Halted));
}

#[test]
fn a_cluster_that_is_not_reached_is_tried_ever_more_slowly_and_for_five_minutes() {
    let mut story = Story::new(&[&["auth"]]);
    while story.run.state == RunState::Running {
        let tries = story.refused("auth", FaultKind::Unreachable).writes.len();
        while story.run.state == RunState::Running && story.writes.len() == tries {
            story.wait(1);
            assert!(story.seconds < 400, "for ever");
        }
    }
    assert!((15..=25).contains(&story.writes.len()), "{}", story.writes.len());
    assert!((290..=330).contains(&story.seconds), "{}", story.seconds);
    assert!(matches!(&story.run.steps[0].state, StepState::Refused(fault) if fault.kind == FaultKind::Unreachable));
    assert_eq!(inverse(&story.run), None, "nothing was ever sent");
}

#[test]
fn a_server_that_asks_for_a_pause_gets_it() {
    let mut story = Story::new(&[&["auth"]]);
    let mut busy = Fault::new(FaultKind::Throttled, "busy");
    busy.retry_after = Some(Duration::from_secs(40));
    story.on(RunEvent::Written { service: ServiceId::new("auth"), result: Err(busy) }).wait(39);
    assert_eq!(story.writes.len(), 1);
    story.wait(1);
    assert_eq!(story.writes.len(), 2);
}

#[test]
fn once_an_answer_was_lost_the_step_counts_as_begun_whatever_later_tries_meet_with() {
    let mut story = Story::new(&[&["auth"]]);
    story.refused("auth", FaultKind::OutcomeUnknown).wait(1).refused("auth", FaultKind::Unreachable);
    story.on(RunEvent::Abort).wait(60);
    assert_eq!(story.writes.len(), 2);
    assert!(matches!(&story.run.steps[0].state, StepState::Refused(fault) if fault.kind == FaultKind::OutcomeUnknown));
    assert_eq!(inverse(&story.run).unwrap().steps().count(), 1);
}

#[test]
fn a_clear_refusal_after_a_lost_answer_leaves_the_service_in_the_way_back_also_when_a_person_has_tried_again() {
    let mut story = Story::new(&[&["auth"]]);
    story.refused("auth", FaultKind::OutcomeUnknown).wait(1).refused("auth", FaultKind::Conflict);
    assert!(matches!(&story.run.steps[0].state, StepState::Refused(fault) if fault.kind == FaultKind::Conflict));
    assert_eq!(inverse(&story.run).unwrap().steps().count(), 1);
    story.on(RunEvent::Retry).refused("auth", FaultKind::Forbidden);
    assert_eq!(inverse(&story.run).unwrap().steps().count(), 1, "it may have taken effect all the same");
    story.on(RunEvent::Retry).written("auth");
    assert!(!story.run.steps[0].lost, "now it is certain");
}

#[test]
fn a_write_that_waits_for_another_try_is_not_made_after_a_halt() {
    let mut story = Story::new(&[&["auth", "ledger"]]);
    story.refused("auth", FaultKind::Unreachable).written("ledger").judged("ledger", State::Failed).wait(60);
    assert_eq!((story.writes.len(), story.run.state), (2, RunState::Halted));
    assert!(matches!(story.run.steps[0].state, StepState::Refused(_)));
}

#[test]
fn trying_again_writes_what_was_refused_and_watches_what_was_written() {
    let mut story = Story::new(&[&["auth", "ledger"]]);
    story.written("auth").judged("auth", State::Failed).refused("ledger", FaultKind::Forbidden);
    story.on(RunEvent::Retry);
    assert_eq!(story.writes, ["auth", "ledger", "ledger"]);
    story.judged("auth", State::Done).succeeds("ledger");
    assert_eq!(story.run.state, RunState::Succeeded);
}

#[test]
fn a_pause_holds_between_waves_and_never_within_one() {
    let mut story = Story::new(&[&["auth"], &["cart"]]);
    story.on(RunEvent::Pause).succeeds("auth");
    assert_eq!((story.run.state, story.writes.len()), (RunState::Paused, 1));
    story.on(RunEvent::Resume);
    assert_eq!(story.writes, ["auth", "cart"]);
}

#[test]
fn the_way_back_is_exactly_what_was_begun_in_reverse_order() {
    let mut story = Story::new(&[&["auth"], &["cart"], &["web"]]);
    story.succeeds("auth").written("cart").judged("cart", State::Failed);
    let back = inverse(&story.run).unwrap();
    let steps: Vec<_> = back.waves.iter().map(|wave| (wave.steps[0].service.as_str(), &*wave.steps[0].to)).collect();
    assert_eq!(steps, [("cart", "r/cart:v1"), ("auth", "r/auth:v1")]);
}

#[test]
fn taking_a_roll_back_back_is_a_deploy_of_what_was_fled_from() {
    let mut story = Story::new(&[&["auth"]]);
    story.succeeds("auth");
    let back = inverse(&story.run).unwrap();
    assert_eq!(back.purpose, Purpose::RollBack);
    let undone = Run { plan: back, ..story.run.clone() };
    assert_eq!(inverse(&undone).unwrap().purpose, Purpose::Deploy);
}

#[test]
fn what_was_failing_before_goes_back_last_with_a_warning_and_holds_nothing_back() {
    let mut planned = plan(&[&["auth"], &["cart", "ledger"], &["web"]]);
    for wave in &mut planned.waves[1..] {
        wave.steps[0].failing = true;
    }
    let mut story = Story { run: Run::new(RunId(1), planned, "ana", START), writes: Vec::new(), seconds: 1 };
    story.on(RunEvent::Start).leases().succeeds("auth").succeeds("cart").succeeds("ledger");
    story.written("web").judged("web", State::Failed);
    let back = inverse(&story.run).unwrap();
    let names = |wave: &Wave| wave.steps.iter().map(|step| step.service.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(back.waves.iter().map(names).collect::<Vec<_>>(), ["ledger", "auth", "web cart"]);
    let told: Vec<_> = back.warnings.iter().map(|it| format!("{} {}", it.subject, it.text)).collect();
    let text =
        "v1 was failing before the deploy and may fail again; that is why it goes last, and nothing waits for it";
    assert_eq!(told, [format!("web {text}"), format!("cart {text}")]);
    let failing: Vec<_> = back.steps().filter(|step| step.failing).map(|step| step.service.as_str()).collect();
    assert_eq!(failing, ["web"], "what has failed now is what going forward again would go back to");
}

#[test]
fn nothing_is_undone_where_nothing_was_changed() {
    let mut story = Story::new(&[&["auth"]]);
    story.refused("auth", FaultKind::Forbidden);
    assert_eq!(inverse(&story.run), None);
}

#[test]
fn a_lost_answer_after_a_halt_is_not_repeated_and_is_undone() {
    let mut story = Story::new(&[&["auth", "ledger"]]);
    story.written("auth").judged("auth", State::Failed).refused("ledger", FaultKind::OutcomeUnknown);
    assert_eq!(story.writes, ["auth", "ledger"]);
    assert_eq!(inverse(&story.run).unwrap().steps().count(), 2);
}

#[test]
fn a_run_begins_once() {
    let mut story = Story::new(&[&["auth"]]);
    story.on(RunEvent::Start).on(RunEvent::Abort).on(RunEvent::Start);
    assert_eq!((story.writes.len(), story.run.state), (1, RunState::Ended));
}

#[test]
fn a_wave_takes_as_long_as_its_slowest_step_and_a_plan_as_its_waves() {
    let mut plan = plan(&[&["auth", "ledger"], &["cart"]]);
    assert_eq!(plan.estimate(), None);
    for (wave, step, seconds) in [(0, 0, 5), (0, 1, 40), (1, 0, 20)] {
        assert_eq!(plan.estimate(), None, "one is not known");
        plan.waves[wave].steps[step].estimate = Some(SignedDuration::from_secs(seconds));
    }
    assert_eq!((plan.estimate(), plan.p90()), (Some(SignedDuration::from_secs(60)), None));
    for step in plan.waves.iter_mut().flat_map(|wave| &mut wave.steps) {
        step.p90 = step.estimate.map(|usual| usual * 2);
    }
    assert_eq!(plan.p90(), Some(SignedDuration::from_secs(120)));
}

proptest! {
    /// Whatever happens in whatever order.
    #[test]
    fn at_most_one_wave_is_active_and_nothing_is_written_after_an_end(events in proptest::collection::vec((0u8..14, 0usize..4), 0..60)) {
        let names = ["a", "b", "c", "d"];
        let mut story = Story::new(&[&["a", "b"], &["c"], &["d"]]);
        for (event, which) in events {
            let over = story.run.state.is_over();
            let halted = story.run.state == RunState::Halted;
            let before = story.writes.len();
            let name = names[which];
            match event {
                0 => story.written(name),
                1 => story.judged(name, State::Done),
                2 => story.judged(name, State::Failed),
                3 => story.refused(name, FaultKind::Conflict),
                4 => story.on(RunEvent::Pause),
                5 => story.on(RunEvent::Resume),
                6 => story.on(RunEvent::Retry),
                7 => story.judged(name, State::Progressing),
                8 => story.on(RunEvent::Start),
                9 => story.refused(name, FaultKind::OutcomeUnknown),
                10 => story.wait(2),
                11 => story.leases(),
                12 => story.lost(),
                _ => story.on(RunEvent::Abort),
            };
            let usable = story.run.may_write() || story.run.state.is_over();
            if over || (halted && event != 6) || !usable {
                prop_assert_eq!(before, story.writes.len());
            }
            let active: std::collections::BTreeSet<_> = story.run.steps.iter()
                .filter(|step| step.is_under_way())
                .map(|step| step.wave)
                .collect();
            prop_assert!(active.len() <= 1, "{:?}", active);
        }
    }
}
