//! Logs of the selected cell: what is held, what is shown of it, and which streams should be open.

mod detail;
mod fields;
mod follow;
#[cfg(test)]
mod follow_tests;
mod index;
mod layout;
mod level;
mod pane;
mod pattern;
mod quote;
mod ring;
#[cfg(test)]
mod ring_tests;
mod stream;
mod view;
#[cfg(test)]
mod view_tests;

pub use detail::Detail;
pub use follow::{containers, event, sync};
pub use level::Level;
pub use pane::{LogPane, ReadBack, Reading, Source, Target, Trouble};
pub use quote::Quote;
pub use ring::{Entry, Kind, LIMIT, LINES, Ring};
pub use view::{Head, Ink, Row, Size};
