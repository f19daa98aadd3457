//! The cockpit without a screen: the same model, update and executor, pumped until something is true.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::adapters::system;
use crate::app::effect::Effect;
use crate::app::locks::{self, Known};
use crate::app::logs::Reading;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::app::rights;
use crate::app::update::{self, update};
use crate::domain::catalog::Service;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::EnvId;
use crate::domain::observed::{Kind, WorkloadKind};
use crate::domain::rights::Need;
use crate::domain::world::Freshness;
use crate::report::Report;
use crate::runtime::compose::Session;
use crate::runtime::headless::{failed, say, unconfigured};
use crate::runtime::signals::Signals;
use crate::runtime::sleep::Sleep;

/// How long a first picture may take before the command says that the cluster cannot be reached.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing is said while a first picture is awaited.
const SILENCE: Duration = Duration::from_secs(3);
/// How long the answer about one's own rights is waited for.
const LEASE_PATIENCE: Duration = Duration::from_secs(5);

/// How long the objects of Argo CD, Flux and Helm are waited for.
const STEWARD_PATIENCE: Duration = Duration::from_secs(15);

/// A session that is driven by a command.
pub(super) struct Driver {
    pub(super) session: Session,
    signals: Signals,
    sleep: Sleep,
}

impl Driver {
    /// Starts to watch what is configured.
    ///
    /// # Errors
    /// When the system refuses signal handlers.
    pub(super) fn start(session: Session) -> Result<Self, Report> {
        let signals = Signals::new().map_err(|error| Report::usage(format!("cannot listen for signals: {error}")))?;
        let mut driver = Self { session, signals, sleep: Sleep::new(system::now()) };
        // Nobody looks at the log of the selected cell, for there is none.
        driver.session.model.logs.reading = Reading::Off;
        driver.session.model.session.tends = false;
        let effects = update::start(&mut driver.session.model);
        driver.perform(effects);
        Ok(driver)
    }

    pub(super) fn model(&self) -> &Model {
        &self.session.model
    }

