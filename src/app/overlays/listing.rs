//! Lists that are narrowed by typing: help, palette and menu.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::actions::{ACTIONS, Action, Section};
use crate::app::effect::Effect;
use crate::app::model::{Entry, EntryDoes, Listing, Model, Overlay, Pane, Sign};
use crate::app::{dispatch, places, screens};
use crate::domain::catalog::Service;
use crate::domain::verdict::State;

/// What the menu of a cell offers.
const MENU: [Action; 8] = [
    Action::Deploy,
    Action::Promote,
    Action::RollBack,
    Action::Details,
    Action::FocusLogs,
    Action::Mark,
    Action::Copy,
    Action::CleanUp,
];

/// How the sections of the help are called, in its order: what a newcomer looks for comes first; how to move is what
/// everybody knows.
const SECTIONS: [(Section, &str); 7] = [
    (Section::Do, "do"),
    (Section::Ask, "ask"),
    (Section::Find, "find"),
    (Section::LogPane, "logs"),
    (Section::Run, "runs"),
    (Section::Move, "move"),
    (Section::Screen, "screen"),
];

/// What help calls what cannot be done now, which comes last.
const NOT_NOW: &str = "not now";

/// What the signs mean, and how they are called.
const SIGNS: [(Sign, &str, &str); 17] = [
    (Sign::Of(State::Failed), "failed", "the rollout failed; the word says why"),
    (Sign::Of(State::Degraded), "degraded", "serves, but not whole"),
    (Sign::Of(State::Progressing), "progressing", "new pods are coming, ready of wanted"),
    (Sign::Of(State::Queued), "queued", "waits for its turn"),
    (Sign::Of(State::Blocked), "blocked", "wanted, and something refuses it"),
    (Sign::Of(State::Paused), "paused", "held by a person"),
    (Sign::Of(State::Superseded), "superseded", "a newer change took its place"),
    (Sign::Of(State::Ok), "ok", "ready as wanted; bright where it differs"),
    (Sign::Of(State::Done), "done", "a step that is done"),
    (Sign::Of(State::ScaledToZero), "scaled to zero", "nothing runs, nothing was verified"),
    (Sign::Of(State::Unknown), "unknown", "may not be read, or lost"),
    (Sign::Of(State::Reading), "reading", "not read yet"),
    (Sign::Of(State::Absent), "absent", "does not exist in this environment"),
    (Sign::Frozen, "frozen", "a freeze, a lock or a hold of a person; b says whose, and until when"),
    (Sign::Past, "out of sight", "as it was when the cluster was last heard of"),
    (Sign::Differs, "differs", "runs another version than the environment before it"),
    (Sign::Marked, "marked", "what a deploy or a promotion would take"),
];

/// Which of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Help,
    Palette,
    Menu,
}

/// Every sign by its name, for the strip that help shows of them.
pub fn signs() -> impl Iterator<Item = (Sign, &'static str)> {
    SIGNS.into_iter().map(|(sign, name, _)| (sign, name))
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
    if which == Which::Menu {
        return MENU
            .into_iter()
            .map(|action| Entry { about: about_cell(model, action), ..entry(model, action) })
            .collect();
    }
    let mut specs: Vec<_> = ACTIONS.iter().collect();
    specs.sort_by_key(|spec| SECTIONS.iter().position(|(section, _)| *section == spec.section));
    let (can, cannot): (Vec<_>, Vec<_>) =
        specs.into_iter().map(|spec| entry(model, spec.action)).partition(|entry| entry.refused.is_none());
    if which == Which::Help {
        let cannot = cannot.into_iter().map(|entry| Entry { group: NOT_NOW, ..entry });
        return can.into_iter().map(sectioned).chain(SIGNS.iter().map(sign)).chain(cannot).collect();
    }
    let go = |service: &Service| Entry {
        title: service.name.to_string(),
        about: "go to this service".to_owned(),
        ..bare(EntryDoes::Go(service.name.clone(), None))
    };
    can.into_iter().chain(cannot).chain(model.catalog.services.iter().map(go)).collect()
}

