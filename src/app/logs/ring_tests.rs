//! What is held, in which order, and within which bounds.

use super::pattern::Pattern;
use super::ring::{Entry, Kind, LIMIT, Ring, moved};
use crate::domain::fixtures::later;

fn entry(second: i64, text: &str) -> Entry<'_> {
    Entry { time: Some(later(second)), source: 0, kind: Kind::Line, text }
}

fn fill(lines: usize, length: usize) -> Ring {
    let mut ring = Ring::default();
    let line = "x".repeat(length);
    for _ in 0..lines / 100 {
        ring.insert((0..100).map(|_| entry(1, &line)).collect());
    }
    ring
}

fn texts(ring: &Ring) -> Vec<&str> {
    ring.iter().map(|(_, entry)| entry.text).collect()
}

#[test]
fn two_hundred_thousand_lines_of_ordinary_length_are_held_within_the_limit() {
    for length in [0, 80, 195, 400] {
        let ring = fill(200_000, length);
        assert_eq!((ring.len(), ring.first()), (200_000, 0), "{length}");
        assert!(ring.bytes() <= LIMIT, "{length}: {} MiB", ring.bytes() >> 20);
    }
}

#[test]
fn whatever_comes_the_limit_holds_and_the_newest_stay() {
    let mut ring = fill(300_000, 20);
    ring.set_filter(Pattern::parse("x").unwrap());
    ring.set_search(Pattern::parse("x").unwrap());
    for number in 0..3_000 {
        let text = format!("{number:09}{}", "x".repeat(64 << 10));
        ring.insert(vec![entry(2 + number, &text)]);
        assert!(ring.bytes() <= LIMIT, "{}", ring.bytes());
    }
    assert!(ring.first() > 300_000 && ring.len() > 1_000);
    let (last, held) = ring.iter().next_back().unwrap();
    assert!(held.text.starts_with("000002999") && last + 1 == ring.end());
    assert_eq!(ring.get(0), None);
}

#[test]
fn lines_of_several_pods_stand_in_the_order_of_their_times() {
    let mut ring = Ring::default();
    ring.insert(vec![entry(1, "a1"), entry(3, "a3"), entry(5, "a5")]);
    let placed = ring.insert(vec![entry(2, "b2"), entry(3, "b3"), entry(6, "b6")]);
    assert_eq!(texts(&ring), ["a1", "b2", "a3", "b3", "a5", "b6"]);
    assert_eq!([0, 1, 2].map(|number| moved(number, &placed)), [0, 2, 4]);
    let timeless = Entry { time: None, ..entry(0, "no time") };
    ring.insert(vec![timeless]);
    assert_eq!(ring.get(6).map(|last| (last.time, last.text)), Some((None, "no time")));
}

#[test]
fn a_filter_and_a_search_hold_for_what_is_there_and_for_what_comes() {
    let mut ring = Ring::default();
    ring.insert(vec![entry(1, "GET /"), entry(2, "ERROR boom"), entry(5, "GET /x")]);
    ring.set_filter(Pattern::parse("get").unwrap());
    ring.set_search(Pattern::parse("/x").unwrap());
    ring.insert(vec![entry(3, "GET /xy"), entry(4, "PUT /x")]);
    let shown: Vec<_> = (0..ring.shown()).filter_map(|at| ring.get(ring.at(at)?)).map(|it| it.text).collect();
    assert_eq!(shown, ["GET /", "GET /xy", "GET /x"]);
    assert_eq!((ring.search().len(), ring.place(4)), (2, 2));
    ring.set_filter(Pattern::parse("get /x").unwrap());
    assert_eq!(ring.shown(), 2);
    ring.set_filter(None);
    assert_eq!((ring.shown(), ring.search().len()), (5, 3));
}

#[test]
fn lines_of_one_time_stay_together_by_container_whichever_arrived_first() {
    let of = |source: u16, text: &'static str| Entry { source, ..entry(1, text) };
    let read = |batches: [Vec<Entry<'static>>; 2]| {
        let mut ring = Ring::default();
        for batch in batches {
            ring.insert(batch);
        }
        ring.iter().map(|(_, entry)| entry.text.to_owned()).collect::<Vec<_>>()
    };
    let (one, other) = (vec![of(1, "panic"), of(1, "at main")], vec![of(2, "GET /")]);
    assert_eq!(read([one.clone(), other.clone()]), ["panic", "at main", "GET /"]);
    assert_eq!(read([other, one]), ["panic", "at main", "GET /"]);
}
