//! Trying the servers of an account: logging in once and leaving, and looking at a certificate before anything is said.
//! Owns what an answer means for the person's settings; changes nothing at the server.

use crate::account::settings::Local as Place;
use crate::account::{Incoming, Outgoing, Security, Server};
use crate::dialing::{Internet, explain, in_the_clear, is_lasting, tls_of};
use crate::disk;
use crate::house::Folders;
use crate::http::Client as Http;
use crate::remote::keyed::Keyed;
use crate::remote::local::Local;
use crate::submission;
use crate::trouble::{Kind, Trouble};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Request;
use message::{Address, Time};
use net::tls::{Trust, Witness, client_config};
use parking_lot::Mutex;
use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use wire::imap::response::{Code, StatusText};
use wire::smtp::client::limits::RANDOM;
use wire::smtp::client::{Credential, Login};
use wire::{Desk, Session, imap, pop3};

/// How long one trial may take: long enough for a server that makes guessers wait, short enough for who sits before it.
pub const TRIAL_LIMIT: Duration = Duration::from_secs(30);
/// Octets of a JMAP session object: one for each account somebody may read.
const SESSION_MAX: usize = 1024 * 1024;

/// Who tries, and from where.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// The network.
    pub internet: &'a Internet,
    /// Where trusted certificates are.
    pub folders: &'a Folders,
}

/// The name and what proves it.
pub type Who = (String, Credential);

