//! Arguments of runs that are kept, and of the history.

use super::Agreed;

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
    /// Of a run that is over: try it again in spite of locks and freezes; the reason is recorded on each of them.
    #[arg(long = "override", value_name = "REASON")]
    pub over: Option<String>,
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
    /// With --rollback: let what is taken back go out again at once instead of holding it for 14 days.
    #[arg(long, requires = "rollback")]
    pub no_hold: bool,
    /// As JSON, with --rollback; the shape is versioned.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub consent: Agreed,
    /// Wait in line for whoever deploys the same instead of ending with exit code 3; take over what was left behind.
    #[arg(long)]
    pub wait_for_lock: bool,
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
