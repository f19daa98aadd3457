//! Screens, as text, and the rules that hold for every one of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::look::Look;
use super::picture::text as screen;
use crate::actions::keymap::Keymap;
use crate::app::model::{Model, Pane};
use crate::app::msg::LogEvent;
use crate::app::soaks::tests::succeeded;
use crate::app::testkit::{Cockpit, said};
use crate::config::{Colors, Settings};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::{START, TestWorld, catalog, later};
use crate::domain::ids::{EnvId, ServiceId};

/// Three services in two environments; one of them crashes in staging.
pub(super) fn model(width: u16, height: u16) -> Model {
    let catalog = catalog(&[("auth", &[]), ("cart", &["auth"]), ("checkout-web", &["cart", "auth"])]);
    let mut cluster = TestWorld::new("staging").live("production");
    for (env, version) in [("production", "v1"), ("staging", "v2")] {
        cluster.env = EnvId::new(env);
        for service in ["auth", "cart"] {
            cluster.rolled_out(service, &format!("r/{service}:{version}"), 2);
        }
        cluster.rolled_out("checkout-web", "r/checkout-web:v1", 2);
    }
    let mut model = Model::new(catalog, Settings::default(), Keymap::new(&BTreeMap::default()).unwrap(), START);
    model.world = cluster.world;
    for env in ["staging", "production"] {
        model.board.refresh_env(&model.world, &model.catalog, &EnvId::new(env), later(90_000));
    }
    model.session.now = later(90_000);
    (model.session.width, model.session.height) = (width, height);
    model.session.user = "ana".to_owned();
    model.home.rows = ["checkout-web", "auth", "cart"].map(ServiceId::new).to_vec();
    model.home.service = Some(ServiceId::new("cart"));
    model.home.env = Some(EnvId::new("staging"));
    model.home.marks.insert(ServiceId::new("cart"));
    model
}

pub(super) fn look() -> Look {
    Look::from(&Settings::default())
}

#[test]
fn home_at_80x24_answers_what_runs_where() {
    let lines = screen(&model(80, 24), look());
    let row = |name: &str| lines.iter().find(|line| line.contains(name) && line.contains("v2")).cloned();
    assert!(lines[0].contains("shipdeck") && lines[0].contains("● live"), "{lines:#?}");
    let cart = row("cart").unwrap();
    assert!(cart.starts_with('▌') && cart.contains("v2") && cart.contains("v1") && cart.contains("● ok"), "{cart}");
    assert!(
        lines[23].contains("d deploy") && lines[23].contains("? help") && lines[23].contains("1 marked"),
        "{}",
        lines[23]
    );
}

#[test]
fn wide_screens_show_more_and_not_larger() {
    let lines = screen(&model(200, 50), look());
    let all = lines.join("\n");
    for words in ["Environments", "Services", "Dependencies", "Logs", "Details", "wave 1"] {
        assert!(all.contains(words), "{words} in\n{all}");
    }
}

#[test]
fn ascii_screens_hold_nothing_but_ascii() {
    let settings = Settings { ascii: true, colors: Colors::None, ..Settings::default() };
    for line in screen(&model(120, 36), Look::from(&settings)) {
        assert!(line.is_ascii(), "{line}");
    }
}

#[test]
fn control_sequences_from_a_cluster_never_reach_the_screen() {
    let mut model = model(120, 36);
    model.session.user = "a\x1b[2J\u{202e}b".to_owned();
    let lines = screen(&model, look());
    assert!(lines[0].ends_with("ab"), "{}", lines[0]);
}

/// The log of cart, enlarged, with lines that came from a real stream.
fn logs(width: u16, height: u16, lines: &[&str]) -> Model {
    let mut model = model(width, height);
    (model.home.focus, model.home.zoomed) = (Pane::Logs, true);
    crate::app::log_bridge::follow(&mut model);
    let streams: Vec<u64> = model.logs.streams().copied().collect();
    for (second, text) in lines.iter().enumerate() {
        let event = said(second as i64, text);
        crate::app::log_bridge::take(&mut model, streams[second % streams.len()], event);
    }
    model
}

