//! Boxes on screens of every size: what is decided in them can be read on the smallest one.

use crate::app::effect::Effect;
use crate::app::journal;
use crate::app::model::Overlay;
use crate::app::msg::{Input, Msg, Outcome};
use crate::app::testkit::Cockpit;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::document;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::observed::{Change, Kind, Object};
use crate::domain::plan::{Skipped, Warning};
use crate::domain::verdict::State;

fn at(cockpit: &mut Cockpit, width: u16, height: u16) -> String {
    cockpit.send(Msg::Input(Input::Resize { width, height }));
    cockpit.draw().join("\n")
}

fn shop() -> Cockpit {
    Cockpit::with(&[("auth", &[]), ("identity-federation", &[]), ("cart", &["auth"]), ("checkout", &["cart"])])
}

#[test]
fn versions_are_typed_on_the_smallest_screen_without_one_word_over_another() {
    let mut cockpit = shop();
    cockpit.press("dv9");
    let screen = at(&mut cockpit, 40, 8);
    assert!(screen.contains("auth") && screen.contains("v2 →") && screen.contains("v9"), "{screen}");
    assert!(screen.contains("enter plan  esc cancel"), "{screen}");
    let screen = at(&mut cockpit, 40, 10);
    assert!(screen.contains("known  v1 in production") && screen.contains("new"), "{screen}");
}

#[test]
fn a_plan_says_from_what_to_what_on_every_screen() {
    for (width, height) in [(40, 8), (40, 10), (40, 12), (60, 15), (80, 24), (200, 50)] {
        let mut cockpit = shop();
        cockpit.model.home.service = Some(ServiceId::new("identity-federation"));
        cockpit.press("dv2026.11.25<enter>");
        let screen = at(&mut cockpit, width, height);
        let row = screen.lines().find(|row| row.contains("→")).unwrap_or_else(|| panic!("{screen}"));
        assert!(row.contains("v2 ") && row.contains("v2026.11.25"), "{width}x{height}\n{screen}");
        assert!(row.contains("deration") && screen.contains("enter run   esc cancel"), "{width}x{height}\n{screen}");
    }
}

#[test]
fn the_versions_box_tells_the_way_to_the_next_service_and_what_nothing_typed_means() {
    let mut cockpit = shop();
    cockpit.press("g<enter>d");
    let screen = at(&mut cockpit, 120, 40);
    assert!(screen.contains("up down next service") && screen.contains("tab from another"), "{screen}");
    assert!(screen.contains("Where nothing is typed, a service stays as it is."), "{screen}");
    let screen = at(&mut cockpit, 80, 24);
    assert!(screen.contains("up down next") && screen.contains("tab from another"), "{screen}");
    cockpit.press("<tab>");
    let screen = at(&mut cockpit, 80, 24);
    assert!(screen.contains("Where nothing is typed: exactly what production runs."), "{screen}");
}

#[test]
fn a_plan_names_the_marked_services_of_which_no_version_was_chosen() {
    let mut cockpit = shop();
    cockpit.press("g<enter>dv9<enter>");
    let screen = at(&mut cockpit, 80, 24);
    assert!(screen.contains("○ 3 services stay unchanged, no version was chosen: "), "{screen}");
    assert!(screen.contains("identity-federation,"), "{screen}");
}

