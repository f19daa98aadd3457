//! A question before something that cannot be undone.

use crate::app::effect::{Effect, FileTarget};
use crate::app::model::{Answer, Confirm, Confirmed, Model, Overlay};
use crate::app::outcomes::CONFIGURATION;
use crate::app::screens;
use crate::domain::lease::Patience;
use crate::domain::lock::{BadEnd, Opens};
use crate::domain::text::clean;
use jiff::Timestamp;

/// Means yes, once what has to be typed is typed; else it is said below that what would do.
pub fn agree(model: &mut Model) -> Vec<Effect> {
    let now = model.session.now;
    let Some(Overlay::Confirm(confirm)) = model.overlays.last_mut() else { return Vec::new() };
    if let Some(why) = refusal(confirm, now) {
        confirm.typed.refuse(why);
        return Vec::new();
    }
    yes(model)
}

/// What is wrong with what is typed, and what would be taken.
fn refusal(confirm: &Confirm, now: Timestamp) -> Option<String> {
    let typed = confirm.typed.text().trim();
    match confirm.word.as_ref()? {
        Answer::Word(word) => (word != typed).then(|| format!("type {word} in full; nothing has happened")),
        Answer::Reason => typed.is_empty().then(|| "a reason is needed: type why, others read it".to_owned()),
        Answer::End => match Opens::read(typed, now) {
            Ok(_) => None,
            Err(BadEnd::Over(end)) => Some(format!("{end} is over already: type a later time, 2h, or nothing")),
            Err(BadEnd::Condition(_)) => {
                Some(format!("{typed:?} is no end: type 2h, a time, a condition as above, or nothing"))
            }
        },
    }
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
