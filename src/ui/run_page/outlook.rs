//! What happens by itself, in the last line of the page: what comes next, or what it waits for.

use jiff::Timestamp;

use super::super::lines::wrap;
use super::super::look::Token;
use super::super::pen::{Pen, Rule};
use super::after;
use crate::app::geometry::Area;
use crate::app::model::{Model, Theirs};
use crate::app::others::{self, Doubt, Life};
use crate::app::queue;
use crate::domain::run::{Hold, Run, RunState};
use crate::domain::words;
use crate::domain::world::Freshness;

/// What is said, in lines of so many columns. `theirs`: it is a run of another process.
pub(super) fn told(model: &Model, (run, theirs): (&Run, Option<&Theirs>), width: u16) -> (Vec<String>, Token) {
    let words = || match theirs {
        Some(theirs) => their_outlook(theirs, model.session.now),
        None => in_line(model, run).unwrap_or_else(|| outlook_words(run)),
    };
    let after =
        || after::outlook(model, run, theirs.map(|theirs| &*theirs.by)).filter(|_| theirs.is_none_or(|it| !it.gone));
    let (text, token) = out_of_sight(model, run, theirs).or_else(after).unwrap_or_else(words);
    (wrap(&text, usize::from(width.saturating_sub(4)).max(1)), token)
}

pub(super) fn draw(pen: &mut Pen<'_>, (lines, token): (&[String], Token), below: &str, area: Area) {
    pen.rule(area, &Rule { title: "What happens by itself", state: below, ..Rule::default() });
    for (row, text) in lines.iter().take(usize::from(area.height.saturating_sub(1))).enumerate() {
        pen.text(2, area.y + 1 + row as u16, text, token, area.width.saturating_sub(3));
    }
}

/// While the cluster is away nothing is decided, and that is what happens by itself.
fn out_of_sight(model: &Model, run: &Run, theirs: Option<&Theirs>) -> Option<(String, Token)> {
    let Freshness::Stale { fault, .. } = model.world.env(&run.plan.env)?.freshness() else { return None };
    let then = match theirs {
        Some(theirs) => format!("{} was {}", theirs.by, others::words(theirs.life, model.session.now)),
        None => format!("It goes on when {} is seen again", run.plan.env),
    };
    let text = format!("{}: this is what was seen last. {then}.", fault.kind);
    (!run.state.is_over()).then_some((text, Token::Warn))
}

/// What becomes of a run of another process without anybody doing anything here.
fn their_outlook(theirs: &Theirs, now: Timestamp) -> (String, Token) {
    let (by, sign) = (&theirs.by, others::words(theirs.life, now));
    let holds = matches!(theirs.run.state, RunState::Halted | RunState::Paused);
    match theirs.life {
        _ if theirs.gone => ("Its record was erased: this is what was seen last.".to_owned(), Token::Warn),
        Life::Over => outlook_words(&theirs.run),
        Life::Left { .. } => {
            let sign = words::capital(&sign);
            (
                format!("{sign} by {by}: nothing more begins until somebody resumes it, rolls it back or ends it."),
                Token::Warn,
            )
        }
        Life::Superseded { .. } => {
            ("Later runs have deployed or taken back what it left: nothing is missing.".to_owned(), Token::Muted)
        }
        Life::Alive { .. } if holds => (format!("It waits for {by}, {sign}."), Token::Held),
        Life::Alive { .. } => (format!("{by} carries it out, {sign}."), Token::Prog),
        Life::Unsure(Doubt::Until(known)) => {
            let seconds = known.duration_since(now).as_secs().max(0) + 1;
            (format!("Whether {by} still carries it out is known in {seconds} s."), Token::Muted)
        }
        Life::Unsure(_) => (format!("{by} carries it out, or did: {sign}."), Token::Muted),
    }
}

/// Whom it waits for, and who comes before it.
fn in_line(model: &Model, run: &Run) -> Option<(String, Token)> {
    let Hold::Waiting(wait) = &run.hold else { return None };
    let text =
        format!("{}. Nothing was written; aborting gives the place up.", queue::words(model, &run.plan.env, wait));
    (run.state == RunState::Acquiring).then_some((text, Token::Held))
}

fn outlook_words(run: &Run) -> (String, Token) {
    let (text, token) = match (run.state, &run.hold) {
        (RunState::Halted | RunState::Paused, Hold::Lost { service, why } | Hold::Refused { service, why }) => {
            return (format!("{service}: {why}. Nothing more is written."), Token::Fail);
        }
        (RunState::Ended, Hold::Refused { service, why }) => {
            return (format!("{service}: {why}. Nothing was written."), Token::Fail);
        }
        (_, Hold::Passed { by, ended: true }) => {
            return (format!("Ended by {by}. What was begun is left to Kubernetes."), Token::Fail);
        }
        (_, Hold::Passed { by, ended: false }) => {
            return (format!("{by} took it over and goes on with it. Nothing more is written here."), Token::Fail);
        }
        (RunState::Acquiring, _) if run.hold_wanted => ("It holds when the first wave is done.", Token::Held),
        (RunState::Acquiring, _) => ("It makes sure that nobody else deploys these services.", Token::Muted),
        (RunState::Running, _) if run.wave + 1 < run.plan.waves.len() => {
            ("The next wave begins by itself when every service of this one is ready.", Token::Muted)
        }
        (RunState::Running, _) if run.plan.waves.len() > 1 => {
            ("This is the last wave: when every service of it is ready, it is done.", Token::Muted)
        }
        (RunState::Running, _) => ("It is done when every service is ready.", Token::Muted),
        (RunState::Pausing, _) => ("It holds when this wave is done.", Token::Held),
        (RunState::Paused, _) => ("It waits for you: nothing more begins until you go on.", Token::Held),
        (RunState::Halted, _) => {
            ("Nothing more begins: try again, roll back, go on without it, or end it.", Token::Text)
        }
        (RunState::Succeeded, _) => ("Done. Everything that was planned runs.", Token::Ok),
        (RunState::Ended, _) if run.is_partial() => {
            let without = run.without().unwrap_or_default();
            return (format!("Done without {without}. Everything else that was planned runs."), Token::Held);
        }
        (RunState::Ended, _) => ("Ended. What was begun is left to Kubernetes.", Token::Muted),
    };
    (text.to_owned(), token)
}
