//! MAIL: may this client send under this reverse path? (RFC 5321 §4.1.1.2, RFC 6409 §6.1)

use super::{SmtpDesk, Transaction, no_room, trouble};
use message::Address;
use std::sync::atomic::Ordering;
use store::StoreError;
use store::query::{Resolve, Resolved};
use store::types::{Account, AliasTarget, QueueId};
use wire::smtp::{Enhanced, Reply, ReversePath, Role, Sender};

impl SmtpDesk {
    pub(super) async fn open_transaction(&mut self, sender: Sender) -> Reply {
        if self.role == Role::Submission && self.user().is_none() {
            return Reply::new(530, Enhanced(5, 7, 0), "log in first");
        }
        if let Some(refusal) = self.refuse_sending(sender.manner) {
            return refusal;
        }
        // RFC 1870 §6.1: with the size a client declares, where it does.
        if !self.office.has_room_for(sender.size.unwrap_or(0), &self.policy) {
            if !self.office.inner.short.swap(true, Ordering::Relaxed) {
                tracing::warn!(reserve = self.policy.disk_reserve, "mail is refused: make room on the disk");
            }
            return no_room();
        }
        if self.office.inner.short.load(Ordering::Relaxed) && self.office.inner.short.swap(false, Ordering::Relaxed) {
            tracing::info!("there is room on the disk again: mail is taken");
        }
        let reverse_path = match self.reverse_path(&sender.reverse_path) {
            Ok(reverse_path) => reverse_path,
            Err(reply) => return reply,
        };
        if let Some(reply) = self.refuse_foreign_name(reverse_path.as_ref()).await {
            return reply;
        }
        let transaction = Transaction {
            sender,
            reverse_path,
            recipients: Vec::new(),
            arrival: None,
            screen: Vec::new(),
            queue_id: QueueId(0),
        };
        self.transaction = Some(transaction);
        Reply::new(250, Enhanced(2, 1, 0), "sender taken")
    }

    /// The reverse path with a domain: bare names from known clients get our first one.
    fn reverse_path(&self, given: &ReversePath) -> Result<Option<Address>, Reply> {
        match given {
            ReversePath::Null => Ok(None),
            ReversePath::Address(address) => Ok(Some(address.clone())),
            ReversePath::Bare(local_part) => self.complete(local_part).map(Some).ok_or_else(|| {
                Reply::new(553, Enhanced(5, 1, 8), "the sender's address needs a domain, as in name@domain")
            }),
        }
    }

    /// RFC 6409 §6.1: a user sends under their own addresses. Reports (`<>`) are anybody's.
    async fn refuse_foreign_name(&self, reverse_path: Option<&Address>) -> Option<Reply> {
        let (account, address) = (self.user()?, reverse_path?);
        match self.owns(account, address).await {
            Ok(true) => None,
            Ok(false) => {
                let text = format!("{} may not send as <{address}>", account.address);
                Some(Reply::new(553, Enhanced(5, 7, 1), text))
            }
            Err(error) => Some(trouble(&error)),
        }
    }

    /// Whether mail for the address reaches the account: its own name, with or without a tag, or an alias for it.
    pub(super) async fn owns(&self, account: &Account, address: &Address) -> Result<bool, StoreError> {
        let resolved = self.office.store().read(Resolve { address: address.clone() }).await?;
        Ok(match resolved {
            Resolved::Account { account: found, .. } => found.id == account.id,
            Resolved::Alias(alias) => match alias.target {
                AliasTarget::Members(members) => members.contains(&account.address),
                AliasTarget::Moved(_) => false,
            },
            Resolved::Foreign | Resolved::Unknown => false,
        })
    }
}
