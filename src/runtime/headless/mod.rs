//! The commands for pipelines: the same model, plans and runs as the cockpit, without a screen. Results go to standard
//! output, progress and questions to standard error.

mod again;
mod bars;
mod check;
mod cleanup;
mod deploy;
mod driver;
mod handover;
mod history;
mod init;
mod kept;
mod life;
mod locks;
mod logs;
mod next;
mod outcome;
mod progress;
mod rollback;
mod run;
mod runs;
mod shapes;
mod soaks;
mod status;
mod waiting;
mod why;

use std::io::{ErrorKind, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::domain::fault::{Fault, FaultKind};
use crate::report::Report;

pub(super) use check::{is_known, live, unknown_contexts};
pub(super) use cleanup::cleanup;
pub(super) use deploy::{Kind, deploy};
pub(super) use history::history;
pub(super) use init::{Places, init};
pub(super) use locks::{locks, place, unlock};
pub(super) use logs::logs;
pub(super) use rollback::rollback;
pub(super) use runs::{abort, list as list_runs, resume};
pub(super) use shapes::DOCUMENTATION;
pub(super) use status::status;
pub(super) use why::why;

/// `shipdeck print admission-policy`.
pub(super) const ADMISSION_POLICY: &str = include_str!("../../../assets/admission-policy.yaml");

/// Progress is for people: standard error.
pub(super) fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Prints a result.
///
/// # Errors
/// When it cannot be written. A reader that has gone away (`| head`) has what it wanted.
pub(super) fn print(text: &str) -> Result<(), Report> {
    print_on(text).map(drop)
}

/// Prints a part of a result; false: nobody reads on.
///
/// # Errors
/// When it cannot be written.
fn print_on(text: &str) -> Result<bool, Report> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Report::usage(format!("cannot write to standard output: {error}"))),
    }
}

/// A call that failed: 4 where the cluster did not answer, else 3 because it refused.
fn failed(what: impl Into<String>, fault: &Fault) -> Report {
    let report = match fault.kind {
        FaultKind::Unreachable | FaultKind::Throttled | FaultKind::OutcomeUnknown => Report::unreachable(what),
        _ => Report::refused(what),
    };
    report.hint(fault.advice_at_the_end())
}

/// The same of what an environment keeps. A list is of nothing at worst: what is not found is what the configuration names,
/// and no trying again helps.
fn not_read(what: impl Into<String>, fault: &Fault) -> Report {
    match fault.kind {
        FaultKind::NotFound => Report::usage(what).hint(fault.advice_at_the_end()),
        _ => failed(what, fault),
    }
}

fn print_json(shape: &impl Serialize) -> Result<(), Report> {
    let text = serde_json::to_string_pretty(shape).map_err(|error| Report::usage(error.to_string()))?;
    print(&format!("{text}\n"))
}

/// Without a configuration only the cockpit and init look for themselves.
pub(super) fn unconfigured() -> Report {
    Report::usage("there is no configuration here")
        .hint("shipdeck init writes one from what the clusters show; --config names one that is elsewhere.")
}

/// Rows in columns as wide as their widest text; the last is as long as it is.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|text| text.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        for (column, text) in row.iter().enumerate() {
            let last = column + 1 == row.len();
            let gap = if last { 0 } else { widths[column] + 2 - text.width() };
            out.push_str(text);
            out.push_str(&" ".repeat(gap));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_text() {
        let row = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(table(&[row(&["a", "世界", "x"]), row(&["bbb", "c", "y"])]), "a    世界  x\nbbb  c     y\n");
    }
}
