//! A first configuration, from what is seen: everything that a cluster can tell is written, what only people know is
//! guessed from names and said to be a guess.

use std::fmt::Write as _;

use crate::domain::catalog::{Catalog, Environment};

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
        let _ = writeln!(text, "\n[[service]]\nname = {}", quoted(service.name.as_str()));
        if let Some(image) = &service.image {
            let _ = writeln!(text, "image = {}", quoted(image));
        }
        let _ = writeln!(text, "workload = {}", quoted(&service.workload.to_string()));
        if let Some(container) = &service.container {
            let _ = writeln!(text, "container = {}", quoted(container));
        }
        let _ = writeln!(text, "needs = []");
    }
    text.push_str(
        "\n# Services that go out together are marked with one key as a group:\n\
         # [[group]]\n# name = \"checkout\"\n# services = [\"auth\", \"cart\"]\n",
    );
    text
}

fn environment(text: &mut String, env: &Environment, before: &[&Environment]) {
    let _ = writeln!(text, "\n[[environment]]\nname = {}", quoted(env.name.as_str()));
    // An empty name is the current context: nothing to write.
    if !env.cluster.as_str().is_empty() {
        let _ = writeln!(text, "# The context of the kubeconfig.\ncontext = {}", quoted(env.cluster.as_str()));
    }
    let _ = writeln!(text, "namespace = {}", quoted(&env.namespace));
    let own = rank(env);
    // What is promoted from where: the nearest environment of a lower rank, where names tell ranks at all.
    let upstream = before.iter().rev().find(|other| own.is_some() && rank(other).is_some() && rank(other) < own);
    match upstream {
        Some(upstream) => {
            let _ = writeln!(
                text,
                "# Promotion order, a guess by the names.\nafter = [{}]",
                quoted(upstream.name.as_str())
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
    let words =
        |name: &str| name.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
    let named = |name: &str| {
        let words = words(name);
        RANKS.iter().rposition(|rank| rank.iter().any(|word| words.iter().any(|it| it == word)))
    };
    named(&env.namespace).or_else(|| named(env.cluster.as_str()))
}

/// As TOML writes a text. Names of contexts may hold anything; what a configuration may not hold is left out.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars().filter(|c| !crate::domain::text::is_unsafe(*c)) {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
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
}
