//! What a program on this host hands over in pieces: an e-mail to be kept, or a letter to be sent. A letter passes the same
//! desk as one by SMTP submission, and its ticket goes into its journey with the commit: handed over again it is known.

use super::emails::flags_of;
use super::{HostDesk, Told, refuse, replied, trouble, usage};
use crate::access::jmap::{AddFault, Inlet, NewEmail};
use crate::admin::FailureKind;
use crate::inbound::{Letter, LetterEnvelope, NotTaken, Writer};
use message::{Address, Time};
use std::time::Duration;
use store::types::{MailboxId, QueueId};
use wire::host::{self, Answer, PIECE_MAX, RECIPIENTS_MAX, Refusal, RefusedRecipient, Request};

/// Octets of a ticket: an account's name, a number, and what else tells one letter from all others.
const TICKET_MAX: usize = 200;

/// How far the clock of who queued a letter may be ahead of ours: ids sort by time, and a year from now is no time of mail.
const AHEAD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What is coming in.
#[derive(Default)]
pub(super) enum Incoming {
    /// Nothing.
    #[default]
    Nothing,
    /// An e-mail to be kept.
    Kept { inlet: Box<Inlet>, room: u64 },
    /// A letter to be sent.
    Sent { letter: Box<Letter>, room: u64, last: u8 },
}

impl HostDesk {
    pub(super) async fn take(&mut self, now: Time, request: Request) -> Told {
        match request {
            Request::Begin { octets } => {
                self.fits(octets)?;
                self.incoming = Incoming::Kept { inlet: Box::new(self.office.inlet()), room: octets };
                Ok(Answer::Done)
            }
            Request::Post(letter) => self.post(now, letter).await,
            Request::Piece { octets } => self.piece(&octets.0).await,
            Request::Append { folder, flags, received } => self.append(now, MailboxId(folder), &flags, received).await,
            Request::Send => self.send().await,
            _ => Err(usage("nothing is coming in")),
        }
    }

    /// Whether so many octets may come.
    fn fits(&self, octets: u64) -> Result<(), Refusal> {
        let most = self.office.message_size();
        if octets > most {
            return Err(refuse(FailureKind::Data, format!("the message is larger than {most} octets")));
        }
        if !self.office.has_room(octets) {
            return Err(refuse(FailureKind::Temporary, "the disk of the post office is nearly full"));
        }
        Ok(())
    }

    async fn piece(&mut self, octets: &[u8]) -> Told {
        let more = octets.len() as u64;
        let room = match &mut self.incoming {
            Incoming::Nothing => return Err(usage("nothing was said to come")),
            Incoming::Kept { room, .. } | Incoming::Sent { room, .. } => room,
        };
        if octets.len() > PIECE_MAX || more > *room {
            self.incoming = Incoming::Nothing;
            return Err(usage("more octets than there were to be"));
        }
        *room -= more;
        match &mut self.incoming {
            Incoming::Kept { inlet, .. } => inlet.write(octets).await.map_err(trouble)?,
            Incoming::Sent { letter, last, .. } => {
                if has_bare_line_end(*last, octets) {
                    self.incoming = Incoming::Nothing;
                    return Err(refuse(FailureKind::Data, "lines end with CR LF, and neither stands alone"));
                }
                *last = octets.last().copied().unwrap_or(*last);
                letter.content(octets).await;
            }
            Incoming::Nothing => {}
        }
        Ok(Answer::Done)
    }

    async fn append(&mut self, now: Time, folder: MailboxId, flags: &host::Flags, received: Time) -> Told {
        let Incoming::Kept { inlet, room: 0 } = std::mem::take(&mut self.incoming) else {
            return Err(usage("the e-mail has not come whole"));
        };
        let content = inlet.finish().await.map_err(fault)?;
        let new =
            NewEmail { content, flags: flags_of(flags), received, mailboxes: vec![folder], unchanged_since: None };
        let added = self.office.add_email(now, self.account()?.id, new).await.map_err(fault)?;
        Ok(Answer::Found { id: Some(added.email.0) })
    }

