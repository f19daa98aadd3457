//! The layers of `lib.rs`, enforced: who may import whom, and what must be nowhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Layers and what they may import of ours.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("actions", &[]),
    ("ports", &["domain"]),
    ("config", &["domain", "actions", "ports", "report"]),
    ("app", &["domain", "actions", "config", "ports"]),
    ("ui", &["domain", "actions", "config", "app"]),
    ("adapters", &["domain", "ports"]),
];

/// Foreign crates that belong to one place only.
const VENDORS: &[(&str, &[&str])] = &[
    ("ratatui", &["ui/", "runtime/terminal.rs"]),
    ("crossterm", &["runtime/"]),
    ("kube", &["adapters/kubernetes/"]),
    ("k8s_openapi", &["adapters/kubernetes/"]),
    ("clap", &["cli.rs", "cli/", "runtime/"]),
    ("toml", &["config/", "adapters/simulated/"]),
];

fn sources() -> BTreeMap<String, String> {
    files_of("src")
}

/// What is written below a folder of the repository, by its path in there.
fn files_of(folder: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

/// Lines of code: no comments, and nothing of the tests at the end of a file.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or(text);
    before_tests.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

#[test]
fn code_imports_only_from_layers_below_it() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some((layer, allowed)) = LAYERS.iter().find(|(layer, _)| file.starts_with(&format!("{layer}/"))) else {
            continue;
        };
        for line in code(&text) {
            for part in line.split("crate::").skip(1) {
                let target: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if target != *layer && !allowed.contains(&target.as_str()) && target != "fixtures" {
                    wrong.push(format!("{file} imports crate::{target}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_vendor_stays_in_its_place() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (vendor, places) in VENDORS {
            let path = format!("{vendor}::");
            let imports = code(&text).any(|line| {
                line.match_indices(&path).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                })
            });
            if imports && !places.iter().any(|place| file.starts_with(place)) {
                wrong.push(format!("{file} uses {vendor}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(file, _)| file).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn every_shipdeck_that_a_test_starts_has_a_home_of_its_own() {
    // Cargo names the program to tests by this, and there is one place that starts it.
    let named = concat!("CARGO_BIN", "_EXE");
    let elsewhere = files_of("tests").into_iter().filter(|(_, text)| text.contains(named)).map(|(file, _)| file);
    assert_eq!(elsewhere.collect::<Vec<_>>(), ["it/harness/home.rs"], "start it by `Home::shipdeck`");
}

#[test]
fn nothing_else_lies_at_the_top() {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "src", "assets", "config.example.toml", "tests", "README.md", "LICENSE", "target"];
    let root = fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    let names = root.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let extra: Vec<_> = names.filter(|name| !name.starts_with('.') && !allowed.contains(&name.as_str())).collect();
    assert!(extra.is_empty(), "{extra:?}");
}
