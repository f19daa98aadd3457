//! The view: `draw(model, look, frame)`. Pure: nothing here changes the model, and nobody else styles text.

mod activity;
#[cfg(test)]
mod bare_tests;
#[cfg(test)]
mod box_tests;
mod cleanup_page;
mod commands_box;
mod details;
mod draw;
mod environments;
mod format;
mod frame;
mod graph;
#[cfg(test)]
mod head_tests;
mod header;
mod hints;
#[cfg(test)]
mod key_tests;
mod lines;
mod listing_box;
mod logs;
mod look;
mod more;
mod overlays;
pub(crate) mod pace;
mod pen;
mod picture;
mod plan_box;
mod pods;
#[cfg(test)]
mod pointer_tests;
mod run_page;
mod runs_page;
#[cfg(test)]
mod scroll_tests;
mod services;
mod signs;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod tests;
mod toast;
mod versions_box;

pub use draw::draw;
pub(crate) use format::span;
pub use look::{Look, Token};
pub use picture::{drawn, svg, text};
pub use signs::{glyph, word};
