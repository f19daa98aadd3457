//! `shipdeck runs`, `resume` and `abort`: runs of other processes, from what the clusters keep of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::again::again;
use super::driver::Driver;
use super::life::{self, Life};
use super::run::{Wishes, carry_out, confirm, watch};
use super::waiting::{self, Waiting};
use super::{failed, kept, not_read, print, print_json, say, table};
use crate::adapters::system;
use crate::app::history::{failure, not_followed};
use crate::app::runs;
use crate::cli::{Abort, Resume};
use crate::domain::catalog::Environment;
use crate::domain::fault::Fault;
use crate::domain::history::Outcome;
use crate::domain::ids::ServiceId;
use crate::domain::lease::{Patience, who};
use crate::domain::observed::Document;
use crate::domain::plan::warn_of_going_back;
use crate::domain::run::document::{self, Entry, Unreadable};
use crate::domain::run::{LeftOut, Run, RunEvent, inverse};
use crate::domain::text::clean;
use crate::report::Report;
use crate::runtime::compose::Session;
use crate::runtime::runs::end as end_over;
use crate::ui;

/// What one environment keeps.
pub(super) struct Found {
    pub(super) env: Environment,
    pub(super) entries: Result<Vec<Result<Entry, Unreadable>>, Fault>,
    /// Of those that are not over, by their names: whether anybody carries them out. Only where that was asked.
    pub(super) lives: BTreeMap<Arc<str>, Life>,
    /// Who waits in line there. Only where that was asked.
    pub(super) waiting: Result<Vec<Waiting>, Fault>,
}

/// How long whoever has just ended a run may take to say so: first they give its leases back, or the other way round.
const GRACE: Duration = Duration::from_secs(1);

/// Reads the documents of every environment at once; the newest run comes first.
async fn read(session: &mut Session) -> Vec<Found> {
    let envs = session.model.catalog.environments.clone();
    let asked = envs.into_iter().map(|env| (session.executor.cluster(&env.cluster), env));
    let asked = asked.map(|(cluster, env)| async move {
        let entries = cluster.documents(&env.namespace, document::ABOUT).await;
        let read = |it: &Document| {
            let mut entry = document::read(it)?;
            // Whoever wrote it may call the environment by another name.
            entry.run.plan.env = env.name.clone();
            entry.run.plan.protected |= env.protected;
            Ok(entry)
        };
        let entries = entries.map(|all| all.iter().rev().map(read).collect());
        Found { env, entries, lives: BTreeMap::new(), waiting: Ok(Vec::new()) }
    });
    join_all(asked.collect::<Vec<_>>()).await
}

/// The same, whether anybody carries them out, and who waits in line.
async fn read_with_lives(session: &mut Session) -> Vec<Found> {
    let found = read(session).await;
    let catalog = &session.model.catalog;
    let asked: Vec<_> = found.into_iter().map(|it| (session.executor.cluster(&it.env.cluster), it)).collect();
    join_all(asked.into_iter().map(async |(cluster, mut it)| {
        let entries = it.entries.iter().flatten().filter_map(|entry| entry.as_ref().ok());
        let runs = entries.clone().map(|entry| &entry.run);
        let lives = entries.filter(|entry| !entry.run.state.is_over()).map(async |entry| {
            let life = life::look(&*cluster, &it.env, entry, system::now()).await;
            (Arc::clone(&entry.key), life.beside(&entry.run, runs.clone()))
        });
        let namespace = &it.env.namespace;
        let (lives, tickets) = futures::join!(join_all(lives), cluster.tickets(namespace));
        it.waiting = tickets.map(|all| waiting::of(catalog, &it.env, &all));
        it.lives = lives.into_iter().collect();
        it
    }))
    .await
}

pub(in crate::runtime) async fn list(mut session: Session, json: bool) -> Result<(), Report> {
    let mut found = read_with_lives(&mut session).await;
    if found.iter().flat_map(|it| it.lives.values()).any(|life| *life == Life::Left) {
        tokio::time::sleep(GRACE).await;
        found = read_with_lives(&mut session).await;
    }
    session.executor.end().await;
    if json {
        print_json(&kept::runs(&found))?;
    } else {
        print(&text(&found))?;
    }
    // What could be read is told; with nothing at all there is only the reason.
    match found.iter().find_map(|it| it.entries.as_ref().err().map(|fault| (it, fault))) {
        Some((it, fault)) if found.iter().all(|it| it.entries.is_err()) => {
            Err(not_read(format!("{}: {fault}", it.env.name), fault))
        }
        _ => Ok(()),
    }
}

