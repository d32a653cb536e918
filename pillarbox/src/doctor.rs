//! `pillarbox doctor`: what would keep the server from working, and what to do about it.

use crate::house;
use crate::screen::Screen;
use crate::table::{Table, words};
use crate::trouble::{Trouble, UNAVAILABLE};
use crate::view::{Look, View};
use serde_json::json;
use server::Check;
use server::doctor::State;
use std::path::Path;

/// Carries it out.
pub fn run(file: Option<&Path>, screen: &mut Screen) -> Result<(), Trouble> {
    let config = house::config(file)?;
    screen.remark(&house::which(&config));
    let (view, code) = view(&house::checks(&config), screen.look());
    screen.show(&view)?;
    if code == 0 { Ok(()) } else { Err(Trouble::Told(code)) }
}

/// The checks, and the code to end with: warnings are no failure.
fn view(checks: &[Check], look: Look) -> (View, u8) {
    let mut plain = Table::new(&[words("CHECK"), words("STATE"), words("FOUND"), words("ADVICE")]);
    for Check { name, state, text, advice } in checks {
        plain.row([name.into(), word(*state).into(), text.into(), advice.into()]);
    }
    let failed = count(checks, State::Failed);
    let verdict = match (failed, count(checks, State::Warning)) {
        (0, 0) => "all is well".to_owned(),
        (0, warnings) => format!("it works; {}", crate::units::count(warnings, "warning")),
        (failed, _) => format!("{} to mend", crate::units::count(failed, "thing")),
    };
    let view = View {
        human: format!("{}{verdict}\n", told(checks, look)),
        plain: plain.plain(),
        json: json!({ "ok": failed == 0, "checks": checks }),
        notes: Vec::new(),
    };
    (view, if failed == 0 { 0 } else { UNAVAILABLE })
}

fn count(checks: &[Check], state: State) -> u64 {
    checks.iter().filter(|check| check.state == state).count() as u64
}

fn word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Warning => "warning",
        State::Failed => "failed",
    }
}

/// One check a line; what to do about it on the line below.
fn told(checks: &[Check], look: Look) -> String {
    let mut table = Table::new(&[words(""), words(""), words("")]);
    for Check { name, state, text, .. } in checks {
        table.row([word(*state).into(), name.into(), text.into()]);
    }
    let mut told = String::new();
    for (line, check) in table.human(false).lines().zip(checks) {
        told.push_str(&painted(line, check.state, look));
        told.push('\n');
        if !check.advice.is_empty() {
            told.push_str(&format!("         -> {}\n", crate::units::harmless(&check.advice)));
        }
    }
    told
}

fn painted(line: &str, state: State, look: Look) -> String {
    let colour = match state {
        State::Ok => return line.to_owned(),
        _ if !look.colour => return line.to_owned(),
        State::Warning => 33,
        State::Failed => 31,
    };
    format!("\x1b[{colour}m{line}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Time;

    fn check(name: &str, state: State, text: &str, advice: &str) -> Check {
        Check { name: name.into(), state, text: text.into(), advice: advice.into() }
    }

    #[test]
    fn checks_come_with_advice() {
        let checks = [
            check("port smtp [::]:25", State::Failed, "address in use", "another program has it"),
            check("disk", State::Ok, "9000 MiB free", ""),
        ];
        let (shown, code) = view(&checks, Look { now: Time(0), colour: false });
        let human = "\
failed  port smtp [::]:25  address in use
         -> another program has it
ok      disk               9000 MiB free
1 thing to mend
";
        assert_eq!((shown.human.as_str(), code), (human, 69));
        assert_eq!(
            shown.plain,
            "port smtp [::]:25\tfailed\taddress in use\tanother program has it\ndisk\tok\t9000 MiB free\t\n"
        );
        assert_eq!(
            shown.json["checks"][1].to_string(),
            r#"{"advice":"","name":"disk","state":"ok","text":"9000 MiB free"}"#
        );
        let (coloured, _) = view(&checks, Look { now: Time(0), colour: true });
        assert!(coloured.human.starts_with("\x1b[31mfailed"));
    }

    #[test]
    fn warnings_are_no_failure() {
        let (shown, code) = view(&[check("clock", State::Warning, "x", "")], Look { now: Time(0), colour: false });
        assert!(shown.human.ends_with("it works; 1 warning\n") && code == 0 && shown.json["ok"] == true);
        let (shown, _) = view(&[check("clock", State::Ok, "x", "")], Look { now: Time(0), colour: false });
        assert!(shown.human.ends_with("all is well\n"));
    }
}
