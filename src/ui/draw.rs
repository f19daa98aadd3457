//! One frame: header, panes or page, overlays, toast, hints.

use ratatui::Frame;
use ratatui::buffer::Buffer;

use super::look::{Ground, Look, Token};
use super::pen::Pen;
use super::{activity, cleanup_page, details, environments, format, graph, logs, overlays, run_page, services, signs};
use crate::actions::Action;
use crate::app::availability::available;
use crate::app::geometry::{self, Area, SMALLEST};
use crate::app::journal;
use crate::app::model::{Model, Page, Pane, Prompt, PromptPurpose};
use crate::domain::run::RunState;
use crate::domain::verdict::State;
use crate::domain::world::Freshness;

/// Milliseconds of a quarter turn, as `app::update::next_tick` wakes for it.
const QUARTER: i64 = 250;

/// Draws the model.
pub fn draw(model: &Model, look: Look, frame: &mut Frame<'_>) {
    paint(model, look, frame.buffer_mut());
}

/// Draws the model into a buffer, which may be smaller than the model believes.
pub(super) fn paint(model: &Model, look: Look, buf: &mut Buffer) {
    let area = Area::new(0, 0, buf.area.width, buf.area.height);
    let quarter = (model.session.now.as_millisecond() / QUARTER).rem_euclid(4) as u8;
    let mut look = look;
    look.quarter = if look.motion && !look.ascii { quarter } else { 0 };
    let mut pen = Pen { buf, look };
    pen.fill(area, Ground::Bg);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        pen.text(0, 0, "too small: 40x8 at least", Token::Text, area.width);
        return;
    }
    let home = geometry::home(model);
    header(&mut pen, model, home.header);
    match &model.page {
        None => panes(&mut pen, model, &home),
        Some(Page::Run(page)) => run_page::draw(&mut pen, model, page, geometry::page(model)),
        Some(Page::Cleanup(page)) => cleanup_page::draw(&mut pen, model, page, geometry::page(model)),
    }
    hints(&mut pen, model, home.hints);
    toast(&mut pen, model, area);
    overlays::draw(&mut pen, model, area);
}

fn panes(pen: &mut Pen<'_>, model: &Model, home: &geometry::Home) {
    welcome(pen, model, home.welcome);
    environments::draw(pen, model, home.environments);
    services::draw(pen, model, home.services);
    graph::draw(pen, model, home.dependencies, home.tabs);
    logs::draw(pen, model, home.logs, home.tabs);
    details::pane(pen, model, home.details);
    activity::draw(pen, model, home.activity);
    let beside = home.dependencies.height > 0 && home.logs.height > 0 && !home.tabs;
    if beside {
        separator(pen, home.dependencies.right(), home.dependencies);
    }
    if home.details.height > 0 {
        separator(pen, home.details.x.saturating_sub(1), home.details);
        separator(pen, home.details.x.saturating_sub(1), home.activity);
    }
}

fn separator(pen: &mut Pen<'_>, x: u16, area: Area) {
    pen.text(x, area.y, "┬", Token::Line, 1);
    for y in area.y + 1..area.bottom() {
        pen.text(x, y, "│", Token::Line, 1);
    }
}

fn welcome(pen: &mut Pen<'_>, model: &Model, area: Area) {
    if area.height < 3 {
        return;
    }
    pen.fill(area, Ground::Band);
    for y in area.y..area.bottom() {
        pen.text(area.x, y, "▌", Token::Accent, 1);
    }
    let x = pen.text(1, area.y, "Welcome.", Token::Hi, area.width);
    let text = " This is your kubeconfig: namespaces are environments, workloads of one name are one service.";
    pen.text(x, area.y, text, Token::Text, area.width.saturating_sub(x));
    pen.text(
        1,
        area.y + 1,
        "Nothing can change anything until you say so.",
        Token::Muted,
        area.width.saturating_sub(2),
    );
    let x = pen.text(1, area.y + 2, &model.keymap.hint(Action::WriteConfig), Token::Accent, 8);
    let x = pen.text(
        x + 1,
        area.y + 2,
        "writes a configuration from what you see here (as shipdeck init does)",
        Token::Text,
        area.width,
    );
    let x = pen.text(x + 4, area.y + 2, &model.keymap.hint(Action::Back), Token::Accent, 8);
    pen.text(x + 1, area.y + 2, "hides this", Token::Text, 12);
}

