//! Why an action cannot be done now, in the words of the person who wants it.

use super::model::{Model, Overlay, Page};
use super::screens::{again, cleanup, home, others, run};
use super::{facts, focus, rights};
use crate::actions::{Action, Danger, Scope};
use crate::domain::lock::held_words;
use crate::domain::rights::Need;
use crate::domain::run::{Run, RunState};
use crate::domain::world::{EnvWorld, Freshness};

/// Whether it can be done now.
///
/// # Errors
/// Why not.
pub fn available(action: Action, model: &Model) -> Result<(), String> {
    place(action, model, &focus::scopes(model))?;
    permitted(action, model)?;
    possible(action, model)
}

/// Whether it could be done if the box on top were closed: what palette, menu and help say.
///
/// # Errors
/// Why not.
pub fn available_below(action: Action, model: &Model) -> Result<(), String> {
    let scopes: Vec<Scope> = match &model.page {
        Some(Page::Run(_) | Page::Runs(_)) => vec![Scope::Run, Scope::Lists, Scope::Global],
        Some(Page::Cleanup(_)) => vec![Scope::Cleanup, Scope::Lists, Scope::Global],
        None => vec![Scope::Home, Scope::Logs, Scope::Lists, Scope::Global],
    };
    place(action, model, &scopes)?;
    permitted(action, model)?;
    possible(action, model)
}

fn place(action: Action, model: &Model, scopes: &[Scope]) -> Result<(), String> {
    let scope = action.spec().scope;
    // Keys of the log pane are offered everywhere on the home screen; only their keys need its focus.
    let logs = scope == Scope::Logs && model.page.is_none() && model.overlays.is_empty();
    let line = matches!(model.overlays.last(), Some(Overlay::Line(_) | Overlay::Commands { .. }));
    let copy = action == Action::Copy && (model.page.is_some() || line);
    let lent = matches!(model.page, Some(Page::Run(_))) && focus::LENT_TO_A_RUN.contains(&action);
    // What runs, what ran and what happened lead to each other.
    let runs = matches!(action, Action::ShowRun | Action::Runs | Action::History) && scopes.contains(&Scope::Run);
    if scopes.contains(&scope) || logs || copy || lent || runs {
        return Ok(());
    }
    Err(match scope {
        Scope::Home | Scope::Logs => "only on the home screen",
        Scope::Run => "only while a run is shown",
        Scope::Cleanup => "only while leftovers are shown",
        Scope::Plan => "only while a plan is shown",
        Scope::Form => "only while something is typed",
        Scope::Lists | Scope::Global => "not here",
    }
    .to_owned())
}

fn permitted(action: Action, model: &Model) -> Result<(), String> {
    let looks = action.spec().danger == Danger::Looks || matches!(action, Action::WriteConfig | Action::CleanUp);
    match &model.session.read_only {
        Some(why) if !looks => Err(format!("read-only: {why}")),
        _ => Ok(()),
    }
}

fn need(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}

fn possible(action: Action, model: &Model) -> Result<(), String> {
    use Action as A;
    match action {
        A::Deploy | A::RollBack => {
            need(model.home.env.is_some(), "no environment is selected")?;
            let chosen = facts::chosen(model);
            need(!chosen.is_empty(), "no service is selected")?;
            live(model)?;
            model.home.env.as_ref().map_or(Ok(()), |env| rights::may_change(model, env, &chosen))
        }
        A::Promote => promotable(model),
        A::CleanUp => need(model.home.env.is_some(), "no environment is selected"),
        A::Freeze => {
            need(model.home.env.is_some(), "no environment is selected")?;
            allowed(model, Need::Share)
        }
        A::Unlock => {
            let posted = model.home.env.as_ref().is_some_and(|env| super::locks::posted(model, env).next().is_some());
            need(posted, "nothing is locked or frozen here")?;
            allowed(model, Need::Share)
        }
        A::Details | A::Menu | A::Mark | A::Why => need(model.home.service.is_some(), "no service is selected"),
        A::MarkGroup => need(!model.catalog.groups.is_empty(), "the configuration has no groups"),
        A::Unmark | A::OnlyMarked => need(!model.home.marks.is_empty(), "nothing is marked"),
        A::ShowRun => {
            let any = !model.runs.is_empty() || super::screens::runs::newest_kept(model).is_some();
            need(any, "no run of shipdeck is kept here, and nobody deploys")
        }
        A::RunTakeUp
        | A::RunClear
        | A::RunsFilter
        | A::RunPause
        | A::RunRetry
        | A::RunRollBack
        | A::RunLeaveOut
        | A::RunAbort => of_run(action, model),
        A::PlanOnly | A::PlanHold | A::PlanWait | A::PlanEdit => of_plan(action, model),
        A::Copy => need(home::copied(model).is_some(), "there is nothing to copy here"),
        A::WriteConfig => match &model.session.written {
            Some(path) => Err(format!("{path} is written: start shipdeck again to use it")),
            None => need(model.catalog.discovered, "there is a configuration already"),
        },
        A::LogNext | A::LogPrevious => {
            let key = model.keymap.hint(A::LogSearch);
            need(!model.logs.search().is_empty(), &format!("nothing is searched for: {key} searches"))
        }
        A::LogSave | A::LogCopyAll => need(!model.logs.ring.is_empty(), "no line was received"),
        A::LogContainers | A::LogPreviousContainer | A::LogSince => {
            need(model.logs.target.is_some(), "no service is selected")
        }
        A::CleanupMark | A::CleanupMarkKind => {
            need(matches!(&model.page, Some(Page::Cleanup(page)) if page.selected.is_some()), "there are no leftovers")
        }
        A::CleanupDelete => deletable(model),
        A::KnownNext | A::KnownPrevious => {
            let form = matches!(model.overlays.last(), Some(Overlay::Versions(_)));
            need(form, "only while versions are chosen")
        }
        _ => Ok(()),
    }
}

