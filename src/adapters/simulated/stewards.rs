//! Stewards in the simulated cluster: there are none, and nothing is asked of any.

use async_trait::async_trait;

use super::cluster::SimulatedCluster;
use crate::domain::steward::{Practice, Sync};
use crate::ports::stewards::{Question, Stewards};

#[async_trait]
impl Stewards for SimulatedCluster {
    async fn practice(&self, _question: &Question) -> Practice {
        Practice { sync: Sync::Gone, source: None, values: Vec::new(), objectors: Vec::new() }
    }
}
