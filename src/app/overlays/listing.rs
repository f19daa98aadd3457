//! Lists that are narrowed by typing: help, palette and menu.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::actions::{ACTIONS, Action, Section};
use crate::app::effect::Effect;
use crate::app::model::{Entry, EntryDoes, Listing, Model, Overlay};
use crate::app::{dispatch, places, screens};
use crate::domain::verdict::State;

/// What the menu of a cell offers.
const MENU: [Action; 10] = [
    Action::Deploy,
    Action::Promote,
    Action::RollBack,
    Action::Details,
    Action::FocusLogs,
    Action::Mark,
    Action::MarkGroup,
    Action::Copy,
    Action::CleanUp,
    Action::WriteConfig,
];

/// How the sections of the help are called, in its order.
const SECTIONS: [(Section, &str); 7] = [
    (Section::Do, "do"),
    (Section::Ask, "ask"),
    (Section::Find, "find"),
    (Section::LogPane, "logs"),
    (Section::Run, "runs"),
    (Section::Move, "move"),
    (Section::Screen, "screen"),
];

/// What the signs mean.
const SIGNS: [(State, &str); 13] = [
    (State::Failed, "the rollout failed; the word says why"),
    (State::Degraded, "serves, but not whole"),
    (State::Progressing, "new pods are coming, ready of wanted"),
    (State::Queued, "waits for its turn"),
    (State::Blocked, "wanted, and something refuses it"),
    (State::Paused, "held by a person"),
    (State::Superseded, "a newer change took its place"),
    (State::Ok, "ready as wanted; bright where it differs"),
    (State::Done, "a step that is done"),
    (State::ScaledToZero, "nothing runs, nothing was verified"),
    (State::Unknown, "may not be read, or lost"),
    (State::Reading, "not read yet"),
    (State::Absent, "does not exist in this environment"),
];

/// Which of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Help,
    Palette,
    Menu,
}

/// Opens a list.
pub fn open(model: &mut Model, which: Which) {
    let entries = entries(model, which);
    let listing = Listing { entries, ..Listing::default() };
    model.overlays.push(match which {
        Which::Help => Overlay::Help(listing),
        Which::Palette => Overlay::Palette(listing),
        Which::Menu => Overlay::Menu(listing),
    });
}

fn entries(model: &Model, which: Which) -> Vec<Entry> {
    let actions: Vec<Action> = match which {
        Which::Menu => MENU.to_vec(),
        Which::Help | Which::Palette => ACTIONS.iter().map(|spec| spec.action).collect(),
    };
    let mut entries: Vec<Entry> = actions.into_iter().map(|action| entry(model, action)).collect();
    if which == Which::Help {
        // What a newcomer looks for comes first; how to move is what everybody knows.
        let place = |entry: &Entry| SECTIONS.iter().position(|(_, name)| *name == entry.group);
        entries.sort_by_key(place);
        entries.extend(SIGNS.iter().map(|(state, meaning)| Entry {
            title: format!("{}: {meaning}", state.as_str().replace('-', " ")),
            note: String::new(),
            does: EntryDoes::Sign(*state),
            refused: None,
            group: "signs",
            matched: Vec::new(),
        }));
    } else {
        for entry in &mut entries {
            entry.group = "";
        }
    }
    if which == Which::Palette {
        let go = |service: &crate::domain::catalog::Service| Entry {
            title: service.name.to_string(),
            note: "service".to_owned(),
            does: EntryDoes::Go(service.name.clone(), None),
            refused: None,
            group: "",
            matched: Vec::new(),
        };
        entries.extend(model.catalog.services.iter().map(go));
    }
    entries
}

fn entry(model: &Model, action: Action) -> Entry {
    let keys = model.keymap.keys(action).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    Entry {
        title: action.spec().help.trim_end_matches('.').to_owned(),
        note: keys,
        does: EntryDoes::Action(action),
        refused: dispatch::available_below(action, model).err(),
        group: SECTIONS.iter().find(|(section, _)| *section == action.spec().section).map_or("", |(_, name)| name),
        matched: Vec::new(),
    }
}

fn narrowed(entries: Vec<Entry>, typed: &str) -> Vec<Entry> {
    if typed.trim().is_empty() {
        return entries;
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut found: Vec<(u32, Entry)> = Vec::new();
    for mut entry in entries {
        let mut indices = Vec::new();
        let title = Utf32Str::new(&entry.title, &mut buffer);
        let mut score = pattern.indices(title, &mut matcher, &mut indices);
        if score.is_none() {
            indices.clear();
            score = (entry.note == typed).then_some(1);
        }
        if let Some(score) = score {
            indices.sort_unstable();
            indices.dedup();
            entry.matched = indices.into_iter().map(|index| index as usize).collect();
            found.push((score, entry));
        }
    }
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, entry)| entry).collect()
}

fn top(model: &mut Model) -> Option<(Which, &mut Listing)> {
    match model.overlays.last_mut()? {
        Overlay::Help(listing) => Some((Which::Help, listing)),
        Overlay::Palette(listing) => Some((Which::Palette, listing)),
        Overlay::Menu(listing) => Some((Which::Menu, listing)),
        _ => None,
    }
}

/// Moves the selection.
pub fn move_by(model: &mut Model, by: isize) {
    if let Some((_, listing)) = top(model) {
        listing.selected = places::moved(listing.selected, by, listing.entries.len());
    }
}

/// Narrows the list by what is typed.
pub fn typed(model: &mut Model) {
    let Some((which, listing)) = top(model) else { return };
    let text = listing.input.text().to_owned();
    let entries = narrowed(entries(model, which), &text);
    if let Some((_, listing)) = top(model) {
        (listing.entries, listing.selected) = (entries, 0);
    }
}

/// Does what is selected.
pub fn choose(model: &mut Model) -> Vec<Effect> {
    let Some((_, listing)) = top(model) else { return Vec::new() };
    let Some(entry) = listing.entries.get(listing.selected).cloned() else { return Vec::new() };
    if matches!(entry.does, EntryDoes::Sign(_)) {
        return Vec::new();
    }
    model.overlays.pop();
    match entry.does {
        EntryDoes::Sign(_) => Vec::new(),
        EntryDoes::Action(action) => dispatch::perform(model, action),
        EntryDoes::Go(service, env) => {
            model.page = None;
            screens::home::select(model, Some(service), env);
            Vec::new()
        }
    }
}
