//! Typed reading of configuration values: every conversion says what is wrong and where, and reading goes on, so that
//! all mistakes of a file are told at once.

use super::keys::{KEYS, LISTENERS_TO_COME, ROUTE, ROUTE_KEYS, ROUTE_KEYS_NEEDED, nearest};
use super::units;
use super::value::{Located, Origin, Problem, Text, Value, Values, default_value};
use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;
use toml::de::{DeTable, DeValue};

/// What a file says, key by key, defaults filled in, and what is wrong with it.
pub(super) struct Reader {
    values: Values,
    /// Each `[[route]]`: its keys and values.
    pub(super) routes: Vec<Values>,
    /// The file has a `[listen]` table.
    pub(super) has_listen: bool,
    problems: Vec<Problem>,
}

impl Reader {
    /// Takes a text apart; what is not understood becomes a problem.
    pub(super) fn new(text: &Text<'_>) -> Reader {
        let mut reader = Reader { values: Values::new(), routes: Vec::new(), has_listen: false, problems: Vec::new() };
        match text.parse() {
            Ok(table) => reader.top(text, &table),
            Err(problem) => reader.problems.push(problem),
        }
        for key in KEYS {
            if let Some(default) = default_value(key.default) {
                reader.values.entry(key.path()).or_insert(default);
            }
        }
        reader
    }

    fn top(&mut self, text: &Text<'_>, table: &DeTable<'_>) {
        let sections: BTreeSet<&str> = KEYS.iter().map(|key| key.section).filter(|name| !name.is_empty()).collect();
        for (name, value) in table {
            match value.get_ref() {
                DeValue::Table(inner) if sections.contains(name.get_ref().as_ref()) => {
                    self.has_listen |= name.get_ref() == "listen";
                    self.section(text, name.get_ref(), inner);
                }
                DeValue::Array(routes) if name.get_ref() == ROUTE => {
                    for route in routes.iter() {
                        self.route(text, route.span(), route.get_ref());
                    }
                }
                DeValue::Table(_) => {
                    let near = nearest(name.get_ref(), sections.iter().copied());
                    self.unknown(text.problem(name.span(), format!("unknown table [{}]", name.get_ref())), near);
                }
                plain => self.entry(text, ("", name), (value.span(), plain)),
            }
        }
    }