#[test]
fn a_plan_says_what_enter_does_before_it_is_pressed() {
    let fact = |change| Msg::Fact { env: EnvId::new("staging"), change };
    let mut cockpit = shop();
    cockpit.press("dv9<enter>");
    assert!(at(&mut cockpit, 80, 24).contains("enter run"));
    let texts = [("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "ana@mac")];
    cockpit.send(fact(Change::Upsert(Object::Document(Box::new(document("a1", &texts))))));
    let screen = at(&mut cockpit, 80, 24);
    assert!(screen.contains("enter override") && !screen.contains("enter run"), "{screen}");
    for kind in Kind::ALL {
        cockpit.send(fact(Change::Lost(kind, Fault::new(FaultKind::Unreachable, "no answer"))));
    }
    for (width, height) in [(80, 24), (120, 36), (200, 50)] {
        let screen = at(&mut cockpit, width, height);
        assert!(screen.contains("⊘ cannot begin now: what is known of staging is not current"), "{screen}");
        assert!(!screen.contains("enter "), "{screen}");
    }
}

/// Four services to production, with more to know of it than a low screen holds.
fn protected() -> Cockpit {
    let mut cockpit = shop();
    cockpit.model.home.env = Some(EnvId::new("staging"));
    cockpit.send(Msg::Input(Input::Resize { width: 80, height: 20 }));
    cockpit.press("g<enter>P");
    let Some(Overlay::Plan(review)) = cockpit.model.overlays.last_mut() else { panic!("{}", cockpit.notice()) };
    let out = |number: usize| Skipped {
        service: ServiceId::new(format!("other-{number}")),
        why: "not ready in staging".to_owned(),
        already: false,
    };
    review.plan.skipped.extend((0..8).map(out));
    review.warnings = vec![Warning::new("production", "frozen by ana: the fair")];
    cockpit
}

#[test]
fn what_stands_below_a_protected_plan_is_reached_by_pages_and_by_the_end() {
    for keys in ["<pagedown><pagedown>", "<ctrl-d><ctrl-d>", "<end>"] {
        let mut cockpit = protected();
        assert!(cockpit.draw().join("\n").contains("more below"));
        cockpit.press(keys);
        let screen = cockpit.draw().join("\n");
        assert!(screen.contains("⊘ other-7") && !screen.contains("more below"), "{keys}\n{screen}");
        cockpit.press("<up>");
        assert!(cockpit.draw().join("\n").contains("1 more below"), "one back is one row back");
        cockpit.press("<home>");
        let screen = cockpit.draw().join("\n");
        assert!(screen.contains("wave 1") && !screen.contains("more above"), "{screen}");
    }
}

#[test]
fn the_summary_of_a_plan_counts_what_speaks_against_it_and_what_bars_it_stands_first() {
    let mut cockpit = protected();
    let screen = cockpit.draw().join("\n");
    assert!(screen.contains("4 services  3 waves  ▲ 1 to know  ⊘ 8 left out"), "{screen}");
    let at = |sign: &str| screen.find(sign).unwrap_or_else(|| panic!("{sign}\n{screen}"));
    assert!(at("▲ production frozen by ana") < at("⊘ other-0"), "{screen}");
}

#[test]
fn the_row_of_a_protected_plan_is_left_out_with_a_key_that_is_shown() {
    let mut cockpit = protected();
    assert!(cockpit.draw().join("\n").contains("alt-x leave this one out"));
    cockpit.press("<down><alt-x>");
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!() };
    assert_eq!((review.plan.steps().count(), review.confirm.text()), (3, ""));
}

#[test]
fn a_promotion_of_all_says_that_nothing_is_marked_and_how_to_keep_one_alone() {
    let mut cockpit = shop();
    cockpit.press("P");
    for (width, height) in [(80, 24), (120, 36), (200, 50)] {
        let screen = at(&mut cockpit, width, height);
        assert!(screen.contains("It is for all services, because none is marked."), "{screen}");
        assert!(screen.contains("alt-o only this one"), "{screen}");
    }
}

#[test]
fn a_roll_back_says_what_it_holds_and_the_key_that_lets_it_go() {
    let mut cockpit = crate::app::run_tests::failed();
    cockpit.press("r");
    for (width, height) in [(80, 24), (120, 36)] {
        let screen = at(&mut cockpit, width, height);
        assert!(screen.contains("○ auth v9 is held for 14 days") && screen.contains("n do not hold it"), "{screen}");
    }
    cockpit.press("n");
    let screen = at(&mut cockpit, 80, 24);
    assert!(screen.contains("○ auth v9 is not held") && screen.contains("n hold it"), "{screen}");
}

#[test]
fn what_is_marked_is_counted_over_the_services_and_a_key_shows_it_alone() {
    let mut cockpit = shop();
    cockpit.press(" j ");
    let screen = at(&mut cockpit, 80, 24);
    assert!(screen.contains("2 Services  4 · 2 marked") && screen.contains("m only marked"), "{screen}");
    cockpit.press("m");
    let screen = at(&mut cockpit, 80, 24);
    assert!(screen.contains("2 Services  2 of 4 · only 2 marked") && screen.contains("m show all"), "{screen}");
}

/// A run whose first step was refused, at a size.
fn refused(width: u16, height: u16) -> String {
    let mut cockpit = shop();
    cockpit.press("g<enter>dv9<down>v9<down>v9<down>v9<enter><enter>");
    let run = cockpit.model.runs[0].id;
    let why = Fault::new(FaultKind::Forbidden, "no right to patch deployments");
    let at_time = cockpit.now;
    cockpit.done(Outcome::Written { run, service: "auth".into(), result: Err(why), at: at_time });
    cockpit.wait(75);
    at(&mut cockpit, width, height)
}

#[test]
fn the_page_of_a_run_writes_nothing_over_anything_else_on_narrow_screens() {
    let screen = refused(40, 20);
    let row =
        |of: &str| screen.lines().find(|row| row.contains(of)).unwrap_or_else(|| panic!("{of}\n{screen}")).to_owned();
    assert!(row("0 of 4 deployed").contains("0 of 4 deployed  1 failed"), "{screen}");
    assert!(row("0 of 4 deployed").trim_end().ends_with(" 1m 15s"), "{screen}");
    let step = row("→ v9");
    assert!(step.contains("auth       → v9    refused"), "{screen}");
    let step = refused(60, 16).lines().find(|row| row.contains("v2 → v9")).unwrap().to_owned();
    assert!(step.contains("refused") && !step.contains("━"), "{step}");
}

#[test]
fn the_log_is_a_key_away_beside_a_failure_at_80_columns() {
    let screen = refused(80, 24);
    let last = screen.lines().last().unwrap();
    assert!(last.contains("roll back all  4 logs") && last.contains("? help"), "{last}");
}

#[test]
fn what_happens_by_itself_is_told_to_its_end() {
    let screen = refused(40, 20);
    assert!(screen.contains("Nothing more begins: try again, roll") && screen.contains("or end it."), "{screen}");
}

#[test]
fn a_notice_is_told_to_its_end_and_on_the_lowest_screen_too() {
    let title = "the cluster does not refuse what is frozen";
    let detail = "shipdeck print admission-policy writes what the cluster needs for that; apply it once with kubectl";
    for (width, height) in [(40, 8), (80, 24), (200, 50)] {
        let mut cockpit = shop();
        journal::notice(&mut cockpit.model, State::Degraded, title, detail);
        let screen = at(&mut cockpit, width, height);
        assert!(screen.contains("the cluster does not refuse what"), "{width}x{height}\n{screen}");
        assert!(
            height < 12 || screen.contains("once with") && screen.contains("kubectl"),
            "{width}x{height}\n{screen}"
        );
    }
}

#[test]
fn a_command_is_read_with_its_digest_whole_and_copied_as_it_is() {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let text = |name: &str| {
        format!(
            "kubectl --context production --namespace shop-production set image deployment/{name} {name}=registry.example/shop/{name}@{digest}"
        )
    };
    let mut cockpit = shop();
    for name in ["auth", "checkout"] {
        journal::command(&mut cockpit.model, text(name));
    }
    cockpit.press("@");
    let screen = at(&mut cockpit, 120, 36);
    assert!(
        screen.contains("y copies it") && screen.contains("up down choose") || screen.contains("k j choose"),
        "{screen}"
    );
    assert_eq!(screen.matches(&*digest).count(), 2, "{screen}");
    cockpit.press("y");
    assert!(cockpit.effects.contains(&Effect::Copy(text("checkout"))), "the newest comes first: {:?}", cockpit.effects);
    at(&mut cockpit, 120, 36);
    cockpit.press("<down>y");
    assert!(cockpit.effects.contains(&Effect::Copy(text("auth"))), "{:?}", cockpit.effects);
}

#[test]
fn a_first_configuration_is_written_to_a_file_that_is_named_before() {
    let mut cockpit = shop();
    cockpit.model.catalog.discovered = true;
    cockpit.model.session.configuration = "/home/ana/.config/shipdeck/config.toml".into();
    cockpit.press("I");
    let screen = at(&mut cockpit, 80, 24);
    assert!(screen.contains("It goes to /home/ana/.config/shipdeck/config.toml"), "{screen}");
}

#[test]
fn what_somebody_left_is_called_left_behind_wherever_it_is_told() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        for keys in ["", "R", "L", "<esc>R"] {
            let mut cockpit = crate::app::others_tests::left_by_bob();
            cockpit.send(Msg::Input(Input::Resize { width, height }));
            cockpit.press(keys);
            let screen = cockpit.draw().join("\n");
            assert!(screen.contains("eft behind"), "{keys}\n{screen}");
            for other in ["silent", "is gone", "has gone", "left by", " clear"] {
                assert!(!screen.contains(other), "{keys}: {other}\n{screen}");
            }
        }
    }
}

