//! The first row: which clusters, how fresh, what runs, who looks.

use std::sync::Arc;

use super::look::{Ground, Token};
use super::pace;
use super::pen::Pen;
use super::{format, signs};
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::others::{self as runs_of_others, Doubt, Life};
use crate::app::touch::Touch;
use crate::app::{holders, journal};
use crate::domain::ids::EnvId;
use crate::domain::plan::{Plan, Purpose};
use crate::domain::run::{Run, RunState};
use crate::domain::world::{EnvWorld, Freshness};
use unicode_width::UnicodeWidthStr;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area) {
    pen.fill(area, Ground::Band);
    let mut x = pen.text(1, area.y, "shipdeck", Token::Hi, area.width);
    for cluster in model.catalog.clusters().into_iter().take(4) {
        let envs = model.catalog.environments.iter().filter(|env| env.cluster == *cluster);
        let worst = envs.filter_map(|env| model.world.env(&env.name)).map(EnvWorld::freshness);
        let (text, token) = freshness(worst.max_by_key(rank), model);
        let name = if cluster.as_str().is_empty() { "current context" } else { cluster.as_str() };
        x = pen.text(x + 2, area.y, &format::cut_middle(name, 24), Token::Text, area.width.saturating_sub(x + 2));
        x = pen.text(x + 1, area.y, &text, token, area.width.saturating_sub(x + 1));
    }
    if model.session.read_only.is_some() {
        x = pen.text(x + 2, area.y, "read-only", Token::Held, area.width.saturating_sub(x + 2));
    }
    let mut right = area.width.saturating_sub(1);
    let unseen = journal::unseen(model);
    let notices = if unseen > 0 { format::count(unseen, "notice") } else { String::new() };
    let run = model.active_run();
    let user = format::cut(&model.session.user, 24);
    let needed = user.width() + notices.width() + 4 + run.map_or(0, |run| shortest(run).width() + 3);
    // Whoever looks knows who that is; what runs comes first where there is no room for both.
    if usize::from(right.saturating_sub(x)) >= needed || run.is_none() {
        right = pen.right(right, area.y, &user, Token::Muted).saturating_sub(2);
    }
    if !notices.is_empty() {
        let end = right;
        right = pen.right(right, area.y, &notices, Token::Warn);
        pen.touch(Area::new(right, area.y, end - right, 1), Touch::Do(Action::ErrorLog));
        right = right.saturating_sub(2);
    }
    let middle = Area::new(x + 2, area.y, right.saturating_sub(x + 2), 1);
    match run {
        Some(run) => bar(pen, model, run, middle),
        None if kept(pen, model, middle) => {}
        None => others(pen, model, middle),
    }
}

/// The newest run of another process that is not over: who, what, where and how far. False: there is none, or no room.
fn kept(pen: &mut Pen<'_>, model: &Model, area: Area) -> bool {
    let found = runs_of_others::under_way(model);
    let Some(other) = found.first() else { return false };
    let (run, by) = (&other.entry.run, other.by());
    let what = way(&run.plan, &other.env.name);
    let (wave, waves) = ((run.wave + 1).min(run.plan.waves.len()), run.plan.waves.len());
    let more = if found.len() > 1 { format!(" +{}", found.len() - 1) } else { String::new() };
    let (texts, token) = if let Life::Left { since } = other.life {
        let age = format::age(since, model.session.now);
        let texts = vec![
            format!("! {what} left behind by {by}, {age}, {} of {}{more}", run.succeeded(), run.steps.len()),
            format!("! {what} left behind by {by}{more}"),
            format!("! left behind by {by}{more}"),
            format!("! {} left behind", found.len()),
        ];
        (texts, Token::Warn)
    } else if let Life::Unsure(Doubt::Unheard { since, .. }) = other.life {
        let (sign, ago) = (signs::stale(pen.look.ascii), format::ago(since, model.session.now));
        let texts = vec![
            format!("{sign} {by}: {what}  {} of {}, as of {ago}{more}", run.succeeded(), run.steps.len()),
            format!("{sign} {by}: {what}, {ago}{more}"),
            format!("{sign} {by}, {ago}{more}"),
            format!("{sign} {by}{more}"),
        ];
        (texts, Token::Warn)
    } else if run.state == RunState::Halted {
        let failed = run.steps.iter().filter(|step| step.holds_up()).count();
        let texts = vec![
            format!("✗ {by}: {what}  {failed} failed  {} of {}{more}", run.succeeded(), run.steps.len()),
            format!("✗ {by}: {what}{more}"),
            format!("✗ {by}{more}"),
        ];
        (texts, Token::Fail)
    } else {
        let far = format!("◐ {by}: {what}  wave {wave} of {waves}  {} of {}", run.succeeded(), run.steps.len());
        // Whoever may have gone takes no time.
        let alive = matches!(other.life, Life::Alive { .. });
        let took = alive.then(|| pace::of_run(run, model.session.now));
        let texts = vec![
            took.map_or_else(|| format!("{far}{more}"), |took| format!("{far}  {took}{more}")),
            format!("{far}{more}"),
            format!("◐ {by}: {what}  w{wave}/{waves}{more}"),
            format!("◐ {by} deploys to {}{more}", other.env.name),
            format!("◐ {by}{more}"),
        ];
        (texts, Token::Prog)
    };
    let Some(text) = texts.iter().find(|text| text.width() <= usize::from(area.width)) else { return false };
    let left = pen.right(area.right(), area.y, text, token);
    pen.touch(Area::new(left, area.y, area.right() - left, 1), Touch::Do(Action::ShowRun));
    true
}

