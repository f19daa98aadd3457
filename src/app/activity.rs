//! What happened lately, newest first: rollouts that the clusters show, and what was done in this session.

use jiff::{SignedDuration, Timestamp};

use super::model::Model;
use super::runs;
use crate::domain::run::{Run, RunState};
use crate::domain::verdict::State;

/// Older news are history.
const LATELY: SignedDuration = SignedDuration::from_hours(48);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    pub at: Timestamp,
    pub state: State,
    /// What: `auth v812`, `deploy of checkout to staging`.
    pub what: String,
    /// Where and by whom, as far as that is known.
    pub place: String,
}

/// Everything of the last two days.
pub fn lately(model: &Model) -> Vec<Activity> {
    let now = model.session.now;
    let mut news: Vec<Activity> = rollouts(model).chain(model.runs.iter().map(|run| of_run(model, run))).collect();
    news.retain(|it| now.duration_since(it.at) < LATELY);
    news.sort_by(|a, b| (b.at, &a.what).cmp(&(a.at, &b.what)));
    news
}

/// Versions that began to roll out, whoever did it: a cluster does not say who, but it says what and when.
fn rollouts(model: &Model) -> impl Iterator<Item = Activity> {
    model.catalog.services.iter().flat_map(move |service| {
        model.catalog.environments.iter().filter_map(move |env| {
            let cell = model.board.cell(&service.name, &env.name)?;
            let at = cell.changed?;
            let what = format!("{} {}", service.name, cell.version.as_deref()?);
            Some(Activity { at, state: cell.verdict.state, what, place: env.name.to_string() })
        })
    })
}

fn of_run(model: &Model, run: &Run) -> Activity {
    let state = match run.state {
        RunState::Acquiring => State::Queued,
        RunState::Running => State::Progressing,
        RunState::Pausing | RunState::Paused => State::Paused,
        RunState::Halted => State::Failed,
        RunState::Succeeded => State::Done,
        RunState::Ended => State::Superseded,
    };
    let by = if *run.by == *model.session.user { String::new() } else { format!(" · {}", run.by) };
    let place = format!("{} of {}{by}", run.succeeded(), run.steps.len());
    Activity { at: run.finished.unwrap_or(run.started), state, what: runs::name(&run.plan), place }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testkit::Cockpit;

    #[test]
    fn what_rolled_out_lately_and_what_was_done_here_is_told_newest_first() {
        let mut cockpit = Cockpit::demo();
        cockpit.press("dv9<enter><enter>");
        let news = lately(&cockpit.model);
        assert_eq!((news[0].what.as_str(), news[0].state), ("deploy of auth to staging", State::Progressing));
        assert!(news.iter().any(|it| it.what == "cart v2" && it.place == "staging"), "{news:?}");
        cockpit.now += SignedDuration::from_hours(72);
        cockpit.wait(1);
        assert!(lately(&cockpit.model).iter().all(|it| !it.what.starts_with("cart")), "old news are history");
    }
}
