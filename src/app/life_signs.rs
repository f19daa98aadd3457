//! How it is said when somebody last gave a sign of life: as seen where it was seen here, and where it is only what they
//! wrote by their own clock, as that.

use jiff::{SignedDuration, Timestamp};

/// Clocks of two machines agree this well without anybody having set one of them wrong.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// `4 s ago`, `3 min ago`.
pub fn ago(since: Timestamp, now: Timestamp) -> String {
    match now.duration_since(since).as_secs().max(0) {
        seconds @ ..=89 => format!("{seconds} s ago"),
        seconds @ 90..=5_399 => format!("{} min ago", (seconds + 30) / 60),
        seconds @ 5_400..=172_799 => format!("{} h ago", (seconds + 1_800) / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

/// `last renewed 40 min ago by its own clock`: what a record says of itself, which proves nothing.
pub fn by_own_clock(renewed: Option<Timestamp>, now: Timestamp) -> String {
    match renewed {
        None => "which does not say when it was last renewed".to_owned(),
        Some(at) if at.duration_since(now) > SKEW => {
            let at = at.strftime("%Y-%m-%d %H:%M:%SZ");
            format!("last renewed {at} by its own clock, which is ahead of this one")
        }
        Some(at) => format!("last renewed {} by its own clock", ago(at, now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::later;

    #[test]
    fn what_only_another_clock_says_is_called_so_and_no_clock_is_believed_that_is_ahead() {
        let said = |at: i64| by_own_clock(Some(later(at)), later(3_600));
        assert_eq!(said(1_200), "last renewed 40 min ago by its own clock");
        assert_eq!(said(3_603), "last renewed 0 s ago by its own clock");
        assert!(said(9_000).ends_with("Z by its own clock, which is ahead of this one"), "{}", said(9_000));
        assert_eq!(by_own_clock(None, later(0)), "which does not say when it was last renewed");
    }
}
