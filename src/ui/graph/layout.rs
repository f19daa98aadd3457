//! Where nodes and lines of the graph are: pure numbers and signs, so that a test can follow every line.
//!
//! Waves are columns, left to right. Before each column lies a channel with a lane for every bundle of lines: those that
//! lead to the same nodes are one bundle and may meet, all others keep apart, and where one must cross another it passes
//! below. So a line that is followed to the right ends where it should. What cannot be drawn so is not drawn at all.

use std::collections::{BTreeMap, BTreeSet};

use unicode_width::UnicodeWidthStr;

use crate::domain::ids::ServiceId;

/// Direct needs, without those that longer ways imply.
pub(super) type Edges = BTreeMap<ServiceId, BTreeSet<ServiceId>>;

/// Columns that can still be read as waves.
const MOST_WAVES: usize = 5;

const RIGHT: u8 = 1;
const LEFT: u8 = 2;
const DOWN: u8 = 4;
const UP: u8 = 8;

/// A graph that fits; everything counted from its upper left corner, below the titles of the waves.
pub(super) struct Layout {
    /// The column of each wave and how wide it is, with the channel behind it.
    pub(super) waves: Vec<(u16, u16)>,
    pub(super) nodes: BTreeMap<ServiceId, Node>,
    pub(super) lines: Vec<Mark>,
}

/// A node: where it begins, and its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) x: u16,
    pub(super) y: u16,
    pub(super) width: u16,
}

/// One sign of a line, and whom it leads from and to.
pub(super) struct Mark {
    pub(super) x: u16,
    pub(super) y: u16,
    pub(super) sign: &'static str,
    pub(super) edges: BTreeSet<(ServiceId, ServiceId)>,
}

impl Layout {
    /// The graph of these waves in so many columns and rows; none: it does not fit, or not so that it can be read.
    pub(super) fn of(waves: &[Vec<ServiceId>], edges: &Edges, (width, height): (u16, u16)) -> Option<Self> {
        let tallest = waves.iter().map(Vec::len).max().unwrap_or(0) as u16;
        if height < tallest || waves.len() > MOST_WAVES {
            return None;
        }
        let rows = rows(waves, edges, height);
        let row_of: BTreeMap<&ServiceId, u16> =
            waves.iter().zip(&rows).flat_map(|(wave, rows)| wave.iter().zip(rows.iter().copied())).collect();
        let channels =
            waves.iter().enumerate().skip(1).map(|wave| channel(wave, edges, &row_of)).collect::<Option<Vec<_>>>()?;
        let lanes = |channel: &Channel<'_>| channel.values().map(|turn| turn.lane + 1).max().unwrap_or(1);
        // A column before and one after each name, the point of the arrow and the line that leads to it.
        let room = |lead: u16| channels.iter().map(|channel| lanes(channel) + 4 + lead).collect::<Vec<u16>>();
        let names: u16 = waves.iter().map(|wave| column_width(wave)).sum();
        // One more after the last name for the ground of what is selected.
        let fits = |room: &Vec<u16>| names + room.iter().sum::<u16>() < width;
        let room = [1, 0].into_iter().map(room).find(fits)?;
        let mut layout = Self { waves: Vec::new(), nodes: BTreeMap::new(), lines: Vec::new() };
        let mut x = 0;
        for (index, wave) in waves.iter().enumerate() {
            let (width, gap) = (column_width(wave), room.get(index).copied().unwrap_or_default());
            layout.waves.push((x, width + gap));
            layout.nodes.extend(wave.iter().map(|it| (it.clone(), Node { x, y: row_of[it], width })));
            x += width + gap;
        }
        layout.lines = layout.draw(&channels, waves, edges)?;
        Some(layout)
    }

