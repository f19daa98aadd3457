//! One line in whole: its time, who wrote it, every field, and the text as it came.

use super::fields::Fields;
use super::layout;
use super::pane::Source;
use super::ring::Entry;
use super::view::Ink;

/// Columns of the names of fields.
const KEYS: usize = 24;

/// A line, laid out for a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    pub title: String,
    /// As received: what a copy takes.
    pub text: String,
    pub rows: Vec<Vec<(String, Ink)>>,
    pub scroll: usize,
}

impl Detail {
    /// Columns that its box may take.
    pub const WIDTH: u16 = 140;

    /// Lays a line out in so many columns.
    pub fn new(entry: &Entry<'_>, source: Option<&Source>, columns: usize) -> Self {
        let mut detail = Self { title: "Line".to_owned(), text: entry.text.to_owned(), rows: Vec::new(), scroll: 0 };
        if let Some(source) = source {
            detail.title = format!("{} / {}", source.pod, source.container);
        }
        if let Some(time) = entry.time {
            detail.field("received", &time.to_string(), columns);
        }
        let fields = Fields::of(entry.text, false);
        // Below its fields, the line itself is a footnote.
        let ink = if fields.is_some() { Ink::Key } else { Ink::Text };
        if let Some(fields) = fields {
            let message = fields.message.map(|message| ("message".to_owned(), message));
            for (key, value) in message.into_iter().chain(fields.rest) {
                detail.field(&key, &value, columns);
            }
        }
        detail.rows.push(Vec::new());
        detail.paragraph(entry.text, columns, ink);
        detail
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A name and its value, whose own line ends are kept: a stack trace in a field is one.
    fn field(&mut self, key: &str, value: &str, columns: usize) {
        let indent = KEYS.min(columns / 3);
        let mut first = true;
        for line in value.split('\n') {
            let line = layout::on_screen(line);
            for part in layout::rows(&line, columns.saturating_sub(indent)) {
                let key = if first { crate::domain::text::clean(key).into_owned() } else { String::new() };
                first = false;
                let mut head = format!("{key}{}", " ".repeat(indent.saturating_sub(layout::width(&key))));
                if layout::width(&key) >= indent {
                    self.rows.push(vec![(head, Ink::Key)]);
                    head = " ".repeat(indent);
                }
                self.rows.push(vec![(head, Ink::Key), (line[part].to_owned(), Ink::Text)]);
            }
        }
    }

    fn paragraph(&mut self, text: &str, columns: usize, ink: Ink) {
        let text = layout::on_screen(text);
        self.rows.extend(layout::rows(&text, columns).into_iter().map(|part| vec![(text[part].to_owned(), ink)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::logs::ring::Kind;

    #[test]
    fn every_field_is_there_and_a_stack_trace_keeps_its_lines() {
        let text = r#"{"level":"error","msg":"boom","stack":"at main\n\tat boot","http":{"status":500}}"#;
        let entry = Entry { time: None, source: 0, kind: Kind::Line, text };
        let detail = Detail::new(&entry, None, 60);
        let rows: Vec<String> =
            detail.rows.iter().map(|row| row.iter().map(|(text, _)| text.as_str()).collect()).collect();
        let wanted = ["message", "level", "stack", "", "http.status"];
        for (row, key) in rows.iter().zip(wanted) {
            assert!(row.starts_with(key), "{rows:#?}");
        }
        assert!(
            rows[2].ends_with("at main") && rows[3].ends_with("    at boot") && rows[4].ends_with("500"),
            "{rows:#?}"
        );
        assert_eq!(detail.text, text);
    }
}
