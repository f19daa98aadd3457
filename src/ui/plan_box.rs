//! A plan before anything happens: waves, what cannot go, what to know, and what has to be typed.

mod foot;

use super::format;
use super::frame::open;
use super::lines::{self, Line, wrapped};
use super::look::{Ground, Token};
use super::more::More;
use super::overlays::refused;
use super::pace;
use super::pen::Pen;
use crate::app::geometry::{self, Area};
use crate::app::model::{PlanReview, VersionsForm};
use crate::app::overlays::checks::Way;
use crate::app::touch::Touch;
use crate::domain::ids::ServiceId;
use crate::domain::lock;
use crate::domain::plan::{Plan, Purpose, Skipped, Step, Warning};
use crate::domain::run::{Run, RunState};
use crate::domain::words;
use unicode_width::UnicodeWidthStr;

/// Columns that the box wants.
const WIDTH: u16 = 88;

/// Changes since the plan was made that are told one by one.
const NEWS: usize = 3;

/// How things stand around the plan.
pub(super) struct Now<'a> {
    /// What is under way and ends when this begins.
    pub(super) aborts: Option<&'a Run>,
    /// Somebody has one of its services, or stands in line for it.
    pub(super) waits: bool,
    /// What enter does.
    pub(super) way: Way,
}

impl Now<'_> {
    /// What it would go out in spite of.
    fn bars(&self) -> &[Warning] {
        if let Way::Overrides(bars) = &self.way { bars } else { &[] }
    }
}

/// What else is to be known of it.
fn to_know<'a>(review: &'a PlanReview, now: &'a Now<'_>) -> impl Iterator<Item = &'a Warning> {
    review.warnings.iter().chain(&review.plan.warnings).filter(|it| !now.bars().contains(it))
}

pub(super) fn draw(pen: &mut Pen<'_>, review: &PlanReview, now: &Now<'_>, area: Area) {
    let plan = &review.plan;
    let edge = if plan.protected { Token::Warn } else { Token::Accent };
    let width = geometry::inside_box(area.width, WIDTH);
    let (head, mut content) = (head(review, now, width), content(review, now, width));
    let steps = plan.steps().count();
    if steps > 1
        && let Some(selected) = content.get_mut(review.selected)
    {
        selected.ground = Some(Ground::Sel);
    }
    let note = if plan.protected { "protected" } else { "" };
    let refused = refused(&review.confirm, width);
    let keys = if area.height >= 16 { foot::rows_below(pen, (review, now), width) } else { 0 };
    let below = (refused.len() as u16).saturating_sub(1).max(keys);
    let height = (content.len() + head.len()) as u16 + 4 + below;
    let frame = open(pen, area, (WIDTH, height), &title(review), note, edge);
    let inside = Area { height: frame.inside.height.saturating_sub(below).max(1), ..frame.inside };
    lines::draw(pen, &refused, 0, Area::new(inside.x, inside.bottom(), inside.width, below + 1));
    let rows = Rows::of(inside.height, head.len() as u16, content.len() as u16);
    lines::draw(pen, &head, 0, Area { height: rows.head, ..inside });
    let room = usize::from(rows.room);
    // Beyond the last step it is the rest that is scrolled, as far as there is some.
    let rest = content.len().saturating_sub(room).saturating_sub(steps.saturating_sub(room));
    let skip = (review.selected + 1).saturating_sub(room) + review.scroll.min(rest);
    lines::draw(pen, &content, skip, Area::new(inside.x, inside.y + rows.above, inside.width, rows.room));
    pen.drawn.overlay = rest;
    foot::draw(pen, (review, now), inside, rows.total);
    // What is out of sight may be what speaks against it.
    frame.more(pen, More::of(content.len(), skip, room), Token::Warn);
}

/// How the rows of the box are shared out: on low screens the gaps go first, then what is said before and after.
struct Rows {
    head: u16,
    /// The head and the gap below it.
    above: u16,
    room: u16,
    total: bool,
}

