//! Which streams should be open: every container of every pod of the selected cell, as they come and go.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::pane::{LogPane, ReadBack, Reading};
use super::stream::Stream;
use crate::app::effect::Effect;
use crate::app::msg::LogEvent;
use crate::domain::catalog::{Catalog, Environment};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::{ContainerState, ContainerStatus, Phase, Pod, Terminated, Workload};
use crate::domain::plan::version_of;
use crate::domain::words;
use crate::domain::world::{EnvWorld, World};
use crate::ports::cluster::LogRequest;

/// Streams at once; more would burden the API server.
pub(super) const STREAMS: usize = 50;

/// Opens what should be open and closes what should not.
pub fn sync(pane: &mut LogPane, catalog: &Catalog, world: &World) -> Vec<Effect> {
    let Some((env, service)) = pane.target.clone().filter(|_| pane.reading != Reading::Off) else { return Vec::new() };
    let (Some(environment), Some(service)) = (catalog.environment(&env), catalog.service(&service)) else {
        return Vec::new();
    };
    let Some(world) = world.env(&env) else { return Vec::new() };
    let Some(workload) = world.workload(&service.workload) else { return Vec::new() };
    let mut effects = close_gone(pane, world);
    if !pane.previous {
        exits(pane, world);
        effects.extend(restarted(pane, world, environment));
    }
    pane.unfollowed = 0;
    for (pod, status) in wanted(pane, world, workload) {
        let image = workload.containers.iter().find(|container| container.name == status.name);
        let old = image.is_some_and(|container| container.image != status.image);
        let known = pane.streams.values().find(|stream| stream.pod == pod.meta.name && stream.container == status.name);
        if let Some(stream) = known {
            let source = usize::from(stream.source);
            if let Some(source) = pane.sources.get_mut(source) {
                source.old = old;
            }
            continue;
        }
        if pane.streams.values().filter(|stream| !stream.ended).count() >= STREAMS {
            pane.unfollowed += 1;
            continue;
        }
        let source = pane.source_of(&pod.meta.name, &status.name);
        if let Some(source) = pane.sources.get_mut(usize::from(source)) {
            source.old = old;
        }
        joined(pane, source, pod, status);
        pane.next_stream += 1;
        let number = pane.next_stream;
        let name = Arc::clone(&status.name);
        let mut stream = Stream::new(source, Arc::clone(&pod.meta.name), name, status.restarts);
        if status.last.is_some() {
            // The end of the run before stands before the first line of this one.
            stream.exits_told = status.restarts.saturating_sub(1);
        }
        pane.streams.insert(number, stream);
        effects.extend(open(pane, environment, number, 0));
    }
    if !pane.previous {
        exits(pane, world);
    }
    effects
}

fn joined(pane: &mut LogPane, source: u16, pod: &Pod, status: &ContainerStatus) {
    let version = version_of(&status.image);
    let mut text = if pane.previous { "the run before".to_owned() } else { format!("joined · {version}") };
    if status.restarts > 0 && !pane.previous {
        text.push_str(&format!(" · restarted {}", words::times(status.restarts)));
    }
    pane.mark(source, Some(pod.meta.created), &text, false);
}

/// Takes in what a stream says; opens it again while its container runs.
pub fn event(
    pane: &mut LogPane,
    (catalog, world): (&Catalog, &World),
    stream: u64,
    event: LogEvent,
    now: Timestamp,
) -> Vec<Effect> {
    match event {
        LogEvent::Lines(lines) => {
            pane.take(stream, &lines, now);
            Vec::new()
        }
        LogEvent::Ended => reopen(pane, (catalog, world), stream, now),
        LogEvent::Failed(fault) => {
            if let Some(stream) = pane.streams.get_mut(&stream) {
                let since = stream.fault.take().map_or(now, |(_, since)| since);
                stream.fault = Some((fault, since));
            }
            reopen(pane, (catalog, world), stream, now)
        }
    }
}

