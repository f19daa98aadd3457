//! What the environment says of the terminal: its colours, its characters, its background.

use crate::config::Colors;

/// The variables that say something of the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::runtime) struct Surroundings {
    no_color: bool,
    term: String,
    colorterm: String,
    /// The first of `LC_ALL`, `LC_CTYPE` and `LANG` that says anything.
    locale: String,
    background: String,
}

/// Terminals that show every colour, though their TERM does not say 256.
const TRUE_COLOR: [&str; 6] = ["kitty", "alacritty", "wezterm", "ghostty", "foot", "-direct"];

impl Surroundings {
    pub(in crate::runtime) fn here() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let said = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| said(name).unwrap_or_default();
        Self {
            no_color: said("NO_COLOR").is_some(),
            term: text("TERM"),
            colorterm: text("COLORTERM"),
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(said).unwrap_or_default(),
            background: text("COLORFGBG"),
        }
    }

    pub(in crate::runtime) fn no_color(&self) -> bool {
        self.no_color
    }

    /// How many colours it shows.
    pub(in crate::runtime) fn colors(&self) -> Colors {
        let modern = TRUE_COLOR.iter().any(|name| self.term.contains(name));
        match () {
            () if self.no_color || self.term == "dumb" => Colors::None,
            () if matches!(self.colorterm.as_str(), "truecolor" | "24bit") || modern || cfg!(windows) => Colors::True,
            () if self.term.contains("256") => Colors::Indexed,
            () => Colors::Sixteen,
        }
    }

    /// Whether it shows nothing but ASCII: a console without the signs, or a locale that is not UTF-8.
    pub(in crate::runtime) fn is_ascii(&self) -> bool {
        let locale = self.locale.to_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8") || cfg!(windows);
        self.is_poor() || !utf8
    }

    /// A console that cannot be asked anything either.
    pub(in crate::runtime) fn is_poor(&self) -> bool {
        matches!(self.term.as_str(), "linux" | "dumb")
    }

    /// Whether the background is light, as far as COLORFGBG (`text;background`) tells.
    pub(in crate::runtime) fn light(&self) -> Option<bool> {
        let background: u8 = self.background.rsplit(';').next()?.parse().ok()?;
        (background < 16).then_some(background == 7 || background > 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Surroundings {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Surroundings::of(find)
    }

    #[test]
    fn colours_are_what_the_terminal_says_it_shows() {
        let colors = |variables: &[(&str, &str)]| with(variables).colors();
        assert_eq!(colors(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Colors::True);
        assert_eq!(colors(&[("TERM", "screen"), ("COLORTERM", "24bit")]), Colors::True);
        assert_eq!(colors(&[("TERM", "xterm-kitty")]), Colors::True);
        assert_eq!(colors(&[("TERM", "tmux-256color"), ("COLORTERM", "")]), Colors::Indexed);
        assert_eq!(colors(&[("TERM", "xterm")]), Colors::Sixteen);
        assert_eq!(colors(&[("TERM", "linux")]), Colors::Sixteen);
        assert_eq!(colors(&[]), Colors::Sixteen);
        assert_eq!(colors(&[("TERM", "dumb")]), Colors::None);
        assert_eq!(colors(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Colors::None);
        assert_eq!(colors(&[("NO_COLOR", ""), ("COLORTERM", "truecolor")]), Colors::True, "empty means nothing");
    }

    #[test]
    fn signs_need_a_locale_that_has_them() {
        let ascii = |variables: &[(&str, &str)]| with(variables).is_ascii();
        assert!(ascii(&[("TERM", "xterm")]), "nothing is said");
        assert!(ascii(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]), "LC_ALL wins");
        assert!(ascii(&[("LANG", "en_GB.ISO-8859-1")]));
        assert!(!ascii(&[("LANG", "C.UTF-8")]));
        assert!(!ascii(&[("LC_ALL", ""), ("LC_CTYPE", "de_DE.utf8"), ("LANG", "C")]));
        assert!(ascii(&[("TERM", "linux"), ("LANG", "en_GB.UTF-8")]), "its font has none of them");
    }

    #[test]
    fn a_background_that_is_told_is_believed() {
        let light = |value: &str| with(&[("COLORFGBG", value)]).light();
        assert_eq!((light("15;0"), light("0;15"), light("0;default;7")), (Some(false), Some(true), Some(true)));
        assert_eq!((light("12;8"), light(""), light("0;default")), (Some(false), None, None));
    }
}
