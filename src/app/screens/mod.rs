//! What actions do on each screen.

pub mod again;
pub mod cleanup;
pub mod history;
pub mod home;
pub mod others;
pub mod rollback;
pub mod run;
pub mod runs;
