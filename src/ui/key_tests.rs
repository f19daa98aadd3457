//! Every key can be another one, and no screen may then tell of the old one.

use std::collections::BTreeMap;

use super::look::Look;
use super::picture::text;
use crate::actions::Action as A;
use crate::actions::chord::Chord;
use crate::actions::keymap::Keymap;
use crate::actions::{ACTIONS, Action};
use crate::app::model::Model;
use crate::app::msg::{Input, Msg, Outcome};
use crate::app::testkit::Cockpit;
use crate::config::Settings;
use crate::domain::fault::{Fault, FaultKind};

/// One key for every action, none of which is anybody's default.
fn other_keys() -> BTreeMap<Action, Vec<Chord>> {
    let functions = (1..=24).map(|number| format!("f{number}"));
    let letters = ('a'..='z').chain('A'..='Z').chain('0'..='9').map(|letter| format!("alt-{letter}"));
    let mut pool = functions.chain(letters).map(|key| key.parse().unwrap());
    ACTIONS.iter().map(|spec| (spec.action, vec![pool.next().unwrap()])).collect()
}

fn shop() -> Cockpit {
    let mut cockpit =
        Cockpit::with(&[("auth", &[]), ("ledger", &[]), ("cart", &["auth"]), ("checkout-web", &["cart", "ledger"])]);
    cockpit.model.keymap = Keymap::new(&other_keys()).unwrap();
    cockpit
}

/// Presses the keys that these actions have now.
fn press(cockpit: &mut Cockpit, actions: &[Action]) {
    for action in actions {
        let key = cockpit.model.keymap.keys(*action)[0];
        cockpit.send(Msg::Input(Input::Key(key)));
    }
}

fn after(actions: &[Action]) -> Cockpit {
    let mut cockpit = shop();
    press(&mut cockpit, actions);
    cockpit
}

/// A form in which every service has a version.
fn versions() -> Cockpit {
    let mut cockpit = after(&[A::MarkGroup, A::Enter, A::Deploy]);
    for _ in 0..4 {
        cockpit.press("v9");
        press(&mut cockpit, &[A::Down]);
    }
    cockpit
}

fn running() -> Cockpit {
    let mut cockpit = versions();
    press(&mut cockpit, &[A::Enter, A::Enter]);
    assert_eq!(cockpit.model.runs.len(), 1, "the keys do what they are for");
    cockpit
}

fn failing() -> Cockpit {
    let mut cockpit = running();
    let refused = Fault::new(FaultKind::Forbidden, "no right to patch deployments");
    let (run, at) = (cockpit.model.runs[0].id, cockpit.now);
    cockpit.done(Outcome::Written { run, service: "auth".into(), result: Err(refused), at });
    cockpit
}

fn and(mut cockpit: Cockpit, actions: &[Action], typed: &str) -> Cockpit {
    press(&mut cockpit, actions);
    cockpit.press(typed);
    cockpit
}

fn first_start() -> Cockpit {
    let mut cockpit = shop();
    cockpit.model.session.welcome = true;
    cockpit.model.session.read_only = Some(crate::app::discovery::read_only(&cockpit.model.keymap));
    press(&mut cockpit, &[A::Deploy, A::ErrorLog]);
    cockpit
}

