//! What can be decided in a plan before it begins: how much of it goes, and what becomes of what is taken back.

use crate::app::effect::{Effect, LockChange};
use crate::app::journal;
use crate::app::model::{Overlay, PlanReview};
use crate::app::msg::{Msg, Outcome};
use crate::app::run_tests::{failed, goes_out, shows, staging};
use crate::app::testkit::Cockpit;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::later;
use crate::domain::ids::ServiceId;
use crate::domain::lock::{Lock, held_words};
use crate::domain::observed::{Change, Object};
use crate::ports::cluster::Revision;

fn review(cockpit: &Cockpit) -> &PlanReview {
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{:?} {}", cockpit.overlay(), cockpit.notice()) };
    review
}

fn steps(cockpit: &Cockpit) -> Vec<&str> {
    review(cockpit).plan.steps().map(|step| step.service.as_str()).collect()
}

/// Holds that are to be placed.
fn held(cockpit: &Cockpit) -> Vec<Lock> {
    let placed = cockpit.effects.iter().filter_map(|it| match it {
        Effect::ChangeLock { change: LockChange::Place(lock, _), .. } => Some((**lock).clone()),
        _ => None,
    });
    placed.collect()
}

#[test]
fn a_promotion_of_all_says_that_nothing_is_marked_and_a_key_keeps_the_selected_service_alone() {
    let mut cockpit = Cockpit::with(&[("auth", &[]), ("cart", &[]), ("web", &[])]);
    cockpit.press("jP");
    assert!(review(&cockpit).all);
    assert_eq!((steps(&cockpit), review(&cockpit).selected), (vec!["auth", "cart", "web"], 1), "the selected one");
    cockpit.press("<alt-o>");
    assert!(!review(&cockpit).all);
    assert_eq!(steps(&cockpit), ["cart"]);
    assert!(cockpit.press("production<enter>").written()[0].starts_with("cart r/cart:v2"));
    assert!(!review_of(" P").all, "what is marked was chosen");
}

fn review_of(keys: &str) -> PlanReview {
    let mut cockpit = Cockpit::demo();
    review(cockpit.press(keys)).clone()
}

#[test]
fn what_cannot_go_alone_stays_in_the_plan_with_the_others() {
    let mut cockpit = Cockpit::demo();
    shows(&mut cockpit, "auth", "r/auth:v2", 1, false);
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><down><down>o");
    assert_eq!(steps(&cockpit), ["checkout"], "what it needs runs");
    cockpit.press("<esc><enter><down>o");
    assert!(cockpit.notice().starts_with("cart cannot go alone: cart needs auth"), "{}", cockpit.notice());
    assert_eq!(steps(&cockpit).len(), 3);
}

#[test]
fn whoever_rolls_back_decides_whether_what_failed_is_held() {
    let mut cockpit = failed();
    cockpit.press("r");
    let told = |cockpit: &Cockpit| held_words(&review(cockpit).plan).unwrap();
    assert!(told(&cockpit).starts_with("auth v9 is held for 14 days"), "{}", told(&cockpit));
    cockpit.press("n");
    assert_eq!(told(&cockpit), "auth v9 is not held: sent out again, nobody is asked why");
    cockpit.press("<enter>");
    assert_eq!(cockpit.written().len(), 1);
    assert!(held(&cockpit).is_empty());
    let text = crate::domain::run::document::write(&cockpit.model.runs[1]).unwrap();
    assert!(text.contains("\"unheld\":true"), "whoever takes it up holds nothing either: {text}");
    let mut cockpit = Cockpit::of_ana();
    cockpit.press("dv9<enter>n");
    assert!(cockpit.notice().contains("only a roll back holds"), "{}", cockpit.notice());
}

#[test]
fn a_plan_of_a_roll_back_is_not_covered_by_the_wait_for_it_and_says_what_is_left_out() {
    let mut cockpit = Cockpit::of_ana();
    cockpit.press("  r");
    assert_eq!(cockpit.notice(), "reading what ran before in staging");
    let revision = |number, image: &str| Revision {
        number,
        containers: vec![("auth".into(), image.into())],
        created: later(i64::try_from(number).unwrap()),
    };
    let revisions = vec![revision(2, "r/auth:v2"), revision(1, "r/auth:v1")];
    let answered =
        |service: &str, result| Outcome::Revisions { env: staging(), service: ServiceId::new(service), result };
    cockpit.done(answered("auth", Ok(revisions)));
    let other = Fault::new(FaultKind::Forbidden, "no right to list replicasets");
    cockpit.done(answered("cart", Err(other)));
    assert_eq!(steps(&cockpit), ["auth"]);
    let shown = journal::toast(&cockpit.model).map(|notice| notice.title.clone());
    assert!(shown.as_ref().is_some_and(|it| it.starts_with("the history of cart cannot be read")), "{shown:?}");
    let mut alone = Cockpit::of_ana();
    alone.press("r").done(answered("auth", Ok(vec![revision(2, "r/auth:v2"), revision(1, "r/auth:v1")])));
    assert_eq!(steps(&alone), ["auth"]);
    assert!(journal::toast(&alone.model).is_none());
}

#[test]
fn only_what_is_marked_is_shown_by_a_key_and_all_again_by_the_same_or_without_marks() {
    let mut cockpit = Cockpit::demo();
    let rows = |cockpit: &Cockpit| cockpit.model.home.rows.iter().map(ToString::to_string).collect::<Vec<_>>();
    cockpit.press("m");
    assert!(cockpit.notice().contains("nothing is marked") && rows(&cockpit).len() == 3);
    cockpit.press(" jj m");
    assert_eq!(rows(&cockpit), ["auth", "checkout"]);
    cockpit.press("m");
    assert_eq!(rows(&cockpit).len(), 3);
    for keys in ["mu", "m<esc>", "m  "] {
        let mut cockpit = Cockpit::demo();
        assert_eq!(rows(cockpit.press("  ").press(keys)).len(), 3, "{keys}");
        assert!(!cockpit.model.home.only_marked, "{keys}");
    }
    // A deploy takes the marks with it.
    cockpit.press("mdv9<down>v9<enter><enter>q");
    assert_eq!(rows(&cockpit).len(), 3);
}

#[test]
fn what_a_roll_back_takes_back_is_held_from_its_first_write_and_its_fix_is_not() {
    let mut cockpit = failed();
    cockpit.press("r<enter>");
    let placed = held(&cockpit);
    let [hold] = placed.as_slice() else { panic!("{placed:?}") };
    assert!(hold.reason.starts_with("auth v9 taken back: "), "{}", hold.reason);
    assert_eq!(hold.images.values().map(|it| &**it).collect::<Vec<_>>(), ["r/auth:v9"]);
    let texts = crate::domain::lock::data_of(hold);
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (&**name, &**text)).collect();
    let change = Change::Upsert(Object::Document(Box::new(crate::domain::fixtures::document("h1", &texts))));
    goes_out(&mut cockpit, 2, "auth", "r/auth:v1", 3, true);
    cockpit.send(Msg::Fact { env: staging(), change });
    cockpit.press("qqdv9<enter><enter>");
    assert!(cockpit.written().is_empty(), "{}", cockpit.notice());
    assert!(matches!(cockpit.overlay(), Some(Overlay::Confirm(it)) if it.question.contains("in spite")));
    cockpit.press("<esc><esc><esc><esc>dv10<enter><enter>");
    assert_eq!(cockpit.written(), ["auth r/auth:v10"], "{}", cockpit.notice());
}
