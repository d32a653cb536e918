//! Mail at a server that is no account here, to be imported by its URL: `imaps://`, `pop3s://`, `jmap://`. Owns what such a
//! URL says and the copy that is made of the mail there, in a mirror of its own: so a visit that was cut goes on where it was,
//! and the next brings what is new. Nothing is changed at the server.

use crate::mail::{desk, network};
use crate::password;
use crate::pop::whose;
use crate::screen::Screen;
use crate::trouble::Trouble;
use agent::account::{Account, FolderNames, Incoming, SecretSource, Security, Server, Settings};
use agent::credentials::Credentials;
use agent::house::Folders;
use agent::mirror::{FolderId, Held, MessageId, Mirror};
use agent::progress::Watcher;
use agent::reach::Reach;
use agent::remote::{Remote, Scope};
use agent::secret::{Keyring, Secret, Secrets};
use agent::sync::Hold;
use agent::trouble::Kind;
use clap::Args;
use message::Address;
use office::admin::FailureKind;
use std::path::{Path, PathBuf};

/// How one gets in there.
#[derive(Args, Debug)]
pub struct Entry {
    /// From a server: read the password from stdin, one line
    #[arg(long)]
    pub password_stdin: bool,
    /// From a server: run this to get the password; its first line counts
    #[arg(long, value_name = "COMMAND", conflicts_with = "password_stdin")]
    pub password_command: Option<String>,
    /// From a server: believe this certificate, or those it signed (PEM), and no other
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// From a server: say the password without TLS: only within one machine
    #[arg(long)]
    pub plaintext: bool,
    /// From a server: remove the copy that is kept for the next time, once all is imported
    #[arg(long)]
    pub forget: bool,
}

/// Whose mail where, as a URL says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    kind: Protocol,
    tls: bool,
    user: String,
    host: String,
    port: u16,
    /// One folder of IMAP; where the session of JMAP is.
    path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Imap,
    Pop3,
    Jmap,
}

/// Reads a URL; `None`: it is none, but a path or a name.
///
/// # Errors
/// It is one of something else, or says too little, or too much.
pub fn place(text: &str) -> Option<Result<Place, String>> {
    let (scheme, rest) = text.split_once("://")?;
    let (kind, tls, usual) = match scheme.to_ascii_lowercase().as_str() {
        "imaps" => (Protocol::Imap, true, 993),
        "imap" => (Protocol::Imap, false, 143),
        "pop3s" | "pops" => (Protocol::Pop3, true, 995),
        "pop3" | "pop" => (Protocol::Pop3, false, 110),
        "jmap" | "https" => (Protocol::Jmap, true, 443),
        "http" => (Protocol::Jmap, false, 80),
        other => {
            let known = "imaps://, imap://, pop3s://, pop3://, jmap:// (or https://)";
            return Some(Err(format!("mail is not imported from {other}://, but from {known}")));
        }
    };
    let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
    let read = whose(server, usual).and_then(|(user, host, port)| {
        let path = match kind {
            // RFC 5092 §4: a mailbox is a path of the URL, octets of it written as %XX.
            Protocol::Imap => decoded(path.trim_end_matches('/')).ok_or("the folder is not well written")?,
            Protocol::Pop3 if !path.is_empty() => return Err("POP3 has no folders".to_owned()),
            Protocol::Pop3 | Protocol::Jmap => path.to_owned(),
        };
        Ok(Place { kind, tls, user, host, port, path })
    });
    Some(read)
}

/// `%20` as the octet it is.
fn decoded(text: &str) -> Option<String> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let mut octet = *first;
        if octet == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            octet = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            rest = after;
        }
        octets.push(octet);
    }
    String::from_utf8(octets).ok()
}

/// A copy of the mail there.
pub struct Copy {
    /// Where it is.
    pub mirror: Mirror,
    /// The folder that the URL names.
    pub folder: Option<FolderId>,
}

