//! Time that a run waits for people is none that it takes.

use super::super::learn::from;
use super::*;
use crate::domain::run::document::tests::read_back;

const HOUR: i64 = 3_600;

/// How long the run has been carried out and how long it has waited, so many seconds after the last thing that happened.
fn told(story: &Story, after: i64) -> (i64, i64) {
    let now = later(story.seconds + after);
    (story.run.elapsed(now).as_secs(), story.run.waited(now).as_secs())
}

/// One second of leases, ten of auth, which fails; ledger goes on for ten more; cart waits for both.
fn halted() -> Story {
    let mut story = Story::new(&[&["auth", "ledger"], &["cart"]]);
    story.written("auth").written("ledger").wait(10).judged("auth", State::Failed);
    story
}

#[test]
fn after_a_failure_its_time_stands_still_once_nothing_is_under_way_until_a_person_has_decided() {
    let mut story = halted();
    assert_eq!(told(&story, 50), (61, 0), "ledger is still rolling out");
    story.wait(10).judged("ledger", State::Done);
    assert_eq!(told(&story, 4 * HOUR), (21, 4 * HOUR));
    story.wait(4 * HOUR).on(RunEvent::Retry).wait(5).judged("auth", State::Done);
    assert_eq!(told(&story, 3), (29, 4 * HOUR), "it goes on");
    story.written("cart").wait(4).judged("cart", State::Done);
    assert_eq!((story.run.state, told(&story, HOUR)), (RunState::Succeeded, (30, 4 * HOUR)));
}

#[test]
fn what_is_left_aborted_or_gone_on_without_after_hours_has_not_taken_hours() {
    let decided = |event: RunEvent| {
        let mut story = halted();
        story.wait(10).judged("ledger", State::Done).wait(4 * HOUR).on(event);
        told(&story, 0)
    };
    assert_eq!(decided(RunEvent::Abort), (21, 4 * HOUR));
    let how = LeftOut { by: "ana".into(), reason: "the vendor is down".into(), at: later(0) };
    assert_eq!(decided(RunEvent::LeaveOut { service: ServiceId::new("auth"), how }), (21, 4 * HOUR));
}

#[test]
fn a_pause_between_waves_is_waiting_and_asking_for_one_is_not() {
    let mut story = Story::new(&[&["auth"], &["cart"]]);
    story.written("auth").on(RunEvent::Pause).wait(10);
    assert_eq!(told(&story, 0), (11, 0));
    story.judged("auth", State::Done).wait(HOUR).on(RunEvent::Resume).written("cart").wait(10);
    story.judged("cart", State::Done);
    assert_eq!(
        (told(&story, 0), story.run.step(&ServiceId::new("cart")).unwrap().started),
        ((21, HOUR), Some(later(11 + HOUR)))
    );
}

#[test]
fn so_is_standing_in_line_for_a_service_that_another_run_has() {
    let mut story = Story { run: Run::new(RunId(1), plan(&[&["auth"]]), "ana", START), writes: Vec::new(), seconds: 1 };
    let (service, by) = (ServiceId::new("auth"), Some("bob@pc".into()));
    let turn = Turn { service, by, ahead: Vec::new(), unseen: None };
    story.on(RunEvent::Start).on(RunEvent::Held(Hold::Waiting(turn)));
    story.wait(600).leases().written("auth").wait(9).judged("auth", State::Done);
    assert_eq!(told(&story, 0), (10, 600));
}

#[test]
fn whoever_goes_on_with_it_knows_what_it_waited_also_of_versions_that_did_not_note_it() {
    let mut story = halted();
    story.wait(10).judged("ledger", State::Done);
    let text = document::write(&story.run).unwrap();
    let noted = &text[text.find(",\"waits\"").unwrap()..text.len() - 1];
    for text in [text.clone(), text.replace(noted, "")] {
        let mut story = Story { run: read_back(&text).unwrap(), writes: Vec::new(), seconds: 21 };
        assert_eq!(told(&story, HOUR), (21, HOUR));
        story.wait(HOUR).on(RunEvent::TakeUp).leases().on(RunEvent::Retry).wait(5);
        assert_eq!(told(&story, 0), (26, HOUR));
        assert_eq!(read_back(&document::write(&story.run).unwrap()).unwrap().waits, story.run.waits);
    }
    // Left behind between two waves, with nothing under way.
    let mut story = Story::new(&[&["auth"], &["cart"]]);
    story.succeeds("auth").lost();
    story.run.steps[1].state = StepState::Waiting;
    (story.run.steps[1].started, story.run.state) = (None, RunState::Running);
    story.run = read_back(&document::write(&story.run).unwrap()).unwrap();
    story.run.waits.clear();
    story.wait(HOUR).on(RunEvent::TakeUp).leases();
    assert_eq!(told(&story, 0), (1, HOUR));
}

