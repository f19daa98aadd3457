//! What an operator can do, as one table. Keys, help, palette, hints and the README come from it.

pub mod chord;
pub mod keymap;
mod table;

pub use table::{ACTIONS, Action, Danger, Scope, Section, Spec};
