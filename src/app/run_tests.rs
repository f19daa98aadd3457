//! A run by its keys: tried again, put back while it goes on, left.

use super::effect::Effect;
use super::model::{Overlay, Page, Pane};
use super::msg::{Msg, Outcome};
use super::testkit::Cockpit;
use super::{journal, screens};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::{TestWorld, set_name};
use crate::domain::ids::{EnvId, RunId, ServiceId};
use crate::domain::observed::{Change, ContainerState, Object, Workload, WorkloadRef};
use crate::domain::plan::Purpose;
use crate::domain::run::{RunState, StepState};

pub(super) fn staging() -> EnvId {
    EnvId::new("staging")
}

/// What the cluster shows of a service that wants another image: its pods run, or their image is not found.
pub(crate) fn shows(cockpit: &mut Cockpit, service: &str, image: &str, generation: i64, found: bool) -> Workload {
    let mut cluster = TestWorld::new("staging");
    cluster.deployment(service, image, 2, |it| {
        (it.generation, it.observed_generation) = (generation, generation);
        if !found {
            (it.status.updated, it.status.ready, it.status.available) = (1, 1, 1);
        }
    });
    cluster.replica_set(service, image, 2);
    for number in 0..2 {
        cluster.pod(service, image, number, |pod| {
            if !found {
                pod.ready = false;
                let waiting = ContainerState::Waiting { reason: "InvalidImageName".into(), message: "no".into() };
                (pod.containers[0].ready, pod.containers[0].state) = (false, waiting);
            }
        });
    }
    let world = cluster.world.env(&staging()).unwrap();
    let workload = world.workload(&WorkloadRef::deployment(service)).unwrap().clone();
    let set = world.replica_sets_of(&workload.meta.uid).next().unwrap().clone();
    let pods: Vec<_> = world.pods().cloned().collect();
    let objects = std::iter::once(Object::Workload(Box::new(workload.clone())))
        .chain([Object::ReplicaSet(Box::new(set))])
        .chain(pods.into_iter().map(|pod| Object::Pod(Box::new(pod))));
    for object in objects {
        cockpit.send(Msg::Fact { env: staging(), change: Change::Upsert(object) });
    }
    workload
}

/// The write of a service is answered, and then its pods come.
pub(super) fn goes_out(cockpit: &mut Cockpit, run: u64, service: &str, image: &str, generation: i64, found: bool) {
    let workload = shows(cockpit, service, image, generation, found);
    let (service, at) = (ServiceId::new(service), cockpit.now);
    cockpit.done(Outcome::Written { run: RunId(run), service, result: Ok(Box::new(workload)), at });
}

/// A deploy of auth whose image is not found.
pub(crate) fn failed() -> Cockpit {
    let mut cockpit = Cockpit::of_ana();
    cockpit.press("dv9<enter><enter>");
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, false);
    cockpit
}

fn notices(cockpit: &Cockpit) -> Vec<&str> {
    cockpit.model.journal.notices.iter().map(|it| it.title.as_str()).collect()
}

fn states(cockpit: &Cockpit, run: usize) -> Vec<&StepState> {
    cockpit.model.runs[run].steps.iter().map(|step| &step.state).collect()
}

#[test]
fn what_is_tried_again_and_still_stands_as_before_fails_again_after_a_minute() {
    let mut cockpit = failed();
    assert_eq!((cockpit.model.runs[0].state, states(&cockpit, 0)), (RunState::Halted, vec![&StepState::Failed]));
    cockpit.press("f").wait(59);
    assert_eq!((cockpit.model.runs[0].state, states(&cockpit, 0)), (RunState::Running, vec![&StepState::Watching]));
    assert!(cockpit.model.runs[0].steps[0].verdict.as_ref().unwrap().evidence.is_some(), "what is known is still told");
    cockpit.wait(2);
    assert_eq!((cockpit.model.runs[0].state, states(&cockpit, 0)), (RunState::Halted, vec![&StepState::Failed]));
}

