//! The world outside, as traits in the words of the domain. Each has two real implementors: the vendor's and the
//! simulated one; both pass the same contract tests.

pub mod cluster;
pub mod documents;
pub mod enforcement;
pub mod lease;
pub mod refusal;
pub mod rights;
pub mod stewards;
pub mod traffic;