#[test]
fn a_small_plan_has_its_gaps_where_a_large_one_has_them() {
    let mut cockpit = Cockpit::demo();
    cockpit.send(Msg::Input(Input::Resize { width: 80, height: 24 }));
    cockpit.press("dv9<enter>");
    let rows = cockpit.draw();
    let at = rows.iter().position(|row| row.contains("Nothing has happened yet.")).unwrap();
    let inside = |row: &String| row.split('│').nth(1).map(str::trim).unwrap_or_default().to_owned();
    let box_rows: Vec<String> = rows[at - 1..at + 7].iter().map(inside).collect();
    let blank: Vec<bool> = box_rows.iter().map(String::is_empty).collect();
    assert_eq!(blank, [true, false, true, false, true, false, false, true], "{}", rows.join("\n"));
    assert!(box_rows[3].starts_with("wave 1") && box_rows[6].starts_with("enter"), "{box_rows:?}");
}

#[test]
fn on_the_lowest_screen_a_notice_leaves_the_title_of_a_page() {
    let mut cockpit = Cockpit::of_ana();
    cockpit.send(Msg::Input(Input::Resize { width: 40, height: 8 }));
    for (keys, title) in [("c", "Clean up"), ("<esc>H", "History")] {
        cockpit.press(keys);
        let long = "cart-6f-abc was not deleted: no right to delete pods in shop-staging";
        journal::notice(&mut cockpit.model, State::Failed, long, "Ask a cluster administrator.");
        let rows = cockpit.draw();
        assert!(rows[0].contains("cart-6f-abc") && rows[1].contains(title), "{}", rows.join("\n"));
    }
}

