//! What the API server sends, as thin types of our own: only the fields that shipdeck uses, so that the rest (managed
//! fields above all) is skipped by the parser and never kept. Everything is optional, for servers old and new.

mod pod;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(super) use pod::{ContainerState, ContainerStatus, Pod, PodContainer, Terminated};

/// Go writes empty lists and maps as `null` in places.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct List<T> {
    pub(super) metadata: ListMeta,
    #[serde(deserialize_with = "nullable", bound(deserialize = "T: Deserialize<'de>"))]
    pub(super) items: Vec<T>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ListMeta {
    pub(super) resource_version: String,
    #[serde(rename = "continue")]
    pub(super) next: Option<String>,
}

/// Reads only what sort of line of a watch it is; the rest is scanned over.
#[derive(Debug, Deserialize)]
pub(super) struct EventType<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) sort: std::borrow::Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Line<T> {
    pub(super) object: T,
}

/// Any object of which only the metadata matter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bare {
    pub(super) metadata: Meta,
}

/// `M` is what is read of the record of who wrote which field: nothing, unless somebody asks for it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Meta<M = IgnoredAny> {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) generation: i64,
    pub(super) creation_timestamp: Option<Timestamp>,
    pub(super) deletion_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "nullable")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    pub(super) annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    pub(super) owner_references: Vec<OwnerReference>,
    #[serde(deserialize_with = "nullable")]
    pub(super) finalizers: Vec<String>,
    pub(super) managed_fields: Option<M>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OwnerReference {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) controller: bool,
}

/// Deployment, StatefulSet, DaemonSet and ReplicaSet: their fields do not contradict each other.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "M: Default + Deserialize<'de>"))]
pub(super) struct Workload<M = IgnoredAny> {
    pub(super) metadata: Meta<M>,
    pub(super) spec: WorkloadSpec,
    pub(super) status: WorkloadStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WorkloadSpec {
    pub(super) replicas: Option<u32>,
    pub(super) paused: bool,
    #[serde(alias = "updateStrategy", deserialize_with = "nullable")]
    pub(super) strategy: Strategy,
    pub(super) progress_deadline_seconds: Option<u32>,
    pub(super) template: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Strategy {
    #[serde(rename = "type")]
    pub(super) sort: String,
    pub(super) rolling_update: Option<RollingUpdate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RollingUpdate {
    pub(super) partition: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WorkloadStatus {
    pub(super) observed_generation: i64,
    #[serde(alias = "currentNumberScheduled")]
    pub(super) replicas: u32,
    #[serde(alias = "updatedNumberScheduled")]
    pub(super) updated_replicas: u32,
    #[serde(alias = "numberReady")]
    pub(super) ready_replicas: u32,
    #[serde(alias = "numberAvailable")]
    pub(super) available_replicas: u32,
    pub(super) terminating_replicas: u32,
    pub(super) desired_number_scheduled: u32,
    pub(super) current_revision: Option<String>,
    pub(super) update_revision: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) last_update_time: Option<Timestamp>,
    pub(super) last_transition_time: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    pub(super) metadata: Meta,
    pub(super) spec: JobSpec,
    pub(super) status: JobStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct JobSpec {
    pub(super) ttl_seconds_after_finished: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    pub(super) suspend: bool,
    pub(super) completions: Option<u32>,
    pub(super) template: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JobStatus {
    pub(super) active: u32,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    #[serde(deserialize_with = "nullable")]
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Event {
    pub(super) metadata: Meta,
    pub(super) involved_object: About,
    #[serde(rename = "type")]
    pub(super) sort: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    pub(super) count: Option<u32>,
    pub(super) first_timestamp: Option<Timestamp>,
    pub(super) last_timestamp: Option<Timestamp>,
    pub(super) event_time: Option<Timestamp>,
    pub(super) series: Option<Series>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct About {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Series {
    pub(super) count: u32,
    pub(super) last_observed_time: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Lease {
    pub(super) metadata: Meta,
    #[serde(deserialize_with = "nullable")]
    pub(super) spec: LeaseSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LeaseSpec {
    pub(super) holder_identity: Option<String>,
    pub(super) lease_duration_seconds: Option<i64>,
    pub(super) acquire_time: Option<Timestamp>,
    pub(super) renew_time: Option<Timestamp>,
    pub(super) lease_transitions: Option<i64>,
}

/// A config map.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Document {
    pub(super) metadata: Meta,
    #[serde(deserialize_with = "nullable")]
    pub(super) data: BTreeMap<String, String>,
}

/// The answer to a question about one's own rights.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AccessReview {
    pub(super) status: Access,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Access {
    pub(super) allowed: bool,
    /// Somebody said no; else nobody said yes.
    pub(super) denied: bool,
    pub(super) evaluation_error: String,
}

/// A revision of a StatefulSet or DaemonSet: `data` is a patch that holds the pod template.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ControllerRevision {
    pub(super) metadata: Meta,
    pub(super) revision: u64,
    pub(super) data: Value,
}

/// What the API server answers instead of an object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    pub(super) code: u16,
    #[serde(deserialize_with = "nullable")]
    pub(super) message: String,
    #[serde(deserialize_with = "nullable")]
    pub(super) details: Details,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Details {
    pub(super) retry_after_seconds: Option<u64>,
    #[serde(deserialize_with = "nullable")]
    pub(super) causes: Vec<Cause>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cause {
    pub(super) field: String,
    /// `FieldValueInvalid`; the message beside it may quote the value and is not read.
    pub(super) reason: String,
}

/// Who wrote which field of an object; read only to name the person or tool that was faster.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    pub(super) metadata: WrittenMeta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WrittenMeta {
    #[serde(deserialize_with = "nullable")]
    pub(super) managed_fields: Vec<ManagedFields>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ManagedFields {
    pub(super) manager: String,
    pub(super) time: Option<Timestamp>,
    pub(super) fields_v1: Value,
}