/// End of file is not the end while the container runs.
fn reopen(pane: &mut LogPane, (catalog, world): (&Catalog, &World), number: u64, now: Timestamp) -> Vec<Effect> {
    let Some((env, _)) = pane.target.clone() else { return Vec::new() };
    let (Some(environment), Some(world)) = (catalog.environment(&env), world.env(&env)) else { return Vec::new() };
    let Some(stream) = pane.streams.get_mut(&number) else { return Vec::new() };
    let seconds = stream.wait(now);
    let running = world.pod(&stream.pod).is_some_and(|pod| may_say_more(pod, &stream.container));
    let gone = |fault: &Fault| matches!(fault.kind, FaultKind::NotFound | FaultKind::Invalid);
    let unread = stream.fault.as_ref().is_some_and(|(fault, _)| !gone(fault));
    if pane.reading == Reading::Following && (running && !pane.previous || unread) {
        return open(pane, environment, number, seconds * 1_000);
    }
    stream.ended = true;
    if !pane.previous {
        exits(pane, world);
    }
    Vec::new()
}

/// Opens a stream, which goes on after its newest line.
fn open(pane: &mut LogPane, environment: &Environment, number: u64, delay_ms: u64) -> Vec<Effect> {
    let LogPane { streams, ring, read_back, reading, previous, .. } = pane;
    let Some(stream) = streams.get_mut(&number) else { return Vec::new() };
    stream.resume(ring);
    let first = stream.last.is_none();
    let (tail, since) = match *read_back {
        ReadBack::Lines(lines) => (Some(lines), None),
        ReadBack::Seconds(seconds) => (None, Some(Duration::from_secs(seconds))),
        ReadBack::Both { seconds, lines } => (Some(lines), Some(Duration::from_secs(seconds))),
        ReadBack::Everything => (None, None),
    };
    let request = LogRequest {
        namespace: Arc::clone(&environment.namespace),
        pod: Arc::clone(&stream.pod),
        container: Arc::clone(&stream.container),
        follow: !*previous && *reading == Reading::Following,
        previous: *previous,
        tail: tail.filter(|_| first),
        since: since.filter(|_| first),
        since_time: stream.last,
    };
    vec![Effect::OpenLog { stream: number, cluster: environment.cluster.clone(), request, delay_ms }]
}

fn may_say_more(pod: &Pod, container: &str) -> bool {
    !matches!(pod.phase, Phase::Succeeded | Phase::Failed)
        && status_of(pod, container).is_some_and(|status| how_it_ended(status).is_none())
}

fn status_of<'a>(pod: &'a Pod, container: &str) -> Option<&'a ContainerStatus> {
    pod.containers.iter().find(|status| &*status.name == container)
}

/// How a container ended that does not run now; one that waits to be started again has ended too.
fn how_it_ended(status: &ContainerStatus) -> Option<&Terminated> {
    match &status.state {
        ContainerState::Terminated(end) => Some(end),
        ContainerState::Waiting { .. } => status.last.as_ref(),
        ContainerState::Running { .. } | ContainerState::Unknown => None,
    }
}

/// Says which containers have ended, with what, and when they are started again.
fn exits(pane: &mut LogPane, world: &EnvWorld) {
    for number in pane.streams.keys().copied().collect::<Vec<_>>() {
        let Some(stream) = pane.streams.get_mut(&number) else { continue };
        let Some(pod) = world.pod(&stream.pod) else { continue };
        let Some(status) = status_of(pod, &stream.container) else { continue };
        let Some((run, end, then)) = exit(pod, status, stream.ended).filter(|(run, ..)| *run >= stream.exits_told)
        else {
            continue;
        };
        // Kubernetes counts in seconds: what was written within that second came before.
        let time = end.finished.map(|time| time + SignedDuration::from_millis(999)).max(stream.last);
        (stream.exits_told, stream.exited) = (run + 1, time);
        stream.announced = (!then.is_empty()).then_some(run + 1);
        let source = stream.source;
        let done =
            if end.exit_code == 0 && status.init { "done".to_owned() } else { format!("exited {}", end.exit_code) };
        pane.mark(source, time, &format!("{done}{then}"), end.exit_code != 0);
    }
}

/// The number of the run that ended, how, and what comes then.
fn exit<'a>(pod: &Pod, status: &'a ContainerStatus, ended: bool) -> Option<(u32, &'a Terminated, String)> {
    let next = status.restarts + 1;
    match &status.state {
        ContainerState::Terminated(end) => {
            let over = ended || status.init || matches!(pod.phase, Phase::Succeeded | Phase::Failed);
            // One that will wait for its restart says so within a second.
            over.then(|| (status.restarts, end, String::new()))
        }
        ContainerState::Waiting { message, .. } => {
            let end = status.last.as_ref()?;
            let wait = back_off(message).map(|wait| format!(" in {wait}")).unwrap_or_default();
            Some((status.restarts, end, format!(" · restart {next}{wait}")))
        }
        ContainerState::Running { .. } => Some((status.restarts.checked_sub(1)?, status.last.as_ref()?, String::new())),
        ContainerState::Unknown => None,
    }
}