fn text(found: &[Found]) -> String {
    let now = system::now();
    let mut rows: Vec<_> = newest_first(found).into_iter().map(|(entry, life)| row(entry, life, now)).collect();
    for it in found {
        match &it.entries {
            Ok(entries) => rows.extend(
                entries
                    .iter()
                    .filter_map(|entry| entry.as_ref().err())
                    .map(|broken| vec![broken.key.to_string(), "unreadable".to_owned(), broken.why.clone()]),
            ),
            Err(fault) => say(&format!("{}: {fault}\n", it.env.name)),
        }
        match &it.waiting {
            Ok(waiting) => rows.extend(waiting.iter().map(|it| it.row(now))),
            // Where nothing is read that is told already.
            Err(fault) if it.entries.is_ok() => {
                say(&format!("{}: who waits in line is not known: {fault}\n", it.env.name));
            }
            Err(_) => {}
        }
    }
    if rows.is_empty() { "no runs are kept\n".to_owned() } else { table(&rows) }
}

/// Those of all environments that can be read, by when they began, with whether anybody carries them out.
pub(super) fn newest_first(found: &[Found]) -> Vec<(&Entry, &Life)> {
    let mut all = Vec::new();
    for it in found {
        let entries = it.entries.iter().flatten().flatten();
        all.extend(entries.map(|entry| (entry, it.lives.get(&entry.key).unwrap_or(&Life::Over))));
    }
    all.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.run.started));
    all
}

/// The age is that of its beginning, by which it is listed: a document changes for as long as new pods are watched.
fn row(entry: &Entry, life: &Life, now: Timestamp) -> Vec<String> {
    let run = &entry.run;
    let age = format!("{} ago", ui::span(now.duration_since(run.started).max(SignedDuration::ZERO)));
    let done = format!("{} of {}", run.succeeded(), run.steps.len());
    let (by, name) = (who(&entry.owner).to_owned(), runs::name(&run.plan));
    let follows = run.follows.as_ref().map(|before| format!("goes on where {before} stopped"));
    let notes = [Some(life.words(now)).filter(|words| !words.is_empty()), follows, failure(run), not_followed(run)];
    let notes = notes.into_iter().flatten().collect::<Vec<_>>().join("; ");
    vec![entry.key.to_string(), state(run, life).to_owned(), done, age, by, name, notes]
}

/// How it ended, else how it goes.
fn state(run: &Run, life: &Life) -> &'static str {
    if run.state.is_over() {
        return Outcome::of(run).as_str();
    }
    life.state().unwrap_or_else(|| document::word(run.state))
}

/// What is about to be gone on with or ended, as it is listed, and whether anybody carries it out.
async fn told(session: &mut Session, env: &Environment, entry: &Entry) -> (String, Life) {
    let (cluster, now) = (session.executor.cluster(&env.cluster), system::now());
    let life = life::look(&*cluster, env, entry, now).await;
    (table(&[row(entry, &life, now)]), life)
}

/// The run that is meant: by its name, or by an end of it that no other has.
async fn find(session: &mut Session, name: &str) -> Result<(Environment, Entry), Report> {
    let (mut matching, mut faults) = (Vec::new(), Vec::new());
    for it in read(session).await {
        match it.entries {
            Ok(entries) => {
                for entry in entries {
                    let key = entry.as_ref().map_or_else(|it| Arc::clone(&it.key), |it| Arc::clone(&it.key));
                    if *key == *name || name.len() >= 4 && key.ends_with(name) {
                        matching.push((it.env.clone(), entry));
                    }
                }
            }
            Err(fault) => faults.push((it.env.name, fault)),
        }
    }
    match (matching.len(), faults.first()) {
        (1, _) => {}
        (0, Some((env, fault))) => return Err(not_read(format!("{name} was not found, and {env}: {fault}"), fault)),
        (0, None) => return Err(Report::usage(format!("there is no run {name}")).hint("shipdeck runs lists them.")),
        _ => return Err(Report::usage(format!("several runs end with {name}")).hint("Give the whole name.")),
    }
    let (env, entry) = matching.remove(0);
    let entry = entry.map_err(|broken| {
        let namespace = &env.namespace;
        Report::refused(format!("{}: {}", broken.key, broken.why))
            .hint(format!("kubectl -n {namespace} get configmap {} -o yaml shows it.", document::name(&broken.key)))
    })?;
    Ok((env, entry))
}

fn writable(driver: &Driver) -> Result<(), Report> {
    match &driver.model().session.read_only {
        Some(why) => Err(Report::refused(format!("read-only: {why}"))),
        None => Ok(()),
    }
}

fn over(entry: &Entry) -> Report {
    Report::refused(format!("{} is over: it {}", entry.key, Outcome::of(&entry.run).as_str()))
}

fn patience(wait: bool) -> Patience {
    if wait { Patience::Wait } else { Patience::TakeOver }
}