#[test]
fn an_answer_that_the_watch_has_overtaken_takes_nothing_back() {
    let answer = |cockpit: &mut Cockpit, written: Workload| {
        let (service, at) = (ServiceId::new("auth"), cockpit.now);
        cockpit.done(Outcome::Written { run: RunId(1), service, result: Ok(Box::new(written)), at });
    };
    let mut cockpit = Cockpit::demo();
    cockpit.press("dv9<enter><enter>");
    let written = shows(&mut cockpit, "auth", "r/auth:v9", 2, false);
    shows(&mut cockpit, "auth", "r/auth:v9", 2, true);
    answer(&mut cockpit, written);
    assert_eq!(cockpit.model.runs[0].state, RunState::Succeeded, "it was done before its answer came");

    let mut cockpit = Cockpit::demo();
    cockpit.press("dv9<enter><enter>");
    let written = shows(&mut cockpit, "auth", "r/auth:v9", 2, false);
    shows(&mut cockpit, "auth", "r/auth:v7", 3, true);
    answer(&mut cockpit, written);
    assert_ne!(cockpit.model.runs[0].state, RunState::Succeeded, "somebody else's version is not ours");
    let cell = cockpit.model.board.cell(&ServiceId::new("auth"), &staging()).unwrap();
    assert_eq!(cell.version.as_deref(), Some("v7"), "what the watch showed last stands");
}

#[test]
fn what_is_tried_again_and_comes_right_is_done() {
    let mut cockpit = failed();
    cockpit.press("f").wait(5);
    shows(&mut cockpit, "auth", "r/auth:v9", 2, true);
    assert_eq!(cockpit.model.runs[0].state, RunState::Succeeded);
}

#[test]
fn ones_own_way_back_is_no_failure_of_what_it_puts_back_and_nobody_elses_doing() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("dv9<enter><enter>");
    shows(&mut cockpit, "auth", "r/auth:v9", 2, true);
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, false);
    cockpit.press("frX<esc><esc>");
    cockpit.press("Rr<enter>");
    assert_eq!(cockpit.written(), ["auth r/auth:v2"], "{:?}", notices(&cockpit));
    let before = notices(&cockpit).len();
    goes_out(&mut cockpit, 2, "auth", "r/auth:v2", 3, true);
    cockpit.wait(1);
    assert_eq!(cockpit.model.runs[1].state, RunState::Succeeded);
    let said = notices(&cockpit)[before..].join("; ");
    assert!(!said.contains("changed it") && !said.contains("goes on"), "{said}");
    assert_eq!(cockpit.model.runs[0].steps[0].state, StepState::Failed, "as it stood when it was aborted");
}

#[test]
fn the_way_back_in_mid_run_takes_in_what_is_begun_while_it_is_read() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    let unanswered = cockpit.press("r<enter>").notice().to_owned();
    assert!(unanswered.contains("auth has no answer yet"), "{unanswered}");
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, true);
    goes_out(&mut cockpit, 1, "cart", "r/cart:v9", 2, false);
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    let back: Vec<_> = review.plan.steps().map(|step| step.service.as_str()).collect();
    assert_eq!(back, ["cart", "auth"]);
    assert_eq!(cockpit.press("<enter>").written(), ["cart r/cart:v2"]);
    assert_eq!(cockpit.model.runs[0].state, RunState::Ended);
    assert_eq!(cockpit.model.runs[0].undone_by, Some(RunId(2)));
    // Nothing is put back before the cluster has taken in that the run is ended: somebody else may have taken it up.
    let ends = |effect: &Effect| matches!(effect, Effect::Keep { run: RunId(1), over: true, .. });
    let begins = |effect: &Effect| matches!(effect, Effect::Acquire { undoes: Some(RunId(1)), .. });
    let at = |which: &dyn Fn(&Effect) -> bool| cockpit.effects.iter().position(which).unwrap();
    assert!(at(&ends) < at(&begins), "{:?}", cockpit.effects);
}

#[test]
fn what_was_left_out_of_the_way_back_stays_left_out() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, true);
    shows(&mut cockpit, "cart", "r/cart:v9", 2, true);
    cockpit.press("rjx");
    goes_out(&mut cockpit, 1, "cart", "r/cart:v9", 2, true);
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    let back: Vec<_> = review.plan.steps().map(|step| step.service.as_str()).collect();
    assert_eq!(back, ["checkout", "cart"], "auth was left out while cart was being written");
}

#[test]
fn a_way_back_to_what_is_not_well_says_so_for_as_long_as_it_is_read() {
    let mut cluster = TestWorld::new("staging");
    cluster.replica_set("auth", "r/auth:v2", 2);
    let name = set_name("auth", "r/auth:v2");
    let mut old = cluster.world.env(&cluster.env).unwrap().replica_set(&name).unwrap().clone();
    old.ready = 0;
    let mut cockpit = failed();
    let change = Change::Upsert(Object::ReplicaSet(Box::new(old)));
    cockpit.send(Msg::Fact { env: EnvId::new("staging"), change });
    cockpit.press("r");
    for _ in 0..2 {
        let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
        let told: Vec<_> = review.plan.warnings.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(told, ["goes back to v2, which is not well: none of its 2 pods is ready; it may fail again"]);
        shows(&mut cockpit, "auth", "r/auth:v9", 2, false);
    }
}

