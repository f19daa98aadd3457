//! The JSON of services that are described elsewhere.

use serde::Serialize;

use crate::app::stewards::Described;
use crate::domain::steward::{Practice, Ruling, Source};

/// A service that is described elsewhere, and what follows for a change of it.
#[derive(Debug, Serialize)]
pub(in crate::runtime::headless) struct DescribedShape {
    pub(in crate::runtime::headless) service: String,
    pub(in crate::runtime::headless) by: &'static str,
    /// For people: `Argo CD (application web)`.
    pub(in crate::runtime::headless) name: String,
    /// `refused`, `warned`, `free`, or `unknown` where nobody answered.
    pub(in crate::runtime::headless) ruling: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) remedy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) repository: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::runtime::headless) revision: Option<String>,
    /// Keys of the chart's values that give the image, most likely first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::runtime::headless) values: Vec<String>,
    /// Whose the image is, by the server's word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::runtime::headless) image_of: Vec<String>,
}

/// A service that is described elsewhere.
pub(in crate::runtime::headless) fn described(it: &Described) -> DescribedShape {
    let (ruling, why, remedy) = match it.ruling() {
        None => ("unknown", None, None),
        Some(Ruling::Free) => ("free", None, None),
        Some(Ruling::Warned(why)) => ("warned", Some(why), None),
        Some(Ruling::ThroughSource { why, remedy, .. }) => ("refused", Some(why), Some(remedy)),
    };
    let practice = it.practice.as_ref();
    let source = practice.and_then(|practice| practice.source.as_ref());
    let texts = |of: fn(&Practice) -> &Vec<std::sync::Arc<str>>| {
        practice.map(of).into_iter().flatten().map(ToString::to_string).collect()
    };
    let part = |of: fn(&Source) -> Option<&std::sync::Arc<str>>| source.and_then(of).map(ToString::to_string);
    DescribedShape {
        service: it.service.to_string(),
        by: it.steward.code(),
        name: it.steward.told(),
        ruling,
        why,
        remedy,
        repository: part(|source| Some(&source.repository)),
        path: part(|source| source.path.as_ref()),
        revision: part(|source| source.revision.as_ref()),
        values: texts(|practice| &practice.values),
        image_of: texts(|practice| &practice.objectors),
    }
}
