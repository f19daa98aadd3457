//! A question before something that cannot be undone.

use crate::actions::chord::{Chord, KeyCode};
use crate::app::effect::{Effect, FileTarget};
use crate::app::model::{Confirmed, Model, Overlay};
use crate::app::screens;

/// A key under the question. None: it means what it always means.
pub fn key(model: &mut Model, chord: Chord) -> Option<Vec<Effect>> {
    let Some(Overlay::Confirm(confirm)) = model.overlays.last_mut() else { return None };
    match (chord.code, &confirm.word) {
        (KeyCode::Enter, word) => {
            let typed = confirm.typed.text();
            if word.as_ref().is_none_or(|word| word == typed) { Some(yes(model)) } else { Some(Vec::new()) }
        }
        (KeyCode::Char('n'), None) => {
            model.overlays.pop();
            Some(Vec::new())
        }
        (KeyCode::Char(_) | KeyCode::Backspace | KeyCode::Delete, Some(_)) => confirm.typed.key(&chord).then(Vec::new),
        _ => None,
    }
}

fn yes(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = model.overlays.pop() else { return Vec::new() };
    match confirm.then {
        Confirmed::Delete(findings) => screens::cleanup::delete(model, findings),
        Confirmed::Quit => vec![Effect::Quit],
        Confirmed::AbortRun(run) => screens::run::aborted(model, run),
        Confirmed::WriteConfig(text) => {
            vec![Effect::Save { what: "configuration".to_owned(), file: FileTarget::Configuration, text }]
        }
    }
}
