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
    // A second subscriber in the same process (tests) is harmless: the first one stays.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).try_init();
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
    }));
    Ok(())
}
