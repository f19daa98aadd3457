//! What somebody has to be allowed to do in a namespace for what they want there.

use std::collections::BTreeSet;

use super::observed::{Kind, WorkloadKind};

/// What for rights are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Give workloads other images.
    Change,
    /// Hold services while they are changed, so that nobody else changes them.
    Hold,
    /// Write what the team shares: locks, runs, history.
    Share,
    /// Delete pods that are left over.
    RemovePods,
    /// Delete Jobs that are left over.
    RemoveJobs,
}

/// Verbs of the API that are needed on one kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub kind: Kind,
    pub verbs: &'static [&'static str],
}

impl Need {
    /// All rights that it takes where services run as these kinds of workloads.
    pub fn wanted(self, workloads: impl IntoIterator<Item = WorkloadKind>) -> Vec<Wanted> {
        match self {
            Self::Change => {
                let kinds: BTreeSet<WorkloadKind> = workloads.into_iter().collect();
                kinds.into_iter().map(|kind| Wanted { kind: Kind::Workload(kind), verbs: &["patch"] }).collect()
            }
            Self::Hold => vec![Wanted { kind: Kind::Lease, verbs: &["get", "create", "update"] }],
            Self::Share => vec![Wanted { kind: Kind::Document, verbs: &["list", "create", "update", "delete"] }],
            Self::RemovePods => vec![Wanted { kind: Kind::Pod, verbs: &["delete"] }],
            Self::RemoveJobs => vec![Wanted { kind: Kind::Job, verbs: &["delete"] }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_the_right_to_patch_each_kind_that_there_is_and_no_other() {
        use WorkloadKind::{DaemonSet, Deployment};
        let wanted = Need::Change.wanted([DaemonSet, Deployment, Deployment]);
        let kinds: BTreeSet<&str> = wanted.iter().map(|it| it.kind.plural()).collect();
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["daemonsets", "deployments"]);
        assert!(wanted.iter().all(|it| it.verbs == ["patch"]));
        assert!(Need::Change.wanted([]).is_empty());
    }
}
