//! Copying, within what terminals take.

use super::effect::Effect;
use super::journal;
use super::model::Model;
use crate::domain::verdict::State;

/// Bytes that terminals take at least: xterm's limit for OSC 52, before it is coded.
pub const LONGEST: usize = 74_994;

/// Copies a text of so many lines and says so; of one that is too long its last lines, and says that too.
pub fn copy(model: &mut Model, text: &str, of: usize) -> Vec<Effect> {
    let kept = fit(text);
    let lines = kept.lines().count();
    let shown: String =
        if lines > 1 { format!("{lines} lines") } else { crate::domain::text::clean(kept).chars().take(60).collect() };
    if of <= lines && kept.len() == text.len() {
        journal::notice(model, State::Done, "copied", shown);
    } else {
        let detail =
            format!("a terminal takes no more; {} saves all", model.keymap.hint(crate::actions::Action::LogSave));
        journal::notice(model, State::Degraded, format!("copied the last {shown} of {of}"), detail);
    }
    vec![Effect::Copy(kept.to_owned())]
}

/// The end of a text that fits, in whole lines where there are some.
fn fit(text: &str) -> &str {
    if text.len() <= LONGEST {
        return text;
    }
    let tail = &text[text.ceil_char_boundary(text.len() - LONGEST)..];
    tail.split_once('\n').map_or(tail, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_copied_and_of_more_the_newest_whole_lines() {
        assert_eq!(fit("a\nb"), "a\nb");
        let lines: Vec<String> = (0..10_000).map(|number| format!("line {number:06}")).collect();
        let text = lines.join("\n");
        let kept = fit(&text);
        assert!(kept.len() <= LONGEST && kept.starts_with("line 00") && kept.ends_with("line 009999"));
        assert!(fit(&"é".repeat(50_000)).len() <= LONGEST);
    }
}
