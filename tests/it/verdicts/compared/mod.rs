//! What others say of the same object at the same time: the real `kubectl rollout status` and `helm --wait`, beside our own
//! verdict. The situations are tests 1 to 7 and 10 of `locks-state-gitops.md` 6, and four of `rollout-verdict.md` 2.12.
//!
//! The table of the README is made of these. `SHIPDECK_WRITE_REPORTS=1 cargo test --test it -- compared` writes it anew from
//! a run; without that the test says when it is stale. Only times may differ.

mod others;
mod situations;
mod writers;

use std::path::Path;

use regex::Regex;

/// One situation and what is said of it.
struct Row {
    situation: &'static str,
    others: String,
    ours: String,
}

const BEGIN: &str = "<!-- compared: written by a test -->\n";
const END: &str = "<!-- compared: end -->";

fn table(rows: &[Row]) -> String {
    let line = |row: &Row| format!("| {} | {} | {} |\n", row.situation, row.others, row.ours);
    let lines: String = rows.iter().map(line).collect();
    format!("| situation | kubectl, helm | shipdeck |\n|---|---|---|\n{lines}")
}

/// Without times and how often a kubelet had tried by then.
fn timeless(text: &str) -> String {
    let times = Regex::new(r"\d+\.\d s").unwrap();
    let counts = Regex::new(r"once|twice|\d+ times").unwrap();
    counts.replace_all(&times.replace_all(text, "_ s"), "_ times").into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kubectl_and_helm_say_of_the_same_object_is_told_beside_our_verdict_in_the_readme() {
    let Some(rows) = Box::pin(situations::all()).await else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("README.md has a place for the table");
    let (kept, after) = rest.split_once(END).expect("the place for the table has an end");
    let told = table(&rows);
    if std::env::var_os("SHIPDECK_WRITE_REPORTS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{told}{END}{after}")).unwrap();
        return;
    }
    let stale = "stale: SHIPDECK_WRITE_REPORTS=1 cargo test --test it -- compared";
    assert_eq!(timeless(kept), timeless(&told), "{stale}");
}
