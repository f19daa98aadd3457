//! Streams, as pods and containers come and go.

use super::follow::{STREAMS, containers, event, sync};
use super::pane::{LogPane, ReadBack};
use crate::app::effect::Effect;
use crate::app::msg::LogEvent;
use crate::domain::catalog::Catalog;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::{TestWorld, catalog, later};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::observed::{ContainerState, ContainerStatus, Terminated};
use crate::ports::cluster::{LogLine, LogRequest};

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
    let effects = sync(&mut pane, &catalog, &world.world);
    (pane, catalog, world, effects)
}

fn marks(pane: &LogPane) -> Vec<String> {
    pane.ring.iter().filter(|(_, entry)| entry.kind.is_mark()).map(|(_, entry)| entry.text.to_string()).collect()
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
    assert!(sync(&mut pane, &catalog, &world.world).is_empty());
}

#[test]
fn a_time_and_a_number_of_lines_hold_together() {
    let (mut pane, catalog, world, _) = start(1);
    pane.turn_to(Some((EnvId::new("staging"), ServiceId::new("auth"))));
    pane.read_back = ReadBack::Both { seconds: 600, lines: 20 };
    let effects = sync(&mut pane, &catalog, &world.world);
    let opened = requests(&effects);
    assert_eq!((opened[0].0.tail, opened[0].0.since), (Some(20), Some(std::time::Duration::from_mins(10))));
}

#[test]
fn end_of_file_of_a_running_container_opens_the_stream_again_later_and_later() {
    let (mut pane, catalog, world, _) = start(1);
    let line = LogLine { time: Some(later(3)), text: "up".to_owned(), cut: false };
    event(&mut pane, (&catalog, &world.world), 1, LogEvent::Lines(vec![line.clone()]), later(3));
    let mut delays = Vec::new();
    for _ in 0..7 {
        let effects = event(&mut pane, (&catalog, &world.world), 1, LogEvent::Ended, later(4));
        let opened = requests(&effects);
        assert_eq!((opened.len(), opened[0].0.since_time, opened[0].0.tail), (1, Some(later(3)), None));
        delays.push(opened[0].1);
        event(&mut pane, (&catalog, &world.world), 1, LogEvent::Lines(vec![line.clone()]), later(3));
    }
    assert_eq!(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    assert_eq!(pane.ring.iter().filter(|(_, entry)| !entry.kind.is_mark()).count(), 1);
}

#[test]
fn a_crash_is_told_and_the_next_start_is_followed() {
    let (mut pane, catalog, mut world, _) = start(1);
    let waiting = ContainerState::Waiting {
        reason: "CrashLoopBackOff".into(),
        message: "back-off 10s restarting failed container".into(),
    };
    world.pod("auth", IMAGE, 0, |pod| {
        pod.containers[0].state = waiting;
        pod.containers[0].last = Some(crashed(101));
    });
    assert!(event(&mut pane, (&catalog, &world.world), 1, LogEvent::Ended, later(4)).is_empty());
    assert!(sync(&mut pane, &catalog, &world.world).is_empty());
    world.pod("auth", IMAGE, 0, |pod| {
        pod.containers[0].restarts = 1;
        pod.containers[0].last = Some(crashed(101));
    });
    let effects = sync(&mut pane, &catalog, &world.world);
    assert_eq!(requests(&effects).len(), 1);
    assert_eq!(marks(&pane), ["joined · 1", "exited 101 · restart 1 in 10s"]);
    // A restart that nobody saw coming.
    world.pod("auth", IMAGE, 0, |pod| {
        pod.containers[0].restarts = 2;
        pod.containers[0].last = Some(crashed(3));
    });
    sync(&mut pane, &catalog, &world.world);
    assert_eq!(marks(&pane)[2..], ["exited 3", "restart 2"]);
}

#[test]
fn why_it_died_is_told_by_the_lines_of_its_last_start_alone() {
    let (mut pane, catalog, mut world, _) = start(1);
    let mut second = 10;
    for restarts in 0..3 {
        let line = |second, text: String| LogLine { time: Some(later(second)), text, cut: false };
        let lines = vec![line(second, format!("start {restarts}")), line(second + 1, "no database".to_owned())];
        event(&mut pane, (&catalog, &world.world), 1, LogEvent::Lines(lines), later(second + 1));
        world.pod("auth", IMAGE, 0, |pod| {
            pod.containers[0].restarts = restarts + 1;
            pod.containers[0].last = Some(Terminated { finished: Some(later(second + 2)), ..crashed(101) });
        });
        sync(&mut pane, &catalog, &world.world);
        second += 10;
    }
    let pod = pane.source(pane.ring.iter().last().unwrap().1.source).unwrap().pod.clone();
    assert_eq!(pane.last_lines(&pod, true, 6), ["start 2", "no database"]);
    assert_eq!(pane.last_lines(&pod, true, 1), ["no database"]);
    assert_eq!(pane.last_lines(&pod, false, 3), ["no database", "start 2", "no database"]);
}

#[test]
fn one_that_crashed_before_it_was_looked_at_is_told_with_its_end() {
    let (_, catalog, mut world, _) = start(1);
    world.pod("auth", IMAGE, 0, |pod| {
        pod.containers[0].restarts = 2;
        pod.containers[0].last = Some(crashed(101));
    });
    let mut pane = LogPane::default();
    pane.turn_to(Some((EnvId::new("staging"), ServiceId::new("auth"))));
    sync(&mut pane, &catalog, &world.world);
    let told = marks(&pane);
    assert!(told.iter().any(|mark| mark == "exited 101"), "{told:?}");
    assert_eq!(told.len(), 2, "once: {told:?}");
}

fn container(name: &str, init: bool, state: ContainerState) -> ContainerStatus {
    ContainerStatus {
        name: name.into(),
        image: "r/side:1".into(),
        digest: None,
        init,
        memory: None,
        ready: false,
        restarts: 0,
        state,
        last: None,
    }
}

fn followed(effects: &[Effect]) -> Vec<String> {
    requests(effects).iter().map(|(request, _)| request.container.to_string()).collect()
}

#[test]
fn an_init_container_is_followed_while_it_keeps_the_pod_waiting() {
    let ended = |code| ContainerState::Terminated(crashed(code));
    for (code, wanted) in [(0, vec!["auth", "proxy"]), (1, vec!["auth", "proxy", "migrate"])] {
        let mut world = TestWorld::new("staging");
        world.rolled_out("auth", IMAGE, 1);
        world.pod("auth", IMAGE, 0, |pod| {
            pod.containers.push(container("proxy", false, ContainerState::Running { since: None }));
            pod.containers.push(container("migrate", true, ended(code)));
        });
        let catalog = catalog(&[("auth", &[])]);
        let mut pane = LogPane::default();
        pane.turn_to(Some((EnvId::new("staging"), ServiceId::new("auth"))));
        assert_eq!(followed(&sync(&mut pane, &catalog, &world.world)), wanted);
        assert_eq!(pane.container_columns(), if code == 0 { 5 } else { 7 });
        let names = containers(&pane, &catalog, &world.world);
        assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["auth", "proxy", "migrate"]);
        // One that is done is read when it is asked for.
        pane.turn_to(Some((EnvId::new("staging"), ServiceId::new("auth"))));
        pane.container = Some("migrate".into());
        assert_eq!(followed(&sync(&mut pane, &catalog, &world.world)), ["migrate"]);
    }
}

