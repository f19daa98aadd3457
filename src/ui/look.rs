//! Tokens of `visual.md` 3 as terminal styles, for every theme and every kind of terminal.

use ratatui::style::{Color, Modifier, Style};

use crate::config::{Colors, Settings, Theme};

/// What a colour means; no screen names a colour itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Line,
    Dim,
    Edge,
    Calm,
    Muted,
    Text,
    Hi,
    Accent,
    Ok,
    Prog,
    Warn,
    Fail,
    Held,
}

/// What something lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    Bg,
    Band,
    Over,
    Row,
    Sel,
}

const TOKENS: usize = 13;

/// Colours of a theme, in the order of [`Token`], then of [`Ground`].
struct Palette {
    tokens: [u32; TOKENS],
    grounds: [u32; 5],
    indexed: [u8; TOKENS],
    indexed_grounds: [u8; 5],
}

const NIGHT: Palette = Palette {
    tokens: [
        0x30_3b49, 0x41_4a56, 0x61_6d7c, 0x54_7d66, 0x85_93a5, 0xc6_d0dc, 0xf1_f5fa, 0x7c_b7ff, 0x7f_bf95, 0x7c_b7ff,
        0xe9_b872, 0xff_877f, 0xd6_a5ea,
    ],
    grounds: [0x0f_141b, 0x16_1d27, 0x19_212c, 0x1a_222d, 0x24_3a57],
    indexed: [237, 239, 242, 65, 246, 252, 255, 75, 72, 75, 179, 210, 183],
    indexed_grounds: [233, 234, 234, 235, 24],
};

const DAY: Palette = Palette {
    tokens: [
        0xcd_d3d8, 0xb4_b9be, 0x80_8994, 0x5d_8d71, 0x58_6473, 0x2f_3845, 0x0b_111a, 0x1c_5fc2, 0x27_6e43, 0x1c_5fc2,
        0x8a_5600, 0xbf_2626, 0x86_37a6,
    ],
    grounds: [0xfa_faf7, 0xf0_f1ed, 0xff_ffff, 0xec_eee9, 0xdb_e8fc],
    indexed: [252, 250, 102, 65, 241, 237, 233, 25, 29, 25, 94, 124, 90],
    indexed_grounds: [231, 255, 231, 255, 254],
};

const SIGNAL: Palette = Palette {
    tokens: [
        0x30_3b49, 0x41_4a56, 0x61_6d7c, 0x40_719f, 0x85_93a5, 0xc6_d0dc, 0xf1_f5fa, 0xd8_e6f7, 0x57_a5ec, 0xb9_e2ff,
        0xf0_dc78, 0xff_9433, 0xdd_a6d3,
    ],
    grounds: [0x0f_141b, 0x16_1d27, 0x19_212c, 0x1a_222d, 0x2a_3448],
    indexed: [237, 239, 242, 67, 246, 252, 255, 254, 75, 153, 222, 208, 182],
    indexed_grounds: [233, 234, 234, 235, 236],
};

/// How everything looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub theme: Theme,
    pub colors: Colors,
    pub ascii: bool,
    pub motion: bool,
    /// Which quarter of its turn what is in motion shows.
    pub quarter: u8,
    terminal_background: bool,
}

impl From<&Settings> for Look {
    fn from(settings: &Settings) -> Self {
        Self {
            theme: settings.theme,
            colors: settings.colors,
            ascii: settings.ascii,
            motion: settings.motion,
            quarter: 0,
            terminal_background: settings.terminal_background,
        }
    }
}

