//! Documents of the simulated cluster, with the refusals of a real API server.

use std::sync::Arc;

use async_trait::async_trait;

use super::cluster::SimulatedCluster;
use super::render;
use super::world::World;
use super::writes::may;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Uid;
use crate::domain::observed::{Document, Kind, Object};
use crate::ports::documents::{Documents, Draft};

type Place = (Arc<str>, Arc<str>);

#[async_trait]
impl Documents for SimulatedCluster {
    async fn documents(&self, namespace: &str, about: &str) -> Result<Vec<Document>, Fault> {
        self.check()?;
        let world = self.world();
        let here =
            world.objects.iter().filter(|((place, kind, _), _)| &**place == namespace && *kind == Kind::Document);
        let found = here.filter_map(|(_, (_, object))| match object {
            Object::Document(document) if &*document.about == about => Some((**document).clone()),
            _ => None,
        });
        Ok(found.collect())
    }

    async fn write_document(&self, namespace: &str, draft: &Draft) -> Result<Document, Fault> {
        self.check()?;
        let written = {
            let mut world = self.world();
            let verb = if draft.over.is_some() { "update" } else { "create" };
            may(&world, verb, Kind::Document, namespace)?;
            let key: Place = (namespace.into(), Arc::clone(&draft.name));
            let there = stored(&world, &key);
            if draft.over.is_some() && there.is_none() {
                return Err(gone(&draft.name));
            }
            if there.as_ref().map(|it| (it.meta.uid.clone(), Arc::clone(&it.meta.resource_version))) != draft.over {
                return Err(changed(&draft.name));
            }
            let now = self.now();
            let meta = there.map_or_else(
                || render::meta(&draft.name, Uid::new(format!("document-{}", world.version)), now, None),
                |it| it.meta,
            );
            let document = Document { meta, about: Arc::clone(&draft.about), texts: draft.texts.clone() };
            world.documents.insert(key.clone(), document);
            world.refresh(now);
            stored(&world, &key)
        };
        self.tell();
        written.ok_or_else(|| gone(&draft.name))
    }

    async fn remove_document(&self, namespace: &str, name: &str, over: &(Uid, Arc<str>)) -> Result<(), Fault> {
        self.check()?;
        {
            let mut world = self.world();
            may(&world, "delete", Kind::Document, namespace)?;
            let key: Place = (namespace.into(), name.into());
            let there = stored(&world, &key).ok_or_else(|| gone(name))?;
            if (&there.meta.uid, &there.meta.resource_version) != (&over.0, &over.1) {
                return Err(changed(name));
            }
            world.documents.remove(&key);
            world.refresh(self.now());
        }
        self.tell();
        Ok(())
    }
}

fn stored(world: &World, (namespace, name): &Place) -> Option<Document> {
    let key = (Arc::clone(namespace), Kind::Document, Arc::clone(name));
    match world.objects.get(&key) {
        Some((_, Object::Document(document))) => Some((**document).clone()),
        _ => None,
    }
}

fn changed(name: &str) -> Fault {
    Fault::new(FaultKind::Conflict, format!("{name}: it was changed since it was seen"))
}

fn gone(name: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("{name} does not exist"))
}