/// What can be done about the run that is shown, or selected in the list.
fn of_run(action: Action, model: &Model) -> Result<(), String> {
    use Action as A;
    let run = || run::ours(model);
    if let Some(over) = again::subject(model).filter(|_| action == A::RunTakeUp) {
        return again::available(model, &over);
    }
    match action {
        A::RunTakeUp | A::RunClear | A::RunsFilter => others::available(action, model),
        A::RunPause | A::RunRetry | A::RunRollBack | A::RunLeaveOut | A::RunAbort if run().is_none() => {
            others::available(action, model)
        }
        A::RunPause | A::RunRetry | A::RunRollBack | A::RunLeaveOut | A::RunAbort
            if let Some(by) = run().and_then(Run::went_on_by) =>
        {
            let list = model.keymap.hint(A::Runs);
            Err(format!("{by} goes on with this run: {list} opens it as it is there"))
        }
        A::RunPause => {
            let over = run().is_none_or(|run| run.state.is_over());
            need(!over, "this run is over")?;
            need(run().is_some_and(|run| run.state != RunState::Halted), "this run holds because of a failure")
        }
        A::RunRetry => need(run().is_some_and(|run| run.state == RunState::Halted), "nothing has failed"),
        A::RunRollBack => {
            need(run().is_some_and(|run| crate::domain::run::inverse(run).is_some()), "this run has changed nothing")
        }
        A::RunLeaveOut => run::may_leave_out(model),
        A::RunAbort => need(run().is_some_and(|run| !run.state.is_over()), "this run is over"),
        _ => Ok(()),
    }
}

/// What can be changed of the plan that is shown.
fn of_plan(action: Action, model: &Model) -> Result<(), String> {
    use Action as A;
    let Some(Overlay::Plan(review)) = model.overlays.last() else { return need(false, "no plan is shown") };
    match action {
        A::PlanOnly => need(review.plan.steps().nth(1).is_some(), "it is the only one"),
        A::PlanHold => need(held_words(&review.plan).is_some(), "only a roll back holds what it takes back"),
        A::PlanWait => {
            let why = format!("nobody is in its way: {} runs it", model.keymap.hint(A::Enter));
            need(super::queue::is_wanted(model, &review.plan), &why)
        }
        A::PlanEdit => need(review.form.is_some(), "its versions were not typed"),
        _ => Ok(()),
    }
}

fn live(model: &Model) -> Result<(), String> {
    let Some(env) = &model.home.env else { return Err("no environment is selected".to_owned()) };
    match model.world.env(env).map(EnvWorld::freshness) {
        Some(Freshness::Live) => Ok(()),
        Some(Freshness::Denied { fault, .. }) => Err(format!("{fault}. {}", fault.advice())),
        _ => Err(format!("what is known of {env} is not current")),
    }
}

fn promotable(model: &Model) -> Result<(), String> {
    live(model)?;
    let Some(env) = &model.home.env else { return Ok(()) };
    let why = format!("nothing comes after {env} in the order of promotion; set `after` in the configuration");
    need(model.catalog.downstream(env).next().is_some(), &why)?;
    one_is_enough(model.catalog.downstream(env).map(|it| rights::may_change_any(model, &it.name)))
}

/// The first refusal, where all of them are one.
fn one_is_enough(mut all: impl Iterator<Item = Result<(), String>>) -> Result<(), String> {
    let first = all.next().unwrap_or(Ok(()));
    if all.any(|it| it.is_ok()) { Ok(()) } else { first }
}

/// What is known of the rights in the selected environment.
fn allowed(model: &Model, need: Need) -> Result<(), String> {
    model.home.env.as_ref().map_or(Ok(()), |env| rights::refuse(model, env, need))
}

fn deletable(model: &Model) -> Result<(), String> {
    let Some(Page::Cleanup(page)) = &model.page else { return Ok(()) };
    let live = model.world.env(&page.env).is_some_and(|world| world.freshness().is_live());
    need(live, &format!("what is known of {} is not current", page.env))?;
    let chosen = cleanup::chosen(page);
    need(!chosen.is_empty(), "there are no leftovers")?;
    // Each of the others is told with its refusal.
    one_is_enough(chosen.iter().map(|it| rights::refuse(model, &page.env, cleanup::right(it))))
}
