//! Screens of terminals with few colours or none: what colours and grounds tell elsewhere, signs tell there.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use super::look::{Look, Token};
use super::pen::Pen;
use super::picture::text as screen;
use super::tests::model;
use crate::app::model::Pane;
use crate::config::{Colors, Settings};

#[test]
fn where_grounds_are_not_seen_signs_tell_what_is_selected_wherever_the_focus_is() {
    for (colors, ascii) in [(Colors::None, false), (Colors::Sixteen, false), (Colors::True, true)] {
        let look = Look::from(&Settings { colors, ascii, ..Settings::default() });
        for focus in [Pane::Services, Pane::Logs] {
            let mut model = model(80, 24);
            model.home.focus = focus;
            let rows = screen(&model, look);
            let selected = rows.iter().find(|row| row.contains(">cart")).unwrap();
            let sign = if ascii { 'o' } else { '●' };
            assert!(
                selected.contains(&format!("[v2     {sign} ok")) && selected.matches(']').count() == 1,
                "{selected}"
            );
        }
    }
}

#[test]
fn without_colours_the_parts_of_a_bar_have_signs_of_their_own() {
    let parts = [(1, Token::Ok), (1, Token::Fail), (1, Token::Prog)];
    let drawn = |colors, ascii| {
        let model = model(80, 24);
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
        let look = Look::from(&Settings { colors, ascii, ..Settings::default() });
        Pen::new(&mut buf, look, &model).bar(0, 0, 8, &parts, 4);
        (0..8).filter_map(|x| buf.cell((x, 0))).map(Cell::symbol).collect::<String>()
    };
    assert_eq!(drawn(Colors::True, false), "━━━━╍╍━━");
    assert_eq!(drawn(Colors::Sixteen, false), "━━━━╍╍──");
    assert_eq!(drawn(Colors::None, false), "━━××╍╍──");
    assert_eq!(drawn(Colors::None, true), "==xx~~--");
}
