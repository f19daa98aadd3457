//! Whether a rollout is complete, by the documented counters of each kind.

use super::View;
use crate::domain::observed::{Strategy, WorkloadKind};
use crate::domain::verdict::Progress;

/// Pods of the wanted and of other templates, counted from the pods themselves.
pub(super) fn progress(view: &View<'_>) -> Progress {
    let lives = |pod: &&crate::domain::observed::Pod| pod.meta.deleting.is_none() && !is_ended(pod);
    Progress {
        wanted: view.workload.desired,
        ready: view.new_pods().filter(lives).filter(|pod| pod.ready).count() as u32,
        created: view.new_pods().filter(lives).count() as u32,
        failed: 0,
        old: view.old_pods().filter(lives).count() as u32,
        serving: view.old_pods().filter(lives).filter(|pod| pod.ready).count() as u32,
        draining: view.pods.iter().filter(|pod| pod.meta.deleting.is_some()).count() as u32,
    }
}

/// Evicted and failed pods are in no counter; their owner has replaced them.
fn is_ended(pod: &crate::domain::observed::Pod) -> bool {
    use crate::domain::observed::Phase;
    matches!(pod.phase, Phase::Failed | Phase::Succeeded)
}

/// Whether everything that is wanted is there, of the wanted template, and nothing else is counted.
pub(super) fn is_complete(view: &View<'_>) -> bool {
    let workload = view.workload;
    let status = &workload.status;
    let wanted = workload.desired;
    if workload.observed_generation < workload.generation || wanted == 0 {
        return false;
    }
    match workload.kind {
        WorkloadKind::Deployment => status.updated == wanted && status.replicas == wanted && status.available == wanted,
        WorkloadKind::StatefulSet => {
            let partition = if let Strategy::Partition(partition) = workload.strategy { partition } else { 0 };
            let revisions = partition > 0 || status.current_revision == status.update_revision;
            // A partition above every ordinal holds a new revision back; with no new revision there is nothing to hold.
            let rolls = partition < wanted || status.current_revision == status.update_revision;
            let updated = status.updated >= wanted.saturating_sub(partition);
            // An OnDelete set never moves its current revision, even when every pod is new.
            let on_delete = workload.strategy == Strategy::OnDelete;
            updated && status.available == wanted && (revisions || on_delete) && rolls
        }
        // Only its conditions say so.
        WorkloadKind::Job => false,
        WorkloadKind::DaemonSet => status.updated == wanted && status.available == wanted,
    }
}
