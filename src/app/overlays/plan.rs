//! A plan, to be read before anything happens; checked once more in the moment in which it begins.

use std::sync::Arc;

use super::checks::{self, Way, held_upstream, in_the_way};
use crate::app::effect::Effect;
use crate::app::holders::{self, Holder};
use crate::app::input::LineInput;
use crate::app::model::{Confirm, Confirmed, GoesOn, Model, Overlay, PlanReview, VersionsForm};
use crate::app::{facts, journal, locks, places, rights, runs, screens};
use crate::domain::ids::{EnvId, RunId, ServiceId};
use crate::domain::lease::Patience;
use crate::domain::plan::{self, Plan, PlanError, Purpose, Request, Skipped, Step, Wanted, Warning};
use crate::domain::rights::Need;
use crate::domain::run::{self, Run};
use crate::domain::verdict::State;
use crate::domain::world::World;

/// Makes the plan and shows it. Nothing has happened yet.
///
/// # Errors
/// Why there is no plan, for people.
pub fn open(model: &mut Model, request: Request, form: Option<VersionsForm>) -> Result<(), String> {
    let plan = build(model, &request)?;
    show(model, request, plan, form);
    Ok(())
}

fn show(model: &mut Model, request: Request, plan: Plan, form: Option<VersionsForm>) {
    crate::app::stewards::forget(model);
    let needs: Vec<Need> = rights::changes(model, plan.steps().map(|step| &step.service)).collect();
    for need in needs.into_iter().chain([Need::Hold]) {
        model.session.rights.want(&plan.env, need);
    }
    let confirm = LineInput::default();
    let barred = locks::of_plan(model, &plan);
    let known = barred.iter().map(|it| locks::warning(&plan.env, it));
    let warnings = known.chain(held_upstream(model, &plan)).chain(in_the_way(model, &plan)).collect();
    let review = PlanReview {
        request,
        plan,
        confirm,
        selected: 0,
        scroll: 0,
        form,
        undoes: None,
        ends: None,
        follows: None,
        warnings,
        all: false,
    };
    // What was said on the way to it is not shown over it.
    journal::pass(model);
    model.overlays.push(Overlay::Plan(review));
}

/// Says in the plan that is shown what was learned since, each once.
pub fn warn(model: &mut Model, known: Vec<Warning>) {
    let Some(Overlay::Plan(review)) = model.overlays.last_mut() else { return };
    for warning in known {
        if !review.warnings.iter().any(|it| it.tells_the_same(&warning)) {
            review.warnings.push(warning);
            model.session.dirty = true;
        }
    }
}

fn build(model: &Model, request: &Request) -> Result<Plan, String> {
    if let Some(why) = &model.session.read_only {
        return Err(PlanError::ReadOnly(why.clone()).to_string());
    }
    let plan = plan::build(&model.catalog, &model.world, &model.board, request);
    let mut plan = plan.map_err(|error| error.to_string())?;
    run::learn(&mut plan, &model.runs, &model.world);
    if plan.is_empty() {
        let why = plan.skipped.iter().map(|it| format!("{} {}", it.service, it.why)).collect::<Vec<_>>();
        return Err(format!("nothing to do: {}", why.join("; ")));
    }
    Ok(plan)
}

/// Plans a promotion of the chosen services, or of all that run, to an environment.
///
/// # Errors
/// Why there is no plan, for people.
pub fn promote(model: &mut Model, to: &EnvId) -> Result<(), String> {
    let Some(from) = model.home.env.clone() else { return Err("no environment is selected".to_owned()) };
    let all = model.home.marks.is_empty();
    let runs_here = |name: &ServiceId| model.board.cell(name, &from).is_some_and(|cell| cell.version.is_some());
    let services = if all {
        model.catalog.services.iter().map(|service| service.name.clone()).filter(runs_here).collect()
    } else {
        facts::chosen(model)
    };
    let wanted = |service: ServiceId| (service, Wanted::As(from.clone()));
    let mut request = Request {
        env: to.clone(),
        purpose: Purpose::Promote { from: from.clone() },
        title: model.home.group.as_ref().map(ToString::to_string).unwrap_or_default(),
        services: services.into_iter().map(wanted).collect(),
    };
    let mut left = Vec::new();
    // Where nobody chose, what cannot go is left out and said; what was chosen is refused as a whole, with all that is in
    // its way.
    while all && let Err(error) = plan::build(&model.catalog, &model.world, &model.board, &request) {
        let left_out = |error: &PlanError| match error {
            PlanError::UpstreamNotReady { service, why, .. } => {
                Some(Skipped { service: service.clone(), why: format!("not ready in {from}: {why}"), already: false })
            }
            PlanError::NotThere { service, .. } => {
                Some(Skipped { service: service.clone(), why: format!("does not exist in {to}"), already: false })
            }
            _ => None,
        };
        let Some(now) = error.each().iter().map(left_out).collect::<Option<Vec<_>>>() else { break };
        request.services.retain(|(other, _)| now.iter().all(|it| it.service != *other));
        left.extend(now);
    }
    let mut plan = build(model, &request)?;
    plan.skipped.extend(left);
    show(model, request, plan, None);
    if let Some(Overlay::Plan(review)) = model.overlays.last_mut() {
        // Whoever meant the selected one alone finds it at hand.
        let selected = |step: &Step| Some(&step.service) == model.home.service.as_ref();
        (review.all, review.selected) = (all, review.plan.steps().position(selected).unwrap_or(0));
    }
    Ok(())
}

