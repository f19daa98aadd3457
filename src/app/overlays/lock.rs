//! Locks by hand: freezing for a reason and until an end, releasing by id, and going on in spite of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::actions::Action;
use crate::app::effect::{Effect, LockChange};
use crate::app::input::LineInput;
use crate::app::locks::{self, Barred};
use crate::app::model::{Answer, Confirm, Confirmed, Model, Overlay, Picker, PickerPurpose};
use crate::app::{journal, runs, screens};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{EnvId, LockId, ServiceId};
use crate::domain::lease::Patience;
use crate::domain::lock::{Force, Lock, LockKind, Opens, Override, Posted, Release};
use crate::domain::rights::Need;
use crate::domain::text::clean;
use crate::domain::verdict::State;
use crate::domain::words;

/// Does what concerns locks.
pub fn act(model: &mut Model, action: Action) {
    match action {
        Action::Freeze => ask_freeze(model),
        Action::Unlock => pick(model),
        _ => screens::home::why(model),
    }
}

/// Asks why the environment, or its marked services, are to be frozen.
fn ask_freeze(model: &mut Model) {
    let Some(env) = model.home.env.clone() else { return };
    let services = model.home.marks.clone();
    let lines = vec![
        format!("Nothing new goes out to {} until it is released.", covered(&env, &services)),
        "Roll backs pass. Whoever is refused reads the reason.".to_owned(),
    ];
    model.session.rights.want(&env, Need::Share);
    ask(model, format!("Freeze {env}"), lines, ("Why?", Answer::Reason), Confirmed::Freeze { env, services });
}

fn covered(env: &EnvId, services: &BTreeSet<ServiceId>) -> String {
    if services.is_empty() {
        return env.to_string();
    }
    let names: Vec<&str> = services.iter().map(ServiceId::as_str).collect();
    format!("{} in {env}", names.join(", "))
}

fn ask(model: &mut Model, title: String, lines: Vec<String>, (question, answer): (&str, Answer), then: Confirmed) {
    model.overlays.push(Overlay::Confirm(Confirm {
        title,
        lines,
        question: question.to_owned(),
        word: Some(answer),
        typed: LineInput::default(),
        then,
        scroll: 0,
    }));
}

/// The reason is given: asks until when.
pub fn ask_until(model: &mut Model, env: EnvId, services: BTreeSet<ServiceId>, reason: Arc<str>) {
    let lines = vec![
        format!("{}: {reason}", covered(&env, &services)),
        "Nothing typed: until somebody releases it. 2h, or a time as 2026-12-01T08:00:00Z.".to_owned(),
        "Or \"group NAME is in ENVIRONMENT\", or \"its author releases it\".".to_owned(),
    ];
    let title = format!("Freeze {env}");
    let then = Confirmed::FreezeUntil { env, services, reason };
    ask(model, title, lines, ("Until when?", Answer::End), then);
}

/// Places the freeze.
pub fn freeze(
    model: &mut Model,
    env: EnvId,
    services: BTreeSet<ServiceId>,
    reason: Arc<str>,
    until: &str,
) -> Vec<Effect> {
    let Ok(opens) = Opens::read(until, model.session.now) else { return Vec::new() };
    let lock = Lock {
        kind: LockKind::Freeze,
        reason,
        author: model.session.person(),
        services,
        groups: BTreeSet::new(),
        images: BTreeMap::new(),
        opens,
        window: None,
        hard: false,
        hotfixes: false,
    };
    let workloads = locks::covered(&model.catalog, &lock);
    change(model, env, LockChange::Place(Box::new(lock), workloads))
}

/// Shows what can be released in the environment.
fn pick(model: &mut Model) {
    let Some(env) = &model.home.env else { return };
    let items = locks::posted(model, env).map(|posted| format!("{}  {}", posted.id, posted.headline())).collect();
    model.overlays.push(Overlay::Picker(Picker {
        title: format!("Release in {env}"),
        items,
        chosen: BTreeSet::new(),
        selected: 0,
        purpose: PickerPurpose::Unlock,
    }));
}

