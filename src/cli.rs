//! The command line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::Origin;

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
    #[arg(long, global = true, env = "SHIPDECK_ASCII", action = clap::ArgAction::SetTrue, value_parser = clap::builder::FalseyValueParser::new())]
    pub ascii: bool,
    /// Leave the mouse to the terminal.
    #[arg(long, global = true, env = "SHIPDECK_NO_MOUSE", action = clap::ArgAction::SetTrue, value_parser = clap::builder::FalseyValueParser::new())]
    pub no_mouse: bool,
    /// Look only: refuse everything that changes a cluster.
    #[arg(long, global = true, env = "SHIPDECK_READ_ONLY", action = clap::ArgAction::SetTrue, value_parser = clap::builder::FalseyValueParser::new())]
    pub read_only: bool,
    /// Which of these came from the environment; known after parsing.
    #[arg(skip)]
    pub origins: BTreeMap<String, Origin>,
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
    /// Take up a run whose process is gone, and follow it to the end: nothing is written twice, nothing is left out.
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
    /// Say why a service cannot be deployed, who can clear it and when it opens.
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

/// What each command says of the arguments that it shares with others.
fn for_deploy(arg: clap::Arg) -> clap::Arg {
    match arg.get_id().as_str() {
        "services" => arg
            .value_name("SERVICE=VERSION")
            .help("What to deploy: a tag, a digest (@sha256:…), or both, as in checkout=v812")
            .long_help(None),
        "group" => arg.help("Refuse services that are not in this group").long_help(None),
        _ => arg,
    }
}

fn for_plan(arg: clap::Arg) -> clap::Arg {
    // A pipeline that plans what it is about to deploy gives the same arguments.
    let carried_out = ["yes", "confirm", "dry_run", "wait_for_lock", "soak", "over"];
    let hidden = carried_out.contains(&arg.get_id().as_str());
    for_deploy(arg).hide(hidden)
}

fn for_promote(arg: clap::Arg) -> clap::Arg {
    match arg.get_id().as_str() {
        "services" => arg.value_name("SERVICE").help("What to promote; none means all that differ").long_help(None),
        "group" => arg.help("Promote the services of this group, or those of them that are named").long_help(None),
        _ => arg,
    }
}

/// Which services, where, and which versions.
#[derive(Debug, clap::Args)]
pub struct Target {
    /// The environment to change.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    /// SERVICE=VERSION: a tag, a digest (@sha256:…), or both. For promote SERVICE alone; none means all that differ.
    #[arg(value_name = "SERVICE[=VERSION]")]
    pub services: Vec<String>,
    /// A group. promote: its services, or those of them that are named. deploy: refuse services that are not in it.
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// As JSON; the shape is versioned.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub consent: Agreed,
    /// Make the plan and stop.
    #[arg(long)]
    pub dry_run: bool,
    /// Wait for whoever deploys the same instead of ending with exit code 3; take over from somebody who is silent.
    #[arg(long)]
    pub wait_for_lock: bool,
    /// After success, watch the new pods for as long as the environment's `soak` says; restarts, lost readiness or new
    /// warnings end with exit code 1. Without it the command ends at success.
    #[arg(long)]
    pub soak: bool,
    /// This is a hotfix: freezes that let hotfixes pass do not bar it.
    #[arg(long)]
    pub hotfix: bool,
    /// Go on in spite of locks and freezes; the reason is recorded on each of them for all to see.
    #[arg(long = "override", value_name = "REASON")]
    pub over: Option<String>,
}

/// What is agreed to before it is asked. Without it a terminal is asked, and a pipeline changes nothing.
#[derive(Debug, clap::Args)]
pub struct Agreed {
    /// Do not ask. A protected environment is not content with it: see --confirm.
    #[arg(long)]
    pub yes: bool,
    /// Do not ask, and say which environment is meant: the answer for a protected one, whose name is asked for
    /// otherwise. A pipeline names it here in words of its own, so that a wrong --env changes nothing.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub confirm: Option<String>,
}

