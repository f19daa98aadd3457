//! The JSON of locks and of what stands in the way.

use jiff::Timestamp;
use serde::Serialize;

use super::VERSION;
use crate::app::queue::InLine;
use crate::app::why::Cause;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::lock::{Force, Lock, Opens, Override, Posted};

/// `shipdeck locks --json`.
#[derive(Debug, Serialize)]
pub(in crate::runtime::headless) struct LocksShape {
    pub(in crate::runtime::headless) version: u32,
    pub(in crate::runtime::headless) locks: Vec<LockShape>,
}

/// One lock; `shipdeck lock --json` and `freeze --json` print one.
#[derive(Debug, Serialize)]
pub(in crate::runtime::headless) struct LockShape {
    pub(in crate::runtime::headless) id: String,
    pub(in crate::runtime::headless) environment: String,
    /// `lock`, `freeze`, `hold`, or `unreadable`, which bars everything.
    pub(in crate::runtime::headless) kind: &'static str,
    /// Without any, and without groups: the whole environment.
    pub(in crate::runtime::headless) services: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::runtime::headless) groups: Vec<String>,
    /// Only these images are barred.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::runtime::headless) images: Vec<String>,
    pub(in crate::runtime::headless) headline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) author: Option<String>,
    pub(in crate::runtime::headless) since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) until_condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) window: Option<String>,
    /// When what it waited for was so: it bars nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) lifted: Option<String>,
    /// When it opens next by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) opens: Option<String>,
    pub(in crate::runtime::headless) hard: bool,
    pub(in crate::runtime::headless) hotfixes: bool,
    /// The cluster refuses it to every tool.
    pub(in crate::runtime::headless) enforced: bool,
    /// Why it does not, or why that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) advisory: Option<String>,
    pub(in crate::runtime::headless) overrides: Vec<OverrideShape>,
}

/// Somebody went on in spite of a lock.
#[derive(Debug, Serialize)]
pub(in crate::runtime::headless) struct OverrideShape {
    pub(in crate::runtime::headless) at: String,
    pub(in crate::runtime::headless) by: String,
    pub(in crate::runtime::headless) what: String,
    pub(in crate::runtime::headless) reason: String,
}

/// `shipdeck why --json`.
#[derive(Debug, Serialize)]
pub(in crate::runtime::headless) struct WhyShape {
    pub(in crate::runtime::headless) version: u32,
    pub(in crate::runtime::headless) environment: String,
    pub(in crate::runtime::headless) service: String,
    /// Nothing stands in the way.
    pub(in crate::runtime::headless) open: bool,
    pub(in crate::runtime::headless) causes: Vec<CauseShape>,
    /// Images that alone are held, each with why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::runtime::headless) held: Vec<String>,
    /// Who waits for it, in the order in which they get it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::runtime::headless) line: Vec<InLineShape>,
}

/// Somebody who waits.
#[derive(Debug, Serialize)]
pub(in crate::runtime::headless) struct InLineShape {
    pub(in crate::runtime::headless) by: String,
    pub(in crate::runtime::headless) what: String,
    pub(in crate::runtime::headless) since: String,
    /// They take back what was deployed.
    pub(in crate::runtime::headless) first: bool,
}

/// One reason why not.
#[derive(Debug, Serialize)]
pub(in crate::runtime::headless) struct CauseShape {
    pub(in crate::runtime::headless) code: &'static str,
    pub(in crate::runtime::headless) headline: String,
    pub(in crate::runtime::headless) clears: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) opens: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) lock: Option<String>,
}

/// A lock.
pub(in crate::runtime::headless) fn lock(env: &EnvId, posted: &Posted, force: &Force, now: Timestamp) -> LockShape {
    let lock = posted.lock.as_ref().ok();
    let over = |it: &Override| OverrideShape {
        at: it.at.to_string(),
        by: it.by.to_string(),
        what: it.what.to_string(),
        reason: it.reason.to_string(),
    };
    let until = lock.and_then(|lock| if let Opens::At(end) = lock.opens { Some(end.to_string()) } else { None });
    LockShape {
        id: posted.id.to_string(),
        environment: env.to_string(),
        kind: lock.map_or("unreadable", |lock| lock.kind.as_str()),
        services: lock.iter().flat_map(|lock| &lock.services).map(ToString::to_string).collect(),
        groups: lock.iter().flat_map(|lock| &lock.groups).map(ToString::to_string).collect(),
        images: lock.iter().flat_map(|lock| lock.images.values()).map(ToString::to_string).collect(),
        lifted: posted.lifted.map(|at| at.to_string()),
        headline: posted.headline(),
        reason: lock.map(|lock| lock.reason.to_string()),
        author: lock.map(|lock| lock.author.to_string()),
        since: posted.since.to_string(),
        until,
        until_condition: lock.and_then(Lock::condition),
        window: lock.and_then(|lock| lock.window.as_ref().map(ToString::to_string)),
        opens: lock.and_then(|lock| lock.opens_at(now)).map(|at| at.to_string()),
        hard: lock.is_some_and(|lock| lock.hard),
        hotfixes: lock.is_some_and(|lock| lock.hotfixes),
        enforced: *force == Force::Enforced,
        advisory: if let Force::Advisory(why) = force { Some(why.to_string()) } else { None },
        overrides: posted.overrides.iter().map(over).collect(),
    }
}

/// What stands in the way of a service.
pub(in crate::runtime::headless) fn why(
    env: &EnvId,
    service: &ServiceId,
    causes: &[Cause],
    (held, line): (Vec<String>, &[InLine]),
) -> WhyShape {
    let waiter = |it: &InLine| InLineShape {
        by: it.by.to_string(),
        what: it.what.to_string(),
        since: it.since.to_string(),
        first: it.first,
    };
    let cause = |it: &Cause| CauseShape {
        code: it.code(),
        headline: it.headline(),
        clears: it.clears(),
        opens: it.opens_at().map(|at| at.to_string()),
        lock: it.lock().map(ToString::to_string),
    };
    WhyShape {
        version: VERSION,
        environment: env.to_string(),
        service: service.to_string(),
        open: causes.is_empty(),
        causes: causes.iter().map(cause).collect(),
        held,
        line: line.iter().map(waiter).collect(),
    }
}
