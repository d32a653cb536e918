//! Ids of RFC 8620 §1.2 and what they lead to. Those of mailboxes, e-mails and threads are IMAP's (RFC 8474). One of another
//! account leads nowhere.

use store::types::{AccountId, EmailId, MailboxId};
use wire::imap::ask::ObjectId;
use wire::imap::listing::object_number;

/// Octets of an id (RFC 8620 §1.2).
pub const ID_OCTETS_MAX: usize = 255;

/// Whether a text is an id by its form (RFC 8620 §1.2).
#[must_use]
pub fn is_id(text: &str) -> bool {
    let is_safe = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    (1..=ID_OCTETS_MAX).contains(&text.len()) && text.bytes().all(is_safe)
}

/// Of an account.
#[must_use]
pub fn of_account(account: AccountId) -> String {
    format!("A{}", account.0)
}

/// The account.
#[must_use]
pub fn account(text: &str) -> Option<AccountId> {
    let account = AccountId(text.strip_prefix('A')?.parse().ok()?);
    (of_account(account) == text).then_some(account)
}

/// Of an e-mail.
#[must_use]
pub fn of_email(account: AccountId, email: EmailId) -> String {
    ObjectId::Email(number(account, email.0)).to_string()
}

/// The e-mail.
#[must_use]
pub fn email(account: AccountId, text: &str) -> Option<EmailId> {
    match ObjectId::parse(text)? {
        ObjectId::Email(number) => own(account, number).map(EmailId),
        _ => None,
    }
}

/// Of a thread, by the e-mail that began it.
#[must_use]
pub fn of_thread(account: AccountId, thread: EmailId) -> String {
    ObjectId::Thread(number(account, thread.0)).to_string()
}

/// The thread, by the e-mail that began it.
#[must_use]
pub fn thread(account: AccountId, text: &str) -> Option<EmailId> {
    match ObjectId::parse(text)? {
        ObjectId::Thread(number) => own(account, number).map(EmailId),
        _ => None,
    }
}

/// Of a mailbox.
#[must_use]
pub fn of_mailbox(account: AccountId, mailbox: MailboxId) -> String {
    ObjectId::Mailbox(number(account, mailbox.0)).to_string()
}

/// The mailbox.
#[must_use]
pub fn mailbox(account: AccountId, text: &str) -> Option<MailboxId> {
    match ObjectId::parse(text)? {
        ObjectId::Mailbox(number) => own(account, number).map(MailboxId),
        _ => None,
    }
}

fn number(account: AccountId, number: i64) -> u64 {
    object_number(account.0.unsigned_abs(), number.unsigned_abs())
}

/// What the account itself calls it.
fn own(account: AccountId, object: u64) -> Option<i64> {
    let own = object.checked_sub(number(account, 0))?;
    // There is room for a trillion of each (see `object_number`); what is past it is another account's.
    (own < 1 << 40).then_some(own).and_then(|own| i64::try_from(own).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_to_what_they_are_of_and_to_nothing_of_others() {
        let (one, other) = (AccountId(1), AccountId(2));
        assert_eq!(account(&of_account(one)), Some(one));
        assert_eq!(email(one, &of_email(one, EmailId(7))), Some(EmailId(7)));
        assert_eq!(thread(one, &of_thread(one, EmailId(7))), Some(EmailId(7)));
        assert_eq!(mailbox(one, &of_mailbox(one, MailboxId(7))), Some(MailboxId(7)));
        assert_eq!(email(other, &of_email(one, EmailId(7))), None);
        assert_eq!(email(one, &of_email(other, EmailId(7))), None);
        assert_eq!(email(one, &of_mailbox(one, MailboxId(7))), None, "another kind");
        for wrong in ["", "A", "A01", "A+1", "B1", "E", "A\u{e9}"] {
            assert_eq!((account(wrong), email(one, wrong)), (None, None), "{wrong}");
        }
    }

    #[test]
    fn the_form_of_an_id() {
        assert!(is_id("a") && is_id("-_9Z") && is_id(&"x".repeat(ID_OCTETS_MAX)));
        assert!(!is_id("") && !is_id("a b") && !is_id("#a") && !is_id("\u{e9}"));
        assert!(!is_id(&"x".repeat(ID_OCTETS_MAX + 1)), "one past it");
    }
}
