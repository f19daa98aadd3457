//! What can be done about a run that another process began: going on with it, ending it, taking it back, erasing its record.

use std::sync::Arc;

use crate::actions::Action;
use crate::app::effect::{Effect, RunChange};
use crate::app::input::LineInput;
use crate::app::model::{Answer, Confirm, Confirmed, Model, Overlay, Page, RunOf, RunPage, RunRef, RunsPage};
use crate::app::others::{self, Doubt, Life, Other};
use crate::app::overlays::plan::{open_way_back, way_back};
use crate::app::{journal, runs};
use crate::domain::fault::Fault;
use crate::domain::ids::{EnvId, Uid};
use crate::domain::lease::Patience;
use crate::domain::plan::Plan;
use crate::domain::run::document::{self, Entry};
use crate::domain::run::{self, RunEvent};
use crate::domain::verdict::State;

/// The run of another process that is meant: shown, or selected in the list.
fn subject(model: &Model) -> Option<(EnvId, Arc<str>)> {
    match &model.page {
        Some(Page::Run(RunPage { of: RunOf::Theirs(theirs), .. })) => {
            Some((theirs.env.clone(), Arc::clone(&theirs.key)))
        }
        Some(Page::Runs(RunsPage { selected: Some(RunRef::Theirs { env, key }), .. })) => {
            Some((env.clone(), Arc::clone(key)))
        }
        _ => None,
    }
}

/// Whether anybody carries out the run of another process that is meant; none: none is.
pub fn life(model: &Model) -> Option<Life> {
    other(model).map(|other| other.life)
}

fn other(model: &Model) -> Option<Other<'_>> {
    let (env, key) = subject(model)?;
    others::find(model, &env, &key)
}

/// Whether it can be done with the run of another process that is meant.
///
/// # Errors
/// Why not.
pub fn available(action: Action, model: &Model) -> Result<(), String> {
    if action == Action::RunsFilter {
        let list = matches!(model.page, Some(Page::Runs(_)));
        return if list { Ok(()) } else { Err("only while runs are listed".to_owned()) };
    }
    let Some((env, key)) = subject(model) else {
        return Err("only for a run of somebody else".to_owned());
    };
    let found = others::find(model, &env, &key);
    let Some(other) = &found else {
        let broken = broken(model, &env, &key).is_some();
        return if broken && action == Action::RunClear { Ok(()) } else { Err("its record cannot be read".to_owned()) };
    };
    let take_over = || format!("{} carries it out: take it over first", other.by());
    let left = other.life.is_left();
    let over = other.life == Life::Over;
    match action {
        Action::RunPause | Action::RunRetry | Action::RunLeaveOut | Action::RunTakeUp | Action::RunAbort if over => {
            Err("this run is over".to_owned())
        }
        Action::RunPause | Action::RunRetry | Action::RunLeaveOut if left => {
            Err("nobody carries it out: resume it first".to_owned())
        }
        Action::RunPause | Action::RunRetry | Action::RunLeaveOut | Action::RunAbort | Action::RunClear
            if matches!(other.life, Life::Unsure(Doubt::Unheard { .. })) =>
        {
            Err(not_current(&env))
        }
        Action::RunTakeUp => unhindered(model, &env),
        Action::RunRollBack if run::inverse(&other.entry.run).is_none() => {
            Err("this run has changed nothing".to_owned())
        }
        Action::RunRollBack if over || left => unhindered(model, &env),
        Action::RunAbort | Action::RunClear if over || left => Ok(()),
        _ => Err(take_over()),
    }
}

fn not_current(env: &EnvId) -> String {
    format!("what is known of {env} is not current")
}

/// Why nothing can be carried out there now.
pub(super) fn unhindered(model: &Model, env: &EnvId) -> Result<(), String> {
    if !model.world.env(env).is_some_and(|world| world.freshness().is_live()) {
        return Err(not_current(env));
    }
    match model.runs.iter().find(|run| run.plan.env == *env && !run.state.is_over()) {
        Some(own) => Err(format!("the {} is still under way; finish or abort it first", runs::name(&own.plan))),
        None => Ok(()),
    }
}

/// The document of a run that cannot be read: why, and which version stands.
fn broken(model: &Model, env: &EnvId, key: &str) -> Option<(String, (Uid, Arc<str>))> {
    let filed = model.world.env(env)?.runs().find(|filed| **filed.key() == *key)?;
    Some((filed.entry.as_ref().err()?.why.clone(), filed.over.clone()))
}

