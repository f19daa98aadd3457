//! Arguments of what changes services: deploy, plan, promote and roll back.

/// What each command says of the arguments that it shares with others.
pub(super) fn for_deploy(arg: clap::Arg) -> clap::Arg {
    match arg.get_id().as_str() {
        "services" => arg
            .value_name("SERVICE=VERSION")
            .help("What to deploy: a tag, a digest (@sha256:…), or both, as in checkout=v812")
            .long_help(None),
        "group" => arg.help("Refuse services that are not in this group").long_help(None),
        _ => arg,
    }
}

pub(super) fn for_plan(arg: clap::Arg) -> clap::Arg {
    // A pipeline that plans what it is about to deploy gives the same arguments.
    let carried_out = ["yes", "confirm", "dry_run", "wait_for_lock", "soak", "over"];
    let hidden = carried_out.contains(&arg.get_id().as_str());
    for_deploy(arg).hide(hidden)
}

pub(super) fn for_promote(arg: clap::Arg) -> clap::Arg {
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
    /// Wait in line for whoever deploys the same instead of ending with exit code 3; take over what was left behind.
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
    /// Let what is taken back go out again at once; without this it is held for 14 days, for whoever gives a reason.
    #[arg(long)]
    pub no_hold: bool,
    /// As JSON; the shape is versioned.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub consent: Agreed,
    /// Make the plan and stop.
    #[arg(long)]
    pub dry_run: bool,
    /// Wait in line for whoever deploys the same instead of ending with exit code 3; take over what was left behind.
    #[arg(long)]
    pub wait_for_lock: bool,
    /// Go on in spite of hard locks and freezes; the reason is recorded on each of them for all to see.
    #[arg(long = "override", value_name = "REASON")]
    pub over: Option<String>,
}
