//! RCPT: may this client send to this address, and can we keep what comes? (RFC 5321 §4.1.1.3, §3.3, §3.4)

use super::route::{End, Member, Route};
use super::{SmtpDesk, trouble};
use crate::srs::SrsError;
use message::{Address, Host, Time};
use store::StoreError;
use store::types::Account;
use wire::smtp::{Enhanced, ForwardPath, Manner, Recipient, Reply, Role};

/// A recipient that was answered 250 or 251.
pub(super) struct Accepted {
    /// With its domain.
    pub address: Address,
    /// As it was given, with its DSN wishes.
    pub given: Recipient,
    /// Where it leads.
    pub members: Vec<Member>,
}

impl SmtpDesk {
    pub(super) async fn take_recipient(&mut self, given: Recipient, now: Time) -> Reply {
        match self.consider(&given, now).await {
            Err(error) => trouble(&error),
            Ok(Err(refusal)) => refusal,
            Ok(Ok((accepted, reply))) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.recipients.push(accepted);
                }
                reply
            }
        }
    }

    async fn consider(&self, given: &Recipient, now: Time) -> Result<Result<(Accepted, Reply), Reply>, StoreError> {
        let address = match self.forward_path(&given.forward_path).await? {
            Ok(address) => address,
            Err(reply) => return Ok(Err(reply)),
        };
        let members = match self.route(&address, now).await? {
            Route::Members(members) => members,
            Route::Foreign if self.is_known() || self.is_backed_up(&address) => vec![Member::remote(address.clone())],
            other => return Ok(Err(refusal(&address, &other))),
        };
        if let Some(reply) = self.refuse_away(&address, &members).or_else(|| self.refuse_full(&address, &members)) {
            return Ok(Err(reply));
        }
        let reply = welcome(&address, &members);
        Ok(Ok((Accepted { address, given: given.clone(), members }, reply)))
    }

    /// Whether we are a backup MX of its domain. LMTP delivers here or nowhere (RFC 2033 §4.2).
    fn is_backed_up(&self, address: &Address) -> bool {
        self.role == Role::Mx && address.domain().is_some_and(|domain| self.policy.relay_domains.contains(domain))
    }

    /// The address a forward path means. `<postmaster>` alone is heard from anyone (RFC 5321 §4.1.1.3).
    async fn forward_path(&self, path: &ForwardPath) -> Result<Result<Address, Reply>, StoreError> {
        let local_part = match path {
            ForwardPath::Address(address) => return Ok(Ok(address.clone())),
            ForwardPath::Bare(local_part) => local_part,
        };
        if local_part.eq_ignore_ascii_case("postmaster") {
            let here = self.policy.first_domain().unwrap_or(&self.policy.hostname);
            let admin = self.administrator().await?.map(|account| account.address);
            return Ok(Ok(admin.unwrap_or_else(|| Address::new(local_part, Host::Domain(here.clone())))));
        }
        let needs_domain = || Reply::new(553, Enhanced(5, 1, 3), "the address needs a domain, as in name@domain");
        Ok(self.complete(local_part).ok_or_else(needs_domain))
    }

    /// A mailbox that is full, or would be by the declared size (RFC 1870 §6.1), is told so before the content comes.
    fn refuse_full(&self, address: &Address, members: &[Member]) -> Option<Reply> {
        let size = self.transaction.as_ref().and_then(|transaction| transaction.sender.size).unwrap_or(0);
        // What only goes to screens needs no room.
        let sends = self.transaction.as_ref().is_some_and(|transaction| transaction.sender.manner == Manner::Send);
        let [Member { end: End::Local(account), .. }] = members else { return None };
        (!sends && !has_room(account, size) && !is_always_heard(address))
            .then(|| Reply::new(452, Enhanced(4, 2, 2), "the mailbox is full, try again when its owner has made room"))
    }

    /// Whether this message may cross a quota once: not when the client can still be told about its one recipient.
    pub(super) fn may_cross_quota(&self, address: &Address, accounts: usize) -> bool {
        is_always_heard(address) || (self.role != Role::Lmtp && accounts > 1)
    }
}

/// Mail for these names gets through even to a full mailbox: it may be about just that (RFC 5321 §4.5.1, RFC 2142 §4).
pub(super) fn is_always_heard(address: &Address) -> bool {
    let name = address.local_part();
    name.eq_ignore_ascii_case("postmaster") || name.eq_ignore_ascii_case("abuse")
}

fn has_room(account: &Account, size: u64) -> bool {
    account.quota.is_none_or(|quota| account.used < quota && account.used.saturating_add(size) <= quota)
}

/// RFC 5321 §3.4: whether all that becomes of it is that it goes on to another address elsewhere.
pub(super) fn is_forwarded(address: &Address, members: &[Member]) -> bool {
    matches!(members, [Member { end: End::Remote(to), .. }] if to != address)
}

/// 250, or 251 where the mail goes on.
pub(super) fn welcome(address: &Address, members: &[Member]) -> Reply {
    match members {
        [Member { end: End::Remote(to), .. }] if is_forwarded(address, members) => {
            Reply::new(251, Enhanced(2, 1, 5), format!("not here, will forward to <{to}>"))
        }
        _ => Reply::new(250, Enhanced(2, 1, 5), "recipient taken"),
    }
}

pub(super) fn refusal(address: &Address, route: &Route) -> Reply {
    match route {
        Route::Moved(to) => Reply::new(551, Enhanced(5, 1, 6), format!("not here any more, please try <{to}>")),
        Route::Unknown => Reply::new(550, Enhanced(5, 1, 1), format!("there is no <{address}> here")),
        Route::Tangled => {
            Reply::new(554, Enhanced(5, 4, 6), format!("the aliases behind <{address}> lead in a circle"))
        }
        Route::NotWrappedHere(error @ SrsError::Expired) => {
            Reply::new(550, Enhanced(5, 1, 0), format!("no way back: {error}"))
        }
        Route::NotWrappedHere(error) => Reply::new(550, Enhanced(5, 7, 1), format!("no way back: {error}")),
        Route::Foreign | Route::Members(_) => {
            Reply::new(550, Enhanced(5, 7, 1), format!("we do not relay to <{address}>: log in first"))
        }
    }
}
