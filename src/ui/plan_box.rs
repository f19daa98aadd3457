//! A plan before anything happens: waves, what cannot go, what to know, and what has to be typed.

use super::format;
use super::frame::open;
use super::lines::{self, Line, wrap, wrapped};
use super::look::{Ground, Token};
use super::more::More;
use super::overlays::typed;
use super::pen::Pen;
use crate::actions::Action;
use crate::app::geometry::{self, Area};
use crate::app::model::PlanReview;
use crate::app::touch::Touch;
use crate::domain::plan::{Plan, Purpose};
use crate::domain::run::{Run, RunState};
use crate::domain::words;

/// Columns that the box wants.
const WIDTH: u16 = 88;

/// `aborts`: what is under way and ends when this begins.
pub(super) fn draw(pen: &mut Pen<'_>, review: &PlanReview, aborts: Option<&Run>, area: Area) {
    let plan = &review.plan;
    let edge = if plan.protected { Token::Warn } else { Token::Accent };
    let mut content = content(review, geometry::inside_box(area.width, WIDTH));
    let steps = plan.steps().count();
    if steps > 1
        && let Some(selected) = content.get_mut(review.selected)
    {
        selected.ground = Some(Ground::Sel);
    }
    let note = if plan.protected { "protected" } else { "" };
    let frame = open(pen, area, (WIDTH, content.len() as u16 + 6), &title(review), note, edge);
    let inside = frame.inside;
    let x = pen.text(inside.x, inside.y, "Nothing has happened yet.", Token::Text, inside.width);
    if let Some(run) = aborts {
        let halted = run.state == RunState::Halted;
        let this = if halted { "halted: this ends it first" } else { "under way: this aborts it first" };
        let text = format!("The {} is {this}.", purpose(&run.plan));
        pen.text(x + 1, inside.y, &text, Token::Warn, (inside.right()).saturating_sub(x + 1));
    }
    if let Purpose::Promote { from } = &plan.purpose {
        let text = format!("This ships exactly what runs in {from}.");
        pen.text(x + 2, inside.y, &text, Token::Muted, inside.width.saturating_sub(28));
    }
    let room = usize::from(inside.height.saturating_sub(5)).max(1);
    let skip = (review.selected + 1).saturating_sub(room) + review.scroll;
    let skip = skip.min(content.len().saturating_sub(room));
    lines::draw(pen, &content, skip, Area::new(inside.x, inside.y + 2, inside.width, room as u16));
    pen.drawn.overlay = content.len().saturating_sub(room);
    foot(pen, review, inside);
    // What is out of sight may be what speaks against it.
    frame.more(pen, More::of(content.len(), skip, room), Token::Warn);
}

fn purpose(plan: &Plan) -> &'static str {
    match plan.purpose {
        Purpose::Deploy => "deploy",
        Purpose::Promote { .. } => "promotion",
        Purpose::RollBack => "roll back",
    }
}

fn title(review: &PlanReview) -> String {
    let plan = &review.plan;
    match &plan.purpose {
        Purpose::Deploy if review.puts_a_run_back() => {
            format!("Deploy again what was taken back: {} in {}", plan.title, plan.env)
        }
        Purpose::Deploy => format!("Deploy {} to {}", plan.title, plan.env),
        Purpose::Promote { .. } => format!("Promote {} to {}", plan.title, plan.env),
        Purpose::RollBack => format!("Roll back {} in {}", plan.title, plan.env),
    }
}

/// A line for each step, in their order; then what is left out, what to know, and what runs already.
fn content(review: &PlanReview, width: u16) -> Vec<Line> {
    let plan = &review.plan;
    let mut content = Vec::new();
    for (index, wave) in plan.waves.iter().enumerate() {
        for (row, step) in wave.steps.iter().enumerate() {
            let touch = Some(Touch::Row(content.len()));
            let title = if row == 0 { format!("wave {}", index + 1) } else { String::new() };
            let line = Line::text(0, title, Token::Muted)
                .and(9, format::cut_middle(step.service.as_str(), 24), Token::Text)
                .within(35, 16, step.from_version.clone(), Token::Muted)
                .and(52, "→", Token::Muted)
                .and(54, step.to_version.clone(), Token::Hi);
            content.push(Line { touch, ..line });
        }
    }
    content.push(Line::default());
    for left_out in plan.skipped.iter().filter(|skipped| !skipped.already) {
        content.extend(told("⊘", Token::Held, &format!("{}  {}", left_out.service, left_out.why), width));
    }
    for warning in plan.warnings.iter().chain(&review.warnings) {
        content.extend(told("▲", Token::Warn, &format!("{}  {}", warning.subject, warning.text), width));
    }
    let already = plan.skipped.iter().filter(|skipped| skipped.already).map(|skipped| skipped.service.as_str());
    let already: Vec<&str> = already.collect();
    if !already.is_empty() {
        let run = words::verb(already.len(), "run");
        let text = format!("{} {run} it already: {}", format::count(already.len(), "service"), already.join(", "));
        for (row, part) in wrap(&text, usize::from(width.saturating_sub(2)).max(1)).into_iter().enumerate() {
            let sign = if row == 0 { "○" } else { "" };
            content.push(Line::text(0, sign, Token::Muted).and(2, part, Token::Muted));
        }
    }
    content
}

/// A sign and what it is about, in as many lines as that takes.
fn told(sign: &str, token: Token, text: &str, width: u16) -> Vec<Line> {
    let mut lines = wrapped(2, text, Token::Text, width);
    if let Some(first) = lines.first_mut() {
        *first = std::mem::take(first).and(0, sign, token);
    }
    lines
}

fn foot(pen: &mut Pen<'_>, review: &PlanReview, inside: Area) {
    let plan = &review.plan;
    let y = inside.bottom() - 1;
    let steps = plan.steps().count();
    let mut total = format!("{}  {}", format::count(steps, "service"), format::count(plan.waves.len(), "wave"));
    if let Some(time) = plan.estimate() {
        total.push_str(&format!("  about {}", format::span(time)));
    }
    pen.text(inside.x, y - 1, &total, Token::Muted, inside.width);
    if plan.is_empty() {
        pen.text(inside.x, y, "Everything runs as wanted already.", Token::Text, inside.width);
        pen.hint(inside.x + 38, y, Action::Back, "close");
    } else if plan.protected {
        typed(pen, plan.env.as_str(), ("run", "it"), &review.confirm, inside, y);
    } else {
        let mut x = pen.hint(inside.x, y, Action::Enter, "run") + 3;
        if steps > 1 {
            x = pen.hint(x, y, Action::PlanLeaveOut, "leave this one out") + 3;
        }
        if review.form.is_some() && inside.width >= 70 {
            x = pen.hint(x, y, Action::PlanEdit, "versions") + 3;
        }
        pen.hint(x, y, Action::Back, "cancel, nothing happens");
    }
}
