//! The form of `accounts.toml`: which keys there are, which belong together, and what a file says that we write. Reading
//! refuses what it does not know; what is written reads back as the same settings.

use super::SettingsError;
use super::settings::{
    Account, FolderNames, Incoming, Keep, Local, Outgoing, Provider, SealHabits, SecretSource, Security, Server,
    Settings, is_name,
};
use message::Address;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use toml::Spanned;

/// What stands at the head of a file that we write.
const HEAD: &str = "# Accounts of `pillarbox mail` and `pillarbox tui`; docs/accounts.md tells all keys.\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    #[serde(default)]
    account: Vec<Spanned<AccountForm>>,
    #[serde(default)]
    provider: Vec<Spanned<Provider>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountForm {
    name: String,
    address: Address,
    display_name: Option<String>,
    #[serde(default)]
    aliases: Vec<Address>,
    #[serde(default)]
    default: bool,
    incoming: Incoming,
    outgoing: Option<Outgoing>,
    secret: Option<SecretSource>,
    signature: Option<String>,
    sign: Option<Sign>,
    encrypt: Option<Encrypt>,
    sent: Option<String>,
    drafts: Option<String>,
    trash: Option<String>,
    archive: Option<String>,
    junk: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sign {
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Encrypt {
    #[serde(rename = "when possible")]
    WhenPossible,
    #[serde(rename = "never")]
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Imap,
    Pop3,
    Jmap,
    Maildir,
    Mbox,
    Local,
    Smtp,
}

/// `incoming` and `outgoing`, every key of any kind.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PlaceForm {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security: Option<Security>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SecretKind {
    Keyring,
    File,
    Command,
    OAuth,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SecretForm {
    kind: SecretKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep: Option<Keep>,
}

pub(super) fn read(text: &str, file: &str) -> Result<Settings, SettingsError> {
    let place = (file, text);
    let form: FileForm = toml::from_str(text).map_err(|error| SettingsError::of_toml(place, &error))?;
    let mut providers = Vec::new();
    let mut names = HashSet::new();
    for provider in form.provider {
        let start = provider.span().start;
        let provider = provider.into_inner();
        if !names.insert(provider.name.clone()) {
            return Err(SettingsError::at(place, start, format!("there are two providers named {}", provider.name)));
        }
        providers.push(provider);
    }
    let mut settings = Settings { accounts: Vec::new(), providers };
    for account in form.account {
        let start = account.span().start;
        let account = account.into_inner().account();
        check(&settings, &account).map_err(|what| SettingsError::at(place, start, what))?;
        settings.accounts.push(account);
    }
    Ok(settings)
}

/// What an account must keep to beside those before it.
fn check(before: &Settings, account: &Account) -> Result<(), String> {
    let name = &account.name;
    if !is_name(name) {
        return Err(super::Change::Name(name.clone()).to_string());
    }
    if before.accounts.iter().any(|other| other.name == *name) {
        return Err(super::Change::Taken(name.clone()).to_string());
    }
    if account.default && before.accounts.iter().any(|other| other.default) {
        return Err(format!("{name} cannot be the default, another account is"));
    }
    match &account.secret {
        Some(SecretSource::OAuth { provider, .. }) if before.provider(provider).is_none() => {
            Err(format!("there is no [[provider]] named {provider}"))
        }
        _ => Ok(()),
    }?;
    match (&account.outgoing, &account.incoming) {
        (Some(Outgoing::Jmap), Incoming::Jmap { .. }) => Ok(()),
        (Some(Outgoing::Jmap), _) => Err("mail goes out by JMAP only where it comes in by JMAP".to_owned()),
        _ => Ok(()),
    }
}

impl AccountForm {
    fn account(self) -> Account {
        Account {
            name: self.name,
            address: self.address,
            display_name: self.display_name,
            aliases: self.aliases,
            incoming: self.incoming,
            outgoing: self.outgoing,
            secret: self.secret,
            signature: self.signature,
            sealing: SealHabits {
                signs_always: self.sign == Some(Sign::Always),
                encrypts_when_possible: self.encrypt == Some(Encrypt::WhenPossible),
            },
            folders: FolderNames {
                sent: self.sent,
                drafts: self.drafts,
                trash: self.trash,
                archive: self.archive,
                junk: self.junk,
            },
            default: self.default,
        }
    }
}

impl PlaceForm {
    fn empty(kind: Kind) -> PlaceForm {
        PlaceForm {
            kind,
            host: None,
            port: None,
            security: None,
            user: None,
            url: None,
            path: None,
            keep: None,
            trust: None,
        }
    }

    /// Refuses what does not belong to the kind.
    fn only(&self, allowed: &[&str]) -> Result<(), String> {
        let given = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("security", self.security.is_some()),
            ("user", self.user.is_some()),
            ("url", self.url.is_some()),
            ("path", self.path.is_some()),
            ("keep", self.keep.is_some()),
            ("trust", self.trust.is_some()),
        ];
        let foreign = given.iter().find(|(key, given)| *given && !allowed.contains(key));
        let kind = format!("{:?}", self.kind).to_lowercase();
        foreign.map_or(Ok(()), |(key, _)| Err(format!("`{key}` does not belong to kind \"{kind}\"")))
    }

    fn server(self) -> Result<Server, String> {
        let host = self.host.ok_or("missing field `host`")?;
        if !is_host(&host) {
            return Err(format!("{host:?} is no host: a name or an IP address, the port stands apart"));
        }
        let security = self.security.unwrap_or_default();
        let port = self.port.unwrap_or(usual_port(self.kind, security));
        if port == 0 {
            return Err("port 0 is none".to_owned());
        }
        Ok(Server { host, port, security, user: self.user, trust: sound_path(self.trust)? })
    }

    fn of_server(kind: Kind, server: Server) -> PlaceForm {
        PlaceForm {
            host: Some(server.host),
            port: Some(server.port),
            security: Some(server.security),
            user: server.user,
            trust: server.trust,
            ..PlaceForm::empty(kind)
        }
    }

    fn local(self) -> Result<Local, String> {
        self.only(&["user", "path"])?;
        Ok(Local { user: self.user, path: sound_path(self.path)? })
    }

    fn of_local(local: Local) -> PlaceForm {
        PlaceForm { user: local.user, path: local.path, ..PlaceForm::empty(Kind::Local) }
    }
}

/// A name or an IP address.
#[must_use]
fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || message::Domain::parse(text).is_ok()
}

