//! The command line.

mod changes;
mod locks;
mod runs;

pub use changes::{Agreed, Rollback, Target};
pub use locks::{Locks, Placing, Unlock, Why};
pub use runs::{Abort, History, Resume};

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use changes::{for_deploy, for_plan, for_promote};

use crate::config::Origin;

/// What the long help and the manual say last.
const MORE: &str = "\
Without a command the cockpit opens. shipdeck demo needs no cluster.

Exit codes: 0 done; 1 the rollout failed; 2 usage or configuration; 3 refused: something bars it, or a precondition is not \
met; 4 the cluster does not answer; 130 interrupted.

Files: the configuration is read from --config, else ./shipdeck.toml, else the configuration directory of the platform \
(~/.config/shipdeck/config.toml on Linux). Logs, and what a clean-up removes, are saved in its data directory \
(~/.local/share/shipdeck). shipdeck check tells which file was read and where each value came from.

`shipdeck man COMMAND` prints the page of a command, with all its options.";

/// A release cockpit for teams that run many interdependent services on Kubernetes.
#[derive(Debug, Parser)]
#[command(
    name = "shipdeck",
    version,
    about,
    after_help = "Without a command the cockpit opens. shipdeck demo needs no cluster.",
    after_long_help = MORE
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
    /// The kubeconfig context of environments that name none. For init, where to look; may be repeated there.
    #[arg(long, global = true, env = "SHIPDECK_CONTEXT", value_name = "NAME")]
    pub context: Vec<String>,
    /// Write diagnostics to this file.
    #[arg(long, global = true, env = "SHIPDECK_LOG_FILE", value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// auto, night, day or signal (safe for the colour-blind).
    #[arg(long, global = true, env = "SHIPDECK_THEME", value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII only.
    #[arg(long, global = true, env = "SHIPDECK_ASCII", action = clap::ArgAction::SetTrue, value_parser = flag)]
    pub ascii: bool,
    /// Leave the mouse to the terminal.
    #[arg(long, global = true, env = "SHIPDECK_NO_MOUSE", action = clap::ArgAction::SetTrue, value_parser = flag)]
    pub no_mouse: bool,
    /// Look only: refuse everything that changes a cluster.
    #[arg(long, global = true, env = "SHIPDECK_READ_ONLY", action = clap::ArgAction::SetTrue, value_parser = flag)]
    pub read_only: bool,
    /// Which of these came from the environment; known after parsing.
    #[arg(skip)]
    pub origins: BTreeMap<String, Origin>,
}

/// Whether a variable of the environment switches something on; what says neither is refused, not guessed.
fn flag(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "n" | "off" => Ok(false),
        _ => Err("neither true nor false: write 1 or 0".to_owned()),
    }
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
    Check {
        /// Also ask the clusters: missing namespaces and workloads, containers that cannot be told apart.
        #[arg(long)]
        live: bool,
    },
    /// Print what runs where and how it stands.
    Status {
        /// One environment instead of all.
        #[arg(long, value_name = "NAME")]
        env: Option<String>,
        /// As JSON; the shape is versioned.
        #[arg(long)]
        json: bool,
    },
    /// Print what a deploy would change, and change nothing.
    #[command(mut_args(for_plan))]
    Plan(Target),
    /// Deploy services in the order of their needs and follow them to the end.
    #[command(mut_args(for_deploy))]
    Deploy(Target),
    /// Bring exactly what the environment before it runs to an environment, by digest.
    #[command(mut_args(for_promote))]
    Promote(Target),
    /// Go back to what services ran before, in reverse order of their needs, and follow it to the end.
    Rollback(Rollback),
    /// List the runs that the clusters keep: which are not over, how far each is and who carried it out last.
    Runs {
        /// As JSON; the shape is versioned.
        #[arg(long)]
        json: bool,
    },
    /// Take up a run that was left behind, and follow it to the end: nothing is written twice, nothing is left out. Of one
    /// that failed or was ended: try again what failed and begin what was not begun, as a new run with the checks of a deploy.
    Resume(Resume),
    /// End a run: nothing more of it begins, also where another process carries it out.
    Abort(Abort),
    /// Print the logs of a service: of all its pods, in the order of their times.
    Logs(Logs),
    /// Keep others from changing services, or a whole environment, while you work on it.
    Lock(Placing),
    /// Let nothing new go out to an environment, or to some of its services, for a time.
    Freeze(Placing),
    /// Release a lock or a freeze by its id.
    Unlock(Unlock),
    /// List locks and freezes: whose, why, until when, and who went on in spite of them.
    Locks(Locks),
    /// Print what happened: every run, lock, override and clean-up, who did it, how it ended and why; the newest first.
    History(History),
    /// Say why a service cannot be deployed, who can change that and when it opens. To have been answered is 0, whatever the
    /// answer; see --exit-code.
    Why(Why),
    /// List leftovers of an environment (failed pods, failed Jobs); with --yes or --confirm delete them, each saved first.
    Cleanup(Cleanup),
    /// Write a configuration from what the clusters show: those of all contexts of the kubeconfig that answer within a
    /// few seconds, or those of --context.
    Init {
        /// Take the place of a configuration that is there; the old one is kept beside it.
        #[arg(long)]
        force: bool,
    },
    /// Print something of the program itself.
    Print {
        #[arg(value_enum)]
        what: Printed,
    },
    /// Print completions for a shell.
    Completions { shell: clap_complete::Shell },
    /// Print the manual page of shipdeck, or of one of its commands: `shipdeck man deploy | man -l -`.
    Man {
        /// A command.
        #[arg(value_name = "COMMAND")]
        of: Option<String>,
    },
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

/// What to clean up.
#[derive(Debug, clap::Args)]
pub struct Cleanup {
    /// The environment to clean up.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    #[command(flatten)]
    pub consent: Agreed,
    /// List only.
    #[arg(long)]
    pub dry_run: bool,
    /// Leave what is younger than this alone, as in 30s, 10m or 2h.
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    pub older_than: String,
    /// As JSON; the shape is versioned.
    #[arg(long)]
    pub json: bool,
}

/// What `print` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Printed {
    /// A configuration with every key explained.
    Config,
    /// What --json prints, command by command.
    Json,
    /// What an administrator applies to the cluster so that freezes hold for every tool, as YAML.
    AdmissionPolicy,
}

/// Which logs to read.
#[derive(Debug, clap::Args)]
pub struct Logs {
    /// The environment to look in.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// One container instead of all.
    #[arg(long, short, value_name = "NAME")]
    pub container: Option<String>,
    /// The run before the last restart.
    #[arg(long, short, conflicts_with = "follow")]
    pub previous: bool,
    /// Only what is younger than this, as in 30s, 10m or 2h.
    #[arg(long, value_name = "DURATION")]
    pub since: Option<String>,
    /// At most so many lines of each container; with --since, of those that are young enough.
    #[arg(long, value_name = "LINES")]
    pub tail: Option<u64>,
    /// Go on until interrupted; new pods join.
    #[arg(long, short)]
    pub follow: bool,
    /// Print the time of each line.
    #[arg(long, short)]
    pub timestamps: bool,
    /// One JSON object a line; the shape is versioned.
    #[arg(long)]
    pub json: bool,
}
