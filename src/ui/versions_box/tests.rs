//! What is known against a version stands where it is chosen, and in the plan.

use crate::app::model::Overlay;
use crate::app::msg::{Input, Msg};
use crate::app::testkit::Cockpit;
use crate::domain::fixtures::TestWorld;
use crate::domain::ids::EnvId;

/// Auth is to run v5 in production, where that has no valid image; in staging it was set to v0 once.
fn shop() -> Cockpit {
    let mut cockpit = Cockpit::of_ana();
    let mut cluster = TestWorld::new("production");
    cluster.waiting("auth", "r/auth:v5", "InvalidImageName");
    cockpit.sees(&cluster).wait(1);
    let mut cluster = TestWorld::new("staging");
    cluster.replica_set("auth", "r/auth:v0", 0);
    cockpit.sees(&cluster).wait(1);
    (cockpit.model.home.service, cockpit.model.home.env) = (Some("auth".into()), Some("staging".into()));
    cockpit
}

fn screen(cockpit: &mut Cockpit, (width, height): (u16, u16)) -> String {
    cockpit.send(Msg::Input(Input::Resize { width, height }));
    cockpit.draw().join("\n")
}

fn typed(cockpit: &Cockpit) -> &str {
    let Some(Overlay::Versions(form)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    form.rows[0].input.text()
}

#[test]
fn a_version_that_fails_elsewhere_is_offered_as_one_that_does_and_never_the_first_that_is_taken() {
    let mut cockpit = shop();
    cockpit.press("d");
    let seen = screen(&mut cockpit, (80, 24));
    assert!(seen.contains("known  v5 ✗ fails in production   v1 in production   v0 set 1h"), "{seen}");
    assert_eq!(typed(cockpit.press("<ctrl-n>")), "v1");
    assert_eq!(typed(cockpit.press("<ctrl-n><ctrl-n>")), "v5", "it is not hidden either");
    let seen = screen(&mut cockpit, (120, 36));
    assert!(seen.contains("v5 fails in production: "), "{seen}");
    assert!(seen.lines().any(|row| row.contains("v2 →") && row.contains("✗ fails in production")), "{seen}");
}

#[test]
fn what_was_typed_or_comes_from_elsewhere_is_judged_as_well_and_on_the_smallest_screen() {
    let mut cockpit = shop();
    cockpit.press("dv5");
    for size in [(40, 10), (60, 15), (80, 24), (200, 50)] {
        let seen = screen(&mut cockpit, size);
        assert!(seen.lines().any(|row| row.contains("→") && row.contains("✗")), "{size:?}\n{seen}");
        assert!(seen.contains("▲ v5 fails in production"), "{size:?}\n{seen}");
    }
    cockpit.press("<backspace>6");
    assert!(!screen(&mut cockpit, (80, 24)).contains("v6 fails"));
    cockpit.press("<backspace><backspace><tab>");
    assert!(screen(&mut cockpit, (80, 24)).contains("▲ v5 fails in production"), "what production is to run");
}

#[test]
fn a_plan_of_a_version_that_fails_elsewhere_says_so() {
    let mut cockpit = shop();
    cockpit.press("dv5<enter>");
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{}", cockpit.notice()) };
    let told: Vec<_> = review.plan.warnings.iter().map(|it| format!("{} {}", it.subject, it.text)).collect();
    assert!(told.len() == 1 && told[0].starts_with("auth v5 fails in production: "), "{told:?}");
    assert_eq!(review.plan.env, EnvId::new("staging"));
}

#[test]
fn what_is_wrong_with_a_long_text_is_seen_beside_it_and_the_cursor_stands_at_its_end() {
    for keys in ["d", "g<enter>d"] {
        let mut cockpit = shop();
        cockpit.press(keys);
        cockpit.send(Msg::Input(Input::Paste(format!("{}=end", "x".repeat(400)))));
        cockpit.press("<enter>");
        for size in [(80, 24), (60, 15), (200, 50)] {
            let seen = screen(&mut cockpit, size);
            let flat = seen.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains("is no tag: letters, digits"), "{size:?}\n{seen}");
            assert!(seen.lines().any(|row| row.contains("→") && row.contains("xxx=end")), "{size:?}\n{seen}");
        }
        cockpit.press("<ctrl-u>v7");
        assert_eq!(typed(&cockpit), "v7");
    }
}
