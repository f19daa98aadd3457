//! Who has a workload described elsewhere and brings it back to that: Argo CD, Flux, Helm, or files that somebody applies.
//!
//! What an object tells of it is judged by [`steward`], from every trace on it and not only from who set the image last:
//! after one `kubectl set image` the image is kubectl's, and the controller still puts it back. How the steward goes about
//! it ([`Practice`]) is asked when a plan is shown; [`rule()`] says what follows.

mod rule;

pub use rule::{Ruling, rule};

use std::collections::BTreeMap;
use std::sync::Arc;

use super::text::clean;

/// What an object tells of its stewards.
#[derive(Clone, Copy, Debug)]
pub struct Traces<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    pub labels: &'a BTreeMap<String, String>,
    pub annotations: &'a BTreeMap<String, String>,
    /// Every field manager of the main resource, in any order.
    pub managers: &'a [Manager<'a>],
}

/// A field manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manager<'a> {
    pub name: &'a str,
    /// By server-side apply.
    pub applies: bool,
}

/// Somebody who brings a workload back to what is described elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steward {
    Argo {
        /// The Application, where the object names it.
        app: Option<Arc<str>>,
        namespace: Option<Arc<str>>,
        /// The object itself names it; else only its field managers do, which outlive their controller.
        tracked: bool,
    },
    Flux {
        kind: FluxKind,
        /// Namespace and name, where the object names them.
        object: Option<(Arc<str>, Arc<str>)>,
        /// The object asks to be left alone.
        leaves: bool,
    },
    Helm {
        release: Arc<str>,
        namespace: Arc<str>,
        /// Name and version of the chart.
        chart: Option<Arc<str>>,
        /// By server-side apply, as Helm 4 does.
        applies: bool,
    },
    /// `kubectl apply`.
    Files,
}

/// What Flux reconciles a workload by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FluxKind {
    Kustomization,
    HelmRelease,
}

impl FluxKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kustomization => "Kustomization",
            Self::HelmRelease => "HelmRelease",
        }
    }
}

impl Steward {
    /// `Argo CD (application auth)`.
    pub fn told(&self) -> String {
        let named = |what: &str, kind: &str, name: Option<String>| match name {
            Some(name) => format!("{what} ({kind} {name})"),
            None => what.to_owned(),
        };
        match self {
            Self::Argo { app, .. } => named("Argo CD", "application", app.as_deref().map(str::to_owned)),
            Self::Flux { kind, object, .. } => {
                named("Flux", kind.as_str(), object.as_ref().map(|(namespace, name)| format!("{namespace}/{name}")))
            }
            Self::Helm { release, .. } => named("Helm", "release", Some(release.to_string())),
            Self::Files => "kubectl apply".to_owned(),
        }
    }

    /// Names under which it writes.
    pub(super) fn managers(&self) -> &'static [&'static str] {
        match self {
            Self::Argo { .. } => &[ARGO_MANAGER],
            Self::Flux { .. } => &[KUSTOMIZE_MANAGER, HELM_MANAGER],
            Self::Helm { .. } => &["helm"],
            Self::Files => &["kubectl", "kubectl-client-side-apply"],
        }
    }

    /// The word for it that programs may rely on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Argo { .. } => "argo-cd",
            Self::Flux { .. } => "flux",
            Self::Helm { .. } => "helm",
            Self::Files => "kubectl-apply",
        }
    }
}

/// How a steward goes about it, as far as it could be found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    pub sync: Sync,
    /// Where the workload is described.
    pub source: Option<Source>,
    /// Keys of the chart's values that give the image, most likely first.
    pub values: Vec<Arc<str>>,
    /// Who would object to another image, by the server's own word.
    pub objectors: Vec<Arc<str>>,
}

impl Practice {
    /// That of somebody who writes only when somebody asks for it.
    pub fn by_hand() -> Self {
        Self { sync: Sync::ByHand, source: None, values: Vec::new(), objectors: Vec::new() }
    }
}

/// When a steward puts back what it finds changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sync {
    /// By itself, within minutes.
    Heals,
    /// By itself, with the next change of the description.
    Follows,
    /// When somebody asks for it.
    ByHand,
    /// It leaves the image alone.
    LeavesImage,
    /// There is no such steward here any more.
    Gone,
    Unknown(Arc<str>),
}

/// Where a workload is described: what has to change for its image to change for good. A release that goes out through
/// git starts here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub repository: Arc<str>,
    pub path: Option<Arc<str>>,
    pub revision: Option<Arc<str>>,
}

impl Source {
    /// `deploy/auth in https://git/shop (main)`.
    pub fn told(&self) -> String {
        let path = self.path.as_ref().map(|path| format!("{path} in ")).unwrap_or_default();
        let revision = self.revision.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
        format!("{path}{}{revision}", self.repository)
    }
}

