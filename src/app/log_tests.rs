//! The log pane by its keys.

use std::time::Duration;

use super::effect::Effect;
use super::log_bridge::{self, Ask};
use super::logs::{ReadBack, Reading};
use super::model::Overlay;
use super::msg::{LogEvent, Msg};
use super::testkit::Cockpit;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::later;
use crate::domain::ids::{EnvId, ServiceId};
use crate::ports::cluster::{LogLine, LogRequest};

/// On the log of auth in staging, which has two pods.
fn cockpit() -> Cockpit {
    let mut cockpit = Cockpit::demo();
    cockpit.press("4");
    cockpit
}

fn opened(cockpit: &Cockpit) -> Vec<(u64, LogRequest)> {
    let open = |effect: &Effect| match effect {
        Effect::OpenLog { stream, request, .. } => Some((*stream, request.clone())),
        _ => None,
    };
    cockpit.effects.iter().filter_map(open).collect()
}

fn closed(cockpit: &Cockpit) -> usize {
    cockpit.effects.iter().filter(|effect| matches!(effect, Effect::CloseLog { .. })).count()
}

fn say(cockpit: &mut Cockpit, lines: &[&str]) {
    let stream = *cockpit.model.logs.streams().next().unwrap();
    let start = cockpit.model.logs.ring.end() as usize;
    let line = |(second, text): (usize, &&str)| LogLine {
        time: Some(later((start + second) as i64)),
        text: (*text).to_owned(),
        cut: text.contains("(cut"),
    };
    let lines = lines.iter().enumerate().map(line).collect();
    cockpit.send(Msg::Log { stream, event: LogEvent::Lines(lines) });
}

fn copied(cockpit: &Cockpit) -> Option<&str> {
    cockpit.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.as_str()),
        _ => None,
    })
}

fn held(cockpit: &Cockpit) -> Option<&str> {
    cockpit.model.logs.selected().map(|entry| entry.text)
}

#[test]
fn another_service_closes_the_streams_of_the_one_before() {
    let mut cockpit = cockpit();
    cockpit.press("2j");
    let pods: Vec<_> = opened(&cockpit).into_iter().map(|(_, request)| request.container.to_string()).collect();
    assert_eq!((closed(&cockpit), pods.as_slice()), (2, ["cart".to_owned(), "cart".to_owned()].as_slice()));
}

/// Nobody selects anything there, and what is selected is then whatever is in the most trouble.
#[test]
fn what_is_read_without_a_screen_is_read_on_whatever_else_fails_in_the_environment() {
    let mut cockpit = Cockpit::demo();
    let ask = Ask { container: None, previous: false, read_back: ReadBack::Everything, reading: Reading::Following };
    let of_auth = log_bridge::read(&mut cockpit.model, EnvId::new("staging"), ServiceId::new("auth"), ask);
    assert!(of_auth.iter().any(|it| matches!(it, Effect::OpenLog { request, .. } if &*request.container == "auth")));
    super::run_tests::shows(&mut cockpit, "cart", "r/cart:v9", 2, false);
    cockpit.wait(1);
    assert_eq!(cockpit.selected(), "cart", "it is in the most trouble");
    assert_eq!(cockpit.model.logs.target, Some((EnvId::new("staging"), ServiceId::new("auth"))));
    assert!(opened(&cockpit).is_empty() && closed(&cockpit) == 0, "{:?}", cockpit.effects);
}

#[test]
fn lines_that_come_late_from_a_closed_stream_are_not_taken_for_those_of_the_next_service() {
    let mut cockpit = cockpit();
    let stream = *cockpit.model.logs.streams().next().unwrap();
    cockpit.press("2j");
    let lines = vec![LogLine { text: "of auth".to_owned(), ..LogLine::default() }];
    cockpit.send(Msg::Log { stream, event: LogEvent::Lines(lines) });
    assert!(cockpit.model.logs.last_lines("auth", false, 9).is_empty() && held(&cockpit) != Some("of auth"));
}

#[test]
fn time_and_number_never_cap_each_other() {
    let mut cockpit = cockpit();
    let asked = |cockpit: &mut Cockpit, keys: &str| {
        cockpit.press(keys);
        let (_, request) = opened(cockpit).remove(0);
        (request.tail, request.since)
    };
    assert_eq!(asked(&mut cockpit, "S<down><down><down><enter>"), (None, Some(Duration::from_mins(15))));
    assert_eq!(asked(&mut cockpit, "S<up><up><enter>"), (Some(10_000), None));
    assert_eq!(asked(&mut cockpit, "S<end><enter>"), (None, None));
    assert_eq!(closed(&cockpit), 2, "what was read before is read anew");
}

#[test]
fn one_container_can_be_chosen_and_all_again() {
    let mut cockpit = cockpit();
    cockpit.press("C<down><enter>");
    assert_eq!(cockpit.model.logs.container.as_deref(), Some("auth"));
    cockpit.press("C");
    let Some(Overlay::Picker(picker)) = cockpit.overlay() else { panic!() };
    assert_eq!(
        (picker.selected, picker.items.as_slice()),
        (1, ["all containers", "auth"].map(String::from).as_slice())
    );
    cockpit.press("<up><enter>");
    assert_eq!(cockpit.model.logs.container, None);
}

