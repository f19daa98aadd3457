//! A number for a pod template. It is kept with a run in the cluster, where a shipdeck of another build reads it, so it is
//! the same in every build, on every machine and in every year: FNV-1a over a form that is written down here.

use std::hash::Hasher as _;

use fnv::FnvHasher;
use serde_json::Value;

use crate::domain::observed::TemplateHash;

/// The same for the same template whatever the order of its keys, with and without the label that controllers add.
pub(super) fn hash(template: &Value) -> TemplateHash {
    let mut sum = Sum::default();
    sum.value(template);
    TemplateHash(sum.0.finish())
}

#[derive(Default)]
struct Sum(FnvHasher);

impl Sum {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// With its length before it, so that two texts in a row are not another two.
    fn text(&mut self, kind: u8, text: &str) {
        self.count(kind, text.len());
        self.bytes(text.as_bytes());
    }

    fn count(&mut self, kind: u8, count: usize) {
        self.bytes(&[kind]);
        self.bytes(&(count as u64).to_le_bytes());
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes(&[0]),
            Value::Bool(flag) => self.bytes(&[1, u8::from(*flag)]),
            Value::Number(number) => self.text(2, &number.to_string()),
            Value::String(text) => self.text(3, text),
            Value::Array(items) => {
                self.count(4, items.len());
                for item in items {
                    self.value(item);
                }
            }
            Value::Object(fields) => {
                // What is null or absent is the same to the API; `creationTimestamp: null` comes and goes.
                let counts = |(key, value): &(&String, &Value)| !value.is_null() && *key != "pod-template-hash";
                let mut fields: Vec<_> = fields.iter().filter(counts).collect();
                fields.sort_unstable_by_key(|(key, _)| *key);
                self.count(5, fields.len());
                for (key, value) in fields {
                    self.text(6, key);
                    self.value(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_is_the_same_with_the_label_of_its_replica_set() {
        let one = json!({ "metadata": { "labels": { "app": "web" }, "creationTimestamp": null }, "spec": { "a": 1 } });
        let two = json!({ "spec": { "a": 1 }, "metadata": { "labels": { "pod-template-hash": "x", "app": "web" } } });
        assert_eq!(hash(&one), hash(&two));
        assert_ne!(hash(&one), hash(&json!({ "spec": { "a": 2 } })));
        assert_ne!(hash(&json!(["ab", "c"])), hash(&json!(["a", "bc"])));
    }

    /// A run that was noted by another build is judged by its number. If this fails, the format of documents has changed.
    #[test]
    fn the_number_of_a_template_never_changes() {
        let template = json!({
            "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "web", "image": "shop/web:v1", "ports": [{ "containerPort": 80 }] }],
                "hostNetwork": false },
        });
        assert_eq!(hash(&template), TemplateHash(1_216_571_367_107_009_615));
    }
}
