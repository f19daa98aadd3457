//! Going on without a service.

use super::*;
use crate::domain::run::document;

fn without(service: &str) -> RunEvent {
    let how = LeftOut { by: "ana@mac".into(), reason: "the vendor is down".into(), at: START };
    RunEvent::LeaveOut { service: ServiceId::new(service), how }
}

/// auth has failed, and cart and checkout would have come after it.
fn halted() -> Story {
    let mut story = Story::new(&[&["auth", "ledger"], &["cart"], &["checkout"]]);
    story.written("auth").succeeds("ledger").judged("auth", State::Failed);
    assert_eq!(story.run.state, RunState::Halted);
    story
}

#[test]
fn a_run_goes_on_without_what_failed_and_ends_without_calling_that_a_success() {
    let mut story = halted();
    story.on(without("auth"));
    assert_eq!((story.run.state, story.writes.last().unwrap().as_str()), (RunState::Running, "cart"));
    story.succeeds("cart").succeeds("checkout");
    assert_eq!(story.run.state, RunState::Ended);
    assert_eq!(story.run.without().as_deref(), Some("auth"));
    let auth = story.run.step(&ServiceId::new("auth")).unwrap();
    assert_eq!(auth.state, StepState::Failed, "what is true stays said");
    assert_eq!(auth.left_out_words().unwrap(), "left out by ana@mac: the vendor is down");
}

#[test]
fn a_run_that_is_aborted_after_that_is_not_done_but_for_it() {
    let mut story = halted();
    story.on(without("auth")).succeeds("cart");
    assert!(!story.run.is_partial(), "it goes on");
    story.on(RunEvent::Abort);
    assert_eq!((story.run.state, story.run.is_partial()), (RunState::Ended, false), "checkout was never ready");
    let mut story = halted();
    story.on(without("auth")).succeeds("cart").succeeds("checkout");
    assert!(story.run.is_partial());
}

#[test]
fn what_failed_is_put_back_with_the_others_although_it_was_left_out() {
    let mut story = halted();
    story.on(without("auth")).succeeds("cart");
    let back = inverse(&story.run).unwrap();
    assert!(back.steps().any(|step| step.service.as_str() == "auth"));
    // Only what failed is held from then on: the others went back for its sake.
    let held: Vec<&str> = crate::domain::lock::to_be_held(&back).iter().map(|step| step.service.as_str()).collect();
    assert_eq!((held.as_slice(), back.steps().count()), (["auth"].as_slice(), 4));
}

#[test]
fn another_failure_still_holds_it_and_trying_again_leaves_alone_what_is_left_out() {
    let mut story = Story::new(&[&["auth", "ledger"], &["cart"]]);
    story.written("auth").written("ledger").judged("auth", State::Failed).judged("ledger", State::Failed);
    story.on(without("auth"));
    assert_eq!(story.run.state, RunState::Halted);
    story.on(RunEvent::Retry);
    let state = |name: &str| story.run.step(&ServiceId::new(name)).unwrap().state.clone();
    assert_eq!((state("auth"), state("ledger")), (StepState::Failed, StepState::Watching));
    story.judged("ledger", State::Done);
    assert_eq!(story.writes.last().unwrap(), "cart");
}

#[test]
fn what_has_not_begun_never_begins_and_a_wave_of_nothing_else_is_passed_over() {
    let mut story = Story::new(&[&["auth"], &["cart"], &["checkout"]]);
    story.on(without("cart")).succeeds("auth");
    assert_eq!(story.writes, ["auth", "checkout"]);
    story.succeeds("checkout");
    assert_eq!((story.run.state, story.run.succeeded()), (RunState::Ended, 2));
}

#[test]
fn a_held_run_stays_held_when_all_of_its_next_wave_is_left_out() {
    let mut story = Story::new(&[&["auth"], &["cart"], &["checkout"]]);
    story.on(RunEvent::Pause).succeeds("auth");
    story.on(without("cart"));
    assert_eq!((story.run.state, story.writes.len()), (RunState::Paused, 1));
    story.on(RunEvent::Resume);
    assert_eq!(story.writes, ["auth", "checkout"]);
}

#[test]
fn what_is_under_way_or_done_is_not_left_out() {
    let mut story = Story::new(&[&["auth", "ledger"], &["cart"]]);
    story.succeeds("auth").on(without("auth")).on(without("ledger"));
    assert_eq!(story.run.without(), None);
    let why = |name: &str| story.run.may_leave_out(&ServiceId::new(name)).unwrap_err();
    assert_eq!((why("auth"), why("ledger")), ("it has succeeded", "it is under way: abort, or wait for how it ends"));
}

#[test]
fn whoever_takes_the_run_up_goes_on_without_it_too() {
    let mut story = halted();
    story.on(without("auth")).succeeds("cart");
    let text = document::write(&story.run).unwrap();
    let read = document::tests::read_back(&text).unwrap();
    assert_eq!(read.without().as_deref(), Some("auth"));
    story.run = read;
    story.on(RunEvent::TakeUp).leases();
    assert_eq!(story.run.state, RunState::Running);
    story.succeeds("checkout");
    assert_eq!(story.run.state, RunState::Ended);
    assert_eq!(story.writes, ["auth", "ledger", "cart", "checkout"], "nothing twice");
}

#[test]
fn without_its_leases_it_asks_for_them_first() {
    let mut story = halted();
    story.lost().on(without("auth"));
    assert_eq!((story.run.state, story.writes.len()), (RunState::Acquiring, 2));
    story.leases();
    assert_eq!(story.writes.last().unwrap(), "cart");
}

#[test]
fn who_needs_it_is_known_through_others_too() {
    let mut story = Story::new(&[&["auth"], &["cart"], &["checkout", "mail"]]);
    let needs = |story: &mut Story, wave: usize, name: &str| {
        story.run.plan.waves[wave].steps[0].after = vec![ServiceId::new(name)];
    };
    needs(&mut story, 1, "auth");
    needs(&mut story, 2, "cart");
    let names: Vec<String> = story.run.needing(&ServiceId::new("auth")).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["cart", "checkout"]);
}
