//! The only event loop: what arrives is taken in one order, what is asked for is begun, and a frame is drawn when
//! something shown has changed, at most one in 16 ms after a key and one in 100 ms after all else. When nothing happens,
//! nothing runs.

use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::executor::{Executor, Terminal};
use super::input::{Late, translate};
use super::signals::{Ending, Signal, Signals};
use super::sleep::Sleep;
use super::terminal::{Answers, Tui};
use crate::actions::chord::Chord;
use crate::adapters::system;
use crate::app::effect::Effect;
use crate::app::farewell;
use crate::app::model::Model;
use crate::app::msg::{Input, Msg};
use crate::app::touch::Drawn;
use crate::app::update::{self, update};
use crate::ui::{Look, draw};

/// Shortest time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// The same where nobody pressed a key: what comes from clusters and logs is read, not felt, and every frame costs. The
/// first change after rest is drawn at once.
const CALM_FRAME: Duration = Duration::from_millis(100);
/// Shortest time between two turns at the messages: waking up costs more than taking one in, and what comes within it is
/// taken in one turn. The first after rest does not wait.
const GATHER: Duration = Duration::from_millis(10);
/// A process that was stopped for longer has not listened.
const STOPPED_LONG: Duration = Duration::from_secs(15);
/// Messages taken in before the screen gets its turn.
const BURST: usize = 2_048;

/// What the loop owns.
pub(super) struct Cockpit {
    pub(super) model: Model,
    pub(super) executor: Executor,
    pub(super) messages: mpsc::Receiver<Msg>,
    /// Somebody pressed a key since the last frame.
    pressed: bool,
    /// Answers of the terminal that may still come, and are no keys.
    late: Late,
    sleep: Sleep,
}

/// Runs the cockpit until it is left and says which signal ended it, if one did. However it ends, the terminal is given
/// back and writes under way are waited for before this returns.
///
/// # Errors
/// When the terminal cannot be taken or is lost.
pub(super) async fn run(
    mut cockpit: Cockpit,
    mut tui: Tui,
    answers: Answers,
    signals: Signals,
) -> io::Result<(Option<Ending>, String)> {
    cockpit.late = Late::after(&answers);
    let ended = turns(&mut cockpit, &mut tui, (answers.typed, signals)).await;
    drop(tui);
    let unfinished = farewell::words(&cockpit.model);
    let Cockpit { executor, mut messages, .. } = cockpit;
    messages.close();
    executor.end().await;
    Ok((ended?, unfinished))
}

/// A terminal that is gone is a hang-up, whoever notices first: the system with a signal, or we by writing to it.
pub(super) fn is_gone(error: &io::Error) -> bool {
    // EIO and ENXIO: what a terminal answers that has been closed.
    matches!(error.raw_os_error(), Some(5 | 6)) || error.kind() == io::ErrorKind::BrokenPipe
}

async fn turns(
    cockpit: &mut Cockpit,
    tui: &mut Tui,
    (typed, mut signals): (Vec<Chord>, Signals),
) -> io::Result<Option<Ending>> {
    let mut events = EventStream::new();
    let size = tui.terminal.size()?;
    (cockpit.model.session.width, cockpit.model.session.height) = (size.width, size.height);
    let effects = update::start(&mut cockpit.model);
    cockpit.perform(effects, tui)?;
    for key in typed {
        cockpit.take(Msg::Input(Input::Key(key)), tui)?;
    }
    let mut ended = None;
    let mut drawn = start_of_time();
    let mut clock = start_of_time();
    let mut taken = start_of_time();
    while !cockpit.model.session.quitting {
        let now = now();
        let due = drawn + cockpit.pace();
        if cockpit.model.session.dirty && now >= due {
            (cockpit.model.session.dirty, cockpit.pressed) = (false, false);
            let look = Look::from(&cockpit.model.settings);
            let mut seen = Drawn::default();
            tui.terminal.draw(|frame| seen = draw(&cockpit.model, look, frame))?;
            drawn = now;
            cockpit.take(Msg::Drawn(Box::new(seen)), tui)?;
        }
        let frame = cockpit.model.session.dirty.then(|| drawn + cockpit.pace());
        let tick = update::next_tick(&cockpit.model).map(|wait| clock + wait);
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(Ok(event)) => cockpit.event(event, tui)?,
                // A terminal that is gone is a hang-up.
                Some(Err(_)) | None => ended = Some(cockpit.end(Ending::HungUp, tui)?),
            },
            signal = signals.next() => match signal {
                Signal::End(ending) => ended = Some(cockpit.end(ending, tui)?),
                Signal::Stop => cockpit.show_again(Tui::suspend, tui)?,
                Signal::Continued => cockpit.show_again(Tui::retake, tui)?,
            },
            () = at(frame) => {}
            Some(msg) = after(taken + GATHER, &mut cockpit.messages) => {
                cockpit.burst(msg, tui)?;
                taken = Instant::now();
            }
            () = at(tick) => {
                // Ticks that were missed (a suspended laptop) are not made up for.
                clock = Instant::now();
                cockpit.take(Msg::Tick, tui)?;
            }
        }
    }
    Ok(ended)
}

