//! The model of who else sees what, and of what clients noted.

use message::Address;
use std::collections::{BTreeMap, BTreeSet};
use store::Outcome;
use store::op::{Note, RightsChange};
use store::types::{AccountId, Annotated, MailboxId, Rights};

type Place = (AccountId, MailboxId);

#[derive(Clone, Default)]
pub struct Notes {
    acl: BTreeMap<(Place, String), u32>,
    notes: BTreeMap<(Annotation, String), Vec<u8>>,
    /// Mailboxes as they were seen last.
    known: BTreeSet<Place>,
}

/// Mailbox (zeros: the server) and reader (0: all).
type Annotation = (i64, i64, i64);

impl Notes {
    pub fn acl_set(&mut self, place: Place, identifier: &str, change: RightsChange) -> Outcome {
        let rights = self.acl.entry((place, identifier.to_owned())).or_default();
        *rights = match change {
            RightsChange::Add(Rights(given)) => *rights | given,
            RightsChange::Remove(Rights(given)) => *rights & !given,
            RightsChange::Replace(Rights(given)) => given,
        };
        self.acl.retain(|_, rights| *rights != 0);
        Outcome::Done
    }

    pub fn annotate(&mut self, of: &Annotated, entries: &[Note]) {
        for (entry, value) in entries {
            self.notes.remove(&(plain(of), entry.clone()));
            if let Some(value) = value {
                self.notes.insert((plain(of), entry.clone()), value.clone());
            }
        }
    }

    pub fn acl(&self, place: Place) -> Vec<(String, Rights)> {
        let of = self.acl.iter().filter(|((at, _), _)| *at == place);
        of.map(|((_, identifier), rights)| (identifier.clone(), Rights(*rights))).collect()
    }

    pub fn annotations(&self, of: &Annotated) -> Vec<(String, Vec<u8>)> {
        let of = plain(of);
        self.notes.iter().filter(|((at, _), _)| *at == of).map(|((_, e), value)| (e.clone(), value.clone())).collect()
    }

    /// Looks which mailboxes of an account came and went. Ids rise, so those above come first.
    pub fn follow(&mut self, account: AccountId, all: Vec<(MailboxId, Option<MailboxId>, bool)>, last: i64) {
        for id in (1..=last).map(MailboxId) {
            let (place, now) = ((account, id), all.iter().find(|(known, ..)| *known == id));
            match now {
                Some((_, parent, selectable)) if self.known.insert(place) && *selectable => {
                    let above = parent.map(|parent| self.acl((account, parent))).unwrap_or_default();
                    self.acl.extend(above.into_iter().map(|(identifier, rights)| ((place, identifier), rights.0)));
                }
                Some(_) => {}
                None => {
                    self.known.remove(&place);
                    self.acl.retain(|(at, _), _| *at != place);
                    self.notes.retain(|((a, m, _), _), _| (AccountId(*a), MailboxId(*m)) != place);
                }
            }
        }
    }

    /// An account is no more: nor is what others let it do, what it noted, and what was its.
    pub fn forget(&mut self, address: &Address, is_there: &dyn Fn(AccountId) -> bool) {
        let plain = address.to_string().to_lowercase();
        let names = [format!("-{plain}"), plain];
        self.acl.retain(|((account, _), identifier), _| is_there(*account) && !names.contains(identifier));
        let stays = |id: i64| id == 0 || is_there(AccountId(id));
        self.notes.retain(|((account, _, reader), _), _| stays(*account) && stays(*reader));
        self.known.retain(|(account, _)| is_there(*account));
    }
}

fn plain(of: &Annotated) -> Annotation {
    let reader = of.reader.map_or(0, |reader| reader.0);
    of.mailbox.map_or((reader, 0, reader), |(account, mailbox)| (account.0, mailbox.0, reader))
}
