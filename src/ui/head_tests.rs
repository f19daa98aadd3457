//! What the header and the heads of the environments say of the whole.

use super::picture::text as screen;
use super::tests::{look, model};
use crate::app::soaks::tests::succeeded;
use crate::app::testkit::Cockpit;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::{TestWorld, later};
use crate::domain::ids::EnvId;

#[test]
fn the_header_calls_a_roll_back_one_and_does_not_send_it_anywhere() {
    let (mut cockpit, _) = succeeded();
    cockpit.press("r<enter>");
    (cockpit.model.session.width, cockpit.model.session.height) = (120, 36);
    let head = screen(&cockpit.model, look()).remove(0);
    assert!(head.contains("roll back auth in staging") && !head.contains('→'), "{head}");
}

#[test]
fn an_environment_without_any_of_the_services_is_not_well_and_names_its_namespace() {
    for (width, height) in [(80, 24), (120, 36), (200, 50)] {
        let mut model = model(width, height);
        let staging = EnvId::new("staging");
        model.world = TestWorld::new("staging").live("production").world;
        for env in ["staging", "production"] {
            model.board.refresh_env(&model.world, &model.catalog, &EnvId::new(env), later(90_000));
        }
        let home = screen(&model, look()).join("\n");
        assert!(home.contains("○ nothing in shop-staging"), "{home}");
        assert!(home.contains("○ 2 with nothing") && !home.contains("all well"), "{home}");
        model.world = TestWorld::new("production").world;
        model.world.begin(&staging, later(90_000));
        model.board.refresh_env(&model.world, &model.catalog, &staging, later(90_000));
        let home = screen(&model, look()).join("\n");
        assert!(home.contains("○ 1 with nothing"), "what is still read is not said to be empty: {home}");
    }
}

#[test]
fn what_was_well_when_it_was_last_seen_is_counted_as_that_and_nothing_of_it_moves_or_fails_now() {
    use crate::domain::observed::{Change, Kind};
    let mut cockpit = Cockpit::demo();
    for kind in Kind::ALL {
        let change = Change::Lost(kind, Fault::new(FaultKind::Unreachable, "no answer"));
        cockpit.send(crate::app::msg::Msg::Fact { env: EnvId::new("staging"), change });
    }
    let shown = |cockpit: &mut Cockpit, width, height| {
        (cockpit.model.session.width, cockpit.model.session.height) = (width, height);
        screen(&cockpit.model, look()).join("\n")
    };
    let home = shown(&mut cockpit, 80, 24);
    assert!(home.contains("was 3/3") && home.contains("≈ 1 as last seen"), "{home}");
    let home = shown(&mut cockpit, 200, 50);
    assert!(home.contains("was 3 of 3 ready") && home.contains("3 of 3 ready") && !home.contains("moving"), "{home}");
    // Neither the details nor the log of it look like something that is seen now.
    assert!(home.contains("≈ was ok") && home.contains("served") && !home.contains("serves"), "{home}");
    let log = home.lines().find(|line| line.contains("4 Logs")).unwrap();
    assert!(log.contains("≈ offline") && log.contains("following"), "{log}");
}

#[test]
fn the_pages_of_leftovers_and_of_history_carry_since_when_they_are_old() {
    use crate::domain::observed::{Change, Kind};
    for (width, height) in [(80, 24), (200, 50)] {
        let mut cockpit = Cockpit::of_ana();
        let mut rule = |keys: &str| {
            cockpit.press(keys);
            (cockpit.model.session.width, cockpit.model.session.height) = (width, height);
            screen(&cockpit.model, look())
        };
        assert!(!rule("c")[1].contains('≈'));
        cockpit.press("<esc>");
        for kind in Kind::ALL {
            let change = Change::Lost(kind, Fault::new(FaultKind::Unreachable, "no answer"));
            cockpit.send(crate::app::msg::Msg::Fact { env: EnvId::new("staging"), change });
        }
        cockpit.wait(12);
        let mut rule = |keys: &str| {
            cockpit.press(keys);
            (cockpit.model.session.width, cockpit.model.session.height) = (width, height);
            screen(&cockpit.model, look())
        };
        let page = rule("c");
        assert!(page[1].contains("Clean up") && page[1].contains("≈ offline 12s · esc back"), "{}", page[1]);
        assert!(page.join("\n").contains("Nothing was left over here when it was last seen."));
        let page = rule("<esc>H");
        assert!(page[1].contains("History") && page[1].contains("≈ staging offline 12s · esc back"), "{}", page[1]);
    }
}

