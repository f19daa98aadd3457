//! Which part of the log is on the screen: following the end, or held with one line selected.
//!
//! Everything moves by rows of the screen, because a long line that is wrapped takes several of them.

use std::ops::Range;

use jiff::Timestamp;

use super::layout::{self, Shown};
use super::level::Level;
use super::pane::LogPane;
use super::ring::{Entry, Kind};

/// The room for lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
}

/// A row of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    number: u64,
    part: usize,
}

/// A view that stands still while lines go on arriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    top: Place,
    /// The selected line.
    cursor: u64,
    /// Lines from this number on came after the view began to stand still, and are not seen before it moves down to them.
    end: u64,
}

impl Held {
    pub(super) fn move_by(&mut self, moved: impl Fn(u64) -> u64) {
        self.top.number = moved(self.top.number);
        self.cursor = moved(self.cursor);
        self.end = self.end.checked_sub(1).map_or(0, |last| moved(last) + 1);
    }
}

/// What a piece of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Text,
    /// The name of a field.
    Key,
    /// Something that was searched for or filtered by.
    Hit,
}

/// What stands before the text of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub time: Option<Timestamp>,
    pub source: u16,
}

/// A row to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub number: u64,
    pub kind: Kind,
    pub level: Option<Level>,
    /// Only on the first row of a line.
    pub head: Option<Head>,
    pub pieces: Vec<(String, Ink)>,
    pub selected: bool,
    /// Something is left of what is seen, or right of it.
    pub more: (bool, bool),
}

impl LogPane {
    pub fn is_following(&self) -> bool {
        self.held.is_none()
    }

    /// Lines that came since the view is held.
    pub fn new_since_held(&self) -> usize {
        self.held.map_or(0, |held| self.ring.shown().saturating_sub(self.ring.place(held.end)))
    }

    /// The selected line: while following, the newest one.
    pub fn cursor(&self) -> Option<u64> {
        self.held.map(|held| held.cursor).or_else(|| self.ring.at(self.ring.shown().checked_sub(1)?))
    }

    /// Holds the view where it is, or follows again.
    pub fn toggle_follow(&mut self, size: Size) {
        self.held = if self.is_following() { self.hold(size) } else { None };
    }

    /// Moves the selection by lines. Upwards from the end holds the view; downwards past the last line follows again.
    pub fn select_by(&mut self, by: isize, size: Size) {
        if by.unsigned_abs() > self.ring.shown() {
            self.held = if by > 0 { None } else { self.hold(size) };
            if let (Some(held), Some(first)) = (&mut self.held, self.ring.at(0)) {
                (held.cursor, held.top) = (first, Place { number: first, part: 0 });
            }
            return;
        }
        for _ in 0..by.unsigned_abs() {
            let Some(held) = self.held.or_else(|| self.hold(size)).filter(|_| by < 0 || self.held.is_some()) else {
                return;
            };
            self.held = if by < 0 { Some(self.up(held, size)) } else { self.down(held, size) };
        }
    }

    /// Moves the view by rows; the selection comes along.
    pub fn scroll_by(&mut self, by: isize, size: Size) {
        let Some(mut held) = self.held.or_else(|| if by < 0 { self.hold(size) } else { None }) else { return };
        let lowest = self.lowest_top(size);
        if by > 0 {
            held.end = self.ring.end();
        }
        for _ in 0..by.unsigned_abs() {
            let next = if by < 0 { self.row_before(held.top, size) } else { self.row_after(held.top, held.end, size) };
            held.top = next.unwrap_or(held.top);
        }
        if by > 0 && lowest.is_some_and(|lowest| held.top >= lowest) {
            self.held = None;
            return;
        }
        let window = self.window(held, size);
        if let (Some(first), Some(last)) = (window.first(), window.last()) {
            held.cursor = held.cursor.clamp(first.number, last.number);
        }
        self.held = Some(held);
    }

    /// Selects the line on a row of the screen.
    pub fn select_row(&mut self, row: usize, size: Size) {
        let Some(mut held) = self.held.or_else(|| self.hold(size)) else { return };
        if let Some(place) = self.window(held, size).get(row) {
            held.cursor = place.number;
            self.held = Some(held);
        }
    }

    /// Selects the next match towards older (`back`) or newer lines. False: there is none.
    pub fn find(&mut self, back: bool, size: Size) -> bool {
        let found = self.ring.search();
        let at = self.held.map_or(self.ring.end(), |held| held.cursor);
        let next = if back {
            found.place(at).checked_sub(1).and_then(|place| found.get(place))
        } else {
            found.get(found.place(at.saturating_add(1)))
        };
        let (Some(next), Some(mut held)) = (next, self.held.or_else(|| self.hold(size))) else { return false };
        held.cursor = next;
        held.end = held.end.max(next + 1);
        if !self.window(held, size).iter().any(|place| place.number == next) {
            held.top = Place { number: next, part: 0 };
            for _ in 0..size.rows / 3 {
                held.top = self.row_before(held.top, size).unwrap_or(held.top);
            }
        }
        self.held = Some(held);
        self.settle(size);
        true
    }

