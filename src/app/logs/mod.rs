//! Logs of the selected cell: what is held, what is shown of it, and which streams should be open.

mod follow;
mod pane;
mod ring;

pub use follow::{event, sync};
pub use pane::{LogPane, Row, Target, pattern};
pub use ring::{Entry, Level, Ring};
