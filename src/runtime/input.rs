//! Terminal events become our own messages.

use crossterm::event::{
    Event, KeyCode as Key, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::actions::chord::{Chord, KeyCode};
use crate::app::msg::Input;

/// Lines that one notch of the wheel moves.
const WHEEL: i16 = 3;

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
    fn shift_tab_is_one_chord_however_the_terminal_tells_it() {
        let expected = Chord { code: KeyCode::Tab, ctrl: false, alt: false, shift: true };
        for code in [Key::BackTab, Key::Tab] {
            let event = Event::Key(KeyEvent::new(code, KeyModifiers::SHIFT));
            assert_eq!(translate(event), Some(Input::Key(expected)));
        }
    }
}
