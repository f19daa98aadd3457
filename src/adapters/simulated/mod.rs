//! A simulated cluster: deterministic, seeded, on any clock. It serves `shipdeck demo` and fast tests, and refuses what
//! a real API server refuses.

mod cluster;
mod logs;
mod pods;
mod render;
mod world;

pub use cluster::SimulatedCluster;
