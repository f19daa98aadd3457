//! What the last frame showed that can be touched, and how much of it there was to scroll: a click means what the person
//! saw, so drawing says where everything was and `update` remembers it.

use super::geometry::Area;
use super::model::RunRef;
use crate::actions::Action;
use crate::domain::ids::{ServiceId, Uid};

/// What a click on a place means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touch {
    /// A key that is shown with its word.
    Do(Action),
    /// A row of the box on top.
    Row(usize),
    /// A step of the run that is shown.
    Step(ServiceId),
    /// A row of the list of runs.
    Run(RunRef),
    /// A leftover.
    Finding(Uid),
    /// The box on top, where nothing else is.
    Inside,
}

/// What a frame said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Later ones lie over earlier ones.
    pub touches: Vec<(Area, Touch)>,
    /// How far the box on top, the dependencies in words, the details and the activity can be scrolled.
    pub overlay: usize,
    pub dependencies: usize,
    pub details: usize,
    pub activity: usize,
    /// The first line in sight of the page of a run, and the last that can be.
    pub run: (usize, usize),
}

impl Drawn {
    /// What is at a point.
    pub fn at(&self, x: u16, y: u16) -> Option<&Touch> {
        self.touches.iter().rev().find(|(area, _)| area.contains(x, y)).map(|(_, touch)| touch)
    }
}
