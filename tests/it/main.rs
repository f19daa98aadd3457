//! Tests of shipdeck as a whole, most of them against a real Kubernetes control plane (see [`harness`]).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first thing that is not as it should be")]
#![allow(clippy::disallowed_methods, reason = "tests wait for real processes on the real clock")]

mod architecture;
mod cli;
mod cluster;
mod cockpit;
mod config_corpus;
mod contract;
mod control_plane;
mod demo;
mod enforcement;
mod estimates;
mod evictions;
mod faults;
mod fences;
mod freezes;
mod harness;
mod json_shapes;
mod kubelet;
mod locks;
mod logs;
mod midway;
mod others;
mod playground;
mod pruning;
mod queue;
mod races;
mod rights;
mod runs;
mod scenarios;
mod stewards;
mod survival;
mod sweep;
mod terminal_faults;
mod terminal_kinds;
mod verdicts;
