//! Pane 4: the log of the selected cell; and one line of it in whole.

use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::format;
use super::lines::{Line, Piece};
use super::look::{Ground, Look, Token};
use super::more::More;
use super::pen::{Pen, Rule, TABS, Tab};
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::log_bridge;
use crate::app::logs::{Detail, Head, Ink, Kind, Level, LogPane, Quote, Row, Trouble};
use crate::app::model::{Model, Pane};
use crate::domain::world::Freshness;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area, tabs: bool) {
    if area.height == 0 {
        return;
    }
    rule(pen, model, area, tabs);
    let mut body = area.below_rule();
    if let Some(trouble) = model.logs.trouble().filter(|_| body.height > 0) {
        body.height -= 1;
        told(pen, &trouble, Area::new(body.x + 1, body.bottom(), body.width.saturating_sub(2), 1));
    }
    let rows = model.logs.rows(log_bridge::size(model));
    if rows.is_empty() && model.logs.trouble().is_none() {
        pen.text(body.x + 2, body.y, &nothing(model), Token::Muted, body.width.saturating_sub(3));
        return;
    }
    let head = u16::try_from(model.logs.head_columns()).unwrap_or(u16::MAX);
    for (row, y) in rows.iter().zip(body.y..body.bottom()) {
        if row.selected && !model.logs.is_following() {
            pen.under(Area::new(body.x, y, body.width, 1), Ground::Sel);
        }
        line(pen, &model.logs, row, Area::new(body.x + 1, y, body.width.saturating_sub(2), 1), head);
    }
}

fn rule(pen: &mut Pen<'_>, model: &Model, area: Area, tabs: bool) {
    let logs = &model.logs;
    let mut note = match &logs.target {
        Some((env, service)) => format!("{env} / {service} · {}", format::count(logs.pods(), "pod")),
        None => String::new(),
    };
    if let Some(container) = &logs.container {
        note.push_str(&format!(" · {container}"));
    }
    if logs.previous {
        note.push_str(" · the run before");
    }
    if !logs.filter().is_empty() {
        note.push_str(&format!(" · {} with {}", format::count(logs.ring.shown(), "line"), logs.filter()));
    }
    if !logs.search().is_empty() {
        let found = logs.ring.search();
        let at = logs.cursor().filter(|cursor| logs.is_found(*cursor) && !logs.is_following());
        let at = at.map(|cursor| format!("{} of ", found.place(cursor) + 1)).unwrap_or_default();
        note.push_str(&format!(" · {at}{} {}", found.len(), logs.search()));
    }
    if logs.unfollowed > 0 {
        note.push_str(&format!(" · {} more not followed, {} chooses", logs.unfollowed, pen.key(Action::LogContainers)));
    }
    if area.width >= 110 {
        note.push_str(&format!(" · {}", log_bridge::read_back(model)));
    }
    let (mut state, mut token) = if let Some(what) = hidden(model) {
        (what, Token::Warn)
    } else if logs.is_following() {
        ("following".to_owned(), Token::Ok)
    } else {
        (format!("held, {} new", logs.new_since_held()), Token::Warn)
    };
    // What is not heard of is not followed, though no stream has broken yet.
    let env = logs.target.as_ref().map(|(env, _)| env);
    if let Some(old) = env.and_then(|env| super::environments::as_of(model, env, pen.look.ascii)) {
        (state, token) = (format!("{old} · {state}"), Token::Warn);
    }
    if logs.cut > 0 {
        state.push_str(&format!(" · {} cut", logs.cut));
    }
    state.push_str(&format!(" · {} lost", logs.lost()));
    if logs.lost() > 0 {
        token = Token::Warn;
    }
    let focused = model.home.focus == Pane::Logs;
    let tabs: &[Tab] = if tabs { &TABS } else { &[] };
    let key = Some(Action::FocusLogs);
    pen.rule(area, &Rule { key, title: "Logs", tabs, note: &note, state: &state, state_token: token, focused });
}

