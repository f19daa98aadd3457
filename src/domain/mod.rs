//! What the program knows and concludes. Pure: no clock, no I/O, no terminal, no Kubernetes types.

pub mod board;
pub mod catalog;
pub mod cleanup;
pub mod discover;
pub mod fault;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod history;
pub mod ids;
pub mod image;
pub mod lease;
pub mod lock;
pub mod observed;
pub mod plan;
pub mod rights;
pub mod rollout;
pub mod run;
pub mod steward;
pub mod text;
pub mod verdict;
pub mod versions;
pub mod words;
pub mod world;
