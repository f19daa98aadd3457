//! The judge of a trial. It watches what reaches the cluster and what stands there, by rules of its own, and asks the
//! program nothing: what a session believes is exactly what may be wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::shop::Shop;
use crate::domain::ids::ServiceId;
use crate::domain::lease::WRITING;
use crate::domain::observed::Document;

/// Which of the program's processes.
pub(super) type Number = usize;

/// What one service went through.
#[derive(Clone, Debug, Default)]
struct Fate {
    /// How often the new image, and the old one again, took effect.
    forth: u32,
    back: u32,
    /// Every pod ran the new image, or the old one again, at some time.
    forth_done: bool,
    back_done: bool,
    /// The last token on it, and whose it is.
    stamp: Option<(u32, Number)>,
}

/// A change of an image that the cluster has accepted.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) by: Number,
    pub(super) service: ServiceId,
    pub(super) to: String,
    pub(super) token: Option<u32>,
}

/// What has happened so far.
pub(super) struct Oracle {
    shop: Shop,
    fates: BTreeMap<ServiceId, Fate>,
    /// Until when a process may write a service, as the cluster has granted it, in milliseconds.
    granted: BTreeMap<(Number, ServiceId), u64>,
    /// Processes that nobody can hold to keep a document: they may not write any.
    pub(super) unkept: BTreeSet<Number>,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) violations: Vec<String>,
    /// What happened, for whoever reads a failure.
    pub(super) history: Vec<String>,
}

