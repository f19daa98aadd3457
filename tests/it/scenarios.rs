//! Plays `assets/scenarios/*.toml`: a world, keys with their times, and what must be seen. The whole cockpit takes part,
//! with its real model, update and executor; only the cluster is simulated, and time passes as fast as it can.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use shipdeck::adapters::simulated::SimulatedCluster;
use shipdeck::app::effect::Effect;
use shipdeck::app::msg::Input;
use shipdeck::config::validate::parse;
use shipdeck::domain::fault::{Fault, FaultKind};
use shipdeck::domain::ids::EnvId;
use shipdeck::runtime::stage::{Stage, clock};

/// Time that passes with every step, so that what it began is answered.
const BREATH: Duration = Duration::from_millis(100);

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What it proves, in a sentence.
    about: String,
    /// Columns and rows of the terminals in which it is played.
    #[serde(default = "both_sizes")]
    sizes: Vec<(u16, u16)>,
    world: World,
    step: Vec<Step>,
}

fn both_sizes() -> Vec<(u16, u16)> {
    vec![(80, 24), (120, 36)]
}

/// What there is when the curtain rises.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct World {
    /// Services and what they need.
    services: toml::Table,
    /// Environments in their order of promotion.
    environments: Vec<String>,
    /// The version that every service of an environment runs.
    runs: BTreeMap<EnvName, String>,
    /// Environments that ask for their name.
    #[serde(default)]
    protected: Vec<String>,
    /// Why nothing may be changed.
    read_only: Option<String>,
}

type EnvName = String;

/// Something happens, time passes, and something is seen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    colleague: Option<Colleague>,
    /// `lost` or `back`.
    cluster: Option<String>,
    /// A leftover goes away: `environment/name`.
    gone: Option<String>,
    /// A leftover makes room for another of its name.
    replaced: Option<String>,
    keys: Option<String>,
    /// Time that passes before anybody looks.
    after: Option<String>,
    /// Time within which everything must be seen.
    within: Option<String>,
    #[serde(default)]
    see: Vec<String>,
    #[serde(default)]
    not: Vec<String>,
    /// All images written since this was asked last: `environment/service version`.
    writes: Option<Vec<String>>,
    /// All deletions begun since this was asked last, by the beginnings of their names.
    deletes: Option<Vec<String>>,
    /// The selected service.
    selected: Option<String>,
    /// The cockpit was left.
    left: Option<bool>,
}

/// Somebody else writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Colleague {
    sets: String,
    to: String,
}

fn seconds(text: &str) -> Duration {
    text.parse::<SignedDuration>().unwrap().try_into().unwrap()
}

impl World {
    /// An ordinary configuration, read as any other.
    fn configuration(&self) -> String {
        let mut text = String::new();
        for (at, name) in self.environments.iter().enumerate() {
            let after: Vec<_> = at.checked_sub(1).map(|before| &self.environments[before]).into_iter().collect();
            let protected = self.protected.contains(name);
            let place = format!("context = \"simulated\"\nnamespace = \"shop-{name}\"");
            writeln!(text, "[[environment]]\nname = {name:?}\n{place}\nafter = {after:?}\nprotected = {protected}")
                .unwrap();
        }
        for (name, needs) in &self.services {
            writeln!(text, "[[service]]\nname = {name:?}\nimage = \"shop/{name}\"\nneeds = {needs}").unwrap();
        }
        let all: Vec<_> = self.services.keys().collect();
        writeln!(text, "[[group]]\nname = \"all\"\nservices = {all:?}").unwrap();
        text
    }
}

/// A scenario under way.
struct Play {
    stage: Stage,
    cluster: Arc<SimulatedCluster>,
    writes_told: usize,
    deletes_told: usize,
}

impl Play {
    async fn begin(world: &World, size: (u16, u16), folder: &Path) -> Self {
        let catalog = parse("scenario", &world.configuration()).unwrap().catalog;
        let versions = world.runs.iter().map(|(env, version)| (EnvId::new(env), version.clone())).collect();
        let clock = clock();
        let cluster = Arc::new(SimulatedCluster::calm(&catalog, &versions, clock.clone()));
        let mut stage = Stage::open(catalog, Arc::clone(&cluster), size, folder.to_owned(), clock).unwrap();
        stage.model_mut().session.read_only.clone_from(&world.read_only);
        "ana".clone_into(&mut stage.model_mut().session.user);
        stage.pass(Duration::from_secs(2)).await;
        Self { stage, cluster, writes_told: 0, deletes_told: 0 }
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        self.meanwhile(step);
        self.press(step.keys.as_deref().unwrap_or_default());
        self.stage.pass(step.after.as_deref().map_or(BREATH, seconds)).await;
        let mut patience = step.within.as_deref().map_or(Duration::ZERO, seconds);
        while !patience.is_zero() && !self.missing(step).is_empty() {
            self.stage.pass(BREATH).await;
            patience = patience.saturating_sub(BREATH);
        }
        let mut wrong: Vec<String> = self.missing(step).iter().map(|text| format!("does not show {text:?}")).collect();
        let screen = self.stage.screen().join("\n");
        wrong.extend(step.not.iter().filter(|text| screen.contains(*text)).map(|text| format!("shows {text:?}")));
        if let Some(wanted) = &step.writes {
            let found = self.writes();
            let told = std::mem::replace(&mut self.writes_told, found.len());
            differs("writes", wanted, &found[told..], &mut wrong);
        }
        if let Some(wanted) = &step.deletes {
            let found = self.deletes();
            let told = std::mem::replace(&mut self.deletes_told, found.len());
            differs("deletes", wanted, &found[told..], &mut wrong);
        }
        let model = self.stage.model();
        let selected = model.home.service.as_ref().map_or("", |service| service.as_str());
        if let Some(wanted) = step.selected.as_deref().filter(|wanted| *wanted != selected) {
            wrong.push(format!("{selected} is selected and not {wanted}"));
        }
        if step.left.is_some_and(|left| left != model.session.quitting) {
            wrong.push(format!("left: {}", model.session.quitting));
        }
        if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{screen}", wrong.join("\n"))) }
    }

