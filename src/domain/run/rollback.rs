//! The way back.

use super::Run;
use crate::domain::plan::Plan;

/// The plan that undoes what a run has begun: exactly the previous images, in reverse order.
pub fn inverse(_run: &Run) -> Option<Plan> {
    None
}
