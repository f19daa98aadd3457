//! The history is told in order, whole, and bounded.

use super::*;
use crate::domain::fixtures::{document, later, meta};
use crate::domain::lock::{Override, Release, copied, with_lifted, with_override, with_release};

const WHOLE: [(&str, &str); 4] = [("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "petra@pc")];

fn words(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|it| format!("{} {} {}", it.kind().as_str(), it.by, it.reason().unwrap_or("-"))).collect()
}

fn overridden() -> Override {
    Override { at: later(5), by: "ana@mac".into(), what: "deploy".into(), reason: "the fix".into() }
}

fn released(why: Option<&str>) -> Release {
    Release { at: later(9), by: "bob@pc".into(), why: why.map(Into::into) }
}

#[test]
fn a_lock_tells_when_it_was_placed_overridden_and_released_newest_first() {
    let mut lock = document("a1", &WHOLE);
    lock.texts = with_override(&Posted::read(&lock), &overridden());
    assert_eq!(words(&of([&lock])), ["override ana@mac the fix", "lock petra@pc audit"]);
    lock.texts = with_release(&Posted::read(&lock), &released(Some("it is over")));
    lock.about = ABOUT.into();
    assert_eq!(words(&of([&lock])), ["release bob@pc it is over", "override ana@mac the fix", "lock petra@pc audit"]);
}

#[test]
fn a_lock_that_opened_by_itself_tells_when_and_stays_told_after_its_release() {
    let condition = ("until-condition", "group checkout is in production");
    let mut lock = document("a1", &[&WHOLE[..], &[condition]].concat());
    lock.texts = with_lifted(&Posted::read(&lock), later(4));
    assert_eq!(words(&of([&lock])), ["lift shipdeck -", "lock petra@pc audit"]);
    lock.texts = with_release(&Posted::read(&lock), &released(None));
    lock.about = ABOUT.into();
    assert_eq!(words(&of([&lock])), ["release bob@pc -", "lift shipdeck -", "lock petra@pc audit"]);
}

#[test]
fn a_release_without_a_reason_is_told_as_well() {
    let mut lock = document("a1", &WHOLE);
    lock.texts = with_release(&Posted::read(&lock), &released(None));
    assert_eq!(words(&of([&lock])), ["lock petra@pc audit"], "it still stands, whatever is written in it");
    lock.about = ABOUT.into();
    assert_eq!(words(&of([&lock])), ["release bob@pc -", "lock petra@pc audit"]);
}

#[test]
fn a_copy_of_a_released_lock_tells_the_same_under_another_name() {
    let mut lock = document("a1", &WHOLE);
    lock.texts = with_release(&Posted::read(&lock), &released(None));
    lock.about = ABOUT.into();
    let (name, texts) = copied(&Posted::read(&lock), &lock.texts);
    let mut copy = Document { texts, ..lock.clone() };
    (copy.meta.name, copy.meta.created) = (name, later(99));
    assert_ne!(copy.meta.name, lock.meta.name);
    let told = |document: &Document| of([document]).iter().map(|it| (it.at, it.kind())).collect::<Vec<_>>();
    assert_eq!(told(&copy), told(&lock));
    assert_eq!(Posted::read(&copy).id.as_str(), "a1");
}

fn cleaned(number: usize) -> CleanUp {
    CleanUp {
        at: later(3),
        by: "ana@mac".into(),
        removed: (0..number).map(|it| format!("pod/p{it}  evicted").into()).collect(),
        left: vec!["job/j  no right to delete jobs".into()],
        more: 0,
    }
}

fn kept(name: &str, created: Timestamp, it: &CleanUp) -> Document {
    let mut meta = meta(name, None);
    meta.created = created;
    Document { meta, about: ABOUT.into(), texts: it.texts() }
}

#[test]
fn a_clean_up_names_what_is_gone_and_what_is_left() {
    let entries = of([&kept("shipdeck-cleanup-1", later(3), &cleaned(2))]);
    assert_eq!(entries.iter().map(|it| (&*it.by, it.at)).collect::<Vec<_>>(), [("ana@mac", later(3))]);
    assert_eq!(entries[0].what, What::CleanedUp(cleaned(2)));
}

#[test]
fn a_large_clean_up_stays_a_small_document_and_names_what_is_left() {
    let all = CleanUp { removed: vec!["pod/p".repeat(200).into(); 5_000], ..cleaned(0) };
    let document = kept("shipdeck-cleanup-1", later(3), &all);
    assert!(document.texts.values().map(|text| text.len()).sum::<usize>() < 100_000);
    let read = CleanUp::read(&document).unwrap();
    assert_eq!((read.left.len(), read.removed.len(), read.count()), (1, 199, 5_000));
}

#[test]
fn what_was_changed_by_hand_or_is_newer_is_told_in_words() {
    for (name, text, why) in [
        ("format", "2", "it is of a newer shipdeck (format 2): update this one"),
        ("format", "", "it does not say its format: it was changed by hand"),
        ("kind", "party", "it is about \"party\", which this shipdeck does not know"),
        ("at", "soon", "it has no time: it was changed by hand"),
    ] {
        let mut document = kept("shipdeck-cleanup-1", later(3), &cleaned(1));
        document.texts.insert(name.into(), text.into());
        assert_eq!(of([&document])[0].what, What::Unreadable(why.to_owned()));
    }
    let mut run = document("x", &[]);
    run.about = document::ABOUT.into();
    assert!(matches!(of([&run])[0].what, What::Unreadable(_)));
}

#[test]
fn only_what_is_old_and_beyond_the_newest_is_forgotten() {
    let day = |day: i64| later(day * 24 * 3_600);
    let of_day = |at: i64| kept(&format!("shipdeck-cleanup-{at}"), day(at), &CleanUp { at: day(at), ..cleaned(1) });
    let all: Vec<Document> = (0..60).map(of_day).collect();
    let names = |now: i64| -> Vec<&str> { outdated(&all, day(now)).iter().map(|it| &*it.meta.name).collect() };
    assert_eq!(names(60).len(), 10, "the newest stay however old they are");
    assert_eq!(names(60)[9], "shipdeck-cleanup-0");
    let same_week: Vec<Document> = (0..60).map(|it| kept(&format!("c{it}"), day(1), &cleaned(it))).collect();
    assert!(outdated(&same_week, day(2)).is_empty(), "what is young stays however much it is");
}