fn bare(does: EntryDoes) -> Entry {
    let (title, about, note) = (String::new(), String::new(), String::new());
    Entry { title, about, note, does, refused: None, group: "", matched: Vec::new(), matched_about: Vec::new() }
}

fn sectioned(entry: Entry) -> Entry {
    let EntryDoes::Action(action) = entry.does else { return entry };
    let group = SECTIONS.iter().find(|(section, _)| *section == action.spec().section).map_or("", |(_, name)| name);
    Entry { group, ..entry }
}

fn sign((sign, name, meaning): &(Sign, &str, &str)) -> Entry {
    let (title, about) = ((*name).to_owned(), (*meaning).to_owned());
    Entry { title, about, group: "signs", ..bare(EntryDoes::Sign(*sign)) }
}

fn entry(model: &Model, action: Action) -> Entry {
    Entry {
        title: action.spec().title.to_owned(),
        about: action.spec().help.trim_end_matches('.').to_owned(),
        note: model.keymap.keys(action).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        refused: dispatch::available_below(action, model).err(),
        ..bare(EntryDoes::Action(action))
    }
}

/// What an action would do to the selected cell, or to what is marked instead.
fn about_cell(model: &Model, action: Action) -> String {
    let general = || action.spec().help.trim_end_matches('.').to_owned();
    let (Some(service), Some(env)) = (&model.home.service, &model.home.env) else { return general() };
    let marks = model.home.marks.len();
    let chosen = match marks {
        0 => service.to_string(),
        1 => "the marked service".to_owned(),
        many => format!("the {many} marked services"),
    };
    match action {
        Action::Deploy if marks > 1 => format!("Choose versions for {chosen} and see the plan"),
        Action::Deploy => format!("Choose a version for {chosen} and see the plan"),
        Action::Promote => {
            let what = if marks == 0 { format!("all that {env} runs") } else { chosen };
            let next: Vec<_> = model.catalog.downstream(env).map(|next| next.name.as_str()).collect();
            format!(
                "Bring {what} to {}, exactly",
                if next.is_empty() { "the next one".to_owned() } else { next.join(" or ") }
            )
        }
        Action::RollBack if marks > 1 => format!("Go back to what {chosen} ran before"),
        Action::RollBack => format!("Go back to what {chosen} ran before in {env}"),
        Action::Mark if model.home.marks.contains(service) => format!("Take the mark of {service} away"),
        Action::Mark => format!("Mark {service}, to deploy several at once"),
        Action::CleanUp => format!("See leftovers of {env} and remove them"),
        Action::Copy if model.home.focus != Pane::Logs => format!("Copy the exact image of {service} to the clipboard"),
        _ => general(),
    }
}

/// What is called as is typed comes first, then what is told with the same words.
fn narrowed(entries: Vec<Entry>, typed: &str) -> Vec<Entry> {
    let typed = typed.trim();
    if typed.is_empty() {
        return entries;
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut found: Vec<(Fit, Entry)> = Vec::new();
    for mut entry in entries {
        let mut indices = Vec::new();
        let score = pattern.indices(Utf32Str::new(&entry.title, &mut buffer), &mut matcher, &mut indices);
        let fit = if entry.note == typed {
            Fit::Key
        } else if let Some(score) = score {
            indices.sort_unstable();
            indices.dedup();
            entry.matched = indices.into_iter().map(|index| index as usize).collect();
            Fit::Title(Reverse(score))
        } else if let Some(places) = told(&entry.about, typed) {
            entry.matched_about = places;
            Fit::About
        } else {
            continue;
        };
        found.push((fit, entry));
    }
    // Among equals, those that are found first stay first.
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// How what was typed fits, the best first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Key,
    Title(Reverse<u32>),
    About,
}

/// Where all of the typed words stand in a sentence; none: some do not.
fn told(about: &str, typed: &str) -> Option<Vec<usize>> {
    let about = about.to_lowercase();
    let mut places = Vec::new();
    for word in typed.to_lowercase().split_whitespace() {
        let at = about[..about.find(word)?].chars().count();
        places.extend(at..at + word.chars().count());
    }
    Some(places)
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
