//! `pillarbox account`: who has a mailbox here. Passwords are typed or come on stdin; they never stand in a command.

use crate::Plan;
use crate::logins::Logins;
use crate::password;
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, words};
use crate::trouble::Trouble;
use crate::units::{self, Quota, count, octets, quota};
use crate::view::{Look, View};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};
use message::{Address, Domain};
use office::admin::{AccountView, Request};
use serde_json::{Value, json};
use store::types::PopDelete;

/// `pillarbox account ...`
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Add an account, and ask for its password
    Add {
        /// The address, which is also the name to log in with
        address: Address,
        /// Read the password from stdin, one line
        #[arg(long)]
        password_stdin: bool,
        /// How much the mailbox may hold, as in "10 GiB", or none
        #[arg(long, value_name = "SIZE", value_parser = quota)]
        quota: Option<Quota>,
    },
    /// Give an account another password
    SetPassword {
        /// Whose
        address: Address,
        /// Read the password from stdin, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change what an account may do
    Set(Change),
    /// Remove an account and all its mail, for good
    Remove {
        /// Which
        address: Address,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// List the accounts
    List {
        /// Of this domain only
        domain: Option<Domain>,
    },
    /// Show one account
    Show {
        /// Which
        address: Address,
    },
    #[command(flatten)]
    Ways(Logins),
}

/// `pillarbox account set`
#[derive(Args, Debug)]
#[group(skip)]
#[command(group(ArgGroup::new("what").required(true).multiple(true)))]
pub struct Change {
    /// Whose
    pub address: Address,
    /// How much the mailbox may hold, as in "10 GiB", or none
    #[arg(long, value_name = "SIZE", value_parser = quota, group = "what")]
    pub quota: Option<Quota>,
    /// What becomes of mail that is deleted over POP3
    ///
    /// It is removed for good, or it moves to the Archive mailbox.
    #[arg(long, group = "what", value_parser = PossibleValuesParser::new(["remove", "archive"]).map(|text| pop_delete(&text)))]
    pub pop_delete: Option<PopDelete>,
    /// Read a secret for APOP from stdin, one line; it is stored as it is
    #[arg(long, conflicts_with = "no_apop", group = "what")]
    pub apop_secret_stdin: bool,
    /// Forget the secret for APOP
    #[arg(long, group = "what")]
    pub no_apop: bool,
}

fn pop_delete(text: &str) -> PopDelete {
    if text == "archive" { PopDelete::Archive } else { PopDelete::Remove }
}

fn pop_delete_word(choice: PopDelete) -> &'static str {
    match choice {
        PopDelete::Remove => "remove",
        PopDelete::Archive => "archive",
    }
}

impl Account {
    /// What is asked of the post office; asks the person for what is missing.
    pub fn plan(self, screen: &mut Screen) -> Result<Plan, Trouble> {
        match self {
            Account::Add { address, password_stdin, quota } => {
                let password = Some(password::obtain(&address, password_stdin, screen)?);
                let said = format!("{address} has a mailbox now");
                Ok(Plan::change(
                    Request::AccountAdd { address, password, quota: quota.and_then(|quota| quota.0) },
                    said,
                ))
            }
            Account::SetPassword { address, password_stdin } => {
                let password = password::obtain(&address, password_stdin, screen)?;
                let said = format!("{address} has another password now");
                Ok(Plan::change(Request::AccountSetPassword { address, password }, said))
            }
            Account::Set(change) => change.plan(),
            Account::Remove { address, yes } => {
                if !yes && screen.has_person() {
                    screen.confirm(&format!("Remove {address} and all its mail, for good?"))?;
                }
                let said = format!("{address} and its mail are gone");
                Ok(Plan::change(Request::AccountRemove { address }, said))
            }
            Account::List { domain } => Ok(Plan::ask(Request::AccountList { domain })),
            Account::Show { address } => Ok(Plan::ask(Request::AccountShow { address })),
            Account::Ways(logins) => Ok(logins.plan()),
        }
    }
}

impl Change {
    fn plan(self) -> Result<Plan, Trouble> {
        let apop_secret = match (self.apop_secret_stdin, self.no_apop) {
            (true, _) => Some(Some(password::from_stdin("the APOP secret")?)),
            (false, true) => Some(None),
            (false, false) => None,
        };
        let said = format!("{} is changed", self.address);
        let quota = self.quota.map(|quota| quota.0);
        Ok(Plan::change(
            Request::AccountSet { address: self.address, quota, pop_delete: self.pop_delete, apop_secret },
            said,
        ))
    }
}

fn logins(account: &AccountView) -> &'static str {
    match (account.has_password, account.has_apop) {
        (true, true) => "password, apop",
        (true, false) => "password",
        (false, true) => "apop",
        (false, false) => "none",
    }
}