/// The usual port (RFC 8314 §3, RFC 9051 §2.1, RFC 1939 §3, RFC 6409 §3.1).
fn usual_port(kind: Kind, security: Security) -> u16 {
    match (kind, security) {
        (Kind::Imap, Security::Tls) => 993,
        (Kind::Imap, _) => 143,
        (Kind::Pop3, Security::Tls) => 995,
        (Kind::Pop3, _) => 110,
        (_, Security::Tls) => 465,
        _ => 587,
    }
}

/// `~` is the shell's, and here would name a folder called so.
fn sound_path(path: Option<PathBuf>) -> Result<Option<PathBuf>, String> {
    match path {
        Some(path) if path.starts_with("~") => Err(format!("write {} without the ~", path.display())),
        path => Ok(path),
    }
}

const SERVER_KEYS: [&str; 5] = ["host", "port", "security", "user", "trust"];

impl TryFrom<PlaceForm> for Incoming {
    type Error = String;

    fn try_from(form: PlaceForm) -> Result<Incoming, String> {
        let path = |form: PlaceForm| {
            form.only(&["path"])?;
            sound_path(form.path)?.ok_or_else(|| "missing field `path`".to_owned())
        };
        match form.kind {
            Kind::Imap => form.only(&SERVER_KEYS).and_then(|()| form.server()).map(Incoming::Imap),
            Kind::Pop3 => {
                form.only(&[&SERVER_KEYS[..], &["keep"]].concat())?;
                // Who says nothing loses nothing.
                let keep = form.keep.unwrap_or(true);
                form.server().map(|server| Incoming::Pop3 { server, keep })
            }
            Kind::Jmap => {
                form.only(&["url", "user", "trust"])?;
                let url = form.url.ok_or("missing field `url`")?;
                Ok(Incoming::Jmap { url: sound_url(url)?, user: form.user, trust: sound_path(form.trust)? })
            }
            Kind::Maildir => path(form).map(Incoming::Maildir),
            Kind::Mbox => path(form).map(Incoming::Mbox),
            Kind::Local => form.local().map(Incoming::Local),
            Kind::Smtp => Err("mail is not read by SMTP; kinds are imap, pop3, jmap, maildir, mbox, local".to_owned()),
        }
    }
}

/// A password goes to no other.
fn sound_url(url: String) -> Result<String, String> {
    if url.starts_with("https://") || is_own_machine(&url) {
        Ok(url)
    } else {
        Err(format!("{url:?} does not begin with https:// (http:// serves on this machine only)"))
    }
}

/// `http://` to the machine itself.
fn is_own_machine(url: &str) -> bool {
    let Ok(url) = url.parse::<hyper::Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.scheme_str() == Some("http") && (loopback || host.eq_ignore_ascii_case("localhost"))
}

impl From<Incoming> for PlaceForm {
    fn from(incoming: Incoming) -> PlaceForm {
        match incoming {
            Incoming::Imap(server) => PlaceForm::of_server(Kind::Imap, server),
            Incoming::Pop3 { server, keep } => {
                PlaceForm { keep: Some(keep), ..PlaceForm::of_server(Kind::Pop3, server) }
            }
            Incoming::Jmap { url, user, trust } => {
                PlaceForm { url: Some(url), user, trust, ..PlaceForm::empty(Kind::Jmap) }
            }
            Incoming::Maildir(path) => PlaceForm { path: Some(path), ..PlaceForm::empty(Kind::Maildir) },
            Incoming::Mbox(path) => PlaceForm { path: Some(path), ..PlaceForm::empty(Kind::Mbox) },
            Incoming::Local(local) => PlaceForm::of_local(local),
        }
    }
}

impl TryFrom<PlaceForm> for Outgoing {
    type Error = String;

