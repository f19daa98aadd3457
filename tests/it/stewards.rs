//! Services that are described elsewhere, on a real API server: objects written as Argo CD, Flux, Helm and kubectl write
//! them, what shipdeck says before anything happens, and that it fights nobody.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::harness::commands::succeeds;
use crate::harness::shop::{config, shop};
use crate::harness::{Answer, ControlPlane, Headless, Namespace, eventually, workloads};

/// Writes a deployment as a controller does that applies.
async fn applied(space: &Namespace<'_>, by: &str, object: Value) {
    let params = PatchParams::apply(by).force();
    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
    space.api::<Deployment>().patch(&name, &params, &Patch::Apply(object)).await.unwrap();
}

fn marked(name: &str, labels: &Value, annotations: &Value) -> Value {
    let mut object = workloads::deployment(name, &format!("shop/{name}:v1"), 1);
    for (key, value) in labels.as_object().unwrap() {
        object["metadata"]["labels"][key] = value.clone();
    }
    object["metadata"]["annotations"] = annotations.clone();
    object
}

async fn available(space: &Namespace<'_>, names: &[&str]) {
    eventually("all are available", Duration::from_mins(1), async || {
        for name in names {
            space.get::<Deployment>(name).await?.status?.available_replicas.filter(|available| *available == 1)?;
        }
        Some(())
    })
    .await;
}

async fn image(space: &Namespace<'_>, name: &str) -> String {
    let found: Deployment = space.get(name).await.unwrap();
    found.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.is(0, "").out).unwrap_or_else(|_| panic!("{answer:#?}"))
}

/// A kind of a controller, without its schema.
struct Foreign<'a> {
    space: &'a Namespace<'a>,
    kind: ApiResource,
}

impl<'a> Foreign<'a> {
    fn install(space: &'a Namespace<'a>, group: &str, version: &str, kind: &str, plural: &str) -> Self {
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.{group}") },
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": { "kind": kind, "plural": plural, "singular": kind.to_lowercase() },
                "versions": [{ "name": version, "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true } } }],
            },
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), definition.to_string()).unwrap();
        succeeds(space.kubectl(&["apply", "-f", &file.path().display().to_string()]));
        let crd = format!("crd/{plural}.{group}");
        succeeds(space.kubectl(&["wait", "--for=condition=Established", &crd, "--timeout=30s"]));
        let kind = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
        Self { space, kind }
    }

    fn api(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.space.client.clone(), &self.space.name, &self.kind)
    }

    async fn create(&self, name: &str, spec: Value) {
        let mut object = DynamicObject::new(name, &self.kind);
        object.data = json!({ "spec": spec });
        self.api().create(&PostParams::default(), &object).await.unwrap();
    }

    async fn patch(&self, name: &str, spec: Value) {
        let patch = Patch::Merge(json!({ "spec": spec }));
        self.api().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_syncs_by_itself_is_not_fought_and_its_place_in_git_is_told() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("argo").await;
    let id = json!({ "argocd.argoproj.io/tracking-id": format!("web:apps/Deployment:{}/auth", space.name) });
    applied(&space, "argocd-controller", marked("auth", &json!({}), &id)).await;
    space.create::<Deployment>(workloads::deployment("cart", "shop/cart:v1", 1)).await;
    available(&space, &["auth", "cart"]).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));

    // Without a word of the application nothing is risked, and who still may do something is told what.
    let unknown = shipdeck.run("deploy --env staging auth=v2 --yes").await;
    unknown.is(3, "auth is kept by Argo CD (application web)").is(3, "which is not known").is(3, "tracking-id");

    let applications = Foreign::install(&space, "argoproj.io", "v1alpha1", "Application", "applications");
    let source = json!({ "repoURL": "https://git/shop", "path": "deploy/auth", "targetRevision": "main" });
    let automated = json!({ "automated": { "prune": true, "selfHeal": true } });
    applications.create("web", json!({ "source": source, "syncPolicy": automated })).await;

    let why = "kept by Argo CD (application web), which puts any other image back by itself";
    let way = "Change the image in deploy/auth in https://git/shop (main)";
    shipdeck.run("plan --env staging auth=v2").await.is(0, why).is(0, way);
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(3, why).is(3, way).is(3, "nothing was written");
    shipdeck.run("why --env staging auth").await.is(0, why).is(0, way);
    let cause = json_of(&shipdeck.run("why --env staging auth --json").await)["causes"][0].clone();
    assert_eq!(cause["code"], "described-elsewhere", "{cause}");
    assert_eq!(image(&space, "auth").await, "shop/auth:v1");

    // One image by hand, and the image is kubectl's by every record; Argo CD would still put it back.
    succeeds(space.kubectl(&["set", "image", "deployment/auth", "auth=shop/auth:v3"]));
    let plan = json_of(&shipdeck.run("plan --env staging auth=v2 --json").await);
    let described = &plan["described"][0];
    assert_eq!((&described["by"], &described["ruling"]), (&json!("argo-cd"), &json!("refused")), "{plan}");
    assert_eq!(
        (&described["image_of"], &described["path"]),
        (&json!(["kubectl-set"]), &json!("deploy/auth")),
        "{plan}"
    );
    // A group is refused as a whole, and what nobody keeps goes out by itself.
    shipdeck.run("deploy --env staging auth=v2 cart=v2 --yes").await.is(3, why);
    shipdeck.run("deploy --env staging cart=v2 --yes").await.is(0, "cart succeeded");

    // Synced by hand it can be done, and is warned of; so can what an application leaves alone.
    applications.patch("web", json!({ "syncPolicy": { "automated": null } })).await;
    let warned = shipdeck.run("deploy --env staging auth=v2 --yes").await;
    warned.is(0, "puts the image back when somebody syncs it").is(0, "auth succeeded");
    let ignores = json!([{ "group": "apps", "kind": "Deployment", "managedFieldsManagers": ["shipdeck"] }]);
    let respects = json!({ "automated": { "selfHeal": true }, "syncOptions": ["RespectIgnoreDifferences=true"] });
    applications.patch("web", json!({ "ignoreDifferences": ignores, "syncPolicy": respects })).await;
    let free = json_of(&shipdeck.run("plan --env staging auth=v3 --json").await);
    assert_eq!((&free["described"][0]["ruling"], &free["warnings"]), (&json!("free"), &json!([])), "{free}");
}

