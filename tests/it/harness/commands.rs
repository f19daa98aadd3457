//! kubectl and helm, as another person at another terminal would use them.

use std::process::{Command, Output, Stdio};

use super::Namespace;

impl Namespace<'_> {
    /// kubectl as admin in this namespace, to be completed and run by the test.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("kubectl");
        command.arg("--namespace").arg(&self.name).args(arguments);
        command
    }

    /// helm as admin in this namespace, with nothing of the developer's own helm.
    pub(crate) fn helm(&self, arguments: &[&str]) -> Command {
        let home = self.plane.folder().join("helm");
        let mut command = self.command("helm");
        command.env("HELM_CACHE_HOME", home.join("cache")).env("HELM_CONFIG_HOME", home.join("config"));
        command.env("HELM_DATA_HOME", home.join("data")).env("HELM_NAMESPACE", &self.name).args(arguments);
        command
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.plane.programs().join(program));
        command.env("KUBECONFIG", self.plane.kubeconfig_path()).stdin(Stdio::null());
        command
    }
}

/// Runs it to its end, which has to be a success, and gives its standard output.
pub(crate) fn succeeds(mut command: Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?} ended with {status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}