    /// Every line, sign by sign; none: two that have nothing to do with each other would meet, or one would hit a node.
    fn draw(&self, channels: &[Channel<'_>], waves: &[Vec<ServiceId>], edges: &Edges) -> Option<Vec<Mark>> {
        let mut cells: BTreeMap<(u16, u16), Vec<Strand>> = BTreeMap::new();
        for (wave, channel) in waves.iter().skip(1).zip(channels) {
            for to in wave {
                for from in edges.get(to).into_iter().flatten() {
                    let turn = channel.get(from)?;
                    for (at, bits) in self.path(from, to, turn.lane) {
                        let goes_in = at.1 == self.nodes[to].y;
                        let strand = Strand { bits, from: from.clone(), to: to.clone(), bundle: turn.bundle, goes_in };
                        cells.entry(at).or_default().push(strand);
                    }
                }
            }
        }
        let blocked = |(x, y): (u16, u16)| {
            let on = |(name, node): (&ServiceId, &Node)| node.y == y && (node.x..node.x + named(name) + 1).contains(&x);
            self.nodes.iter().any(on)
        };
        cells.into_iter().map(|(at, strands)| if blocked(at) { None } else { mark(at, &strands) }).collect()
    }

    /// From behind the name of one node to before another: along, up or down in a lane, and along.
    fn path(&self, from: &ServiceId, to: &ServiceId, lane: u16) -> Vec<((u16, u16), u8)> {
        let (source, target) = (self.nodes[from], self.nodes[to]);
        let (start, end) = (source.x + named(from) + 1, target.x - 2);
        let turn = end - 2 - lane;
        let mut points: Vec<(u16, u16)> = (start..=turn).map(|x| (x, source.y)).collect();
        if source.y < target.y {
            points.extend((source.y + 1..=target.y).map(|y| (turn, y)));
        } else {
            points.extend((target.y..source.y).rev().map(|y| (turn, y)));
        }
        points.extend((turn + 1..=end).map(|x| (x, target.y)));
        let toward = |a: (u16, u16), b: (u16, u16)| match () {
            () if b.0 > a.0 => RIGHT,
            () if b.0 < a.0 => LEFT,
            () if b.1 > a.1 => DOWN,
            () => UP,
        };
        let mut path: Vec<((u16, u16), u8)> = points.iter().map(|at| (*at, 0)).collect();
        for index in 1..path.len() {
            let (before, here) = (path[index - 1].0, path[index].0);
            path[index - 1].1 |= toward(before, here);
            path[index].1 |= toward(here, before);
        }
        if let Some(first) = path.first_mut() {
            first.1 |= LEFT;
        }
        path
    }
}

/// A part of a way in one cell.
struct Strand {
    bits: u8,
    from: ServiceId,
    to: ServiceId,
    /// With which other ways it may meet in its lane: those before the same wave with the same number.
    bundle: (usize, usize),
    /// It is on the row of its end.
    goes_in: bool,
}

impl Strand {
    /// Ways may meet where they come from one node, lead to the same ones, or go in to one.
    fn may_meet(&self, other: &Self) -> bool {
        self.from == other.from || self.bundle == other.bundle || self.to == other.to && self.goes_in && other.goes_in
    }
}

/// The sign of a cell through which these ways go; none: they would seem to meet.
fn mark((x, y): (u16, u16), strands: &[Strand]) -> Option<Mark> {
    const SIGNS: [(&str, u8); 12] = [
        ("►", LEFT),
        ("─", LEFT | RIGHT),
        ("│", UP | DOWN),
        ("┌", DOWN | RIGHT),
        ("┐", DOWN | LEFT),
        ("└", UP | RIGHT),
        ("┘", UP | LEFT),
        ("├", UP | DOWN | RIGHT),
        ("┤", UP | DOWN | LEFT),
        ("┬", DOWN | LEFT | RIGHT),
        ("┴", UP | LEFT | RIGHT),
        ("┼", UP | DOWN | LEFT | RIGHT),
    ];
    let upright = |strand: &&Strand| strand.bits & (LEFT | RIGHT) == 0;
    let level = |strand: &&Strand| strand.bits & (UP | DOWN) == 0;
    let strangers = strands.iter().any(|a| strands.iter().any(|b| !a.may_meet(b)));
    let shown: Vec<&Strand> = if strangers {
        let crossing: Vec<&Strand> = strands.iter().filter(upright).collect();
        let below = strands.iter().filter(|strand| !upright(strand)).all(|strand| level(&strand));
        let one = crossing.iter().all(|a| crossing.iter().all(|b| a.may_meet(b)));
        if crossing.is_empty() || !below || !one {
            return None;
        }
        crossing
    } else {
        strands.iter().collect()
    };
    let bits = shown.iter().fold(0, |bits, strand| bits | strand.bits);
    let sign = SIGNS.iter().find(|(_, known)| *known == bits).map(|(sign, _)| *sign)?;
    let edges = shown.iter().map(|strand| (strand.from.clone(), strand.to.clone())).collect();
    Some(Mark { x, y, sign, edges })
}

/// Columns of a node: sign, space, name, which is cut at twenty.
fn named(service: &ServiceId) -> u16 {
    (service.as_str().width() as u16).min(20) + 2
}

fn column_width(wave: &[ServiceId]) -> u16 {
    wave.iter().map(named).max().unwrap_or(2)
}

/// Lines that lead to the same nodes of a wave.
struct Bundle<'a> {
    sources: Vec<&'a ServiceId>,
    from: BTreeSet<u16>,
    to: BTreeSet<u16>,
}

impl Bundle<'_> {
    fn span(&self) -> (u16, u16) {
        let rows = || self.from.iter().chain(&self.to).copied();
        (rows().min().unwrap_or(0), rows().max().unwrap_or(0))
    }

    fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (self.span(), other.span());
        a.0 <= b.1 && b.0 <= a.1
    }

    /// One of its lines comes along a row on which the other's go in: it has to turn off before.
    fn is_left_of(&self, other: &Self) -> bool {
        self.from.iter().any(|row| other.to.contains(row) && !self.to.contains(row))
    }
}

