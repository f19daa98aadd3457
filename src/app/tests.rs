//! The cockpit by its keys.

use super::availability::available;
use super::dispatch::perform;
use super::effect::Effect;
use super::model::{Overlay, Page, Pane};
use super::msg::{Input, Msg, Outcome};
use super::testkit::Cockpit;
use crate::actions::ACTIONS;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::TestWorld;
use crate::domain::ids::{EnvId, RunId, ServiceId};
use crate::domain::observed::{Change, Kind};
use crate::domain::run::RunState;

#[test]
fn the_program_starts_by_watching_every_environment() {
    let cockpit = Cockpit::demo();
    let watched = cockpit.effects.iter().filter(|effect| matches!(effect, Effect::Watch { .. })).count();
    assert_eq!((watched, cockpit.model.home.rows.len(), cockpit.selected()), (2, 3, "auth"));
}

#[test]
fn keys_move_through_the_matrix_and_stop_at_its_edges() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("jjjjl");
    assert_eq!((cockpit.selected(), cockpit.model.home.env.clone()), ("checkout", Some(EnvId::new("production"))));
    cockpit.press("<home>hh");
    assert_eq!((cockpit.selected(), cockpit.model.home.env.clone()), ("auth", Some(EnvId::new("staging"))));
}

#[test]
fn a_filter_narrows_while_it_is_typed_and_esc_takes_it_away() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("/check");
    assert_eq!((cockpit.model.home.rows.len(), cockpit.selected()), (1, "checkout"));
    cockpit.press("<esc>");
    assert_eq!((cockpit.model.home.rows.len(), cockpit.selected()), (3, "checkout"));
}

#[test]
fn esc_never_quits_and_q_does_only_at_home() {
    let mut cockpit = Cockpit::demo();
    assert!(!cockpit.press("<esc><esc><esc>").quits());
    assert!(!cockpit.press("d<esc>c").quits());
    assert!(!cockpit.press("q").quits());
    assert!(cockpit.press("q").quits());
}

#[test]
fn the_first_ctrl_c_stops_and_the_second_within_a_second_quits() {
    let mut cockpit = Cockpit::demo();
    assert!(!cockpit.press(":<ctrl-c>").quits());
    assert!(cockpit.overlay().is_none());
    cockpit.wait(2);
    assert!(!cockpit.press("<ctrl-c>").quits());
    assert!(cockpit.press("<ctrl-c>").quits());
}

#[test]
fn nothing_happens_before_enter_in_the_plan() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("dv9<enter>");
    assert!(matches!(cockpit.overlay(), Some(Overlay::Plan(_))), "{:?}", cockpit.overlay());
    assert!(cockpit.written().is_empty());
    cockpit.press("<enter>");
    assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    assert!(matches!(cockpit.model.page, Some(Page::Run(_))));
    assert!(
        cockpit.model.journal.commands[0].text.contains("-n shop-staging set image deployment/auth auth=r/auth:v9")
    );
}

#[test]
fn a_group_goes_out_in_waves_and_a_refusal_halts_it() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    let fault = Fault::new(FaultKind::Conflict, "somebody set v8");
    let (run, service) = (RunId(1), ServiceId::new("auth"));
    cockpit.done(Outcome::Written { run, service, result: Err(fault), at: cockpit.now });
    assert_eq!(cockpit.model.runs[0].state, RunState::Halted);
    assert_eq!(cockpit.model.journal.commands[0].ok, Some(false));
    assert!(cockpit.model.journal.notices.iter().any(|it| it.sticky && it.title.contains("somebody set v8")));
    assert_eq!(cockpit.press("f").written(), ["auth r/auth:v9"]);
}

#[test]
fn quitting_in_mid_run_asks_and_says_what_goes_on() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("dv9<enter><enter><esc>q");
    assert!(!cockpit.quits());
    let Some(Overlay::Confirm(confirm)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    assert!(confirm.lines[0].contains("Kubernetes goes on"));
    assert!(cockpit.press("<enter>").quits());
}

