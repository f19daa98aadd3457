//! Lines held, in the order of their times and bounded by bytes: the oldest go first, and every one that goes is counted.
//!
//! Texts lie in a few large chunks and a line is a slot of 24 bytes beside them, so what [`Ring::bytes`] says is what the
//! allocator gave. Lines of several pods arrive stream by stream; a batch that is older than what is held already is
//! merged in, which moves only the end of the ring.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::index::Index;
use super::pattern::Pattern;

/// Bytes that are held at most, texts and bookkeeping together.
pub const LIMIT: usize = 96 * 1024 * 1024;
/// Tables grow by doubling: this much is kept free for it.
const SPARE: usize = 8 * 1024 * 1024;
/// Lines held at most: a filter that is typed looks at all of them between two frames.
pub const LINES: usize = 262_144;
/// Texts are kept in pieces of this size.
const CHUNK: usize = 1024 * 1024;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Line,
    /// Something that happened between the lines: joined, ended.
    Mark,
    /// A mark that tells of trouble.
    BadMark,
}

impl Kind {
    pub fn is_mark(self) -> bool {
        self != Self::Line
    }
}

/// A line, or something that happened between lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    pub time: Option<Timestamp>,
    /// Which container said it: a number that the pane knows.
    pub source: u16,
    pub kind: Kind,
    pub text: &'a str,
}

#[derive(Clone, Debug)]
struct Slot {
    /// Nanoseconds; that of the line before for one that has none.
    time: i64,
    chunk: u32,
    at: u32,
    length: u32,
    source: u16,
    kind: Kind,
    flags: u8,
}

impl Slot {
    fn order(&self) -> (i64, u16) {
        (self.time, self.source)
    }
}

/// The line came without a time.
const TIMELESS: u8 = 1;
/// The filter lets it pass.
const PASSES: u8 = 2;
/// The search finds it.
const FOUND: u8 = 4;

#[derive(Clone, Debug, Default)]
struct Chunk {
    text: String,
    /// Lines that lie in it.
    used: usize,
}

/// Lines held. Each has a number, which changes only when older lines are merged in before it.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    slots: VecDeque<Slot>,
    chunks: VecDeque<Chunk>,
    /// Number of the first chunk that is held.
    first_chunk: u32,
    /// Bytes that the chunks have from the allocator.
    text_bytes: usize,
    /// Number of the oldest entry that is held.
    first: u64,
    filter: Index,
    search: Index,
    /// Lines stay where they came, whatever their times: for a reader that has already been given those before.
    pub by_arrival: bool,
}

