//! Why a service cannot be deployed: every cause there is, the first that somebody can do something about first.

use jiff::Timestamp;

use super::model::Model;
use super::{holders, locks, queue, rights, runs, stewards};
use crate::domain::ids::{EnvId, LockId, ServiceId};
use crate::domain::lock::{Act, Bar, LockKind, Passes, bars};
use crate::domain::steward::Ruling;
use crate::domain::verdict::State;
use crate::domain::words;
use crate::domain::world::Freshness;

/// One reason why not, with everything that tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// This session only looks.
    ReadOnly(String),
    /// The user may not: the right that is missing.
    NoRight(String),
    /// What is known of the environment is not current.
    NotCurrent { why: String, remedy: String },
    /// The service does not run there.
    NotThere,
    /// Somebody put a lock in the way.
    Lock(Box<Bar>),
    /// Whether somebody did is not known.
    LocksUnknown(String),
    /// It is described elsewhere, and who keeps it puts it back: why, and what to change instead.
    Described { why: String, remedy: String },
    /// Somebody else is deploying it.
    Held(String),
    /// Somebody else holds it, and whether they are alive is not known yet.
    Unsure(String),
    /// Somebody else holds it and is silent: it can be taken over.
    Silent(String),
    /// Others wait for it and come first.
    InLine(String),
    /// A run of this session is under way there.
    OwnRun(String),
    /// Somebody paused it in the cluster.
    Paused(String),
    /// Something that it needs is not well.
    NeedNotWell(ServiceId),
}

impl Cause {
    /// Every code that there is, in the order in which causes are told.
    pub const CODES: [&'static str; 17] = [
        "read-only",
        "no-right",
        "not-current",
        "not-there",
        "frozen",
        "locked",
        "held",
        "unreadable-lock",
        "locks-unknown",
        "described-elsewhere",
        "being-deployed",
        "holder-unsure",
        "silent-holder",
        "in-line",
        "own-run",
        "paused",
        "need-not-well",
    ];

    /// The word for it that programs may rely on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReadOnly(_) => "read-only",
            Self::NoRight(_) => "no-right",
            Self::NotCurrent { .. } => "not-current",
            Self::NotThere => "not-there",
            Self::Lock(bar) => match bar.lock.lock.as_ref().map(|lock| lock.kind) {
                Ok(LockKind::Freeze) => "frozen",
                Ok(LockKind::Lock) => "locked",
                Ok(LockKind::Hold) => "held",
                Err(_) => "unreadable-lock",
            },
            Self::LocksUnknown(_) => "locks-unknown",
            Self::Described { .. } => "described-elsewhere",
            Self::Held(_) => "being-deployed",
            Self::Unsure(_) => "holder-unsure",
            Self::Silent(_) => "silent-holder",
            Self::InLine(_) => "in-line",
            Self::OwnRun(_) => "own-run",
            Self::Paused(_) => "paused",
            Self::NeedNotWell(_) => "need-not-well",
        }
    }

    /// What is in the way.
    pub fn headline(&self) -> String {
        match self {
            Self::ReadOnly(why) => format!("this session only looks: {why}"),
            Self::NoRight(fault) => format!("you may not: {fault}"),
            Self::NotCurrent { why, .. } => format!("what is known is not current: {why}"),
            Self::NotThere => "it does not run there".to_owned(),
            Self::Lock(bar) => bar.lock.headline(),
            Self::LocksUnknown(why) => format!("whether it is frozen is not known: {why}"),
            Self::Described { why, .. } => format!("it {why}"),
            Self::Held(who) => format!("it is being deployed by {who}"),
            Self::Unsure(who) | Self::Silent(who) => format!("it is held by {who}"),
            Self::InLine(line) => line.clone(),
            Self::OwnRun(run) => format!("the {run} is under way"),
            Self::Paused(_) => "somebody paused it in the cluster".to_owned(),
            Self::NeedNotWell(service) => format!("{service}, which it needs, is not well there"),
        }
    }

    /// Who can clear it, and how.
    pub fn clears(&self) -> String {
        match self {
            Self::ReadOnly(_) => "start shipdeck without it".to_owned(),
            Self::NoRight(_) => "a cluster administrator gives the right that is named".to_owned(),
            Self::LocksUnknown(_) => {
                "shipdeck keeps trying; check the network, and that you are logged in".to_owned()
            }
            Self::NotThere => "create it there first; shipdeck changes images of what exists".to_owned(),
            Self::Lock(bar) => bar.lock.clears(),
            Self::NotCurrent { remedy, .. } | Self::Described { remedy, .. } => remedy.clone(),
            Self::Held(_) => "wait until they are done; --wait-for-lock does, in line with others".to_owned(),
            Self::Unsure(_) => {
                "whether they are alive is known within 30 s; --wait-for-lock waits for them, or takes over if they are not"
                    .to_owned()
            }
            Self::Silent(_) => "take it over: a deploy asks, --wait-for-lock does".to_owned(),
            Self::InLine(_) => "wait in line: --wait-for-lock does, and a plan in the cockpit offers it".to_owned(),
            Self::OwnRun(_) => "let it finish, or abort it".to_owned(),
            Self::Paused(workload) => format!("whoever paused it resumes it: kubectl rollout resume {workload}"),
            Self::NeedNotWell(service) => format!("bring {service} in order, or deploy it along"),
        }
    }

    /// When it opens by itself, where a clock says that.
    pub fn opens_at(&self) -> Option<Timestamp> {
        if let Self::Lock(bar) = self { bar.opens_at } else { None }
    }

    pub fn lock(&self) -> Option<&LockId> {
        if let Self::Lock(bar) = self { Some(&bar.lock.id) } else { None }
    }
}