/// Asks before the lock at this place of the list is released.
pub fn ask_release(model: &mut Model, index: usize) {
    let Some(env) = model.home.env.clone() else { return };
    let Some(posted) = locks::posted(model, &env).nth(index).cloned() else { return };
    let others = posted.lock.as_ref().ok().filter(|lock| !lock.may_be_released_by(&model.session.person()));
    let mut lines = vec![posted.headline()];
    let word = others.map(|_| Answer::Reason);
    lines.extend(others.map(|lock| format!("Only {} is to release it. Say why you do; it is kept.", lock.author)));
    model.session.rights.want(&env, Need::Share);
    model.overlays.push(Overlay::Confirm(Confirm {
        title: format!("Release {} in {env}", posted.id),
        lines,
        question: if word.is_some() { "Why?".to_owned() } else { "Release it?".to_owned() },
        word,
        typed: LineInput::default(),
        then: Confirmed::Unlock { env, id: posted.id },
        scroll: 0,
    }));
}

/// Releases a lock as it stands now.
pub fn release(model: &mut Model, env: EnvId, id: &LockId, why: &str) -> Vec<Effect> {
    let Some(posted) = locks::posted(model, &env).find(|posted| posted.id == *id).cloned() else { return Vec::new() };
    let release =
        Release { at: model.session.now, by: model.session.person(), why: (!why.is_empty()).then(|| why.into()) };
    change(model, env, LockChange::Release(Box::new(posted), release))
}

/// Asks why the plan is to go on in spite of what bars it.
pub fn ask_override(model: &mut Model, env: &EnvId, barred: &[Barred]) {
    let mut lines: Vec<String> =
        barred.iter().flat_map(|it| [it.bar.lock.headline(), format!("  {}", it.clears())]).collect();
    let release = model.keymap.hint(Action::Unlock);
    lines.push(format!("Back at home, {release} releases it. To go on in spite of it, say why: that is recorded."));
    model.session.rights.want(env, Need::Share);
    ask(model, format!("{env} is barred"), lines, ("Why in spite of it?", Answer::Reason), Confirmed::Override);
}

/// Records the reason on every lock that bars the plan on top; the plan begins when that is done.
pub fn record(model: &mut Model, reason: &str) -> Vec<Effect> {
    let Some(Overlay::Plan(review)) = model.overlays.last() else { return Vec::new() };
    let env = review.plan.env.clone();
    let posted: Vec<Posted> = locks::of_plan(model, &review.plan).into_iter().map(|it| it.bar.lock).collect();
    let new = Override {
        at: model.session.now,
        by: model.session.person(),
        what: runs::name(&review.plan).into(),
        reason: clean(reason).as_ref().into(),
    };
    change(model, env, LockChange::Override(posted, new))
}

fn change(model: &Model, env: EnvId, change: LockChange) -> Vec<Effect> {
    let Some(found) = model.catalog.environment(&env) else { return Vec::new() };
    let (cluster, namespace) = (found.cluster.clone(), found.namespace.clone());
    vec![Effect::ChangeLock { env, cluster, namespace, change }]
}

/// Takes a question back that nobody here has the right to answer.
pub fn withdraw(model: &mut Model, fault: &Fault) {
    let asks = |then: &Confirmed| {
        matches!(
            then,
            Confirmed::Freeze { .. } | Confirmed::FreezeUntil { .. } | Confirmed::Unlock { .. } | Confirmed::Override
        )
    };
    if fault.kind == FaultKind::Forbidden
        && matches!(model.overlays.last(), Some(Overlay::Confirm(confirm)) if asks(&confirm.then))
    {
        model.overlays.pop();
        journal::notice(model, State::Blocked, fault.to_string(), fault.advice());
    }
}

