//! The person in front of a process: begins a run, looks on, pauses, tries again, puts back, leaves; or comes later, finds
//! what others have left behind, and takes it up or back.

use tokio::sync::oneshot;

use super::dice::Dice;
use super::process::Process;
use super::shop::{ENV, NAMESPACE, Shop};
use crate::app::model::{Overlay, Page, RunOf, RunPage};
use crate::app::overlays;
use crate::app::runs;
use crate::app::screens;
use crate::domain::fault::Fault;
use crate::domain::ids::{EnvId, RunId};
use crate::domain::lease::Patience;
use crate::domain::observed::Document;
use crate::domain::plan::{self, Plan, Purpose};
use crate::domain::run::document::{self, Entry};
use crate::domain::run::{Hold, Run, RunEvent, RunState, inverse};
use crate::ports::documents::Draft;

/// What the person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Deploy,
    /// Look after what others have left behind.
    Tidy,
}

/// What is awaited besides the model.
enum Awaited {
    Documents(oneshot::Receiver<Result<Vec<Document>, Fault>>),
    /// The run is being ended; then this is begun.
    Ended(oneshot::Receiver<Result<Document, Fault>>, Option<Plan>),
}

/// What the person does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Stays,
    /// Closes the program in the middle of whatever it does.
    Leaves,
}

pub(super) struct Person {
    dice: Dice,
    wish: Wish,
    /// When the person looks again.
    at: u64,
    awaited: Option<Awaited>,
    /// The run that is looked after.
    run: Option<RunId>,
    tries: u32,
}

impl Person {
    pub(super) fn new(wish: Wish, dice: Dice, now: u64) -> Self {
        Self { dice, wish, at: now + 1_000, awaited: None, run: None, tries: 0 }
    }

    /// Whether something is still to be done here.
    pub(super) fn is_busy(&self, process: &mut Process) -> bool {
        let run = self.run.and_then(|id| process.model().run(id));
        matches!(self.awaited, Some(Awaited::Ended(..))) || run.is_some_and(|run| !run.state.is_over())
    }

    /// Looks at the screen. `patient`: nothing goes wrong any more, so what does not work at once will.
    pub(super) fn look(&mut self, process: &mut Process, shop: &Shop, now: u64, patient: bool) -> Next {
        if now < self.at {
            return Next::Stays;
        }
        self.at = now + self.dice.between(1_000, 4_000);
        let live = process.model().world.env(&EnvId::new(ENV)).is_some_and(|world| world.freshness().is_live());
        if !live {
            return Next::Stays;
        }
        if let Some(awaited) = self.awaited.take() {
            self.heard(process, awaited);
            return Next::Stays;
        }
        let run = self.run.and_then(|id| process.model().run(id).cloned());
        match run.filter(|run| !run.state.is_over()) {
            Some(run) => self.looks_on(process, &run, patient),
            None if self.wish == Wish::Deploy && self.run.is_none() => {
                self.deploys(process, shop);
                Next::Stays
            }
            None if self.wish == Wish::Deploy => Next::Stays,
            None => {
                self.awaited = Some(Awaited::Documents(
                    process.asks(|it| Box::pin(async move { it.documents(NAMESPACE, document::ABOUT).await })),
                ));
                Next::Stays
            }
        }
    }

    fn deploys(&mut self, process: &mut Process, shop: &Shop) {
        let patience = self.dice.pick(&[Patience::None, Patience::Wait]);
        let mut begun = None;
        process.does(|model| {
            let Ok(plan) = plan::build(&model.catalog, &model.world, &model.board, &shop.request()) else {
                return Vec::new();
            };
            begun = Some(runs::next_id(model));
            runs::begin(model, plan, patience)
        });
        if begun.is_some() {
            process.tells("begins");
        }
        self.run = begun;
    }

    fn looks_on(&mut self, process: &mut Process, run: &Run, patient: bool) -> Next {
        let taken = process.model().session.kept.get(&run.id).is_some_and(|kept| kept.without.is_some());
        match run.state {
            RunState::Paused => process.does(|model| runs::on(model, run.id, RunEvent::Resume)),
            RunState::Halted if taken => return Next::Leaves,
            RunState::Halted => return self.decides(process, run, patient),
            _ if patient => {}
            RunState::Running if self.dice.chance(20) => {
                process.does(|model| runs::on(model, run.id, RunEvent::Pause));
            }
            _ if run.plan.purpose != Purpose::RollBack && self.dice.chance(15) => self.puts_back(process, run),
            _ => {}
        }
        Next::Stays
    }

