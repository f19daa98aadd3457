//! A key with its modifiers, as the configuration and the screen write it.

use std::fmt;
use std::str::FromStr;

/// The key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyCode {
    Char(char),
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Insert,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// A key with its modifiers. A letter carries its own case: `P`, never shift and `p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    pub code: KeyCode,
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

impl Chord {
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// It writes a character where text is typed.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && !self.ctrl && !self.alt
    }
}

const NAMES: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

/// A text that is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key: write one character, or a name such as enter, space, f5, ctrl-d, alt-x, shift-tab")]
pub struct NoChord(pub String);

impl FromStr for Chord {
    type Err = NoChord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut chord = Self::plain(KeyCode::Enter);
        let mut rest = text;
        loop {
            let (modifier, tail) = rest.split_once('-').unwrap_or(("", rest));
            match modifier {
                "ctrl" if !tail.is_empty() => chord.ctrl = true,
                "alt" if !tail.is_empty() => chord.alt = true,
                "shift" if !tail.is_empty() => chord.shift = true,
                _ => break,
            }
            rest = tail;
        }
        let mut chars = rest.chars();
        let function = || rest.strip_prefix('f')?.parse().ok().filter(|number| (1..=24).contains(number));
        chord.code = match (chars.next(), chars.next()) {
            (Some(only), None) if !only.is_control() => KeyCode::Char(only),
            _ => match NAMES.iter().find(|(name, _)| *name == rest) {
                Some((_, code)) => *code,
                None => KeyCode::F(function().ok_or_else(|| NoChord(text.to_owned()))?),
            },
        };
        Ok(chord)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(number)) => write!(f, "f{number}"),
            (None, _) => Err(fmt::Error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_alike() {
        for text in ["d", "P", "space", "ctrl-d", "alt-x", "shift-tab", "f5", "?", "-", "ctrl-r", "esc"] {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_would_be_a_key() {
        for text in ["", "ctrl-", "hyper-x", "f99", "dd"] {
            assert!(text.parse::<Chord>().unwrap_err().to_string().contains("ctrl-d"), "{text}");
        }
    }
}