#[test]
fn only_containers_that_ran_before_have_a_run_before() {
    let mut cockpit = cockpit();
    cockpit.press("p");
    assert!(opened(&cockpit).is_empty() && closed(&cockpit) == 2 && cockpit.model.logs.previous);
    cockpit.press("p");
    assert_eq!(opened(&cockpit).len(), 2);
}

#[test]
fn a_filter_is_applied_while_it_is_typed_and_a_bad_one_says_why() {
    let mut cockpit = cockpit();
    say(&mut cockpit, &["GET /", "PUT /"]);
    cockpit.press("/get");
    assert_eq!(cockpit.model.logs.lines_shown(), 1);
    cockpit.press("(<enter>");
    let Some(Overlay::Prompt(prompt)) = cockpit.overlay() else { panic!("a bad pattern is not accepted") };
    assert_eq!((prompt.error.as_deref(), cockpit.model.logs.lines_shown()), (Some("unclosed group"), 1));
    cockpit.press("<backspace><enter>");
    assert_eq!((cockpit.overlay().is_none(), cockpit.model.logs.filter()), (true, "get"));
    cockpit.press("<esc>");
    assert_eq!((cockpit.model.logs.lines_shown(), cockpit.model.home.focus), (2, super::model::Pane::Logs));
}

#[test]
fn tab_makes_a_search_of_a_filter_and_enter_goes_to_the_newest_match() {
    let mut cockpit = cockpit();
    say(&mut cockpit, &["boom", "quiet", "boom again", "calm"]);
    cockpit.press("/boom<tab>");
    assert_eq!((cockpit.model.logs.filter(), cockpit.model.logs.search()), ("", "boom"));
    cockpit.press("<enter>");
    assert_eq!(held(&cockpit), Some("boom again"));
    assert_eq!(held(cockpit.press("N")), Some("boom"));
    cockpit.press("N");
    assert_eq!((held(&cockpit), cockpit.notice()), (Some("boom"), "no earlier line matches boom"));
    assert_eq!(held(cockpit.press("n")), Some("boom again"));
}

#[test]
fn a_line_is_opened_in_whole_and_copied_as_it_came() {
    let mut cockpit = cockpit();
    let json = r#"{"level":"warn","msg":"slow","ms":842}"#;
    say(&mut cockpit, &["first", json]);
    cockpit.press("k<down><enter>");
    let Some(Overlay::Line(detail)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    assert!(detail.rows.iter().any(|row| row.first().is_some_and(|(key, _)| key.starts_with("level"))));
    cockpit.press("y");
    assert_eq!(copied(&cockpit), Some(json));
    cockpit.press("<esc>k");
    assert_eq!(copied(cockpit.press("y")), Some("first"));
}

#[test]
fn all_that_is_shown_is_copied_and_what_a_terminal_does_not_take_is_said() {
    let mut cockpit = cockpit();
    say(&mut cockpit, &["GET /", "PUT /", "GET /x"]);
    cockpit.press("/get<enter>");
    assert_eq!(copied(cockpit.press("Y")), Some("GET /\nGET /x"));
    let long = format!("GET {}", "x".repeat(30_000));
    say(&mut cockpit, &[&long, &long, &long]);
    let length = copied(cockpit.press("Y")).map(str::len);
    assert!(length.is_some_and(|length| length <= super::copying::LONGEST), "{length:?}");
    assert_eq!(cockpit.notice(), "copied the last 2 lines of 5");
}

#[test]
fn a_pause_counts_what_comes_and_the_end_follows_again() {
    let mut cockpit = cockpit();
    say(&mut cockpit, &["one", "two"]);
    cockpit.press("k");
    say(&mut cockpit, &["three", "four"]);
    assert_eq!((held(&cockpit), cockpit.model.logs.new_since_held()), (Some("one"), 2));
    assert!(cockpit.press("G").model.logs.is_following());
    assert!(!cockpit.press("f").model.logs.is_following());
}

#[test]
fn a_fault_is_told_with_its_time_until_the_log_can_be_read_again() {
    let mut cockpit = cockpit();
    let stream = *cockpit.model.logs.streams().next().unwrap();
    let since = cockpit.now;
    for _ in 0..2 {
        let fault = Fault::new(FaultKind::Forbidden, "you may not read pods/log");
        cockpit.send(Msg::Log { stream, event: LogEvent::Failed(fault) });
        cockpit.now += jiff::SignedDuration::from_secs(9);
    }
    let trouble = cockpit.model.logs.trouble().unwrap();
    assert_eq!((trouble.since, trouble.streams), (since, (1, 2)));
    cockpit.send(Msg::Log { stream, event: LogEvent::Lines(Vec::new()) });
    assert!(cockpit.model.logs.trouble().is_none());
}

#[test]
fn lines_that_were_cut_are_counted() {
    let mut cockpit = cockpit();
    say(&mut cockpit, &["x… (cut, 10.0 MB)", "y"]);
    assert_eq!(cockpit.model.logs.cut, 1);
}
