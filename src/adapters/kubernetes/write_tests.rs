//! Writes whose answer is lost, refused or overtaken: what is sent again, what is read first, and what people are told.

use std::net::TcpListener;

use super::super::KubernetesCluster;
use super::super::scripted::{Answer, Asked, Log, cluster, failed, ok};
use super::*;
use crate::domain::ids::Uid;
use crate::domain::observed::WorkloadRef;
use crate::ports::cluster::Cluster;

fn change() -> ImageChange {
    ImageChange {
        namespace: "shop".into(),
        workload: WorkloadRef::deployment("web"),
        uid: Uid::new("uid-web"),
        container_index: 0,
        container: "web".into(),
        from: "shop/web:v1".into(),
        to: "shop/web:v2".into(),
        fence: None,
        dry_run: false,
    }
}

/// The Deployment with this image, which `ann` wrote two seconds before the server's clock.
fn web(image: &str) -> Answer {
    let fields = json!({ "f:spec": { "f:template": { "f:spec": { "f:containers": {
        "k:{\"name\":\"web\"}": { "f:image": {} } } } } } });
    let object = json!({
        "metadata": { "name": "web", "uid": "uid-web", "generation": 2, "managedFields": [
            { "manager": "ann", "time": "2026-11-24T10:00:10Z", "fieldsV1": fields } ] },
        "spec": { "template": { "spec": { "containers": [{ "name": "web", "image": image }] } } },
    });
    ok(object.to_string())
}

fn is_write(asked: &Asked) -> bool {
    asked.method == Method::PATCH
}

