//! Whole screens, kept: what changes on one of them is seen by whoever changes it. `cargo insta` is not needed: with
//! `INSTA_UPDATE=always` a test run writes them anew, and `git diff` shows what that means.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use regex::Regex;

use super::draw::paint;
use super::look::Look;
use crate::app::effect::Effect;
use crate::app::model::Overlay;
use crate::app::msg::{Msg, Outcome};
use crate::app::soaks::tests::{crashes, succeeded};
use crate::app::testkit::{Cockpit, said};
use crate::config::{Colors, Settings, Theme};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::template;
use crate::domain::ids::EnvId;
use crate::domain::observed::{Change, Kind, WorkloadRef};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

/// The screen as text. Times of day depend on the zone of the reader and are left out.
fn text(buf: &Buffer) -> String {
    let times = Regex::new(r"\d\d:\d\d(:\d\d)?").unwrap();
    let rows = (0..buf.area.height).map(|y| {
        let row: String =
            (0..buf.area.width).filter_map(|x| buf.cell((x, y))).map(ratatui::buffer::Cell::symbol).collect();
        let blank = |found: &regex::Captures<'_>| found[0].replace(|c: char| c.is_ascii_digit(), "0");
        format!("{}\n", times.replace_all(row.trim_end(), blank))
    });
    rows.collect()
}

/// Where a style begins, row by row, with the styles named below: what a change of colour does is read, not guessed.
fn styles(buf: &Buffer) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut rows = String::new();
    for y in 0..buf.area.height {
        let mut last = None;
        for x in 0..buf.area.width {
            let Some(cell) = buf.cell((x, y)) else { continue };
            let style = format!("{:?} on {:?} {:?}", cell.fg, cell.bg, cell.modifier);
            let number = names.iter().position(|name| *name == style).unwrap_or_else(|| {
                names.push(style);
                names.len() - 1
            });
            if last != Some(number) {
                rows.push_str(&format!("{x}:{number} "));
            }
            last = Some(number);
        }
        rows = format!("{}\n", rows.trim_end());
    }
    let legend: String = names.iter().enumerate().map(|(number, name)| format!("{number} {name}\n")).collect();
    format!("{rows}\n{legend}")
}

fn drawn(cockpit: &mut Cockpit, size: (u16, u16), settings: &Settings) -> Buffer {
    (cockpit.model.session.width, cockpit.model.session.height) = size;
    crate::app::places::clamp(&mut cockpit.model);
    let mut buf = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    paint(&cockpit.model, Look::from(settings), &mut buf);
    buf
}

/// Keeps a screen at every size.
fn keep(name: &str, mut cockpit: Cockpit) {
    for size in SIZES {
        let buf = drawn(&mut cockpit, size, &Settings::default());
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), text(&buf));
    }
}

fn shop() -> Cockpit {
    Cockpit::with(&[("auth", &[]), ("ledger", &[]), ("cart", &["auth"]), ("checkout-web", &["cart", "ledger"])])
}

fn after(keys: &str) -> Cockpit {
    let mut cockpit = shop();
    cockpit.press(keys);
    cockpit
}

/// A group under way whose first wave was refused one service.
fn failing() -> Cockpit {
    let mut cockpit = after("g<enter>dv9<down>v9<down>v9<down>v9<enter><enter>");
    let run = cockpit.model.runs[0].id;
    let refused = Fault::new(FaultKind::Forbidden, "ana: no right to patch deployments in namespace shop-staging");
    let at = cockpit.now;
    cockpit.done(Outcome::Written { run, service: "auth".into(), result: Err(refused), at });
    cockpit
}

fn offline() -> Cockpit {
    let mut cockpit = shop();
    for kind in Kind::ALL {
        let fault = Fault::new(FaultKind::Unreachable, "the API server refuses the connection");
        cockpit.send(Msg::Fact { env: EnvId::new("production"), change: Change::Lost(kind, fault) });
    }
    cockpit.wait(90);
    cockpit
}

#[test]
fn home_while_all_is_well() {
    keep("home", shop());
}

#[test]
fn home_with_a_group_marked() {
    keep("marked", after("g<enter>"));
}

#[test]
fn home_while_a_cluster_is_away() {
    keep("offline", offline());
}

#[test]
fn a_run_that_degraded_after_its_success_and_its_row() {
    let (mut cockpit, mut cluster) = succeeded();
    crashes(&mut cockpit, &mut cluster);
    keep("degraded", cockpit);
    let (mut cockpit, mut cluster) = succeeded();
    crashes(&mut cockpit, &mut cluster);
    cockpit.press("<esc>");
    keep("degraded-row", cockpit);
}

