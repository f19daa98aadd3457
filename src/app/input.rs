//! One line of text being typed. The editing itself is `tui-textarea`'s; nothing of its drawing is used here.

use tui_textarea::{CursorMove, Input, Key, TextArea};

use crate::actions::chord::{Chord, KeyCode};

/// A single-line editor.
#[derive(Clone, Debug, Default)]
pub struct LineInput {
    area: TextArea<'static>,
    /// Why what is typed was not taken; gone as soon as the typing goes on.
    refused: Option<String>,
    /// What is written next takes the place of all that stands there, as where text is selected.
    selected: bool,
}

impl LineInput {
    pub fn new(text: &str) -> Self {
        let mut area = TextArea::new(vec![crate::domain::text::clean(text).into_owned()]);
        area.move_cursor(CursorMove::End);
        Self { area, refused: None, selected: false }
    }

    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// The same text, in whose place comes what is written next.
    #[must_use]
    pub fn selected(mut self) -> Self {
        self.selected = true;
        self
    }

    /// Says under the field why what is typed was not taken.
    pub fn refuse(&mut self, why: impl Into<String>) {
        self.refused = Some(why.into());
    }

    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Position of the cursor, in characters.
    pub fn cursor(&self) -> usize {
        self.area.cursor().1
    }

    /// Takes a key in; true if it was used. Enter and Esc are never taken.
    pub fn key(&mut self, chord: &Chord) -> bool {
        let key = match chord.code {
            KeyCode::Char(c) => Key::Char(c),
            KeyCode::Backspace => Key::Backspace,
            KeyCode::Delete => Key::Delete,
            KeyCode::Left => Key::Left,
            KeyCode::Right => Key::Right,
            KeyCode::Home => Key::Home,
            KeyCode::End => Key::End,
            _ => return false,
        };
        // A second line is no part of a single-line input.
        if chord.ctrl && matches!(key, Key::Char('m' | 'j' | 'c' | 'z' | 'l' | 'n' | 'p')) {
            return false;
        }
        self.begin(chord.is_text());
        // What every shell means by these; the editor means other things by them.
        match key {
            Key::Char('u') if chord.ctrl => {
                self.area.delete_line_by_head();
            }
            Key::Char('w') if chord.ctrl => self.delete_word(),
            _ => return self.edit(key, chord),
        }
        true
    }

    /// The typing goes on; `writes`: something is written.
    fn begin(&mut self, writes: bool) {
        self.refused = None;
        if std::mem::take(&mut self.selected) && writes {
            self.clear();
        }
    }

    fn edit(&mut self, key: Key, chord: &Chord) -> bool {
        self.area.input(Input { key, ctrl: chord.ctrl, alt: chord.alt, shift: chord.shift });
        true
    }

    /// Deletes back to the space before the word: a version with a digest is one word, as in a shell.
    fn delete_word(&mut self) {
        let before: Vec<char> = self.text().chars().take(self.cursor()).collect();
        let spaces = before.iter().rev().take_while(|c| c.is_whitespace()).count();
        let word = before.iter().rev().skip(spaces).take_while(|c| !c.is_whitespace()).count();
        let deleted: String = before[before.len() - spaces - word..].iter().collect();
        for _ in 0..spaces + word {
            self.area.delete_char();
        }
        self.area.set_yank_text(deleted);
    }

    /// Inserts pasted text: its first line, cleaned.
    pub fn paste(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        self.begin(true);
        self.area.insert_str(crate::domain::text::clean(line));
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str, keys: &[&str]) -> String {
        let mut input = LineInput::new(text);
        for key in keys {
            assert!(input.key(&key.parse().unwrap()), "{key}");
        }
        input.text().to_owned()
    }

    #[test]
    fn keys_mean_what_they_mean_in_a_shell() {
        assert_eq!(after("one v812@sha256:ab", &["ctrl-w"]), "one ");
        assert_eq!(after("one two  ", &["ctrl-w"]), "one ");
        assert_eq!(after("one two", &["ctrl-w", "ctrl-w", "ctrl-w"]), "");
        assert_eq!(after("one two", &["left", "left", "left", "ctrl-u"]), "two");
        assert_eq!(after("one two", &["ctrl-u", "ctrl-y"]), "one two", "what was deleted can be put back");
        assert_eq!(after("one two", &["ctrl-w", "ctrl-y"]), "one two");
        assert_eq!(after("one two", &["ctrl-a", "ctrl-k"]), "");
        assert_eq!(after("one two", &["ctrl-a", "x", "ctrl-e", "y", "ctrl-h"]), "xone two");
    }
}
