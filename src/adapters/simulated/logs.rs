//! What simulated containers write.

use jiff::{SignedDuration, Timestamp};

use super::pods::Behaviour;
use super::world::Dice;
use crate::ports::cluster::LogLine;

const QUIET: [&str; 8] = [
    "INFO  GET /health 200 0ms",
    "INFO  GET /basket 200 8ms",
    "INFO  PUT /basket/items 201 14ms",
    "{\"level\":\"info\",\"msg\":\"request\",\"path\":\"/v2/items\",\"status\":200,\"ms\":11}",
    "INFO  cache refreshed, 412 entries",
    "WARN  feature flags: using cached copy, 41s old",
    "INFO  GET /basket/items 200 11ms",
    "{\"level\":\"warn\",\"msg\":\"slow query\",\"table\":\"orders\",\"ms\":842}",
];

/// Seconds from one line to the next, and the lines: the nth line of a container that started then.
pub(super) fn line(name: &str, version: &str, behaviour: Behaviour, started: Timestamp, number: u64) -> LogLine {
    let at = |seconds: i64, text: String| LogLine {
        time: Some(started + SignedDuration::from_secs(seconds)),
        text,
        cut: false,
    };
    if matches!(behaviour, Behaviour::Crash | Behaviour::OutOfMemory) {
        let lines = [
            format!("INFO  {name} {version} starting"),
            "WARN  feature flags: using cached copy, 64s old".to_owned(),
            "ERROR CART_URL must be set, see deploy/values.yaml".to_owned(),
            "ERROR thread 'main' panicked at src/boot.rs:41:9".to_owned(),
            format!("   2: {}::boot::config at src/boot.rs:41", name.replace('-', "_")),
            format!("   3: {}::main at src/main.rs:12", name.replace('-', "_")),
        ];
        let (round, step) = (number / lines.len() as u64, (number % lines.len() as u64) as usize);
        return at(2 + 20 * round as i64, lines[step].clone());
    }
    match number {
        0 => at(1, format!("INFO  {name} {version} starting")),
        1 => at(2, "INFO  listening on 0.0.0.0:8080".to_owned()),
        number => {
            let mut dice = Dice::new(number.wrapping_add(name.len() as u64 * 7_919));
            dice.below(2);
            let text = QUIET[dice.below(QUIET.len() as u64) as usize];
            at(2 + 3 * number as i64, text.to_owned())
        }
    }
}

/// The number of the first line that is not older than this.
pub(super) fn first_after(behaviour: Behaviour, started: Timestamp, since: Timestamp) -> u64 {
    let seconds = since.duration_since(started).as_secs().max(0) as u64;
    match behaviour {
        Behaviour::Crash | Behaviour::OutOfMemory => seconds / 20 * 6,
        _ => seconds / 3,
    }
}
