//! The end of a plan: how much it is, with what to know of it counted, and its keys.

use unicode_width::UnicodeWidthStr;

use super::super::look::Token;
use super::super::overlays::typed;
use super::super::pen::Pen;
use super::super::{format, pace};
use super::{Now, left_out, to_know};
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::PlanReview;
use crate::app::overlays::checks::Way;
use crate::domain::{lock, words};

/// How much it is, with what to know of it counted, and the keys.
pub(super) fn draw(pen: &mut Pen<'_>, (review, now): (&PlanReview, &Now<'_>), inside: Area, total: bool) {
    let plan = &review.plan;
    let y = inside.bottom() - 1;
    if total {
        summary(pen, (review, now), Area::new(inside.x, y - 1, inside.width, 1));
    }
    if plan.is_empty() {
        pen.text(inside.x, y, "Everything runs as wanted already.", Token::Text, inside.width);
        pen.hint(inside.x + 38, y, Action::Back, "close");
    } else if matches!(now.way, Way::Rereads(_)) {
        let x = pen.hint(inside.x, y, Action::Enter, "read it again as it is now") + 3;
        pen.hint(x, y, Action::Back, "cancel");
    } else if plan.protected {
        let verb = if now.bars().is_empty() { "run" } else { "override" };
        typed(pen, plan.env.as_str(), (verb, "it"), &review.confirm, inside, y);
    } else {
        let enter = enter(now);
        let (below, rest) = keys(pen, (review, now), inside.width);
        let mut x = enter.map_or(inside.x, |word| pen.hint(inside.x, y, Action::Enter, word) + 3);
        let wide: u16 = below.iter().map(|(action, word)| pen.hint_width(*action, word) + 1).sum();
        let calm = rest.is_empty() && x + pen.hint_width(Action::Back, CALM) + 1 + wide <= inside.right() + 3;
        x = pen.hint(x, y, Action::Back, if calm { CALM } else { CANCEL }) + 3;
        for (action, word) in below {
            x = pen.hint(x, y, action, word) + 3;
        }
        rest.into_iter().fold(inside.x, |x, (action, word)| pen.hint(x, y + 1, action, word) + 3);
    }
}

/// Rows below its last line: for the keys that have no room in it.
pub(super) fn rows_below(pen: &Pen<'_>, shown: (&PlanReview, &Now<'_>), width: u16) -> u16 {
    let (below, rest) = keys(pen, shown, width);
    u16::from(!below.is_empty() && !rest.is_empty())
}

/// What enter does at once, if anything.
fn enter(now: &Now<'_>) -> Option<&'static str> {
    match now.way {
        Way::Runs => Some("run"),
        Way::Overrides(_) => Some("override"),
        Way::Refused(..) | Way::Rereads(_) => None,
    }
}

/// The keys of the plan that have room in its last line, and the rest; while a name is typed there, that is all of them.
fn keys(pen: &Pen<'_>, (review, now): (&PlanReview, &Now<'_>), width: u16) -> (Vec<Key>, Vec<Key>) {
    let mut below = ways((review, now.waits));
    if review.plan.protected {
        return (Vec::new(), below);
    }
    let columns = |action, word| pen.hint_width(action, word) + 1;
    let mut end = enter(now).map_or(0, |word| columns(Action::Enter, word)) + columns(Action::Back, CANCEL);
    let fits = |(action, word): &&Key| {
        end += columns(*action, word);
        end <= width + 3
    };
    let room = below.iter().take_while(fits).count();
    let rest = below.split_off(room);
    (below, rest)
}

const CANCEL: &str = "cancel";
const CALM: &str = "cancel, nothing happens";

/// A key of the plan, and what it does.
type Key = (Action, &'static str);

/// What can still be changed of it, what is needed most first.
fn ways((review, waits): (&PlanReview, bool)) -> Vec<Key> {
    let several = review.plan.steps().nth(1).is_some();
    let only = several.then_some((Action::PlanOnly, "only this one"));
    let leave_out = several.then_some((Action::PlanLeaveOut, "leave this one out"));
    let hold = lock::held_words(&review.plan).map(|_| {
        let word = if review.plan.unheld { "hold it" } else { "do not hold it" };
        (Action::PlanHold, word)
    });
    let edit = review.form.is_some().then_some((Action::PlanEdit, "versions"));
    let ways = if review.all { [hold, only, leave_out, edit] } else { [hold, leave_out, edit, only] };
    let wait = waits.then_some((Action::PlanWait, "wait in line"));
    wait.into_iter().chain(ways.into_iter().flatten()).collect()
}

/// `4 services  1 wave  about 20s, seldom more than 40s  ▲ 1 to know  ⊘ 3 left out`, and where a name is typed the keys that are held for it.
fn summary(pen: &mut Pen<'_>, (review, now): (&PlanReview, &Now<'_>), area: Area) {
    let plan = &review.plan;
    let (steps, waves) = (plan.steps().count(), plan.waves.len());
    let held: Vec<Key> = ways((review, now.waits)).into_iter().filter(|_| plan.protected).collect();
    let room = held.first().map_or(0, |(action, word)| pen.hint_width(*action, word));
    let mut told = vec![(format::count(steps, "service"), Token::Muted), (format::count(waves, "wave"), Token::Muted)];
    told.extend(plan.estimate().map(|time| (pace::about(time), Token::Muted)));
    let (know, bars, out) = (to_know(review, now).count(), now.bars().len(), left_out(plan).count());
    told.extend((know > 0).then(|| (format!("▲ {know} to know"), Token::Warn)));
    told.extend((bars > 0).then(|| (format!("⊘ {bars} {} it", words::verb(bars, "bar")), Token::Held)));
    told.extend((out > 0).then(|| (format!("⊘ {out} left out"), Token::Held)));
    // Where not all of it has room, what speaks against it stays.
    let columns = |told: &[(String, Token)]| told.iter().map(|(text, _)| text.width() as u16 + 2).sum::<u16>() - 2;
    if let Some(whole) = pace::of_plan(plan)
        && let short = told[2].0.width()
        && columns(&told) + (whole.width() - short) as u16 + room <= area.width
    {
        told[2].0 = whole;
    }
    while told.len() > 1 && columns(&told) > area.width {
        told.remove(0);
    }
    let mut x = area.x;
    for (text, token) in &told {
        x = pen.text(x, area.y, text, *token, area.right().saturating_sub(x)) + 2;
    }
    // While a name is typed below, the first of the keys stands here, and the others where they fit.
    let mut right = area.right() + 2;
    for (action, word) in held {
        let width = pen.hint_width(action, word);
        if x + width <= right {
            right -= width;
            pen.hint(right, area.y, action, word);
        }
    }
}
