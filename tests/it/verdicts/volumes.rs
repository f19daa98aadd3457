//! Pods that wait for a volume: by the real scheduler, and the real controller of claims.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use shipdeck::domain::observed::WorkloadKind;
use shipdeck::domain::verdict::{Cause, State};

use super::{Observed, SOON, cause};
use crate::harness::{ControlPlane, eventually, workloads};

fn with_claim(object: &mut Value) {
    let claim = json!({ "name": "data", "persistentVolumeClaim": { "claimName": "web-data" } });
    object["spec"]["template"]["spec"]["volumes"] = json!([claim]);
}

fn claim(class: &str) -> Value {
    json!({
        "metadata": { "name": "web-data" },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": "1Gi" } },
            "storageClassName": class,
        },
    })
}

/// One pod that wants the claim, of which the image was set by us.
async fn waits<'plane>(plane: &'plane ControlPlane, name: &str, made: Option<Value>) -> Observed<'plane> {
    let mut web = Observed::on(plane, name, WorkloadKind::Deployment).await;
    if let Some(made) = made {
        web.space.create::<PersistentVolumeClaim>(made).await;
    }
    let mut object = workloads::deployment("web", "shop/web:v1", 1);
    with_claim(&mut object);
    web.space.create::<Deployment>(object).await;
    web.stands(State::Progressing).await;
    web.set_image("v2").await;
    web
}

#[tokio::test]
async fn a_claim_that_nobody_made_is_named_and_fails_after_its_grace() {
    let Some(plane) = ControlPlane::shared() else { return };
    let web = waits(plane, "no-claim", None).await;
    web.says(State::Progressing, "the claim web-data does not exist").await;
    let verdict = web.says_after(40, State::Failed, "the claim web-data does not exist").await;
    assert_eq!(*cause(&verdict), Cause::NoVolume);
}

#[tokio::test]
async fn a_claim_without_a_volume_is_named_with_the_words_of_the_controller_of_claims() {
    let Some(plane) = ControlPlane::shared() else { return };
    let web = waits(plane, "unbound", Some(claim("no-such-class"))).await;
    let words = "the claim web-data has no volume yet: storageclass.storage.k8s.io \"no-such-class\" not found";
    let verdict = web.says(State::Progressing, words).await;
    assert_eq!(*cause(&verdict), Cause::NoVolume);
    web.says_after(310, State::Failed, words).await;
}

#[tokio::test]
async fn a_claim_that_has_lost_its_volume_fails_at_once() {
    let Some(plane) = ControlPlane::shared() else { return };
    let mut web = Observed::on(plane, "lost", WorkloadKind::Deployment).await;
    let name = format!("pv-{}", web.space.name);
    let volumes: Api<PersistentVolume> = Api::all(web.space.client.clone());
    let volume = json!({
        "metadata": { "name": name },
        "spec": {
            "capacity": { "storage": "1Gi" },
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": name,
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": { "path": "/data" },
        },
    });
    volumes.create(&PostParams::default(), &serde_json::from_value(volume).unwrap()).await.unwrap();
    web.space.create::<PersistentVolumeClaim>(claim(&name)).await;
    let phase = async |wanted: &str| {
        eventually(wanted, SOON, async || {
            let claim: PersistentVolumeClaim = web.space.get("web-data").await?;
            (claim.status?.phase? == wanted).then_some(())
        })
        .await;
    };
    phase("Bound").await;
    volumes.delete(&name, &DeleteParams::default()).await.unwrap();
    let freed = json!({ "metadata": { "finalizers": null } });
    let _ = volumes.patch(&name, &PatchParams::default(), &Patch::Merge(freed)).await;
    phase("Lost").await;
    let mut object = workloads::deployment("web", "shop/web:v1", 1);
    with_claim(&mut object);
    web.space.create::<Deployment>(object).await;
    web.stands(State::Failed).await;
    web.set_image("v2").await;
    let verdict = web.says(State::Failed, &format!("the claim web-data has lost its volume {name}")).await;
    assert_eq!(*cause(&verdict), Cause::NoVolume);
}
