//! Pane 1: the heads of the columns, and the summary of trouble at their left.

use super::look::Token;
use super::more::{More, beside};
use super::pen::{Pen, Rule};
use super::{format, signs};
use crate::actions::Action;
use crate::app::geometry::{Area, Columns, columns};
use crate::app::holders;
use crate::app::locks;
use crate::app::model::{Model, Pane};
use crate::app::others::{self as runs_of_others, Life, Other};
use crate::app::rights;
use crate::domain::catalog::{Environment, Service};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::observed::Kind;
use crate::domain::run::{Run, RunState, StepRun};
use crate::domain::verdict::State;
use crate::domain::words;
use crate::domain::world::{EnvWorld, Freshness};

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area) {
    if area.height == 0 {
        return;
    }
    let focused = model.home.focus == Pane::Environments;
    let columns = columns(area.width, &model.catalog);
    let more = More::of(model.catalog.environments.len(), model.home.env_scroll, columns.visible).sideways();
    let note = match model.session.hidden_namespaces {
        0 => String::new(),
        hidden => {
            format!("{} · {hidden} of the system hidden", format::count(model.catalog.environments.len(), "namespace"))
        }
    };
    pen.rule(
        area,
        &Rule {
            key: Some(Action::FocusEnvironments),
            title: "Environments",
            note: &note,
            state: &more,
            focused,
            ..Rule::default()
        },
    );
    let body = area.below_rule();
    summary(pen, model, body, columns.first_x.saturating_sub(3));
    let shown = model.catalog.environments.iter().skip(model.home.env_scroll).take(columns.visible);
    for (index, env) in shown.enumerate() {
        let x = columns.first_x + columns.pitch * index as u16;
        head(pen, model, env, Area::new(x, body.y, columns.content, body.height), &columns);
    }
}

/// `✗ 1 failing`: the way to trouble. Only what is current is counted, and nothing is well that cannot be seen.
fn summary(pen: &mut Pen<'_>, model: &Model, body: Area, width: u16) {
    let mut numbers =
        [(State::Failed, 0, "failing"), (State::Degraded, 0, "degraded"), (State::Progressing, 0, "moving")];
    for service in &model.catalog.services {
        for env in &model.catalog.environments {
            let Some(cell) = model.board.cell(&service.name, &env.name).filter(|cell| !cell.stale) else { continue };
            for (state, number, _) in &mut numbers {
                *number += u32::from(cell.verdict.state == *state);
            }
        }
    }
    let ascii = pen.look.ascii;
    let mut lines: Vec<(String, Token)> = numbers
        .into_iter()
        .filter(|(_, number, _)| *number > 0)
        .map(|(state, number, word)| (format!("{} {number} {word}", signs::glyph(state, ascii)), signs::token(state)))
        .collect();
    let envs = || model.catalog.environments.iter();
    let old = |env: &&Environment| matches!(freshness(model, env), Some(Freshness::Stale { .. }));
    let hidden = envs().filter(|env| unknown(model, env).is_some()).count();
    if hidden > 0 {
        lines.push((format!("? {hidden} not read"), Token::Warn));
    }
    match envs().filter(old).filter(|env| unknown(model, env).is_none()).count() {
        0 => {}
        number => lines.push((format!("{} {number} as last seen", signs::stale(ascii)), Token::Warn)),
    }
    let live = envs().all(|env| freshness(model, env).is_some_and(|it| it.is_live()));
    let bare = envs().filter(|env| is_bare(model, env)).count();
    if bare > 0 {
        lines.push((format!("○ {bare} with nothing"), Token::Warn));
    } else if lines.is_empty() && live && !model.catalog.services.is_empty() {
        lines.push(("all well".to_owned(), Token::Text));
    }
    let mut y = body.y;
    for (text, token) in lines.iter().take(usize::from(body.height)) {
        let x = match token {
            Token::Text => pen.text(2, y, signs::glyph(State::Ok, ascii), Token::Calm, 1) + 1,
            _ => 2,
        };
        pen.text(x, y, text, *token, width);
        y += 1;
    }
    if y < body.bottom() && body.height > 2 {
        pen.text(2, y, &format::count(model.catalog.services.len(), "service"), Token::Muted, width);
    }
}

