//! Who wrote the pod template of a workload last, by the record that the API server keeps of every field.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::map::text;
use crate::domain::observed::Writer;

/// `metadata.managedFields`, of which only is read who owns something of the template.
pub(super) type Owners = Vec<Owner>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Owner {
    manager: String,
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
    #[serde(rename = "f:template")]
    template: Option<IgnoredAny>,
}

/// The newest writer of the template. Times are whole seconds: of two in the same one it is not us who came later, for
/// somebody asks only when it is no longer as we left it.
pub(super) fn of_template(owners: &[Owner]) -> Option<Writer> {
    let wrote = |owner: &&Owner| {
        let spec = owner.fields_v1.as_ref().and_then(|fields| fields.spec.as_ref());
        spec.is_some_and(|spec| spec.template.is_some())
    };
    let last = owners.iter().filter(wrote).max_by_key(|owner| (owner.time, owner.manager != "shipdeck"))?;
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
        let entry = |manager: &str, second: u8, fields: &Value| json!({ "manager": manager, "time": format!("2026-01-01T00:00:0{second}Z"), "fieldsV1": fields });
        let entries = json!([
            entry("kubectl-create", 1, &template),
            entry("shipdeck", 3, &template),
            entry("helm", 3, &template),
            entry("autoscaler", 8, &json!({ "f:spec": { "f:replicas": {} } })),
            entry("kube-controller-manager", 9, &json!({ "f:status": { "f:replicas": {} } })),
        ]);
        assert_eq!(writer(&entries).as_deref(), Some("helm"));
        assert_eq!(writer(&json!([{ "manager": "kubectl", "fieldsV1": null }, {}])), None);
    }
}
