//! kubectl and helm, begun at a moment, and how they ended, in words.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::harness::Namespace;

/// Begins to wait for a rollout with kubectl, for so many seconds.
pub(super) fn rollout_status(space: &Namespace<'_>, seconds: u32) -> JoinHandle<String> {
    begin(space.kubectl(&["rollout", "status", "deployment/web", &format!("--timeout={seconds}s")]))
}

pub(super) fn begin(mut command: Command) -> JoinHandle<String> {
    tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        words(&command.output().unwrap(), began.elapsed())
    })
}

fn words(output: &Output, took: Duration) -> String {
    let took = span(took);
    if output.status.success() {
        return format!("success after {took}");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("timed out waiting") || said.contains("deadline exceeded") && said.contains("context") {
        return format!("no answer after {took}");
    }
    let why = said.trim().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    format!("failed after {took}: {}", why.replace('|', "\\|"))
}

pub(super) fn span(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
