//! Deletions: each saved first, each told, none held up by another that fails, and never more than a few at once.

use std::collections::BTreeMap;
use std::path::Path;

use http::Method;

use super::*;
use crate::adapters::kubernetes::scripted::{self, Answer, Asked, Log, failed, ok};
use crate::domain::cleanup::FindingKind;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::START;
use crate::domain::ids::Uid;

type Results = BTreeMap<String, Result<Option<String>, Fault>>;

fn finding(name: &str) -> Finding {
    Finding {
        env: EnvId::new("staging"),
        kind: FindingKind::DeadPod,
        name: name.into(),
        uid: Uid::new(name),
        resource_version: "7".into(),
        reason: "evicted".into(),
        owner: None,
        since: START,
        proof: Vec::new(),
    }
}

fn is_deletion(asked: &Asked) -> bool {
    asked.method == Method::DELETE
}

/// Deletes these pods on a cluster that answers deletions by the script; what came of each, and what was asked.
async fn deleted(
    names: &[&str],
    data: &Path,
    script: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> (Results, Log) {
    let (cluster, log) = scripted::cluster(move |asked| {
        let name = asked.path.rsplit('/').next().unwrap_or_default();
        Some(if is_deletion(asked) { script(name) } else { ok(r#"{"metadata":{"uid":"?"},"spec":{"containers":[]}}"#) })
    });
    let cluster: Arc<dyn Cluster> = Arc::new(cluster);
    let fleet = Fleet::new(Box::new(move |_| Arc::clone(&cluster)));
    let files = Files { data: data.to_owned(), configuration: data.join("config.toml") };
    let (sender, mut messages) = mpsc::channel(64);
    let mut executor = Executor::new(fleet, files, sender, Clock::of_a_world(|| START), "ann".into());
    for name in names {
        let (cluster, namespace) = (ClusterId::new("c"), "shop".into());
        assert_eq!(executor.perform(Effect::Delete { cluster, namespace, finding: Box::new(finding(name)) }), None);
    }
    let mut results = Results::new();
    while results.len() < names.len() {
        if let Some(Msg::Done(Outcome::Deleted { uid, result })) = messages.recv().await {
            results.insert(uid.as_str().to_owned(), result);
        }
    }
    (results, log)
}

#[tokio::test]
async fn one_deletion_that_fails_holds_up_no_other_and_each_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a", "forbidden", "b", "replaced", "gone", "broken", "c"];
    let (results, log) = deleted(&names, folder.path(), |name| match name {
        "forbidden" => failed(403, "no"),
        "replaced" => failed(409, "the UID in the precondition does not match"),
        "gone" => failed(404, "not found"),
        "broken" => Answer::Whole(503, Some(1), String::new()),
        _ => ok("{}"),
    })
    .await;
    let kinds = |name: &str| results[name].as_ref().map_err(|fault| fault.kind).map(Option::is_some);
    for name in ["a", "b", "c"] {
        assert_eq!(kinds(name), Ok(true), "deleted, and saved first");
    }
    assert_eq!(kinds("forbidden"), Err(FaultKind::Forbidden));
    assert_eq!(kinds("replaced"), Err(FaultKind::Conflict));
    assert_eq!(kinds("gone"), Err(FaultKind::NotFound));
    assert_eq!(kinds("broken"), Err(FaultKind::Throttled));
    assert_eq!(log.lock().unwrap().iter().filter(|asked| is_deletion(asked)).count(), names.len(), "each once");
}

#[tokio::test(start_paused = true)]
async fn only_a_few_deletions_are_under_way_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..20).map(|number| format!("pod-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (results, log) = deleted(&names, folder.path(), |_| Answer::Silence).await;
    // Each is silent for ten seconds, so that what is begun within nine is under way at once.
    let log = log.lock().unwrap();
    let begun: Vec<_> = log.iter().filter(|asked| is_deletion(asked)).map(|asked| asked.at).collect();
    let together = |from: &tokio::time::Instant| {
        begun.iter().filter(|at| *at >= from && **at - *from < Duration::from_secs(9)).count()
    };
    assert_eq!(begun.iter().map(together).max(), Some(DELETIONS_AT_ONCE));
    assert_eq!((begun.len(), results.len()), (20, 20));
}

#[tokio::test]
async fn where_nothing_can_be_saved_nothing_is_deleted_and_each_says_why() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (results, log) = deleted(&["a", "b"], &file.path().join("data"), |_| ok("{}")).await;
    for (name, result) in results {
        let fault = result.unwrap_err();
        assert!(fault.message.contains("is no folder"), "{name}: {fault}");
    }
    assert!(!log.lock().unwrap().iter().any(is_deletion));
}
