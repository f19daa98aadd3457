//! What simulated containers write: line by line, a function of the run and the line's number.

use jiff::{SignedDuration, Timestamp};

use super::pods::{Behaviour, Run};
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

/// Seconds between two lines of a service.
const PACE: i64 = 3;

/// The lines of one run.
pub(super) struct Script {
    name: String,
    run: Run,
    /// A service goes on and on.
    serves: bool,
    /// What it writes first.
    opening: Vec<String>,
    /// Its last words.
    closing: Option<String>,
}

impl Script {
    pub(super) fn of(name: &str, version: &str, behaviour: Behaviour, run: Run) -> Self {
        let crashes = matches!(behaviour, Behaviour::Crash | Behaviour::OutOfMemory);
        let module = name.replace('-', "_");
        let starting = format!("INFO  {name} {version} starting");
        let opening = if crashes {
            vec![
                starting,
                "WARN  feature flags: using cached copy, 64s old".to_owned(),
                "ERROR CART_URL must be set, see deploy/values.yaml".to_owned(),
                "ERROR thread 'main' panicked at src/boot.rs:41:9".to_owned(),
                format!("   2: {module}::boot::config at src/boot.rs:41"),
                format!("   3: {module}::main at src/main.rs:12"),
            ]
        } else {
            vec![starting, "INFO  listening on 0.0.0.0:8080".to_owned()]
        };
        let closing = (behaviour == Behaviour::Dies).then(|| "ERROR lost the database: connection closed".to_owned());
        Self { name: name.to_owned(), run, serves: !crashes, opening, closing }
    }

    /// What a container that did one thing has written.
    pub(super) fn done(at: Timestamp, exit_code: i32) -> Self {
        let last = if exit_code == 0 { "INFO  done".to_owned() } else { format!("ERROR ended with {exit_code}") };
        let start = at - SignedDuration::from_secs(2);
        let opening = vec!["INFO  starting".to_owned(), last];
        Self { name: String::new(), run: Run { start, end: Some(at) }, serves: false, opening, closing: None }
    }

    /// Whether it writes nothing more.
    pub(super) fn ended(&self, now: Timestamp) -> bool {
        self.run.end.is_some_and(|end| end <= now)
    }

    /// When the line with this number is written; one that never will be is as late as can be.
    pub(super) fn at(&self, number: u64) -> Timestamp {
        let opening = self.opening.len() as u64;
        let Some(later) = number.checked_sub(opening) else {
            return self.run.start + SignedDuration::from_secs(1) + SignedDuration::from_millis(7 * number as i64);
        };
        let served = self.run.start + SignedDuration::from_secs(1 + PACE * (1 + later as i64));
        match self.run.end {
            _ if !self.serves => Timestamp::MAX,
            Some(end) if served >= end => {
                let is_last = later == self.served_before(end);
                if is_last && self.closing.is_some() { end } else { Timestamp::MAX }
            }
            _ => served,
        }
    }

    /// How many lines after the opening come before this time.
    fn served_before(&self, time: Timestamp) -> u64 {
        let nanoseconds = time.duration_since(self.run.start + SignedDuration::from_secs(1)).as_nanos();
        let pace = i128::from(PACE) * 1_000_000_000;
        // The first comes when one pace is over.
        u64::try_from((nanoseconds - 1).div_euclid(pace)).unwrap_or_default()
    }

    /// How many lines are older than this.
    pub(super) fn count_before(&self, time: Timestamp) -> u64 {
        let opening = self.opening.len() as u64;
        let estimate = if self.serves { opening + self.served_before(time.min(self.last())) } else { 0 };
        let mut number = if self.at(opening) < time { estimate.max(opening) } else { 0 };
        while self.at(number) < time {
            number += 1;
        }
        number
    }

    fn last(&self) -> Timestamp {
        self.run.end.unwrap_or(Timestamp::MAX)
    }

    /// How many lines there are at this time.
    pub(super) fn count_until(&self, now: Timestamp) -> u64 {
        let mut number = self.count_before(now);
        while self.at(number) <= now {
            number += 1;
        }
        number
    }

    pub(super) fn line(&self, number: u64) -> LogLine {
        let opening = self.opening.get(number as usize);
        let time = self.at(number);
        let closing = self.closing.as_ref().filter(|_| opening.is_none() && self.run.end == Some(time));
        let text = opening.or(closing).cloned().unwrap_or_else(|| {
            let mut dice = Dice::new(number.wrapping_add(self.name.len() as u64 * 7_919));
            dice.below(2);
            QUIET[dice.below(QUIET.len() as u64) as usize].to_owned()
        });
        LogLine { time: Some(time), text, cut: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::later;

    #[test]
    fn lines_are_counted_as_they_are_written() {
        let open = Run { start: later(0), end: None };
        let closed = Run { start: later(0), end: Some(later(14)) };
        for (behaviour, run) in
            [(Behaviour::Fine, open), (Behaviour::Fine, closed), (Behaviour::Dies, closed), (Behaviour::Crash, closed)]
        {
            let script = Script::of("auth", "v1", behaviour, run);
            for seconds in 0..30 {
                for millis in [0, 3, 500] {
                    let time = later(seconds) + SignedDuration::from_millis(millis);
                    let times: Vec<Timestamp> = (0..40).map(|number| script.at(number)).collect();
                    assert!(times.is_sorted(), "{behaviour:?} {times:?}");
                    let count =
                        |wanted: &dyn Fn(&Timestamp) -> bool| times.iter().filter(|it| wanted(it)).count() as u64;
                    assert_eq!(script.count_before(time), count(&|it| *it < time), "{behaviour:?} {seconds} {millis}");
                    assert_eq!(script.count_until(time), count(&|it| *it <= time), "{behaviour:?} {seconds} {millis}");
                }
            }
        }
    }
}
