//! Mailboxes as a user sees them: which there are, making them, giving them other names, removing them, subscribing. What a
//! name leads to is `names`'s; the tree of an account is `folders`'s.

use super::names::{Found, Place, Room, Trees, prefix_of};
use super::rights::{self, Granted};
use super::{ImapDesk, failed, ids};
use message::Time;
use std::collections::{BTreeMap, BTreeSet};
use store::op::{Op, Outcome};
use store::query::{AccountById, SharedWith, Subscriptions};
use store::types::{AccountId, Mailbox, MailboxId, Role};
use wire::imap::ask::{Folder, SpecialUse};
use wire::imap::mailbox::DELIMITER;
use wire::imap::{Answer, MailboxName, Refusal};

/// Accounts whose mailboxes are listed beside the user's own: more than anybody looks through, and each costs questions.
pub(in crate::access) const SHARERS_MAX: usize = 200;
/// How often names are looked up again because another session changed them between the look and the deed. Each time
/// somebody else has got on; who loses so often is told to try again.
const LOOKS_MAX: usize = 16;

/// A mailbox in the list, with what it stands for.
pub(super) struct Listed {
    pub folder: Folder,
    /// `None`: a level or a subscription only.
    pub mailbox: Option<(AccountId, Mailbox)>,
}

impl ImapDesk {
    pub(super) async fn folders(&self) -> Result<Answer, Refusal> {
        let listed = self.listed(&mut Trees::default()).await?;
        Ok(Answer::Folders(listed.into_values().map(|listed| listed.folder).collect()))
    }

    /// Every mailbox the user may know of, the levels above them, and subscriptions to what is not there, by name.
    pub(super) async fn listed(&self, trees: &mut Trees) -> Result<BTreeMap<String, Listed>, Refusal> {
        let user = self.user()?;
        let mut all = BTreeMap::new();
        for (name, mailbox) in trees.of(self, user.id).await?.all() {
            all.insert(name.to_owned(), own(name, mailbox, user.id));
        }
        self.list_shared(trees, &mut all).await?;
        for name in self.read(Subscriptions { account: user.id }).await? {
            let missing = || Listed { folder: folder(&name), mailbox: None };
            all.entry(name.clone()).or_insert_with(missing).folder.subscribed = true;
        }
        add_levels(&mut all);
        Ok(all)
    }

    /// Mailboxes of others that the user may know of.
    async fn list_shared(&self, trees: &mut Trees, all: &mut BTreeMap<String, Listed>) -> Result<(), Refusal> {
        let user = self.user()?;
        let acl = self.read(SharedWith { identifiers: rights::identifiers(&user.address) }).await?;
        let others = rights::by_account(acl, &user.address).into_iter().filter(|(account, _)| *account != user.id);
        for (account, visible) in others.take(SHARERS_MAX) {
            self.list_of(trees, account, &visible, all).await?;
        }
        Ok(())
    }

    async fn list_of(
        &self,
        trees: &mut Trees,
        account: AccountId,
        visible: &Granted,
        all: &mut BTreeMap<String, Listed>,
    ) -> Result<(), Refusal> {
        let Some(owner) = self.read(AccountById { account }).await? else { return Ok(()) };
        let prefix = prefix_of(&owner.address, self.user()?);
        for (name, mailbox) in trees.of(self, account).await?.all() {
            let Some(rights) = visible.get(&mailbox.id) else { continue };
            let name = format!("{prefix}{name}");
            let folder = Folder {
                selectable: mailbox.selectable && rights.has('r'),
                exists: true,
                inferiors: rights.has('k'),
                ..folder(&name)
            };
            all.insert(name, Listed { folder, mailbox: Some((account, mailbox.clone())) });
        }
        Ok(())
    }

