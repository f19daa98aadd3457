//! One line of text being typed. The editing itself is `tui-textarea`'s; nothing of its drawing is used here.

use tui_textarea::{CursorMove, Input, Key, TextArea};

use crate::actions::chord::{Chord, KeyCode};

/// A single-line editor.
#[derive(Clone, Debug, Default)]
pub struct LineInput {
    area: TextArea<'static>,
}

impl LineInput {
    pub fn new(text: &str) -> Self {
        let mut area = TextArea::new(vec![crate::domain::text::clean(text).into_owned()]);
        area.move_cursor(CursorMove::End);
        Self { area }
    }

    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
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
        self.area.input(Input { key, ctrl: chord.ctrl, alt: chord.alt, shift: chord.shift });
        true
    }

    /// Inserts pasted text: its first line, cleaned.
    pub fn paste(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        self.area.insert_str(crate::domain::text::clean(line));
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
