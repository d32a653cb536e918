//! The world of a dialogue in memory: who lives there and what lies in their mailboxes, shared by all connections of
//! one run. A small stand-in for the post office: its rules are the ones the dialogues tell of, no more.
#![allow(clippy::disallowed_methods, reason = "reads the dialogues")]

pub mod connection;
pub mod imap_desk;
pub mod imap_mail;
pub mod imap_pieces;
pub mod imap_search;
pub mod mail_desk;
pub mod pop_desk;
pub mod stage;

use message::{Address, Host, Time};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use wire::dialogue::World;
use wire::dialogue::world::Content;
use wire::sasl;

/// Where every client of a dialogue comes from.
pub const CLIENT: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// When every dialogue begins: the evening of dialogue 5 (Tue, 6 Apr 2004 20:37:54 -0400).
pub const BEGINNING: Time = Time(1_081_298_274_000);

/// The house, shared by the desks of one run.
pub type Shared = Rc<RefCell<House>>;

/// One message in a mailbox.
#[derive(Clone)]
pub struct Stored {
    /// The name a POP3 session has for it.
    pub source: u64,
    pub content: Content,
    pub uid: u32,
    /// As a listing has them.
    pub flags: u64,
    pub modseq: u64,
    pub received: Time,
    pub saved: Time,
}

pub struct House {
    pub world: World,
    /// Mailboxes by full address in lower case, INBOX first.
    pub mailboxes: HashMap<String, Vec<Folder>>,
    /// The keywords of all, by slot.
    pub keywords: Vec<String>,
    pub modseq: u64,
    next_source: u64,
    next_mailbox: u64,
}

/// One mailbox.
pub struct Folder {
    pub id: u64,
    pub name: String,
    pub subscribed: bool,
    /// A level only.
    pub no_select: bool,
    pub uid_validity: u32,
    pub uid_next: u32,
    pub messages: Vec<Stored>,
    /// UIDs that went, with the modseq of their going.
    pub gone: Vec<(u32, u64)>,
    /// From this UID on nobody was told.
    pub recent_from: u32,
    pub annotations: std::collections::BTreeMap<String, Vec<u8>>,
    /// Rights by identifier.
    pub acl: Vec<(String, u32)>,
}

/// The mailboxes every account has.
pub const USUAL: [&str; 6] = ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"];

/// Where a recipient leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// Mailboxes here.
    Local(Vec<String>),
    /// At least one address elsewhere, reached through an alias of ours.
    Forwarded,
    /// It has moved there.
    Moved(String),
    /// Another host's.
    Elsewhere,
    /// A domain of ours, but nobody there.
    Unknown,
}

impl House {
    pub fn new(world: &World) -> Shared {
        let (mailboxes, keywords) = (HashMap::new(), Vec::new());
        let (modseq, next_source, next_mailbox) = (1, 1, 1);
        let mut house = House { world: world.clone(), mailboxes, keywords, modseq, next_source, next_mailbox };
        for account in &world.accounts {
            USUAL.iter().for_each(|name| house.add_folder(&account.address, name));
        }
        for (account, name) in &world.folders {
            house.add_folder(account, name);
        }
        for mail in &world.mail {
            let folder = mail.folder.as_deref().unwrap_or("INBOX");
            house.put(&mail.account, folder, mail.content.clone());
            let flags = imap_mail::bits_of(&mut house, &mail.flags);
            if let Some(stored) = house.folder(&mail.account, folder).and_then(|folder| folder.messages.last_mut()) {
                stored.flags = flags;
            }
        }
        Rc::new(RefCell::new(house))
    }

    pub fn add_folder(&mut self, account: &str, name: &str) {
        let id = self.next_mailbox;
        self.next_mailbox += 1;
        let folder = Folder {
            id,
            name: name.to_owned(),
            subscribed: USUAL.contains(&name),
            no_select: false,
            uid_validity: 1_081_298_274 + u32::try_from(id).unwrap() - 1,
            uid_next: 1,
            messages: Vec::new(),
            gone: Vec::new(),
            recent_from: 1,
            annotations: Default::default(),
            acl: Vec::new(),
        };
        self.mailboxes.entry(account.to_ascii_lowercase()).or_default().push(folder);
    }

    pub fn folder(&mut self, account: &str, name: &str) -> Option<&mut Folder> {
        let folders = self.mailboxes.get_mut(&account.to_ascii_lowercase())?;
        folders.iter_mut().find(|folder| folder.name == name)
    }