const ARGO_ID: &str = "argocd.argoproj.io/tracking-id";
const ARGO_MANAGER: &str = "argocd-controller";
const KUSTOMIZE_MANAGER: &str = "kustomize-controller";
const HELM_MANAGER: &str = "helm-controller";
const INSTANCE: &str = "app.kubernetes.io/instance";

/// Who brings the object back to what is described elsewhere. A controller comes before the tool that it uses: Flux
/// releases through Helm, and Argo CD renders charts.
pub fn steward(traces: &Traces<'_>) -> Option<Steward> {
    flux(traces).or_else(|| argo(traces)).or_else(|| helm(traces)).or_else(|| files(traces))
}

impl Traces<'_> {
    fn label(&self, name: &str) -> Option<Arc<str>> {
        self.labels.get(name).filter(|value| !value.is_empty()).map(|value| clean(value).into())
    }

    fn note(&self, name: &str) -> Option<Arc<str>> {
        self.annotations.get(name).filter(|value| !value.is_empty()).map(|value| clean(value).into())
    }

    fn managed_by(&self, name: &str) -> bool {
        self.managers.iter().any(|manager| manager.name == name)
    }
}

fn flux(traces: &Traces<'_>) -> Option<Steward> {
    let object = |prefix: &str| {
        let name = traces.label(&format!("{prefix}/name"))?;
        let namespace = traces.label(&format!("{prefix}/namespace")).unwrap_or_else(|| clean(traces.namespace).into());
        Some((namespace, name))
    };
    let of = |kind, prefix: &str, manager| {
        let object = object(prefix);
        (object.is_some() || traces.managed_by(manager)).then_some((kind, object))
    };
    let (kind, object) = of(FluxKind::Kustomization, "kustomize.toolkit.fluxcd.io", KUSTOMIZE_MANAGER)
        .or_else(|| of(FluxKind::HelmRelease, "helm.toolkit.fluxcd.io", HELM_MANAGER))?;
    let is = |name: &str, values: &[&str]| {
        traces
            .annotations
            .get(&format!("kustomize.toolkit.fluxcd.io/{name}"))
            .is_some_and(|it| values.iter().any(|value| it.eq_ignore_ascii_case(value)))
    };
    let leaves = is("reconcile", &["disabled"]) || is("ssa", &["ignore", "ifnotpresent"]);
    Some(Steward::Flux { kind, object, leaves })
}

fn argo(traces: &Traces<'_>) -> Option<Steward> {
    let tracked = traces.annotations.get(ARGO_ID).and_then(|id| application_of(id, traces));
    let managed = traces.managed_by(ARGO_MANAGER);
    // The label alone says nothing: charts set it too.
    let app = tracked.or_else(|| traces.label(INSTANCE).filter(|_| managed));
    if app.is_none() && !managed {
        return None;
    }
    let is_tracked = traces.annotations.get(ARGO_ID).is_some_and(|id| application_of(id, traces).is_some());
    // Applications outside of Argo CD's own namespace have it in front.
    let (namespace, app) = match app.as_deref().and_then(|app| app.split_once('_')) {
        Some((namespace, app)) => (Some(namespace.into()), Some(app.into())),
        None => (None, app),
    };
    Some(Steward::Argo { app, namespace, tracked: is_tracked })
}

/// The application of a tracking id `APP:GROUP/KIND:NAMESPACE/NAME`; none where it is about another object, from which it
/// was copied.
fn application_of(id: &str, traces: &Traces<'_>) -> Option<Arc<str>> {
    let (app, rest) = id.split_once(':')?;
    let (_kind, place) = rest.rsplit_once(':')?;
    let this = place == format!("{}/{}", traces.namespace, traces.name);
    (this && !app.is_empty()).then(|| clean(app).into())
}

fn helm(traces: &Traces<'_>) -> Option<Steward> {
    let release = traces.note("meta.helm.sh/release-name")?;
    let labelled = traces.labels.get("app.kubernetes.io/managed-by").is_some_and(|by| by == "Helm");
    if !labelled && !traces.managed_by("helm") {
        return None;
    }
    let namespace = traces.note("meta.helm.sh/release-namespace").unwrap_or_else(|| clean(traces.namespace).into());
    let applies = traces.managers.iter().any(|manager| manager.name == "helm" && manager.applies);
    Some(Steward::Helm { release, namespace, chart: traces.label("helm.sh/chart"), applies })
}

fn files(traces: &Traces<'_>) -> Option<Steward> {
    let applied = |it: &Manager<'_>| {
        it.name == "kubectl-client-side-apply" || it.applies && matches!(it.name, "kubectl" | "kubectl-last-applied")
    };
    let noted = traces.annotations.contains_key("kubectl.kubernetes.io/last-applied-configuration");
    (noted || traces.managers.iter().any(applied)).then_some(Steward::Files)
}

#[cfg(test)]
mod tests;
