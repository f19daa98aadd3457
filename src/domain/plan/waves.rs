//! Layers of the dependency graph: who must go before whom.

use std::collections::{BTreeMap, BTreeSet};

use super::PlanError;
use crate::domain::catalog::Catalog;
use crate::domain::ids::ServiceId;

/// For each service of the set, those of the set that it needs: directly, or through services outside of the set.
pub fn needs_within(catalog: &Catalog, set: &BTreeSet<ServiceId>) -> BTreeMap<ServiceId, BTreeSet<ServiceId>> {
    set.iter().map(|service| (service.clone(), reach(catalog, service, set))).collect()
}

/// Members of the set that are reached first on every way from a service along `needs`.
fn reach(catalog: &Catalog, from: &ServiceId, set: &BTreeSet<ServiceId>) -> BTreeSet<ServiceId> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = needs(catalog, from);
    while let Some(next) = open.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        if set.contains(&next) {
            found.insert(next);
        } else {
            open.extend(needs(catalog, &next));
        }
    }
    found
}

fn needs(catalog: &Catalog, service: &ServiceId) -> Vec<ServiceId> {
    catalog.service(service).map(|service| service.needs.clone()).unwrap_or_default()
}

/// The set in waves: a service stands in the first wave after everything that it needs.
///
/// # Errors
/// [`PlanError::Cycle`] with the path.
pub fn layers(catalog: &Catalog, set: &BTreeSet<ServiceId>) -> Result<Vec<Vec<ServiceId>>, PlanError> {
    let edges = needs_within(catalog, set);
    let mut waves: Vec<Vec<ServiceId>> = Vec::new();
    let mut placed = BTreeSet::new();
    while placed.len() < set.len() {
        let free = |service: &&ServiceId| !placed.contains(*service) && edges[*service].is_subset(&placed);
        let wave: Vec<ServiceId> = set.iter().filter(free).cloned().collect();
        if wave.is_empty() {
            return Err(PlanError::Cycle(find_cycle(catalog).unwrap_or_else(|| set.iter().cloned().collect())));
        }
        placed.extend(wave.iter().cloned());
        waves.push(wave);
    }
    Ok(waves)
}

/// A cycle of `needs` anywhere in the catalog, first service repeated at the end.
fn find_cycle(catalog: &Catalog) -> Option<Vec<ServiceId>> {
    let names: Vec<_> = catalog.services.iter().map(|service| service.name.clone()).collect();
    cycles(&names, |service| needs(catalog, service)).into_iter().next()
}

/// Every cycle, as the path along it with its first member repeated at the end. A cycle is found, its last edge taken
/// out, and the next one looked for: whoever takes out the last edge of each has none left.
pub fn cycles<T: Ord + Clone>(all: &[T], next: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut edges: BTreeMap<T, Vec<T>> = all.iter().map(|one| (one.clone(), next(one))).collect();
    let mut found = Vec::new();
    loop {
        let mut done = BTreeSet::new();
        let Some(cycle) = all.iter().find_map(|one| walk(&edges, one, &mut Vec::new(), &mut done)) else {
            return found;
        };
        if let [.., from, to] = &cycle[..]
            && let Some(edges) = edges.get_mut(from)
        {
            edges.retain(|edge| edge != to);
        }
        found.push(cycle);
    }
}

fn walk<T: Ord + Clone>(
    edges: &BTreeMap<T, Vec<T>>,
    at: &T,
    path: &mut Vec<T>,
    done: &mut BTreeSet<T>,
) -> Option<Vec<T>> {
    if let Some(start) = path.iter().position(|passed| passed == at) {
        let mut cycle = path[start..].to_vec();
        cycle.push(at.clone());
        return Some(cycle);
    }
    if done.contains(at) {
        return None;
    }
    path.push(at.clone());
    let found = edges.get(at).into_iter().flatten().find_map(|next| walk(edges, next, path, done));
    path.pop();
    done.insert(at.clone());
    found
}

/// Edges without those that longer ways imply, and how many were left out.
pub fn reduced(edges: &BTreeMap<ServiceId, BTreeSet<ServiceId>>) -> (BTreeMap<ServiceId, BTreeSet<ServiceId>>, usize) {
    let mut hidden = 0;
    let reduced = edges
        .iter()
        .map(|(service, needs)| {
            let implied: BTreeSet<ServiceId> = needs.iter().flat_map(|need| beyond(edges, need)).collect();
            let kept: BTreeSet<ServiceId> = needs.difference(&implied).cloned().collect();
            hidden += needs.len() - kept.len();
            (service.clone(), kept)
        })
        .collect();
    (reduced, hidden)
}

fn beyond(edges: &BTreeMap<ServiceId, BTreeSet<ServiceId>>, from: &ServiceId) -> BTreeSet<ServiceId> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&ServiceId> = edges.get(from).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if seen.insert(next.clone()) {
            open.extend(edges.get(next).into_iter().flatten());
        }
    }
    seen
}

