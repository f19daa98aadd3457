//! `shipdeck check --live`: the configuration held against the clusters that it names.

use std::collections::BTreeSet;

use super::driver::Driver;
use crate::app::model::Model;
use crate::config::validate::{Place, Written};
use crate::domain::board::container_of;
use crate::domain::catalog::{Catalog, Environment, Service};
use crate::domain::ids::EnvId;
use crate::domain::observed::{Kind, WorkloadKind};
use crate::domain::rights::Need;
use crate::domain::world::Freshness;
use crate::report::Report;
use crate::runtime::compose::Session;

/// Whether a kubeconfig has it; an environment that names none takes the current one.
pub(in crate::runtime) fn is_known(context: &str, known: &[String]) -> bool {
    context.is_empty() || known.iter().any(|it| it == context)
}

/// Contexts that no kubeconfig has, in words: those of environments, and the one that was named for those that name none,
/// even if there are no such environments.
pub(in crate::runtime) fn unknown_contexts(catalog: &Catalog, named: Option<&str>, known: &[String]) -> Vec<String> {
    let stranger = |context: &str| !is_known(context, known);
    let all = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let words =
        |whose: &str, context: &str| format!("{whose}: the kubeconfig has no context {context}\n    known are: {all}");
    let strangers = catalog.environments.iter().filter(|env| stranger(env.cluster.as_str()));
    let mut told: Vec<String> =
        strangers.map(|env| words(&format!("environment {}", env.name), env.cluster.as_str())).collect();
    let said = |context: &str| catalog.environments.iter().any(|env| env.cluster.as_str() == context);
    told.extend(named.filter(|it| stranger(it) && !said(it)).map(|it| words("--context or SHIPDECK_CONTEXT", it)));
    told
}

/// What the configuration says and the clusters do not have, in the order of the file; and what is no mistake of it, but good
/// to know.
pub(in crate::runtime) struct Live {
    pub(in crate::runtime) problems: Vec<String>,
    pub(in crate::runtime) notes: Vec<String>,
}

/// Holds the configuration against the clusters; `whole`: all of its environments are among those that are asked.
pub(in crate::runtime) async fn live(session: Session, written: &Written, whole: bool) -> Result<Live, Report> {
    let mut driver = Driver::start(session)?;
    let envs: Vec<EnvId> = driver.model().catalog.environments.iter().map(|env| env.name.clone()).collect();
    driver.best_picture(&envs).await?;
    let mut problems = problems(driver.model(), written, whole);
    let notes = rights(&mut driver, &envs).await?;
    driver.end().await;
    problems.sort();
    let told = problems.into_iter().map(|(place, words)| match place {
        Some(place) => format!("{place}: {words}"),
        None => words,
    });
    Ok(Live { problems: told.collect(), notes })
}

/// What the user may not do where, asked as the cockpit asks it. Where nobody answers nothing is said.
async fn rights(driver: &mut Driver, envs: &[EnvId]) -> Result<Vec<String>, Report> {
    let kinds: BTreeSet<WorkloadKind> =
        driver.model().catalog.services.iter().map(|service| service.workload.kind).collect();
    let change = kinds.into_iter().map(|kind| {
        let words = format!("{} cannot be deployed by you", Kind::Workload(kind).plural());
        (Need::Change(kind), words)
    });
    let others = [
        (Need::Hold, "what you deploy cannot be held meanwhile, and others may deploy the same"),
        (Need::Share, "runs, locks and history cannot be kept by you"),
        (Need::RemovePods, "pods that are left over cannot be removed by you"),
        (Need::RemoveJobs, "Jobs that are left over cannot be removed by you"),
    ];
    let wanted: Vec<(Need, String)> = change.chain(others.map(|(need, words)| (need, words.to_owned()))).collect();
    let needs: Vec<Need> = wanted.iter().map(|(need, _)| *need).collect();
    let mut notes = Vec::new();
    if driver.model().session.read_only.is_some() {
        return Ok(notes);
    }
    let live = |driver: &Driver, env| driver.model().world.env(env).is_some_and(|it| it.freshness().is_live());
    for env in envs {
        if !live(driver, env) {
            continue;
        }
        driver.rights_known(env, &needs).await?;
        let rights = &driver.model().session.rights;
        let missing = wanted.iter().filter_map(|(need, words)| Some((words, rights.missing(env, *need)?)));
        notes.extend(missing.map(|(words, fault)| format!("note: {env}: {words}: {fault}")));
    }
    Ok(notes)
}

