//! What stands in the way of a plan: said while it is read, and looked for once more in the moment in which it begins.

use crate::actions::Action;
use crate::app::holders;
use crate::app::model::{Model, PlanReview};
use crate::app::{locks, queue, rights, runs};
use crate::domain::lease::Patience;
use crate::domain::plan::{self, About, Plan, Purpose, Step, Warning};
use crate::domain::run;

/// Who changes what the plan changes: told before enter, and judged by how it stands then.
pub(super) fn in_the_way(model: &Model, plan: &Plan) -> Vec<Warning> {
    let holders = holders::of_plan(model, plan).into_iter().map(|it| {
        let text = match (it.silent, it.seen_alive) {
            (true, _) => format!("was left behind by {}: you are asked before it is taken over", it.by),
            (_, true) => format!("is being deployed by {}", it.by),
            _ => format!("is held by {}", it.by),
        };
        Warning::new(it.service.to_string(), text).about(About::Changed { by: it.by })
    });
    let lines = plan.steps().filter_map(|step| {
        let line = queue::of(model, &step.service, &plan.env);
        (!line.is_empty()).then(|| Warning::new(step.service.to_string(), queue::told(&line)))
    });
    let all = holders.chain(lines);
    all.filter(|it| !plan.warnings.iter().any(|told| told.tells_the_same(it))).collect()
}

/// What a promotion brings that is held where it comes from: somebody took it back there, or is about to.
pub(super) fn held_upstream(model: &Model, plan: &Plan) -> Vec<Warning> {
    let Purpose::Promote { from } = &plan.purpose else { return Vec::new() };
    let held = |step: &Step| {
        let barred = locks::of_image(model, from, (&step.service, &step.to));
        let first = barred.into_iter().next()?;
        Some(Warning::new(
            step.service.to_string(),
            format!("{} in {from}: {}", step.to_version, first.bar.lock.headline()),
        ))
    };
    plan.steps().filter_map(held).collect()
}

/// Who would put the changes back, and what to do instead.
fn fought(model: &Model, review: &PlanReview) -> Option<(String, String)> {
    use crate::app::stewards::{of_plan, refusal};
    refusal(&of_plan(model, &review.plan))
}

/// Why the plan may not begin now.
fn refusal(model: &Model, review: &PlanReview) -> Option<String> {
    let plan = &review.plan;
    if let Some(why) = &model.session.read_only {
        return Some(format!("read-only: {why}"));
    }
    let services = plan.changed().map(|step| &step.service);
    if let Some((_, fault)) = rights::missing_of(model, &plan.env, services) {
        return Some(format!("not for you: {fault}"));
    }
    if !model.world.env(&plan.env).is_some_and(|world| world.freshness().is_live()) {
        return Some(format!("what is known of {} is not current; wait until it is live", plan.env));
    }
    if let locks::Known::Lost(why) = locks::known(model, &plan.env) {
        return Some(format!("whether {} is frozen is not known: {why}", plan.env));
    }
    if let Some(step) = review.undoes.and_then(|id| model.run(id)).and_then(|run| run.unanswered().next()) {
        return Some(format!("the write of {} has no answer yet; it decides what there is to put back", step.service));
    }
    let others = |run: &&run::Run| run.plan.env == plan.env && !run.state.is_over() && review.undoes != Some(run.id);
    let other = model.runs.iter().find(others)?;
    Some(format!("the {} is still under way; finish or abort it first", runs::name(&other.plan)))
}

/// Who has one of its services, or comes first.
fn taken(model: &Model, plan: &Plan) -> Option<String> {
    if let Some(holder) = holders::of_plan(model, plan).iter().find(|holder| !holder.silent) {
        let alive = holders::alive(holder, model.session.now);
        let held = if holder.seen_alive { "being deployed" } else { "held" };
        return Some(format!("{} is {held} by {}, {alive}", holder.service, holder.by));
    }
    let (service, line) = queue::before(model, plan)?;
    Some(format!("{service}: {}", queue::told(&line)))
}

/// What enter does with the plan, said before it is pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    Runs,
    /// It asks why the plan is to go out in spite of what bars it, which is this.
    Overrides(Vec<Warning>),
    /// It is refused: why, and what to know or to do then.
    Refused(String, String),
    /// It is made anew and read again first: this has changed since it was made.
    Rereads(Vec<Warning>),
}

/// `patience`: whether whoever presses it would wait for those who come first.
pub fn way(model: &Model, review: &PlanReview, patience: Patience) -> Way {
    let nothing = || "nothing has happened".to_owned();
    let taken = || {
        let why = taken(model, &review.plan).filter(|_| patience != Patience::Wait)?;
        Some((why, format!("nothing has happened; {} waits in line", model.keymap.hint(Action::PlanWait))))
    };
    let refused = refusal(model, review).map(|why| (why, nothing()));
    if let Some((why, then)) = refused.or_else(taken).or_else(|| fought(model, review)) {
        return Way::Refused(why, then);
    }
    match news(model, review) {
        Err(why) => Way::Refused(why, nothing()),
        Ok(news) if !news.is_empty() => Way::Rereads(news),
        Ok(_) => barred(model, &review.plan),
    }
}

fn barred(model: &Model, plan: &Plan) -> Way {
    let bars: Vec<Warning> = locks::of_plan(model, plan).iter().map(|it| locks::warning(&plan.env, it)).collect();
    if bars.is_empty() { Way::Runs } else { Way::Overrides(bars) }
}

/// What has changed since the plan was made, where it goes to and where it comes from.
///
/// # Errors
/// Why there can be no such plan any more.
fn news(model: &Model, review: &PlanReview) -> Result<Vec<Warning>, String> {
    let mut news: Vec<Warning> = review.plan.steps().filter_map(|step| changed(model, review, step)).collect();
    news.extend(moved_on(model, review)?);
    Ok(news)
}

fn changed(model: &Model, review: &PlanReview, step: &Step) -> Option<Warning> {
    let subject = step.service.to_string();
    let Some(workload) = model.world.env(&review.plan.env).and_then(|world| world.workload(&step.workload)) else {
        return Some(Warning::new(subject, "was deleted since this plan was made"));
    };
    if workload.meta.uid != step.uid {
        return Some(Warning::new(subject, "was replaced since this plan was made"));
    }
    let image = workload.containers.get(step.container_index).map(|container| &container.image);
    // Of a run that is undone the write may still be on its way, and be done after all if its lease is not taken from it.
    if image == Some(&step.from) || review.undoes.is_some() && image == Some(&step.to) {
        return None;
    }
    let now = image.map_or_else(|| "something else".to_owned(), |image| plan::version_of(image));
    Some(Warning::new(subject, format!("was changed to {now} since this plan was made")))
}

/// What a promotion would no longer bring as it runs upstream: whoever said yes had seen something else.
///
/// # Errors
/// Why nothing can be promoted from there now.
fn moved_on(model: &Model, review: &PlanReview) -> Result<Vec<Warning>, String> {
    let Purpose::Promote { from } = &review.plan.purpose else { return Ok(Vec::new()) };
    let now = plan::build(&model.catalog, &model.world, &model.board, &review.request).map_err(|it| it.to_string())?;
    let differs = |step: &&Step| now.steps().all(|it| it.service != step.service || it.to != step.to);
    let told = |step: &Step| {
        let text = match now.steps().find(|it| it.service == step.service) {
            Some(it) => format!("{from} runs {} since this plan was made", it.to_version),
            None => "needs no promotion any more".to_owned(),
        };
        Warning::new(step.service.to_string(), text)
    };
    Ok(review.plan.steps().filter(differs).map(told).collect())
}
