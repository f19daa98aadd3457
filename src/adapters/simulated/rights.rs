//! Rights in the simulated cluster: all of them, or those of a viewer.

use async_trait::async_trait;

use super::cluster::SimulatedCluster;
use super::writes;
use crate::domain::fault::Fault;
use crate::domain::rights::Wanted;
use crate::ports::rights::Rights;

/// What a viewer may do.
const LOOKS: [&str; 3] = ["get", "list", "watch"];

#[async_trait]
impl Rights for SimulatedCluster {
    async fn may(&self, namespace: &str, wanted: &[Wanted]) -> Result<(), Fault> {
        self.check()?;
        let world = self.world();
        let mut writes = wanted.iter().flat_map(|it| it.verbs.iter().map(|verb| (it.kind, *verb)));
        writes.try_for_each(|(kind, verb)| match verb {
            looks if LOOKS.contains(&looks) => Ok(()),
            writes => writes::may(&world, writes, kind, namespace),
        })
    }
}
