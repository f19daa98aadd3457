//! Runs: begun from a plan, fed with answers and judgements, their commands turned into effects.

use super::effect::{Effect, LockChange};
use super::keeping::Kept;
use super::model::{Model, Page, RunOf, RunPage};
use super::traces::{listed, trace};
use super::{journal, keeping, locks};
use crate::domain::catalog::Environment;
use crate::domain::ids::{EnvId, RunId, ServiceId};
use crate::domain::lease::{self, Patience};
use crate::domain::lock::{taken_back, to_be_held};
use crate::domain::observed::Workload;
use crate::domain::plan::{Plan, Purpose, Step};
use crate::domain::rollout::{self, View};
use crate::domain::run::document::Entry;
use crate::domain::run::{Announcement, Baseline, Run, RunCommand, RunEvent, StepRun, StepState, TakenUp};
use crate::domain::verdict::{State, Verdict};
use crate::domain::world::Touched;
use crate::ports::cluster::ImageChange;
use crate::ports::lease::Target;

/// Begins to carry a plan out and shows how it goes.
pub fn begin(model: &mut Model, plan: Plan, patience: Patience) -> Vec<Effect> {
    let run = Run::new(next_id(model), plan, model.session.user.as_str(), model.session.now);
    begin_run(model, Run { patience, ..run })
}

/// The same of a run that is made already.
pub fn begin_run(model: &mut Model, run: Run) -> Vec<Effect> {
    let id = run.id;
    tracing::info!(run = id.0, env = %run.plan.env, title = &*run.plan.title, steps = run.steps.len(), "run begins");
    model.runs.push(run);
    journal::acted(model);
    show(model, id);
    let mut effects = on(model, id, RunEvent::Start);
    effects.extend(super::attention::pay(model));
    effects
}

/// What the next run will be called.
pub fn next_id(model: &Model) -> RunId {
    RunId(model.runs.iter().map(|run| run.id.0).max().unwrap_or(0) + 1)
}

/// Takes up a run of another process, from what is kept of it.
pub fn take_up(model: &mut Model, entry: Entry, patience: Patience) -> Vec<Effect> {
    let id = next_id(model);
    let since = super::others::last_sign_of(model, &entry);
    let mut run = Run { id, patience, ..entry.run };
    run.was_left(since, model.session.now);
    let [by, from] = [&*model.session.identity, &*entry.owner].map(|identity| lease::who(identity).into());
    run.taken_up.push(TakenUp { by, from, at: model.session.now });
    tracing::info!(run = id.0, key = &*entry.key, env = %run.plan.env, title = &*run.plan.title, "run taken up");
    let kept = Kept { key: entry.key, over: Some(entry.over), text: String::new(), without: None, seen: false };
    model.session.kept.insert(id, kept);
    model.runs.push(run);
    show(model, id);
    let mut effects = on(model, id, RunEvent::TakeUp);
    effects.extend(super::attention::pay(model));
    effects
}

/// What a roll back takes back is held from its first write on, so that nobody sends it out again unawares.
fn hold_taken_back(model: &Model, id: RunId) -> Option<Effect> {
    let run = model.run(id)?;
    let env = model.catalog.environment(&run.plan.env)?;
    let undone = model.runs.iter().find(|other| other.undone_by == Some(id));
    let failing = |step: &Step| {
        let cell = model.board.cell(&step.service, &env.name).filter(|cell| cell.verdict.state == State::Failed)?;
        Some((step.service.clone(), cell.verdict.evidence.as_ref()?.headline.clone()))
    };
    let seen = || to_be_held(&run.plan).into_iter().find_map(failing);
    let told = |step: &StepRun| Some((step.service.clone(), step.why()?));
    let failure = undone.and_then(|run| run.steps.iter().find_map(told)).or_else(seen);
    let why = failure.as_ref().map(|(service, why)| (service, why.as_str()));
    let lock = taken_back(&run.plan, why, model.session.person(), model.session.now)?;
    Some(Effect::ChangeLock {
        env: env.name.clone(),
        cluster: env.cluster.clone(),
        namespace: env.namespace.clone(),
        change: LockChange::Place(Box::new(lock), Vec::new()),
    })
}

/// Opens the page of a run. What was said before it is not shown over it.
pub fn show(model: &mut Model, run: RunId) {
    journal::pass(model);
    model.overlays.clear();
    model.page = Some(Page::Run(RunPage { of: RunOf::Ours(run), selected: None, scroll: None, list: None }));
    super::screens::run::attend(model);
}

