//! One control plane, from its start to its end, and the faults that tests cause in it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ConfigMap, Node};
use kube::api::{ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use rustix::process::Signal;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::layout::Layout;
use super::namespace::Namespace;
use super::processes::{Process, Processes};
use super::{binaries, etcd, janitor, objects};

/// How long the API server may take to be ready, on a machine that is busy with other things.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A running control plane with three nodes.
pub(crate) struct ControlPlane {
    layout: Layout,
    // Before `processes`: deletions that are still to be done are dropped when the processes end.
    janitor: mpsc::Sender<String>,
    processes: Processes,
    /// After `processes`, so that the next private plane starts when this one is gone.
    _turn: Option<SemaphorePermit<'static>>,
}

impl ControlPlane {
    /// The plane that all tests of this binary share, started by the first that asks. `None`: none can be had here, the
    /// test is to be skipped, and that was said.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<ControlPlane, String>> = OnceLock::new();
        let programs = binaries::folder()?;
        // On a thread of its own, since the test that asks is inside a runtime already.
        let start = || std::thread::spawn(move || start_blocking(programs)).join();
        match SHARED.get_or_init(|| start().unwrap_or_else(|_| Err("its start panicked".into()))) {
            Ok(plane) => Some(plane),
            Err(why) => panic!("the shared control plane did not start: {why}"),
        }
    }

    /// A plane for one test alone, which may stop its parts. It ends when it is dropped.
    pub(crate) async fn private() -> Option<Self> {
        // Each takes half a gigabyte, and its start two seconds of two cores.
        static TURNS: Semaphore = Semaphore::const_new(3);
        let programs = binaries::folder()?;
        let turn = TURNS.acquire().await.unwrap();
        match start(programs).await {
            Ok(plane) => Some(Self { _turn: Some(turn), ..plane }),
            Err(why) => panic!("a private control plane did not start: {why}"),
        }
    }

    /// A fresh namespace; its name begins with `prefix`.
    pub(crate) async fn namespace(&self, prefix: &str) -> Namespace<'_> {
        Namespace::create_on(self, prefix).await
    }

    /// The kubeconfig of `admin`.
    pub(crate) fn kubeconfig_path(&self) -> PathBuf {
        self.kubeconfig_for("admin")
    }

    /// The kubeconfig of a user of [`super::credentials::USERS`], or of [`Namespace::user`].
    pub(crate) fn kubeconfig_for(&self, user: &str) -> PathBuf {
        self.layout.kubeconfig(user)
    }

    pub(super) fn write_kubeconfig(&self, user: &str, token: &str) -> PathBuf {
        self.layout.write_kubeconfig(user, token);
        self.layout.kubeconfig(user)
    }

    /// A client of `admin`. Each test needs its own: a client lives on the runtime it was made on.
    pub(crate) async fn client(&self) -> Client {
        self.client_for("admin").await
    }

    pub(crate) async fn client_for(&self, user: &str) -> Client {
        client(&self.kubeconfig_for(user)).await.unwrap()
    }

    /// The folder with kubectl, helm, crane and registry.
    pub(crate) fn programs(&self) -> &Path {
        &self.layout.programs
    }

    /// The folder with the plane's data and the logs of its processes.
    pub(super) fn folder(&self) -> &Path {
        &self.layout.folder
    }

    /// The process group that all of it runs in.
    pub(crate) fn process_group(&self) -> u32 {
        self.processes.group()
    }

    /// Adds a node; kwok completes it.
    pub(crate) async fn add_node(&self, name: &str, zone: &str) {
        let nodes: Api<Node> = Api::all(self.client().await);
        let node = serde_json::from_value(objects::node(name, zone)).unwrap();
        nodes.create(&PostParams::default(), &node).await.unwrap();
    }

    /// Kills the API server: connections break, new ones are refused.
    pub(crate) fn kill_apiserver(&self) {
        self.processes.kill(Process::ApiServer);
    }

    /// Starts the API server again, on the same port and data, and waits until it is ready.
    pub(crate) async fn restart_apiserver(&self) {
        self.start_process(Process::ApiServer);
        self.ready().await.unwrap();
    }

    /// Makes the cluster forget its history, as five minutes and a restart do: who asks for changes since a version that
    /// was read before is answered with 410 Gone.
    pub(crate) async fn forget_history(&self) {
        let maps = Api::<ConfigMap>::all(self.client().await);
        let version = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
        self.kill_apiserver();
        etcd::compact(self.layout.etcd, &version).await;
        self.restart_apiserver().await;
    }

    /// Parts that somebody else has killed.
    pub(crate) fn down(&self) -> Vec<Process> {
        self.processes.down()
    }

    /// Starts again what somebody else has killed, and what has ended because of that, until the API server answers.
    pub(crate) async fn revive(&self) {
        loop {
            for process in self.down() {
                self.start_process(process);
            }
            if self.ready().await.is_ok() && self.down().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    pub(crate) fn id_of(&self, process: Process) -> Option<u32> {
        self.processes.id(process)
    }

    /// Kills any other part; [`Self::start_process`] starts it again.
    pub(crate) fn kill(&self, process: Process) {
        self.processes.kill(process);
    }

    pub(crate) fn start_process(&self, process: Process) {
        self.processes.start(process, &self.layout.programs, &self.layout.arguments(process));
    }

    /// Stops a part without ending it (SIGSTOP): its connections stay open and nothing answers.
    pub(crate) fn pause(&self, process: Process) {
        self.processes.signal(process, Signal::STOP);
    }

    pub(crate) fn resume(&self, process: Process) {
        self.processes.signal(process, Signal::CONT);
    }

    pub(super) fn delete_later(&self, namespace: String) {
        // The janitor may be gone with a plane whose API server was killed: nothing is left to delete then.
        let _ = self.janitor.send(namespace);
    }

    /// Waits until the API server answers that it is ready, or a process has ended.
    async fn ready(&self) -> Result<Client, String> {
        let started = Instant::now();
        loop {
            if let [first, ..] = &self.processes.fallen()[..] {
                return Err(first.clone());
            }
            // The certificate that the kubeconfig names is written by the API server itself.
            if let Ok(client) = client(&self.kubeconfig_path()).await {
                let asked = http::Request::get("/readyz").body(Vec::new()).unwrap();
                let answer = tokio::time::timeout(Duration::from_secs(5), client.request_text(asked)).await;
                if let Ok(Ok(_)) = answer {
                    return Ok(client);
                }
            }
            if started.elapsed() > START_LIMIT {
                let log = self.processes.log_end(Process::ApiServer);
                return Err(format!("the API server is not ready after {START_LIMIT:?}:\n{log}"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn start_blocking(programs: &Path) -> Result<ControlPlane, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(start(programs))
}

/// Starts a plane; once more with other ports when a process ends, since another program may have taken one.
async fn start(programs: &Path) -> Result<ControlPlane, String> {
    match start_once(programs).await {
        Ok(plane) => Ok(plane),
        Err(_) => start_once(programs).await,
    }
}

async fn start_once(programs: &Path) -> Result<ControlPlane, String> {
    let layout = Layout::create(programs);
    let processes = Processes::supervised(&layout.folder);
    let janitor = janitor::start(layout.kubeconfig("admin"));
    let plane = ControlPlane { layout, janitor, processes, _turn: None };
    plane.start_process(Process::Etcd);
    plane.start_process(Process::ApiServer);
    let client = plane.ready().await?;
    plane.start_process(Process::ControllerManager);
    plane.start_process(Process::Scheduler);
    objects::create(&client).await;
    plane.start_process(Process::Kwok);
    let started = Instant::now();
    while !objects::nodes_ready(&client).await {
        if let [first, ..] = &plane.processes.fallen()[..] {
            return Err(first.clone());
        }
        if started.elapsed() > START_LIMIT {
            return Err(format!("the nodes are not ready:\n{}", plane.processes.log_end(Process::Kwok)));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(plane)
}

/// A client for a kubeconfig file.
pub(super) async fn client(kubeconfig: &Path) -> Result<Client, String> {
    let file = Kubeconfig::read_from(kubeconfig).map_err(|error| error.to_string())?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    Client::try_from(config.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}