#[test]
fn a_log_that_could_not_be_read_is_tried_again_even_if_its_container_has_ended() {
    let (mut pane, catalog, mut world, _) = start(1);
    world.pod("auth", IMAGE, 0, |pod| pod.containers[0].state = ContainerState::Terminated(crashed(1)));
    for (kind, opened) in [(FaultKind::Unreachable, 1), (FaultKind::NotFound, 0)] {
        let failed = LogEvent::Failed(Fault::new(kind, "no"));
        assert_eq!(event(&mut pane, (&catalog, &world.world), 1, failed, later(9)).len(), opened);
    }
}

#[test]
fn a_stream_that_held_for_long_was_no_failure_when_it_ends() {
    let (mut pane, catalog, world, _) = start(1);
    for hour in 1..9 {
        event(&mut pane, (&catalog, &world.world), 1, LogEvent::Lines(Vec::new()), later(hour * 3_600));
        let effects = event(&mut pane, (&catalog, &world.world), 1, LogEvent::Ended, later(hour * 3_600 + 600));
        assert_eq!(requests(&effects)[0].1, 1_000);
    }
}

#[test]
fn pods_of_an_old_version_are_known_as_such() {
    let (mut pane, catalog, mut world, _) = start(1);
    world.deployment("auth", "r/auth:2", 1, |_| {});
    sync(&mut pane, &catalog, &world.world);
    assert!(pane.source(0).unwrap().old);
}

#[test]
fn a_stream_is_closed_when_its_pod_is_gone() {
    let (mut pane, catalog, _, _) = start(1);
    let mut empty = TestWorld::new("staging");
    empty.deployment("auth", IMAGE, 1, |_| {});
    assert_eq!(sync(&mut pane, &catalog, &empty.world), [Effect::CloseLog { stream: 1 }]);
    assert_eq!(marks(&pane), ["joined · 1", "ended · the pod is gone"]);
}
