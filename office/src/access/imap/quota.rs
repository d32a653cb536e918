//! What an account may hold and holds (RFC 9208): each account is one quota root, named by its address. Limits are the
//! administrator's to set.

use super::ImapDesk;
use store::query::{AccountByAddress, AccountById};
use store::types::Account;
use wire::imap::ask::{QuotaOf, QuotaResource, QuotaRoot};
use wire::imap::{Answer, Refusal};

/// RFC 9208 §5.1: STORAGE is counted in units of so many octets.
const UNIT: u64 = 1024;

impl ImapDesk {
    pub(super) async fn quota(&self, of: QuotaOf) -> Result<Answer, Refusal> {
        let account = match of {
            // RFC 9208 §4.2: who may read a mailbox may know what it counts against.
            QuotaOf::Mailbox(name) => {
                let place = self.place(&name, "r").await?;
                self.read(AccountById { account: place.account }).await?
            }
            QuotaOf::Root(name) => {
                let address = message::Address::parse(&name).map_err(|_| Refusal::NonExistent)?;
                // Others' roots are nobody's business, whether or not they are there.
                let is_own = address == self.user()?.address;
                if is_own { self.read(AccountByAddress { address }).await? } else { None }
            }
        };
        account.map(|account| Answer::Quotas(vec![root(&account)])).ok_or(Refusal::NonExistent)
    }
}

/// RFC 9208 §3.1.1: what has no limit is not named.
fn root(account: &Account) -> QuotaRoot {
    let storage = |quota: u64| (QuotaResource::Storage, account.used.div_ceil(UNIT), quota.div_ceil(UNIT));
    QuotaRoot { name: account.address.to_string(), resources: account.quota.map(storage).into_iter().collect() }
}
