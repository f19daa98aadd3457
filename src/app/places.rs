//! Keeps scroll positions within what there is, and the selection within what is seen.

use super::geometry;
use super::model::{Model, Overlay, Page, Pane};
use crate::domain::ids::ServiceId;

/// Makes every scroll position of the home screen valid and the selection visible.
pub fn clamp(model: &mut Model) {
    // A pane that has no place on a smaller screen cannot keep the focus.
    if !geometry::panes(model).contains(&model.home.focus) {
        (model.home.focus, model.home.zoomed) = (Pane::Services, false);
    }
    let areas = geometry::home(model);
    let rows = areas.service_rows().max(1);
    let columns = geometry::columns(areas.services.width.max(areas.environments.width), &model.catalog);
    let row = model.home.rows.iter().position(|row| Some(row) == model.home.service.as_ref()).unwrap_or(0);
    let env = model.catalog.environments.iter().position(|env| Some(&env.name) == model.home.env.as_ref()).unwrap_or(0);
    model.home.scroll = visible(model.home.scroll, row, rows, model.home.rows.len());
    model.home.env_scroll =
        visible(model.home.env_scroll, env, columns.visible.max(1), model.catalog.environments.len());
}

/// The scroll position nearest to the present one that shows the selection and no needless emptiness.
pub fn visible(scroll: usize, selected: usize, height: usize, len: usize) -> usize {
    let scroll = scroll.min(len.saturating_sub(height));
    scroll.min(selected).max((selected + 1).saturating_sub(height))
}

/// Rows of a full page or an overlay, for scrolling by half pages.
pub fn page_rows(model: &Model) -> usize {
    usize::from(model.session.height.saturating_sub(6)).max(1)
}

/// Moves an index within a list.
pub fn moved(at: usize, by: isize, len: usize) -> usize {
    at.saturating_add_signed(by).min(len.saturating_sub(1))
}

/// Number of things in the list that has the focus, or of places that a text can be scrolled to.
pub fn overlay_len(overlay: &Overlay, rest: usize) -> usize {
    match overlay {
        Overlay::Versions(form) => form.rows.len(),
        Overlay::Plan(review) => review.plan.steps().count(),
        Overlay::Help(list) | Overlay::Palette(list) | Overlay::Menu(list) => list.entries.len(),
        Overlay::Picker(picker) => picker.items.len(),
        Overlay::Confirm(_)
        | Overlay::Details { .. }
        | Overlay::Why { .. }
        | Overlay::Told { .. }
        | Overlay::Activity { .. }
        | Overlay::Commands { .. }
        | Overlay::Errors { .. }
        | Overlay::Line(_) => rest + 1,
        Overlay::Prompt(_) => 0,
    }
}

/// Moves the selection of the page or scrolls it.
pub fn move_page(model: &mut Model, by: isize) {
    match &mut model.page {
        Some(Page::Run(page)) => {
            let selected = page.selected.clone();
            let Some(run) = super::screens::run::shown(model) else { return };
            let at = selected.as_ref().or(run.first_failure().map(|step| &step.service));
            let at = run.steps.iter().position(|step| Some(&step.service) == at);
            let next = at.map_or(0, |at| moved(at, by, run.steps.len()));
            if let Some(service) = run.steps.get(next).map(|step| step.service.clone()) {
                select_step(model, service);
            }
        }
        Some(Page::Runs(_)) => super::screens::runs::move_by(model, by),
        Some(Page::Cleanup(page)) => {
            let shown = super::screens::cleanup::shown(page);
            let at = shown.iter().position(|finding| Some(&finding.uid) == page.selected.as_ref()).unwrap_or(0);
            let next = moved(at, by, shown.len());
            let selected = shown.get(next).map(|finding| finding.uid.clone());
            page.selected = selected;
        }
        None => {}
    }
}

/// Scrolls the page of a run by half of it. False: no such page is open, or all of it is in sight.
pub fn scroll_run(model: &mut Model, up: bool) -> bool {
    let ((top, last), half) = (model.drawn.run, (page_rows(model) / 2).max(1).cast_signed());
    match &mut model.page {
        Some(Page::Run(page)) if model.overlays.is_empty() && last > 0 => {
            page.scroll = Some(moved(top, if up { -half } else { half }, last + 1));
            true
        }
        _ => false,
    }
}

/// Selects a step of the run that is shown; its log is read.
pub fn select_step(model: &mut Model, service: ServiceId) {
    let Some(env) = super::screens::run::shown(model).map(|run| run.plan.env.clone()) else { return };
    if let Some(Page::Run(page)) = &mut model.page {
        (page.selected, page.scroll) = (Some(service.clone()), None);
        super::runs::turn_to(model, env, service);
    }
}
