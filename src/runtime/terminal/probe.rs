//! Questions that only the terminal can answer, asked once before the first frame: how wide it draws `●`, and which
//! colour its background has. What every terminal answers is asked last, so that one that answers less keeps nobody
//! waiting; one that answers nothing costs [`PATIENCE`].

use std::time::Duration;

use crate::actions::chord::{Chord, KeyCode};

/// How long an answer may take; what comes later is recognised and thrown away.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is wanted to be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::runtime) struct Questions {
    pub(in crate::runtime) background: bool,
    pub(in crate::runtime) width: bool,
}

/// What a terminal said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::runtime) struct Answers {
    /// Whether its background is light.
    pub(in crate::runtime) light: Option<bool>,
    /// `●` takes two columns, which tears every line.
    pub(in crate::runtime) wide: bool,
    /// No answer is still under way.
    pub(in crate::runtime) complete: bool,
    /// Keys that somebody pressed meanwhile.
    pub(in crate::runtime) typed: Vec<Chord>,
}

const POSITION: &str = "\x1b[H●\x1b[6n";
const BACKGROUND: &str = "\x1b]11;?\x1b\\";
/// Which terminal are you: all of them answer.
const IDENTITY: &str = "\x1b[c";

/// What is written to ask.
fn asked(questions: Questions) -> String {
    let mut text = String::new();
    if questions.width {
        text.push_str(POSITION);
    }
    if questions.background {
        text.push_str(BACKGROUND);
    }
    text + IDENTITY
}

/// Asks, and waits for what is answered. The terminal is in raw mode and shows an empty screen.
#[cfg(unix)]
pub(in crate::runtime) fn ask(questions: Questions) -> Answers {
    use std::io::Write;
    use tokio::time::Instant;

    if questions == Questions::default() {
        return Answers { complete: true, ..Answers::default() };
    }
    let stdin = rustix::stdio::stdin();
    let Ok(before) = rustix::termios::tcgetattr(stdin) else { return Answers::default() };
    let mut brief = before.clone();
    // A read returns with what there is, or with nothing after a tenth of a second.
    brief.special_codes[rustix::termios::SpecialCodeIndex::VMIN] = 0;
    brief.special_codes[rustix::termios::SpecialCodeIndex::VTIME] = 1;
    let now = rustix::termios::OptionalActions::Now;
    if rustix::termios::tcsetattr(stdin, now, &brief).is_err() {
        return Answers::default();
    }
    let mut out = std::io::stdout();
    let mut heard = Vec::new();
    let mut answers = Answers::default();
    if out.write_all(asked(questions).as_bytes()).and_then(|()| out.flush()).is_ok() {
        let start = Instant::now();
        while !answers.complete && start.elapsed() < PATIENCE {
            let mut part = [0; 256];
            match rustix::io::read(stdin, &mut part) {
                Ok(read) => heard.extend_from_slice(&part[..read]),
                Err(_) => break,
            }
            answers = understood(&heard);
        }
    }
    // The sign that was measured goes.
    let _ = out.write_all(b"\x1b[2J\x1b[H").and_then(|()| out.flush());
    let _ = rustix::termios::tcsetattr(stdin, now, &before);
    answers
}

/// Nothing is asked where answers come another way.
#[cfg(not(unix))]
pub(in crate::runtime) fn ask(_: Questions) -> Answers {
    Answers { complete: true, ..Answers::default() }
}

/// What these bytes say; what is no answer was typed.
fn understood(heard: &[u8]) -> Answers {
    let mut answers = Answers::default();
    let mut rest = heard;
    while let Some(first) = rest.first() {
        if let Some(body) = rest.strip_prefix(b"\x1b[") {
            let Some(end) = body.iter().position(|byte| (0x40..0x7f).contains(byte)) else { break };
            let parameters = String::from_utf8_lossy(&body[..end]);
            match body[end] {
                b'R' => answers.wide = parameters.rsplit(';').next().and_then(|it| it.parse().ok()) == Some(3),
                b'c' if parameters.starts_with('?') => answers.complete = true,
                letter if parameters.is_empty() => answers.typed.extend(arrow(letter).map(Chord::plain)),
                _ => {}
            }
            rest = &body[end + 1..];
        } else if let Some(body) = rest.strip_prefix(b"\x1b]") {
            let end = body.iter().position(|byte| matches!(byte, 0x07 | 0x1b));
            let Some(end) = end.filter(|end| body[*end] == 0x07 || body.get(end + 1) == Some(&b'\\')) else { break };
            let text = String::from_utf8_lossy(&body[..end]);
            answers.light = text.strip_prefix("11;").and_then(is_light).or(answers.light);
            rest = &body[end + if body[end] == 0x07 { 1 } else { 2 }..];
        } else {
            answers.typed.extend(key(*first).map(Chord::plain));
            rest = &rest[1..];
        }
    }
    answers
}

