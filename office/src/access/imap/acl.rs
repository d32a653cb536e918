//! The lists that give others rights to a mailbox (RFC 4314): showing and changing them. What rights come to is `rights`'s.

use super::names::{Found, Trees};
use super::{ImapDesk, failed, rights};
use message::Address;
use store::op::{Op, Outcome, RightsChange};
use store::query::{AccountById, AclOf};
use store::types as kept;
use wire::imap::ask::{AclChange, Rights};
use wire::imap::{Answer, MailboxName, Refusal};

impl ImapDesk {
    pub(super) async fn acl(&self, name: &MailboxName) -> Result<Answer, Refusal> {
        let place = self.place(name, "a").await?;
        let (account, mailbox) = (place.account, place.mailbox.id);
        let owner = self.read(AccountById { account }).await?.ok_or(Refusal::NonExistent)?;
        let mut list = vec![(owner.address.to_string(), Rights::all())];
        let others = self.read(AclOf { account, mailbox }).await?;
        list.extend(others.into_iter().map(|(name, given)| (name, Rights(given.0))));
        Ok(Answer::Acl(list))
    }

    pub(super) async fn set_acl(
        &self,
        name: &MailboxName,
        identifier: &str,
        change: AclChange,
    ) -> Result<Answer, Refusal> {
        let place = self.place(name, "a").await?;
        let (account, mailbox) = (place.account, place.mailbox.id);
        let owner = self.read(AccountById { account }).await?.ok_or(Refusal::NonExistent)?;
        let identifier = known_form(identifier)?;
        // RFC 4314 §3.1: an owner has every right, always.
        if identifier.trim_start_matches(rights::NEGATIVE) == owner.address.to_string().to_lowercase() {
            return Err(Refusal::Cannot);
        }
        let kept = |given: Rights| kept::Rights(given.0);
        let change = match change {
            AclChange::Replace(given) => RightsChange::Replace(kept(given)),
            AclChange::Add(given) => RightsChange::Add(kept(given)),
            AclChange::Remove(given) => RightsChange::Remove(kept(given)),
            AclChange::Delete => RightsChange::Replace(kept::Rights::default()),
        };
        match self.apply(Op::AclSet { account, mailbox, identifier, change }).await? {
            Outcome::Done => Ok(Answer::Done),
            other => Err(failed(&other)),
        }
    }

    pub(super) async fn list_rights(&self, name: &MailboxName, identifier: &str) -> Result<Answer, Refusal> {
        let place = self.place(name, "a").await?;
        let owner = self.read(AccountById { account: place.account }).await?.ok_or(Refusal::NonExistent)?;
        if known_form(identifier)? == owner.address.to_string().to_lowercase() {
            return Ok(Answer::RightsOf { required: Rights::all(), optional: Vec::new() });
        }
        let each = Rights::all().letters();
        let optional = each.chars().map(|letter| Rights::of(letter.encode_utf8(&mut [0; 4]))).collect();
        Ok(Answer::RightsOf { required: Rights::default(), optional })
    }

    pub(super) async fn my_rights(&self, names: &[MailboxName]) -> Result<Answer, Refusal> {
        let mut trees = Trees::default();
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            all.push(match self.find_among(&mut trees, name).await {
                Ok(Found::Mailbox(place)) => Ok(place.rights),
                Ok(Found::Level | Found::Nothing(_)) => Err(Refusal::NonExistent),
                Err(refusal) => Err(refusal),
            });
        }
        Ok(Answer::MyRights(all))
    }
}

/// An identifier as lists have it: `anyone` or an address in lower case, either after `-`.
fn known_form(identifier: &str) -> Result<String, Refusal> {
    let (sign, name) = match identifier.strip_prefix(rights::NEGATIVE) {
        Some(name) => ("-", name),
        None => ("", identifier),
    };
    if name.eq_ignore_ascii_case(rights::ANYONE) {
        return Ok(format!("{sign}{}", rights::ANYONE));
    }
    let address = Address::parse(name).map_err(|_| Refusal::Cannot)?;
    Ok(format!("{sign}{}", address.to_string().to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_addresses_or_anyone() {
        assert_eq!(known_form("Anyone").as_deref(), Ok("anyone"));
        assert_eq!(known_form("-Bob@Hamburger.edu").as_deref(), Ok("-bob@hamburger.edu"));
        for wrong in ["", "-", "bob", "--anyone", "bob@"] {
            assert_eq!(known_form(wrong), Err(Refusal::Cannot), "{wrong}");
        }
    }
}
