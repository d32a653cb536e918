//! `pillarbox domain`: domains whose mail is kept here.

use crate::Plan;
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, words};
use crate::trouble::Trouble;
use crate::view::{Look, View};
use clap::Subcommand;
use message::Domain;
use office::admin::{DomainView, Request};
use serde_json::{Value, json};

/// `pillarbox domain ...`
#[derive(Debug, Subcommand)]
pub enum DomainCommand {
    /// Keep mail for a domain
    Add {
        /// As in crepes.fr
        domain: Domain,
    },
    /// Keep mail for a domain no longer
    ///
    /// Only one without accounts and aliases. A domain from the configuration file is removed there.
    Remove {
        /// As in crepes.fr
        domain: Domain,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// List the domains
    List,
}

impl DomainCommand {
    /// What is asked of the post office.
    pub fn plan(self, screen: &mut Screen) -> Result<Plan, Trouble> {
        match self {
            DomainCommand::Add { domain } => {
                let said = format!("mail for {domain} is kept here now");
                Ok(Plan::change(Request::DomainAdd { domain }, said))
            }
            DomainCommand::Remove { domain, yes } => {
                if !yes && screen.has_person() {
                    screen.confirm(&format!("Keep mail for {domain} no longer?"))?;
                }
                let said = format!("mail for {domain} is no longer kept here");
                Ok(Plan::change(Request::DomainRemove { domain }, said))
            }
            DomainCommand::List => Ok(Plan::ask(Request::DomainList)),
        }
    }
}

/// The list of domains.
#[must_use]
pub fn view(domains: &[DomainView], look: Look) -> View {
    let mut table = Table::new(&[words("DOMAIN"), figures("ACCOUNTS"), words("FROM")]);
    for DomainView { domain, source, origin, accounts } in domains {
        let from = origin.clone().unwrap_or_else(|| source.clone());
        table.row([
            domain.into(),
            accounts.into(),
            Cell::new(if from == "store" { "domain add" } else { &from }, &from),
        ]);
    }
    let rows: Vec<Value> = domains.iter().map(|domain| json!(domain)).collect();
    View::table(&table, json!({ "domains": rows }), look)
        .or_note("no domain yet: `pillarbox domain add crepes.fr`, or `domains` in the configuration")
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Time;

    const LOOK: Look = Look { now: Time(0), colour: false };

    fn domains() -> Vec<DomainView> {
        let file = Some("/etc/pillarbox/pillarbox.toml:3".to_owned());
        vec![
            DomainView { domain: "hamburger.edu".parse().unwrap(), source: "file".into(), origin: file, accounts: 2 },
            DomainView { domain: "crepes.fr".parse().unwrap(), source: "store".into(), origin: None, accounts: 10 },
        ]
    }

    #[test]
    fn domains_are_listed_with_where_they_come_from() {
        let view = view(&domains(), LOOK);
        let human = "\
DOMAIN         ACCOUNTS  FROM
hamburger.edu         2  /etc/pillarbox/pillarbox.toml:3
crepes.fr            10  domain add
";
        assert_eq!(view.human, human);
        assert_eq!(view.plain, "hamburger.edu\t2\t/etc/pillarbox/pillarbox.toml:3\ncrepes.fr\t10\tstore\n");
        let json = r#"{"domains":[{"accounts":2,"domain":"hamburger.edu","origin":"/etc/pillarbox/pillarbox.toml:3","source":"file"},{"accounts":10,"domain":"crepes.fr","origin":null,"source":"store"}]}"#;
        assert_eq!(view.json.to_string(), json);
    }

    #[test]
    fn no_domain_teaches_the_next_step() {
        let view = view(&[], LOOK);
        assert_eq!((view.human.as_str(), view.json.to_string().as_str()), ("", r#"{"domains":[]}"#));
        assert!(view.notes[0].contains("domain add"));
    }
}
