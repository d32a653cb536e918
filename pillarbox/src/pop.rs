//! `pillarbox pop`: fetches mail from a POP3 server, into an account's mirror or a file. Owns what may be typed; the visit is
//! `agent::remote::pop3`'s.

use crate::bar::{Bar, until_stopped};
use crate::mail::desk::{self, Desk};
use crate::password;
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::units::count;
use crate::view::View;
use agent::account::{Account, Incoming, SecretSource, Security, Server};
use agent::credentials::Credentials;
use agent::dialing::{self, Internet};
use agent::house::Folders;
use agent::mirror::Role;
use agent::remote::pop3::{self, Basket, FileBasket, Leave, Memory, MirrorBasket, Target, Visited};
use agent::secret::{Keyring, Secrets};
use agent::trouble::Kind;
use clap::Args;
use net::Clock;
use office::admin::FailureKind;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use wire::pop3::client::Profile;
use wire::sasl::client::Credential;
use wire::smtp::client::Login;

/// `pillarbox pop`
#[derive(Args, Debug)]
pub struct Pop {
    /// Where from, as pop3s://alice@mail.hamburger.edu; the account if missing
    ///
    /// `pop3s` speaks TLS from the start, `pop3` starts it by STLS. The password is asked for, or comes by
    /// --password-stdin or --password-command.
    #[arg(value_name = "URL", value_parser = place, conflicts_with = "account", requires = "to")]
    pub url: Option<Place>,
    /// Which account: its name or address; the default one if missing
    #[arg(short = 'A', long, value_name = "NAME")]
    pub account: Option<String>,
    /// Leave the mail at the server; what was fetched is not fetched again
    #[arg(long, group = "leave")]
    pub keep: bool,
    /// Remove it there, once it is safe here
    #[arg(long, group = "leave")]
    pub delete: bool,
    /// Remove it there so many days after it came here
    #[arg(long, value_name = "DAYS", group = "leave")]
    pub delete_after: Option<u32>,
    /// Into a file instead of the account's mirror: `--to mbox PATH` or `--to maildir PATH`
    #[arg(long, num_args = 2, value_names = ["KIND", "PATH"])]
    pub to: Option<Vec<String>>,
    /// Read the password from stdin, one line
    #[arg(long)]
    pub password_stdin: bool,
    /// Run this to get the password; its first line counts
    #[arg(long, value_name = "COMMAND", requires = "url", conflicts_with = "password_stdin")]
    pub password_command: Option<String>,
    /// Believe this certificate, or those it signed (PEM), and no other
    #[arg(long, value_name = "FILE", requires = "url")]
    pub trust: Option<PathBuf>,
    /// Say the password without TLS: only within one machine
    #[arg(long, requires = "url")]
    pub plaintext: bool,
    /// Log in by APOP where the server knows nothing better
    #[arg(long)]
    pub apop: bool,
}

/// A maildrop, as a URL says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub tls: bool,
    pub user: String,
    pub host: String,
    pub port: u16,
}

/// Reads `pop3s://user@host:port` (after RFC 2384 §4). The user may be an address.
pub fn place(text: &str) -> Result<Place, String> {
    let (scheme, rest) = text.split_once("://").ok_or("a URL is wanted, as pop3s://alice@mail.hamburger.edu")?;
    let tls = match scheme.to_ascii_lowercase().as_str() {
        "pop3s" | "pops" => true,
        "pop3" | "pop" => false,
        other => return Err(format!("{other}:// is not pop3:// or pop3s://")),
    };
    let usual = if tls { 995 } else { 110 };
    let (user, host, port) = whose(rest.trim_end_matches('/'), usual)?;
    Ok(Place { tls, user, host, port })
}

/// Reads `user@host:port`; the user may be an address.
pub fn whose(rest: &str, usual: u16) -> Result<(String, String, u16), String> {
    let (user, server) =
        rest.rsplit_once('@').ok_or("whose mail? The user stands before the host, as in pop3s://USER@HOST")?;
    if user.contains(':') {
        return Err("a password does not belong into a command, where every process can read it".to_owned());
    }
    let (host, port) = match server.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(usual), str::parse).ok().filter(|port| *port > 0).ok_or("the port is no number")?;
    if user.is_empty() || host.is_empty() {
        return Err("a user and a host are wanted".to_owned());
    }
    Ok((user.replace("%40", "@"), host.to_owned(), port))
}