/// Takes in what became of a change.
pub fn answered(
    model: &mut Model,
    env: &EnvId,
    change: LockChange,
    result: Result<Option<Force>, Fault>,
) -> Vec<Effect> {
    let what = match &change {
        LockChange::Place(lock, _) if !lock.images.is_empty() => format!("{env}: not deployed again: {}", lock.reason),
        LockChange::Place(lock, _) => {
            let are = words::are(lock.services.len().max(1));
            format!("{} {are} {}", covered(env, &lock.services), lock.kind.done())
        }
        LockChange::Release(posted, _) => format!("{env}: released: {}", posted.headline()),
        LockChange::Lift(posted, _) => {
            let condition = posted.lock.as_ref().ok().and_then(Lock::condition).unwrap_or_default();
            format!("{env}: open again, {condition}: {}", posted.headline())
        }
        LockChange::Override(_, new) => format!("{env}: the reason is recorded: {}", new.reason),
    };
    match result {
        // Somebody else wrote it down, or has to: it bars nothing here either way.
        Err(_) if matches!(change, LockChange::Lift(..)) => return Vec::new(),
        Ok(force) => journal::notice(model, State::Done, what, force.map(|it| it.told()).unwrap_or_default()),
        Err(fault) => {
            journal::notice(model, State::Failed, format!("not done: {what}: {fault}"), fault.advice());
            return Vec::new();
        }
    }
    if let (LockChange::Override(posted, _), Some(Overlay::Plan(review))) = (change, model.overlays.last_mut())
        && review.plan.env == *env
    {
        review.plan.passes.overridden.extend(posted.into_iter().map(|it| it.id));
        return super::plan::confirm(model, Patience::None);
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::{Msg, Outcome};
    use crate::app::testkit::Cockpit;
    use crate::domain::fixtures::document;
    use crate::domain::observed::{Change, Object};

    fn staging() -> EnvId {
        EnvId::new("staging")
    }

    fn frozen() -> Cockpit {
        let mut cockpit = Cockpit::of_ana();
        let texts = [("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "petra@pc")];
        let change = Change::Upsert(Object::Document(Box::new(document("a1", &texts))));
        cockpit.send(Msg::Fact { env: staging(), change });
        cockpit
    }

    fn asked(cockpit: &Cockpit) -> Option<LockChange> {
        cockpit.effects.iter().find_map(|effect| match effect {
            Effect::ChangeLock { change, .. } => Some(change.clone()),
            _ => None,
        })
    }

    fn done(cockpit: &mut Cockpit, result: Result<Option<Force>, Fault>) {
        let change = asked(cockpit).expect("a change was asked for");
        cockpit.done(Outcome::LockChanged { env: staging(), change, result });
    }

    #[test]
    fn a_freeze_wants_a_reason_and_may_have_an_end() {
        let mut cockpit = Cockpit::of_ana();
        let refused = |cockpit: &Cockpit| match cockpit.overlay() {
            Some(Overlay::Confirm(confirm)) => confirm.typed.refused().map(str::to_owned).unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        cockpit.press("F<enter>");
        assert_eq!(refused(&cockpit), "a reason is needed: type why, others read it");
        cockpit.press("audit<enter>soon<enter>");
        assert!(asked(&cockpit).is_none());
        assert_eq!(refused(&cockpit), "\"soon\" is no end: type 2h, a time, a condition as above, or nothing");
        cockpit.press("<backspace><backspace><backspace><backspace>2h<enter>");
        let Some(LockChange::Place(lock, _)) = asked(&cockpit) else { panic!("a freeze") };
        assert_eq!((&*lock.reason, &*lock.author), ("audit", "ana@mac"));
        assert_eq!(lock.opens, Opens::At(cockpit.now + jiff::SignedDuration::from_hours(2)));
        assert!(lock.services.is_empty());
        done(&mut cockpit, Ok(Some(Force::Enforced)));
        assert_eq!(cockpit.notice(), "staging is frozen");
        let detail = cockpit.model.journal.notices.last().map(|notice| notice.detail.clone());
        assert_eq!(detail.as_deref(), Some("enforced: the cluster refuses it to every tool"));
    }

    #[test]
    fn marked_services_alone_are_frozen() {
        let mut cockpit = Cockpit::of_ana();
        cockpit.press(" Faudit<enter><enter>");
        let Some(LockChange::Place(lock, _)) = asked(&cockpit) else { panic!("a freeze") };
        assert_eq!((lock.services.len(), &lock.opens), (1, &Opens::Released));
        done(&mut cockpit, Ok(None));
        assert_eq!(cockpit.notice(), "auth in staging is frozen");
        let mut cockpit = Cockpit::of_ana();
        cockpit.press("  Faudit<enter><enter>");
        done(&mut cockpit, Ok(None));
        assert_eq!(cockpit.notice(), "auth, cart in staging are frozen");
    }

    #[test]
    fn a_barred_plan_begins_only_once_the_reason_is_recorded() {
        let mut cockpit = frozen();
        cockpit.press("dv9<enter><enter>");
        assert!(cockpit.written().is_empty());
        assert!(matches!(cockpit.overlay(), Some(Overlay::Confirm(it)) if it.then == Confirmed::Override));
        cockpit.press("the fix<enter>");
        let Some(LockChange::Override(posted, new)) = asked(&cockpit) else { panic!("an override") };
        assert_eq!((posted[0].id.as_str(), &*new.reason, &*new.what), ("a1", "the fix", "deploy of auth to staging"));
        assert!(cockpit.written().is_empty(), "not before it is recorded");
        done(&mut cockpit, Ok(None));
        assert_eq!(cockpit.written(), ["auth r/auth:v9"]);
    }

    #[test]
    fn what_cannot_be_recorded_is_not_overridden() {
        let mut cockpit = frozen();
        cockpit.press("dv9<enter><enter>the fix<enter>");
        done(&mut cockpit, Err(Fault::new(FaultKind::Conflict, "it was changed since it was seen")));
        assert!(cockpit.written().is_empty() && cockpit.notice().starts_with("not done"), "{}", cockpit.notice());
    }

    #[test]
    fn a_lock_is_released_from_a_list_after_a_question() {
        let mut cockpit = frozen();
        cockpit.press("U<enter>");
        assert!(asked(&cockpit).is_none());
        cockpit.press("<enter>");
        let Some(LockChange::Release(posted, release)) = asked(&cockpit) else { panic!("a release") };
        assert_eq!((posted.id.as_str(), &*release.by), ("a1", "ana@mac"));
    }

    #[test]
    fn without_the_right_the_question_is_taken_back_and_the_right_is_named() {
        let mut cockpit = Cockpit::of_ana();
        cockpit.press("F");
        let asked = |effect: &Effect| matches!(effect, Effect::AskRights { need: Need::Share, .. });
        assert!(cockpit.effects.iter().any(asked));
        let result = Err(Fault::new(FaultKind::Forbidden, "no right to create configmaps"));
        cockpit.done(Outcome::Rights { env: staging(), need: Need::Share, result });
        assert!(cockpit.overlay().is_none());
        assert_eq!(cockpit.notice(), "no right to create configmaps");
    }

    #[test]
    fn while_locks_are_not_known_nothing_begins() {
        let mut cockpit = Cockpit::of_ana();
        cockpit.press("dv9<enter>");
        let lost = Change::Lost(crate::domain::observed::Kind::Document, Fault::new(FaultKind::Throttled, "busy"));
        cockpit.send(Msg::Fact { env: staging(), change: lost });
        cockpit.press("<enter>");
        assert!(cockpit.written().is_empty());
        assert_eq!(cockpit.notice(), "whether staging is frozen is not known: busy");
    }

    #[test]
    fn why_opens_for_the_selected_cell() {
        let mut cockpit = frozen();
        cockpit.press("b");
        assert!(matches!(cockpit.overlay(), Some(Overlay::Why { service, .. }) if service.as_str() == "auth"));
        cockpit.press("<esc>");
        assert!(cockpit.overlay().is_none());
    }
}
