//! The processes of one control plane: started in one process group that a supervisor ends with the test process.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

use rustix::process::{Pid, Signal, kill_process};

use super::binaries;

/// A part of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Process {
    Etcd,
    ApiServer,
    ControllerManager,
    Scheduler,
    /// The kubelet of every node.
    Kwok,
}

impl Process {
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kwok => "kwok",
        }
    }
}

/// What runs, and the supervisor that stops it.
pub(crate) struct Processes {
    folder: PathBuf,
    supervisor: Child,
    /// Closed by dropping it, or by the system when the test process ends: the supervisor then kills the group.
    lifeline: Option<ChildStdin>,
    running: Mutex<BTreeMap<Process, Child>>,
}

impl Processes {
    /// Starts the supervisor, which removes `folder` in the end.
    pub(crate) fn supervised(folder: &Path) -> Self {
        let mut supervisor = Command::new(binaries::sources().join("supervise"))
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // Of its own, so that Ctrl-C reaches the test process alone.
            .process_group(0)
            .spawn()
            .unwrap();
        let lifeline = supervisor.stdin.take();
        Self { folder: folder.to_owned(), supervisor, lifeline, running: Mutex::default() }
    }

    /// The process group that everything runs in.
    pub(crate) fn group(&self) -> u32 {
        self.supervisor.id()
    }

    pub(crate) fn start(&self, process: Process, programs: &Path, arguments: &[String]) {
        let log = File::options().create(true).append(true).open(self.log(process)).unwrap();
        let child = Command::new(programs.join(process.program()))
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(self.group().cast_signed())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", process.program()));
        self.running.lock().unwrap().insert(process, child);
    }

    /// Kills it at once (SIGKILL) and waits for its end.
    pub(crate) fn kill(&self, process: Process) {
        if let Some(mut child) = self.running.lock().unwrap().remove(&process) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn signal(&self, process: Process, signal: Signal) {
        let running = self.running.lock().unwrap();
        let child = running.get(&process).unwrap_or_else(|| panic!("{process:?} does not run"));
        kill_process(Pid::from_child(child), signal).unwrap();
    }

    /// The processes that ended though nobody stopped them, each with the end of its log.
    pub(crate) fn fallen(&self) -> Vec<String> {
        let mut running = self.running.lock().unwrap();
        let mut fallen = Vec::new();
        for (process, child) in running.iter_mut() {
            if let Ok(Some(status)) = child.try_wait() {
                fallen.push(format!("{} ended with {status}:\n{}", process.program(), self.log_end(*process)));
            }
        }
        fallen
    }

    /// Parts that ended though nobody here stopped them.
    pub(crate) fn down(&self) -> Vec<Process> {
        let mut running = self.running.lock().unwrap();
        let ended = |child: &mut Child| child.try_wait().is_ok_and(|status| status.is_some());
        running.iter_mut().filter_map(|(process, child)| ended(child).then_some(*process)).collect()
    }

    pub(crate) fn id(&self, process: Process) -> Option<u32> {
        self.running.lock().unwrap().get(&process).map(Child::id)
    }

    /// The last lines of its log.
    pub(crate) fn log_end(&self, process: Process) -> String {
        let log = std::fs::read_to_string(self.log(process)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    fn log(&self, process: Process) -> PathBuf {
        self.folder.join(format!("{}.log", process.program()))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.supervisor.wait();
        for child in self.running.get_mut().unwrap().values_mut() {
            let _ = child.wait();
        }
    }
}