/// Where the lines of a source turn off: in which lane, counted from the right, and with which others.
struct Turn {
    lane: u16,
    bundle: (usize, usize),
}

type Channel<'a> = BTreeMap<&'a ServiceId, Turn>;

/// The channel before a wave; none: there is no order of its lanes without lines on lines.
fn channel<'a>(
    (index, wave): (usize, &'a Vec<ServiceId>),
    edges: &'a Edges,
    row_of: &BTreeMap<&ServiceId, u16>,
) -> Option<Channel<'a>> {
    let mut targets: BTreeMap<&ServiceId, BTreeSet<u16>> = BTreeMap::new();
    for to in wave {
        for from in edges.get(to).into_iter().flatten() {
            targets.entry(from).or_default().insert(row_of[to]);
        }
    }
    let mut bundles: Vec<Bundle<'a>> = Vec::new();
    for (source, to) in targets {
        let row = row_of[source];
        match bundles.iter_mut().find(|bundle| bundle.to == to) {
            Some(bundle) => {
                bundle.sources.push(source);
                bundle.from.insert(row);
            }
            None => bundles.push(Bundle { sources: vec![source], from: BTreeSet::from([row]), to }),
        }
    }
    // A straight line needs no lane. One with fewer ends goes nearer to them: then no way to the right leads astray.
    let (mut open, straight): (Vec<_>, Vec<_>) = bundles.into_iter().partition(|it| it.span().0 != it.span().1);
    open.sort_by_key(|bundle| (bundle.to.len(), bundle.span()));
    let mut turns = Channel::new();
    let mut turn = |bundle: &Bundle<'a>, lane: u16| {
        let number = (index, turns.len());
        turns.extend(bundle.sources.iter().map(|source| (*source, Turn { lane, bundle: number })));
    };
    for bundle in &straight {
        turn(bundle, 0);
    }
    let mut placed: Vec<(Bundle<'a>, u16)> = Vec::new();
    while !open.is_empty() {
        let free = open.iter().position(|it| open.iter().all(|other| !it.is_left_of(other)))?;
        let bundle = open.remove(free);
        let beside = placed.iter().filter(|(it, _)| it.overlaps(&bundle) || bundle.is_left_of(it));
        let lane = beside.map(|(_, lane)| lane + 1).max().unwrap_or(0);
        turn(&bundle, lane);
        placed.push((bundle, lane));
    }
    Some(turns)
}
/// The row of every node, by wave: beside the middle of what it needs, so that a chain is a straight line, and never on
/// a row along which a line passes by.
fn rows(waves: &[Vec<ServiceId>], edges: &BTreeMap<ServiceId, BTreeSet<ServiceId>>, height: u16) -> Vec<Vec<u16>> {
    let tallest = waves.iter().map(Vec::len).max().unwrap_or(0) as u16;
    let step = if tallest * 2 <= height { 2 } else { 1 };
    let wave_of = |service: &ServiceId| waves.iter().position(|wave| wave.contains(service));
    let mut placed: BTreeMap<&ServiceId, u16> = BTreeMap::new();
    let mut rows: Vec<Vec<u16>> = Vec::new();
    for (index, wave) in waves.iter().enumerate() {
        let passing: BTreeSet<u16> = edges
            .iter()
            .filter(|(to, _)| wave_of(to).is_some_and(|to| to > index))
            .flat_map(|(_, needs)| needs.iter().filter_map(|from| placed.get(from).copied()))
            .collect();
        let wanted = |service: &ServiceId| {
            let needs: Vec<u16> =
                edges.get(service).into_iter().flatten().filter_map(|from| placed.get(from).copied()).collect();
            needs.iter().sum::<u16>().checked_div(needs.len() as u16).unwrap_or(0)
        };
        let mut order: Vec<(u16, usize)> = wave.iter().enumerate().map(|(at, service)| (wanted(service), at)).collect();
        order.sort_unstable();
        let mut its = vec![0; wave.len()];
        let mut next = 0;
        for (number, (wanted, at)) in order.iter().enumerate() {
            // Those that follow need their rows too.
            let last = height.saturating_sub(1 + step * (order.len() - 1 - number) as u16);
            let first = next.min(last);
            let row = (*wanted).clamp(first, last.max(first));
            let free = (row..=last).chain((first..row).rev()).find(|row| !passing.contains(row));
            its[*at] = free.unwrap_or(row);
            next = its[*at] + step;
        }
        placed.extend(wave.iter().zip(its.iter().copied()));
        rows.push(its);
    }
    rows
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