/// Everything that there is to see, reached by the new keys.
fn scenes() -> Vec<(&'static str, Cockpit)> {
    let boxes = [A::Help, A::Palette, A::Menu, A::Details, A::Activity, A::CommandLog, A::ErrorLog, A::MarkGroup];
    let mut scenes: Vec<_> = boxes.into_iter().map(|action| (action.spec().id, after(&[action]))).collect();
    let panes = [A::FocusEnvironments, A::FocusServices, A::FocusDependencies, A::FocusLogs];
    scenes.extend(panes.map(|action| (action.spec().id, after(&[action]))));
    let mut bare = shop();
    bare.model.session.welcome = true;
    scenes.extend(vec![
        ("welcome", bare),
        ("first start", first_start()),
        ("versions", versions()),
        ("versions, nothing typed", after(&[A::Deploy, A::Enter])),
        ("plan", and(versions(), &[A::Enter], "")),
        ("promotion", and(after(&[A::Promote]), &[], "prod")),
        ("run", running()),
        ("run behind home", and(running(), &[A::Back], "")),
        ("abort", and(running(), &[A::RunAbort], "")),
        ("quit", and(running(), &[A::Back, A::Quit], "")),
        ("failing", failing()),
        ("failing behind home", and(failing(), &[A::Back], "")),
        ("leftovers", after(&[A::CleanUp])),
        ("leftovers, filtered", and(after(&[A::CleanUp, A::CleanupFilter]), &[], "zz")),
        ("leftovers, nothing matches", and(and(after(&[A::CleanUp, A::CleanupFilter]), &[], "zz"), &[A::Enter], "")),
        ("filter", and(after(&[A::Filter]), &[], "zz")),
        ("nothing matches", and(and(after(&[A::Filter]), &[], "zz"), &[A::Enter], "")),
        ("log filter", and(after(&[A::FocusLogs, A::Filter]), &[], "(")),
        ("log search", and(after(&[A::FocusLogs, A::LogSearch]), &[], "boom")),
        ("no search", after(&[A::FocusLogs, A::LogNext, A::ErrorLog])),
        ("container before", after(&[A::FocusLogs, A::LogPreviousContainer])),
        ("since", after(&[A::FocusLogs, A::LogSince])),
        ("containers", after(&[A::FocusLogs, A::LogContainers])),
        ("palette, nothing found", and(after(&[A::Palette]), &[], "qqqq")),
    ]);
    scenes
}

/// Old keys that a line tells of: by their names, or before the words that they had.
fn told(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['(', ')', ',', '.'])).collect();
    let tells = |key: &&&str| {
        // Articles and directions are words, and of numbers and signs screens are full.
        let word = ["a", "up", "down", "left", "right", "home", "end"].contains(*key);
        let by_itself = !word && (key.len() > 1 || key.chars().all(char::is_alphabetic));
        by_itself && words.contains(*key)
    };
    let named = ACTIONS.iter().flat_map(|spec| spec.keys).filter(tells).map(ToString::to_string);
    let before =
        ACTIONS.iter().flat_map(|spec| spec.keys.iter().map(|key| (*key, spec.title))).filter(|(key, title)| {
            let title = title.split(' ').next().unwrap_or_default();
            let follows = |word: &str| word.eq_ignore_ascii_case(title) || ["shows", "chooses", "goes"].contains(&word);
            words.windows(2).any(|pair| pair[0] == *key && follows(pair[1]))
        });
    named.chain(before.map(|(key, title)| format!("{key} {title}"))).collect()
}

fn look(model: &Model, size: (u16, u16)) -> Vec<String> {
    let mut model = model.clone();
    (model.session.width, model.session.height) = size;
    crate::app::places::clamp(&mut model);
    text(&model, Look::from(&Settings::default()))
}

#[test]
fn no_screen_tells_of_a_key_that_was_given_away() {
    for (name, cockpit) in scenes() {
        for size in [(80, 24), (120, 40), (200, 50)] {
            for line in look(&cockpit.model, size) {
                let told = told(&line);
                assert!(told.is_empty(), "{name} at {size:?} shows {told:?} in: {line}");
            }
        }
    }
}

#[test]
fn old_keys_would_be_seen() {
    let mut cockpit = Cockpit::demo();
    cockpit.press("d");
    let found = |lines: Vec<String>| lines.iter().map(|line| told(line).len()).sum::<usize>();
    assert!(found(look(&cockpit.model, (80, 24))) >= 3, "enter, tab and esc");
    cockpit.press("<esc>");
    assert!(found(look(&cockpit.model, (120, 40))) >= 8, "panes and hints");
}
