//! Runs of other processes in the cockpit: seen with whether anybody carries them out, gone on with, taken back, cleared.

use super::effect::{Effect, RunChange};
use super::model::{Confirm, Confirmed, Overlay, Page, RunOf};
use super::msg::{Msg, Outcome};
use super::others::{self, Before, Doubt, Life};
use super::testkit::Cockpit;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::{lease, meta, template};
use crate::domain::ids::{EnvId, RunId};
use crate::domain::lease::Patience;
use crate::domain::observed::{Change, Document, Kind, Object};
use crate::domain::run::{Hold, RunState, document};

pub(super) const BOB: &str = "bob@pc/7/y-1";

pub(super) fn staging() -> EnvId {
    EnvId::new("staging")
}

/// What a deploy of all three services by somebody else has written when its first wave is being watched.
pub(crate) fn text_of_bob() -> String {
    let mut theirs = Cockpit::of_ana();
    theirs.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    let world = theirs.model.world.env(&staging()).unwrap();
    let mut answer = world.workload(&crate::domain::observed::WorkloadRef::deployment("auth")).unwrap().clone();
    (answer.template, answer.generation) = (template("r/auth:v9"), answer.generation + 1);
    let at = theirs.now;
    theirs.done(Outcome::Written { run: RunId(1), service: "auth".into(), result: Ok(Box::new(answer)), at });
    document::write(&theirs.model.runs[0]).unwrap()
}

pub(super) fn file(cockpit: &mut Cockpit, version: &str, owner: &str, text: &str) {
    let mut meta = meta("shipdeck-run-01bob", None);
    meta.resource_version = version.into();
    let texts = document::texts(text, owner, cockpit.now);
    let document = Document { meta, about: document::ABOUT.into(), texts };
    cockpit.send(Msg::Fact { env: staging(), change: Change::Upsert(Object::Document(Box::new(document))) });
}

fn hold(cockpit: &mut Cockpit, version: &str, holder: &str) {
    let mut lease = lease("shipdeck-auth", holder);
    lease.meta.resource_version = version.into();
    cockpit.send(Msg::Fact { env: staging(), change: Change::Upsert(Object::Lease(Box::new(lease))) });
}

/// Bob's run as its document and his lease tell of it; he is alive.
pub(crate) fn beside_bob() -> Cockpit {
    let mut cockpit = Cockpit::of_ana();
    hold(&mut cockpit, "1", BOB);
    file(&mut cockpit, "1", BOB, &text_of_bob());
    cockpit.wait(2);
    hold(&mut cockpit, "2", BOB);
    cockpit
}

/// The same, and he has not been seen for a minute.
pub(crate) fn left_by_bob() -> Cockpit {
    let mut cockpit = beside_bob();
    cockpit.wait(60);
    cockpit
}

fn life(cockpit: &Cockpit) -> Option<Life> {
    others::under_way(&cockpit.model).first().map(|other| other.life)
}

fn changes(cockpit: &Cockpit) -> Vec<RunChange> {
    let change = |effect: &Effect| match effect {
        Effect::ChangeRun { change, .. } => Some(change.clone()),
        _ => None,
    };
    cockpit.effects.iter().filter_map(change).collect()
}

fn asked(cockpit: &Cockpit) -> &Confirm {
    match cockpit.overlay() {
        Some(Overlay::Confirm(confirm)) => confirm,
        other => panic!("a question, not {other:?}"),
    }
}

#[test]
fn a_run_is_alive_while_its_leases_are_renewed_and_left_behind_when_they_are_not() {
    let mut cockpit = Cockpit::of_ana();
    hold(&mut cockpit, "1", BOB);
    file(&mut cockpit, "1", BOB, &text_of_bob());
    assert!(matches!(life(&cockpit), Some(Life::Unsure(Doubt::Until(_)))), "seen once, it may be long dead");
    cockpit.wait(2);
    hold(&mut cockpit, "2", BOB);
    assert_eq!(life(&cockpit), Some(Life::Alive { since: cockpit.now }));
    cockpit.wait(29);
    assert!(matches!(life(&cockpit), Some(Life::Alive { .. })));
    assert!(cockpit.model.journal.notices.is_empty());
    cockpit.wait(1);
    assert!(matches!(life(&cockpit), Some(Life::Left { .. })));
    assert_eq!(cockpit.notice(), "deploy of all to staging was left behind by bob@pc, 0 of 3 done");
    cockpit.wait(30);
    assert_eq!(cockpit.model.journal.notices.len(), 1, "it is said once");
}

