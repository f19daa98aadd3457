//! The model and its update: The Elm Architecture, pure. Nothing here awaits, reads a clock or draws.

pub mod effect;
pub mod geometry;
pub mod input;
pub mod logs;
pub mod model;
pub mod msg;
pub mod update;