#[test]
fn while_nobody_carried_it_out_and_something_of_it_rolled_out_it_took_no_time() {
    let away = |seconds: i64| {
        let mut story = Story::new(&[&["auth"], &["cart"]]);
        story.written("auth").wait(20);
        let sign = later(story.seconds);
        story.run = read_back(&document::write(&story.run).unwrap()).unwrap();
        story.wait(seconds);
        story.run.was_left(sign, later(story.seconds));
        story
    };
    let mut story = away(3 * HOUR);
    story.on(RunEvent::TakeUp).leases().wait(5).judged("auth", State::Done);
    assert_eq!(told(&story, 0), (26, 3 * HOUR));
    assert_eq!(read_back(&document::write(&story.run).unwrap()).unwrap().waits, story.run.waits);
    let mut ended = away(3 * HOUR);
    ended.on(RunEvent::Abort);
    assert_eq!(told(&ended, HOUR), (21, 3 * HOUR), "so it is of one that was ended in the middle");
    let mut passed = away(20);
    passed.on(RunEvent::TakeUp).leases().judged("auth", State::Done);
    assert_eq!(told(&passed, 0), (41, 0), "who took it from somebody alive saw all of it");
    let mut slept = Story::new(&[&["auth"]]);
    slept.written("auth").wait(HOUR);
    slept.run.was_left(later(10), later(slept.seconds));
    slept.judged("auth", State::Done);
    let mut plan = plan(&[&["auth"]]);
    from(&mut plan, &[&slept.run]);
    assert_eq!(plan.waves[0].steps[0].estimate, None, "how long it really took nobody knows");
}

#[test]
fn nothing_is_learned_from_what_came_right_after_a_person_was_asked() {
    let learned = |run: &Run| {
        let mut plan = plan(&[&["auth"]]);
        from(&mut plan, &[run]);
        plan.waves[0].steps[0].estimate.map(|time| time.as_secs())
    };
    let mut right = Story::new(&[&["auth"]]);
    right.written("auth").wait(30).judged("auth", State::Done);
    assert_eq!(learned(&right.run), Some(30));
    let mut by_itself = Story::new(&[&["auth"]]);
    by_itself.written("auth").wait(30).judged("auth", State::Failed).wait(HOUR).judged("auth", State::Done);
    assert_eq!(learned(&by_itself.run), None);
    let mut again = Story::new(&[&["auth"]]);
    again.written("auth").wait(30).judged("auth", State::Failed).wait(HOUR).on(RunEvent::Retry).wait(1);
    again.judged("auth", State::Done);
    assert_eq!(learned(&again.run), None, "its pods were there before it was tried again");
    assert_eq!(learned(&read_back(&document::write(&again.run).unwrap()).unwrap()), None, "and others know that");
    let mut written = Story::new(&[&["auth"]]);
    written.refused("auth", FaultKind::Forbidden).wait(HOUR).on(RunEvent::Retry).written("auth").wait(30);
    written.judged("auth", State::Done);
    assert_eq!(learned(&written.run), Some(30), "all of its rollout was after that");
}

#[test]
fn times_that_make_no_sense_take_nothing_away() {
    let mut story = halted();
    story.run.waits = vec![
        Wait { from: later(9), to: Some(later(2)) },
        Wait { from: later(-HOUR), to: Some(later(-5)) },
        Wait { from: later(5 * HOUR), to: None },
    ];
    assert_eq!((story.run.elapsed(later(60)).as_secs(), story.run.waited(later(60)).as_secs()), (60, 0));
}
