//! From a mailbox's name to the mailbox (RFC 2342): the user's own at the top, those of others below `Other Users`, the
//! common ones below `Shared`; and what the user may do there. Whoever may not know of a mailbox is told that it is not
//! there (RFC 4314 §6).

use super::folders::Tree;
use super::{ImapDesk, rights};
use message::{Address, Host};
use std::collections::HashMap;
use store::query::{AccountByAddress, AclOf, MailboxAt, Mailboxes};
use store::types::{Account, AccountId, Mailbox, MailboxId, ModSeq};
use tokio::sync::watch;
use wire::imap::ask::Rights;
use wire::imap::mailbox::DELIMITER;
use wire::imap::{MailboxName, Refusal};

/// Where other users' mailboxes are, by their addresses.
pub(super) const OTHER_USERS: &str = "Other Users";
/// Where the common mailboxes are.
pub(super) const SHARED: &str = "Shared";
/// The local part of the account, one a domain, that has the common mailboxes.
pub(super) const SHARED_ACCOUNT: &str = "shared";

/// Where a name leads.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// To a mailbox.
    Mailbox(Place),
    /// To a level above others that is none.
    Level,
    /// Nowhere: here it could be made, where the user may.
    Nothing(Room),
}

/// A mailbox, and what the user may do with it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub account: AccountId,
    pub mailbox: Mailbox,
    /// Its whole name in its account.
    pub name: String,
    pub rights: Rights,
}

/// Where a mailbox could be.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub account: AccountId,
    /// The mailbox nearest above, and its whole name.
    pub parent: Option<(MailboxId, String)>,
    /// What is to be made below it.
    pub path: Vec<String>,
    /// What the user may do with the parent; of their own account, everything.
    pub rights: Rights,
}