impl Rows {
    fn of(height: u16, head: u16, content: u16) -> Self {
        let gaps = u16::from(height >= head + 4 + content.min(4));
        let head = if height >= head + 4 { head } else { 0 };
        let total = height >= 3;
        let above = head + gaps;
        let room = height.saturating_sub(above + gaps + u16::from(total) + 1).max(1);
        Self { head, above, room, total }
    }
}

/// What is to be known of all of it: that nothing has happened, what ends when it begins, and what a promotion is.
fn head(review: &PlanReview, now: &Now<'_>, width: u16) -> Vec<Line> {
    const NOTHING: &str = "Nothing has happened yet.";
    let plan = &review.plan;
    let at = NOTHING.len() as u16 + 2;
    let mut head = vec![Line::text(0, NOTHING, Token::Text)];
    let ends = now.aborts.map(|run| {
        let halted = run.state == RunState::Halted;
        let this = if halted { "halted: this ends it first" } else { "under way: this aborts it first" };
        (format!("The {} is {this}.", purpose(&run.plan)), Token::Warn)
    });
    let ships = match &plan.purpose {
        Purpose::Promote { from } => Some((format!("This ships exactly what runs in {from}."), Token::Muted)),
        _ => None,
    };
    let goes_on = review.follows.as_ref().map(|it| {
        let text = format!("It goes on with the {} of {}.", purpose(plan), format::clock(it.begun));
        (text, Token::Text)
    });
    let all = review.all.then(|| ("It is for all services, because none is marked.".to_owned(), Token::Text));
    // Else it would be told only once enter was pressed in vain.
    if let Way::Refused(why, _) = &now.way {
        head.extend(told("⊘", Token::Held, &format!("cannot begin now: {why}"), width));
    }
    if !now.bars().is_empty() {
        let text = format!("{} is barred: to go on in spite of it, a reason is asked for", plan.env);
        head.extend(told("⊘", Token::Held, &text, width));
    }
    if let Way::Rereads(news) = &now.way {
        let lines = news.iter().map(|it| format!("{}: {}", it.subject, it.text));
        head.extend(lines.take(NEWS).flat_map(|text| told("▲", Token::Warn, &text, width)));
        let more = format!("and {} more", news.len().saturating_sub(NEWS));
        head.extend((news.len() > NEWS).then(|| Line::text(2, more, Token::Text)));
    }
    for (text, token) in ends.into_iter().chain(goes_on).chain(ships).chain(all) {
        match head.as_mut_slice() {
            [first] if first.pieces.len() == 1 && at + text.len() as u16 <= width => {
                *first = std::mem::take(first).and(at, text, token);
            }
            _ => head.extend(wrapped(0, &text, token, width)),
        }
    }
    head
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

/// A line for each step, in their order; then what to know, what is left out, and what stays as it is.
fn content(review: &PlanReview, now: &Now<'_>, width: u16) -> Vec<Line> {
    let plan = &review.plan;
    let columns = Columns::of(plan, width);
    let mut content = Vec::new();
    for (index, wave) in plan.waves.iter().enumerate() {
        for (row, step) in wave.steps.iter().enumerate() {
            let touch = Some(Touch::Row(content.len()));
            let title = if row == 0 { columns.wave(index) } else { String::new() };
            content.push(Line { touch, ..columns.step(step, title) });
        }
    }
    let steps = content.len();
    for bar in now.bars() {
        content.extend(told("⊘", Token::Held, &format!("{}  {}", bar.subject, bar.text), width));
    }
    for warning in to_know(review, now) {
        content.extend(told("▲", Token::Warn, &format!("{}  {}", warning.subject, warning.text), width));
    }
    for left_out in left_out(plan) {
        content.extend(told("⊘", Token::Held, &format!("{}  {}", left_out.service, left_out.why), width));
    }
    content.extend(lock::held_words(plan).iter().flat_map(|text| told("○", Token::Muted, text, width)));
    let already = plan.skipped.iter().filter(|skipped| skipped.already).map(|skipped| skipped.service.as_str());
    let already: Vec<&str> = already.collect();
    let untyped: Vec<&str> = review.form.iter().flat_map(VersionsForm::untyped).map(ServiceId::as_str).collect();
    for (services, does, how) in [(already, "run", "it already"), (untyped, "stay", "unchanged, no version was chosen")]
    {
        if services.is_empty() {
            continue;
        }
        let (count, does) = (format::count(services.len(), "service"), words::verb(services.len(), does));
        let text = format!("{count} {does} {how}: {}", services.join(", "));
        let mut lines = wrapped(2, &text, Token::Muted, width);
        lines[0] = std::mem::take(&mut lines[0]).and(0, "○", Token::Muted);
        content.extend(lines);
    }
    if content.len() > steps {
        content.insert(steps, Line::default());
    }
    content
}

fn left_out(plan: &Plan) -> impl Iterator<Item = &Skipped> {
    plan.skipped.iter().filter(|skipped| !skipped.already)
}

/// Where the parts of a step stand: as wide as they like where there is room, else no wider than what is in them, and of
/// that the version that is to run is cut last.
struct Columns {
    /// The word `wave` has room too.
    roomy: bool,
    name: (u16, u16),
    from: (u16, u16),
    to: (u16, u16),
    /// How long each takes is told at the end of its line.
    timed: bool,
}

impl Columns {
    fn of(plan: &Plan, width: u16) -> Self {
        if width >= 68 {
            let time = plan.steps().filter_map(time).map(|time| time.len() as u16 + 2).max().unwrap_or(0);
            return Self { roomy: true, name: (9, 24), from: (35, 16), to: (54, width - 54 - time), timed: true };
        }
        let longest = |of: fn(&Step) -> &str| plan.steps().map(|step| of(step).width()).max().unwrap_or(0) as u16;
        let name = longest(|step| step.service.as_str()).min(24);
        let from = longest(|step| &step.from_version).min(16);
        let to = longest(|step| &step.to_version);
        // Two columns before what runs now, and an arrow between two more.
        let gaps = 2 + 3;
        let roomy = 8 + name + from + to + gaps <= width;
        let left = if roomy { 8 } else { 3 };
        let room = width.saturating_sub(left + gaps);
        let name = name.min(room.saturating_sub(from + to).max(10));
        let from = from.min(room.saturating_sub(name + to).max(5));
        let at = left + name + 2;
        Self {
            roomy,
            name: (left, name),
            from: (at, from),
            to: (at + from + 3, room.saturating_sub(name + from)),
            timed: false,
        }
    }

    fn wave(&self, index: usize) -> String {
        if self.roomy { format!("wave {}", index + 1) } else { (index + 1).to_string() }
    }

    fn step(&self, step: &Step, wave: String) -> Line {
        let Self { name, from, to, .. } = self;
        let time = time(step).filter(|_| self.timed).unwrap_or_default();
        let cut = |text: &str, width: u16| format::cut_middle(text, usize::from(width));
        Line::text(0, wave, Token::Muted)
            .within(name.0, name.1, cut(step.service.as_str(), name.1), Token::Text)
            .within(from.0, from.1, cut(&step.from_version, from.1), Token::Muted)
            .and(to.0 - 2, "→", Token::Muted)
            .within(to.0, to.1, cut(&step.to_version, to.1), Token::Hi)
            .right(time, Token::Muted)
    }
}

fn time(step: &Step) -> Option<String> {
    step.estimate.map(pace::about)
}

/// A sign and what it is about, in as many lines as that takes.
fn told(sign: &str, token: Token, text: &str, width: u16) -> Vec<Line> {
    let mut lines = wrapped(2, text, Token::Text, width);
    if let Some(first) = lines.first_mut() {
        *first = std::mem::take(first).and(0, sign, token);
    }
    lines
}