#[test]
fn a_protected_environment_wants_its_name_typed() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("ldv9<enter><enter>");
    let refused = |cockpit: &Cockpit| match cockpit.overlay() {
        Some(Overlay::Plan(review)) => review.confirm.refused().map(str::to_owned),
        other => panic!("{other:?}"),
    };
    assert!(cockpit.written().is_empty());
    let told = "type production in full: it is protected, and nothing has happened";
    assert_eq!((refused(&cockpit).as_deref(), cockpit.notice()), (Some(told), ""), "where it is typed");
    cockpit.press("productiox<enter>");
    assert!(cockpit.written().is_empty());
    assert_eq!(cockpit.press("<backspace>n<enter>").written(), ["auth r/auth:v9"]);
}

#[test]
fn a_version_that_is_known_is_chosen_and_need_not_be_typed() {
    let mut cockpit = Cockpit::demo();
    assert_eq!(cockpit.press("d<ctrl-n><enter><enter>").written(), ["auth r/auth:v1"]);
}

#[test]
fn versions_can_be_taken_from_another_environment_by_tab() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("ld<tab>");
    let Some(Overlay::Versions(form)) = cockpit.overlay() else { panic!() };
    assert_eq!(form.rows[0].offered.as_deref(), Some("v2"));
    assert!(cockpit.press("<enter>production<enter>").written()[0].starts_with("auth r/auth:v2@sha256:"));
}

#[test]
fn a_promotion_takes_the_exact_images() {
    let mut cockpit = Cockpit::demo();
    let written = cockpit.press("Pproduction<enter>").written();
    assert!(written[0].starts_with("auth r/auth:v2@sha256:"), "{written:?} {}", cockpit.notice());
    cockpit.press("<esc>lP");
    assert!(cockpit.notice().contains("nothing comes after production"), "{}", cockpit.notice());
}

#[test]
fn a_promotion_that_was_overtaken_upstream_says_what_runs_there_now_and_is_read_again_first() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("Pproduction");
    let mut staging = TestWorld::new("staging");
    staging.rolled_out("auth", "r/auth:v3", 2);
    let before = cockpit.model.world.env(&staging.env).unwrap().pods().filter(|pod| pod.meta.name.starts_with("auth"));
    let before: Vec<_> = before.map(|pod| (pod.meta.uid.clone(), pod.meta.name.clone())).collect();
    cockpit.sees(&staging);
    for (uid, name) in before {
        let change = Change::Delete { kind: Kind::Pod, uid, name };
        cockpit.send(Msg::Fact { env: staging.env.clone(), change });
    }
    assert!(cockpit.press("<enter>").written().is_empty());
    assert_eq!(cockpit.notice(), "the plan has changed: read it again");
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    assert_eq!(
        (&*review.warnings[0].subject, &*review.warnings[0].text),
        ("auth", "staging runs v3 since this plan was made")
    );
    assert_eq!(review.confirm.text(), "", "the name is typed for what is read now");
    let written = cockpit.press("production<enter>").written();
    assert!(written[0].starts_with("auth r/auth:v3"), "{written:?} {}", cockpit.notice());
    // What is no success any more where it comes from does not go on.
    let mut cockpit = Cockpit::demo();
    cockpit.press("Pproduction");
    staging.deployment("auth", "r/auth:v4", 2, |_| {});
    cockpit.sees(&staging);
    assert!(cockpit.press("<enter>").written().is_empty(), "{}", cockpit.notice());
    assert!(cockpit.notice().contains("auth"), "{}", cockpit.notice());
}

#[test]
fn an_error_stays_in_the_form_in_words() {
    let mut cockpit = Cockpit::with(&[("a", &["b"]), ("b", &["a"])]);
    cockpit.press("g<enter>dv9<down>v9<enter>");
    let Some(Overlay::Versions(form)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    assert!(form.error.as_deref().is_some_and(|error| error.contains("a → b → a")), "{:?}", form.error);
}

#[test]
fn a_stale_environment_refuses_to_plan_and_to_begin() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("dv9<enter>");
    let lost = Change::Lost(Kind::Pod, Fault::new(FaultKind::Unreachable, "no route"));
    cockpit.send(Msg::Fact { env: EnvId::new("staging"), change: lost });
    cockpit.press("<enter>");
    assert!(cockpit.written().is_empty() && cockpit.notice().contains("not current"), "{}", cockpit.notice());
    cockpit.press("<esc><esc>d");
    assert!(cockpit.overlay().is_none() && cockpit.notice().contains("not current"));
}

