//! How serious a line says that it is.

/// Fields that hold a level.
const KEYS: [&str; 7] = ["\"level\":", "\"severity\":", "\"lvl\":", "\"log.level\":", "level=", "severity=", "lvl="];

/// Levels as people write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    /// Five columns wide.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN ",
            Self::Info => "INFO ",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }

    /// The level whose word a text begins with as it is drawn, and what follows it.
    pub(super) fn drawn_before(text: &str) -> Option<(Self, &str)> {
        let all = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];
        all.into_iter().find_map(|level| {
            let rest = text.strip_prefix(level.word().trim_end())?;
            (rest.is_empty() || rest.starts_with(' ')).then(|| (level, rest.trim_start()))
        })
    }

    /// The level that a line names: a field of that name first, else klog's first letter, else a word near its beginning.
    pub fn of(text: &str) -> Option<Self> {
        Self::of_field(text).or_else(|| Self::of_klog(text)).or_else(|| Self::of_word(text))
    }

    fn of_field(text: &str) -> Option<Self> {
        let head = head(text, 400);
        let value = KEYS.iter().find_map(|key| {
            let at = head.find(key)?;
            Some(head[at + key.len()..].trim_start_matches([' ', '"']))
        })?;
        let end = value.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(value.len());
        match value[..end].parse::<u32>() {
            // pino and bunyan: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
            Ok(number) => match number {
                10..=19 => Some(Self::Trace),
                20..=29 => Some(Self::Debug),
                30..=39 => Some(Self::Info),
                40..=49 => Some(Self::Warn),
                50..=60 => Some(Self::Error),
                _ => None,
            },
            Err(_) => Self::named(&value[..end]),
        }
    }

    /// `E0102 15:04:05.000000 …`.
    fn of_klog(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_date = bytes.get(1..5)?.iter().all(u8::is_ascii_digit) && bytes.get(5) == Some(&b' ');
        match bytes.first().filter(|_| is_date)? {
            b'E' | b'F' => Some(Self::Error),
            b'W' => Some(Self::Warn),
            b'I' => Some(Self::Info),
            _ => None,
        }
    }

    /// Small letters are common words of a sentence, so they count only at its beginning, in brackets or before a colon.
    fn of_word(text: &str) -> Option<Self> {
        let head = head(text, 80);
        let words = head.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1);
        words.take(12).enumerate().find_map(|(index, word)| {
            let after = word.as_ptr() as usize - head.as_ptr() as usize + word.len();
            let set_off = head[after..].starts_with([']', ':', '|']);
            let loud = word.bytes().all(|byte| byte.is_ascii_uppercase());
            Self::named(word).filter(|_| index == 0 || set_off || loud)
        })
    }

    fn named(word: &str) -> Option<Self> {
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
        if is(&["error", "err", "fatal", "panic", "critical"]) {
            Some(Self::Error)
        } else if is(&["warn", "warning"]) {
            Some(Self::Warn)
        } else if is(&["info", "notice"]) {
            Some(Self::Info)
        } else if is(&["debug"]) {
            Some(Self::Debug)
        } else if is(&["trace"]) {
            Some(Self::Trace)
        } else {
            None
        }
    }
}

/// The beginning of a text, in characters.
fn head(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_where_people_write_them() {
        assert_eq!(Level::of("2026-11-23T10:00:00Z ERROR cannot reach"), Some(Level::Error));
        assert_eq!(Level::of("{\"level\":\"warn\",\"msg\":\"x\"}"), Some(Level::Warn));
        assert_eq!(Level::of("level=info msg=x"), Some(Level::Info));
        assert_eq!(Level::of("{\"msg\":\"no error\",\"level\":30}"), Some(Level::Info));
        assert_eq!(Level::of("E0102 15:04:05.000000 1 main.go:3] x"), Some(Level::Error));
        assert_eq!(Level::of("2026/11/23 [warn] slow"), Some(Level::Warn));
        assert_eq!(Level::of("GET /what/error 200"), None);
        assert_eq!(Level::of("   2: checkout::boot"), None);
    }
}
