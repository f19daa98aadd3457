//! The last row: what works now and its keys, most used first, or the line that is being typed. A hint that is clicked is
//! its key pressed.

use super::look::{Ground, Token};
use super::pen::Pen;
use super::{listing_box, overlays};
use crate::actions::Action;
use crate::app::availability::available;
use crate::app::geometry::Area;
use crate::app::model::{Model, Overlay, Page, Pane, Prompt, PromptPurpose};
use crate::app::others::{self, Life};
use crate::app::screens;
use crate::domain::run::{Run, RunState, leads_back};
use unicode_width::UnicodeWidthStr;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area) {
    pen.fill(area, Ground::Band);
    let y = area.y;
    if let Some(prompt) = overlays::prompt(model) {
        return prompted(pen, prompt, area);
    }
    if let Some(overlay) = model.overlays.last() {
        return in_box(pen, model, overlay, y);
    }
    if let Some(Page::Cleanup(page)) =
        model.page.as_ref().filter(|page| matches!(page, Page::Cleanup(page) if page.filtering))
    {
        let note = format!("{} of {}", crate::app::screens::cleanup::shown(page).len(), page.findings.len());
        return filter(pen, &page.filter, &note, area);
    }
    if let Some(Page::Runs(page)) = model.page.as_ref().filter(|page| matches!(page, Page::Runs(it) if it.filtering)) {
        let note = format!("{} found", screens::runs::rows(model, page).len());
        return filter(pen, &page.filter, &note, area);
    }
    if model.home.filtering && model.page.is_none() {
        let note = format!("{} of {}", model.home.rows.len(), model.catalog.services.len());
        return filter(pen, &model.home.filter, &note, area);
    }
    let marks = model.home.marks.len();
    let right = if marks > 0 && model.page.is_none() {
        pen.right(area.width.saturating_sub(1), y, &format!("{marks} marked"), Token::Accent)
    } else {
        area.width
    };
    let help = pen.hint_width(Action::Help, "help");
    let mut x = 1;
    for action in shown_actions(model) {
        let title = title(action, model);
        let width = pen.hint_width(action, title);
        if pen.key(action).is_empty() || available(action, model).is_err() || x + width + help >= right {
            continue;
        }
        x = pen.hint(x, y, action, title) + 2;
    }
    pen.hint(x, y, Action::Help, "help");
}

/// What works while a box is open; one that asks or plans says so itself.
fn in_box(pen: &mut Pen<'_>, model: &Model, overlay: &Overlay, y: u16) {
    match overlay {
        Overlay::Help(_) | Overlay::Palette(_) | Overlay::Menu(_) => listing_box::hints(pen, 1, y),
        Overlay::Details { .. }
        | Overlay::Why { .. }
        | Overlay::Told { .. }
        | Overlay::Activity { .. }
        | Overlay::Line(_)
        | Overlay::Commands { .. }
        | Overlay::Errors { .. } => {
            let mut x = 1;
            let commands = matches!(overlay, Overlay::Commands { .. });
            if pen.drawn.overlay > 0 {
                let word = if commands { "choose" } else { "scroll" };
                x = pen.hint_pair(x, y, (Action::Up, Action::Down), word) + 2;
            }
            if commands && available(Action::Copy, model).is_ok() {
                x = pen.hint(x, y, Action::Copy, "copy") + 2;
            }
            pen.hint(x, y, Action::Back, "close");
        }
        Overlay::Versions(_) | Overlay::Plan(_) | Overlay::Confirm(_) | Overlay::Picker(_) | Overlay::Prompt(_) => {}
    }
}

/// What becomes of a run that nothing more is to be done about: unlike what erases its record, it stays in the history.
const END_IT: &str = "end as is";

/// What a key does now: the one that holds a run also lets it go on, and what is under way is aborted to be put back.
pub(super) fn title(action: Action, model: &Model) -> &'static str {
    if action == Action::RunTakeUp && screens::again::subject(model).is_some() {
        return "go on with it";
    }
    if action == Action::RunTakeUp && screens::others::life(model).is_some_and(Life::is_left) {
        return "resume";
    }
    if action == Action::RunAbort && screens::others::life(model).is_some() {
        return END_IT;
    }
    if action == Action::RunRollBack && screens::run::shown(model).is_some_and(|run| !leads_back(run)) {
        return "deploy again";
    }
    let run = screens::run::ours(model);
    let halted = run.is_some_and(|run| run.state == RunState::Halted);
    let goes = run.is_some_and(|run| !run.state.is_over()) && !halted;
    match action {
        Action::RunPause if run.is_some_and(Run::is_held) => "go on",
        Action::RunRollBack if goes => "abort and roll back",
        Action::RunAbort if halted => END_IT,
        Action::LogFollow if model.logs.is_following() => "hold",
        Action::Shrink => "all panes",
        Action::OnlyMarked if model.home.only_marked => "show all",
        _ => action.spec().title,
    }
}