#[test]
fn a_success_is_shown_for_six_seconds_and_a_failure_until_it_is_seen() {
    use super::journal::{notice, toast};
    use crate::domain::verdict::State;
    let mut cockpit = Cockpit::demo();
    notice(&mut cockpit.model, State::Failed, "bad", "");
    notice(&mut cockpit.model, State::Done, "good", "");
    cockpit.wait(7);
    let shown = |cockpit: &Cockpit| toast(&cockpit.model).map(|toast| toast.title.clone());
    assert_eq!(shown(&cockpit).as_deref(), Some("bad"));
    notice(&mut cockpit.model, State::Blocked, "why a key did nothing", "");
    assert_eq!(shown(&cockpit).as_deref(), Some("why a key did nothing"));
    cockpit.wait(7);
    assert_eq!(shown(&cockpit).as_deref(), Some("bad"));
    cockpit.press("!");
    assert!(toast(&cockpit.model).is_none());
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_still() {
    use super::journal::{notice, toast};
    use super::rows::arrange_now;
    use crate::domain::verdict::State;
    let mut cockpit = Cockpit::demo();
    cockpit.press("j<ctrl-c>");
    notice(&mut cockpit.model, State::Done, "good", "");
    let rows = cockpit.model.home.rows.clone();
    cockpit.model.home.rows.reverse();
    cockpit.now -= jiff::SignedDuration::from_hours(1);
    cockpit.wait(0);
    arrange_now(&mut cockpit.model);
    assert_eq!(cockpit.model.home.rows, rows, "nobody has typed for an hour, or will");
    assert!(toast(&cockpit.model).is_none());
    assert!(!cockpit.press("<ctrl-c>").quits(), "the first of two");
}

#[test]
fn a_click_selects_what_is_under_it_and_the_wheel_leaves_the_focus() {
    let mut cockpit = Cockpit::demo();
    let areas = super::geometry::home(&cockpit.model);
    let (x, y) = (areas.services.x + 3, areas.services.y + 2);
    cockpit.send(Msg::Input(Input::Click { x, y }));
    assert_eq!(cockpit.selected(), "cart");
    let (x, y) = (areas.logs.x + 1, areas.logs.y + 1);
    cockpit.send(Msg::Input(Input::Wheel { x, y, lines: -3 }));
    assert_eq!(cockpit.model.home.focus, Pane::Services);
    cockpit.send(Msg::Input(Input::Click { x, y }));
    assert_eq!(cockpit.model.home.focus, Pane::Logs);
}

#[test]
fn every_action_does_something_or_says_why_not() {
    for spec in ACTIONS {
        let mut cockpit = Cockpit::demo();
        let refused = available(spec.action, &cockpit.model).err();
        let before = cockpit.model.journal.notices.len();
        perform(&mut cockpit.model, spec.action);
        let said = cockpit.model.journal.notices.len() > before;
        assert!(refused.is_none() || said, "{} is refused in silence", spec.id);
    }
}

#[test]
fn palette_help_and_menu_narrow_by_typing_and_do_what_is_chosen() {
    let mut cockpit = Cockpit::demo();
    cockpit.press(":checkout<enter>");
    assert_eq!((cockpit.selected(), cockpit.overlay().is_none()), ("checkout", true));
    cockpit.press("?choose versions");
    let Some(Overlay::Help(help)) = cockpit.overlay() else { panic!() };
    assert_eq!(help.entries[0].title, "deploy", "what is told is found too");
    cockpit.press("<enter>");
    assert!(matches!(cockpit.overlay(), Some(Overlay::Versions(_))));
}

#[test]
fn things_are_found_by_the_names_that_hints_and_commands_use() {
    for (typed, first) in [("dep", "deploy"), ("pro", "promote"), ("clean", "clean up"), ("rollb", "roll back")] {
        for open in [":", "?"] {
            let mut cockpit = Cockpit::demo();
            cockpit.press(open).press(typed);
            let Some(Overlay::Help(list) | Overlay::Palette(list)) = cockpit.overlay() else { panic!() };
            assert_eq!(list.entries[0].title, first, "{open}{typed}");
        }
    }
}

#[test]
fn help_begins_with_what_can_be_done_and_ends_with_what_cannot() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("?");
    let Some(Overlay::Help(list)) = cockpit.overlay() else { panic!() };
    assert_eq!(list.entries[0].title, "deploy");
    let cannot = list.entries.iter().skip_while(|entry| entry.refused.is_none());
    assert!(cannot.clone().count() > 5 && cannot.into_iter().all(|entry| entry.refused.is_some()));
}