#[test]
fn nobody_is_called_gone_while_the_cluster_is_out_of_sight_nor_before_they_could_have_been_heard_again() {
    let mut cockpit = beside_bob();
    let alive = cockpit.now;
    cockpit.press("R");
    let every = |cockpit: &mut Cockpit, change: fn(Kind) -> Change| {
        for kind in Kind::ALL {
            cockpit.send(Msg::Fact { env: staging(), change: change(kind) });
        }
    };
    cockpit.wait(12);
    every(&mut cockpit, |kind| Change::Lost(kind, Fault::new(FaultKind::Unreachable, "frozen")));
    cockpit.wait(600);
    let Some(Life::Unsure(doubt)) = life(&cockpit) else { panic!("{:?}", life(&cockpit)) };
    assert!(matches!(doubt, Doubt::Unheard { before: Before::Alive(at), .. } if at == alive));
    assert_eq!(others::words(Life::Unsure(doubt), cockpit.now), "alive as of 10 min ago");
    cockpit.press("t");
    assert_eq!(cockpit.notice(), "take over: what is known of staging is not current");
    // The cluster is back; that it was still does not mean that bob was.
    every(&mut cockpit, Change::Alive);
    cockpit.wait(29);
    assert!(matches!(life(&cockpit), Some(Life::Unsure(Doubt::Until(_)))), "{:?}", life(&cockpit));
    let told = |cockpit: &Cockpit| cockpit.model.journal.notices.iter().any(|it| it.title.contains("left behind"));
    assert!(!told(&cockpit));
    cockpit.wait(1);
    assert!(matches!(life(&cockpit), Some(Life::Left { .. })) && told(&cockpit));
    // What was sure before stays so through the next time out of sight.
    every(&mut cockpit, |kind| Change::Lost(kind, Fault::new(FaultKind::Unreachable, "frozen")));
    assert!(matches!(life(&cockpit), Some(Life::Unsure(Doubt::Unheard { before: Before::Left, .. }))));
    every(&mut cockpit, Change::Alive);
    assert!(matches!(life(&cockpit), Some(Life::Left { .. })));
}

#[test]
fn a_cluster_in_which_somebody_deploys_is_asked_whether_it_is_there_although_nobody_looks() {
    let mut cockpit = beside_bob();
    assert!(cockpit.effects.contains(&Effect::Attend(true)), "{:?}", cockpit.effects);
    cockpit.effects.clear();
    cockpit.wait(60);
    assert!(cockpit.effects.contains(&Effect::Attend(false)), "{:?}", cockpit.effects);
}

#[test]
fn who_gave_the_leases_back_has_left_the_run_as_soon_as_that_is_sure() {
    let mut cockpit = beside_bob();
    hold(&mut cockpit, "3", "");
    cockpit.wait(5);
    assert!(matches!(life(&cockpit), Some(Life::Left { .. })));
}

/// A deploy of auth by carol that succeeded later, as her document tells of it.
fn carol_deploys_auth(cockpit: &mut Cockpit) {
    let mut theirs = Cockpit::of_ana();
    theirs.wait(600).press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    let mut run = theirs.model.runs[0].clone();
    run.plan.waves.truncate(1);
    run.plan.waves[0].steps.retain(|step| step.service.as_str() == "auth");
    run.steps.retain(|step| step.service.as_str() == "auth");
    let mut done = serde_json::from_str::<serde_json::Value>(&text_of_bob()).unwrap()["waves"][0][0].clone();
    done["state"] = "succeeded".into();
    let mut text: serde_json::Value = serde_json::from_str(&document::write(&run).unwrap()).unwrap();
    (text["state"], text["wave"], text["waves"][0][0]) = ("succeeded".into(), 1.into(), done);
    let meta = meta("shipdeck-run-02carol", None);
    let texts = document::texts(&text.to_string(), "carol@pc/8/z-1", cockpit.now);
    let document = Document { meta, about: document::ABOUT.into(), texts };
    cockpit.send(Msg::Fact { env: staging(), change: Change::Upsert(Object::Document(Box::new(document))) });
}

