//! Pane 4: the log of the selected cell.

use super::format;
use super::look::Token;
use super::pen::{Pen, Rule};
use crate::app::geometry::Area;
use crate::app::logs::{Entry, Level, Row};
use crate::app::model::{Model, Pane};

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area, tabs: bool) {
    if area.height == 0 {
        return;
    }
    let logs = &model.logs;
    let mut note = match &logs.target {
        Some((env, service)) => format!("{env} / {service} · {}", format::count(logs.pods(), "pod")),
        None => String::new(),
    };
    for (what, text) in [("filter", &logs.filter), ("search", &logs.search)] {
        if !text.is_empty() {
            note.push_str(&format!(" · {what} {text}"));
        }
    }
    if logs.unfollowed > 0 {
        note.push_str(&format!(" · {} not followed", logs.unfollowed));
    }
    if logs.previous {
        note.push_str(" · previous container");
    }
    let (following, token) = if logs.is_following() {
        ("following".to_owned(), Token::Ok)
    } else {
        (format!("held, {} new", logs.new_since_held()), Token::Warn)
    };
    let state = format!("{following} · {} lost", logs.lost());
    let focused = model.home.focus == Pane::Logs;
    let title = if tabs { "Logs  3 graph" } else { "Logs" };
    pen.rule(area, &Rule { key: "4", title, note: &note, state: &state, state_token: token, focused });
    let body = area.below_rule();
    let rows = logs.rows(usize::from(body.height));
    if rows.is_empty() {
        return empty(pen, model, body);
    }
    for (index, row) in rows.iter().enumerate() {
        line(pen, model, row, Area::new(body.x + 1, body.y + index as u16, body.width.saturating_sub(2), 1));
    }
}

fn empty(pen: &mut Pen<'_>, model: &Model, body: Area) {
    let logs = &model.logs;
    let text = match (&logs.target, &logs.problem) {
        (None, _) => "Select a cell to read its log.".to_owned(),
        (Some(_), Some(fault)) => format!("{fault}. {}", fault.advice()),
        (Some(_), None) if !logs.filter.is_empty() => format!("No line matches {}.", logs.filter),
        (Some((env, service)), None) if logs.pods() == 0 => format!("No pod of {service} in {env} has started."),
        (Some(_), None) => "Nothing was written yet.".to_owned(),
    };
    pen.text(body.x + 2, body.y, &text, Token::Muted, body.width.saturating_sub(3));
}

fn line(pen: &mut Pen<'_>, model: &Model, row: &Row<'_>, area: Area) {
    let entry = row.entry;
    let mut x = area.x;
    let room = |x: u16| area.right().saturating_sub(x);
    if let Some(time) = entry.time.filter(|_| model.logs.timestamps) {
        x = pen.text(x, area.y, &format::clock(time), Token::Muted, 8) + 1;
    }
    x = pen.text(x, area.y, &short_pod(entry), Token::Muted, 5) + 1;
    if entry.mark {
        let token = if entry.bad { Token::Fail } else { Token::Muted };
        x = pen.text(x, area.y, "── ", Token::Line, room(x));
        x = pen.text(x, area.y, &entry.text, token, room(x)) + 1;
        while x < area.right() {
            x = pen.text(x, area.y, "─", Token::Line, 1);
        }
        return;
    }
    if let Some(level) = entry.level {
        let token = match level {
            Level::Error => Token::Fail,
            Level::Warn => Token::Warn,
            Level::Info | Level::Debug | Level::Trace => Token::Muted,
        };
        x = pen.text(x, area.y, level.word(), token, room(x)) + 1;
    }
    let token = if row.hit { Token::Accent } else { Token::Text };
    let text = shown(model, entry);
    let skipped: String = text.chars().skip(model.logs.column).collect();
    let style = pen.look.style(token);
    let style = if row.hit { style.add_modifier(ratatui::style::Modifier::UNDERLINED) } else { style };
    pen.styled(x, area.y, &skipped, style, room(x));
}

/// The last five characters of the pod's name tell it from its siblings.
fn short_pod(entry: &Entry) -> String {
    let count = entry.pod.chars().count();
    entry.pod.chars().skip(count.saturating_sub(5)).collect()
}

/// JSON lines as fields where that was asked for.
fn shown(model: &Model, entry: &Entry) -> String {
    if !model.logs.fields || !entry.text.trim_start().starts_with('{') {
        return without_level(entry);
    }
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&entry.text) else {
        return entry.text.to_string();
    };
    let message = ["msg", "message"].iter().find_map(|key| fields.get(*key)?.as_str());
    let mut text = message.unwrap_or_default().to_owned();
    for (key, value) in
        fields.iter().filter(|(key, _)| !matches!(key.as_str(), "msg" | "message" | "level" | "time" | "ts"))
    {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.push_str(&format!("  {key}={value}"));
    }
    text
}

/// The level stands in its own column: at the start of the text it would be said twice.
fn without_level(entry: &Entry) -> String {
    let Some(level) = entry.level else { return entry.text.to_string() };
    let word = level.word().trim_end();
    entry
        .text
        .strip_prefix(word)
        .map_or_else(|| entry.text.to_string(), |rest| rest.trim_start_matches(':').trim_start().to_owned())
}