#[test]
fn logs_are_read_at_a_glance() {
    let mut model = logs(
        80,
        24,
        &[
            "INFO  starting",
            r#"{"level":"warn","msg":"slow","ms":842}"#,
            "ERROR boom",
            "\tat main",
            "a line that is much longer than what is left of eighty columns after time, pod and level",
        ],
    );
    let lines = screen(&model, look());
    assert!(lines[1].contains("4 Logs") && lines[1].contains("staging / cart · 2 pods"), "{}", lines[1]);
    assert!(lines[1].contains("following · 0 lost"), "{}", lines[1]);
    let text = lines.join("\n");
    for wanted in ["── joined · v2 ──", " INFO  starting", " WARN  slow  ms=842", " ERROR boom", "           at main"]
    {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
    assert!(lines.iter().any(|line| line.ends_with('…')), "{text}");
    model.logs.wrap = true;
    let wrapped = screen(&model, look()).join("\n");
    assert!(wrapped.contains("eighty") && wrapped.contains("\n                      columns after time"), "{wrapped}");
}

#[test]
fn a_screen_that_shrank_before_the_model_heard_of_it_is_drawn_all_the_same() {
    let believed = [(300, 100), (120, 36), (80, 24), (40, 8)];
    let real = [(200, 60), (120, 36), (80, 24), (60, 9), (40, 8), (13, 7), (1, 1)];
    for (width, height) in believed {
        for zoomed in [true, false] {
            let mut model = logs(width, height, &["INFO  starting", "ERROR boom"]);
            model.home.zoomed = zoomed;
            for (width, height) in real {
                let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                super::draw::paint(&model, look(), &mut buf);
                assert_eq!(buf.area, Rect::new(0, 0, width, height));
            }
        }
    }
}

#[test]
fn a_fault_of_the_log_is_told_below_its_lines() {
    let mut model = logs(120, 20, &["INFO  starting"]);
    let stream = *model.logs.streams().next().unwrap();
    let fault = Fault::new(FaultKind::Forbidden, "you may not read pods/log in shop-staging");
    crate::app::log_bridge::take(&mut model, stream, LogEvent::Failed(fault));
    let lines = screen(&model, look());
    let told = lines.iter().find(|line| line.contains("forbidden since")).unwrap();
    assert!(told.contains("(1 of 2)") && told.contains("you may not read pods/log") && told.contains("Ask"), "{told}");
    assert!(lines.iter().any(|line| line.contains("starting")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn nothing_that_a_container_writes_steers_the_terminal(
        lines in proptest::collection::vec("(\\PC|[\u{1b}\u{9b}\u{202e}\u{200b}\t\r\n世\\[;{}:\",=]){0,80}", 1..12),
        width in 40u16..140, wrap in any::<bool>(), fields in any::<bool>(), up in 0isize..20,
    ) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut model = logs(width, 20, &lines);
        (model.logs.wrap, model.logs.fields) = (wrap, fields);
        crate::app::log_bridge::select(&mut model, -up);
        crate::app::log_bridge::open(&mut model);
        for detail in [true, false] {
            for line in screen(&model, look()) {
                prop_assert!(!line.chars().any(crate::domain::text::is_unsafe), "{detail} {line:?}");
            }
            model.overlays.clear();
        }
    }

    #[test]
    fn no_size_is_too_odd(width in 1u16..300, height in 1u16..120, focus in 0usize..4, zoomed in any::<bool>()) {
        let mut model = model(width, height);
        model.home.focus = Pane::ALL[focus];
        model.home.zoomed = zoomed;
        prop_assert_eq!(screen(&model, look()).len(), usize::from(height));
    }
}

#[test]
fn a_notice_is_read_to_its_end_and_a_held_run_says_how_it_goes_on() {
    let mut cockpit = crate::app::testkit::Cockpit::demo();
    let long = "a reason that is much longer than the box of eighty columns, and whose last word matters";
    crate::app::journal::notice(&mut cockpit.model, crate::domain::verdict::State::Blocked, long, "and what helps");
    (cockpit.model.session.width, cockpit.model.session.height) = (80, 24);
    cockpit.press("!");
    let text = screen(&cockpit.model, look()).join("\n");
    assert!(text.contains("matters") && text.contains("and what helps"), "{text}");
    cockpit.press("<esc>dv9<enter><enter>p");
    let hints = screen(&cockpit.model, look()).pop().unwrap();
    assert!(hints.contains("p go on") && !hints.contains("pause"), "{hints}");
}

/// A name out of whatever a cluster may hold: wide, combining, right to left, control characters.
fn odd_name() -> impl Strategy<Value = String> {
    "([a-z]|[世界ｗ]|[e\u{301}\u{308}]|[שלום]|[\u{202e}\u{200f}\u{200b}\u{1b}\u{7}\t]|👩\u{200d}💻|-){1,40}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn no_name_and_no_size_tears_a_line(
        names in proptest::collection::vec(odd_name(), 1..6),
        width in 1u16..=500, height in 1u16..=200,
        keys in proptest::sample::subsequence(vec!["g<enter>", "d", "<tab>", "v9", "<enter>", "<esc>", "5", "?", "3", "c"], 0..5),
    ) {
        let all: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), [].as_slice())).collect();
        let mut cockpit = crate::app::testkit::Cockpit::with(&all);
        cockpit.send(crate::app::msg::Msg::Input(crate::app::msg::Input::Resize { width, height }));
        for keys in keys {
            cockpit.press(keys);
        }
        crate::app::journal::notice(&mut cockpit.model, crate::domain::verdict::State::Failed, names[0].clone(), names.join(" "));
        let rows = super::picture::columns(&cockpit.model, look());
        prop_assert_eq!(rows.len(), usize::from(height));
        for row in &rows {
            prop_assert_eq!(row.len(), usize::from(width));
            // What takes two columns is followed by nothing of another's.
            let wide = row.windows(2).all(|pair| pair[0].width() < 2 || pair[1].trim().is_empty());
            prop_assert!(wide && row.iter().all(|cell| !cell.chars().any(crate::domain::text::is_unsafe)), "{row:?}");
            prop_assert!(row.last().is_none_or(|last| last.width() <= 1), "half of a sign hangs over the edge: {row:?}");
        }
        let corners = |sign: &str| rows.iter().flatten().filter(|cell| *cell == sign).count();
        prop_assert_eq!(corners("╭"), corners("╰"));
        for (y, row) in rows.iter().enumerate() {
            let Some((left, right)) = row.iter().position(|it| it == "╭").zip(row.iter().position(|it| it == "╮")) else { continue };
            for below in rows[y + 1..].iter().take_while(|row| row[left] != "╰") {
                prop_assert!(below[left] == "│" && below[right] == "│", "the edge of a box is broken: {below:?}");
            }
        }
    }
}

