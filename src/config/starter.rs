//! A first configuration, from what is seen: everything that a cluster can tell is written, what only people know is
//! guessed from names and said to be a guess.

use std::fmt::Write as _;

use crate::domain::catalog::{Catalog, Environment};
use crate::domain::ids::ServiceId;

/// Parts of names that tell how close an environment is to the users, farthest first. The last two ranks are theirs.
const RANKS: &[&[&str]] = &[
    &["dev", "develop", "development", "sandbox", "playground", "preview", "feature"],
    &["test", "testing", "ci", "qa", "integration", "int"],
    &["staging", "stage", "stg", "uat", "acceptance"],
    &["hotfix", "preprod", "preproduction", "canary"],
    &["prod", "production", "live", "prd"],
];

/// The text of a configuration that describes this catalog.
pub fn configuration(catalog: &Catalog) -> String {
    let mut text = String::from(
        "# Written by shipdeck from what it found; comments say what is a guess. Correct it, then run: shipdeck check\n",
    );
    let mut environments: Vec<&Environment> = catalog.environments.iter().collect();
    environments.sort_by_key(|env| rank(env));
    for (index, env) in environments.iter().enumerate() {
        environment(&mut text, env, &environments[..index]);
    }
    if !catalog.services.is_empty() {
        text.push_str(
            "\n# A service is the same in every environment. `needs` names services that must have succeeded before it\n\
             # starts; the cluster cannot tell them, so none are written.\n",
        );
    }
    for service in &catalog.services {
        let _ = writeln!(text, "\n[[service]]\nname = {}", text_of(service.name.as_str()));
        if let Some(image) = &service.image {
            let _ = writeln!(text, "image = {}", text_of(image));
        }
        let _ = writeln!(text, "workload = {}", text_of(&service.workload.to_string()));
        if let Some(container) = &service.container {
            let _ = writeln!(text, "container = {}", text_of(container));
        }
        let _ = writeln!(text, "needs = []");
    }
    groups(&mut text, catalog);
    text
}

fn groups(text: &mut String, catalog: &Catalog) {
    text.push_str("\n# Services that go out together are marked with one key as a group");
    if catalog.groups.is_empty() {
        text.push_str(":\n# [[group]]\n# name = \"checkout\"\n# services = [\"auth\", \"cart\"]\n");
        return;
    }
    text.push_str("; a guess by the label app.kubernetes.io/part-of.\n");
    for group in &catalog.groups {
        let services = list_of(group.services.iter().map(ServiceId::as_str));
        let _ = writeln!(text, "\n[[group]]\nname = {}\nservices = {services}", text_of(group.name.as_str()));
    }
}

fn environment(text: &mut String, env: &Environment, before: &[&Environment]) {
    let _ = writeln!(text, "\n[[environment]]\nname = {}", text_of(env.name.as_str()));
    // An empty name is the current context: nothing to write.
    if !env.cluster.as_str().is_empty() {
        let _ = writeln!(text, "# The context of the kubeconfig.\ncontext = {}", text_of(env.cluster.as_str()));
    }
    let _ = writeln!(text, "namespace = {}", text_of(&env.namespace));
    let own = rank(env);
    // What is promoted from where: of lower ranks, where names tell ranks, the one whose name has most in common; of
    // those the nearest.
    let comes_before = |other: &&&Environment| rank(other).is_some() && rank(other) < own && related(other, env);
    let upstream = before.iter().filter(comes_before).max_by_key(|other| (shared(other, env), rank(other)));
    match upstream {
        Some(upstream) => {
            let _ = writeln!(
                text,
                "# Promotion order, a guess by the names.\nafter = {}",
                list_of(std::iter::once(upstream.name.as_str()))
            );
        }
        None => {
            text.push_str("# Names of environments that come before this one in the order of promotion.\nafter = []\n");
        }
    }
    if own == Some(RANKS.len() - 1) {
        text.push_str("# Changes ask for the environment's name to be typed; a guess by the name.\nprotected = true\n");
    } else {
        let _ = writeln!(
            text,
            "# true: changes ask for the environment's name to be typed.\nprotected = {}",
            env.protected
        );
    }
}

/// How close to the users the names say it is; none: they say nothing.
fn rank(env: &Environment) -> Option<usize> {
    rank_of(&env.namespace).or_else(|| rank_of(env.cluster.as_str()))
}

fn rank_of(name: &str) -> Option<usize> {
    let words: Vec<String> = words(name).collect();
    RANKS.iter().rposition(|rank| rank.iter().any(|word| words.iter().any(|it| it == word)))
}