/// Everything that stands in the way of deploying the service, in the order of [`Cause::CODES`].
pub fn causes(model: &Model, env: &EnvId, service: &ServiceId) -> Vec<Cause> {
    let mut found = Vec::new();
    found.extend(model.session.read_only.clone().map(Cause::ReadOnly));
    let missing = rights::missing_of(model, env, [service]);
    found.extend(missing.map(|(_, fault)| Cause::NoRight(fault.to_string())));
    found.extend(not_current(model, env, service));
    let cell = model.board.cell(service, env);
    if cell.is_some_and(|cell| cell.verdict.state == State::Absent) {
        found.push(Cause::NotThere);
    }
    let attempt = locks::attempt(model, env, (service, None), Act::Forward, Passes::default());
    let barred = bars(locks::posted(model, env), &attempt, model.session.now);
    found.extend(barred.into_iter().map(Box::new).map(Cause::Lock));
    if let locks::Known::Lost(why) = locks::known(model, env) {
        found.push(Cause::LocksUnknown(why));
    }
    if let Some(Ruling::ThroughSource { why, remedy, .. }) =
        stewards::of(model, service, env).and_then(|it| it.ruling())
    {
        found.push(Cause::Described { why, remedy });
    }
    if let Some(holder) = holders::of(model, service, env) {
        let told = format!("{}, {}", holder.by, holders::alive(&holder, model.session.now));
        found.push(match holder {
            holders::Holder { silent: true, .. } => Cause::Silent(told),
            holders::Holder { seen_alive: true, .. } => Cause::Held(told),
            _ => Cause::Unsure(told),
        });
    }
    let line: Vec<_> = queue::of(model, service, env).into_iter().filter(|it| !it.ours).collect();
    found.extend((!line.is_empty()).then(|| Cause::InLine(queue::told(&line))));
    let here = model.runs.iter().find(|run| run.plan.env == *env && !run.state.is_over());
    found.extend(here.map(|run| Cause::OwnRun(runs::name(&run.plan))));
    found.extend(held_up(model, env, service));
    // Stable: locks stay in the order in which they open.
    found.sort_by_key(|cause| Cause::CODES.iter().position(|code| *code == cause.code()));
    found
}

fn held_up(model: &Model, env: &EnvId, service: &ServiceId) -> Vec<Cause> {
    let Some(known) = model.catalog.service(service) else { return Vec::new() };
    let state = |service: &ServiceId| model.board.cell(service, env).map(|cell| cell.verdict.state);
    let mut found = Vec::new();
    let workload = model.world.env(env).and_then(|world| world.workload(&known.workload));
    if workload.is_some_and(|workload| workload.paused) {
        found.push(Cause::Paused(known.workload.to_string()));
    }
    let unwell = |need: &&ServiceId| matches!(state(need), Some(State::Failed | State::Absent));
    found.extend(known.needs.iter().filter(unwell).cloned().map(Cause::NeedNotWell));
    found
}