#[test]
fn the_name_that_has_to_be_typed_is_shown_in_whole_below_the_cursor() {
    use crate::app::input::LineInput;
    use crate::app::model::{Answer, Confirm, Confirmed, Overlay};
    let ended = Confirmed::EndRun { env: crate::domain::ids::EnvId::new("production"), key: "01bob".into() };
    for (then, deed) in [(Confirmed::Delete(Vec::new()), "to delete them"), (ended, "to end it")] {
        let mut model = model(80, 24);
        let (title, question) = ("Title".to_owned(), "Really?".to_owned());
        let (word, typed) = (Some(Answer::Word("production".to_owned())), LineInput::default());
        let confirm = Confirm { title, lines: Vec::new(), question, word, typed, then, scroll: 0 };
        model.overlays.push(Overlay::Confirm(confirm));
        let shown = screen(&model, look());
        assert!(shown.iter().any(|line| line.matches("production").count() == 2), "{shown:#?}");
        assert!(shown.iter().any(|line| line.contains(deed)), "{shown:#?}");
    }
}

#[test]
fn a_pane_that_fills_the_screen_says_how_the_others_come_back() {
    for (width, height) in [(80, 24), (200, 50)] {
        let mut model = model(width, height);
        (model.home.focus, model.home.zoomed) = (Pane::Logs, true);
        let shown = screen(&model, look());
        let hints = shown.last().unwrap();
        assert!(hints.starts_with(" _ all panes  f hold") && !hints.contains("enlarge"), "{hints}");
    }
}