#[test]
fn choosing_versions() {
    keep("versions", after("g<enter>dv9<down><ctrl-n>"));
}

#[test]
fn a_plan_and_one_that_is_protected() {
    keep("plan", after("g<enter>dv9<down>v9<down>v9<down>v9<enter>"));
    keep("promotion", after("Pprod"));
}

#[test]
fn a_run_under_way_and_one_that_holds() {
    keep("run", after("g<enter>dv9<down>v9<down>v9<down>v9<enter><enter>"));
    keep("run-failing", failing());
}

#[test]
fn boxes_that_help() {
    keep("help", after("?"));
    keep("palette", after(":roll"));
    keep("menu", after("x"));
    keep("details", after("v"));
    keep("activity", after("6"));
}

#[test]
fn leftovers_where_there_are_none_and_where_there_are_some() {
    keep("cleanup", after("c"));
    let mut cockpit = shop();
    super::scroll_tests::leftovers(&mut cockpit, 30);
    keep("cleanup-some", cockpit);
}

#[test]
fn everything_that_happened_and_one_thing_of_it() {
    for (name, keys) in [("history", "H"), ("history-entry", "H<enter>")] {
        let mut cockpit = crate::app::screens::history::tests::lived();
        cockpit.press(keys);
        keep(name, cockpit);
    }
}

#[test]
fn runs_of_others_alive_and_left_behind() {
    use crate::app::others_tests::{beside_bob, left_by_bob};
    let pressed = |mut cockpit: Cockpit, keys: &str| {
        cockpit.press(keys);
        cockpit
    };
    keep("home-beside-others", beside_bob());
    keep("home-left-behind", left_by_bob());
    keep("runs", pressed(left_by_bob(), "L"));
    keep("run-of-others", pressed(beside_bob(), "R"));
    keep("run-left-behind", pressed(left_by_bob(), "R"));
    keep("run-clear", pressed(left_by_bob(), "RD"));
}

#[test]
fn colours_of_every_theme_and_of_none() {
    let looks = [
        ("night", Settings::default()),
        ("day", Settings { theme: Theme::Day, ..Settings::default() }),
        ("signal", Settings { theme: Theme::Signal, ..Settings::default() }),
        ("sixteen", Settings { colors: Colors::Sixteen, ..Settings::default() }),
        ("plain", Settings { colors: Colors::None, ascii: true, ..Settings::default() }),
    ];
    for (name, settings) in looks {
        let buf = drawn(&mut failing(), (80, 24), &settings);
        insta::assert_snapshot!(format!("styles-{name}"), format!("{}\n{}", text(&buf), styles(&buf)));
    }
}

/// A plan of four services whose steps take so long as a rule, and so long nine times of ten.
fn estimated(usual: i64, p90: Option<i64>) -> Cockpit {
    let mut cockpit = after("g<enter>dv9<down>v9<down>v9<down>v9<enter>");
    let Some(Overlay::Plan(review)) = cockpit.model.overlays.last_mut() else { panic!("no plan") };
    for step in review.plan.waves.iter_mut().flat_map(|wave| &mut wave.steps) {
        step.estimate = Some(jiff::SignedDuration::from_secs(usual));
        step.p90 = p90.map(jiff::SignedDuration::from_secs);
    }
    cockpit
}

/// The write of a step of the first run is answered.
fn answered(cockpit: &mut Cockpit, service: &str) {
    let world = cockpit.model.world.env(&EnvId::new("staging")).unwrap();
    let mut answer = world.workload(&WorkloadRef::deployment(service)).unwrap().clone();
    (answer.template, answer.generation) = (template(&format!("r/{service}:v9")), answer.generation + 1);
    let (run, at) = (cockpit.model.runs[0].id, cockpit.now);
    cockpit.done(Outcome::Written { run, service: service.into(), result: Ok(Box::new(answer)), at });
}

#[track_caller]
fn shows(cockpit: &mut Cockpit, size: (u16, u16), wanted: &[&str]) {
    let text = text(&drawn(cockpit, size, &Settings::default()));
    assert!(wanted.iter().all(|it| text.contains(it)), "{wanted:?} in\n{text}");
}

#[test]
fn a_plan_says_how_long_it_takes_and_a_run_when_that_is_over() {
    let mut cockpit = estimated(25, None);
    shows(&mut cockpit, (80, 24), &["waves  about 1m 15s ", "about 25s  │"]);
    cockpit.press("<enter>").wait(20);
    shows(&mut cockpit, (80, 24), &["20s of about 1m 15s"]);
    shows(&mut cockpit, (120, 36), &["0 of 4  20s of about 1m 15s", "now\n"]);
    answered(&mut cockpit, "auth");
    cockpit.wait(31);
    shows(&mut cockpit, (80, 24), &["now, auth is slower than usual (25s)"]);
    cockpit.wait(30);
    shows(&mut cockpit, (80, 24), &["2 moving", "1m 21s\n"]);
}

