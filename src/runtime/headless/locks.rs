//! `shipdeck lock`, `freeze`, `unlock` and `locks`: what people put in the way of changes, and take away again.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::deploy::group_named;
use super::run::refused;
use super::{failed, not_read, print, print_json, say, shapes, table};
use crate::adapters::system;
use crate::app::locks::covered;
use crate::cli::{Locks, Placing, Unlock};
use crate::domain::catalog::{Catalog, Environment};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::lock::{Force, Lock, LockKind, Opens, Posted, Release};
use crate::domain::plan::{PlanError, unknown_service};
use crate::domain::text::clean;
use crate::ports::cluster::Cluster;
use crate::report::Report;
use crate::runtime::compose::Session;
use crate::runtime::{force, locks};

/// `shipdeck lock` and `shipdeck freeze`.
pub(in crate::runtime) async fn place(mut session: Session, args: &Placing, kind: LockKind) -> Result<(), Report> {
    writable(&session)?;
    let (env, cluster) = place_of(&mut session, &args.env)?;
    let lock = lock(&session, args, kind)?;
    let posted = locks::place(&*cluster, &env.namespace, &lock).await;
    let posted = posted.map_err(|fault| failed(format!("{} is not {}: {fault}", env.name, kind.done()), &fault))?;
    let workloads = covered(&session.model.catalog, &lock);
    let force = force::impose(&*cluster, &env.namespace, &posted, &workloads).await;
    if args.json {
        return print_json(&shapes::lock(&env.name, &posted, &force, system::now()));
    }
    print(&format!("{} {}: {}\n", env.name, kind.done(), posted.id))?;
    say(&format!("{}\n{}\n", posted.clears(), force.told()));
    Ok(())
}

fn lock(session: &Session, args: &Placing, kind: LockKind) -> Result<Lock, Report> {
    let reason = clean(args.reason.trim()).into_owned();
    if reason.is_empty() {
        return Err(Report::usage("a reason is needed: others read it"));
    }
    let services: Vec<ServiceId> = args.services.iter().map(ServiceId::new).collect();
    let catalog = &session.model.catalog;
    if let Some(stranger) = services.iter().find(|service| catalog.service(service).is_none()) {
        return Err(refused(&unknown_service(catalog, stranger)));
    }
    let groups = args.group.iter().map(|name| group_named(catalog, name).map(|group| group.name.clone()));
    let groups = groups.collect::<Result<Vec<_>, _>>()?;
    let usage = |error: &dyn std::fmt::Display| Report::usage(error.to_string());
    let opens = match (&args.until, &args.until_condition) {
        (Some(time), _) => Opens::At(until(time, system::now())?),
        (None, Some(condition)) => condition.parse().map_err(|error| usage(&error))?,
        (None, None) => Opens::Released,
    };
    Ok(Lock {
        kind,
        reason: reason.into(),
        author: session.model.session.person(),
        services: services.into_iter().collect(),
        groups: groups.into_iter().collect(),
        images: std::collections::BTreeMap::new(),
        opens,
        window: args.window.as_deref().map(str::parse).transpose().map_err(|error| usage(&error))?,
        hard: args.hard,
        hotfixes: args.allow_hotfix,
    })
}

/// `2026-12-01T08:00:00Z`, `2026-12-01 08:00` by the clock of this machine, or `2h` from now.
fn until(text: &str, now: Timestamp) -> Result<Timestamp, Report> {
    let by_clock = |text: &str| {
        let time: DateTime = text.parse().ok()?;
        TimeZone::system().to_ambiguous_timestamp(time).compatible().ok()
    };
    let end = text.parse().ok();
    let end = end.or_else(|| text.parse::<SignedDuration>().ok().and_then(|time| now.checked_add(time).ok()));
    let end = end.or_else(|| by_clock(text)).ok_or_else(|| {
        Report::usage(format!("{text:?} is no time")).hint("Write 2h, \"2026-12-01 08:00\" or 2026-12-01T08:00:00Z.")
    })?;
    if end <= now {
        return Err(Report::usage(format!("{text} is over already")));
    }
    Ok(end)
}

fn writable(session: &Session) -> Result<(), Report> {
    session.model.session.read_only.as_ref().map_or(Ok(()), |why| Err(Report::refused(format!("read-only: {why}"))))
}

/// An environment and where it is.
type Place = (Environment, Arc<dyn Cluster>);

fn place_of(session: &mut Session, env: &str) -> Result<Place, Report> {
    let id = EnvId::new(env);
    let found = session.model.catalog.environment(&id).cloned();
    let env = found.ok_or_else(|| refused(&PlanError::unknown_environment(&session.model.catalog, &id)))?;
    let cluster = session.executor.cluster(&env.cluster);
    Ok((env, cluster))
}

/// The environments that are meant: the one named, else all.
pub(super) fn places(session: &mut Session, env: Option<&str>) -> Result<Vec<Place>, Report> {
    let names: Vec<String> = match env {
        Some(env) => vec![env.to_owned()],
        None => session.model.catalog.environments.iter().map(|env| env.name.to_string()).collect(),
    };
    names.iter().map(|name| place_of(session, name)).collect()
}

