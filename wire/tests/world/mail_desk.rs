//! The SMTP, submission and LMTP desk of the world in memory.

use super::connection::TestDesk;
use super::{Place, Shared};
use message::Address;
use wire::dialogue::question;
use wire::dialogue::world::Content;
use wire::sasl;
use wire::smtp::{self, Answer, Ask, Enhanced, ForwardPath, Manner, Reply, ReversePath, Role};

/// RFC 5321 §6.3 asks for a count no smaller than 100.
const RECEIVED_MAX: usize = 100;

pub struct MailDesk {
    house: Shared,
    role: Role,
    user: Option<String>,
    client_name: String,
    reverse_path: String,
    manner: Manner,
    /// For every accepted recipient, the mailboxes it leads to.
    recipients: Vec<Vec<String>>,
    content: Vec<u8>,
    committed: u32,
}

impl MailDesk {
    pub fn new(house: Shared, role: Role) -> MailDesk {
        MailDesk {
            house,
            role,
            user: None,
            client_name: String::new(),
            reverse_path: String::new(),
            manner: Manner::Mail,
            recipients: Vec::new(),
            content: Vec::new(),
            committed: 0,
        }
    }

    fn reset(&mut self) -> Answer {
        self.reverse_path.clear();
        self.recipients.clear();
        self.content.clear();
        Answer::Done
    }

    fn may_relay(&self) -> bool {
        self.user.is_some() || self.house.borrow().relays()
    }

    fn sender(&mut self, sender: &smtp::Sender) -> Reply {
        self.reset();
        self.manner = sender.manner;
        if self.manner != Manner::Mail && !self.may_relay() {
            return reply(530, (5, 7, 0), "log in first");
        }
        self.reverse_path = match &sender.reverse_path {
            ReversePath::Null => String::new(),
            ReversePath::Address(address) => address.to_string(),
            ReversePath::Bare(_) if !self.may_relay() => return reply(553, (5, 1, 7), "give a full address"),
            ReversePath::Bare(name) => self.house.borrow().world.full_address(name),
        };
        if self.role == Role::Submission && !self.reverse_path.is_empty() && !self.owns(&self.reverse_path) {
            return reply(553, (5, 7, 1), "that address is not yours");
        }
        reply(250, (2, 1, 0), "sender ok")
    }

    fn owns(&self, address: &str) -> bool {
        let house = self.house.borrow();
        let parsed = Address::parse(address).ok();
        parsed.is_some_and(|address| match (house.place(&address), &self.user) {
            (Place::Local(accounts), Some(user)) => accounts.contains(user),
            _ => false,
        })
    }

    fn recipient(&mut self, recipient: &smtp::Recipient) -> Reply {
        let house = self.house.borrow();
        let place = match &recipient.forward_path {
            ForwardPath::Address(address) => house.place(address),
            ForwardPath::Bare(name) if name.eq_ignore_ascii_case("postmaster") => {
                Place::Local(house.admin().into_iter().collect())
            }
            ForwardPath::Bare(_) if !self.may_relay() => return reply(553, (5, 1, 3), "give a full address"),
            ForwardPath::Bare(name) => match Address::parse(&house.world.full_address(name)) {
                Ok(address) => house.place(&address),
                Err(_) => Place::Unknown,
            },
        };
        let full = |accounts: &[String]| accounts.iter().any(|account| house.room(account) == Some(0));
        let (mailboxes, reply) = match place {
            // RFC 821 §3.4: nobody is at a terminal here.
            Place::Local(_) if self.manner == Manner::Send => return reply(450, (4, 2, 1), "not active now"),
            Place::Forwarded | Place::Elsewhere if self.manner != Manner::Mail => {
                return reply(550, (5, 7, 1), "screens are here only");
            }
            Place::Local(accounts) if full(&accounts) => return reply(452, (4, 2, 2), "the mailbox is full"),
            Place::Local(accounts) => (accounts, reply(250, (2, 1, 5), "recipient ok")),
            Place::Forwarded => (Vec::new(), reply(251, (2, 1, 5), "will be forwarded")),
            Place::Moved(new) => return reply(551, (5, 1, 6), &format!("please try <{new}>")),
            Place::Unknown => return reply(550, (5, 1, 1), "no such user here"),
            Place::Elsewhere if self.role == Role::Lmtp || !self.may_relay() => {
                return reply(550, (5, 7, 1), "we do not relay for you");
            }
            Place::Elsewhere => (Vec::new(), reply(250, (2, 1, 5), "recipient ok")),
        };
        drop(house);
        self.recipients.push(mailboxes);
        reply
    }

    /// Nothing ever waits here.
    fn start(&self, node: &smtp::Node) -> Reply {
        match node {
            smtp::Node::Domain(domain) | smtp::Node::Below(domain) if self.may_ask_for(domain) => {
                reply(251, (2, 0, 0), "nothing waits")
            }
            _ => reply(459, (4, 7, 1), "not yours"),
        }
    }

    fn turn(&self, domains: &[message::Domain]) -> Reply {
        match domains.iter().all(|domain| self.may_ask_for(domain)) {
            true => reply(453, (4, 0, 0), "you have no mail"),
            false => reply(450, (4, 7, 1), "not yours"),
        }
    }

    fn may_ask_for(&self, domain: &message::Domain) -> bool {
        let routes = &self.house.borrow().world.routes;
        routes.iter().any(|(of, login)| of.eq_ignore_ascii_case(domain.as_str()) && self.user.as_ref() == Some(login))
    }

