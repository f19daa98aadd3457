//! Terminal events become our own messages.

use crossterm::event::{
    Event, KeyCode as Key, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::terminal::Answers;
use crate::actions::chord::{Chord, KeyCode};
use crate::app::msg::Input;

/// Lines that one notch of the wheel moves.
const WHEEL: i16 = 3;

/// Keeps an answer about the background that comes too late from being taken for keys: crossterm knows the other
/// answers and drops them, but reads this one as alt-] and then a key for every letter.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// It may still come.
    expected: bool,
    /// Keys of it so far; none: it has not begun.
    within: Option<usize>,
}

/// No answer is longer.
const LONGEST_ANSWER: usize = 40;

impl Late {
    pub(super) fn after(answers: &Answers) -> Self {
        Self { expected: !answers.complete, within: None }
    }

    /// Whether this is part of such an answer.
    pub(super) fn swallows(&mut self, input: &Input) -> bool {
        let (true, Input::Key(chord)) = (self.expected, input) else { return false };
        let KeyCode::Char(letter) = chord.code else {
            self.within = None;
            return false;
        };
        match self.within {
            None if chord.alt && letter == ']' => self.within = Some(0),
            None => return false,
            Some(_) if (chord.alt && letter == '\\') || (chord.ctrl && letter == 'g') => *self = Self::default(),
            Some(length)
                if length >= LONGEST_ANSWER || !(letter.is_ascii_alphanumeric() || ";:/?".contains(letter)) =>
            {
                *self = Self::default();
                return false;
            }
            Some(length) => self.within = Some(length + 1),
        }
        true
    }
}

/// What an event means to the cockpit; none: nothing.
pub(super) fn translate(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => chord(key).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(width, height) => Some(Input::Resize { width, height }),
        Event::Mouse(mouse) => pointer(mouse),
        Event::Key(_) | Event::FocusGained | Event::FocusLost => None,
    }
}

fn chord(key: KeyEvent) -> Option<Chord> {
    let code = match key.code {
        Key::Char(c) => KeyCode::Char(c),
        Key::Enter => KeyCode::Enter,
        Key::Esc => KeyCode::Esc,
        Key::Tab | Key::BackTab => KeyCode::Tab,
        Key::Backspace => KeyCode::Backspace,
        Key::Delete => KeyCode::Delete,
        Key::Insert => KeyCode::Insert,
        Key::Left => KeyCode::Left,
        Key::Right => KeyCode::Right,
        Key::Up => KeyCode::Up,
        Key::Down => KeyCode::Down,
        Key::Home => KeyCode::Home,
        Key::End => KeyCode::End,
        Key::PageUp => KeyCode::PageUp,
        Key::PageDown => KeyCode::PageDown,
        Key::F(number) => KeyCode::F(number),
        _ => return None,
    };
    let shift = key.modifiers.contains(KeyModifiers::SHIFT) || key.code == Key::BackTab;
    Some(Chord {
        code,
        ctrl: key.modifiers.contains(KeyModifiers::CONTROL),
        alt: key.modifiers.contains(KeyModifiers::ALT),
        // A letter says itself whether shift was held.
        shift: shift && !matches!(code, KeyCode::Char(_)),
    })
}

fn pointer(mouse: MouseEvent) -> Option<Input> {
    let (x, y) = (mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Input::Click { x, y }),
        MouseEventKind::ScrollDown => Some(Input::Wheel { x, y, lines: WHEEL }),
        MouseEventKind::ScrollUp => Some(Input::Wheel { x, y, lines: -WHEEL }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_once_and_shift_belongs_to_the_letter() {
        let press = KeyEvent::new(Key::Char('P'), KeyModifiers::SHIFT);
        let expected = Chord { code: KeyCode::Char('P'), ctrl: false, alt: false, shift: false };
        assert_eq!(translate(Event::Key(press)), Some(Input::Key(expected)));
        let release = KeyEvent { kind: KeyEventKind::Release, ..press };
        assert_eq!(translate(Event::Key(release)), None);
    }

    #[test]
    fn an_answer_that_comes_too_late_is_no_key() {
        let key = |text: &str| Input::Key(text.parse().unwrap());
        let answer = "11;rgb:1e1e/1e1e/2e2e";
        for end in ["alt-\\", "ctrl-g"] {
            let mut late = Late::after(&Answers::default());
            assert!(!late.swallows(&key("d")), "keys are keys until it begins");
            assert!(late.swallows(&key("alt-]")));
            assert!(answer.chars().all(|letter| late.swallows(&key(&letter.to_string()))));
            assert!(late.swallows(&key(end)));
            assert!(!late.swallows(&key("1")) && !late.swallows(&key("alt-]")), "and after it");
        }
        let mut answered = Late::after(&Answers { complete: true, ..Answers::default() });
        assert!(!answered.swallows(&key("alt-]")));
    }

    #[test]
    fn shift_tab_is_one_chord_however_the_terminal_tells_it() {
        let expected = Chord { code: KeyCode::Tab, ctrl: false, alt: false, shift: true };
        for code in [Key::BackTab, Key::Tab] {
            let event = Event::Key(KeyEvent::new(code, KeyModifiers::SHIFT));
            assert_eq!(translate(event), Some(Input::Key(expected)));
        }
    }
}