    fn missing<'a>(&self, step: &'a Step) -> Vec<&'a String> {
        let screen = self.stage.screen().join("\n");
        step.see.iter().filter(|text| !screen.contains(*text)).collect()
    }

    /// What others do.
    fn meanwhile(&self, step: &Step) {
        let place =
            |text: &str| text.split_once('/').map(|(env, name)| (format!("shop-{env}"), name.to_owned())).unwrap();
        if let Some(Colleague { sets, to }) = &step.colleague {
            let (namespace, service) = place(sets);
            assert!(
                self.cluster.colleague_sets("petra", &namespace, &service, &format!("shop/{service}:{to}")),
                "{sets}"
            );
        }
        match step.cluster.as_deref() {
            Some("lost") => self.cluster.set_fault(Some(Fault::new(FaultKind::Unreachable, "no route to host"))),
            Some("back") => self.cluster.set_fault(None),
            Some(other) => panic!("a cluster is lost or back and not {other}"),
            None => {}
        }
        if let Some((namespace, name)) = step.gone.as_deref().map(place) {
            assert!(self.cluster.leftover_goes(&namespace, &name), "{name}");
        }
        if let Some((namespace, name)) = step.replaced.as_deref().map(place) {
            assert!(self.cluster.leftover_is_replaced(&namespace, &name), "{name}");
        }
    }

    /// `d`, `<enter>`, `<ctrl-c>`; spaces stand between keys for the reader.
    fn press(&mut self, keys: &str) {
        for word in keys.split(' ') {
            let mut rest = word;
            while let Some(first) = rest.chars().next() {
                let (key, tail) = match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
                    Some((name, tail)) => (name, tail),
                    None => rest.split_at(first.len_utf8()),
                };
                rest = tail;
                self.stage.input(Input::Key(key.parse().unwrap()));
            }
        }
    }

    fn writes(&self) -> Vec<String> {
        let told = self.stage.asked.iter().filter_map(|effect| match effect {
            Effect::SetImage { service, change, .. } => {
                let version = change.to.split_once(':').map_or(&*change.to, |(_, version)| version);
                let version =
                    version.split_once(':').map_or(version.to_owned(), |(name, sum)| format!("{name}:{}", &sum[..4]));
                Some(format!("{}/{service} {version}", change.namespace.trim_start_matches("shop-")))
            }
            _ => None,
        });
        told.collect()
    }

    fn deletes(&self) -> Vec<String> {
        let told = self.stage.asked.iter().filter_map(|effect| match effect {
            Effect::Delete { finding, .. } => Some(finding.name.to_string()),
            _ => None,
        });
        told.collect()
    }
}

/// Each found text begins with the wanted one.
fn differs(what: &str, wanted: &[String], found: &[String], wrong: &mut Vec<String>) {
    let same = wanted.len() == found.len() && found.iter().zip(wanted).all(|(found, wanted)| found.starts_with(wanted));
    if !same {
        wrong.push(format!("{what} {found:?} and not {wanted:?}"));
    }
}

fn play(scenario: &Scenario, size: (u16, u16)) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut play = Play::begin(&scenario.world, size, folder.path()).await;
        for (number, step) in scenario.step.iter().enumerate() {
            let keys = step.keys.as_deref().unwrap_or_default();
            play.step(step).await.map_err(|wrong| format!("step {} ({keys}) {wrong}", number + 1))?;
        }
        Ok(())
    })
}

#[test]
fn every_scenario_goes_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/scenarios");
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.contains(&only) {
            continue;
        }
        let scenario: Scenario =
            toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        for size in &scenario.sizes {
            if let Err(why) = play(&scenario, *size) {
                wrong.push(format!("{name} at {}x{}: {}\n{why}", size.0, size.1, scenario.about));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
