//! The last look at whose a workload is before a write: between plan and write, or before a run is taken up, Argo CD or Flux
//! may have taken it on, or their ways may have changed.

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::steward::{Ruling, Steward, rule};
use crate::ports::cluster::{Cluster, ImageChange};
use crate::ports::refusal::Standing;
use crate::ports::stewards::Question;

/// Reads what stands there in this very moment, and asks whoever keeps it how they go about it. Helm and files put nothing
/// back by themselves: the plan has warned of them.
///
/// # Errors
/// `Conflict` with who would put the image back, and what to change instead; the usual faults when that could not be
/// read. Nothing was sent then.
pub(super) async fn check(cluster: &dyn Cluster, change: &ImageChange) -> Result<(), Fault> {
    let name = &change.workload.name;
    let found = match cluster.workload(&change.namespace, &change.workload).await {
        Ok(found) => found,
        // The write meets with the same and has words for it, or may do more than read.
        Err(fault) if matches!(fault.kind, FaultKind::NotFound | FaultKind::Forbidden) => return Ok(()),
        Err(fault) => {
            let message = format!("{name}: not written: whose it is could not be read: {}", fault.message);
            return Err(Fault { message, ..fault });
        }
    };
    // What is there already is not changed, and what is in its way is told by the write.
    let steward = Some(change.standing(&found)).filter(|it| *it == Standing::Open).and(found.steward);
    let Some(steward) = steward.filter(|it| matches!(**it, Steward::Argo { .. } | Steward::Flux { .. })) else {
        return Ok(());
    };
    let question = Question {
        namespace: change.namespace.clone(),
        workload: change.workload.clone(),
        container: change.container.clone(),
        image: change.from.clone(),
        steward: *steward,
    };
    match rule(&question.steward, &cluster.practice(&question).await) {
        Ruling::Free | Ruling::Warned(_) => Ok(()),
        Ruling::ThroughSource { why, remedy, .. } => {
            let message = format!("{name}: not written: it {why}. {remedy}");
            Err(Fault::new(FaultKind::Conflict, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::kubernetes::scripted::{self, Answer, failed, ok};
    use crate::domain::ids::Uid;
    use crate::domain::observed::WorkloadRef;

    const ARGO: &str = r#""annotations":{"argocd.argoproj.io/tracking-id":"web:apps/Deployment:shop/auth"}"#;
    const HELM: &str =
        r#""labels":{"app.kubernetes.io/managed-by":"Helm"},"annotations":{"meta.helm.sh/release-name":"web"}"#;

    /// What becomes of a write of auth from v1 to v2, where these are its marks and its image, and the application says this.
    async fn said(marks: &'static str, image: &'static str, policy: &'static str) -> Result<(), String> {
        let answers = move |path: &str| -> Answer {
            if path.contains("applications") {
                return ok(format!(
                    r#"{{"items":[{{"metadata":{{"name":"web"}},"spec":{{"source":{{"repoURL":"https://git/shop"}},"syncPolicy":{{{policy}}}}}}}]}}"#
                ));
            }
            if marks.is_empty() {
                return failed(404, "not found");
            }
            ok(format!(
                r#"{{"metadata":{{"name":"auth","namespace":"shop","uid":"u1",{marks}}},
                    "spec":{{"selector":{{}},"template":{{"spec":{{"containers":[{{"name":"auth","image":"{image}"}}]}}}}}}}}"#
            ))
        };
        let (cluster, _) = scripted::cluster(move |asked| Some(answers(&asked.path)));
        let change = ImageChange {
            namespace: "shop".into(),
            workload: WorkloadRef::deployment("auth"),
            uid: Uid::new("u1"),
            container_index: 0,
            container: "auth".into(),
            from: "shop/auth:v1".into(),
            to: "shop/auth:v2".into(),
            fence: None,
            dry_run: false,
        };
        check(&cluster, &change).await.map_err(|fault| fault.message)
    }

    #[tokio::test]
    async fn who_puts_it_back_by_themselves_is_not_fought_though_the_plan_did_not_know_of_them() {
        let heals = r#""automated":{"selfHeal":true}"#;
        let why = said(ARGO, "shop/auth:v1", heals).await.unwrap_err();
        assert!(why.starts_with("auth: not written: it is kept by Argo CD (application web), which puts any"), "{why}");
        assert!(why.contains("Change the image in https://git/shop"), "{why}");
        assert_eq!(said(ARGO, "shop/auth:v1", "").await, Ok(()), "synced by hand");
        assert_eq!(said(HELM, "shop/auth:v1", heals).await, Ok(()), "its upgrade is somebody's decision");
        assert_eq!(said(r#""labels":{}"#, "shop/auth:v1", heals).await, Ok(()));
    }

    #[tokio::test]
    async fn what_would_change_nothing_is_left_to_the_write_and_so_is_what_is_in_its_way() {
        let heals = r#""automated":{"selfHeal":true}"#;
        for image in ["shop/auth:v2", "shop/auth:v9"] {
            assert_eq!(said(ARGO, image, heals).await, Ok(()), "{image}");
        }
        assert_eq!(said("", "", heals).await, Ok(()), "it is gone");
    }
}