    fn section(&mut self, text: &Text<'_>, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            self.entry(text, (section, name), (value.span(), value.get_ref()));
        }
    }

    fn entry(
        &mut self,
        text: &Text<'_>,
        (section, name): (&str, &toml::Spanned<std::borrow::Cow<'_, str>>),
        (span, value): (std::ops::Range<usize>, &DeValue<'_>),
    ) {
        let Some(key) = KEYS.iter().find(|key| key.section == section && key.name == name.get_ref()) else {
            let near = nearest(name.get_ref(), KEYS.iter().filter(|key| key.section == section).map(|key| key.name));
            let place = if section.is_empty() { String::new() } else { format!(" in [{section}]") };
            return self.unknown(text.problem(name.span(), format!("unknown key `{}`{place}", name.get_ref())), near);
        };
        if section == "listen" && LISTENERS_TO_COME.contains(&key.name) {
            return self.problems.push(text.problem(name.span(), format!("`{}` is not in this version", key.name)));
        }
        match text.locate(span.clone(), value) {
            Some(located) => drop(self.values.insert(key.path(), located)),
            None => self.problems.push(text.problem(span, format!("`{}` cannot be {}", key.name, value.type_str()))),
        }
    }

    fn route(&mut self, text: &Text<'_>, span: std::ops::Range<usize>, route: &DeValue<'_>) {
        let Some(table) = route.as_table() else {
            return self.problems.push(text.problem(span, "a route is a table: [[route]]"));
        };
        let mut values = Values::new();
        for (name, value) in table {
            match text.locate(value.span(), value.get_ref()) {
                Some(located) if ROUTE_KEYS.iter().any(|(key, _)| key == name.get_ref()) => {
                    values.insert(name.get_ref().to_string(), located);
                }
                _ => {
                    let near = nearest(name.get_ref(), ROUTE_KEYS.iter().map(|(key, _)| *key));
                    let problem = format!("unknown key `{}` in [[route]]", name.get_ref());
                    self.unknown(text.problem(name.span(), problem), near);
                }
            }
        }
        for key in ROUTE_KEYS_NEEDED {
            if !values.contains_key(key) {
                self.problems.push(text.problem(span.clone(), format!("this route has no `{key}`")));
            }
        }
        self.routes.push(values);
    }

    fn unknown(&mut self, mut problem: Problem, near: Option<&str>) {
        if let Some(near) = near {
            problem.text.push_str(&format!("; did you mean `{near}`?"));
        }
        self.problems.push(problem);
    }

    /// Notes a problem found by somebody else.
    pub(super) fn complain(&mut self, origin: Origin, text: impl Into<String>) {
        self.problems.push(Problem { origin, text: text.into() });
    }

    /// All values, and all problems in the order of their lines.
    pub(super) fn finish(mut self) -> (Values, Vec<Problem>) {
        self.problems.sort_by_key(|problem| match &problem.origin {
            Origin::Default => (0, 0),
            Origin::File(place) => (place.line, place.column),
        });
        (self.values, self.problems)
    }

    /// Sets what has no fixed default, where the file does not say it.
    pub(super) fn supply(&mut self, path: &str, value: Value) {
        self.values.entry(path.to_owned()).or_insert(Located { value, origin: Origin::Default });
    }

    /// Where a key's value comes from.
    pub(super) fn origin(&self, path: &str) -> Origin {
        self.values.get(path).map_or(Origin::Default, |located| located.origin.clone())
    }

    /// A string; `None` when absent or empty.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        let located = self.values.get(path)?.clone();
        match located.value {
            Value::Text(text) if text.is_empty() => None,
            Value::Text(text) => Some(text),
            other => self.wrong_kind(path, &other, "a string", located.origin),
        }
    }

    /// A string that reads as `T`.
    pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(&mut self, path: &str) -> Option<T> {
        let text = self.text(path)?;
        let origin = self.origin(path);
        self.parse(&text, origin)
    }

    /// A value already at hand that reads as `T`.
    pub(super) fn located<T: FromStr<Err: std::fmt::Display>>(&mut self, located: &Located) -> Option<T> {
        match &located.value {
            Value::Text(text) => self.parse(text, located.origin.clone()),
            other => self.wrong_kind("route", other, "a string", located.origin.clone()),
        }
    }

    /// A list of strings that each read as `T`, with their origins.
    pub(super) fn list<T: FromStr<Err: std::fmt::Display>>(&mut self, path: &str) -> Vec<(T, Origin)> {
        let Some(located) = self.values.get(path).cloned() else { return Vec::new() };
        let Value::List(items) = located.value else {
            self.wrong_kind::<()>(path, &located.value, "a list of strings", located.origin);
            return Vec::new();
        };
        let read = items.into_iter().filter_map(|item| match item.value {
            Value::Text(text) => Some((self.parse(&text, item.origin.clone())?, item.origin)),
            other => self.wrong_kind(path, &other, "a list of strings", item.origin),
        });
        read.collect()
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, path: &str) -> Option<bool> {
        let located = self.values.get(path)?.clone();
        match located.value {
            Value::Flag(flag) => Some(flag),
            other => self.wrong_kind(path, &other, "true or false", located.origin),
        }
    }

    /// A whole number of at least 1.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, path: &str) -> Option<T> {
        let located = self.values.get(path)?.clone();
        self.number_of(path, located)
    }

    /// The same of a value already at hand.
    pub(super) fn number_of<T: TryFrom<i64>>(&mut self, path: &str, located: Located) -> Option<T> {
        let Value::Number(number) = located.value else {
            return self.wrong_kind(path, &located.value, "a number", located.origin);
        };
        let fits = (number > 0).then(|| T::try_from(number).ok()).flatten();
        if fits.is_none() {
            self.complain(located.origin, format!("`{path}` cannot be {number}"));
        }
        fits
    }

    /// Octets.
    pub(super) fn size(&mut self, path: &str) -> Option<u64> {
        let located = self.values.get(path)?.clone();
        self.with_unit(located, units::size, units::SIZE_FORM)
    }

    /// A time.
    pub(super) fn duration(&mut self, path: &str) -> Option<Duration> {
        let located = self.values.get(path)?.clone();
        self.duration_of(located)
    }

    /// The same of a value already at hand.
    pub(super) fn duration_of(&mut self, located: Located) -> Option<Duration> {
        self.with_unit(located, units::duration, units::DURATION_FORM)
    }

    /// A time that is more than none: the next thing comes after it, and without it at once and for ever.
    pub(super) fn pause(&mut self, path: &str) -> Option<Duration> {
        let located = self.values.get(path)?.clone();
        self.pause_of(path, located)
    }

    /// The same of a value already at hand.
    pub(super) fn pause_of(&mut self, path: &str, located: Located) -> Option<Duration> {
        let origin = located.origin.clone();
        let pause = self.duration_of(located)?;
        if pause.is_zero() {
            self.complain(origin, format!("`{path}` cannot be 0"));
        }
        Some(pause)
    }

    fn with_unit<T>(&mut self, located: Located, read: fn(&str) -> Option<T>, form: &str) -> Option<T> {
        let read = match &located.value {
            Value::Text(text) => read(text),
            _ => None,
        };
        if read.is_none() {
            self.complain(located.origin, form);
        }
        read
    }

    fn parse<T: FromStr<Err: std::fmt::Display>>(&mut self, text: &str, origin: Origin) -> Option<T> {
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.complain(origin, format!("\"{text}\": {error}"));
                None
            }
        }
    }

    fn wrong_kind<T>(&mut self, path: &str, value: &Value, wanted: &str, origin: Origin) -> Option<T> {
        self.complain(origin, format!("`{path}` must be {wanted}, not {}", value.kind()));
        None
    }
}
