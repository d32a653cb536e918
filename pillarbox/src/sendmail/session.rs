//! `sendmail -bs`: SMTP on stdin and stdout, for programs that speak nothing else. The session is the server's own
//! (`wire::smtp::Server`); its desk here drops what it accepts, as `sendmail` without options does.

use super::hand_in::{self, Handed};
use crate::trouble::Trouble;
use bytes::Bytes;
use message::Time;
use net::{Clock, Seat, Security, Surroundings};
use office::admin::{Failure, FailureKind, Request, Response};
use server::drop::Envelope;
use server::{Config, StartError, control};
use std::net::{IpAddr, Ipv4Addr};
use tokio::sync::watch;
use wire::Desk;
use wire::smtp::{
    Answer, Ask, Body, Classic, Enhanced, ForwardPath, Limits, Notify, Profile, Recipient, Reply, Return, ReversePath,
    Role, Sender, Server,
};

/// Speaks until the other end has had enough.
pub fn speak(config: &Config) -> Result<(), Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Trouble::from(StartError::System(error)))?;
    let clock = Clock::system();
    let (_keep, drain) = watch::channel(false);
    let around = Surroundings { seat: Seat::new(clock.now()), clock: clock.clone(), drain, security: Security::Plain };
    let desk = DropDesk { config: config.clone(), message: None };
    let session = Server::new(clock.now(), profile(config));
    let both = tokio::io::join(tokio::io::stdin(), tokio::io::stdout());
    runtime.block_on(net::drive(both, session, desk, &around));
    // Its thread may still wait for a line that nobody will write.
    runtime.shutdown_background();
    Ok(())
}

fn profile(config: &Config) -> Profile {
    Profile {
        role: Role::Mx,
        hostname: config.hostname.to_string(),
        greeting: "ESMTP ready".to_owned(),
        client_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        trusted: true,
        plaintext_login: false,
        tls_available: false,
        mechanisms: Vec::new(),
        dsn: true,
        classic: Classic::default(),
        limits: Limits {
            message_size: config.limits.message_size,
            recipients: usize::try_from(config.limits.recipients).unwrap_or(usize::MAX),
            ..Limits::default()
        },
    }
}

/// Answers the session on stdin.
struct DropDesk {
    config: Config,
    message: Option<Message>,
}

/// A message that is being said.
struct Message {
    sender: Sender,
    recipients: Vec<Recipient>,
    content: Vec<u8>,
}

impl DropDesk {
    fn open(&mut self, sender: Sender) -> Reply {
        if sender.body == Body::BinaryMime {
            return Reply::new(554, Enhanced(5, 6, 1), "no binary here: write it as base64");
        }
        self.message = Some(Message { sender, recipients: Vec::new(), content: Vec::new() });
        Reply::new(250, Enhanced(2, 1, 0), "sender taken")
    }

    /// Asks the server, where it answers; otherwise it will be found out later, and the sender told.
    fn take(&mut self, recipient: Recipient) -> Reply {
        if let Some(Err(failure)) = self.way(&name(&recipient.forward_path)) {
            return refusal(&failure);
        }
        if let Some(message) = &mut self.message {
            message.recipients.push(recipient);
        }
        Reply::new(250, Enhanced(2, 1, 5), "recipient taken")
    }

    /// Where a name leads. `None`: nobody can say.
    fn way(&self, name: &str) -> Option<Result<String, Failure>> {
        let request = Request::Way { name: name.to_owned() };
        match control::ask(&control::path(&self.config.data_dir), &request)? {
            Ok(Response::Way(way)) => Some(Ok(way.address.to_string())),
            Err(failure) if matches!(failure.kind, FailureKind::NoUser | FailureKind::NoHost | FailureKind::Data) => {
                Some(Err(failure))
            }
            _ => None,
        }
    }

