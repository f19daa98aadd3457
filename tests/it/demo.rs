//! The world of `shipdeck demo` on simulated time: every key works in it, no keys break it, and a seed is a world.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipdeck::actions::chord::Chord;
use shipdeck::actions::{ACTIONS, Scope};
use shipdeck::app::effect::Effect;
use shipdeck::app::msg::Input;
use shipdeck::config::{Settings, Theme};
use shipdeck::domain::ids::{EnvId, ServiceId};
use shipdeck::runtime::stage::{Stage, clock, picture};

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

/// A demo after its first seconds. Its files go where cargo keeps what tests leave behind.
async fn demo(seed: u64, size: (u16, u16)) -> Stage {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
    demo_in(folder, seed, size).await
}

async fn demo_in(folder: PathBuf, seed: u64, size: (u16, u16)) -> Stage {
    let mut stage = Stage::demo(seed, size, folder, clock()).unwrap();
    stage.pass(Duration::from_secs(1)).await;
    stage
}

fn key(stage: &mut Stage, name: &str) {
    stage.input(Input::Key(name.parse().unwrap()));
}

async fn press(stage: &mut Stage, keys: &str) {
    for name in keys.split_whitespace() {
        key(stage, name);
        stage.pass(Duration::from_millis(50)).await;
    }
}

/// Keys that lead to where actions of a scope mean something, on a service that has something to show.
fn way_to(scope: Scope) -> &'static str {
    match scope {
        Scope::Global | Scope::Lists | Scope::Home => "",
        Scope::Logs => "4",
        Scope::Run => "g enter d ctrl-n enter enter",
        Scope::Cleanup => "c",
        Scope::Plan => "d ctrl-n enter",
        Scope::Form => "d",
    }
}

/// The README says how: it is the command that prints it.
#[tokio::test(start_paused = true)]
async fn the_picture_in_the_readme_is_what_the_program_draws() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("picture");
    let drawn = picture(Settings::default(), 1, (120, 36), folder).await.unwrap();
    let kept = std::fs::read_to_string("assets/home.svg").unwrap();
    assert!(drawn == kept, "it is old: cargo run -- picture > assets/home.svg");
}

#[tokio::test(start_paused = true)]
async fn every_action_does_something_by_its_key_or_says_why_not() {
    let scopes: BTreeSet<Scope> = ACTIONS.iter().map(|spec| spec.scope).collect();
    for (size, scope) in SIZES.iter().flat_map(|size| scopes.iter().map(move |scope| (*size, *scope))) {
        let mut stage = demo(1, size).await;
        press(&mut stage, way_to(scope)).await;
        let (there, screen) = (stage.model().clone(), seen(&stage));
        for spec in ACTIONS.iter().filter(|spec| spec.scope == scope) {
            *stage.model_mut() = there.clone();
            let asked = stage.asked.len();
            key(&mut stage, spec.keys[0]);
            let something = seen(&stage) != screen || stage.asked.len() > asked;
            assert!(something || is_done_already(spec.id), "{} does nothing visible at {size:?}", spec.id);
        }
    }
}

/// What a person sees, in which colours, and whether long lines are broken, of which there may be none.
fn seen(stage: &Stage) -> (Vec<String>, Theme, bool) {
    (stage.screen(), stage.model().settings.theme, stage.model().logs.wrap)
}

/// Keys whose work is done already where the demo begins.
fn is_done_already(id: &str) -> bool {
    ["up", "left", "top", "half-page-up", "back", "focus-services", "shrink"].contains(&id)
}

