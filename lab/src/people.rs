//! The homes of the people of the lab: settings of a user agent for each account, so that `pillarbox tui` and its kin need
//! nothing but the name of the home. Passwords stand in a file beside them, as on the page that the lab prints.

use crate::{Host, Internet};
use agent::account::{Account, FolderNames, Incoming, Outgoing, SecretSource, Security, Server, Settings};
use agent::house::Folders;
use agent::secret::{Keyring, Secret, Secrets};
use anyhow::{Context, Result};
use message::Address;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use wire::dialogue::Port;

/// The folder of all homes, beside those of the hosts.
const PEOPLE: &str = "people";

/// Somebody, and where their settings are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their address.
    pub address: String,
    /// Their home.
    pub home: PathBuf,
}

/// Makes a home for everybody who has an account at one of the hosts; where one was before, its mail stays.
///
/// # Errors
/// When the disk fails.
pub async fn settle(internet: &Internet) -> Result<Vec<Person>> {
    let mut people = Vec::new();
    for host in internet.hosts() {
        let certificate = host.certificate();
        for account in &host.world().accounts {
            let home = internet.folder().join(PEOPLE).join(&account.address);
            let folders = Folders::under(&home);
            let Some(settings) = settings(host, &account.address, &certificate)? else { continue };
            settings.save(&folders).with_context(|| folders.accounts().display().to_string())?;
            let secret = Secret::new(account.password.clone().into_bytes());
            let secrets = Secrets::new(&folders, Keyring::system());
            secrets.keep(&account.address, &SecretSource::File(None), &secret).await?;
            people.push(Person { address: account.address.clone(), home });
        }
    }
    Ok(people)
}

/// One account: IMAP and submission at this host, whose certificate is of its own making. `None`: it has no IMAP.
fn settings(host: &Host, address: &str, certificate: &Path) -> Result<Option<Settings>> {
    let server = |at: SocketAddr, security| Server {
        host: at.ip().to_string(),
        port: at.port(),
        security,
        user: None,
        trust: Some(certificate.to_owned()),
    };
    let (Some(imap), Some(submission)) = (host.address(Port::Imap), host.address(Port::Submission)) else {
        return Ok(None);
    };
    let account = Account {
        name: address.to_owned(),
        address: Address::parse(address)?,
        display_name: Some(display_name(address)),
        aliases: Vec::new(),
        incoming: Incoming::Imap(server(imap, Security::StartTls)),
        outgoing: Some(Outgoing::Smtp(server(submission, Security::StartTls))),
        secret: Some(SecretSource::File(None)),
        signature: None,
        sealing: agent::account::SealHabits::default(),
        folders: FolderNames::default(),
        default: true,
    };
    Ok(Some(Settings { accounts: vec![account], providers: Vec::new() }))
}

/// `Alice` for alice@hamburger.edu.
fn display_name(address: &str) -> String {
    let mut letters = address.split('@').next().unwrap_or_default().chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ports, Scenario};
    use std::time::Duration;

    #[tokio::test]
    async fn everybody_has_a_home_with_settings_that_can_be_read() {
        let internet = Internet::start(Scenario::Pair, Ports::Random, None).await.unwrap();
        let people = settle(&internet).await.unwrap();
        let bob = people.iter().find(|person| person.address == "bob@crepes.fr").unwrap();
        let folders = Folders::under(&bob.home);
        let settings = Settings::load(&folders).unwrap();
        let account = settings.default_account().unwrap();
        assert_eq!(account.display_name.as_deref(), Some("Bob"));
        let secret = Secrets::new(&folders, Keyring::system());
        let secret = secret.fetch(&account.name, account.secret.as_ref().unwrap()).await.unwrap();
        assert_eq!(secret.octets(), b"hungry");
        let Incoming::Imap(server) = &account.incoming else { panic!("no IMAP") };
        assert!(net::tls::Certificate::load(server.trust.as_ref().unwrap(), server.trust.as_ref().unwrap()).is_err());
        assert!(server.trust.as_ref().unwrap().exists());
        internet.drain(Duration::ZERO).await;
    }
}
