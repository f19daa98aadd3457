//! What is out of sight: how much of a text or a list stands above and below what is seen of it, told in the same words
//! everywhere. What has an upper and a lower edge tells each there; what has one titled rule tells both on it.

/// Rows that are not seen, of something that is scrolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct More {
    above: usize,
    below: usize,
}

impl More {
    /// Of so many rows, shown from the one at `skip` in so much room.
    pub(super) fn of(rows: usize, skip: usize, room: usize) -> Self {
        Self { above: skip.min(rows), below: rows.saturating_sub(skip + room) }
    }

    /// `3 more above`; empty: nothing is.
    pub(super) fn above(self) -> String {
        if self.above > 0 { format!("{} more above", self.above) } else { String::new() }
    }

    /// `8 more below`; empty: nothing is.
    pub(super) fn below(self) -> String {
        if self.below > 0 { format!("{} more below", self.below) } else { String::new() }
    }

    /// Both on one rule: `3 more above, 8 below`.
    pub(super) fn around(self) -> String {
        match (self.above, self.below) {
            (1.., 1..) => format!("{}, {} below", self.above(), self.below),
            _ => self.above() + &self.below(),
        }
    }

    /// Of columns beside each other: `‹ 2 more · 1 more ›`.
    pub(super) fn sideways(self) -> String {
        let left = if self.above > 0 { format!("‹ {} more", self.above) } else { String::new() };
        let right = if self.below > 0 { format!("{} more ›", self.below) } else { String::new() };
        beside(&left, &right)
    }
}

/// The end of a rule: what is out of sight, and then what the rule says anyway.
pub(super) fn beside(more: &str, told: &str) -> String {
    let gap = if more.is_empty() || told.is_empty() { "" } else { " · " };
    format!("{more}{gap}{told}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_and_below_is_counted_and_what_is_all_in_sight_says_nothing() {
        let texts = |rows, skip| {
            let more = More::of(rows, skip, 10);
            [more.above(), more.below(), more.around()]
        };
        assert_eq!(texts(10, 0), ["", "", ""]);
        assert_eq!(texts(12, 0), ["", "2 more below", "2 more below"]);
        assert_eq!(texts(12, 2), ["2 more above", "", "2 more above"]);
        assert_eq!(texts(20, 3), ["3 more above", "7 more below", "3 more above, 7 below"]);
        assert_eq!(beside(&More::of(12, 2, 10).above(), "by name"), "2 more above · by name");
        assert_eq!(beside("", "by name"), "by name");
    }
}