fn json_of(account: &AccountView) -> Value {
    json!({
        "address": account.address,
        "messages": account.messages,
        "used": account.used,
        "quota": account.quota,
        "pop_delete": account.pop_delete,
        "has_password": account.has_password,
        "has_apop": account.has_apop,
        "created": units::exact(account.created),
    })
}

/// The list of accounts.
#[must_use]
pub fn view(accounts: &[AccountView], look: Look) -> View {
    let mut table = Table::new(&[
        words("ADDRESS"),
        figures("MESSAGES"),
        figures("USED"),
        figures("QUOTA"),
        words("POP3 DELETES"),
        words("LOGIN"),
        words("CREATED"),
    ]);
    for account in accounts {
        table.row([
            (&account.address).into(),
            account.messages.into(),
            Cell::new(octets(account.used), account.used),
            Cell::new(
                account.quota.map_or("none".to_owned(), octets),
                account.quota.map_or("none".to_owned(), |quota| quota.to_string()),
            ),
            match account.pop_delete {
                PopDelete::Remove => Cell::new("for good", "remove"),
                PopDelete::Archive => Cell::new("to Archive", "archive"),
            },
            logins(account).into(),
            Cell::new(units::relative(account.created, look.now), units::exact(account.created)),
        ]);
    }
    let rows: Vec<Value> = accounts.iter().map(json_of).collect();
    View::table(&table, json!({ "accounts": rows }), look).or_note("no account yet: `pillarbox account add bob@DOMAIN`")
}

/// One account.
#[must_use]
pub fn one(account: &AccountView, look: Look) -> View {
    let used = octets(account.used);
    let room = match account.quota {
        Some(quota) => {
            let percent = u128::from(account.used) * 100 / u128::from(quota.max(1));
            format!("{used} of {} ({percent} %)", octets(quota))
        }
        None => format!("{used}, no quota"),
    };
    let facts = [
        ("address", account.address.to_string()),
        ("mail", format!("{}, {room}", count(account.messages, "message"))),
        ("POP3 deletes", pop_delete_word(account.pop_delete).to_owned()),
        ("login", logins(account).to_owned()),
        ("created", format!("{} ({})", units::relative(account.created, look.now), units::exact(account.created))),
    ];
    let plain = view(std::slice::from_ref(account), look).plain;
    View { plain, ..View::facts(&facts, json_of(account), look) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Time;

    const LOOK: Look = Look { now: Time(1_081_298_274_000), colour: false };

    fn bob() -> AccountView {
        AccountView {
            address: "bob@hamburger.edu".parse().unwrap(),
            used: 1410,
            quota: Some(1 << 30),
            messages: 2,
            pop_delete: PopDelete::Archive,
            has_password: true,
            has_apop: false,
            created: Time(1_081_298_274_000 - 7_200_000),
        }
    }

    fn alice() -> AccountView {
        AccountView {
            address: "alice@hamburger.edu".parse().unwrap(),
            quota: None,
            used: 0,
            messages: 1,
            pop_delete: PopDelete::Remove,
            has_apop: true,
            ..bob()
        }
    }

    #[test]
    fn accounts_are_listed() {
        let view = view(&[alice(), bob()], LOOK);
        let human = "\
ADDRESS              MESSAGES     USED    QUOTA  POP3 DELETES  LOGIN           CREATED
alice@hamburger.edu         1      0 B     none  for good      password, apop  2 h ago
bob@hamburger.edu           2  1.3 KiB  1.0 GiB  to Archive    password        2 h ago
";
        assert_eq!(view.human, human);
        let plain = "\
alice@hamburger.edu\t1\t0\tnone\tremove\tpassword, apop\t2004-04-06T22:37:54.000Z
bob@hamburger.edu\t2\t1410\t1073741824\tarchive\tpassword\t2004-04-06T22:37:54.000Z
";
        assert_eq!(view.plain, plain);
        let json = r#"{"address":"bob@hamburger.edu","created":"2004-04-06T22:37:54.000Z","has_apop":false,"has_password":true,"messages":2,"pop_delete":"archive","quota":1073741824,"used":1410}"#;
        assert_eq!(view.json["accounts"][1].to_string(), json);
    }

    #[test]
    fn one_account_is_shown_in_words() {
        let view = one(&bob(), LOOK);
        let human = "\
address       bob@hamburger.edu
mail          2 messages, 1.3 KiB of 1.0 GiB (0 %)
POP3 deletes  archive
login         password
created       2 h ago (2004-04-06T22:37:54.000Z)
";
        assert_eq!(view.human, human);
        assert!(one(&alice(), LOOK).human.contains("1 message, 0 B, no quota"));
        assert_eq!(view.json["used"], 1410);
    }

    #[test]
    fn a_quota_of_nothing_is_no_trouble() {
        assert!(one(&AccountView { quota: Some(0), ..bob() }, LOOK).human.contains("of 0 B"));
    }
}
