//! What is over stays as it ended, whatever is seen or done later.

use super::effect::Effect;
use super::model::{Page, RunOf};
use super::msg::Outcome as Done;
use super::others_tests::{BOB, file, text_of_bob};
use super::run_tests::{failed, shows};
use super::testkit::Cockpit;
use crate::domain::history::Outcome;
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::run::{StepState, document};

/// What somebody deploys later is theirs: it neither takes the true cause away nor makes a failure of what had none.
#[test]
fn what_is_over_is_not_judged_again_nor_written_again_when_somebody_deploys_the_same_later() {
    for (found, end) in [(false, Outcome::Failed), (true, Outcome::Ended)] {
        let mut cockpit = failed();
        if found {
            cockpit = Cockpit::of_ana();
            cockpit.press("dv9<enter><enter>");
            shows(&mut cockpit, "auth", "r/auth:v8", 2, true);
            let workload = shows(&mut cockpit, "auth", "r/auth:v9", 3, true);
            let mut early = workload;
            (early.generation, early.status.ready, early.status.available) = (4, 0, 0);
            let (service, at) = (ServiceId::new("auth"), cockpit.now);
            cockpit.done(Done::Written { run: RunId(1), service, result: Ok(Box::new(early)), at });
        }
        cockpit.press("X<enter>");
        let (why, state) = (told(&cockpit), cockpit.model.runs[0].steps[0].state.clone());
        assert_eq!(Outcome::of(&cockpit.model.runs[0]), end, "{:?}", cockpit.model.runs[0].steps[0]);
        cockpit.effects.clear();
        shows(&mut cockpit, "auth", "r/auth:v10", 5, true);
        cockpit.wait(90);
        let run = &cockpit.model.runs[0];
        assert_eq!((told(&cockpit), &run.steps[0].state, Outcome::of(run)), (why, &state, end));
        assert!(!cockpit.effects.iter().any(|it| matches!(it, Effect::Keep { .. })), "{:?}", cockpit.effects);
        assert!(!run.moves(), "nothing is drawn for it any more");
    }
}

#[test]
fn what_was_tried_again_and_stood_as_before_is_told_as_the_failure_it_was_when_the_run_is_ended() {
    let mut cockpit = failed();
    cockpit.press("f");
    assert_eq!(cockpit.model.runs[0].steps[0].state, StepState::Watching);
    cockpit.press("X<enter>");
    assert_eq!(Outcome::of(&cockpit.model.runs[0]), Outcome::Failed);
    assert!(told(&cockpit).unwrap().starts_with("the image cannot be used"), "{:?}", told(&cockpit));
}

/// A deploy of auth that was ended while it rolled out, as somebody who comes later finds it.
pub(crate) fn beside_what_was_not_followed() -> Cockpit {
    let text = serde_json::from_str::<serde_json::Value>(&text_of_bob()).map(|mut text| {
        (text["state"], text["finished"]) = ("ended".into(), text["started"].clone());
        for step in text["waves"].as_array_mut().unwrap().iter_mut().flat_map(|wave| wave.as_array_mut().unwrap()) {
            if step["state"] == "waiting" {
                step["state"] = "skipped".into();
            }
        }
        text.to_string()
    });
    let mut cockpit = Cockpit::of_ana();
    file(&mut cockpit, "1", BOB, &text.unwrap());
    cockpit
}

#[test]
fn what_was_under_way_when_its_run_was_ended_was_not_followed_to_the_end_and_the_history_says_so() {
    let mut cockpit = beside_what_was_not_followed();
    cockpit.press("H");
    let Some(Page::Runs(page)) = &cockpit.model.page else { panic!("the history") };
    let rows = super::screens::runs::rows(&cockpit.model, page);
    assert!(rows[0].note.starts_with("auth: not followed to the end"), "{rows:#?}");
    cockpit.press("<enter>");
    let run = super::screens::run::shown(&cockpit.model).unwrap();
    let told: Vec<_> = run.steps.iter().map(|step| run.not_followed(step).is_some()).collect();
    assert_eq!(told, [true, false, false]);
    let going = super::others_tests::beside_bob();
    let run = going.model.world.env(&super::others_tests::staging()).unwrap().runs().next().unwrap();
    assert_eq!(crate::app::history::not_followed(&run.entry.as_ref().unwrap().run), None, "it goes on");
}

fn told(cockpit: &Cockpit) -> Option<String> {
    crate::app::history::failure(&cockpit.model.runs[0])
}

/// A cockpit that has just begun, where somebody has left a deploy of auth that failed.
pub(crate) fn beside_what_ended() -> Cockpit {
    let mut theirs = failed();
    theirs.press("X<enter>");
    let text = document::write(&theirs.model.runs[0]).unwrap();
    let mut cockpit = Cockpit::of_ana();
    file(&mut cockpit, "1", "bob@pc/7/y-1", &text);
    cockpit
}

#[test]
fn the_last_run_that_is_kept_is_a_key_away_although_this_session_has_begun_none() {
    let mut cockpit = beside_what_ended();
    cockpit.press("R");
    let Some(Page::Run(page)) = &cockpit.model.page else { panic!("{}", cockpit.notice()) };
    assert!(matches!(&page.of, RunOf::Theirs(it) if it.by == "bob@pc".into()), "{:?}", page.of);
    let mut cockpit = Cockpit::of_ana();
    assert_eq!(cockpit.press("R").notice(), "run: no run of shipdeck is kept here, and nobody deploys");
}
