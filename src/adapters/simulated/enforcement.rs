//! Enforcement in the simulated cluster: as in one where nobody has installed the policies.

use async_trait::async_trait;

use super::cluster::SimulatedCluster;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::WorkloadRef;
use crate::ports::enforcement::{Enforcement, Order};

#[async_trait]
impl Enforcement for SimulatedCluster {
    async fn enforce(&self, namespace: &str, _order: &Order) -> Result<(), Fault> {
        self.check()?;
        Err(unknown(namespace))
    }

    async fn lift(&self, _namespace: &str, _name: &str) -> Result<(), Fault> {
        self.check()
    }

    async fn proves(&self, namespace: &str, _name: &str, _workloads: &[WorkloadRef]) -> Result<bool, Fault> {
        self.check()?;
        Err(unknown(namespace))
    }
}

fn unknown(namespace: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("there are no freezes in {namespace}"))
}