/// Whose a name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Namespace<'a> {
    /// The user's own, by this name.
    Own(&'a str),
    /// That of the account at this address, by this name.
    Of(Address, &'a str),
    /// A level above the mailboxes of others.
    Level,
    /// No such name can be.
    Nowhere,
}

/// Trees that were looked at, for one question or for several of one command.
#[derive(Default)]
pub(super) struct Trees {
    loaded: HashMap<AccountId, Loaded>,
    /// How often one was.
    #[cfg(test)]
    loads: usize,
}

/// A tree, as it was after a change.
struct Loaded {
    tree: Tree,
    news: watch::Receiver<ModSeq>,
    since: ModSeq,
}

impl<'a> Namespace<'a> {
    /// Of a name that a user writes.
    pub fn of(name: &'a str, user: &Account) -> Namespace<'a> {
        let (first, rest) = name.split_once(DELIMITER).map_or((name, None), |(first, rest)| (first, Some(rest)));
        match (first, rest) {
            (OTHER_USERS | SHARED, None) => Namespace::Level,
            (SHARED, Some(rest)) => Namespace::Of(shared_account(user), rest),
            (OTHER_USERS, Some(rest)) => {
                let (address, rest) = rest.split_once(DELIMITER).map_or((rest, None), |(a, b)| (a, Some(b)));
                match (Address::parse(address), rest) {
                    (Ok(address), Some(rest)) if address == user.address => Namespace::Own(rest),
                    (Ok(address), Some(rest)) => Namespace::Of(address, rest),
                    (Ok(_), None) => Namespace::Level,
                    (Err(_), _) => Namespace::Nowhere,
                }
            }
            _ => Namespace::Own(name),
        }
    }
}

/// The account of the user's domain that has the common mailboxes.
pub(super) fn shared_account(user: &Account) -> Address {
    match user.address.host() {
        Host::Domain(domain) => Address::new(SHARED_ACCOUNT, Host::Domain(domain.clone())),
        literal @ Host::Literal(_) => Address::new(SHARED_ACCOUNT, literal.clone()),
    }
}

/// What stands before the names of another account's mailboxes.
pub(super) fn prefix_of(owner: &Address, user: &Account) -> String {
    if *owner == shared_account(user) { format!("{SHARED}/") } else { format!("{OTHER_USERS}/{owner}/") }
}

impl Trees {
    /// How often a tree was loaded.
    #[cfg(test)]
    pub fn loads(&self) -> usize {
        self.loads
    }

    /// The tree of an account. One that was loaded before serves while nothing changes in the account.
    pub async fn of(&mut self, desk: &ImapDesk, account: AccountId) -> Result<&Tree, Refusal> {
        use std::collections::hash_map::Entry;
        if self.loaded.get(&account).is_some_and(|loaded| *loaded.news.borrow() != loaded.since) {
            self.loaded.remove(&account);
        }
        match self.loaded.entry(account) {
            Entry::Occupied(entry) => Ok(&entry.into_mut().tree),
            Entry::Vacant(entry) => {
                #[cfg(test)]
                {
                    self.loads += 1;
                }
                let news = desk.office.store().watch(account);
                let since = *news.borrow();
                let tree = Tree::new(desk.read(Mailboxes { account }).await?);
                Ok(&entry.insert(Loaded { tree, news, since }).tree)
            }
        }
    }
}

impl ImapDesk {
    /// Where a name leads.
    pub(super) async fn find(&self, name: &MailboxName) -> Result<Found, Refusal> {
        let user = self.user()?;
        // Mostly it is one of the user's own that is there; it takes the tree to say where another could be made.
        if let Namespace::Own(whole) = Namespace::of(name.as_str(), user) {
            let (account, whole) = (user.id, own(whole));
            let path = whole.split(DELIMITER).map(str::to_owned).collect();
            if let Some(mailbox) = self.read(MailboxAt { account, path }).await? {
                return Ok(Found::Mailbox(Place { account, mailbox, name: whole, rights: self.at_most() }));
            }
        }
        self.find_among(&mut Trees::default(), name).await
    }

    /// Where one of several names leads.
    pub(super) async fn find_among(&self, trees: &mut Trees, name: &MailboxName) -> Result<Found, Refusal> {
        let user = self.user()?;
        match Namespace::of(name.as_str(), user) {
            Namespace::Own(path) => {
                let account = user.id;
                let tree = trees.of(self, account).await?;
                Ok(look(tree, account, &own(path), self.at_most()))
            }
            Namespace::Of(owner, path) => self.find_of(trees, owner, path).await,
            Namespace::Level => Ok(Found::Level),
            Namespace::Nowhere => Err(Refusal::NonExistent),
        }
    }

    async fn find_of(&self, trees: &mut Trees, owner: Address, path: &str) -> Result<Found, Refusal> {
        // RFC 4314 §6: whether there is such an account is not told either.
        let Some(account) = self.read(AccountByAddress { address: owner }).await? else { return Ok(nowhere()) };
        let account = account.id;
        // INBOX in any case is INBOX, in every account (RFC 9051 §5.1).
        let path = MailboxName::new(path);
        match look(trees.of(self, account).await?, account, path.as_str(), Rights::default()) {
            Found::Mailbox(place) => {
                let rights = self.rights_in(account, place.mailbox.id).await?;
                if rights.has('l') {
                    return Ok(Found::Mailbox(Place { rights, ..place }));
                }
                Ok(nowhere())
            }
            Found::Nothing(room) => {
                let rights = match room.parent {
                    Some((parent, _)) => self.rights_in(account, parent).await?,
                    None => Rights::default(),
                };
                Ok(Found::Nothing(Room { rights, ..room }))
            }
            Found::Level => Ok(Found::Level),
        }
    }

    /// What the user may do at most: everything, or what the password for reading, with which they came, is good for.
    fn at_most(&self) -> Rights {
        if self.visitor.scope().may_change() { Rights::all() } else { Rights::of("lr") }
    }

    /// What the user may do with a mailbox. Owners may do everything, always.
    pub(super) async fn rights_in(&self, account: AccountId, mailbox: MailboxId) -> Result<Rights, Refusal> {
        let user = self.user()?;
        if user.id == account {
            return Ok(self.at_most());
        }
        let list = self.read(AclOf { account, mailbox }).await?;
        let granted = rights::granted(&list, &user.address.to_string());
        Ok(Rights(granted.0 & self.at_most().0))
    }

    /// Where one of many names leads, each of which is a question of its own: the trees are kept for the next.
    pub(super) async fn find_next(&mut self, name: &MailboxName) -> Result<Found, Refusal> {
        let mut trees = std::mem::take(&mut self.trees);
        let found = self.find_among(&mut trees, name).await;
        self.trees = trees;
        found
    }

    /// The mailbox of a name, with which the user may do all of this.
    pub(super) async fn place(&self, name: &MailboxName, needed: &str) -> Result<Place, Refusal> {
        let Found::Mailbox(place) = self.find(name).await? else { return Err(Refusal::NonExistent) };
        place.allows(needed)?;
        Ok(place)
    }

    /// The same, of a mailbox that holds messages.
    pub(super) async fn open_place(&self, name: &MailboxName, needed: &str) -> Result<Place, Refusal> {
        self.find(name).await?.opened(needed)
    }
}

impl Found {
    /// The mailbox, where it holds messages and the user may do all of this.
    pub fn opened(self, needed: &str) -> Result<Place, Refusal> {
        match self {
            Found::Mailbox(place) => {
                place.is_selectable()?;
                place.allows(needed)?;
                Ok(place)
            }
            Found::Level => Err(Refusal::NoSelect),
            Found::Nothing(_) => Err(Refusal::NonExistent),
        }
    }
}

impl Place {
    /// Whether the user may do all of this.
    pub fn allows(&self, needed: &str) -> Result<(), Refusal> {
        needed.chars().all(|letter| self.rights.has(letter)).then_some(()).ok_or(Refusal::NoPermission)
    }

    /// Whether it holds messages.
    pub fn is_selectable(&self) -> Result<(), Refusal> {
        self.mailbox.selectable.then_some(()).ok_or(Refusal::NoSelect)
    }
}

/// What a user finds where they may neither see nor make anything.
fn nowhere() -> Found {
    Found::Nothing(Room { account: AccountId(0), parent: None, path: Vec::new(), rights: Rights::default() })
}

/// A name as it is kept: INBOX in any case is INBOX, behind `Other Users/<own address>/` too (RFC 9051 §5.1).
fn own(path: &str) -> String {
    MailboxName::new(path).as_str().to_owned()
}

fn look(tree: &Tree, account: AccountId, path: &str, rights: Rights) -> Found {
    if let Some(mailbox) = tree.find(path) {
        return Found::Mailbox(Place { account, mailbox: mailbox.clone(), name: path.to_owned(), rights });
    }
    let (parent, path) = tree.nearest(path);
    Found::Nothing(Room { account, parent, path, rights })
}
