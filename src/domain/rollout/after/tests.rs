//! What is told of pods after their success, by what they show.

use super::super::tests::baseline;
use super::*;
use crate::domain::fixtures::{START, TestWorld, later, meta, template};
use crate::domain::observed::{Object, Terminated, WorkloadRef};

const OLD: &str = "r/auth:v1";
const NEW: &str = "r/auth:v2";
const SOAK: SignedDuration = SignedDuration::from_mins(2);

fn succeeded() -> TestWorld {
    let mut cluster = TestWorld::new("staging");
    cluster.rolled_out("auth", NEW, 2);
    cluster
}

fn with_view<T>(cluster: &TestWorld, look: impl FnOnce(&View<'_>) -> T) -> T {
    let world = cluster.world.env(&cluster.env).unwrap();
    look(&View::new(world, world.workload(&WorkloadRef::deployment("auth")).unwrap()))
}

fn begun(cluster: &TestWorld) -> After {
    with_view(cluster, |view| After::begin(view, START, SOAK, START))
}

fn look(after: &After, cluster: &TestWorld, seconds: i64) -> After {
    with_view(cluster, |view| after.look(view, &baseline(), later(seconds)))
}

fn said(after: &After) -> &str {
    after.trouble.as_ref().map_or("", |evidence| &evidence.headline)
}

fn restarts(cluster: &mut TestWorld, count: u32, reason: &str) {
    let ended = Terminated { exit_code: 3, reason: reason.into(), message: "".into(), finished: Some(later(9)) };
    cluster.pod("auth", NEW, 0, |pod| {
        (pod.containers[0].restarts, pod.containers[0].last) = (count, Some(ended));
    });
}

fn warns(cluster: &mut TestWorld, name: &str, pod: u32) {
    let world = cluster.world.env(&cluster.env).unwrap();
    let set = crate::domain::fixtures::set_name("auth", NEW);
    let about = world.pod(&format!("{set}-{pod}")).unwrap().meta.clone();
    cluster.put(Object::Event(Box::new(Event {
        meta: meta(name, None),
        about_kind: "Pod".into(),
        about: about.uid,
        about_name: about.name,
        warning: true,
        reason: "Unhealthy".into(),
        message: "Liveness probe failed: 503".into(),
        count: 1,
        last_seen: later(8),
    })));
}

#[test]
fn a_success_that_stays_one_is_watched_until_its_time_is_over() {
    let cluster = succeeded();
    let after = look(&begun(&cluster), &cluster, 119);
    assert!(!after.over && after.trouble.is_none());
    assert!(look(&after, &cluster, 120).over);
}

#[test]
fn a_restart_after_success_degrades_it_with_the_exit_code_and_the_log_of_the_container_before() {
    let mut cluster = succeeded();
    let after = begun(&cluster);
    restarts(&mut cluster, 1, "Error");
    let after = look(&after, &cluster, 10);
    let trouble = after.trouble.clone().unwrap();
    assert_eq!(trouble.cause, Cause::Crash { exit_code: 3, restarts: 1 });
    assert!(said(&after).contains("container auth ended and was started again (exit code 3)"), "{}", said(&after));
    assert!(trouble.pod.unwrap().previous && trouble.since == Some(later(9)));
    restarts(&mut cluster, 2, "OOMKilled");
    assert_eq!(look(&begun(&succeeded()), &cluster, 10).trouble.unwrap().cause, Cause::OutOfMemory { restarts: 2 });
}

#[test]
fn a_watch_that_another_process_began_goes_on_and_blames_nothing_that_was_there_when_it_was_taken_up() {
    let mut cluster = succeeded();
    restarts(&mut cluster, 2, "Error");
    let noted = After::noted(SOAK, (START, later(120)), None, false);
    assert_eq!(noted.soaked(later(60)), Soaked::Watching { until: later(120) });
    assert_eq!(noted.soaked(later(150)), Soaked::Unfinished, "nobody says that it was watched to its end");
    let taken_up = look(&noted, &cluster, 60);
    assert!(taken_up.trouble.is_none());
    restarts(&mut cluster, 3, "Error");
    assert_eq!(look(&taken_up, &cluster, 70).soaked(later(70)), Soaked::Degraded);
    assert_eq!(look(&taken_up, &cluster, 120).soaked(later(900)), Soaked::Well);
}

#[test]
fn restarts_from_before_success_are_no_trouble() {
    let mut cluster = succeeded();
    restarts(&mut cluster, 2, "Error");
    assert!(look(&begun(&cluster), &cluster, 10).trouble.is_none());
}

#[test]
fn a_pod_that_loses_its_readiness_degrades_it_and_coming_back_does_not_unsay_it() {
    let mut cluster = succeeded();
    let after = begun(&cluster);
    cluster.pod("auth", NEW, 1, |pod| pod.ready = false);
    let lost = look(&after, &cluster, 50);
    assert_eq!(said(&lost), "degraded after success: a pod was ready and is not any more");
    cluster.pod("auth", NEW, 1, |_| {});
    let back = look(&lost, &cluster, 60);
    assert!(back.trouble.is_some());
    assert_eq!(back.until, later(170), "and it is watched for as long again");
    assert!(!look(&back, &cluster, 169).over && look(&back, &cluster, 170).over);
}

#[test]
fn pods_that_come_later_are_not_lost_readiness_and_those_that_are_deleted_neither() {
    let mut cluster = succeeded();
    let after = begun(&cluster);
    cluster.pod("auth", NEW, 2, |pod| pod.ready = false);
    cluster.pod("auth", NEW, 1, |pod| (pod.ready, pod.meta.deleting) = (false, Some(later(40))));
    assert!(look(&after, &cluster, 10).trouble.is_none());
}

#[test]
fn a_new_warning_about_a_new_pod_degrades_it_and_one_of_its_start_does_not() {
    let mut cluster = succeeded();
    warns(&mut cluster, "before", 0);
    let after = begun(&cluster);
    warns(&mut cluster, "late-news-of-the-start", 0);
    let settled = look(&after, &cluster, 1);
    let quiet = look(&settled, &cluster, 20);
    assert!(quiet.trouble.is_none());
    warns(&mut cluster, "new", 1);
    let warned = look(&quiet, &cluster, 30);
    assert_eq!(said(&warned), "degraded after success: Unhealthy: Liveness probe failed: 503");
    restarts(&mut cluster, 1, "Error");
    assert_eq!(rank(&look(&warned, &cluster, 40).trouble.unwrap()), 2, "the worst is what is told");
}

#[test]
fn what_somebody_deploys_afterwards_is_not_blamed_on_it() {
    let mut cluster = succeeded();
    let after = begun(&cluster);
    cluster.deployment("auth", "r/auth:v3", 2, |workload| workload.template = template("r/auth:v3"));
    restarts(&mut cluster, 4, "Error");
    let superseded = look(&after, &cluster, 10);
    assert!(superseded.over && superseded.trouble.is_none());
}

#[test]
fn old_pods_that_still_end_are_counted_until_the_last_is_gone_also_when_the_watch_is_over() {
    let mut cluster = succeeded();
    cluster.replica_set("auth", OLD, 0);
    cluster.pod("auth", OLD, 0, |pod| pod.meta.deleting = Some(later(300)));
    let after = look(&begun(&cluster), &cluster, 200);
    assert!(after.over && after.goes_on() && after.draining == 1);
    assert!(!after.gone().goes_on());
}
