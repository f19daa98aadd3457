//! What is deployed in a trial: some services that need each other, all at v1, each to get another image.

use std::collections::BTreeMap;

use super::dice::Dice;
use crate::config::validate::parse;
use crate::domain::catalog::Catalog;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::plan::{Purpose, Request, Wanted};

pub(super) const ENV: &str = "test";
pub(super) const NAMESPACE: &str = "shop-test";
const NAMES: [&str; 6] = ["auth", "cart", "mail", "pay", "search", "web"];

/// The services of a trial.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub(super) catalog: Catalog,
    /// The tag that each is to get.
    pub(super) wanted: BTreeMap<ServiceId, &'static str>,
    /// How many waves have to be over before its own: told by what needs what, not by any plan.
    pub(super) level: BTreeMap<ServiceId, usize>,
}

impl Shop {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let count = dice.between(2, NAMES.len() as u64) as usize;
        let mut text = format!("[[environment]]\nname = \"{ENV}\"\ncontext = \"sim\"\nnamespace = \"{NAMESPACE}\"\n");
        let (mut level, mut wanted) = (BTreeMap::new(), BTreeMap::new());
        for (index, name) in NAMES[..count].iter().enumerate() {
            // The second needs the first, so that there are always two waves.
            let needs: Vec<&str> =
                (0..index).filter(|it| index == 1 || dice.chance(400) && *it < index).map(|it| NAMES[it]).collect();
            let above = needs.iter().map(|need| level[&ServiceId::new(*need)] + 1).max();
            level.insert(ServiceId::new(*name), above.unwrap_or(0));
            // Most builds are good, and one in twenty never runs.
            let tag = if dice.chance(50) { "crash-2" } else { dice.pick(&["v2", "v2", "slow-2"]) };
            wanted.insert(ServiceId::new(*name), tag);
            text += &format!("[[service]]\nname = \"{name}\"\nimage = \"shop/{name}\"\nneeds = {needs:?}\n");
        }
        let catalog = parse("trial", &text).unwrap_or_else(|problems| panic!("{problems:?}")).catalog;
        Self { catalog, wanted, level }
    }

    pub(super) fn request(&self) -> Request {
        let wanted = |(service, tag): (&ServiceId, &&str)| (service.clone(), Wanted::Version((*tag).to_owned()));
        Request {
            env: EnvId::new(ENV),
            purpose: Purpose::Deploy,
            title: String::new(),
            services: self.wanted.iter().map(wanted).collect(),
        }
    }

    pub(super) fn old(service: &ServiceId) -> String {
        format!("shop/{service}:v1")
    }

    pub(super) fn new_image(&self, service: &ServiceId) -> String {
        format!("shop/{service}:{}", self.wanted[service])
    }

    /// Whether every build of it runs.
    pub(super) fn is_good(&self) -> bool {
        self.wanted.values().all(|tag| *tag != "crash-2")
    }
}
