//! The part of the file that says how the cockpit looks and which keys it has.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeValue;

use super::raw::{Problems, Table, nearest};
use super::validate::Parsed;
use super::{Colors, Theme};
use crate::actions::chord::Chord;
use crate::actions::keymap::Keymap;
use crate::actions::{ACTIONS, Action};

pub(super) fn read(root: &mut Table<'_>, parsed: &mut Parsed, problems: &mut Problems<'_>) {
    if let Some(read_only) = root.boolean("read_only", problems) {
        parsed.settings.read_only = read_only;
        parsed.given.insert("read_only");
    }
    if let Some(ui) = root.table("ui", "[ui]", problems) {
        read_ui(ui, parsed, problems);
    }
    if let Some(keys) = root.table("keys", "[keys]", problems) {
        parsed.given.insert("keys");
        let mut places = Vec::new();
        parsed.settings.keys = read_keys(&keys, &mut places, problems);
        for conflict in Keymap::new(&parsed.settings.keys).err().into_iter().flatten() {
            // Of two that the file gives, the later one is the newer thought.
            let is_one = |(id, chord, _): &&(&str, Chord, Range<usize>)| {
                *chord == conflict.chord && (*id == conflict.first || *id == conflict.second)
            };
            let place = places.iter().filter(is_one).map(|(.., span)| span.clone()).max_by_key(|span| span.start);
            let span = place.unwrap_or_else(|| keys.span.clone());
            problems.add(span, conflict.to_string(), "every key means one thing at one place");
        }
    }
}

fn read_ui(mut ui: Table<'_>, parsed: &mut Parsed, problems: &mut Problems<'_>) {
    let settings = &mut parsed.settings;
    let theme = ui.string("theme", problems);
    if let Some(theme) = theme.filter(|theme| theme.get_ref() != AUTO) {
        parsed.given.insert("theme");
        match theme_named(theme.get_ref()) {
            Some(theme) => settings.theme = theme,
            None => {
                problems.add(
                    theme.span(),
                    format!("there is no theme {}", theme.get_ref()),
                    "auto, night, day or signal",
                );
            }
        }
    }
    let colors = ui.string("colors", problems);
    if let Some(colors) = colors.filter(|colors| colors.get_ref() != AUTO) {
        parsed.given.insert("colors");
        match colors_named(colors.get_ref()) {
            Some(colors) => settings.colors = colors,
            None => {
                problems.add(colors.span(), format!("{} is unknown", colors.get_ref()), "auto, true, 256, 16 or none");
            }
        }
    }
    let mut flag = |key: &'static str, value: &mut bool| {
        if let Some(given) = ui.boolean(key, problems) {
            *value = given;
            parsed.given.insert(key);
        }
    };
    flag("terminal_background", &mut settings.terminal_background);
    flag("ascii", &mut settings.ascii);
    flag("mouse", &mut settings.mouse);
    flag("motion", &mut settings.motion);
    ui.finish(problems);
}

/// As the terminal is.
pub(super) const AUTO: &str = "auto";

/// The theme with this name.
pub fn theme_named(name: &str) -> Option<Theme> {
    Theme::ALL.into_iter().find(|theme| theme.as_str() == name)
}

/// What `colors` says for these.
pub fn colors_name(colors: Colors) -> &'static str {
    match colors {
        Colors::True => "true",
        Colors::Indexed => "256",
        Colors::Sixteen => "16",
        Colors::None => "none",
    }
}

/// What `colors` may say.
pub fn colors_named(name: &str) -> Option<Colors> {
    Some(match name {
        "true" => Colors::True,
        "256" => Colors::Indexed,
        "16" => Colors::Sixteen,
        "none" => Colors::None,
        _ => return None,
    })
}

/// The keys of each action; `places` is given where each of them stands.
fn read_keys(
    table: &Table<'_>,
    places: &mut Vec<(&'static str, Chord, Range<usize>)>,
    problems: &mut Problems<'_>,
) -> BTreeMap<Action, Vec<Chord>> {
    let mut keys = BTreeMap::new();
    for (id, span, value) in table.all() {
        let Ok(action) = id.parse::<Action>() else {
            let near = nearest(id, ACTIONS.iter().map(|spec| spec.id));
            let all = || "shipdeck print config names them all".to_owned();
            problems.add(
                span,
                format!("there is no action {id}"),
                near.map_or_else(all, |near| format!("did you mean {near}?")),
            );
            continue;
        };
        let texts: Vec<_> = match value.get_ref() {
            DeValue::String(text) => vec![(text.to_string(), value.span())],
            DeValue::Array(items) if items.iter().all(|item| item.get_ref().as_str().is_some()) => items
                .iter()
                .filter_map(|item| item.get_ref().as_str().map(|text| (text.to_owned(), item.span())))
                .collect(),
            _ => {
                problems.add(value.span(), "keys are texts", format!("{id} = [\"f5\"]"));
                continue;
            }
        };
        let mut chords = Vec::new();
        for (text, span) in texts {
            match text.parse::<Chord>() {
                Ok(chord) => {
                    places.push((action.spec().id, chord, span));
                    chords.push(chord);
                }
                Err(error) => problems.add(span, error.to_string(), format!("{id} = [\"f5\"]")),
            }
        }
        keys.insert(action, chords);
    }
    keys
}