    /// Begins effects; what concerns a terminal has no meaning here.
    pub(super) fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let _ = self.session.executor.perform(effect);
        }
    }

    /// Takes messages in until `done` says what came of it. `seen` is called after each.
    ///
    /// # Errors
    /// 130 when interrupted; 4 when `limit` passes first.
    pub(super) async fn until<T>(
        &mut self,
        limit: Option<Duration>,
        mut done: impl FnMut(&Model) -> Option<T>,
    ) -> Result<T, Report> {
        let end = limit.map(|limit| Instant::now() + limit);
        loop {
            if let Some(result) = done(&self.session.model) {
                return Ok(result);
            }
            let second = Instant::now() + Duration::from_secs(1);
            let msg = tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    crate::runtime::signals::Signal::End(_) => return Err(Report::interrupted()),
                    crate::runtime::signals::Signal::Stop => { crate::runtime::signals::stop(); continue }
                    crate::runtime::signals::Signal::Continued => continue,
                },
                msg = timeout_at(second, self.session.messages.recv()) => msg,
            };
            let now = system::now();
            if let Some(slept) = self.sleep.since(now) {
                let effects = update(&mut self.session.model, Msg::Woke(slept), now);
                self.perform(effects);
            }
            let msg = match msg {
                Ok(Some(msg)) => msg,
                Ok(None) => return Err(Report::unreachable("every connection was closed")),
                Err(_) => Msg::Tick,
            };
            let effects = update(&mut self.session.model, msg, now);
            self.perform(effects);
            if end.is_some_and(|end| Instant::now() >= end) {
                return Err(Report::unreachable("no answer in time"));
            }
        }
    }

    /// Without a configuration, waits until it is known which namespaces hold workloads: they are the environments then.
    ///
    /// # Errors
    /// Why nobody could look around; 2 where nothing is there; 130 when interrupted.
    pub(super) async fn discovered(&mut self) -> Result<(), Report> {
        if !self.model().catalog.discovered {
            return Ok(());
        }
        let looked = |model: &Model| {
            let blind = model.session.undiscovered.iter().next();
            let blind =
                blind.map(|(cluster, fault)| Err(failed(format!("cannot look around in {cluster}: {fault}"), fault)));
            blind.or_else(|| (!model.catalog.environments.is_empty()).then_some(Ok(())))
        };
        match self.until(Some(PATIENCE), looked).await {
            Err(report) if report.exit_code() == Report::UNREACHABLE => Err(unconfigured()),
            answer => answer?,
        }
    }

    /// Waits for a current picture of these environments.
    ///
    /// # Errors
    /// 4 with the reason when one cannot be reached, 3 when it may not be read.
    pub(super) async fn current(&mut self, envs: &[EnvId]) -> Result<(), Report> {
        let wanted = envs.to_vec();
        let mut waiting = Waiting::begin();
        let settled = |model: &Model| {
            say(&waiting.news(model, &wanted));
            settled(model, &wanted)
        };
        match self.until(Some(PATIENCE), settled).await {
            Err(report) if report.exit_code() == Report::UNREACHABLE => Err(unanswered(self.model(), envs, report)),
            answer => answer?,
        }
    }

    /// Waits for all that a plan is made from: a current picture of these environments, and what is kept there of earlier
    /// runs and of who deploys now, which warnings rest on. Where that may not be read the plan is made without it.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub(super) async fn plannable(&mut self, envs: &[EnvId]) -> Result<(), Report> {
        self.current(envs).await?;
        let answered = |model: &Model, env: &EnvId| {
            let world = model.world.env(env)?;
            (world.is_settled(Kind::Document) && world.is_settled(Kind::Lease)).then_some(())
        };
        for env in envs {
            if self.model().catalog.environment(env).is_some() {
                self.if_in_time(PATIENCE, |model| answered(model, env)).await?;
            }
        }
        Ok(())
    }

    /// Waits until every environment is either current or known not to be.
    ///
    /// # Errors
    /// 130 when interrupted.
    pub(super) async fn best_picture(&mut self, envs: &[EnvId]) -> Result<(), Report> {
        let wanted = envs.to_vec();
        let mut waiting = Waiting::begin();
        let all = |model: &Model| {
            say(&waiting.news(model, &wanted));
            wanted.iter().all(|env| state_of(model, env).is_some()).then_some(())
        };
        match self.until(Some(PATIENCE), all).await {
            Err(report) if report.exit_code() == Report::INTERRUPTED => Err(report),
            // What has not answered by now is shown as unknown, with the reason.
            _ => Ok(()),
        }
    }

    /// Waits until it is known whether the user may do what is needed in an environment; where nobody answers, that
    /// stays unknown.
    ///
    /// # Errors
    /// 130 when interrupted.
    pub(super) async fn rights_known(&mut self, env: &EnvId, needs: &[Need]) -> Result<(), Report> {
        for need in needs {
            self.session.model.session.rights.want(env, *need);
        }
        let effects = rights::ask(&mut self.session.model);
        self.perform(effects);
        let answered = |model: &Model| needs.iter().all(|need| model.session.rights.is_answered(env, *need));
        self.if_in_time(LEASE_PATIENCE, |model| answered(model).then_some(())).await?;
        Ok(())
    }

    /// Waits until it is known how those go about it who have these services described elsewhere; who does not answer in
    /// time stays unknown.
    ///
    /// # Errors
    /// 130 when interrupted.
    pub(super) async fn stewards_known(
        &mut self,
        env: &EnvId,
        services: &[crate::domain::ids::ServiceId],
    ) -> Result<(), Report> {
        use crate::app::stewards;
        let effects = stewards::ask(&mut self.session.model, env, services);
        self.perform(effects);
        let open = |model: &Model, it: &_| stewards::of(model, it, env).is_some_and(|it| it.practice.is_none());
        let answered = |model: &Model| {
            let done = model.session.read_only.is_some() || !services.iter().any(|it| open(model, it));
            done.then_some(())
        };
        self.if_in_time(STEWARD_PATIENCE, answered).await
    }

    /// Waits until the locks of an environment are known, or known not to be.
    ///
    /// # Errors
    /// 130 when interrupted; 4 when nobody answered in time.
    pub(super) async fn locks_known(&mut self, env: &EnvId) -> Result<Known, Report> {
        let settled = |model: &Model| Some(locks::known(model, env)).filter(|known| *known != Known::NotYet);
        self.until(Some(PATIENCE), settled).await
    }

    /// Waits until it is known who holds what in an environment, or that this may not be read; who does not answer in time
    /// stays unknown.
    ///
    /// # Errors
    /// 130 when interrupted.
    pub(super) async fn holders_known(&mut self, env: &EnvId) -> Result<(), Report> {
        let settled = |model: &Model| {
            let world = model.world.env(env)?;
            world.is_settled(Kind::Lease).then_some(())
        };
        self.if_in_time(LEASE_PATIENCE, settled).await
    }

    /// Waits for an answer that it goes on without.
    async fn if_in_time(&mut self, patience: Duration, look: impl FnMut(&Model) -> Option<()>) -> Result<(), Report> {
        match self.until(Some(patience), look).await {
            Err(report) if report.exit_code() == Report::INTERRUPTED => Err(report),
            _ => Ok(()),
        }
    }

    /// Ends everything; writes under way are waited for.
    pub(super) async fn end(self) -> bool {
        let Session { executor, mut messages, .. } = self.session;
        messages.close();
        executor.end().await
    }
}

