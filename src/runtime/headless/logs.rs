//! `shipdeck logs`: the log pane without a screen.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::driver::Driver;
use super::run::refused;
use super::{failed, print, print_on, say, shapes};
use crate::app::log_bridge::{Ask, read};
use crate::app::logs::{Entry, LogPane, ReadBack, Reading, containers};
use crate::app::model::Model;
use crate::cli::Logs;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::plan::{PlanError, unknown_service};
use crate::domain::run::StepRun;
use crate::report::Report;
use crate::runtime::compose::Session;

/// For how long nothing may come of logs that are read once.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is read of a pod that made a rollout fail.
const LAST_LINES: usize = 10;

pub(in crate::runtime) async fn logs(session: Session, args: &Logs) -> Result<(), Report> {
    let read_back = read_back(args)?;
    let mut driver = Driver::start(session)?;
    driver.discovered().await?;
    let (env, service) = (EnvId::new(&args.env), ServiceId::new(&args.service));
    if driver.model().catalog.environment(&env).is_none() {
        return Err(refused(&PlanError::unknown_environment(&driver.model().catalog, &env)));
    }
    let Some(workload) = driver.model().catalog.service(&service).map(|service| service.workload.clone()) else {
        return Err(refused(&unknown_service(&driver.model().catalog, &service)));
    };
    driver.current(std::slice::from_ref(&env)).await?;
    let there = driver.model().world.env(&env).is_some_and(|world| world.workload(&workload).is_some());
    if !there {
        return Err(refused(&PlanError::NotThere { service, env, workload }));
    }
    let container = args.container.as_deref().map(Into::into);
    let reading = if args.follow { Reading::Following } else { Reading::Once };
    let ask = Ask { container, previous: args.previous, read_back, reading };
    let effects = read(&mut driver.session.model, env, service, ask);
    known_container(driver.model(), args)?;
    driver.perform(effects);
    if args.follow { follow(&mut driver, args).await } else { once(&mut driver, args).await }
}

fn read_back(args: &Logs) -> Result<ReadBack, Report> {
    let seconds = args.since.as_ref().map(|since| {
        let span: SignedDuration = since.parse().map_err(|_error: jiff::Error| {
            Report::usage(format!("{since:?} is no duration")).hint("Write 30s, 10m or 2h.")
        })?;
        Ok(span.as_secs().unsigned_abs().max(1))
    });
    Ok(match (seconds.transpose()?, args.tail) {
        (Some(seconds), Some(lines)) => ReadBack::Both { seconds, lines },
        (Some(seconds), None) => ReadBack::Seconds(seconds),
        (None, Some(lines)) => ReadBack::Lines(lines),
        (None, None) => ReadBack::Everything,
    })
}

fn known_container(model: &Model, args: &Logs) -> Result<(), Report> {
    let Some(wanted) = &args.container else { return Ok(()) };
    let known = containers(&model.logs, &model.catalog, &model.world);
    if known.iter().any(|name| **name == **wanted) {
        return Ok(());
    }
    let all = known.iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
    Err(Report::usage(format!("{} has no container {wanted}", args.service)).hint(format!("known are: {all}")))
}

/// Prints what there is. A node that does not answer holds nobody up: what has come by then is printed, and it is said
/// what is missing.
async fn once(driver: &mut Driver, args: &Logs) -> Result<(), Report> {
    let (mut news, mut heard) = ((0, usize::MAX), Instant::now());
    driver
        .until(None, |model| {
            let now = (model.logs.ring.end(), model.logs.awaited().len());
            if now != news {
                (news, heard) = (now, Instant::now());
            }
            (model.logs.is_read() || heard.elapsed() >= PATIENCE).then_some(())
        })
        .await?;
    let pane = &driver.model().logs;
    let text: String = pane.ring.iter().filter_map(|(_, entry)| line(pane, entry, args)).collect();
    print(&text)?;
    let awaited = pane.awaited();
    if !awaited.is_empty() {
        let pods = awaited.iter().map(|pod| &**pod).collect::<Vec<_>>().join(", ");
        return Err(Report::unreachable(format!("the log of {pods} did not come: what is printed is not all"))
            .hint("Look at the node: kubectl get pods -o wide."));
    }
    if let Some(trouble) = pane.trouble() {
        return Err(failed(trouble.fault.to_string(), trouble.fault));
    }
    if text.is_empty() {
        say(&nothing(driver.model(), args));
    }
    Ok(())
}

