//! The transitions of a run. Each takes what happened and says what to do; nothing is done here.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::tries::{TRIED_FOR, may_pass, refused, troubled};
use super::{Announcement, Baseline, Hold, Run, RunCommand, RunEvent, RunState, StepRun, StepState, Trouble};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{RunId, ServiceId};
use crate::domain::lease::Patience;
use crate::domain::plan::{Plan, Step};
use crate::domain::rollout::After;
use crate::domain::verdict::{Progress, State, Verdict};

/// How long a rollout that is tried again may go on showing what was known to be wrong: a kubelet looks again only now and
/// then.
const KNOWN_FOR: Duration = Duration::from_mins(1);

impl Run {
    /// A run that has not begun: [`RunEvent::Start`] begins it.
    pub fn new(id: RunId, plan: Plan, by: impl Into<Arc<str>>, now: Timestamp) -> Self {
        let steps = plan.waves.iter().enumerate().flat_map(|(wave, steps)| {
            steps.steps.iter().map(move |step| StepRun {
                service: step.service.clone(),
                wave,
                state: StepState::Waiting,
                verdict: None,
                started: None,
                finished: None,
                baseline: None,
                trouble: None,
                lost: false,
                known: None,
                mended: false,
                after: None,
                left_out: None,
            })
        });
        Self {
            id,
            steps: steps.collect(),
            plan,
            by: by.into(),
            state: RunState::Running,
            wave: 0,
            started: now,
            finished: None,
            undone_by: None,
            hold: Hold::default(),
            hold_wanted: false,
            retry_wanted: false,
            patience: Patience::default(),
            taken_up: Vec::new(),
            follows: None,
            waits: Vec::new(),
        }
    }

    /// Takes in what happened and says what to do.
    pub fn on(&mut self, event: RunEvent, now: Timestamp) -> Vec<RunCommand> {
        let commands = self.take(event, now);
        self.note_wait(now);
        commands
    }

    fn take(&mut self, event: RunEvent, now: Timestamp) -> Vec<RunCommand> {
        match event {
            RunEvent::Start => self.start(),
            RunEvent::TakeUp => self.take_up(now),
            RunEvent::Held(news) => self.held(news, now),
            RunEvent::Written { service, result } => self.written(&service, result, now),
            RunEvent::Judged { service, verdict } => self.judged(&service, verdict, now),
            RunEvent::Looked { service, after } => self.looked(&service, after),
            RunEvent::Pause => self.pause(),
            RunEvent::Resume => self.resume(now),
            RunEvent::Tick => self.tick(now),
            RunEvent::Retry => self.retry(now),
            RunEvent::LeaveOut { service, how } => self.leave_out(&service, how, now),
            RunEvent::Abort => self.abort(now),
            RunEvent::Passed { by, ended } => self.passed(by, ended, now),
        }
    }

    /// The step of the plan for a service.
    pub fn planned(&self, service: &ServiceId) -> Option<&Step> {
        self.plan.steps().find(|step| step.service == *service)
    }

    pub fn step(&self, service: &ServiceId) -> Option<&StepRun> {
        self.steps.iter().find(|step| step.service == *service)
    }

    pub fn succeeded(&self) -> usize {
        self.steps.iter().filter(|step| step.state == StepState::Succeeded).count()
    }

    /// The first step that went wrong and that nobody has gone on without.
    pub fn first_failure(&self) -> Option<&StepRun> {
        self.steps.iter().find(|step| step.holds_up())
    }

    pub(super) fn step_mut(&mut self, service: &ServiceId) -> Option<&mut StepRun> {
        self.steps.iter_mut().find(|step| step.service == *service)
    }

    /// A run begins once: a second start writes nothing.
    fn start(&mut self) -> Vec<RunCommand> {
        let untouched = |step: &StepRun| step.state == StepState::Waiting || step.left_out.is_some();
        let fresh = self.state == RunState::Running && self.steps.iter().all(untouched);
        if fresh { self.acquire() } else { Vec::new() }
    }

