//! The list of runs: of this session and of others, under way, left behind and over.

use std::sync::Arc;

use jiff::Timestamp;

use crate::app::history::{changes, not_followed, services};
use crate::app::model::{Model, Page, RunOf, RunPage, RunRef, RunsPage};
use crate::app::others::{self, Life, Other};
use crate::app::{journal, places, runs};
use crate::domain::history::Outcome;
use crate::domain::lease::who;
use crate::domain::run::document;
use crate::domain::run::{self, RunState};
use crate::domain::world::EnvWorld;

/// One row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub of: RunRef,
    /// `deploy of shop to staging`, or what its document is called where that is all that is known.
    pub name: String,
    pub by: String,
    pub standing: Standing,
    /// Steps that are done, of so many.
    pub done: (usize, usize),
    /// When it began, by which it is listed; none: it does not say.
    pub started: Option<Timestamp>,
    /// How sure it is that anybody carries it out, why it cannot be read, or why it was done.
    pub note: String,
    /// Its services with what they went from and to, or what was removed.
    pub touched: String,
    /// Why a run that is over has failed.
    pub why: Option<String>,
    /// Who went on with it after whoever began it.
    pub taken_up: Option<String>,
    /// What it is found by beside what is shown.
    pub matched: String,
}

/// Where a run stands, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Running,
    /// It waits for a person.
    Holds,
    Left,
    /// Left behind, and brought to an end by later runs.
    Superseded,
    Unsure,
    Succeeded,
    Ended,
    /// It ended, and something of it failed or was refused.
    Failed,
    Unreadable,
    /// Of a lock.
    Placed,
    Overridden,
    Released,
    /// It opened by itself.
    Lifted,
    CleanedUp,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Holds => "holds",
            Self::Left => "left behind",
            Self::Superseded => "superseded",
            Self::Unsure => "under way",
            Self::Succeeded => "succeeded",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
            Self::Placed => "placed",
            Self::Overridden => "overridden",
            Self::Released => "released",
            Self::Lifted => "opened",
            Self::CleanedUp => "cleaned up",
        }
    }

    fn of(run: &run::Run, life: Option<Life>) -> Self {
        match (run.state, life) {
            (RunState::Succeeded, _) => Self::Succeeded,
            (RunState::Ended, _) if Outcome::of(run) == Outcome::Failed => Self::Failed,
            (RunState::Ended, _) => Self::Ended,
            (_, Some(Life::Left { .. })) => Self::Left,
            (_, Some(Life::Superseded { .. })) => Self::Superseded,
            (_, Some(Life::Unsure(_))) => Self::Unsure,
            (RunState::Halted | RunState::Paused, _) => Self::Holds,
            (RunState::Acquiring | RunState::Running | RunState::Pausing, _) => Self::Running,
        }
    }

    fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Ended | Self::Failed | Self::Superseded)
    }

    /// Nothing of it goes on, and nobody has to look at it.
    pub fn is_past(self) -> bool {
        self.is_over() || matches!(self, Self::Released | Self::Lifted | Self::CleanedUp)
    }
}

/// What the list shows: first what is not over, then the newest; the filter applied.
pub fn rows(model: &Model, page: &RunsPage) -> Vec<Row> {
    let mut rows: Vec<Row> = model.runs.iter().map(|run| own(model, run)).collect();
    for env in &model.catalog.environments {
        rows.extend(others::in_env(model, env).map(|other| foreign(model, &other)));
        let world = model.world.env(&env.name).into_iter();
        let broken = world.flat_map(EnvWorld::runs).filter_map(|filed| filed.entry.as_ref().err());
        rows.extend(broken.map(|broken| Row {
            of: RunRef::Theirs { env: env.name.clone(), key: Arc::clone(&broken.key) },
            name: format!("{} in {}", document::name(&broken.key), env.name),
            by: String::new(),
            standing: Standing::Unreadable,
            done: (0, 0),
            started: None,
            note: broken.why.clone(),
            touched: String::new(),
            why: None,
            taken_up: None,
            matched: String::new(),
        }));
    }
    if page.everything {
        rows.extend(super::history::rows(model));
    }
    let filter = page.filter.text().to_lowercase();
    let found = |row: &Row| {
        let words = [&row.name, &row.by, row.standing.word(), &row.note, &row.matched].join(" ").to_lowercase();
        filter.split_whitespace().all(|term| words.contains(term))
    };
    rows.retain(found);
    rows.sort_by_key(|row| (!page.everything && row.standing.is_over(), std::cmp::Reverse(row.started)));
    rows
}

fn own(model: &Model, run: &run::Run) -> Row {
    let mut by = who(&model.session.identity).to_owned();
    if by.is_empty() {
        by = run.by.to_string();
    }
    Row {
        of: RunRef::Ours(run.id),
        name: runs::name(&run.plan),
        by,
        standing: Standing::of(run, None),
        done: (run.succeeded(), run.steps.len()),
        started: Some(run.started),
        note: why(run).or_else(|| not_followed(run)).unwrap_or_else(|| "here".to_owned()),
        touched: services(&run.plan),
        why: why(run),
        taken_up: taken_up(run),
        matched: changes(&run.plan),
    }
}