fn rank(freshness: &Freshness) -> u8 {
    match freshness {
        Freshness::Live => 0,
        Freshness::Reading { .. } => 1,
        Freshness::Denied { .. } => 2,
        Freshness::Stale { .. } => 3,
    }
}

fn freshness(worst: Option<Freshness>, model: &Model) -> (String, Token) {
    match worst {
        Some(Freshness::Live) => ("● live".to_owned(), Token::Ok),
        None | Some(Freshness::Reading { .. }) => ("◐ reading".to_owned(), Token::Prog),
        Some(Freshness::Denied { .. }) => ("? not everything may be read".to_owned(), Token::Warn),
        Some(Freshness::Stale { since, fault }) => {
            (format!("✗ {} {}", fault.kind, format::age(since, model.session.now)), Token::Warn)
        }
    }
}

/// Who else is deploying, while nothing of ours is.
fn others(pen: &mut Pen<'_>, model: &Model, area: Area) {
    let mut people: Vec<(Arc<str>, &EnvId)> = Vec::new();
    for env in &model.catalog.environments {
        let alive = holders::in_env(model, &env.name).into_iter().filter(|holder| !holder.silent);
        people.extend(alive.map(|holder| (holder.by, &env.name)));
    }
    people.dedup();
    let Some((by, env)) = people.first() else { return };
    let more = if people.len() > 1 { format!(" +{}", people.len() - 1) } else { String::new() };
    let texts = [format!("◐ {by} deploys to {env}{more}"), format!("◐ {by}{more}")];
    if let Some(text) = texts.iter().find(|text| text.width() <= usize::from(area.width)) {
        pen.right(area.right(), area.y, text, Token::Prog);
    }
}

fn shortest(run: &Run) -> String {
    format!("◐ {}/{}", run.succeeded(), run.steps.len())
}

/// What stands before and behind the bar, and how long the bar is.
struct Told {
    before: String,
    bar: u16,
    after: String,
}

/// The run under way, as much of it as there is room for: estimate, bar, wave, name and time go in this order.
fn bar(pen: &mut Pen<'_>, model: &Model, run: &Run, area: Area) {
    let failed = run.steps.iter().filter(|step| step.holds_up()).count();
    let old = model.world.env(&run.plan.env).is_some_and(|world| !world.freshness().is_live());
    let (glyph, token) = match run.state {
        RunState::Running | RunState::Pausing if old => (signs::stale(pen.look.ascii), Token::Warn),
        RunState::Halted => ("✗", Token::Fail),
        RunState::Paused | RunState::Pausing => ("‖", Token::Held),
        _ => ("◐", Token::Prog),
    };
    let told = variants(model, run, glyph, failed).into_iter().find(|told| told.width() <= area.width);
    let Some(told) = told else { return };
    let left = area.right() - told.width();
    pen.touch(Area::new(left, area.y, told.width(), 1), Touch::Do(Action::ShowRun));
    let mut x = pen.text(left, area.y, &told.before, token, area.width);
    if told.bar > 0 {
        let moving = run.steps.iter().filter(|step| step.is_under_way()).count();
        let parts = [(run.succeeded() as u32, Token::Ok), (failed as u32, Token::Fail), (moving as u32, Token::Prog)];
        pen.bar(x + 2, area.y, told.bar, &parts, run.steps.len() as u32);
        x += 2 + told.bar;
    }
    let token = if run.state == RunState::Halted { Token::Fail } else { Token::Text };
    pen.text(x + 2, area.y, &told.after, token, area.width);
}

impl Told {
    fn width(&self) -> u16 {
        let bar = if self.bar > 0 { self.bar + 2 } else { 0 };
        (self.before.width() + self.after.width()) as u16 + bar + 2
    }
}

/// `browse → staging`; what goes back says so, for it does not go there.
fn way(plan: &Plan, env: &EnvId) -> String {
    let title = format::cut_middle(&plan.title, 20);
    if plan.purpose == Purpose::RollBack { format!("roll back {title} in {env}") } else { format!("{title} → {env}") }
}

fn variants(model: &Model, run: &Run, glyph: &str, failed: usize) -> Vec<Told> {
    let what = way(&run.plan, &run.plan.env);
    let (wave, waves) = ((run.wave + 1).min(run.plan.waves.len()), run.plan.waves.len());
    let (done, all) = (run.succeeded(), run.steps.len());
    let now = model.session.now;
    let (elapsed, whole) = (format::span(run.elapsed(now)), pace::of_run(run, now));
    let halted = run.state == RunState::Halted;
    let long = if halted { format!("{failed} failed  ") } else { format!("wave {wave} of {waves}  ") };
    let short = if halted { format!("{failed} failed") } else { format!("w{wave}/{waves}") };
    let told = |before: &str, bar, after: String| Told { before: format!("{glyph} {before}"), bar, after };
    let title = format::cut_middle(&run.plan.title, 16);
    vec![
        told(&what, 12, format!("{long}{done} of {all}  {whole}")),
        told(&what, 12, format!("{long}{done} of {all}  {elapsed}")),
        told(&what, 8, format!("{short}  {done} of {all}  {elapsed}")),
        told(&what, 6, format!("{short} {done}/{all} {elapsed}")),
        told(&title, 6, format!("{short} {done}/{all} {elapsed}")),
        told(&title, 4, format!("{short} {done}/{all}")),
        told(&title, 0, format!("{done}/{all}")),
        told(if halted { "failed" } else { "" }, 4, format!("{done}/{all}")),
        told("", 0, format!("{done}/{all}")),
    ]
}