#[tokio::test(start_paused = true)]
async fn random_keys_at_any_time_never_break_the_cockpit() {
    for (seed, size) in [(1, SIZES[0]), (2, SIZES[1])] {
        let folder = tempfile::tempdir().unwrap();
        let mut stage = demo_in(folder.path().to_owned(), seed, size).await;
        let mut keys: Vec<Chord> = ACTIONS.iter().flat_map(|spec| spec.keys).map(|key| key.parse().unwrap()).collect();
        // Typing, choosing and confirming, more often than a table of keys would.
        keys.extend(
            ["enter", "enter", "tab", "ctrl-n", "v", "7", "backspace", "down"].map(|key| key.parse::<Chord>().unwrap()),
        );
        let mut dice = seed;
        for number in 0..1_500 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let chord = keys[(dice >> 33) as usize % keys.len()];
            stage.input(Input::Key(chord));
            // A random person leaves very often; the session goes on.
            stage.model_mut().session.quitting = false;
            if number % 10 == 0 {
                stage.pass(Duration::from_millis((dice >> 50) % 2_000)).await;
            }
            if number % 3 == 0 {
                assert_eq!(stage.screen().len(), usize::from(size.1));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn equal_seeds_are_equal_worlds_and_others_differ() {
    for size in SIZES {
        let mut screens = Vec::new();
        for seed in [7, 7, 8] {
            let mut stage = demo(seed, size).await;
            let mut seen = Vec::new();
            for _ in 0..5 {
                stage.pass(Duration::from_secs(9)).await;
                seen.extend(stage.screen());
            }
            screens.push(seen);
        }
        assert_eq!(screens[0], screens[1]);
        assert_ne!(screens[0], screens[2]);
    }
}

/// What the cells of a column say, whatever order the rows have.
fn words(stage: &Stage, env: &str) -> BTreeSet<String> {
    let model = stage.model();
    let cells = model.catalog.services.iter().filter_map(|service| model.board.cell(&service.name, &EnvId::new(env)));
    cells.filter_map(|cell| Some(cell.verdict.evidence.as_ref()?.cause.word())).collect()
}

#[tokio::test(start_paused = true)]
async fn the_morning_has_what_a_team_finds_on_one_whatever_the_seed() {
    for seed in 1..=5 {
        let mut stage = demo(seed, (120, 36)).await;
        stage.pass(Duration::from_secs(15)).await;
        let model = stage.model();
        assert_eq!((model.catalog.services.len(), model.catalog.environments.len()), (38, 3));
        let staging = words(&stage, "staging");
        assert!(staging.iter().any(|word| word.starts_with("crash")), "a bad build: {staging:?}");
        assert!(staging.contains("timed out") || staging.contains("not ready"), "a stuck rollout: {staging:?}");
        let hotfix = words(&stage, "hotfix");
        assert!(hotfix.contains("bad config") && hotfix.contains("no node"), "{hotfix:?}");
        let production = words(&stage, "production");
        assert!(production.iter().all(|word| word == "at 0"), "production is well: {production:?}");
        let pricing = model.board.cell(&ServiceId::new("pricing"), &EnvId::new("staging")).unwrap();
        assert_eq!(pricing.verdict.state, shipdeck::domain::verdict::State::Degraded);
    }
}

#[tokio::test(start_paused = true)]
async fn builds_arrive_by_themselves() {
    let mut stage = demo(3, (120, 36)).await;
    let versions = |stage: &Stage| -> Vec<Option<String>> {
        let (model, env) = (stage.model(), EnvId::new("staging"));
        let cells = model.catalog.services.iter().map(|service| model.board.cell(&service.name, &env));
        cells.map(|cell| cell.and_then(|cell| cell.version.clone())).collect()
    };
    let before = versions(&stage);
    stage.pass(Duration::from_mins(5)).await;
    let changed = before.iter().zip(versions(&stage)).filter(|(before, after)| **before != *after).count();
    assert!((2..8).contains(&changed), "{changed} services changed in five minutes");
}

#[tokio::test(start_paused = true)]
async fn roll_back_and_known_versions_have_something_to_offer_everywhere() {
    let mut stage = demo(1, (120, 36)).await;
    press(&mut stage, "d ctrl-n ctrl-n ctrl-n").await;
    let form = stage.screen().join("\n");
    assert!(form.contains("versions named missing, crash, oom, unready or slow misbehave"), "{form}");
    assert!(form.contains("in hotfix") && form.contains(" ago"), "{form}");
    press(&mut stage, "esc r").await;
    let plan = stage.screen().join("\n");
    assert!(plan.contains("Roll back") || plan.contains("roll back"), "{plan}");
}

#[tokio::test(start_paused = true)]
async fn every_environment_has_leftovers_and_none_that_somebody_else_cleans_up() {
    let mut stage = demo(1, (120, 36)).await;
    for _ in 0..3 {
        press(&mut stage, "c").await;
        let page = stage.screen().join("\n");
        for name in ["load-test", "cart-", "ledger-migrate-188"] {
            assert!(page.contains(name), "{name} in\n{page}");
        }
        assert!(!page.contains("nightly-report") && !page.contains("reindex-once"), "{page}");
        press(&mut stage, "esc l").await;
    }
    assert!(!stage.asked.iter().any(|effect| matches!(effect, Effect::Delete { .. })));
}