    fn commit(&mut self) -> Answer {
        let replies: Vec<Reply> = match self.refusal() {
            Some(refusal) => self.recipients.iter().map(|_| refusal.clone()).collect(),
            None => self.deliver(),
        };
        self.reset();
        match self.role {
            Role::Lmtp => Answer::Replies(replies),
            _ => Answer::Reply(replies.into_iter().max_by_key(|reply| reply.code).unwrap()),
        }
    }

    fn refusal(&self) -> Option<Reply> {
        let header = self.content.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(self.content.len());
        let header = String::from_utf8_lossy(&self.content[..header]).to_ascii_lowercase();
        let received = header.lines().filter(|line| line.starts_with("received:")).count();
        (received >= RECEIVED_MAX).then(|| reply(554, (5, 4, 6), "too many hops"))
    }

    fn deliver(&mut self) -> Vec<Reply> {
        self.committed += 1;
        let id = format!("MADE{:09}", self.committed);
        let mut replies = Vec::new();
        for mailboxes in &self.recipients {
            let mut house = self.house.borrow_mut();
            let octets = [self.prefix(&id, &house.world.hostname).as_bytes(), &self.content].concat();
            let too_full = |account: &String| house.room(account).is_some_and(|room| room < octets.len() as u64);
            if mailboxes.iter().any(too_full) {
                replies.push(reply(452, (4, 2, 2), "the mailbox is full"));
                continue;
            }
            for account in mailboxes {
                house.deliver(account, Content::Given(octets.clone().into()));
            }
            replies.push(reply(250, (2, 0, 0), &format!("queued as {id}")));
        }
        replies
    }

    /// The trace fields, with an empty line where the content has no header of its own.
    fn prefix(&self, id: &str, hostname: &str) -> String {
        let bare = if begins_with_a_field(&self.content) { "" } else { "\r\n" };
        format!(
            "Return-Path: <{}>\r\nReceived: from {} ([127.0.0.1])\r\n by {hostname} with SMTP id {id};\r\n \
             Wed, 07 Apr 2004 00:37:54 +0000\r\n{bare}",
            self.reverse_path, self.client_name
        )
    }

    fn look_up(&self, name: &str, members: bool) -> Reply {
        if !self.may_relay() {
            let hidden = reply(252, (2, 5, 0), "not told, but send and we shall see");
            return if members { reply(502, (5, 7, 0), "not told") } else { hidden };
        }
        let house = self.house.borrow();
        let name = name.trim().trim_start_matches('<').trim_end_matches('>');
        let Ok(address) = Address::parse(&house.world.full_address(name)) else {
            return reply(553, (5, 1, 3), "that is no address");
        };
        match house.place(&address) {
            Place::Local(accounts) if members || accounts.len() == 1 => Reply {
                code: 250,
                enhanced: Some(Enhanced(2, 1, 5)),
                lines: accounts.iter().map(|account| format!("<{account}>").into()).collect(),
            },
            Place::Local(_) => reply(252, (2, 5, 0), "a list"),
            Place::Forwarded => reply(251, (2, 1, 5), "will be forwarded"),
            Place::Moved(new) => reply(551, (5, 1, 6), &format!("please try <{new}>")),
            Place::Unknown => reply(550, (5, 1, 1), "no such user here"),
            Place::Elsewhere => reply(252, (2, 5, 0), "not ours, but we will try"),
        }
    }
}

/// RFC 5322 §2.2: printable characters other than the colon, then the colon.
fn begins_with_a_field(content: &[u8]) -> bool {
    let colon = content.iter().position(|octet| *octet == b':').unwrap_or(0);
    colon > 0 && content[..colon].iter().all(u8::is_ascii_graphic)
}

fn reply(code: u16, (class, subject, detail): (u8, u16, u16), text: &str) -> Reply {
    Reply::new(code, Enhanced(class, subject, detail), text.to_owned())
}

impl TestDesk<smtp::Server> for MailDesk {
    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Greeted(greeting, _) => {
                self.client_name = greeting.name;
                self.reset()
            }
            Ask::Reset => self.reset(),
            Ask::Sender(sender) => Answer::Reply(self.sender(&sender)),
            Ask::Recipient(recipient) => Answer::Reply(self.recipient(&recipient)),
            Ask::Content => {
                Answer::Reply(Reply { code: 354, enhanced: None, lines: vec!["end with <CRLF>.<CRLF>".into()] })
            }
            Ask::Commit => self.commit(),
            Ask::Verify(name) => Answer::Reply(self.look_up(&name, false)),
            Ask::Expand(name) => Answer::Reply(self.look_up(&name, true)),
            Ask::Status => Answer::Reply(reply(211, (2, 0, 0), "all is well")),
            Ask::Auth(ask) => {
                let (answer, user) = self.house.borrow().login(&ask);
                self.user = user;
                Answer::Sasl(answer)
            }
            Ask::Start(node) => Answer::Reply(self.start(&node)),
            Ask::Turn(domains) => Answer::Reply(self.turn(&domains)),
        }
    }

    fn content(&mut self, octets: &[u8]) {
        self.content.extend_from_slice(octets);
    }

    fn read(&mut self, _: u64) -> Option<Vec<u8>> {
        None
    }

    fn ask_text(ask: &Ask) -> String {
        question::smtp_ask(ask)
    }

    fn read_answer(text: &str) -> Result<Answer, String> {
        question::smtp_answer(text)
    }

    fn accepted(&mut self, _: &Ask, answer: &Answer) {
        if let Answer::Sasl(sasl::Answer::Accepted { .. }) = answer {
            self.user = self.house.borrow().world.accounts.first().map(|account| account.address.clone());
        }
    }
}