#[test]
fn an_open_promotion_says_at_once_that_upstream_has_moved_and_the_key_that_reads_it_again() {
    use crate::domain::fixtures::TestWorld;
    for (width, height) in [(80, 24), (200, 50)] {
        let mut cockpit = Cockpit::demo();
        cockpit.send(Msg::Input(Input::Resize { width, height }));
        cockpit.press("Pprod");
        assert!(!cockpit.draw().join("\n").contains("read it again"));
        let mut staging = TestWorld::new("staging");
        staging.rolled_out("auth", "r/auth:v3", 2);
        let old = cockpit.model.world.env(&staging.env).unwrap().pods().filter(|pod| pod.meta.name.starts_with("auth"));
        let old: Vec<_> = old.map(|pod| (pod.meta.uid.clone(), pod.meta.name.clone())).collect();
        cockpit.sees(&staging);
        for (uid, name) in old {
            let change = Change::Delete { kind: Kind::Pod, uid, name };
            cockpit.send(Msg::Fact { env: staging.env.clone(), change });
        }
        let screen = cockpit.draw().join("\n");
        assert!(screen.contains("▲ auth: staging runs v3 since this plan was made"), "{screen}");
        assert!(screen.contains("enter read it again as it is now"), "{screen}");
        cockpit.press("<enter>");
        let screen = cockpit.draw().join("\n");
        assert!(screen.contains("→ v3") && screen.contains("Type production"), "{screen}");
    }
}

