//! Terminals of every kind, as the real binary meets them: what they say of themselves, and what they never say.

use std::time::Duration;

use crate::harness::terminal::Terminal;

const TRUE_COLOR: (&str, &str) = ("COLORTERM", "truecolor");

/// The demo in a terminal that answers with these bytes as soon as it is asked, or before.
fn answering(answer: &str, environment: &[(&str, &str)]) -> Terminal {
    let mut terminal = Terminal::open(&["demo"], environment, (100, 30));
    terminal.press(answer);
    terminal.shows(&["shipdeck", "live", "staging", "crash"]);
    terminal
}

fn wrote(terminal: &Terminal, bytes: &str) -> bool {
    terminal.written().windows(bytes.len()).any(|window| window == bytes.as_bytes())
}

#[test]
fn a_light_background_has_the_light_theme_and_a_dark_one_the_dark() {
    let light = answering("\x1b[1;2R\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62c", &[TRUE_COLOR]);
    assert!(wrote(&light, "48;2;250;250;247"), "the ground of day");
    let dark = answering("\x1b[1;2R\x1b]11;rgb:1e1e/1e1e/2e2e\x07\x1b[?62c", &[TRUE_COLOR]);
    assert!(wrote(&dark, "48;2;15;20;27"), "the ground of night");
    let told = answering("\x1b[1;2R\x1b[?62c", &[TRUE_COLOR, ("COLORFGBG", "0;15")]);
    assert!(wrote(&told, "48;2;250;250;247"), "as COLORFGBG says where nothing is answered");
    let chosen = answering("", &[TRUE_COLOR, ("SHIPDECK_THEME", "signal"), ("SHIPDECK_ASCII", "1")]);
    assert!(!wrote(&chosen, "\x1b]11;?") && !wrote(&chosen, "\x1b[6n"), "what was chosen is not asked for");
}

#[test]
fn a_terminal_with_wide_signs_and_a_locale_without_them_get_ascii() {
    let wide = answering("\x1b[1;3R\x1b]11;rgb:0/0/0\x07\x1b[?62c", &[]);
    let bare = answering("", &[("LANG", "C")]);
    let console = answering("", &[("TERM", "linux")]);
    for terminal in [wide, bare, console] {
        let text = terminal.text();
        assert!(text.is_ascii() && text.contains("X crash x"), "{text}");
    }
}

#[test]
fn colours_are_those_that_the_terminal_has() {
    let indexed = answering("", &[]);
    assert!(wrote(&indexed, "38;5;") && !wrote(&indexed, "38;2;"));
    let sixteen = answering("", &[("TERM", "xterm")]);
    assert!(!wrote(&sixteen, "48;5;233") && !wrote(&sixteen, "38;2;"));
    let none = answering("", &[TRUE_COLOR, ("NO_COLOR", "1")]);
    assert!(!wrote(&none, "38;") && !wrote(&none, "48;"));
}

#[test]
fn an_answer_that_comes_too_late_presses_no_key() {
    let mut terminal = answering("", &[TRUE_COLOR]);
    terminal.shows(&["d deploy", "/ filter"]);
    terminal.press("\x1b[1;2R\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62c");
    std::thread::sleep(Duration::from_millis(300));
    let text = terminal.text();
    assert!(text.contains("/ filter") && !text.contains("show all"), "a slash would filter\n{text}");
    terminal.press("?");
    terminal.shows(&["Keys and signs"]);
}
