//! The composition root: configuration and adapters become a session.

use std::path::PathBuf;
use std::sync::Arc;

use directories::ProjectDirs;
use tokio::sync::mpsc;

use super::executor::Executor;
use super::files::Files;
use super::fleet::{Connect, Fleet};
use crate::adapters::kubernetes::KubernetesCluster;
use crate::adapters::simulated::SimulatedCluster;
use crate::adapters::system;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::config::Loaded;
use crate::ports::cluster::Cluster;
use crate::report::Report;

/// Messages that may wait; a source that is faster waits too, so that nothing is lost and memory stays bounded.
const QUEUE: usize = 8_192;

/// Everything that a front end needs.
pub struct Session {
    pub model: Model,
    pub executor: Executor,
    pub messages: mpsc::Receiver<Msg>,
}

/// A session on real clusters.
///
/// # Errors
/// Conflicting keys; everything else was found when the configuration was read.
pub fn real(loaded: Loaded, kubeconfig: Option<PathBuf>) -> Result<Session, Report> {
    let connect: Connect =
        Box::new(move |id| Arc::new(KubernetesCluster::new(id.clone(), kubeconfig.clone())) as Arc<dyn Cluster>);
    session(loaded, connect)
}

/// A session in the simulated world.
///
/// # Errors
/// Conflicting keys.
pub fn demo(loaded: Loaded, seed: u64) -> Result<Session, Report> {
    let world = Arc::new(SimulatedCluster::demo(seed, system::now));
    let loaded = Loaded { catalog: crate::adapters::simulated::demo_catalog(), ..loaded };
    let mut session = session(loaded, Box::new(move |_| Arc::clone(&world) as Arc<dyn Cluster>))?;
    session.model.session.demo = true;
    session.model.session.user = "ana".to_owned();
    Ok(session)
}

fn session(loaded: Loaded, connect: Connect) -> Result<Session, Report> {
    let (sender, messages) = mpsc::channel(QUEUE);
    let files = Files { data: data_folder(), configuration: loaded.write_to() };
    let executor = Executor::new(Fleet::new(connect), files, sender);
    let keymap = loaded.settings.keymap()?;
    let read_only = loaded.settings.read_only;
    let mut model = Model::new(loaded.catalog, loaded.settings, keymap, system::now());
    model.session.user = system::user();
    if read_only {
        model.session.read_only = Some("the configuration says read_only = true".to_owned());
    }
    if model.catalog.discovered {
        model.session.read_only = Some("no configuration yet: press I, or run shipdeck init".to_owned());
    }
    Ok(Session { model, executor, messages })
}

/// Where saved logs and reports go.
pub fn data_folder() -> PathBuf {
    ProjectDirs::from("dev", "shipdeck", "shipdeck")
        .map_or_else(|| std::env::temp_dir().join("shipdeck"), |dirs| dirs.data_local_dir().to_owned())
}