fn shown_actions(model: &Model) -> Vec<Action> {
    use Action as A;
    let actions: &[Action] = match (&model.page, model.home.focus) {
        (Some(Page::Run(_)), _) => &[
            A::RunTakeUp,
            A::RunPause,
            A::RunRetry,
            A::RunRollBack,
            // Why it failed comes before the ways out that give something up; the way back is told above, too.
            A::FocusLogs,
            A::RunLeaveOut,
            A::RunAbort,
            A::RunClear,
            A::Back,
            A::CommandLog,
        ],
        (Some(Page::Runs(_)), _) => {
            &[A::Enter, A::RunTakeUp, A::RunRollBack, A::RunAbort, A::RunClear, A::RunsFilter, A::Back]
        }
        (Some(Page::Cleanup(_)), _) => {
            &[A::CleanupMark, A::CleanupMarkKind, A::CleanupDelete, A::CleanupFilter, A::Back]
        }
        (None, Pane::Logs) => &[
            A::LogFollow,
            A::Filter,
            A::LogSearch,
            A::LogNext,
            A::Enter,
            A::Copy,
            A::LogWrap,
            A::LogPreviousContainer,
            A::LogSince,
            A::LogSave,
            A::Enlarge,
            A::Palette,
        ],
        (None, Pane::Details | Pane::Activity) => &[A::Down, A::Up, A::Enlarge, A::Back, A::Copy, A::Menu, A::Palette],
        (None, Pane::Environments | Pane::Services | Pane::Dependencies) => &[
            A::Mark,
            A::Deploy,
            A::Promote,
            A::RollBack,
            A::CleanUp,
            A::MarkGroup,
            A::Details,
            A::Filter,
            A::FocusLogs,
            A::Menu,
            A::Palette,
        ],
    };
    // A run that goes on behind the home screen, or was left behind, is one key away, and that key is the first.
    let under_way = || model.active_run().is_some() || !others::under_way(model).is_empty();
    let run = (model.page.is_none() && under_way()).then_some(A::ShowRun);
    // What is marked may stand far apart.
    let marked = (model.page.is_none() && !model.home.marks.is_empty()).then_some(A::OnlyMarked);
    let marked = marked.filter(|_| !matches!(model.home.focus, Pane::Logs | Pane::Details | Pane::Activity));
    // What fills the screen says first how the others come back.
    let zoomed = model.page.is_none() && model.home.zoomed;
    let shrink = zoomed.then_some(A::Shrink);
    let useful = actions.iter().copied().filter(|action| !(zoomed && *action == A::Enlarge));
    let (first, rest): (Vec<_>, Vec<_>) = useful.partition(|action| *action == A::Mark);
    run.into_iter().chain(shrink).chain(first).chain(marked).chain(rest).collect()
}

/// A filter that is being typed: how much is left, and how to end it.
fn filter(pen: &mut Pen<'_>, input: &crate::app::input::LineInput, note: &str, area: Area) {
    let x = pen.text(1, area.y, "/ ", Token::Accent, 2);
    let ways = [(Action::Enter, "keep"), (Action::Back, "show all")];
    let right = ending(pen, &ways, area);
    let at = pen.right(right.saturating_sub(3), area.y, note, Token::Muted);
    overlays::line(pen, input, x, area.y, at.saturating_sub(x + 2));
}

fn prompted(pen: &mut Pen<'_>, prompt: &Prompt, area: Area) {
    let (title, other) = match prompt.purpose {
        PromptPurpose::LogFilter => ("keep lines that match  ", "search instead"),
        PromptPurpose::LogSearch => ("search  ", "filter instead"),
    };
    let x = pen.text(1, area.y, title, Token::Accent, area.width);
    let ways = [(Action::Other, other), (Action::Back, "end it")];
    let right = ending(pen, &ways, area);
    let room = right.saturating_sub(x + 2);
    // However long the text, what is wrong with it is seen.
    let told = prompt.error.as_ref().map_or(0, |error| error.width() as u16 + 4).min(room * 2 / 3);
    let end = overlays::line(pen, &prompt.input, x, area.y, room - told);
    if let Some(error) = &prompt.error {
        pen.text(end + 2, area.y, error, Token::Fail, right.saturating_sub(end + 4));
    }
}

/// Hints at the right end of the row, where there is room for them; returns where they begin.
fn ending(pen: &mut Pen<'_>, ways: &[(Action, &str)], area: Area) -> u16 {
    let width: u16 = ways.iter().map(|(action, word)| pen.hint_width(*action, word)).sum();
    if area.width < width + 36 {
        return area.width.saturating_sub(1);
    }
    let left = area.width - width;
    let mut x = left;
    for (action, word) in ways {
        x = pen.hint(x, area.y, *action, word) + 2;
    }
    left
}
