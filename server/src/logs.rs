//! Logs on stderr, for people or as JSON. What is logged is decided where it happens; nothing secret is ever given to
//! it: passwords print as `***`.

use crate::config::{LogFormat, Logs};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging. Where somebody has started it already (a test), that stays.
pub(crate) fn start(logs: &Logs) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter(&logs.level)).with_writer(std::io::stderr);
    // Colours are for people at a terminal (the library minds NO_COLOR); a file or journal gets plain text.
    let builder = if std::io::stderr().is_terminal() { builder } else { builder.with_ansi(false) };
    let started = match logs.format {
        LogFormat::Human => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started by somebody else");
    }
}

/// Our level for our own rooms; libraries speak up only when something is wrong.
fn filter(level: &str) -> EnvFilter {
    let ours = ["message", "wire", "store", "office", "net", "server", "lab", "pillarbox"];
    let rooms: Vec<String> = ours.iter().map(|room| format!("{room}={level}")).collect();
    EnvFilter::new(format!("warn,{}", rooms.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_rooms_follow_the_level_and_libraries_only_warn() {
        let text = filter("debug").to_string();
        assert!(text.contains("office=debug") && text.contains("warn"), "{text}");
    }
}