/// Says who is waited for when nobody has answered for a while, once.
struct Waiting(Option<Instant>);

impl Waiting {
    fn begin() -> Self {
        Self(Some(Instant::now()))
    }

    fn news(&mut self, model: &Model, envs: &[EnvId]) -> String {
        if self.0.is_none_or(|since| since.elapsed() < SILENCE) {
            return String::new();
        }
        self.0 = None;
        let silent = silent(model, envs);
        if silent.is_empty() { silent } else { format!("waiting for {silent}, up to {} s\n", PATIENCE.as_secs()) }
    }
}

/// Environments of which the first picture has not come yet, with their clusters.
fn silent(model: &Model, envs: &[EnvId]) -> String {
    let wanted = envs.iter().filter_map(|env| model.catalog.environment(env));
    let silent = wanted.filter(|env| state_of(model, &env.name).is_none());
    let names: Vec<String> = silent.map(|env| format!("{} (cluster {})", env.name, env.cluster)).collect();
    names.join(", ")
}

/// Whoever has not answered in time is named.
fn unanswered(model: &Model, envs: &[EnvId], report: Report) -> Report {
    match silent(model, envs) {
        silent if silent.is_empty() => report,
        silent => Report::unreachable(format!("no answer from {silent} within {} s", PATIENCE.as_secs()))
            .hint(Fault::new(FaultKind::Unreachable, "").advice_at_the_end()),
    }
}

/// Whether a service is a Job, and Jobs have neither been read nor refused yet: no other picture needs them.
fn awaits_jobs(model: &Model, env: &EnvId) -> bool {
    let is_job = |service: &Service| service.workload.kind == WorkloadKind::Job;
    let Some(world) = model.world.env(env).filter(|_| model.catalog.services.iter().any(is_job)) else { return false };
    !world.is_settled(Kind::Job)
}

/// None: not known yet; else whether the picture is current.
fn state_of(model: &Model, env: &EnvId) -> Option<Result<(), Report>> {
    match model.world.env(env)?.freshness() {
        Freshness::Reading { .. } => None,
        Freshness::Live if awaits_jobs(model, env) => None,
        Freshness::Live => Some(Ok(())),
        Freshness::Denied { fault, .. } => {
            Some(Err(Report::refused(format!("{env}: {fault}")).hint(fault.advice_at_the_end())))
        }
        // No waiting helps where the configuration names what is not there.
        Freshness::Stale { fault, .. } if fault.kind == FaultKind::NotFound => {
            Some(Err(Report::usage(format!("{env}: {fault}")).hint(fault.advice_at_the_end())))
        }
        // The cluster is there: whoever asks has to log in.
        Freshness::Stale { fault, .. } if fault.kind.is_about_the_user() => {
            Some(Err(Report::refused(format!("{env}: {fault}")).hint(fault.advice_at_the_end())))
        }
        Freshness::Stale { fault, .. } => {
            Some(Err(Report::unreachable(format!("{env}: {fault}")).hint(fault.advice_at_the_end())))
        }
    }
}

/// None: wait; else whether every one is current, or why the first is not.
fn settled(model: &Model, envs: &[EnvId]) -> Option<Result<(), Report>> {
    // An environment that the catalog does not have is the plan's to refuse.
    let known = envs.iter().filter(|env| model.catalog.environment(env).is_some());
    let states: Option<Vec<_>> = known.map(|env| state_of(model, env)).collect();
    states.map(|states| states.into_iter().collect())
}

#[cfg(test)]
#[path = "driver_tests.rs"]
mod tests;