#[test]
fn what_is_left_of_a_step_and_of_its_wave_is_told_and_slower_only_what_is_slower_than_nine_times_of_ten() {
    let mut cockpit = estimated(25, Some(50));
    shows(&mut cockpit, (80, 24), &["about 1m 15s, seldom more than 2m 30s"]);
    cockpit.press("<enter>");
    answered(&mut cockpit, "auth");
    answered(&mut cockpit, "ledger");
    cockpit.wait(6);
    shows(&mut cockpit, (80, 24), &["now, about 15s left", "of 2 ready  2 old     6s\n"]);
    for size in [(120, 36), (200, 50)] {
        shows(&mut cockpit, size, &["now, about 15s left", " 6s · about 15s left\n"]);
    }
    cockpit.wait(44);
    shows(&mut cockpit, (120, 36), &["now   ", " 50s\n"]);
    cockpit.wait(1);
    shows(&mut cockpit, (120, 36), &["now, 2 services are slower than usual", "2 old left  51s · slower than usual\n"]);
    shows(&mut cockpit, (200, 50), &["51s · slower than usual (25s)\n"]);
    shows(&mut cockpit, (80, 24), &["of 2 ready  2 old    51s\n"]);
}

/// Auth has one pod that is ready and one that only exists, of which Kubernetes says something.
fn moving() -> Cockpit {
    use crate::domain::fixtures::{TestWorld, meta, set_name};
    use crate::domain::observed::{ContainerState, Event, Object};
    let mut cockpit = after("g<enter>dv9<down>v9<down>v9<down>v9<enter><enter>");
    answered(&mut cockpit, "auth");
    let mut cluster = TestWorld::new("staging");
    let image = "r/auth:v9";
    cluster.deployment("auth", image, 2, |it| {
        (it.generation, it.observed_generation) = (2, 2);
        (it.status.updated, it.status.ready, it.status.available) = (2, 3, 3);
    });
    cluster.replica_set("auth", image, 2);
    cluster.pod("auth", image, 0, |_| {});
    cluster.pod("auth", image, 1, |pod| {
        pod.ready = false;
        let waiting = ContainerState::Waiting { reason: "ContainerCreating".into(), message: "".into() };
        (pod.containers[0].ready, pod.containers[0].state) = (false, waiting);
    });
    cockpit.sees(&cluster);
    let pod = format!("{}-1", set_name("auth", image));
    let event = Event {
        meta: meta("auth.1", None),
        about_kind: "Pod".into(),
        about: format!("uid-{pod}").as_str().into(),
        about_name: pod.into(),
        warning: false,
        reason: "Pulling".into(),
        message: "Pulling image r/auth:v9".into(),
        count: 1,
        last_seen: cockpit.now,
    };
    let change = Change::Upsert(Object::Event(Box::new(event)));
    cockpit.send(Msg::Fact { env: EnvId::new("staging"), change });
    let ready = format!("{}-0", set_name("auth", image));
    let of_ready = |effect: &Effect| match effect {
        Effect::OpenLog { stream, request, .. } if *request.pod == *ready => Some(*stream),
        _ => None,
    };
    let stream = cockpit.effects.iter().find_map(of_ready).unwrap();
    cockpit.send(Msg::Log { stream, event: said(0, "INFO listening on 8080") });
    cockpit.wait(2);
    cockpit
}

#[test]
fn pods_that_only_exist_are_told_from_those_that_are_ready_and_with_room_each_is_seen() {
    for settings in [
        Settings::default(),
        Settings { ascii: true, ..Settings::default() },
        Settings { colors: Colors::None, ..Settings::default() },
    ] {
        let (ready, starting) = if settings.ascii { ("=", "~") } else { ("━", "╍") };
        for size in SIZES {
            let text = text(&drawn(&mut moving(), size, &settings));
            let bar = text.lines().find(|row| row.contains("auth") && row.contains("v2")).unwrap();
            assert!(bar.contains(&format!("{ready}{starting}")), "{size:?}\n{text}");
            assert!(text.contains(&format!("{ready} ready  {starting} starting")), "{size:?}\n{text}");
        }
    }
    shows(
        &mut moving(),
        (200, 50),
        &["◐ auth-cd1-1", "starting", "Pulling: Pulling image", "-cd1-0 writes", "listening on 8080"],
    );
    keep("run-moving", moving());
}
