//! The view: `draw(model, look, frame)`. Pure: nothing here changes the model, and nobody else styles text.

mod draw;
mod environments;
mod format;
mod graph;
mod logs;
mod look;
mod overlays;
mod pages;
mod pen;
mod picture;
mod services;
mod signs;
#[cfg(test)]
mod tests;

pub use draw::draw;
pub use look::{Look, Token};
pub use picture::svg;
pub use signs::{glyph, word};