/// A service, what it needs and what needs it, so many steps each way: never what a neighbour needs for itself.
pub fn neighbourhood(catalog: &Catalog, service: &ServiceId, steps: usize) -> BTreeSet<ServiceId> {
    let before = |of: &ServiceId| needs(catalog, of).into_iter().collect::<Vec<_>>();
    let after = |of: &ServiceId| needed_by(catalog, of).cloned().collect();
    let mut set = reached(service, steps, before);
    set.extend(reached(service, steps, after));
    set.retain(|member| catalog.service(member).is_some());
    set
}

fn reached(from: &ServiceId, steps: usize, next: impl Fn(&ServiceId) -> Vec<ServiceId>) -> BTreeSet<ServiceId> {
    let mut set = BTreeSet::from([from.clone()]);
    let mut edge = vec![from.clone()];
    for _ in 0..steps {
        edge = edge.iter().flat_map(&next).filter(|it| set.insert(it.clone())).collect();
        if edge.is_empty() {
            break;
        }
    }
    set
}

/// Services that need this one directly.
pub fn needed_by<'a>(catalog: &'a Catalog, service: &'a ServiceId) -> impl Iterator<Item = &'a ServiceId> {
    catalog.services.iter().filter(move |other| other.needs.contains(service)).map(|other| &other.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{catalog, ids};
    use proptest::prelude::*;

    fn waves(edges: &[(&str, &[&str])], set: &[&str]) -> Result<Vec<Vec<String>>, String> {
        let set = ids(set).into_iter().collect();
        layers(&catalog(edges), &set)
            .map(|waves| waves.iter().map(|wave| wave.iter().map(ToString::to_string).collect()).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_has_no_order_goes_at_once() {
        let edges: &[(&str, &[&str])] =
            &[("auth", &[]), ("ledger", &[]), ("cart", &["auth"]), ("web", &["cart", "ledger"])];
        let expected = vec![vec!["auth", "ledger"], vec!["cart"], vec!["web"]];
        assert_eq!(waves(edges, &["web", "cart", "auth", "ledger"]).unwrap(), expected);
    }

    #[test]
    fn order_holds_through_services_that_stay() {
        let edges: &[(&str, &[&str])] = &[("auth", &[]), ("cart", &["auth"]), ("web", &["cart"])];
        assert_eq!(waves(edges, &["web", "auth"]).unwrap(), vec![vec!["auth"], vec!["web"]]);
    }

    #[test]
    fn a_cycle_is_told_with_its_path() {
        let edges: &[(&str, &[&str])] = &[("a", &["b"]), ("b", &["c"]), ("c", &["a"])];
        let error = waves(edges, &["a", "b", "c"]).unwrap_err();
        assert!(error.contains("a → b → c → a"), "{error}");
    }

    #[test]
    fn an_implied_edge_is_hidden_and_counted() {
        let edges: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])];
        let catalog = catalog(edges);
        let set = ids(&["a", "b", "c"]).into_iter().collect();
        let (kept, hidden) = reduced(&needs_within(&catalog, &set));
        assert_eq!(hidden, 1);
        assert_eq!(kept[&ServiceId::new("c")].iter().map(ServiceId::as_str).collect::<Vec<_>>(), ["b"]);
    }

    proptest! {
        /// Edges go from larger to smaller numbers only: any such graph has no cycle.
        #[test]
        fn everyone_stands_after_what_they_need(edges in proptest::collection::vec((0u8..12, 0u8..12), 0..40)) {
            let names: Vec<String> = (0..12).map(|n| format!("s{n:02}")).collect();
            let mut needs: BTreeMap<u8, BTreeSet<u8>> = BTreeMap::new();
            for (a, b) in edges {
                if a != b {
                    needs.entry(a.max(b)).or_default().insert(a.min(b));
                }
            }
            let rows: Vec<(&str, Vec<&str>)> = (0..12u8)
                .map(|n| {
                    let needed = needs.get(&n).into_iter().flatten().map(|m| names[usize::from(*m)].as_str()).collect();
                    (names[usize::from(n)].as_str(), needed)
                })
                .collect();
            let rows: Vec<(&str, &[&str])> = rows.iter().map(|(name, needs)| (*name, needs.as_slice())).collect();
            let catalog = catalog(&rows);
            let set: BTreeSet<ServiceId> = catalog.services.iter().map(|service| service.name.clone()).collect();
            let waves = layers(&catalog, &set).unwrap();
            let wave_of = |id: &ServiceId| waves.iter().position(|wave| wave.contains(id)).unwrap();
            for service in &catalog.services {
                for need in &service.needs {
                    prop_assert!(wave_of(need) < wave_of(&service.name));
                }
            }
            prop_assert_eq!(waves.iter().map(Vec::len).sum::<usize>(), set.len());
        }
    }

    #[test]
    fn what_stands_around_is_what_is_rested_on_and_what_rests_on_it_and_no_stranger() {
        let catalog = catalog(&[
            ("db", &[]),
            ("auth", &["db"]),
            ("cart", &["auth"]),
            ("web", &["cart", "search"]),
            ("search", &["db"]),
        ]);
        let around = |steps| {
            let set = neighbourhood(&catalog, &ServiceId::new("cart"), steps);
            set.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(around(1), ["auth", "cart", "web"]);
        assert_eq!(around(9), ["auth", "cart", "db", "web"], "search is no business of cart's");
    }
}
