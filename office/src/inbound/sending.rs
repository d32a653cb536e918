//! SEND, SOML and SAML (RFC 821 §3.4): messages for the screens where a recipient is logged in. Decides who may use them,
//! what of a message appears, and what the sender hears of it.

use super::recipient::Accepted;
use super::route::Member;
use super::{SmtpDesk, Transaction, commit};
use crate::screens::Notice;
use message::{Address, Time};
use std::collections::BTreeMap;
use store::op::{Deliver, Op};
use store::types::{Account, AccountId};
use wire::smtp::{Enhanced, Manner, Reply};

/// Octets of a message that are kept for screens: more than the lines that any of them shows.
pub(super) const SCREEN_OCTETS: usize = 16 * 1024;

/// On how many screens of an account a message is.
type OnScreens = BTreeMap<AccountId, usize>;

impl SmtpDesk {
    /// RFC 5321 Appendix F.6 warns of what strangers could write on screens: it is for users and trusted networks.
    pub(super) fn refuse_sending(&self, manner: Manner) -> Option<Reply> {
        let fits = manner == Manner::Mail || self.is_known();
        (!fits).then(|| Reply::new(530, Enhanced(5, 7, 0), format!("log in first to use {}", manner.name())))
    }

    /// Screens are here only; and for SEND somebody must sit at one.
    pub(super) fn refuse_away(&self, address: &Address, members: &[Member]) -> Option<Reply> {
        let manner = self.transaction.as_ref()?.sender.manner;
        if manner == Manner::Mail {
            return None;
        }
        if members.iter().any(|member| member.account().is_none()) {
            let text = format!("{} reaches only users of this server, not <{address}>", manner.name());
            return Some(Reply::new(550, Enhanced(5, 7, 1), text));
        }
        let mut accounts = members.iter().filter_map(Member::account);
        let active = accounts.any(|account| self.office.screens().has(account.id));
        (manner == Manner::Send && !active)
            .then(|| Reply::new(450, Enhanced(4, 2, 1), format!("<{address}> is not active now")))
    }

    /// The message on screens, and into mailboxes as the command says. What is on a screen although a mailbox then
    /// refuses it comes again: better twice than never.
    pub(super) async fn send(&self, transaction: &mut Transaction, now: Time) -> Result<Vec<Reply>, Reply> {
        let manner = transaction.sender.manner;
        let (mut deliver, accounts) = self.prepare(transaction, now).await?;
        if manner == Manner::SendAndMail {
            let replies = self.file(transaction, deliver, accounts.clone()).await?;
            let shown = self.show(transaction, &accounts).await;
            let filed = replies.iter().all(Reply::is_positive);
            let words = format!("filed, and {}", told(&shown, &accounts));
            return Ok(if filed { answers(transaction, &words) } else { replies });
        }
        let shown = self.show(transaction, &accounts).await;
        retell(&mut deliver, transaction, &shown);
        let words = told(&shown, &accounts);
        if manner == Manner::Send {
            if shown.is_empty() {
                return Err(Reply::new(450, Enhanced(4, 2, 1), "not shown: nobody is active any more"));
            }
            self.note_shown(deliver).await;
            return Ok(answers(transaction, &words));
        }
        deliver.local.retain(|copy| !shown.contains_key(&copy.account));
        let left: Vec<AccountId> = deliver.local.iter().map(|copy| copy.account).collect();
        if left.is_empty() {
            self.note_shown(deliver).await;
            return Ok(answers(transaction, &words));
        }
        let replies = self.file(transaction, deliver, left).await?;
        let filed = replies.iter().all(Reply::is_positive);
        Ok(if filed { answers(transaction, &format!("filed where not shown; {words}")) } else { replies })
    }

    /// The journey of what nobody has to keep.
    async fn note_shown(&self, deliver: Deliver) {
        if let Err(error) = self.office.store().apply(Op::Trace(deliver.trace)).await {
            tracing::warn!(%error, "the journey of a message for screens was not written");
        }
    }

    /// Shows the message; where it is seen.
    async fn show(&self, transaction: &Transaction, accounts: &[AccountId]) -> OnScreens {
        let text = on_screen(&transaction.screen);
        let from = commit::path_text(transaction);
        let mut shown = OnScreens::new();
        for account in accounts {
            let Some(to) = recipient_of(&transaction.recipients, *account) else { continue };
            let notice = Notice { from: from.clone(), to: to.address.to_string(), text: Some(text.clone()) };
            let count = self.office.screens().show(*account, &notice).await;
            if count > 0 {
                shown.insert(*account, count);
            }
        }
        shown
    }

    /// Ordinary mail came: screens say so, and nobody waits for them.
    pub(super) fn announce(&self, transaction: &Transaction, accounts: impl Iterator<Item = AccountId>) {
        for id in accounts {
            if let Some(account) = recipient_of(&transaction.recipients, id).filter(|_| self.office.screens().has(id)) {
                let from = commit::path_text(transaction);
                let notice = Notice { from, to: account.address.to_string(), text: None };
                drop(self.office.screens().tell(id, &notice));
            }
        }
    }
}

fn recipient_of(recipients: &[Accepted], id: AccountId) -> Option<&Account> {
    let mut members = recipients.iter().flat_map(|recipient| &recipient.members).filter_map(Member::account);
    members.find(|account| account.id == id)
}

/// The journey tells of screens, not of mailboxes.
fn retell(deliver: &mut Deliver, transaction: &Transaction, shown: &OnScreens) {
    for (id, count) in shown {
        let Some(account) = recipient_of(&transaction.recipients, *id) else { continue };
        let filed = commit::filed(account);
        for line in deliver.trace.iter_mut().filter(|line| line.event == "delivered" && line.detail == filed) {
            line.event = "shown".to_owned();
            line.detail = format!("on {count} of the screens of {}", account.address);
        }
    }
    if transaction.sender.manner == Manner::Send {
        deliver.trace.retain(|line| line.event != "delivered");
    }
}

fn told(shown: &OnScreens, accounts: &[AccountId]) -> String {
    let screens: usize = shown.values().sum();
    format!("shown to {} of {}, screens: {screens}", shown.len(), accounts.len())
}

fn answers(transaction: &Transaction, words: &str) -> Vec<Reply> {
    let text = format!("{words}, as {}", transaction.queue_id);
    vec![Reply::new(250, Enhanced(2, 0, 0), text); transaction.recipients.len().max(1)]
}

/// The subject and the body, as text.
fn on_screen(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content).replace("\r\n", "\n");
    let first = text.split('\n').next().unwrap_or_default();
    if !message::header::begins_with_field(first.as_bytes()) {
        return text;
    }
    let (header, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let is_subject = |line: &&str| line.get(..8).is_some_and(|name| name.eq_ignore_ascii_case("subject:"));
    let subject = header.lines().find(is_subject).map(|line| format!("{line}\n")).unwrap_or_default();
    format!("{subject}{body}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_shows_subject_and_body() {
        for (content, text) in [
            (&b"From: a@b.example\r\nsubject: Hi\r\n\r\nketchup?\r\n"[..], "subject: Hi\nketchup?\n"),
            (b"From: a@b.example\r\n\r\nketchup?\r\n", "ketchup?\n"),
            (b"Do you like ketchup?\r\n\r\nSubject: none\r\n", "Do you like ketchup?\n\nSubject: none\n"),
            (b"Subject: all header\r\n", "Subject: all header\n"),
            (b"", ""),
            (b"From: x\r\n\r\n\xff\r\n", "\u{fffd}\n"),
        ] {
            assert_eq!(on_screen(content), text);
        }
    }
}
