//! Which streams should be open: every container of every pod of the selected cell, as they come and go.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::pane::{LogPane, Stream};
use crate::app::effect::Effect;
use crate::app::msg::LogEvent;
use crate::domain::catalog::Catalog;
use crate::domain::observed::{ContainerState, Phase, Pod, Workload};
use crate::domain::plan::version_of;
use crate::domain::world::{EnvWorld, World};
use crate::ports::cluster::LogRequest;

/// Streams at once; more would burden the API server.
const STREAMS: usize = 50;
/// Lines read back when a stream is first opened.
const TAIL: u64 = 1_000;

/// Opens what should be open and closes what should not.
pub fn sync(pane: &mut LogPane, catalog: &Catalog, world: &World, now: Timestamp) -> Vec<Effect> {
    let Some((env, service)) = pane.target.clone() else { return Vec::new() };
    let (Some(environment), Some(service)) = (catalog.environment(&env), catalog.service(&service)) else {
        return Vec::new();
    };
    let Some(world) = world.env(&env) else { return Vec::new() };
    let Some(workload) = world.workload(&service.workload) else { return Vec::new() };
    let mut effects = close_gone(pane, world, now);
    for (pod, container) in wanted(pane, world, workload) {
        let known = pane.streams.values().any(|stream| stream.pod == pod.meta.name && stream.container == container);
        if known || pane.streams.len() >= STREAMS {
            continue;
        }
        let image =
            pod.containers.iter().find(|status| status.name == container).map(|status| version_of(&status.image));
        pane.mark(&pod.meta.name, pod.meta.created, &format!("joined · {}", image.unwrap_or_default()), false);
        pane.next_stream += 1;
        let number = pane.next_stream;
        let stream = Stream {
            pod: Arc::clone(&pod.meta.name),
            container,
            last: None,
            at_last: Vec::new(),
            failures: 0,
            open: true,
            ended: false,
        };
        let request = request(pane, &stream, &environment.namespace);
        pane.streams.insert(number, stream);
        let cluster = environment.cluster.clone();
        effects.push(Effect::OpenLog { stream: number, cluster, request, delay_ms: 0 });
    }
    effects
}

/// Takes in what a stream says; opens it again while its container runs.
pub fn event(
    pane: &mut LogPane,
    catalog: &Catalog,
    world: &World,
    stream: u64,
    event: LogEvent,
    now: Timestamp,
) -> Vec<Effect> {
    match event {
        LogEvent::Lines(lines) => {
            pane.take(stream, lines);
            Vec::new()
        }
        LogEvent::Ended => reopen(pane, catalog, world, stream, now),
        LogEvent::Failed(fault) => {
            pane.problem = Some(fault);
            reopen(pane, catalog, world, stream, now)
        }
    }
}

/// End of file is not the end while the container runs.
fn reopen(pane: &mut LogPane, catalog: &Catalog, world: &World, number: u64, _now: Timestamp) -> Vec<Effect> {
    let Some((env, _)) = pane.target.clone() else { return Vec::new() };
    let (Some(environment), Some(world)) = (catalog.environment(&env), world.env(&env)) else { return Vec::new() };
    let Some(stream) = pane.streams.get_mut(&number) else { return Vec::new() };
    stream.failures += 1;
    let running = world.pod(&stream.pod).is_some_and(|pod| may_say_more(pod, &stream.container));
    if !running || pane.previous {
        stream.open = false;
        stream.ended = true;
        return Vec::new();
    }
    let delay = Duration::from_secs(1 << stream.failures.min(5)).min(Duration::from_secs(30)) / 2;
    let stream = stream.clone();
    let request = request(pane, &stream, &environment.namespace);
    let delay_ms = delay.as_millis() as u64;
    vec![Effect::OpenLog { stream: number, cluster: environment.cluster.clone(), request, delay_ms }]
}

fn may_say_more(pod: &Pod, container: &str) -> bool {
    let ended =
        |status: &crate::domain::observed::ContainerStatus| matches!(status.state, ContainerState::Terminated(_));
    !matches!(pod.phase, Phase::Succeeded | Phase::Failed)
        && pod.containers.iter().any(|status| &*status.name == container && !ended(status))
}

fn request(pane: &LogPane, stream: &Stream, namespace: &Arc<str>) -> LogRequest {
    let since = pane.since_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    LogRequest {
        namespace: Arc::clone(namespace),
        pod: Arc::clone(&stream.pod),
        container: Arc::clone(&stream.container),
        follow: !pane.previous,
        previous: pane.previous,
        tail: (stream.last.is_none() && since.is_none()).then_some(TAIL),
        since: since.filter(|_| stream.last.is_none()),
        since_time: stream.last,
    }
}

/// Containers that have something to say, newest pods first.
fn wanted<'a>(pane: &LogPane, world: &'a EnvWorld, workload: &'a Workload) -> Vec<(&'a Pod, Arc<str>)> {
    let mut pods: Vec<&Pod> = world.pods_under(workload).collect();
    pods.sort_by_key(|pod| std::cmp::Reverse(pod.meta.created));
    let chosen = |name: &Arc<str>| pane.container.as_ref().is_none_or(|container| container == name);
    pods.into_iter()
        .flat_map(|pod| pod.containers.iter().map(move |status| (pod, status)))
        .filter(|(_, status)| chosen(&status.name) && !status.init)
        .filter(|(_, status)| {
            status.last.is_some() || !matches!(status.state, ContainerState::Waiting { .. } | ContainerState::Unknown)
        })
        .map(|(pod, status)| (pod, Arc::clone(&status.name)))
        .collect()
}

/// Streams of pods that are gone: a pod that was deleted says nothing more.
fn close_gone(pane: &mut LogPane, world: &EnvWorld, now: Timestamp) -> Vec<Effect> {
    let gone: Vec<u64> =
        pane.streams.iter().filter(|(_, stream)| world.pod(&stream.pod).is_none()).map(|(number, _)| *number).collect();
    let mut effects = Vec::new();
    for number in gone {
        if let Some(stream) = pane.streams.remove(&number) {
            pane.mark(&stream.pod, now, "gone", false);
            effects.push(Effect::CloseLog { stream: number });
        }
    }
    effects
}
