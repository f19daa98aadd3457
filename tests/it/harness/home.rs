//! The home of a user, one for every shipdeck that a test starts: nothing of the developer's own is read, and nothing
//! is left with it. There is no other way to start shipdeck, as `architecture.rs` sees to.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portable_pty::CommandBuilder;

const SHIPDECK: &str = env!("CARGO_BIN_EXE_shipdeck");

/// A folder that is removed with it.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where shipdeck saves logs and reports.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join(".local/share/shipdeck")
    }

    /// Where shipdeck looks for a configuration that nobody names.
    pub(crate) fn config(&self) -> PathBuf {
        self.path().join(".config/shipdeck/config.toml")
    }

    /// shipdeck, to be completed and run by the test.
    pub(crate) fn shipdeck(&self) -> Command {
        self.furnished(SHIPDECK)
    }

    /// An interactive shell, from which `shipdeck` is started as people do it.
    pub(crate) fn shell(&self) -> Command {
        let mut shell = self.furnished("bash");
        shell.args(["--norc", "--noprofile", "-i"]).env("PS1", "prompt> ");
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            Path::new(SHIPDECK).parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&folders));
        shell.env("PATH", std::env::join_paths(folders).unwrap());
        shell
    }

    fn furnished(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).stdin(Stdio::null()).env("HOME", self.path());
        for (name, folder) in [
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_STATE_HOME", ".local/state"),
            ("XDG_CACHE_HOME", ".cache"),
        ] {
            command.env(name, self.path().join(folder));
        }
        // What the developer has chosen for a shipdeck or a cluster of their own.
        let ours = |name: &OsStr| name.to_string_lossy().starts_with("SHIPDECK_") || name == "KUBECONFIG";
        for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command
    }
}

/// The same command as one that a pseudo-terminal starts.
pub(crate) fn in_terminal(command: &Command) -> CommandBuilder {
    let mut builder = CommandBuilder::new(command.get_program());
    builder.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => builder.env(name, value),
            None => builder.env_remove(name),
        }
    }
    if let Some(folder) = command.get_current_dir() {
        builder.cwd(folder);
    }
    builder
}
