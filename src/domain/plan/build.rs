//! From what is wanted to a plan.

use super::{Plan, PlanError, Purpose};
use crate::domain::board::Board;
use crate::domain::catalog::Catalog;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::image::Image;
use crate::domain::world::World;

/// What is wanted in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub env: EnvId,
    pub purpose: Purpose,
    /// What the set is called; empty: named after its services.
    pub title: String,
    pub services: Vec<(ServiceId, Wanted)>,
}

/// The version wanted of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A tag, a digest or both, or a whole reference, as typed.
    Version(String),
    /// Exactly what live pods of this environment run, by digest.
    As(EnvId),
    /// Exactly this image, as a run or a revision recorded it.
    Image(Image),
}

/// Makes a plan. Nothing is changed.
///
/// # Errors
/// Everything that makes the request impossible or unsafe; see [`PlanError`].
pub fn build(_catalog: &Catalog, _world: &World, _board: &Board, request: &Request) -> Result<Plan, PlanError> {
    Err(PlanError::UnknownEnvironment(request.env.clone()))
}
