//! Everything that is asked of the `server` crate: the configuration, requests to the post office, running, checks.

use crate::screen::Screen;
use crate::trouble::Trouble;
use office::admin::{Request, Response};
use server::{Check, Config};
use std::path::Path;

/// The configuration: of the file that was named, or found, or the defaults.
pub fn config(file: Option<&Path>) -> Result<Config, Trouble> {
    Ok(Config::load(file)?)
}

/// Which configuration it is, in words.
pub fn which(config: &Config) -> String {
    match &config.file {
        Some(file) => format!("configuration: {}, data: {}", file.display(), config.data_dir.display()),
        None => format!("no configuration file: defaults, data: {}", config.data_dir.display()),
    }
}

/// Has the post office carry out a request, through the running server or without one.
pub fn administer(config: &Config, request: Request) -> Result<Response, Trouble> {
    Ok(server::administer(config, request)?)
}

/// Whether a server runs on this configuration's data.
pub fn is_running(config: &Config) -> bool {
    server::control::ask(&server::control::path(&config.data_dir), &Request::Status).is_some()
}

/// Runs the server until it is told to stop.
pub fn serve(file: Option<&Path>, screen: &Screen) -> Result<(), Trouble> {
    let mut config = config(file)?;
    if let Some(level) = level(screen.loudness()) {
        level.clone_into(&mut config.logs.level);
    }
    Ok(server::serve(config)?)
}

/// The log level that `-q`, `-v` or `-vv` ask for; `None`: that of the configuration.
fn level(loudness: i16) -> Option<&'static str> {
    match loudness {
        ..0 => Some("warn"),
        0 => None,
        1 => Some("debug"),
        2.. => Some("trace"),
    }
}

/// What would keep the server from working.
pub fn checks(config: &Config) -> Vec<Check> {
    server::doctor(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loudness_is_a_log_level() {
        assert_eq!([-1, 0, 1, 2, 9].map(level), [Some("warn"), None, Some("debug"), Some("trace"), Some("trace")]);
    }
}