    pub(super) async fn create(
        &self,
        now: Time,
        name: &MailboxName,
        special_use: &[SpecialUse],
    ) -> Result<Answer, Refusal> {
        let role = role(special_use)?;
        for _ in 0..LOOKS_MAX {
            let room = self.room_for(name).await?;
            if role.is_some() && room.account != self.user_id()? {
                return Err(Refusal::UseAttribute);
            }
            let Room { account, parent, path, .. } = room;
            let create = Op::MailboxCreate { account, parent: id_of(parent.as_ref()), path, role, now };
            match self.apply(while_named(account, parent, create)).await? {
                Outcome::Mailbox(mailbox) => return Ok(Answer::Created(ids::object(account, mailbox.0))),
                Outcome::Gone => {}
                Outcome::Exists | Outcome::Conflict if role.is_some() => {
                    // Where the name is still free, the role is not.
                    self.room_for(name).await?;
                    return Err(Refusal::UseAttribute);
                }
                other => return Err(failed(&other)),
            }
        }
        Err(Refusal::Temporary)
    }

    /// Where a mailbox of this name can be made.
    async fn room_for(&self, name: &MailboxName) -> Result<Room, Refusal> {
        let room = match self.find(name).await? {
            // A name that was left above others can be a mailbox again.
            Found::Mailbox(place) if !place.mailbox.selectable => {
                let above = place.name.rsplit_once(DELIMITER).map(|(above, _)| above.to_owned());
                let (parent, path) = (place.mailbox.parent.zip(above), vec![place.mailbox.name]);
                Room { account: place.account, parent, path, rights: place.rights }
            }
            Found::Mailbox(_) | Found::Level => return Err(Refusal::AlreadyExists),
            Found::Nothing(room) => room,
        };
        room.may_create()?;
        Ok(room)
    }

    pub(super) async fn delete(&mut self, now: Time, name: &MailboxName) -> Result<Answer, Refusal> {
        for _ in 0..LOOKS_MAX {
            let place = self.place(name, "x").await?;
            let (account, mailbox) = (place.account, place.mailbox.id);
            let delete = Op::MailboxDelete { account, mailbox, now };
            match self.apply(while_named(account, [(mailbox, place.name)], delete)).await? {
                Outcome::Done => return Ok(Answer::Done),
                Outcome::Gone => {}
                Outcome::Conflict if !place.mailbox.selectable => return Err(Refusal::HasChildren),
                other => return Err(failed(&other)),
            }
        }
        Err(Refusal::Temporary)
    }

    pub(super) async fn rename(&self, now: Time, from: &MailboxName, to: &MailboxName) -> Result<Answer, Refusal> {
        let is_inbox = |place: &Place| place.mailbox.role == Some(Role::Inbox);
        for _ in 0..LOOKS_MAX {
            let Found::Mailbox(place) = self.find(from).await? else { return Err(Refusal::NonExistent) };
            // RFC 4314 §4: `x` there and `k` here; of INBOX only the messages go.
            place.allows(if is_inbox(&place) { "te" } else { "x" })?;
            let room = match self.find(to).await? {
                Found::Nothing(room) => room,
                Found::Mailbox(_) | Found::Level => return Err(self.taken(from).await?),
            };
            room.may_create()?;
            if room.account != place.account {
                // A mailbox does not change hands; its messages can be copied.
                return Err(Refusal::Cannot);
            }
            let Room { account, parent, path, .. } = room;
            let mailbox = place.mailbox.id;
            let rename = Op::MailboxRename { account, mailbox, parent: id_of(parent.as_ref()), path, now };
            let names = [(mailbox, place.name)].into_iter().chain(parent);
            match self.apply(while_named(account, names, rename)).await? {
                Outcome::Done | Outcome::Mailbox(_) | Outcome::Uids { .. } => return Ok(Answer::Done),
                Outcome::Gone => {}
                other => return Err(failed(&other)),
            }
        }
        Err(Refusal::Temporary)
    }

    /// Why a mailbox cannot have a name that is taken: it may be the mailbox itself that has it by now.
    async fn taken(&self, from: &MailboxName) -> Result<Refusal, Refusal> {
        Ok(match self.find(from).await? {
            Found::Mailbox(_) => Refusal::AlreadyExists,
            Found::Level | Found::Nothing(_) => Refusal::NonExistent,
        })
    }

