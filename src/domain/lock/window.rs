//! Times that come again every week, told by the clocks of a place: `Fri 16:00 - Mon 08:00 Europe/Berlin`.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// From a time on some days until a time on the same or a later day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// In the order of the week; never empty.
    days: Vec<Weekday>,
    from: Time,
    /// How many days later it ends.
    later: i8,
    to: Time,
    zone: TimeZone,
    zone_name: String,
}

/// A text that tells no such times.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWindow {
    #[error("{0:?} tells no times: write \"Fri 16:00 - Mon 08:00 Europe/Berlin\" or \"daily 22:00 - 06:00 UTC\"")]
    Shape(String),
    #[error("this machine knows no time zone {0:?}")]
    Zone(String),
}

const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "Mon"),
    (Weekday::Tuesday, "Tue"),
    (Weekday::Wednesday, "Wed"),
    (Weekday::Thursday, "Thu"),
    (Weekday::Friday, "Fri"),
    (Weekday::Saturday, "Sat"),
    (Weekday::Sunday, "Sun"),
];

impl Window {
    /// When the present time of it ends; none: it is outside now.
    pub fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        let today = now.to_zoned(self.zone.clone()).date();
        // It lasts a week at most, so one that began longer ago has ended.
        let starts = (0..=8).filter_map(|back: i64| today.checked_sub(Span::new().try_days(back).ok()?).ok());
        let spans = starts.filter(|day| self.days.contains(&day.weekday())).filter_map(|day| {
            let start = self.zone.to_ambiguous_timestamp(day.to_datetime(self.from)).compatible().ok()?;
            let last = day.checked_add(i64::from(self.later).days()).ok()?;
            let end = self.zone.to_ambiguous_timestamp(last.to_datetime(self.to)).compatible().ok()?;
            (start <= now && now < end).then_some(end)
        });
        spans.max()
    }
}

impl FromStr for Window {
    type Err = BadWindow;

    fn from_str(text: &str) -> Result<Self, BadWindow> {
        let shape = || BadWindow::Shape(text.to_owned());
        // The name of the zone comes last and may have a dash of its own.
        let (times, zone_name) = text.trim().rsplit_once(' ').ok_or_else(shape)?;
        let times = times.replace('-', " - ");
        let words: Vec<&str> = times.split_whitespace().collect();
        let (first, from, last, to) = match words.as_slice() {
            [first, from, "-", last, to] => (*first, *from, Some(*last), *to),
            [first, from, "-", to] => (*first, *from, None, *to),
            _ => return Err(shape()),
        };
        let (from, to) = (time(from).ok_or_else(shape)?, time(to).ok_or_else(shape)?);
        let days = days(first).ok_or_else(shape)?;
        let later = match (last, days.as_slice()) {
            (None, _) => i8::from(to <= from),
            (Some(last), [only]) => {
                let days = only.until(day(last).ok_or_else(shape)?);
                if days == 0 && to <= from { 7 } else { days }
            }
            // Several days, each until the same day, would overlap.
            (Some(_), _) => return Err(shape()),
        };
        let zone = TimeZone::get(zone_name).map_err(|_unknown| BadWindow::Zone(zone_name.to_owned()))?;
        Ok(Self { days, from, later, to, zone, zone_name: zone_name.to_owned() })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |day: &Weekday| DAYS.iter().find(|(it, _)| it == day).map_or("", |(_, name)| *name);
        let days: Vec<&str> = self.days.iter().map(name).collect();
        let days = if days.len() == 7 { "daily".to_owned() } else { days.join(",") };
        write!(f, "{days} {} - ", self.from.strftime("%H:%M"))?;
        let by_itself = i8::from(self.to <= self.from);
        if let ([first], true) = (self.days.as_slice(), self.later != by_itself) {
            write!(f, "{} ", name(&first.wrapping_add(self.later)))?;
        }
        write!(f, "{} {}", self.to.strftime("%H:%M"), self.zone_name)
    }
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn day(text: &str) -> Option<Weekday> {
    DAYS.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(day, _)| *day)
}

