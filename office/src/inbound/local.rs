//! Mail handed in on this machine by one of its users: the classic `sendmail` command, by way of the drop folder. Owns
//! whom such mail is from and what its hander-in is told; takes it through the same desk as mail from the network. Does
//! not own the folder nor who the user is (`server`).

use super::SmtpDesk;
use crate::admin::{Failure, FailureKind, WayView};
use crate::inbound::route::{End, Route};
use crate::{Office, Peer};
use message::build::{self, Mailbox};
use message::{Address, Host, Time};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use store::StoreError;
use store::op::Deliver;
use store::query::{Resolve, Resolved, TraceById};
use store::types::QueueId;
use wire::Desk;
use wire::smtp::{
    Answer, Ask, Body, ForwardPath, Manner, Notify, Recipient, Reply, Return, ReversePath, Role, Sender as GivenSender,
};

/// Octets of the refused message that go back with a notice.
const QUOTED_MAX: usize = 64 * 1024;

/// Who hands a message in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalUser {
    /// The login name on this machine.
    pub name: String,
    /// The number behind it.
    pub uid: u32,
    /// May send in the name of others: the machine's administrator, and the server itself.
    pub trusted: bool,
}

/// A message as it is handed in, without its content.
#[derive(Clone, Debug)]
pub struct LocalEnvelope {
    /// The name it had where it waited: what was taken under it once is not taken again.
    pub ticket: String,
    /// The queue id it was given there.
    pub queue_id: QueueId,
    /// The reverse path that was asked for: empty for `<>`; `None`: the user's own.
    pub sender: Option<String>,
    /// To whom, bare names or addresses.
    pub recipients: Vec<String>,
    /// NOTIFY of RFC 3461.
    pub notify: Option<Notify>,
    /// RET of RFC 3461.
    pub ret: Option<Return>,
    /// ENVID of RFC 3461.
    pub envid: Option<String>,
    /// Its content has octets above 127.
    pub eight_bit: bool,
    /// Its header or its envelope has.
    pub smtputf8: bool,
}

/// A recipient that is not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalRefusal {
    /// As it was given.
    pub recipient: String,
    /// What would have been said to a client.
    pub reply: Reply,
}

/// The desk for one message that is handed in here.
pub struct LocalDesk {
    desk: SmtpDesk,
    now: Time,
    /// Recipients that are not taken.
    pub refused: Vec<LocalRefusal>,
    /// How many are.
    pub taken: usize,
}

/// What an [`SmtpDesk`] knows of a message handed in here.
pub(super) struct HandedIn {
    pub user: LocalUser,
    pub ticket: String,
    pub queue_id: QueueId,
    /// The user's own address.
    pub own: Address,
    /// By an account that needs no user of this machine, or in its name.
    pub is_letter: bool,
}

impl HandedIn {
    /// Where the message came from, in words.
    pub fn origin(&self) -> String {
        if self.is_letter {
            return format!("from {} as {}", self.own, self.ticket);
        }
        format!("handed in here by {} (uid {}) as {}", self.user.name, self.user.uid, self.ticket)
    }

    /// RFC 5322 §3.6.2: who sent it, where it is from somebody else and the user may not speak for them.
    pub fn sender_field(&self, from: &[Address], has_sender: bool) -> Vec<u8> {
        if self.user.trusted || has_sender || from.is_empty() || from.iter().all(|address| *address == self.own) {
            return Vec::new();
        }
        build::addresses("Sender", &[Mailbox { name: String::new(), address: self.own.clone() }])
    }
}

impl Office {
    /// Opens a desk for a message that is handed in on this machine, and names its sender and recipients.
    ///
    /// # Errors
    /// The reply to its sender, where that is no good or the store is in trouble.
    pub async fn hand_in(&self, now: Time, user: LocalUser, envelope: &LocalEnvelope) -> Result<LocalDesk, Reply> {
        let trusted = user.trusted || self.policy().local_users.contains(&user.name);
        let user = LocalUser { trusted, ..user };
        let own = self.own_address(&user.name);
        let mut desk = self.desk_of_this_machine();
        let sender = self.sender_of(&user, &own, envelope).await.map_err(|error| super::trouble(&error))?;
        desk.handed_in = Some(HandedIn {
            user,
            ticket: envelope.ticket.clone(),
            queue_id: envelope.queue_id,
            own,
            is_letter: false,
        });
        let given = GivenSender {
            reverse_path: sender.map_or(ReversePath::Null, ReversePath::Address),
            size: None,
            body: if envelope.eight_bit { Body::EightBitMime } else { Body::SevenBit },
            smtputf8: envelope.smtputf8,
            ret: envelope.ret,
            envid: envelope.envid.clone(),
            auth: None,
            manner: Manner::Mail,
        };
        let mut local = LocalDesk { desk, now, refused: Vec::new(), taken: 0 };
        local.ask(Ask::Sender(given)).await?;
        for recipient in &envelope.recipients {
            local.name(recipient, envelope.notify).await;
        }
        Ok(local)
    }