    /// Makes a held view valid again after lines, the filter or the size have changed.
    pub fn settle(&mut self, size: Size) {
        let Some(mut held) = self.held else { return };
        let shown = self.ring.shown();
        let nearest = |number: u64| self.ring.at(self.ring.place(number).min(shown.saturating_sub(1)));
        let (Some(top), Some(cursor)) = (nearest(held.top.number), nearest(held.cursor)) else { return };
        if top != held.top.number {
            held.top = Place { number: top, part: 0 };
        }
        held.top.part = held.top.part.min(self.parts(top, size) - 1);
        held.cursor = cursor;
        if let Some(lowest) = self.lowest_top(size) {
            held.top = held.top.min(lowest);
        }
        self.held = Some(self.reveal(held, size));
    }

    /// Columns scrolled out at the left, no further than there is something to see.
    pub fn scroll_sideways(&mut self, by: isize, size: Size) {
        if self.wrap {
            return;
        }
        let window = self.held.or_else(|| self.hold(size)).map(|held| self.window(held, size)).unwrap_or_default();
        let widths = window.iter().filter_map(|place| self.ring.get(place.number)).map(|entry| self.shown(&entry));
        let widest = widths.map(|(shown, _)| layout::width(&shown.text)).max().unwrap_or(0);
        let most = (widest + 1).saturating_sub(self.text_columns(size));
        self.column = self.column.saturating_add_signed(by).min(most);
    }

    /// The rows that are on the screen, oldest first.
    pub fn rows(&self, size: Size) -> Vec<Row> {
        let Some(Held { top, end, .. }) = self.held.or_else(|| self.hold(size)) else { return Vec::new() };
        let mut rows: Vec<Row> = Vec::with_capacity(size.rows);
        let (mut place, mut skip) = (self.ring.place(top.number), top.part);
        while rows.len() < size.rows {
            let Some(number) = self.ring.at(place).filter(|number| *number < end) else { break };
            let Some(entry) = self.ring.get(number) else { break };
            let room = size.rows - rows.len();
            rows.extend(self.rows_of(number, &entry, size).into_iter().skip(skip).take(room));
            (place, skip) = (place + 1, 0);
        }
        rows
    }

    /// Columns that are left for the text of a line.
    pub fn text_columns(&self, size: Size) -> usize {
        size.columns.saturating_sub(self.head_columns()).max(8)
    }

    /// Columns of time, pod, container and level.
    pub fn head_columns(&self) -> usize {
        let container = self.container_columns();
        let container = if container == 0 { 0 } else { container + 1 };
        (if self.timestamps { 9 } else { 0 }) + 6 + container + 6
    }

    fn shown(&self, entry: &Entry<'_>) -> (Shown, Option<Level>) {
        if entry.kind.is_mark() {
            return (Shown { text: entry.text.to_owned(), keys: Vec::new() }, None);
        }
        let level = Level::of(entry.text);
        (Shown::of(entry.text, level, self.fields), level)
    }

    fn rows_of(&self, number: u64, entry: &Entry<'_>, size: Size) -> Vec<Row> {
        let (shown, level) = self.shown(entry);
        let columns = self.text_columns(size);
        let hits = self.hits(number, &shown.text, entry.kind);
        let mark = entry.kind.is_mark();
        let parts = if self.wrap && !mark {
            layout::rows(&shown.text, columns)
        } else {
            let whole = 0..shown.text.len();
            Vec::from([if mark { whole } else { layout::window(&shown.text, self.column, columns) }])
        };
        let scrolled = !self.wrap && !mark;
        let row = |(index, part): (usize, Range<usize>)| Row {
            number,
            kind: entry.kind,
            level,
            head: (index == 0).then_some(Head { time: entry.time, source: entry.source }),
            more: (scrolled && part.start > 0, scrolled && part.end < shown.text.len()),
            pieces: pieces(&shown, &hits, part),
            selected: self.cursor() == Some(number),
        };
        parts.into_iter().enumerate().map(row).collect()
    }

    fn hits(&self, number: u64, text: &str, kind: Kind) -> Vec<Range<usize>> {
        if kind.is_mark() {
            return Vec::new();
        }
        let search = self.ring.search();
        let mut hits = search.pattern().map(|pattern| pattern.lit(text)).unwrap_or_default();
        if hits.is_empty() && self.is_found(number) {
            // It stands in what the fields leave out.
            hits.push(0..text.len());
        }
        hits.extend(self.ring.filter().map(|pattern| pattern.lit(text)).unwrap_or_default());
        hits
    }

