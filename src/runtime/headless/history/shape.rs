//! The JSON of `shipdeck history`.

use serde::Serialize;

use super::{
    Entry, Environment, Fault, NoteShape, Outcome, VERSION, What, finished, headline, reason, step_word, taken_up_by,
};
use crate::domain::plan::Step;
use crate::domain::run::Run;

/// `shipdeck history --json`.
#[derive(Debug, Serialize)]
pub(super) struct HistoryShape {
    version: u32,
    entries: Vec<EntryShape>,
    /// Environments of which the history cannot be read.
    unread: Vec<NoteShape>,
}

/// One thing that happened.
#[derive(Debug, Serialize)]
struct EntryShape {
    at: String,
    environment: String,
    kind: &'static str,
    by: String,
    headline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waited_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_up_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<String>,
    services: Vec<ChangeShape>,
    removed: Vec<String>,
    left: Vec<String>,
}

/// What a run did to one service.
#[derive(Debug, Serialize)]
struct ChangeShape {
    service: String,
    from: String,
    to: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) fn history(entries: &[(Environment, Entry)], faults: &[(Environment, Fault)]) -> HistoryShape {
    let note =
        |(env, fault): &(Environment, Fault)| NoteShape { subject: env.name.to_string(), text: fault.to_string() };
    HistoryShape {
        version: VERSION,
        entries: entries.iter().map(|(env, entry)| entry_shape(env, entry)).collect(),
        unread: faults.iter().map(note).collect(),
    }
}

fn entry_shape(env: &Environment, entry: &Entry) -> EntryShape {
    let mut shape = EntryShape {
        at: entry.at.to_string(),
        environment: env.name.to_string(),
        kind: entry.kind().as_str(),
        by: entry.by.to_string(),
        headline: headline(entry),
        reason: entry.reason().map(str::to_owned),
        outcome: entry.outcome.map(Outcome::as_str),
        seconds: finished(entry).map(|(run, end)| run.elapsed(end).as_secs()),
        waited_seconds: finished(entry).map(|(run, end)| run.waited(end).as_secs()).filter(|it| *it > 0),
        taken_up_by: taken_up_by(entry).map(str::to_owned),
        run: None,
        lock: None,
        services: Vec::new(),
        removed: Vec::new(),
        left: Vec::new(),
    };
    match &entry.what {
        What::Run(it) => {
            shape.run = Some(it.key.to_string());
            shape.services = it.run.plan.steps().map(|step| change(&it.run, step)).collect();
        }
        What::Placed(posted) | What::Released(posted, _) | What::Lifted(posted) => {
            shape.lock = Some(posted.id.to_string());
        }
        What::Overridden(id, _) => shape.lock = Some(id.to_string()),
        What::CleanedUp(it) => {
            let lines = |all: &[std::sync::Arc<str>]| all.iter().map(ToString::to_string).collect();
            (shape.removed, shape.left) = (lines(&it.removed), lines(&it.left));
        }
        What::Unreadable(_) => {}
    }
    shape
}

fn change(run: &Run, step: &Step) -> ChangeShape {
    let found = run.step(&step.service);
    let took = found.and_then(|it| Some(run.worked(it.started?, it.finished?).as_secs()));
    ChangeShape {
        service: step.service.to_string(),
        from: step.from.to_string(),
        to: step.to.to_string(),
        state: found.map_or("waiting", |it| step_word(run, it)),
        seconds: took,
        reason: found.and_then(|it| reason(run, it)),
    }
}