/// Reads `--to KIND PATH`.
fn target(words: &[String]) -> Result<Target, Trouble> {
    match words {
        [kind, path] if kind == "mbox" => Ok(Target::Mbox(absolute(path)?)),
        [kind, path] if kind == "maildir" => Ok(Target::Maildir(absolute(path)?)),
        _ => Err(Trouble::new(FailureKind::Usage, "--to takes a kind and a path: --to mbox PATH or --to maildir PATH")),
    }
}

/// The memory of what was fetched goes by the path, wherever the command is typed.
fn absolute(path: &str) -> Result<PathBuf, Trouble> {
    std::path::absolute(path).map_err(|error| Trouble::of_path("find", std::path::Path::new(path), &error))
}

/// A visit, with everything that was typed or set.
struct Plan {
    server: Server,
    user: String,
    leave: Leave,
}

impl Pop {
    fn plan(&self, account: Option<&Account>) -> Result<Plan, Trouble> {
        let (server, keep, user) = match (&self.url, account) {
            (Some(place), _) => (self.server(place), true, place.user.clone()),
            (None, Some(account)) => {
                let Incoming::Pop3 { server, keep } = &account.incoming else {
                    let (name, kind) = (&account.name, account.incoming.kind());
                    let words = format!("{name} is read by {kind}, not by POP3: `pillarbox mail sync`");
                    return Err(Trouble::new(FailureKind::Usage, words));
                };
                (server.clone(), *keep, account.incoming_user())
            }
            (None, None) => return Err(Trouble::new(FailureKind::Usage, "from where? A URL, or an account")),
        };
        let leave = match (self.keep, self.delete, self.delete_after) {
            (true, ..) => Leave::Keep,
            (_, true, _) => Leave::Delete,
            (_, _, Some(days)) => Leave::DeleteAfter(Duration::from_secs(u64::from(days) * 86_400)),
            _ if keep => Leave::Keep,
            _ => Leave::Delete,
        };
        Ok(Plan { server, user, leave })
    }

    fn server(&self, place: &Place) -> Server {
        let security = match (place.tls, self.plaintext) {
            (true, _) => Security::Tls,
            (false, true) => Security::Plain,
            (false, false) => Security::StartTls,
        };
        Server { host: place.host.clone(), port: place.port, security, user: None, trust: self.trust.clone() }
    }

    /// What is kept of the account, else what a command or a person says.
    async fn credential(
        &self,
        plan: &Plan,
        account: Option<&Account>,
        (folders, internet): (&Folders, &Internet),
        screen: &Screen,
    ) -> Result<Credential, Trouble> {
        let secrets = Secrets::new(folders, Keyring::system());
        if let Some(account) = account.filter(|_| !self.password_stdin) {
            let settings = desk::settings(folders)?;
            if let Some(kept) = Credentials::new(settings, secrets.clone(), internet.clone()).of(account).await? {
                return Ok(kept);
            }
        }
        if let Some(command) = &self.password_command {
            let source = SecretSource::Command(command.clone());
            let said = secrets.fetch(&plan.user, &source).await;
            let said = said.map_err(|error| Trouble::new(FailureKind::Config, error.to_string()))?;
            return Ok(Credential::Password(said.for_login()));
        }
        let typed = password::existing(&plan.user, self.password_stdin, screen)?;
        Ok(Credential::Password(wire::sasl::Secret(typed.into_bytes())))
    }
}

/// Does it.
pub fn run(pop: &Pop, screen: &mut Screen) -> Result<(), Trouble> {
    let folders = desk::folders()?;
    let now = screen.look().now;
    let desk = if pop.url.is_some() { None } else { Some(Desk::open(pop.account.as_deref(), now)?) };
    let account = desk.as_ref().map(|desk| &desk.account);
    let plan = pop.plan(account)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Trouble::new(FailureKind::Software, format!("no runtime: {error}")))?;
    let internet = Internet::system(Clock::system());
    let credential = runtime.block_on(pop.credential(&plan, account, (&folders, &internet), screen))?;
    let bar = Bar::new(screen);
    let call = Call { pop, plan: &plan, credential, internet: &internet, folders: &folders, bar: &bar };
    let visited = match (&pop.to, &desk) {
        (Some(words), _) => {
            let target = target(words)?;
            let maildrop = format!("{}@{}", plan.user, plan.server.host);
            let memory = Memory::open(&folders.data.join("pop"), &maildrop, &target)?;
            runtime.block_on(call.visit(&mut FileBasket::open(&target, memory)?))
        }
        (None, Some(desk)) => {
            let folder = desk.mirror.folder_for(Role::Inbox)?;
            let mut basket = MirrorBasket { mirror: desk.mirror.clone(), folder };
            runtime.block_on(call.visit(&mut basket))
        }
        (None, None) => return Err(Trouble::new(FailureKind::Usage, "where to? --to mbox PATH or --to maildir PATH")),
    };
    bar.clear();
    tell(visited?, screen)
}

