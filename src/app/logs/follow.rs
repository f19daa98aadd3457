//! Which streams should be open: every container of every pod of the selected cell, as they come and go.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::pane::{LogPane, Stream};
use crate::app::effect::Effect;
use crate::app::msg::LogEvent;
use crate::domain::catalog::{Catalog, Environment};
use crate::domain::observed::{ContainerState, ContainerStatus, Phase, Pod, Terminated, Workload};
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
    effects.extend(restarted(pane, world, environment, now));
    pane.unfollowed = 0;
    for (pod, container) in wanted(pane, world, workload) {
        let known = pane.streams.values().any(|stream| stream.pod == pod.meta.name && stream.container == container);
        if known {
            continue;
        }
        if pane.streams.values().filter(|stream| !stream.ended).count() >= STREAMS {
            pane.unfollowed += 1;
            continue;
        }
        let status = pod.containers.iter().find(|status| status.name == container);
        let image = status.map(|status| version_of(&status.image));
        pane.mark(&pod.meta.name, pod.meta.created, &format!("joined · {}", image.unwrap_or_default()), false);
        pane.next_stream += 1;
        let number = pane.next_stream;
        let restarts = status.map_or(0, |status| status.restarts);
        let stream = Stream::new(Arc::clone(&pod.meta.name), container, restarts);
        let request = request(pane, &stream, &environment.namespace);
        pane.streams.insert(number, stream);
        let cluster = environment.cluster.clone();
        effects.push(Effect::OpenLog { stream: number, cluster, request, delay_ms: 0 });
    }
    effects
}

/// Takes in what a stream says; opens it again while its container runs.
pub fn event(pane: &mut LogPane, catalog: &Catalog, world: &World, stream: u64, event: LogEvent) -> Vec<Effect> {
    match event {
        LogEvent::Lines(lines) => {
            pane.take(stream, lines);
            Vec::new()
        }
        LogEvent::Ended => reopen(pane, catalog, world, stream),
        LogEvent::Failed(fault) => {
            pane.problem = Some(fault);
            reopen(pane, catalog, world, stream)
        }
    }
}

