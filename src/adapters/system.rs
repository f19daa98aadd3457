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

/// Where the name of who acts stands: as somebody says it, who began the pipeline, as the machine knows it.
const NAMES: [&str; 6] = ["SHIPDECK_USER", "GITLAB_USER_LOGIN", "GITHUB_ACTOR", "USER", "LOGNAME", "USERNAME"];

/// Who acts, for the screen, the command log and for others, who read it: so it is never a word that means the reader.
pub fn user() -> String {
    named(|name| std::env::var(name).ok()).unwrap_or_else(|| match rustix::process::getuid().as_raw() {
        0 => "root".to_owned(),
        other => format!("uid-{other}"),
    })
}

fn named(says: impl Fn(&str) -> Option<String>) -> Option<String> {
    let said = NAMES.iter().filter_map(|name| says(name));
    said.map(|name| crate::domain::text::clean(name.trim()).into_owned()).find(|name| !name.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_acts_is_called_as_they_say_else_as_the_pipeline_or_the_machine_knows_them() {
        let of = |known: &[(&str, &str)]| {
            named(|name| known.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("USER", "runner"), ("GITHUB_ACTOR", "ana")]).as_deref(), Some("ana"));
        assert_eq!(of(&[("USER", "ana"), ("SHIPDECK_USER", "release-bot")]).as_deref(), Some("release-bot"));
        assert_eq!(of(&[("USER", " "), ("LOGNAME", "ana")]).as_deref(), Some("ana"));
        assert_eq!(of(&[]), None);
    }
}
