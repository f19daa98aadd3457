//! Boxes over the screen: the only boxes there are.

use super::frame::{Frame, open};
use super::lines::{self, Line, wrapped};
use super::look::{Ground, Token};
use super::more::More;
use super::pen::Pen;
use super::{details, format, listing_box};
use crate::actions::Action;
use crate::app::geometry::{self, Area};
use crate::app::input::LineInput;
use crate::app::locks::held_images;
use crate::app::logs::Detail;
use crate::app::model::{Answer, Confirm, Model, Overlay, Picker, Prompt};
use crate::app::overlays::checks;
use crate::app::queue;
use crate::app::touch::Touch;
use crate::app::why::causes;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::lease::Patience;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The prompt on the hint row, if one is open.
pub(super) fn prompt(model: &Model) -> Option<&Prompt> {
    match model.overlays.last() {
        Some(Overlay::Prompt(prompt)) => Some(prompt),
        _ => None,
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Area) {
    pen.over(model);
    match model.overlays.last() {
        None | Some(Overlay::Prompt(_)) => {}
        Some(Overlay::Versions(form)) => super::versions_box::draw(pen, form, area, model),
        Some(Overlay::Plan(review)) => {
            let undone = review.undoes.and_then(|id| model.run(id));
            let now = super::plan_box::Now {
                aborts: undone.filter(|run| !run.state.is_over()),
                waits: queue::is_wanted(model, &review.plan),
                way: checks::way(model, review, Patience::None),
            };
            super::plan_box::draw(pen, review, &now, area);
        }
        Some(Overlay::Confirm(confirm)) => ask(pen, confirm, area),
        Some(Overlay::Help(listing)) => listing_box::draw(pen, model, listing, "Keys and signs", area),
        Some(Overlay::Palette(listing)) => listing_box::draw(pen, model, listing, "Do anything", area),
        Some(Overlay::Menu(listing)) => listing_box::draw(pen, model, listing, &here(model), area),
        Some(Overlay::Picker(picker)) => pick(pen, picker, area),
        Some(Overlay::Details { service, env, scroll }) => {
            let frame = open(pen, area, (88, 24), &format!("{service} in {env}"), "", Token::Accent);
            let content = details::content(model, service, env, frame.inside.width);
            scrolled(pen, &content, *scroll, frame);
        }
        Some(Overlay::Why { service, env, scroll }) => {
            let title = format!("Why can {service} not be deployed to {env}?");
            let told = why(model, service, env);
            text(pen, area, &title, "nothing stands in its way", told.into_iter(), *scroll);
        }
        Some(Overlay::Told { title, lines, scroll }) => {
            let told = lines.iter().map(|(word, text)| (word.clone(), text.clone(), Token::Text));
            text(pen, area, title, "nothing more is kept of it", told, *scroll);
        }
        Some(Overlay::Activity { scroll }) => {
            let frame = open(pen, area, (88, 40), "Activity of the last two days", "", Token::Accent);
            let content = super::activity::content(model, frame.inside.width);
            scrolled(pen, &content, *scroll, frame);
        }
        Some(Overlay::Line(detail)) => {
            let note = format!("{} copies it", pen.key(Action::Copy));
            let height = u16::try_from(detail.len()).unwrap_or(u16::MAX - 4).min(u16::MAX - 4);
            let frame = open(pen, area, (Detail::WIDTH, height), &detail.title, &note, Token::Accent);
            let more = super::logs::detail(pen, detail, frame.inside);
            frame.foot(pen, more);
        }
        Some(Overlay::Commands { selected }) => super::commands_box::draw(pen, model, *selected, area),
        Some(Overlay::Errors { scroll }) => {
            let told = model.journal.notices.iter().rev().flat_map(|notice| {
                let first = (format::clock(notice.at), notice.title.clone(), super::signs::token(notice.state));
                let detail = (String::new(), notice.detail.clone(), Token::Muted);
                [Some(first), Some(detail).filter(|(_, text, _)| !text.is_empty())].into_iter().flatten()
            });
            text(pen, area, "Notices and errors", "nothing happened yet", told, *scroll);
        }
    }
}

/// One line being typed; returns where its field ends.
pub(super) fn line(pen: &mut Pen<'_>, input: &LineInput, x: u16, y: u16, width: u16) -> u16 {
    line_over(pen, input, "", (x, y, width))
}

/// The same over a text that is to be typed: the cursor stands on its next character.
fn line_over(pen: &mut Pen<'_>, input: &LineInput, below: &str, (x, y, width): (u16, u16, u16)) -> u16 {
    let (text, before) = around_cursor(input, width);
    let end = pen.text(x, y, &text, Token::Hi, width);
    let cursor = x.saturating_add(before.width().min(1_000) as u16);
    if cursor < x + width {
        let style = pen.look.style(Token::Accent).add_modifier(ratatui::style::Modifier::REVERSED);
        let next = |text: &str| text.chars().nth(input.cursor());
        let under = next(input.text()).or_else(|| next(below)).map_or(" ".to_owned(), |c| c.to_string());
        pen.styled(cursor, y, &under, style, 1);
    }
    end.max(cursor + 1)
}

/// What is shown of a text that is longer than its field, so that the cursor stands in it; and that up to the cursor.
fn around_cursor(input: &LineInput, width: u16) -> (String, String) {
    let before: Vec<char> = input.text().chars().take(input.cursor()).collect();
    // One cell is the cursor's own, and one the sign that something stands before.
    let room = usize::from(width.saturating_sub(1));
    let columns = |c: &char| c.width().unwrap_or(0);
    let (mut hidden, mut taken) = (0, 0);
    if before.iter().map(columns).sum::<usize>() > room {
        let fits = |c: &&char| {
            taken += columns(c);
            taken < room
        };
        hidden = before.len() - before.iter().rev().take_while(fits).count();
    }
    let sign = if hidden > 0 { "…" } else { "" };
    let shown: String = input.text().chars().skip(hidden).collect();
    (format!("{sign}{shown}"), format!("{sign}{}", before[hidden..].iter().collect::<String>()))
}

/// The service and the environment that are selected.
fn here(model: &Model) -> String {
    match (&model.home.service, &model.home.env) {
        (Some(service), Some(env)) => format!("{service} in {env}"),
        _ => "Nothing is selected".to_owned(),
    }
}

/// A text in a box, of which as much is shown as there is room for.
fn scrolled(pen: &mut Pen<'_>, content: &[Line], scroll: usize, frame: Frame) {
    pen.drawn.overlay = lines::scrolled(pen, content, scroll, frame.inside);
    frame.foot(pen, lines::more(content, scroll, frame.inside));
}

/// `Type production to run it`: Enter works only when it is right, and does what the verb says.
pub(super) fn typed(
    pen: &mut Pen<'_>,
    word: &str,
    (verb, what): (&str, &str),
    input: &LineInput,
    inside: Area,
    y: u16,
) {
    let x = pen.text(inside.x, y, "Type ", Token::Text, inside.width);
    let x = pen.text(x, y, word, Token::Warn, inside.width);
    let width = word.width() as u16 + 2;
    let what = format!(" to {verb} {what} ");
    // Where it goes is worth more than what for.
    let fits = x + what.width() as u16 + 2 + width <= inside.right();
    let x = pen.text(x, y, if fits { &what } else { "" }, Token::Text, inside.width) + 2;
    pen.fill(Area::new(x.saturating_sub(1), y, width + 2, 1), Ground::Bg);
    let below = if word.starts_with(input.text()) { word } else { "" };
    pen.text(x, y, below, Token::Edge, width);
    let end = line_over(pen, input, below, (x, y, width)).max(x + width) + 2;
    let token = if input.text() == word { Token::Accent } else { Token::Edge };
    let x = pen.hint_in(end, y, Action::Enter, verb, token) + 3;
    pen.hint(x, y, Action::Back, "cancel");
}

/// Why what was typed was not taken, and what would be: below its field, where one row of the box is always free.
pub(super) fn refused(input: &LineInput, width: u16) -> Vec<Line> {
    let mut lines = wrapped(2, input.refused().unwrap_or_default(), Token::Fail, width);
    if let Some(first) = lines.first_mut().filter(|_| input.refused().is_some()) {
        *first = std::mem::take(first).and(0, "⊘", Token::Fail);
        return lines;
    }
    Vec::new()
}

fn ask(pen: &mut Pen<'_>, confirm: &Confirm, area: Area) {
    let width = usize::from(geometry::inside_box(area.width, 88)).max(1);
    let refused = refused(&confirm.typed, width as u16);
    let below = (refused.len() as u16).saturating_sub(1);
    let told: Vec<String> = confirm.lines.iter().flat_map(|text| lines::wrap(text, width)).collect();
    let question = lines::wrap(&confirm.question, width);
    let asked = question.len() as u16;
    let frame = open(pen, area, (88, told.len() as u16 + asked + 3 + below), &confirm.title, "", Token::Warn);
    let inside = Area { height: frame.inside.height.saturating_sub(below).max(1), ..frame.inside };
    lines::draw(pen, &refused, 0, Area::new(inside.x, inside.bottom(), inside.width, below + 1));
    let room = usize::from(inside.height.saturating_sub(asked + 2));
    pen.drawn.overlay = told.len().saturating_sub(room);
    let skip = confirm.scroll.min(pen.drawn.overlay);
    for (index, text) in told.iter().skip(skip).take(room).enumerate() {
        pen.text(inside.x, inside.y + index as u16, text, Token::Text, inside.width);
    }
    let y = inside.bottom() - 1;
    for (row, text) in question.iter().rev().enumerate() {
        pen.text(inside.x, y.saturating_sub(1 + row as u16), text, Token::Hi, inside.width);
    }
    if let Some(Answer::Word(word)) = &confirm.word {
        typed(pen, word, confirm.then.deed(), &confirm.typed, inside, y);
    } else if confirm.word.is_some() {
        let keys = pen.hint_width(Action::Enter, "go on") + pen.hint_width(Action::Back, "cancel") + 5;
        let width = inside.width.saturating_sub(keys);
        pen.fill(Area::new(inside.x, y, width, 1), Ground::Bg);
        line(pen, &confirm.typed, inside.x + 1, y, width.saturating_sub(2));
        let x = pen.hint(inside.x + width + 2, y, Action::Enter, "go on") + 3;
        pen.hint(x, y, Action::Back, "cancel");
    } else {
        let x = pen.hint(inside.x, y, Action::Enter, "yes") + 3;
        pen.hint(x, y, Action::Back, "no");
    }
    frame.more(pen, More::of(told.len(), skip, room), Token::Muted);
}

/// Every cause, the first one first, each with who can clear it and when it opens.
fn why(model: &Model, service: &ServiceId, env: &EnvId) -> Vec<(String, String, Token)> {
    let mut told = Vec::new();
    for (number, cause) in causes(model, env, service).iter().enumerate() {
        let which = if number == 0 { "first" } else { "then" };
        told.push((which.to_owned(), cause.headline(), Token::Warn));
        told.push((String::new(), cause.clears(), Token::Text));
        if cause.lock().is_some() {
            let here = format!("{} releases it here", model.keymap.hint(Action::Unlock));
            told.push((String::new(), here, Token::Muted));
        }
        told.extend(cause.opens_at().map(|at| {
            let opens = format!("opens by itself at {}", at.strftime("%Y-%m-%d %H:%M UTC"));
            (String::new(), opens, Token::Muted)
        }));
    }
    let held = held_images(model, env, service);
    if told.is_empty() && !held.is_empty() {
        told.push((String::new(), "nothing stands in its way, but for what was taken back".to_owned(), Token::Text));
    }
    told.extend(held.into_iter().map(|image| ("held".to_owned(), image, Token::Held)));
    told
}

fn pick(pen: &mut Pen<'_>, picker: &Picker, area: Area) {
    let frame = open(pen, area, (60, picker.items.len() as u16 + 2), &picker.title, "", Token::Accent);
    let inside = frame.inside;
    let room = usize::from(inside.height.saturating_sub(2)).max(1);
    let first = picker.selected.saturating_sub(room - 1);
    for (row, (index, item)) in picker.items.iter().enumerate().skip(first).take(room).enumerate() {
        let y = inside.y + row as u16;
        pen.touch(Area::new(inside.x, y, inside.width, 1), Touch::Row(index));
        if index == picker.selected {
            pen.under(Area::new(inside.x - 1, y, inside.width + 2, 1), Ground::Sel);
        }
        let mark = if picker.chosen.contains(&index) { "✓ " } else { "  " };
        let x = pen.text(inside.x, y, mark, Token::Accent, 2);
        pen.text(x, y, item, if index == picker.selected { Token::Hi } else { Token::Text }, inside.width - 2);
    }
    let x = pen.hint(inside.x, inside.bottom() - 1, Action::Enter, "choose") + 3;
    pen.hint(x, inside.bottom() - 1, Action::Back, "cancel");
    frame.more(pen, More::of(picker.items.len(), first, room), Token::Muted);
}

/// When, what and its colour, newest first: nothing is cut, for it may be what somebody looks for.
fn text(
    pen: &mut Pen<'_>,
    area: Area,
    title: &str,
    none: &str,
    told: impl Iterator<Item = (String, String, Token)>,
    scroll: usize,
) {
    const WIDTH: u16 = 120;
    const AT: u16 = 11;
    let width = geometry::inside_box(area.width, WIDTH);
    let mut content: Vec<Line> = Vec::new();
    for (when, what, token) in told {
        let mut lines = lines::wrapped(AT, &what, token, width);
        if let Some(first) = lines.first_mut() {
            *first = std::mem::take(first).and(0, when, Token::Muted);
        }
        content.extend(lines);
    }
    if content.is_empty() {
        content.push(Line::text(0, none, Token::Muted));
    }
    let frame = open(pen, area, (WIDTH, content.len() as u16), title, "", Token::Accent);
    scrolled(pen, &content, scroll, frame);
}