/// Begins the plan, if its name was typed where that is asked and nothing has changed since it was made.
pub fn confirm(model: &mut Model, patience: Patience) -> Vec<Effect> {
    let Some(Overlay::Plan(review)) = model.overlays.last() else { return Vec::new() };
    let way = checks::way(model, review, patience);
    let wants_name = review.plan.protected && review.confirm.text() != review.plan.env.as_str();
    match way {
        // To read again changes nothing, so no name is asked for.
        Way::Rereads(changes) => {
            rebuild(model, changes);
            return Vec::new();
        }
        _ if wants_name => {
            refuse_the_name(model);
            return Vec::new();
        }
        Way::Refused(why, then) => {
            journal::notice(model, State::Blocked, why, then);
            return Vec::new();
        }
        Way::Overrides(_) => {
            let (env, barred) = (review.plan.env.clone(), locks::of_plan(model, &review.plan));
            super::lock::ask_override(model, &env, &barred);
            return Vec::new();
        }
        Way::Runs => {}
    }
    let silent = holders::of_plan(model, &review.plan);
    if !silent.is_empty() && patience == Patience::None {
        ask_to_take_over(model, &silent);
        return Vec::new();
    }
    let Some(Overlay::Plan(review)) = model.overlays.pop() else { return Vec::new() };
    screens::home::unmark(model);
    if let Some((env, key)) = &review.ends {
        return screens::others::end_and_begin(model, env, key, review.plan, patience);
    }
    let mut effects = Vec::new();
    // A run that is being undone begins nothing more.
    if let Some(id) = review.undoes {
        let new = runs::next_id(model);
        if let Some(run) = model.run_mut(id) {
            run.undone_by = Some(new);
        }
        effects.extend(runs::on(model, id, run::RunEvent::Abort));
    }
    let run = Run::new(runs::next_id(model), review.plan, model.session.user.as_str(), model.session.now);
    let follows = review.follows.and_then(|it| it.key);
    effects.extend(runs::begin_run(model, Run { patience, follows, ..run }));
    // First it is known who takes its leases on.
    effects.sort_by_key(|effect| matches!(effect, Effect::Release(_)));
    effects
}

/// Said where it is typed: elsewhere nobody looks.
fn refuse_the_name(model: &mut Model) {
    let Some(Overlay::Plan(review)) = model.overlays.last_mut() else { return };
    review.confirm.refuse(format!("type {} in full: it is protected, and nothing has happened", review.plan.env));
}

fn ask_to_take_over(model: &mut Model, silent: &[Holder]) {
    let mut people: Vec<&str> = silent.iter().map(|holder| &*holder.by).collect();
    people.sort_unstable();
    people.dedup();
    let now = model.session.now;
    let line = |it: &Holder| format!("{}: held by {}, {}", it.service, it.by, holders::alive(it, now));
    let mut lines: Vec<String> = silent.iter().map(line).collect();
    lines.push("What they had begun may be half done. If they come back, their writes are refused.".to_owned());
    model.overlays.push(Overlay::Confirm(Confirm {
        title: format!("Take over from {}", people.join(" and ")),
        lines,
        question: "Take over?".to_owned(),
        word: None,
        typed: LineInput::default(),
        then: Confirmed::TakeOver,
        scroll: 0,
    }));
}

/// Plans anew after something changed and says what; the plan has to be read again.
fn rebuild(model: &mut Model, changes: Vec<Warning>) {
    let Some(Overlay::Plan(mut review)) = model.overlays.pop() else { return };
    let back = review.plan.purpose == Purpose::RollBack || review.puts_a_run_back();
    if back {
        // Its order is that of the run, turned round: what no longer stands is left out, the rest stays.
        for change in &changes {
            leave_out_of(&mut review.plan, &ServiceId::new(&change.subject), &change.text);
        }
    } else {
        match build(model, &review.request) {
            Ok(plan) => review.plan = Plan { passes: std::mem::take(&mut review.plan.passes), ..plan },
            Err(why) => {
                journal::notice(model, State::Blocked, why.clone(), "nothing has happened");
                if let Some(form) = review.form {
                    model.overlays.push(Overlay::Versions(VersionsForm { error: Some(why), ..form }));
                }
                return;
            }
        }
    }
    if review.plan.is_empty() {
        let what = changes.iter().map(|it| format!("{} {}", it.subject, it.text)).collect::<Vec<_>>().join("; ");
        journal::notice(model, State::Blocked, what, "nothing is left to do; nothing has happened");
        return;
    }
    // What has changed is said once, in the plan: of a roll back where it says what is left out.
    journal::notice(model, State::Blocked, "the plan has changed: read it again", "nothing has happened");
    review.warnings = if back { Vec::new() } else { changes };
    review.confirm.clear();
    review.selected = 0;
    model.overlays.push(Overlay::Plan(review));
}

