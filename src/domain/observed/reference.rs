//! What a workload is called: its kind and its name.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The kinds of workload that a service can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    Deployment,
    StatefulSet,
    DaemonSet,
    /// Judged and shown; its image cannot be changed.
    Job,
}

impl WorkloadKind {
    /// Those that roll out.
    pub const ALL: [Self; 3] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet];

    /// As kubectl and the configuration write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
            Self::Job => "job",
        }
    }

    /// As `ownerReferences` and events write it.
    pub fn api_kind(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
        }
    }
}

/// `deployment/checkout`: a workload within one environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadRef {
    pub kind: WorkloadKind,
    pub name: Arc<str>,
}

impl WorkloadRef {
    pub fn new(kind: WorkloadKind, name: impl Into<Arc<str>>) -> Self {
        Self { kind, name: name.into() }
    }

    pub fn deployment(name: impl Into<Arc<str>>) -> Self {
        Self::new(WorkloadKind::Deployment, name)
    }
}

impl fmt::Display for WorkloadRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.name)
    }
}

/// A text that is no workload reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write deployment/NAME, statefulset/NAME, daemonset/NAME or job/NAME")]
pub struct NoWorkloadRef;

impl FromStr for WorkloadRef {
    type Err = NoWorkloadRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, name) = text.split_once('/').ok_or(NoWorkloadRef)?;
        let kind = match kind.to_ascii_lowercase().as_str() {
            "deployment" | "deployments" | "deploy" => WorkloadKind::Deployment,
            "statefulset" | "statefulsets" | "sts" => WorkloadKind::StatefulSet,
            "daemonset" | "daemonsets" | "ds" => WorkloadKind::DaemonSet,
            "job" | "jobs" => WorkloadKind::Job,
            _ => return Err(NoWorkloadRef),
        };
        if name.is_empty() || name.contains('/') { Err(NoWorkloadRef) } else { Ok(Self::new(kind, name)) }
    }
}