impl Trial<'_> {
    /// Whether the mail of an address can be read there.
    ///
    /// # Errors
    /// Why not; [`Kind::NotAllowed`]: the name or the password is wrong.
    pub async fn incoming(&self, incoming: &Incoming, address: &Address, who: Option<Who>) -> Result<(), Trouble> {
        match (incoming, who) {
            (files @ (Incoming::Maildir(path) | Incoming::Mbox(path)), _) if disk::is_there(path) => {
                crate::remote::files::check(files)
            }
            // A spool that is empty is often not there; its folder is.
            (files @ Incoming::Mbox(path), _) if path.parent().is_some_and(disk::is_there) => {
                crate::remote::files::check(files)
            }
            (Incoming::Maildir(path), _) => {
                let words = format!("there is no {}; make the folder first, and it becomes a Maildir", path.display());
                Err(Trouble::new(Kind::Settings, words))
            }
            (Incoming::Mbox(path), _) => {
                let words = format!("there is no {}, nor a folder for it", path.display());
                Err(Trouble::new(Kind::Settings, words))
            }
            (Incoming::Local(at), _) => self.local(at, address).await,
            (_, None) => Err(Trouble::new(Kind::Settings, "there is no secret to log in with")),
            (Incoming::Imap(server), Some(who)) => in_time(server, self.imap(server, who)).await,
            (Incoming::Pop3 { server, .. }, Some(who)) => in_time(server, self.pop3(server, who)).await,
            (Incoming::Jmap { url, trust, .. }, Some(who)) => {
                let trust = trust.as_deref().map(|path| crate::account::settings::resolve(path, self.folders));
                let tls = trust.map(|path| self.internet.trust(Some(&path))).transpose()?;
                let http = Http::with_patience(self.internet, tls, TRIAL_LIMIT);
                jmap(&http, url, &who).await
            }
        }
    }

    /// Whether mail of an address can be sent there.
    ///
    /// # Errors
    /// Why not.
    pub async fn outgoing(&self, outgoing: &Outgoing, address: &Address, who: Option<Who>) -> Result<(), Trouble> {
        match outgoing {
            Outgoing::Jmap => Ok(()),
            Outgoing::Local(at) => self.local(at, address).await,
            Outgoing::Smtp(server) => {
                let way = submission::Way { internet: self.internet, folders: self.folders, server, login: who };
                in_time(server, submission::greet(&way)).await
            }
        }
    }

    /// Enters the post office of this host, and leaves.
    async fn local(&self, at: &Place, address: &Address) -> Result<(), Trouble> {
        let local = Local::open(self.internet.door()?, at, address, self.internet.clock().clone()).await?;
        local.close().await;
        Ok(())
    }

    async fn imap(&self, server: &Server, who: Who) -> Result<(), Trouble> {
        let profile = imap::client::Profile {
            tls: tls_of(server.security),
            login: Some(login(server, who)),
            timeouts: imap::client::Timeouts::default(),
        };
        let session = imap::client::Client::new(self.internet.clock().now(), profile, random()?);
        self.visit(server, |visit| (session, ImapVisit(visit))).await
    }

    async fn pop3(&self, server: &Server, who: Who) -> Result<(), Trouble> {
        let profile = pop3::client::Profile::new(tls_of(server.security), login(server, who));
        let session = pop3::client::Client::new(self.internet.clock().now(), profile, random()?);
        self.visit(server, |visit| (session, Pop3Visit(visit))).await
    }

    /// Drives a session that leaves as soon as it is in.
    async fn visit<S, D>(&self, server: &Server, make: impl FnOnce(Visit) -> (S, D)) -> Result<(), Trouble>
    where
        S: Session + Send,
        D: Desk<Session = S>,
    {
        let line = self.internet.dial(server, self.folders).await?;
        let visit = Visit { host: server.host.clone(), came: Arc::default() };
        let (session, desk) = make(visit.clone());
        let ended = net::drive(line.connection, session, desk, &line.around).await;
        if let net::Reason::Tls(error) = &ended.reason {
            let kind = if is_lasting(error) { Kind::Settings } else { Kind::TryAgain };
            return Err(Trouble::new(kind, explain(&ended.reason, &server.host)));
        }
        let came = visit.came.lock().take();
        came.unwrap_or_else(|| Err(visit.trouble(Kind::TryAgain, &ended.reason.to_string())))
    }

    /// The certificates that a server shows, its own first. Nothing is said to it but what leads to TLS.
    ///
    /// # Errors
    /// It cannot be reached, or shows none.
    pub async fn certificates(&self, server: &Server, kind: Protocol) -> Result<Vec<CertificateDer<'static>>, Trouble> {
        let witness = Arc::new(Witness::default());
        let tls =
            client_config(Trust::Witness(witness.clone())).map_err(|error| Trouble::new(Kind::Software, error))?;
        let line = self.internet.dial_with(server, Some(tls)).await?;
        let visit = Visit { host: server.host.clone(), came: Arc::default() };
        let (now, security) = (self.internet.clock().now(), tls_of(server.security));
        let nobody = Login { user: String::new(), credential: Credential::Token(no_secret()), in_the_clear: false };
        let ended = match kind {
            Protocol::Smtp => {
                let way = submission::Way { internet: self.internet, folders: self.folders, server, login: None };
                submission::converse(&way, line, None).await.map(drop)
            }
            Protocol::Imap => {
                let timeouts = imap::client::Timeouts::default();
                let profile = imap::client::Profile { tls: security, login: None, timeouts };
                let session = imap::client::Client::new(now, profile, random()?);
                drop(net::drive(line.connection, session, ImapVisit(visit), &line.around).await);
                Ok(())
            }
            Protocol::Pop3 => {
                let session = pop3::client::Client::new(now, pop3::client::Profile::new(security, nobody), random()?);
                drop(net::drive(line.connection, session, Pop3Visit(visit), &line.around).await);
                Ok(())
            }
        };
        let seen = witness.seen();
        match (seen.is_empty(), ended) {
            (false, _) => Ok(seen),
            (true, Err(trouble)) => Err(trouble),
            (true, Ok(())) => {
                let text = format!("{} port {} shows no certificate", server.host, server.port);
                Err(Trouble::new(Kind::Unavailable, text))
            }
        }
    }
}

/// What is spoken at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Protocol {
    Imap,
    Pop3,
    Smtp,
}