fn not_current(model: &Model, env: &EnvId, service: &ServiceId) -> Option<Cause> {
    let world = model.world.env(env)?;
    let hidden = model.catalog.service(service).and_then(|it| world.denied(it.workload.kind));
    let (why, remedy) = match (hidden, world.freshness()) {
        (Some(fault), _) => (fault.to_string(), fault.advice()),
        (None, Freshness::Live) => return None,
        (None, Freshness::Reading { .. }) => ("it is still being read".to_owned(), "Wait a moment."),
        (None, Freshness::Stale { fault, .. } | Freshness::Denied { fault, .. }) => (fault.to_string(), fault.advice()),
    };
    Some(Cause::NotCurrent { why, remedy: words::clause(remedy) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::{Msg, Outcome};
    use crate::app::testkit::Cockpit;
    use crate::domain::fault::{Fault, FaultKind};
    use crate::domain::fixtures::{document, later, lease};
    use crate::domain::observed::{Change, Kind, Object, WorkloadKind};
    use crate::domain::rights::Need;

    /// What is said of a service of staging after this was done.
    fn told(service: &str, does: impl FnOnce(&mut Cockpit)) -> Vec<Cause> {
        let mut cockpit = Cockpit::demo();
        cockpit.model.session.identity = "me@here/1/x".into();
        does(&mut cockpit);
        let found = causes(&cockpit.model, &EnvId::new("staging"), &ServiceId::new(service));
        assert!(found.iter().all(|cause| Cause::CODES.contains(&cause.code()) && !cause.clears().is_empty()));
        found
    }

    fn codes(service: &str, does: impl FnOnce(&mut Cockpit)) -> Vec<&'static str> {
        told(service, does).iter().map(Cause::code).collect()
    }

    fn happens(cockpit: &mut Cockpit, change: Change) {
        cockpit.send(Msg::Fact { env: EnvId::new("staging"), change });
    }

    /// Ana's lease, at this version.
    fn holds(cockpit: &mut Cockpit, version: &str) {
        let mut lease = lease("shipdeck-auth", "ana@mac/7/y");
        lease.meta.resource_version = version.into();
        happens(cockpit, Change::Upsert(Object::Lease(Box::new(lease))));
    }

    fn posts(cockpit: &mut Cockpit, id: &str, more: &[(&str, &str)]) {
        let mut texts = vec![("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "ana@mac")];
        texts.extend(more);
        happens(cockpit, Change::Upsert(Object::Document(Box::new(document(id, &texts)))));
    }

    #[test]
    fn nothing_is_in_the_way_of_a_service_that_is_well() {
        assert!(codes("auth", |_| {}).is_empty());
    }

    #[test]
    fn read_only() {
        assert_eq!(codes("auth", |it| it.model.session.read_only = Some("--read-only".into())), ["read-only"]);
    }

    #[test]
    fn no_right() {
        let refused = |it: &mut Cockpit| {
            let result = Err(Fault::new(FaultKind::Forbidden, "no right to patch deployments in namespace shop"));
            it.done(Outcome::Rights {
                env: EnvId::new("staging"),
                need: Need::Change(WorkloadKind::Deployment),
                result,
            });
        };
        assert_eq!(codes("auth", refused), ["no-right"]);
    }

    #[test]
    fn not_current() {
        let lost = |it: &mut Cockpit| {
            happens(it, Change::Lost(Kind::Pod, Fault::new(FaultKind::Unreachable, "no route")));
        };
        assert_eq!(codes("auth", lost), ["not-current"]);
    }

    #[test]
    fn not_there() {
        let gone = |it: &mut Cockpit| {
            let kind = Kind::Workload(WorkloadKind::Deployment);
            let workload = it.model.catalog.service(&ServiceId::new("auth")).unwrap().workload.clone();
            let uid = it.model.world.env(&EnvId::new("staging")).unwrap().workload(&workload).unwrap().meta.uid.clone();
            happens(it, Change::Delete { kind, name: "auth".into(), uid });
        };
        assert_eq!(codes("auth", gone), ["not-there"]);
        assert_eq!(codes("cart", gone), ["need-not-well"]);
    }

    #[test]
    fn frozen_locked_and_held_with_who_and_when() {
        for (kind, code) in [("freeze", "frozen"), ("lock", "locked"), ("hold", "held")] {
            // Tests begin an hour later.
            let end = later(7_200);
            let found = told("auth", |it| posts(it, "a1", &[("kind", kind), ("until", &end.to_string())]));
            assert_eq!(found[0].code(), code);
            assert_eq!(found[0].opens_at(), Some(end));
            assert!(found[0].headline().ends_with("by ana@mac: audit"), "{}", found[0].headline());
            assert!(found[0].clears().contains("shipdeck unlock a1"), "{}", found[0].clears());
        }
    }

    #[test]
    fn a_lock_that_cannot_be_read_is_never_taken_for_none() {
        let found = told("auth", |it| posts(it, "a1", &[("format", "9")]));
        assert_eq!(found[0].code(), "unreadable-lock");
        assert!(found[0].headline().contains("newer version"), "{}", found[0].headline());
    }

    #[test]
    fn locks_unknown() {
        let lost = |it: &mut Cockpit| {
            happens(it, Change::Lost(Kind::Document, Fault::new(FaultKind::Throttled, "busy")));
        };
        assert_eq!(codes("auth", lost), ["locks-unknown"]);
    }

    #[test]
    fn described_elsewhere() {
        use crate::domain::steward::{Practice, Steward, Sync};
        let auth = || ServiceId::new("auth");
        let kept = |it: &mut Cockpit, sync: Sync| {
            let workload = it.model.catalog.service(&auth()).unwrap().workload.clone();
            let mut found = it.model.world.env(&EnvId::new("staging")).unwrap().workload(&workload).unwrap().clone();
            found.steward = Some(Box::new(Steward::Argo { app: Some("web".into()), namespace: None, tracked: true }));
            happens(it, Change::Upsert(Object::Workload(Box::new(found))));
            let practice = Practice { sync, ..Practice::by_hand() };
            it.model.session.practices.insert((EnvId::new("staging"), auth()), Some(practice));
        };
        let found = told("auth", |it| kept(it, Sync::Heals));
        assert_eq!(found[0].code(), "described-elsewhere");
        assert!(found[0].headline().starts_with("it is kept by Argo CD"), "{}", found[0].headline());
        assert!(found[0].clears().starts_with("Change the image in"), "{}", found[0].clears());
        assert!(codes("auth", |it| kept(it, Sync::ByHand)).is_empty());
    }

    #[test]
    fn being_deployed_and_then_silent() {
        let first_seen = |it: &mut Cockpit| holds(it, "1");
        assert_eq!(codes("auth", first_seen), ["holder-unsure"], "one look does not tell whether they are alive");
        let held = |it: &mut Cockpit| {
            first_seen(it);
            holds(it, "2");
        };
        assert_eq!(codes("auth", held), ["being-deployed"]);
        let silent = |it: &mut Cockpit| {
            held(it);
            it.wait(31);
        };
        assert_eq!(codes("auth", silent), ["silent-holder"]);
    }

    #[test]
    fn own_run() {
        let running = |it: &mut Cockpit| {
            it.model.home.service = Some(ServiceId::new("auth"));
            it.model.home.env = Some(EnvId::new("staging"));
            it.press("dv9<enter><enter>");
        };
        assert_eq!(codes("cart", running), ["own-run"]);
    }

    #[test]
    fn paused() {
        let paused = |it: &mut Cockpit| {
            let workload = it.model.catalog.service(&ServiceId::new("auth")).unwrap().workload.clone();
            let mut found = it.model.world.env(&EnvId::new("staging")).unwrap().workload(&workload).unwrap().clone();
            found.paused = true;
            happens(it, Change::Upsert(Object::Workload(Box::new(found))));
        };
        assert_eq!(codes("auth", paused), ["paused"]);
    }

    #[test]
    fn what_opens_soonest_comes_first_and_locks_come_before_who_deploys() {
        let all = |it: &mut Cockpit| {
            posts(it, "a1", &[]);
            posts(it, "b2", &[("until", &later(9_000).to_string())]);
            holds(it, "1");
            holds(it, "2");
        };
        let found = told("auth", all);
        let ids: Vec<_> = found.iter().filter_map(Cause::lock).map(LockId::as_str).collect();
        assert_eq!(ids, ["b2", "a1"]);
        assert_eq!(found[2].code(), "being-deployed");
    }
}
