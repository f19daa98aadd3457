//! What a click and the wheel do, on what was really drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw::paint;
use super::look::Look;
use crate::app::model::{Overlay, Page, Pane};
use crate::app::msg::{Input, Msg};
use crate::app::testkit::Cockpit;
use crate::config::Settings;
use crate::domain::run::RunState;

impl Cockpit {
    /// Draws a frame and tells the model of it, as the event loop does.
    pub(super) fn draw(&mut self) -> Vec<String> {
        let (width, height) = (self.model.session.width, self.model.session.height);
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let drawn = paint(&self.model, Look::from(&Settings::default()), &mut buf);
        self.send(Msg::Drawn(Box::new(drawn)));
        let row = |y| (0..width).map(|x| buf.cell((x, y)).unwrap().symbol().to_owned()).collect();
        (0..height).map(row).collect()
    }

    /// Where a text stands on the screen.
    fn find(&mut self, text: &str) -> (u16, u16) {
        let rows = self.draw();
        let found = rows.iter().enumerate().find_map(|(y, row)| Some((row.find(text)?, y)));
        let (at, y) = found.unwrap_or_else(|| panic!("{text} in\n{}", rows.join("\n")));
        (rows[y][..at].chars().count() as u16, y as u16)
    }

    /// Clicks on a text.
    fn click(&mut self, text: &str) -> &mut Self {
        let (x, y) = self.find(text);
        self.effects.clear();
        self.send(Msg::Input(Input::Click { x, y }))
    }

    fn wheel(&mut self, (x, y): (u16, u16), lines: i16) -> &mut Self {
        self.draw();
        self.send(Msg::Input(Input::Wheel { x, y, lines }))
    }

    fn sized(mut self, width: u16, height: u16) -> Self {
        self.send(Msg::Input(Input::Resize { width, height }));
        self
    }
}

#[test]
fn a_click_on_a_hint_is_its_key() {
    let mut cockpit = Cockpit::demo().sized(80, 24);
    cockpit.click("d deploy");
    assert!(matches!(cockpit.overlay(), Some(Overlay::Versions(_))));
    cockpit.press("v9").click("enter see the plan");
    assert!(matches!(cockpit.overlay(), Some(Overlay::Plan(_))), "{:?}", cockpit.overlay());
    assert!(cockpit.written().is_empty());
    assert_eq!(cockpit.click("enter run").written(), ["auth r/auth:v9"]);
    cockpit.click("p pause after wave");
    assert_eq!(cockpit.model.runs[0].state, RunState::Pausing);
    cockpit.click("esc back");
    assert!(cockpit.model.page.is_none());
}

#[test]
fn a_protected_plan_is_not_run_by_a_click_before_its_name_is_typed() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("ldv9<enter>");
    assert!(cockpit.click("enter run").written().is_empty());
    cockpit.press("production");
    assert_eq!(cockpit.click("enter run").written(), ["auth r/auth:v9"]);
}

#[test]
fn rows_of_boxes_and_pages_are_selected_and_menus_chosen_from() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("x").click("Choose a version for");
    assert!(matches!(cockpit.overlay(), Some(Overlay::Versions(_))));
    cockpit.press("<esc>g").click("all · 3 services");
    assert_eq!(cockpit.model.home.marks.len(), 3);
    cockpit.press("dv9<down>v9<down>v9<enter>");
    let (x, _) = cockpit.find("wave 2");
    let (_, y) = cockpit.find("wave 3");
    cockpit.send(Msg::Input(Input::Click { x: x + 12, y }));
    let Some(Overlay::Plan(review)) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
    assert_eq!(review.selected, 2);
    cockpit.press("<enter>");
    cockpit.click("○ checkout");
    let Some(Page::Run(page)) = &cockpit.model.page else { panic!() };
    assert_eq!(page.selected.as_ref().map(ToString::to_string).as_deref(), Some("checkout"));
}

