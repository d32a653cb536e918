//! Sessions under any input. The first octet chooses the door and what the desk says; the rest is what the client
//! sends. Cut into single octets it must lead to the same replies and the same content as whole.

use crate::drive::{Answers, Seen, run};
use message::Time;
use std::net::{IpAddr, Ipv4Addr};
use wire::sasl::{self, Mechanism, Refusal};
use wire::smtp::{self, Enhanced, Limits, Profile, Reply, Role};

/// SMTP, submission and LMTP.
///
/// # Panics
/// When a law is broken.
pub fn smtp(data: &[u8]) {
    let Some((choice, input)) = data.split_first() else { return };
    let whole = smtp_run(*choice, input, usize::MAX);
    let octets = smtp_run(*choice, input, 1);
    assert_eq!(whole, octets, "cuts in the input made a difference");
    let replies = String::from_utf8_lossy(&whole.0.output).into_owned();
    assert!(replies.is_empty() || replies.ends_with("\r\n"));
    for line in replies.split_terminator("\r\n") {
        assert!(line.len() <= 510, "a reply line of {} octets", line.len());
        assert!(line.bytes().take(3).all(|c| c.is_ascii_digit()), "no reply: {line}");
        assert!(!line.contains(['\r', '\n', '\0']), "a reply with a control in it: {line:?}");
    }
}

/// What was seen, and what the desk got: every finished message.
fn smtp_run(choice: u8, input: &[u8], piece: usize) -> (Seen, Vec<Vec<u8>>) {
    let role = match choice & 3 {
        0 | 1 => Role::Mx,
        2 => Role::Submission,
        _ => Role::Lmtp,
    };
    let profile = Profile {
        role,
        hostname: "mx.hamburger.edu".to_owned(),
        greeting: String::new(),
        client_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        trusted: choice & 4 != 0,
        plaintext_login: choice & 8 != 0,
        tls_available: choice & 16 != 0,
        mechanisms: vec![Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login],
        dsn: true,
        limits: Limits { message_size: 2000, recipients: 3, ..Limits::default() },
    };
    let desk = MailDesk { lmtp: role == Role::Lmtp, grudging: choice & 32 != 0, ..MailDesk::default() };
    let session = smtp::Server::new(Time(1_081_298_274_000), profile);
    let (seen, desk) = run(session, desk, input, piece);
    (seen, desk.messages)
}

#[derive(Default)]
struct MailDesk {
    lmtp: bool,
    /// Refuses every third thing.
    grudging: bool,
    asked: usize,
    recipients: usize,
    content: Vec<u8>,
    messages: Vec<Vec<u8>>,
}

impl MailDesk {
    fn verdict(&mut self) -> Reply {
        self.asked += 1;
        if self.grudging && self.asked.is_multiple_of(3) {
            Reply::new(450, Enhanced(4, 2, 1), "not now")
        } else {
            Reply::new(250, Enhanced(2, 0, 0), "ok")
        }
    }

    fn commit(&mut self) -> smtp::Answer {
        assert!(self.recipients > 0, "a commit without recipients");
        self.messages.push(std::mem::take(&mut self.content));
        let recipients = std::mem::take(&mut self.recipients);
        let replies: Vec<Reply> = (0..recipients).map(|_| self.verdict()).collect();
        match (self.lmtp, replies.first()) {
            (false, Some(first)) => smtp::Answer::Reply(first.clone()),
            _ => smtp::Answer::Replies(replies),
        }
    }

    fn forget(&mut self) -> smtp::Answer {
        self.content.clear();
        self.recipients = 0;
        smtp::Answer::Done
    }
}

impl Answers<smtp::Server> for MailDesk {
    fn answer(&mut self, ask: smtp::Ask) -> smtp::Answer {
        match ask {
            smtp::Ask::Greeted(..) | smtp::Ask::Reset => self.forget(),
            smtp::Ask::Commit => self.commit(),
            smtp::Ask::Auth(ask) => smtp::Answer::Sasl(login(&ask)),
            smtp::Ask::Recipient(_) => {
                let reply = self.verdict();
                self.recipients += usize::from(reply.is_positive());
                smtp::Answer::Reply(reply)
            }
            smtp::Ask::Sender(_) => {
                self.forget();
                smtp::Answer::Reply(self.verdict())
            }
            _ => smtp::Answer::Reply(self.verdict()),
        }
    }

    fn content(&mut self, octets: &[u8]) {
        assert!(self.recipients > 0, "content without recipients");
        self.content.extend_from_slice(octets);
        assert!(self.content.len() <= 2000, "more content than the limit");
    }
}

/// Lets in whoever's name has an even number of octets.
fn login(ask: &sasl::Ask) -> sasl::Answer {
    match ask {
        sasl::Ask::Password { username, .. } if username.len() % 2 == 0 => {
            sasl::Answer::Accepted { server_signature: None }
        }
        sasl::Ask::Password { .. } => sasl::Answer::Refused(Refusal::Credentials),
        sasl::Ask::ScramStart { .. } => {
            sasl::Answer::Scram { nonce: "abc".to_owned(), salt: vec![1; 16], iterations: 4096 }
        }
        sasl::Ask::ScramProof { proof, .. } if proof.first().is_some_and(|octet| octet % 2 == 0) => {
            sasl::Answer::Accepted { server_signature: Some(*proof) }
        }
        sasl::Ask::ScramProof { .. } => sasl::Answer::Refused(Refusal::Credentials),
    }
}
