//! Moving in a log, as its rows on a screen.

use super::pane::LogPane;
use super::stream::Stream;
use super::view::{Ink, Size};
use crate::domain::fixtures::later;
use crate::ports::cluster::LogLine;

/// Room for text after pod and level, without times.
const HEAD: usize = 12;

fn pane(lines: &[&str]) -> LogPane {
    let mut pane = LogPane::default();
    pane.timestamps = false;
    let source = pane.source_of(&"auth-1".into(), &"auth".into());
    pane.streams.insert(1, Stream::new(source, "auth-1".into(), "auth".into(), 0));
    for (second, text) in lines.iter().enumerate() {
        add(&mut pane, 10 * second as i64, text);
    }
    pane
}

fn add(pane: &mut LogPane, second: i64, text: &str) {
    pane.take(1, &[LogLine { time: Some(later(second)), text: text.to_owned(), cut: false }], later(second));
}

fn size(columns: usize, rows: usize) -> Size {
    Size { columns: columns + HEAD, rows }
}

fn shown(pane: &LogPane, size: Size) -> Vec<String> {
    let text = |row: &super::view::Row| row.pieces.iter().map(|(text, _)| text.as_str()).collect::<String>();
    let cursor = |selected: bool| if selected && !pane.is_following() { ">" } else { "" };
    pane.rows(size).iter().map(|row| format!("{}{}", cursor(row.selected), text(row))).collect()
}

#[test]
fn a_pause_freezes_the_view_and_not_the_intake() {
    let (mut pane, size) = (pane(&["one", "two"]), size(20, 5));
    pane.toggle_follow(size);
    add(&mut pane, 30, "three");
    assert_eq!((shown(&pane, size), pane.new_since_held()), (vec!["one".to_owned(), ">two".to_owned()], 1));
    pane.toggle_follow(size);
    assert_eq!(shown(&pane, size), ["one", "two", "three"]);
}

#[test]
fn going_up_from_the_end_holds_and_going_past_the_end_follows() {
    let (mut pane, size) = (pane(&["one", "two", "three"]), size(20, 2));
    pane.select_by(-1, size);
    assert_eq!(shown(&pane, size), [">two", "three"]);
    pane.select_by(-1, size);
    assert_eq!(shown(&pane, size), [">one", "two"]);
    pane.select_by(2, size);
    assert_eq!(shown(&pane, size), ["two", ">three"]);
    pane.select_by(1, size);
    assert!(pane.is_following());
    pane.select_by(-1_000_000, size);
    assert_eq!(shown(&pane, size), [">one", "two"]);
    pane.select_by(1_000_000, size);
    assert!(pane.is_following());
}

#[test]
fn a_held_view_stays_on_its_lines_while_older_ones_are_merged_in() {
    let (mut pane, size) = (pane(&["one", "two", "three"]), size(20, 2));
    pane.toggle_follow(size);
    add(&mut pane, 5, "early");
    add(&mut pane, 99, "late");
    assert_eq!((shown(&pane, size), pane.new_since_held()), (vec!["two".to_owned(), ">three".to_owned()], 1));
}

#[test]
fn wrapped_lines_scroll_by_rows() {
    let (mut pane, size) = (pane(&["first", "aaaa bbbb cccc dddd eeee", "last"]), size(9, 3));
    pane.wrap = true;
    assert_eq!(shown(&pane, size), ["cccc dddd", "eeee", "last"]);
    pane.select_by(-1, size);
    assert_eq!(shown(&pane, size), [">aaaa bbbb", ">cccc dddd", ">eeee"]);
    pane.select_by(-1, size);
    assert_eq!(shown(&pane, size), [">first", "aaaa bbbb", "cccc dddd"]);
    pane.scroll_by(1, size);
    assert_eq!(shown(&pane, size), [">aaaa bbbb", ">cccc dddd", ">eeee"]);
}

#[test]
fn a_line_higher_than_the_screen_is_read_row_by_row() {
    let long = "0123456789".repeat(4);
    let (mut pane, size) = (pane(&["first", &long, "last"]), size(10, 2));
    pane.wrap = true;
    pane.select_by(-1_000_000, size);
    let mut seen = vec![shown(&pane, size)];
    for _ in 0..5 {
        pane.select_by(1, size);
        seen.push(shown(&pane, size));
    }
    let digits = ">0123456789";
    assert_eq!(seen[0], [">first", &digits[1..]]);
    assert_eq!(seen[1], [digits, digits]);
    assert_eq!(seen[4], [&digits[1..], ">last"], "{seen:#?}");
    assert!(pane.is_following());
}

#[test]
fn a_filter_hides_a_search_points_and_matches_are_lit() {
    let (mut pane, size) = (pane(&["GET /", "ERROR boom", "GET /x", "PUT /x"]), size(20, 9));
    pane.set_filter("get").unwrap();
    assert_eq!(shown(&pane, size), ["GET /", "GET /x"]);
    assert_eq!(pane.rows(size)[0].pieces, [("GET".to_owned(), Ink::Hit), (" /".to_owned(), Ink::Text)]);
    pane.set_filter("!get").unwrap();
    assert_eq!(shown(&pane, size), ["boom", "PUT /x"]);
    pane.set_filter("").unwrap();
    pane.set_search("/x$").unwrap();
    assert!(pane.find(true, size));
    assert_eq!(shown(&pane, size)[3], ">PUT /x");
    assert!(pane.find(true, size) && !pane.find(true, size));
    assert_eq!(shown(&pane, size)[2], ">GET /x");
    assert!(pane.find(false, size) && !pane.find(false, size));
}

#[test]
fn a_match_that_is_far_away_is_brought_to_the_upper_third() {
    let lines: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    let (mut pane, size) = (pane(&lines.iter().map(String::as_str).collect::<Vec<_>>()), size(20, 6));
    pane.set_search("line 50").unwrap();
    assert!(pane.find(true, size));
    assert_eq!(shown(&pane, size)[..3], ["line 48", "line 49", ">line 50"]);
    pane.set_filter("line .7").unwrap();
    pane.settle(size);
    assert_eq!(shown(&pane, size).iter().filter(|row| row.starts_with('>')).count(), 1);
}

#[test]
fn long_lines_scroll_sideways_as_far_as_there_is_something() {
    let (mut pane, size) = (pane(&["0123456789abcdef"]), size(10, 3));
    let first = |pane: &LogPane| pane.rows(size)[0].clone();
    assert_eq!((shown(&pane, size)[0].as_str(), first(&pane).more), ("0123456789", (false, true)));
    pane.scroll_sideways(4, size);
    assert_eq!((shown(&pane, size)[0].as_str(), first(&pane).more), ("456789abcd", (true, true)));
    pane.scroll_sideways(80, size);
    assert_eq!(first(&pane).more, (true, false));
    pane.scroll_sideways(-80, size);
    assert_eq!(first(&pane).more, (false, true));
}

#[test]
fn fields_are_shown_unless_the_line_itself_is_wanted() {
    let (mut pane, size) = (pane(&[r#"{"level":"warn","msg":"slow","ms":842}"#]), size(40, 3));
    assert_eq!(shown(&pane, size), ["slow  ms=842"]);
    pane.fields = false;
    assert_eq!(shown(&pane, size), [r#"{"level":"warn","msg":"slow","ms":842}"#]);
    pane.set_search("ms=842").unwrap();
    assert!(pane.find(true, size), "a field is found as it is shown");
}
