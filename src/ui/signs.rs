//! One glyph, one word, one token for each state: `visual.md` 4.

use super::look::Token;
use crate::app::model::Sign;
use crate::domain::verdict::{State, Verdict};

/// The glyph of a state, and its twin in ASCII.
pub fn glyph(state: State, ascii: bool) -> &'static str {
    let (sign, plain) = match state {
        State::Ok => ("●", "o"),
        State::Progressing => ("◐", "/"),
        State::Queued | State::Reading => ("○", "."),
        State::Degraded => ("▲", "!"),
        State::Failed => ("✗", "X"),
        State::Blocked => ("⊘", "#"),
        State::Paused => ("‖", "="),
        State::ScaledToZero => ("∅", "0"),
        State::Superseded => ("»", ">"),
        State::Unknown => ("?", "?"),
        State::Done => ("✓", "+"),
        State::Absent => ("·", "-"),
    };
    if ascii { plain } else { sign }
}

/// The half lamp of what is in motion, turned by so many quarters.
pub(super) fn turned(quarters: u8) -> &'static str {
    ["◐", "◓", "◑", "◒"][usize::from(quarters % 4)]
}

/// The glyph and token of what was true when it was last heard of.
pub(super) fn stale(ascii: bool) -> &'static str {
    if ascii { "~" } else { "≈" }
}

/// What help shows of a sign.
pub(super) fn explained(sign: Sign, ascii: bool) -> (&'static str, Token) {
    match sign {
        Sign::Of(state) => (glyph(state, ascii), token(state)),
        Sign::Frozen => (if ascii { "*" } else { "◇" }, Token::Held),
        Sign::Past => (stale(ascii), Token::Warn),
        Sign::Differs => (if ascii { "!=" } else { "≠" }, Token::Muted),
        Sign::Marked => (if ascii { "*" } else { "▌" }, Token::Accent),
    }
}

/// The colour of a state where it matters.
pub(super) fn token(state: State) -> Token {
    match state {
        State::Ok => Token::Ok,
        State::Done => Token::Calm,
        State::Progressing => Token::Prog,
        State::Degraded => Token::Warn,
        State::Failed => Token::Fail,
        State::Blocked | State::Paused => Token::Held,
        State::Queued | State::Reading | State::ScaledToZero | State::Superseded | State::Unknown | State::Absent => {
            Token::Muted
        }
    }
}

/// What a cell says beside its glyph.
pub fn word(verdict: &Verdict, ascii: bool) -> String {
    let counts = || format!("{} of {}", verdict.progress.ready, verdict.progress.wanted);
    let cause = || verdict.evidence.as_ref().map(|evidence| evidence.cause.word());
    let word = match verdict.state {
        State::Ok => "ok".to_owned(),
        State::Failed => cause().unwrap_or_else(|| "failed".to_owned()),
        // All are there, and yet something is wrong with them.
        State::Degraded if verdict.progress.ready >= verdict.progress.wanted => cause().unwrap_or_else(counts),
        State::Degraded | State::Progressing => counts(),
        State::Queued => "queued".to_owned(),
        State::Blocked => "blocked".to_owned(),
        State::Paused => "paused".to_owned(),
        State::ScaledToZero => "at 0".to_owned(),
        State::Superseded => "superseded".to_owned(),
        State::Unknown => "unknown".to_owned(),
        State::Reading => "reading".to_owned(),
        State::Done => "passed".to_owned(),
        State::Absent => String::new(),
    };
    if ascii { word.replace('×', "x") } else { word }
}

/// A text with signs, in ASCII where that is all there is.
pub(super) fn plain(text: &str) -> String {
    let twin = |c: char| match c {
        '─' | '·' => '-',
        '━' | '‖' => '=',
        '│' | '┃' => '|',
        '►' | '→' | '›' | '»' => '>',
        '‹' => '<',
        '▌' | '◇' => '*',
        '×' => 'x',
        '…' | '≈' | '╍' => '~',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '┭' | '┮' | '┥' | '┝' | '┽' | '┾' | '┯' | '╭' | '╮'
        | '╰' | '╯' | '✓' => '+',
        '●' => 'o',
        '◐' => '/',
        '○' => '.',
        '▲' => '!',
        '✗' => 'X',
        '⊘' | '≠' => '#',
        '∅' => '0',
        other => other,
    };
    text.chars().map(twin).collect()
}