    pub(super) async fn subscribe(&self, name: &MailboxName, subscribed: bool) -> Result<Answer, Refusal> {
        let user = self.user_id()?;
        let found = match self.find(name).await {
            Err(Refusal::NonExistent) => None,
            Err(other) => return Err(other),
            Ok(Found::Mailbox(place)) if place.account == user => Some(place.mailbox.id),
            Ok(_) => None,
        };
        let op = match found {
            Some(mailbox) => Op::MailboxSubscribe { account: user, mailbox, subscribed },
            None => Op::NameSubscribe { account: user, name: name.as_str().to_owned(), subscribed },
        };
        match self.apply(op).await? {
            Outcome::Done => Ok(Answer::Done),
            other => Err(failed(&other)),
        }
    }
}

/// An operation that is done only while what was looked up for it is still so.
fn while_named(account: AccountId, names: impl IntoIterator<Item = (MailboxId, String)>, then: Op) -> Op {
    Op::WhileNamed { account, names: names.into_iter().collect(), then: Box::new(then) }
}

fn id_of(parent: Option<&(MailboxId, String)>) -> Option<MailboxId> {
    parent.map(|(mailbox, _)| *mailbox)
}

impl Room {
    /// Whether the user may make a mailbox here.
    fn may_create(&self) -> Result<(), Refusal> {
        if self.path.is_empty() || !self.rights.has('k') {
            return Err(Refusal::NoPermission);
        }
        Ok(())
    }
}

/// A name with nothing behind it.
fn folder(name: &str) -> Folder {
    Folder {
        name: MailboxName::new(name),
        selectable: false,
        exists: false,
        subscribed: false,
        inferiors: false,
        special_use: Vec::new(),
    }
}

fn own(name: &str, mailbox: &Mailbox, account: AccountId) -> Listed {
    let folder = Folder {
        selectable: mailbox.selectable,
        exists: true,
        subscribed: mailbox.subscribed,
        inferiors: true,
        special_use: mailbox.role.and_then(special_use).into_iter().collect(),
        ..folder(name)
    };
    Listed { folder, mailbox: Some((account, mailbox.clone())) }
}

/// Puts in the levels that lie above mailboxes and are none themselves.
fn add_levels(all: &mut BTreeMap<String, Listed>) {
    let there = all.iter().filter(|(_, listed)| listed.folder.exists);
    let above: BTreeSet<String> = there
        .flat_map(|(name, _)| name.match_indices(DELIMITER).filter_map(|(at, _)| name.get(..at)))
        .filter(|level| !all.contains_key(*level))
        .map(str::to_owned)
        .collect();
    for name in above {
        let folder = Folder { exists: true, ..folder(&name) };
        all.insert(name, Listed { folder, mailbox: None });
    }
}

/// What a mailbox's role is to IMAP; INBOX has its name (RFC 6154 §2).
fn special_use(role: Role) -> Option<SpecialUse> {
    match role {
        Role::Inbox => None,
        Role::Archive => Some(SpecialUse::Archive),
        Role::Drafts => Some(SpecialUse::Drafts),
        Role::Sent => Some(SpecialUse::Sent),
        Role::Junk => Some(SpecialUse::Junk),
        Role::Trash => Some(SpecialUse::Trash),
    }
}

/// The role for what a client wants a mailbox for: one, and one that we have (RFC 6154 §3).
fn role(special_use: &[SpecialUse]) -> Result<Option<Role>, Refusal> {
    match special_use {
        [] => Ok(None),
        [SpecialUse::Archive] => Ok(Some(Role::Archive)),
        [SpecialUse::Drafts] => Ok(Some(Role::Drafts)),
        [SpecialUse::Sent] => Ok(Some(Role::Sent)),
        [SpecialUse::Junk] => Ok(Some(Role::Junk)),
        [SpecialUse::Trash] => Ok(Some(Role::Trash)),
        _ => Err(Refusal::UseAttribute),
    }
}
