//! `pillarbox biff`: shows on this terminal what comes for a user: that new mail is there, and messages that others send
//! to the screen (SEND, SOML, SAML of RFC 821). Owns how they look; all of them are from strangers.

use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use crate::units::harmless;
use clap::Args;
use nix::unistd::{User, getuid};
use office::admin::FailureKind;
use office::screens::Notice;
use serde_json::json;
use server::Config;
use server::screens::{Said, Watch};
use std::io;

/// Lines of one message; the rest is in nobody's way.
const LINES_MAX: usize = 40;

/// Characters of one line: they fit a terminal of 80 columns.
const COLUMNS_MAX: usize = 76;

/// `pillarbox biff`
#[derive(Args, Debug)]
pub struct Biff {
    /// Whose mail: an address, or a name in the first domain; your own login name if missing
    #[arg(value_name = "USER")]
    user: Option<String>,
}

/// Shows notices until the server goes, or somebody types Ctrl-C.
pub fn run(biff: Biff, config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    let user = match biff.user.or_else(|| User::from_uid(getuid()).ok().flatten().map(|user| user.name)) {
        Some(user) => user,
        None => return Err(Trouble::new(FailureKind::Usage, "say whose mail it is: pillarbox biff USER")),
    };
    let Some(mut watch) = Watch::connect(&config.data_dir).map_err(lost)? else {
        return Err(Trouble::new(FailureKind::Unavailable, "no server runs here: `pillarbox serve` starts one"));
    };
    watch.say(&user.replace(['\r', '\n'], " ")).map_err(lost)?;
    while let Some(said) = watch.hear().map_err(lost)? {
        match said {
            Said::Watching(address) => screen.note(&format!("watching for {address}; Ctrl-C ends it")),
            Said::Failed(failure) => return Err(failure.into()),
            Said::Notice(notice) => {
                show(&notice, screen)?;
                watch.say("").map_err(lost)?;
            }
        }
    }
    Err(Trouble::new(FailureKind::Unavailable, "the server has gone"))
}

fn lost(error: io::Error) -> Trouble {
    Trouble::new(FailureKind::Unavailable, format!("the server does not answer: {error}"))
}

fn show(notice: &Notice, screen: &mut Screen) -> Result<(), Trouble> {
    match screen.form() {
        Form::Json => screen.line(&json!({ "from": notice.from, "to": notice.to, "text": notice.text })),
        Form::Human | Form::Plain => screen.text(&told(notice)),
    }
}

/// As it appears.
fn told(notice: &Notice) -> String {
    let (from, to) = (short(&notice.from), short(&notice.to));
    let from = if from.is_empty() { "the mail system".to_owned() } else { from };
    let Some(text) = &notice.text else { return format!("new mail for {to} from {from}\n") };
    let mut lines = text.trim_end().lines();
    let shown: String = lines.by_ref().take(LINES_MAX).map(|line| format!("  {}\n", short(line))).collect();
    let left = lines.count();
    let more = if left > 0 { format!("  ... and {left} more lines\n") } else { String::new() };
    format!("message for {to} from {from}:\n{shown}{more}")
}

/// One line, without what a terminal would obey, and not too long.
fn short(line: &str) -> String {
    let clean = harmless(line);
    match clean.char_indices().nth(COLUMNS_MAX) {
        Some((end, _)) => format!("{}...", clean.get(..end).unwrap_or_default()),
        None => clean.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        told(&Notice { from: "a@b.example".into(), to: "bob@hamburger.edu".into(), text: Some(text.into()) })
    }

    #[test]
    fn mail_is_one_line() {
        let notice = Notice { from: String::new(), to: "bob@hamburger.edu".to_owned(), text: None };
        assert_eq!(told(&notice), "new mail for bob@hamburger.edu from the mail system\n");
    }

    #[test]
    fn a_message_cannot_command_the_terminal() {
        let text = "ketchup\u{1b}]0;owned\u{7}\n\u{9b}2J";
        let head = "message for bob@hamburger.edu from a@b.example:\n";
        assert_eq!(message(text), format!("{head}  ketchup\\u{{1b}}]0;owned\\u{{7}}\n  \\u{{9b}}2J\n"));
    }

    #[test]
    fn a_message_fits_the_screen() {
        let lines = |count: usize| message(&"x\n".repeat(count)).lines().count() - 1;
        assert_eq!((lines(LINES_MAX), lines(LINES_MAX + 1)), (LINES_MAX, LINES_MAX + 1), "one line says how many more");
        assert!(message(&"x\n".repeat(LINES_MAX + 1)).ends_with("  ... and 1 more lines\n"));
        assert!(message(&"x".repeat(COLUMNS_MAX)).ends_with("xx\n"));
        assert!(message(&"ü".repeat(COLUMNS_MAX + 1)).ends_with("üü...\n"));
    }
}