    pub fn inbox(&self, account: &str) -> &[Stored] {
        let folders = self.mailboxes.get(&account.to_ascii_lowercase());
        folders.and_then(|folders| folders.first()).map_or(&[], |inbox| &inbox.messages)
    }

    pub fn inboxes(&mut self) -> impl Iterator<Item = &mut Vec<Stored>> {
        self.mailboxes.values_mut().filter_map(|folders| folders.first_mut()).map(|inbox| &mut inbox.messages)
    }

    pub fn deliver(&mut self, account: &str, content: Content) {
        self.put(account, "INBOX", content);
    }

    /// Puts a message into a mailbox; gives its UID.
    pub fn put(&mut self, account: &str, folder: &str, content: Content) -> u32 {
        let source = self.next_source;
        self.next_source += 1;
        self.modseq += 1;
        let modseq = self.modseq;
        let Some(folder) = self.folder(account, folder) else { return 0 };
        let uid = folder.uid_next;
        folder.uid_next += 1;
        let (received, saved) = (BEGINNING, BEGINNING);
        folder.messages.push(Stored { source, content, uid, flags: 0, modseq, received, saved });
        uid
    }

    pub fn relays(&self) -> bool {
        self.world.relay.iter().any(|network| network.contains(CLIENT))
    }

    pub fn plaintext_login(&self) -> bool {
        self.world.plaintext_login.iter().any(|network| network.contains(CLIENT))
    }

    /// Octets the account may still get; `None`: no quota.
    pub fn room(&self, account: &str) -> Option<u64> {
        let quota = self.world.account(account)?.quota?;
        let folders = self.mailboxes.get(&account.to_ascii_lowercase());
        let all = folders.into_iter().flatten().flat_map(|folder| &folder.messages);
        let used: usize = all.map(|mail| mail.content.octets()).sum();
        Some(quota.saturating_sub(used as u64))
    }

    fn is_local(&self, address: &Address) -> bool {
        match address.host() {
            Host::Domain(domain) => self.world.domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain.as_str())),
            Host::Literal(_) => false,
        }
    }

    pub fn place(&self, address: &Address) -> Place {
        if !self.is_local(address) {
            return Place::Elsewhere;
        }
        let text = address.to_string();
        if let Some((_, new)) = self.world.moved.iter().find(|(old, _)| old.eq_ignore_ascii_case(&text)) {
            return Place::Moved(new.clone());
        }
        if let Some((_, targets)) = self.world.aliases.iter().find(|(old, _)| old.eq_ignore_ascii_case(&text)) {
            return self.members(targets);
        }
        if let Some(account) = self.mailbox(address) {
            return Place::Local(vec![account]);
        }
        if ["postmaster", "abuse"].iter().any(|name| address.local_part().eq_ignore_ascii_case(name)) {
            return self.admin().map_or(Place::Unknown, |admin| Place::Local(vec![admin]));
        }
        Place::Unknown
    }

    fn members(&self, targets: &[String]) -> Place {
        let mut local = Vec::new();
        for target in targets {
            match self.world.account(target) {
                Some(account) => local.push(account.address.clone()),
                None => return Place::Forwarded,
            }
        }
        Place::Local(local)
    }

    /// The account of an address, `user+tag` being `user`'s (RFC 5233).
    fn mailbox(&self, address: &Address) -> Option<String> {
        let (user, _) = address.local_part().split_once('+').unwrap_or((address.local_part(), ""));
        let plain = format!("{user}@{}", address.host());
        let exact = address.to_string();
        let account = self.world.account(&exact).or_else(|| self.world.account(&plain))?;
        Some(account.address.clone())
    }

    pub fn admin(&self) -> Option<String> {
        let first = self.world.accounts.first().map(|account| account.address.clone());
        self.world.admin.clone().or(first)
    }

    /// Checks a login; on success the account's full address.
    pub fn login(&self, ask: &sasl::Ask) -> (sasl::Answer, Option<String>) {
        let refused = |why| (sasl::Answer::Refused(why), None);
        let sasl::Ask::Password { authorization, username, password } = ask else {
            return refused(sasl::Refusal::Credentials);
        };
        let address = self.world.full_address(username);
        match self.world.account(&address) {
            Some(account) if account.password.as_bytes() == password.0 => {
                let acts_as = authorization.as_ref().map(|identity| self.world.full_address(identity));
                if acts_as.is_some_and(|identity| !identity.eq_ignore_ascii_case(&account.address)) {
                    return refused(sasl::Refusal::Authorization);
                }
                (sasl::Answer::Accepted { server_signature: None }, Some(account.address.clone()))
            }
            _ => refused(sasl::Refusal::Credentials),
        }
    }
}