impl Ring {
    /// Takes entries in. Returns the numbers of those that were placed before others, in order: numbers held elsewhere
    /// have moved up by as many as were placed at or before them (see [`moved`]).
    pub fn insert(&mut self, mut batch: Vec<Entry<'_>>) -> Vec<u64> {
        // Of one time, each container's lines stay together, whichever arrived first: a trace is not torn apart.
        let last = self.slots.back().map_or((i64::MIN, 0), Slot::order);
        let mut before = last.0;
        let mut timed: Vec<(i64, Entry<'_>)> = Vec::with_capacity(batch.len());
        for entry in batch.drain(..) {
            before = entry.time.map_or(before, nanoseconds);
            timed.push((before, entry));
        }
        let order = |(time, entry): &(i64, Entry<'_>)| (*time, entry.source);
        if !timed.is_sorted_by_key(order) {
            timed.sort_by_key(order);
        }
        let Some(oldest) = timed.first().map(order) else { return Vec::new() };
        if self.by_arrival || oldest >= last {
            for (time, entry) in timed {
                let slot = self.store(time, entry);
                self.push(slot);
            }
            return Vec::new();
        }
        self.merge(oldest, timed)
    }

    fn merge(&mut self, oldest: (i64, u16), batch: Vec<(i64, Entry<'_>)>) -> Vec<u64> {
        let keep = self.slots.partition_point(|slot| slot.order() <= oldest);
        let displaced: Vec<Slot> = self.slots.drain(keep..).collect();
        let from = self.first + keep as u64;
        self.filter.truncate(from);
        self.search.truncate(from);
        let mut placed = Vec::with_capacity(batch.len());
        let mut displaced = displaced.into_iter().peekable();
        for (time, entry) in batch {
            while let Some(slot) = displaced.next_if(|slot| slot.order() <= (time, entry.source)) {
                self.push(slot);
            }
            let slot = self.store(time, entry);
            self.push(slot);
            placed.push(self.end() - 1);
        }
        for slot in displaced {
            self.push(slot);
        }
        placed
    }

    /// Puts a text into the last chunk and judges it.
    fn store(&mut self, time: i64, entry: Entry<'_>) -> Slot {
        let full = |chunk: &Chunk| chunk.text.capacity() - chunk.text.len() < entry.text.len();
        if self.chunks.back().is_none_or(full) {
            let text = String::with_capacity(CHUNK.max(entry.text.len()));
            self.text_bytes += text.capacity();
            self.chunks.push_back(Chunk { text, used: 0 });
        }
        let number = self.first_chunk.wrapping_add(self.chunks.len() as u32).wrapping_sub(1);
        let mut at = 0;
        if let Some(chunk) = self.chunks.back_mut() {
            at = chunk.text.len();
            chunk.text.push_str(entry.text);
            chunk.used += 1;
        }
        let mut flags = if entry.time.is_none() { TIMELESS } else { 0 };
        if self.filter.admits(entry.kind, entry.text) {
            flags |= PASSES;
        }
        if self.search.finds(entry.kind, entry.text) {
            flags |= FOUND;
        }
        let (at, length) = (at as u32, entry.text.len() as u32);
        Slot { time, chunk: number, at, length, source: entry.source, kind: entry.kind, flags }
    }

    fn push(&mut self, slot: Slot) {
        while !self.slots.is_empty() && (self.slots.len() == LINES || self.bytes() > LIMIT - SPARE) {
            self.drop_oldest();
        }
        let number = self.end();
        if slot.flags & PASSES != 0 && self.filter.is_set() {
            self.filter.push(number);
        }
        if slot.flags & PASSES != 0 && slot.flags & FOUND != 0 {
            self.search.push(number);
        }
        self.slots.push_back(slot);
    }

    fn drop_oldest(&mut self) {
        let Some(slot) = self.slots.pop_front() else { return };
        self.first += 1;
        self.filter.forget_before(self.first);
        self.search.forget_before(self.first);
        let last = self.chunks.len() - 1;
        let index = slot.chunk.wrapping_sub(self.first_chunk) as usize;
        if let Some(chunk) = self.chunks.get_mut(index) {
            chunk.used -= 1;
            if chunk.used == 0 && index < last {
                self.text_bytes -= chunk.text.capacity();
                chunk.text = String::new();
            }
        }
        while self.chunks.len() > 1 && self.chunks.front().is_some_and(|chunk| chunk.used == 0) {
            if let Some(chunk) = self.chunks.pop_front() {
                self.text_bytes -= chunk.text.capacity();
            }
            self.first_chunk = self.first_chunk.wrapping_add(1);
        }
    }

    /// Bytes that all of this has from the allocator.
    pub fn bytes(&self) -> usize {
        self.text_bytes
            + self.slots.capacity() * size_of::<Slot>()
            + self.chunks.capacity() * size_of::<Chunk>()
            + self.filter.bytes()
            + self.search.bytes()
    }

    /// Number of the oldest entry, which is also how many are gone.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Number that the next entry will have.
    pub fn end(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub fn get(&self, number: u64) -> Option<Entry<'_>> {
        let slot = self.slot(number)?;
        Some(self.entry(slot))
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, Entry<'_>)> {
        self.slots.iter().enumerate().map(|(index, slot)| (self.first + index as u64, self.entry(slot)))
    }

    /// The time of the newest entry.
    pub fn newest(&self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(i128::from(self.slots.back()?.time)).ok()
    }

    fn slot(&self, number: u64) -> Option<&Slot> {
        self.slots.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    fn entry(&self, slot: &Slot) -> Entry<'_> {
        let chunk = self.chunks.get(slot.chunk.wrapping_sub(self.first_chunk) as usize);
        let (at, end) = (slot.at as usize, slot.at as usize + slot.length as usize);
        let text = chunk.and_then(|chunk| chunk.text.get(at..end)).unwrap_or_default();
        let time =
            if slot.flags & TIMELESS == 0 { Timestamp::from_nanosecond(i128::from(slot.time)).ok() } else { None };
        Entry { time, source: slot.source, kind: slot.kind, text }
    }

    /// Shows only what the pattern admits, from now on and of what is held.
    pub fn set_filter(&mut self, pattern: Option<Pattern>) {
        // A word that grows while it is typed can only lose lines.
        let narrower = pattern.as_ref().zip(self.filter.pattern()).is_some_and(|(new, old)| new.narrows(old));
        self.filter.set(pattern);
        let Self { slots, chunks, first_chunk, filter, .. } = self;
        for slot in slots.iter_mut().filter(|slot| !narrower || slot.flags & PASSES != 0) {
            let passes = filter.admits(slot.kind, text_of(chunks, *first_chunk, slot));
            set(&mut slot.flags, PASSES, passes);
        }
        self.reindex();
    }

    /// Finds what the pattern matches, from now on and in what is held.
    pub fn set_search(&mut self, pattern: Option<Pattern>) {
        let narrower = pattern.as_ref().zip(self.search.pattern()).is_some_and(|(new, old)| new.narrows(old));
        self.search.set(pattern);
        let Self { slots, chunks, first_chunk, search, .. } = self;
        for slot in slots.iter_mut().filter(|slot| !narrower || slot.flags & FOUND != 0) {
            let found = search.finds(slot.kind, text_of(chunks, *first_chunk, slot));
            set(&mut slot.flags, FOUND, found);
        }
        self.reindex();
    }

    fn reindex(&mut self) {
        let Self { slots, first, filter, search, .. } = self;
        let numbers = |wanted: u8| {
            slots.iter().zip(*first..).filter(move |(slot, _)| slot.flags & wanted == wanted).map(|(_, number)| number)
        };
        if filter.is_set() {
            filter.refill(numbers(PASSES));
        }
        if search.is_set() {
            search.refill(numbers(PASSES | FOUND));
        }
    }

    /// What lines are filtered by.
    pub fn filter(&self) -> Option<&Pattern> {
        self.filter.pattern()
    }

    /// What is searched for, and which of the lines that are shown have it.
    pub fn search(&self) -> &Index {
        &self.search
    }

    /// How many entries are shown.
    pub fn shown(&self) -> usize {
        if self.filter.is_set() { self.filter.len() } else { self.slots.len() }
    }

    /// The entry that is shown at a place in the order of those that are.
    pub fn at(&self, place: usize) -> Option<u64> {
        if self.filter.is_set() {
            return self.filter.get(place);
        }
        (place < self.slots.len()).then(|| self.first + place as u64)
    }

    /// The place of an entry among those that are shown, or of the first one after it.
    pub fn place(&self, number: u64) -> usize {
        if self.filter.is_set() {
            return self.filter.place(number);
        }
        usize::try_from(number.saturating_sub(self.first)).map_or(self.slots.len(), |place| place.min(self.slots.len()))
    }
}

/// Where a number is after entries were placed before others.
pub(super) fn moved(mut number: u64, placed: &[u64]) -> u64 {
    for place in placed {
        if *place > number {
            break;
        }
        number += 1;
    }
    number
}

fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

fn set(flags: &mut u8, flag: u8, on: bool) {
    if on { *flags |= flag } else { *flags &= !flag }
}

fn text_of<'a>(chunks: &'a VecDeque<Chunk>, first_chunk: u32, slot: &Slot) -> &'a str {
    let (at, end) = (slot.at as usize, slot.at as usize + slot.length as usize);
    let chunk = chunks.get(slot.chunk.wrapping_sub(first_chunk) as usize);
    chunk.and_then(|chunk| chunk.text.get(at..end)).unwrap_or_default()
}