fn days(text: &str) -> Option<Vec<Weekday>> {
    if text.eq_ignore_ascii_case("daily") {
        return Some(DAYS.iter().map(|(day, _)| *day).collect());
    }
    let named: Vec<Weekday> = text.split(',').map(day).collect::<Option<_>>()?;
    Some(DAYS.iter().map(|(day, _)| *day).filter(|day| named.contains(day)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// When it ends, as seen at a time; none: it is not within.
    fn ends(window: &str, now: &str) -> Option<String> {
        let window: Window = window.parse().unwrap();
        window.ends(now.parse().unwrap()).map(|end| end.to_string())
    }

    #[test]
    fn a_weekend_lasts_from_friday_to_monday_by_the_clocks_of_its_place() {
        let weekend = "Fri 16:00 - Mon 08:00 Europe/Berlin";
        // 2026-10-09 is a Friday, and Berlin is two hours ahead then.
        assert_eq!(ends(weekend, "2026-10-09T13:59:59Z"), None);
        assert_eq!(ends(weekend, "2026-10-09T14:00:00Z").as_deref(), Some("2026-10-12T06:00:00Z"));
        assert_eq!(ends(weekend, "2026-10-12T05:59:59Z").as_deref(), Some("2026-10-12T06:00:00Z"));
        assert_eq!(ends(weekend, "2026-10-12T06:00:00Z"), None);
        // On the last weekend of October the clocks go back in between.
        assert_eq!(ends(weekend, "2026-10-24T12:00:00Z").as_deref(), Some("2026-10-26T07:00:00Z"));
    }

    #[test]
    fn a_night_ends_on_the_next_day_and_a_day_on_the_same() {
        assert_eq!(ends("daily 22:00-06:00 UTC", "2026-10-07T23:00:00Z").as_deref(), Some("2026-10-08T06:00:00Z"));
        assert_eq!(ends("daily 22:00-06:00 UTC", "2026-10-07T12:00:00Z"), None);
        assert_eq!(ends("Wed,Thu 9:00 - 17:00 UTC", "2026-10-07T12:00:00Z").as_deref(), Some("2026-10-07T17:00:00Z"));
        assert_eq!(ends("Thu,Fri 9:00 - 17:00 UTC", "2026-10-07T12:00:00Z"), None);
    }

    #[test]
    fn a_week_without_a_gap_is_told_by_equal_times() {
        assert_eq!(ends("Wed 9:00 - Wed 9:00 UTC", "2026-10-07T08:59:00Z").as_deref(), Some("2026-10-07T09:00:00Z"));
    }

    #[test]
    fn what_tells_no_times_is_refused_in_words() {
        for text in ["", "always", "Fri 25:00 - Mon 08:00 UTC", "Fri,Sat 16:00 - Mon 08:00 UTC", "Fri 16:00 Mon UTC"] {
            assert!(matches!(text.parse::<Window>(), Err(BadWindow::Shape(_))), "{text}");
        }
        let unknown = "daily 22:00 - 06:00 Middle/Earth".parse::<Window>().unwrap_err();
        assert_eq!(unknown.to_string(), "this machine knows no time zone \"Middle/Earth\"");
    }

    proptest! {
        #[test]
        fn what_is_told_is_read_again(days in "(daily|Mon|Tue,Sat|Sun)", from in 0_u8..24, to in 0_u8..24, last in 0_usize..8) {
            let last = DAYS.get(last).filter(|_| days == "Mon" || days == "Sun").map_or("", |(_, name)| name);
            let window: Window = format!("{days} {from:02}:00 - {last} {to:02}:30 UTC").parse().unwrap();
            prop_assert_eq!(window.to_string().parse::<Window>().unwrap(), window);
        }

        #[test]
        fn within_it_its_end_lies_ahead_and_it_has_ended_then(hour in 0_i64..400) {
            let window: Window = "Fri 16:00 - Mon 08:00 Europe/Berlin".parse().unwrap();
            let now = "2026-10-01T00:00:00Z".parse::<Timestamp>().unwrap() + hour.hours();
            if let Some(end) = window.ends(now) {
                prop_assert!(end > now);
                prop_assert_eq!(window.ends(end), None);
            }
        }
    }
}
