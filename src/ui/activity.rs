//! Pane 6 of wide screens: what happened lately, and on which day.

use unicode_width::UnicodeWidthStr;

use super::lines::{self, Line};
use super::look::Token;
use super::pen::{Pen, Rule};
use super::{format, runs_page, signs};
use crate::actions::Action;
use crate::app::activity::{Activity, Mark, lately};
use crate::app::geometry::Area;
use crate::app::model::{Model, Pane};
use crate::app::screens::runs::Standing;
use crate::domain::verdict::State;

/// Columns for who did it.
const BY: usize = 14;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area) {
    if area.height == 0 {
        return;
    }
    let focused = model.home.focus == Pane::Activity;
    let body = area.below_rule();
    let inside = Area::new(body.x + 1, body.y, body.width.saturating_sub(2), body.height);
    let content = content(model, inside.width);
    let more = lines::more(&content, model.home.activity_scroll, inside).around();
    let key = Some(Action::Activity);
    let note = "last two days";
    pen.rule(area, &Rule { key, title: "Activity", note, state: &more, focused, ..Rule::default() });
    pen.drawn.activity = lines::scrolled(pen, &content, model.home.activity_scroll, inside);
}

pub(super) fn content(model: &Model, width: u16) -> Vec<Line> {
    let now = model.session.now;
    let mut day = format::day(now);
    let mut content = Vec::new();
    for news in lately(model) {
        let its = format::day(news.at);
        if its != day {
            content.push(Line::text(0, format::day_name(news.at, now), Token::Muted));
            day = its;
        }
        content.push(line(&news, width));
    }
    if content.is_empty() {
        content.push(Line::text(0, "nothing was changed", Token::Muted));
    }
    content
}

fn line(news: &Activity, width: u16) -> Line {
    let (glyph, sign, what) = match news.mark {
        Mark::Rollout(State::Failed) => (signs::glyph(State::Failed, false), Token::Fail, Token::Fail),
        Mark::Rollout(State::Ok) => (signs::glyph(State::Ok, false), Token::Calm, Token::Text),
        Mark::Rollout(other) => (signs::glyph(other, false), signs::token(other), Token::Text),
        Mark::Deed(standing) => {
            let (glyph, token) = runs_page::sign(standing, false);
            (glyph, token, if standing == Standing::Failed { Token::Fail } else { Token::Text })
        }
    };
    let by = news.by.as_deref().map(|by| format::cut_middle(by, BY));
    let end = [Some(news.place.clone()).filter(|it| !it.is_empty()), by];
    let end = end.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    // Both ends tell: what it is, and where it went.
    let room = width.saturating_sub(9 + end.width() as u16 + 2).max(8);
    Line::text(0, format::hour(news.at), Token::Muted)
        .and(7, glyph, sign)
        .within(9, room, format::cut_middle(&news.what, usize::from(room)), what)
        .right(end, Token::Muted)
}
