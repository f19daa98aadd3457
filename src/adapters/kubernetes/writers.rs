//! Who wrote the pod template of a workload last, by the record that the API server keeps of every field.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::map::text;
use crate::domain::observed::Writer;
use crate::domain::steward::Manager;

/// `metadata.managedFields`, of which only is read who writes at all, and who owns something of the template.
pub(super) type Owners = Vec<Owner>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Owner {
    manager: String,
    operation: String,
    subresource: String,
    time: Option<Timestamp>,
    fields_v1: Option<Fields>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(rename = "f:spec")]
    spec: Option<Spec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    /// It never changes: who owns it created the object.
    #[serde(rename = "f:selector")]
    selector: Option<IgnoredAny>,
    #[serde(rename = "f:template")]
    template: Option<Template>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    #[serde(rename = "f:spec")]
    spec: PodSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodSpec {
    #[serde(rename = "f:containers")]
    containers: BTreeMap<String, Container>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    #[serde(rename = "f:image")]
    image: Option<IgnoredAny>,
}

impl Owner {
    /// Who it is; none for what is written of a subresource: its status, or how many there are to be.
    pub(super) fn as_manager(&self) -> Option<Manager<'_>> {
        let whole = self.subresource.is_empty() && !self.manager.is_empty();
        whole.then(|| Manager { name: &self.manager, applies: self.operation == "Apply" })
    }

    fn template(&self) -> Option<&Template> {
        self.fields_v1.as_ref()?.spec.as_ref()?.template.as_ref()
    }

    /// Times are whole seconds. Of several in the same one it is not us who came last, for somebody asks only when it is
    /// no longer as we left it; who owns an image says more than who once wrote the rest; and who created it was first.
    fn rank(&self) -> (Option<Timestamp>, bool, bool, bool) {
        let images = self.template().is_some_and(|it| it.spec.containers.values().any(|it| it.image.is_some()));
        let created = self.fields_v1.as_ref().and_then(|it| it.spec.as_ref()).is_some_and(|it| it.selector.is_some());
        (self.time, self.manager != "shipdeck", images, !created)
    }
}

/// The newest writer of the template.
pub(super) fn of_template(owners: &[Owner]) -> Option<Writer> {
    let last = owners.iter().filter(|owner| owner.template().is_some()).max_by_key(|owner| owner.rank())?;
    Some(Writer { manager: text(&last.manager), at: last.time })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn writer(entries: &Value) -> Option<String> {
        let owners: Owners = serde_json::from_value(entries.clone()).unwrap();
        of_template(&owners).map(|writer| writer.manager.to_string())
    }

    #[test]
    fn the_newest_owner_of_something_of_the_template_is_its_writer_and_scalers_and_controllers_are_not() {
        let template = json!({ "f:spec": { "f:template": { "f:spec": {} } } });
        let containers = json!({ "f:containers": { "k:{\"name\":\"web\"}": { ".": {}, "f:image": {} } } });
        let image = json!({ "f:spec": { "f:template": { "f:spec": containers } } });
        let entry = |manager: &str, second: u8, fields: &Value| json!({ "manager": manager, "time": format!("2026-01-01T00:00:0{second}Z"), "fieldsV1": fields });
        let entries = json!([
            entry("kubectl-create", 1, &template),
            entry("helm", 3, &image),
            entry("kubectl-apply", 3, &template),
            entry("shipdeck", 3, &image),
            entry("autoscaler", 8, &json!({ "f:spec": { "f:replicas": {} } })),
            entry("kube-controller-manager", 9, &json!({ "f:status": { "f:replicas": {} } })),
        ]);
        assert_eq!(writer(&entries).as_deref(), Some("helm"));
        let created = json!({ "f:spec": { "f:selector": {}, "f:template": { "f:spec": {} } } });
        let restarted = json!([entry("kubectl-rollout", 1, &template), entry("unknown", 1, &created)]);
        assert_eq!(writer(&restarted).as_deref(), Some("kubectl-rollout"), "whoever created it was first");
        assert_eq!(writer(&json!([{ "manager": "kubectl", "fieldsV1": null }, {}])), None);
    }
}
