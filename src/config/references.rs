//! What names say about each other: that what is named exists, that nothing comes before itself, and that no two names mean
//! one thing.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::raw::{Problems, nearest};
use super::validate::CURRENT_CONTEXT;
use crate::domain::catalog::Catalog;
use crate::domain::ids::{ClusterId, EnvId, ServiceId};
use crate::domain::observed::WorkloadRef;
use crate::domain::plan::waves::find_cycle;

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
    if let Some(cycle) = find_cycle(catalog) {
        let place = places.needs.iter().find(|(service, _)| cycle.contains(service));
        let path = cycle.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(" → ");
        let span = place.map_or(0..0, |(_, need)| need.span());
        problems.add(span, format!("these services need each other: {path}"), "remove one of these needs");
    }
    if let Some((env, before)) = places.after.iter().find(|(env, _)| comes_before_itself(catalog, env)) {
        let what = format!("{env} comes after itself in the order of promotion");
        problems.add(before.span(), what, "remove one of these `after`");
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
    let all = || format!("known are: {}", known.join(", "));
    let instead = nearest(text, known.iter().copied()).map_or_else(all, |near| format!("did you mean {near}?"));
    problems.add(name.span(), format!("there is no {kind} {text}"), instead);
}

fn comes_before_itself(catalog: &Catalog, env: &EnvId) -> bool {
    let before = |env: &EnvId| catalog.environment(env).map(|env| env.after.clone()).unwrap_or_default();
    let mut open = before(env);
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop() {
        if next == *env {
            return true;
        }
        if seen.insert(next.clone()) {
            open.extend(before(&next));
        }
    }
    false
}
