//! What only a kubelet refuses, which the test planes have none of: kept here by itself.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use super::*;
use crate::domain::fixtures;
use crate::domain::observed::Pod;
use crate::ports::cluster::Cluster;

// Each test steps a clock of its own.
thread_local!(static SECONDS: Cell<i64> = const { Cell::new(0) });

fn pass(seconds: i64) {
    SECONDS.set(SECONDS.get() + seconds);
}

/// `auth` runs v1 since yesterday; then it is given this image, and some seconds pass.
fn cluster(tag: &str, seconds: i64) -> SimulatedCluster {
    let catalog = fixtures::catalog(&[("auth", &[])]);
    let versions = catalog.environments.iter().map(|env| (env.name.clone(), "v1".to_owned())).collect();
    let cluster = SimulatedCluster::calm(&catalog, &versions, || fixtures::later(SECONDS.get()));
    assert!(cluster.colleague_sets("petra", "shop-staging", "auth", &format!("shop/auth:{tag}")));
    for _ in 0..seconds {
        pass(1);
        cluster.world().step(cluster.now());
    }
    cluster
}

fn newest(cluster: &SimulatedCluster) -> Pod {
    let world = cluster.world();
    let pods =
        world.objects.values().filter_map(|(_, object)| if let Object::Pod(pod) = object { Some(pod) } else { None });
    let pods = pods.filter(|pod| pod.meta.name.starts_with("auth-"));
    (**pods.max_by_key(|pod| pod.meta.created).unwrap()).clone()
}

async fn read(cluster: &SimulatedCluster, pod: &Pod, previous: bool) -> Result<Vec<String>, Fault> {
    let request = LogRequest {
        namespace: "shop-staging".into(),
        pod: Arc::clone(&pod.meta.name),
        container: "auth".into(),
        follow: true,
        previous,
        tail: None,
        since: None,
        since_time: None,
    };
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let into = Arc::clone(&lines);
    let sink: LogSink = Arc::new(move |batch| {
        into.lock().unwrap().extend(batch.into_iter().map(|line| line.text));
        // Nobody waits here for a second line: the clock stands still.
        pass(30);
        Box::pin(async { true })
    });
    cluster.log(&request, sink).await?;
    Ok(std::mem::take(&mut *lines.lock().unwrap()))
}

#[tokio::test]
async fn a_container_that_never_started_has_no_log_and_the_reason_is_told() {
    for (tag, why) in [
        ("missing", "is waiting to start"),
        ("badconfig", "is waiting to start"),
        ("nonode", "does not have a host assigned"),
    ] {
        let cluster = cluster(tag, 20);
        let fault = read(&cluster, &newest(&cluster), false).await.unwrap_err();
        assert!(fault.kind == FaultKind::Invalid && fault.message.contains(why), "{tag}: {fault}");
    }
}

#[tokio::test]
async fn a_container_that_never_ended_has_no_run_before() {
    let cluster = cluster("v2", 20);
    let fault = read(&cluster, &newest(&cluster), true).await.unwrap_err();
    assert!(fault.kind == FaultKind::Invalid && fault.message.contains("previous terminated container"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_followed_log_ends_with_its_container() {
    for (tag, last) in [("crash", "main at src/main.rs"), ("dies", "lost the database")] {
        let cluster = cluster(tag, 4);
        let lines = read(&cluster, &newest(&cluster), false).await.unwrap();
        assert!(lines[0].contains("starting") && lines[lines.len() - 1].contains(last), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_followed_log_ends_when_its_pod_is_gone() {
    let cluster = cluster("v2", 40);
    let pod = newest(&cluster);
    let goes = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        cluster.world().pods.retain(|it| it.name != pod.meta.name);
    };
    let (lines, ()) = futures::join!(read(&cluster, &pod, false), goes);
    assert!(!lines.unwrap().is_empty());
}

#[test]
fn a_pod_that_dies_was_ready_before_and_one_that_flaps_is_by_turns() {
    let ready = |tag: &str| -> Vec<bool> {
        let cluster = cluster(tag, 2);
        let name = newest(&cluster).meta.name;
        let mut seen = Vec::new();
        for _ in 0..40 {
            pass(1);
            let now = cluster.now();
            seen.push(cluster.world().pods.iter().find(|pod| pod.name == name).unwrap().is_ready(now));
        }
        seen.dedup();
        seen
    };
    assert_eq!(ready("dies")[..4], [false, true, false, true]);
    assert!(ready("flaps").len() >= 12, "it changes every 3 s");
}