/// Takes in what happened to a run.
pub fn on(model: &mut Model, id: RunId, event: RunEvent) -> Vec<Effect> {
    let now = model.session.now;
    super::queue::take_turn(model, id, &event);
    let Some(run) = model.run_mut(id) else { return Vec::new() };
    let was = (run.state, run.wave);
    let untouched = run.steps.iter().all(|step| step.started.is_none());
    let commands = run.on(event, now);
    let begins = untouched && commands.iter().any(|it| matches!(it, RunCommand::Write(_)));
    let settled = run.state.is_over() && was.0 != run.state;
    model.session.dirty = true;
    let mut effects: Vec<Effect> = keeping::follow(model, id).into_iter().collect();
    if begins {
        effects.extend(hold_taken_back(model, id));
        effects.extend(super::traffic::begin(model, id));
    }
    for command in commands {
        match command {
            RunCommand::Acquire => effects.extend(acquire(model, id)),
            RunCommand::Release => effects.push(Effect::Release(id)),
            RunCommand::Write(step) => effects.extend(write(model, id, &step)),
            RunCommand::Announce(news) => announce(model, id, &news),
        }
    }
    super::screens::run::retell(model);
    super::overlays::plan::retell(model);
    if settled {
        effects.extend(super::attention::pay(model));
    }
    effects
}

/// In the order of their names, so that two runs that want the same never wait for each other.
fn acquire(model: &Model, id: RunId) -> Option<Effect> {
    let run = model.run(id)?;
    let env = model.catalog.environment(&run.plan.env)?;
    let mut leases: Vec<(ServiceId, Target)> = run.plan.steps().map(|step| target(env, step)).collect();
    leases.sort_by(|(_, a), (_, b)| a.lease.cmp(&b.lease));
    let undoes = model.runs.iter().find(|other| other.undone_by == Some(id)).map(|other| other.id);
    Some(Effect::Acquire {
        run: id,
        cluster: env.cluster.clone(),
        leases,
        patience: run.patience,
        what: run.plan.deed().into(),
        first: run.plan.purpose == Purpose::RollBack,
        undoes,
    })
}

fn target(env: &Environment, step: &Step) -> (ServiceId, Target) {
    let target = Target {
        namespace: env.namespace.clone(),
        lease: lease::name_of(&step.service),
        workload: step.workload.clone(),
        uid: step.uid.clone(),
    };
    (step.service.clone(), target)
}

fn write(model: &mut Model, id: RunId, step: &Step) -> Option<Effect> {
    let env = model.run(id).and_then(|run| model.catalog.environment(&run.plan.env))?.clone();
    let fence = model.run(id).and_then(|run| run.fence(&step.service)).cloned();
    let (act, passes) = model.run(id).map(|run| (locks::act(&run.plan), run.plan.passes.clone()))?;
    let attempt = Box::new(locks::attempt(model, &env.name, (&step.service, Some(&step.to)), act, passes));
    let text = kubectl(&env, step);
    journal::command(model, text);
    Some(Effect::SetImage {
        run: id,
        service: step.service.clone(),
        cluster: env.cluster.clone(),
        change: ImageChange {
            namespace: env.namespace.clone(),
            workload: step.workload.clone(),
            uid: step.uid.clone(),
            container_index: step.container_index,
            container: step.container.clone(),
            from: step.from.clone(),
            to: step.to.clone(),
            fence,
            dry_run: false,
        },
        attempt,
    })
}

/// The command that would have done the same.
fn kubectl(env: &Environment, step: &Step) -> String {
    format!(
        "kubectl --context {} -n {} set image {} {}={}",
        env.cluster, env.namespace, step.workload, step.container, step.to
    )
}

/// Takes in the answer to a write.
pub fn written(
    model: &mut Model,
    id: RunId,
    service: &ServiceId,
    result: Result<Box<Workload>, crate::domain::fault::Fault>,
    at: jiff::Timestamp,
) -> Vec<Effect> {
    let Some(run) = model.run(id) else { return Vec::new() };
    let env = run.plan.env.clone();
    let step = run.plan.steps().find(|step| step.service == *service).cloned();
    if let (Some(step), Some(env)) = (&step, model.catalog.environment(&env)) {
        let text = kubectl(env, step);
        journal::command_ended(model, &text, result.is_ok());
    }
    let changed = step.is_some_and(|step| step.changes());
    let result = result.map(|workload| Baseline::of(&workload, changed, at));
    let mut effects = on(model, id, RunEvent::Written { service: service.clone(), result });
    effects.extend(judge_run(model, id));
    effects
}