fn foreign(model: &Model, other: &Other<'_>) -> Row {
    let run = other.run();
    Row {
        of: RunRef::Theirs { env: other.env.name.clone(), key: Arc::clone(&other.entry.key) },
        name: runs::name(&run.plan),
        by: other.by().to_owned(),
        standing: Standing::of(&run, Some(other.life)),
        done: (run.succeeded(), run.steps.len()),
        started: Some(run.started),
        note: why(&run).or_else(|| not_followed(&run)).unwrap_or_else(|| others::words(other.life, model.session.now)),
        touched: services(&run.plan),
        why: why(&run),
        taken_up: taken_up(&run),
        matched: changes(&run.plan),
    }
}

fn taken_up(run: &run::Run) -> Option<String> {
    run.taken_up.last().map(|it| format!("begun by {}, taken up by {}", run.by, it.by))
}

/// Why a run that is over has failed: `auth: image not found: …`.
fn why(run: &run::Run) -> Option<String> {
    let failed = run.steps.iter().find(|step| step.state.went_wrong()).filter(|_| run.state.is_over())?;
    Some(format!("{}: {}", failed.service, failed.why()?))
}

/// Opens the list of runs.
pub fn open(model: &mut Model) {
    open_page(model, RunsPage::default());
}

pub(super) fn open_page(model: &mut Model, page: RunsPage) {
    journal::pass(model);
    // What is open already keeps its filter and its selection.
    if matches!(&model.page, Some(Page::Runs(open)) if open.everything == page.everything) {
        return;
    }
    model.page = Some(Page::Runs(page));
    if model.page.is_none()
        && let Some(left) = model.home.left.take()
    {
        let (env, service) = *left;
        super::home::select(model, service, env);
    }
    keep_selection(model);
}

/// The run under way, of whomever; the list where several are; where none is, the last one.
pub fn show(model: &mut Model) {
    journal::pass(model);
    let back = match &model.page {
        Some(Page::Runs(list)) => Some(list.clone()),
        Some(Page::Run(page)) => page.list.clone(),
        _ => None,
    };
    show_newest(model);
    if let Some(Page::Run(page)) = &mut model.page {
        page.list = back;
    }
}

fn show_newest(model: &mut Model) {
    if let Some(id) = model.active_run().map(|run| run.id) {
        return runs::show(model, id);
    }
    match others::under_way(model).as_slice() {
        [other] => show_other(model, RunOf::Theirs(Box::new(others::theirs(model, other)))),
        [] => match (model.runs.last().map(|run| run.id), newest_kept(model)) {
            (Some(id), _) => runs::show(model, id),
            (None, Some(other)) => show_other(model, RunOf::Theirs(Box::new(others::theirs(model, &other)))),
            (None, None) => {}
        },
        _ => open(model),
    }
}

fn show_other(model: &mut Model, of: RunOf) {
    model.page = Some(Page::Run(RunPage { of, selected: None, scroll: None, list: None }));
    super::run::attend(model);
}

/// The last run that environments keep, of whomever.
pub fn newest_kept(model: &Model) -> Option<Other<'_>> {
    let all = model.catalog.environments.iter().flat_map(|env| others::in_env(model, env));
    all.max_by_key(|other| other.entry.run.started)
}

/// Selects the first row where what was selected is gone.
pub fn keep_selection(model: &mut Model) {
    let Some(Page::Runs(page)) = &model.page else { return };
    let rows = rows(model, page);
    let there = rows.iter().any(|row| Some(&row.of) == page.selected.as_ref());
    if let (false, Some(Page::Runs(page))) = (there, &mut model.page) {
        page.selected = rows.into_iter().next().map(|row| row.of);
    }
}

pub fn move_by(model: &mut Model, by: isize) {
    let Some(Page::Runs(page)) = &model.page else { return };
    let rows = rows(model, page);
    let at = rows.iter().position(|row| Some(&row.of) == page.selected.as_ref()).unwrap_or(0);
    let next = rows.get(places::moved(at, by, rows.len())).map(|row| row.of.clone());
    select(model, next);
}

fn select(model: &mut Model, of: Option<RunRef>) {
    if let Some(Page::Runs(page)) = &mut model.page {
        page.selected = of;
    }
}

/// A click selects, and opens what is selected already.
pub fn clicked(model: &mut Model, of: RunRef) {
    let again = matches!(&model.page, Some(Page::Runs(page)) if page.selected.as_ref() == Some(&of));
    select(model, Some(of));
    if again {
        enter(model);
    }
}

pub fn filter(model: &mut Model) {
    if let Some(Page::Runs(page)) = &mut model.page {
        page.filtering = true;
    }
}

/// Opens the selected run.
pub fn enter(model: &mut Model) {
    let Some(Page::Runs(page)) = &model.page else { return };
    let (list, selected) = (page.clone(), page.selected.clone());
    let of = match selected {
        Some(RunRef::Ours(id)) => RunOf::Ours(id),
        Some(RunRef::Theirs { env, key }) => match others::find(model, &env, &key) {
            Some(other) => RunOf::Theirs(Box::new(others::theirs(model, &other))),
            None => return,
        },
        Some(RunRef::Entry { env, name, at, kind }) => return super::history::show(model, &env, (&name, at, kind)),
        None => return,
    };
    model.page = Some(Page::Run(RunPage { of, selected: None, scroll: None, list: Some(list) }));
    super::run::attend(model);
}

/// Back to the list that a run was opened from, or home.
pub fn leave(model: &mut Model) {
    model.page = match model.page.take() {
        Some(Page::Run(RunPage { list: Some(list), .. })) => Some(Page::Runs(list)),
        _ => None,
    };
    keep_selection(model);
}
