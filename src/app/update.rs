//! `update(model, msg)`: routes what arrived to the file that handles it.

use jiff::Timestamp;

use super::effect::Effect;
use super::model::Model;
use super::msg::Msg;

/// Takes in what happened at a time and says what to do. Sets `session.dirty` when something shown changed.
pub fn update(_model: &mut Model, _msg: Msg, _now: Timestamp) -> Vec<Effect> {
    Vec::new()
}

/// What to do when the program starts: watch what is configured, discover what is not.
pub fn start(_model: &mut Model) -> Vec<Effect> {
    Vec::new()
}
