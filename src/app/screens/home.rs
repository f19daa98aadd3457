//! The home screen: moving, marking, filtering, copying.

use crate::app::effect::Effect;
use crate::app::model::{Model, Overlay, Pane, Picker, PickerPurpose, Sort};
use crate::app::{geometry, log_bridge, places, rows, stewards};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::image::Image;
use crate::domain::words;

/// Focuses a pane; the lower ones also become the one that is shown where only one fits. From the page of a run the panes
/// turn to what it shows.
pub fn focus(model: &mut Model, pane: Pane) {
    super::run::turn(model);
    model.page = None;
    model.home.focus = pane;
    if matches!(pane, Pane::Dependencies | Pane::Logs) {
        model.home.lower = pane;
    }
    places::clamp(model);
}

/// Focuses the next pane, or the one before.
pub fn next_pane(model: &mut Model, back: bool) {
    let panes = geometry::panes(model);
    let at = panes.iter().position(|pane| *pane == model.home.focus).unwrap_or(0);
    focus(model, panes[(at + if back { panes.len() - 1 } else { 1 }) % panes.len()]);
}

/// Moves up or down in the focused pane.
pub fn vertical(model: &mut Model, by: isize) {
    match model.home.focus {
        Pane::Services => {
            let at = model.home.rows.iter().position(|row| Some(row) == model.home.service.as_ref()).unwrap_or(0);
            let next = places::moved(at, by, model.home.rows.len());
            model.home.service = model.home.rows.get(next).cloned();
            places::clamp(model);
        }
        Pane::Environments => horizontal(model, by.signum()),
        Pane::Dependencies => {
            model.home.graph_scroll = places::moved(model.home.graph_scroll, by, model.drawn.dependencies + 1);
        }
        Pane::Logs => log_bridge::select(model, by),
        Pane::Details => {
            model.home.details_scroll = places::moved(model.home.details_scroll, by, model.drawn.details + 1);
        }
        Pane::Activity => {
            model.home.activity_scroll = places::moved(model.home.activity_scroll, by, model.drawn.activity + 1);
        }
    }
    places::clamp(model);
}

/// Moves to the environment beside, or scrolls the log sideways.
pub fn horizontal(model: &mut Model, by: isize) {
    if model.home.focus == Pane::Logs {
        return log_bridge::sideways(model, by * 8);
    }
    let envs = &model.catalog.environments;
    let at = envs.iter().position(|env| Some(&env.name) == model.home.env.as_ref()).unwrap_or(0);
    model.home.env = envs.get(places::moved(at, by, envs.len())).map(|env| env.name.clone());
    places::clamp(model);
}

/// Half of what the focused pane shows.
pub fn half_page(model: &Model) -> isize {
    let area = crate::app::geometry::home(model).pane(model.home.focus);
    isize::try_from(area.height.saturating_sub(1) / 2).unwrap_or(1).max(1)
}

/// Enter on the home screen: from the environments to the first trouble, from a cell to its details.
pub fn enter(model: &mut Model) {
    if model.home.focus == Pane::Environments {
        let env = model.home.env.clone();
        let urgency = |service: &ServiceId| {
            let cell = env.as_ref().and_then(|env| model.board.cell(service, env));
            cell.map_or(u8::MAX, |cell| cell.verdict.state.urgency())
        };
        let worst = model.home.rows.iter().min_by_key(|service| urgency(service)).cloned();
        select(model, worst, env);
        focus(model, Pane::Services);
    } else if model.home.focus == Pane::Logs {
        log_bridge::open(model);
    } else {
        details(model);
    }
}

/// Goes to the details and evidence of the selected cell: to their pane where there is one, else in a box.
pub fn details(model: &mut Model) {
    super::run::turn(model);
    if geometry::has_sides(model) {
        focus(model, Pane::Details);
    } else if let (Some(service), Some(env)) = (model.home.service.clone(), model.home.env.clone()) {
        model.overlays.push(Overlay::Details { service, env, scroll: 0 });
    }
}

/// Says why the selected service cannot be deployed.
pub fn why(model: &mut Model) {
    if let (Some(service), Some(env)) = (model.home.service.clone(), model.home.env.clone()) {
        stewards::forget(model);
        model.overlays.push(Overlay::Why { service, env, scroll: 0 });
    }
}

/// Goes to what happened lately: to its pane where there is one, else in a box.
pub fn activity(model: &mut Model) {
    if geometry::has_sides(model) {
        focus(model, Pane::Activity);
    } else {
        model.overlays.push(Overlay::Activity { scroll: 0 });
    }
}

