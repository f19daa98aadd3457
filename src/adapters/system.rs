//! The machine itself: its clock and its user. The only place that asks what time it is.

use jiff::Timestamp;

/// The present time.
#[expect(clippy::disallowed_methods, reason = "this is the one clock that the others are told by")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Who acts, for the screen and the command log: the name that the machine knows, else `you`.
pub fn user() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .map(|name| crate::domain::text::clean(&name).into_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "you".to_owned())
}