/// Judges the runs that a change may concern.
pub fn judge(model: &mut Model, env: &EnvId, touched: &Touched) -> Vec<Effect> {
    let concerned = |run: &&Run| {
        run.plan.env == *env
            && (touched.freshness || run.plan.steps().any(|step| touched.workloads.contains(&step.workload)))
    };
    let ids: Vec<RunId> = model.runs.iter().filter(concerned).map(|run| run.id).collect();
    ids.into_iter().flat_map(|id| judge_run(model, id)).collect()
}

/// Judges every run, because time alone may have decided.
pub fn judge_all(model: &mut Model) -> Vec<Effect> {
    let ids: Vec<RunId> = model.runs.iter().map(|run| run.id).collect();
    ids.into_iter()
        .flat_map(|id| {
            let mut effects = judge_run(model, id);
            if model.run(id).is_some_and(|run| run.steps.iter().any(|step| step.trouble.is_some())) {
                effects.extend(on(model, id, RunEvent::Tick));
            }
            effects
        })
        .collect()
}

fn judge_run(model: &mut Model, id: RunId) -> Vec<Effect> {
    let Some(run) = model.run(id) else { return Vec::new() };
    let over = run.state.is_over();
    let verdicts: Vec<(ServiceId, Verdict)> = run
        .watched()
        .filter(|(step, _)| !taken_on(model, run, &step.service))
        .filter_map(|(step, baseline)| Some((step.service.clone(), verdict(model, run, &step.service, baseline)?)))
        .collect();
    let mut effects = Vec::new();
    for (service, verdict) in verdicts {
        let Some(step) = model.run(id).and_then(|run| run.step(&service)) else { continue };
        // What looks the same may be an end now: of a step that is tried again, or by time alone.
        let may_end = step.state == StepState::Watching && verdict.state != State::Progressing && !over;
        if may_end || step.verdict.as_ref() != Some(&verdict) {
            effects.extend(on(model, id, RunEvent::Judged { service, verdict }));
        }
    }
    effects.extend(super::soaks::look(model, id));
    effects.extend(super::traffic::look(model, id));
    effects
}

/// Whether a later run of this session has taken a service on: what is seen there now is that one's doing, and neither a
/// failure of the former nor the deed of somebody else.
pub(super) fn taken_on(model: &Model, run: &Run, service: &ServiceId) -> bool {
    let begun = |other: &Run| other.step(service).is_some_and(|step| step.started.is_some());
    model.runs.iter().any(|other| other.id > run.id && other.plan.env == run.plan.env && begun(other))
}

/// None while the picture is not current: what is old never decides.
pub(super) fn verdict(model: &Model, run: &Run, service: &ServiceId, baseline: &Baseline) -> Option<Verdict> {
    let world = model.world.env(&run.plan.env).filter(|world| world.freshness().is_live())?;
    let step = run.planned(service)?;
    Some(match world.workload(&step.workload) {
        Some(workload) => rollout::judge(&View::new(world, workload), baseline, model.session.now),
        None => rollout::gone(&step.workload),
    })
}

/// Whether a run of this session that is under way has yet to come to a service.
pub fn awaits_turn(model: &Model, env: &EnvId, service: &ServiceId) -> bool {
    let waits = |run: &Run| {
        let changes = run.planned(service).is_some_and(Step::changes);
        changes && run.step(service).is_some_and(|step| step.state == StepState::Waiting)
    };
    model.runs.iter().any(|run| run.plan.env == *env && !run.state.is_over() && waits(run))
}

/// What is done and where, for people: `deploy of checkout to staging`.
pub fn name(plan: &Plan) -> String {
    match &plan.purpose {
        Purpose::Deploy => format!("deploy of {} to {}", plan.title, plan.env),
        Purpose::Promote { from } => format!("promotion of {} from {from} to {}", plan.title, plan.env),
        Purpose::RollBack => format!("roll back of {} in {}", plan.title, plan.env),
    }
}

/// Selects a cell behind the page of a run, so that its log is read.
pub fn turn_to(model: &mut Model, env: EnvId, service: ServiceId) {
    // Whoever leaves the page finds what they had selected.
    if model.home.left.is_none() {
        model.home.left = Some(Box::new((model.home.env.clone(), model.home.service.clone())));
    }
    (model.home.env, model.home.service) = (Some(env), Some(service));
}