#[test]
fn the_lower_left_tells_more_of_the_selection_where_there_is_room() {
    let told = |width, height| screen(&model(width, height), look()).join("\n");
    let wide = told(120, 36);
    assert!(wide.contains("Details  staging") && wide.contains("serves"), "{wide}");
    assert!(!told(80, 24).contains("Details  staging"));
    assert!(!told(200, 50).contains("5 all"), "there they have a pane of their own");
}

#[test]
fn the_header_says_on_every_page_that_a_run_failed() {
    use crate::app::msg::Outcome;
    use crate::app::testkit::Cockpit;
    for (width, height) in [(80, 24), (120, 36), (200, 50)] {
        let mut cockpit = Cockpit::demo();
        (cockpit.model.session.width, cockpit.model.session.height) = (width, height);
        cockpit.press("dv9<enter><enter>");
        let fault = Fault::new(FaultKind::Forbidden, "no right to patch deployments");
        let (run, service, at) = (crate::domain::ids::RunId(1), ServiceId::new("auth"), cockpit.now);
        cockpit.done(Outcome::Written { run, service, result: Err(fault), at });
        for keys in ["", "<esc>"] {
            cockpit.press(keys);
            let head = screen(&cockpit.model, look())[0].clone();
            assert!(head.contains("✗ auth → staging") && head.contains("1 failed"), "{head}");
        }
    }
}

#[test]
fn a_notice_is_read_while_a_box_is_open_and_covers_nothing_of_it() {
    use crate::app::journal;
    use crate::app::model::Overlay;
    for (width, height) in [(80, 24), (120, 36), (200, 50)] {
        let mut model = model(width, height);
        model.overlays.push(Overlay::Commands { selected: 0 });
        let before = screen(&model, look());
        journal::notice(&mut model, crate::domain::verdict::State::Failed, "cannot write the log", "the disk is full");
        let shown = screen(&model, look());
        assert!(shown[0].ends_with("✗ cannot write the log  the disk is full"), "{}", shown[0]);
        assert_eq!(before[1..], shown[1..]);
        let mut buf = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
        super::draw::paint(&model, look(), &mut buf);
        let at = u16::try_from(shown[0].find("cannot").map(|at| shown[0][..at].chars().count()).unwrap()).unwrap();
        let dim = look().style(super::look::Token::Dim).fg;
        assert_ne!(buf[(at, 0)].style().fg, dim, "it is not dimmed with what lies behind");
    }
}

#[test]
fn a_question_is_read_to_its_end_on_a_narrow_screen() {
    use crate::app::input::LineInput;
    use crate::app::model::{Confirm, Confirmed, Overlay};
    let mut model = model(80, 24);
    let end = "and this is how it ends";
    let lines = vec![format!("{} {end}", "much to know before an answer can be given ".repeat(3))];
    let (title, question) =
        ("Take over".to_owned(), format!("Take over {}, or not?", "what is asked about ".repeat(5)));
    let confirm =
        Confirm { title, lines, question, word: None, typed: LineInput::default(), then: Confirmed::Quit, scroll: 0 };
    model.overlays.push(Overlay::Confirm(confirm));
    let shown = screen(&model, look()).join(" ").replace(['│', ' '], "");
    assert!(shown.contains(&end.replace(' ', "")) && shown.contains("ornot?"), "{shown}");
}