fn ask(model: &mut Model, title: String, lines: Vec<String>, question: &str, then: Confirmed) {
    let (Confirmed::TakeUp { env, .. } | Confirmed::EndRun { env, .. } | Confirmed::ClearRun { env, .. }) = &then
    else {
        return;
    };
    let protected = model.catalog.environment(env).is_some_and(|env| env.protected);
    model.overlays.push(Overlay::Confirm(Confirm {
        title,
        lines,
        question: question.to_owned(),
        word: protected.then(|| Answer::Word(env.to_string())),
        typed: LineInput::default(),
        then,
        scroll: 0,
    }));
}

/// Asks before a run of somebody else is gone on with.
pub fn ask_take_up(model: &mut Model) {
    let Some(other) = other(model) else { return };
    let (run, by, now) = (others::picture(model, &other), other.by().to_owned(), model.session.now);
    let left = other.life.is_left();
    let mut lines = vec![format!("{by}: {}", others::words(other.life, now))];
    lines.extend(super::run::what_comes(&run));
    lines.push(if left {
        "Each step is compared with what runs before anything is written; nothing is written twice.".to_owned()
    } else {
        format!("{by} is told and writes nothing more; then it goes on here.")
    });
    let name = runs::name(&run.plan);
    let (title, question) = if left {
        (format!("Resume the {name}"), "Resume it?")
    } else {
        (format!("Take over the {name} from {by}"), "Take it over?")
    };
    let then = Confirmed::TakeUp { env: other.env.name.clone(), key: Arc::clone(&other.entry.key) };
    ask(model, title, lines, question, then);
}

/// Goes on with it: at once where it was left behind, else when its owner cannot but know.
pub fn take_up(model: &mut Model, env: &EnvId, key: &str) -> Vec<Effect> {
    let Some(other) = still_there(model, env, key) else { return Vec::new() };
    let left = other.life.is_left();
    // As it is seen here, so that its page shows it at once.
    let seen = others::find(model, env, key).map(|other| (others::picture(model, &other), other.entry.clone()));
    let Some(entry) = seen.map(|(run, entry)| Entry { run, ..entry }) else { return Vec::new() };
    if left {
        return runs::take_up(model, entry, Patience::TakeOver);
    }
    change(model, env, RunChange::Claim(Box::new(entry)))
}

/// Under the name that the environment has here.
fn entry(other: &Other<'_>) -> Entry {
    Entry { run: other.run(), ..other.entry.clone() }
}

/// The run as it stands now, if it is not over meanwhile.
fn still_there<'a>(model: &'a mut Model, env: &EnvId, key: &str) -> Option<Other<'a>> {
    let found = others::find(model, env, key).is_some_and(|other| other.life != Life::Over);
    if !found {
        journal::notice(model, State::Blocked, "this run is over, or its record was erased", "nothing has happened");
        return None;
    }
    others::find(model, env, key)
}

/// Asks before it is recorded that a run is over.
pub fn ask_end(model: &mut Model) -> Vec<Effect> {
    let Some(other) = other(model) else { return Vec::new() };
    let run = others::picture(model, &other);
    let mut lines = vec![format!("{}: {}", other.by(), others::words(other.life, model.session.now))];
    lines.extend(super::run::what_remains(&run));
    lines.push(
        "No image is changed. It stays in the history as ended: from there it is gone on with or rolled back."
            .to_owned(),
    );
    let then = Confirmed::EndRun { env: other.env.name.clone(), key: Arc::clone(&other.entry.key) };
    ask(model, format!("End the {} as it is", runs::name(&run.plan)), lines, "End it?", then);
    Vec::new()
}

/// Records that it is over; whoever comes back to it reads that.
pub fn end(model: &mut Model, env: &EnvId, key: &str) -> Vec<Effect> {
    let now = model.session.now;
    let Some(other) = still_there(model, env, key) else { return Vec::new() };
    let mut entry = entry(&other);
    entry.run.was_left(others::last_sign_of(model, &entry), now);
    entry.run.on(RunEvent::Abort, now);
    change(model, env, RunChange::End(Box::new(entry), None))
}