/// All that a visit takes.
struct Call<'a> {
    pop: &'a Pop,
    plan: &'a Plan,
    credential: Credential,
    internet: &'a Internet,
    folders: &'a Folders,
    bar: &'a Bar,
}

impl Call<'_> {
    async fn visit<B: Basket>(self, basket: &mut B) -> Result<Visited, Trouble> {
        let (plan, bar) = (self.plan, self.bar);
        let line = self.internet.dial(&plan.server, self.folders).await.map_err(|error| {
            let kind = if error.is_temporary() { FailureKind::Temporary } else { FailureKind::Config };
            Trouble::new(kind, error.to_string())
        })?;
        let security = plan.server.security;
        let in_the_clear = dialing::in_the_clear(security);
        let login = Login { user: plan.user.clone(), credential: self.credential, in_the_clear };
        let mut profile = Profile::new(dialing::tls_of(security), login);
        profile.apop = self.pop.apop;
        profile.message_max = agent::mailfile::MESSAGE_MAX as u64;
        let host = plan.server.host.as_str();
        let work = pop3::visit(line.connection, &line.around, profile, (basket, plan.leave), (host, bar.watcher()));
        let visited = until_stopped(work, || {
            bar.watcher().stop();
            self.internet.stop();
        });
        Ok(visited.await)
    }
}

/// Says what came of it. What was fetched is told also where it ended before its time.
fn tell(visited: Visited, screen: &mut Screen) -> Result<(), Trouble> {
    let json = json!({
        "fetched": visited.fetched, "known": visited.known, "deleted": visited.deleted, "left": visited.left,
    });
    let mut said = format!("{} fetched", count(visited.fetched, "new message"));
    if visited.known > 0 {
        said += &format!(", {} here before", visited.known);
    }
    if visited.deleted > 0 {
        said += &format!(", {} removed at the server", visited.deleted);
    }
    let mut view = View::text(said + "\n", json);
    view.notes.clone_from(&visited.left);
    screen.show(&view)?;
    match visited.trouble {
        Some(trouble) => Err(trouble.into()),
        None if !visited.left.is_empty() => {
            Err(agent::trouble::Trouble::new(Kind::Data, "not all messages could be fetched").into())
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_are_read() {
        let is =
            |tls, user: &str, host: &str, port| Ok(Place { tls, user: user.to_owned(), host: host.to_owned(), port });
        assert_eq!(place("pop3s://bob@mail.crepes.fr"), is(true, "bob", "mail.crepes.fr", 995));
        assert_eq!(
            place("POP3://bob@crepes.fr@mail.crepes.fr:1110/"),
            is(false, "bob@crepes.fr", "mail.crepes.fr", 1110)
        );
        assert_eq!(place("pop://bob%40crepes.fr@[::1]:110"), is(false, "bob@crepes.fr", "::1", 110));
        for wrong in [
            "bob@crepes.fr",
            "imaps://bob@x",
            "pop3s://x",
            "pop3s://bob:hungry@x",
            "pop3s://bob@x:0",
            "pop3s://@x",
            "pop3s://bob@x:y",
        ] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
        assert!(place("pop3s://bob:hungry@x").unwrap_err().contains("password"));
    }

    #[test]
    fn targets_are_read() {
        let words = |kind: &str| vec![kind.to_owned(), "/mail/box".to_owned()];
        assert_eq!(target(&words("mbox")).unwrap(), Target::Mbox("/mail/box".into()));
        assert_eq!(target(&words("maildir")).unwrap(), Target::Maildir("/mail/box".into()));
        assert!(target(&words("eml")).is_err());
    }
}
