//! The JSON of `shipdeck runs`, documented with the others in [`super::shapes::DOCUMENTATION`].

use serde::Serialize;

use super::life::Life;
use super::runs::{Found, newest_first};
use super::shapes::{NoteShape, VERSION, step_word};
use super::waiting::{Waiting, WaitingShape};
use crate::adapters::system;
use crate::domain::lease::who;
use crate::domain::rollout::Soaked;
use crate::domain::run::StepRun;
use crate::domain::run::document::{self, Entry};

/// `shipdeck runs --json`.
#[derive(Debug, Serialize)]
pub(super) struct RunsShape {
    pub(super) version: u32,
    pub(super) runs: Vec<KeptShape>,
    /// Who waits in line for a service, in the order in which they get it.
    pub(super) waiting: Vec<WaitingShape>,
    /// Documents that cannot be read, and environments that do not answer.
    pub(super) unread: Vec<NoteShape>,
}

/// A run that a cluster keeps.
#[derive(Debug, Serialize)]
pub(super) struct KeptShape {
    pub(super) run: String,
    pub(super) environment: String,
    pub(super) title: String,
    pub(super) state: &'static str,
    pub(super) over: bool,
    pub(super) life: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) renewed: Option<String>,
    pub(super) by: String,
    /// The run that it goes on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) follows: Option<String>,
    /// Who carried it out last.
    pub(super) owner: String,
    pub(super) started: String,
    pub(super) updated: String,
    pub(super) services: Vec<ServiceStateShape>,
}

/// How one service of a run stands.
#[derive(Debug, Serialize)]
pub(super) struct ServiceStateShape {
    pub(super) service: String,
    pub(super) state: &'static str,
    /// How its new pods fared after it had succeeded: `well`, `degraded`, `watching`, or `unfinished` where whoever watched
    /// them has gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<&'static str>,
}

fn after(step: &StepRun) -> Option<&'static str> {
    step.after.as_ref().map(|after| match after.soaked(system::now()) {
        Soaked::Degraded => "degraded",
        Soaked::Well => "well",
        Soaked::Watching { .. } => "watching",
        Soaked::Unfinished => "unfinished",
    })
}

/// The runs of all environments.
pub(super) fn runs(found: &[Found]) -> RunsShape {
    let mut unread = Vec::new();
    for it in found {
        match &it.entries {
            Err(fault) => unread.push(NoteShape { subject: it.env.name.to_string(), text: fault.to_string() }),
            Ok(entries) => unread.extend(
                entries
                    .iter()
                    .filter_map(|entry| entry.as_ref().err())
                    .map(|it| NoteShape { subject: it.key.to_string(), text: it.why.clone() }),
            ),
        }
    }
    let runs = newest_first(found).into_iter().map(|(entry, life)| kept(entry, life)).collect();
    for (it, fault) in
        found.iter().filter(|it| it.entries.is_ok()).filter_map(|it| Some((it, it.waiting.as_ref().err()?)))
    {
        let text = format!("who waits in line is not known: {fault}");
        unread.push(NoteShape { subject: it.env.name.to_string(), text });
    }
    let waiting = found.iter().flat_map(|it| it.waiting.iter().flatten()).map(Waiting::shape).collect();
    RunsShape { version: VERSION, runs, waiting, unread }
}

fn kept(entry: &Entry, life: &Life) -> KeptShape {
    let run = &entry.run;
    let service = |step: &StepRun| ServiceStateShape {
        service: step.service.to_string(),
        state: step_word(run, step),
        after: after(step),
    };
    KeptShape {
        run: entry.key.to_string(),
        environment: run.plan.env.to_string(),
        title: run.plan.title.clone(),
        state: document::word(run.state),
        over: run.state.is_over(),
        life: life.word(),
        renewed: life.renewed().map(|at| at.to_string()),
        by: run.by.to_string(),
        follows: run.follows.as_ref().map(ToString::to_string),
        owner: who(&entry.owner).to_owned(),
        started: run.started.to_string(),
        updated: entry.updated.to_string(),
        services: run.steps.iter().map(service).collect(),
    }
}
