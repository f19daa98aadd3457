//! Untrusted text: nothing that a cluster, a log or a file says may steer the terminal.

use std::borrow::Cow;

/// The text without control characters, escape sequences and invisible direction marks. Line ends become spaces.
///
/// Borrowed when there is nothing to clean, which is nearly always.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) { Cow::Owned(cleaned(text)) } else { Cow::Borrowed(text) }
}

/// Whether a character could move the cursor, change colours, show text in another order than it is, or hide in it.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{e0000}'..='\u{e007f}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_escape(&mut chars),
            '\u{9b}' => skip_csi(&mut chars),
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_unsafe(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Skips one escape sequence whose ESC was read: CSI, OSC and other strings, or two bytes.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_csi(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        Some(c) if !c.is_control() => {
            chars.next();
        }
        _ => {}
    }
}

/// Parameters and intermediates up to the final byte; anything else ends the sequence and is kept.
fn skip_csi(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.peek() {
        match c {
            '\x20'..='\x3f' => {
                chars.next();
            }
            '\x40'..='\x7e' => {
                chars.next();
                return;
            }
            _ => return,
        }
    }
}

/// A string ends with BEL or ESC `\`. One that never ends takes the rest of the text with it.
fn skip_string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next() {
        match c {
            '\x07' | '\u{9c}' => return,
            '\x1b' if chars.peek() == Some(&'\\') => {
                chars.next();
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(clean("grüße, 世界"), Cow::Borrowed(_)));
    }

    #[test]
    fn sequences_vanish_and_their_text_stays() {
        assert_eq!(clean("\x1b[31mred\x1b[0m"), "red");
        assert_eq!(clean("\x1b]0;title\x07after"), "after");
        assert_eq!(clean("\x1b]8;;http://x\x1b\\link"), "link");
        assert_eq!(clean("a\x1bcb"), "ab");
        assert_eq!(clean("a\tb\r\nc"), "a b  c");
        assert_eq!(clean("evil\u{202e}gnp\u{61c}.\u{ad}e\u{e0041}xe"), "evilgnp.exe");
        assert_eq!(clean("\u{9b}2Jx\u{7f}y"), "xy");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left_and_cleaning_twice_changes_nothing(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert!(!once.chars().any(is_unsafe));
            prop_assert_eq!(clean(&once).into_owned(), once);
        }
    }
}
