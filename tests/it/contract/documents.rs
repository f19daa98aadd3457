//! Documents: state that a team shares, written and removed only as it was seen.

use std::sync::Arc;

use shipdeck::domain::fault::FaultKind;
use shipdeck::domain::lock::{DOCUMENT, Posted};
use shipdeck::domain::observed::{Document, Object, Texts};
use shipdeck::domain::rights::Need;
use shipdeck::ports::documents::Draft;

use super::{World, contract, soon};

contract![
    a_document_is_read_and_seen_as_it_was_written,
    two_writers_never_overwrite_each_other,
    only_what_was_seen_is_removed,
    what_is_about_something_else_is_no_lock,
    who_may_only_look_may_not_write_documents,
];

fn draft(name: &str, reason: &str, over: Option<&Document>) -> Draft {
    let texts = [("format", "1"), ("kind", "freeze"), ("author", "ana@mac"), ("reason", reason)];
    Draft {
        name: name.into(),
        about: DOCUMENT.into(),
        over: over.map(|it| (it.meta.uid.clone(), Arc::clone(&it.meta.resource_version))),
        texts: texts.into_iter().map(|(name, text)| (name.into(), text.into())).collect::<Texts>(),
    }
}

async fn a_document_is_read_and_seen_as_it_was_written(world: World) {
    world.cluster.may(&world.namespace, &Need::Share.wanted()).await.unwrap();
    let mut wanted = draft("shipdeck-lock-a1", "audit", None);
    wanted.texts.insert("override.00".into(), "one\ntwo".into());
    let written = world.cluster.write_document(&world.namespace, &wanted).await.unwrap();
    assert_eq!((&written.texts, &*written.about), (&wanted.texts, DOCUMENT));
    let read = world.cluster.documents(&world.namespace, DOCUMENT).await.unwrap();
    assert_eq!(read, std::slice::from_ref(&written));
    let seen = world.objects().await.into_iter().find_map(|object| match object {
        Object::Document(it) if it.meta.name == written.meta.name => Some(*it),
        _ => None,
    });
    assert_eq!(seen, Some(written));
    assert_eq!(Posted::read(&read[0]).headline(), "frozen by ana@mac: audit");
}

async fn two_writers_never_overwrite_each_other(world: World) {
    let write = async |draft: &Draft| world.cluster.write_document(&world.namespace, draft).await;
    let first = write(&draft("shipdeck-lock-a1", "first", None)).await.unwrap();
    let again = write(&draft("shipdeck-lock-a1", "again", None)).await.unwrap_err();
    assert_eq!(again.kind, FaultKind::Conflict, "{again}");
    let second = write(&draft("shipdeck-lock-a1", "second", Some(&first))).await.unwrap();
    let late = write(&draft("shipdeck-lock-a1", "late", Some(&first))).await.unwrap_err();
    assert_eq!(late.kind, FaultKind::Conflict, "{late}");
    let read = world.cluster.documents(&world.namespace, DOCUMENT).await.unwrap();
    assert_eq!(read, [second]);
}

async fn only_what_was_seen_is_removed(world: World) {
    let write = async |draft: &Draft| world.cluster.write_document(&world.namespace, draft).await;
    let remove = async |it: &Document| {
        let over = (it.meta.uid.clone(), Arc::clone(&it.meta.resource_version));
        world.cluster.remove_document(&world.namespace, &it.meta.name, &over).await
    };
    let first = write(&draft("shipdeck-lock-a1", "first", None)).await.unwrap();
    let second = write(&draft("shipdeck-lock-a1", "second", Some(&first))).await.unwrap();
    let late = remove(&first).await.unwrap_err();
    assert_eq!(
        (late.kind, &*late.message),
        (FaultKind::Conflict, "shipdeck-lock-a1: it was changed since it was seen")
    );
    remove(&second).await.unwrap();
    assert_eq!(remove(&second).await.unwrap_err().kind, FaultKind::NotFound);
    soon("it is gone", async || world.cluster.documents(&world.namespace, DOCUMENT).await.ok().filter(Vec::is_empty))
        .await;
    let gone = write(&draft("shipdeck-lock-a1", "third", Some(&second))).await.unwrap_err();
    assert!(matches!(gone.kind, FaultKind::NotFound | FaultKind::Conflict), "{gone}");
}

async fn what_is_about_something_else_is_no_lock(world: World) {
    let other = Draft { about: "note".into(), ..draft("shipdeck-note-a1", "audit", None) };
    world.cluster.write_document(&world.namespace, &other).await.unwrap();
    assert!(world.cluster.documents(&world.namespace, DOCUMENT).await.unwrap().is_empty());
    assert_eq!(world.cluster.documents(&world.namespace, "note").await.unwrap().len(), 1);
}

async fn who_may_only_look_may_not_write_documents(world: World) {
    let viewer = world.for_viewer();
    let missing = viewer.may(&world.namespace, &Need::Share.wanted()).await.unwrap_err();
    assert_eq!(missing.kind, FaultKind::Forbidden);
    let refused = viewer.write_document(&world.namespace, &draft("shipdeck-lock-a1", "audit", None)).await.unwrap_err();
    assert!(refused.message.contains("no right to create configmaps"), "{refused}");
}