/// End of file is not the end while the container runs.
fn reopen(pane: &mut LogPane, catalog: &Catalog, world: &World, number: u64) -> Vec<Effect> {
    let Some((env, _)) = pane.target.clone() else { return Vec::new() };
    let (Some(environment), Some(world)) = (catalog.environment(&env), world.env(&env)) else { return Vec::new() };
    let Some(stream) = pane.streams.get_mut(&number) else { return Vec::new() };
    stream.failures += 1;
    let running = world.pod(&stream.pod).is_some_and(|pod| may_say_more(pod, &stream.container));
    if !running || pane.previous {
        stream.ended = true;
        let (pod, last) = (Arc::clone(&stream.pod), stream.last);
        let status = world.pod(&pod).and_then(|pod| status_of(pod, &stream.container));
        if let Some(end) = status.and_then(how_it_ended).filter(|_| !pane.previous)
            && let Some(time) = end.finished.or(last)
        {
            pane.mark(&pod, time, &format!("exited {}", end.exit_code), end.exit_code != 0);
        }
        return Vec::new();
    }
    let delay = Duration::from_secs(1 << (stream.failures - 1).min(5)).min(Duration::from_secs(30));
    stream.resume();
    let stream = stream.clone();
    let request = request(pane, &stream, &environment.namespace);
    let delay_ms = delay.as_millis() as u64;
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

/// Says which containers were started again, and opens those streams again that had ended with them.
fn restarted(pane: &mut LogPane, world: &EnvWorld, environment: &Environment, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    for number in pane.streams.keys().copied().collect::<Vec<_>>() {
        let Some(stream) = pane.streams.get_mut(&number) else { continue };
        let Some(status) = world.pod(&stream.pod).and_then(|pod| status_of(pod, &stream.container)) else { continue };
        let runs = matches!(status.state, ContainerState::Running { .. });
        if !runs || status.restarts <= stream.restarts {
            continue;
        }
        stream.restarts = status.restarts;
        let had_ended = std::mem::take(&mut stream.ended);
        if had_ended {
            stream.failures = 0;
            stream.resume();
        }
        let stream = stream.clone();
        let code = status.last.as_ref().map(|end| end.exit_code).filter(|_| !had_ended);
        let exited = code.map(|code| format!("exited {code} · ")).unwrap_or_default();
        let bad = code.is_some_and(|code| code != 0);
        pane.mark(&stream.pod, now, &format!("{exited}restart {}", status.restarts), bad);
        if had_ended && !pane.previous {
            let request = request(pane, &stream, &environment.namespace);
            let cluster = environment.cluster.clone();
            effects.push(Effect::OpenLog { stream: number, cluster, request, delay_ms: 0 });
        }
    }
    effects
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{TestWorld, catalog, later};
    use crate::domain::ids::{EnvId, ServiceId};
    use crate::ports::cluster::LogLine;

    const IMAGE: &str = "r/auth:1";

    fn crashed(code: i32) -> Terminated {
        let reason = "Error".into();
        Terminated { exit_code: code, reason, message: "".into(), finished: Some(later(5)) }
    }

    fn start(pods: u32) -> (LogPane, Catalog, TestWorld, Vec<Effect>) {
        let mut world = TestWorld::new("staging");
        world.rolled_out("auth", IMAGE, pods);
        let catalog = catalog(&[("auth", &[])]);
        let mut pane = LogPane::default();
        pane.turn_to(Some((EnvId::new("staging"), ServiceId::new("auth"))));
        let effects = sync(&mut pane, &catalog, &world.world, later(1));
        (pane, catalog, world, effects)
    }

    fn marks(pane: &LogPane) -> Vec<String> {
        pane.ring.iter().filter(|(_, entry)| entry.mark).map(|(_, entry)| entry.text.to_string()).collect()
    }

    fn requests(effects: &[Effect]) -> Vec<(&LogRequest, u64)> {
        let open = |effect| match effect {
            &Effect::OpenLog { ref request, delay_ms, .. } => Some((request, delay_ms)),
            _ => None,
        };
        effects.iter().filter_map(open).collect()
    }

    #[test]
    fn every_pod_is_followed_once_and_at_most_fifty_at_a_time() {
        let (mut pane, catalog, world, effects) = start(53);
        assert_eq!((effects.len(), pane.unfollowed), (STREAMS, 3));
        assert!(sync(&mut pane, &catalog, &world.world, later(2)).is_empty());
    }

    #[test]
    fn end_of_file_of_a_running_container_opens_the_stream_again_later_and_later() {
        let (mut pane, catalog, world, _) = start(1);
        let line = LogLine { time: Some(later(3)), text: "up".to_owned() };
        event(&mut pane, &catalog, &world.world, 1, LogEvent::Lines(vec![line.clone()]));
        let mut delays = Vec::new();
        for _ in 0..7 {
            let effects = event(&mut pane, &catalog, &world.world, 1, LogEvent::Ended);
            let opened = requests(&effects);
            assert_eq!((opened.len(), opened[0].0.since_time, opened[0].0.tail), (1, Some(later(3)), None));
            delays.push(opened[0].1);
            event(&mut pane, &catalog, &world.world, 1, LogEvent::Lines(vec![line.clone()]));
        }
        assert_eq!(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert_eq!(pane.ring.iter().filter(|(_, entry)| !entry.mark).count(), 1);
    }

    #[test]
    fn a_crash_is_told_and_the_next_start_is_followed() {
        let (mut pane, catalog, mut world, _) = start(1);
        let waiting = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() };
        world.pod("auth", IMAGE, 0, |pod| {
            pod.containers[0].state = waiting;
            pod.containers[0].last = Some(crashed(101));
        });
        assert!(event(&mut pane, &catalog, &world.world, 1, LogEvent::Ended).is_empty());
        assert!(sync(&mut pane, &catalog, &world.world, later(6)).is_empty());
        world.pod("auth", IMAGE, 0, |pod| {
            pod.containers[0].restarts = 1;
            pod.containers[0].last = Some(crashed(101));
        });
        let effects = sync(&mut pane, &catalog, &world.world, later(9));
        assert_eq!(requests(&effects).len(), 1);
        assert_eq!(marks(&pane), ["joined · 1", "exited 101", "restart 1"]);
    }

    #[test]
    fn a_stream_is_closed_when_its_pod_is_gone() {
        let (mut pane, catalog, _, _) = start(1);
        let mut empty = TestWorld::new("staging");
        empty.deployment("auth", IMAGE, 1, |_| {});
        assert_eq!(sync(&mut pane, &catalog, &empty.world, later(9)), [Effect::CloseLog { stream: 1 }]);
        assert_eq!(marks(&pane), ["joined · 1", "gone"]);
    }
}
