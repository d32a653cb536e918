//! `pillarbox account logins` and its kin: the ways in to an account besides its password. Making a second factor or a
//! passkey is its owner's; here one sees them, and ends them for who has lost the phone.

use crate::Plan;
use crate::table::{Cell, Table, words};
use crate::units::{self, age, count};
use crate::view::{Look, View};
use clap::Subcommand;
use message::{Address, Time};
use office::admin::{LoginsView, Request};
use office::login::Scope;
use serde_json::{Value, json};
use std::time::Duration;

/// The ways in to an account.
#[derive(Debug, Subcommand)]
#[allow(clippy::enum_variant_names, reason = "the names are those of the sub-commands")]
pub enum Logins {
    /// List the ways in to an account besides its password
    Logins {
        /// Whose
        address: Address,
    },
    /// Passwords for programs
    #[command(subcommand)]
    AppPassword(AppPassword),
    /// Sessions of the webmail
    #[command(subcommand)]
    Sessions(Sessions),
    /// Codes of an authenticator app at login
    #[command(subcommand)]
    SecondFactor(SecondFactor),
    /// Keys that log in without a password
    #[command(subcommand)]
    Passkey(Passkey),
}

/// `pillarbox account app-password ...`
#[derive(Debug, Subcommand)]
pub enum AppPassword {
    /// Make a password for one program, and show it this once
    Add {
        /// Whose
        address: Address,
        /// What to call it, as in "Phone"
        name: String,
        /// What it is good for: all, mail (no sending), read, or send
        #[arg(long, default_value = "all")]
        scope: Scope,
        /// When it ends, as in 30d; it lasts until it is removed otherwise
        #[arg(long, value_name = "TIME", value_parser = age)]
        lasts: Option<Duration>,
    },
    /// Remove one: it opens nothing any more
    Remove {
        /// Whose
        address: Address,
        /// Its number, as `pillarbox account logins` shows it
        id: i64,
    },
}

/// `pillarbox account sessions ...`
#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// End one session, or all of an account
    End {
        /// Whose
        address: Address,
        /// Its number, as `pillarbox account logins` shows it; without one, all
        id: Option<i64>,
    },
}

/// `pillarbox account second-factor ...`
#[derive(Debug, Subcommand)]
pub enum SecondFactor {
    /// Switch it off, for who has lost phone and recovery codes
    Off {
        /// Whose
        address: Address,
    },
}

/// `pillarbox account passkey ...`
#[derive(Debug, Subcommand)]
pub enum Passkey {
    /// Remove one: it opens nothing any more
    Remove {
        /// Whose
        address: Address,
        /// Its number, as `pillarbox account logins` shows it
        id: i64,
    },
}

impl Logins {
    /// What is asked of the post office.
    #[must_use]
    pub fn plan(self) -> Plan {
        match self {
            Logins::Logins { address } => Plan::ask(Request::LoginList { address }),
            Logins::AppPassword(AppPassword::Add { address, name, scope, lasts }) => {
                Plan::ask(Request::AppPasswordAdd { address, name, scope, lasts })
            }
            Logins::AppPassword(AppPassword::Remove { address, id }) => {
                let said = format!("the app password {id} of {address} opens nothing any more");
                Plan::change(Request::AppPasswordRemove { address, id }, said)
            }
            Logins::Sessions(Sessions::End { address, id }) => {
                let said = match id {
                    Some(id) => format!("session {id} of {address} has ended"),
                    None => format!("{address} is logged in at no browser any more"),
                };
                Plan::change(Request::SessionEnd { address, id }, said)
            }
            Logins::SecondFactor(SecondFactor::Off { address }) => {
                let said = format!("{address} is asked for no code any more");
                Plan::change(Request::SecondFactorOff { address }, said)
            }
            Logins::Passkey(Passkey::Remove { address, id }) => {
                let said = format!("the passkey {id} of {address} opens nothing any more");
                Plan::change(Request::PasskeyRemove { address, id }, said)
            }
        }
    }
}

/// A new app password: its text alone on stdout, so that a script can take it.
#[must_use]
pub fn made(id: i64, secret: &str) -> View {
    let note = format!("this is app password {id}; it is shown this once");
    let json = json!({ "id": id, "secret": secret });
    View::text(format!("{secret}\n"), json).with_notes(vec![note])
}

fn moment(time: Option<Time>, none: &str, look: Look) -> Cell {
    match time {
        Some(time) => Cell::new(units::relative(time, look.now), units::exact(time)),
        None => none.into(),
    }
}

