//! From the text of a file to a catalog and settings, or every problem at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::DeTable;

use super::raw::{Problems, Table};
use super::references::{self, Places};
use super::{Settings, settings};
use crate::domain::catalog::{Catalog, Environment, Group, Service, usual_soak};
use crate::domain::ids::{ClusterId, EnvId, GroupId, ServiceId};
use crate::domain::image::Image;
use crate::domain::observed::WorkloadRef;

/// Where in which file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column } = self;
        write!(f, "{file}:{line}:{column}")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    {}", self.place, self.what, self.instead)
    }
}

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    pub catalog: Catalog,
    pub settings: Settings,
    /// Names of the settings that the file gives, for their origin.
    pub given: BTreeSet<&'static str>,
    pub written: Written,
}

/// Where the file says what: for what only a cluster can tell to be wrong. What is not written stands where its table
/// begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub contexts: BTreeMap<EnvId, Place>,
    pub namespaces: BTreeMap<EnvId, Place>,
    pub workloads: BTreeMap<ServiceId, Place>,
    pub containers: BTreeMap<ServiceId, Place>,
}

/// The cluster of an environment without a context, until a kubeconfig says which is the current one.
pub const CURRENT_CONTEXT: &str = "";
/// What goes well for a day is not watched for the sake of its rollout any more.
const LONGEST_SOAK: SignedDuration = SignedDuration::from_hours(24);

/// Reads a configuration.
///
/// # Errors
/// Every problem of the file, in its order.
pub fn parse(file: &str, text: &str) -> Result<Parsed, Vec<Problem>> {
    parse_against(file, text, None)
}

/// Reads a configuration and holds its contexts against those of a kubeconfig, where one is given.
///
/// # Errors
/// Every problem of the file, in its order.
pub fn parse_against(file: &str, text: &str, contexts: Option<&[String]>) -> Result<Parsed, Vec<Problem>> {
    let mut problems = Problems { text, file, found: Vec::new() };
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            problems.add(span, format!("this is not TOML: {}", error.message()), "correct the syntax first");
            return Err(problems.found);
        }
    };
    let mut root = Table::new("the file", document.get_ref(), document.span());
    let mut parsed = Parsed::default();
    let environments = root.tables("environment", "[[environment]]", &mut problems);
    let services = root.tables("service", "[[service]]", &mut problems);
    // Without either, what the cluster shows is what there is.
    let first = services.first().map(|table| table.span.clone());
    let groups = root.tables("group", "[[group]]", &mut problems);
    settings::read(&mut root, &mut parsed, &mut problems);
    root.finish(&mut problems);
    let places = read_catalog(environments, services, groups, &mut parsed.catalog, &mut problems);
    references::check(&parsed.catalog, &places, contexts, &mut problems);
    parsed.written = places.written;
    if problems.found.is_empty()
        && parsed.catalog.environments.is_empty()
        && let Some(at) = first
    {
        let instead = "[[environment]] with name = \"staging\" and namespace = \"shop-staging\"";
        problems.add(at, "there are services and no environment in which they run", instead);
    }
    problems.found.sort_by(|a, b| a.place.cmp(&b.place));
    if problems.found.is_empty() { Ok(parsed) } else { Err(problems.found) }
}

fn read_catalog(
    environments: Vec<Table<'_>>,
    services: Vec<Table<'_>>,
    groups: Vec<Table<'_>>,
    catalog: &mut Catalog,
    problems: &mut Problems<'_>,
) -> Places {
    let mut places = Places::default();
    let mut seen = BTreeSet::new();
    for table in environments {
        catalog.environments.extend(environment(table, &mut places, problems, &mut seen));
    }
    seen.clear();
    for table in services {
        catalog.services.extend(service(table, &mut places, problems, &mut seen));
    }
    seen.clear();
    for mut table in groups {
        let name = name(&mut table, &mut seen, problems);
        let span = table.span.clone();
        let before = problems.found.len();
        let members = table.strings("services", problems);
        table.finish(problems);
        let mut once = BTreeSet::new();
        for twice in members.iter().filter(|member| !once.insert(member.get_ref().clone())) {
            let what = format!("the group names {} twice", twice.get_ref());
            problems.add(twice.span(), what, "remove one of them");
        }
        if members.is_empty() && problems.found.len() == before {
            problems.add(span, "a group needs its services", "services = [\"auth\", \"checkout\"]");
        }
        if let Some(name) = name {
            let services = members.iter().map(|member| ServiceId::new(member.get_ref())).collect();
            catalog.groups.push(Group { name: GroupId::new(name), services });
        }
        places.members.extend(members);
    }
    places
}