/// Ends it and begins the plan that takes it back, as one act.
pub fn end_and_begin(model: &mut Model, env: &EnvId, key: &str, plan: Plan, patience: Patience) -> Vec<Effect> {
    let now = model.session.now;
    let found = others::find(model, env, key).filter(|other| other.life != Life::Over);
    let Some(mut entry) = found.map(|other| entry(&other)) else { return runs::begin(model, plan, patience) };
    entry.run.was_left(others::last_sign_of(model, &entry), now);
    entry.run.on(RunEvent::Abort, now);
    change(model, env, RunChange::End(Box::new(entry), Some(Box::new((plan, patience)))))
}

/// Shows the plan that takes it back: all of it, in reverse order, to the exact images.
pub fn roll_back(model: &mut Model) -> Vec<Effect> {
    let Some(other) = other(model) else { return Vec::new() };
    let Some(plan) = way_back(&other.run(), &model.runs, &model.world) else { return Vec::new() };
    let ends = Some((other.env.name.clone(), Arc::clone(&other.entry.key)));
    open_way_back(model, plan, None, ends);
    Vec::new()
}

/// Asks before a record is removed, naming exactly what goes.
pub fn ask_clear(model: &mut Model) {
    let Some((env, key)) = subject(model) else { return };
    let Some(found) = model.catalog.environment(&env) else { return };
    let mut lines = vec![format!(
        "ConfigMap {} in namespace {} (context {})",
        document::name(&key),
        found.namespace,
        found.cluster
    )];
    if let Some(other) = others::find(model, &env, &key) {
        let run = others::picture(model, &other);
        lines.push(format!("{}, {} of {} done", runs::name(&run.plan), run.succeeded(), run.steps.len()));
        lines.extend(super::run::what_remains(&run));
        lines.push("No image is changed. The history loses it: nobody can resume it or roll it back then.".to_owned());
        let end = model.keymap.hint(Action::RunAbort);
        if other.life != Life::Over && !end.is_empty() {
            lines.push(format!("{end} instead only ends it, and keeps the record."));
        }
    } else {
        lines.extend(broken(model, &env, &key).map(|(why, _)| why));
        lines.push("No image is changed.".to_owned());
    }
    ask(model, "Erase the record of a run".to_owned(), lines, "Erase it?", Confirmed::ClearRun { env, key });
}

/// Removes the record as it was seen.
pub fn clear(model: &mut Model, env: &EnvId, key: &str) -> Vec<Effect> {
    let over = others::find(model, env, key).map(|other| other.entry.over.clone());
    let Some(over) = over.or_else(|| Some(broken(model, env, key)?.1)) else { return Vec::new() };
    change(model, env, RunChange::Clear { key: key.into(), over })
}

fn change(model: &Model, env: &EnvId, change: RunChange) -> Vec<Effect> {
    let Some(found) = model.catalog.environment(env) else { return Vec::new() };
    let (cluster, namespace) = (found.cluster.clone(), found.namespace.clone());
    vec![Effect::ChangeRun { env: env.clone(), cluster, namespace, change }]
}

/// Takes in what became of a change.
pub fn answered(
    model: &mut Model,
    env: &EnvId,
    change: RunChange,
    result: Result<Option<(Uid, Arc<str>)>, Fault>,
) -> Vec<Effect> {
    let (what, advice) = match &change {
        RunChange::Claim(entry) => (format!("{} is taken over", runs::name(&entry.run.plan)), "nothing has happened"),
        RunChange::End(entry, _) => (format!("{} is ended", runs::name(&entry.run.plan)), "nothing has happened"),
        RunChange::Clear { key, .. } => (format!("{env}: the record {} is erased", document::name(key)), ""),
    };
    let over = match result {
        Ok(over) => over,
        Err(fault) => {
            journal::notice(model, State::Failed, format!("not done: {what}: {fault}"), advice);
            return Vec::new();
        }
    };
    match (change, over) {
        (RunChange::Claim(entry), Some(over)) => runs::take_up(model, Entry { over, ..*entry }, Patience::Wait),
        (RunChange::End(_, Some(next)), _) => {
            let (plan, patience) = *next;
            runs::begin(model, plan, patience)
        }
        (RunChange::End(entry, None), _) => {
            let detail = "what was begun is left to Kubernetes";
            journal::notice(model, State::Done, format!("{} is ended", runs::name(&entry.run.plan)), detail);
            Vec::new()
        }
        _ => {
            journal::notice(model, State::Done, what, "nothing else was touched");
            Vec::new()
        }
    }
}
