//! The list of runs: of this session and of others, under way, left behind and over.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::environments::{self, dated};
use super::format;
use super::lines::wrap;
use super::look::{Ground, Token};
use super::more::{More, beside};
use super::pen::{Pen, Rule};
use super::signs;
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::{Model, RunsPage, Sign};
use crate::app::screens::runs::{Row, Standing, rows};
use crate::app::touch::Touch;
use crate::domain::verdict::State;
use crate::domain::words;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, page: &RunsPage, area: Area) {
    let rows = rows(model, page);
    let left = rows.iter().filter(|row| row.standing == Standing::Left).count();
    let (title, what) = if page.everything { ("History", "entry") } else { ("Runs", "run") };
    let count = format::count(rows.len(), what);
    let left = if left == 0 { String::new() } else { format!(" · {left} left behind") };
    let note = format!("{count}{left}{}", format::filtered(page.filter.text()));
    let below = told_rows(area);
    let room = usize::from(area.height.saturating_sub(4 + below)).max(1);
    let at = rows.iter().position(|row| Some(&row.of) == page.selected.as_ref()).unwrap_or(0);
    let first = (at + 1).saturating_sub(room);
    let more = More::of(rows.len(), first, room);
    let state = beside(&more.above(), &format!("{} back", model.keymap.hint(Action::Back)));
    let (state, state_token) = dated(environments::any_as_of(model, pen.look.ascii), state);
    pen.rule(area, &Rule { title, note: &note, state: &state, state_token, focused: true, ..Rule::default() });
    if rows.is_empty() {
        for (index, text) in nothing(pen, page).iter().enumerate() {
            pen.text(2, area.y + 2 + index as u16, text, Token::Text, area.width.saturating_sub(3));
        }
        return;
    }
    let shown = || rows.iter().skip(first).take(room);
    // What people are called takes no more room than they need: what was done is told with it.
    let by = shown().map(|row| row.by.width()).max().unwrap_or(0) as u16;
    for (index, row) in shown().enumerate() {
        let line = Area::new(area.x, area.y + 2 + index as u16, area.width, 1);
        draw_row(pen, model, row, page.selected.as_ref() == Some(&row.of), (line, by));
    }
    let foot = area.bottom().saturating_sub(1 + below);
    let title = "Selected";
    pen.rule(Area::new(area.x, foot, area.width, 2), &Rule { title, state: &more.below(), ..Rule::default() });
    if let Some(row) = rows.get(at) {
        let (text, token) = told(row, model.session.now);
        let width = area.width.saturating_sub(3);
        let mut parts = wrap(&text, usize::from(width));
        let rest = parts.split_off(parts.len().min(usize::from(below) - 1)).join(" ");
        parts.extend((!rest.is_empty()).then_some(rest));
        for (part, y) in parts.iter().zip(foot + 1..) {
            pen.text(2, y, &format::cut(part, usize::from(width)), token, width);
        }
    }
}

/// Rows of what is told of the selected one: always as many, so that the list stands still.
fn told_rows(area: Area) -> u16 {
    if area.height >= TALL && area.width < WIDE { 3 } else { 1 }
}

/// Why there is no row, and where to look instead.
fn nothing(pen: &Pen<'_>, page: &RunsPage) -> Vec<String> {
    let back = pen.key(Action::Back);
    if !page.filter.text().is_empty() {
        return vec![format!("Nothing matches the filter. {back} shows all.")];
    }
    let what = if page.everything { "Nothing that shipdeck did" } else { "No run of shipdeck" };
    let activity = pen.key(Action::Activity);
    vec![
        format!("{what} is kept here."),
        format!("What rolled out otherwise is seen in the activity: {back}, then {activity}."),
    ]
}

/// What there is to say of one run beyond its row.
fn told(row: &Row, now: Timestamp) -> (String, Token) {
    match row.standing {
        Standing::Unreadable => (format!("{}: {}", row.name, row.note), Token::Warn),
        Standing::Placed | Standing::Overridden | Standing::Released if !row.note.is_empty() => {
            (format!("Why: {}", row.note), Token::Text)
        }
        Standing::Left => {
            let then = "resume it, roll it back or end it as it is";
            (format!("{} by {}: {then}.", words::capital(&row.note), row.by), Token::Warn)
        }
        _ => {
            let since = row.started.map(|at| format!("{} {}", format::day_name(at, now), format::clock(at)));
            let note = Some(row.note.clone()).filter(|note| !note.is_empty() && row.why.is_none());
            let touched = Some(row.touched.clone()).filter(|text| !text.is_empty());
            let parts = [since, row.why.clone(), touched, row.taken_up.clone(), note];
            (parts.into_iter().flatten().collect::<Vec<_>>().join(" · "), Token::Text)
        }
    }
}

/// From this height on what is selected is told in several rows.
const TALL: u16 = 16;
/// Columns in which what changed begins to say something.
const ENOUGH: u16 = 8;
/// From this width on a row also tells when, what changed and why it failed.
const WIDE: u16 = 150;
/// The longest name of a run where all of that is told.
const NAMES: u16 = 52;

