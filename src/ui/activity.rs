//! Pane 6 of wide screens: what happened lately, and on which day.

use unicode_width::UnicodeWidthStr;

use super::lines::{self, Line};
use super::look::Token;
use super::pen::{Pen, Rule};
use super::{format, signs};
use crate::actions::Action;
use crate::app::activity::{Activity, lately};
use crate::app::geometry::Area;
use crate::app::model::{Model, Pane};
use crate::domain::verdict::State;

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
    let (sign, what) = match news.state {
        State::Failed => (Token::Fail, Token::Fail),
        State::Ok => (Token::Calm, Token::Text),
        other => (signs::token(other), Token::Text),
    };
    let place = news.place.width() as u16;
    Line::text(0, format::hour(news.at), Token::Muted)
        .and(7, signs::glyph(news.state, false), sign)
        .within(9, width.saturating_sub(9 + place + 2).max(8), news.what.clone(), what)
        .right(news.place.clone(), Token::Muted)
}