/// Selects a cell; a filter that hides it is taken away.
pub fn select(model: &mut Model, service: Option<ServiceId>, env: Option<EnvId>) {
    if let Some(service) = service {
        if !model.home.rows.contains(&service) {
            model.home.filter.clear();
            model.home.only_marked = false;
            rows::rearrange(model);
        }
        model.home.service = Some(service);
    }
    if env.is_some() {
        model.home.env = env;
    }
    places::clamp(model);
}

/// Marks the selected service and goes on to the next row.
pub fn mark(model: &mut Model) {
    let Some(service) = model.home.service.clone() else { return };
    if !model.home.marks.remove(&service) {
        model.home.marks.insert(service);
    }
    model.home.group = None;
    if model.home.only_marked {
        rows::rearrange(model);
    } else if model.home.focus == Pane::Services {
        vertical(model, 1);
    }
}

/// Shows only what is marked, wherever it stands, or everything again.
pub fn only_marked(model: &mut Model) {
    model.home.only_marked ^= true;
    rows::rearrange(model);
}

/// Takes all marks away.
pub fn unmark(model: &mut Model) {
    model.home.marks.clear();
    model.home.group = None;
    if model.home.only_marked {
        rows::rearrange(model);
    }
}

/// Offers the groups.
pub fn pick_group(model: &mut Model) {
    let items = model
        .catalog
        .groups
        .iter()
        .map(|group| format!("{} · {}", group.name, words::count(group.services.len(), "service")));
    let picker = Picker {
        title: "Mark a group".to_owned(),
        items: items.collect(),
        chosen: std::collections::BTreeSet::new(),
        selected: 0,
        purpose: PickerPurpose::Group,
    };
    model.overlays.push(Overlay::Picker(picker));
}

/// Marks exactly the services of a group.
pub fn mark_group(model: &mut Model, index: usize) {
    if let Some(group) = model.catalog.groups.get(index).cloned() {
        model.home.marks = group.services.iter().cloned().collect();
        // What was marked is to be seen: from a service outside the group the cursor goes to the first of it.
        if model.home.only_marked {
            rows::rearrange(model);
        }
        let marks = &model.home.marks;
        if model.home.service.as_ref().is_none_or(|it| !marks.contains(it)) {
            let first = model.home.rows.iter().find(|it| marks.contains(*it)).cloned();
            model.home.service = first.or(model.home.service.take());
        }
        model.home.group = Some(group.name);
        places::clamp(model);
    }
}

/// The next order.
pub fn sort(model: &mut Model) {
    model.home.sort = match model.home.sort {
        Sort::Trouble => Sort::Name,
        Sort::Name => Sort::Change,
        Sort::Change if model.catalog.services.iter().any(|service| service.team.is_some()) => Sort::Team,
        Sort::Change | Sort::Team => Sort::Trouble,
    };
    rows::rearrange(model);
}

/// What is selected, as text.
pub fn copied(model: &Model) -> Option<String> {
    match model.overlays.last() {
        Some(Overlay::Line(detail)) => return Some(detail.text.clone()),
        Some(Overlay::Commands { selected }) => {
            return model.journal.commands.iter().rev().nth(*selected).map(|command| command.text.clone());
        }
        _ => {}
    }
    if let Some(run) = super::run::shown(model) {
        let step = run.first_failure().or_else(|| run.steps.first())?;
        let evidence = step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref());
        let mut lines = vec![format!("{} in {}", step.service, run.plan.env)];
        lines.extend(evidence.iter().flat_map(|it| std::iter::once(&it.headline).chain(&it.details)).cloned());
        return Some(lines.join("\n"));
    }
    if model.home.focus == Pane::Logs {
        return model.logs.selected().map(|entry| entry.text.to_owned());
    }
    let cell = model.board.cell(model.home.service.as_ref()?, model.home.env.as_ref()?)?;
    let exact = |running: &crate::domain::observed::RunningImage| {
        Image { digest: running.digest.clone().or(running.image.digest.clone()), ..running.image.clone() }.to_string()
    };
    cell.running.first().map(exact).or_else(|| cell.wanted.as_deref().map(ToOwned::to_owned))
}

/// Watches everything anew.
pub fn refresh(model: &mut Model) -> Vec<Effect> {
    let mut effects: Vec<Effect> =
        model.catalog.environments.iter().map(|env| Effect::Unwatch(env.name.clone())).collect();
    if model.catalog.discovered {
        effects.extend(crate::app::discovery::begin(model));
    }
    effects.extend(crate::app::update::watch_all(model));
    effects
}
