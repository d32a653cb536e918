//! Values of the configuration with the place they come from: what was read from a file, or the default.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file.
    File(Place),
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As the file was named.
    pub file: String,
    /// From 1; 0 for the file as a whole.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// A value as TOML has it, as far as we use it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer.
    Number(i64),
    /// A boolean.
    Flag(bool),
    /// An array, each element with its place.
    List(Vec<Located>),
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

impl serde::Serialize for Located {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// Something wrong in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What, and what to do.
    pub text: String,
}

/// A file's text, for turning offsets into lines and columns.
pub(super) struct Text<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Text<'_> {
    /// The place where a span begins.
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Place { file: self.name.to_owned(), line, column }
    }

    pub(super) fn problem(&self, span: Range<usize>, text: impl Into<String>) -> Problem {
        Problem { origin: Origin::File(self.place(span)), text: text.into() }
    }

    /// Reads the whole text as TOML and hands the top table on.
    pub(super) fn parse(&self) -> Result<DeTable<'_>, Problem> {
        match DeTable::parse(self.text) {
            Ok(table) => Ok(table.into_inner()),
            Err(error) => Err(self.problem(error.span().unwrap_or(0..0), error.message().trim_end())),
        }
    }

    /// A value and its place; `None` for kinds no key has.
    pub(super) fn locate(&self, span: Range<usize>, value: &DeValue<'_>) -> Option<Located> {
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => Value::Number(i64::from_str_radix(number.as_str(), number.radix()).ok()?),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Array(items) => {
                let items = items.iter().map(|item| self.locate(item.span(), item.get_ref()));
                Value::List(items.collect::<Option<Vec<Located>>>()?)
            }
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => return None,
        };
        Some(Located { value, origin: Origin::File(self.place(span)) })
    }
}

/// The default of a key, from its TOML in the table; `None` where there is none.
pub(super) fn default_value(toml: &str) -> Option<Located> {
    let source = format!("default = {toml}");
    let text = Text { name: "", text: &source };
    let table = text.parse().ok()?;
    let (_, value) = table.iter().next()?;
    let located = text.locate(value.span(), value.get_ref())?;
    Some(Located { origin: Origin::Default, ..located })
}

/// Effective values by path (`limits.message_size`).
pub(super) type Values = BTreeMap<String, Located>;

impl Value {
    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a string",
            Value::Number(_) => "a number",
            Value::Flag(_) => "true or false",
            Value::List(_) => "a list",
        }
    }
}

impl fmt::Display for Value {
    /// As TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => toml::Value::String(text.clone()).fmt(f),
            Value::Number(number) => number.fmt(f),
            Value::Flag(flag) => flag.fmt(f),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| item.value.to_string()).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { f.write_str(&self.file) } else { write!(f, "{}:{}", self.file, self.line) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(place) => place.fmt(f),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::File(place) if place.line > 0 => write!(f, "{place}:{}: {}", place.column, self.text),
            Origin::File(place) => write!(f, "{place}: {}", self.text),
            Origin::Default => f.write_str(&self.text),
        }
    }
}
