//! What is under the pointer: a click does or selects it, the wheel scrolls it.

use super::effect::Effect;
use super::geometry;
use super::model::{Model, Overlay, Pane};
use super::overlays::{listing, picker};
use super::touch::Touch;
use super::{dispatch, log_bridge, places, screens};

/// Does what the last frame showed at a point: a hint is its key, a row is selected, and what is selected is chosen.
pub fn click(model: &mut Model, x: u16, y: u16) -> Vec<Effect> {
    if let Some(touch) = model.drawn.at(x, y).cloned() {
        return touched(model, touch);
    }
    if let Some(overlay) = model.overlays.last() {
        // Beside a box that only shows or offers something, it closes; what was typed or asked stays.
        let harmless =
            !matches!(overlay, Overlay::Versions(_) | Overlay::Plan(_) | Overlay::Confirm(_) | Overlay::Prompt(_));
        if harmless {
            model.overlays.pop();
        }
        return Vec::new();
    }
    if model.page.is_some() {
        return Vec::new();
    }
    let areas = geometry::home(model);
    let Some(pane) = areas.hit(x, y) else { return Vec::new() };
    screens::home::focus(model, pane);
    if matches!(pane, Pane::Services | Pane::Environments) {
        let area = areas.pane(pane);
        let columns = geometry::columns(area.width, &model.catalog);
        if let Some(column) = geometry::environment_at(&columns, x) {
            let env = model.catalog.environments.get(model.home.env_scroll + column);
            model.home.env = env.map(|env| env.name.clone()).or(model.home.env.take());
        }
        if pane == Pane::Services && y > area.y {
            let row = model.home.scroll + usize::from(y - area.y - 1);
            model.home.service = model.home.rows.get(row).cloned().or(model.home.service.take());
        }
    }
    if pane == Pane::Logs && y > areas.logs.y {
        log_bridge::click(model, usize::from(y - areas.logs.y - 1));
    }
    places::clamp(model);
    Vec::new()
}

fn touched(model: &mut Model, touch: Touch) -> Vec<Effect> {
    match touch {
        Touch::Inside => {}
        Touch::Do(action) => return dispatch::perform(model, action),
        Touch::Row(row) => return row_of_box(model, row),
        Touch::Run(of) => screens::runs::clicked(model, of),
        Touch::Step(service) => places::select_step(model, service),
        Touch::Finding(uid) => {
            if let Some(page) = screens::cleanup::page_mut(model) {
                let again = page.selected.as_ref() == Some(&uid);
                page.selected = Some(uid);
                if again {
                    screens::cleanup::mark(model);
                }
            }
        }
    }
    Vec::new()
}

/// A row of a list is chosen at once where all that it offers is a choice, else when it is selected already.
fn row_of_box(model: &mut Model, row: usize) -> Vec<Effect> {
    let Some(overlay) = model.overlays.last_mut() else { return Vec::new() };
    match overlay {
        Overlay::Versions(form) => form.selected = row.min(form.rows.len().saturating_sub(1)),
        Overlay::Plan(review) => review.selected = row,
        Overlay::Commands { selected } => *selected = row,
        Overlay::Picker(picker) => {
            picker.selected = row;
            return picker::choose(model);
        }
        Overlay::Palette(list) | Overlay::Menu(list) => {
            list.selected = row;
            return listing::choose(model);
        }
        Overlay::Help(list) if list.selected == row => return listing::choose(model),
        Overlay::Help(list) => list.selected = row,
        _ => {}
    }
    Vec::new()
}

/// Scrolls what is at a point.
pub fn wheel(model: &mut Model, x: u16, y: u16, lines: i16) -> Vec<Effect> {
    let by = isize::from(lines);
    if !model.overlays.is_empty() {
        move_overlay(model, by);
    } else if model.page.is_some() {
        places::move_page(model, by);
    } else if geometry::home(model).hit(x, y) == Some(Pane::Logs) {
        log_bridge::scroll(model, by);
    } else if let Some(pane) = geometry::home(model).hit(x, y) {
        // The wheel scrolls what it is over and leaves the focus where it is.
        let focus = std::mem::replace(&mut model.home.focus, pane);
        screens::home::vertical(model, by);
        model.home.focus = focus;
    }
    Vec::new()
}

/// Moves the selection of the box on top, or scrolls it.
pub fn move_overlay(model: &mut Model, by: isize) {
    let Model { overlays, drawn, .. } = model;
    let Some(overlay) = overlays.last_mut() else { return };
    let len = places::overlay_len(overlay, drawn.overlay);
    match overlay {
        Overlay::Versions(form) => form.selected = places::moved(form.selected, by, len),
        Overlay::Plan(review) => {
            // Below the last step stands what is left out and why: moving on scrolls to it, and back from it.
            let at = places::moved(review.selected + review.scroll, by, len + drawn.overlay);
            review.selected = at.min(len.saturating_sub(1));
            review.scroll = at - review.selected;
        }
        Overlay::Picker(picker) => picker.selected = places::moved(picker.selected, by, len),
        Overlay::Commands { selected } => *selected = places::moved(*selected, by, len),
        Overlay::Confirm(confirm) => confirm.scroll = places::moved(confirm.scroll, by, len),
        Overlay::Details { scroll, .. }
        | Overlay::Why { scroll, .. }
        | Overlay::Told { scroll, .. }
        | Overlay::Errors { scroll }
        | Overlay::Activity { scroll } => {
            *scroll = places::moved(*scroll, by, len);
        }
        Overlay::Help(_) | Overlay::Palette(_) | Overlay::Menu(_) => listing::move_by(model, by),
        Overlay::Line(detail) => detail.scroll = places::moved(detail.scroll, by, len),
        Overlay::Prompt(_) => {}
    }
}
