//! Where things are on the screen: pure numbers by `visual.md` 2, for drawing, scrolling and the mouse alike.

use super::model::{Model, Pane};
use crate::domain::catalog::Catalog;

/// A rectangle in cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

impl Area {
    pub const fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self { x, y, width, height }
    }

    pub fn contains(self, x: u16, y: u16) -> bool {
        (self.x..self.x.saturating_add(self.width)).contains(&x)
            && (self.y..self.y.saturating_add(self.height)).contains(&y)
    }

    pub fn right(self) -> u16 {
        self.x.saturating_add(self.width)
    }

    pub fn bottom(self) -> u16 {
        self.y.saturating_add(self.height)
    }

    /// Without its first row, where the titled rule is.
    #[must_use]
    pub fn below_rule(self) -> Self {
        Self { y: self.y.saturating_add(1), height: self.height.saturating_sub(1), ..self }
    }
}

/// Areas of the home screen; each begins with its titled rule. An area without height is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Home {
    pub header: Area,
    pub welcome: Area,
    pub environments: Area,
    pub services: Area,
    pub dependencies: Area,
    pub logs: Area,
    pub details: Area,
    pub activity: Area,
    pub hints: Area,
    /// The two lower panes share one place, as tabs.
    pub tabs: bool,
}

/// Columns of the services matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    pub name_x: u16,
    pub name_width: u16,
    /// Where the team stands, and how wide it may be; none: there is no room for it, or nobody has one.
    pub team: Option<(u16, u16)>,
    /// Where the first environment begins.
    pub first_x: u16,
    /// From one environment to the next.
    pub pitch: u16,
    /// Of that, what is written on.
    pub content: u16,
    /// Environments that fit.
    pub visible: usize,
}

/// Smallest screen that is drawn at all.
pub const SMALLEST: (u16, u16) = (40, 8);

/// Columns of the matrix in this width.
pub fn columns(width: u16, catalog: &Catalog) -> Columns {
    let environments = catalog.environments.len();
    let teams = catalog.services.iter().any(|service| service.team.is_some());
    let (name_width, first_x, team) = match width {
        0..60 => (12, 15, None),
        60..104 => (16, 20, None),
        104..130 => (20, 24, None),
        _ if teams => (21, 36, Some((24, 11))),
        _ => (21, 24, None),
    };
    let room = width.saturating_sub(first_x);
    let count = u16::try_from(environments.max(1)).unwrap_or(u16::MAX);
    // What is free goes to names and words that would be cut, as far as a row is still read at a glance.
    let pitch = (room / count).clamp(20, 40);
    let content = if pitch < 24 { pitch - 2 } else { pitch - 3 };
    let visible = usize::from((room / pitch).max(1)).min(environments.max(1));
    Columns { name_x: 2, name_width, team, first_x, pitch, content, visible }
}

/// The areas of home for a model.
pub fn home(model: &Model) -> Home {
    let (w, h) = (model.session.width, model.session.height);
    let mut home =
        Home { header: Area::new(0, 0, w, 1), hints: Area::new(0, h.saturating_sub(1), w, 1), ..Home::default() };
    let welcome = if model.session.welcome && h >= 20 { 3 } else { 0 };
    home.welcome = Area::new(0, 1, w, welcome);
    let body = Area::new(0, 1 + welcome, w, h.saturating_sub(2 + welcome));
    if model.home.zoomed || w < 60 || h < 16 {
        *pane_mut(&mut home, model.home.focus) = body;
        return home;
    }
    let wide = has_sides(model);
    let matrix = if wide { w - 56 } else { w };
    let heads = match w {
        0..110 => 3,
        110..160 => 4,
        _ => 5,
    };
    home.environments = Area::new(0, body.y, matrix, heads);
    let rest = body.height.saturating_sub(heads);
    let lower = match h {
        0..20 => 1,
        20..30 => 7,
        _ => (rest / 2).min(17.max(h * 2 / 5)),
    };
    let services = rest.saturating_sub(lower).max(5).min(rest);
    home.services = Area::new(0, body.y + heads, matrix, services);
    let y = home.services.bottom();
    let lower = body.bottom().saturating_sub(y);
    if wide {
        home.details = Area::new(matrix + 1, body.y, w - matrix - 1, y - body.y);
        home.activity = Area::new(matrix + 1, y, w - matrix - 1, lower);
    }
    let split = if wide { 72 } else { 48 };
    if w < 110 {
        home.tabs = true;
        let shown = if matches!(model.home.lower, Pane::Dependencies) { Pane::Dependencies } else { Pane::Logs };
        *pane_mut(&mut home, shown) = Area::new(0, y, w, lower);
    } else {
        home.dependencies = Area::new(0, y, split, lower);
        home.logs = Area::new(split + 1, y, matrix.saturating_sub(split + 1), lower);
    }
    home
}

/// Whether the screen is large enough for the panes at the right; else they are boxes.
pub fn has_sides(model: &Model) -> bool {
    model.session.width >= 160 && model.session.height >= 16
}

/// Panes that can have the focus, in their order.
pub fn panes(model: &Model) -> &'static [Pane] {
    if has_sides(model) { &Pane::ALL } else { &Pane::ALL[..4] }
}

fn pane_mut(home: &mut Home, pane: Pane) -> &mut Area {
    match pane {
        Pane::Environments => &mut home.environments,
        Pane::Services => &mut home.services,
        Pane::Dependencies => &mut home.dependencies,
        Pane::Logs => &mut home.logs,
        Pane::Details => &mut home.details,
        Pane::Activity => &mut home.activity,
    }
}

impl Home {
    pub fn pane(&self, pane: Pane) -> Area {
        match pane {
            Pane::Environments => self.environments,
            Pane::Services => self.services,
            Pane::Dependencies => self.dependencies,
            Pane::Logs => self.logs,
            Pane::Details => self.details,
            Pane::Activity => self.activity,
        }
    }

    /// The pane at a point.
    pub fn hit(&self, x: u16, y: u16) -> Option<Pane> {
        Pane::ALL.into_iter().find(|pane| self.pane(*pane).contains(x, y))
    }

    /// Rows of the matrix below its rule.
    pub fn service_rows(&self) -> usize {
        usize::from(self.services.height.saturating_sub(1))
    }
}

/// The row of a full page's content and its size: between the header and the hints, below its rule.
pub fn page(model: &Model) -> Area {
    let (w, h) = (model.session.width, model.session.height);
    Area::new(0, 1, w, h.saturating_sub(2))
}

/// The width of a box on a screen: narrow screens are filled.
pub fn box_width(screen: u16, wanted: u16) -> u16 {
    if screen < 90 { screen } else { wanted.min(screen - 8) }
}

/// The columns inside a box: without its edges and padding.
pub fn inside_box(screen: u16, wanted: u16) -> u16 {
    box_width(screen, wanted).saturating_sub(6)
}

/// Which environment column a point of the matrix is in, counted from the first visible one.
pub fn environment_at(columns: &Columns, x: u16) -> Option<usize> {
    let column = usize::from(x.checked_sub(columns.first_x)? / columns.pitch);
    (column < columns.visible).then_some(column)
}