/// What changed, and why it failed, in the room between a name and who did it: the reason is what is looked for.
fn more(pen: &mut Pen<'_>, row: &Row, (x, y, room): (u16, u16, u16)) {
    let why = row.why.as_deref().unwrap_or_default();
    let touched = if row.touched.is_empty() { &row.note } else { &row.touched };
    let half = if why.is_empty() { room } else { (room / 2).max(room.saturating_sub(why.width() as u16 + 2)) };
    let end = pen.text(x, y, &format::cut(touched, usize::from(half)), Token::Muted, half);
    let left = (x + room).saturating_sub(end + 2);
    pen.text(end + 2, y, &format::cut(why, usize::from(left)), Token::Fail, left);
}

fn draw_row(pen: &mut Pen<'_>, model: &Model, row: &Row, selected: bool, (area, by): (Area, u16)) {
    pen.touch(area, Touch::Run(row.of.clone()));
    if selected {
        pen.under(Area::new(area.x + 1, area.y, area.width.saturating_sub(2), 1), Ground::Sel);
    }
    let (glyph, token) = sign(row.standing, pen.look.ascii);
    let over = row.standing.is_past();
    let wide = area.width >= 104;
    let (state, by) = if wide { (14, by.min(24)) } else { (12, by.min(15)) };
    pen.text(2, area.y, glyph, token, 1);
    pen.text(4, area.y, row.standing.word(), token, state);
    let name_x = 4 + state + 1;
    let age = row.started.map(|at| format::age(at, model.session.now)).unwrap_or_default();
    let right = area.width.saturating_sub(2);
    pen.right(right, area.y, &age, Token::Muted);
    let by_x = right.saturating_sub(5 + by);
    pen.text(by_x, area.y, &format::cut_middle(&row.by, usize::from(by)), Token::Muted, by);
    let full = area.width >= WIDE;
    let clock_x = if full { by_x.saturating_sub(11) } else { by_x };
    if let Some(at) = row.started.filter(|_| full) {
        pen.text(clock_x, area.y, &format::moment(at, model.session.now), Token::Muted, 10);
    }
    let done_x = clock_x.saturating_sub(10);
    if row.done.1 > 0 {
        let text = format!("{} of {}", row.done.0, row.done.1);
        pen.text(done_x, area.y, &text, if over { Token::Muted } else { Token::Text }, 9);
    }
    let mut room = done_x.saturating_sub(name_x + 1);
    if full {
        let names = room.min(NAMES);
        more(pen, row, (name_x + names + 2, area.y, room.saturating_sub(names + 2)));
        room = names;
    }
    let token = if selected {
        Token::Hi
    } else if over {
        Token::Muted
    } else {
        Token::Text
    };
    let end = pen.text(name_x, area.y, &format::cut_middle(&row.name, usize::from(room)), token, room);
    // Several of one name are told apart by what they went to.
    let left = done_x.saturating_sub(end + 3);
    if !full && left >= ENOUGH {
        pen.text(end + 2, area.y, &format::cut(&row.touched, usize::from(left)), Token::Muted, left);
    }
}

pub(super) fn sign(standing: Standing, ascii: bool) -> (&'static str, Token) {
    let state = match standing {
        Standing::Running => State::Progressing,
        Standing::Holds => State::Paused,
        Standing::Left | Standing::Unreadable => return ("!", Token::Warn),
        Standing::Unsure => State::Unknown,
        Standing::Succeeded => return (signs::glyph(State::Done, ascii), Token::Calm),
        Standing::Ended | Standing::Superseded => return (signs::glyph(State::Absent, ascii), Token::Muted),
        Standing::Failed => State::Failed,
        Standing::Placed => return signs::explained(Sign::Frozen, ascii),
        Standing::Overridden => return (if ascii { ">" } else { "»" }, Token::Warn),
        Standing::Released | Standing::Lifted | Standing::CleanedUp => {
            return (signs::glyph(State::Done, ascii), Token::Muted);
        }
    };
    (signs::glyph(state, ascii), signs::token(state))
}

#[cfg(test)]
mod tests {
    use super::super::picture::text as screen;
    use super::super::tests::look;
    use super::*;
    use crate::app::ended_tests::beside_what_ended;
    use crate::app::testkit::Cockpit;

    fn shown(cockpit: &mut Cockpit, width: u16) -> Vec<String> {
        (cockpit.model.session.width, cockpit.model.session.height) = (width, 40);
        cockpit.press("H");
        screen(&cockpit.model, look())
    }

    #[test]
    fn with_room_a_row_tells_when_what_changed_and_why_it_failed_and_else_that_is_told_of_the_selected_one() {
        for (width, in_row) in [(200, true), (120, false)] {
            let mut cockpit = beside_what_ended();
            let began = cockpit.model.world.env(&"staging".into()).unwrap().runs().next().unwrap();
            let began = format::clock(began.entry.as_ref().unwrap().run.started);
            let rows = shown(&mut cockpit, width);
            let row = rows.iter().find(|row| row.contains("deploy of auth to staging")).unwrap();
            let below = &rows[rows.len() - 5..].join("\n");
            assert!(row.contains("auth v2 → v9"), "{row}");
            for text in [&*began, "the image cannot be used"] {
                assert_eq!(row.contains(text), in_row, "{text}: {row}");
                assert!(below.contains(text), "{text}: {below}");
            }
        }
    }

    #[test]
    fn where_nothing_is_kept_it_is_said_of_what_and_where_other_rollouts_are_seen() {
        let rows = shown(&mut Cockpit::demo(), 80).join("\n");
        assert!(rows.contains("Nothing that shipdeck did is kept here."), "{rows}");
        assert!(rows.contains("in the activity: esc, then"), "{rows}");
    }
}
