//! Showing the configuration: as TOML with the origin of every value, as JSON, and the reference for the documents.

use super::Config;
use super::keys::{KEYS, Key, ROUTE, ROUTE_KEYS};
use super::value::{Located, Origin};
use serde_json::{Map, Value as Json, json};

impl Config {
    /// The configuration as TOML, the origin of each value behind it. With `defaults` every key and what it is for,
    /// otherwise only what is not the default.
    #[must_use]
    pub fn show(&self, defaults: bool) -> String {
        let mut text = String::new();
        let mut section = "";
        for key in KEYS {
            let value = self.values.get(&key.path());
            if !defaults && value.is_none_or(|located| located.origin == Origin::Default) {
                continue;
            }
            if key.section != section {
                section = key.section;
                text.push_str(&format!("\n[{section}]\n"));
            }
            if defaults {
                text.push_str(&format!("# {}\n", key.about));
            }
            text.push_str(&line(key, value));
        }
        for route in &self.route_values {
            text.push_str(&format!("\n[[{ROUTE}]]\n"));
            for (name, located) in route {
                text.push_str(&format!("{name} = {}  # {}\n", located.value, located.origin));
            }
        }
        text.trim_start().to_owned()
    }

    /// Every key with its value (`null`: not set) and origin.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let entry = |located: Option<&Located>| match located {
            Some(located) => json!({ "value": located.value, "origin": located.origin.to_string() }),
            None => json!({ "value": null, "origin": "default" }),
        };
        let mut keys: Map<String, Json> =
            KEYS.iter().map(|key| (key.path(), entry(self.values.get(&key.path())))).collect();
        let routes = self.route_values.iter().map(|route| {
            let route: Map<String, Json> =
                route.iter().map(|(name, value)| (name.clone(), entry(Some(value)))).collect();
            Json::Object(route)
        });
        keys.insert(ROUTE.to_owned(), routes.collect());
        json!({ "file": self.file, "keys": keys })
    }
}

fn line(key: &Key, value: Option<&Located>) -> String {
    match value {
        Some(located) => format!("{} = {}  # {}\n", key.name, located.value, located.origin),
        None => format!("# {} is not set\n", key.name),
    }
}

/// The table of keys as Markdown, for docs/configuration.md.
#[must_use]
pub fn reference() -> String {
    let mut text = String::new();
    let mut section = None;
    for key in KEYS {
        if section != Some(key.section) {
            section = Some(key.section);
            let title = if key.section.is_empty() { "At the top".to_owned() } else { format!("`[{}]`", key.section) };
            text.push_str(&format!("\n## {title}\n\n| key | default | what it is |\n|---|---|---|\n"));
        }
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        text.push_str(&format!("| `{}` | {default} | {} |\n", key.name, key.about));
    }
    text.push_str(&format!("\n## `[[{ROUTE}]]`\n\n| key | what it is |\n|---|---|\n"));
    for (name, about) in ROUTE_KEYS {
        text.push_str(&format!("| `{name}` | {about} |\n"));
    }
    text
}
