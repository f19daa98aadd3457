//! Which services are shown and in which order. Rows hold still while somebody types, and the selection stays on its
//! object wherever its row goes.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::SignedDuration;

use super::model::{Model, Sort};
use crate::domain::catalog::Service;
use crate::domain::ids::ServiceId;

/// Rows keep their places for this long after a key.
pub const STILL: SignedDuration = SignedDuration::from_secs(2);
/// While facts pour in, rows are put in order at most this often.
pub const APART: SignedDuration = SignedDuration::from_millis(250);

/// Puts rows in order now if that is due, else notes that it will be.
pub fn arrange(model: &mut Model) {
    let now = model.session.now;
    let soon = model.home.arranged.is_some_and(|last| now.duration_since(last).abs() < APART);
    if soon && !model.home.rows.is_empty() {
        model.home.unsorted = true;
        return;
    }
    arrange_now(model);
}

/// Puts rows in order: new ones at once, old ones only while nobody types.
pub fn arrange_now(model: &mut Model) {
    let shown = sorted(model);
    // A clock that was set back must not hold rows still until it has caught up.
    let typing = model.session.now.duration_since(model.session.touched).abs() < STILL;
    if typing && !model.home.rows.is_empty() {
        let (old, all): (HashSet<_>, HashSet<_>) = (model.home.rows.iter().collect(), shown.iter().collect());
        let stay = model.home.rows.iter().filter(|row| all.contains(row));
        let new = shown.iter().filter(|row| !old.contains(row));
        let rows: Vec<ServiceId> = stay.chain(new).cloned().collect();
        model.home.unsorted = rows != shown;
        put(model, rows);
    } else {
        model.home.unsorted = false;
        put(model, shown);
    }
    model.home.arranged = Some(model.session.now);
}

/// Puts rows in order whether somebody types or not, because what was typed asked for it.
pub fn rearrange(model: &mut Model) {
    let rows = sorted(model);
    model.home.unsorted = false;
    put(model, rows);
}

fn put(model: &mut Model, rows: Vec<ServiceId>) {
    if model.home.rows != rows {
        model.home.rows = rows;
        model.session.dirty = true;
    }
    keep_selection(model);
}

/// Makes the selection name things that are shown.
pub fn keep_selection(model: &mut Model) {
    let home = &mut model.home;
    // Until somebody has pressed a key, the first row is what matters most: trouble.
    if model.session.touched == jiff::Timestamp::UNIX_EPOCH {
        home.service = home.rows.first().cloned();
    }
    if home.service.as_ref().is_none_or(|service| !home.rows.contains(service)) {
        home.service = home.rows.first().cloned();
    }
    if home.env.as_ref().is_none_or(|env| model.catalog.environment(env).is_none()) {
        home.env = model.catalog.environments.first().map(|env| env.name.clone());
    }
    super::places::clamp(model);
}

fn sorted(model: &Model) -> Vec<ServiceId> {
    let filter = model.home.filter.text().to_lowercase();
    let terms: Vec<&str> = filter.split_whitespace().collect();
    let services = model.catalog.services.iter().filter(|service| matches(model, service, &terms));
    match model.home.sort {
        Sort::Trouble => by(services, |service| trouble(model, service)),
        Sort::Name => by(services, |service| service.name.clone()),
        // Those of no team come last.
        Sort::Team => by(services, |service| (service.team.is_none(), service.team.clone(), trouble(model, service))),
        Sort::Change => by(services, |service| (Reverse(changed(model, service)), service.name.clone())),
    }
}

fn by<'a, K: Ord>(services: impl Iterator<Item = &'a Service>, key: impl Fn(&Service) -> K) -> Vec<ServiceId> {
    let mut keyed: Vec<(K, &Service)> = services.map(|service| (key(service), service)).collect();
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    keyed.into_iter().map(|(_, service)| service.name.clone()).collect()
}

fn trouble(model: &Model, service: &Service) -> (u8, bool, ServiceId) {
    let cells = model.catalog.environments.iter().filter_map(|env| model.board.cell(&service.name, &env.name));
    let worst = cells.map(|cell| cell.verdict.state.urgency()).min().unwrap_or(u8::MAX);
    let differs = model.catalog.environments.iter().any(|env| model.board.differs(&model.catalog, &service.name, env));
    (worst, !differs, service.name.clone())
}

fn changed(model: &Model, service: &Service) -> Option<jiff::Timestamp> {
    let cells = model.catalog.environments.iter().filter_map(|env| model.board.cell(&service.name, &env.name));
    cells.filter_map(|cell| cell.changed).max()
}

/// Every term is in the name, is the team, in a version, in a state or in the name of a group of the service.
fn matches(model: &Model, service: &Service, terms: &[&str]) -> bool {
    terms.iter().all(|term| {
        let cells = || model.catalog.environments.iter().filter_map(|env| model.board.cell(&service.name, &env.name));
        service.name.as_str().to_lowercase().contains(term)
            || service.team.as_deref().is_some_and(|team| team.to_lowercase() == *term)
            || cells().any(|cell| cell.verdict.state.as_str() == *term)
            || cells().any(|cell| cell.version.as_deref().is_some_and(|version| version.to_lowercase() == *term))
            || model
                .catalog
                .groups
                .iter()
                .any(|group| group.name.as_str().to_lowercase() == *term && group.services.contains(&service.name))
    })
}