impl Cockpit {
    pub(super) fn new(model: Model, executor: Executor, messages: mpsc::Receiver<Msg>) -> Self {
        Self { model, executor, messages, pressed: false, late: Late::default(), sleep: Sleep::new(system::now()) }
    }

    /// How soon the next frame may follow the last one.
    fn pace(&self) -> Duration {
        if self.pressed || update::first_reading(&self.model) { FRAME } else { CALM_FRAME }
    }

    /// Does something to the terminal that leaves nothing on it.
    fn show_again(&mut self, act: impl FnOnce(&mut Tui) -> io::Result<()>, tui: &mut Tui) -> io::Result<()> {
        let began = now();
        act(tui)?;
        self.model.session.dirty = true;
        // Stopped by ctrl-z for an hour is as good as asleep.
        let stopped = began.elapsed();
        if stopped < STOPPED_LONG { Ok(()) } else { self.take(Msg::Woke(stopped), tui) }
    }

    fn end(&mut self, ending: Ending, tui: &mut Tui) -> io::Result<Ending> {
        tracing::info!(signal = ending.name(), "ending");
        self.take(Msg::Terminate, tui)?;
        Ok(ending)
    }

    fn event(&mut self, event: Event, tui: &mut Tui) -> io::Result<()> {
        match translate(event).filter(|input| !self.late.swallows(input)) {
            Some(input) => {
                self.pressed = true;
                self.take(Msg::Input(input), tui)
            }
            None => Ok(()),
        }
    }

    /// Takes in a message and whatever else has arrived, so that a burst costs one frame.
    fn burst(&mut self, first: Msg, tui: &mut Tui) -> io::Result<()> {
        self.take(first, tui)?;
        for _ in 0..BURST {
            match self.messages.try_recv() {
                Ok(msg) => self.take(msg, tui)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn take(&mut self, msg: Msg, tui: &mut Tui) -> io::Result<()> {
        let now = system::now();
        // Before anything is judged by what is old.
        if let Some(slept) = self.sleep.since(now) {
            let effects = update(&mut self.model, Msg::Woke(slept), now);
            self.perform(effects, tui)?;
        }
        let effects = update(&mut self.model, msg, now);
        self.perform(effects, tui)
    }

    fn perform(&mut self, effects: Vec<Effect>, tui: &mut Tui) -> io::Result<()> {
        for effect in effects {
            match self.executor.perform(effect) {
                None => {}
                Some(Terminal::Copy(text)) => Tui::copy(&text)?,
                Some(Terminal::Redraw) => self.show_again(Tui::wipe, tui)?,
                Some(Terminal::Mouse(on)) => tui.set_mouse(on)?,
                Some(Terminal::Suspend) => self.show_again(Tui::suspend, tui)?,
                Some(Terminal::Quit) => self.model.session.quitting = true,
            }
        }
        Ok(())
    }
}

/// The next message, not before that time. May be given up at any moment: no message is lost by it.
async fn after(time: Instant, messages: &mut mpsc::Receiver<Msg>) -> Option<Msg> {
    if time > now() {
        sleep_until(time).await;
    }
    messages.recv().await
}

/// Waits until then, or for ever.
async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

fn now() -> Instant {
    // tokio's clock, so that tests may stop it.
    Instant::now()
}

fn start_of_time() -> Instant {
    now().checked_sub(CALM_FRAME).unwrap_or_else(now)
}
