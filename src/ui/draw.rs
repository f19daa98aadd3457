//! One frame: header, panes or page, overlays, toast, hints.

use ratatui::Frame;
use ratatui::buffer::Buffer;

use super::look::{Ground, Look, Token};
use super::pen::Pen;
use super::{
    activity, cleanup_page, details, environments, format, graph, header, hints, lines, logs, overlays, run_page,
    runs_page, services, toast,
};
use crate::actions::Action;
use crate::app::geometry::{self, Area, SMALLEST};
use crate::app::model::{Model, Page, Pane};
use crate::app::touch::Drawn;

/// Milliseconds of a quarter turn, as `app::update::next_tick` wakes for it.
const QUARTER: i64 = 250;

/// Draws the model and says where everything is.
pub fn draw(model: &Model, look: Look, frame: &mut Frame<'_>) -> Drawn {
    paint(model, look, frame.buffer_mut())
}

/// Draws the model into a buffer, which may be smaller than the model believes.
pub(super) fn paint(model: &Model, look: Look, buf: &mut Buffer) -> Drawn {
    let area = Area::new(0, 0, buf.area.width, buf.area.height);
    let quarter = (model.session.now.as_millisecond() / QUARTER).rem_euclid(4) as u8;
    let mut look = look;
    look.quarter = if look.motion && !look.ascii { quarter } else { 0 };
    let mut pen = Pen::new(buf, look, model);
    pen.fill(area, Ground::Bg);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let told = lines::wrapped(0, "too small: 40x8 at least", Token::Text, area.width);
        lines::draw(&mut pen, &told, 0, area);
        return pen.drawn;
    }
    let home = geometry::home(model);
    header::draw(&mut pen, model, home.header);
    match &model.page {
        None => panes(&mut pen, model, &home),
        Some(Page::Run(page)) => run_page::draw(&mut pen, model, page, geometry::page(model)),
        Some(Page::Runs(page)) => runs_page::draw(&mut pen, model, page, geometry::page(model)),
        Some(Page::Cleanup(page)) => cleanup_page::draw(&mut pen, model, page, geometry::page(model)),
    }
    overlays::draw(&mut pen, model, area);
    pen.anywhere();
    toast::draw(&mut pen, model, area);
    hints::draw(&mut pen, model, home.hints);
    pen.drawn
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
    let focus = model.home.focus;
    if beside {
        pen.separator(home.dependencies.right(), home.dependencies);
        let heavy = (focus == Pane::Dependencies, focus == Pane::Logs);
        pen.joint((home.dependencies.right(), home.dependencies.y), ["┬", "┭", "┮"], heavy);
    }
    if home.details.height > 0 {
        let x = home.details.x.saturating_sub(1);
        pen.separator(x, home.details);
        pen.separator(x, home.activity);
        let above = (focus == Pane::Environments, focus == Pane::Details);
        pen.joint((x, home.details.y), ["┬", "┭", "┮"], above);
        pen.joint((x, home.services.y), ["┤", "┥", "┤"], (focus == Pane::Services, false));
        pen.joint((x, home.activity.y), ["┼", "┽", "┾"], (focus == Pane::Logs, focus == Pane::Activity));
    }
}

fn welcome(pen: &mut Pen<'_>, model: &Model, area: Area) {
    if area.height < 3 {
        return;
    }
    pen.fill(area, Ground::Band);
    for y in area.y..area.bottom() {
        pen.edge(area.x, y, Token::Accent);
    }
    if let Some(path) = &model.session.written {
        let x = pen.text(1, area.y, "Your configuration is written: ", Token::Hi, area.width);
        let room = area.width.saturating_sub(x + 1);
        pen.text(x, area.y, &format::cut_middle(path, usize::from(room)), Token::Text, room);
        let what = "Read it, it explains each line; then start shipdeck again to use it.";
        pen.text(1, area.y + 1, what, Token::Muted, area.width.saturating_sub(2));
        let x = pen.hint(1, area.y + 2, Action::Quit, "quits");
        pen.hint(x + 4, area.y + 2, Action::Back, "hides this");
        return;
    }
    let x = pen.text(1, area.y, "Welcome.", Token::Hi, area.width);
    let texts = [
        " This is your kubeconfig: namespaces are environments, workloads of one name are one service.",
        " Namespaces are environments, workloads of one name are one service.",
    ];
    let text = texts[usize::from(area.width < 110)];
    pen.text(x, area.y, text, Token::Text, area.width.saturating_sub(x));
    pen.text(
        1,
        area.y + 1,
        "Nothing can change anything until you say so.",
        Token::Muted,
        area.width.saturating_sub(2),
    );
    let what = "writes a configuration from what you see here";
    let x = pen.hint(1, area.y + 2, Action::WriteConfig, what);
    pen.hint(x + 4, area.y + 2, Action::Back, "hides this");
}
