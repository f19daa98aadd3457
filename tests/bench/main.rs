//! How fast shipdeck is: the real binary in a terminal, before a stand-in for the API server that answers at once and
//! counts. `cargo bench` prints a table of medians; nothing here passes or fails.
//!
//! 500 Deployments with 5,000 pods in one namespace, plain HTTP on loopback. CPU is what the kernel charged the process,
//! memory its own share of what is resident (PSS), and time to paint is from the key's byte until the first byte of the answer.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark prints, and ends at once when it cannot measure"
)]
#![allow(clippy::disallowed_methods, reason = "it measures on the real clock")]

#[path = "../it/harness/home.rs"]
#[allow(dead_code, reason = "a benchmark needs no shell")]
mod home;
mod objects;
mod process;
mod scenarios;
mod server;
mod terminal;

use std::time::Duration;

use scenarios::{Figure, Run};

fn main() {
    // `cargo bench` passes flags of the standard harness; only our own are looked at.
    let quick = std::env::args().any(|argument| argument == "--quick");
    let runs = if quick { 1 } else { 5 };
    let span = Duration::from_secs(if quick { 5 } else { 20 });
    let mut all: Vec<Vec<Figure>> = Vec::new();
    for number in 1..=runs {
        eprintln_progress(&format!("run {number} of {runs}"));
        all.push(Run::new(span).measure());
    }
    println!("{:<52} {:>12} {:>12} {:>8}", "measured (median)", "value", "aim", "ratio");
    for index in 0..all[0].len() {
        let mut values: Vec<f64> = all.iter().map(|figures| figures[index].value).collect();
        values.sort_by(f64::total_cmp);
        let median = values[values.len() / 2];
        let Figure { name, unit, aim, .. } = &all[0][index];
        let (aim, ratio) = aim.map_or((String::new(), String::new()), |aim| {
            (format!("{aim:.1} {unit}"), if aim > 0.0 { format!("{:.2}", median / aim) } else { String::new() })
        });
        println!("{name:<52} {:>12} {aim:>12} {ratio:>8}", format!("{median:.1} {unit}"));
    }
}

/// Progress is for people; results alone go to standard output.
fn eprintln_progress(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