fn freshness(model: &Model, env: &Environment) -> Option<Freshness> {
    model.world.env(&env.name).map(EnvWorld::freshness)
}

/// All of it was read, and no service of the catalog is there: more likely the wrong namespace than a well environment.
fn is_bare(model: &Model, env: &Environment) -> bool {
    let absent = |name: &ServiceId| {
        model.board.cell(name, &env.name).is_some_and(|cell| cell.verdict.state == State::Absent && !cell.stale)
    };
    let services = &model.catalog.services;
    !services.is_empty()
        && freshness(model, env).is_some_and(|it| it.is_live())
        && services.iter().all(|service| absent(&service.name))
}

/// Services of an environment, counted; `there` are all that exist in it.
#[derive(Default)]
struct Counts {
    ready: usize,
    resting: usize,
    there: usize,
    /// The picture is old: this is how it was.
    old: bool,
    worst: Option<State>,
}

impl Counts {
    fn of(model: &Model, env: &Environment) -> Self {
        let mut counts = Self::default();
        for service in &model.catalog.services {
            let Some(cell) = model.board.cell(&service.name, &env.name) else { continue };
            counts.old |= cell.stale;
            match cell.verdict.state {
                State::Absent | State::Reading => continue,
                State::Ok | State::Done => counts.ready += 1,
                // What is scaled to zero is neither ready nor in trouble.
                State::ScaledToZero => counts.resting += 1,
                other => {
                    let worse = counts.worst.is_none_or(|worst| other.urgency() < worst.urgency());
                    counts.worst = if worse { Some(other) } else { counts.worst };
                }
            }
            counts.there += 1;
        }
        counts
    }

    fn words(&self, narrow: bool) -> String {
        let Self { ready, resting, there, .. } = self;
        let was = if self.old { "was " } else { "" };
        match resting {
            _ if narrow => format!("{was}{ready}/{there}"),
            0 => format!("{was}{ready} of {there} ready"),
            _ => format!("{was}{ready} of {there}, {resting} at 0"),
        }
    }

    fn token(&self) -> Token {
        self.worst.filter(|_| !self.old).map_or(Token::Muted, signs::token)
    }
}

fn head(pen: &mut Pen<'_>, model: &Model, env: &Environment, area: Area, columns: &Columns) {
    let right = area.x + columns.content;
    let counts = Counts::of(model, env);
    let hidden = unknown(model, env);
    let selected = model.home.env.as_ref() == Some(&env.name);
    let style = pen.look.style(if selected { Token::Hi } else { Token::Text });
    // Where weight is all that tells the selected one, the others have none.
    let bold = selected || !pen.look.bare();
    let style = if bold { style.add_modifier(ratatui::style::Modifier::BOLD) } else { style };
    let at = match (hidden, counts.there) {
        (Some(words), _) => pen.right(right, area.y, words, Token::Muted),
        (None, 0) => right,
        _ => pen.right(right, area.y, &counts.words(columns.content < 28), counts.token()),
    };
    pen.styled(
        area.x,
        area.y,
        &format::cut(env.name.as_str(), usize::from(at.saturating_sub(area.x + 1))),
        style,
        columns.content,
    );
    let mut frozen = frozen(model, env);
    let (mut text, token) = doing(model, env, &mut frozen, pen.look.ascii);
    // What goes on is told first, and hides no freeze.
    let sign = frozen.as_ref().filter(|_| area.height == 2).and_then(|(told, _)| told.split_once(' '));
    if let Some((sign, _)) = sign {
        text = format!("{sign} {text}");
    }
    if area.height > 1 {
        pen.text(area.x, area.y + 1, &text, token, columns.content);
    }
    let rest = [next(model, env), last_change(model, env)].into_iter().flatten().map(|text| (text, Token::Muted));
    let below = frozen.into_iter().chain(rest);
    for (index, (text, token)) in below.enumerate().take(usize::from(area.height.saturating_sub(2))) {
        pen.text(area.x, area.y + 2 + index as u16, &text, token, columns.content);
    }
}

/// `≈ offline 12s`: since when the picture of an environment is old, and why; none: it is not.
pub(super) fn as_of(model: &Model, env: &EnvId, ascii: bool) -> Option<String> {
    let Freshness::Stale { since, fault } = model.world.env(env)?.freshness() else { return None };
    Some(format!("{} {} {}", signs::stale(ascii), fault.kind, format::age(since, model.session.now)))
}