    /// The view as it is now, held with the newest line selected.
    fn hold(&self, size: Size) -> Option<Held> {
        Some(Held { top: self.lowest_top(size)?, cursor: self.cursor()?, end: self.ring.end() })
    }

    /// Where the screen begins when it ends with the newest row.
    fn lowest_top(&self, size: Size) -> Option<Place> {
        let last = self.ring.at(self.ring.shown().checked_sub(1)?)?;
        let mut top = Place { number: last, part: self.parts(last, size) - 1 };
        for _ in 1..size.rows {
            match self.row_before(top, size) {
                Some(before) => top = before,
                None => break,
            }
        }
        Some(top)
    }

    /// Rows that an entry takes.
    fn parts(&self, number: u64, size: Size) -> usize {
        let Some(entry) = self.ring.get(number).filter(|entry| self.wrap && !entry.kind.is_mark()) else { return 1 };
        layout::rows(&self.shown(&entry).0.text, self.text_columns(size)).len()
    }

    fn row_before(&self, place: Place, size: Size) -> Option<Place> {
        if place.part > 0 {
            return Some(Place { part: place.part - 1, ..place });
        }
        let number = self.ring.at(self.ring.place(place.number).checked_sub(1)?)?;
        Some(Place { number, part: self.parts(number, size) - 1 })
    }

    fn row_after(&self, place: Place, end: u64, size: Size) -> Option<Place> {
        if place.part + 1 < self.parts(place.number, size) {
            return Some(Place { part: place.part + 1, ..place });
        }
        let number = self.ring.at(self.ring.place(place.number + 1)).filter(|number| *number < end)?;
        Some(Place { number, part: 0 })
    }

    fn window(&self, held: Held, size: Size) -> Vec<Place> {
        let following = std::iter::successors(Some(held.top), |place| self.row_after(*place, held.end, size));
        following.take(size.rows.max(1)).collect()
    }

    /// A line that is higher than the screen is read to its end before the next one is selected.
    fn down(&self, mut held: Held, size: Size) -> Option<Held> {
        let end = Place { number: held.cursor, part: self.parts(held.cursor, size) - 1 };
        if self.window(held, size).last().is_some_and(|last| *last < end) {
            held.top = self.row_after(held.top, held.end, size)?;
            return Some(held);
        }
        held.cursor = self.ring.at(self.ring.place(held.cursor + 1))?;
        if held.cursor >= held.end {
            held.end = self.ring.end();
        }
        Some(self.reveal(held, size))
    }

    fn up(&self, mut held: Held, size: Size) -> Held {
        if held.top.number == held.cursor && held.top.part > 0 {
            held.top.part -= 1;
            return held;
        }
        let before = self.ring.place(held.cursor).checked_sub(1).and_then(|place| self.ring.at(place));
        let Some(before) = before else { return held };
        held.cursor = before;
        // All of it, or its end.
        let part = self.parts(before, size).saturating_sub(size.rows);
        held.top = held.top.min(Place { number: before, part });
        held
    }

    /// Brings the selected line onto the screen: all of it, or its beginning.
    fn reveal(&self, mut held: Held, size: Size) -> Held {
        if held.cursor < held.top.number {
            held.top = Place { number: held.cursor, part: 0 };
            return held;
        }
        let start = Place { number: held.cursor, part: 0 };
        let end = Place { number: held.cursor, part: self.parts(held.cursor, size) - 1 };
        let last = self.window(held, size).last().copied();
        if held.top.number == held.cursor || last.is_none_or(|last| last >= end) {
            return held;
        }
        held.top = end;
        for _ in 1..size.rows {
            held.top = self.row_before(held.top, size).unwrap_or(held.top);
        }
        held.top = held.top.min(start);
        held
    }
}

pub(super) fn pieces(shown: &Shown, hits: &[Range<usize>], part: Range<usize>) -> Vec<(String, Ink)> {
    let mut edges: Vec<usize> = shown.keys.iter().chain(hits).flat_map(|range| [range.start, range.end]).collect();
    edges.retain(|edge| part.contains(edge) && shown.text.is_char_boundary(*edge));
    edges.extend([part.start, part.end]);
    edges.sort_unstable();
    edges.dedup();
    let ink = |at: usize| {
        let within = |ranges: &[Range<usize>]| ranges.iter().any(|range| range.contains(&at));
        if within(hits) {
            Ink::Hit
        } else if within(&shown.keys) {
            Ink::Key
        } else {
            Ink::Text
        }
    };
    edges.windows(2).map(|edge| (shown.text[edge[0]..edge[1]].to_owned(), ink(edge[0]))).collect()
}
