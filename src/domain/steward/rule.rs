//! What follows for a change of a workload from who keeps it and how.

use super::{FluxKind, Practice, Source, Steward, Sync};

/// What follows for a direct change of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Nobody puts it back.
    Free,
    /// It can be done; a clause says who undoes it and when.
    Warned(String),
    /// It would be a fight that nobody wins: it goes out only through what describes the workload.
    ThroughSource {
        /// A clause: who would undo it.
        why: String,
        /// A sentence: what to change, and where.
        remedy: String,
        /// Where that is, for whoever writes it there.
        source: Option<Source>,
    },
}

impl Ruling {
    /// Whether a direct change is refused.
    pub fn refuses(&self) -> bool {
        matches!(self, Self::ThroughSource { .. })
    }
}

/// What follows from a steward and its practice.
pub fn rule(steward: &Steward, practice: &Practice) -> Ruling {
    match steward {
        Steward::Flux { leaves: true, .. } => Ruling::Free,
        Steward::Argo { .. } | Steward::Flux { .. } => controller(steward, practice),
        Steward::Helm { applies, .. } => {
            let keys: Vec<&str> = practice.values.iter().map(|key| &**key).collect();
            let change = match keys.as_slice() {
                [] => "its values give the image".to_owned(),
                [key] => format!("change {key} in its values too"),
                [key, ..] => format!("change {key} (or {}) in its values too", keys[1..].join(", ")),
            };
            let then = if *applies {
                "the next upgrade puts the chart's image back, or stops with a conflict"
            } else {
                "the next upgrade puts the chart's image back"
            };
            Ruling::Warned(format!("is kept by {}{}: {then}; {change}", steward.told(), chart(steward)))
        }
        Steward::Files => {
            Ruling::Warned("was applied from a file by kubectl: the next apply puts the file's image back".to_owned())
        }
    }
}

fn chart(steward: &Steward) -> String {
    match steward {
        Steward::Helm { chart: Some(chart), .. } => format!(" with chart {chart}"),
        _ => String::new(),
    }
}

fn controller(steward: &Steward, practice: &Practice) -> Ruling {
    let who = steward.told();
    let back = match &practice.sync {
        Sync::LeavesImage => return Ruling::Free,
        Sync::Gone => return Ruling::Warned(format!("was kept by {who}, which is no longer here")),
        Sync::ByHand => {
            let when = match steward {
                Steward::Flux { .. } => "is suspended and puts the image back when it is resumed",
                _ => "puts the image back when somebody syncs it",
            };
            return Ruling::Warned(format!("is kept by {who}, which {when}; {}", where_to(steward, practice)));
        }
        Sync::Heals => "puts any other image back by itself".to_owned(),
        Sync::Follows => "puts the image back with its next change".to_owned(),
        Sync::Unknown(why) => format!("may put the image back by itself, which is not known: {why}"),
    };
    let mut remedy = where_to(steward, practice);
    remedy.replace_range(..1, "C");
    if matches!(practice.sync, Sync::Unknown(_)) {
        remedy.push_str(&format!(". {}", leftover(steward)));
    }
    Ruling::ThroughSource {
        why: format!("is kept by {who}, which {back}{}", others(steward, practice)),
        remedy,
        source: practice.source.clone(),
    }
}

/// `change the image in …`.
fn where_to(steward: &Steward, practice: &Practice) -> String {
    match (steward, &practice.source) {
        (Steward::Flux { kind: FluxKind::HelmRelease, object: Some((namespace, name)), .. }, source) => {
            let place = source.as_ref().map(|it| format!(", which stands in {}", it.told())).unwrap_or_default();
            format!("change the image in the values of HelmRelease {namespace}/{name}{place}")
        }
        (_, Some(source)) => format!("change the image in {}", source.told()),
        (_, None) => format!("change the image in the source of {}", steward.told()),
    }
}

/// What to do where the steward has left and its traces have not.
fn leftover(steward: &Steward) -> &'static str {
    match steward {
        Steward::Argo { .. } => {
            "With the right to get applications.argoproj.io shipdeck knows; if Argo CD has left, remove the annotation \
             argocd.argoproj.io/tracking-id"
        }
        _ => {
            "With the right to get what Flux reconciles shipdeck knows; if Flux has left, or is to leave it alone, annotate \
             it kustomize.toolkit.fluxcd.io/reconcile=disabled"
        }
    }
}

/// Who else the server names as owner of the image: it was set by hand since.
fn others(steward: &Steward, practice: &Practice) -> String {
    let own = |name: &str| steward.managers().contains(&name);
    let others: Vec<&str> = practice.objectors.iter().map(|name| &**name).filter(|name| !own(name)).collect();
    if others.is_empty() {
        return String::new();
    }
    format!(" (the image was set by {} since)", others.join(" and "))
}
