//! Screens, as text, and the rules that hold for every one of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw::paint;
use super::look::Look;
use crate::actions::keymap::Keymap;
use crate::app::model::{Model, Pane};
use crate::config::{Colors, Settings};
use crate::domain::fixtures::{START, TestWorld, catalog, later};
use crate::domain::ids::{EnvId, ServiceId};

/// Three services in two environments; one of them crashes in staging.
fn model(width: u16, height: u16) -> Model {
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

fn screen(model: &Model, look: Look) -> Vec<String> {
    let (width, height) = (model.session.width, model.session.height);
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    paint(model, look, &mut buf);
    (0..height)
        .map(|y| (0..width).filter_map(|x| buf.cell((x, y)).map(|cell| cell.symbol().to_owned())).collect::<String>())
        .map(|line| line.trim_end().to_owned())
        .collect()
}

fn look() -> Look {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn no_size_is_too_odd(width in 1u16..300, height in 1u16..120, focus in 0usize..4, zoomed in any::<bool>()) {
        let mut model = model(width, height);
        model.home.focus = Pane::ALL[focus];
        model.home.zoomed = zoomed;
        prop_assert_eq!(screen(&model, look()).len(), usize::from(height));
    }
}
