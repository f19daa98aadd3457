//! What is scrolled says on its edges how much of it is out of sight, above as below.

use std::collections::BTreeMap;

use crate::app::model::{CleanupPage, Page};
use crate::app::msg::{Input, Msg};
use crate::app::places;
use crate::app::testkit::Cockpit;
use crate::domain::cleanup::{Finding, FindingKind};
use crate::domain::ids::{EnvId, Uid};

/// As many services as no small screen holds.
fn many(size: (u16, u16)) -> Cockpit {
    let names: Vec<String> = (0..40).map(|number| format!("service-{number:02}")).collect();
    let services: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &[] as &[&str])).collect();
    let mut cockpit = Cockpit::with(&services);
    cockpit.send(Msg::Input(Input::Resize { width: size.0, height: size.1 }));
    cockpit
}

/// The first row of the screen that says so.
fn row(cockpit: &mut Cockpit, of: &str) -> String {
    let rows = cockpit.draw();
    rows.iter().find(|row| row.contains(of)).unwrap_or_else(|| panic!("{of} in\n{}", rows.join("\n"))).clone()
}

/// Moves down as often, drawing before each, as a person sees it.
fn down(cockpit: &mut Cockpit, times: usize) {
    for _ in 0..times {
        cockpit.draw();
        cockpit.press("<down>");
    }
}

#[test]
fn the_services_say_how_many_are_above_and_below() {
    let mut cockpit = many((80, 24));
    assert!(row(&mut cockpit, "2 Services").contains(" 29 more below · trouble first"));
    cockpit.press("<end>");
    assert!(row(&mut cockpit, "2 Services").contains(" 29 more above · trouble first"));
    cockpit.press("<home>");
    down(&mut cockpit, 13);
    assert!(row(&mut cockpit, "2 Services").contains(" 3 more above, 26 below · trouble first"));
}

#[test]
fn the_environments_say_how_many_are_at_the_left_and_at_the_right() {
    let mut cockpit = many((80, 24));
    for name in ["canary", "berlin", "oregon"] {
        let mut env = cockpit.model.catalog.environments[1].clone();
        env.name = EnvId::new(name);
        cockpit.model.catalog.environments.push(env);
    }
    assert!(row(&mut cockpit, "1 Environments").contains(" 2 more › "));
    cockpit.press("lll");
    assert!(row(&mut cockpit, "1 Environments").contains(" ‹ 1 more · 1 more › "));
    cockpit.press("l");
    assert!(row(&mut cockpit, "1 Environments").contains(" ‹ 2 more "));
}

#[test]
fn a_box_says_on_its_upper_edge_what_is_above_and_on_its_lower_what_is_below() {
    let mut cockpit = many((80, 24));
    cockpit.press("?");
    assert!(!row(&mut cockpit, "Keys and signs").contains("above"));
    down(&mut cockpit, 60);
    assert!(row(&mut cockpit, "Keys and signs").contains("Keys and signs ─ "), "the title is not written over");
    assert!(row(&mut cockpit, "Keys and signs").contains(" more above ─"));
    assert!(row(&mut cockpit, "╰").contains(" more below ─"));
    down(&mut cockpit, 60);
    assert!(!row(&mut cockpit, "╰").contains("below"));
}

#[test]
fn a_plan_its_versions_and_its_run_say_what_is_above() {
    let mut cockpit = many((80, 24));
    cockpit.press("g<enter>d");
    for _ in 0..40 {
        cockpit.press("v9<down>");
    }
    let form = row(&mut cockpit, "Deploy all to staging");
    assert!(form.contains(" more above "), "{form}");
    cockpit.press("<enter>");
    assert!(row(&mut cockpit, "╰").contains(" more below "), "a plan begins with what goes first");
    down(&mut cockpit, 39);
    assert!(row(&mut cockpit, "Deploy all to staging").contains(" more above "));
    cockpit.press("<enter>");
    down(&mut cockpit, 40);
    let title = row(&mut cockpit, "Run ");
    assert!(title.contains(" more above · esc leave"), "{title}");
    assert!(!row(&mut cockpit, "What happens by itself").contains("below"));
    cockpit.press("<home>");
    assert!(row(&mut cockpit, "What happens by itself").contains(" more below "));
}

#[test]
fn a_title_that_fills_the_edge_gives_way_to_what_is_above() {
    let mut cockpit = many((80, 24));
    let lines = (0..60).map(|number| (String::new(), format!("line {number}"))).collect();
    let title = "a title ".repeat(12);
    cockpit.model.overlays.push(crate::app::model::Overlay::Told { title, lines, scroll: 0 });
    down(&mut cockpit, 4);
    assert!(row(&mut cockpit, "╭").contains(" 4 more above ─"), "{}", row(&mut cockpit, "╭"));
}

/// The page of leftovers with so many dead pods.
pub(super) fn leftovers(cockpit: &mut Cockpit, number: usize) {
    let findings = (0..number).map(|number| Finding {
        env: EnvId::new("staging"),
        kind: if number < 3 { FindingKind::DeadPod } else { FindingKind::FailedJob },
        name: format!("cart-6d9f7-{number:02}").into(),
        uid: Uid::new(format!("uid-{number}")),
        resource_version: "42".into(),
        reason: "evicted: the node was low on disk".to_owned(),
        owner: Some("replicaset/cart-6d9f7".to_owned()),
        since: cockpit.now - jiff::SignedDuration::from_hours(2),
        proof: vec!["2 of 2 pods of cart are there without it".to_owned()],
    });
    let findings: Vec<Finding> = findings.collect();
    cockpit.model.page = Some(Page::Cleanup(CleanupPage {
        env: EnvId::new("staging"),
        selected: findings.first().map(|it| it.uid.clone()),
        marks: findings.iter().take(2).map(|it| it.uid.clone()).collect(),
        findings,
        too_young: 1,
        filter: crate::app::input::LineInput::default(),
        filtering: false,
        results: BTreeMap::new(),
    }));
}

