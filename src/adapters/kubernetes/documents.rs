//! Documents as config maps, one for each: written only by POST and by PUT with uid and version, removed only by a
//! deletion with both as preconditions.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::call::Call;
use super::connect::Link;
use super::{collection, escaped, map, wire};
use crate::domain::fault::Fault;
use crate::domain::ids::Uid;
use crate::domain::observed::{Document, Kind, Texts};
use crate::domain::text::clean;
use crate::ports::documents::Draft;
use crate::ports::lease::Place;

/// The label that says what a document is about, and of a lease that it is a ticket.
pub(super) const ABOUT: &str = "shipdeck.dev/kind";

pub(super) async fn all(link: &Link, namespace: &str, about: &str) -> Result<Vec<Document>, Fault> {
    let selector = format!("app.kubernetes.io/managed-by=shipdeck,{ABOUT}={about}");
    let path = format!("{}?labelSelector={}", collection(Kind::Document, Some(namespace)), escaped(&selector));
    let list: wire::List<wire::Document> =
        link.json(&Call::get(path, format!("read the {about}s of {namespace}"))).await?;
    Ok(list.items.iter().map(observed).collect())
}

pub(super) async fn write(link: &Link, namespace: &str, draft: &Draft) -> Result<Document, Fault> {
    let (method, name) = match draft.over {
        None => (Method::POST, None),
        Some(_) => (Method::PUT, Some(&*draft.name)),
    };
    let mut body = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": &*draft.name,
            "labels": { "app.kubernetes.io/managed-by": "shipdeck", ABOUT: &*draft.about },
        },
        "data": draft.texts.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect::<serde_json::Value>(),
    });
    if let Some((uid, version)) = &draft.over {
        body["metadata"]["uid"] = uid.as_str().into();
        body["metadata"]["resourceVersion"] = (&**version).into();
    }
    let call = Call {
        method,
        path: format!("{}?fieldManager=shipdeck", path(namespace, name)),
        content: "application/json",
        body: body.to_string().into_bytes(),
        doing: format!("write {} in {namespace}", draft.name),
    };
    link.json::<wire::Document>(&call).await.map(|document| observed(&document))
}

pub(super) async fn remove(link: &Link, namespace: &str, name: &str, over: &(Uid, Arc<str>)) -> Result<(), Fault> {
    super::write::remove(link, path(namespace, Some(name)), Place { namespace, name }, over).await
}

fn path(namespace: &str, name: Option<&str>) -> String {
    let all = collection(Kind::Document, Some(namespace));
    name.map_or_else(|| all.clone(), |name| format!("{all}/{}", escaped(name)))
}

/// Line ends stay: texts may have several lines.
pub(super) fn observed(wire: &wire::Document) -> Document {
    let lines = |text: &str| text.lines().map(clean).collect::<Vec<_>>().join("\n");
    let texts: Texts = wire.data.iter().map(|(name, text)| (map::text(name), lines(text).into())).collect();
    let about = wire.metadata.labels.get(ABOUT).map(|about| map::text(about)).unwrap_or_default();
    Document { meta: map::meta(&wire.metadata), about, texts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_map_without_anything_is_a_document_about_nothing() {
        for text in ["{}", r#"{"data":null,"metadata":{}}"#] {
            let document = observed(&serde_json::from_str(text).unwrap());
            assert!(document.about.is_empty() && document.texts.is_empty());
        }
    }

    #[test]
    fn texts_keep_their_lines_and_lose_what_could_steer_a_terminal() {
        let document = observed(&serde_json::from_str(r#"{"data":{"a":"one\ntwo\u001b[2J"}}"#).unwrap());
        assert_eq!(document.texts.get("a").map(|text| &**text), Some("one\ntwo"));
    }
}