/// What becomes of the write, and what was asked for it: `PATCH GET`.
async fn written(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (Result<Workload, Fault>, String) {
    let (cluster, log) = cluster(move |asked| Some(script(asked)));
    let result = cluster.set_image(&change()).await;
    (result, methods(&log))
}

fn methods(log: &Log) -> String {
    log.lock().unwrap().iter().map(|asked| asked.method.to_string()).collect::<Vec<_>>().join(" ")
}

/// Answers that do not say whether the write was applied.
type Lost = (&'static str, fn() -> Answer);

fn lost_answers() -> [Lost; 7] {
    [
        ("the connection breaks", || Answer::Broken),
        ("silence", || Answer::Silence),
        ("500", || failed(500, "etcdserver: request timed out")),
        ("504 that asks for another try", || Answer::Whole(504, Some(1), String::new())),
        ("502 of a proxy", || Answer::Whole(502, None, "<html>Bad Gateway</html>".to_owned())),
        ("a login page", || ok("<html>Please log in</html>")),
        ("half an object", || ok(r#"{"metadata":{"name":"web""#)),
    ]
}

#[tokio::test]
async fn a_write_holds_only_for_the_very_object_container_and_image_that_were_seen() {
    let (cluster, log) = cluster(|_| Some(web("shop/web:v2")));
    cluster.set_image(&change()).await.unwrap();
    let asked = log.lock().unwrap()[0].clone();
    assert_eq!(asked.path, "/apis/apps/v1/namespaces/shop/deployments/web");
    assert_eq!(asked.query, "fieldManager=shipdeck");
    let image = "/spec/template/spec/containers/0/image";
    let expected = json!([
        { "op": "test", "path": "/metadata/uid", "value": "uid-web" },
        { "op": "test", "path": "/spec/template/spec/containers/0/name", "value": "web" },
        { "op": "test", "path": image, "value": "shop/web:v1" },
        { "op": "replace", "path": image, "value": "shop/web:v2" },
    ]);
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_is_read_back_and_was_applied() {
    for (what, lost) in lost_answers() {
        let (result, asked) = written(move |asked| if is_write(asked) { lost() } else { web("shop/web:v2") }).await;
        assert_eq!(&*result.unwrap().containers[0].image, "shop/web:v2", "{what}");
        assert_eq!(asked, "PATCH GET", "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_and_that_is_not_seen_is_unknown_and_never_sent_again_unasked() {
    for (what, lost) in lost_answers() {
        let (result, asked) = written(move |asked| if is_write(asked) { lost() } else { web("shop/web:v1") }).await;
        let fault = result.unwrap_err();
        assert_eq!(fault.kind, FaultKind::OutcomeUnknown, "{what}: {fault}");
        assert!(fault.message.starts_with("web: it is not known whether the image was set: "), "{what}: {fault}");
        assert_eq!(asked, "PATCH GET", "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_and_that_cannot_be_read_back_stays_unknown() {
    for (what, lost) in lost_answers() {
        let (result, _) = written(move |_| lost()).await;
        assert_eq!(result.unwrap_err().kind, FaultKind::OutcomeUnknown, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_while_somebody_else_wrote_says_who() {
    for (what, lost) in lost_answers() {
        let (result, _) = written(move |asked| if is_write(asked) { lost() } else { web("shop/web:v9") }).await;
        let fault = result.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Conflict, "{what}");
        assert_eq!(
            fault.message, "web: changed to shop/web:v9 by ann (2 s ago); wanted to replace shop/web:v1",
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_test_that_failed_is_put_into_words_by_what_stands_there() {
    let refused = || failed(422, "the server rejected our request due to an error in our request");
    let (result, asked) = written(move |asked| if is_write(asked) { refused() } else { web("shop/web:v9") }).await;
    assert_eq!(asked, "PATCH GET");
    assert_eq!(result.unwrap_err().kind, FaultKind::Conflict);
    // The repeat of a write that landed is no failure.
    let (result, _) = written(move |asked| if is_write(asked) { refused() } else { web("shop/web:v2") }).await;
    assert!(result.is_ok());
    let gone = move |asked: &Asked| if is_write(asked) { refused() } else { failed(404, "not found") };
    assert_eq!(written(gone).await.0.unwrap_err().message, "web: it was deleted");
    let other = move |asked: &Asked| {
        if is_write(asked) { refused() } else { ok(r#"{"metadata":{"name":"web","uid":"another"}}"#) }
    };
    assert!(written(other).await.0.unwrap_err().message.contains("replaced by another object"));
}

#[tokio::test]
async fn a_write_that_others_crowd_out_is_sent_again_a_few_times() {
    let busy = |until: usize| {
        move |asked: &Asked| match (is_write(asked), asked.number) {
            (true, number) if number < until => failed(409, "the object has been modified"),
            (true, _) => web("shop/web:v2"),
            (false, _) => web("shop/web:v1"),
        }
    };
    let (result, asked) = written(busy(3)).await;
    assert!(result.is_ok());
    assert_eq!(asked, "PATCH GET PATCH GET PATCH");
    let (result, asked) = written(busy(99)).await;
    assert_eq!(result.unwrap_err().kind, FaultKind::Conflict);
    assert_eq!(asked, "PATCH GET PATCH GET PATCH GET");
}

#[tokio::test]
async fn what_a_server_clearly_refused_is_not_read_back() {
    for (answer, kind) in [
        (failed(401, "Unauthorized"), FaultKind::Unauthenticated),
        (failed(403, "denied"), FaultKind::Forbidden),
        (Answer::Whole(429, Some(7), String::new()), FaultKind::Throttled),
        (Answer::Whole(503, Some(7), String::new()), FaultKind::Throttled),
    ] {
        let answer = std::sync::Mutex::new(Some(answer));
        let (result, asked) = written(move |_| answer.lock().unwrap().take().unwrap_or(Answer::Silence)).await;
        let fault = result.unwrap_err();
        assert_eq!((fault.kind, &*asked), (kind, "PATCH"));
        assert_eq!(fault.retry_after.is_some(), kind == FaultKind::Throttled, "its wish is passed on");
    }
}

/// A cluster at this port, reached over real sockets.
fn cluster_at(scheme: &str, port: u16, folder: &std::path::Path) -> KubernetesCluster {
    let path = folder.join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "users": [{ "name": "u", "user": { "token": "open-sesame" } }],
        "clusters": [{ "name": "c", "cluster": { "server": format!("{scheme}://127.0.0.1:{port}") } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
    });
    std::fs::write(&path, config.to_string()).unwrap();
    KubernetesCluster::new("c", Some(path))
}

#[tokio::test]
async fn a_write_that_certainly_did_not_leave_is_no_unknown_one() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let fault = cluster_at("http", port, folder.path()).set_image(&change()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "nobody listens: {fault}");
    // Takes the connection and closes it: no secure connection is made, so nothing was sent over it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().take(2).for_each(drop));
    let fault = cluster_at("https", port, folder.path()).set_image(&change()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "no secure connection: {fault}");
}

#[tokio::test]
async fn a_write_that_may_have_left_is_read_back() {
    use std::io::Read;
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, heads) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Reads what is asked and hangs up.
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut bytes = [0; 4_096];
            let count = stream.read(&mut bytes).unwrap_or_default();
            let head = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if sender.send(head.split(' ').next().unwrap_or_default().to_owned()).is_err() {
                return;
            }
        }
    });
    let fault = cluster_at("http", port, folder.path()).set_image(&change()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::OutcomeUnknown, "{fault}");
    assert_eq!(heads.try_iter().take(2).collect::<Vec<_>>(), ["PATCH", "GET"]);
}

fn target(resource: &'static str) -> DeleteTarget {
    let (name, uid) = ("web-1".into(), Uid::new("uid-web-1"));
    DeleteTarget { namespace: "shop".into(), resource, name, uid, resource_version: "7".into() }
}

#[tokio::test]
async fn nothing_but_pods_and_jobs_is_ever_deleted_and_those_only_as_they_were_seen() {
    let (cluster, log) = cluster(|_| Some(ok("{}")));
    for resource in [
        "persistentvolumeclaim",
        "persistentvolume",
        "customresourcedefinition",
        "namespace",
        "secret",
        "configmap",
        "replicaset",
        "controllerrevision",
        "deployment",
        "node",
    ] {
        assert_eq!(cluster.delete(&target(resource)).await.unwrap_err().kind, FaultKind::Invalid, "{resource}");
    }
    assert_eq!(log.lock().unwrap().len(), 0, "nothing was asked");
    for resource in ["pod", "job"] {
        cluster.delete(&target(resource)).await.unwrap();
    }
    let log = log.lock().unwrap();
    for asked in log.iter() {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(body["preconditions"], json!({ "uid": "uid-web-1", "resourceVersion": "7" }));
        let of_job = asked.path.ends_with("/jobs/web-1");
        assert_eq!(body["propagationPolicy"], if of_job { "Background".into() } else { Value::Null });
        assert!(body["gracePeriodSeconds"].is_null(), "nothing is forced");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_whose_answer_is_lost_is_read_back() {
    let found = |uid: &str, deleting: bool| {
        let time = deleting.then_some("2026-11-24T10:00:00Z");
        ok(json!({ "metadata": { "uid": uid, "deletionTimestamp": time } }).to_string())
    };
    let deleted = async |read: Answer| {
        let read = std::sync::Mutex::new(Some(read));
        let (cluster, _) = cluster(move |asked| {
            let back = asked.method == Method::GET;
            Some(if back { read.lock().unwrap().take().unwrap() } else { Answer::Broken })
        });
        cluster.delete(&target("pod")).await
    };
    assert!(deleted(failed(404, "not found")).await.is_ok());
    assert!(deleted(found("uid-web-1", true)).await.is_ok(), "it is on its way out");
    assert!(deleted(found("another", false)).await.is_ok(), "its successor stands there");
    let unknown = deleted(found("uid-web-1", false)).await.unwrap_err();
    assert_eq!(unknown.kind, FaultKind::OutcomeUnknown);
    assert!(unknown.message.starts_with("it is not known whether it was deleted: "), "{unknown}");
}