#[test]
fn what_may_still_be_written_is_put_back_too_although_it_is_not_seen_yet() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, true);
    let fault = Fault::new(FaultKind::OutcomeUnknown, "the answer was lost");
    let (run, service, at) = (RunId(1), ServiceId::new("cart"), cockpit.now);
    cockpit.done(Outcome::Written { run, service, result: Err(fault), at });
    // The write of cart is on its way, or nowhere: v2 is seen. The lease taken anew keeps it from being done later.
    assert_eq!(cockpit.press("r<enter>").written(), ["cart r/cart:v2"]);
}

#[test]
fn a_service_that_was_failing_before_goes_back_last_and_the_others_are_put_back_although_it_fails_again() {
    let mut cockpit = Cockpit::demo();
    shows(&mut cockpit, "cart", "r/cart:v2", 1, false);
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, true);
    goes_out(&mut cockpit, 1, "cart", "r/cart:v9", 2, false);
    assert_eq!(cockpit.model.runs[0].state, RunState::Halted);
    cockpit.press("r");
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    let told: Vec<_> = review.plan.warnings.iter().map(|it| format!("{} {}", it.subject, it.text)).collect();
    assert_eq!(
        told,
        [
            "cart v2 was failing before the deploy and may fail again; that is why it goes last, and nothing waits for it"
        ]
    );
    assert_eq!(cockpit.press("<enter>").written(), ["auth r/auth:v2"]);
    goes_out(&mut cockpit, 2, "auth", "r/auth:v2", 3, true);
    assert_eq!(cockpit.written(), ["auth r/auth:v2", "cart r/cart:v2"]);
    goes_out(&mut cockpit, 2, "cart", "r/cart:v2", 3, false);
    assert_eq!(states(&cockpit, 1), [&StepState::Succeeded, &StepState::Failed]);
}

#[test]
fn a_run_goes_on_without_what_failed_once_a_reason_is_typed() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("dv9<enter><enter>");
    cockpit.press("o");
    assert_eq!(cockpit.notice(), "go on without: nothing has failed, and no service is selected");
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, false);
    cockpit.press("o");
    let Some(Overlay::Confirm(confirm)) = cockpit.overlay() else { panic!("a question") };
    assert_eq!(confirm.title, "Go on without auth");
    assert!(confirm.lines[0].contains("What was written stays"), "{:?}", confirm.lines);
    cockpit.press("<enter>");
    assert_eq!(cockpit.model.runs[0].state, RunState::Halted, "nobody says why");
    cockpit.press("the vendor is down<enter>");
    let run = &cockpit.model.runs[0];
    assert_eq!((run.state, run.without().as_deref()), (RunState::Ended, Some("auth")));
    assert!(cockpit.notice().ends_with("0 of 1 done, without auth"), "{}", cockpit.notice());
}

#[test]
fn the_page_of_a_run_reads_the_log_of_what_failed_wherever_one_looked_meanwhile() {
    let mut cockpit = failed();
    cockpit.press("qj");
    assert_ne!(cockpit.selected(), "auth");
    cockpit.press("R");
    assert_eq!((cockpit.selected(), cockpit.model.home.env.clone()), ("auth", Some(staging())));
}

#[test]
fn nothing_moves_behind_a_box_or_a_page() {
    let mut cockpit = Cockpit::demo();
    let env = cockpit.model.home.env.clone();
    for keys in ["d<left><right><right>", "<esc>?<right>", "<esc>c<right>l", "<esc>Ll"] {
        cockpit.press(keys);
        assert_eq!(cockpit.model.home.env, env, "{keys}");
    }
}

#[test]
fn r_on_a_finished_roll_back_offers_a_deploy_under_its_own_name_and_leaving_out_keeps_its_order() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, true);
    goes_out(&mut cockpit, 1, "cart", "r/cart:v9", 2, false);
    cockpit.press("r<enter>");
    goes_out(&mut cockpit, 2, "cart", "r/cart:v2", 3, true);
    goes_out(&mut cockpit, 2, "auth", "r/auth:v2", 3, true);
    assert_eq!(cockpit.model.runs[1].state, RunState::Succeeded);
    cockpit.press("r");
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    assert_eq!(review.plan.purpose, Purpose::Deploy, "what bars deploys bars this");
    assert_eq!(review.plan.waves.len(), 2);
    cockpit.press("x");
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    let left: Vec<_> = review.plan.steps().map(|step| (step.service.as_str(), &*step.to)).collect();
    assert_eq!((left, review.plan.skipped.len()), (vec![("cart", "r/cart:v9")], 1));
}

