//! From a kubeconfig and the name of a context to a client: built when first needed, off the async threads, and built
//! anew when its credentials are refused or about to expire.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::fault;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::clean;

/// Shorter than what an answer may take: what fails here was certainly not sent.
const CONNECT_LIMIT: Duration = Duration::from_secs(7);
/// A credential plugin may have to ask a far service, never a person.
const BUILD_LIMIT: Duration = Duration::from_secs(20);
/// How long a failed build is answered from memory, so that seven watches do not run a broken plugin seven times.
const FAILURE_KEPT: Duration = Duration::from_secs(4);
/// How young a client is that is not built anew when it is refused.
const FRESH: Duration = Duration::from_secs(5);
/// Before kube refreshes by itself (60 s), which would run a plugin on an async thread.
const EARLY: Duration = Duration::from_secs(90);

/// A context of a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    pub name: String,
    pub namespace: Option<String>,
    /// The kubeconfig's name for its cluster, which several contexts may share.
    pub cluster: String,
    pub current: bool,
}

/// All contexts, in the order of the file; `None` reads `KUBECONFIG` or the usual place. Blocks: it reads files.
///
/// # Errors
/// A file that is missing or no kubeconfig.
pub fn contexts(kubeconfig: Option<&Path>) -> Result<Vec<Context>, Fault> {
    let file = read(kubeconfig)?;
    let current = file.current_context.unwrap_or_default();
    let contexts = file.contexts.into_iter().map(|named| Context {
        current: named.name == current,
        cluster: named.context.as_ref().map(|context| context.cluster.clone()).unwrap_or_default(),
        namespace: named.context.and_then(|context| context.namespace),
        name: named.name,
    });
    Ok(contexts.collect())
}

/// The context that kubectl would use, if one is set. Blocks: it reads files.
///
/// # Errors
/// A file that is missing or no kubeconfig.
pub fn current_context(kubeconfig: Option<&Path>) -> Result<Option<String>, Fault> {
    Ok(read(kubeconfig)?.current_context.filter(|name| !name.is_empty()))
}

fn read(path: Option<&Path>) -> Result<Kubeconfig, Fault> {
    let file = path.map_or_else(Kubeconfig::read, Kubeconfig::read_from);
    file.map_err(|error| {
        Fault::new(FaultKind::Other, format!("the kubeconfig cannot be read: {}", clean(&error.to_string())))
    })
}

/// A client, when needed.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) context: Arc<str>,
    source: Source,
    slot: Mutex<Slot>,
}

enum Source {
    Kubeconfig(Option<PathBuf>),
    /// What a new login gives in a test.
    #[cfg(test)]
    Given(Client),
}

#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    Built {
        client: Client,
        at: Instant,
    },
    Failed {
        fault: Fault,
        at: Instant,
    },
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kubeconfig(path) => f.debug_tuple("Kubeconfig").field(path).finish(),
            #[cfg(test)]
            Self::Given(_) => f.write_str("Given"),
        }
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "no client yet",
            Self::Built { .. } => "a client",
            Self::Failed { .. } => "no client",
        })
    }
}

impl Link {
    pub(super) fn new(context: Arc<str>, kubeconfig: Option<PathBuf>) -> Self {
        Self { context, source: Source::Kubeconfig(kubeconfig), slot: Mutex::default() }
    }

    #[cfg(test)]
    pub(super) fn given(client: Client) -> Self {
        let slot = Mutex::new(Slot::Built { client: client.clone(), at: Instant::now() });
        Self { context: "test".into(), source: Source::Given(client), slot }
    }

    /// The client, built now where there is none that can be used.
    pub(super) async fn client(&self) -> Result<Client, Fault> {
        let mut slot = self.slot.lock().await;
        match &*slot {
            Slot::Built { client, .. } if !expires(client) => return Ok(client.clone()),
            Slot::Failed { fault, at } if at.elapsed() < FAILURE_KEPT => return Err(fault.clone()),
            _ => {}
        }
        let built = self.build().await;
        let at = Instant::now();
        *slot = match &built {
            Ok(client) => Slot::Built { client: client.clone(), at },
            Err(fault) => Slot::Failed { fault: fault.clone(), at },
        };
        built
    }