fn words(name: &str) -> impl Iterator<Item = String> {
    let name = name.to_lowercase();
    name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// What is left of a name without the word that says its rank: `shop` of `shop-staging`.
fn family(env: &Environment) -> Vec<String> {
    words(&env.namespace).filter(|word| !RANKS.iter().any(|rank| rank.contains(&word.as_str()))).collect()
}

/// How many words of two families are the same: `shop-staging` and `shop-production-eu` have one.
fn shared(one: &Environment, other: &Environment) -> usize {
    let others = family(other);
    family(one).iter().filter(|word| others.contains(word)).count()
}

/// Only what is of one family is promoted from one to the other; what has no name but its rank is of every one.
fn related(lower: &Environment, higher: &Environment) -> bool {
    family(lower).is_empty() || shared(lower, higher) > 0
}

/// As TOML writes a text. Names of contexts may hold anything; what a configuration may not hold is left out.
fn text_of(text: &str) -> String {
    toml::Value::from(crate::domain::text::clean(text).into_owned()).to_string()
}

fn list_of<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    toml::Value::from(texts.collect::<Vec<_>>()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::validate::parse;
    use crate::domain::ids::{ClusterId, EnvId};

    fn seen(namespaces: &[&str]) -> Catalog {
        let env = |name: &&str| Environment {
            name: EnvId::new(name),
            cluster: ClusterId::new("kind \"local\" c:\\x"),
            namespace: (*name).into(),
            after: Vec::new(),
            protected: false,
            soak: crate::domain::catalog::usual_soak(false),
        };
        let services = crate::domain::fixtures::catalog(&[("auth", &[]), ("cart", &[])]).services;
        Catalog { environments: namespaces.iter().map(env).collect(), services, ..Catalog::default() }
    }

    #[test]
    fn order_and_protection_are_guessed_from_names_and_what_names_do_not_tell_is_left_open() {
        let text = configuration(&seen(&["shop-production", "shop-dev", "tools", "shop-staging"]));
        let written = parse("x", &text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}")).catalog;
        let envs: Vec<_> = written
            .environments
            .iter()
            .map(|env| (env.name.as_str(), env.after.first().map(EnvId::as_str), env.protected))
            .collect();
        assert_eq!(
            envs,
            [
                ("tools", None, false),
                ("shop-dev", None, false),
                ("shop-staging", Some("shop-dev"), false),
                ("shop-production", Some("shop-staging"), true)
            ]
        );
        assert_eq!(written.environments[0].cluster.as_str(), "kind \"local\" c:\\x", "quotes survive");
    }

    #[test]
    fn what_is_promoted_stays_within_its_family_of_names() {
        let text = configuration(&seen(&["shop-staging", "billing-staging", "shop-prod", "billing-prod", "prod"]));
        let written = parse("x", &text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}")).catalog;
        let after = |name: &str| {
            let env = written.environment(&EnvId::new(name)).unwrap();
            env.after.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(after("shop-prod"), ["shop-staging"]);
        assert_eq!(after("billing-prod"), ["billing-staging"]);
        assert!(after("prod").is_empty(), "of no family, after none");
    }

    #[test]
    fn names_that_differ_in_more_than_their_rank_are_related_by_what_they_have_in_common() {
        let after = |namespaces: &[&str], name: &str| {
            let text = configuration(&seen(namespaces));
            let written = parse("x", &text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}")).catalog;
            let env = written.environment(&EnvId::new(name)).unwrap();
            env.after.first().map(ToString::to_string)
        };
        let shop = ["shop-staging-7f3k", "shop-dev-0a", "shop-production-9qx", "billing-staging-2"];
        assert_eq!(after(&shop, "shop-production-9qx").as_deref(), Some("shop-staging-7f3k"));
        assert_eq!(after(&shop, "shop-staging-7f3k").as_deref(), Some("shop-dev-0a"));
        assert_eq!(after(&shop, "billing-staging-2"), None);
        assert_eq!(after(&["qa", "staging", "live-eu", "live-us"], "live-eu").as_deref(), Some("staging"));
        assert_eq!(after(&["qa", "staging", "live-eu", "live-us"], "staging").as_deref(), Some("qa"));
        assert_eq!(
            after(&["shop-eu-staging", "shop-us-staging", "shop-us-prod"], "shop-us-prod").as_deref(),
            Some("shop-us-staging")
        );
    }

    #[test]
    fn what_is_part_of_one_thing_is_a_group_and_any_name_is_read_back() {
        let mut catalog = seen(&["tools"]);
        let services = vec![ServiceId::new("auth"), ServiceId::new("cart")];
        catalog.groups.push(crate::domain::catalog::Group { name: "the\"shop\\".into(), services });
        let text = configuration(&catalog);
        let written = parse("x", &text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}")).catalog;
        assert_eq!(written.groups, catalog.groups);
    }
}
