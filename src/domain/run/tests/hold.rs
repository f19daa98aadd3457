//! Runs and the leases of their services.

use super::*;

#[test]
fn nothing_is_written_before_all_leases_are_held() {
    let mut story = Story { run: Run::new(RunId(1), plan(&[&["auth"]]), "ana", START), writes: Vec::new(), seconds: 1 };
    story.on(RunEvent::Start);
    assert_eq!((story.run.state, story.writes.len()), (RunState::Acquiring, 0));
    let (service, by) = (ServiceId::new("auth"), Some("bob@mac".into()));
    let waiting = Hold::Waiting(Turn { service, by, ahead: Vec::new(), unseen: None });
    story.on(RunEvent::Held(waiting)).on(RunEvent::Resume).on(RunEvent::Retry);
    assert_eq!(story.writes.len(), 0);
    story.leases();
    assert_eq!(story.writes, ["auth"]);
    assert_eq!(story.run.fence(&ServiceId::new("auth")).unwrap().token, 7);
}

#[test]
fn a_pause_asked_for_before_the_leases_are_held_counts_and_can_be_taken_back() {
    let new = || Story {
        run: Run::new(RunId(1), plan(&[&["auth"], &["cart"]]), "ana", START),
        writes: Vec::new(),
        seconds: 1,
    };
    let mut story = new();
    story.on(RunEvent::Start).on(RunEvent::Pause).leases().succeeds("auth");
    assert_eq!((story.run.state, story.writes.len()), (RunState::Paused, 1));
    let mut story = new();
    story.on(RunEvent::Start).on(RunEvent::Pause).on(RunEvent::Resume).leases().succeeds("auth");
    assert_eq!((story.run.state, story.writes.len()), (RunState::Running, 2));
}

#[test]
fn where_somebody_else_holds_a_service_the_run_ends_with_nothing_written() {
    let mut story = Story { run: Run::new(RunId(1), plan(&[&["auth"]]), "ana", START), writes: Vec::new(), seconds: 1 };
    let refused = Hold::Refused { service: ServiceId::new("auth"), why: "bob@mac is deploying it".to_owned() };
    story.on(RunEvent::Start).on(RunEvent::Held(refused)).leases();
    assert_eq!((story.run.state, story.writes.len()), (RunState::Ended, 0));
    assert_eq!(story.run.steps[0].state, StepState::Skipped);
}

#[test]
fn without_the_right_to_leases_it_works_as_ever() {
    let mut story = Story { run: Run::new(RunId(1), plan(&[&["auth"]]), "ana", START), writes: Vec::new(), seconds: 1 };
    story.on(RunEvent::Start).on(RunEvent::Held(Hold::Without("no right".to_owned()))).succeeds("auth");
    assert_eq!(story.run.state, RunState::Succeeded);
    assert_eq!(story.run.fence(&ServiceId::new("auth")), None);
}

#[test]
fn a_lost_lease_stops_the_writing_and_what_was_written_is_followed() {
    let mut story = Story::new(&[&["auth"], &["cart"]]);
    story.written("auth").lost().judged("auth", State::Done);
    assert_eq!((story.run.succeeded(), story.writes.len()), (1, 1));
    // Going on asks for the leases again, and only then writes the next wave.
    story.on(RunEvent::Resume);
    assert_eq!((story.run.state, story.writes.len()), (RunState::Acquiring, 1));
    story.leases();
    assert_eq!(story.writes, ["auth", "cart"]);
}

#[test]
fn trying_again_after_a_lost_lease_writes_nothing_twice() {
    let mut story = Story::new(&[&["auth"], &["cart"]]);
    story.written("auth").lost().on(RunEvent::Retry).leases();
    assert_eq!((story.run.state, story.writes.len()), (RunState::Running, 1));
    story.judged("auth", State::Done);
    assert_eq!(story.writes, ["auth", "cart"]);
}

#[test]
fn the_leases_are_given_back_at_every_end() {
    for end in [RunEvent::Abort, RunEvent::Judged { service: ServiceId::new("auth"), verdict: done() }] {
        let mut story = Story::new(&[&["auth"]]);
        story.written("auth");
        assert!(story.run.on(end, later(1)).contains(&RunCommand::Release));
    }
}

fn done() -> Verdict {
    Verdict::new(State::Done, Progress::default())
}

#[test]
fn what_failed_under_somebody_elses_hands_is_not_tried_again_unasked() {
    let taken_up = || {
        let mut story = Story::new(&[&["auth"], &["cart"]]);
        story.written("auth").judged("auth", State::Failed);
        let run = document::tests::read_back(&document::write(&story.run).unwrap()).unwrap();
        let mut story = Story { run, writes: Vec::new(), seconds: 60 };
        story.on(RunEvent::TakeUp);
        story
    };
    let mut story = taken_up();
    story.leases();
    assert_eq!((story.run.state, &story.run.steps[0].state), (RunState::Halted, &StepState::Failed));
    story.on(RunEvent::Retry);
    assert_eq!((story.run.state, &story.run.steps[0].state), (RunState::Running, &StepState::Watching));
    let mut story = taken_up();
    story.on(RunEvent::Retry);
    assert_eq!(story.run.state, RunState::Acquiring, "a pipeline asks at once");
    story.leases();
    assert_eq!((story.run.state, &story.run.steps[0].state), (RunState::Running, &StepState::Watching));
    assert!(story.writes.is_empty(), "what was written is not written again");
}

#[test]
fn nothing_is_called_failed_before_the_leases_are_held() {
    let mut story = Story::new(&[&["auth"], &["cart"]]);
    story.written("auth");
    let run = document::tests::read_back(&document::write(&story.run).unwrap()).unwrap();
    let mut story = Story { run, writes: Vec::new(), seconds: 60 };
    story.on(RunEvent::TakeUp).judged("auth", State::Failed);
    assert_eq!((story.run.state, &story.run.steps[0].state), (RunState::Acquiring, &StepState::Watching));
    story.leases().judged("auth", State::Failed);
    assert_eq!((story.run.state, &story.run.steps[0].state), (RunState::Halted, &StepState::Failed));
}
