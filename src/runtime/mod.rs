//! The imperative shell: the only event loop, the only terminal, the only place that spawns.

mod clock;
mod compose;
mod event_loop;
mod executor;
mod files;
mod fleet;
mod force;
mod headless;
mod history;
mod input;
mod keeping;
mod leases;
mod locks;
mod runs;
mod signals;
#[cfg(test)]
mod simulation;
mod sleep;
pub mod stage;
mod start;
mod stewards;
mod tasks;
mod telemetry;
mod terminal;

pub use start::run;