fn header(pen: &mut Pen<'_>, model: &Model, area: Area) {
    pen.fill(area, Ground::Band);
    let mut x = pen.text(1, 0, "shipdeck", Token::Hi, area.width);
    let now = model.session.now;
    for cluster in model.catalog.clusters().into_iter().take(4) {
        let envs = model.catalog.environments.iter().filter(|env| env.cluster == *cluster);
        let worst =
            envs.filter_map(|env| model.world.env(&env.name)).map(super::super::domain::world::EnvWorld::freshness);
        let worst = worst.max_by_key(|freshness| match freshness {
            Freshness::Live => 0,
            Freshness::Reading { .. } => 1,
            Freshness::Denied { .. } => 2,
            Freshness::Stale { .. } => 3,
        });
        let (text, token) = match worst {
            Some(Freshness::Live) => ("● live".to_owned(), Token::Ok),
            None | Some(Freshness::Reading { .. }) => ("◐ reading".to_owned(), Token::Prog),
            Some(Freshness::Denied { .. }) => ("? not everything may be read".to_owned(), Token::Warn),
            Some(Freshness::Stale { since, fault }) => {
                (format!("✗ {} {}", fault.kind, format::age(since, now)), Token::Warn)
            }
        };
        let name = if cluster.as_str().is_empty() { "current context" } else { cluster.as_str() };
        x = pen.text(x + 2, 0, &format::cut_middle(name, 24), Token::Text, area.width.saturating_sub(x + 2));
        x = pen.text(x + 1, 0, &text, token, area.width.saturating_sub(x + 1));
    }
    if model.session.read_only.is_some() {
        x = pen.text(x + 2, 0, "read-only", Token::Held, area.width.saturating_sub(x + 2));
    }
    let mut right = area.width.saturating_sub(1);
    right = pen.right(right, 0, &model.session.user, Token::Muted).saturating_sub(2);
    let unseen = model.journal.notices.len().saturating_sub(model.journal.seen);
    if unseen > 0 {
        right = pen.right(right, 0, &format::count(unseen, "notice"), Token::Warn).saturating_sub(2);
    }
    run_in_header(pen, model, x + 2, right);
}

fn run_in_header(pen: &mut Pen<'_>, model: &Model, left: u16, right: u16) {
    let Some(run) = model.active_run() else { return };
    let took = super::run_page::took(run, model.session.now);
    let (glyph, token) = if run.state == RunState::Halted { ("✗", Token::Fail) } else { ("◐", Token::Prog) };
    let done = format!("{} of {}", run.succeeded(), run.steps.len());
    let full = format!("{glyph} {} → {}  {done}  {took}", run.plan.title, run.plan.env);
    let short = format!("{glyph} {} {done}", run.plan.title);
    for text in [full, short] {
        if usize::from(right.saturating_sub(left)) >= text.chars().count() {
            pen.right(right, 0, &text, token);
            return;
        }
    }
}

fn hints(pen: &mut Pen<'_>, model: &Model, area: Area) {
    pen.fill(area, Ground::Band);
    let y = area.y;
    if let Some(prompt) = overlays::prompt(model) {
        return input(pen, prompt, y, area.width);
    }
    if let Some(Page::Cleanup(page)) =
        model.page.as_ref().filter(|page| matches!(page, Page::Cleanup(page) if page.filtering))
    {
        let x = pen.text(1, y, "/ ", Token::Accent, 2);
        overlays::line(pen, &page.filter, x, y, area.width.saturating_sub(4));
        return;
    }
    if model.home.filtering {
        let x = pen.text(1, y, "/ ", Token::Accent, 2);
        let x = overlays::line(pen, &model.home.filter, x, y, area.width.saturating_sub(20));
        let note = format!("{} of {}", model.home.rows.len(), model.catalog.services.len());
        pen.text(x + 3, y, &note, Token::Muted, 20);
        return;
    }
    let marks = model.home.marks.len();
    let right = if marks > 0 && model.page.is_none() {
        pen.right(area.width.saturating_sub(1), y, &format!("{marks} marked"), Token::Accent)
    } else {
        area.width
    };
    let help_width = 8;
    let mut x = 1;
    for action in shown_actions(model) {
        let (key, title) = (model.keymap.hint(*action), title(*action, model));
        let width = (key.chars().count() + title.chars().count() + 3) as u16;
        if key.is_empty() || available(*action, model).is_err() || x + width + help_width >= right {
            continue;
        }
        x = hint(pen, x, y, &key, title);
    }
    hint(pen, x, y, &model.keymap.hint(Action::Help), "help");
}