    /// Whether a message was taken under this ticket before: its journey says so, and was written with it.
    ///
    /// # Errors
    /// The store's.
    pub async fn was_handed_in(&self, queue_id: QueueId, ticket: &str) -> Result<bool, StoreError> {
        let journey = self.store().read(TraceById { queue_id }).await?;
        Ok(journey.iter().any(|line| line.event == "accepted" && line.detail.ends_with(ticket)))
    }

    /// Where mail from this machine to a name would go.
    ///
    /// # Errors
    /// Why it would go nowhere.
    pub async fn way(&self, now: Time, name: &str) -> Result<WayView, Failure> {
        let desk = self.desk_of_this_machine();
        let address = forward_address(self, name)
            .ok_or_else(|| Failure { kind: FailureKind::Data, message: format!("{name} is no address") })?;
        let route = desk
            .route(&address, now)
            .await
            .map_err(|error| Failure { kind: FailureKind::Temporary, message: error.to_string() })?;
        let ends = match route {
            Route::Members(members) => members
                .iter()
                .map(|member| match &member.end {
                    End::Local(account) => format!("mailbox {}", account.address),
                    End::Remote(address) => format!("host {address}"),
                })
                .collect(),
            Route::Foreign => vec![format!("host {address}")],
            other => {
                let reply = super::recipient::refusal(&address, &other);
                return Err(Failure { kind: kind_of(&reply), message: reply.lines.join(" ") });
            }
        };
        Ok(WayView { address, ends })
    }

    /// Tells a user, or the postmaster in their place, that recipients were not taken, with the beginning of the message.
    ///
    /// # Errors
    /// The reply to the notice, where the user cannot be told.
    pub async fn tell_refused(
        &self,
        now: Time,
        (user, envelope): (&LocalUser, &LocalEnvelope),
        refused: &[LocalRefusal],
        content: &[u8],
    ) -> Result<(), Reply> {
        // RFC 3461 §4.1: NEVER is a wish like others.
        if envelope.notify == Some(Notify::default()) {
            return Ok(());
        }
        if envelope.sender.as_deref() == Some("") {
            return Err(Reply::new(550, wire::smtp::Enhanced(5, 1, 0), "nobody is to be told: the reverse path is <>"));
        }
        let own = self.own_address(&user.name);
        let to = self.sender_of(user, &own, envelope).await.map_err(|error| super::trouble(&error))?.unwrap_or(own);
        // Users of a machine often have no mailbox: then it is for who looks after the house (RFC 5321 §4.5.1).
        match self.send_notice(now, (user, envelope, &to), refused, content).await {
            Err(reply) if reply.code >= 500 => {
                let postmaster = self.own_address("postmaster");
                self.send_notice(now, (user, envelope, &postmaster), refused, content).await
            }
            sent => sent,
        }
    }

    async fn send_notice(
        &self,
        now: Time,
        (user, envelope, to): (&LocalUser, &LocalEnvelope, &Address),
        refused: &[LocalRefusal],
        content: &[u8],
    ) -> Result<(), Reply> {
        let random = u16::from_be_bytes(self.random());
        let notice = LocalEnvelope {
            ticket: format!("{}-refused", envelope.ticket),
            queue_id: QueueId::new(now, random),
            sender: Some(String::new()),
            recipients: vec![to.to_string()],
            notify: None,
            ret: None,
            envid: None,
            eight_bit: true,
            smtputf8: false,
        };
        let server = LocalUser { name: "pillarbox".to_owned(), uid: user.uid, trusted: true };
        let mut desk = self.hand_in(now, server, &notice).await?;
        if let Some(refusal) = desk.refused.pop() {
            return Err(refusal.reply);
        }
        desk.begin().await?;
        desk.content(&self.notice(now, to, refused, content)).await;
        desk.finish().await.map(drop)
    }

    fn notice(&self, now: Time, to: &Address, refused: &[LocalRefusal], content: &[u8]) -> Vec<u8> {
        let here = Host::Domain(self.policy().hostname.clone());
        let postmaster = Mailbox { name: "Pillarbox".to_owned(), address: Address::new("mailer-daemon", here) };
        let mut text = [
            build::date(now, 0),
            build::addresses("From", &[postmaster]),
            build::addresses("To", &[Mailbox { name: String::new(), address: to.clone() }]),
            build::text("Subject", "Your message was not delivered to everybody"),
            // RFC 3834 §5
            b"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                .to_vec(),
            b"Content-Transfer-Encoding: 8bit\r\n\r\nYour message was not delivered to:\r\n\r\n".to_vec(),
        ]
        .concat();
        for LocalRefusal { recipient, reply } in refused {
            let said = reply.lines.join(" ");
            text.extend(format!("  {recipient}\r\n    {} {said}\r\n", reply.code).into_bytes());
        }
        text.extend_from_slice(b"\r\nIt began like this:\r\n\r\n");
        let quoted = content.get(..content.len().min(QUOTED_MAX)).unwrap_or_default();
        for line in String::from_utf8_lossy(quoted).lines() {
            text.extend(format!("> {line}\r\n").into_bytes());
        }
        text
    }

