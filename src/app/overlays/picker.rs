//! Choosing one of a few things.

use crate::app::effect::Effect;
use crate::app::model::{Model, Overlay, PickerPurpose};
use crate::app::{journal, log_bridge, screens};
use crate::domain::verdict::State;

/// Takes what is selected.
pub fn choose(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Picker(picker)) = model.overlays.pop() else { return Vec::new() };
    let index = picker.selected;
    match picker.purpose {
        PickerPurpose::Unlock => super::lock::ask_release(model, index),
        PickerPurpose::Group => screens::home::mark_group(model, index),
        PickerPurpose::Containers => return log_bridge::choose_container(model, index),
        PickerPurpose::Since => return log_bridge::choose_since(model, index),
        PickerPurpose::PromoteTo => {
            let Some(from) = model.home.env.clone() else { return Vec::new() };
            let to = model.catalog.downstream(&from).nth(index).map(|env| env.name.clone());
            if let Some(Err(why)) = to.map(|to| super::plan::promote(model, &to)) {
                journal::notice(model, State::Blocked, why, "");
            }
        }
    }
    Vec::new()
}