/// `back-off 40s restarting failed container`: how long.
fn back_off(message: &str) -> Option<&str> {
    let wait = message.split_once("back-off ")?.1.split_whitespace().next()?;
    wait.starts_with(|c: char| c.is_ascii_digit()).then_some(wait)
}

/// Says which containers were started again, and opens those streams again that had ended with them.
fn restarted(pane: &mut LogPane, world: &EnvWorld, environment: &Environment) -> Vec<Effect> {
    let mut effects = Vec::new();
    for number in pane.streams.keys().copied().collect::<Vec<_>>() {
        let Some(stream) = pane.streams.get_mut(&number) else { continue };
        let Some(status) = world.pod(&stream.pod).and_then(|pod| status_of(pod, &stream.container)) else { continue };
        let ContainerState::Running { since } = status.state else { continue };
        if status.restarts <= stream.restarts {
            continue;
        }
        stream.restarts = status.restarts;
        let had_ended = std::mem::take(&mut stream.ended);
        let (source, time) = (stream.source, since.max(stream.last).max(stream.exited));
        if stream.announced != Some(status.restarts) {
            pane.mark(source, time, &format!("restart {}", status.restarts), false);
        }
        if had_ended {
            effects.extend(open(pane, environment, number, 0));
        }
    }
    effects
}

/// Containers that have something to say, newest pods first. Init containers only while they keep the pod waiting, or
/// when one was chosen.
fn wanted<'a>(pane: &LogPane, world: &'a EnvWorld, workload: &'a Workload) -> Vec<(&'a Pod, &'a ContainerStatus)> {
    let mut pods: Vec<&Pod> = world.pods_under(workload).collect();
    pods.sort_by_key(|pod| std::cmp::Reverse(pod.meta.created));
    let chosen = |status: &ContainerStatus| pane.container.as_ref() == Some(&status.name);
    let started = |status: &ContainerStatus| {
        status.last.is_some() || !matches!(status.state, ContainerState::Waiting { .. } | ContainerState::Unknown)
    };
    let done = |status: &ContainerStatus| how_it_ended(status).is_some_and(|end| end.exit_code == 0);
    pods.into_iter()
        .flat_map(|pod| pod.containers.iter().map(move |status| (pod, status)))
        .filter(|(_, status)| match &pane.container {
            Some(_) => chosen(status),
            None => !(status.init && done(status)),
        })
        .filter(|(_, status)| if pane.previous { status.last.is_some() } else { started(status) })
        .collect()
}

/// Names of the containers that can be chosen, in the order of the pods: those of the template, then others.
pub fn containers(pane: &LogPane, catalog: &Catalog, world: &World) -> Vec<Arc<str>> {
    let Some((env, service)) = &pane.target else { return Vec::new() };
    let workload = catalog.service(service).map(|service| &service.workload);
    let Some(world) = world.env(env) else { return Vec::new() };
    let Some(workload) = workload.and_then(|workload| world.workload(workload)) else { return Vec::new() };
    let mut names: Vec<Arc<str>> = workload.containers.iter().map(|container| Arc::clone(&container.name)).collect();
    for status in world.pods_under(workload).flat_map(|pod| &pod.containers) {
        if !names.contains(&status.name) {
            names.push(Arc::clone(&status.name));
        }
    }
    names
}

/// Streams of pods that are gone: a pod that was deleted says nothing more.
fn close_gone(pane: &mut LogPane, world: &EnvWorld) -> Vec<Effect> {
    let gone: Vec<u64> =
        pane.streams.iter().filter(|(_, stream)| world.pod(&stream.pod).is_none()).map(|(number, _)| *number).collect();
    let mut effects = Vec::new();
    for number in gone {
        if let Some(stream) = pane.streams.remove(&number) {
            pane.mark(stream.source, None, "ended · the pod is gone", false);
            effects.push(Effect::CloseLog { stream: number });
        }
    }
    effects
}
