//! Who gets what a person does: text being typed first, then the box on top, the page, the pane, and what works
//! everywhere.

use super::effect::Effect;
use super::model::{Model, Overlay, Page, Pane};
use super::msg::Input;
use super::overlays::{listing, versions};
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
        (Some(Overlay::Versions(_) | Overlay::Prompt(_)), _) => vec![Scope::Form, Scope::Lists, Scope::Global],
        (Some(_), _) => vec![Scope::Lists, Scope::Global],
        (None, Some(Page::Run(_) | Page::Runs(_))) => vec![Scope::Run, Scope::Lists, Scope::Global],
        (None, Some(Page::Cleanup(_))) => vec![Scope::Cleanup, Scope::Lists, Scope::Global],
        (None, None) if model.home.focus == Pane::Logs => vec![Scope::Logs, Scope::Home, Scope::Lists, Scope::Global],
        (None, None) => vec![Scope::Home, Scope::Lists, Scope::Global],
    }
}

/// Whether letters go into a text now.
pub fn is_typing(model: &Model) -> bool {
    match model.overlays.last() {
        Some(Overlay::Versions(_) | Overlay::Prompt(_) | Overlay::Help(_) | Overlay::Palette(_) | Overlay::Menu(_)) => {
            true
        }
        Some(Overlay::Plan(review)) => review.plan.protected,
        Some(Overlay::Confirm(confirm)) => confirm.word.is_some(),
        Some(_) => false,
        None => filtering(model),
    }
}

/// Whether a filter is being typed, of the page or of home.
fn filtering(model: &Model) -> bool {
    match &model.page {
        Some(Page::Cleanup(page)) => page.filtering,
        Some(Page::Runs(page)) => page.filtering,
        Some(Page::Run(_)) => false,
        None => model.home.filtering,
    }
}

fn key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let interrupt = model.keymap.action(&[Scope::Global], chord) == Some(Action::Interrupt);
    if interrupt {
        return dispatch::interrupt(model);
    }
    model.session.interrupted = None;
    if is_typing(model) {
        let action = model.keymap.while_typing(&scopes(model), chord).filter(|action| goes_first(model, *action));
        if let Some(action) = action {
            return dispatch::perform(model, action);
        }
        let taken = typed(model, chord);
        let alone = model.overlays.is_empty() && !matches!(chord.code, KeyCode::Char(_));
        let held = chord.alt && matches!(model.overlays.last(), Some(Overlay::Plan(_)));
        if taken || !alone && !held {
            return Vec::new();
        }
    }
    // While a name has to be typed, the keys of the plan are held with alt.
    let bare = Chord { alt: false, ..chord };
    let meant = model.keymap.action(&scopes(model), chord);
    let meant = meant.or_else(|| model.keymap.action(&[Scope::Plan], bare).filter(|_| is_typing(model)));
    let lent = || lent(model).iter().copied().find(|action| model.keymap.keys(*action).contains(&chord));
    match meant.or_else(lent) {
        Some(action) => dispatch::perform(model, action),
        None => elsewhere(model, chord).map_or_else(Vec::new, |action| dispatch::perform(model, action)),
    }
}

/// Actions of the home screen whose keys work here too, as long as they mean nothing else: from a run its panes are a key
/// away.
fn lent(model: &Model) -> &'static [Action] {
    match (model.overlays.last(), &model.page) {
        (Some(Overlay::Line(_) | Overlay::Commands { .. }), _) => &[Action::Copy],
        (None, Some(Page::Run(_))) => &LENT_TO_A_RUN,
        _ => &[],
    }
}

/// What the page of a run has of the home screen.
pub const LENT_TO_A_RUN: [Action; 7] = [
    Action::FocusEnvironments,
    Action::FocusServices,
    Action::FocusDependencies,
    Action::FocusLogs,
    Action::Details,
    Action::Activity,
    Action::Copy,
];

/// What a key that means nothing on a page means elsewhere: done where that is possible, else it is said why not.
fn elsewhere(model: &Model, chord: Chord) -> Option<Action> {
    let on_page = model.overlays.is_empty() && model.page.is_some();
    model.keymap.action(&[Scope::Home, Scope::Run, Scope::Cleanup], chord).filter(|_| on_page)
}

/// Actions whose keys are not for the text that is being typed.
fn goes_first(model: &Model, action: Action) -> bool {
    use Overlay as O;
    let list = matches!(model.overlays.last(), Some(O::Help(_) | O::Palette(_) | O::Menu(_)));
    // What is to be read before a name is typed may be longer than the screen; the name itself is short.
    let read = matches!(model.overlays.last(), Some(O::Plan(_) | O::Confirm(_) | O::Versions(_)));
    match action {
        Action::Enter | Action::Back | Action::Up | Action::Down | Action::Suspend | Action::Redraw => true,
        Action::HalfPageUp | Action::HalfPageDown => list || read,
        Action::Top | Action::Bottom => list || matches!(model.overlays.last(), Some(O::Plan(_))),
        other => matches!(other.spec().scope, Scope::Form | Scope::Plan),
    }
}

