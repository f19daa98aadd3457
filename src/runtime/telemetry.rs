//! Diagnostics: a log file when one is asked for, and a report when the program panics. Never the terminal.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::report::Report;

/// Writes traces to this file from now on. What is traced is chosen by `SHIPDECK_LOG`, as in `shipdeck=debug,kube=info`.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn log_to(path: &Path) -> Result<(), Report> {
    let file = OpenOptions::new().create(true).append(true).open(path).map_err(|error| {
        Report::usage(format!("cannot write the log file {}: {error}", path.display()))
            .hint("Give another --log-file, or free some space.")
    })?;
    let filter = EnvFilter::try_from_env("SHIPDECK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A full disk loses lines of the log and nothing else: a complaint would go to the screen.
    // A second subscriber in the same process (tests) is harmless: the first one stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(Mutex::new(file))
        .try_init();
    Ok(())
}

/// After a panic: restores the terminal, writes a report, and says where it is.
///
/// # Errors
/// When another hook was installed before.
pub(super) fn install_panic_hook(folder: PathBuf) -> color_eyre::Result<()> {
    let (panic_hook, eyre_hook) = color_eyre::config::HookBuilder::default()
        .display_env_section(false)
        .theme(color_eyre::config::Theme::new())
        .into_hooks();
    eyre_hook.install()?;
    std::panic::set_hook(Box::new(move |info| {
        super::terminal::give_back();
        let report = panic_hook.panic_report(info).to_string();
        let path = folder.join(format!("panic-{}.txt", crate::adapters::system::now().as_second()));
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, &report));
        let mut stderr = std::io::stderr();
        let _ = match written {
            Ok(()) => writeln!(
                stderr,
                "shipdeck stopped because of a mistake of its own. Nothing that was already sent to a cluster is undone.\n\
                 Please report it with this file: {}",
                path.display()
            ),
            Err(_) => writeln!(stderr, "{report}"),
        };
        // A task that panics in the background takes its work with it; the whole must not go on drawing without it.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    const FOLDER: &str = "SHIPDECK_TEST_FOLDER";

    #[test]
    #[ignore = "the child of the next test: it panics"]
    fn panics_while_it_has_the_terminal() {
        let Some(folder) = std::env::var_os(FOLDER) else { return };
        install_panic_hook(folder.into()).unwrap();
        let _tui = super::super::terminal::Tui::open(true, super::super::terminal::Questions::default()).unwrap();
        panic!("a mistake of our own");
    }

    #[test]
    fn after_a_panic_the_terminal_is_given_back_and_a_report_without_secrets_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let size = PtySize { rows: 24, cols: 200, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "runtime::telemetry::tests::panics_while_it_has_the_terminal", "--ignored"]);
        command.arg("--nocapture");
        command.env(FOLDER, folder.path());
        command.env("API_TOKEN", "hunter2");
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let mut bytes = Vec::new();
        // A terminal whose program has ended reads as an error.
        let _ = output.read_to_end(&mut bytes);
        assert!(!child.wait().unwrap().success());
        let shown = String::from_utf8_lossy(&bytes);
        let (before, after) = shown.split_once("\x1b[?1049l").unwrap();
        assert!(before.contains("\x1b[?1049h"), "it had the terminal");
        let report = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        assert!(after.contains(&report.display().to_string()), "{after}");
        let report = std::fs::read_to_string(report).unwrap();
        assert!(report.contains("a mistake of our own") && !report.contains("hunter2"), "{report}");
    }
}
