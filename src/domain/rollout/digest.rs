//! Whether the new pods run what was asked for: their image ids against the digest of the template.
//!
//! A difference is said and is no failure: a runtime that has the same image from two registries may name it by either.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{View, plain};
use crate::domain::image::{Image, short_digest};
use crate::domain::observed::Container;
use crate::domain::verdict::{Cause, Evidence};

/// What is strange about the images that the new pods run.
pub(super) fn strange(view: &View<'_>) -> Option<Evidence> {
    view.workload.containers.iter().find_map(|container| of_container(view, container))
}

fn of_container(view: &View<'_>, container: &Container) -> Option<Evidence> {
    let asked = container.image.parse::<Image>().ok()?.digest;
    let pods = view.new_pods().filter(|pod| pod.meta.deleting.is_none());
    let statuses = pods.flat_map(|pod| &pod.containers).filter(|it| !it.init && it.name == container.name);
    let live: BTreeSet<Arc<str>> = statuses.filter_map(|status| status.digest.clone()).collect();
    let other = live.iter().filter(|digest| asked.as_ref().is_some_and(|asked| asked != *digest));
    let names = |digests: &mut dyn Iterator<Item = &Arc<str>>| {
        digests.map(|digest| short_digest(digest)).collect::<Vec<_>>().join(" and ")
    };
    let said = |headline: String, remedy| {
        let whole = live.iter().map(|digest| format!("runs {digest}"));
        let details = asked.iter().map(|digest| format!("asked for {digest}")).chain(whole).collect();
        Evidence { details, ..plain(Cause::OtherImage, &headline, remedy) }
    };
    if let Some(asked) = asked.as_ref().filter(|_| other.clone().next().is_some()) {
        let headline = format!(
            "container {} runs {}, and {} was asked for",
            container.name,
            names(&mut other.into_iter()),
            short_digest(asked)
        );
        let remedy = "Compare both in the registry; they may be one image under two names.";
        return Some(said(headline, remedy));
    }
    (live.len() > 1).then(|| {
        let headline =
            format!("pods of one version run different images of {}: {}", container.name, names(&mut live.iter()));
        said(headline, "Its tag was moved while it rolled out: deploy it by digest, or under a new tag.")
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{baseline, cause, judged};
    use super::*;
    use crate::domain::fixtures::{TestWorld, template};
    use crate::domain::run::Baseline;
    use crate::domain::verdict::State;

    fn done(image: &str, digests: [&str; 2]) -> (State, Option<String>) {
        let mut cluster = TestWorld::new("staging");
        cluster.rolled_out("auth", image, 2);
        for (number, digest) in (0..).zip(digests) {
            cluster.pod("auth", image, number, |pod| pod.containers[0].digest = Some(digest.into()));
        }
        cluster.deployment("auth", image, 2, |it| (it.generation, it.observed_generation) = (2, 2));
        let known = Baseline { template: template(image), ..baseline() };
        let verdict = judged(&cluster, &known, 5);
        assert!(verdict.evidence.is_none() || cause(&verdict) == Some(&Cause::OtherImage));
        (verdict.state, verdict.evidence.map(|evidence| evidence.headline))
    }

    #[test]
    fn a_digest_that_was_asked_for_is_that_which_runs_or_it_is_said() {
        let (a, b) = (format!("sha256:{}", "a".repeat(64)), format!("sha256:{}", "b".repeat(64)));
        assert_eq!(done(&format!("r/auth@{a}"), [&a, &a]), (State::Done, None));
        let (state, said) = done(&format!("r/auth:v2@{a}"), [&a, &b]);
        assert_eq!(state, State::Done, "it runs, and what it runs is said");
        let said = said.unwrap();
        assert!(
            said.contains("runs sha256:bbbb…bbbb")
                && said.contains("sha256:aaaa…aaaa")
                && said.ends_with("was asked for"),
            "{said}"
        );
    }

    #[test]
    fn a_tag_that_was_moved_while_it_rolled_out_is_found_by_pods_that_differ() {
        let (a, b) = (format!("sha256:{}", "a".repeat(64)), format!("sha256:{}", "b".repeat(64)));
        assert_eq!(done("r/auth:v2", [&a, &a]), (State::Done, None));
        let said = done("r/auth:v2", [&a, &b]).1.unwrap();
        assert!(said.starts_with("pods of one version run different images of auth: sha256:aaaa…aaaa"), "{said}");
    }
}
