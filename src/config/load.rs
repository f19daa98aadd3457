//! Which file is read, and what environment and flags say over it: defaults < file < environment < flags.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::settings::{AUTO, colors_name, theme_named};
use super::validate::{CURRENT_CONTEXT, Parsed, parse_against};
use super::{Colors, Loaded, Origin};
use crate::domain::ids::ClusterId;
use crate::report::Report;

/// What was said outside of the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub path: Option<PathBuf>,
    pub context: Option<(String, Origin)>,
    /// Where diagnostics are written; only told, for it is opened before anything is read.
    pub log_file: Option<(String, Origin)>,
    pub theme: Option<(String, Origin)>,
    /// Where it was said to draw with ASCII only; none: it was not.
    pub ascii: Option<Origin>,
    pub no_mouse: Option<Origin>,
    pub read_only: Option<Origin>,
    pub no_color: bool,
    /// What the terminal shows, as far as its environment says; none: there is no terminal.
    pub terminal: Option<Shows>,
    /// Where configurations are looked for, first one first.
    pub candidates: Vec<PathBuf>,
    /// Contexts of the kubeconfig, where the file's are to be held against them.
    pub contexts: Option<Vec<String>>,
}

/// What a terminal shows where the configuration leaves it open.
#[derive(Clone, Copy, Debug)]
pub struct Shows {
    pub colors: Colors,
    pub ascii: bool,
}

/// No configuration is larger; what is was named by mistake, and would only fill the memory.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads the configuration.
///
/// # Errors
/// A file that was named and cannot be read, and every problem in it.
pub fn load(overrides: &Overrides) -> Result<Loaded, Report> {
    let path = match &overrides.path {
        Some(path) => Some(path.clone()),
        None => overrides.candidates.iter().find(|path| path.is_file()).cloned(),
    };
    let mut parsed = match &path {
        Some(path) => read(path, overrides.contexts.as_deref())?,
        None => Parsed::default(),
    };
    parsed.catalog.discovered = parsed.catalog.environments.is_empty();
    let mut loaded = Loaded {
        catalog: parsed.catalog,
        settings: parsed.settings,
        path,
        default_path: overrides.candidates.last().cloned().unwrap_or_else(|| PathBuf::from("shipdeck.toml")),
        written: parsed.written,
        origins: Vec::new(),
    };
    apply(&mut loaded, overrides, |name| if parsed.given.contains(name) { Origin::File } else { Origin::Default })?;
    Ok(loaded)
}

fn read(path: &Path, contexts: Option<&[String]>) -> Result<Parsed, Report> {
    let other = "Name another file with --config.";
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    file.map_err(|error| Report::usage(format!("cannot read {}: {error}", path.display())).hint(other))?;
    if bytes.len() as u64 > LARGEST {
        let what = format!("{} is larger than 4 MiB, which no configuration is", path.display());
        return Err(Report::usage(what).hint(other));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        Report::usage(format!("{} is not UTF-8 (byte {})", path.display(), error.utf8_error().valid_up_to()))
            .hint("Save it as UTF-8.")
    })?;
    parse_against(&path.display().to_string(), &text, contexts).map_err(|problems| {
        let all = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        Report::usage(all)
    })
}

