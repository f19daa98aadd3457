//! What happened lately, newest first: rollouts that the clusters show, and everything that the history keeps of shipdeck,
//! whoever did it: runs, locks, overrides and clean-ups.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::model::{Model, RunsPage};
use super::screens::runs::{Row, Standing, rows};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::run::known;
use crate::domain::verdict::State;

/// Older news are history.
const LATELY: SignedDuration = SignedDuration::from_hours(48);

/// What rolled out so close to a write is of that write.
const SLACK: SignedDuration = SignedDuration::from_secs(5);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    pub at: Timestamp,
    pub mark: Mark,
    /// What: `auth v812`, `deploy of checkout to staging`.
    pub what: String,
    /// Where; of a run how far: `2 of 3`.
    pub place: String,
    /// Who, where that is known.
    pub by: Option<String>,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Of what rolled out.
    Rollout(State),
    /// Of what shipdeck did.
    Deed(Standing),
}

/// Everything of the last two days.
pub fn lately(model: &Model) -> Vec<Activity> {
    let now = model.session.now;
    let all = RunsPage { everything: true, ..RunsPage::default() };
    let deeds = rows(model, &all).into_iter().filter_map(of_row);
    let mut news: Vec<Activity> = rollouts(model, &written(model)).chain(deeds).collect();
    news.retain(|it| now.duration_since(it.at) < LATELY);
    news.sort_by(|a, b| (b.at, &a.what).cmp(&(a.at, &b.what)));
    news
}

/// Versions that began to roll out, whoever did it: a cluster does not say who, but it says what and when.
fn rollouts<'a>(model: &'a Model, written: &'a Written<'a>) -> impl Iterator<Item = Activity> + 'a {
    model.catalog.services.iter().flat_map(move |service| {
        model.catalog.environments.iter().filter_map(move |env| {
            let cell = model.board.cell(&service.name, &env.name)?;
            let at = cell.changed?;
            let mut writes = written.get(&(&env.name, &service.name)).into_iter().flatten();
            // A cluster tells whole seconds, by a clock of its own.
            if writes.any(|write| at.duration_since(*write).abs() <= SLACK) {
                return None;
            }
            let what = format!("{} {}", service.name, cell.version.as_deref()?);
            let mark = Mark::Rollout(cell.verdict.state);
            Some(Activity { at, mark, what, place: env.name.to_string(), by: None })
        })
    })
}

/// When runs wrote what: of that they tell themselves.
type Written<'a> = BTreeMap<(&'a EnvId, &'a ServiceId), Vec<Timestamp>>;

fn written(model: &Model) -> Written<'_> {
    let mut written = Written::new();
    for env in &model.catalog.environments {
        for step in known(&model.runs, &model.world, &env.name).flat_map(|run| &run.steps) {
            written.entry((&env.name, &step.service)).or_default().extend(step.started);
        }
    }
    written
}

fn of_row(row: Row) -> Option<Activity> {
    let place = match row.done {
        (_, 0) => String::new(),
        (done, all) => format!("{done} of {all}"),
    };
    let by = Some(row.by).filter(|by| !by.is_empty());
    Some(Activity { at: row.started?, mark: Mark::Deed(row.standing), what: row.name, place, by })
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
        assert_eq!((news[0].what.as_str(), news[0].mark), ("deploy of auth to staging", Mark::Deed(Standing::Running)));
        assert!(news.iter().any(|it| it.what == "cart v2" && it.place == "staging"), "{news:?}");
        cockpit.now += SignedDuration::from_hours(72);
        cockpit.wait(1);
        assert!(lately(&cockpit.model).iter().all(|it| !it.what.starts_with("cart")), "old news are history");
    }
}
