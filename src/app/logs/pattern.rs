//! What is typed as a filter or a search.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::level::Level;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As typed, without the `!`.
    text: String,
    inverse: bool,
    /// What is lit on the screen, where fields of JSON lines stand as `key=value`.
    screen: Regex,
    /// The same for such a field as JSON writes it. Two expressions are faster than one for both.
    json: Option<Regex>,
    /// It begins with a level as one is drawn, whatever the line calls it; none after it: any line of that level.
    level: Option<(Level, Option<Regex>)>,
}

impl Pattern {
    /// A regular expression; case is ignored unless it has capitals; `!` before it means lines without it. `None`: empty.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(typed: &str) -> Result<Option<Self>, String> {
        let (inverse, text) = typed.strip_prefix('!').map_or((false, typed), |rest| (true, rest));
        if text.is_empty() {
            return Ok(None);
        }
        let smart = !text.chars().any(char::is_uppercase);
        let screen = build(text, smart)?;
        let json = as_json(text).and_then(|json| build(&json, smart).ok());
        let level = match Level::drawn_before(text) {
            None => None,
            Some((level, "")) => Some((level, None)),
            Some((level, rest)) => Some((level, build(rest, smart).ok())),
        };
        Ok(Some(Self { text: text.to_owned(), inverse, screen, json, level }))
    }

    /// Whether a line is one of those that are meant.
    pub fn admits(&self, line: &str) -> bool {
        let found = self.screen.is_match(line)
            || self.json.as_ref().is_some_and(|json| json.is_match(line))
            || self.level.as_ref().is_some_and(|(level, rest)| {
                Level::of(line) == Some(*level) && rest.as_ref().is_none_or(|rest| rest.is_match(line))
            });
        found != self.inverse
    }

    /// Places in a text on the screen that match. What is excluded is nowhere on it.
    pub fn lit(&self, text: &str) -> Vec<Range<usize>> {
        if self.inverse {
            return Vec::new();
        }
        self.screen.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty()).collect()
    }

    /// Whether only lines that `old` admits can match this: it is a word that has grown.
    pub(super) fn narrows(&self, old: &Self) -> bool {
        let plain = |text: &str| regex::escape(text) == text && !text.contains('=');
        !self.inverse
            && !old.inverse
            && self.level.is_none()
            && plain(&self.text)
            && plain(&old.text)
            && self.text.contains(&old.text)
    }
}

fn build(text: &str, ignore_case: bool) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).case_insensitive(ignore_case).size_limit(1 << 20).build();
    built.map_err(|error| {
        let words = error.to_string();
        let last = words.lines().last().unwrap_or("not a regular expression");
        last.trim_start_matches("error: ").to_owned()
    })
}

/// `status=500` also means the field of a JSON line: people type what they see.
fn as_json(text: &str) -> Option<String> {
    static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)=").ok());
    let field = FIELD.as_ref().filter(|field| field.is_match(text))?;
    Some(field.replace_all(text, "$1\"\\s*:\\s*\"?").into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(typed: &str, line: &str) -> bool {
        Pattern::parse(typed).unwrap().unwrap().admits(line)
    }

    #[test]
    fn case_matters_only_when_it_is_typed() {
        assert!(
            admits("get", "GET /") && !admits("Get", "GET /") && admits("!put", "GET /") && !admits("!get", "GET /")
        );
    }

    #[test]
    fn a_field_is_found_as_it_is_shown() {
        let line = r#"{"level":"warn","http":{"status": 500,"path":"/v2"}}"#;
        for typed in ["status=500", "http.status=50", "path=/v2", "level=warn", r"status=5\d\d"] {
            assert!(admits(typed, line), "{typed}");
        }
        assert!(!admits("status=404", line) && admits("status=404", "GET status=404"));
    }

    #[test]
    fn a_level_is_found_as_it_is_drawn() {
        let line = r#"{"level":"warn","msg":"slow query"}"#;
        assert!(admits("WARN", line) && admits("WARN slow", line) && admits("WARN", "W0102 15:04:05.0 1 main.go:3] x"));
        assert!(
            !admits("WARN fast", line) && !admits("ERROR", line) && !admits("!WARN", line) && !admits("WARNED", line)
        );
    }

    #[test]
    fn a_bad_pattern_says_why() {
        assert_eq!(Pattern::parse("(").unwrap_err(), "unclosed group");
        assert!(Pattern::parse("").unwrap().is_none() && Pattern::parse("!").unwrap().is_none());
    }

    #[test]
    fn only_a_word_that_grew_narrows() {
        let narrows = |new: &str, old: &str| {
            let parse = |typed: &str| Pattern::parse(typed).unwrap().unwrap();
            parse(new).narrows(&parse(old))
        };
        assert!(narrows("error", "err") && narrows("Error", "rror"));
        assert!(!narrows("WARN", "WAR"), "lines of that level come back");
        assert!(!narrows("err", "error") && !narrows("!error", "!err") && !narrows("a|b", "a"));
    }

    #[test]
    fn what_matches_is_lit() {
        assert_eq!(Pattern::parse("o+").unwrap().unwrap().lit("foo boo o"), [1..3, 5..7, 8..9]);
        assert!(Pattern::parse("!o").unwrap().unwrap().lit("foo").is_empty());
    }
}
