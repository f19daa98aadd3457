//! Runs of this session that others have laid hands on: ended, taken over, spoilt or forgotten.

use super::effect::Effect;
use super::msg::Msg;
use super::others;
use super::others_tests::{BOB, staging};
use super::testkit::Cockpit;
use crate::domain::fixtures::meta;
use crate::domain::ids::RunId;
use crate::domain::observed::{Change, Document, Kind, Object};
use crate::domain::run::{Hold, RunState, document};

/// A deploy of ours that the cluster keeps and that was seen there.
fn ours() -> (Cockpit, String) {
    let mut cockpit = Cockpit::of_ana();
    cockpit.press("dv9<enter><enter>");
    let kept = cockpit.model.session.kept[&RunId(1)].clone();
    keep(&mut cockpit, "1", "ana@mac/1/x-1", &kept.text);
    (cockpit, kept.text)
}

fn keep(cockpit: &mut Cockpit, version: &str, owner: &str, text: &str) {
    let key = cockpit.model.session.kept[&RunId(1)].key.clone();
    let mut meta = meta(&document::name(&key), None);
    meta.resource_version = version.into();
    let document = Document { meta, about: document::ABOUT.into(), texts: document::texts(text, owner, cockpit.now) };
    cockpit.effects.clear();
    cockpit.send(Msg::Fact { env: staging(), change: Change::Upsert(Object::Document(Box::new(document))) });
}

#[test]
fn a_run_that_somebody_else_ends_stops_at_once_and_says_by_whom() {
    let (mut cockpit, text) = ours();
    let ended = text.replacen("\"running\"", "\"ended\"", 1);
    keep(&mut cockpit, "2", "bob@pc/7/y", &ended);
    let run = &cockpit.model.runs[0];
    assert_eq!(run.state, RunState::Ended);
    assert_eq!(run.hold, Hold::Passed { by: "bob@pc".into(), ended: true });
    assert_eq!(cockpit.notice(), "deploy of auth to staging was ended by bob@pc");
    assert!(cockpit.effects.contains(&Effect::Release(RunId(1))));
    assert!(!cockpit.effects.iter().any(|effect| matches!(effect, Effect::Keep { .. })), "their word stands");
}

#[test]
fn a_run_that_somebody_else_takes_over_is_theirs_from_then_on() {
    let (mut cockpit, text) = ours();
    keep(&mut cockpit, "2", BOB, &text);
    assert_eq!(cockpit.notice(), "deploy of auth to staging was taken over by bob@pc");
    assert_eq!(others::under_way(&cockpit.model).len(), 1);
    cockpit.press("r");
    assert!(cockpit.overlay().is_none(), "its way back is theirs too");
    assert!(cockpit.notice().contains("bob@pc goes on with this run"), "{}", cockpit.notice());
    cockpit.press("<esc>");
    cockpit.press("<down>dv9<enter><enter>");
    assert!(super::journal::toast(&cockpit.model).is_none(), "what was said of that run is not said over the next");
}

#[test]
fn a_record_that_is_removed_or_spoilt_by_hand_is_written_again_and_that_is_said_once() {
    let (mut cockpit, _) = ours();
    keep(&mut cockpit, "2", "ana@mac/1/x-1", "{]");
    assert!(cockpit.notice().contains("was changed by somebody"), "{}", cockpit.notice());
    assert!(cockpit.effects.iter().any(|effect| matches!(effect, Effect::Keep { .. })));
    let (mut cockpit, _) = ours();
    let name = document::name(&cockpit.model.session.kept[&RunId(1)].key);
    let change = Change::Delete { kind: Kind::Document, uid: meta(&name, None).uid, name };
    cockpit.effects.clear();
    cockpit.send(Msg::Fact { env: staging(), change });
    assert_eq!(cockpit.notice(), "the record of the deploy of auth to staging was removed by somebody");
    assert!(cockpit.effects.iter().any(|effect| matches!(effect, Effect::Keep { .. })));
    cockpit.wait(1);
    assert_eq!(cockpit.model.journal.notices.len(), 1);
    assert_eq!(cockpit.model.runs[0].state, RunState::Running);
}
