//! Boxes over the screen: each takes its keys itself.

pub mod checks;
pub mod confirm;
pub mod listing;
pub mod lock;
pub mod picker;
pub mod plan;
pub mod versions;
