//! Why a conditional write is refused: judged and said the same way by every implementor.

use std::sync::Arc;

use jiff::Timestamp;

use super::cluster::{DeleteTarget, ImageChange};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observed::{Workload, Writer};

/// How a workload stands to an image that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The image to be replaced is there.
    Open,
    /// The new image is there: an earlier try landed, or somebody wanted the same.
    Done,
    Blocked(Obstacle),
}

/// What is there instead of what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    Deleted,
    /// Another object of the same name.
    Replaced,
    ContainerMoved,
    Image(Arc<str>),
}

/// `kubectl-set (12 s ago)`.
fn told(by: &Writer, now: Option<Timestamp>) -> String {
    let name = &by.manager;
    match now.zip(by.at).map(|(now, then)| now.as_second() - then.as_second()) {
        Some(seconds @ 0..60) => format!("{name} ({seconds} s ago)"),
        Some(seconds @ 60..3_600) => format!("{name} ({} min ago)", seconds / 60),
        Some(seconds @ 3_600..) => format!("{name} ({} h ago)", seconds / 3_600),
        // A clock that runs behind tells nothing.
        _ => name.to_string(),
    }
}

impl ImageChange {
    /// How the workload, as it is now, stands to this change.
    pub fn standing(&self, found: &Workload) -> Standing {
        if found.meta.uid != self.uid {
            return Standing::Blocked(Obstacle::Replaced);
        }
        match found.containers.get(self.container_index).filter(|it| it.name == self.container) {
            None => Standing::Blocked(Obstacle::ContainerMoved),
            Some(container) if container.image == self.to => Standing::Done,
            Some(container) if container.image == self.from => Standing::Open,
            Some(container) => Standing::Blocked(Obstacle::Image(Arc::clone(&container.image))),
        }
    }

    /// The refusal in people's words; `by` wrote what is in the way, where that is known. `now` is the cluster's clock.
    pub fn refused(&self, obstacle: &Obstacle, by: Option<&Writer>, now: Option<Timestamp>) -> Fault {
        let name = &self.workload.name;
        let message = match obstacle {
            Obstacle::Deleted => format!("{name}: it was deleted"),
            Obstacle::Replaced => format!("{name}: it was replaced by another object of this name"),
            Obstacle::ContainerMoved => format!("{name}: container {} is no longer at its place", self.container),
            Obstacle::Image(image) => {
                let by = by.map_or_else(String::new, |by| format!(" by {}", told(by, now)));
                format!("{name}: changed to {image}{by}; wanted to replace {}", self.from)
            }
        };
        Fault::new(FaultKind::Conflict, message)
    }
}

impl DeleteTarget {
    /// The refusal in people's words: another object has its name, or it is not as it was seen.
    pub fn refused(&self, replaced: bool) -> Fault {
        let what = if replaced {
            "it was replaced by another object of this name"
        } else {
            "it was changed since it was seen"
        };
        Fault::new(FaultKind::Conflict, format!("{}/{}: {what}", self.resource, self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::later;

    #[test]
    fn who_wrote_is_told_with_when() {
        let now = later(10_000);
        let cases = [
            (None, "helm"),
            (Some(-3), "helm"),
            (Some(59), "helm (59 s ago)"),
            (Some(61), "helm (1 min ago)"),
            (Some(7_300), "helm (2 h ago)"),
        ];
        for (seconds, text) in cases {
            let at = seconds.map(|seconds: i64| now - jiff::SignedDuration::from_secs(seconds));
            assert_eq!(told(&Writer { manager: "helm".into(), at }, Some(now)), text);
        }
    }
}
