//! Lines of the log where they are quoted elsewhere: read as the pane reads them.

use super::layout::Shown;
use super::level::Level;
use super::pane::LogPane;
use super::view::{Ink, pieces};

/// A line, with the level that it names and its text in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub level: Option<Level>,
    pub pieces: Vec<(String, Ink)>,
}

impl LogPane {
    /// The last lines of a pod, oldest first.
    pub fn quoted(&self, pod: &str, of_run_before: bool, count: usize) -> Vec<Quote> {
        self.last_lines(pod, of_run_before, count).iter().map(|text| self.quote(text)).collect()
    }

    fn quote(&self, text: &str) -> Quote {
        let level = Level::of(text);
        let shown = Shown::of(text, level, self.fields);
        let whole = 0..shown.text.len();
        Quote { level, pieces: pieces(&shown, &[], whole) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_line_has_its_level_apart_and_its_fields_by_name() {
        let pane = LogPane::default();
        let quote = pane.quote(r#"{"level":"warn","msg":"slow","ms":842}"#);
        let pieces = [("slow  ".to_owned(), Ink::Text), ("ms=".to_owned(), Ink::Key), ("842".to_owned(), Ink::Text)];
        assert_eq!((quote.level, quote.pieces.as_slice()), (Some(Level::Warn), pieces.as_slice()));
        let quote = pane.quote("ERROR boom");
        assert_eq!((quote.level, quote.pieces[0].0.as_str()), (Some(Level::Error), "boom"));
    }
}
