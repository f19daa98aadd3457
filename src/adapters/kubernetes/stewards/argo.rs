//! Applications of Argo CD: whether they sync by themselves, what they ignore, and where they come from.

use serde_json::Value;

use super::super::call::Call;
use super::super::connect::Link;
use super::super::{escaped, resources};
use super::{Described, custom, said};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::WorkloadRef;
use crate::domain::steward::{Source, Sync};
use crate::ports::stewards::Question;

const GROUP: &str = "apis/argoproj.io/v1alpha1";
/// Where Argo CD lives unless somebody chose otherwise.
const HOME: &str = "argocd";

pub(super) async fn practice(
    link: &Link,
    question: &Question,
    (app, namespace): (Option<&str>, Option<&str>),
    tracked: bool,
) -> Described {
    match application(link, app, namespace, question).await {
        Ok(found) => Described { sync: sync(&found, &question.workload), source: source(&found), values: Vec::new() },
        // What the workload names may be in another cluster; field managers alone outlive their controller.
        Err((fault, is_there)) => Described::unread(&fault, is_there || !tracked),
    }
}

/// The application of that name; without a name, the one that says that the workload is its own.
async fn application(
    link: &Link,
    app: Option<&str>,
    namespace: Option<&str>,
    question: &Question,
) -> Result<Value, (Fault, bool)> {
    if let (Some(app), Some(namespace)) = (app, namespace) {
        return custom(link, GROUP, "applications", (namespace, app)).await;
    }
    let select = app.map(|app| format!("?fieldSelector={}", escaped(&format!("metadata.name={app}"))));
    let all = format!("{}{}", resources("applications", GROUP, None), select.unwrap_or_default());
    let doing = app.map_or_else(|| "find its application".to_owned(), |app| format!("find the application {app}"));
    match link.json::<Value>(&Call::get(all, doing)).await {
        Ok(mut list) => {
            let found = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
            let its = found.iter().position(|it| lists(it, question)).or(app.map(|_| 0));
            let missing = || (Fault::new(FaultKind::NotFound, "there is no such application"), true);
            its.and_then(|its| found.into_iter().nth(its)).ok_or_else(missing)
        }
        // Who may not look everywhere may look at the usual place.
        Err(fault) if fault.kind == FaultKind::Forbidden && app.is_some() => {
            let name = app.unwrap_or_default();
            custom(link, GROUP, "applications", (HOME, name)).await.map_err(|_fault| (fault, false))
        }
        Err(fault) => Err((fault, false)),
    }
}

/// Whether the application says that the workload is its own.
fn lists(application: &Value, question: &Question) -> bool {
    let resources = application["status"]["resources"].as_array().into_iter().flatten();
    resources.into_iter().any(|it| {
        it["kind"] == question.workload.kind.api_kind()
            && it["namespace"] == *question.namespace
            && it["name"] == *question.workload.name
    })
}

fn sync(application: &Value, workload: &WorkloadRef) -> Sync {
    let policy = &application["spec"]["syncPolicy"];
    let skips = application["metadata"]["annotations"]["argocd.argoproj.io/skip-reconcile"] == "true";
    let automated = &policy["automated"];
    let by_itself = automated.is_object() && automated["enabled"] != false && !skips;
    let ignores = ignores_image(application, workload);
    let respects =
        policy["syncOptions"].as_array().into_iter().flatten().any(|it| it == "RespectIgnoreDifferences=true");
    match (by_itself, automated["selfHeal"] == true) {
        _ if ignores && respects => Sync::LeavesImage,
        (false, _) => Sync::ByHand,
        // A difference that is ignored is not healed; a sync for another reason still writes the image.
        (true, true) if !ignores => Sync::Heals,
        (true, _) => Sync::Follows,
    }
}