fn announce(model: &mut Model, id: RunId, news: &Announcement) {
    let Some(run) = model.run(id) else { return };
    let watched = matches!(&model.page, Some(Page::Run(page)) if matches!(page.of, RunOf::Ours(shown) if shown == id));
    trace(run, news);
    let told = watched && is_on_the_page(run, news);
    tell(model, id, news, watched);
    if told {
        journal::seen_at_once(model);
    }
}

/// The page says it, and the log of what failed is turned to by itself.
fn is_on_the_page(run: &Run, news: &Announcement) -> bool {
    match news {
        Announcement::StepFailed { .. }
        | Announcement::Degraded { .. }
        | Announcement::LeaseLost { .. }
        | Announcement::Halted
        | Announcement::Passed { .. }
        | Announcement::Succeeded => true,
        Announcement::Ended => run.is_partial() && run.undone_by.is_none(),
        _ => false,
    }
}

fn tell(model: &mut Model, id: RunId, news: &Announcement, watched: bool) {
    let Some(run) = model.run(id) else { return };
    let what = name(&run.plan);
    let (env, done, all) = (run.plan.env.clone(), run.succeeded(), run.steps.len());
    let see = format!("{} shows it", model.keymap.hint(crate::actions::Action::ShowRun));
    match news {
        // Seen on the page, or part of what the end will say.
        Announcement::StepSucceeded { .. } | Announcement::WaveDone(_) | Announcement::LeftOut { .. } => {}
        Announcement::StepFailed { service, why } => {
            journal::notice(model, State::Failed, format!("{service} failed in {env}: {why}"), see);
            if watched {
                turn_to(model, env, service.clone());
            }
        }
        Announcement::Degraded { service, why } => {
            let detail =
                format!("{see}, and {} there rolls back", model.keymap.hint(crate::actions::Action::RunRollBack));
            journal::notice(model, State::Failed, format!("{service} in {env}: {why}"), detail);
            if watched {
                turn_to(model, env, service.clone());
            }
        }
        Announcement::Halted => {
            let detail = "no later wave begins; try again, roll back all, or end it as it is";
            journal::notice(model, State::Blocked, format!("{what} holds"), detail);
        }
        Announcement::Paused => journal::notice(model, State::Paused, format!("{what} is paused"), see),
        Announcement::Succeeded => {
            let detail = if watched { String::new() } else { see };
            journal::notice(model, State::Done, format!("{what}: {done} of {all} done"), detail);
        }
        Announcement::NotHeld { service, why } => {
            journal::notice(model, State::Blocked, format!("{service} in {env}: {why}"), "nothing was written");
        }
        Announcement::TakenOver { services, from } => {
            // It was asked for, and so it is no surprise.
            let asked = model.run(id).is_some_and(|run| run.patience == Patience::TakeOver);
            let state = if asked { State::Done } else { State::Blocked };
            let were = if services.len() == 1 { "was" } else { "were" };
            let text = format!("{} in {env} {were} taken over from {from}", listed(services));
            journal::notice(model, state, text, see);
        }
        Announcement::LeaseLost { service, why } => {
            let detail = "nothing more is written; trying again asks for it anew";
            journal::notice(model, State::Failed, format!("{what} holds: {service}: {why}"), detail);
        }
        Announcement::WithoutLeases(why) => {
            let detail = "others may deploy the same at the same time";
            journal::notice(model, State::Blocked, format!("{what} goes on without a lease: {why}"), detail);
        }
        Announcement::Passed { by, ended: true } => {
            let detail = "what was begun goes on in the cluster; nothing more is written";
            journal::notice(model, State::Failed, format!("{what} was ended by {by}"), detail);
        }
        Announcement::Passed { by, ended: false } => {
            let detail = format!("they go on with it; {see}");
            journal::notice(model, State::Failed, format!("{what} was taken over by {by}"), detail);
        }
        // The page of its way back is what is looked at now.
        Announcement::Ended if run.undone_by.is_some() => {}
        Announcement::Ended if let Some(without) = run.without().filter(|_| run.is_partial()) => {
            let text = format!("{what}: {done} of {all} done, without {without}");
            journal::notice(model, State::Blocked, text, if watched { String::new() } else { see });
        }
        Announcement::Ended => {
            let detail = if run.steps.iter().any(|step| step.baseline.is_some()) {
                "what was begun goes on in the cluster; nothing new begins"
            } else {
                "nothing was changed"
            };
            journal::notice(model, State::Blocked, format!("{what} ended: {done} of {all} done"), detail);
        }
    }
}