/// The same of several environments, as a page tells it that shows all of them: `≈ production offline 12s`.
pub(super) fn any_as_of(model: &Model, ascii: bool) -> Option<String> {
    let envs = &model.catalog.environments;
    let stale = |env| match freshness(model, env)? {
        Freshness::Stale { since, fault } => Some((since, env, fault)),
        _ => None,
    };
    let old: Vec<_> = envs.iter().filter_map(stale).collect();
    let (since, env, fault) = old.iter().min_by_key(|(since, ..)| *since)?;
    let what = match old.len() {
        1 => env.name.to_string(),
        all if all == envs.len() => "all".to_owned(),
        some => format!("{some} of {}", envs.len()),
    };
    Some(format!("{} {what} {} {}", signs::stale(ascii), fault.kind, format::age(*since, model.session.now)))
}

/// The end of the rule of what may be old: since when it is, before what it says anyway.
pub(super) fn dated(old: Option<String>, state: String) -> (String, Token) {
    match old {
        Some(old) => (beside(&old, &state), Token::Warn),
        None => (state, Token::Muted),
    }
}

/// Where nothing is known: counted as not ready, and compared with others, it would be told as known.
fn unknown(model: &Model, env: &Environment) -> Option<&'static str> {
    let world = model.world.env(&env.name)?;
    match world.freshness() {
        Freshness::Denied { .. } => Some("may not be read"),
        Freshness::Stale { .. } if !world.was_read() => Some("not read"),
        _ => None,
    }
}

/// What happens there, or how old the picture is; a freeze, which it takes, where nothing does.
fn doing(model: &Model, env: &Environment, frozen: &mut Option<(String, Token)>, ascii: bool) -> (String, Token) {
    let now = model.session.now;
    match freshness(model, env) {
        None => ("○ not read yet".to_owned(), Token::Muted),
        Some(Freshness::Reading { since, seen }) => {
            (format!("◐ reading, {}, {}", format::count(seen, "object"), format::age(since, now)), Token::Prog)
        }
        Some(Freshness::Stale { .. }) => (as_of(model, &env.name, ascii).unwrap_or_default(), Token::Warn),
        Some(Freshness::Denied { kind, .. }) => (format!("? may not list {}", kind.plural()), Token::Warn),
        Some(Freshness::Live) => {
            let run = model.runs.iter().rev().find(|run| run.plan.env == env.name && !run.state.is_over());
            match run {
                Some(run) => own(run),
                None => kept(model, env)
                    .or_else(|| others(model, env))
                    .or_else(|| bare(model, env))
                    .or_else(|| frozen.take())
                    .or_else(|| hidden(model, env))
                    .unwrap_or_else(|| idle(model, env)),
            }
        }
    }
}

/// A run of this session: nothing of it turns while it rests.
fn own(run: &Run) -> (String, Token) {
    let (title, by) = (&run.plan.title, &run.by);
    let told = format!("{title} by {by}  {} of {}", run.succeeded(), run.steps.len());
    match run.state {
        RunState::Halted => (format!("✗ {title} halted"), Token::Fail),
        RunState::Paused => (format!("‖ {told}"), Token::Held),
        _ => (format!("◐ {told}"), Token::Prog),
    }
}

/// A kind of workloads that may not be read, and as which a service runs.
fn hidden(model: &Model, env: &Environment) -> Option<(String, Token)> {
    let world = model.world.env(&env.name)?;
    let denied = |service: &Service| world.denied(service.workload.kind).map(|_| service.workload.kind);
    let kind = model.catalog.services.iter().find_map(denied)?;
    Some((format!("? may not list {}", Kind::Workload(kind).plural()), Token::Warn))
}

fn idle(model: &Model, env: &Environment) -> (String, Token) {
    let text = match (rights::may_change_any(model, &env.name).is_err(), env.protected) {
        (true, _) => "● idle · only to be looked at",
        (false, true) => "● idle · protected",
        (false, false) => "● idle",
    };
    (text.to_owned(), Token::Muted)
}

/// `○ nothing in shop-staging`: the namespace is named, for it is what is wrong most often.
fn bare(model: &Model, env: &Environment) -> Option<(String, Token)> {
    let text = format!("○ nothing in {}", env.namespace);
    is_bare(model, env).then_some((text, Token::Warn))
}

