//! Who gets what a person does: text being typed first, then the box on top, the page, the pane, and what works
//! everywhere.

use super::effect::Effect;
use super::model::{Model, Overlay, Page, Pane};
use super::msg::Input;
use super::overlays::{confirm, listing, plan, versions};
use super::{attention, dispatch, log_bridge, mouse, places, rows, screens};
use crate::actions::chord::{Chord, KeyCode};
use crate::actions::{Action, Scope};

/// Takes in what a person did.
pub fn input(model: &mut Model, input: Input) -> Vec<Effect> {
    model.session.dirty = true;
    let resized = matches!(input, Input::Resize { .. });
    let mut effects = match input {
        Input::Key(chord) => {
            model.session.touched = model.session.now;
            key(model, chord)
        }
        Input::Paste(text) => paste(model, &text),
        Input::Resize { width, height } => {
            (model.session.width, model.session.height) = (width, height);
            places::clamp(model);
            Vec::new()
        }
        Input::Click { x, y } => mouse::click(model, x, y),
        Input::Wheel { x, y, lines } => mouse::wheel(model, x, y, lines),
    };
    // A terminal that is resized by itself shows nobody.
    if !resized {
        effects.extend(attention::noticed(model));
    }
    effects.extend(log_bridge::follow(model));
    effects
}

/// Scopes whose keys mean something now, the first one first.
pub fn scopes(model: &Model) -> Vec<Scope> {
    match (model.overlays.last(), &model.page) {
        (Some(Overlay::Plan(_)), _) => vec![Scope::Plan, Scope::Lists, Scope::Global],
        (Some(_), _) => vec![Scope::Lists, Scope::Global],
        (None, Some(Page::Run(_))) => vec![Scope::Run, Scope::Lists, Scope::Global],
        (None, Some(Page::Cleanup(_))) => vec![Scope::Cleanup, Scope::Lists, Scope::Global],
        (None, None) if model.home.focus == Pane::Logs => vec![Scope::Logs, Scope::Home, Scope::Lists, Scope::Global],
        (None, None) => vec![Scope::Home, Scope::Lists, Scope::Global],
    }
}

fn key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let interrupt = model.keymap.action(&[Scope::Global], chord) == Some(Action::Interrupt);
    if interrupt {
        return dispatch::interrupt(model);
    }
    model.session.interrupted = None;
    if let Some(effects) = typed(model, chord) {
        return effects;
    }
    // While a name has to be typed, the keys of the plan are held with alt.
    let chord =
        if matches!(model.overlays.last(), Some(Overlay::Plan(_))) { Chord { alt: false, ..chord } } else { chord };
    match model.keymap.action(&scopes(model), chord) {
        Some(action) => dispatch::perform(model, action),
        None => Vec::new(),
    }
}

/// A key for whoever is being typed into. None: nobody wants it.
fn typed(model: &mut Model, chord: Chord) -> Option<Vec<Effect>> {
    match model.overlays.last_mut() {
        Some(Overlay::Versions(_)) => Some(versions::key(model, chord)),
        Some(Overlay::Help(_) | Overlay::Palette(_) | Overlay::Menu(_)) => Some(listing::key(model, chord)),
        Some(Overlay::Plan(_)) => plan::key(model, chord),
        Some(Overlay::Confirm(_)) => confirm::key(model, chord),
        Some(Overlay::Prompt(_)) => Some(prompt(model, chord)),
        Some(Overlay::Line(_)) => {
            let copies = model.keymap.action(&[Scope::Home], chord) == Some(Action::Copy);
            copies.then(|| dispatch::perform(model, Action::Copy))
        }
        Some(_) => None,
        None => filter(model, chord),
    }
}

fn prompt(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let Some(Overlay::Prompt(mut prompt)) = model.overlays.pop() else { return Vec::new() };
    match chord.code {
        KeyCode::Enter if prompt.error.is_none() => {
            log_bridge::accepted(model, prompt.purpose);
            return Vec::new();
        }
        KeyCode::Tab => {
            log_bridge::other_prompt(model, &prompt);
            return Vec::new();
        }
        KeyCode::Esc => {
            log_bridge::typed(model, prompt.purpose, "");
            return Vec::new();
        }
        _ => {
            prompt.input.key(&chord);
        }
    }
    prompt.error = log_bridge::typed(model, prompt.purpose, prompt.input.text());
    model.overlays.push(Overlay::Prompt(prompt));
    Vec::new()
}

/// Keys of a filter that is being typed: Enter keeps it, Esc takes it away, arrows move in what is left.
fn filter(model: &mut Model, chord: Chord) -> Option<Vec<Effect>> {
    let (input, filtering) = match &mut model.page {
        Some(Page::Cleanup(page)) => (&mut page.filter, &mut page.filtering),
        Some(Page::Run(_)) => return None,
        None => (&mut model.home.filter, &mut model.home.filtering),
    };
    if !*filtering {
        return None;
    }
    match chord.code {
        KeyCode::Enter => *filtering = false,
        KeyCode::Esc => {
            *filtering = false;
            input.clear();
        }
        _ if input.key(&chord) => {}
        KeyCode::Char(_) => {}
        _ => return None,
    }
    filtered(model);
    Some(Vec::new())
}

fn filtered(model: &mut Model) {
    match model.page {
        Some(Page::Cleanup(_)) => screens::cleanup::filtered(model),
        _ => rows::rearrange(model),
    }
}

fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match model.overlays.last_mut() {
        Some(Overlay::Versions(form)) => {
            if let Some(row) = form.rows.get_mut(form.selected) {
                row.input.paste(text);
                form.error = None;
            }
        }
        Some(Overlay::Plan(review)) if review.plan.protected => review.confirm.paste(text),
        Some(Overlay::Confirm(confirm)) if confirm.word.is_some() => confirm.typed.paste(text),
        Some(Overlay::Help(list) | Overlay::Palette(list) | Overlay::Menu(list)) => {
            list.input.paste(text);
            listing::typed(model);
        }
        Some(Overlay::Prompt(prompt)) => {
            prompt.input.paste(text);
            let (purpose, text) = (prompt.purpose, prompt.input.text().to_owned());
            let error = log_bridge::typed(model, purpose, &text);
            if let Some(Overlay::Prompt(prompt)) = model.overlays.last_mut() {
                prompt.error = error;
            }
        }
        Some(_) => {}
        None => {
            match &mut model.page {
                Some(Page::Cleanup(page)) if page.filtering => page.filter.paste(text),
                None if model.home.filtering => model.home.filter.paste(text),
                _ => return Vec::new(),
            }
            filtered(model);
        }
    }
    Vec::new()
}