/// `shipdeck unlock`.
pub(in crate::runtime) async fn unlock(mut session: Session, args: &Unlock) -> Result<(), Report> {
    writable(&session)?;
    let me = session.model.session.person();
    let mut unread = None;
    for (env, cluster) in places(&mut session, args.env.as_deref())? {
        let posted = match locks::posted(&*cluster, &env.namespace).await {
            Ok(posted) => posted,
            Err(fault) => {
                unread = Some(not_read(format!("the locks of {} could not be read: {fault}", env.name), &fault));
                continue;
            }
        };
        let Some(found) = posted.iter().find(|posted| posted.id.as_str() == args.id) else { continue };
        if let Ok(lock) = &found.lock
            && !lock.may_be_released_by(&me)
            && args.over.is_none()
        {
            return Err(Report::refused(format!("only {} releases it: {}", lock.author, lock.reason))
                .hint("To release it all the same, say why: --override REASON."));
        }
        let why = args.over.as_deref().map(|why| clean(why).as_ref().into());
        let release = Release { at: system::now(), by: Arc::clone(&me), why };
        let released = locks::release(&*cluster, &env.namespace, found, &release).await;
        released.map_err(|fault| failed(format!("{} was not released: {fault}", found.id), &fault))?;
        return print(&format!("released in {}: {}\n", env.name, found.headline()));
    }
    Err(unread.unwrap_or_else(|| {
        Report::refused(format!("there is no lock {}", args.id)).hint("shipdeck locks lists what stands.")
    }))
}

/// `shipdeck locks`.
pub(in crate::runtime) async fn locks(mut session: Session, args: &Locks) -> Result<(), Report> {
    let now = system::now();
    let mut found: Vec<(EnvId, Posted, Force)> = Vec::new();
    let mut unread = None;
    for (env, cluster) in places(&mut session, args.env.as_deref())? {
        match locks::posted(&*cluster, &env.namespace).await {
            Ok(posted) => {
                let forces = forces(&session.model.catalog, &*cluster, &env.namespace, &posted).await;
                let both = posted.into_iter().zip(forces);
                found.extend(both.map(|(posted, force)| (env.name.clone(), posted, force)));
            }
            // A namespace without rights to config maps is told and hides no other.
            Err(fault) => {
                let report = not_read(format!("the locks of {} could not be read: {fault}", env.name), &fault);
                let worse = fault.kind != FaultKind::Forbidden || unread.is_none();
                say(&format!("{report}\n"));
                unread = if worse { Some(report) } else { unread };
            }
        }
    }
    if args.json {
        let locks = found.iter().map(|(env, posted, force)| shapes::lock(env, posted, force, now)).collect();
        print_json(&shapes::LocksShape { version: shapes::VERSION, locks })?;
    } else if found.is_empty() {
        print("nothing is locked\n")?;
    } else {
        print(&table(&found.iter().flat_map(|(env, posted, force)| rows(env, posted, force)).collect::<Vec<_>>()))?;
    }
    unread.map_or(Ok(()), Err)
}

/// Whether each of them holds for every tool, all tried at once.
async fn forces(catalog: &Catalog, cluster: &dyn Cluster, namespace: &str, all: &[Posted]) -> Vec<Force> {
    let tried = all.iter().map(async |posted| {
        let workloads = posted.lock.as_ref().map(|lock| covered(catalog, lock)).unwrap_or_default();
        force::of(cluster, namespace, posted, &workloads).await
    });
    futures::future::join_all(tried).await
}

fn rows(env: &EnvId, posted: &Posted, force: &Force) -> Vec<Vec<String>> {
    let covers = posted.lock.as_ref().ok().and_then(Lock::covered).unwrap_or_else(|| "everything".to_owned());
    let mut rows = vec![vec![
        posted.id.to_string(),
        env.to_string(),
        covers,
        format!("{}; {}", posted.headline(), posted.clears()),
    ]];
    rows.push(vec![String::new(), String::new(), String::new(), force.told()]);
    let over = |it: &crate::domain::lock::Override| {
        let told = format!("overridden by {} at {} for the {}: {}", it.by, it.at, it.what, it.reason);
        vec![String::new(), String::new(), String::new(), told]
    };
    rows.extend(posted.overrides.iter().map(over));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_or_a_while_and_lies_ahead() {
        let now: Timestamp = "2026-10-07T12:00:00Z".parse().unwrap();
        assert_eq!(until("2h", now).unwrap(), now + SignedDuration::from_hours(2));
        assert_eq!(until("2026-10-07T12:30:00Z", now).unwrap(), now + SignedDuration::from_mins(30));
        assert!(until("2030-01-01 08:00", now).unwrap() > now);
        for text in ["soon", "", "2026-10-07T11:00:00Z", "-2h"] {
            assert_eq!(until(text, now).unwrap_err().exit_code(), Report::USAGE, "{text}");
        }
    }
}