impl Place {
    /// The account that this would be.
    fn account(&self, entry: &Entry, secret: SecretSource) -> Result<Account, Trouble> {
        let whole = |path: &Path| std::path::absolute(path).map_err(|error| Trouble::of_path("find", path, &error));
        let trust = entry.trust.as_deref().map(whole).transpose()?;
        let is_bare = entry.plaintext;
        let security = match (self.tls, is_bare) {
            (true, _) => Security::Tls,
            (false, true) => Security::Plain,
            (false, false) => Security::StartTls,
        };
        let user = Some(self.user.clone());
        let server =
            Server { host: self.host.clone(), port: self.port, security, user: user.clone(), trust: trust.clone() };
        let incoming = match self.kind {
            Protocol::Imap => Incoming::Imap(server),
            Protocol::Pop3 => Incoming::Pop3 { server, keep: true },
            Protocol::Jmap => Incoming::Jmap { url: self.url(), user, trust },
        };
        let own = if self.user.contains('@') { self.user.clone() } else { format!("{}@{}", self.user, self.host) };
        let address = Address::parse(&own)
            .or_else(|_| Address::parse(&format!("{}@localhost", self.user)))
            .map_err(|error| Trouble::new(FailureKind::Usage, format!("{}: {error}", self.user)))?;
        Ok(Account {
            name: self.name(),
            address,
            display_name: None,
            aliases: Vec::new(),
            incoming,
            outgoing: None,
            secret: Some(secret),
            signature: None,
            sealing: agent::account::SealHabits::default(),
            folders: FolderNames::default(),
            default: false,
        })
    }

    /// Where JMAP is.
    fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("http{}://{host}:{}/{}", if self.tls { "s" } else { "" }, self.port, self.path)
    }

    /// A name for its copy that names a file.
    fn name(&self) -> String {
        let kind = match self.kind {
            Protocol::Imap => "imap",
            Protocol::Pop3 => "pop3",
            Protocol::Jmap => "jmap",
        };
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || ".-_@".contains(letter) { letter } else { '+' };
        format!("{kind}-{}-{}-{}", self.user, self.host, self.port).chars().map(plain).collect()
    }

    /// The file of its copy.
    fn file(&self, folders: &Folders) -> PathBuf {
        folders.data.join("imports").join(format!("{}.sqlite", self.name()))
    }

    /// Brings a copy of the mail there up to date: all of it, or the folder that is named.
    pub async fn copy(&self, entry: &Entry, watcher: &Watcher, screen: &mut Screen) -> Result<Copy, Trouble> {
        let folders = desk::folders()?;
        let file = self.file(&folders);
        if let Some(folder) = file.parent() {
            agent::disk::make_folder(folder).map_err(|error| Trouble::of_path("make", folder, &error))?;
        }
        let mirror = Mirror::open(&file)?;
        let _hold = Hold::take(&mirror)?;
        let secrets = Secrets::new(&folders, Keyring::system());
        let source = match &entry.password_command {
            Some(command) => SecretSource::Command(command.clone()),
            None => SecretSource::File(None),
        };
        let account = self.account(entry, source)?;
        let internet = network::internet(net::Clock::system());
        let credentials = Credentials::new(Settings::default(), secrets, internet.clone());
        let credentials = match &entry.password_command {
            Some(_) => credentials,
            None => {
                let typed = password::existing(&self.user, entry.password_stdin, screen)?;
                credentials.with_password(Secret::new(typed.into_bytes()))
            }
        };
        let reach = Reach { internet, folders, credentials };
        let mut remote = reach.connect(&account).await?;
        let folder = self.bring(&mut remote, &mirror, watcher).await?;
        remote.close().await;
        Ok(Copy { mirror, folder })
    }

    async fn bring(
        &self,
        remote: &mut impl Remote,
        mirror: &Mirror,
        watcher: &Watcher,
    ) -> Result<Option<FolderId>, Trouble> {
        if self.kind != Protocol::Imap || self.path.is_empty() {
            remote.pull(mirror, &Scope::Everything, watcher).await?;
            return Ok(None);
        }
        remote.pull(mirror, &Scope::Headers, watcher).await?;
        let missing = || Trouble::new(FailureKind::NoUser, format!("{} has no folder {}", self.host, self.path));
        let folder = mirror.folder_named(&self.path)?.ok_or_else(missing)?.id;
        let mut wanted: Vec<MessageId> = Vec::new();
        for message in mirror.messages_in(folder)? {
            if mirror.held(message)? == Held::Header {
                wanted.push(message);
            }
        }
        remote.fetch(mirror, &wanted, watcher).await?;
        Ok(Some(folder))
    }

    /// Removes the copy.
    pub fn forget(&self) -> Result<(), Trouble> {
        let file = self.file(&desk::folders()?);
        for ending in ["sqlite", "sqlite-wal", "sqlite-shm", "lock"] {
            let path = file.with_extension(ending);
            agent::disk::remove(&path).map_err(|error| Trouble::of_path("remove", &path, &error))?;
        }
        Ok(())
    }
}

