//! Which of the lines held match a pattern: kept as lines come and go, so that no frame looks through them again.

use std::collections::VecDeque;

use super::pattern::Pattern;
use super::ring::Kind;

/// A pattern and the numbers of the lines that match it, in order.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pattern: Option<Pattern>,
    numbers: VecDeque<u64>,
}

impl Index {
    pub fn pattern(&self) -> Option<&Pattern> {
        self.pattern.as_ref()
    }

    pub fn is_set(&self) -> bool {
        self.pattern.is_some()
    }

    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    pub fn get(&self, place: usize) -> Option<u64> {
        self.numbers.get(place).copied()
    }

    /// Where a number is, or the first one after it.
    pub fn place(&self, number: u64) -> usize {
        self.numbers.partition_point(|known| *known < number)
    }

    /// As a filter: marks always pass, and without a pattern everything does.
    pub(super) fn admits(&self, kind: Kind, text: &str) -> bool {
        kind.is_mark() || self.pattern.as_ref().is_none_or(|pattern| pattern.admits(text))
    }

    /// As a search: marks are never found.
    pub(super) fn finds(&self, kind: Kind, text: &str) -> bool {
        !kind.is_mark() && self.pattern.as_ref().is_some_and(|pattern| pattern.admits(text))
    }

    pub(super) fn set(&mut self, pattern: Option<Pattern>) {
        self.pattern = pattern;
        self.numbers = VecDeque::new();
    }

    pub(super) fn push(&mut self, number: u64) {
        self.numbers.push_back(number);
    }

    pub(super) fn truncate(&mut self, from: u64) {
        self.numbers.truncate(self.place(from));
    }

    pub(super) fn forget_before(&mut self, first: u64) {
        while self.numbers.front().is_some_and(|number| *number < first) {
            self.numbers.pop_front();
        }
    }

    pub(super) fn refill(&mut self, numbers: impl Iterator<Item = u64>) {
        self.numbers.clear();
        self.numbers.extend(numbers);
    }

    pub(super) fn bytes(&self) -> usize {
        self.numbers.capacity() * size_of::<u64>()
    }
}
