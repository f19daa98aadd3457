//! What is left of a step, and when it is slower than usual.

use super::*;

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// A run of one step that takes so long as a rule, and so long nine times of ten; begun at second 1 and written at once.
fn watched(estimate: i64, p90: Option<i64>) -> Run {
    let mut story = Story::new(&[&["auth"]]);
    story.written("auth");
    let step = &mut story.run.plan.waves[0].steps[0];
    (step.estimate, step.p90) = (Some(seconds(estimate)), p90.map(seconds));
    story.run
}

fn after(run: &Run, seconds: i64) -> Option<Pace> {
    run.pace(&run.steps[0], later(1 + seconds))
}

fn is_slow(run: &Run, seconds: i64) -> bool {
    matches!(after(run, seconds), Some(Pace::Slow { .. }))
}

#[test]
fn what_is_left_is_told_until_the_usual_time_is_over_and_slower_only_beyond_what_nine_of_ten_took() {
    let run = watched(20, Some(45));
    assert_eq!(after(&run, 5), Some(Pace::Left(seconds(15))));
    assert_eq!((after(&run, 20), after(&run, 45)), (None, None), "as it is one time of two");
    assert_eq!(after(&run, 46), Some(Pace::Slow { usual: seconds(20) }));
}

#[test]
fn where_nobody_knows_how_much_the_times_differ_twice_as_long_is_slower() {
    let run = watched(20, None);
    assert!(!is_slow(&run, 40) && is_slow(&run, 41));
}

#[test]
fn seconds_more_or_less_are_nothing() {
    for p90 in [None, Some(1)] {
        let run = watched(1, p90);
        assert!(!is_slow(&run, 11) && is_slow(&run, 12), "{p90:?}");
    }
}

#[test]
fn a_step_of_which_nothing_is_known_or_that_is_not_rolling_out_has_no_pace() {
    let mut run = watched(20, None);
    run.plan.waves[0].steps[0].estimate = None;
    assert_eq!(after(&run, 4_000), None);
    let mut written = Story::new(&[&["auth"]]).run;
    written.plan.waves[0].steps[0].estimate = Some(seconds(20));
    assert_eq!(after(&written, 100), None, "a write that does not come through has its own words");
    // A run of somebody else, whose pods are ready although nobody has written that down.
    let mut run = watched(20, None);
    run.steps[0].verdict = Some(Verdict::new(State::Done, Progress::default()));
    assert_eq!(after(&run, 4_000), None);
}

#[test]
fn what_is_held_up_by_something_does_not_say_that_it_is_nearly_done() {
    let mut run = watched(20, None);
    let evidence = crate::domain::rollout::gone(&run.plan.waves[0].steps[0].workload).evidence.unwrap();
    run.steps[0].verdict = Some(Verdict::new(State::Progressing, Progress::default()).because(evidence));
    assert_eq!(after(&run, 5), None);
    assert!(is_slow(&run, 41));
}

#[test]
fn a_wave_goes_on_for_as_long_as_its_slowest_step_if_all_are_known_and_none_is_late() {
    let mut story = Story::new(&[&["auth", "ledger"], &["cart"]]);
    story.written("auth").written("ledger");
    let left = |run: &Run, at: i64| run.wave_left(later(1 + at)).map(|left| left.as_secs());
    story.run.plan.waves[0].steps[0].estimate = Some(seconds(30));
    assert_eq!(left(&story.run, 5), None, "ledger is not known");
    story.run.plan.waves[0].steps[1].estimate = Some(seconds(12));
    assert_eq!((left(&story.run, 5), left(&story.run, 12)), (Some(25), None));
    story.wait(12).judged("ledger", State::Done);
    assert_eq!(left(&story.run, 12), Some(18));
}