/// What people have put in the way there, and until when: `◇ frozen 2h 10m by ana@mac: Black Friday`.
fn frozen(model: &Model, env: &Environment) -> Option<(String, Token)> {
    let bars = locks::in_force(model, &env.name);
    // Rows say what bars only some of them.
    let whole = bars.iter().find(|it| it.services.len() == model.catalog.services.len());
    let first = whole.or(bars.first())?;
    let of = match first.services.as_slice() {
        all if all.len() == model.catalog.services.len() => String::new(),
        [one] => format!("{one} "),
        some => format!("{} ", format::count(some.len(), "service")),
    };
    let more = if bars.len() > 1 { format!(" +{}", bars.len() - 1) } else { String::new() };
    let what = match (&first.bar.lock.lock, first.bar.opens_at) {
        (Ok(lock), Some(at)) => {
            let left = format::span(at.duration_since(model.session.now));
            format!("{} {left}{more} by {}: {}", lock.kind.done(), lock.author, lock.reason)
        }
        (Ok(lock), None) => format!("{}{more} by {}: {}", lock.kind.done(), lock.author, lock.reason),
        (Err(_), _) => first.bar.lock.headline(),
    };
    Some((format!("◇ {of}{what}"), Token::Held))
}

/// A run of another process that is not over: `◐ shop by ana@mac  1 of 2`, `! shop left behind 3m by ana@mac`.
fn kept(model: &Model, env: &Environment) -> Option<(String, Token)> {
    let newest = |found: &Other<'_>| found.entry.run.started;
    let other = runs_of_others::in_env(model, env).filter(|it| !it.life.is_settled()).max_by_key(newest)?;
    let run = &other.entry.run;
    let (title, by) = (format::cut_middle(&run.plan.title, 20), other.by());
    let holds = matches!(run.state, RunState::Halted | RunState::Paused);
    Some(match other.life {
        Life::Left { since } => {
            (format!("! {title} left behind {} by {by}", format::age(since, model.session.now)), Token::Warn)
        }
        _ if run.steps.iter().any(StepRun::holds_up) => (format!("✗ {title} by {by} halted"), Token::Fail),
        _ if holds => (format!("‖ {title} by {by} holds"), Token::Held),
        _ => (format!("◐ {title} by {by}  {} of {}", run.succeeded(), run.steps.len()), Token::Prog),
    })
}

/// Who else deploys what there: `◐ cart by ana@mac`.
fn others(model: &Model, env: &Environment) -> Option<(String, Token)> {
    let holders = holders::in_env(model, &env.name);
    let first = holders.iter().find(|holder| !holder.silent).or(holders.first())?;
    let theirs: Vec<_> = holders.iter().filter(|holder| holder.by == first.by).collect();
    let what = match theirs.as_slice() {
        [one] => one.service.to_string(),
        many => format::count(many.len(), "service"),
    };
    Some(if first.silent {
        (format!("! {what} left behind by {}", first.by), Token::Warn)
    } else {
        (format!("◐ {what} by {}", first.by), Token::Prog)
    })
}

/// How it stands to the environment before it; none: nothing comes before.
fn next(model: &Model, env: &Environment) -> Option<String> {
    let upstream = model.catalog.upstream(&env.name)?;
    if unknown(model, env).or_else(|| unknown(model, upstream)).is_some() {
        return None;
    }
    let behind = model
        .catalog
        .services
        .iter()
        .filter(|service| model.board.differs_from_upstream(&model.catalog, &service.name, &env.name));
    Some(match behind.count() {
        0 => format!("same as {}", upstream.name),
        number => format!("{number} {} from {}", words::verb(number, "differ"), upstream.name),
    })
}

/// What came last: `last: returns v254, 13m`.
fn last_change(model: &Model, env: &Environment) -> Option<String> {
    let cells = model.catalog.services.iter().filter_map(|service| {
        let cell = model.board.cell(&service.name, &env.name)?;
        Some((cell.changed?, &service.name, cell.version.as_deref()?))
    });
    let (at, service, version) = cells.max_by_key(|(at, ..)| *at)?;
    Some(format!("last: {service} {version}, {}", format::age(at, model.session.now)))
}
