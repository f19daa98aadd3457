//! Choosing versions: a row for each service, what can be chosen instead of typed, what is known against what was
//! chosen, and the keys.

mod known;

use super::format;
use super::frame::open;
use super::lines::{self, Line};
use super::look::{Ground, Token};
use super::more::More;
use super::overlays::line;
use super::pen::Pen;
use super::signs;
use crate::actions::Action;
use crate::app::geometry::{self, Area};
use crate::app::model::{Model, VersionRow, VersionsForm};
use crate::app::overlays::versions::{against, chosen};
use crate::app::touch::Touch;
use crate::domain::image::Image;
use crate::domain::versions::Trouble;
use unicode_width::UnicodeWidthStr;

/// Columns that the box wants.
const WIDTH: u16 = 92;

pub(super) fn draw(pen: &mut Pen<'_>, form: &VersionsForm, area: Area, model: &Model) {
    let what = match form.rows.as_slice() {
        _ if !form.title.is_empty() => form.title.clone(),
        [only] => only.service.to_string(),
        several => format::count(several.len(), "service"),
    };
    let width = geometry::inside_box(area.width, WIDTH);
    let (above, below) = (above(form), below(form, model, width));
    let height = (above.len() + below.len() + form.rows.len()) as u16 + 5;
    let frame = open(pen, area, (WIDTH, height), &format!("Deploy {what} to {}", form.env), "", Token::Accent);
    let inside = frame.inside;
    let shown = Shown::of(inside.height, form.rows.len().min(3) as u16, (&above, &below));
    let columns = Columns::of(form, width);
    let mut y = inside.y;
    for text in &above[..shown.above] {
        pen.text(inside.x, y, text, if y == inside.y { Token::Text } else { Token::Muted }, width);
        y += 1;
    }
    y += shown.gap;
    if shown.heads {
        let room = width.saturating_sub(columns.new);
        let new = if room < 24 { "new" } else { "new: tag, digest or both" };
        pen.text(inside.x, y, "service", Token::Muted, columns.name);
        pen.text(inside.x + columns.now, y, "now", Token::Muted, columns.new - columns.now);
        pen.text(inside.x + columns.new, y, new, Token::Muted, room);
        y += 1;
    }
    let foot = below.iter().filter(|it| it.rank <= shown.rank).count() as u16;
    let bottom = inside.bottom() - 1 - shown.gap - foot;
    let room = usize::from(bottom.saturating_sub(y + shown.gap)).max(1);
    let skip = form.selected.saturating_sub(room - 1);
    for (index, row) in form.rows.iter().enumerate().skip(skip).take(room) {
        let at = Area::new(inside.x, y + (index - skip) as u16, width, 1);
        pen.touch(at, Touch::Row(index));
        let at = Area { width: width.saturating_sub(mark(pen, model, (form, row), at, columns.new)), ..at };
        field(pen, (form, row), index == form.selected, &columns, at);
    }
    let told: Vec<Line> = below.into_iter().filter(|it| it.rank <= shown.rank).map(|it| it.line).collect();
    lines::draw(pen, &told, 0, Area::new(inside.x, bottom, width, foot));
    keys(pen, form, inside);
    frame.more(pen, More::of(form.rows.len(), skip, room), Token::Muted);
}

/// What is said before the rows, what matters most first.
fn above(form: &VersionsForm) -> Vec<String> {
    let source = match &form.source {
        Some(env) => format!("Where nothing is typed: exactly what {env} runs."),
        None if form.rows.len() > 1 => "Where nothing is typed, a service stays as it is.".to_owned(),
        None => return vec!["Nothing has happened yet.".to_owned()],
    };
    vec!["Nothing has happened yet.".to_owned(), source]
}

/// A line below the rows; those of a higher rank go first where there is no room.
struct Told {
    rank: u8,
    line: Line,
}

/// What is wrong, what is known against the chosen version, what can be chosen, and how the demo misbehaves.
fn below(form: &VersionsForm, model: &Model, width: u16) -> Vec<Told> {
    let mut told = Vec::new();
    if let Some(error) = &form.error {
        let wrapped = lines::wrapped(0, error, Token::Fail, width).into_iter().enumerate();
        told.extend(wrapped.map(|(row, line)| Told { rank: u8::from(row > 1), line }));
    }
    let Some(row) = form.rows.get(form.selected) else { return told };
    if let Some((image, found)) = chosen_trouble(model, form, row) {
        let text = format!("{} {}", image.version(), found.told());
        let wrapped = lines::wrapped(2, &text, Token::Text, width).into_iter().enumerate();
        told.extend(wrapped.map(|(row, line)| {
            let line = if row == 0 { line.and(0, "▲", Token::Warn) } else { line };
            Told { rank: if row == 0 { 1 } else { 3 }, line }
        }));
    }
    let known = known::lines(model, row, width);
    // Where one line has to do, it is that with the one that was picked.
    let first = known.iter().position(|it| it.picked).unwrap_or(0);
    let ranked = known.into_iter().enumerate();
    told.extend(ranked.map(|(at, it)| Told { rank: if at == first { 2 } else { 3 }, line: it.line }));
    if model.session.demo {
        let text = "In the demo, versions named missing, crash, oom, unready or slow misbehave.";
        let wrapped = lines::wrapped(0, text, Token::Muted, width).into_iter();
        told.extend(wrapped.map(|line| Told { rank: 4, line }));
    }
    told
}

/// The version that a row would get, and what is worst of what is known against it.
fn chosen_trouble(model: &Model, form: &VersionsForm, row: &VersionRow) -> Option<(Image, Trouble)> {
    let image = chosen(model, form, row)?;
    let worst = against(model, row, &image).into_iter().next()?;
    Some((image, worst))
}

