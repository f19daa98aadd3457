//! Chance that can be had again: equal seeds, equal trials.

/// SplitMix64: every seed, also a small one, gives numbers that have nothing in common with those of the next.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `least` to `most`, both included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// Happens so many times in a thousand.
    pub(super) fn chance(&mut self, in_thousand: u64) -> bool {
        self.next() % 1_000 < in_thousand
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.next() % of.len() as u64) as usize]
    }

    /// Dice of their own for somebody, so that what one does moves nobody else's.
    pub(super) fn split(&mut self) -> Self {
        Self(self.next())
    }
}
