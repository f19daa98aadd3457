//! The watch loop against an API server that does everything wrong that one can. Time is stopped: an hour takes none.

use std::sync::{Arc, Mutex};

use super::super::KubernetesCluster;
use super::super::scripted::{self, After, Answer, Asked, failed, lines, ok};
use super::*;
use crate::domain::ids::EnvId;
use crate::ports::cluster::Cluster;

/// What is told of Jobs, and every request for them.
struct Session {
    told: Vec<String>,
    asked: Vec<Asked>,
}

impl Session {
    fn words(&self) -> Vec<&str> {
        self.told.iter().map(String::as_str).collect()
    }

    /// The pause before a request, counted from the first.
    fn pause(&self, request: usize) -> Duration {
        self.asked[request].at - self.asked[request - 1].at
    }

    /// From where each watch went on.
    fn versions(&self) -> Vec<&str> {
        let watches = self.asked.iter().filter(|asked| asked.watches());
        watches.map(|asked| asked.query.rsplit('=').next().unwrap()).collect()
    }
}

/// Watches for so many seconds a cluster that answers requests for Jobs by the script and has nothing else.
async fn watched(seconds: u64, script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Session {
    let jobs = |asked: &Asked| asked.path.ends_with("/jobs");
    let (cluster, log) = scripted::cluster(move |asked| jobs(asked).then(|| script(asked)));
    let told = told(&cluster, seconds).await;
    let asked = log.lock().unwrap().iter().filter(|asked| jobs(asked)).cloned().collect();
    Session { told, asked }
}

async fn told(cluster: &KubernetesCluster, seconds: u64) -> Vec<String> {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let into = Arc::clone(&seen);
    let sink: ChangeSink = Arc::new(move |_, change| {
        let word = match change {
            Change::ListStarted(Kind::Job) => Some("started".to_owned()),
            Change::Upsert(object) if object.kind() == Kind::Job => Some(object.meta().name.to_string()),
            Change::Listed(Kind::Job) => Some("listed".to_owned()),
            Change::Delete { kind: Kind::Job, name, .. } => Some(format!("-{name}")),
            Change::Alive(Kind::Job) => Some("alive".to_owned()),
            Change::Lost(Kind::Job, fault) => Some(format!("lost: {}: {fault}", fault.kind)),
            _ => None,
        };
        into.lock().unwrap().extend(word);
        Box::pin(async { true })
    });
    let scope = Scope { env: EnvId::new("prod"), namespace: "shop".into() };
    let _ = tokio::time::timeout(Duration::from_secs(seconds), cluster.watch(scope, sink)).await;
    let seen = seen.lock().unwrap();
    seen.clone()
}

fn page(version: u32, next: &str, name: &str) -> Answer {
    ok(format!(
        r#"{{"metadata":{{"resourceVersion":"{version}","continue":"{next}"}},"items":[{{"metadata":{{"name":"{name}"}}}}]}}"#
    ))
}

fn event(sort: &str, name: &str, version: u32) -> String {
    format!(r#"{{"type":"{sort}","object":{{"metadata":{{"name":"{name}","resourceVersion":"{version}"}}}}}}"#)
}

fn gone() -> Answer {
    lines(&[r#"{"type":"ERROR","object":{"code":410,"message":"too old"}}"#])
}

#[tokio::test(start_paused = true)]
async fn pages_are_told_as_they_come_and_the_watch_goes_on_from_the_list() {
    let session = watched(10, |asked| {
        if asked.watches() {
            lines(&[&event("ADDED", "c", 8), &event("DELETED", "a", 9), &event("BOOKMARK", "", 10)])
        } else if asked.query.contains("continue=") {
            page(7, "", "b")
        } else {
            page(7, "more/1", "a")
        }
    })
    .await;
    assert_eq!(session.words(), ["started", "a", "b", "listed", "c", "-a", "alive"]);
    assert!(session.asked[1].query.ends_with("continue=more%2F1"), "{:?}", session.asked);
    assert_eq!((session.versions(), session.asked.len()), (vec!["7"], 3));
}

#[tokio::test(start_paused = true)]
async fn the_first_page_is_told_before_the_next_one_is_answered() {
    let session = watched(9, |asked| match asked.number {
        1 => page(7, "more", "a"),
        _ => Answer::Silence,
    })
    .await;
    assert_eq!(session.words(), ["started", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_takes_longer_than_the_server_keeps_its_place_is_read_in_one_go() {
    let session = watched(10, |asked| match (asked.watches(), asked.query.contains("limit=")) {
        (true, _) => lines(&[]),
        (_, true) if asked.query.contains("continue=") => failed(410, "the provided continue parameter is too old"),
        (_, true) => page(7, "more", "a"),
        (_, false) => page(8, "", "b"),
    })
    .await;
    assert_eq!(session.words(), ["started", "a", "started", "b", "listed"]);
    assert_eq!(session.versions(), ["8"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_may_come_in_pieces_and_half_of_one_is_not_taken() {
    let whole = format!("{}\n", event("ADDED", "c", 8));
    let (first, second) = whole.split_at(20);
    let pieces = vec![first.to_owned(), second.to_owned(), event("DELETED", "c", 9)[..30].to_owned()];
    let session = watched(60, move |asked| match (asked.watches(), asked.number) {
        (false, _) => page(7, "", "a"),
        (_, 2) => Answer::Pieces(pieces.clone(), After::Broken(5)),
        _ => lines(&[&event("DELETED", "c", 9)]),
    })
    .await;
    assert_eq!(session.words(), ["started", "a", "listed", "c", "-c"]);
    assert_eq!(session.versions(), ["7", "8"], "what was cut off is asked for again");
}

#[tokio::test(start_paused = true)]
async fn a_bookmark_is_where_the_next_watch_goes_on() {
    let session = watched(600, |asked| match (asked.watches(), asked.number) {
        (false, _) => page(7, "", "a"),
        (_, 2) => Answer::Pieces(vec![format!("{}\n", event("BOOKMARK", "", 90))], After::Closed(280)),
        _ => Answer::Pieces(Vec::new(), After::Open),
    })
    .await;
    assert_eq!(session.versions()[..2], ["7", "90"]);
    assert_eq!(session.words(), ["started", "a", "listed", "alive"], "an end in order is no loss");
}

#[tokio::test(start_paused = true)]
async fn a_history_that_is_gone_is_listed_again_at_once_and_is_no_loss() {
    for answer in [gone as fn() -> Answer, || failed(410, "too old")] {
        let session = watched(10, move |asked| match asked.number {
            2 => answer(),
            _ if asked.watches() => lines(&[]),
            _ => page(7, "", "a"),
        })
        .await;
        assert_eq!(session.words(), ["started", "a", "listed", "started", "a", "listed"]);
        assert!(session.pause(2) < Duration::from_millis(10));
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_that_is_gone_every_time_is_told_and_asked_for_ever_more_slowly() {
    let session = watched(120, |asked| if asked.watches() { gone() } else { page(7, "", "a") }).await;
    assert!(session.told.iter().any(|word| word.starts_with("lost: history gone")), "{:?}", session.told);
    assert!(session.asked.len() < 60, "{} requests in two minutes", session.asked.len());
}

#[tokio::test(start_paused = true)]
async fn a_history_that_went_with_an_outage_is_listed_again_at_once() {
    let session = watched(6, |asked| match asked.number {
        1 => page(7, "", "a"),
        2..=4 => failed(503, ""),
        5 => gone(),
        _ if asked.watches() => lines(&[]),
        _ => page(9, "", "b"),
    })
    .await;
    assert!(session.pause(5) < Duration::from_millis(10), "{:?}", session.asked);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_no_json_is_told_without_quoting_it_and_all_is_listed_again() {
    let session = watched(30, |asked| match asked.number {
        1 => page(7, "", "a"),
        2 => lines(&[&event("ADDED", "c", 8), r#"{"type":"ADDED","object":{"password":s3cret"#]),
        3 => page(9, "", "b"),
        _ => lines(&[]),
    })
    .await;
    let lost = "lost: error: cannot watch jobs in shop: the answer cannot be read (line 1, column 40)";
    assert_eq!(session.words()[..4], ["started", "a", "listed", "c"]);
    assert!(session.told[4].starts_with(&lost[..60]) && !session.told[4].contains("s3cret"), "{}", session.told[4]);
    assert_eq!(session.words()[5..], ["started", "b", "listed"]);
}

#[test]
fn an_object_of_which_nearly_everything_is_missing_is_taken() {
    for kind in Kind::ALL {
        for object in ["{}", r#"{"metadata":{"name":"x"},"spec":{},"status":{}}"#] {
            let line = format!(r#"{{"type":"ADDED","object":{object}}}"#);
            assert!(map::line(kind, line.as_bytes()).is_ok(), "{kind:?} {object}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ten_seconds_without_a_word_are_told() {
    let session = watched(12, |_| Answer::Silence).await;
    assert_eq!(session.words(), ["lost: offline: cannot list jobs in shop: no answer within 10 s"]);
    assert!(session.asked.len() > 1, "and it is asked again");
}

#[tokio::test(start_paused = true)]
async fn a_frozen_server_is_noticed_within_seconds_while_somebody_looks_and_the_watch_then_goes_on() {
    let start = Instant::now();
    // From the first probe on it says nothing for a minute.
    let (cluster, log) = scripted::cluster(move |asked| {
        let frozen = (3..60).contains(&start.elapsed().as_secs());
        match () {
            () if frozen => Some(Answer::Silence),
            () if asked.path.ends_with("/jobs") && !asked.watches() => Some(page(7, "", "a")),
            () => None,
        }
    });
    cluster.attend(true);
    let told = told(&cluster, 80).await;
    assert_eq!(told, ["started", "a", "listed", "lost: offline: no answer from test, nothing heard for 8 s", "alive"]);
    let log = log.lock().unwrap();
    let frozen = log
        .iter()
        .filter(|asked| asked.at - start > Duration::from_secs(9) && asked.at - start < Duration::from_secs(59));
    assert!(
        frozen.clone().count() > 5 && frozen.clone().all(|asked| asked.path == "/readyz"),
        "only the probe asks meanwhile"
    );
}

#[tokio::test(start_paused = true)]
async fn one_watch_that_stays_dead_while_the_server_is_well_is_begun_anew() {
    let session = watched(200, |asked| match (asked.watches(), asked.number) {
        (false, _) => page(7, "", "a"),
        (_, 2) => lines(&[&event("ADDED", "c", 8)]),
        _ => lines(&[&event("ADDED", "d", 9)]),
    })
    .await;
    assert_eq!(session.words(), ["started", "a", "listed", "c", "d"]);
    assert_eq!(session.versions(), ["7", "8"]);
    assert_eq!(session.pause(2), SILENT_WATCH);
}

#[tokio::test(start_paused = true)]
async fn a_broken_server_is_asked_ever_more_slowly_and_heard_again_by_itself() {
    let session = watched(300, |asked| match asked.number {
        1..=8 => failed(500, "etcdserver: leader changed"),
        _ if asked.watches() => lines(&[]),
        _ => page(7, "", "a"),
    })
    .await;
    let (losses, then) = session.told.split_at(8);
    let lost = "lost: busy: cannot list jobs in shop, the API server failed (500): etcdserver: leader changed";
    assert!(losses.iter().all(|word| word == lost), "{losses:?}");
    assert_eq!(then, ["started", "a", "listed"]);
    assert!(session.pause(1) <= SHORTEST_WAIT && session.pause(8) >= LONGEST_WAIT / 2, "{:?}", session.asked);
    assert!((1..9).all(|request| session.pause(request) <= LONGEST_WAIT));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_a_pause_gets_it_within_reason_and_people_are_told() {
    let session = watched(150, |asked| match asked.number {
        1 => Answer::Whole(429, Some(40), String::new()),
        _ => Answer::Whole(429, Some(3 * 3_600), String::new()),
    })
    .await;
    assert_eq!(session.pause(1), Duration::from_secs(40));
    let busy = "lost: busy: cannot list jobs in shop now, the API server is busy (429); it asks for a pause of";
    assert_eq!(session.words(), [format!("{busy} 40 s"), format!("{busy} 3 h")]);
    let longer = watched(400, |_| Answer::Whole(503, Some(3 * 3_600), String::new())).await;
    assert_eq!(longer.pause(1), LONGEST_OBEYED);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_made_anew_and_a_missing_right_is_asked_for_once_a_minute() {
    let session = watched(30, |asked| match asked.number {
        1 => failed(401, "Unauthorized"),
        _ if asked.watches() => lines(&[]),
        _ => page(7, "", "a"),
    })
    .await;
    let lost = "lost: not logged in: cannot list jobs in shop: the credentials are not accepted (401)";
    assert_eq!(session.words(), [lost, "started", "a", "listed"]);
    let forbidden = "jobs.batch is forbidden: User \"ann\" cannot list resource \"jobs\" in API group \"batch\" in the \
                     namespace \"shop\"";
    let session = watched(50, move |_| failed(403, forbidden)).await;
    assert_eq!(session.words(), ["lost: forbidden: ann: no right to list jobs in namespace shop"]);
    assert_eq!(session.asked.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_in_mid_session_are_made_anew_without_a_word() {
    let session = watched(60, |asked| match (asked.watches(), asked.number) {
        (false, _) => page(7, "", "a"),
        (_, 2) => Answer::Pieces(Vec::new(), After::Closed(20)),
        (_, 3) => failed(401, "Unauthorized"),
        _ => lines(&[&event("ADDED", "c", 8)]),
    })
    .await;
    assert_eq!(session.words(), ["started", "a", "listed", "c"]);
}
