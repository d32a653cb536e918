//! `pillarbox mail account trust`: shows the certificates of an account's servers, and pins those that the person knows.

use super::House;
use crate::mail::desk;
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::units;
use crate::view::{View, done};
use agent::account::{Account, Incoming, Outgoing, Security, Server};
use agent::trial::Protocol;
use clap::Args;
use net::tls::CertificateFacts;
use office::admin::FailureKind;
use serde_json::json;
use std::path::PathBuf;

/// `pillarbox mail account trust`
#[derive(Args, Debug)]
pub struct Trust {
    /// The account's name or address; the default one if missing
    pub name: Option<String>,
    /// Trust what has this SHA-256 fingerprint, without asking
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
}

/// A certificate that a server shows.
struct Shown {
    host: String,
    facts: CertificateFacts,
    pem: String,
}

impl Trust {
    pub(super) async fn run(self, house: &mut House, screen: &mut Screen) -> Result<(), Trouble> {
        let account = desk::account(&house.settings, self.name.as_deref())?.clone();
        let mut shown: Vec<Shown> = Vec::new();
        for (server, protocol) in servers(&account) {
            let certificate = look(house, &server, protocol).await?;
            if !shown.iter().any(|other| other.facts == certificate.facts && other.host == certificate.host) {
                shown.push(certificate);
            }
        }
        if shown.is_empty() {
            let text = format!("{} uses no server with a certificate", account.name);
            return Err(Trouble::new(FailureKind::Usage, text));
        }
        for certificate in &shown {
            screen.show(&view(certificate, screen))?;
            self.agree(certificate, screen)?;
        }
        let path = PathBuf::from("trusted").join(format!("{}.pem", account.name));
        let file = house.folders.config.join(&path);
        let pem: String = shown.iter().map(|certificate| certificate.pem.as_str()).collect();
        agent::disk::write(&file, pem.as_bytes()).map_err(|error| Trouble::of_path("write", &file, &error))?;
        if let Some(known) = house.settings.accounts.iter_mut().find(|known| known.name == account.name) {
            pin(known, &path);
        }
        house.save()?;
        screen.show(&done(&format!("{} trusts this from now on, and nothing else", account.name), Vec::new()))
    }

    fn agree(&self, certificate: &Shown, screen: &mut Screen) -> Result<(), Trouble> {
        let bare = |text: &str| text.replace([':', ' '], "").to_ascii_lowercase();
        match &self.fingerprint {
            Some(known) if bare(known) == bare(&certificate.facts.fingerprint) => Ok(()),
            Some(_) => {
                let text = format!("{} shows another certificate: nothing was changed", certificate.host);
                Err(Trouble::new(FailureKind::Permission, text))
            }
            None if screen.has_person() => screen
                .confirm(&format!("Is this the fingerprint that the administrator of {} tells?", certificate.host)),
            None => {
                let text = "nobody can be asked: give the fingerprint that you know with --fingerprint";
                Err(Trouble::new(FailureKind::Usage, text))
            }
        }
    }
}

async fn look(house: &House, server: &Server, protocol: Protocol) -> Result<Shown, Trouble> {
    let chain = house.trial().certificates(server, protocol).await?;
    let own = chain.first().map(AsRef::as_ref).unwrap_or_default();
    let facts = CertificateFacts::read(own).map_err(|error| {
        Trouble::new(FailureKind::Data, format!("{} shows what is no certificate: {error}", server.host))
    })?;
    Ok(Shown { host: server.host.clone(), facts, pem: agent::dialing::pem(own) })
}

fn view(certificate: &Shown, screen: &Screen) -> View {
    let facts = &certificate.facts;
    let day = |time| units::exact(time).split('T').next().unwrap_or_default().to_owned();
    let rows = [
        ("server", certificate.host.clone()),
        ("names", facts.names.join(", ")),
        ("valid", format!("{} to {}", day(facts.not_before), day(facts.not_after))),
        ("SHA-256", facts.fingerprint.clone()),
    ];
    let json = json!({
        "server": certificate.host,
        "names": facts.names,
        "not_before": units::exact(facts.not_before),
        "not_after": units::exact(facts.not_after),
        "fingerprint": facts.fingerprint,
    });
    View::facts(&rows, json, screen.look())
}

/// The servers that speak TLS. Of JMAP it is the host, which speaks TLS before all else.
fn servers(account: &Account) -> Vec<(Server, Protocol)> {
    let mut servers = Vec::new();
    match &account.incoming {
        Incoming::Imap(server) => servers.push((server.clone(), Protocol::Imap)),
        Incoming::Pop3 { server, .. } => servers.push((server.clone(), Protocol::Pop3)),
        Incoming::Jmap { url, .. } => {
            if let Some((host, port)) = agent::http::host_and_port(url) {
                let server = Server { host, port, security: Security::Tls, user: None, trust: None };
                servers.push((server, Protocol::Smtp));
            }
        }
        Incoming::Maildir(_) | Incoming::Mbox(_) | Incoming::Local(_) => {}
    }
    if let Some(Outgoing::Smtp(server)) = &account.outgoing {
        servers.push((server.clone(), Protocol::Smtp));
    }
    servers.retain(|(server, _)| server.security != Security::Plain);
    servers
}

fn pin(account: &mut Account, file: &std::path::Path) {
    let trusted = Some(file.to_owned());
    match &mut account.incoming {
        Incoming::Imap(server) | Incoming::Pop3 { server, .. } => server.trust.clone_from(&trusted),
        Incoming::Jmap { trust, .. } => trust.clone_from(&trusted),
        Incoming::Maildir(_) | Incoming::Mbox(_) | Incoming::Local(_) => {}
    }
    if let Some(Outgoing::Smtp(server)) = &mut account.outgoing {
        server.trust = trusted;
    }
}