    /// Goes on from what is noted, as soon as the leases are held. A write without a noted answer may have been applied: it
    /// is sent again, and the test on the old image keeps it from being done twice.
    fn take_up(&mut self, now: Timestamp) -> Vec<RunCommand> {
        if self.state.is_over() {
            return Vec::new();
        }
        self.waited_since_its_last_step();
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Writing) {
            let fault = Fault::new(FaultKind::OutcomeUnknown, "whoever wrote it went away before the answer was noted");
            step.lost = true;
            step.trouble = Some(Trouble { fault, tries: 0, since: now, again: Some(now) });
        }
        self.acquire()
    }

    pub(super) fn begin_wave(&mut self, now: Timestamp) -> Vec<RunCommand> {
        // Waves of which everything is left out.
        while self.wave < self.plan.waves.len() && self.is_done(self.wave) {
            self.wave += 1;
        }
        let wave = self.wave;
        if wave >= self.plan.waves.len() {
            let whole = self.steps.iter().all(|step| step.state == StepState::Succeeded);
            let succeeded = (RunState::Succeeded, Announcement::Succeeded);
            let (state, news) = if whole { succeeded } else { (RunState::Ended, Announcement::Ended) };
            return self.finish(state, news, now);
        }
        if !self.may_write() {
            return self.acquire();
        }
        self.state = RunState::Running;
        let mut begun = Vec::new();
        for step in self.steps.iter_mut().filter(|step| step.wave == wave && step.state == StepState::Waiting) {
            step.state = StepState::Writing;
            step.started = Some(now);
            begun.push(step.service.clone());
        }
        self.writes_of(&begun)
    }

    fn written(&mut self, service: &ServiceId, result: Result<Baseline, Fault>, now: Timestamp) -> Vec<RunCommand> {
        let goes_on = self.writes();
        let Some(step) = self.step_mut(service).filter(|step| step.state == StepState::Writing) else {
            return Vec::new();
        };
        match result {
            Ok(baseline) => {
                step.state = StepState::Watching;
                step.verdict = Some(Verdict::new(State::Progressing, Progress::default()));
                step.baseline = Some(baseline);
                step.trouble = None;
                step.lost = false;
                Vec::new()
            }
            Err(fault) if may_pass(fault.kind) => {
                step.lost |= fault.kind == FaultKind::OutcomeUnknown;
                let before = step.trouble.take();
                let trouble = troubled(before, fault, now);
                if goes_on && now.duration_since(trouble.since).unsigned_abs() < TRIED_FOR {
                    step.trouble = Some(trouble);
                    return Vec::new();
                }
                let fault = refused(step, trouble, now);
                self.failed(service, fault.to_string(), now)
            }
            Err(fault) => {
                let why = fault.to_string();
                step.trouble = None;
                step.state = StepState::Refused(fault);
                step.finished = Some(now);
                self.failed(service, why, now)
            }
        }
    }

    /// Whether steps of the active wave may be written.
    pub(super) fn writes(&self) -> bool {
        matches!(self.state, RunState::Running | RunState::Pausing)
    }

    pub(super) fn writes_of(&self, services: &[ServiceId]) -> Vec<RunCommand> {
        self.plan.steps().filter(|step| services.contains(&step.service)).cloned().map(RunCommand::Write).collect()
    }

    fn is_done(&self, wave: usize) -> bool {
        self.steps.iter().filter(|step| step.wave == wave).all(StepRun::is_settled)
    }

    fn judged(&mut self, service: &ServiceId, mut verdict: Verdict, now: Timestamp) -> Vec<RunCommand> {
        let (acquiring, over) = (self.state == RunState::Acquiring, self.state.is_over());
        let Some(step) = self.step_mut(service) else { return Vec::new() };
        let was = step.state.clone();
        if !matches!(was, StepState::Watching | StepState::Failed) {
            return Vec::new();
        }
        if over {
            step.seen_after_the_end(verdict);
            return Vec::new();
        }
        if was == StepState::Watching && still_known(step, &verdict, now) {
            verdict.state = State::Progressing;
        }
        let state = verdict.state;
        let why = verdict.evidence.as_ref().map(|evidence| evidence.headline.clone());
        if let Some(baseline) = &mut step.baseline {
            baseline.reach(verdict.progress, now);
        }
        // What is merely not seen any more says nothing about the rollout.
        if state != State::Unknown || step.verdict.is_none() {
            step.verdict = Some(verdict);
        }
        match state {
            State::Done => {
                step.state = StepState::Succeeded;
                step.finished = Some(now);
                let took = step.started.map(|started| self.worked(started, now)).unwrap_or_default();
                let took = Duration::try_from(took).unwrap_or_default();
                let mut commands =
                    vec![RunCommand::Announce(Announcement::StepSucceeded { service: service.clone(), took })];
                commands.extend(self.advance(now));
                commands
            }
            // Before it holds its leases it may still be somebody else's to decide: it is looked at again when it does.
            State::Failed | State::Superseded if acquiring => Vec::new(),
            State::Failed | State::Superseded if was == StepState::Watching => {
                step.state = StepState::Failed;
                step.finished = Some(now);
                let why = why.unwrap_or_else(|| state.as_str().to_owned());
                self.failed(service, why, now)
            }
            _ => Vec::new(),
        }
    }

    /// What comes after success is told and decides nothing: later waves may be under way, and a person may know better.
    fn looked(&mut self, service: &ServiceId, after: After) -> Vec<RunCommand> {
        let Some(step) = self.step_mut(service).filter(|step| step.state == StepState::Succeeded) else {
            return Vec::new();
        };
        let was_well = step.degraded().is_none();
        step.after = Some(after);
        let why = step.degraded().filter(|_| was_well).map(|evidence| evidence.headline.clone());
        let news = why.map(|why| Announcement::Degraded { service: service.clone(), why });
        news.map(RunCommand::Announce).into_iter().collect()
    }

    fn failed(&mut self, service: &ServiceId, why: String, now: Timestamp) -> Vec<RunCommand> {
        let mut commands = vec![RunCommand::Announce(Announcement::StepFailed { service: service.clone(), why })];
        if self.writes() || self.state == RunState::Acquiring {
            self.state = RunState::Halted;
            self.give_up(now);
            commands.push(RunCommand::Announce(Announcement::Halted));
        }
        commands
    }

    /// The next wave, once every step of this one has succeeded or is left out.
    pub(super) fn advance(&mut self, now: Timestamp) -> Vec<RunCommand> {
        let wave = self.wave;
        if self.state.is_over() || !self.is_done(wave) {
            return Vec::new();
        }
        self.wave += 1;
        let mut commands = vec![RunCommand::Announce(Announcement::WaveDone(wave))];
        let last = self.wave >= self.plan.waves.len();
        match self.state {
            // Halted: a failure that came right by itself; the person who was told decides whether to go on.
            RunState::Pausing | RunState::Halted | RunState::Paused if !last => {
                self.state = RunState::Paused;
                commands.push(RunCommand::Announce(Announcement::Paused));
            }
            // It begins when the leases are held.
            RunState::Acquiring if !last => {}
            _ => commands.extend(self.begin_wave(now)),
        }
        commands
    }

    fn pause(&mut self) -> Vec<RunCommand> {
        match self.state {
            RunState::Running => self.state = RunState::Pausing,
            RunState::Acquiring => self.hold_wanted = true,
            _ => {}
        }
        Vec::new()
    }

    fn resume(&mut self, now: Timestamp) -> Vec<RunCommand> {
        match self.state {
            RunState::Pausing => {
                self.state = RunState::Running;
                Vec::new()
            }
            RunState::Paused => self.begin_wave(now),
            RunState::Acquiring => {
                self.hold_wanted = false;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// A step whose patch was applied is watched again; one that was refused is written again.
    pub(super) fn retry(&mut self, now: Timestamp) -> Vec<RunCommand> {
        if self.state == RunState::Acquiring {
            self.retry_wanted = true;
            return Vec::new();
        }
        if self.state != RunState::Halted {
            return Vec::new();
        }
        if !self.may_write() {
            self.retry_wanted = true;
            return self.acquire();
        }
        let mut again = Vec::new();
        for step in self.steps.iter_mut().filter(|step| step.holds_up()) {
            step.finished = None;
            step.started = Some(now);
            let superseded = step.verdict.as_ref().is_some_and(|verdict| verdict.state == State::Superseded);
            if let (StepState::Failed, false, Some(baseline)) = (&step.state, superseded, &mut step.baseline) {
                // Its limits are counted anew.
                (baseline.at, baseline.reached.at) = (now, now);
                step.state = StepState::Watching;
                step.mended = true;
                if let Some(verdict) = &mut step.verdict {
                    verdict.state = State::Progressing;
                    step.known = verdict.evidence.clone();
                }
            } else {
                step.state = StepState::Writing;
                again.push(step.service.clone());
            }
        }
        self.state = RunState::Running;
        self.writes_of(&again)
    }
}

/// Whether it fails only by what a person knew when they had it tried again, and it is too early to say so once more.
fn still_known(step: &StepRun, verdict: &Verdict, now: Timestamp) -> bool {
    let early = step.baseline.as_ref().is_some_and(|it| now.duration_since(it.at).unsigned_abs() < KNOWN_FOR);
    early && verdict.state == State::Failed && step.known.is_some() && step.known == verdict.evidence
}