#[test]
fn what_a_run_was_doing_when_its_cluster_went_out_of_sight_is_told_as_past() {
    use crate::domain::observed::{Change, Kind};
    let mut cockpit = crate::app::others_tests::beside_bob();
    cockpit.press("R");
    (cockpit.model.session.width, cockpit.model.session.height) = (120, 36);
    let shown = |cockpit: &Cockpit| screen(&cockpit.model, look()).join("\n");
    assert!(shown(&cockpit).contains("1 moving") && shown(&cockpit).contains("now"), "{}", shown(&cockpit));
    for kind in Kind::ALL {
        let change = Change::Lost(kind, Fault::new(FaultKind::Unreachable, "no answer"));
        cockpit.send(crate::app::msg::Msg::Fact { env: EnvId::new("staging"), change });
    }
    let page = shown(&cockpit);
    assert!(page.contains("1 was moving") && page.contains("as last seen"), "{page}");
    assert!(page.contains("≈ auth") && page.contains("was "), "{page}");
    assert!(!page.contains("slower than usual") && !page.contains("left"), "{page}");
}

#[test]
fn where_something_may_not_be_read_nothing_is_counted_compared_or_called_followed() {
    use crate::domain::observed::{Change, Kind};
    let mut cockpit = Cockpit::demo();
    (cockpit.model.session.width, cockpit.model.session.height) = (120, 36);
    let before = screen(&cockpit.model, look()).join("\n");
    assert!(before.contains("differ from staging") && before.contains("following"), "{before}");
    let fault = Fault::new(FaultKind::Forbidden, "no right to list pods");
    cockpit.send(crate::app::msg::Msg::Fact { env: EnvId::new("staging"), change: Change::Lost(Kind::Pod, fault) });
    let home = screen(&cockpit.model, look()).join("\n");
    assert!(home.contains("may not be read") && home.contains("pods may not be read"), "{home}");
    for untrue in ["from staging", "same as", "following", "0 of 3", "as last seen"] {
        assert!(!home.contains(untrue), "{untrue}: {home}");
    }
}

#[test]
fn what_was_never_read_is_not_told_as_old() {
    use crate::domain::observed::{Change, Kind};
    let mut model = model(120, 36);
    let staging = EnvId::new("staging");
    model.world = TestWorld::new("production").world;
    model.world.begin(&staging, later(90_000));
    for kind in Kind::ALL {
        let fault = Fault::new(FaultKind::Unauthenticated, "the token is not accepted");
        model.world.apply(&staging, Change::Lost(kind, fault), later(90_000));
    }
    model.board.refresh_env(&model.world, &model.catalog, &staging, later(90_000));
    let home = screen(&model, look()).join("\n");
    assert!(home.contains("? 1 not read") && home.contains("not logged in"), "{home}");
    assert!(!home.contains("as last seen") && !home.contains("was "), "{home}");
    let cell = model.board.cell(&model.catalog.services[0].name, &staging).unwrap();
    assert!(cell.verdict.evidence.as_ref().unwrap().remedy.starts_with("Log in again"));
}

#[test]
fn that_a_cell_differs_is_seen_beside_its_longest_word_at_every_width() {
    let mut cockpit = Cockpit::of_ana();
    let mut cluster = TestWorld::new("production");
    cluster.waiting("auth", "r/auth:v5", "CreateContainerConfigError");
    cockpit.sees(&cluster);
    for width in [60, 80, 100, 120, 200] {
        (cockpit.model.session.width, cockpit.model.session.height) = (width, 24);
        for (ascii, sign) in [(false, "≠"), (true, "!=")] {
            let look = crate::ui::look::Look::from(&crate::config::Settings { ascii, ..Default::default() });
            let rows = screen(&cockpit.model, look);
            let row = rows.iter().find(|row| row.contains("v5") && row.contains("bad")).unwrap_or_else(|| {
                panic!("{width}\n{}", rows.join("\n"));
            });
            assert!(row.contains(sign) || row.contains("differs"), "{width} {row}");
        }
    }
}