#[test]
fn the_menu_speaks_of_the_cell_and_of_marks_only_where_there_are_some() {
    let mut cockpit = Cockpit::demo();
    let told = |cockpit: &mut Cockpit| {
        cockpit.press("x");
        let Some(Overlay::Menu(list)) = cockpit.overlay() else { panic!() };
        let told = list.entries.iter().map(|entry| entry.about.clone()).collect::<Vec<_>>().join("\n");
        cockpit.press("<esc>");
        told
    };
    let about = told(&mut cockpit);
    assert!(about.contains("a version for auth") && !about.contains("marked"), "{about}");
    cockpit.press("g<enter>");
    let about = told(&mut cockpit);
    assert!(about.contains("versions for the 3 marked services"), "{about}");
}

#[test]
fn without_a_configuration_nothing_may_be_changed_and_the_reason_is_said() {
    let mut cockpit = Cockpit::demo();
    cockpit.model.session.read_only = Some(super::discovery::read_only(&cockpit.model.keymap));
    cockpit.press("d");
    assert!(cockpit.overlay().is_none() && cockpit.notice().contains("read-only: no configuration"));
}

#[test]
fn an_idle_cockpit_wants_no_tick() {
    let mut cockpit = Cockpit::demo();
    cockpit.wait(3);
    assert_eq!(super::update::next_tick(&cockpit.model), None);
    cockpit.press("dv9<enter><enter>");
    assert!(super::update::next_tick(&cockpit.model).is_some());
}

#[test]
fn what_fails_while_its_run_is_watched_turns_the_log_to_it_and_says_nothing_twice() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
    cockpit.press("jj");
    assert_eq!(cockpit.selected(), "cart", "the selection of the page is that of the log");
    let refused = Fault::new(FaultKind::Forbidden, "no right to patch deployments");
    let run = cockpit.model.runs[0].id;
    let answer = Outcome::Written { run, service: "auth".into(), result: Err(refused), at: cockpit.now };
    cockpit.done(answer);
    assert_eq!((cockpit.selected(), cockpit.model.logs.target.as_ref().unwrap().1.as_str()), ("auth", "auth"));
    assert!(crate::app::journal::toast(&cockpit.model).is_none(), "the page says it");
}

fn attended(cockpit: &Cockpit) -> Vec<bool> {
    cockpit.effects.iter().filter_map(|it| if let Effect::Attend(on) = it { Some(*on) } else { None }).collect()
}

#[test]
fn clusters_are_attended_while_somebody_uses_the_cockpit_and_left_alone_after() {
    let mut cockpit = Cockpit::demo();
    assert!(attended(&cockpit).is_empty(), "nobody has looked yet");
    assert_eq!(attended(cockpit.press("jj")), [true], "said once");
    cockpit.effects.clear();
    assert!(attended(cockpit.wait(100)).is_empty());
    assert_eq!(attended(cockpit.wait(30)), [false]);
    assert_eq!(super::update::next_tick(&cockpit.model), None, "and then nothing wakes it");
}

#[test]
fn a_write_that_meets_no_cluster_is_made_again_by_itself() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("dv9<enter><enter>").effects.clear();
    let (run, service) = (RunId(1), ServiceId::new("auth"));
    let fault = Fault::new(FaultKind::Unreachable, "the API server refuses the connection");
    cockpit.done(Outcome::Written { run, service, result: Err(fault), at: cockpit.now });
    assert!(cockpit.written().is_empty() && cockpit.model.active_run().is_some());
    cockpit.wait(1);
    assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    cockpit.effects.clear();
    assert!(attended(cockpit.wait(200)).is_empty(), "a run is attended to its end");
}
