//! Configurations as people write them, good and bad: the good ones are read, and of the bad ones every problem is told at
//! once, in order, with its place and what to write instead.
//!
//! Beside each file of `tests/configs/invalid` is the report that it gives. After a deliberate change of words, write them
//! anew with `SHIPDECK_WRITE_REPORTS=1 cargo test --test it -- config_corpus` and read the difference.

use std::path::{Path, PathBuf};

use shipdeck::config::validate::parse_against;

use crate::harness::Home;

fn corpus(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    files.sort();
    files
}

/// The report on a file, empty where there is nothing to tell.
fn report(path: &Path) -> String {
    let contexts = ["dev-cluster", "prod-cluster"].map(str::to_owned);
    let name = path.file_name().unwrap().to_string_lossy();
    let text = std::fs::read_to_string(path).unwrap();
    let problems = parse_against(&name, &text, Some(&contexts)).err().unwrap_or_default();
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn every_good_configuration_is_read() {
    let files = corpus("valid");
    assert!(files.len() > 3);
    for path in files {
        assert_eq!(report(&path), "", "{}", path.display());
    }
}

#[test]
fn of_every_bad_configuration_all_problems_are_told_in_their_order() {
    let files = corpus("invalid");
    assert!(files.len() > 10);
    for path in files {
        let (told, beside) = (report(&path), path.with_extension("txt"));
        assert!(!told.is_empty(), "{} has no problems", path.display());
        assert!(!told.contains('\x1b') && !told.contains('\x07'), "{told:?}");
        if std::env::var_os("SHIPDECK_WRITE_REPORTS").is_some() {
            std::fs::write(&beside, &told).unwrap();
        }
        let wanted = std::fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(told, wanted, "{}", path.display());
    }
}

/// `shipdeck check` on a file.
fn check(path: &Path, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let home = Home::new();
    let mut command = home.shipdeck();
    command.args(["check", "--config"]).arg(path).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn what_is_no_text_file_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let latin = write("latin.toml", b"[[service]]\nname = \"caf\xe9\"\n");
    let huge = write("huge.toml", &b"# x\n".repeat(2 * 1024 * 1024));
    let within_a_file = write("plain.toml", b"").join("config.toml");
    let cases = [
        (latin, "is not UTF-8 (byte 23)"),
        (huge, "larger than 4 MiB"),
        (folder.path().to_owned(), "cannot read"),
        (folder.path().join("missing.toml"), "cannot read"),
        (within_a_file, "cannot read"),
    ];
    for (path, why) in cases {
        let (code, told) = check(&path, &[]);
        assert!(code == Some(2) && told.contains(why), "{}: {code:?} {told}", path.display());
    }
    let (code, told) = check(&write("empty.toml", b""), &[]);
    assert!(code == Some(0) && told.contains("no problems"), "{told}");
}

#[test]
fn check_tells_where_each_value_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shipdeck.toml");
    std::fs::write(&path, "[ui]\nmouse = false\n").unwrap();
    let (_, told) = check(&path, &[("SHIPDECK_THEME", "day"), ("SHIPDECK_ASCII", "1")]);
    let origin = |name: &str| {
        let line = told.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.and_then(|line| line.split_whitespace().last()).unwrap_or_else(|| panic!("no {name} in {told}")).to_owned()
    };
    let origins = ["theme", "ascii", "mouse", "motion"].map(origin);
    assert_eq!(origins, ["environment", "environment", "file", "default"]);
    let (code, told) = check(&path, &[("SHIPDECK_READ_ONLY", "banana")]);
    assert!(code == Some(2) && told.contains("neither true nor false"), "{code:?} {told}");
}