#[test]
fn a_freeze_is_told_at_the_head_of_its_environment_on_its_rows_and_first_among_the_reasons_why_not() {
    use crate::app::model::Overlay;
    use crate::domain::fixtures::document;
    use crate::domain::observed::{Change, Kind, Object};
    let mut model = model(120, 36);
    let texts = [("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "ana@mac")];
    let change = Change::Upsert(Object::Document(Box::new(document("a1", &texts))));
    model.world.apply(&EnvId::new("staging"), change, later(90_000));
    let home = |model: &Model| screen(model, look());
    let row =
        |model: &Model, name: &str| home(model).into_iter().find(|line| line.contains(name) && line.contains("v2"));
    assert!(home(&model).join("\n").contains("frozen by ana@mac: audit"), "{:#?}", home(&model));
    assert!(!row(&model, "cart").unwrap().contains("frozen"), "where all is frozen, each row has more to tell");
    let until = later(97_800).to_string();
    let texts = [&texts[..], &[("services", "auth"), ("until", until.as_str())]].concat();
    let change = Change::Upsert(Object::Document(Box::new(document("a2", &texts))));
    model.world.apply(&EnvId::new("staging"), change, later(90_000));
    assert!(home(&model).join("\n").contains("◇ frozen +1 by ana@mac"), "{:#?}", home(&model));
    let rows = (row(&model, "auth").unwrap(), row(&model, "cart").unwrap());
    assert!(rows.0.contains("frozen") && !rows.1.contains("frozen"), "{rows:?}");
    let meta = document("a1", &[]).meta;
    let change = Change::Delete { kind: Kind::Document, name: meta.name, uid: meta.uid };
    let mut alone = model.clone();
    alone.world.apply(&EnvId::new("staging"), change, later(90_000));
    assert!(home(&alone).join("\n").contains("◇ auth frozen 2h 10m by ana"), "{:#?}", home(&alone));
    let (service, env) = (ServiceId::new("cart"), EnvId::new("staging"));
    model.overlays.push(Overlay::Why { service, env, scroll: 0 });
    let told = screen(&model, look()).join("\n");
    assert!(told.contains("Why can cart not be deployed to staging?"), "{told}");
    assert!(told.contains("first") && told.contains("shipdeck unlock a1 releases it"), "{told}");
}

#[test]
fn old_pods_that_still_end_after_success_are_counted_on_the_page_of_the_run_and_on_its_row() {
    let (mut cockpit, mut cluster) = succeeded();
    cluster.replica_set("auth", "r/auth:v2", 0);
    for number in 0..2 {
        cluster.pod("auth", "r/auth:v2", number, |pod| pod.meta.deleting = Some(later(7_200)));
    }
    cockpit.sees(&cluster);
    let page = |cockpit: &Cockpit, text: &str| {
        screen(&cockpit.model, look())
            .join(
                "
",
            )
            .contains(text)
    };
    assert!(page(&cockpit, "2 of 2 ready   draining 2"), "{:#?}", screen(&cockpit.model, look()));
    assert!(page(&cockpit, "Done. The new pods are watched for 2m"), "{:#?}", screen(&cockpit.model, look()));
    (cockpit.model.session.width, cockpit.model.session.height) = (80, 24);
    assert!(page(&cockpit, "draining 2"), "also where there is little room");
    (cockpit.model.session.width, cockpit.model.session.height) = (200, 50);
    cockpit.press("<esc>");
    assert!(page(&cockpit, "● ok") && page(&cockpit, "draining 2"), "{:#?}", screen(&cockpit.model, look()));
}
