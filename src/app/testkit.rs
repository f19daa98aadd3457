//! A cockpit for tests: a small world, keys pressed one by one, what was asked for kept.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::effect::Effect;
use super::model::{Model, Overlay};
use super::msg::{Input, LogEvent, Msg, Outcome};
use super::update::{start, update};
use crate::actions::keymap::Keymap;
use crate::config::Settings;
use crate::domain::fixtures::{START, TestWorld, catalog, later};
use crate::domain::ids::{EnvId, GroupId, ServiceId, Uid};
use crate::domain::lease::Fence;
use crate::domain::observed::{Change, Object};
use crate::domain::run::Hold;
use crate::ports::cluster::LogLine;
use crate::ports::lease::Target;

/// What a stream says when a container has written a line.
pub(crate) fn said(second: i64, text: &str) -> LogEvent {
    let line = LogLine { time: Some(later(second)), text: text.to_owned(), cut: false };
    LogEvent::Lines(vec![line])
}

/// A driver over `update`.
pub(crate) struct Cockpit {
    pub(crate) model: Model,
    pub(crate) effects: Vec<Effect>,
    pub(crate) now: Timestamp,
}

/// Leases that are asked for are held at once.
fn held(effect: &Effect) -> Option<Outcome> {
    let Effect::Acquire { run, leases, .. } = effect else { return None };
    let fence =
        |(service, target): &(ServiceId, Target)| (service.clone(), Fence { token: 1, lease: target.lease.clone() });
    let fences = leases.iter().map(fence).collect();
    Some(Outcome::Held { run: *run, news: Hold::Held { fences, taken_from: Vec::new() } })
}

impl Cockpit {
    /// auth, cart (needs auth) and checkout (needs cart) in staging and in production, which is protected; all well.
    pub(crate) fn demo() -> Self {
        Self::with(&[("auth", &[]), ("cart", &["auth"]), ("checkout", &["cart"])])
    }

    /// `demo`, for ana, who has selected auth in staging.
    pub(crate) fn of_ana() -> Self {
        let mut cockpit = Self::demo();
        cockpit.model.session.identity = "ana@mac/1/x".into();
        cockpit.model.home.service = Some(ServiceId::new("auth"));
        cockpit.model.home.env = Some(EnvId::new("staging"));
        cockpit
    }

    pub(crate) fn with(services: &[(&str, &[&str])]) -> Self {
        let mut catalog = catalog(services);
        let all = catalog.services.iter().map(|service| service.name.clone()).collect();
        catalog.groups.push(crate::domain::catalog::Group { name: GroupId::new("all"), services: all });
        let mut world = TestWorld::new("staging");
        for env in ["production", "staging"] {
            world = world.live(env);
            world.env = EnvId::new(env);
            for (name, _) in services {
                world.rolled_out(name, &format!("r/{name}:{}", if env == "staging" { "v2" } else { "v1" }), 2);
            }
        }
        let keymap = Keymap::new(&BTreeMap::new()).unwrap();
        let now = START + SignedDuration::from_secs(3_600);
        let mut model = Model::new(catalog, Settings::default(), keymap, now);
        model.world = world.world;
        (model.session.width, model.session.height) = (120, 40);
        let effects = start(&mut model);
        Self { model, effects, now }
    }

    /// Presses keys: `d`, `<enter>`, `<ctrl-c>`.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        self.effects.clear();
        let mut rest = keys;
        while let Some(first) = rest.chars().next() {
            let (key, tail) = match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
                Some((name, tail)) => (name, tail),
                None if first == ' ' => ("space", &rest[1..]),
                None => rest.split_at(first.len_utf8()),
            };
            rest = tail;
            self.send(Msg::Input(Input::Key(key.parse().unwrap())));
        }
        self
    }

    pub(crate) fn send(&mut self, msg: Msg) -> &mut Self {
        let effects = update(&mut self.model, msg, self.now);
        let asked: Vec<_> = effects.iter().filter_map(held).collect();
        self.effects.extend(effects);
        for outcome in asked {
            self.send(Msg::Done(outcome));
        }
        self
    }

    /// Puts what a small cluster shows into the cockpit.
    pub(crate) fn sees(&mut self, cluster: &TestWorld) -> &mut Self {
        let world = cluster.world.env(&cluster.env).unwrap();
        let uids = self.model.catalog.services.iter().map(|service| Uid::new(format!("uid-{}", service.name)));
        let sets = uids.flat_map(|uid| world.replica_sets_of(&uid).cloned().collect::<Vec<_>>());
        let workloads = world.workloads().map(|it| Object::Workload(Box::new(it.clone())));
        let pods = world.pods().map(|it| Object::Pod(Box::new(it.clone())));
        let objects: Vec<Object> =
            workloads.chain(sets.map(|it| Object::ReplicaSet(Box::new(it)))).chain(pods).collect();
        for object in objects {
            self.send(Msg::Fact { env: cluster.env.clone(), change: Change::Upsert(object) });
        }
        self
    }

    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self.send(Msg::Tick)
    }

    pub(crate) fn done(&mut self, outcome: Outcome) -> &mut Self {
        self.send(Msg::Done(outcome))
    }

    /// Services whose image is to be set.
    pub(crate) fn written(&self) -> Vec<String> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::SetImage { service, change, .. } => Some(format!("{service} {}", change.to)),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn quits(&self) -> bool {
        self.effects.contains(&Effect::Quit)
    }

    pub(crate) fn selected(&self) -> &str {
        self.model.home.service.as_ref().map_or("", ServiceId::as_str)
    }

    pub(crate) fn notice(&self) -> &str {
        self.model.journal.notices.last().map_or("", |notice| &notice.title)
    }

    pub(crate) fn overlay(&self) -> Option<&Overlay> {
        self.model.overlays.last()
    }
}
