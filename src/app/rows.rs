//! Which services are shown and in which order. Rows hold still while somebody types, and the selection stays on its
//! object wherever its row goes.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::SignedDuration;

use super::model::{Model, Sort};
use crate::domain::catalog::Service;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::verdict::State;

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
    model.home.only_marked &= !model.home.marks.is_empty();
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
    model.home.only_marked &= !model.home.marks.is_empty();
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
    // Until somebody has done anything, what is selected is what matters most: trouble, in the place where it is.
    if model.session.touched == jiff::Timestamp::UNIX_EPOCH && model.session.looked.is_none() {
        let worst = worst(model);
        (model.home.service, model.home.env) = worst.unzip();
    }
    let home = &mut model.home;
    if home.service.as_ref().is_none_or(|service| !home.rows.contains(service)) {
        home.service = home.rows.first().cloned();
    }
    if home.env.as_ref().is_none_or(|env| model.catalog.environment(env).is_none()) {
        home.env = model.catalog.environments.first().map(|env| env.name.clone());
    }
    super::places::clamp(model);
}

/// The first of the cells in the most trouble, in the order in which they are seen.
fn worst(model: &Model) -> Option<(ServiceId, EnvId)> {
    let envs = || model.catalog.environments.iter().map(|env| &env.name);
    let cells = model.home.rows.iter().flat_map(|service| envs().map(move |env| (service, env)));
    let urgency = |(service, env): &(&ServiceId, &EnvId)| {
        let state = model.board.cell(service, env).map_or(State::Reading, |cell| cell.verdict.state);
        state.urgency()
    };
    cells.min_by_key(urgency).map(|(service, env)| (service.clone(), env.clone()))
}

fn sorted(model: &Model) -> Vec<ServiceId> {
    let filter = model.home.filter.text().to_lowercase();
    let terms: Vec<&str> = filter.split_whitespace().collect();
    let hidden = |service: &Service| model.home.only_marked && !model.home.marks.contains(&service.name);
    let services = model.catalog.services.iter().filter(|it| matches(model, it, &terms) && !hidden(it));
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

#[cfg(test)]
mod tests {
    use crate::app::model::Sort;
    use crate::app::msg::Msg;
    use crate::app::testkit::Cockpit;
    use crate::domain::fixtures::TestWorld;
    use crate::domain::ids::EnvId;
    use crate::domain::observed::{Change, Object, WorkloadRef};

    /// In production one of two pods of checkout is not there.
    fn in_trouble(cockpit: &mut Cockpit) {
        let mut cluster = TestWorld::new("production");
        cluster.deployment("checkout", "r/checkout:v1", 2, |it| (it.status.ready, it.status.available) = (1, 1));
        let world = cluster.world.env(&EnvId::new("production")).unwrap();
        let workload = world.workload(&WorkloadRef::deployment("checkout")).unwrap().clone();
        let change = Change::Upsert(Object::Workload(Box::new(workload)));
        cockpit.send(Msg::Fact { env: EnvId::new("production"), change });
        cockpit.wait(1);
    }

    fn selected(cockpit: &Cockpit) -> (&str, &str) {
        (cockpit.selected(), cockpit.model.home.env.as_ref().map_or("", EnvId::as_str))
    }

    #[test]
    fn until_somebody_does_anything_the_cell_in_the_most_trouble_is_selected() {
        for (discovered, sort) in [(false, Sort::Trouble), (true, Sort::Trouble), (true, Sort::Name)] {
            let mut cockpit = Cockpit::demo();
            (cockpit.model.catalog.discovered, cockpit.model.home.sort) = (discovered, sort);
            assert_eq!(selected(&cockpit), ("auth", "staging"));
            in_trouble(&mut cockpit);
            assert_eq!(selected(&cockpit), ("checkout", "production"), "{discovered} {sort:?}");
        }
    }

    #[test]
    fn what_somebody_has_selected_stays_selected_by_keys_and_by_the_mouse() {
        let mut cockpit = Cockpit::demo();
        cockpit.press("j");
        in_trouble(&mut cockpit);
        assert_eq!(selected(&cockpit), ("cart", "staging"));
        let mut cockpit = Cockpit::demo();
        let y = crate::app::geometry::home(&cockpit.model).services.y + 2;
        cockpit.send(Msg::Input(crate::app::msg::Input::Click { x: 30, y }));
        in_trouble(&mut cockpit);
        assert_eq!(selected(&cockpit), ("cart", "staging"));
    }
}
