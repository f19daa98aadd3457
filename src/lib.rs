//! shipdeck: a terminal release cockpit. The map of the crate stands here once all layers do.

pub mod actions;
pub mod adapters;
pub mod app;
pub mod config;
pub mod domain;
pub mod ports;
pub mod report;
pub mod ui;