/// A key for the text that is being typed. False: it is none of its keys.
fn typed(model: &mut Model, chord: Chord) -> bool {
    match model.overlays.last_mut() {
        Some(Overlay::Versions(_)) => versions::typed(model, chord),
        Some(Overlay::Help(list) | Overlay::Palette(list) | Overlay::Menu(list)) => {
            let taken = list.input.key(&chord);
            if taken {
                listing::typed(model);
            }
            taken
        }
        Some(Overlay::Plan(review)) => !chord.alt && review.confirm.key(&chord),
        Some(Overlay::Confirm(confirm)) => confirm.typed.key(&chord),
        Some(Overlay::Prompt(prompt)) => {
            let taken = prompt.input.key(&chord);
            prompted(model);
            taken
        }
        Some(_) => false,
        None => {
            let input = match &mut model.page {
                Some(Page::Cleanup(page)) => &mut page.filter,
                Some(Page::Runs(page)) => &mut page.filter,
                _ => &mut model.home.filter,
            };
            let taken = input.key(&chord);
            if taken {
                filtered(model);
            }
            taken
        }
    }
}

/// Applies what stands in the prompt, and says what is wrong with it.
fn prompted(model: &mut Model) {
    let Some(Overlay::Prompt(prompt)) = model.overlays.last() else { return };
    let (purpose, text) = (prompt.purpose, prompt.input.text().to_owned());
    let error = log_bridge::typed(model, purpose, &text);
    if let Some(Overlay::Prompt(prompt)) = model.overlays.last_mut() {
        prompt.error = error;
    }
}

/// Ends the typing of a filter, which stays or is taken away. False: none is being typed.
pub fn end_filter(model: &mut Model, keep: bool) -> bool {
    if !filtering(model) {
        return false;
    }
    let (input, filtering) = match &mut model.page {
        Some(Page::Cleanup(page)) => (&mut page.filter, &mut page.filtering),
        Some(Page::Runs(page)) => (&mut page.filter, &mut page.filtering),
        _ => (&mut model.home.filter, &mut model.home.filtering),
    };
    *filtering = false;
    if !keep {
        input.clear();
    }
    filtered(model);
    true
}

fn filtered(model: &mut Model) {
    match model.page {
        Some(Page::Cleanup(_)) => screens::cleanup::filtered(model),
        Some(Page::Runs(_)) => screens::runs::keep_selection(model),
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
            prompted(model);
        }
        Some(_) => {}
        None => {
            match &mut model.page {
                Some(Page::Cleanup(page)) if page.filtering => page.filter.paste(text),
                Some(Page::Runs(page)) if page.filtering => page.filter.paste(text),
                None if model.home.filtering => model.home.filter.paste(text),
                _ => return Vec::new(),
            }
            filtered(model);
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::testkit::Cockpit;
    use super::*;

    /// What stands in the field that is typed in.
    fn field(cockpit: &Cockpit) -> String {
        let input = match (cockpit.overlay(), &cockpit.model.page) {
            (Some(Overlay::Versions(form)), _) => &form.rows[form.selected].input,
            (Some(Overlay::Help(list) | Overlay::Palette(list) | Overlay::Menu(list)), _) => &list.input,
            (Some(Overlay::Plan(review)), _) => &review.confirm,
            (Some(Overlay::Confirm(confirm)), _) => &confirm.typed,
            (Some(Overlay::Prompt(prompt)), _) => &prompt.input,
            (None, Some(Page::Cleanup(page))) => &page.filter,
            (None, Some(Page::Runs(page))) => &page.filter,
            other => {
                assert!(matches!(other, (None, None)), "{other:?}");
                &cockpit.model.home.filter
            }
        };
        input.text().to_owned()
    }

    #[test]
    fn every_field_is_edited_as_a_line_of_a_shell_is() {
        // Filter, palette, help, menu, version, reason, the name to be typed, the filters of pages and of the log.
        for keys in ["/", ":", "?", "x", "d", "F", "P", "c/", "H/", "4/"] {
            let mut cockpit = Cockpit::of_ana();
            cockpit.press(keys).press("one two");
            assert_eq!(field(&cockpit), "one two", "{keys}");
            cockpit.press("<ctrl-w>");
            assert_eq!(field(&cockpit), "one ", "{keys}");
            cockpit.press("<ctrl-u>");
            assert_eq!(field(&cockpit), "", "{keys}");
            cockpit.press("three<ctrl-a><ctrl-k>");
            assert_eq!(field(&cockpit), "", "{keys}");
        }
    }
}
