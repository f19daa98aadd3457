//! What the API server sends of pods.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Condition, Meta, nullable};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Pod {
    pub(in super::super) metadata: Meta,
    pub(in super::super) spec: PodSpec,
    pub(in super::super) status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct PodSpec {
    pub(in super::super) node_name: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) volumes: Vec<Volume>,
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) init_containers: Vec<PodContainer>,
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) containers: Vec<PodContainer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct Volume {
    pub(in super::super) name: String,
    pub(in super::super) persistent_volume_claim: Option<ClaimSource>,
    /// A claim that is made with the pod and called after it.
    pub(in super::super) ephemeral: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct ClaimSource {
    pub(in super::super) claim_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct PodContainer {
    pub(in super::super) name: String,
    pub(in super::super) restart_policy: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) resources: Resources,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Resources {
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) limits: Limits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Limits {
    pub(in super::super) memory: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct PodStatus {
    pub(in super::super) phase: String,
    pub(in super::super) reason: Option<String>,
    pub(in super::super) message: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) conditions: Vec<Condition>,
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) init_container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct ContainerStatus {
    pub(in super::super) name: String,
    pub(in super::super) image: String,
    #[serde(rename = "imageID")]
    pub(in super::super) image_id: String,
    pub(in super::super) ready: bool,
    pub(in super::super) restart_count: u32,
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) state: ContainerState,
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) last_state: ContainerState,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct ContainerState {
    pub(in super::super) waiting: Option<Waiting>,
    pub(in super::super) running: Option<Running>,
    pub(in super::super) terminated: Option<Terminated>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Waiting {
    pub(in super::super) reason: String,
    pub(in super::super) message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct Running {
    pub(in super::super) started_at: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct Terminated {
    pub(in super::super) exit_code: i32,
    pub(in super::super) reason: String,
    pub(in super::super) message: String,
    pub(in super::super) finished_at: Option<Timestamp>,
}