#[test]
fn what_was_left_behind_and_then_deployed_by_somebody_else_calls_for_nobody_any_more() {
    use super::screens::runs::{Standing, rows};
    let mut cockpit = left_by_bob();
    assert!(life(&cockpit).is_some_and(Life::is_left));
    carol_deploys_auth(&mut cockpit);
    assert_eq!(life(&cockpit), None, "neither in the header nor at its environment");
    cockpit.press("L");
    let Some(Page::Runs(page)) = &cockpit.model.page else { panic!("the list") };
    let standings: Vec<_> = rows(&cockpit.model, page).iter().map(|row| row.standing).collect();
    assert_eq!(standings, [Standing::Succeeded, Standing::Superseded], "by when they began");
    // It is not over: whoever wants to can still go on with it, or forget it.
    cockpit.press("<down>D");
    assert!(asked(&cockpit).title.starts_with("Erase the record"));
}

#[test]
fn a_run_without_leases_is_never_said_to_be_left() {
    let mut cockpit = Cockpit::of_ana();
    let text = text_of_bob().replacen("\"title\"", "\"unleased\":true,\"title\"", 1);
    file(&mut cockpit, "1", BOB, &text);
    cockpit.wait(120);
    assert_eq!(life(&cockpit), Some(Life::Unsure(Doubt::Unleased)));
}

#[test]
fn a_live_run_of_somebody_is_followed_and_only_watched() {
    let mut cockpit = beside_bob();
    cockpit.press("R");
    let Some(Page::Run(page)) = &cockpit.model.page else { panic!("its page") };
    let RunOf::Theirs(theirs) = &page.of else { panic!("of somebody else") };
    assert_eq!((&*theirs.by, theirs.run.wave), ("bob@pc", 0));
    cockpit.press("p");
    assert!(cockpit.notice().ends_with("bob@pc carries it out: take it over first"), "{}", cockpit.notice());
    cockpit.press("D");
    assert!(cockpit.overlay().is_none() && changes(&cockpit).is_empty());
    // The next version of its document is what is shown, without a key.
    let text = text_of_bob().replacen("\"running\"", "\"pausing\"", 1);
    file(&mut cockpit, "2", BOB, &text);
    let Some(Page::Run(page)) = &cockpit.model.page else { panic!("its page") };
    assert!(matches!(&page.of, RunOf::Theirs(theirs) if theirs.run.state == RunState::Pausing));
}

#[test]
fn what_was_left_behind_is_resumed_after_a_question_and_that_is_recorded() {
    let mut cockpit = left_by_bob();
    cockpit.press("Rt");
    assert_eq!(asked(&cockpit).title, "Resume the deploy of all to staging");
    assert!(!cockpit.effects.iter().any(|effect| matches!(effect, Effect::Acquire { .. })));
    cockpit.press("<enter>");
    let run = cockpit.model.runs.last().unwrap();
    assert_eq!((run.patience, run.taken_up.len()), (Patience::TakeOver, 1));
    assert_eq!((&*run.taken_up[0].by, &*run.taken_up[0].from), ("ana@mac", "bob@pc"));
    assert_eq!(run.waited(cockpit.now).as_secs(), 62, "nobody has carried it out since its record was written");
    let kept = cockpit.effects.iter().find_map(|effect| match effect {
        Effect::Keep { key, replaces, text, .. } => {
            Some((key, replaces.is_some(), text.contains("\"taken_up\":[{\"by\":\"ana@mac\"")))
        }
        _ => None,
    });
    assert_eq!(kept, Some((&"01bob".into(), true, true)), "{:?}", cockpit.effects);
    assert!(cockpit.written().is_empty(), "what was written is followed, not written again");
    assert!(others::under_way(&cockpit.model).is_empty(), "it is ours now");
}

