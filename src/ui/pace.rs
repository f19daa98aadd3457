//! How long things take, in words: of a plan, of a run as a whole and of each of its steps.

use jiff::{SignedDuration, Timestamp};

use super::format;
use crate::domain::plan::Plan;
use crate::domain::run::{Pace, Run, RunState};

/// By less than this the seldom slow is not worth a word.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// `about 1m 20s, seldom more than 2m 10s`; none: not known of every step.
pub(crate) fn of_plan(plan: &Plan) -> Option<String> {
    let usual = plan.estimate()?;
    let seldom = plan.p90().filter(|p90| *p90 >= usual + MARGIN);
    let seldom = seldom.map(|p90| format!(", seldom more than {}", format::span(p90))).unwrap_or_default();
    Some(format!("{}{seldom}", about(usual)))
}

/// `about 35s`
pub(super) fn about(usual: SignedDuration) -> String {
    format!("about {}", format::span(usual))
}

/// `26s of about 1m 20s, waited 4m`: how long it has been going, how long it will, and how long people kept it from it;
/// beyond that nothing is said of the end.
pub(crate) fn of_run(run: &Run, now: Timestamp) -> String {
    let (elapsed, waited) = (run.elapsed(now), run.waited(now));
    let took = format::span(elapsed);
    let goes = matches!(run.state, RunState::Running | RunState::Pausing);
    let whole = run.plan.estimate().filter(|whole| goes && *whole >= elapsed);
    let whole = whole.map(|whole| format!(" of {}", about(whole))).unwrap_or_default();
    let waited = Some(waited).filter(|waited| *waited >= MARGIN);
    let waited = waited.map(|waited| format!(", waited {}", format::span(waited))).unwrap_or_default();
    format!("{took}{whole}{waited}")
}

/// `about 20s left`, `slower than usual (8s)`
pub(crate) fn of_step(pace: Pace) -> String {
    match pace {
        Pace::Left(left) => self::left(left),
        Pace::Slow { usual } => format!("slower than usual ({})", format::span(usual)),
    }
}

/// `about 20s left`: in steps of five seconds, for it is not known better than that, and never more than there is.
pub(super) fn left(left: SignedDuration) -> String {
    let seconds = left.as_secs().max(1);
    let told = if seconds < 10 { seconds } else { seconds / 5 * 5 };
    format!("{} left", about(SignedDuration::from_secs(told)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_left_than_was_said_to_be_needed() {
        let told = |millis| left(SignedDuration::from_millis(millis));
        let all = [300, 1_900, 9_000, 12_000, 14_900, 19_000, 20_000, 71_000].map(told);
        let wanted = ["1s", "1s", "9s", "10s", "10s", "15s", "20s", "1m 10s"].map(|it| format!("about {it} left"));
        assert_eq!(all, wanted);
    }
}
