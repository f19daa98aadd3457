//! Watching a run: hold, try again, put back, leave.

use crate::actions::Action;
use crate::app::effect::Effect;
use crate::app::model::{Answer, Confirm, Confirmed, Model, Overlay, Page, RunOf, RunPage};
use crate::app::overlays::plan::{open_way_back, way_back};
use crate::app::{input::LineInput, journal, runs};
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::run::{Hold, LeftOut, Run, RunEvent, RunState, StepRun, StepState};
use crate::domain::verdict::State;

/// The run whose page is open, of whomever.
pub fn shown(model: &Model) -> Option<&Run> {
    match &model.page {
        Some(Page::Run(RunPage { of: RunOf::Ours(id), .. })) => model.run(*id),
        Some(Page::Run(RunPage { of: RunOf::Theirs(theirs), .. })) => Some(&theirs.run),
        _ => None,
    }
}

/// The run whose page is open, where this session carries it out.
pub fn ours(model: &Model) -> Option<&Run> {
    match &model.page {
        Some(Page::Run(RunPage { of: RunOf::Ours(id), .. })) => model.run(*id),
        _ => None,
    }
}

/// Turns to the log of what went wrong in the run that is shown, so that its last lines are told there.
pub fn attend(model: &mut Model) {
    let failed = shown(model).and_then(|run| Some((run.plan.env.clone(), run.first_failure()?.service.clone())));
    if let Some((env, service)) = failed {
        runs::turn_to(model, env, service);
    }
}

/// The step of the page that is told of: the selected one, else one that went wrong.
pub fn told<'a>(run: &'a Run, page: &'a RunPage) -> Option<&'a ServiceId> {
    let degraded = || run.steps.iter().find(|step| step.degraded().is_some());
    page.selected.as_ref().or_else(|| run.first_failure().or_else(degraded).map(|step| &step.service))
}

/// Selects on the home screen what the page of a run tells of, else what moves in it; nothing where none is open.
pub fn turn(model: &mut Model) {
    let (Some(run), Some(Page::Run(page))) = (shown(model), &model.page) else { return };
    let moving = || run.steps.iter().find(|step| step.is_under_way());
    let service = told(run, page).or_else(|| moving().or(run.steps.first()).map(|step| &step.service)).cloned();
    let env = run.plan.env.clone();
    model.home.left = None;
    if let Some(service) = service {
        super::home::select(model, Some(service), Some(env));
    }
}

/// Holds after the active wave, or goes on.
pub fn pause(model: &mut Model) -> Vec<Effect> {
    let Some(run) = ours(model) else { return Vec::new() };
    let (id, event) = (run.id, if run.is_held() { RunEvent::Resume } else { RunEvent::Pause });
    runs::on(model, id, event)
}

/// Tries again what failed.
pub fn retry(model: &mut Model) -> Vec<Effect> {
    let Some(id) = ours(model).map(|run| run.id) else { return Vec::new() };
    runs::on(model, id, RunEvent::Retry)
}

/// Shows the plan that puts everything back; a run that is under way is aborted when that begins.
pub fn roll_back(model: &mut Model) -> Vec<Effect> {
    if ours(model).is_none() {
        return super::others::roll_back(model);
    }
    let undone = ours(model).and_then(|run| Some((run.id, way_back(run, &model.runs, &model.world)?)));
    let Some((undone, plan)) = undone else {
        journal::notice(model, State::Blocked, "this run has changed nothing, so there is nothing to put back", "");
        return Vec::new();
    };
    open_way_back(model, plan, Some(undone), None);
    Vec::new()
}

/// Asks before the run is ended.
pub fn abort(model: &mut Model) -> Vec<Effect> {
    let Some(run) = ours(model) else { return super::others::ask_end(model) };
    let name = runs::name(&run.plan);
    let (title, question) = if run.state == RunState::Halted {
        (format!("End the {name} as it is"), "End it?")
    } else {
        (format!("Abort the {name}"), "Begin nothing more?")
    };
    let confirm = Confirm {
        title,
        lines: what_remains(run),
        question: question.to_owned(),
        word: None,
        typed: LineInput::default(),
        then: Confirmed::AbortRun(run.id),
        scroll: 0,
    };
    model.overlays.push(Overlay::Confirm(confirm));
    Vec::new()
}

/// The question whether to abort tells how the run stands now, not how it stood when it was asked.
pub fn retell(model: &mut Model) {
    let Model { overlays, runs, .. } = model;
    for overlay in overlays {
        let Overlay::Confirm(Confirm { lines, then, .. }) = overlay else { continue };
        let run = match then {
            Confirmed::AbortRun(id) => runs.iter().find(|run| run.id == *id),
            Confirmed::Quit => runs.iter().rev().find(|run| !run.state.is_over()),
            _ => None,
        };
        if let Some(run) = run {
            *lines = what_remains(run);
        }
    }
}

