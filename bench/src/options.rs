//! Options of the form `--name value`.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::str::FromStr;

/// What was given, by name.
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// Reads pairs of a name and a value.
    pub fn parse(words: &[String]) -> Result<Options> {
        let mut given = BTreeMap::new();
        for pair in words.chunks(2) {
            let [name, value] = pair else { bail!("{} has no value", pair.concat()) };
            let name = name.strip_prefix("--").with_context(|| format!("{name} is no option"))?;
            given.insert(name.to_owned(), value.clone());
        }
        Ok(Options(given))
    }

    /// The value of an option, or `default`.
    pub fn get<T: FromStr>(&self, name: &str, default: T) -> Result<T> {
        match self.0.get(name) {
            Some(value) => value.parse().ok().with_context(|| format!("--{name} {value} is not understood")),
            None => Ok(default),
        }
    }

    /// The value of an option that has no default.
    pub fn must(&self, name: &str) -> Result<String> {
        self.0.get(name).cloned().with_context(|| format!("--{name} is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn pairs_are_read_and_the_rest_refused() {
        let options = parse("--size 10 --user bob").unwrap();
        assert_eq!(options.get("size", 0).unwrap(), 10);
        assert_eq!(options.get("other", 7).unwrap(), 7);
        assert_eq!(options.must("user").unwrap(), "bob");
        assert!(options.get::<u32>("user", 0).is_err());
        assert!(options.must("password").is_err());
        assert!(parse("--size").is_err());
        assert!(parse("size 10").is_err());
    }
}