/// What keeps logs from being read, and since when.
fn told(pen: &mut Pen<'_>, trouble: &Trouble<'_>, area: Area) {
    let (failing, of) = trouble.streams;
    let part = if failing < of { format!(" ({failing} of {of})") } else { String::new() };
    let since = format::clock(trouble.since);
    let text = format!("✗ {} since {since}{part}: {}. {}", trouble.fault.kind, trouble.fault, trouble.fault.advice());
    pen.fill(area, Ground::Band);
    pen.text(area.x, area.y, &text, Token::Warn, area.width);
}

/// `pods may not be read`: which pods there are is not known, and so nothing is followed.
fn hidden(model: &Model) -> Option<String> {
    let (env, _) = model.logs.target.as_ref()?;
    match model.world.env(env)?.freshness() {
        Freshness::Denied { kind, .. } => Some(format!("{} may not be read", kind.plural())),
        Freshness::Stale { .. } if !model.world.env(env)?.was_read() => Some("not read".to_owned()),
        _ => None,
    }
}

/// Why there is no line.
fn nothing(model: &Model) -> String {
    let logs = &model.logs;
    match &logs.target {
        None => "Select a cell to read its log.".to_owned(),
        Some(_) if !logs.filter().is_empty() => format!("No line matches {}.", logs.filter()),
        Some((env, service)) if logs.pods() == 0 && logs.previous => {
            let key = model.keymap.hint(Action::LogPreviousContainer);
            format!("No container of {service} in {env} has run before. {key} goes back to the present one.")
        }
        Some((env, service)) if logs.pods() == 0 && hidden(model).is_some() => {
            let fault = model.world.env(env).and_then(|world| world.freshness().fault().cloned());
            let why = fault.map(|fault| format!(": {fault}. {}", fault.advice())).unwrap_or_default();
            format!("Which pods {service} has in {env} is not known{why}")
        }
        Some((env, service)) if logs.pods() == 0 => format!("No pod of {service} in {env} has started."),
        Some(_) => "Nothing was written yet.".to_owned(),
    }
}

fn line(pen: &mut Pen<'_>, logs: &LogPane, row: &Row, area: Area, head: u16) {
    let text_x = area.x + head.min(area.width);
    if let Some(it) = &row.head {
        let x = columns(pen, logs, it, area);
        if row.kind.is_mark() {
            return mark(pen, row, x, area);
        }
        if let Some(level) = row.level {
            pen.text(
                text_x.saturating_sub(6),
                area.y,
                level.word(),
                level_token(level),
                area.right().saturating_sub(x),
            );
        }
    }
    let mut x = text_x;
    for (text, ink) in &row.pieces {
        let style = style(pen.look, *ink, row.level);
        x = pen.styled(x, area.y, text, style, area.right().saturating_sub(x));
    }
    if row.more.0 {
        pen.text(text_x, area.y, "…", Token::Muted, 1);
    }
    if row.more.1 {
        pen.text(area.right().saturating_sub(1), area.y, "…", Token::Muted, 1);
    }
}

/// Time, pod and container; returns where they end.
fn columns(pen: &mut Pen<'_>, logs: &LogPane, head: &Head, area: Area) -> u16 {
    let mut x = area.x;
    let room = |x: u16| area.right().saturating_sub(x);
    if logs.timestamps {
        if let Some(time) = head.time {
            pen.text(x, area.y, &format::clock(time), Token::Muted, 8);
        }
        x += 9;
    }
    let Some(source) = logs.source(head.source) else { return x + 6 };
    let token = if source.old { Token::Muted } else { Token::Text };
    pen.text(x, area.y, &format::pod(&source.pod, 5), token, room(x));
    x += 6;
    let container = logs.container_columns() as u16;
    if container > 0 {
        pen.text(x, area.y, &format::cut_middle(&source.container, usize::from(container)), Token::Muted, room(x));
        x += container + 1;
    }
    x
}

