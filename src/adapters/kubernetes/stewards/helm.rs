//! Releases of Helm: which keys of their values give an image. Of what a release holds only keys are ever told, since
//! values may be secrets.

use std::io::Read;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Map, Value};

use super::super::call::Call;
use super::super::connect::Link;
use super::super::map::text;
use super::super::{escaped, resources};
use super::Described;
use crate::domain::image::Image;
use crate::domain::steward::Sync;
use crate::ports::stewards::Question;

/// What a release may hold when it is unpacked; larger ones are not looked into.
const LARGEST: u64 = 16 << 20;
/// Keys that are told.
const KEYS: usize = 3;

pub(super) async fn practice(link: &Link, question: &Question, release: &str, namespace: &str) -> Described {
    let values = match deployed(link, release, namespace).await {
        Some(found) => keys(&found, &question.image),
        None => Vec::new(),
    };
    Described { sync: Sync::ByHand, source: None, values }
}

/// The values of the revision that is deployed; none where they may not be read or cannot be.
async fn deployed(link: &Link, release: &str, namespace: &str) -> Option<Value> {
    let selector = escaped(&format!("owner=helm,name={release},status=deployed"));
    let path = format!("{}?labelSelector={selector}", resources("secrets", "api/v1", Some(namespace)));
    let mut list: Value =
        link.json(&Call::get(path, format!("read the release {release} in {namespace}"))).await.ok()?;
    let number = |it: &Value| it["metadata"]["labels"]["version"].as_str().and_then(|it| it.parse::<u64>().ok());
    let items = list["items"].as_array_mut().map(std::mem::take)?;
    let newest = items.into_iter().max_by_key(number)?;
    let release = unpacked(newest["data"]["release"].as_str()?)?;
    Some(merged(&release["chart"]["values"], &release["config"]))
}

/// Base64 by Kubernetes, base64 by Helm, and gzip unless it is very old.
fn unpacked(data: &str) -> Option<Value> {
    let inner = STANDARD.decode(STANDARD.decode(data).ok()?).ok()?;
    if !inner.starts_with(&[0x1f, 0x8b, 0x08]) {
        return serde_json::from_slice(&inner).ok();
    }
    let mut whole = Vec::new();
    GzDecoder::new(&inner[..]).take(LARGEST).read_to_end(&mut whole).ok()?;
    serde_json::from_slice(&whole).ok()
}

/// The values of a chart with those of the user on top.
fn merged(defaults: &Value, given: &Value) -> Value {
    match (defaults, given) {
        (Value::Object(below), Value::Object(above)) => {
            let mut all: Map<String, Value> = below.clone();
            for (key, value) in above {
                let value = all.get(key).map_or_else(|| value.clone(), |under| merged(under, value));
                all.insert(key.clone(), value);
            }
            Value::Object(all)
        }
        (below, Value::Null) => below.clone(),
        (_, above) => above.clone(),
    }
}

/// Keys that give this image, those that name its repository first. The live tag may be another already.
fn keys(values: &Value, image: &str) -> Vec<Arc<str>> {
    let Ok(image) = image.parse::<Image>() else { return Vec::new() };
    let mut found = Vec::new();
    walk(values, &mut Vec::new(), &image, &mut found);
    found.sort();
    found.into_iter().take(KEYS).map(|(_, key)| text(&key)).collect()
}

fn walk<'a>(value: &'a Value, path: &mut Vec<&'a str>, image: &Image, found: &mut Vec<(u8, String)>) {
    let Value::Object(fields) = value else { return };
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    let is_its = |repository: &str| {
        let with_registry = text("registry").map(|registry| format!("{registry}/{repository}"));
        *repository == *image.repository || with_registry.is_some_and(|whole| *whole == *image.repository)
    };
    let names_it = ["repository", "name", "image"].iter().any(|key| text(key).is_some_and(is_its));
    for (key, value) in fields {
        path.push(key);
        let rank = match value.as_str() {
            Some(_) if key == "tag" && names_it => Some(0),
            Some(whole)
                if whole.parse::<Image>().is_ok_and(|it| it.repository == image.repository && whole.contains(':')) =>
            {
                Some(0)
            }
            // A tag alone may be that of anything.
            Some(tag) if key.to_lowercase().ends_with("tag") && Some(tag) == image.tag.as_deref() => Some(1),
            _ => None,
        };
        found.extend(rank.map(|rank| (rank, path.join("."))));
        walk(value, path, image, found);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use super::*;

    fn told(values: &Value, image: &str) -> Vec<String> {
        keys(values, image).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_tag_beside_the_repository_is_the_key_whatever_runs_now() {
        let values = json!({
            "image": { "repository": "shop/auth", "tag": "v1", "pullPolicy": "Always" },
            "sidecar": { "image": { "repository": "shop/proxy", "tag": "v2" } },
        });
        assert_eq!(told(&values, "shop/auth:v2"), ["image.tag", "sidecar.image.tag"], "the likely one first");
        let values = json!({ "auth": { "image": { "registry": "r.io", "repository": "shop/auth", "tag": "" } } });
        assert_eq!(told(&values, &format!("r.io/shop/auth:v2@sha256:{}", "0".repeat(64))), ["auth.image.tag"]);
    }

    #[test]
    fn a_whole_image_is_a_key_and_a_tag_alone_is_a_guess() {
        assert_eq!(told(&json!({ "web": { "image": "shop/auth:v1" } }), "shop/auth:v2"), ["web.image"]);
        assert_eq!(told(&json!({ "imageTag": "v2", "other": "v2" }), "shop/auth:v2"), ["imageTag"]);
        assert!(told(&json!({ "replicas": 2, "list": ["shop/auth:v1"] }), "shop/auth:v2").is_empty());
        assert!(told(&json!({ "image": "shop/auth:v1" }), "no image at all").is_empty());
    }

    #[test]
    fn what_the_user_gave_lies_over_what_the_chart_says() {
        let merged =
            merged(&json!({ "image": { "repository": "a", "tag": "1" }, "x": 1 }), &json!({ "image": { "tag": "2" } }));
        assert_eq!(merged, json!({ "image": { "repository": "a", "tag": "2" }, "x": 1 }));
        assert_eq!(super::merged(&json!({ "a": 1 }), &Value::Null), json!({ "a": 1 }));
    }

    #[test]
    fn a_release_is_unpacked_with_and_without_gzip_and_garbage_is_none() {
        let release = json!({ "config": { "a": 1 } });
        let twice = |bytes: &[u8]| STANDARD.encode(STANDARD.encode(bytes));
        assert_eq!(unpacked(&twice(release.to_string().as_bytes())), Some(release.clone()));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(release.to_string().as_bytes()).unwrap();
        assert_eq!(unpacked(&twice(&packed.finish().unwrap())), Some(release));
        assert_eq!(unpacked("garbage"), None);
        assert_eq!(unpacked(&twice(&[0x1f, 0x8b, 0x08, 0, 1])), None);
    }
}
