//! What every action does, and why it cannot be done now. A new row of the table does not compile before it is here.

use jiff::SignedDuration;

use super::effect::Effect;
use super::input::LineInput;
use super::model::{Confirm, Confirmed, Model, Overlay, Page, Pane, Picker, PickerPurpose, PlanReview, PromptPurpose};
use super::overlays::listing::Which;
use super::overlays::{confirm, listing, lock, picker, plan, versions};
use super::screens::{self, cleanup, home, rollback, run};
use super::{focus, journal, log_bridge, mouse, places, rows, runs};
use crate::actions::Action;
use crate::domain::lease::Patience;
use crate::domain::verdict::State;
use crate::domain::words;

pub use super::availability::{available, available_below};

/// Does it, or says why not.
pub fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Err(why) = available(action, model) {
        journal::answer(model, State::Blocked, format!("{}: {why}", action.spec().title), "");
        super::rights::refused(model, action);
        return Vec::new();
    }
    act(model, action)
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    use Action as A;
    match action {
        A::Up | A::Down | A::Left | A::Right | A::Top | A::Bottom | A::HalfPageUp | A::HalfPageDown => {
            travel(model, action);
        }
        A::Enter => return enter(model),
        A::Back => return back(model),
        A::Quit => return quit(model),
        A::Interrupt => return interrupt(model),
        A::Suspend => return vec![Effect::Suspend],
        A::FocusEnvironments => home::focus(model, Pane::Environments),
        A::FocusServices => home::focus(model, Pane::Services),
        A::FocusDependencies => home::focus(model, Pane::Dependencies),
        A::FocusLogs => home::focus(model, Pane::Logs),
        A::NextPane | A::PreviousPane => home::next_pane(model, action == A::PreviousPane),
        A::Enlarge | A::Shrink => zoom(model, action == A::Enlarge),
        A::Filter if model.home.focus == Pane::Logs => log_bridge::prompt(model, PromptPurpose::LogFilter),
        A::Filter => model.home.filtering = true,
        A::Palette => listing::open(model, Which::Palette),
        A::Help => listing::open(model, Which::Help),
        A::Menu => listing::open(model, Which::Menu),
        A::Sort => home::sort(model),
        A::Details => home::details(model),
        A::Activity => home::activity(model),
        A::CommandLog => model.overlays.push(Overlay::Commands { selected: 0 }),
        A::ErrorLog => show_errors(model),
        A::ShowRun | A::Runs | A::History => show_runs(model, action),
        A::Mark => home::mark(model),
        A::MarkGroup => home::pick_group(model),
        A::Unmark => home::unmark(model),
        A::OnlyMarked => home::only_marked(model),
        A::Deploy => return versions::open(model),
        A::Promote => promote(model),
        A::RollBack => return rollback::begin(model),
        A::CleanUp => return cleanup::open(model),
        A::Why | A::Freeze | A::Unlock => lock::act(model, action),
        A::Copy => return copy(model),
        A::Refresh => return home::refresh(model),
        A::WriteConfig => write_config(model),
        A::Redraw => return vec![Effect::Redraw],
        A::Theme => next_theme(model),
        A::Mouse => {
            model.settings.mouse = !model.settings.mouse;
            return vec![Effect::Mouse(model.settings.mouse)];
        }
        A::LogFollow
        | A::LogSearch
        | A::LogNext
        | A::LogPrevious
        | A::LogPreviousContainer
        | A::LogContainers
        | A::LogSince
        | A::LogWrap
        | A::LogTimestamps
        | A::LogFields
        | A::LogCopyAll
        | A::LogSave => return log_bridge::act(model, action),
        A::RunPause => return run::pause(model),
        A::RunRetry => return run::retry(model),
        A::RunRollBack => return run::roll_back(model),
        A::RunLeaveOut => run::ask_leave_out(model),
        A::RunAbort => return run::abort(model),
        A::RunTakeUp => screens::again::begin(model),
        A::RunClear => screens::others::ask_clear(model),
        A::RunsFilter => screens::runs::filter(model),
        A::CleanupMark => {
            cleanup::mark(model);
            places::move_page(model, 1);
        }
        A::CleanupMarkKind => cleanup::mark_kind(model),
        A::CleanupFilter => {
            if let Some(page) = cleanup::page_mut(model) {
                page.filtering = true;
            }
        }
        A::CleanupDelete => cleanup::ask(model),
        A::PlanWait | A::PlanLeaveOut | A::PlanOnly | A::PlanHold | A::PlanEdit => return in_plan(model, action),
        A::Other | A::OtherBack | A::KnownNext | A::KnownPrevious => in_form(model, action),
    }
    Vec::new()
}

fn show_runs(model: &mut Model, action: Action) {
    match action {
        Action::ShowRun => screens::runs::show(model),
        Action::Runs => screens::runs::open(model),
        _ => screens::history::open(model),
    }
}

