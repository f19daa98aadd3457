//! A question before something that cannot be undone.

use crate::app::effect::{Effect, FileTarget};
use crate::app::model::{Confirmed, Model, Overlay};
use crate::app::screens;
use crate::domain::lease::Patience;

/// Means yes, once what has to be typed is typed.
pub fn agree(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = model.overlays.last() else { return Vec::new() };
    let typed = confirm.typed.text();
    if confirm.word.as_ref().is_none_or(|word| word == typed) { yes(model) } else { Vec::new() }
}

fn yes(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = model.overlays.pop() else { return Vec::new() };
    match confirm.then {
        Confirmed::Delete(findings) => screens::cleanup::delete(model, findings),
        Confirmed::Quit => vec![Effect::Quit],
        Confirmed::TakeOver => super::plan::confirm(model, Patience::TakeOver),
        Confirmed::AbortRun(run) => screens::run::aborted(model, run),
        Confirmed::WriteConfig(text) => {
            vec![Effect::Save { what: "configuration".to_owned(), file: FileTarget::Configuration, text }]
        }
    }
}