impl Oracle {
    pub(super) fn new(shop: Shop) -> Self {
        let fates = shop.wanted.keys().map(|service| (service.clone(), Fate::default())).collect();
        Self {
            shop,
            fates,
            granted: BTreeMap::new(),
            unkept: BTreeSet::new(),
            lost: 0,
            doubled: 0,
            violations: Vec::new(),
            history: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, now: u64, what: impl Into<String>) {
        self.history.push(format!("{:>7.1} s  {}", now as f64 / 1_000.0, what.into()));
    }

    pub(super) fn violated(&mut self, now: u64, what: impl Into<String>) {
        let what = what.into();
        self.note(now, format!("VIOLATION: {what}"));
        self.violations.push(what);
    }

    /// A lease was written for its holder by a request that was sent at this time.
    pub(super) fn leased(&mut self, by: Number, service: &ServiceId, sent: u64) {
        let until = sent + WRITING.as_millis() as u64;
        self.granted.insert((by, service.clone()), until);
    }

    pub(super) fn stamped(&mut self, now: u64, by: Number, service: &ServiceId, token: u32) {
        let before = self.fates.get_mut(service).and_then(|fate| fate.stamp.replace((token, by)));
        if before.is_some_and(|(before, _)| before > token) {
            self.violated(now, format!("the token of {service} fell to {token}"));
        }
    }

    /// A process sends a write at this time.
    pub(super) fn sends(&mut self, now: u64, by: Number, service: &ServiceId) {
        let until = self.granted.get(&(by, service.clone())).copied().unwrap_or(0);
        // Within a step of the simulation nobody can tell times apart.
        if now > until + 400 {
            self.violated(now, format!("{by} sent a write of {service} {} ms after its lease", now - until));
        }
    }

    /// An image changed. `kept`: the documents of runs as the cluster has them in this moment.
    pub(super) fn written(&mut self, now: u64, it: &Written, kept: &[Document]) {
        let Written { by, service, to, token } = it;
        self.note(now, format!("{service} becomes {to} by process {by}"));
        let forth = *to == self.shop.new_image(service);
        if !forth && *to != Shop::old(service) {
            self.violated(now, format!("{service} became {to}, which nobody asked for"));
            return;
        }
        let level = self.shop.level[service];
        let others: Vec<ServiceId> = self.fates.keys().filter(|other| *other != service).cloned().collect();
        for other in others {
            let (fate, its) = (&self.fates[&other], self.shop.level[&other]);
            if forth && its < level && !fate.forth_done {
                self.violated(now, format!("{service} was written before {other} had succeeded"));
            } else if !forth && its > level && fate.forth > 0 && !fate.back_done {
                self.violated(now, format!("{service} was put back before {other}"));
            }
        }
        if let (Some(token), Some((last, holder))) = (token, self.fates[service].stamp)
            && (*token != last || holder != *by)
        {
            self.violated(now, format!("{by} wrote {service} with token {token}; {holder} has {last}"));
        }
        if !self.unkept.contains(by) && !noted(kept, service, to) {
            self.violated(now, format!("{service} became {to} and no document tells of it"));
        }
        let Some(fate) = self.fates.get_mut(service) else { return };
        let times = if forth { &mut fate.forth } else { &mut fate.back };
        *times += 1;
        if *times > 1 {
            self.doubled += 1;
            let times = *times;
            self.violated(now, format!("{service} became {to} {times} times"));
        }
    }

    /// What stands in the cluster: images on whose pods alone the service runs.
    pub(super) fn stands(&mut self, complete: &[(ServiceId, String)]) {
        for (service, image) in complete {
            let Some(fate) = self.fates.get_mut(service) else { continue };
            fate.forth_done |= fate.forth > fate.back && *image == self.shop.new_image(service);
            fate.back_done |= fate.back > 0 && *image == Shop::old(service);
        }
    }

    /// A session says that a run is done: what it was to do was done.
    pub(super) fn told_done(&mut self, now: u64, by: Number, services: &[(ServiceId, String)]) {
        for (service, to) in services {
            let fate = &self.fates[service];
            let forth = *to == self.shop.new_image(service);
            let is_true = if forth { fate.forth_done } else { fate.forth == 0 || fate.back_done };
            if !is_true {
                self.lost += 1;
                self.violated(now, format!("{by} says that all is done, and {service} never ran {to}"));
            }
        }
    }

    /// The end of a trial: a deploy that is done has left nothing out, one that was taken back neither.
    pub(super) fn ended(&mut self, now: u64, taken_back: bool, images: &[(ServiceId, String)]) {
        for (service, image) in images {
            let wanted = if taken_back { Shop::old(service) } else { self.shop.new_image(service) };
            if *image != wanted {
                self.lost += 1;
                self.violated(now, format!("in the end {service} runs {image} instead of {wanted}"));
            }
        }
    }
}

/// Whether a document tells that this write of this service may have begun.
fn noted(kept: &[Document], service: &ServiceId, to: &str) -> bool {
    let steps = kept.iter().filter_map(|document| document.texts.get("run")).flat_map(|text| {
        let run: Value = serde_json::from_str(text).unwrap_or_default();
        let waves = run["waves"].as_array().cloned().unwrap_or_default();
        waves.iter().flat_map(|wave| wave.as_array().cloned().unwrap_or_default()).collect::<Vec<_>>()
    });
    steps.into_iter().any(|step| {
        step["service"] == service.as_str() && step["to"] == to && !matches!(step["state"].as_str(), Some("waiting"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::simulation::dice::Dice;

    /// auth, and cart which needs it; both are to get another image.
    fn oracle() -> Oracle {
        Oracle::new(Shop::new(&mut Dice::new(2)))
    }

    fn image(oracle: &Oracle, name: &str) -> (ServiceId, String) {
        (ServiceId::new(name), oracle.shop.new_image(&ServiceId::new(name)))
    }

    fn write(oracle: &mut Oracle, by: Number, name: &str, token: u32) {
        let (service, to) = image(oracle, name);
        oracle.unkept.insert(by);
        oracle.written(0, &Written { by, service, to, token: Some(token) }, &[]);
    }

    #[test]
    fn a_run_in_order_is_not_objected_to() {
        let mut oracle = oracle();
        for name in ["auth", "cart"] {
            oracle.stamped(0, 1, &ServiceId::new(name), 7);
            write(&mut oracle, 1, name, 7);
            let stands = image(&oracle, name);
            oracle.stands(&[stands]);
        }
        let done = [image(&oracle, "auth"), image(&oracle, "cart")];
        oracle.told_done(0, 1, &done);
        assert_eq!(oracle.violations, Vec::<String>::new());
    }

    #[test]
    fn every_law_that_is_broken_is_told() {
        let mut oracle = oracle();
        let auth = ServiceId::new("auth");
        oracle.stamped(0, 1, &auth, 7);
        write(&mut oracle, 1, "cart", 1);
        write(&mut oracle, 1, "auth", 7);
        oracle.stamped(0, 2, &auth, 8);
        write(&mut oracle, 1, "auth", 7);
        oracle.leased(1, &auth, 0);
        oracle.sends(60_000, 1, &auth);
        let cart = image(&oracle, "cart");
        oracle.told_done(0, 1, &[cart]);
        oracle.unkept.clear();
        let back = Written { by: 2, service: auth.clone(), to: Shop::old(&auth), token: Some(8) };
        oracle.written(0, &back, &[]);
        let told = oracle.violations.join("\n");
        for wanted in [
            "cart was written before auth had succeeded",
            "with token 7; 2 has 8",
            "2 times",
            "ms after its lease",
            "says that all is done, and cart never ran",
            "auth was put back before cart",
            "and no document tells of it",
        ] {
            assert!(told.contains(wanted), "{wanted:?} is not in\n{told}");
        }
    }
}