/// The name of a table: there, not empty, no control characters, and not used before.
fn name(table: &mut Table<'_>, seen: &mut BTreeSet<String>, problems: &mut Problems<'_>) -> Option<String> {
    let span = table.span.clone();
    let Some(name) = table.string("name", problems) else {
        // One that is there and is no name has been told already.
        if !table.has("name") {
            problems.add(span, "a name is missing", "name = \"…\"");
        }
        return None;
    };
    let text = name.get_ref().clone();
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || crate::domain::text::is_unsafe(c)) {
        let what = "a name needs at least one character, and neither spaces nor control characters";
        problems.add(name.span(), what, "name = \"checkout\"");
        return None;
    }
    if !seen.insert(text.clone()) {
        let what = format!("the name {text} is used twice");
        problems.add(name.span(), what, "give one of them another name, or remove it");
    }
    Some(text)
}

fn environment(
    mut table: Table<'_>,
    places: &mut Places,
    problems: &mut Problems<'_>,
    seen: &mut BTreeSet<String>,
) -> Option<Environment> {
    let name = name(&mut table, seen, problems);
    let context = table.string("context", problems);
    let context_span = context.as_ref().map_or(table.span.clone(), Spanned::span);
    places.contexts.extend(context.clone());
    let context = context.map_or_else(|| CURRENT_CONTEXT.to_owned(), Spanned::into_inner);
    let namespace = table.string("namespace", problems);
    let after = table.strings("after", problems);
    let protected = table.boolean("protected", problems).unwrap_or(false);
    let soak = table.string("soak", problems);
    let soak = soak.and_then(|text| soak_of(&text, problems)).unwrap_or_else(|| usual_soak(protected));
    let (span, has_namespace) = (table.span.clone(), table.has("namespace"));
    table.finish(problems);
    match &namespace {
        // One that is there and is no text has been told already.
        None if has_namespace => {}
        None => problems.add(span, "an environment needs its namespace", "namespace = \"shop-staging\""),
        Some(namespace) if !is_dns_label(namespace.get_ref()) => {
            let what = format!("{} is no namespace", namespace.get_ref());
            problems.add(namespace.span(), what, "lower-case letters, digits and '-', at most 63");
        }
        Some(_) => {}
    }
    // What is missing hides nothing of what else is wrong: names are held against each other all the same.
    let nameless = || EnvId::new("");
    let name = name.map(EnvId::new);
    places.after.extend(after.iter().map(|before| (name.clone().unwrap_or_else(nameless), before.clone())));
    let (name, cluster) = (name?, ClusterId::new(context));
    places.written.contexts.insert(name.clone(), problems.place(context_span.start));
    if let Some(namespace) = &namespace {
        places.written.namespaces.insert(name.clone(), problems.place(namespace.span().start));
        places.namespaces.push((name.clone(), cluster.clone(), namespace.get_ref().clone(), namespace.span()));
    }
    Some(Environment {
        name,
        cluster,
        namespace: namespace.map(Spanned::into_inner).unwrap_or_default().into(),
        after: after.iter().map(|before| EnvId::new(before.get_ref())).collect(),
        protected,
        soak,
    })
}