/// By then the plan is agreed to, and a run is under way.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_on_between_plan_and_write_is_not_written_and_not_by_whoever_resumes_the_run_either() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("taken-on").await;
    shop(&space).await;
    let applications = Foreign::install(&space, "argoproj.io", "v1alpha1", "Application", "applications");
    let source = json!({ "repoURL": "https://git/shop", "path": "deploy/cart", "targetRevision": "main" });
    let automated = json!({ "automated": { "prune": true, "selfHeal": true } });
    applications.create("web", json!({ "source": source, "syncPolicy": automated })).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    // auth keeps the run waiting for 8 s after its write.
    let mut command = shipdeck.command("deploy --env staging auth=slow cart=v2 --yes");
    let running = tokio::task::spawn_blocking(move || command.output());
    eventually("auth is written", Duration::from_secs(30), async || {
        (image(&space, "auth").await == "shop/auth:slow").then_some(())
    })
    .await;
    let id = format!("argocd.argoproj.io/tracking-id=web:apps/Deployment:{}/cart", space.name);
    succeeds(space.kubectl(&["annotate", "deployment/cart", &id]));
    let ended = running.await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(3), "{told}");
    let why = "cart: not written: it is kept by Argo CD (application web), which puts any other image back by itself";
    let way = "Change the image in deploy/cart in https://git/shop (main)";
    assert!(told.contains(why) && told.contains(way), "{told}");
    assert_eq!(image(&space, "cart").await, "shop/cart:v1");

    let listed = json_of(&shipdeck.run("runs --json").await);
    let resume = format!("resume {} --yes", listed["runs"][0]["run"].as_str().unwrap());
    shipdeck.run(&resume).await.is(3, why).is(3, way);
    assert_eq!(image(&space, "cart").await, "shop/cart:v1");
    // Synced by hand it is somebody's decision, and the run goes on.
    applications.patch("web", json!({ "syncPolicy": { "automated": null } })).await;
    shipdeck.run(&resume).await.is(0, "cart succeeded");
    assert_eq!(image(&space, "cart").await, "shop/cart:v2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_flux_reconciles_is_not_fought_until_it_is_suspended() {
    let Some(plane) = ControlPlane::private().await else { return };
    let space = plane.namespace("flux").await;
    let of = |kind: &str, name: &str| json!({ format!("{kind}.toolkit.fluxcd.io/name"): name, format!("{kind}.toolkit.fluxcd.io/namespace"): space.name });
    applied(&space, "kustomize-controller", marked("auth", &of("kustomize", "apps"), &json!({}))).await;
    // What Flux releases through Helm bears the marks of both.
    let mut released = of("helm", "cart");
    released["app.kubernetes.io/managed-by"] = "Helm".into();
    let notes = json!({ "meta.helm.sh/release-name": "cart", "meta.helm.sh/release-namespace": space.name });
    applied(&space, "helm-controller", marked("cart", &released, &notes)).await;
    available(&space, &["auth", "cart"]).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));

    let group = "toolkit.fluxcd.io";
    let git = Foreign::install(&space, &format!("source.{group}"), "v1", "GitRepository", "gitrepositories");
    git.create("shop", json!({ "url": "https://git/shop", "ref": { "branch": "main" } })).await;
    let kustomizations =
        Foreign::install(&space, &format!("kustomize.{group}"), "v1", "Kustomization", "kustomizations");
    let reference = json!({ "kind": "GitRepository", "name": "shop" });
    kustomizations.create("apps", json!({ "path": "./apps", "sourceRef": reference })).await;
    let helm_releases = Foreign::install(&space, &format!("helm.{group}"), "v2", "HelmRelease", "helmreleases");
    let chart = json!({ "spec": { "chart": "charts/cart", "sourceRef": reference } });
    helm_releases.create("cart", json!({ "chart": chart })).await;

    let refused = shipdeck.run("deploy --env staging auth=v2 --yes").await;
    refused.is(3, &format!("auth is kept by Flux (Kustomization {}/apps)", space.name));
    refused.is(3, "Change the image in ./apps in https://git/shop (main)");
    let refused = shipdeck.run("deploy --env staging cart=v2 --yes").await;
    refused.is(3, &format!("cart is kept by Flux (HelmRelease {}/cart)", space.name)).is(3, "with its next change");
    refused
        .is(3, &format!("in the values of HelmRelease {}/cart", space.name))
        .is(3, "charts/cart in https://git/shop");
    assert_eq!(
        (image(&space, "auth").await, image(&space, "cart").await),
        ("shop/auth:v1".into(), "shop/cart:v1".into())
    );

    kustomizations.patch("apps", json!({ "suspend": true })).await;
    let warned = shipdeck.run("deploy --env staging auth=v2 --yes").await;
    warned.is(0, "is suspended and puts the image back when it is resumed").is(0, "auth succeeded");
}

