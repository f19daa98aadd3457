//! A run that is over and not done, gone on with from its page or from a list: the plan of another run that tries again what
//! failed and begins what was not begun, shown before anything is written. `shipdeck resume` does the same without a screen.

use std::sync::Arc;

use super::others;
use crate::app::model::{Model, Page, RunOf, RunPage, RunRef, RunsPage};
use crate::app::others::{Life, find};
use crate::app::overlays::plan;
use crate::app::{journal, rights, runs};
use crate::domain::ids::{EnvId, RunId};
use crate::domain::run::{Run, RunState};
use crate::domain::verdict::State;

/// A run that is over, and what the cluster keeps it under, where it does.
pub struct Over {
    pub run: Run,
    pub key: Option<Arc<str>>,
}

/// The run that is meant, shown or selected in a list, where it is over.
pub fn subject(model: &Model) -> Option<Over> {
    match &model.page {
        Some(
            Page::Run(RunPage { of: RunOf::Ours(id), .. })
            | Page::Runs(RunsPage { selected: Some(RunRef::Ours(id)), .. }),
        ) => ours(model, *id),
        Some(Page::Run(RunPage { of: RunOf::Theirs(it), .. })) => theirs(model, &it.env, &it.key),
        Some(Page::Runs(RunsPage { selected: Some(RunRef::Theirs { env, key }), .. })) => theirs(model, env, key),
        _ => None,
    }
}

fn ours(model: &Model, id: RunId) -> Option<Over> {
    // Whoever took it over goes on with it.
    let run = model.run(id).filter(|run| run.state.is_over() && run.went_on_by().is_none())?;
    let kept = model.session.kept.get(&id).filter(|kept| kept.without.is_none());
    Some(Over { run: run.clone(), key: kept.map(|kept| Arc::clone(&kept.key)) })
}

fn theirs(model: &Model, env: &EnvId, key: &str) -> Option<Over> {
    let other = find(model, env, key).filter(|other| other.life == Life::Over)?;
    Some(Over { run: other.run(), key: Some(Arc::clone(&other.entry.key)) })
}

/// Whether there is anything to go on with, and nothing in its way.
///
/// # Errors
/// Why not.
pub fn available(model: &Model, over: &Over) -> Result<(), String> {
    let run = &over.run;
    if run.state == RunState::Succeeded {
        return Err("all of it is done".to_owned());
    }
    if let Some(without) = run.without().filter(|_| run.is_partial()) {
        return Err(format!("all of it is done without {without}"));
    }
    rights::may_change(model, &run.plan.env, run.plan.steps().map(|step| &step.service))?;
    others::unhindered(model, &run.plan.env)
}

/// Shows what is left to do of the run that is meant, or says why nobody can go on with it. One that is not over is taken up
/// as it is.
pub fn begin(model: &mut Model) {
    let Some(Over { run, key }) = subject(model) else { return others::ask_take_up(model) };
    let request = run.again(&model.world).map_err(|why| why.join("; "));
    let shown = request.and_then(|request| plan::go_on(model, request, (&run, key)));
    if let Err(why) = shown {
        let title = format!("the {} cannot be gone on with: {why}", runs::name(&run.plan));
        journal::notice(model, State::Blocked, title, "nothing has happened");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::ended_tests::beside_what_ended;
    use crate::app::model::{Overlay, PlanReview};
    use crate::app::run_tests::{failed, shows};
    use crate::app::testkit::Cockpit;

    fn review(cockpit: &Cockpit) -> &PlanReview {
        match cockpit.overlay() {
            Some(Overlay::Plan(review)) => review,
            other => panic!("a plan, not {other:?}: {}", cockpit.notice()),
        }
    }

    /// auth failed at v9 in a run of this session, which was left as it is.
    fn left() -> Cockpit {
        let mut cockpit = failed();
        cockpit.press("X<enter>");
        shows(&mut cockpit, "auth", "r/auth:v9", 3, false);
        cockpit
    }

    #[test]
    fn what_failed_and_was_left_is_planned_again_and_begins_only_when_that_plan_is_confirmed() {
        let mut cockpit = left();
        let before = cockpit.model.runs[0].clone();
        cockpit.press("t");
        let steps: Vec<_> = review(&cockpit).plan.steps().map(|step| (step.service.as_str(), &*step.to)).collect();
        assert_eq!(steps, [("auth", "r/auth:v9")]);
        assert_eq!((cockpit.model.runs.len(), &cockpit.model.runs[0]), (1, &before), "nothing has happened");
        let key = cockpit.model.session.kept[&before.id].key.clone();
        cockpit.press("<enter>");
        let run = &cockpit.model.runs[1];
        assert_eq!((run.follows.as_ref(), run.plan.steps().count()), (Some(&key), 1));
    }

    #[test]
    fn so_is_a_run_of_somebody_else_from_its_page_and_from_the_history() {
        for keys in ["Rt", "Ht", "Lt"] {
            let mut cockpit = beside_what_ended();
            cockpit.press(keys);
            assert_eq!(review(&cockpit).plan.title, "auth", "{keys}");
            cockpit.press("<enter>");
            assert_eq!(cockpit.model.runs[0].follows.as_deref(), Some("01bob"), "{keys}: {}", cockpit.notice());
        }
    }

    #[test]
    fn what_others_have_changed_since_is_not_undone() {
        let mut cockpit = left();
        shows(&mut cockpit, "auth", "r/auth:v10", 4, true);
        cockpit.press("t");
        let why = "auth is set to v10 by now, and not by this run";
        assert_eq!(cockpit.notice(), format!("the deploy of auth to staging cannot be gone on with: {why}"));
        assert!(cockpit.overlay().is_none());
    }

    #[test]
    fn what_is_done_needs_nobody_to_go_on_with_it() {
        let mut cockpit = left();
        cockpit.model.runs[0].state = RunState::Succeeded;
        assert_eq!(cockpit.press("t").notice(), "take over: all of it is done");
    }
}