/// `30s`, `10m` or `1h`, and `0s` for none.
fn soak_of(text: &Spanned<String>, problems: &mut Problems<'_>) -> Option<SignedDuration> {
    let read = text.get_ref().parse::<SignedDuration>().ok();
    let fits = read.filter(|it| (SignedDuration::ZERO..=LONGEST_SOAK).contains(it));
    if fits.is_none() {
        let what = format!("{:?} is no time to watch for", text.get_ref());
        problems.add(text.span(), what, "soak = \"2m\": up to 24h, and 0s for not at all");
    }
    fits
}

fn is_dns_label(text: &str) -> bool {
    let fits = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    fits && (1..=63).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-')
}

fn service(
    mut table: Table<'_>,
    places: &mut Places,
    problems: &mut Problems<'_>,
    seen: &mut BTreeSet<String>,
) -> Option<Service> {
    let span = table.span.clone();
    let name = name(&mut table, seen, problems);
    let repository = table.string("repository", problems);
    let team = table.string("team", problems);
    let image = table.string("image", problems);
    let workload = table.string("workload", problems);
    let container = table.string("container", problems);
    let container_span = container.as_ref().map_or(span.clone(), Spanned::span);
    let container = container.map(|container| container.into_inner().into());
    let needs = table.strings("needs", problems);
    table.finish(problems);
    check_repository(repository.as_ref(), problems);
    check_image(image.as_ref(), problems);
    check_team(team.as_ref(), problems);
    let name = ServiceId::new(name?);
    let default = || WorkloadRef::deployment(name.as_str());
    let span = workload.as_ref().map_or(span, Spanned::span);
    let workload = workload.map_or_else(default, |text| {
        text.get_ref().parse().unwrap_or_else(|error: crate::domain::observed::NoWorkloadRef| {
            problems.add(text.span(), format!("{} is no workload", text.get_ref()), error.to_string());
            default()
        })
    });
    places.needs.extend(needs.iter().map(|need| (name.clone(), need.clone())));
    places.written.workloads.insert(name.clone(), problems.place(span.start));
    places.written.containers.insert(name.clone(), problems.place(container_span.start));
    places.workloads.push((name.clone(), workload.clone(), span));
    Some(Service {
        name,
        repository: repository.map(|text| text.into_inner().into()),
        team: team.map(|text| text.into_inner().into()),
        image: image.map(|text| text.into_inner().into()),
        workload,
        container,
        needs: needs.iter().map(|need| ServiceId::new(need.get_ref())).collect(),
    })
}

fn check_repository(repository: Option<&Spanned<String>>, problems: &mut Problems<'_>) {
    let Some(repository) = repository else { return };
    let parts: Vec<&str> = repository.get_ref().split('/').collect();
    if parts.len() != 2 || parts.iter().any(|part| part.is_empty() || part.contains(char::is_whitespace)) {
        let what = format!("{} is no repository", repository.get_ref());
        problems.add(repository.span(), what, "repository = \"owner/name\"");
    }
}

/// Teams are words on screen: something to read, and nothing around it that makes two teams of one.
fn check_team(team: Option<&Spanned<String>>, problems: &mut Problems<'_>) {
    let Some(team) = team else { return };
    if team.get_ref().trim() != team.get_ref() || team.get_ref().is_empty() {
        let what = "a team needs a name without spaces around it";
        problems.add(team.span(), what, "team = \"payments\", or leave the key out");
    }
}

fn check_image(image: Option<&Spanned<String>>, problems: &mut Problems<'_>) {
    let Some(image) = image else { return };
    match image.get_ref().parse::<Image>() {
        Err(error) => problems.add(image.span(), error.to_string(), "image = \"registry.example/checkout\""),
        Ok(parsed) if parsed.tag.is_some() || parsed.digest.is_some() => problems.add(
            image.span(),
            "an image stands here without its version, which is chosen when it is deployed",
            format!("image = \"{}\"", parsed.repository),
        ),
        Ok(_) => {}
    }
}

#[cfg(test)]
mod tests;
