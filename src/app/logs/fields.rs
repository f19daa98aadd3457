//! Lines of programs that log for machines, made readable for people: JSON and logfmt.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Keys under which programs write what they have to say.
const MESSAGES: [&str; 4] = ["msg", "message", "@message", "event"];
/// Keys that repeat what stands in the columns of time and level.
const TOLD: [&str; 12] = [
    "level",
    "lvl",
    "severity",
    "log.level",
    "time",
    "ts",
    "timestamp",
    "@timestamp",
    "@level",
    "levelname",
    "datetime",
    "t",
];

/// A value of a JSON document, in the order in which it came.
enum Value {
    Text(String),
    /// A number, a truth value or null, as JSON writes it.
    Plain(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// What a line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) message: Option<String>,
    /// In the order in which they came; those of nested objects as `outer.inner`.
    pub(super) rest: Vec<(String, String)>,
}

impl Fields {
    /// The fields of a line that has some: without what the columns of time and level say already, if `brief`.
    pub(super) fn of(line: &str, brief: bool) -> Option<Self> {
        let line = line.trim();
        let all = if line.starts_with('{') { json(line)? } else { logfmt(line)? };
        let mut fields = Self::default();
        for (key, value) in all {
            if fields.message.is_none() && MESSAGES.contains(&key.as_str()) {
                fields.message = Some(value);
            } else if !(brief && TOLD.contains(&key.as_str())) {
                fields.rest.push((key, value));
            }
        }
        Some(fields)
    }
}

fn json(line: &str) -> Option<Vec<(String, String)>> {
    let Value::Object(fields) = serde_json::from_str(line).ok()? else { return None };
    let mut flat = Vec::with_capacity(fields.len());
    for (key, value) in fields {
        flatten(key, value, &mut flat);
    }
    Some(flat)
}

fn flatten(key: String, value: Value, flat: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (inner, value) in fields {
                flatten(format!("{key}.{inner}"), value, flat);
            }
        }
        other => flat.push((key, other.to_string())),
    }
}

/// `key=value key="with spaces" …`, from the first word on: prose with an equals sign in it is no logfmt.
fn logfmt(line: &str) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@' | '/');
        if key.is_empty() || !key.chars().all(word) {
            return None;
        }
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            let end = closing_quote(quoted)?;
            (quoted[..end].replace("\\\"", "\"").replace("\\\\", "\\"), &quoted[end + 1..])
        } else {
            let end = after.find(' ').unwrap_or(after.len());
            (after[..end].to_owned(), &after[end..])
        };
        if !after.is_empty() && !after.starts_with(' ') {
            return None;
        }
        fields.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    (fields.len() > 1).then_some(fields)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        if !escaped && c == '"' {
            return Some(at);
        }
        escaped = !escaped && c == '\\';
        None
    })
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Plain(text) => f.write_str(text),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (index, (key, value)) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{key}: {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Plain(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Plain(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Plain(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value);
        Ok(Value::Plain(number.map_or_else(|| value.to_string(), |number| number.to_string())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Plain("null".to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<String> {
        let fields = Fields::of(line, true)?;
        let rest: String = fields.rest.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        Some(format!("{}{rest}", fields.message.unwrap_or_default()))
    }

    #[test]
    fn the_message_comes_first_and_fields_keep_their_order() {
        let line = r#"{"level":"warn","zone":"b","msg":"slow query","table":"orders","ms":842.5,"ok":false,"at":null}"#;
        assert_eq!(read(line).unwrap(), "slow query zone=b table=orders ms=842.5 ok=false at=null");
    }

    #[test]
    fn nested_fields_are_named_by_their_way() {
        let line = r#"{"message":"x","http":{"status":500,"headers":{"a":"b"}},"tags":["x",1],"none":{}}"#;
        assert_eq!(read(line).unwrap(), "x http.status=500 http.headers.a=b tags=[x, 1] none={}");
    }

    #[test]
    fn logfmt_is_read_and_prose_is_left_alone() {
        let line = r#"time=2026-01-02T03:04:05Z level=info msg="cache \"warm\"" entries=412"#;
        assert_eq!(read(line).unwrap(), "cache \"warm\" entries=412");
        for prose in ["GET /a?b=c d=e", "x=1", "if a=b then c=d", "a=\"open b=c", "", "{\"a\":1", "[1]", "{\"a\":1} x"]
        {
            assert_eq!(read(prose), None, "{prose}");
        }
    }

    #[test]
    fn in_whole_nothing_is_left_out() {
        let fields = Fields::of(r#"{"ts":1,"level":"info","msg":"x"}"#, false).unwrap();
        assert_eq!(fields.rest.len(), 2);
    }
}