/// What is said of one step, of several, and of which.
type Kind = ([&'static str; 2], fn(&StepRun) -> bool);

/// What goes on without shipdeck and what does not, each with its services.
pub fn what_remains(run: &Run) -> Vec<String> {
    let same = |text| [text; 2];
    let kinds: [Kind; 7] = [
        (same("rolling out, Kubernetes goes on"), rolls_out),
        (same("waiting, will not begin"), |it| matches!(it.state, StepState::Waiting | StepState::Skipped)),
        (["done, stays as it is", "done, stay as they are"], |it| it.state == StepState::Succeeded),
        (["ready, stays as it is", "ready, stay as they are"], StepRun::is_there),
        (["failed, stays as it is", "failed, stay as they are"], |it| it.state == StepState::Failed),
        (["refused, is unchanged", "refused, are unchanged"], |it| {
            matches!(it.state, StepState::Refused(_)) && !it.lost
        }),
        (same("perhaps written, look at what runs"), |it| matches!(it.state, StepState::Refused(_)) && it.lost),
    ];
    with_services(run, &kinds)
}

/// What whoever goes on with a run will do, each with its services.
pub fn what_comes(run: &Run) -> Vec<String> {
    let same = |text| [text; 2];
    let waiting = |it: &StepRun| matches!(it.state, StepState::Waiting | StepState::Skipped);
    let halted = run.steps.iter().any(StepRun::holds_up);
    let kinds: [Kind; 6] = [
        (
            [
                "failed: you try again, go on without it, or roll back",
                "failed: you try again, go on without them, or roll back",
            ],
            |it| it.holds_up() && it.state == StepState::Failed,
        ),
        (same("refused: you try again or roll back"), |it| it.holds_up() && matches!(it.state, StepState::Refused(_))),
        (same("rolling out, watched on"), rolls_out),
        (same("ready, and done"), StepRun::is_there),
        (same("done"), |it| it.state == StepState::Succeeded),
        (if halted { same("to go out, once you have decided") } else { same("to go out, in their order") }, waiting),
    ];
    with_services(run, &kinds)
}

fn rolls_out(it: &StepRun) -> bool {
    it.is_under_way() && !it.is_there()
}

fn with_services(run: &Run, kinds: &[Kind]) -> Vec<String> {
    let line = |(what, is): &Kind| {
        let names: Vec<&str> = run.steps.iter().filter(|it| is(it)).map(|it| it.service.as_str()).collect();
        let what = what[usize::from(names.len() > 1)];
        (!names.is_empty()).then(|| format!("{} {what}: {}", names.len(), names.join(", ")))
    };
    let place = match (run.state, &run.hold) {
        (RunState::Acquiring, Hold::Waiting(turn)) => {
            Some(format!("Its place in line for {} is given up.", turn.service))
        }
        _ => None,
    };
    place.into_iter().chain(kinds.iter().filter_map(line)).collect()
}

/// The service that is selected on the page, or the one that holds the run up.
fn chosen(model: &Model) -> Option<ServiceId> {
    let Some(Page::Run(page)) = &model.page else { return None };
    let failed = || ours(model)?.first_failure().map(|step| step.service.clone());
    page.selected.clone().or_else(failed)
}

/// Whether the run of this session that is shown can go on without the service that is chosen.
///
/// # Errors
/// Why not.
pub fn may_leave_out(model: &Model) -> Result<(), String> {
    let (Some(run), Some(service)) = (ours(model), chosen(model)) else {
        return Err("nothing has failed, and no service is selected".to_owned());
    };
    run.may_leave_out(&service).map_err(|why| format!("{service}: {why}"))
}

/// Asks why the run is to go on without a service, and says what that means.
pub fn ask_leave_out(model: &mut Model) {
    let (Some(run), Some(service)) = (ours(model), chosen(model)) else { return };
    let lines = left_out_means(model, run, &service);
    let confirm = Confirm {
        title: format!("Go on without {service}"),
        lines,
        question: "Why?".to_owned(),
        word: Some(Answer::Reason),
        typed: LineInput::default(),
        then: Confirmed::LeaveOut { run: run.id, service },
        scroll: 0,
    };
    model.overlays.push(Overlay::Confirm(confirm));
}

/// What becomes of the service itself, of those that need it, and of the others.
fn left_out_means(model: &Model, run: &Run, service: &ServiceId) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(step) = run.step(service) {
        lines.push(match (&step.state, step.why()) {
            (StepState::Failed, Some(why)) => {
                format!("{why}. What was written stays; rolling back all puts it back too.")
            }
            (_, Some(why)) => format!("{why}. It keeps what it runs."),
            (_, None) => "It keeps what it runs.".to_owned(),
        });
    }
    let needing: Vec<String> = run.needing(service).iter().map(ToString::to_string).collect();
    if !needing.is_empty() {
        let (key, it) = (model.keymap.hint(Action::RunLeaveOut), if needing.len() == 1 { "it" } else { "each" });
        let needing = needing.join(", ");
        lines.push(format!("Needed by {needing}, still to go out. To leave {it} out too: esc, select it, {key}."));
    }
    let others = run.steps.iter().filter(|it| it.holds_up() && it.service != *service);
    let others: Vec<&str> = others.map(|it| it.service.as_str()).collect();
    if !others.is_empty() {
        lines.push(format!("The run still holds because of {}.", others.join(", ")));
    }
    lines
}

/// Goes on without a service.
pub fn leave_out(model: &mut Model, run: RunId, service: ServiceId, reason: &str) -> Vec<Effect> {
    let (by, at) = (model.session.person(), model.session.now);
    runs::on(model, run, RunEvent::LeaveOut { service, how: LeftOut { by, reason: reason.into(), at } })
}

/// Ends the run.
pub fn aborted(model: &mut Model, run: RunId) -> Vec<Effect> {
    runs::on(model, run, RunEvent::Abort)
}