/// Keys that a plan has for itself.
fn in_plan(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::PlanWait => return plan::confirm(model, Patience::Wait),
        Action::PlanLeaveOut => plan::leave_out(model),
        Action::PlanOnly => plan::only(model),
        Action::PlanHold => plan::hold(model),
        _ => plan::edit(model),
    }
    Vec::new()
}

/// Keys that the form of versions and the prompt of the log have for themselves.
fn in_form(model: &mut Model, action: Action) {
    match action {
        Action::Other => other(model, false),
        Action::OtherBack => other(model, true),
        Action::KnownNext => versions::pick(model, true),
        _ => versions::pick(model, false),
    }
}

fn travel(model: &mut Model, action: Action) {
    match action {
        Action::Up => move_by(model, -1),
        Action::Down => move_by(model, 1),
        // What lies behind a box or a page stays where it is.
        Action::Left | Action::Right if !model.overlays.is_empty() || model.page.is_some() => {}
        Action::Left => home::horizontal(model, -1),
        Action::Right => home::horizontal(model, 1),
        Action::Top => move_by(model, -1_000_000),
        Action::Bottom => move_by(model, 1_000_000),
        // What is told of a step is read to its end before another is selected.
        Action::HalfPageUp | Action::HalfPageDown if places::scroll_run(model, action == Action::HalfPageUp) => {}
        Action::HalfPageUp => move_by(model, -half(model)),
        Action::HalfPageDown => move_by(model, half(model)),
        _ => {}
    }
}

fn move_by(model: &mut Model, by: isize) {
    if !model.overlays.is_empty() {
        mouse::move_overlay(model, by);
    } else if model.page.is_some() {
        places::move_page(model, by);
    } else {
        home::vertical(model, by);
    }
}

fn half(model: &Model) -> isize {
    if model.overlays.is_empty() && model.page.is_none() {
        home::half_page(model)
    } else {
        isize::try_from(places::page_rows(model) / 2).unwrap_or(1)
    }
}

fn show_errors(model: &mut Model) {
    journal::dismiss(model);
    model.overlays.push(Overlay::Errors { scroll: 0 });
}

fn zoom(model: &mut Model, zoomed: bool) {
    model.home.zoomed = zoomed;
    places::clamp(model);
}

/// Versions from elsewhere, or a search in place of a filter: what the box on top has two ways of.
fn other(model: &mut Model, back: bool) {
    match model.overlays.pop() {
        Some(Overlay::Prompt(prompt)) => log_bridge::other_prompt(model, &prompt),
        Some(overlay) => {
            model.overlays.push(overlay);
            versions::cycle(model, back);
        }
        None => {}
    }
}

fn enter(model: &mut Model) -> Vec<Effect> {
    if model.overlays.is_empty() && focus::end_filter(model, true) {
        return Vec::new();
    }
    match (model.overlays.last(), &model.page) {
        (Some(Overlay::Picker(_)), _) => return picker::choose(model),
        (Some(Overlay::Versions(_)), _) => versions::submit(model),
        (Some(Overlay::Plan(_)), _) => return plan::confirm(model, Patience::None),
        (Some(Overlay::Confirm(_)), _) => return confirm::agree(model),
        (Some(Overlay::Help(_) | Overlay::Palette(_) | Overlay::Menu(_)), _) => return listing::choose(model),
        (Some(Overlay::Prompt(prompt)), _) => {
            if prompt.error.is_none() {
                let purpose = prompt.purpose;
                model.overlays.pop();
                log_bridge::accepted(model, purpose);
            }
        }
        (
            Some(
                Overlay::Details { .. }
                | Overlay::Why { .. }
                | Overlay::Told { .. }
                | Overlay::Activity { .. }
                | Overlay::Line(_)
                | Overlay::Commands { .. }
                | Overlay::Errors { .. },
            ),
            _,
        ) => {
            model.overlays.pop();
        }
        (None, Some(Page::Run(_))) => places::move_page(model, 0),
        (None, Some(Page::Runs(_))) => screens::runs::enter(model),
        (None, Some(Page::Cleanup(_))) => cleanup::mark(model),
        (None, None) => home::enter(model),
    }
    Vec::new()
}