#[test]
fn a_plan_that_is_barred_says_so_before_a_name_is_asked_and_that_a_reason_will_be() {
    let texts = [("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "petra@pc")];
    for (width, height) in [(80, 24), (200, 50)] {
        let mut cockpit = shop();
        let change = Change::Upsert(Object::Document(Box::new(document("a1", &texts))));
        cockpit.send(Msg::Fact { env: EnvId::new("production"), change });
        cockpit.press("ldv9<enter>");
        let screen = at(&mut cockpit, width, height);
        let text = "⊘ production is barred: to go on in spite of it, a reason is asked for";
        assert!(screen.contains(text), "{screen}");
        assert!(
            screen.contains("⊘ production frozen by petra@pc: audit") && screen.contains("⊘ 1 bars it"),
            "{screen}"
        );
        assert!(!screen.contains("▲") && screen.contains("enter override"), "said once\n{screen}");
        cockpit.press("production<enter>");
        assert!(cockpit.written().is_empty());
        assert!(at(&mut cockpit, width, height).contains("Why in spite of it?"));
    }
}

#[test]
fn what_is_refused_of_what_was_typed_is_said_below_its_field_until_the_typing_goes_on() {
    let below = |screen: &str, field: &str, told: &str| {
        let rows: Vec<&str> = screen.lines().collect();
        let at = rows.iter().position(|row| row.contains(field)).unwrap_or_else(|| panic!("{field}\n{screen}"));
        assert!(rows[at + 1].contains(told), "{screen}");
        assert!(!screen.contains("notice"), "the box says it, nothing else does\n{screen}");
    };
    for (width, height) in [(40, 12), (80, 24), (200, 50)] {
        let mut cockpit = shop();
        cockpit.press("Pproductoin<enter>");
        assert!(cockpit.written().is_empty());
        below(&at(&mut cockpit, width, height), "Type production", "⊘ type production in full");
        cockpit.press("<backspace>");
        assert!(!at(&mut cockpit, width, height).contains("in full"));
        let mut cockpit = shop();
        cockpit.press("F<enter>");
        below(&at(&mut cockpit, width, height), "go on", "⊘ a reason is needed");
        cockpit.press("audit<enter>2001-01-01T00:00:00Z<enter>");
        below(&at(&mut cockpit, width, height), "go on", "⊘ 2001-01-01T00:00:00Z is over");
        cockpit.press("<ctrl-u>");
        assert!(!at(&mut cockpit, width, height).contains("is over"));
    }
}

#[test]
fn keys_of_a_plan_that_have_no_room_in_its_last_line_stand_below_it() {
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        let mut cockpit = shop();
        cockpit.press("g<enter>dv9<down>v9<down>v9<down>v9<enter>");
        let screen = at(&mut cockpit, width, height);
        for key in ["enter run", "esc cancel", "x leave this one out", "e versions", "o only this one"] {
            assert!(screen.contains(&format!("{key} ")) || screen.contains(&format!("{key},")), "{key}\n{screen}");
        }
    }
}
