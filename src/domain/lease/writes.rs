//! Records as they are written: dated, renewed and given back.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Put, Stored};

/// The time of a record always moves, so that its version does.
fn moved(wall: Timestamp, before: Option<Timestamp>) -> Timestamp {
    let least = before.map(|before| before + SignedDuration::from_micros(1));
    least.map_or(wall, |least| wall.max(least))
}

pub(super) fn dated(mut put: Put, wall: Timestamp) -> Put {
    put.record.renewed = Some(moved(wall, put.record.renewed));
    put.record.acquired = put.record.acquired.or(put.record.renewed);
    put
}

pub(super) fn renewal(stored: &Stored, wall: Timestamp) -> Put {
    dated(Put { over: Some((stored.uid.clone(), Arc::clone(&stored.version))), record: stored.record.clone() }, wall)
}

/// Given back, never deleted: the counter has to survive.
pub fn release(stored: &Stored, wall: Timestamp) -> Put {
    let mut put = renewal(stored, wall);
    put.record.holder = "".into();
    put
}
