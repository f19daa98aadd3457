//! The composition root: configuration and adapters become a session.

use std::path::PathBuf;
use std::sync::Arc;

use directories::ProjectDirs;
use tokio::sync::mpsc;

use super::clock::Clock;
use super::executor::Executor;
use super::files::Files;
use super::fleet::{Connect, Fleet};
use crate::adapters::kubernetes::{KubernetesCluster, current_context};
use crate::adapters::simulated::SimulatedCluster;
use crate::adapters::system;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::config::validate::{CURRENT_CONTEXT, parse};
use crate::config::{Loaded, Settings};
use crate::domain::catalog::Catalog;
use crate::domain::ids::ClusterId;
use crate::ports::cluster::Cluster;
use crate::report::Report;

/// Messages that may wait; a source that is faster waits too, so that nothing is lost and memory stays bounded.
const QUEUE: usize = 8_192;

/// Who acts in the demo.
pub(super) const DEMO_USER: &str = "ana";

/// Everything that a front end needs.
pub(super) struct Session {
    pub(super) model: Model,
    pub(super) executor: Executor,
    pub(super) messages: mpsc::Receiver<Msg>,
}

/// A session on real clusters; `context` is the one of environments that name none.
///
/// # Errors
/// Conflicting keys, or a kubeconfig without a current context.
pub(super) fn real(mut loaded: Loaded, context: Option<String>) -> Result<Session, Report> {
    let current = self::context(context)?;
    for env in loaded.catalog.environments.iter_mut().filter(|env| env.cluster.as_str() == CURRENT_CONTEXT) {
        env.cluster = ClusterId::new(&current);
    }
    let connect: Connect = Box::new(|id| Arc::new(KubernetesCluster::new(id.as_str(), None)) as Arc<dyn Cluster>);
    let configuration = loaded.path.clone().unwrap_or_else(|| loaded.default_path.clone());
    let files = Files { data: data_folder(), configuration };
    let mut session = session(loaded, files, connect, &system::user())?;
    session.model.session.explore = vec![ClusterId::new(current)];
    Ok(session)
}

/// The context that is meant: the one named, else the kubeconfig's current one.
///
/// # Errors
/// No kubeconfig, or one without a current context.
pub(super) fn context(named: Option<String>) -> Result<String, Report> {
    if let Some(named) = named {
        return Ok(named);
    }
    let current = current_context(None).map_err(|fault| {
        Report::usage(fault.to_string())
            .hint("KUBECONFIG names the file to read, or several. shipdeck demo needs no cluster.")
    })?;
    current.ok_or_else(|| {
        Report::usage("the kubeconfig has no current context")
            .hint("Choose one: kubectl config use-context NAME, or --context NAME.")
            .hint("shipdeck demo needs no cluster.")
    })
}

/// A session in the simulated world of the demo.
///
/// # Errors
/// Conflicting keys.
pub(super) fn demo(mut loaded: Loaded, seed: u64) -> Result<Session, Report> {
    loaded.catalog = demo_catalog()?;
    let world = Arc::new(SimulatedCluster::new(&loaded.catalog, seed, system::now));
    let connect: Connect = Box::new(move |_| Arc::clone(&world) as Arc<dyn Cluster>);
    let mut session = session(loaded, demo_files(), connect, DEMO_USER)?;
    session.model.session.demo = true;
    Ok(session)
}

/// The demo saves beside nothing of yours: what it writes goes with the temporary files.
fn demo_files() -> Files {
    let data = std::env::temp_dir().join(format!("shipdeck-demo-{}", std::process::id()));
    Files { configuration: data.join("config.toml"), data }
}

/// What the demo's team runs.
///
/// # Errors
/// Never, as a test sees to.
pub(super) fn demo_catalog() -> Result<Catalog, Report> {
    let parsed = parse("assets/demo.toml", include_str!("../../assets/demo.toml"));
    Ok(parsed.map_err(|problems| Report::usage(format!("the demo is broken: {problems:?}")))?.catalog)
}

fn session(loaded: Loaded, files: Files, connect: Connect, user: &str) -> Result<Session, Report> {
    let (read_only, configuration) = (loaded.settings.read_only, files.configuration.display().to_string());
    let data = files.data.display().to_string();
    let mut session = assemble((loaded.catalog, loaded.settings), files, connect, (user, Clock::of_the_machine()))?;
    (session.model.session.configuration, session.model.session.data) = (configuration.into(), data.into());
    if read_only {
        session.model.session.read_only = Some("--read-only, or read_only = true in the configuration".to_owned());
    }
    Ok(session)
}

/// Model, executor and the queue between them.
///
/// # Errors
/// Conflicting keys.
pub(super) fn assemble(
    (catalog, settings): (Catalog, Settings),
    files: Files,
    connect: Connect,
    (user, clock): (&str, Clock),
) -> Result<Session, Report> {
    let (sender, messages) = mpsc::channel(QUEUE);
    let keymap = settings.keymap()?;
    let identity: Arc<str> = system::identity(user).into();
    let mut model = Model::new(catalog, settings, keymap, clock.now());
    (model.session.user, model.session.identity) = (user.to_owned(), Arc::clone(&identity));
    let executor = Executor::new(Fleet::new(connect), files, sender, clock, identity);
    Ok(Session { model, executor, messages })
}

/// Where saved logs and reports go.
pub(super) fn data_folder() -> PathBuf {
    ProjectDirs::from("dev", "shipdeck", "shipdeck")
        .map_or_else(|| std::env::temp_dir().join("shipdeck"), |dirs| dirs.data_local_dir().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_writes_nothing_beside_what_is_the_users() {
        let Files { data, configuration } = demo_files();
        assert!(data.starts_with(std::env::temp_dir()) && configuration.starts_with(&data));
        assert_ne!(data, data_folder());
    }
}
