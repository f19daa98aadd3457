//! A session without a terminal, on which pictures are made and scenarios are played: the same model, update and
//! executor as the cockpit's, on whatever clock it is given.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::clock::Clock;
use super::compose::{self, Session};
use super::executor::Terminal;
use super::files::Files;
use crate::adapters::simulated::SimulatedCluster;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::{Input, Msg};
use crate::app::update::{self, update};
use crate::config::Settings;
use crate::domain::catalog::Catalog;
use crate::ports::cluster::Cluster;
use crate::report::Report;
use crate::ui::{Look, drawn, svg, text};

/// A clock that begins at a fixed time and goes as fast as tokio's, which tests may stop and wind on.
pub fn clock() -> impl Fn() -> Timestamp + Clone + Send + Sync + 'static {
    let start = Instant::now();
    move || {
        let passed = SignedDuration::try_from(start.elapsed()).unwrap_or_default();
        MORNING + passed
    }
}

/// A Tuesday in autumn, nine o'clock.
const MORNING: Timestamp = Timestamp::constant(1_791_882_000, 0);

/// The home screen of the demo as a picture, at nine o'clock wherever it is drawn. There the clock stands still, so that
/// what is drawn depends on the seed, the size and the looks alone.
///
/// # Errors
/// Conflicting keys.
pub async fn picture(settings: Settings, seed: u64, size: (u16, u16), folder: PathBuf) -> Result<String, Report> {
    let nine = date(2026, 10, 13).at(9, 0, 0, 0).to_zoned(TimeZone::system());
    let nine = nine.map_or(MORNING, |zoned| zoned.timestamp());
    let mut stage = Stage::play(settings, seed, (size, folder), move || nine)?;
    let draw = |stage: &Stage| svg(stage.model(), Look::from(&stage.model().settings));
    // It is done when everything has been heard, and nothing looks different any more.
    let mut last = String::new();
    for _ in 0..60 {
        stage.pass(Duration::from_secs(1)).await;
        let drawn = draw(&stage);
        if drawn == last && !update::first_reading(stage.model()) {
            break;
        }
        last = drawn;
    }
    Ok(last)
}

/// A session and what it asked for.
pub struct Stage {
    session: Session,
    clock: Clock,
    ticked: Instant,
    /// Every effect so far, oldest first.
    pub asked: Vec<Effect>,
}

impl Stage {
    /// The demo's world.
    ///
    /// # Errors
    /// Never, as a test sees to.
    pub fn demo(
        seed: u64,
        size: (u16, u16),
        folder: PathBuf,
        clock: impl Fn() -> Timestamp + Clone + Send + Sync + 'static,
    ) -> Result<Self, Report> {
        Self::play(Settings::default(), seed, (size, folder), clock)
    }

    fn play(
        settings: Settings,
        seed: u64,
        (size, folder): ((u16, u16), PathBuf),
        clock: impl Fn() -> Timestamp + Clone + Send + Sync + 'static,
    ) -> Result<Self, Report> {
        let catalog = compose::demo_catalog()?;
        let world = Arc::new(SimulatedCluster::new(&catalog, seed, clock.clone()));
        let clock = Clock::of_a_world(clock);
        let mut session = simulated((catalog, settings), world, folder, clock.clone())?;
        session.model.session.demo = true;
        Ok(Self::new(session, clock, size))
    }

    /// A simulated world of one's own.
    ///
    /// # Errors
    /// Conflicting keys.
    pub fn open(
        catalog: Catalog,
        world: Arc<SimulatedCluster>,
        size: (u16, u16),
        folder: PathBuf,
        clock: impl Fn() -> Timestamp + Clone + Send + Sync + 'static,
    ) -> Result<Self, Report> {
        let clock = Clock::of_a_world(clock);
        let session = simulated((catalog, Settings::default()), world, folder, clock.clone())?;
        Ok(Self::new(session, clock, size))
    }

    /// The curtain rises: what is configured is watched from now on.
    fn new(session: Session, clock: Clock, size: (u16, u16)) -> Self {
        let mut stage = Self { session, clock, ticked: Instant::now(), asked: Vec::new() };
        (stage.session.model.session.width, stage.session.model.session.height) = size;
        let effects = update::start(&mut stage.session.model);
        stage.perform(effects);
        stage
    }

    /// What is known and shown.
    pub fn model(&self) -> &Model {
        &self.session.model
    }

    /// The model, to arrange it before a scene.
    pub fn model_mut(&mut self) -> &mut Model {
        &mut self.session.model
    }

    /// The rows of the screen.
    pub fn screen(&self) -> Vec<String> {
        text(self.model(), Look::from(&self.model().settings))
    }

    /// A person does something.
    pub fn input(&mut self, input: Input) {
        self.take(Msg::Input(input));
    }

    /// Lets time pass and takes in what arrives.
    pub async fn pass(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while !self.session.model.session.quitting {
            let tick = update::next_tick(self.model()).map(|wait| self.ticked + wait);
            let until = tick.map_or(end, |tick| tick.min(end));
            match timeout_at(until, self.session.messages.recv()).await {
                Ok(Some(msg)) => self.take(msg),
                Err(_) if tick.is_some_and(|tick| tick <= Instant::now()) => {
                    self.ticked = Instant::now();
                    self.take(Msg::Tick);
                }
                Ok(None) | Err(_) => break,
            }
        }
    }

    fn take(&mut self, msg: Msg) {
        let effects = update(&mut self.session.model, msg, self.clock.now());
        self.perform(effects);
        self.draw();
    }

    /// Scrolling and the pointer go by what the last frame showed.
    fn draw(&mut self) {
        if !std::mem::take(&mut self.session.model.session.dirty) {
            return;
        }
        let drawn = drawn(self.model(), Look::from(&self.model().settings));
        let effects = update(&mut self.session.model, Msg::Drawn(Box::new(drawn)), self.clock.now());
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.asked.push(effect.clone());
            if self.session.executor.perform(effect) == Some(Terminal::Quit) {
                self.session.model.session.quitting = true;
            }
        }
    }
}

fn simulated(
    parts: (Catalog, Settings),
    world: Arc<SimulatedCluster>,
    folder: PathBuf,
    clock: Clock,
) -> Result<Session, Report> {
    let files = Files { configuration: folder.join("config.toml"), data: folder };
    compose::assemble(
        parts,
        files,
        Box::new(move |_| Arc::clone(&world) as Arc<dyn Cluster>),
        (compose::DEMO_USER, clock),
    )
}