fn no_secret() -> wire::sasl::Secret {
    wire::sasl::Secret(Vec::new())
}

fn login(server: &Server, (user, credential): Who) -> Login {
    Login { user, credential, in_the_clear: in_the_clear(server.security) }
}

fn random() -> Result<[u8; RANDOM], Trouble> {
    let mut random = [0; RANDOM];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Trouble::new(Kind::Software, "no random numbers here"))?;
    Ok(random)
}

async fn in_time(server: &Server, trial: impl Future<Output = Result<(), Trouble>>) -> Result<(), Trouble> {
    let late = || Trouble::new(Kind::TryAgain, format!("{} port {} did not answer in time", server.host, server.port));
    timeout(TRIAL_LIMIT, trial).await.unwrap_or_else(|_| Err(late()))
}

/// RFC 8620 §2: the session object, which only who may log in gets.
async fn jmap(http: &Http, url: &str, (user, credential): &Who) -> Result<(), Trouble> {
    let settings = |why: &str| Trouble::new(Kind::Settings, format!("{url}: {why}"));
    let request = Request::get(jmap_url(url)).header("authorization", authorization(user, credential));
    let request = request.header("accept", "application/json").body(Bytes::new());
    let response = http.send(request.map_err(|_| settings("is no address, or the name cannot be sent"))?).await?;
    match response.status.as_u16() {
        200 => {}
        401 | 403 => return Err(Trouble::new(Kind::NotAllowed, format!("{url} does not let us in"))),
        status => return Err(settings(&format!("there is no JMAP ({status})"))),
    }
    let octets = response.octets(SESSION_MAX).await?;
    let session: serde_json::Value = serde_json::from_slice(&octets).unwrap_or_default();
    let core = session.get("capabilities").and_then(|known| known.get("urn:ietf:params:jmap:core"));
    if core.is_some() { Ok(()) } else { Err(settings("there is no JMAP")) }
}

/// The session object's URL: as it is set, or of the host (RFC 8620 §2.2).
#[must_use]
pub fn jmap_url(url: &str) -> String {
    let bare = url.parse::<hyper::Uri>().is_ok_and(|url| url.path() == "/" && url.query().is_none());
    if bare { format!("{}/.well-known/jmap", url.trim_end_matches('/')) } else { url.to_owned() }
}

/// The field `Authorization` (RFC 7617, RFC 6750 §2.1).
#[must_use]
pub fn authorization(user: &str, credential: &Credential) -> String {
    match credential {
        Credential::Password(password) => {
            format!("Basic {}", STANDARD.encode([user.as_bytes(), b":", &password.0].concat()))
        }
        Credential::Token(token) => format!("Bearer {}", String::from_utf8_lossy(&token.0)),
    }
}

/// One visit, and what came of it.
#[derive(Clone)]
struct Visit {
    host: String,
    came: Arc<Mutex<Option<Result<(), Trouble>>>>,
}

impl Visit {
    fn trouble(&self, kind: Kind, why: &str) -> Trouble {
        Trouble::new(kind, format!("{}: {why}", self.host))
    }

    fn is_in(&self) {
        *self.came.lock() = Some(Ok(()));
    }

    fn is_out(&self, kind: Kind, why: &str) {
        let trouble = self.trouble(kind, why);
        self.came.lock().get_or_insert(Err(trouble));
    }
}

struct ImapVisit(Visit);

impl Desk for ImapVisit {
    type Session = imap::client::Client;

