//! The world outside, for real and simulated. Adapters do not know each other.

pub mod kubernetes;
pub mod simulated;
pub mod system;
