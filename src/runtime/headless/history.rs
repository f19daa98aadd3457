//! `shipdeck history`: what happened in the environments, as their documents tell it.

use futures::future::{join_all, try_join_all};
use jiff::{SignedDuration, Timestamp};

use super::locks::places;
use super::shapes::{NoteShape, VERSION, reason, step_word};
use super::{not_read, print, print_json, say, table};
use crate::adapters::system;
use crate::app::history::{concerns, failure, finished, headline, not_followed};
use crate::cli::History;
use crate::domain::catalog::Environment;
use crate::domain::fault::Fault;
use crate::domain::history::{self, Entry, Outcome, What};
use crate::domain::ids::ServiceId;
use crate::domain::lock;
use crate::domain::plan::unknown_service;
use crate::domain::run::document;
use crate::report::Report;
use crate::runtime::compose::Session;
use crate::ui;

mod shape;

/// Reads what every environment keeps, and prints it, the newest first.
pub(in crate::runtime) async fn history(mut session: Session, args: &History) -> Result<(), Report> {
    let since = args.since.as_deref().map(|text| since(text, system::now())).transpose()?;
    let service = args.service.as_ref().map(ServiceId::new);
    let catalog = &session.model.catalog;
    if let Some(stranger) = service.as_ref().filter(|service| catalog.service(service).is_none()) {
        return Err(super::run::refused(&unknown_service(catalog, stranger)));
    }
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    for (env, found) in read(&mut session, args.env.as_deref()).await? {
        match found {
            Ok(found) => entries.extend(found.into_iter().map(|entry| (env.clone(), entry))),
            Err(fault) => faults.push((env, fault)),
        }
    }
    session.executor.end().await;
    let wanted = |entry: &Entry| {
        since.is_none_or(|since| entry.at >= since)
            && service.as_ref().is_none_or(|it| concerns(entry, it, &session.model.catalog))
    };
    entries.retain(|(_, entry)| wanted(entry));
    entries.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.at));
    for (env, fault) in &faults {
        say(&format!("the history of {} could not be read: {fault}\n", env.name));
    }
    if args.json {
        print_json(&shape::history(&entries, &faults))?;
    } else if entries.is_empty() && faults.is_empty() {
        print("nothing has happened yet that is kept\n")?;
    } else {
        print(&table(&entries.iter().map(row).collect::<Vec<_>>()))?;
    }
    match faults.first() {
        Some((env, fault)) if entries.is_empty() => {
            Err(not_read(format!("the history of {} could not be read: {fault}", env.name), fault))
        }
        _ => Ok(()),
    }
}

type Found = (Environment, Result<Vec<Entry>, Fault>);

async fn read(session: &mut Session, env: Option<&str>) -> Result<Vec<Found>, Report> {
    let asked = places(session, env)?.into_iter().map(|(env, cluster)| async move {
        let abouts = [document::ABOUT, lock::DOCUMENT, history::ABOUT];
        let all = try_join_all(abouts.map(|about| cluster.documents(&env.namespace, about))).await;
        let entries = all.map(|all| history::of(all.iter().flatten()));
        (env, entries)
    });
    Ok(join_all(asked).await)
}

/// How it ended and why; of what is no run, why it was done.
fn end(entry: &Entry) -> String {
    let took = finished(entry).map(|(run, end)| ui::pace::of_run(run, end));
    let why = match &entry.what {
        What::Run(it) => failure(&it.run),
        _ => None,
    };
    let end = match (entry.outcome, why, took) {
        (None, ..) => return entry.reason().unwrap_or_default().to_owned(),
        (Some(Outcome::Open), Some(why), _) => format!("not over: {why}"),
        (Some(Outcome::Open), None, _) => "not over".to_owned(),
        (Some(Outcome::Superseded), ..) => "not over, and superseded by later runs".to_owned(),
        (Some(outcome), Some(why), Some(took)) => format!("{}: {why} (after {took})", outcome.as_str()),
        (Some(outcome), None, Some(took)) => format!("{} in {took}", outcome.as_str()),
        (Some(outcome), _, None) => outcome.as_str().to_owned(),
    };
    let end = match left_under_way(entry) {
        Some(left) => format!("{end}; {left}"),
        None => end,
    };
    let end = match taken_up_by(entry) {
        Some(by) => format!("{end}, taken up by {by}"),
        None => end,
    };
    // Of a run: why somebody went on without a part of it.
    match entry.reason() {
        Some(reason) => format!("{end}: {reason}"),
        None => end,
    }
}

/// What nobody has followed to its end, because the run was ended first.
fn left_under_way(entry: &Entry) -> Option<String> {
    let What::Run(it) = &entry.what else { return None };
    not_followed(&it.run)
}

/// Who went on with a run that somebody else had begun.
fn taken_up_by(entry: &Entry) -> Option<&str> {
    let What::Run(it) = &entry.what else { return None };
    it.run.taken_up.last().map(|it| &*it.by)
}

fn row((env, entry): &(Environment, Entry)) -> Vec<String> {
    vec![
        entry.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        env.name.to_string(),
        if entry.by.is_empty() { "?".to_owned() } else { entry.by.to_string() },
        headline(entry),
        end(entry),
    ]
}

/// `7d`, `2h`, or a time.
fn since(text: &str, now: Timestamp) -> Result<Timestamp, Report> {
    let wrong = || Report::usage(format!("{text:?} is no time")).hint("Write 2h, 7d or 2026-12-01T08:00:00Z.");
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let span = days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    let span = span.or_else(|| text.parse().ok()).filter(SignedDuration::is_positive).ok_or_else(wrong)?;
    now.checked_sub(span).map_err(|_error| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_or_a_while_that_lies_behind() {
        let now: Timestamp = "2026-10-07T12:00:00Z".parse().unwrap();
        assert_eq!(since("7d", now).unwrap(), now - SignedDuration::from_hours(7 * 24));
        assert_eq!(since("90m", now).unwrap(), now - SignedDuration::from_mins(90));
        assert_eq!(since("2026-10-01T00:00:00Z", now).unwrap().to_string(), "2026-10-01T00:00:00Z");
        for text in ["", "yesterday", "-2h", "d"] {
            assert_eq!(since(text, now).unwrap_err().exit_code(), Report::USAGE, "{text}");
        }
    }
}
