//! `pillarbox config`: is the configuration right, and what is it?

use crate::house;
use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use crate::view::View;
use clap::Subcommand;
use serde_json::{Value, json};
use server::{Config, ConfigError};
use std::path::Path;

/// `pillarbox config ...`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Read the configuration and name every mistake, with file and line
    Check,
    /// Show what is set, and where
    Show {
        /// Every key, what it is for, and its default
        #[arg(long)]
        defaults: bool,
    },
}

/// Carries it out.
pub fn run(command: ConfigCommand, file: Option<&Path>, screen: &mut Screen) -> Result<(), Trouble> {
    match command {
        ConfigCommand::Check => check(Config::load(file), screen),
        ConfigCommand::Show { defaults } => {
            let config = house::config(file)?;
            screen.show(&View::text(config.show(defaults), config.to_json()))
        }
    }
}

fn check(read: Result<Config, ConfigError>, screen: &mut Screen) -> Result<(), Trouble> {
    match read {
        Ok(config) => screen.show(&right(&config)),
        Err(error) if screen.form() == Form::Json => {
            screen.line(&json_of(&error))?;
            Err(Trouble::Told(Trouble::from(error).exit_code()))
        }
        Err(error) => Err(error.into()),
    }
}

fn right(config: &Config) -> View {
    let name = match &config.file {
        Some(file) => file.display().to_string(),
        None => "no configuration file, the defaults".to_owned(),
    };
    View::text(format!("{name}: no mistakes\n"), json!({ "file": config.file, "ok": true, "problems": [] }))
}

fn json_of(error: &ConfigError) -> Value {
    let problems: Vec<Value> = error
        .problems
        .iter()
        .map(|problem| json!({ "origin": problem.origin.to_string(), "text": problem.text }))
        .collect();
    json!({ "ok": false, "problems": problems })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_configuration_says_so() {
        let config = Config::parse("hostname = \"mx.hamburger.edu\"\n", "pillarbox.toml").unwrap();
        let view = right(&config);
        assert_eq!(view.human, "pillarbox.toml: no mistakes\n");
        assert_eq!(view.json.to_string(), r#"{"file":"pillarbox.toml","ok":true,"problems":[]}"#);
    }

    #[test]
    fn a_mistake_has_file_line_and_code() {
        let error = Config::parse("hostname = \"mx.hamburger.edu\"\ndomain = []\n", "pillarbox.toml").unwrap_err();
        let json = json_of(&error);
        assert_eq!(json["problems"][0]["origin"], "pillarbox.toml:2");
        let trouble = Trouble::from(error);
        assert_eq!(trouble.exit_code(), 78);
        let message = trouble.message().unwrap();
        assert!(message.contains("pillarbox.toml:2") && message.contains("domains"), "{message}");
    }
}
