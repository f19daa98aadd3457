//! The shape of the file, walked by hand so that every problem is found at once and knows its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::validate::{Place, Problem};

/// A table of the file that is being read; what was not asked for is unknown.
pub(super) struct Table<'a> {
    entries: Vec<(String, Range<usize>, &'a Spanned<DeValue<'a>>)>,
    known: Vec<&'static str>,
    /// For messages: `[[service]]`.
    name: &'static str,
    pub(super) span: Range<usize>,
}

impl<'a> Table<'a> {
    pub(super) fn new(name: &'static str, table: &'a DeTable<'a>, span: Range<usize>) -> Self {
        let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), key.span(), value)).collect();
        Self { entries, known: Vec::new(), name, span }
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.entries.iter().find(|(name, ..)| name == key).map(|(_, _, value)| *value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, ..)| name == key)
    }

    pub(super) fn string(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Spanned<String>> {
        let value = self.take(key)?;
        if let DeValue::String(text) = value.get_ref() {
            if text.chars().any(crate::domain::text::is_unsafe) {
                problems.add(value.span(), format!("{key} has control characters"), "write it without them");
                return None;
            }
            return Some(Spanned::new(value.span(), text.to_string()));
        }
        let what = format!("{key} must be a text, not {}", kind(value.get_ref()));
        problems.add(value.span(), what, format!("{key} = \"…\""));
        None
    }

    pub(super) fn boolean(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<bool> {
        let value = self.take(key)?;
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        let what = format!("{key} must be true or false, not {}", kind(value.get_ref()));
        problems.add(value.span(), what, format!("{key} = true"));
        None
    }

    pub(super) fn strings(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Vec<Spanned<String>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            problems.add(value.span(), format!("{key} must be a list of names"), format!("{key} = [\"a\", \"b\"]"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            if let DeValue::String(text) = item.get_ref() {
                texts.push(Spanned::new(item.span(), text.to_string()));
            } else {
                let what = format!("{key} must hold texts, not {}", kind(item.get_ref()));
                problems.add(item.span(), what, format!("{key} = [\"a\", \"b\"]"));
            }
        }
        texts
    }

    pub(super) fn tables(&mut self, key: &'static str, name: &'static str, problems: &mut Problems<'_>) -> Vec<Self> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            problems.add(value.span(), format!("{key} must be a list of tables"), format!("[[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => tables.push(Table::new(name, table, item.span())),
                _ => problems.add(item.span(), format!("{key} must hold tables"), format!("[[{key}]]")),
            }
        }
        tables
    }

    pub(super) fn table(&mut self, key: &'static str, name: &'static str, problems: &mut Problems<'_>) -> Option<Self> {
        let value = self.take(key)?;
        if let DeValue::Table(table) = value.get_ref() {
            return Some(Table::new(name, table, value.span()));
        }
        problems.add(value.span(), format!("{key} must be a table"), format!("[{key}]"));
        None
    }

    /// Every entry, for tables whose keys are names.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, Range<usize>, &'a Spanned<DeValue<'a>>)> {
        self.entries.iter().map(|(name, span, value)| (name.as_str(), span.clone(), *value))
    }

    /// Reports what nobody asked for.
    pub(super) fn finish(self, problems: &mut Problems<'_>) {
        for (key, span, _) in self.entries.iter().filter(|(key, ..)| !self.known.contains(&key.as_str())) {
            let instead = nearest(key, self.known.iter().copied()).map_or_else(
                || format!("known here are: {}", self.known.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            problems.add(span.clone(), format!("unknown key {key} in {}", self.name), instead);
        }
    }
}

/// The candidate that is most like a word, if any is like it at all.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Problems of one file, each with its place.
pub(super) struct Problems<'a> {
    pub(super) text: &'a str,
    pub(super) file: &'a str,
    pub(super) found: Vec<Problem>,
}

impl Problems<'_> {
    /// Line and column of a byte.
    pub(super) fn place(&self, at: usize) -> Place {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |start| start.chars().count()) + 1;
        Place { file: self.file.to_owned(), line, column }
    }

    pub(super) fn add(&mut self, span: Range<usize>, what: impl AsRef<str>, instead: impl AsRef<str>) {
        let place = self.place(span.start);
        let clean = |text: &str| crate::domain::text::clean(text).into_owned();
        let problem = Problem { place, what: clean(what.as_ref()), instead: clean(instead.as_ref()) };
        if !self.found.contains(&problem) {
            self.found.push(problem);
        }
    }
}