#[test]
fn a_click_beside_a_box_closes_what_only_shows_and_keeps_what_was_typed() {
    let mut cockpit = Cockpit::demo();
    let beside = |cockpit: &mut Cockpit| {
        cockpit.draw();
        cockpit.send(Msg::Input(Input::Click { x: 0, y: 1 }));
        cockpit.overlay().is_none()
    };
    for key in ["?", ":", "x", "@", "!", "v", "6"] {
        cockpit.press(key);
        assert!(beside(&mut cockpit), "{key}");
    }
    cockpit.press("dv9");
    assert!(!beside(&mut cockpit));
    cockpit.press("<enter>");
    assert!(!beside(&mut cockpit));
    assert!(cockpit.written().is_empty());
}

#[test]
fn a_click_inside_a_box_does_not_fall_through_to_what_is_behind() {
    let mut cockpit = Cockpit::demo().sized(80, 24);
    let hint = cockpit.find("d deploy");
    cockpit.press("?").draw();
    cockpit.send(Msg::Input(Input::Click { x: hint.0, y: hint.1 }));
    assert!(!matches!(cockpit.overlay(), Some(Overlay::Versions(_))));
}

#[test]
fn details_and_activity_are_panes_where_there_is_room_and_boxes_where_there_is_none() {
    let mut cockpit = Cockpit::demo().sized(200, 50);
    assert_eq!(cockpit.press("5").model.home.focus, Pane::Details);
    assert_eq!(cockpit.press("<tab>").model.home.focus, Pane::Activity);
    assert_eq!(cockpit.press("<tab>").model.home.focus, Pane::Environments);
    assert_eq!(cockpit.press("<shift-tab>").model.home.focus, Pane::Activity);
    assert!(cockpit.overlay().is_none());
    let rows = cockpit.press("+").draw();
    assert!(rows[1].contains("6 Activity") && !rows.join("").contains("Services"));
    assert_eq!(cockpit.press("<esc><esc>").model.home.focus, Pane::Services);
    cockpit.click("5 Details");
    assert_eq!(cockpit.model.home.focus, Pane::Details);
    let mut small = cockpit.sized(120, 36);
    assert_eq!(small.model.home.focus, Pane::Services, "a pane without a place has no focus");
    assert!(matches!(small.press("5").overlay(), Some(Overlay::Details { .. })));
}

#[test]
fn what_can_be_scrolled_ends_where_it_ends() {
    let mut cockpit = Cockpit::demo().sized(200, 24);
    let place = cockpit.find("5 Details");
    for _ in 0..50 {
        cockpit.wheel((place.0, place.1 + 2), 3);
    }
    let (end, rest) = (cockpit.model.home.details_scroll, cockpit.model.drawn.details);
    assert!(rest > 0 && end == rest, "{end} of {rest}");
    assert_eq!(cockpit.model.home.focus, Pane::Services, "the wheel leaves the focus");
    cockpit.wheel((place.0, place.1 + 2), -3);
    assert_eq!(cockpit.model.home.details_scroll, rest.saturating_sub(3));
    cockpit.press("j");
    assert_eq!(cockpit.model.home.details_scroll, 0, "another cell is read from its beginning");
}

#[test]
fn the_run_behind_home_stands_in_the_header_and_is_a_key_or_a_click_away() {
    for (width, height) in [(80, 24), (120, 36), (200, 50)] {
        let mut cockpit = Cockpit::demo().sized(width, height);
        cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter><esc>").wait(12);
        let rows = cockpit.draw();
        for wanted in ["◐ all", "━━━━", "0", "3", "12s"] {
            assert!(rows[0].contains(wanted), "{wanted} in {}", rows[0]);
        }
        assert!(rows.last().unwrap().contains("R run"), "{}", rows.last().unwrap());
        cockpit.click("◐ all");
        assert!(matches!(cockpit.model.page, Some(Page::Run(_))));
        cockpit.press("<esc>R");
        assert!(matches!(cockpit.model.page, Some(Page::Run(_))));
    }
}