pub(in crate::runtime) async fn resume(session: Session, args: &Resume) -> Result<(), Report> {
    let mut driver = Driver::start(session)?;
    writable(&driver)?;
    let (env, mut entry) = find(&mut driver.session, &args.run).await?;
    reasoned(&entry, args)?;
    if entry.run.state.is_over() {
        return Box::pin(again(driver, &entry, args)).await;
    }
    if args.over.is_some() {
        let why = format!("{} is not over: it goes on with the locks that it was begun in spite of", entry.key);
        return Err(Report::usage(why).hint("Leave --override out."));
    }
    driver.plannable(std::slice::from_ref(&env.name)).await?;
    say(&told(&mut driver.session, &env, &entry).await.0);
    confirm(env.name.as_str(), entry.run.plan.protected, "resume it", args.consent.given())?;
    leave_out(&mut entry, args, who(&driver.model().session.identity))?;
    if entry.run.state.is_over() {
        end(&mut driver, &env, &entry).await?;
        driver.end().await;
        return print("nothing of it is left to do: it is ended\n");
    }
    let wait = patience(args.wait_for_lock);
    let mut effects = runs::take_up(&mut driver.session.model, entry, wait);
    // Nobody is asked here: what failed is tried again.
    if let Some(id) = driver.model().runs.last().map(|run| run.id) {
        effects.extend(runs::on(&mut driver.session.model, id, RunEvent::Retry));
    }
    driver.perform(effects);
    Box::pin(watch(driver, args.json, false)).await
}

/// What is to be left out is of the run, and somebody says why.
fn reasoned(entry: &Entry, args: &Resume) -> Result<(), Report> {
    let reason = args.reason.as_deref().map(str::trim).unwrap_or_default();
    if !args.without.is_empty() && reason.is_empty() {
        return Err(Report::usage("--reason is empty: others read why a service was left out"));
    }
    match args.without.iter().find(|name| entry.run.step(&ServiceId::new(name)).is_none()) {
        Some(name) => {
            let all: Vec<&str> = entry.run.steps.iter().map(|step| step.service.as_str()).collect();
            Err(Report::usage(format!("{name} is no service of this run; it has {}", all.join(", "))))
        }
        None => Ok(()),
    }
}

/// Goes on without what is named, before anything of the run is done.
fn leave_out(entry: &mut Entry, args: &Resume, by: &str) -> Result<(), Report> {
    let reason = args.reason.as_deref().map(str::trim).unwrap_or_default();
    for name in &args.without {
        let service = ServiceId::new(name);
        entry.run.may_leave_out(&service).map_err(|why| Report::refused(format!("{service}: {why}")))?;
        let at = system::now();
        let how = LeftOut { by: by.into(), reason: clean(reason).into_owned().into(), at };
        entry.run.on(RunEvent::LeaveOut { service, how }, at);
    }
    Ok(())
}

pub(in crate::runtime) async fn abort(session: Session, args: &Abort) -> Result<(), Report> {
    let mut driver = Driver::start(session)?;
    writable(&driver)?;
    let (env, mut entry) = find(&mut driver.session, &args.run).await?;
    let back = inverse(&entry.run).filter(|_| args.rollback);
    if entry.run.state.is_over() && !args.rollback {
        return Err(over(&entry));
    }
    if !entry.run.state.is_over() {
        let (told, life) = told(&mut driver.session, &env, &entry).await;
        say(&told);
        confirm(env.name.as_str(), entry.run.plan.protected, "end it", args.consent.given())?;
        if matches!(life, Life::Left | Life::Silent(_)) {
            entry.run.was_left(life.renewed().map_or(entry.updated, |at| at.max(entry.updated)), system::now());
        }
        entry.run.on(RunEvent::Abort, system::now());
        end(&mut driver, &env, &entry).await?;
        say("the run is ended: nothing more of it begins\n");
    }
    let Some(mut plan) = back else {
        driver.end().await;
        return if args.rollback { print("it changed nothing: there is nothing to take back\n") } else { Ok(()) };
    };
    driver.current(std::slice::from_ref(&env.name)).await?;
    warn_of_going_back(&mut plan, &driver.model().world);
    plan.unheld = args.no_hold;
    let wishes = Wishes {
        json: args.json,
        consent: args.consent.given(),
        dry_run: false,
        wait: args.wait_for_lock,
        soak: false,
        hotfix: false,
        over: None,
        follows: None,
    };
    carry_out(driver, plan, wishes).await
}

/// Writes that a run is over, over exactly what was read of it: whoever carries it out writes nothing more.
async fn end(driver: &mut Driver, env: &Environment, entry: &Entry) -> Result<(), Report> {
    let cluster = driver.session.executor.cluster(&env.cluster);
    let owner = Arc::clone(&driver.model().session.identity);
    let written = end_over(&*cluster, &env.namespace, (&owner, system::now()), entry).await;
    written.map(drop).map_err(|fault| failed(format!("{} was not ended: {fault}", entry.key), &fault))
}