/// Which services go back.
#[derive(Debug, clap::Args)]
pub struct Rollback {
    /// The environment to change.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    /// Services to take back; none means those of the group, or without one those that are failing there now.
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// A group: its services, or those of them that are named.
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// As JSON; the shape is versioned.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub consent: Agreed,
    /// Make the plan and stop.
    #[arg(long)]
    pub dry_run: bool,
    /// Wait for whoever deploys the same instead of ending with exit code 3; take over from somebody who is silent.
    #[arg(long)]
    pub wait_for_lock: bool,
    /// Go on in spite of hard locks and freezes; the reason is recorded on each of them for all to see.
    #[arg(long = "override", value_name = "REASON")]
    pub over: Option<String>,
}

/// What to lock or freeze, why, and until when.
#[derive(Debug, clap::Args)]
pub struct Placing {
    /// The environment.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    /// Services; none means the whole environment.
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// A group, whatever services it has by then; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub group: Vec<String>,
    /// Why: whoever is refused reads it.
    #[arg(long, value_name = "REASON")]
    pub reason: String,
    /// When it ends by itself: 2h, "2026-12-01 08:00" by the clock of this machine, or 2026-12-01T08:00:00Z. Without an
    /// end it stands until it is released.
    #[arg(long, value_name = "TIME", conflicts_with = "until_condition")]
    pub until: Option<String>,
    /// What ends it: "group NAME is in ENVIRONMENT", which that group itself may bring about, or "its author releases it".
    #[arg(long, value_name = "CONDITION")]
    pub until_condition: Option<String>,
    /// Only within these times, week by week: "Fri 16:00 - Mon 08:00 Europe/Berlin" or "daily 22:00 - 06:00 UTC".
    #[arg(long, value_name = "TIMES")]
    pub window: Option<String>,
    /// Bar roll backs as well.
    #[arg(long)]
    pub hard: bool,
    /// Let pass what is deployed with --hotfix.
    #[arg(long)]
    pub allow_hotfix: bool,
    /// As JSON; the shape is versioned.
    #[arg(long)]
    pub json: bool,
}

/// What to release.
#[derive(Debug, clap::Args)]
pub struct Unlock {
    /// As `shipdeck locks` lists it.
    #[arg(value_name = "ID")]
    pub id: String,
    /// Look in this environment only.
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// Release what only its author releases.
    #[arg(long = "override", value_name = "REASON")]
    pub over: Option<String>,
}

/// Which locks to list.
#[derive(Debug, clap::Args)]
pub struct Locks {
    /// Those of one environment.
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// As JSON; the shape is versioned.
    #[arg(long)]
    pub json: bool,
}

/// What of the history to print.
#[derive(Debug, clap::Args)]
pub struct History {
    /// What concerns this service.
    #[arg(value_name = "SERVICE")]
    pub service: Option<String>,
    /// That of one environment.
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// Only what is younger than this, as in 2h or 7d, or than a time.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// As JSON; the shape is versioned.
    #[arg(long)]
    pub json: bool,
}

/// Which service is asked about.
#[derive(Debug, clap::Args)]
pub struct Why {
    /// The environment to which it would be deployed.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// As JSON; the shape is versioned.
    #[arg(long)]
    pub json: bool,
}

/// Which run goes on.
#[derive(Debug, clap::Args)]
pub struct Resume {
    /// Its name as shipdeck runs prints it, or an end of it.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// As JSON; the shape is versioned.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub consent: Agreed,
    /// Go on without this service; others that need it still go out unless they are left out too. Repeatable.
    #[arg(long, value_name = "SERVICE", requires = "reason")]
    pub without: Vec<String>,
    /// Why: others read it.
    #[arg(long, value_name = "TEXT", requires = "without")]
    pub reason: Option<String>,
    /// Wait for whoever deploys the same, or carries this very run out, instead of ending with exit code 3.
    #[arg(long)]
    pub wait_for_lock: bool,
}

/// Which run ends.
#[derive(Debug, clap::Args)]
pub struct Abort {
    /// Its name as shipdeck runs prints it, or an end of it.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Then put back exactly what it changed, in reverse order; also of a run that is over.
    #[arg(long)]
    pub rollback: bool,
    /// As JSON, with --rollback; the shape is versioned.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub consent: Agreed,
    /// Wait for whoever deploys the same instead of ending with exit code 3; take over from somebody who is silent.
    #[arg(long)]
    pub wait_for_lock: bool,
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
