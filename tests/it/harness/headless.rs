//! The real binary without a terminal, as a pipeline has it.

use std::path::{Path, PathBuf};

use super::Home;

/// A configuration and the kubeconfig to use it with.
pub(crate) struct Headless {
    pub(crate) config: PathBuf,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) home: Home,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Headless {
    pub(crate) fn new(kubeconfig: &Path, config: &str) -> Self {
        let home = Home::new();
        let path = home.path().join("shipdeck.toml");
        std::fs::write(&path, config).unwrap();
        Self { config: path, kubeconfig: kubeconfig.to_owned(), home }
    }

    /// The command, not yet run: `deploy --env staging auth=v2`.
    pub(crate) fn command(&self, line: &str) -> std::process::Command {
        let mut command = self.home.shipdeck();
        command.arg("--config").arg(&self.config).args(line.split_whitespace());
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self, line: &str) -> Answer {
        let mut command = self.command(line);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Answer { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Answer {
    /// Asserts the exit code and that the text is somewhere in what was printed.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, text: &str) -> &Self {
        let all = format!("{}{}", self.out, self.err);
        assert!(self.code == code && all.contains(text), "wanted {code} and {text:?}: {self:#?}");
        self
    }
}
