//! Mailboxes made, changed and removed together: how they are is read once, `arrange` decides, and what comes of it is
//! written. Nobody sees them between.

use super::Work;
use super::arrange::{Arrangement, Node, Outlook, Tree, unborn};
use super::mailbox::NewMailbox;
use super::messages::Shelf;
use super::sharing::ANNOTATIONS_MAX;
use crate::columns::{self, Sql, Text, num, role_number};
use crate::mailbox::{MailboxChange, MailboxRefusal, MailboxWish};
use crate::op::{Note, Outcome};
use crate::types::{AccountId, Annotated, MailboxId};
use crate::uids::UidSet;
use message::{Time, flag_bits};
use rusqlite::params;
use std::collections::{BTreeMap, HashMap};

impl Work<'_> {
    pub(super) fn mailboxes_set(&mut self, account: AccountId, changes: &[MailboxChange], now: Time) -> Sql<Outcome> {
        if !self.finds("SELECT 1 FROM account WHERE id = ?1", [account.0])? {
            return Ok(Outcome::Gone);
        }
        let tree = Tree::new(self.nodes_of(account)?);
        let mut all = Arrangement::new(&tree, changes);
        for (i, change) in changes.iter().enumerate() {
            if all.refused[i].is_none() {
                all.refused[i] = self.refuses_inside(account, change)?;
            }
        }
        let outlook = all.settle();
        let made = self.write_arranged(account, (&all, &outlook), changes, now)?;
        let result = |(i, change): (usize, &MailboxChange)| match (all.refused[i], change) {
            (Some(refusal), _) => Err(refusal),
            (None, MailboxChange::Create(_)) => made.get(&unborn(i)).copied().ok_or(MailboxRefusal::NoParent),
            (None, MailboxChange::Update(mailbox, _) | MailboxChange::Destroy { mailbox, .. }) => Ok(*mailbox),
        };
        Ok(Outcome::Mailboxes(changes.iter().enumerate().map(result).collect()))
    }

    fn nodes_of(&self, account: AccountId) -> Sql<BTreeMap<i64, Node>> {
        let find = "SELECT id, parent, name, role, subscribed, selectable FROM mailbox WHERE account = ?1";
        let mut statement = self.sql.prepare_cached(find)?;
        let mut rows = statement.query([account.0])?;
        let mut nodes = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let seat = (row.get(1)?, row.get::<_, Text>(2)?.0);
            let role = columns::role(row.get(3)?)?;
            nodes.insert(row.get(0)?, Node { seat, role, subscribed: row.get(4)?, selectable: row.get(5)? });
        }
        Ok(nodes)
    }

    /// What stands against a change in the mailbox itself: its messages, its annotations.
    fn refuses_inside(&self, account: AccountId, change: &MailboxChange) -> Sql<Option<MailboxRefusal>> {
        match change {
            MailboxChange::Destroy { mailbox, with_emails: false } => {
                let find = "SELECT 1 FROM msg WHERE account = ?1 AND mailbox = ?2 AND flags & ?3 = 0 LIMIT 1";
                let deleted = i64::try_from(flag_bits::DELETED).unwrap_or(0);
                Ok(self.finds(find, [account.0, mailbox.0, deleted])?.then_some(MailboxRefusal::HasEmail))
            }
            MailboxChange::Update(mailbox, MailboxWish { note: Some((entry, Some(_))), .. }) => {
                let count = "SELECT count(*) FROM annotation WHERE account = ?1 AND mailbox = ?2 AND reader = 0 AND \
                             entry <> ?3";
                let others = self.number(count, params![account.0, mailbox.0, entry.as_bytes()])?.unwrap_or(0);
                Ok((others >= num(ANNOTATIONS_MAX)).then_some(MailboxRefusal::Limit))
            }
            _ => Ok(None),
        }
    }

    /// What goes goes first, then what moves gets out of the way, then all is put in its place from the top down: so the
    /// path of each is known when it is (a subscription may wait for it).
    fn write_arranged(
        &mut self,
        account: AccountId,
        (all, outlook): (&Arrangement<'_>, &Outlook),
        changes: &[MailboxChange],
        now: Time,
    ) -> Sql<HashMap<i64, MailboxId>> {
        let mut gone: Vec<i64> = outlook.gone.iter().copied().collect();
        gone.sort_unstable_by_key(|id| (std::cmp::Reverse(all.depth(&Outlook::default(), *id)), *id));
        for id in gone {
            self.mailbox_goes((account, MailboxId(id)), all.tree.nodes.get(&id), now)?;
        }
        for id in outlook.seats.keys().filter(|id| **id > 0) {
            // No mailbox has the delimiter in its name.
            let aside = format!("/{id}");
            let put = "UPDATE mailbox SET parent = 0, name = ?3 WHERE account = ?1 AND id = ?2";
            self.run(put, params![account.0, id, aside.as_bytes()])?;
        }
        let made = self.seat_all(account, (all, outlook), now)?;
        for (i, change) in changes.iter().enumerate().filter(|(i, _)| all.refused[*i].is_none()) {
            let (mailbox, wish) = match change {
                MailboxChange::Create(wish) => (made.get(&unborn(i)).copied(), wish),
                MailboxChange::Update(mailbox, wish) => (Some(*mailbox), wish),
                MailboxChange::Destroy { .. } => continue,
            };
            if let Some(mailbox) = mailbox {
                self.adjust((account, mailbox), wish)?;
            }
        }
        Ok(made)
    }

    fn seat_all(
        &mut self,
        account: AccountId,
        (all, outlook): (&Arrangement<'_>, &Outlook),
        now: Time,
    ) -> Sql<HashMap<i64, MailboxId>> {
        let mut made = HashMap::new();
        let mut seats: Vec<_> = outlook.seats.iter().collect();
        seats.sort_by_key(|(id, _)| (all.depth(outlook, **id), id.unsigned_abs()));
        for (id, (parent, name)) in seats {
            let renewed = outlook.replaced.get(parent).copied().unwrap_or(*parent);
            let parent = made.get(&renewed).map_or(renewed, |mailbox: &MailboxId| mailbox.0);
            if *id > 0 {
                self.seat_mailbox((account, MailboxId(*id)), parent, name)?;
                continue;
            }
            let mut new = NewMailbox { account, parent, name, role: None, subscribed: false, selectable: true };
            let old = outlook.replaced.iter().find(|(_, by)| *by == id).map(|(old, _)| *old);
            new.subscribed = old.and_then(|old| all.tree.nodes.get(&old)).is_some_and(|node| node.subscribed);
            let born = match old {
                Some(old) => self.replace_mailbox(MailboxId(old), &new, now)?,
                None => self.insert_mailbox(&new, now)?,
            };
            self.inherit_acl(account, parent, born)?;
            made.insert(*id, born);
        }
        Ok(made)
    }

    fn mailbox_goes(&mut self, of: Shelf, node: Option<&Node>, now: Time) -> Sql<()> {
        self.expunge(of, &UidSet::all(), false, now)?;
        // RFC 9051 §6.3.7: a subscription outlives its mailbox.
        if let Some(node) = node.filter(|node| node.subscribed) {
            let path = self.path_of(of.0, node.seat.0, &node.seat.1)?;
            self.name_subscribe(of.0, &path, true)?;
        }
        self.remove_row(of, now)
    }

    /// Role, subscription and annotation.
    fn adjust(&mut self, of: Shelf, wish: &MailboxWish) -> Sql<()> {
        let (account, mailbox) = of;
        if let Some(role) = wish.role {
            let find = "SELECT role FROM mailbox WHERE account = ?1 AND id = ?2";
            if self.number(find, [account.0, mailbox.0])? != Some(role_number(role)) {
                let modseq = self.next_modseq(account)?.unwrap_or(0);
                let set = "UPDATE mailbox SET role = ?3, modseq = ?4, changed = ?4 WHERE account = ?1 AND id = ?2";
                self.run(set, [account.0, mailbox.0, role_number(role), modseq])?;
            }
        }
        if let Some((entry, value)) = &wish.note {
            let of = Annotated { mailbox: Some(of), reader: None };
            let note: Vec<Note> = vec![(entry.clone(), value.clone())];
            self.annotate(&[(of, note)])?;
        }
        if let Some(subscribed) = wish.subscribed {
            self.mailbox_subscribe(of, subscribed)?;
        }
        Ok(())
    }
}
