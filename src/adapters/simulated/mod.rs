//! A simulated cluster: deterministic, seeded, on any clock. It serves `shipdeck demo` and fast tests, and refuses what
//! a real API server refuses.

mod cluster;
mod documents;
mod enforcement;
mod events;
mod hands;
mod leases;
mod leftovers;
mod logs;
mod manifest;
mod morning;
mod pods;
mod reads;
mod render;
mod rights;
mod script;
mod stewards;
mod traffic;
mod world;
mod writes;

pub use cluster::SimulatedCluster;