/// What helps where a namespace has no workloads.
pub(super) const BARE_ADVICE: &str = "Correct its `namespace` or `context`.";

/// All of an environment was read, and nothing runs there: more likely it is called wrongly than well.
pub(super) fn bare(model: &Model, env: &Environment) -> Option<String> {
    let world = model.world.env(&env.name).filter(|world| world.freshness().is_live())?;
    let is_bare = world.workloads().next().is_none() && world.pods().next().is_none() && world.jobs().next().is_none();
    is_bare.then(|| format!("the namespace {} of {} has no workloads", env.namespace, env.cluster))
}

/// What is wrong, and where the file says it; none: no file says it.
type Problem = (Option<Place>, String);

fn problems(model: &Model, written: &Written, whole: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    for env in &model.catalog.environments {
        problems.extend(of_environment(model, written, env));
    }
    let all_live = model
        .catalog
        .environments
        .iter()
        .all(|env| model.world.env(&env.name).is_some_and(|world| world.freshness().is_live()));
    for service in model.catalog.services.iter().filter(|_| whole && all_live) {
        let there =
            |env: &Environment| model.world.env(&env.name).is_some_and(|it| it.workload(&service.workload).is_some());
        if !model.catalog.environments.iter().any(there) {
            let words = format!(
                "service {}: {} is in no environment\n    correct its `workload`, or remove the service",
                service.name, service.workload
            );
            problems.push((written.workloads.get(&service.name).cloned(), words));
        }
    }
    problems
}

fn of_environment(model: &Model, written: &Written, env: &Environment) -> Vec<Problem> {
    let Some(world) = model.world.env(&env.name) else { return Vec::new() };
    let context = || written.contexts.get(&env.name).cloned();
    match world.freshness() {
        Freshness::Stale { fault, .. } => {
            return vec![(context(), format!("environment {}: {fault}\n    {}", env.name, fault.advice_at_the_end()))];
        }
        Freshness::Denied { fault, .. } => {
            let place = written.namespaces.get(&env.name).cloned();
            return vec![(place, format!("environment {}: {fault}\n    {}", env.name, fault.advice_at_the_end()))];
        }
        Freshness::Reading { .. } => {
            let words = format!(
                "environment {}: {} did not answer in time\n    check the network or VPN",
                env.name, env.cluster
            );
            return vec![(context(), words)];
        }
        Freshness::Live => {}
    }
    if let Some(what) = bare(model, env) {
        let words = format!("environment {}: {what}\n    {BARE_ADVICE}", env.name);
        return vec![(written.namespaces.get(&env.name).cloned(), words)];
    }
    let ambiguous = |service: &Service| {
        let workload = world.workload(&service.workload)?;
        let names: Vec<&str> = workload.containers.iter().map(|container| &*container.name).collect();
        container_of(service, &workload.containers).is_none().then(|| {
            let (name, env, names) = (&service.name, &env.name, names.join(", "));
            let what = match &service.container {
                Some(container) => format!("{} has no container {container}", service.workload),
                None => format!("it cannot be told which container of {} it is", service.workload),
            };
            let words = format!("service {name} in {env}: {what}\n    set `container` to one of: {names}");
            (written.containers.get(&service.name).cloned(), words)
        })
    };
    model.catalog.services.iter().filter_map(ambiguous).collect()
}