    async fn answer(&mut self, _: Time, ask: imap::client::Ask) -> imap::client::Answer {
        use imap::client::{Answer, Ask, Refusal, Said, Stage};
        match ask {
            Ask::Next(_) => {
                self.0.is_in();
                return Answer::Logout;
            }
            Ask::Lost(outcome) => match (outcome.said, outcome.stage) {
                // RFC 9051 §7.1: the server is not well, or somebody else is in.
                (Said::Status(status), Stage::Login) if passes(&status) => {
                    self.0.is_out(Kind::TryAgain, &said(&status.text));
                }
                (Said::Status(status), Stage::Login) => self.0.is_out(Kind::NotAllowed, &said(&status.text)),
                (Said::Status(status), _) => self.0.is_out(Kind::Unavailable, &said(&status.text)),
                (Said::Refused(refusal @ Refusal::Unproven), _) => {
                    self.0.is_out(Kind::NotAllowed, &refusal.to_string());
                }
                (Said::Refused(refusal), _) => self.0.is_out(Kind::Settings, &refusal.to_string()),
                (Said::Garbage(_), _) => self.0.is_out(Kind::Protocol, "this is no IMAP"),
                (Said::Closed, _) => self.0.is_out(Kind::TryAgain, "the connection was closed"),
                (Said::TimedOut, _) => self.0.is_out(Kind::TryAgain, "no answer in time"),
            },
            Ask::Heard(_) | Ask::Body(_) | Ask::Finished(_) => {}
        }
        Answer::Done
    }

    async fn content(&mut self, _: &[u8]) {}

    async fn read(&mut self, _: u64, _: u64) -> Option<Bytes> {
        None
    }
}

fn passes(status: &StatusText) -> bool {
    matches!(&status.code, Some(Code::Other(code, _)) if matches!(code.as_str(), "UNAVAILABLE" | "INUSE"))
}

/// What passes by itself.
const PASSING: [&str; 3] = ["IN-USE", "LOGIN-DELAY", "SYS/TEMP"];

struct Pop3Visit(Visit);

impl Desk for Pop3Visit {
    type Session = pop3::client::Client;

    async fn answer(&mut self, _: Time, ask: pop3::client::Ask) -> pop3::client::Answer {
        use pop3::client::{Answer, Ask, Refusal, Said, Stage};
        match ask {
            Ask::Next(_) => {
                self.0.is_in();
                return Answer::Quit;
            }
            Ask::Lost(outcome) => match (outcome.said, outcome.stage) {
                // RFC 2449 §8, RFC 3206 §4: somebody else is in, or the server is not well.
                (Said::No(reply), _) if reply.code.as_deref().is_some_and(|code| PASSING.contains(&code)) => {
                    self.0.is_out(Kind::TryAgain, &said(&reply.text));
                }
                (Said::No(reply), Stage::Login) => self.0.is_out(Kind::NotAllowed, &said(&reply.text)),
                (Said::No(reply), _) => self.0.is_out(Kind::Unavailable, &said(&reply.text)),
                (Said::Refused(refusal @ Refusal::Unproven), _) => {
                    self.0.is_out(Kind::NotAllowed, &refusal.to_string());
                }
                (Said::Refused(refusal), _) => self.0.is_out(Kind::Settings, &refusal.to_string()),
                (Said::Garbage(_), _) => self.0.is_out(Kind::Protocol, "this is no POP3"),
                (Said::Closed | Said::TooLong, _) => self.0.is_out(Kind::TryAgain, "the connection was closed"),
                (Said::TimedOut, _) => self.0.is_out(Kind::TryAgain, "no answer in time"),
            },
            Ask::Listed(_) | Ask::Begun(_) | Ask::Finished(_) | Ask::Goodbye(_) => {}
        }
        Answer::Done
    }

    async fn content(&mut self, _: &[u8]) {}

    async fn read(&mut self, _: u64, _: u64) -> Option<Bytes> {
        None
    }
}

/// What a server says comes to a terminal.
fn said(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    format!("it says no: {text}")
}

/// Whether these settings can be reached without TLS by others than this machine; then a person is to be asked.
#[must_use]
pub fn is_open(server: &Server) -> bool {
    server.security == Security::Plain && !crate::dialing::is_this_machine(&server.host)
}

#[cfg(test)]
#[path = "trial_tests.rs"]
mod tests;