#[test]
fn what_failed_in_a_run_of_somebody_is_told_with_how_many_pods_there_are_and_still_failed_when_it_is_taken_up() {
    let mut cockpit = left_by_bob();
    let text = text_of_bob().replacen("\"running\"", "\"halted\"", 1);
    let failed = "\"state\":\"failed\",\"why\":\"image not found: r/auth:v9\"";
    file(&mut cockpit, "3", BOB, &text.replacen("\"state\":\"watching\"", failed, 1));
    cockpit.press("R");
    let step = &super::screens::run::shown(&cockpit.model).unwrap().steps[0];
    let verdict = step.verdict.as_ref().unwrap();
    assert_eq!((step.why().as_deref(), verdict.progress.wanted), (Some("image not found: r/auth:v9"), 2));
    cockpit.press("t");
    let lines = asked(&cockpit).lines.join("\n");
    assert!(lines.contains("1 failed: you try again, go on without it, or roll back: auth"), "{lines}");
    assert!(lines.contains("2 to go out, once you have decided: cart, checkout"), "{lines}");
    assert!(!lines.contains("will not begin"), "{lines}");
    cockpit.press("<enter>");
    let id = cockpit.model.runs[0].id;
    let fences = cockpit.model.runs[0].plan.steps().map(|step| {
        let fence = crate::domain::lease::Fence { token: 7, lease: crate::domain::lease::name_of(&step.service) };
        (step.service.clone(), fence)
    });
    let news = Hold::Held { fences: fences.collect(), taken_from: Vec::new() };
    cockpit.done(Outcome::Held { run: id, news });
    let run = &cockpit.model.runs[0];
    assert_eq!(run.state, RunState::Halted);
    assert_eq!(run.steps[0].why().as_deref(), Some("image not found: r/auth:v9"));
    assert!(cockpit.written().is_empty());
}

#[test]
fn a_live_run_is_taken_over_only_when_its_owner_cannot_but_know() {
    let mut cockpit = beside_bob();
    cockpit.press("Rt");
    assert_eq!(asked(&cockpit).title, "Take over the deploy of all to staging from bob@pc");
    cockpit.press("<enter>");
    let RunChange::Claim(entry) = changes(&cockpit).remove(0) else { panic!("a claim") };
    assert!(cockpit.model.runs.is_empty(), "not before it is written");
    let over = (entry.over.0.clone(), "9".into());
    let change = RunChange::Claim(entry);
    cockpit.done(Outcome::RunChanged { env: staging(), change, result: Ok(Some(over)) });
    assert_eq!(cockpit.model.runs[0].patience, Patience::Wait);
}

#[test]
fn a_claim_that_comes_too_late_changes_nothing_and_says_so() {
    let mut cockpit = beside_bob();
    cockpit.press("Rt<enter>");
    let change = changes(&cockpit).remove(0);
    let fault = Fault::new(FaultKind::Conflict, "somebody was faster");
    cockpit.done(Outcome::RunChanged { env: staging(), change, result: Err(fault) });
    assert!(cockpit.notice().starts_with("not done: ") && cockpit.model.runs.is_empty(), "{}", cockpit.notice());
}

