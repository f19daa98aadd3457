//! Arguments of locks and of what stands in the way.

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
    /// End with 3 where something stands in the way; without it the answer is 0 either way.
    #[arg(long)]
    pub exit_code: bool,
}
