//! Which key means what, where: the table's keys and what a team has changed.

use std::collections::BTreeMap;

use super::chord::{Chord, KeyCode};
use super::{ACTIONS, Action, Scope};

/// Keys by scope, and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    by_key: BTreeMap<(Scope, Chord), Action>,
    by_action: BTreeMap<Action, Vec<Chord>>,
    pub changed: usize,
}

/// Two actions on one key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{chord} means both {first} and {second}; give one of them another key")]
pub struct Conflict {
    pub chord: Chord,
    pub first: &'static str,
    pub second: &'static str,
}

impl Keymap {
    /// The table's keys, with other ones where a team has chosen some.
    ///
    /// # Errors
    /// Every key that would mean two things at one place.
    pub fn new(changes: &BTreeMap<Action, Vec<Chord>>) -> Result<Self, Vec<Conflict>> {
        let mut map = Self { by_key: BTreeMap::new(), by_action: BTreeMap::new(), changed: changes.len() };
        let mut conflicts = Vec::new();
        for spec in ACTIONS {
            let defaults = || spec.keys.iter().filter_map(|key| key.parse().ok()).collect();
            let chords: Vec<Chord> = changes.get(&spec.action).cloned().unwrap_or_else(defaults);
            for chord in &chords {
                if let Some(other) = map.clash(spec.scope, *chord) {
                    conflicts.push(Conflict { chord: *chord, first: other.spec().id, second: spec.id });
                }
                map.by_key.insert((spec.scope, *chord), spec.action);
            }
            map.by_action.insert(spec.action, chords);
        }
        if conflicts.is_empty() { Ok(map) } else { Err(conflicts) }
    }

    /// The action already on this key in a scope that is live together with the given one.
    fn clash(&self, scope: Scope, chord: Chord) -> Option<Action> {
        let together = |other: &Scope| *other == scope || shared(*other) || shared(scope);
        let mut taken = self.by_key.iter().filter(|((other, key), _)| *key == chord && together(other));
        taken.next().map(|(_, action)| *action)
    }

    /// What a key means where the first of these scopes knows it.
    pub fn action(&self, scopes: &[Scope], chord: Chord) -> Option<Action> {
        scopes.iter().find_map(|scope| self.by_key.get(&(*scope, chord)).copied())
    }

    /// The keys of an action; the first is the one to show.
    pub fn keys(&self, action: Action) -> &[Chord] {
        self.by_action.get(&action).map_or(&[], Vec::as_slice)
    }

    /// What a key means while text is typed, where a letter is only a letter. An action whose every key is a letter has
    /// the table's key there, or nobody could leave the field.
    pub fn while_typing(&self, scopes: &[Scope], chord: Chord) -> Option<Action> {
        if chord.is_text() {
            return None;
        }
        let fallback = || {
            let specs = ACTIONS.iter().filter(|spec| scopes.contains(&spec.scope));
            let mut named = specs.map(|spec| spec.action).filter(|action| self.typing_key(*action) == Some(chord));
            named.next()
        };
        // What edits the text in every shell edits it here too, unless it is a key of this very form.
        let shared_only = |scope: &&Scope| !edits(chord) || !shared(**scope);
        let scopes: Vec<Scope> = scopes.iter().filter(shared_only).copied().collect();
        self.action(&scopes, chord).or_else(fallback)
    }

    /// The key to show for an action while text is typed, or an empty text.
    pub fn typing_hint(&self, action: Action) -> String {
        self.typing_key(action).map(|chord| chord.to_string()).unwrap_or_default()
    }

    fn typing_key(&self, action: Action) -> Option<Chord> {
        let keys = self.keys(action);
        let shared = shared(action.spec().scope);
        let usable = |chord: &Chord| !(chord.is_text() || shared && edits(*chord));
        let defaults = || action.spec().keys.iter().filter_map(|key| key.parse().ok()).find(usable);
        let own = keys.iter().copied().find(usable);
        own.or_else(|| defaults().filter(|_| !keys.is_empty()))
    }

    /// The key to show for an action, or an empty text.
    pub fn hint(&self, action: Action) -> String {
        self.keys(action).first().map(ToString::to_string).unwrap_or_default()
    }
}

/// What edits a line in every shell: to its ends, back and forth, delete before and after, a word, put back.
fn edits(chord: Chord) -> bool {
    let letter = matches!(chord.code, KeyCode::Char('a' | 'b' | 'e' | 'f' | 'h' | 'k' | 'u' | 'w' | 'y'));
    letter && chord.ctrl && !chord.alt
}

/// Scopes that are live wherever another one is.
fn shared(scope: Scope) -> bool {
    matches!(scope, Scope::Global | Scope::Lists)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_no_conflicts_and_every_default_is_a_key() {
        let map = Keymap::new(&BTreeMap::new()).unwrap();
        for spec in ACTIONS {
            assert_eq!(map.keys(spec.action).len(), spec.keys.len(), "{}", spec.id);
        }
    }

    #[test]
    fn a_change_takes_the_place_of_the_default_and_a_conflict_names_both() {
        let deploy = |key: &str| BTreeMap::from([(Action::Deploy, vec![key.parse().unwrap()])]);
        let map = Keymap::new(&deploy("f5")).unwrap();
        assert_eq!(map.hint(Action::Deploy), "f5");
        assert_eq!(map.action(&[Scope::Home], "d".parse().unwrap()), None);
        let conflicts = Keymap::new(&deploy("c")).unwrap_err();
        assert!(conflicts[0].to_string().contains("clean-up"), "{}", conflicts[0]);
    }

    #[test]
    fn while_text_is_typed_a_letter_is_a_letter_and_a_field_can_always_be_left() {
        let enter = |key: &str| Keymap::new(&BTreeMap::from([(Action::Enter, vec![key.parse().unwrap()])])).unwrap();
        let means = |map: &Keymap, key: &str| map.while_typing(&[Scope::Lists, Scope::Global], key.parse().unwrap());
        let letter = enter("é");
        assert_eq!((letter.typing_hint(Action::Enter).as_str(), means(&letter, "é")), ("enter", None));
        assert_eq!(means(&letter, "enter"), Some(Action::Enter));
        let function = enter("f2");
        assert_eq!((function.typing_hint(Action::Enter).as_str(), means(&function, "enter")), ("f2", None));
        assert_eq!((means(&function, "f2"), means(&function, "up")), (Some(Action::Enter), Some(Action::Up)));
    }

    #[test]
    fn what_edits_a_line_in_every_shell_is_left_to_the_text_and_a_key_of_the_form_is_not() {
        let map = Keymap::new(&BTreeMap::new()).unwrap();
        let means = |key: &str| map.while_typing(&[Scope::Form, Scope::Lists, Scope::Global], key.parse().unwrap());
        assert_eq!(["ctrl-u", "ctrl-w", "ctrl-k"].map(means), [None; 3]);
        assert_eq!(means("pageup"), Some(Action::HalfPageUp));
        assert_eq!(map.typing_hint(Action::HalfPageUp), "pageup");
        let chosen = BTreeMap::from([(Action::KnownNext, vec!["ctrl-k".parse().unwrap()])]);
        let map = Keymap::new(&chosen).unwrap();
        assert_eq!(map.while_typing(&[Scope::Form, Scope::Lists], "ctrl-k".parse().unwrap()), Some(Action::KnownNext));
    }
}
