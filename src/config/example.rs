//! `config.example.toml`: written by the program, so that it never says what the program does not do. A test fails when
//! the file is stale; `shipdeck print config` prints it.

use std::fmt::Write as _;

use crate::actions::{ACTIONS, Scope};

const SETTINGS: &str = r#"# A configuration of shipdeck, with every key that there is. `shipdeck check` tells every problem of yours at once.
# It is read from the file that --config or SHIPDECK_CONFIG names, else from ./shipdeck.toml, else from config.toml in the
# platform's configuration directory.

# Look only: nothing can be changed. Default: false.
read_only = false

[ui]
# auto, night, day, or signal (safe for the colour-blind). auto is night or day by the terminal's background, which is
# asked for at the start, else read from COLORFGBG. Default: auto.
theme = "auto"
# What the terminal can show: auto, true, 256, 16 or none. auto follows COLORTERM and TERM. NO_COLOR wins over all.
# Default: auto.
colors = "auto"
# Leave the terminal's own background. Default: false.
terminal_background = false
# Draw with ASCII only. Without this line it is so where the locale is not UTF-8, on consoles that lack the signs, and in
# terminals that draw them two columns wide; false draws signs there too.
# ascii = false
# Clicks and the wheel; with false the terminal keeps the mouse. Default: true.
mouse = true
# Let what progresses turn. Default: true.
motion = true

"#;

const CATALOG: &str = r#"
# One table for each environment, in the order of the columns.
[[environment]]
name = "staging"
# Context of the kubeconfig; without it the current one. Environments may be in different clusters.
context = "dev-cluster"
namespace = "shop-staging"
# Environments that come before this one in the order of promotion.
after = []
# With true, changes ask for the environment's name to be typed. Default: false.
protected = false
# For how long the new pods are watched after a success: restarts, lost readiness and new warnings are told, and
# `deploy --soak` waits for it. Up to 24h, 0s for not at all. Default: 2m, and 10m where it is protected.
soak = "2m"

[[environment]]
name = "production"
context = "prod-cluster"
namespace = "shop"
after = ["staging"]
protected = true
soak = "10m"

# One table for each service; it has the same name in every environment.
[[service]]
name = "auth"
image = "registry.example/auth"

[[service]]
name = "cart"
image = "registry.example/cart"
needs = ["auth"]

[[service]]
name = "checkout"
# Repository on GitHub. Optional.
repository = "acme/checkout"
# Who owns it; services can be grouped by it on screen. Optional.
team = "shop"
# The image without its version. Optional: without it, the image of the container that runs.
image = "registry.example/checkout"
# deployment/NAME, statefulset/NAME, daemonset/NAME or job/NAME (a Job is shown and judged; its image cannot be changed).
# Default: deployment/ and the service's name.
workload = "deployment/checkout"
# Default: the container whose image matches, else the only one.
container = "checkout"
# Services that must have succeeded before this one starts. Default: none.
needs = ["auth", "cart"]

# Services that go out together.
[[group]]
name = "checkout"
services = ["auth", "cart", "checkout"]
"#;

/// The whole example.
pub fn example() -> String {
    let mut text = SETTINGS.to_owned();
    text.push_str("# Other keys for actions, one or several each. These are the defaults.\n[keys]\n");
    let mut scope = None;
    let mut specs: Vec<_> = ACTIONS.iter().collect();
    specs.sort_by_key(|spec| spec.scope);
    for spec in specs {
        if scope != Some(spec.scope) {
            scope = Some(spec.scope);
            let _ = writeln!(text, "\n# {}", place(spec.scope));
        }
        let keys: Vec<String> = spec.keys.iter().map(|key| format!("{key:?}")).collect();
        let setting = format!("{} = [{}]", spec.id, keys.join(", "));
        let _ = writeln!(text, "{setting:40} # {}", spec.help);
    }
    text.push_str(CATALOG);
    text
}

fn place(scope: Scope) -> &'static str {
    match scope {
        Scope::Global => "Everywhere.",
        Scope::Lists => "In every list and text.",
        Scope::Home => "On the home screen.",
        Scope::Logs => "In the log pane.",
        Scope::Run => "While a run is shown.",
        Scope::Cleanup => "While leftovers are shown.",
        Scope::Plan => "While a plan is shown.",
        Scope::Form => "While versions are chosen, or the log is filtered.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::keymap::Keymap;
    use crate::config::Settings;
    use crate::config::validate::parse;
    use std::collections::BTreeMap;

    #[test]
    fn the_file_in_the_repository_is_what_the_program_writes() {
        let file = include_str!("../../config.example.toml");
        assert!(file == example(), "stale: cargo run -- print config > config.example.toml");
    }

    #[test]
    fn the_example_has_no_problems_and_changes_nothing_of_the_defaults() {
        let parsed = parse("config.example.toml", &example()).unwrap();
        assert_eq!((parsed.catalog.environments.len(), parsed.catalog.services.len()), (2, 3));
        let defaults = Keymap::new(&BTreeMap::new()).unwrap();
        let written = Keymap::new(&parsed.settings.keys).unwrap();
        assert!(ACTIONS.iter().all(|spec| defaults.hint(spec.action) == written.hint(spec.action)));
        assert_eq!(Settings { keys: BTreeMap::new(), ..parsed.settings }, Settings::default());
    }

    #[test]
    fn every_key_that_is_read_is_explained() {
        let asked = [include_str!("validate.rs"), include_str!("settings.rs")].join("\n");
        let keys = asked
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|text| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        let read: Vec<_> = keys
            .filter(|key| {
                ["string", "strings", "boolean", "flag", "table", "tables"]
                    .iter()
                    .any(|call| asked.contains(&format!("{call}(\"{key}\"")))
            })
            .collect();
        assert!(read.len() > 15, "{read:?}");
        let example = example();
        let explained = |key: &str| {
            let ways = [format!("\n{key} = "), format!("\n# {key} = "), format!("[{key}]")];
            ways.iter().any(|way| example.contains(way))
        };
        assert!(read.iter().all(|key| explained(key)), "{read:?}");
    }
}
