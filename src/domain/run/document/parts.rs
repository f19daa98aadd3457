//! Parts of a step as they are written down: what the patch was answered, how the new pods fared, who went on without it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::ids::Uid;
use crate::domain::observed::{Condition, TemplateHash};
use crate::domain::rollout::After;
use crate::domain::run::{Baseline, LeftOut, Reached, Wait};
use crate::domain::text::clean;
use crate::domain::verdict::{Cause, Evidence};

/// The longest reason that is kept.
const REASON: usize = 400;

pub(super) fn cut(text: &str) -> String {
    text.chars().take(REASON).collect()
}

/// Somebody went on without it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LeftOutShape {
    by: String,
    reason: String,
    at: Timestamp,
}

/// It waited for people.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WaitShape {
    from: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SoakShape {
    seconds: i64,
    until: Timestamp,
    /// They were watched until then. Where nobody says so later, nobody did.
    over: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BaselineShape {
    generation: i64,
    uid: String,
    template: u64,
    images: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progressing: Option<ConditionShape>,
    changed: bool,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ConditionShape {
    status: bool,
    reason: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated: Option<Timestamp>,
}

pub(super) fn wait_of(it: &Wait) -> WaitShape {
    WaitShape { from: it.from, to: it.to }
}

pub(super) fn wait(it: &WaitShape) -> Wait {
    Wait { from: it.from, to: it.to }
}

pub(super) fn left_out_of(it: &LeftOut) -> LeftOutShape {
    LeftOutShape { by: it.by.to_string(), reason: cut(&it.reason), at: it.at }
}

pub(super) fn left_out(it: &LeftOutShape) -> LeftOut {
    let text = |text: &str| -> Arc<str> { clean(text).into_owned().into() };
    LeftOut { by: text(&it.by), reason: text(&it.reason), at: it.at }
}

pub(super) fn soak_of(after: &After) -> SoakShape {
    SoakShape {
        seconds: after.soak.as_secs(),
        until: after.until,
        over: after.over,
        trouble: after.trouble.as_ref().map(|it| cut(&it.headline)),
        remedy: after.trouble.as_ref().map(|it| cut(&it.remedy)).filter(|remedy| !remedy.is_empty()),
    }
}

pub(super) fn soak(it: &SoakShape, finished: Option<Timestamp>) -> Result<After, String> {
    let soak = SignedDuration::from_secs(it.seconds);
    let since = it.until.checked_sub(soak).map_err(|_out_of_range| "its watch has no beginning".to_owned())?;
    let trouble = it.trouble.as_ref().map(|headline| Evidence {
        cause: Cause::NotReady,
        headline: clean(headline).into_owned(),
        details: Vec::new(),
        pod: None,
        since: None,
        remedy: clean(it.remedy.as_deref().unwrap_or_default()).into_owned(),
    });
    Ok(After::noted(soak, (finished.unwrap_or(since), it.until), trouble, it.over))
}

pub(super) fn baseline_of(it: &Baseline) -> BaselineShape {
    BaselineShape {
        generation: it.generation,
        uid: it.uid.to_string(),
        template: it.template.0,
        images: it.images.iter().map(ToString::to_string).collect(),
        progressing: it.progressing.as_ref().map(|it| ConditionShape {
            status: it.status,
            reason: it.reason.to_string(),
            message: it.message.to_string(),
            updated: it.updated,
        }),
        changed: it.changed,
        at: it.at,
        deadline: it.progress_deadline,
    }
}

pub(super) fn baseline(it: &BaselineShape) -> Baseline {
    let text = |text: &str| -> Arc<str> { clean(text).into_owned().into() };
    Baseline {
        uid: Uid::new(text(&it.uid)),
        generation: it.generation,
        template: TemplateHash(it.template),
        images: it.images.iter().map(|image| text(image)).collect(),
        progressing: it.progressing.as_ref().map(|it| Condition {
            kind: "Progressing".into(),
            status: it.status,
            reason: text(&it.reason),
            message: text(&it.message),
            updated: it.updated,
        }),
        changed: it.changed,
        at: it.at,
        progress_deadline: it.deadline,
        reached: Reached { created: 0, ready: 0, at: it.at, drained: None },
    }
}
