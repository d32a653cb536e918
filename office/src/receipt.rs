//! Receipts that users send for mail they were shown (RFC 8098): to those who asked for one, under the null reverse-path.
//! What a receipt says is the caller's business.

use crate::Office;
use crate::inbound::{LetterEnvelope, NotTaken, Writer};
use message::{Address, Time};
use store::StoreError;
use store::query::AccountById;
use store::types::{AccountId, QueueId};

/// Why a receipt is not sent.
#[derive(Debug)]
pub enum ReceiptFault {
    /// The account may not write under that address.
    ForbiddenFrom,
    /// The words of the desk.
    Refused(String),
    /// The store's.
    Store(StoreError),
}

impl From<StoreError> for ReceiptFault {
    fn from(error: StoreError) -> ReceiptFault {
        ReceiptFault::Store(error)
    }
}

impl Office {
    /// Sends a receipt as a whole message.
    ///
    /// # Errors
    /// [`ReceiptFault`]; then nothing was sent.
    pub async fn send_receipt(
        &self,
        now: Time,
        account: AccountId,
        (from, to): (&Address, &[Address]),
        content: &[u8],
    ) -> Result<QueueId, ReceiptFault> {
        let found = self.store().read(AccountById { account }).await?.ok_or(ReceiptFault::ForbiddenFrom)?;
        if !self.may_write_as(&found, from).await? {
            return Err(ReceiptFault::ForbiddenFrom);
        }
        let said = |reply: wire::smtp::Reply| ReceiptFault::Refused(reply.lines.join(" "));
        let queue_id = QueueId::new(now, u16::from_be_bytes(self.random()));
        let envelope = LetterEnvelope {
            ticket: "a receipt".to_owned(),
            queue_id,
            // RFC 8098 §3: nobody is told of trouble with a receipt.
            reverse_path: None,
            ret: None,
            envid: None,
            octets: content.len() as u64,
        };
        let mut letter = self.open_letter(now, Writer::House(from.clone()), envelope).await.map_err(said)?;
        for address in to {
            letter.recipient(address, None, None).await.map_err(said)?;
        }
        letter.begin().await.map_err(said)?;
        letter.content(content).await;
        match letter.commit(account, Vec::new()).await {
            Ok(_) => Ok(queue_id),
            Err(NotTaken::Store(error)) => Err(error.into()),
            Err(other) => Err(said(other.reply())),
        }
    }
}
