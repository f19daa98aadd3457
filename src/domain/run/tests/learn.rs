//! How long things take, learned from what they took.

use super::super::learn::from;
use super::*;
use crate::domain::run::document::tests::read_back;

/// A run of auth that began so many seconds late and took so long.
fn took(begun: i64, seconds: i64) -> Run {
    let mut story = Story::new(&[&["auth"]]);
    story.written("auth").wait(seconds).judged("auth", State::Done);
    let step = &mut story.run.steps[0];
    (step.started, step.finished) = (Some(later(begun)), Some(later(begun + seconds)));
    story.run
}

/// Runs of auth one after another, each a day later, which took so long.
fn history(times: &[i64]) -> Vec<Run> {
    times.iter().zip(0..).map(|(seconds, day)| took(day * 86_400, *seconds)).collect()
}

/// What a plan for auth says that was taught by these runs: half of the times, and nine of ten.
fn learned(purpose: Purpose, known: Option<i64>, runs: &[Run]) -> (Option<i64>, Option<i64>) {
    let mut plan = Plan { purpose, ..plan(&[&["auth"]]) };
    plan.waves[0].steps[0].estimate = known.map(SignedDuration::from_secs);
    from(&mut plan, &runs.iter().collect::<Vec<_>>());
    let step = &plan.waves[0].steps[0];
    let seconds = |time: Option<SignedDuration>| time.map(|time| time.as_secs());
    (seconds(step.estimate), seconds(step.p90))
}

fn of(runs: &[Run]) -> (Option<i64>, Option<i64>) {
    learned(Purpose::Deploy, None, runs)
}

#[test]
fn it_takes_as_long_as_half_of_the_times_and_seldom_longer_than_nine_of_ten() {
    let times: Vec<i64> = (1..=10).map(|number| number * 10).collect();
    assert_eq!(of(&history(&times)), (Some(50), Some(90)));
    assert_eq!(of(&history(&[30])), (Some(30), None));
    assert_eq!(of(&history(&[30, 90])), (Some(30), None), "two times do not tell how much they differ");
    assert_eq!(of(&history(&[30, 90, 20])), (Some(30), Some(90)));
    assert_eq!(learned(Purpose::Deploy, Some(7), &history(&[30])).0, Some(30), "seen is better known than told");
    assert_eq!(learned(Purpose::Deploy, Some(7), &[]).0, Some(7));
}

#[test]
fn only_what_was_really_changed_and_became_ready_is_a_time() {
    let mut others: Vec<Run> = (0..6).map(|_| took(0, 30)).collect();
    others[0].steps[0].state = StepState::Failed;
    others[1].plan.waves[0].steps[0].to = "r/auth:v1".into();
    others[2].steps[0].baseline.as_mut().unwrap().changed = false;
    others[3].taken_up.push(TakenUp { by: "bob@pc".into(), from: "ana@mac".into(), at: later(10) });
    others[4].steps[0].finished = Some(later(-5));
    others[5].steps[0].finished = Some(later(2 * 86_400));
    for (number, run) in others.iter().enumerate() {
        assert_eq!(of(std::slice::from_ref(run)), (None, None), "{number}");
    }
    let mut later_on = took(0, 30);
    later_on.taken_up.push(TakenUp { by: "bob@pc".into(), from: "ana@mac".into(), at: later(40) });
    assert_eq!(of(&[later_on]).0, Some(30), "it was over by then");
}

#[test]
fn a_run_of_this_session_that_the_cluster_keeps_as_well_is_one_time() {
    let run = took(0, 90);
    let kept = read_back(&document::write(&run).unwrap()).unwrap();
    let others = history(&[10, 20])[1..].to_vec();
    let all = [vec![run, kept], others].concat();
    assert_eq!(of(&all), (Some(20), None));
}

#[test]
fn roll_backs_are_known_by_roll_backs_and_by_deploys_only_where_nothing_else_is_known() {
    let deploys = history(&[60, 60, 60]);
    let mut back = took(9, 8);
    back.plan.purpose = Purpose::RollBack;
    let both = [deploys.clone(), vec![back.clone()]].concat();
    assert_eq!(of(&both), (Some(60), Some(60)));
    assert_eq!(learned(Purpose::RollBack, Some(60), &both), (Some(8), None));
    assert_eq!(learned(Purpose::RollBack, None, &deploys), (Some(60), Some(60)));
    assert_eq!(learned(Purpose::Deploy, Some(40), &[back]).0, Some(40), "the cluster knows of the last deploy");
}

#[test]
fn what_the_cluster_keeps_of_others_is_learned_from_and_what_was_done_elsewhere_is_not() {
    use crate::domain::fixtures::{self, TestWorld};
    use crate::domain::observed::Object;
    let mut cluster = TestWorld::new("staging");
    for (run, number) in history(&[20, 30, 40]).iter().zip(1..) {
        let texts = document::texts(&document::write(run).unwrap(), "ana@mac/1/x", START);
        let mut kept = fixtures::document(&format!("run-{number}"), &[]);
        (kept.meta.name, kept.about, kept.texts) = (document::name(&number.to_string()), document::ABOUT.into(), texts);
        cluster.put(Object::Document(Box::new(kept)));
    }
    let learned = |env: &str, runs: &[Run]| {
        let mut plan = Plan { env: EnvId::new(env), ..plan(&[&["auth"]]) };
        learn(&mut plan, runs, &cluster.world);
        plan.estimate().map(|time| time.as_secs())
    };
    assert_eq!(learned("staging", &[]), Some(30));
    assert_eq!(learned("production", &[took(0, 90)]), None, "another environment is another cluster");
}

#[test]
fn how_long_it_takes_is_kept_with_the_run_and_nonsense_is_not_believed() {
    let mut run = took(0, 30);
    let step = &mut run.plan.waves[0].steps[0];
    (step.estimate, step.p90) = (Some(SignedDuration::from_secs(25)), Some(SignedDuration::from_secs(55)));
    let text = document::write(&run).unwrap();
    assert_eq!(read_back(&text).unwrap().plan, run.plan);
    for nonsense in [i64::MAX, -1, i64::MIN] {
        let text = text.replace("\"estimate\":25", &format!("\"estimate\":{nonsense}"));
        assert_eq!(read_back(&text).unwrap().plan.estimate(), None, "{nonsense}");
    }
}

proptest! {
    /// Whatever the times were and in whatever order they are read.
    #[test]
    fn of_the_newest_times_half_are_within_the_estimate_and_nine_of_ten_within_the_other(
        times in proptest::collection::vec(0i64..5_000, 1..60),
        turned in 0usize..60,
    ) {
        let mut runs = history(&times);
        let newest = &times[times.len().saturating_sub(20)..];
        let within = |limit: i64| newest.iter().filter(|time| **time <= limit).count();
        let below = |limit: i64| newest.iter().filter(|time| **time < limit).count();
        let (estimate, p90) = of(&runs);
        let usual = estimate.unwrap();
        prop_assert!(within(usual) * 2 >= newest.len() && below(usual) * 2 <= newest.len());
        prop_assert_eq!(p90.is_some(), newest.len() >= 3);
        if let Some(p90) = p90 {
            prop_assert!(usual <= p90 && within(p90) * 10 >= newest.len() * 9 && below(p90) * 10 < newest.len() * 9);
        }
        runs.rotate_left(turned % times.len());
        prop_assert_eq!(of(&runs), (estimate, p90), "in whatever order they are read");
        let twice = [runs.clone(), runs].concat();
        prop_assert_eq!(of(&twice), (estimate, p90), "whoever is seen twice counts once");
    }
}
