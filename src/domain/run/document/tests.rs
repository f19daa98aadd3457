//! Documents of runs: what is written is what is read, and nothing that makes no sense is followed.

use super::*;
use crate::domain::fixtures::{START, later, meta};
use crate::domain::ids::ServiceId;
use crate::domain::rollout::{After, Soaked};
use crate::domain::run::tests::Story;
use crate::domain::run::{Baseline, Reached, StepRun};
use crate::domain::verdict::State;

fn document(texts: Texts) -> Document {
    Document { meta: meta("shipdeck-run-01k5", None), about: ABOUT.into(), texts }
}

/// The run that a text tells of, as another process reads it.
pub(in crate::domain::run) fn read_back(text: &str) -> Result<Run, Unreadable> {
    read(&document(texts(text, "ana@mac/1/x", START))).map(|entry| entry.run)
}

/// One service is done, one failed, and the wave after them waits.
fn halted() -> Run {
    let mut story = Story::new(&[&["auth", "cart"], &["web"]]);
    story.written("auth").judged("auth", State::Done).written("cart").judged("cart", State::Failed);
    story.run
}

#[test]
fn what_is_written_is_read_by_another_process() {
    let run = halted();
    let read = read_back(&write(&run).unwrap()).unwrap();
    assert_eq!((&read.plan, read.state, read.wave, &read.by), (&run.plan, run.state, run.wave, &run.by));
    // How far a rollout had come is seen anew.
    let baseline = |it: &StepRun| {
        it.baseline
            .clone()
            .map(|it| Baseline { reached: Reached { created: 0, ready: 0, at: it.at, drained: None }, ..it })
    };
    let of = |run: &Run| run.steps.iter().map(|it| (it.state.clone(), baseline(it), it.lost)).collect::<Vec<_>>();
    assert_eq!(of(&read), of(&run));
    assert_eq!(write(&read), write(&run), "the same run gives the same text");
}

/// The pods of what succeeded are watched for a while; whoever reads the document knows whether that came to its end.
#[test]
fn how_the_new_pods_fared_after_success_is_kept_and_a_watch_that_nobody_ended_is_known_as_unfinished() {
    let (soak, until) = (jiff::SignedDuration::from_mins(2), later(120));
    let soaked = |after: After| {
        let mut run = halted();
        run.steps[0].after = Some(after);
        let text = write(&run).unwrap();
        let read = read_back(&text).unwrap();
        assert_eq!(write(&read), Ok(text), "the same run gives the same text");
        (read.steps[0].degraded().cloned(), read.steps[0].after.clone().unwrap().soaked(later(600)))
    };
    let noted = |trouble, over| After::noted(soak, (START, until), trouble, over);
    assert_eq!(soaked(noted(None, false)), (None, Soaked::Unfinished));
    assert_eq!(soaked(noted(None, true)), (None, Soaked::Well));
    let found = crate::domain::rollout::gone(&halted().plan.waves[0].steps[0].workload).evidence;
    let (degraded, how) = soaked(noted(found.clone(), false));
    assert_eq!((degraded.map(|it| it.headline), how), (found.map(|it| it.headline), Soaked::Degraded));
}

#[test]
fn what_was_failing_before_is_kept_and_a_document_that_says_nothing_of_it_is_read() {
    let mut run = halted();
    assert!(!write(&run).unwrap().contains("failing"), "as older versions wrote it");
    run.plan.waves[0].steps[1].failing = true;
    assert_eq!(read_back(&write(&run).unwrap()).unwrap().plan, run.plan);
}

#[test]
fn a_newer_format_is_refused_with_what_to_do() {
    let mut texts = texts(&write(&halted()).unwrap(), "ana@mac/1/x", START);
    texts.insert("format".into(), "2".into());
    let why = read(&document(texts)).unwrap_err().why;
    assert_eq!(why, "it is of a newer shipdeck (format 2): update this one");
}