/// Says at the end of a row what is known against its version, or shows the sign alone where there is no room for words.
/// How many columns that takes.
fn mark(pen: &mut Pen<'_>, model: &Model, (form, row): (&VersionsForm, &VersionRow), at: Area, new: u16) -> u16 {
    let Some((image, found)) = chosen_trouble(model, form, row) else { return 0 };
    let (sign, token) = (signs::glyph(found.state, pen.look.ascii), signs::token(found.state));
    let words = format!("{sign} {}", found.words());
    let typed = row.input.text().width().max(image.version().width()) as u16 + 4;
    let text = if new + typed + words.width() as u16 <= at.width { words } else { sign.to_owned() };
    pen.right(at.right(), at.y, &text, token);
    text.width() as u16 + 1
}

/// What of all that has room beside a few rows and the keys.
struct Shown {
    above: usize,
    heads: bool,
    gap: u16,
    /// Of what stands below: up to this rank.
    rank: u8,
}

impl Shown {
    /// Each in the order of its worth, as long as it fits.
    fn of(height: u16, rows: u16, (above, below): (&[String], &[Told])) -> Self {
        let of_rank = |rank: u8| below.iter().filter(|it| it.rank == rank).count() as u16;
        let mut left = height.saturating_sub(1 + rows.max(1) + of_rank(0));
        let mut take = |needs: u16| {
            let fits = needs <= left;
            left -= if fits { needs } else { 0 };
            fits
        };
        let known = take(of_rank(1)) && take(of_rank(2));
        let heads = take(1);
        let above = if take(above.len() as u16) { above.len() } else { 0 };
        let more = known && take(of_rank(3));
        let demo = more && take(of_rank(4));
        let gap = u16::from(take(3));
        let rank = match (known, more, demo) {
            (false, ..) => 0,
            (true, false, _) => 2,
            (true, true, false) => 3,
            (true, true, true) => 4,
        };
        Self { above, heads, gap, rank }
    }
}

/// Where what runs now and the field begin, and how wide a name may be.
struct Columns {
    name: u16,
    now: u16,
    new: u16,
}

impl Columns {
    /// As wide as they like, or where there is no room for that as what is in them, so that something can be typed.
    fn of(form: &VersionsForm, width: u16) -> Self {
        if width >= 68 {
            return Self { name: 26, now: 28, new: 44 };
        }
        let longest =
            |of: fn(&VersionRow) -> &str| form.rows.iter().map(|row| of(row).width()).max().unwrap_or(0) as u16;
        let name = longest(|row| row.service.as_str()).clamp(7, (width / 2).saturating_sub(4).max(7));
        let now = longest(|row| &row.current).clamp(3, (width / 4).max(3));
        Self { name, now: name + 2, new: name + now + 6 }
    }
}

fn field(pen: &mut Pen<'_>, (form, row): (&VersionsForm, &VersionRow), selected: bool, columns: &Columns, at: Area) {
    if selected {
        pen.under(Area::new(at.x - 1, at.y, at.width + 2, 1), Ground::Sel);
    }
    let cut = |text: &str, width: u16| format::cut_middle(text, usize::from(width));
    let name = cut(row.service.as_str(), columns.name);
    pen.text(at.x, at.y, &name, if selected { Token::Hi } else { Token::Text }, columns.name);
    let now = format!("{} →", cut(&row.current, columns.new - columns.now - 3));
    pen.text(at.x + columns.now, at.y, &now, Token::Muted, columns.new - columns.now - 1);
    let (x, room) = (at.x + columns.new, at.width.saturating_sub(columns.new));
    if selected {
        line(pen, &row.input, x, at.y, room);
    } else {
        pen.text(x, at.y, row.input.text(), Token::Hi, room);
    }
    if row.input.text().is_empty() {
        let offered = row.offered.as_deref().filter(|_| form.source.is_some()).unwrap_or(if room < 18 {
            "version"
        } else {
            "type a version"
        });
        pen.text(x + 2, at.y, offered, Token::Edge, room.saturating_sub(2));
    }
}

/// The keys, those that are needed most first.
fn keys(pen: &mut Pen<'_>, form: &VersionsForm, inside: Area) {
    let next = |word| (form.rows.len() > 1).then_some((Action::Down, word));
    let known = form.rows.get(form.selected).is_some_and(|row| !row.known.is_empty());
    let known = known.then_some((Action::KnownNext, "known"));
    let other = |word| (!form.sources.is_empty()).then_some((Action::Other, word));
    let ways = [
        ("see the plan", "next service", "from another"),
        ("plan", "next", "from another"),
        ("plan", "next", "others"),
    ]
    .map(|(plan, service, from)| {
        let ways = [Some((Action::Enter, plan)), Some((Action::Back, "cancel")), next(service), known, other(from)];
        ways.into_iter().flatten().collect::<Vec<_>>()
    });
    let columns =
        |ways: &[(Action, &str)]| ways.iter().map(|(action, word)| pen.hint_width(*action, word)).sum::<u16>();
    let shown = ways.iter().find(|ways| columns(ways) <= inside.width + 2).unwrap_or(&ways[2]);
    let (mut x, y) = (inside.x, inside.bottom() - 1);
    for (action, word) in shown {
        x = match action {
            Action::Down => pen.hint_pair(x, y, (Action::Up, Action::Down), word),
            action => pen.hint(x, y, *action, word),
        } + 2;
    }
}

#[cfg(test)]
mod tests;