    fn verify(&self, name: &str) -> Reply {
        match self.way(name) {
            Some(Ok(address)) => Reply::new(250, Enhanced(2, 1, 5), format!("<{address}>")),
            Some(Err(failure)) => refusal(&failure),
            None => Reply::new(252, Enhanced(2, 5, 2), "will take mail for it and see"),
        }
    }

    /// Drops the message, once for each wish for reports.
    fn commit(&mut self) -> Reply {
        let Some(message) = self.message.take() else {
            return Reply::new(503, Enhanced(5, 5, 1), "there is no message to take");
        };
        let mut said = "dropped".to_owned();
        let mut wishes: Vec<Option<Notify>> = Vec::new();
        for recipient in &message.recipients {
            if wishes.contains(&recipient.notify) {
                continue;
            }
            wishes.push(recipient.notify);
            let envelope = message.envelope(recipient.notify);
            match hand_in::put(&self.config, &envelope, &message.content, false) {
                Ok(Handed::Taken(view)) => said = view.taken.first().map_or(said, |id| format!("queued as {id}")),
                Ok(Handed::Waits) => {}
                Err(trouble) => return Reply::new(451, Enhanced(4, 3, 0), trouble.message().unwrap_or_default()),
            }
        }
        Reply::new(250, Enhanced(2, 0, 0), said)
    }
}

impl Message {
    fn envelope(&self, notify: Option<Notify>) -> Envelope {
        let sender = match &self.sender.reverse_path {
            ReversePath::Null => String::new(),
            ReversePath::Address(address) => address.to_string(),
            ReversePath::Bare(name) => name.clone(),
        };
        let to = self.recipients.iter().filter(|recipient| recipient.notify == notify);
        Envelope {
            sender: Some(sender),
            recipients: to.map(|recipient| name(&recipient.forward_path)).collect(),
            notify: notify.map(notify_text),
            ret: self.sender.ret.map(|ret| if ret == Return::Full { "FULL" } else { "HDRS" }.to_owned()),
            envid: self.sender.envid.clone(),
            eight_bit: self.sender.body != Body::SevenBit,
            smtputf8: self.sender.smtputf8,
        }
    }
}

fn name(path: &ForwardPath) -> String {
    match path {
        ForwardPath::Address(address) => address.to_string(),
        ForwardPath::Bare(name) => name.clone(),
    }
}

fn notify_text(notify: Notify) -> String {
    let words = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
    let chosen: Vec<&str> = words.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    if chosen.is_empty() { "NEVER".to_owned() } else { chosen.join(",") }
}

fn refusal(failure: &Failure) -> Reply {
    Reply::new(550, Enhanced(5, 1, 1), failure.message.clone())
}

impl Desk for DropDesk {
    type Session = Server;

    async fn answer(&mut self, _now: Time, ask: Ask) -> Answer {
        Answer::Reply(match ask {
            Ask::Greeted(..) | Ask::Reset => {
                self.message = None;
                return Answer::Done;
            }
            Ask::Sender(sender) => self.open(sender),
            Ask::Recipient(recipient) => self.take(recipient),
            Ask::Content => Reply::plain(354, "go ahead, end with a line that holds only a dot"),
            Ask::Commit => self.commit(),
            Ask::Verify(name) => self.verify(&name),
            Ask::Expand(_) => Reply::new(502, Enhanced(5, 5, 1), "ask the server for that"),
            Ask::Status => Reply::new(211, Enhanced(2, 0, 0), format!("{} takes mail here", self.config.hostname)),
            // No mechanism is offered and nothing classic is on, so that none of them is asked for.
            Ask::Auth(_) | Ask::Start(_) | Ask::Turn(_) => return Answer::Done,
        })
    }

    /// The session keeps it below `limits.message_size`.
    async fn content(&mut self, bytes: &[u8]) {
        if let Some(message) = &mut self.message {
            message.content.extend_from_slice(bytes);
        }
    }

    async fn read(&mut self, _source: u64, _offset: u64) -> Option<Bytes> {
        None
    }
}
