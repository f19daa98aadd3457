//! Attention: how soon a cluster that falls silent is noticed.
//!
//! While a run is under way, of whomever, or somebody has used the cockpit within the last two minutes, a cluster that says
//! nothing is asked within seconds whether it is still there: of a run of somebody else, so that their silence is not taken
//! for their end when it is the cluster that is silent. Else nothing is sent at all: the bookmarks of the watches, about one a
//! minute, tell as much.

use std::time::Duration;

use super::effect::Effect;
use super::model::Model;

/// How long after a key or a click somebody is taken to be looking.
const LOOKS_FOR: Duration = Duration::from_mins(2);

/// Somebody did something just now.
pub fn noticed(model: &mut Model) -> Option<Effect> {
    model.session.looked = Some(model.session.now);
    pay(model)
}

/// What attention is due now, if that has changed.
pub fn pay(model: &mut Model) -> Option<Effect> {
    let due = model.active_run().is_some() || looks_until(model).is_some() || super::holders::something_ages(model);
    (std::mem::replace(&mut model.session.attentive, due) != due).then_some(Effect::Attend(due))
}

/// For how long somebody is still taken to be looking.
pub fn looks_until(model: &Model) -> Option<Duration> {
    let since = model.session.now.duration_since(model.session.looked?);
    // A clock that was set back must not make it last.
    let since = Duration::try_from(since).unwrap_or(LOOKS_FOR);
    LOOKS_FOR.checked_sub(since).filter(|left| !left.is_zero())
}
