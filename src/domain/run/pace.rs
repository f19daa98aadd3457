//! Whether a run is as fast as it was meant to be: what is left of a step, and which is slower than usual.

use jiff::{SignedDuration, Timestamp};

use super::{Run, StepRun, StepState};
use crate::domain::verdict::State;

/// By less than this nothing is slower: pods come and go in seconds.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// How a step that is rolling out stands against how long it takes as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So long, if it takes as long as usual.
    Left(SignedDuration),
    /// Longer already than nine of ten times.
    Slow { usual: SignedDuration },
}

impl Run {
    /// How a step goes while pods are coming. None: nothing is known of how long it takes, it goes on for longer than half of
    /// the times and not yet longer than nearly all, or something else is to be told of it.
    pub fn pace(&self, step: &StepRun, now: Timestamp) -> Option<Pace> {
        let planned = self.planned(&step.service)?;
        let (usual, started) = planned.estimate.zip(step.started)?;
        let verdict = step.verdict.as_ref();
        let comes = step.state == StepState::Watching && verdict.is_none_or(|it| it.state == State::Progressing);
        let took = self.worked(started, now);
        // Where it is not known how much the times differ, twice as long is a difference.
        let limit = planned.p90.unwrap_or(usual * 2).max(usual + MARGIN);
        match took {
            _ if !comes => None,
            // What is held up by something takes as long as that does.
            _ if took < usual => {
                Some(Pace::Left(usual - took)).filter(|_| verdict.is_none_or(|it| it.evidence.is_none()))
            }
            _ if took > limit => Some(Pace::Slow { usual }),
            _ => None,
        }
    }

    /// How long the active wave goes on, if every service of it takes as long as usual.
    pub fn wave_left(&self, now: Timestamp) -> Option<SignedDuration> {
        let open = self.steps.iter().filter(|step| step.wave == self.wave && !step.is_settled());
        let left = open.map(|step| match self.pace(step, now) {
            Some(Pace::Left(left)) => Some(left),
            Some(Pace::Slow { .. }) | None => None,
        });
        left.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}