    async fn post(&mut self, now: Time, letter: host::Letter) -> Told {
        self.incoming = Incoming::Nothing;
        let account = self.account()?.clone();
        if letter.recipients.len() > RECIPIENTS_MAX || letter.ticket.len() > TICKET_MAX {
            return Err(usage("too many recipients, or too long a ticket"));
        }
        self.fits(letter.octets)?;
        let ticket = format!("{} ({})", letter.ticket, account.address);
        let queue_id = queue_id(letter.posted.min(now.after(AHEAD_MAX)), &ticket);
        if self.office.was_handed_in(queue_id, &ticket).await.map_err(trouble)? {
            return Ok(Answer::Sending { name: queue_id.to_string(), taken: true, refused: Vec::new() });
        }
        let envelope = LetterEnvelope {
            ticket,
            queue_id,
            reverse_path: address(&letter.reverse_path)?,
            ret: None,
            envid: None,
            octets: letter.octets,
        };
        let writer = Writer::Account(Box::new(account), None);
        let desk = self.office.open_letter(now, writer, envelope).await.map_err(|reply| replied(&reply))?;
        let refused = self.name(desk, &letter).await?;
        Ok(Answer::Sending { name: queue_id.to_string(), taken: false, refused })
    }

    /// Names the recipients; those that are not taken.
    async fn name(&mut self, mut desk: Letter, letter: &host::Letter) -> Result<Vec<RefusedRecipient>, Refusal> {
        let mut refused = Vec::new();
        for recipient in &letter.recipients {
            let said = match Address::parse(recipient) {
                Err(_) => Some(("501 5.1.3 that is no address".to_owned(), true)),
                Ok(address) => match desk.recipient(&address, None, None).await {
                    Ok(()) => None,
                    Err(reply) => Some((format!("{} {}", reply.code, reply.lines.join(" ")), reply.code >= 500)),
                },
            };
            let refusal = |(said, for_good)| RefusedRecipient { recipient: recipient.clone(), said, for_good };
            refused.extend(said.map(refusal));
        }
        if desk.taken() > 0 {
            desk.begin().await.map_err(|reply| replied(&reply))?;
            self.incoming = Incoming::Sent { letter: Box::new(desk), room: letter.octets, last: b'\n' };
        }
        Ok(refused)
    }

    async fn send(&mut self) -> Told {
        let Incoming::Sent { letter, room: 0, last } = std::mem::take(&mut self.incoming) else {
            return Err(usage("the letter has not come whole"));
        };
        if last != b'\n' {
            return Err(refuse(FailureKind::Data, "the last line does not end"));
        }
        match letter.commit(self.account()?.id, Vec::new()).await {
            Ok(_) => Ok(Answer::Done),
            Err(NotTaken::Store(error)) => Err(trouble(error)),
            Err(other) => Err(replied(&other.reply())),
        }
    }
}

/// The name of a letter: the same whenever it is handed over.
fn queue_id(posted: Time, ticket: &str) -> QueueId {
    let hash = ticket.bytes().fold(0x811c_9dc5_u32, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193));
    QueueId::new(posted, (hash ^ (hash >> 16)) as u16)
}

fn address(reverse_path: &str) -> Result<Option<Address>, Refusal> {
    if reverse_path.is_empty() {
        return Ok(None);
    }
    let wrong = |_| refuse(FailureKind::Data, format!("{reverse_path:?} is no address of a sender"));
    Address::parse(reverse_path).map(Some).map_err(wrong)
}

/// RFC 5321 §2.3.8: neither CR nor LF stands alone. `before`: the octet before the piece.
fn has_bare_line_end(before: u8, piece: &[u8]) -> bool {
    let mut last = if before == b'\n' { 0 } else { before };
    piece.iter().any(|octet| {
        let bare = (*octet == b'\n') != (last == b'\r');
        last = *octet;
        bare
    })
}

fn fault(fault: AddFault) -> Refusal {
    match fault {
        AddFault::OverQuota => refuse(FailureKind::Temporary, "the account is full"),
        AddFault::Keywords => refuse(FailureKind::Data, "the account cannot have more keywords"),
        AddFault::Gone => refuse(FailureKind::Data, "the folder is gone"),
        AddFault::Conflict => refuse(FailureKind::Temporary, "something changed meanwhile, try again"),
        AddFault::Malformed => refuse(FailureKind::Data, "the message holds NUL where no encoding can help"),
        AddFault::Store(error) => trouble(error),
    }
}