    /// It holds, and a person has to say what now.
    fn decides(&mut self, process: &mut Process, run: &Run, patient: bool) -> Next {
        self.tries += 1;
        let refused = matches!(run.hold, Hold::Refused { .. });
        let back = run.plan.purpose == Purpose::RollBack;
        let choice = self.dice.between(0, 9);
        match choice {
            _ if patient && !refused && !back && self.tries > 4 => self.puts_back(process, run),
            0..=5 => {
                process.tells("tries again");
                process.does(|model| runs::on(model, run.id, RunEvent::Retry));
            }
            6 | 7 if !back => self.puts_back(process, run),
            8 if !patient => return Next::Leaves,
            _ => {}
        }
        Next::Stays
    }

    /// By the very boxes of the cockpit.
    fn puts_back(&mut self, process: &mut Process, run: &Run) {
        let (id, before) = (run.id, process.model().runs.len());
        process.does(|model| {
            model.overlays.clear();
            model.page = Some(Page::Run(RunPage { of: RunOf::Ours(id), selected: None, scroll: None, list: None }));
            screens::run::roll_back(model)
        });
        for _ in 0..3 {
            if matches!(process.model().overlays.last(), Some(Overlay::Plan(_))) {
                process.does(|model| overlays::plan::confirm(model, Patience::TakeOver));
            }
        }
        process.model().overlays.clear();
        if process.model().runs.len() > before {
            self.run = process.model().runs.last().map(|run| run.id);
            self.tries = 0;
            process.tells("puts back");
        }
    }

    /// As `shipdeck resume` and `shipdeck abort --rollback` do it.
    fn heard(&mut self, process: &mut Process, awaited: Awaited) {
        match awaited {
            Awaited::Documents(mut answer) => match answer.try_recv() {
                Ok(Ok(all)) => self.chooses(process, &all),
                Ok(Err(_)) | Err(oneshot::error::TryRecvError::Closed) => {}
                Err(oneshot::error::TryRecvError::Empty) => self.awaited = Some(Awaited::Documents(answer)),
            },
            Awaited::Ended(mut answer, plan) => match answer.try_recv() {
                Ok(Ok(_)) => {
                    if let Some(plan) = plan {
                        self.begins(process, plan);
                    }
                }
                Ok(Err(_)) | Err(oneshot::error::TryRecvError::Closed) => {}
                Err(oneshot::error::TryRecvError::Empty) => self.awaited = Some(Awaited::Ended(answer, plan)),
            },
        }
    }

    fn begins(&mut self, process: &mut Process, plan: Plan) {
        process.tells("puts back what was ended");
        let patience = self.patience();
        process.does(|model| runs::begin(model, plan, patience));
        self.run = process.model().runs.last().map(|run| run.id);
        self.tries = 0;
    }

    fn patience(&mut self) -> Patience {
        self.dice.pick(&[Patience::Wait, Patience::TakeOver])
    }

    fn chooses(&mut self, process: &mut Process, all: &[Document]) {
        let entries: Vec<Entry> = all.iter().filter_map(|it| document::read(it).ok()).collect();
        let open = entries.iter().rev().find(|entry| !entry.run.state.is_over()).cloned();
        match open {
            Some(entry) if entry.run.plan.purpose != Purpose::RollBack && self.dice.chance(400) => {
                self.takes_back(process, entry);
            }
            Some(entry) => {
                let patience = self.patience();
                process.tells(&format!("takes up {} with {patience:?}", entry.key));
                process.does(|model| runs::take_up(model, entry, patience));
                self.run = process.model().runs.last().map(|run| run.id);
                self.tries = 0;
            }
            None => {
                // Ended in the middle, and not taken back: now and then somebody does that later.
                let ended = entries.iter().find(|it| it.run.state == RunState::Ended);
                let back = entries.iter().any(|it| it.run.plan.purpose == Purpose::RollBack);
                if let Some(plan) = ended.filter(|_| !back).and_then(|it| inverse(&it.run)) {
                    self.begins(process, plan);
                }
            }
        }
    }

    fn takes_back(&mut self, process: &mut Process, mut entry: Entry) {
        process.tells(&format!("ends {}", entry.key));
        let plan = inverse(&entry.run);
        entry.run.on(RunEvent::Abort, process.now());
        let Ok(text) = document::write(&entry.run) else { return };
        let texts = document::texts(&text, &process.model().session.identity.clone(), process.now());
        let (name, over) = (document::name(&entry.key), Some(entry.over.clone()));
        let draft = Draft { name, about: document::ABOUT.into(), over, texts };
        let answer = process.asks(|it| Box::pin(async move { it.write_document(NAMESPACE, &draft).await }));
        self.awaited = Some(Awaited::Ended(answer, plan));
    }
}
