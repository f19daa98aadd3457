//! The watch loop against a fake API server within the process.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;

use super::super::KubernetesCluster;
use super::*;
use crate::domain::ids::EnvId;
use crate::ports::cluster::Cluster;

/// An API server that has nothing but Jobs: `answer` gets the query and the number of the request for Jobs.
/// Requests as they came, with their times.
type Requests = Arc<Mutex<Vec<(Instant, String)>>>;

fn cluster(answer: impl Fn(&str, usize) -> (u16, String) + Send + Sync + 'static) -> (KubernetesCluster, Requests) {
    let asked: Arc<Mutex<Vec<(Instant, String)>>> = Arc::default();
    let log = Arc::clone(&asked);
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request: Request<Body>| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let (code, text) = if request.uri().path().ends_with("/jobs") {
            let mut asked = log.lock().unwrap();
            asked.push((Instant::now(), query.clone()));
            answer(&query, asked.len())
        } else if query.contains("watch=true") || request.uri().path() == "/readyz" {
            (200, String::new())
        } else {
            (200, r#"{"metadata":{"resourceVersion":"1"},"items":[]}"#.to_owned())
        };
        let body = Body::from(text.into_bytes());
        // A watch stays open and silent after what it has to say.
        let body = if query.contains("watch=true") && code == 200 {
            http_body_util::Either::Left(body.with_trailers(std::future::pending()))
        } else {
            http_body_util::Either::Right(body)
        };
        async move { Ok::<_, std::convert::Infallible>(Response::builder().status(code).body(body).unwrap()) }
    });
    (KubernetesCluster::given(kube::Client::new(service, "shop")), asked)
}

/// What is told of Jobs within a time.
async fn told(cluster: &KubernetesCluster, time: Duration) -> Vec<String> {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let into = Arc::clone(&seen);
    let sink: ChangeSink = Arc::new(move |_, change| {
        let word = match change {
            Change::ListStarted(Kind::Job) => Some("started".to_owned()),
            Change::Upsert(object) if object.kind() == Kind::Job => Some(object.meta().name.to_string()),
            Change::Listed(Kind::Job) => Some("listed".to_owned()),
            Change::Delete { kind: Kind::Job, name, .. } => Some(format!("-{name}")),
            Change::Alive(Kind::Job) => Some("alive".to_owned()),
            Change::Lost(Kind::Job, fault) => Some(format!("lost: {}", fault.kind)),
            _ => None,
        };
        into.lock().unwrap().extend(word);
        Box::pin(async { true })
    });
    let scope = Scope { env: EnvId::new("prod"), namespace: "shop".into() };
    let _ = tokio::time::timeout(time, cluster.watch(scope, sink)).await;
    let seen = seen.lock().unwrap();
    seen.clone()
}

fn page(version: u32, next: &str, name: &str) -> String {
    format!(
        r#"{{"metadata":{{"resourceVersion":"{version}","continue":"{next}"}},"items":[{{"metadata":{{"name":"{name}"}}}}]}}"#
    )
}

#[tokio::test]
async fn pages_are_told_as_they_come_and_the_watch_goes_on_from_the_list() {
    let (cluster, asked) = cluster(|query, _| {
        if query.contains("watch=true") {
            let lines = [
                r#"{"type":"ADDED","object":{"metadata":{"name":"c","resourceVersion":"8"}}}"#,
                r#"{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"9"}}}"#,
                r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"10"}}}"#,
            ];
            (200, lines.map(|line| format!("{line}\n")).concat())
        } else if query.contains("continue=") {
            (200, page(7, "", "b"))
        } else {
            (200, page(7, "more/1", "a"))
        }
    });
    assert_eq!(told(&cluster, Duration::from_millis(300)).await, ["started", "a", "b", "listed", "c", "-a", "alive"]);
    let asked = asked.lock().unwrap();
    assert!(asked[1].1.ends_with("continue=more%2F1") && asked[2].1.ends_with("resourceVersion=7"), "{asked:?}");
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn a_history_that_is_gone_is_listed_again_at_once_and_is_no_loss() {
    let (cluster, _) = cluster(|query, number| match number {
        2 => (200, "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}\n".to_owned()),
        _ if query.contains("watch=true") => (200, String::new()),
        _ => (200, page(7, "", "a")),
    });
    let expected = ["started", "a", "listed", "started", "a", "listed"];
    assert_eq!(told(&cluster, Duration::from_millis(300)).await, expected);
}

#[tokio::test]
async fn a_history_that_went_with_an_outage_is_listed_again_at_once() {
    let (cluster, asked) = cluster(|query, number| match number {
        1 => (200, page(7, "", "a")),
        2..=4 => (503, String::new()),
        5 => (200, "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}\n".to_owned()),
        _ if query.contains("watch=true") => (200, String::new()),
        _ => (200, page(9, "", "b")),
    });
    told(&cluster, Duration::from_secs(6)).await;
    let asked = asked.lock().unwrap();
    assert!(asked[5].0 - asked[4].0 < Duration::from_millis(400), "{asked:?}");
}

#[tokio::test]
async fn a_broken_server_is_asked_ever_more_slowly_and_a_refusal_once_a_minute() {
    let (broken, asked) = cluster(|_, _| (503, String::new()));
    assert!(told(&broken, Duration::from_secs(4)).await.iter().all(|word| word == "lost: busy"));
    let number = asked.lock().unwrap().len();
    assert!((3..=6).contains(&number), "{number}");
    let (forbidden, asked) = cluster(|_, _| (403, String::new()));
    assert_eq!(told(&forbidden, Duration::from_secs(2)).await, ["lost: forbidden"]);
    assert_eq!(asked.lock().unwrap().len(), 1);
}