/// One step back, and never out: a box, a page, what was searched for, the zoom, a filter, a notice, in this order.
fn back(model: &mut Model) -> Vec<Effect> {
    if let Some(overlay) = model.overlays.pop() {
        match overlay {
            Overlay::Plan(PlanReview { form: Some(form), .. }) => model.overlays.push(Overlay::Versions(form)),
            Overlay::Prompt(prompt) => {
                log_bridge::typed(model, prompt.purpose, "");
            }
            Overlay::Versions(form) => versions::put_aside(model, form),
            _ => {}
        }
    } else if focus::end_filter(model, false) {
    } else if let Some(Page::Cleanup(page)) = &mut model.page
        && !page.filter.text().is_empty()
    {
        page.filter.clear();
        cleanup::filtered(model);
    } else if let Some(Page::Runs(page)) = &mut model.page
        && !page.filter.text().is_empty()
    {
        page.filter.clear();
        screens::runs::keep_selection(model);
    } else if model.page.is_some() {
        screens::runs::leave(model);
    } else if model.session.welcome {
        model.session.welcome = false;
    } else if model.home.focus == Pane::Logs && log_bridge::forget(model) {
    } else if model.home.zoomed {
        zoom(model, false);
    } else if matches!(model.home.focus, Pane::Details | Pane::Activity) {
        home::focus(model, Pane::Services);
    } else if !model.home.filter.text().is_empty() {
        model.home.filter.clear();
        rows::rearrange(model);
    } else if model.home.only_marked {
        home::only_marked(model);
    } else {
        journal::dismiss(model);
    }
    Vec::new()
}

fn next_theme(model: &mut Model) {
    model.settings.theme = model.settings.theme.next();
    let name = model.settings.theme.as_str();
    journal::answer(model, State::Ok, format!("theme {name}"), "");
}

/// Back, and out at home; asks first while a run is under way.
fn quit(model: &mut Model) -> Vec<Effect> {
    if !model.overlays.is_empty() || model.page.is_some() {
        return back(model);
    }
    let Some(active) = model.active_run() else { return vec![Effect::Quit] };
    let confirm = Confirm {
        title: format!("The {} is under way", runs::name(&active.plan)),
        lines: run::what_remains(active),
        question: "Leave it?".to_owned(),
        word: None,
        typed: LineInput::default(),
        then: Confirmed::Quit,
        scroll: 0,
    };
    model.overlays.push(Overlay::Confirm(confirm));
    Vec::new()
}

/// The first time stops what is being typed, asked or read; the second time within a second leaves.
pub fn interrupt(model: &mut Model) -> Vec<Effect> {
    let now = model.session.now;
    let again = |last: jiff::Timestamp| now.duration_since(last).abs() <= SignedDuration::from_secs(1);
    if model.session.interrupted.is_some_and(again) {
        return vec![Effect::Quit];
    }
    model.session.interrupted = Some(now);
    let stopped = if model.gathering.take().is_some() {
        "stopped reading what ran before"
    } else if model.overlays.pop().is_some() {
        "closed"
    } else if stop_typing(model) {
        "stopped typing"
    } else if let Some(run) = run::ours(model).filter(|run| !run.state.is_over()) {
        // What changes a cluster is not stopped by a key that is pressed by habit.
        let (run, key) = (runs::name(&run.plan), model.keymap.hint(Action::RunAbort));
        journal::answer(model, State::Blocked, format!("{run} goes on"), format!("{key} aborts it; once more quits"));
        return Vec::new();
    } else {
        "nothing to stop"
    };
    journal::answer(model, State::Blocked, stopped, "once more within a second quits");
    Vec::new()
}

fn stop_typing(model: &mut Model) -> bool {
    let home = std::mem::take(&mut model.home.filtering);
    let page = match &mut model.page {
        Some(Page::Cleanup(page)) => std::mem::take(&mut page.filtering),
        Some(Page::Runs(page)) => std::mem::take(&mut page.filtering),
        _ => false,
    };
    home | page
}

fn promote(model: &mut Model) {
    let Some(from) = model.home.env.clone() else { return };
    let targets: Vec<_> = model.catalog.downstream(&from).map(|env| env.name.clone()).collect();
    if let [only] = targets.as_slice() {
        if let Err(why) = plan::promote(model, only) {
            journal::notice(model, State::Blocked, why, "nothing has happened");
        }
        return;
    }
    model.overlays.push(Overlay::Picker(Picker {
        title: format!("Promote {from} to"),
        items: targets.iter().map(ToString::to_string).collect(),
        chosen: std::collections::BTreeSet::new(),
        selected: 0,
        purpose: PickerPurpose::PromoteTo,
    }));
}

fn copy(model: &mut Model) -> Vec<Effect> {
    match home::copied(model) {
        Some(text) => super::copying::copy(model, &text, text.lines().count()),
        None => Vec::new(),
    }
}

fn write_config(model: &mut Model) {
    let text = crate::config::starter::configuration(&model.catalog);
    let confirm = Confirm {
        title: "Write a configuration".to_owned(),
        lines: vec![
            format!(
                "{} and {}, as they are seen here",
                words::count(model.catalog.environments.len(), "environment"),
                words::count(model.catalog.services.len(), "service")
            ),
            format!("It goes to {}, which is not overwritten if it exists.", model.session.configuration),
            "Start shipdeck again to use it.".to_owned(),
        ],
        question: "Write it?".to_owned(),
        word: None,
        typed: LineInput::default(),
        then: Confirmed::WriteConfig(text),
        scroll: 0,
    };
    model.overlays.push(Overlay::Confirm(confirm));
}
