//! The model and its update: The Elm Architecture, pure. Nothing here awaits, reads a clock or draws.

pub mod activity;
pub mod attention;
pub mod availability;
pub mod copying;
pub mod discovery;
pub mod dispatch;
pub mod effect;
#[cfg(test)]
pub(crate) mod ended_tests;
pub mod facts;
pub mod farewell;
pub mod focus;
pub mod geometry;
pub mod history;
pub mod holders;
pub mod input;
pub mod journal;
pub mod keeping;
pub mod life_signs;
pub mod locks;
pub mod log_bridge;
#[cfg(test)]
mod log_tests;
pub mod logs;
pub mod model;
pub mod mouse;
pub mod msg;
pub mod others;
#[cfg(test)]
pub(crate) mod others_tests;
pub mod outages;
pub mod outcomes;
pub mod overlays;
#[cfg(test)]
mod passed_tests;
pub mod places;
#[cfg(test)]
mod plan_tests;
pub mod queue;
pub mod removals;
pub mod rights;
pub mod rows;
#[cfg(test)]
pub(crate) mod run_tests;
pub mod runs;
pub mod screens;
#[cfg(test)]
mod sleep_tests;
pub mod soaks;
pub mod stewards;
#[cfg(test)]
pub(crate) mod testkit;
#[cfg(test)]
mod tests;
pub mod touch;
mod traces;
pub mod traffic;
pub mod update;
pub mod why;
