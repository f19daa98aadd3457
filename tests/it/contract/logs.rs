//! Reading logs: as much as was asked for, in order, to the end or on and on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipdeck::domain::fault::{Fault, FaultKind};
use shipdeck::ports::cluster::{LogLine, LogRequest, LogSink};

use super::{World, contract, soon};

contract![
    a_log_is_read_to_its_end_in_order,
    a_tail_is_exactly_as_long_as_was_asked_for,
    only_what_is_younger_than_was_asked_for_is_given,
    a_log_goes_on_after_a_time_without_a_gap,
    a_tail_and_a_time_both_hold,
    a_log_is_open_before_there_is_a_line_and_followed_until_nobody_listens,
    the_run_before_a_crash_can_be_read_and_ends,
    no_such_pod_is_not_found,
    no_such_container_is_invalid_and_named,
];

/// Of a pod that writes.
async fn request(world: &World) -> LogRequest {
    LogRequest { pod: world.talker().await.pod, ..request_of(world) }
}

fn request_of(world: &World) -> LogRequest {
    LogRequest {
        namespace: world.namespace.clone(),
        pod: "none".into(),
        container: "web".into(),
        follow: false,
        previous: false,
        tail: None,
        since: None,
        since_time: None,
    }
}

/// Reads to the end of file.
async fn read(world: &World, request: &LogRequest) -> Result<Vec<LogLine>, Fault> {
    let lines: Arc<Mutex<Vec<LogLine>>> = Arc::default();
    let into = Arc::clone(&lines);
    let sink: LogSink = Arc::new(move |batch| {
        into.lock().unwrap().extend(batch);
        Box::pin(async { true })
    });
    let read = tokio::time::timeout(Duration::from_secs(30), world.cluster.log(request, sink)).await;
    read.unwrap_or_else(|_| panic!("no end of file: {request:?}"))?;
    Ok(std::mem::take(&mut *lines.lock().unwrap()))
}

async fn a_log_is_read_to_its_end_in_order(world: World) {
    let lines = read(&world, &request(&world).await).await.unwrap();
    assert!(lines.len() >= 7);
    assert!(lines.iter().all(|line| line.time.is_some() && !line.text.is_empty() && !line.cut));
    assert!(lines.is_sorted_by_key(|line| line.time));
}

async fn a_tail_is_exactly_as_long_as_was_asked_for(world: World) {
    let all = request(&world).await;
    let whole = read(&world, &all).await.unwrap();
    for lines in [0, 1, 3, 6] {
        let tail = read(&world, &LogRequest { tail: Some(lines), ..all.clone() }).await.unwrap();
        assert_eq!(tail, whole[whole.len() - lines as usize..], "{lines}");
    }
}

async fn only_what_is_younger_than_was_asked_for_is_given(world: World) {
    let all = request(&world).await;
    let whole = read(&world, &all).await.unwrap();
    let since = Duration::from_mins(10);
    let young = read(&world, &LogRequest { since: Some(since), ..all }).await.unwrap();
    assert!(young.len() >= 4 && young.len() < whole.len(), "{} of {}", young.len(), whole.len());
    assert_eq!(young, whole[whole.len() - young.len()..]);
    let newest = young[young.len() - 1].time.unwrap();
    assert!(newest.duration_since(young[0].time.unwrap()).as_secs() <= 600);
}

async fn a_log_goes_on_after_a_time_without_a_gap(world: World) {
    let all = request(&world).await;
    let whole = read(&world, &all).await.unwrap();
    let known = whole.len() - 4;
    let rest = read(&world, &LogRequest { since_time: whole[known].time, ..all }).await.unwrap();
    // The line at that very time may come again.
    assert!(rest == whole[known..] || rest == whole[known + 1..], "{rest:?}");
}

async fn a_tail_and_a_time_both_hold(world: World) {
    let all = request(&world).await;
    let since = Some(Duration::from_mins(10));
    let young = read(&world, &LogRequest { since, ..all.clone() }).await.unwrap();
    let few = read(&world, &LogRequest { since, tail: Some(2), ..all.clone() }).await.unwrap();
    assert_eq!(few, young[young.len() - 2..]);
    let many = read(&world, &LogRequest { since, tail: Some(9_999), ..all }).await.unwrap();
    assert_eq!(many, young);
}

async fn a_log_is_open_before_there_is_a_line_and_followed_until_nobody_listens(world: World) {
    let talker = world.talker().await;
    let request = LogRequest { pod: talker.pod.clone(), follow: true, tail: Some(0), ..request_of(&world) };
    let batches: Arc<Mutex<Vec<Vec<LogLine>>>> = Arc::default();
    let into = Arc::clone(&batches);
    let sink: LogSink = Arc::new(move |batch| {
        let on = batch.is_empty();
        into.lock().unwrap().push(batch);
        Box::pin(async move { on })
    });
    let cluster = Arc::clone(&world.cluster);
    let following = tokio::spawn(async move { cluster.log(&request, sink).await });
    soon("it is open", async || batches.lock().unwrap().first().map(|first| assert!(first.is_empty()))).await;
    talker.talk();
    let ended = tokio::time::timeout(Duration::from_secs(30), following).await.unwrap().unwrap();
    ended.unwrap();
    let batches = batches.lock().unwrap();
    assert!(batches.len() == 2 && !batches[1].is_empty(), "{batches:?}");
}

async fn the_run_before_a_crash_can_be_read_and_ends(world: World) {
    world.colleague_sets("crash").await;
    let pod = soon("a pod was started again after a crash", async || {
        let pods = world.pods("web-").await.into_iter();
        pods.into_iter().find(|pod| pod.containers.iter().any(|it| it.restarts > 0 && it.last.is_some()))
    })
    .await;
    let request = LogRequest { pod: pod.meta.name.clone(), previous: true, ..request_of(&world) };
    let before = read(&world, &request).await.unwrap();
    let panicked = |lines: &[LogLine]| lines.iter().any(|line| line.text.contains("panicked at"));
    assert!(panicked(&before), "{before:?}");
    // A run that is over has nothing to follow.
    assert_eq!(read(&world, &LogRequest { follow: true, ..request }).await.unwrap(), before);
}

async fn no_such_pod_is_not_found(world: World) {
    let fault = read(&world, &request_of(&world)).await.unwrap_err();
    let wanted = format!("cannot read the log of none/web in {}, not found", world.namespace);
    assert!(fault.kind == FaultKind::NotFound && fault.message.starts_with(&wanted), "{fault}");
}

async fn no_such_container_is_invalid_and_named(world: World) {
    let pod = world.pods("web-").await.remove(0).meta.name;
    let request = LogRequest { pod: pod.clone(), container: "proxy".into(), ..request_of(&world) };
    let fault = read(&world, &request).await.unwrap_err();
    let why = format!("refused: container proxy is not valid for pod {pod}");
    let wanted = format!("cannot read the log of {pod}/proxy in {}, {why}", world.namespace);
    assert_eq!(fault, Fault::new(FaultKind::Invalid, wanted));
}