#[test]
fn from_a_run_the_panes_are_a_key_away_and_turn_to_its_selected_step() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    cockpit.press("jj4");
    assert!(cockpit.model.page.is_none() && cockpit.model.home.focus == Pane::Logs);
    assert_eq!((cockpit.selected(), cockpit.model.home.env.as_ref()), ("cart", Some(&staging())));
    cockpit.press("R");
    assert!(matches!(cockpit.model.page, Some(Page::Run(_))), "and back");
    cockpit.press("v");
    let Some(Overlay::Details { service, .. }) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    assert_eq!((service.as_str(), cockpit.model.page.is_some()), ("auth", true), "nothing is selected: what moves");
    cockpit.press("<esc>3");
    assert_eq!((cockpit.model.home.focus, cockpit.model.home.lower), (Pane::Dependencies, Pane::Dependencies));
}

#[test]
fn a_plan_that_changed_while_it_was_open_says_once_what_has_changed() {
    let told = |cockpit: &Cockpit| {
        let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("no plan: {:?}", cockpit.overlay()) };
        let warned = review.warnings.iter().chain(&review.plan.warnings).map(|it| it.text.clone());
        let left_out = review.plan.skipped.iter().map(|it| it.why.clone());
        let texts = warned.chain(left_out).chain(notices(cockpit).into_iter().map(ToOwned::to_owned));
        texts.filter(|text| text.contains("was changed to v7")).count()
    };
    let mut cockpit = Cockpit::demo();
    cockpit.press("dv9<enter>");
    shows(&mut cockpit, "auth", "r/auth:v7", 2, true);
    assert!(cockpit.press("<enter>").written().is_empty());
    assert_eq!((told(&cockpit), cockpit.notice()), (1, "the plan has changed: read it again"));
    assert_eq!(cockpit.press("<enter>").written(), ["auth r/auth:v9"], "once read it begins");

    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, true);
    goes_out(&mut cockpit, 1, "cart", "r/cart:v9", 2, true);
    goes_out(&mut cockpit, 1, "checkout", "r/checkout:v9", 2, true);
    assert_eq!(cockpit.model.runs[0].state, RunState::Succeeded);
    cockpit.press("r");
    shows(&mut cockpit, "auth", "r/auth:v7", 3, true);
    cockpit.press("<enter>");
    assert_eq!((told(&cockpit), cockpit.notice()), (1, "the plan has changed: read it again"));
}

#[test]
fn a_run_that_failed_is_listed_as_that_with_what_failed_and_why() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    goes_out(&mut cockpit, 1, "auth", "r/auth:v9", 2, false);
    cockpit.press("X<enter>");
    for keys in ["L", "H"] {
        cockpit.press(keys);
        let Some(Page::Runs(page)) = &cockpit.model.page else { panic!("the list") };
        let row = screens::runs::rows(&cockpit.model, page).remove(0);
        assert_eq!(row.standing.word(), "failed");
        assert!(row.note.starts_with("auth: "), "{}", row.note);
        assert!(row.standing.is_past());
    }
}

#[test]
fn a_promotion_of_what_is_marked_names_everything_in_its_way_and_one_of_all_leaves_it_out() {
    let mut cockpit = Cockpit::demo();
    for service in ["auth", "cart"] {
        shows(&mut cockpit, service, &format!("r/{service}:v2"), 1, false);
    }
    cockpit.press("g<enter>P");
    let told = cockpit.notice();
    assert!(told.starts_with("2 have not succeeded in staging: auth (") && told.contains("cart ("), "{told}");
    assert!(cockpit.overlay().is_none());
    cockpit.press("uP");
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{}", cockpit.notice()) };
    let names = |it: &mut dyn Iterator<Item = &ServiceId>| it.map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&mut review.plan.skipped.iter().map(|it| &it.service)), ["auth", "cart"]);
    assert_eq!(names(&mut review.plan.steps().map(|it| &it.service)), ["checkout"]);
}

#[test]
fn a_run_that_begins_is_not_covered_by_what_was_said_before_it() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("ldv9<enter><alt-w>");
    assert!(!cockpit.notice().is_empty() && journal::toast(&cockpit.model).is_some(), "{}", cockpit.notice());
    cockpit.press("production<enter>");
    assert!(journal::toast(&cockpit.model).is_none());
}

#[test]
fn marking_a_group_brings_the_cursor_to_it() {
    let mut cockpit = Cockpit::demo();
    cockpit.model.catalog.groups[0].services.retain(|service| service.as_str() == "checkout");
    cockpit.press("g<enter>");
    assert_eq!(cockpit.selected(), "checkout");
    cockpit.press("kg<enter>");
    assert_eq!(cockpit.selected(), "checkout");
}