/// What a key does now: the one that holds a run also lets it go on.
fn title(action: Action, model: &Model) -> &'static str {
    let held = crate::app::screens::run::shown(model)
        .is_some_and(|run| matches!(run.state, RunState::Pausing | RunState::Paused));
    if action == Action::RunPause && held { "go on" } else { action.spec().title }
}

fn hint(pen: &mut Pen<'_>, x: u16, y: u16, key: &str, title: &str) -> u16 {
    let style = pen.look.style(Token::Accent).add_modifier(ratatui::style::Modifier::BOLD);
    let x = pen.styled(x, y, key, style, 12);
    pen.text(x + 1, y, title, Token::Muted, 30) + 2
}

fn shown_actions(model: &Model) -> &'static [Action] {
    use Action as A;
    match (&model.page, model.home.focus) {
        (Some(Page::Run(_)), _) => &[A::RunPause, A::RunRetry, A::RunRollBack, A::RunAbort, A::CommandLog, A::Back],
        (Some(Page::Cleanup(_)), _) => {
            &[A::CleanupMark, A::CleanupMarkKind, A::CleanupDelete, A::CleanupFilter, A::Back]
        }
        (None, Pane::Logs) => &[
            A::LogFollow,
            A::Filter,
            A::LogSearch,
            A::LogNext,
            A::Enter,
            A::Copy,
            A::LogWrap,
            A::LogPreviousContainer,
            A::LogSince,
            A::LogSave,
            A::Enlarge,
            A::Palette,
        ],
        (None, Pane::Environments | Pane::Services | Pane::Dependencies) => &[
            A::Mark,
            A::Deploy,
            A::Promote,
            A::RollBack,
            A::CleanUp,
            A::MarkGroup,
            A::Details,
            A::Filter,
            A::FocusLogs,
            A::Menu,
            A::Palette,
        ],
    }
}

fn input(pen: &mut Pen<'_>, prompt: &Prompt, y: u16, width: u16) {
    let title = match prompt.purpose {
        PromptPurpose::LogFilter => "keep lines that match (tab: search) ",
        PromptPurpose::LogSearch => "search (tab: filter) ",
    };
    let x = pen.text(1, y, title, Token::Accent, width);
    let x = overlays::line(pen, &prompt.input, x, y, width.saturating_sub(x + 2));
    if let Some(error) = &prompt.error {
        pen.text(x + 2, y, error, Token::Fail, width.saturating_sub(x + 3));
    }
}

/// The notice that `app::journal` wants shown, above the hints at the right.
fn toast(pen: &mut Pen<'_>, model: &Model, area: Area) {
    let Some(notice) = journal::toast(model) else { return };
    if area.height < 12 {
        return;
    }
    let longest = notice.title.chars().count().max(notice.detail.chars().count() + 2) as u16 + 5;
    // The path of a saved file is worth its width.
    let width = longest.clamp(24, 100).min(area.width);
    let place = Area::new(area.width - width, area.height - 3, width, 2);
    pen.fill(place, Ground::Over);
    let token = signs::token(notice.state);
    for y in place.y..place.bottom() {
        pen.text(place.x, y, "▌", token, 1);
    }
    let glyph = signs::glyph(notice.state, pen.look.ascii);
    let x = pen.text(place.x + 2, place.y, glyph, token, 1);
    let title_token = if notice.state == State::Failed { Token::Fail } else { Token::Text };
    pen.text(x + 1, place.y, &notice.title, title_token, width - 5);
    pen.text(x + 1, place.y + 1, &notice.detail, Token::Muted, width - 5);
}
