//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A release cockpit for teams that run many interdependent services on Kubernetes.
#[derive(Debug, Parser)]
#[command(
    name = "shipdeck",
    version,
    about,
    after_help = "Without a command the cockpit opens. shipdeck demo needs no cluster."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub options: Options,
}

/// Options of every command.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// The configuration to read instead of the usual places.
    #[arg(long, global = true, env = "SHIPDECK_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The kubeconfig context of environments that name none.
    #[arg(long, global = true, env = "SHIPDECK_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
    /// Write diagnostics to this file.
    #[arg(long, global = true, env = "SHIPDECK_LOG_FILE", value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// night, day or signal (safe for the colour-blind).
    #[arg(long, global = true, env = "SHIPDECK_THEME", value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII only.
    #[arg(long, global = true, env = "SHIPDECK_ASCII", action = clap::ArgAction::SetTrue)]
    pub ascii: bool,
    /// Leave the mouse to the terminal.
    #[arg(long, global = true, env = "SHIPDECK_NO_MOUSE", action = clap::ArgAction::SetTrue)]
    pub no_mouse: bool,
    /// Look only: refuse everything that changes a cluster.
    #[arg(long, global = true, env = "SHIPDECK_READ_ONLY", action = clap::ArgAction::SetTrue)]
    pub read_only: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the cockpit on a simulated world: no cluster, no network, every key works.
    Demo {
        /// Equal seeds make equal worlds.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Check the configuration: every problem at once, and where each value comes from. Exits with 2 on any problem.
    Check,
    /// Print completions for a shell.
    Completions { shell: clap_complete::Shell },
    /// Print the manual page.
    Man,
    /// Print a picture of the demo's home screen as SVG.
    Picture {
        #[arg(long, default_value_t = 120)]
        width: u16,
        #[arg(long, default_value_t = 36)]
        height: u16,
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}