/// Whether differences of the image are ignored, or all that shipdeck writes.
fn ignores_image(application: &Value, workload: &WorkloadRef) -> bool {
    let rules = application["spec"]["ignoreDifferences"].as_array().into_iter().flatten();
    let meant = |rule: &&Value| {
        let is = |field: &str, wanted: &str| {
            rule[field].as_str().is_none_or(|it| it.is_empty() || it == "*" || it == wanted)
        };
        is("kind", workload.kind.api_kind()) && is("name", &workload.name)
    };
    let any = |rule: &Value, field: &str, test: fn(&str) -> bool| {
        rule[field].as_array().into_iter().flatten().filter_map(Value::as_str).any(test)
    };
    rules.into_iter().filter(meant).any(|rule| {
        any(rule, "managedFieldsManagers", |it| it == "shipdeck")
            || any(rule, "jsonPointers", |it| {
                it.starts_with("/spec/template/spec/containers") && it.ends_with("/image")
            })
            || any(rule, "jqPathExpressions", |it| {
                it.starts_with(".spec.template.spec.containers") && it.rsplit('.').next() == Some("image")
            })
    })
}

fn source(application: &Value) -> Option<Source> {
    let spec = &application["spec"];
    let several = spec["sources"].as_array().into_iter().flatten();
    let found = std::iter::once(&spec["source"]).chain(several).find(|it| it["repoURL"].is_string())?;
    Some(Source {
        repository: said(&found["repoURL"])?,
        path: said(&found["path"]).or_else(|| said(&found["chart"])),
        revision: said(&found["targetRevision"]),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sync_of(policy: &Value, ignored: &Value) -> Sync {
        let application = json!({ "spec": { "syncPolicy": policy, "ignoreDifferences": ignored } });
        sync(&application, &WorkloadRef::deployment("auth"))
    }

    #[test]
    fn an_application_syncs_by_hand_unless_it_says_otherwise() {
        assert_eq!(sync_of(&json!(null), &json!(null)), Sync::ByHand);
        assert_eq!(sync_of(&json!({ "automated": { "enabled": false, "selfHeal": true } }), &json!([])), Sync::ByHand);
        assert_eq!(sync_of(&json!({ "automated": {} }), &json!(null)), Sync::Follows);
        assert_eq!(sync_of(&json!({ "automated": { "selfHeal": true } }), &json!(null)), Sync::Heals);
        let skipped = json!({
            "metadata": { "annotations": { "argocd.argoproj.io/skip-reconcile": "true" } },
            "spec": { "syncPolicy": { "automated": { "selfHeal": true } } },
        });
        assert_eq!(sync(&skipped, &WorkloadRef::deployment("auth")), Sync::ByHand);
    }

    #[test]
    fn an_image_whose_differences_are_ignored_is_left_alone_only_where_syncs_respect_that() {
        let heals = json!({ "automated": { "selfHeal": true } });
        let respects = json!({ "automated": { "selfHeal": true }, "syncOptions": ["RespectIgnoreDifferences=true"] });
        for rule in [
            json!({ "group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/template/spec/containers/0/image"] }),
            json!({ "group": "*", "kind": "*", "managedFieldsManagers": ["shipdeck"] }),
            json!({ "kind": "Deployment", "jqPathExpressions": [".spec.template.spec.containers[0].image"] }),
        ] {
            assert_eq!(sync_of(&respects, &json!([rule])), Sync::LeavesImage, "{rule}");
            assert_eq!(sync_of(&heals, &json!([rule])), Sync::Follows, "{rule}");
        }
        for rule in [
            json!({ "kind": "StatefulSet", "managedFieldsManagers": ["shipdeck"] }),
            json!({ "kind": "Deployment", "name": "other", "managedFieldsManagers": ["shipdeck"] }),
            json!({ "kind": "Deployment", "jsonPointers": ["/spec/replicas"] }),
        ] {
            assert_eq!(sync_of(&respects, &json!([rule])), Sync::Heals, "{rule}");
        }
    }

    #[test]
    fn the_first_source_with_a_repository_is_where_it_is_described() {
        let one =
            json!({ "spec": { "source": { "repoURL": "https://git/a", "path": "x", "targetRevision": "main" } } });
        assert_eq!(source(&one).unwrap().told(), "x in https://git/a (main)");
        let several =
            json!({ "spec": { "sources": [{ "ref": "values" }, { "repoURL": "https://charts", "chart": "web" }] } });
        assert_eq!(source(&several).unwrap().told(), "web in https://charts");
        assert_eq!(source(&json!({})), None);
    }
}
