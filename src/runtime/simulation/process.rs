//! One process of the program: the real model, update and executor on a runtime and clocks of its own. To kill it is to
//! drop its runtime, so that everything ends at its next await; to stop it is not to let it run for a while.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, advance, timeout_at};

use super::network::{Network, wall};
use super::oracle::Number;
use super::remote::Remote;
use super::shop::Shop;
use crate::app::effect::Effect;
use crate::app::logs::Reading;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::app::update::{self, update};
use crate::config::Settings;
use crate::ports::cluster::Cluster;
use crate::runtime::clock::Clock;
use crate::runtime::compose::Session;
use crate::runtime::executor::Executor;
use crate::runtime::files::Files;
use crate::runtime::fleet::Fleet;
use crate::runtime::sleep::Sleep;

/// A process that lives.
pub(super) struct Process {
    pub(super) number: Number,
    // Dropped before its runtime.
    session: Session,
    sleep: Sleep,
    clock: Clock,
    remote: Arc<dyn Cluster>,
    network: Arc<Network>,
    /// When it was born, by the world and by its runtime.
    born: u64,
    base: Instant,
    ticked: Instant,
    /// How long its machine slept, of which its runtime knows nothing.
    slept: u64,
    /// Until when it does not run, and whether its machine sleeps.
    still: Option<(u64, bool)>,
    /// When it ran last.
    ran: u64,
    runtime: Runtime,
}

impl Process {
    /// `skew`: by how much its clock on the wall is wrong.
    pub(super) fn start(number: Number, shop: &Shop, network: &Arc<Network>, skew: SignedDuration) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let (read, count) = (Arc::clone(network), Arc::clone(network));
        let clock = Clock::new(move || wall(read.now()) + skew, move || Duration::from_millis(count.now() + 3_600_000));
        let remote: Arc<dyn Cluster> = Arc::new(Remote { network: Arc::clone(network), process: number });
        let line = Arc::clone(&remote);
        let fleet = Fleet::new(Box::new(move |_| Arc::clone(&line)));
        let files = Files { data: std::env::temp_dir(), configuration: std::env::temp_dir() };
        let (sender, messages) = mpsc::channel(8_192);
        // A number instead of chance, so that a trial can be had again.
        let user = format!("user{number}");
        let identity: Arc<str> = format!("{user}@sim/{number}/x").into();
        let keymap = Settings::default().keymap().expect("no keys clash");
        let mut model = Model::new(shop.catalog.clone(), Settings::default(), keymap, clock.now());
        (model.session.user, model.session.identity) = (user, Arc::clone(&identity));
        let executor = Executor::new(fleet, files, sender, clock.clone(), identity);
        let mut session = Session { model, executor, messages };
        session.model.logs.reading = Reading::Off;
        let base = runtime.block_on(async { Instant::now() });
        let sleep = runtime.block_on(async { Sleep::new(clock.now()) });
        let (born, ran) = (network.now(), network.now());
        let mut process = Self {
            number,
            session,
            sleep,
            clock,
            remote,
            network: Arc::clone(network),
            born,
            base,
            ticked: base,
            slept: 0,
            still: None,
            ran,
            runtime,
        };
        let effects = update::start(&mut process.session.model);
        process.perform(effects);
        process
    }

    pub(super) fn model(&mut self) -> &mut Model {
        &mut self.session.model
    }

    /// Something that a person does; what is asked for is begun.
    pub(super) fn does(&mut self, act: impl FnOnce(&mut Model) -> Vec<Effect>) {
        self.session.model.session.now = self.clock.now();
        let effects = act(&mut self.session.model);
        self.perform(effects);
    }

    /// Asks the cluster something besides the model.
    pub(super) fn asks<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Arc<dyn Cluster>) -> BoxFuture<'static, T>,
    ) -> oneshot::Receiver<T> {
        let (tell, answer) = oneshot::channel();
        let asked = ask(Arc::clone(&self.remote));
        self.runtime.spawn(async move {
            let _ = tell.send(asked.await);
        });
        answer
    }

    /// For whoever reads the history of a trial.
    pub(super) fn tells(&self, what: &str) {
        let now = self.network.now();
        self.network.oracle().note(now, format!("process {} {what}", self.number));
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn is_still(&self) -> bool {
        self.still.is_some()
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let _entered = self.runtime.enter();
        for effect in effects {
            let _ = self.session.executor.perform(effect);
        }
    }

    /// It does not run until then: stopped by a signal, or with its machine asleep.
    pub(super) fn stand_still(&mut self, until: u64, asleep: bool) {
        self.still = Some((until, asleep));
    }

    /// Lets it run until this time.
    pub(super) fn run(&mut self, now: u64) {
        let mut pause = now - self.ran;
        if let Some((until, asleep)) = self.still {
            if now < until {
                return;
            }
            self.still = None;
            if asleep {
                self.slept += pause;
                pause = 0;
            }
        }
        self.ran = now;
        let until = self.base + Duration::from_millis(now - self.born - self.slept);
        let Self { runtime, session, clock, sleep, ticked, .. } = self;
        runtime.block_on(async {
            if pause > 1_000 {
                // All at once: what was due meanwhile is due now.
                advance(Duration::from_millis(pause)).await;
            }
            pass(session, (clock, sleep), ticked, until).await;
        });
    }
}

/// As the event loop does it, without a screen.
async fn pass(session: &mut Session, (clock, sleep): (&Clock, &mut Sleep), ticked: &mut Instant, end: Instant) {
    loop {
        let tick = update::next_tick(&session.model).map(|wait| *ticked + wait);
        let until = tick.map_or(end, |tick| tick.min(end));
        let msg = match timeout_at(until, session.messages.recv()).await {
            Ok(Some(msg)) => msg,
            Err(_) if tick.is_some_and(|tick| tick <= Instant::now()) => {
                *ticked = Instant::now();
                Msg::Tick
            }
            Ok(None) | Err(_) => return,
        };
        let now = clock.now();
        let mut effects =
            sleep.since(now).map_or_else(Vec::new, |slept| update(&mut session.model, Msg::Woke(slept), now));
        effects.extend(update(&mut session.model, msg, now));
        for effect in effects {
            let _ = session.executor.perform(effect);
        }
    }
}