/// A chart with one deployment, whose values give its image.
fn chart(folder: &std::path::Path) {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: auth\n  labels:\n    \
        app.kubernetes.io/managed-by: {{ .Release.Service }}\n    helm.sh/chart: web-1.2.3\nspec:\n  replicas: 1\n  \
        selector: {matchLabels: {app: auth}}\n  template:\n    metadata: {labels: {app: auth}}\n    spec:\n      \
        containers:\n      - name: auth\n        image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"\n";
    std::fs::create_dir_all(folder.join("templates")).unwrap();
    std::fs::write(folder.join("Chart.yaml"), "apiVersion: v2\nname: web\nversion: 1.2.3\n").unwrap();
    std::fs::write(folder.join("values.yaml"), "image: {repository: shop/auth, tag: v1}\npassword: hunter2\n").unwrap();
    std::fs::write(folder.join("templates/auth.yaml"), deployment).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_of_helm_is_warned_of_with_its_key_and_the_next_upgrade_does_what_was_said() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("helm").await;
    let folder = tempfile::tempdir().unwrap();
    chart(folder.path());
    let path = folder.path().display().to_string();
    succeeds(space.helm(&["install", "web", &path, "--set", "image.tag=v2"]));
    space.create::<Deployment>(workloads::deployment("cart", "shop/cart:v1", 1)).await;
    available(&space, &["auth", "cart"]).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));

    let warned = "kept by Helm (release web) with chart web-1.2.3";
    let plan = shipdeck.run("plan --env staging auth=v3").await;
    plan.is(0, warned)
        .is(0, "the next upgrade puts the chart's image back")
        .is(0, "change image.tag in its values too");
    let plan = json_of(&shipdeck.run("plan --env staging auth=v3 --json").await);
    let described = &plan["described"][0];
    assert_eq!((&described["ruling"], &described["values"]), (&json!("warned"), &json!(["image.tag"])), "{plan}");
    assert!(!plan.to_string().contains("hunter2"), "values are never told");

    shipdeck.run("deploy --env staging auth=v3 --yes").await.is(0, warned).is(0, "auth succeeded");
    assert_eq!(image(&space, "auth").await, "shop/auth:v3");
    succeeds(space.helm(&["upgrade", "web", &path, "--reuse-values"]));
    assert_eq!(image(&space, "auth").await, "shop/auth:v2", "as it was said");

    // Who may not read secrets is told which release it is.
    let rules = json!([
        { "apiGroups": ["apps", "batch", "coordination.k8s.io"], "resources": ["*"], "verbs": ["*"] },
        { "apiGroups": [""], "resources": ["pods", "events", "configmaps"], "verbs": ["*"] },
    ]);
    let deployer = Headless::new(&space.user("deployer", rules).await, &config(&space.name));
    deployer.run("plan --env staging auth=v3").await.is(0, warned).is(0, "its values give the image");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_applied_from_files_is_told_once_for_all_of_them() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("files").await;
    let folder = tempfile::tempdir().unwrap();
    for (name, more) in [("auth", &[][..]), ("cart", &["--server-side"])] {
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(&path, workloads::deployment(name, &format!("shop/{name}:v1"), 1).to_string()).unwrap();
        succeeds(space.kubectl(&[&["apply", "-f", &path.display().to_string()], more].concat()));
    }
    available(&space, &["auth", "cart"]).await;
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&space.name));
    let plan = json_of(&shipdeck.run("plan --env staging auth=v2 cart=v2 --json").await);
    let warnings = plan["warnings"].as_array().unwrap();
    assert_eq!((warnings.len(), &warnings[0]["subject"]), (1, &json!("auth, cart")), "{plan}");
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(0, "the next apply").is(0, "auth succeeded");
}