fn apply(loaded: &mut Loaded, overrides: &Overrides, origin: impl Fn(&'static str) -> Origin) -> Result<(), Report> {
    let settings = &mut loaded.settings;
    let mut theme_origin = origin("theme");
    if let Some((name, from)) = &overrides.theme {
        theme_origin = *from;
        if name == AUTO {
            theme_origin = Origin::Default;
        } else {
            settings.theme = theme_named(name)
                .ok_or_else(|| Report::usage(format!("there is no theme {name}")).hint("auto, night, day or signal"))?;
        }
    }
    settings.theme_by_background = theme_origin == Origin::Default;
    let theme = if settings.theme_by_background { AUTO } else { settings.theme.as_str() };
    let mut colors_origin = origin("colors");
    let mut ascii_origin = overrides.ascii.unwrap_or_else(|| origin("ascii"));
    settings.signs_by_width = ascii_origin == Origin::Default;
    if let Some(shows) = overrides.terminal {
        if colors_origin == Origin::Default {
            (settings.colors, colors_origin) = (shows.colors, Origin::Environment);
        }
        if settings.signs_by_width && shows.ascii {
            (settings.ascii, ascii_origin) = (true, Origin::Environment);
        }
    }
    if overrides.no_color {
        settings.colors = Colors::None;
        colors_origin = Origin::Environment;
    }
    settings.ascii |= overrides.ascii.is_some();
    settings.mouse &= overrides.no_mouse.is_none();
    settings.read_only |= overrides.read_only.is_some();
    let flag = |said: Option<Origin>, name| said.unwrap_or_else(|| origin(name));
    let rows = [
        ("theme", theme.to_owned(), theme_origin),
        ("colors", colors_name(settings.colors).to_owned(), colors_origin),
        ("terminal_background", settings.terminal_background.to_string(), origin("terminal_background")),
        ("ascii", settings.ascii.to_string(), ascii_origin),
        ("mouse", settings.mouse.to_string(), flag(overrides.no_mouse, "mouse")),
        ("motion", settings.motion.to_string(), origin("motion")),
        ("read_only", settings.read_only.to_string(), flag(overrides.read_only, "read_only")),
        ("keys", format!("{} changed", settings.keys.len()), origin("keys")),
    ];
    loaded.origins = rows.into_iter().map(|(name, value, origin)| (name.to_owned(), value, origin)).collect();
    if let Some((context, origin)) = &overrides.context {
        for env in loaded.catalog.environments.iter_mut().filter(|env| env.cluster.as_str() == CURRENT_CONTEXT) {
            env.cluster = ClusterId::new(context);
        }
        loaded.origins.push(("context".to_owned(), context.clone(), *origin));
    } else {
        loaded.origins.push(("context".to_owned(), "the current one".to_owned(), Origin::Default));
    }
    let (log, origin) = overrides.log_file.clone().unwrap_or_else(|| ("none".to_owned(), Origin::Default));
    loaded.origins.push(("log_file".to_owned(), log, origin));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, Theme};

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shipdeck.toml");
        std::fs::write(&path, "[ui]\ntheme = \"day\"\nmouse = false\n").unwrap();
        let file = Overrides { candidates: vec![path.clone()], ..Overrides::default() };
        assert_eq!(load(&file).unwrap().settings.theme, Theme::Day);
        let flags = Overrides { theme: Some(("signal".to_owned(), Origin::Flag)), ..file };
        let loaded = load(&flags).unwrap();
        assert_eq!((loaded.settings.theme, loaded.settings.mouse), (Theme::Signal, false));
        assert!(loaded.origins.contains(&("theme".to_owned(), "signal".to_owned(), Origin::Flag)));
        assert!(loaded.origins.contains(&("mouse".to_owned(), "false".to_owned(), Origin::File)));
    }

    #[test]
    fn context_and_log_file_are_told_with_their_origin_also_when_nobody_has_said_them() {
        let told = |overrides: &Overrides| {
            let rows = load(overrides).unwrap().origins.into_iter();
            rows.filter(|(name, ..)| name == "context" || name == "log_file")
                .map(|(_, value, from)| (value, from))
                .collect::<Vec<_>>()
        };
        let row = |value: &str, from| (value.to_owned(), from);
        let nobody = [row("the current one", Origin::Default), row("none", Origin::Default)];
        assert_eq!(told(&Overrides::default()), nobody);
        let (context, log_file) = (Some(row("prod", Origin::Environment)), Some(row("/tmp/log", Origin::Flag)));
        let said = Overrides { context, log_file, ..Overrides::default() };
        assert_eq!(told(&said), [row("prod", Origin::Environment), row("/tmp/log", Origin::Flag)]);
    }

    #[test]
    fn what_nobody_has_said_the_terminal_decides_and_what_was_said_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shipdeck.toml");
        let shows = Shows { colors: Colors::Sixteen, ascii: true };
        let with = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let overrides = Overrides { candidates: vec![path.clone()], terminal: Some(shows), ..Overrides::default() };
            load(&overrides).unwrap().settings
        };
        let said = |settings: Settings| (settings.colors, settings.ascii, settings.theme_by_background);
        assert_eq!(said(with("[ui]\ntheme = \"auto\"\ncolors = \"auto\"\n")), (Colors::Sixteen, true, true));
        let chosen = with("[ui]\ntheme = \"day\"\ncolors = \"true\"\nascii = false\n");
        assert!(!chosen.signs_by_width);
        assert_eq!(said(chosen), (Colors::True, false, false));
    }

    #[test]
    fn a_named_file_that_is_missing_is_an_error_and_no_file_at_all_is_not() {
        let named = Overrides { path: Some(PathBuf::from("/nowhere/x.toml")), ..Overrides::default() };
        assert_eq!(load(&named).unwrap_err().exit_code(), Report::USAGE);
        assert!(load(&Overrides::default()).unwrap().catalog.discovered);
    }
}