    fn try_from(form: PlaceForm) -> Result<Outgoing, String> {
        match form.kind {
            Kind::Smtp => form.only(&SERVER_KEYS).and_then(|()| form.server()).map(Outgoing::Smtp),
            Kind::Jmap => form.only(&[]).map(|()| Outgoing::Jmap),
            Kind::Local => form.local().map(Outgoing::Local),
            _ => Err("mail is sent by kind \"smtp\", \"jmap\" or \"local\"".to_owned()),
        }
    }
}

impl From<Outgoing> for PlaceForm {
    fn from(outgoing: Outgoing) -> PlaceForm {
        match outgoing {
            Outgoing::Smtp(server) => PlaceForm::of_server(Kind::Smtp, server),
            Outgoing::Jmap => PlaceForm::empty(Kind::Jmap),
            Outgoing::Local(local) => PlaceForm::of_local(local),
        }
    }
}

impl TryFrom<SecretForm> for SecretSource {
    type Error = String;

    fn try_from(form: SecretForm) -> Result<SecretSource, String> {
        let missing = |key| format!("missing field `{key}`");
        match form {
            SecretForm { kind: SecretKind::Keyring, path: None, command: None, provider: None, keep: None } => {
                Ok(SecretSource::Keyring)
            }
            SecretForm { kind: SecretKind::File, path, command: None, provider: None, keep: None } => {
                sound_path(path).map(SecretSource::File)
            }
            SecretForm { kind: SecretKind::Command, path: None, command, provider: None, keep: None } => {
                command.map(SecretSource::Command).ok_or_else(|| missing("command"))
            }
            SecretForm { kind: SecretKind::OAuth, path: None, command: None, provider, keep } => {
                let provider = provider.ok_or_else(|| missing("provider"))?;
                Ok(SecretSource::OAuth { provider, keep: keep.unwrap_or_default() })
            }
            SecretForm { kind, .. } => {
                let keys = match kind {
                    SecretKind::Keyring => "nothing",
                    SecretKind::File => "`path`",
                    SecretKind::Command => "`command`",
                    SecretKind::OAuth => "`provider` and `keep`",
                };
                Err(format!("beside this kind of secret stands {keys} only"))
            }
        }
    }
}

impl From<SecretSource> for SecretForm {
    fn from(source: SecretSource) -> SecretForm {
        let form = |kind| SecretForm { kind, path: None, command: None, provider: None, keep: None };
        match source {
            SecretSource::Keyring => form(SecretKind::Keyring),
            SecretSource::File(path) => SecretForm { path, ..form(SecretKind::File) },
            SecretSource::Command(command) => SecretForm { command: Some(command), ..form(SecretKind::Command) },
            SecretSource::OAuth { provider, keep } => {
                SecretForm { provider: Some(provider), keep: Some(keep), ..form(SecretKind::OAuth) }
            }
        }
    }
}

macro_rules! read_by_form {
    ($($type:ty => $form:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let form = <$form>::deserialize(deserializer)?;
                <$type>::try_from(form).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

read_by_form!(Incoming => PlaceForm, Outgoing => PlaceForm, SecretSource => SecretForm);

pub(super) fn print(settings: &Settings) -> String {
    let mut out = HEAD.to_owned();
    for provider in &settings.providers {
        out.push('\n');
        out.push_str("[[provider]]\n");
        out.push_str(&toml::to_string(provider).unwrap_or_default());
    }
    for account in &settings.accounts {
        out.push('\n');
        out.push_str(&print_account(account));
    }
    out
}

pub(super) fn print_account(account: &Account) -> String {
    let mut out = "[[account]]\n".to_owned();
    line(&mut out, "name", Some(&account.name));
    line(&mut out, "address", Some(&account.address));
    line(&mut out, "display_name", account.display_name.as_ref());
    line(&mut out, "aliases", Some(&account.aliases).filter(|aliases| !aliases.is_empty()));
    line(&mut out, "default", Some(true).filter(|_| account.default));
    line(&mut out, "incoming", Some(PlaceForm::from(account.incoming.clone())));
    line(&mut out, "outgoing", account.outgoing.clone().map(PlaceForm::from));
    line(&mut out, "secret", account.secret.clone().map(SecretForm::from));
    line(&mut out, "signature", account.signature.as_ref());
    line(&mut out, "sign", Some(Sign::Always).filter(|_| account.sealing.signs_always));
    line(&mut out, "encrypt", Some(Encrypt::WhenPossible).filter(|_| account.sealing.encrypts_when_possible));
    let FolderNames { sent, drafts, trash, archive, junk } = &account.folders;
    for (key, folder) in [("sent", sent), ("drafts", drafts), ("trash", trash), ("archive", archive), ("junk", junk)] {
        line(&mut out, key, folder.as_ref());
    }
    out
}

/// `key = value` on one line.
fn line(out: &mut String, key: &str, value: Option<impl Serialize>) {
    let Some(value) = value else { return };
    let mut text = String::new();
    if value.serialize(toml::ser::ValueSerializer::new(&mut text)).is_ok() {
        let _ = writeln!(out, "{key} = {text}");
    }
}
