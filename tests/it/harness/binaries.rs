//! The control plane's programs: built once by `tests/control-plane/build`, which tells what it does.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The exit code with which the build script says that this machine cannot build the programs.
const CANNOT_BUILD: i32 = 3;

/// The folder with the files that the control plane is made of.
pub(crate) fn sources() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control-plane"))
}

/// Where planes keep their data while they run.
pub(crate) fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// The folder with the programs, built now if they are not there. `None` where they cannot be built; then the test that
/// asked has to be skipped, which is said on the terminal.
///
/// # Panics
/// When the build fails; and, with `CI=true`, instead of answering `None`.
pub(crate) fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOLDER.get_or_init(build) {
        Ok(folder) => Some(folder),
        Err(why) => {
            let name = std::thread::current().name().unwrap_or("a test").to_owned();
            let on_ci = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!on_ci, "CI has to test against a control plane, but there is none: {why}");
            // Not `eprintln!`: the test runner would hide that of a test that passes.
            let _ = writeln!(std::io::stderr(), "SKIPPED {name}: it needs a Kubernetes control plane: {why}");
            None
        }
    }
}

fn build() -> Result<PathBuf, String> {
    let root = scratch().parent().unwrap_or(scratch()).join("control-plane");
    let script = sources().join("build");
    let output = Command::new(&script)
        .arg(&root)
        .stdin(Stdio::null())
        // The script's standard error goes to the terminal: a first build takes minutes, and that should be seen.
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{} cannot be run: {error}", script.display()));
    match output.status.code() {
        Some(0) => Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())),
        Some(CANNOT_BUILD) => Err("no Go in PATH to build it with, and no earlier build".into()),
        _ => panic!("{} failed: {}", script.display(), output.status),
    }
}
