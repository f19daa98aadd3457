//! Every line of the graph, followed.

use proptest::prelude::*;

use super::*;
use crate::domain::fixtures::catalog;
use crate::domain::plan::waves::{layers, needs_within, reduced};

fn graph_of(needs: &[(&str, &[&str])]) -> (Vec<Vec<ServiceId>>, Edges) {
    let catalog = catalog(needs);
    let set = catalog.services.iter().map(|service| service.name.clone()).collect();
    (layers(&catalog, &set).unwrap(), reduced(&needs_within(&catalog, &set)).0)
}

/// Names of the nodes at which somebody arrives who follows the lines of a node and never turns back to the left.
fn arrivals(layout: &Layout, from: &ServiceId) -> BTreeSet<ServiceId> {
    let signs: BTreeMap<(u16, u16), &str> = layout.lines.iter().map(|it| ((it.x, it.y), it.sign)).collect();
    let node = layout.nodes[from];
    let (mut open, mut seen) = (vec![((node.x + named(from) + 1, node.y), RIGHT)], BTreeSet::new());
    let mut found = BTreeSet::new();
    while let Some((at, going)) = open.pop() {
        let Some(sign) = signs.get(&at).filter(|_| seen.insert((at, going))) else { continue };
        let ways = match (*sign, going) {
            ("►", _) => {
                let is_there = |it: &Node| (it.x, it.y) == (at.0 + 2, at.1);
                let (name, _) = layout.nodes.iter().find(|(_, it)| is_there(it)).expect("an arrow points at a node");
                found.insert(name.clone());
                0
            }
            // Along, below what it crosses, or up or down past it.
            ("│", way) | ("┤", way @ (UP | DOWN)) => way,
            ("─", _) | ("┌" | "└" | "┬" | "┴", UP | DOWN) => RIGHT,
            ("┐", RIGHT) => DOWN,
            ("┘", RIGHT) => UP,
            ("┤", RIGHT) => UP | DOWN,
            ("┬", RIGHT) => RIGHT | DOWN,
            ("┴", RIGHT) => RIGHT | UP,
            ("┼", RIGHT) => RIGHT | UP | DOWN,
            ("├" | "┼", way) => RIGHT | way,
            _ => 0,
        };
        let to = [(RIGHT, 1, 0), (DOWN, 0, 1), (UP, 0, -1)];
        for (way, right, down) in to.into_iter().filter(|(way, ..)| ways & way != 0) {
            let there = (at.0.saturating_add_signed(right), at.1.saturating_add_signed(down));
            open.push((there, way));
        }
    }
    found
}

fn needed_by(edges: &Edges, from: &ServiceId) -> BTreeSet<ServiceId> {
    edges.iter().filter(|(_, needs)| needs.contains(from)).map(|(to, _)| to.clone()).collect()
}

#[test]
fn a_chain_is_a_straight_line_and_a_fan_stands_around_it() {
    let (waves, edges) = graph_of(&[("cart", &[]), ("checkout-api", &["cart"]), ("checkout-web", &["checkout-api"])]);
    assert_eq!(rows(&waves, &edges, 8), [[0], [0], [0]]);
    let (waves, edges) = graph_of(&[("a", &[]), ("b", &[]), ("c", &["a", "b"])]);
    assert_eq!(rows(&waves, &edges, 8), [vec![0, 2], vec![1]]);
}

#[test]
fn no_node_stands_on_a_line_that_passes_by_and_none_on_another() {
    let (waves, edges) = graph_of(&[("a", &[]), ("b", &[]), ("c", &["b"]), ("d", &["a", "c"]), ("e", &["b"])]);
    for height in [4, 5, 8, 20] {
        let rows = rows(&waves, &edges, height);
        for its in &rows {
            assert_eq!(its.iter().collect::<BTreeSet<_>>().len(), its.len(), "{rows:?}");
            assert!(its.iter().all(|row| *row < height), "{rows:?}");
        }
        assert!(height < 5 || !rows[1].contains(&rows[0][0]), "a goes by to d: {rows:?}");
    }
}

#[test]
fn three_long_names_fit_beside_the_log_with_the_ground_of_the_selected_one() {
    let (waves, edges) = graph_of(&[("cart", &[]), ("checkout-api", &["cart"]), ("checkout-web", &["checkout-api"])]);
    assert!(Layout::of(&waves, &edges, (46, 9)).is_some());
    assert!(Layout::of(&waves, &edges, (44, 9)).is_none());
}

#[test]
fn lines_that_have_nothing_to_do_with_each_other_never_meet() {
    let (waves, edges) = graph_of(&[
        ("auth", &[]),
        ("catalog", &[]),
        ("ledger", &[]),
        ("cart", &["auth", "catalog"]),
        ("pricing", &["catalog"]),
        ("payments", &["ledger"]),
        ("api", &["cart", "payments", "pricing"]),
    ]);
    let layout = Layout::of(&waves, &edges, (80, 8)).unwrap();
    let ends =
        |from: &str| arrivals(&layout, &ServiceId::new(from)).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(ends("auth"), ["cart"]);
    assert_eq!(ends("catalog"), ["cart", "pricing"]);
    assert_eq!(ends("ledger"), ["payments"]);
    assert_eq!(ends("cart"), ["api"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Whoever follows a line arrives where it leads, and elsewhere only along a line that goes in to the same node.
    #[test]
    fn a_line_that_is_followed_ends_where_it_should(
        needs in proptest::collection::vec((0u8..10, 0u8..10), 0..14),
        height in 4u16..16,
    ) {
        let names: Vec<String> = (0..10).map(|n| format!("s{n}")).collect();
        let mut of: BTreeMap<u8, BTreeSet<u8>> = BTreeMap::new();
        for (a, b) in needs.into_iter().filter(|(a, b)| a != b) {
            of.entry(a.max(b)).or_default().insert(a.min(b));
        }
        let needs: Vec<Vec<&str>> = (0..10u8)
            .map(|n| of.get(&n).into_iter().flatten().map(|m| names[usize::from(*m)].as_str()).collect())
            .collect();
        let all: Vec<(&str, &[&str])> = names.iter().zip(&needs).map(|(name, it)| (name.as_str(), it.as_slice())).collect();
        let (waves, edges) = graph_of(&all);
        if let Some(layout) = Layout::of(&waves, &edges, (120, height)) {
            for from in layout.nodes.keys() {
                let (ends, wanted) = (arrivals(&layout, from), needed_by(&edges, from));
                prop_assert!(ends.is_superset(&wanted), "{from}: {ends:?}, not {wanted:?}");
                let mut joined = wanted.clone();
                loop {
                    let beside: BTreeSet<&ServiceId> = joined.iter().flat_map(|to| &edges[to]).collect();
                    let more: BTreeSet<ServiceId> = beside.iter().flat_map(|it| needed_by(&edges, it)).collect();
                    if more.is_subset(&joined) {
                        break;
                    }
                    joined.extend(more);
                }
                prop_assert!(ends.is_subset(&joined), "{from}: {ends:?}, not {wanted:?}");
            }
        }
    }
}
