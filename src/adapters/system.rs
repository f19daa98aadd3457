//! The machine itself: its clock and its user. The only place that asks what time it is.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

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

/// Time that never goes back and goes on while the machine sleeps: what leases are counted by.
pub fn elapsed() -> Duration {
    // Elsewhere the monotonic clock counts sleep already.
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// `ana@mac/4242/…`: who acts, on which machine, in which process, and a number that no other session has.
pub fn identity(user: &str) -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    let host = host.split('.').next().filter(|host| !host.is_empty()).unwrap_or("unknown");
    // Every state is keyed by chance.
    let number = RandomState::new().hash_one(0_u8);
    let plain = |text: &str| crate::domain::text::clean(text).replace('/', "-");
    format!("{}@{}/{}/{number:016x}", plain(user), plain(host), std::process::id())
}