/// The key of one byte; none: one that says nothing alone.
fn key(byte: u8) -> Option<KeyCode> {
    match byte {
        b'\r' => Some(KeyCode::Enter),
        b'\t' => Some(KeyCode::Tab),
        0x7f => Some(KeyCode::Backspace),
        b' '..=b'~' => Some(KeyCode::Char(char::from(byte))),
        _ => None,
    }
}

/// The key that a terminal tells by `ESC [` and this letter.
fn arrow(letter: u8) -> Option<KeyCode> {
    match letter {
        b'A' => Some(KeyCode::Up),
        b'B' => Some(KeyCode::Down),
        b'C' => Some(KeyCode::Right),
        b'D' => Some(KeyCode::Left),
        b'F' => Some(KeyCode::End),
        b'H' => Some(KeyCode::Home),
        _ => None,
    }
}

/// Whether `rgb:ffff/ffff/ffff` (one to four digits each), with or without an alpha, is nearer to white than to black.
fn is_light(color: &str) -> Option<bool> {
    let (_, channels) = color.split_once(':')?;
    let share = |text: &str| {
        let largest = 16u32.checked_pow(u32::try_from(text.len()).ok()?)?.checked_sub(1).filter(|it| *it > 0)?;
        Some(f64::from(u32::from_str_radix(text, 16).ok()?) / f64::from(largest))
    };
    let channels: Vec<f64> = channels.split('/').map(|text| share(text.trim())).collect::<Option<_>>()?;
    let [red, green, blue, ..] = channels.as_slice() else { return None };
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_understood_in_every_spelling() {
        let all = understood(b"\x1b[1;2R\x1b]11;rgb:fafa/fafa/f7f7\x1b\\\x1b[?62;22c");
        assert_eq!(all, Answers { light: Some(true), complete: true, ..Answers::default() });
        assert_eq!(understood(b"\x1b]11;rgb:0f/14/1b\x07\x1b[?6c").light, Some(false));
        assert_eq!(understood(b"\x1b]11;rgba:ffff/ffff/ffff/8000\x07").light, Some(true));
        assert!(understood(b"\x1b[1;3R").wide);
        for nonsense in [b"\x1b]11;rgb:zz/1/2\x07".as_slice(), b"\x1b]11;\x07", b"\x1b]11;rgb:\x07", b"\x1b[", b"\x1b"]
        {
            assert_eq!(understood(nonsense), Answers::default());
        }
    }

    #[test]
    fn a_half_of_an_answer_waits_for_the_other_half() {
        let whole = b"\x1b[1;2R\x1b]11;rgb:fafa/fafa/f7f7\x1b\\\x1b[?62;22c";
        for length in 0..whole.len() {
            assert!(!understood(&whole[..length]).complete);
            assert!(understood(&whole[..length]).typed.is_empty(), "no byte of an answer is a key");
        }
    }

    #[test]
    fn keys_pressed_meanwhile_are_kept() {
        let typed = understood(b"j\x1b[B\x1b[1;2R\rk\x1b[?1c").typed;
        let keys: Vec<String> = typed.iter().map(ToString::to_string).collect();
        assert_eq!(keys, ["j", "down", "enter", "k"]);
    }

    #[test]
    fn only_what_is_wanted_is_asked_and_the_last_question_is_always_answered() {
        let background = asked(Questions { background: true, width: false });
        assert!(background.starts_with("\x1b]11;?") && background.ends_with(IDENTITY) && !background.contains('●'));
        assert!(asked(Questions { background: false, width: true }).contains("●\x1b[6n"));
    }
}
