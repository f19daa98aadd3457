//! A question before something that cannot be undone.

use crate::app::effect::{Effect, FileTarget};
use crate::app::model::{Answer, Confirmed, Model, Overlay};
use crate::app::outcomes::CONFIGURATION;
use crate::app::{journal, screens};
use crate::domain::lease::Patience;
use crate::domain::lock::Opens;
use crate::domain::text::clean;
use crate::domain::verdict::State;

/// Means yes, once what has to be typed is typed.
pub fn agree(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = model.overlays.last() else { return Vec::new() };
    let typed = confirm.typed.text().trim();
    let refusal = match &confirm.word {
        None => None,
        Some(Answer::Word(word)) if word == typed => None,
        // The question shows the word.
        Some(Answer::Word(_)) => return Vec::new(),
        Some(Answer::Reason) => typed.is_empty().then(|| "a reason is needed: others read it".to_owned()),
        Some(Answer::End) => Opens::read(typed, model.session.now).err().map(|error| error.to_string()),
    };
    if let Some(why) = refusal {
        journal::notice(model, State::Blocked, why, "nothing has happened");
        return Vec::new();
    }
    yes(model)
}

fn yes(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = model.overlays.pop() else { return Vec::new() };
    let typed = clean(confirm.typed.text().trim()).into_owned();
    match confirm.then {
        Confirmed::Freeze { env, services } => {
            super::lock::ask_until(model, env, services, typed.into());
            Vec::new()
        }
        Confirmed::FreezeUntil { env, services, reason } => super::lock::freeze(model, env, services, reason, &typed),
        Confirmed::Unlock { env, id } => super::lock::release(model, env, &id, &typed),
        Confirmed::Override => super::lock::record(model, &typed),
        Confirmed::TakeUp { env, key } => screens::others::take_up(model, &env, &key),
        Confirmed::EndRun { env, key } => screens::others::end(model, &env, &key),
        Confirmed::ClearRun { env, key } => screens::others::clear(model, &env, &key),
        Confirmed::Delete(findings) => screens::cleanup::delete(model, findings),
        Confirmed::Quit => vec![Effect::Quit],
        Confirmed::TakeOver => super::plan::confirm(model, Patience::TakeOver),
        Confirmed::AbortRun(run) => screens::run::aborted(model, run),
        Confirmed::LeaveOut { run, service } => screens::run::leave_out(model, run, service, &typed),
        Confirmed::WriteConfig(text) => {
            vec![Effect::Save { what: CONFIGURATION.to_owned(), file: FileTarget::Configuration, text }]
        }
    }
}
