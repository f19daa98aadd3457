//! Where a control plane's files and ports are, and the command lines that follow from it.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::processes::Process;
use super::{binaries, credentials};

/// Files, ports and programs of one plane.
pub(crate) struct Layout {
    pub(crate) folder: PathBuf,
    pub(crate) programs: PathBuf,
    pub(crate) etcd: u16,
    etcd_peers: u16,
    apiserver: u16,
    kubelet: u16,
}

impl Layout {
    /// Chooses a folder and ports, and writes the files that the processes start with.
    pub(crate) fn create(programs: &Path) -> Self {
        // Not removed on drop: the supervisor does that, when nothing writes there any more.
        let folder = tempfile::Builder::new().prefix("plane-").tempdir_in(binaries::scratch()).unwrap().keep();
        let [etcd, etcd_peers, apiserver, kubelet] = free_ports();
        let layout = Self { folder, programs: programs.to_owned(), etcd, etcd_peers, apiserver, kubelet };
        credentials::write_service_account_keys(&layout.file("accounts.key"), &layout.file("accounts.pub"));
        credentials::write_tokens(&layout.file("tokens.csv"));
        for (user, _) in credentials::USERS {
            layout.write_kubeconfig(user, user);
        }
        std::fs::write(layout.file("logs.yaml"), logs_config()).unwrap();
        layout
    }

    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.file(&format!("{user}.kubeconfig"))
    }

    pub(crate) fn write_kubeconfig(&self, user: &str, token: &str) {
        let server = format!("https://127.0.0.1:{}", self.apiserver);
        // The API server signs its own certificate, which is therefore the authority too.
        let authority = self.file("certificates/apiserver.crt");
        credentials::write_kubeconfig(&self.kubeconfig(user), &server, &authority, user, token);
    }

    pub(crate) fn arguments(&self, process: Process) -> Vec<String> {
        match process {
            Process::Etcd => self.etcd_arguments(),
            Process::ApiServer => self.apiserver_arguments(),
            Process::ControllerManager => self.controller_manager_arguments(),
            Process::Scheduler => self.scheduler_arguments(),
            Process::Kwok => self.kwok_arguments(),
        }
    }

    fn etcd_arguments(&self) -> Vec<String> {
        let (clients, peers) = (local("http", self.etcd), local("http", self.etcd_peers));
        vec![
            format!("--data-dir={}", self.path("etcd")),
            format!("--listen-client-urls={clients}"),
            format!("--advertise-client-urls={clients}"),
            format!("--listen-peer-urls={peers}"),
            format!("--initial-advertise-peer-urls={peers}"),
            format!("--initial-cluster=default={peers}"),
            // Nothing of it outlives the tests.
            "--unsafe-no-fsync".into(),
            "--log-level=warn".into(),
        ]
    }

    fn apiserver_arguments(&self) -> Vec<String> {
        vec![
            format!("--etcd-servers={}", local("http", self.etcd)),
            "--bind-address=127.0.0.1".into(),
            format!("--secure-port={}", self.apiserver),
            format!("--cert-dir={}", self.path("certificates")),
            "--service-cluster-ip-range=10.0.0.0/16".into(),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            format!("--service-account-key-file={}", self.path("accounts.pub")),
            format!("--service-account-signing-key-file={}", self.path("accounts.key")),
            format!("--token-auth-file={}", self.path("tokens.csv")),
            "--authorization-mode=RBAC".into(),
            // Else it logs an error every 10 s: a loopback address is no endpoint.
            "--endpoint-reconciler-type=none".into(),
        ]
    }

    fn controller_manager_arguments(&self) -> Vec<String> {
        let mut arguments = self.controller_arguments();
        arguments.push(format!("--service-account-private-key-file={}", self.path("accounts.key")));
        arguments.push(format!("--root-ca-file={}", self.path("certificates/apiserver.crt")));
        arguments
    }

    fn scheduler_arguments(&self) -> Vec<String> {
        self.controller_arguments()
    }

    fn controller_arguments(&self) -> Vec<String> {
        vec![
            format!("--kubeconfig={}", self.path("admin.kubeconfig")),
            "--leader-elect=false".into(),
            "--kube-api-qps=500".into(),
            "--kube-api-burst=1000".into(),
            // Nobody asks for their health or metrics.
            "--secure-port=0".into(),
        ]
    }

    fn kwok_arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("--kubeconfig={}", self.path("admin.kubeconfig")),
            "--manage-all-nodes=true".into(),
            "--node-ip=127.0.0.1".into(),
            format!("--node-port={}", self.kubelet),
            format!("--server-address=127.0.0.1:{}", self.kubelet),
            // The API server does not check a kubelet's certificate: its own will do.
            format!("--tls-cert-file={}", self.path("certificates/apiserver.crt")),
            format!("--tls-private-key-file={}", self.path("certificates/apiserver.key")),
            "--node-lease-duration-seconds=40".into(),
            format!("--config={}", self.path("logs.yaml")),
            "--enable-crds=Logs".into(),
        ];
        let stages = std::fs::read_dir(binaries::sources().join("stages")).unwrap();
        arguments.extend(stages.map(|stage| format!("--config={}", stage.unwrap().path().display())));
        arguments
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }
}

/// Every container has the same log, and the same previous one, unless `Namespace::log_of` gives its pod another.
fn logs_config() -> String {
    let logs = binaries::sources().join("logs").display().to_string();
    format!(
        "apiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterLogs\nmetadata: {{name: all}}\nspec:\n  logs:\n  \
         - logsFile: '{logs}/current.log'\n    previousLogsFile: '{logs}/previous.log'\n    follow: true\n"
    )
}

fn local(scheme: &str, port: u16) -> String {
    format!("{scheme}://127.0.0.1:{port}")
}

/// Ports that nothing listens on now.
///
/// Not those that the system would choose for port 0: they are also the ports that outgoing connections get, and a
/// client that tries to reach a stopped API server could be given the server's own port, which then stays taken.
fn free_ports<const N: usize>() -> [u16; N] {
    let first = 20_000 + (RandomState::new().hash_one(std::process::id()) % 10_000) as u16;
    let mut free = (first..32_000).chain(20_000..first).filter_map(|port| {
        // Held until all are chosen, so that each is chosen once.
        TcpListener::bind(("127.0.0.1", port)).ok().map(|held| (port, held))
    });
    let held: [(u16, TcpListener); N] = std::array::from_fn(|_| free.next().unwrap());
    held.map(|(port, _)| port)
}
