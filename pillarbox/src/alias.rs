//! `pillarbox alias`: addresses that are no mailbox and lead elsewhere.

use crate::Plan;
use crate::screen::Screen;
use crate::table::{Cell, Table, words};
use crate::trouble::Trouble;
use crate::view::{Look, View};
use clap::Subcommand;
use message::{Address, Domain};
use office::admin::{AliasTo, AliasView, FailureKind, Request};
use serde_json::{Value, json};
use std::path::PathBuf;

/// `pillarbox alias ...`
#[derive(Debug, Subcommand)]
pub enum Alias {
    /// Let an address lead to others, or tell senders that it has moved
    Add {
        /// The alias; *@crepes.fr stands for every name of crepes.fr that is no other
        address: Address,
        /// Where its mail goes
        #[arg(value_name = "TARGET", required_unless_present = "moved")]
        targets: Vec<Address>,
        /// Refuse its mail, and tell the sender this new address (reply code 551)
        #[arg(long, value_name = "NEW", conflicts_with = "targets")]
        moved: Option<Address>,
    },
    /// Remove an alias
    Remove {
        /// Which
        address: Address,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Take in the aliases of a file, as /etc/aliases has them
    ///
    /// Aliases of an earlier import from the same file go when it no longer names them; those added by hand stay.
    /// Commands and files as targets are not taken: nothing is executed here. Ends with 65 when something was left out.
    Import {
        /// The file
        file: PathBuf,
        /// What names without a domain get, instead of the first domain
        #[arg(long)]
        domain: Option<Domain>,
        /// Say what would be done, and do nothing
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
    /// List the aliases
    List {
        /// Of this domain only
        domain: Option<Domain>,
    },
}

impl Alias {
    /// What is asked of the post office.
    pub fn plan(self, screen: &mut Screen) -> Result<Plan, Trouble> {
        match self {
            Alias::Add { address, targets, moved } => {
                let target = moved.map_or(AliasTo::Members(targets), AliasTo::Moved);
                let said = format!("{address} {}", words_of(&target));
                Ok(Plan::change(Request::AliasAdd { address, target }, said))
            }
            Alias::Remove { address, yes } => {
                if !yes && screen.has_person() {
                    screen.confirm(&format!("Remove the alias {address}?"))?;
                }
                let said = format!("the alias {address} is gone");
                Ok(Plan::change(Request::AliasRemove { address }, said))
            }
            // Carried out by `newaliases`, which reads the file.
            Alias::Import { .. } => Err(Trouble::new(FailureKind::Software, "an import is no plan")),
            Alias::List { domain } => Ok(Plan::ask(Request::AliasList { domain })),
        }
    }
}

fn words_of(target: &AliasTo) -> String {
    match target {
        AliasTo::Members(members) => format!("leads to {}", joined(members, ", ")),
        AliasTo::Moved(to) => format!("has moved to {to}"),
    }
}

fn joined(members: &[Address], between: &str) -> String {
    members.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// The list of aliases.
#[must_use]
pub fn view(aliases: &[AliasView], look: Look) -> View {
    let mut table = Table::new(&[words("ALIAS"), words("TARGET")]);
    let mut rows = Vec::new();
    for AliasView { address, target } in aliases {
        let (plain, json) = match target {
            AliasTo::Members(members) => (joined(members, " "), json!({ "address": address, "members": members })),
            AliasTo::Moved(to) => (format!("moved {to}"), json!({ "address": address, "moved": to })),
        };
        table.row([address.into(), Cell::new(words_of(target), plain)]);
        rows.push(json);
    }
    View::table(&table, json!({ "aliases": Value::from(rows) }), look)
        .or_note("no alias: `pillarbox alias add sales@DOMAIN alice@DOMAIN bob@DOMAIN`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Time;

    #[test]
    fn aliases_are_listed() {
        let address = |text: &str| text.parse::<Address>().unwrap();
        let members = vec![address("alice@hamburger.edu"), address("bob@crepes.fr")];
        let aliases = [
            AliasView { address: address("sales@hamburger.edu"), target: AliasTo::Members(members) },
            AliasView { address: address("bob@hamburger.edu"), target: AliasTo::Moved(address("bob@crepes.fr")) },
        ];
        let view = view(&aliases, Look { now: Time(0), colour: false });
        let human = "\
ALIAS                TARGET
sales@hamburger.edu  leads to alice@hamburger.edu, bob@crepes.fr
bob@hamburger.edu    has moved to bob@crepes.fr
";
        assert_eq!(view.human, human);
        let plain = "sales@hamburger.edu\talice@hamburger.edu bob@crepes.fr\nbob@hamburger.edu\tmoved bob@crepes.fr\n";
        assert_eq!(view.plain, plain);
        let json = r#"{"aliases":[{"address":"sales@hamburger.edu","members":["alice@hamburger.edu","bob@crepes.fr"]},{"address":"bob@hamburger.edu","moved":"bob@crepes.fr"}]}"#;
        assert_eq!(view.json.to_string(), json);
    }
}