impl Look {
    fn palette(self) -> &'static Palette {
        match self.theme {
            Theme::Night => &NIGHT,
            Theme::Day => &DAY,
            Theme::Signal => &SIGNAL,
        }
    }

    /// The style of a token, which keeps nothing of what it is written over but the ground.
    pub fn style(self, token: Token) -> Style {
        let weight = if matches!(token, Token::Hi | Token::Fail) { Modifier::BOLD } else { Modifier::empty() };
        let style = match self.colors {
            Colors::True => Style::new().fg(rgb(self.palette().tokens[token as usize])).add_modifier(weight),
            Colors::Indexed => {
                Style::new().fg(Color::Indexed(self.palette().indexed[token as usize])).add_modifier(weight)
            }
            Colors::Sixteen => self.sixteen(token),
            Colors::None => plain(token),
        };
        let others = (Modifier::BOLD | Modifier::DIM | Modifier::UNDERLINED).difference(style.add_modifier);
        style.fg(style.fg.unwrap_or(Color::Reset)).remove_modifier(others)
    }

    /// Whether grounds are not seen: what is told by them alone then needs a sign.
    pub(super) fn bare(self) -> bool {
        matches!(self.colors, Colors::None | Colors::Sixteen)
    }

    /// The style of a ground: a background, or nothing where the terminal keeps its own.
    pub fn ground(self, ground: Ground) -> Style {
        match (self.colors, ground) {
            (Colors::None | Colors::Sixteen, Ground::Sel) => Style::new().add_modifier(Modifier::REVERSED),
            (Colors::None | Colors::Sixteen, _) => Style::new(),
            (_, Ground::Bg) if self.terminal_background => Style::new(),
            (Colors::True, _) => Style::new().bg(rgb(self.palette().grounds[ground as usize])),
            (Colors::Indexed, _) => Style::new().bg(Color::Indexed(self.palette().indexed_grounds[ground as usize])),
        }
    }

    fn sixteen(self, token: Token) -> Style {
        let signal = self.theme == Theme::Signal;
        // The blue of most terminals cannot be read on black, nor their cyan on white.
        let (blue, bright) = match self.theme {
            Theme::Day => (Color::Blue, Color::Blue),
            Theme::Night | Theme::Signal => (Color::Cyan, Color::LightBlue),
        };
        match token {
            Token::Text => Style::new(),
            Token::Hi => Style::new().add_modifier(Modifier::BOLD),
            Token::Muted | Token::Line | Token::Dim | Token::Edge => Style::new().add_modifier(Modifier::DIM),
            Token::Accent | Token::Prog => Style::new().fg(blue),
            Token::Ok | Token::Calm => Style::new().fg(if signal { bright } else { Color::Green }),
            Token::Warn => Style::new().fg(Color::Yellow),
            Token::Fail if signal => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Token::Fail => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            Token::Held => Style::new().fg(Color::Magenta),
        }
    }
}

/// Without colours: weight alone.
fn plain(token: Token) -> Style {
    match token {
        Token::Hi | Token::Accent | Token::Warn | Token::Fail => Style::new().add_modifier(Modifier::BOLD),
        Token::Muted | Token::Line | Token::Edge | Token::Dim | Token::Calm => Style::new().add_modifier(Modifier::DIM),
        Token::Text | Token::Ok | Token::Prog | Token::Held => Style::new(),
    }
}

fn rgb(value: u32) -> Color {
    Color::from_u32(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: [Token; 9] = [
        Token::Muted,
        Token::Text,
        Token::Hi,
        Token::Accent,
        Token::Ok,
        Token::Prog,
        Token::Warn,
        Token::Fail,
        Token::Held,
    ];

    fn luminance(value: u32) -> f64 {
        let part = |shift: u32| {
            let channel = f64::from((value >> shift) & 0xff) / 255.0;
            if channel <= 0.03928 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
    }

    fn contrast(a: u32, b: u32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_every_ground() {
        for palette in [&NIGHT, &DAY, &SIGNAL] {
            for token in TEXT {
                for ground in &palette.grounds[..4] {
                    assert!(contrast(palette.tokens[token as usize], *ground) >= 4.5, "{token:?} on {ground:06x}");
                }
            }
        }
    }

    #[test]
    fn without_colours_there_is_no_colour() {
        let look = Look::from(&Settings { colors: Colors::None, ..Settings::default() });
        for token in TEXT {
            assert_eq!((look.style(token).fg, look.style(token).bg), (Some(Color::Reset), None));
        }
        assert_eq!(look.ground(Ground::Bg).bg, None);
    }

    #[test]
    fn what_is_written_over_something_else_keeps_nothing_of_it_but_the_ground() {
        for colors in [Colors::True, Colors::Indexed, Colors::Sixteen, Colors::None] {
            let look = Look::from(&Settings { colors, ..Settings::default() });
            for (below, token) in TEXT.iter().flat_map(|below| TEXT.map(|token| (*below, token))) {
                let alone = Style::reset().patch(look.ground(Ground::Sel)).patch(look.style(token));
                let over = Style::reset().patch(look.ground(Ground::Sel)).patch(look.style(below));
                let over = over.patch(look.style(token));
                let seen = |style: Style| (style.fg, style.bg, style.add_modifier);
                assert!(seen(over) == seen(alone), "{token:?} over {below:?} in {colors:?}");
            }
        }
    }

    #[test]
    fn with_sixteen_colours_nothing_is_written_in_dark_blue_on_black() {
        for theme in [Theme::Night, Theme::Signal] {
            let look = Look::from(&Settings { colors: Colors::Sixteen, theme, ..Settings::default() });
            assert!(TEXT.iter().all(|token| look.style(*token).fg != Some(Color::Blue)));
        }
    }
}
