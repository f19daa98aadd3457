//! Logs as a kubelet serves them: of one run of one container, from its beginning, its tail or a time on.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::cluster::{STEP, SimulatedCluster};
use super::pods::{Behaviour, Run, SimPod};
use super::reads::not_found;
use super::script::Script;
use super::world::World;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::{ContainerState, Object};
use crate::domain::plan::version_of;
use crate::ports::cluster::{LogLine, LogRequest, LogSink};

/// What a node keeps of a run.
const KEPT: u64 = 10_000;
const BATCH: usize = 256;

pub(super) async fn stream(cluster: &SimulatedCluster, request: &LogRequest, sink: &LogSink) -> Result<(), Fault> {
    cluster.check()?;
    let script = script(&cluster.world(), request, cluster.now())?;
    // A log may be silent for long: that it can be read is told at once.
    if !sink(Vec::new()).await {
        return Ok(());
    }
    let mut next = first(&script, request, cluster.now());
    loop {
        let now = cluster.now();
        let until = script.count_until(now);
        while next < until {
            let end = until.min(next + BATCH as u64);
            let lines: Vec<LogLine> = (next..end).map(|number| script.line(number)).collect();
            next = end;
            if !sink(lines).await {
                return Ok(());
            }
        }
        if !request.follow || script.ended(now) {
            return Ok(());
        }
        let wait = Duration::try_from(script.at(next).duration_since(now)).unwrap_or(STEP);
        tokio::time::sleep(wait.clamp(STEP, Duration::from_secs(2))).await;
        cluster.check()?;
        if pod(&cluster.world(), request).is_none() {
            return Ok(());
        }
    }
}

/// The number of the first line that was asked for.
fn first(script: &Script, request: &LogRequest, now: Timestamp) -> u64 {
    let until = script.count_until(now);
    let since = request.since.and_then(|since| SignedDuration::try_from(since).ok()).map(|since| now - since);
    let from = request.since_time.or(since).map_or(0, |time| script.count_before(time));
    let tail = request.tail.map_or(KEPT, |tail| tail.min(KEPT));
    from.max(until.saturating_sub(tail))
}

fn pod<'a>(world: &'a World, request: &LogRequest) -> Option<&'a SimPod> {
    world.pods.iter().find(|it| it.namespace == request.namespace && it.name == request.pod)
}

/// What the container that is asked for writes, or why nobody can say.
fn script(world: &World, request: &LogRequest, now: Timestamp) -> Result<Script, Fault> {
    let LogRequest { namespace, pod: name, container, .. } = request;
    let doing = format!("read the log of {name}/{container} in {namespace}");
    let refused = |why: String| Fault::new(FaultKind::Invalid, format!("cannot {doing}, refused: {why}"));
    let unknown = || refused(format!("container {container} is not valid for pod {name}"));
    let no_previous = || refused(format!("previous terminated container \"{container}\" in pod \"{name}\" not found"));
    let Some(pod) = pod(world, request) else {
        let key = (Arc::clone(namespace), crate::domain::observed::Kind::Pod, Arc::clone(name));
        let Some((_, Object::Pod(leftover))) = world.objects.get(&key) else { return Err(not_found(&doing)) };
        let status = leftover.containers.iter().find(|it| it.name == *container).ok_or_else(unknown)?;
        return match &status.state {
            ContainerState::Terminated(end) if !request.previous => {
                Ok(Script::done(end.finished.unwrap_or(leftover.meta.created), end.exit_code))
            }
            _ => Err(no_previous()),
        };
    };
    if pod.workload.name != *container {
        return Err(unknown());
    }
    if pod.behaviour == Behaviour::NoNode {
        return Err(refused(format!("pod {name} does not have a host assigned")));
    }
    let runs = pod.runs(now);
    let ended = runs.iter().rev().find(|run| run.end.is_some_and(|end| end <= now));
    let run: Option<&Run> = if request.previous { ended } else { runs.last() };
    match run {
        Some(run) => Ok(Script::of(&pod.workload.name, &version_of(&pod.image), pod.behaviour, *run)),
        None if request.previous => Err(no_previous()),
        None => Err(refused(format!("container \"{container}\" in pod \"{name}\" is waiting to start"))),
    }
}

#[cfg(test)]
#[path = "logs_tests.rs"]
mod tests;
