//! The configuration: read, checked completely, and turned into a catalog and settings.

pub mod example;
pub mod load;
mod raw;
mod references;
pub mod settings;
pub mod starter;
pub mod validate;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::actions::Action;
use crate::actions::chord::Chord;
use crate::actions::keymap::Keymap;
use crate::domain::catalog::Catalog;
use crate::report::Report;

/// How the cockpit looks and behaves, apart from what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub theme: Theme,
    pub colors: Colors,
    /// Leave the terminal's own background.
    pub terminal_background: bool,
    pub ascii: bool,
    pub mouse: bool,
    pub motion: bool,
    pub read_only: bool,
    /// Nobody has said which theme, so that the terminal's background chooses.
    pub theme_by_background: bool,
    /// Nobody has said which signs, so that it matters how wide the terminal draws them.
    pub signs_by_width: bool,
    pub keys: BTreeMap<Action, Vec<Chord>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::Night,
            colors: Colors::True,
            terminal_background: false,
            ascii: false,
            mouse: true,
            motion: true,
            read_only: false,
            theme_by_background: false,
            signs_by_width: false,
            keys: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// The keys in force.
    ///
    /// # Errors
    /// Keys that mean two things.
    pub fn keymap(&self) -> Result<Keymap, Report> {
        Keymap::new(&self.keys).map_err(|conflicts| {
            let all = conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            Report::usage(all).hint("Correct [keys] in the configuration.")
        })
    }
}

/// The palettes of `visual.md` 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Night,
    Day,
    /// Safe for the colour-blind.
    Signal,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::Night, Self::Day, Self::Signal];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Night => "night",
            Self::Day => "day",
            Self::Signal => "signal",
        }
    }

    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Night => Self::Day,
            Self::Day => Self::Signal,
            Self::Signal => Self::Night,
        }
    }
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    True,
    Indexed,
    Sixteen,
    None,
}

/// What was read, and where each value came from.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub catalog: Catalog,
    pub settings: Settings,
    /// The file that was read.
    pub path: Option<PathBuf>,
    /// Where a first configuration would be written.
    pub default_path: PathBuf,
    /// Where the file says what.
    pub written: validate::Written,
    /// Name of a value, its value, and its origin.
    pub origins: Vec<(String, String, Origin)>,
}

/// Where a value came from; later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Default,
    File,
    Environment,
    Flag,
}

impl Origin {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}