/// Why there is nothing to print.
fn nothing(model: &Model, args: &Logs) -> String {
    let (env, service) = (EnvId::new(&args.env), ServiceId::new(&args.service));
    let pods = model.catalog.service(&service).zip(model.world.env(&env)).map(|(service, world)| {
        let workload = world.workload(&service.workload);
        workload.map_or(0, |workload| world.pods_under(workload).count())
    });
    let evidence = model.board.cell(&service, &env).and_then(|cell| cell.verdict.evidence.as_ref());
    let why = evidence.map_or_else(String::new, |evidence| format!(": {}", evidence.headline));
    let read = model.logs.has_read();
    match (pods.unwrap_or(0), read, args.previous) {
        (0, ..) => format!("{service} has no pods in {env}{why}\n"),
        (_, false, true) => format!("no container of {service} was restarted: there is no log from before\n"),
        (_, false, false) => format!("no container of {service} has started in {env} yet{why}\n"),
        (_, true, _) if args.since.is_some() => format!("{service} has logged nothing in that time\n"),
        (_, true, _) => format!("{service} has logged nothing\n"),
    }
}

/// Prints what comes until interrupted; a reader that has gone away ends it.
async fn follow(driver: &mut Driver, args: &Logs) -> Result<(), Report> {
    driver.session.model.logs.ring.by_arrival = true;
    let mut next = 0;
    driver
        .until(None, |model| {
            let pane = &model.logs;
            let (first, end) = (next.max(pane.ring.first()), pane.ring.end());
            let mut text = String::new();
            for entry in (first..end).filter_map(|number| pane.ring.get(number)) {
                match line(pane, entry, args) {
                    Some(line) => text.push_str(&line),
                    // What happened between the lines is for people.
                    None => say(&format!("── {} {} ──\n", pod(pane, entry), entry.text)),
                }
            }
            next = end;
            match print_on(&text) {
                Ok(true) => None,
                Ok(false) => Some(Ok(())),
                Err(report) => Some(Err(report)),
            }
        })
        .await?
}

fn pod<'a>(pane: &'a LogPane, entry: Entry<'_>) -> &'a str {
    pane.source(entry.source).map_or("", |source| &source.pod)
}

/// One line of output; none for what is no line of the log.
fn line(pane: &LogPane, entry: Entry<'_>, args: &Logs) -> Option<String> {
    if entry.kind.is_mark() {
        return None;
    }
    let source = pane.source(entry.source)?;
    if args.json {
        let shape = shapes::LogLineShape {
            version: shapes::VERSION,
            time: entry.time.map(|time| time.to_string()),
            pod: source.pod.to_string(),
            container: source.container.to_string(),
            text: entry.text.to_owned(),
        };
        return serde_json::to_string(&shape).ok().map(|line| line + "\n");
    }
    let mut head = entry.time.filter(|_| args.timestamps).map(|time| format!("{time} ")).unwrap_or_default();
    head.push_str(&source.pod);
    if pane.container_columns() > 0 {
        head.push_str(&format!("/{}", source.container));
    }
    Some(format!("{head} {}\n", entry.text))
}

/// The last words of the pod that made a step fail, for people. Nothing where there is no such pod or no log.
pub(super) async fn last_words(driver: &mut Driver, step: &StepRun) -> String {
    let evidence = step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref());
    let env = driver.model().runs.last().map(|run| run.plan.env.clone());
    let (Some(pod), Some(env)) = (evidence.and_then(|evidence| evidence.pod.clone()), env) else {
        return String::new();
    };
    for previous in [true, false] {
        let container = Some(pod.container.clone());
        let ask = Ask { container, previous, read_back: ReadBack::Lines(LAST_LINES as u64), reading: Reading::Once };
        let effects = read(&mut driver.session.model, env.clone(), step.service.clone(), ask);
        driver.perform(effects);
        let done = driver.until(Some(Duration::from_secs(5)), |model| model.logs.is_read().then_some(())).await;
        let lines = driver.model().logs.last_lines(&pod.pod, false, LAST_LINES);
        if done.is_ok() && !lines.is_empty() {
            let text: String = lines.iter().map(|line| format!("  {line}\n")).collect();
            return format!("last lines of {}:\n{text}", pod.pod);
        }
    }
    String::new()
}