#[test]
fn rolling_back_what_was_left_ends_it_first_and_begins_only_then() {
    let mut cockpit = left_by_bob();
    cockpit.press("Rr");
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("a plan") };
    let back: Vec<_> = review.plan.steps().map(|step| (step.service.as_str(), &*step.to)).collect();
    assert_eq!(back, [("auth", "r/auth:v2")], "only what was begun");
    // It is not there yet in this world, so that nothing has to be read again.
    let mut found =
        cockpit.model.world.env(&staging()).unwrap().workload(&review.plan.waves[0].steps[0].workload).unwrap().clone();
    found.containers[0].image = "r/auth:v9".into();
    cockpit.send(Msg::Fact { env: staging(), change: Change::Upsert(Object::Workload(Box::new(found))) });
    cockpit.press("<enter>");
    assert!(
        matches!(cockpit.overlay(), Some(Overlay::Confirm(it)) if it.then == Confirmed::TakeOver),
        "bob holds auth"
    );
    cockpit.press("<enter>");
    let RunChange::End(entry, Some(next)) = changes(&cockpit).remove(0) else { panic!("an end") };
    assert_eq!((entry.run.state, entry.run.waited(cockpit.now).as_secs()), (RunState::Ended, 62));
    assert!(cockpit.model.runs.is_empty(), "not before that is written");
    let change = RunChange::End(entry, Some(next));
    cockpit.done(Outcome::RunChanged { env: staging(), change, result: Ok(None) });
    assert_eq!(cockpit.written(), ["auth r/auth:v2"]);
}

#[test]
fn clearing_names_what_goes_and_touches_nothing_else() {
    let mut cockpit = left_by_bob();
    cockpit.press("RD");
    assert!(asked(&cockpit).lines[0].starts_with("ConfigMap shipdeck-run-01bob in namespace"), "{:?}", asked(&cockpit));
    cockpit.press("<enter>");
    assert!(matches!(&changes(&cockpit)[..], [RunChange::Clear { key, .. }] if **key == *"01bob"));
    assert_eq!(cockpit.effects.len(), 1, "{:?}", cockpit.effects);
}

#[test]
fn to_end_a_run_and_to_erase_its_record_are_told_apart_by_what_comes_of_them() {
    let mut cockpit = left_by_bob();
    cockpit.press("RX");
    assert_eq!(asked(&cockpit).title, "End the deploy of all to staging as it is");
    let told = asked(&cockpit).lines.join("\n");
    assert!(told.contains("It stays in the history as ended: from there it is gone on with or rolled back."), "{told}");
    cockpit.press("<esc>D");
    assert_eq!(asked(&cockpit).title, "Erase the record of a run");
    let told = asked(&cockpit).lines.join("\n");
    assert!(told.contains("The history loses it: nobody can resume it or roll it back then."), "{told}");
    assert!(told.contains("X instead only ends it, and keeps the record."), "{told}");
}

#[test]
fn what_cannot_be_read_is_listed_with_why_and_can_only_be_cleared() {
    let mut cockpit = Cockpit::of_ana();
    file(&mut cockpit, "1", BOB, "{]");
    cockpit.wait(60).press("L");
    let Some(Page::Runs(page)) = &cockpit.model.page else { panic!("the list") };
    let rows = super::screens::runs::rows(&cockpit.model, page);
    assert!(rows[0].note.contains("it was changed by hand"), "{rows:?}");
    cockpit.press("t");
    assert!(cockpit.notice().ends_with("its record cannot be read"), "{}", cockpit.notice());
    cockpit.press("D<enter>");
    assert!(matches!(&changes(&cockpit)[..], [RunChange::Clear { .. }]));
}

#[test]
fn the_list_is_narrowed_and_leads_to_a_run_and_back() {
    let mut cockpit = left_by_bob();
    cockpit.press("L/nobody");
    let rows = |cockpit: &Cockpit| match &cockpit.model.page {
        Some(Page::Runs(page)) => super::screens::runs::rows(&cockpit.model, page).len(),
        _ => panic!("the list"),
    };
    assert_eq!(rows(&cockpit), 0);
    cockpit.press("<esc>");
    assert_eq!(rows(&cockpit), 1);
    cockpit.press("/left<enter><enter>");
    assert!(matches!(cockpit.model.page, Some(Page::Run(_))));
    cockpit.press("<esc>");
    assert_eq!(rows(&cockpit), 1);
    cockpit.press("<esc><esc>");
    assert!(cockpit.model.page.is_none());
}
