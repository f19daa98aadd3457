//! Which versions are offered, and what is said against them.

use super::*;
use crate::domain::fixtures;
use crate::domain::fixtures::{START, TestWorld, catalog, later};
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::observed::{ContainerState, Object};
use crate::domain::plan::{Purpose, Request, Wanted, build};
use crate::domain::run::{Run, RunState, StepState, document};
use crate::domain::verdict::{Cause, Evidence, Progress, State, Verdict};

/// auth runs v3 in staging and v2 in production; v1 and v2 were set in staging before.
fn shop() -> TestWorld {
    let mut cluster = TestWorld::new("staging").live("production");
    cluster.rolled_out("auth", "r/auth:v3", 1);
    for image in ["r/auth:v1", "r/auth:v2"] {
        cluster.replica_set("auth", image, 0);
    }
    cluster.env = EnvId::new("production");
    cluster.rolled_out("auth", "r/auth:v2", 1);
    cluster
}

fn board(cluster: &TestWorld, catalog: &Catalog) -> Board {
    let mut board = Board::default();
    for env in &catalog.environments {
        board.refresh_env(&cluster.world, catalog, &env.name, START);
    }
    board
}

fn offered(cluster: &TestWorld) -> Vec<(String, Source)> {
    let catalog = catalog(&[("auth", &[])]);
    let board = board(cluster, &catalog);
    let known = known(&catalog, &cluster.world, &board, &catalog.services[0], &EnvId::new("staging"));
    known.into_iter().map(|it| (it.version(), it.from)).collect()
}

/// What is said against a version that is to go to staging.
fn against(cluster: &TestWorld, version: &str) -> Vec<String> {
    let catalog = catalog(&[("auth", &[])]);
    let board = board(cluster, &catalog);
    let image = image_of(&board, &catalog.services[0], &EnvId::new("staging"), version).unwrap();
    troubles(&catalog, &cluster.world, &board, &catalog.services[0], &image).iter().map(Trouble::told).collect()
}

/// Keeps a run in the environment that gave auth this image, and how that ended.
fn kept(cluster: &mut TestWorld, number: u64, to: &str, ended: &StepState, because: Option<(State, &str)>) {
    let catalog = catalog(&[("auth", &[])]);
    let services = vec![(ServiceId::new("auth"), Wanted::Version("other".to_owned()))];
    let (env, purpose) = (cluster.env.clone(), Purpose::Deploy);
    let board = board(cluster, &catalog);
    let request = Request { env, purpose, title: String::new(), services };
    let mut plan = build(&catalog, &cluster.world, &board, &request).unwrap();
    plan.waves[0].steps[0].to = to.into();
    let mut run = Run::new(RunId(number), plan, "ana", later(0));
    (run.state, run.finished) = (RunState::Succeeded, Some(later(60)));
    let step = &mut run.steps[0];
    step.state = ended.clone();
    step.baseline = Some(crate::domain::run::tests::baseline("auth"));
    step.verdict = because.map(|(state, headline)| {
        let (headline, remedy) = (headline.to_owned(), String::new());
        let evidence = Evidence { cause: Cause::NotReady, headline, details: vec![], pod: None, since: None, remedy };
        Verdict::new(state, Progress::default()).because(evidence)
    });
    let texts = document::texts(&document::write(&run).unwrap(), "ana@mac/1/x", START);
    let mut filed = fixtures::document(&format!("run-{number}"), &[]);
    (filed.meta.name, filed.about, filed.texts) =
        (document::name(&format!("{number:04}")), document::ABOUT.into(), texts);
    cluster.put(Object::Document(Box::new(filed)));
}

#[test]
fn known_are_what_other_environments_run_and_what_was_set_here_each_once_and_never_the_present() {
    let known = offered(&shop());
    let production = Source::Runs(EnvId::new("production"));
    assert_eq!(known, [("v2".to_owned(), production), ("v1".to_owned(), Source::Set(START))]);
}

#[test]
fn only_what_is_known_to_have_succeeded_is_said_to_have_run() {
    for (ended, wanted) in [(StepState::Succeeded, Source::Ran(START)), (StepState::Failed, Source::Set(START))] {
        let mut cluster = shop();
        cluster.env = EnvId::new("staging");
        kept(&mut cluster, 1, "r/auth:v1", &ended, None);
        assert_eq!(offered(&cluster)[1], ("v1".to_owned(), wanted));
    }
}

#[test]
fn where_a_rollout_fails_both_what_was_wanted_and_what_still_serves_are_known() {
    let mut cluster = shop();
    cluster.deployment("auth", "r/auth:v4", 1, |it| it.status.updated = 0);
    let known = offered(&cluster);
    let versions: Vec<_> = known.iter().map(|(version, _)| version.as_str()).collect();
    assert_eq!(versions, ["v4", "v2", "v1"]);
}

#[test]
fn a_version_that_fails_somewhere_is_said_to_by_where_and_why() {
    let mut cluster = shop();
    assert!(against(&cluster, "v2").is_empty(), "it runs in production");
    cluster.deployment("auth", "r/auth:v4", 1, |it| it.status.updated = 0);
    cluster.replica_set("auth", "r/auth:v4", 1);
    cluster.pod("auth", "r/auth:v4", 0, |pod| {
        pod.ready = false;
        let waiting = ContainerState::Waiting { reason: "InvalidImageName".into(), message: "no".into() };
        (pod.containers[0].ready, pod.containers[0].state) = (false, waiting);
    });
    let told = against(&cluster, "v4");
    assert!(told.len() == 1 && told[0].starts_with("fails in production: "), "{told:?}");
    assert!(against(&cluster, "v2").is_empty(), "what serves on beside it does not");
}

#[test]
fn what_failed_when_it_was_deployed_last_is_remembered_until_it_succeeds_or_runs_well() {
    let mut cluster = shop();
    cluster.env = EnvId::new("staging");
    let failed = Some((State::Failed, "image not found: r/auth:v1"));
    kept(&mut cluster, 1, "r/auth:v1", &StepState::Succeeded, None);
    kept(&mut cluster, 2, "r/auth:v1", &StepState::Failed, failed);
    assert_eq!(against(&cluster, "v1"), ["failed in staging the last time: image not found: r/auth:v1"]);
    let superseded = Some((State::Superseded, "replaced by helm"));
    kept(&mut cluster, 3, "r/auth:v1", &StepState::Failed, superseded);
    assert_eq!(against(&cluster, "v1").len(), 1, "what somebody cut short says nothing");
    kept(&mut cluster, 4, "r/auth:v1", &StepState::Succeeded, None);
    assert!(against(&cluster, "v1").is_empty());
    kept(&mut cluster, 5, "r/auth:v3", &StepState::Failed, failed);
    assert!(against(&cluster, "v3").is_empty(), "it runs well in staging now");
}

#[test]
fn a_version_without_a_tag_is_typed_by_its_whole_digest_and_known_again_by_it() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let known = Known { image: format!("r/auth@{digest}").parse().unwrap(), from: Source::Set(START) };
    assert_eq!((known.version().as_str(), known.typed()), ("sha256:abab…abab", digest));
}