/// The ways in.
#[must_use]
pub fn view(logins: &LoginsView, look: Look) -> View {
    let columns = ["KIND", "ID", "WHAT", "CREATED", "LAST USED", "ENDS"].map(words);
    let mut table = Table::new(&columns);
    for app in &logins.app_passwords {
        let what = format!("{} ({})", app.name, app.scope);
        table.row([
            "app password".into(),
            app.id.to_string().as_str().into(),
            what.as_str().into(),
            moment(Some(app.created), "-", look),
            moment(app.last_used, "never", look),
            moment(app.expires, "-", look),
        ]);
    }
    for passkey in &logins.passkeys {
        table.row([
            "passkey".into(),
            passkey.id.to_string().as_str().into(),
            passkey.name.as_str().into(),
            moment(Some(passkey.created), "-", look),
            moment(passkey.last_used, "never", look),
            "-".into(),
        ]);
    }
    for session in &logins.sessions {
        let what = format!("{} from {}", session.client, session.from);
        table.row([
            "session".into(),
            session.id.to_string().as_str().into(),
            what.as_str().into(),
            moment(Some(session.created), "-", look),
            moment(Some(session.last_seen), "-", look),
            moment(Some(session.expires), "-", look),
        ]);
    }
    let factor = match logins.second_factor {
        true => {
            let left = count(u64::from(logins.recovery_codes), "recovery code");
            format!("codes are asked for at login; {left} left")
        }
        false => "no code is asked for at login".to_owned(),
    };
    View::table(&table, json_of(logins), look).with_notes(vec![factor])
}

fn json_of(logins: &LoginsView) -> Value {
    let exact = |time: Option<Time>| time.map(units::exact);
    let apps: Vec<Value> = logins
        .app_passwords
        .iter()
        .map(|app| {
            json!({
                "id": app.id, "name": app.name, "scope": app.scope, "created": exact(Some(app.created)),
                "expires": exact(app.expires), "last_used": exact(app.last_used),
            })
        })
        .collect();
    let passkeys: Vec<Value> = logins
        .passkeys
        .iter()
        .map(|key| {
            let (created, last_used) = (exact(Some(key.created)), exact(key.last_used));
            json!({ "id": key.id, "name": key.name, "created": created, "last_used": last_used })
        })
        .collect();
    let sessions: Vec<Value> = logins
        .sessions
        .iter()
        .map(|session| {
            json!({
                "id": session.id, "client": session.client, "from": session.from,
                "created": exact(Some(session.created)), "last_seen": exact(Some(session.last_seen)),
                "expires": exact(Some(session.expires)),
            })
        })
        .collect();
    json!({
        "address": logins.address,
        "second_factor": logins.second_factor,
        "recovery_codes": logins.recovery_codes,
        "app_passwords": apps,
        "passkeys": passkeys,
        "sessions": sessions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use office::admin::SessionLine;
    use office::login::AppPasswordView;

    const LOOK: Look = Look { now: Time(1_081_298_274_000), colour: false };

    fn logins() -> LoginsView {
        let before = Time(LOOK.now.0 - 7_200_000);
        LoginsView {
            address: "bob@hamburger.edu".parse().unwrap(),
            second_factor: true,
            recovery_codes: 9,
            app_passwords: vec![AppPasswordView {
                id: 3,
                name: "Phone".to_owned(),
                scope: Scope::Mail,
                created: before,
                expires: None,
                last_used: None,
            }],
            sessions: vec![SessionLine {
                id: 4,
                client: "Firefox".to_owned(),
                from: "192.0.2.1".to_owned(),
                created: before,
                last_seen: before,
                expires: before,
            }],
            passkeys: Vec::new(),
        }
    }

    #[test]
    fn ways_in_are_listed() {
        let view = view(&logins(), LOOK);
        let human = "\
KIND          ID  WHAT                    CREATED  LAST USED  ENDS
app password  3   Phone (mail)            2 h ago  never      -
session       4   Firefox from 192.0.2.1  2 h ago  2 h ago    2 h ago
";
        assert_eq!(view.human, human);
        assert_eq!(view.notes, ["codes are asked for at login; 9 recovery codes left"]);
        assert_eq!(view.json["app_passwords"][0]["scope"], "mail");
        assert_eq!(view.json["sessions"][0]["created"], "2004-04-06T22:37:54.000Z");
    }

    #[test]
    fn a_new_password_stands_alone_on_stdout() {
        let view = made(3, "abcd-efgh");
        assert_eq!((view.human.as_str(), view.plain.as_str()), ("abcd-efgh\n", "abcd-efgh\n"));
        assert_eq!(view.json["secret"], "abcd-efgh");
    }
}