    /// RFC 5321 §4.1.1.2, for a user of this machine: others may be named only by who is trusted.
    async fn sender_of(
        &self,
        user: &LocalUser,
        own: &Address,
        envelope: &LocalEnvelope,
    ) -> Result<Option<Address>, StoreError> {
        let asked = match envelope.sender.as_deref() {
            None => return Ok(Some(own.clone())),
            Some("") => return Ok(None),
            Some(name) => match forward_address(self, name) {
                Some(address) => address,
                None => return Ok(Some(own.clone())),
            },
        };
        if user.trusted || asked == *own {
            return Ok(Some(asked));
        }
        let account = match self.store().read(Resolve { address: own.clone() }).await? {
            Resolved::Account { account, .. } => account,
            _ => return Ok(Some(own.clone())),
        };
        let may = self.desk_of_this_machine().owns(&account, &asked).await?;
        Ok(Some(if may { asked } else { own.clone() }))
    }

    /// The address of a user of this machine.
    fn own_address(&self, name: &str) -> Address {
        let policy = self.policy();
        let domain = policy.first_domain().unwrap_or(&policy.hostname);
        Address::new(name, Host::Domain(domain.clone()))
    }

    fn desk_of_this_machine(&self) -> SmtpDesk {
        let here = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let peer = Peer { client: here, local: here, name: Arc::new(OnceLock::new()), line: None };
        SmtpDesk::new(self.clone(), Role::Mx, peer, self.policy())
    }
}

/// An address as a user of this machine writes it: bare names get our first domain.
fn forward_address(office: &Office, name: &str) -> Option<Address> {
    let name = name.trim();
    let name = name.strip_prefix('<').and_then(|name| name.strip_suffix('>')).unwrap_or(name);
    let whole = if name.contains('@') { name.to_owned() } else { office.own_address(name).to_string() };
    Address::parse(&whole).ok()
}

impl LocalDesk {
    async fn name(&mut self, recipient: &str, notify: Option<Notify>) {
        let Some(address) = forward_address(&self.desk.office, recipient) else {
            let reply = Reply::new(501, wire::smtp::Enhanced(5, 1, 3), "that is no address");
            self.refused.push(LocalRefusal { recipient: recipient.to_owned(), reply });
            return;
        };
        let given = Recipient { forward_path: ForwardPath::Address(address), notify, orcpt: None };
        match self.ask(Ask::Recipient(given)).await {
            Ok(_) => self.taken += 1,
            Err(reply) => self.refused.push(LocalRefusal { recipient: recipient.to_owned(), reply }),
        }
    }

    /// Content is about to come.
    ///
    /// # Errors
    /// The reply where it is not to.
    pub async fn begin(&mut self) -> Result<(), Reply> {
        self.ask(Ask::Content).await.map(drop)
    }

    /// Takes a run of content.
    pub async fn content(&mut self, octets: &[u8]) {
        self.desk.content(octets).await;
    }

    /// All has come: it is ours when this returns well.
    ///
    /// # Errors
    /// The reply to the message.
    pub async fn finish(mut self) -> Result<QueueId, Reply> {
        let id = self.desk.handed_in.as_ref().map_or(QueueId(0), |handed_in| handed_in.queue_id);
        self.ask(Ask::Commit).await.map(|_| id)
    }

    /// All has come: the message as it would be delivered, for a transaction of others to carry.
    ///
    /// # Errors
    /// The reply to the message.
    pub(crate) async fn draft(mut self) -> Result<Deliver, Reply> {
        self.desk.draft(self.now).await
    }

    async fn ask(&mut self, ask: Ask) -> Result<Reply, Reply> {
        match self.desk.answer(self.now, ask).await {
            Answer::Reply(reply) if reply.code < 400 => Ok(reply),
            Answer::Reply(reply) => Err(reply),
            Answer::Replies(_) | Answer::Sasl(_) | Answer::Done => Ok(Reply::plain(250, "")),
        }
    }
}

/// The class of failure that a reply stands for: the exit code of `sendmail` comes of it.
#[must_use]
pub fn kind_of(reply: &Reply) -> FailureKind {
    match (reply.code, reply.enhanced) {
        (400..=499, _) => FailureKind::Temporary,
        (_, Some(wire::smtp::Enhanced(5, 1, 2))) => FailureKind::NoHost,
        (_, Some(wire::smtp::Enhanced(5, 1, 0 | 1 | 3 | 6))) => FailureKind::NoUser,
        (552 | 554, _) => FailureKind::Data,
        _ => FailureKind::Unavailable,
    }
}