#[test]
fn leftovers_and_runs_say_what_is_above_and_below() {
    let mut cockpit = many((80, 24));
    leftovers(&mut cockpit, 40);
    assert!(row(&mut cockpit, "Marked  2 of 40").contains(" more below "));
    places::move_page(&mut cockpit.model, 100);
    assert!(row(&mut cockpit, "Clean up").contains(" 26 more above · esc back"));
    assert!(!row(&mut cockpit, "Marked").contains("below"));
}

#[test]
fn the_line_between_leftovers_and_their_proof_is_joined_to_both_rules() {
    for (ascii, joints) in [(false, ['┯', '┴']), (true, ['+', '+'])] {
        let mut cockpit = many((120, 40));
        leftovers(&mut cockpit, 3);
        let settings = crate::config::Settings { ascii, ..crate::config::Settings::default() };
        let rows = super::picture::text(&cockpit.model, super::look::Look::from(&settings));
        let column = |y: usize| rows[y].chars().nth(72);
        assert_eq!([column(1), column(37)], joints.map(Some), "{rows:#?}");
        let line = if ascii { '|' } else { '│' };
        assert!((2..37).all(|y| column(y) == Some(line)) && column(38) != Some(line));
    }
}

/// `auth`, which sixty others need, selected on a screen where the panes share a place.
fn needed_by_many() -> Cockpit {
    let names: Vec<String> = (0..60).map(|number| format!("service-{number:02}")).collect();
    let mut services: Vec<(&str, &[&str])> = vec![("auth", &[])];
    services.extend(names.iter().map(|name| (name.as_str(), &["auth"] as &[&str])));
    let mut cockpit = Cockpit::with(&services);
    cockpit.model.home.service = Some("auth".into());
    cockpit.send(Msg::Input(Input::Resize { width: 80, height: 24 }));
    cockpit.press("3");
    cockpit
}

#[test]
fn the_dependencies_are_scrolled_to_the_last_service_and_say_what_is_above_and_below() {
    let mut cockpit = needed_by_many();
    assert!(row(&mut cockpit, "3 Dependencies").contains(" more below "));
    assert!(!cockpit.draw().join("\n").contains("service-59"));
    down(&mut cockpit, 30);
    assert!(row(&mut cockpit, "3 Dependencies").contains(" more above "));
    assert!(cockpit.draw().join("\n").contains("service-59"));
    cockpit.press("<up>");
    assert!(row(&mut cockpit, "3 Dependencies").contains("above, 1 below"), "one back is one row back");
    cockpit.press("2<down>3");
    assert_eq!(cockpit.model.home.graph_scroll, 0, "another service is read from its beginning");
}

#[test]
fn what_has_no_room_beside_the_leftovers_is_counted() {
    let mut cockpit = many((120, 14));
    leftovers(&mut cockpit, 3);
    let screen = cockpit.draw().join("\n");
    assert!(screen.contains(" more below, on a higher screen"), "{screen}");
    let mut cockpit = many((120, 30));
    leftovers(&mut cockpit, 3);
    let screen = cockpit.draw().join("\n");
    assert!(screen.contains("By hand") && !screen.contains("on a higher screen"), "{screen}");
}

#[test]
fn what_is_told_of_a_failed_step_is_read_by_pages_and_its_log_is_a_key_away() {
    use crate::app::model::RunPage;
    use crate::app::msg::Outcome;
    use crate::domain::fault::{Fault, FaultKind};
    let mut cockpit = Cockpit::with(&[("auth", &[]), ("ledger", &[]), ("cart", &["auth"]), ("web", &["cart"])]);
    cockpit.press("g<enter>dv9<down>v9<down>v9<down>v9<enter><enter>");
    let (run, at) = (cockpit.model.runs[0].id, cockpit.now);
    let result = Err(Fault::new(FaultKind::Forbidden, "no right to patch deployments"));
    cockpit.done(Outcome::Written { run, service: "ledger".into(), result, at });
    cockpit.send(Msg::Input(Input::Resize { width: 80, height: 14 }));
    let page = |cockpit: &Cockpit| match &cockpit.model.page {
        Some(Page::Run(RunPage { selected, .. })) => selected.as_ref().map(ToString::to_string),
        other => panic!("{other:?}"),
    };
    assert!(row(&mut cockpit, "What happens by itself").contains(" more below · ctrl-d scrolls"));
    cockpit.press("<pagedown>").draw();
    cockpit.press("<pagedown>");
    let after = cockpit.draw().join("\n");
    assert!(after.contains("web ") && after.contains("more above") && !after.contains("more below"), "{after}");
    assert_eq!(page(&cockpit), None, "it is read, and no other is selected");
    cockpit.press("<pageup>").draw();
    cockpit.press("<pageup>");
    assert!(!row(&mut cockpit, "Run 1").contains("above"));
    cockpit.press("<pagedown>4");
    assert!(cockpit.model.page.is_none());
    assert_eq!(cockpit.selected(), "ledger");
}
