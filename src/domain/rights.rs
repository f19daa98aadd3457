//! What somebody has to be allowed to do in a namespace for what they want there.

use super::observed::{Kind, WorkloadKind};

/// What for rights are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Give workloads of this kind other images: whoever may not touch one kind may well deploy what runs as another.
    Change(WorkloadKind),
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
    /// All rights that it takes.
    pub fn wanted(self) -> Vec<Wanted> {
        match self {
            Self::Change(kind) => vec![Wanted { kind: Kind::Workload(kind), verbs: &["patch"] }],
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
    fn a_change_takes_the_right_to_patch_its_kind_and_no_other() {
        for kind in WorkloadKind::ALL {
            assert_eq!(Need::Change(kind).wanted(), [Wanted { kind: Kind::Workload(kind), verbs: &["patch"] }]);
        }
    }
}