/// Something that happened: a rule across the text.
fn mark(pen: &mut Pen<'_>, row: &Row, x: u16, area: Area) {
    let room = |x: u16| area.right().saturating_sub(x);
    let token = if row.kind == Kind::BadMark { Token::Fail } else { Token::Muted };
    let text: String = row.pieces.iter().map(|(text, _)| text.as_str()).collect();
    let x = pen.text(x, area.y, "── ", Token::Line, room(x));
    let x = pen.text(x, area.y, &text, token, room(x)) + 1;
    for x in x..area.right() {
        pen.text(x, area.y, "─", Token::Line, 1);
    }
}

fn level_token(level: Level) -> Token {
    match level {
        Level::Error => Token::Fail,
        Level::Warn => Token::Warn,
        Level::Info | Level::Debug | Level::Trace => Token::Muted,
    }
}

pub(super) fn style(look: Look, ink: Ink, level: Option<Level>) -> Style {
    match ink {
        Ink::Hit => look.style(Token::Accent).add_modifier(Modifier::UNDERLINED),
        Ink::Key => look.style(Token::Muted),
        Ink::Text if level == Some(Level::Error) => look.style(Token::Hi).remove_modifier(Modifier::BOLD),
        Ink::Text => look.style(Token::Text),
    }
}

/// Lines of the log where they are quoted, in the colours that they have in the pane: their levels stand in a column of
/// their own, where any of them has one.
pub(super) fn quoted(quotes: &[Quote], x: u16) -> Vec<Line> {
    let leveled = quotes.iter().any(|quote| quote.level.is_some());
    let text_x = x + if leveled { 6 } else { 0 };
    let line = |quote: &Quote| {
        let mut line = Line::default();
        if let Some(level) = quote.level {
            line = line.within(x, 5, level.word(), level_token(level));
        }
        let mut x = text_x;
        for (text, ink) in &quote.pieces {
            line.pieces.push(Piece::Log { x, text: text.clone(), ink: *ink, level: quote.level });
            x = x.saturating_add(u16::try_from(text.width()).unwrap_or(u16::MAX));
        }
        line
    };
    quotes.iter().map(line).collect()
}

/// A line in whole, in its box; returns what of it is out of sight.
pub(super) fn detail(pen: &mut Pen<'_>, detail: &Detail, frame: Area) -> More {
    let room = usize::from(frame.height);
    pen.drawn.overlay = detail.len().saturating_sub(room);
    let scroll = detail.scroll.min(pen.drawn.overlay);
    for (row, y) in detail.rows.iter().skip(scroll).zip(frame.y..frame.bottom()) {
        let mut x = frame.x;
        for (text, ink) in row {
            let style = style(pen.look, *ink, None);
            x = pen.styled(x, y, text, style, frame.right().saturating_sub(x));
        }
    }
    More::of(detail.len(), scroll, room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_lines_have_the_colours_of_the_pane_and_their_levels_a_column() {
        let quote = |level, text: &str| Quote { level, pieces: vec![(text.to_owned(), Ink::Text)] };
        let lines = quoted(&[quote(Some(Level::Error), "boom"), quote(None, "  at main")], 3);
        let level = Piece::Text { x: 3, width: 5, text: "ERROR".to_owned(), token: Token::Fail };
        let text = |text: &str, level| Piece::Log { x: 9, text: text.to_owned(), ink: Ink::Text, level };
        assert_eq!(lines[0].pieces, [level, text("boom", Some(Level::Error))]);
        assert_eq!(lines[1].pieces, [text("  at main", None)]);
        let bare = quoted(&[quote(None, "GET /"), quote(None, "GET /cart")], 3);
        assert!(
            bare.iter().all(|line| matches!(line.pieces[0], Piece::Log { x: 3, .. })),
            "nobody has a level: no gap"
        );
    }
}
