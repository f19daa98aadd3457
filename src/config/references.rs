//! What names say about each other: that what is named exists, that nothing comes before itself, and that no two names mean
//! one thing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Range;

use toml::Spanned;

use super::raw::{Problems, nearest};
use super::validate::{CURRENT_CONTEXT, Written};
use crate::domain::catalog::Catalog;
use crate::domain::ids::{ClusterId, EnvId, ServiceId};
use crate::domain::observed::WorkloadRef;
use crate::domain::plan::waves::cycles;

/// Names that refer to others, with their places.
#[derive(Default)]
pub(super) struct Places {
    pub(super) after: Vec<(EnvId, Spanned<String>)>,
    pub(super) needs: Vec<(ServiceId, Spanned<String>)>,
    pub(super) members: Vec<Spanned<String>>,
    pub(super) contexts: Vec<Spanned<String>>,
    /// Where each service says its workload; the whole table where it does not.
    pub(super) workloads: Vec<(ServiceId, WorkloadRef, Range<usize>)>,
    /// Where each environment says its namespace.
    pub(super) namespaces: Vec<(EnvId, ClusterId, String, Range<usize>)>,
    pub(super) written: Written,
}

/// Holds every name against what it names.
pub(super) fn check(catalog: &Catalog, places: &Places, contexts: Option<&[String]>, problems: &mut Problems<'_>) {
    let envs: Vec<&str> = catalog.environments.iter().map(|env| env.name.as_str()).collect();
    let services: Vec<&str> = catalog.services.iter().map(|service| service.name.as_str()).collect();
    for (_, before) in &places.after {
        check_known(before, "environment", &envs, problems);
    }
    for need in places.needs.iter().map(|(_, need)| need).chain(&places.members) {
        check_known(need, "service", &services, problems);
    }
    check_claims(places, problems);
    check_contexts(places, contexts, problems);
    let needs = edges(catalog.services.iter().map(|service| (&service.name, &service.needs)));
    check_cycles(&needs, &places.needs, ("these services need each other", "remove one of these needs"), problems);
    let after = edges(catalog.environments.iter().map(|env| (&env.name, &env.after)));
    let words = ("these environments come after each other", "remove one of these `after`");
    check_cycles(&after, &places.after, words, problems);
}

/// What comes before what: of a name that is used twice, all that either says.
fn edges<'a, T: Ord + Clone + 'a>(said: impl Iterator<Item = (&'a T, &'a Vec<T>)>) -> BTreeMap<T, Vec<T>> {
    let mut edges = BTreeMap::<T, Vec<T>>::new();
    for (name, before) in said {
        edges.entry(name.clone()).or_default().extend(before.iter().cloned());
    }
    edges
}

/// Each cycle at the name that closes it.
fn check_cycles<T: Ord + Clone + Display>(
    edges: &BTreeMap<T, Vec<T>>,
    places: &[(T, Spanned<String>)],
    (what, instead): (&str, &str),
    problems: &mut Problems<'_>,
) {
    let all: Vec<T> = edges.keys().cloned().collect();
    for cycle in cycles(&all, |one| edges.get(one).cloned().unwrap_or_default()) {
        let [.., from, to] = &cycle[..] else { continue };
        let closes = |(one, other): &&(T, Spanned<String>)| one == from && *other.get_ref() == to.to_string();
        let span = places.iter().find(closes).map_or(0..0, |(_, name)| name.span());
        let path = cycle.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → ");
        problems.add(span, format!("{what}: {path}"), instead);
    }
}

/// Two names for one thing: a deploy of the one would be a deploy of the other.
fn check_claims(places: &Places, problems: &mut Problems<'_>) {
    for (index, (service, workload, span)) in places.workloads.iter().enumerate() {
        let before =
            places.workloads[..index].iter().find(|(other, claimed, _)| claimed == workload && other != service);
        if let Some((other, ..)) = before {
            let what = format!("{service} and {other} are both {workload}");
            problems.add(span.clone(), what, "give each service its own workload, or remove one of them");
        }
    }
    for (index, (env, cluster, namespace, span)) in places.namespaces.iter().enumerate() {
        let same = |(other, there, space, _): &&(EnvId, ClusterId, String, Range<usize>)| {
            there == cluster && space == namespace && other != env
        };
        if let Some((other, ..)) = places.namespaces[..index].iter().find(same) {
            let what = format!("{env} and {other} are the same namespace {namespace}");
            problems.add(span.clone(), what, "give each environment its own namespace, or remove one of them");
        }
    }
}

/// A context that no kubeconfig has would only be found out when it is too late.
fn check_contexts(places: &Places, known: Option<&[String]>, problems: &mut Problems<'_>) {
    let Some(known) = known else { return };
    let stranger = |name: &&Spanned<String>| name.get_ref() != CURRENT_CONTEXT && !known.contains(name.get_ref());
    for name in places.contexts.iter().filter(stranger) {
        let near = nearest(name.get_ref(), known.iter().map(String::as_str));
        let all =
            || if known.is_empty() { "it has none".to_owned() } else { format!("known are: {}", known.join(", ")) };
        let instead = near.map_or_else(all, |near| format!("did you mean {near}?"));
        problems.add(name.span(), format!("the kubeconfig has no context {}", name.get_ref()), instead);
    }
}

fn check_known(name: &Spanned<String>, kind: &str, known: &[&str], problems: &mut Problems<'_>) {
    let text = name.get_ref();
    if known.contains(&text.as_str()) {
        return;
    }
    let all = || {
        let known: BTreeSet<&str> = known.iter().copied().collect();
        let known: Vec<&str> = known.into_iter().collect();
        format!("known are: {}", known.join(", "))
    };
    let instead = nearest(text, known.iter().copied()).map_or_else(all, |near| format!("did you mean {near}?"));
    problems.add(name.span(), format!("there is no {kind} {text}"), instead);
}