/// What is said when somebody stops.
pub fn stopped() -> Trouble {
    agent::trouble::Trouble::new(Kind::Cancelled, "stopped; the same command goes on from here").into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_are_read() {
        let is = |kind, tls, user: &str, (host, port): (&str, u16), path: &str| Place {
            kind,
            tls,
            user: user.to_owned(),
            host: host.to_owned(),
            port,
            path: path.to_owned(),
        };
        let read = |text: &str| place(text).unwrap();
        let crepes = |port| ("mail.crepes.fr", port);
        assert_eq!(read("imaps://bob@mail.crepes.fr"), Ok(is(Protocol::Imap, true, "bob", crepes(993), "")));
        assert_eq!(
            read("imap://bob%40crepes.fr@mail.crepes.fr:1143/Work/Red%20Hat/"),
            Ok(is(Protocol::Imap, false, "bob@crepes.fr", crepes(1143), "Work/Red Hat"))
        );
        assert_eq!(read("POP3S://bob@mail.crepes.fr/"), Ok(is(Protocol::Pop3, true, "bob", crepes(995), "")));
        let jmap = read("https://bob@crepes.fr@mail.crepes.fr/.well-known/jmap").unwrap();
        assert_eq!((jmap.kind, jmap.user.as_str()), (Protocol::Jmap, "bob@crepes.fr"));
        assert_eq!(jmap.url(), "https://mail.crepes.fr:443/.well-known/jmap");
        assert_eq!(jmap.name(), "jmap-bob@crepes.fr-mail.crepes.fr-443");
        assert_eq!(read("jmap://bob@[::1]:8080").unwrap().url(), "https://[::1]:8080/");
        assert_eq!(place("/mail/bob"), None);
        for wrong in [
            "ftp://bob@crepes.fr",
            "imaps://mail.crepes.fr",
            "imaps://bob:hungry@mail.crepes.fr",
            "imaps://bob@mail.crepes.fr/%zz",
            "imaps://bob@mail.crepes.fr/%ff",
            "imaps://bob@mail.crepes.fr/%",
            "pop3s://bob@mail.crepes.fr/Work",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read("imaps://bob:hungry@x").unwrap_err().contains("password"));
    }

    #[test]
    fn a_place_is_an_account_that_only_reads() {
        let entry =
            Entry { password_stdin: false, password_command: None, trust: None, plaintext: true, forget: false };
        let secret = || SecretSource::File(None);
        let account = |text: &str| place(text).unwrap().unwrap().account(&entry, secret()).unwrap();
        let bob = account("imap://bob@127.0.0.1:1143");
        let Incoming::Imap(server) = &bob.incoming else { panic!("{bob:?}") };
        assert_eq!((server.security, server.port), (Security::Plain, 1143));
        assert_eq!((bob.incoming_user().as_str(), bob.outgoing), ("bob", None));
        let secured = account("imaps://bob@crepes.fr@127.0.0.1");
        let Incoming::Imap(server) = &secured.incoming else { panic!("{secured:?}") };
        assert_eq!((server.security, secured.incoming_user().as_str()), (Security::Tls, "bob@crepes.fr"));
    }
}