/// The plan that puts a run back, with how long that takes and what is to be known of it; none: it has changed nothing.
pub fn way_back(run: &Run, runs: &[Run], world: &World) -> Option<Plan> {
    let mut plan = run::inverse(run)?;
    run::learn(&mut plan, runs, world);
    plan::warn_of_going_back(&mut plan, world);
    Some(plan)
}

/// Plans and shows what is left of a run that is over, which the cluster keeps under `key`.
///
/// # Errors
/// Why there is no plan, for people.
pub fn go_on(model: &mut Model, request: Request, (run, key): (&Run, Option<Arc<str>>)) -> Result<(), String> {
    let mut plan = build(model, &request)?;
    run.pass_on(&mut plan);
    show(model, request, plan, None);
    if let Some(Overlay::Plan(review)) = model.overlays.last_mut() {
        let begun = run.started;
        review.follows = Some(GoesOn { key, begun });
    }
    Ok(())
}

/// Shows the way back of a run of this session, or of one of another process.
pub fn open_way_back(model: &mut Model, plan: Plan, undoes: Option<RunId>, ends: Option<(EnvId, Arc<str>)>) {
    let image = |text: &str| text.parse().ok().map(Wanted::Image);
    let services = plan.steps().filter_map(|step| Some((step.service.clone(), image(&step.to)?))).collect();
    let request = Request { env: plan.env.clone(), purpose: plan.purpose.clone(), title: plan.title.clone(), services };
    show(model, request, plan, None);
    if let Some(Overlay::Plan(review)) = model.overlays.last_mut() {
        (review.undoes, review.ends) = (undoes, ends);
    }
}

/// A plan that puts a run back follows that run while it goes on: what it begins meanwhile is put back too.
pub fn retell(model: &mut Model) {
    let Model { overlays, runs, world, .. } = model;
    for overlay in overlays {
        let Overlay::Plan(review) = overlay else { continue };
        let undone = review.undoes.and_then(|id| runs.iter().find(|run| run.id == id));
        let Some(mut plan) = undone.and_then(|run| way_back(run, runs, world)) else { continue };
        plan.unheld = review.plan.unheld;
        for left_out in &review.plan.skipped {
            leave_out_of(&mut plan, &left_out.service, &left_out.why);
        }
        let selected = review.plan.steps().nth(review.selected).map(|step| step.service.clone());
        review.selected = plan.steps().position(|step| Some(&step.service) == selected.as_ref()).unwrap_or_default();
        review.plan = plan;
    }
}

fn leave_out_of(plan: &mut Plan, service: &ServiceId, why: &str) {
    for wave in &mut plan.waves {
        wave.steps.retain(|step| step.service != *service);
    }
    plan.waves.retain(|wave| !wave.steps.is_empty());
    plan.skipped.push(Skipped { service: service.clone(), why: why.to_owned(), already: false });
}

/// Whether what the roll back takes back is held: whoever rolls back decides.
pub fn hold(model: &mut Model) {
    if let Some(Overlay::Plan(review)) = model.overlays.last_mut() {
        review.plan.unheld ^= true;
    }
}

/// Leaves the selected service out and plans anew.
pub fn leave_out(model: &mut Model) {
    narrow(model, |service, selected| service != selected, "cannot be left out");
}

/// Leaves all but the selected service out and plans anew.
pub fn only(model: &mut Model) {
    narrow(model, |service, selected| service == selected, "cannot go alone");
}

/// Plans anew what stays beside the selected service, or says why that cannot be.
fn narrow(model: &mut Model, stays: fn(&ServiceId, &ServiceId) -> bool, cannot: &str) {
    let Some(Overlay::Plan(mut review)) = model.overlays.pop() else { return };
    let selected = review.plan.steps().nth(review.selected).map(|step| step.service.clone());
    let before = review.clone();
    if let Some(selected) = selected {
        review.request.services.retain(|(other, _)| stays(other, &selected));
        review.all = false;
        if review.plan.purpose == Purpose::RollBack || review.puts_a_run_back() {
            let goes = |step: &&Step| !stays(&step.service, &selected);
            for service in before.plan.steps().filter(goes).map(|step| &step.service) {
                leave_out_of(&mut review.plan, service, "left out");
            }
        } else {
            match build(model, &review.request) {
                Ok(plan) => review.plan = Plan { passes: std::mem::take(&mut review.plan.passes), ..plan },
                Err(why) => {
                    journal::notice(model, State::Blocked, format!("{selected} {cannot}: {why}"), "");
                    review = before;
                }
            }
        }
    }
    if !review.plan.is_empty() {
        review.selected = places::moved(review.selected, 0, review.plan.steps().count());
        model.overlays.push(Overlay::Plan(review));
    }
}

/// Back to the versions.
pub fn edit(model: &mut Model) {
    let Some(Overlay::Plan(review)) = model.overlays.pop() else { return };
    if let Some(form) = review.form {
        model.overlays.push(Overlay::Versions(form));
    }
}
