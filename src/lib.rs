//! shipdeck: a terminal release cockpit.

pub mod domain;
pub mod ports;
