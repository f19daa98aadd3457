//! A simulated cluster: deterministic, seeded, on any clock. It serves `shipdeck demo` and fast tests, and refuses what
//! a real API server refuses.

mod cluster;
mod events;
mod hands;
mod leftovers;
mod logs;
mod morning;
mod pods;
mod render;
mod world;

pub use cluster::SimulatedCluster;
