//! The hold after a roll back: what was taken back does not go out again by mistake, and whatever mends it does.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Lock, LockKind, Opens};
use crate::domain::ids::ServiceId;
use crate::domain::image::Image;
use crate::domain::plan::{Plan, Purpose, Step};

/// By then it is long forgotten, or mended.
const HELD_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);
/// So many versions are named in its reason.
const NAMED: usize = 3;

impl Lock {
    /// Whether this image of the service is one that it bars.
    pub(super) fn bars_image(&self, service: &ServiceId, image: Option<&str>) -> bool {
        let Some((held, wanted)) = self.images.get(service).zip(image) else { return false };
        let parsed = |text: &str| text.parse::<Image>().ok();
        **held == *wanted || parsed(held).zip(parsed(wanted)).is_some_and(|(held, wanted)| held.same_version(&wanted))
    }
}

/// What a roll back holds of what it takes back: what is failing there. The others of a group are taken back for its
/// sake and are in nobody's way. Where nothing is failing, somebody had another reason, and all of it is held.
/// Whoever rolls back may want none of it held.
pub fn to_be_held(plan: &Plan) -> Vec<&Step> {
    if plan.unheld { Vec::new() } else { holdable(plan) }
}

/// The same, whatever is wanted of it.
fn holdable(plan: &Plan) -> Vec<&Step> {
    if plan.purpose != Purpose::RollBack {
        return Vec::new();
    }
    let failing: Vec<&Step> = plan.changed().filter(|step| step.failing).collect();
    if failing.is_empty() { plan.changed().collect() } else { failing }
}

/// What becomes of what is taken back, in words: `auth v9 is held for 14 days …`; none: nothing that could be held is.
pub fn held_words(plan: &Plan) -> Option<String> {
    let steps = holdable(plan);
    let (named, days) = (named(&steps), HELD_FOR.as_hours() / 24);
    let verb = if steps.len() == 1 { "is" } else { "are" };
    let text = if plan.unheld {
        format!("{named} {verb} not held: sent out again, nobody is asked why")
    } else {
        format!("{named} {verb} held for {days} days: sent out again only for a reason; any other version as ever")
    };
    (!steps.is_empty()).then_some(text)
}

fn named(steps: &[&Step]) -> String {
    let versions = steps.iter().take(NAMED).map(|step| format!("{} {}", step.service, step.from_version));
    let mut text = versions.collect::<Vec<_>>().join(", ");
    if steps.len() > NAMED {
        text.push_str(&format!(" and {} more", steps.len() - NAMED));
    }
    text
}

/// The hold that a roll back leaves on what it takes back; none: the plan is no roll back, or changes nothing.
///
/// `why`: what went wrong, with which service, where that is known.
pub fn taken_back(plan: &Plan, why: Option<(&ServiceId, &str)>, author: Arc<str>, now: Timestamp) -> Option<Lock> {
    let steps = to_be_held(plan);
    if steps.is_empty() {
        return None;
    }
    let mut reason = format!("{} taken back", named(&steps));
    if let Some((service, why)) = why {
        let whose = if steps.len() > 1 { format!("{service}: ") } else { String::new() };
        reason.push_str(&format!(": {whose}{why}"));
    }
    Some(Lock {
        kind: LockKind::Hold,
        reason: reason.into(),
        author,
        services: steps.iter().map(|step| step.service.clone()).collect(),
        groups: BTreeSet::new(),
        images: steps.iter().map(|step| (step.service.clone(), Arc::clone(&step.from))).collect(),
        opens: now.checked_add(HELD_FOR).map_or(Opens::Released, Opens::At),
        window: None,
        hard: false,
        hotfixes: false,
    })
}