    /// The credentials were refused: forgets the client. False: it was built just now, another would fare no better.
    pub(super) async fn refused(&self) -> bool {
        let mut slot = self.slot.lock().await;
        let old = match &*slot {
            Slot::Built { at, .. } => at.elapsed() > FRESH,
            Slot::Empty => true,
            Slot::Failed { .. } => false,
        };
        if old {
            *slot = Slot::Empty;
        }
        old
    }

    async fn build(&self) -> Result<Client, Fault> {
        let path = match &self.source {
            Source::Kubeconfig(path) => path.clone(),
            #[cfg(test)]
            Source::Given(client) => return Ok(client.clone()),
        };
        let context = Arc::clone(&self.context);
        let work = tokio::task::spawn_blocking(move || build_blocking(path.as_deref(), &context));
        match tokio::time::timeout(BUILD_LIMIT, work).await {
            Ok(Ok(built)) => built,
            Ok(Err(_)) => Err(Fault::new(FaultKind::Other, "the client could not be built")),
            Err(_) => Err(Fault::new(
                FaultKind::Unauthenticated,
                format!("the credential plugin of {} did not end within {} s", self.context, BUILD_LIMIT.as_secs()),
            )),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "credentials expire at a time of day, which only matters here")]
fn expires(client: &Client) -> bool {
    client.valid_until().is_some_and(|end| end < jiff::Timestamp::now() + EARLY)
}

fn build_blocking(path: Option<&Path>, context: &str) -> Result<Client, Fault> {
    // Whoever comes first wins; all install the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = read(path)?;
    if !file.contexts.iter().any(|named| named.name == context) {
        let known: Vec<_> = file.contexts.iter().map(|named| clean(&named.name).into_owned()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let message = format!("the kubeconfig has no context {}; known are: {known}", clean(context));
        return Err(Fault::new(FaultKind::NotFound, message));
    }
    if let Some(fault) = missing_file(&file, context) {
        return Err(fault);
    }
    let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    let config = tokio::runtime::Handle::current().block_on(Config::from_custom_kubeconfig(file, &options));
    let mut config = config.map_err(|error| fault::from_error(&error.into(), "log in"))?;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_LIMIT);
    config.read_timeout = None;
    if let Some(exec) = &mut config.auth_info.exec {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
    Client::try_from(config).map_err(|error| fault::from_error(&error, "log in"))
}

/// A file that the kubeconfig names for a context and that cannot be read: else it would only be said that one is missing.
fn missing_file(file: &Kubeconfig, context: &str) -> Option<Fault> {
    let named = file.contexts.iter().find(|named| named.name == context)?.context.as_ref()?;
    let cluster = file.clusters.iter().find(|it| it.name == named.cluster).and_then(|it| it.cluster.as_ref());
    let user = file.auth_infos.iter().find(|it| Some(&it.name) == named.user.as_ref());
    let user = user.and_then(|it| it.auth_info.as_ref());
    let named = [
        ("certificate-authority", cluster.and_then(|it| it.certificate_authority.as_ref())),
        ("client-certificate", user.and_then(|it| it.client_certificate.as_ref())),
        ("client-key", user.and_then(|it| it.client_key.as_ref())),
    ];
    named.into_iter().find_map(|(what, path)| {
        let (path, error) = path.and_then(|path| Some((path, std::fs::File::open(path).err()?)))?;
        let why = if error.kind() == std::io::ErrorKind::NotFound {
            "it does not exist".to_owned()
        } else {
            error.to_string()
        };
        let message = format!(
            "the {what} that the kubeconfig names for {} cannot be read: {}: {why}",
            clean(context),
            clean(path)
        );
        Some(Fault::new(FaultKind::Other, message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_missing_is_named() {
        let kubeconfig = tempfile::NamedTempFile::new().unwrap();
        let text = "apiVersion: v1\nkind: Config\ncurrent-context: dev\n\
            clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority: /no/such/ca.crt}}]\n\
            users: [{name: u, user: {token: t}}]\ncontexts: [{name: dev, context: {cluster: c, user: u}}]\n";
        std::fs::write(kubeconfig.path(), text).unwrap();
        let link = Link::new("dev".into(), Some(kubeconfig.path().to_owned()));
        let Err(fault) = link.client().await else { panic!("a client") };
        let told = "the certificate-authority that the kubeconfig names for dev cannot be read: /no/such/ca.crt: it does not exist";
        assert_eq!((fault.kind, &*fault.message), (FaultKind::Other, told));
    }
}