#[test]
fn what_was_changed_by_hand_into_nonsense_is_not_followed() {
    let good = write(&halted()).unwrap();
    let cases = [
        ("", "not readable"),
        ("{}", "not readable"),
        (&*good.replace("\"halted\"", "\"dancing\""), "the state dancing is not known"),
        (&*good.replace("\"wave\":0", "\"wave\":7"), "its waves are out of order"),
        (&*good.replace("\"wave\":0", "\"wave\":1"), "its waves are out of order"),
        (&*good.replace("\"service\":\"web\"", "\"service\":\"auth\""), "a service twice"),
        (&*good.replace("deployment/web", "pod/web"), "pod/web is no workload"),
    ];
    for (text, wanted) in cases {
        let why = read_back(text).unwrap_err().why;
        assert!(why.contains(wanted) && why.ends_with("it was changed by hand"), "{why}");
    }
    for missing in ["format", "run", "updated"] {
        let mut texts = texts(&good, "ana@mac/1/x", START);
        texts.remove(missing);
        let why = read(&document(texts)).unwrap_err().why;
        assert!(why.ends_with("it was changed by hand"), "{missing}: {why}");
    }
}

#[test]
fn a_run_that_is_too_large_for_the_cluster_says_so() {
    let mut run = halted();
    run.plan.title = "x".repeat(LARGEST);
    assert!(write(&run).unwrap_err().starts_with("it is too large for the cluster to keep (8"));
}

#[test]
fn names_follow_the_order_of_time_and_differ_in_one_moment() {
    let names = [(START, "ana", 1), (later(1), "ana", 1), (later(3_600), "ana", 1)];
    let names: Vec<_> = names.iter().map(|(at, owner, run)| key(*at, owner, RunId(*run))).collect();
    assert!(names.is_sorted() && names.iter().all(|name| name.len() == 16), "{names:?}");
    assert_ne!(key(START, "ana", RunId(1)), key(START, "bob", RunId(1)));
    assert_ne!(key(START, "ana", RunId(1)), key(START, "ana", RunId(2)));
}

#[test]
fn of_runs_that_are_over_the_newest_and_the_young_are_kept_and_those_that_are_not_over_all() {
    let entry = |number: i64, over: bool| {
        let mut run = halted();
        run.state = if over { RunState::Ended } else { RunState::Halted };
        let text = texts(&write(&run).unwrap(), "ana@mac/1/x", later(number * 86_400));
        let mut document = document(text);
        document.meta.name = name(&number.to_string());
        read(&document).unwrap()
    };
    let mut entries: Vec<Entry> = (0..40).map(|day| entry(day, day != 3)).collect();
    entries.reverse();
    let gone: Vec<_> = outdated(&entries, later(30 * 86_400)).iter().map(|it| it.key.to_string()).collect();
    assert_eq!(gone.len(), 15, "{gone:?}");
    assert!(!gone.contains(&"3".to_owned()) && gone.contains(&"15".to_owned()) && !gone.contains(&"20".to_owned()));
}

#[test]
fn of_a_service_that_is_seldom_deployed_what_runs_and_what_it_goes_back_to_are_kept() {
    let entry = |day: i64, seldom: bool| {
        let mut story = Story::new(if seldom { &[&["ledger"]] } else { &[&["web"]] });
        let name = if seldom { "ledger" } else { "web" };
        story.written(name).judged(name, State::Done);
        let mut document = document(texts(&write(&story.run).unwrap(), "ana@mac/1/x", later(day * 86_400)));
        document.meta.name = name_of(day);
        read(&document).unwrap()
    };
    let entries: Vec<Entry> = (0..60).map(|day| entry(day, matches!(day, 1..=4))).collect();
    let gone: Vec<_> = outdated(&entries, later(100 * 86_400)).iter().map(|it| it.key.to_string()).collect();
    for (day, is_gone) in [("1", true), ("2", true), ("3", false), ("4", false), ("39", true), ("40", false)] {
        assert_eq!(gone.contains(&day.to_owned()), is_gone, "{day}: {gone:?}");
    }
}

fn name_of(number: i64) -> std::sync::Arc<str> {
    name(&number.to_string())
}

#[test]
fn a_step_that_was_being_written_is_written_again_by_whoever_takes_it_up_and_one_that_is_done_is_not() {
    let mut story = Story::new(&[&["auth", "cart"], &["web"]]);
    story.written("auth").judged("auth", State::Done);
    story.run = read_back(&write(&story.run).unwrap()).unwrap();
    story.writes.clear();
    story.on(crate::domain::run::RunEvent::TakeUp).leases().wait(1);
    assert_eq!(story.writes, ["cart"]);
    assert!(story.run.step(&ServiceId::new("cart")).unwrap().lost);
}
