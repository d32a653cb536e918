//! What may be asked about users: VRFY and EXPN (RFC 5321 §3.5), and HELP STATUS. The truth for users who logged in and
//! for `relay_networks`; nothing for strangers (RFC 5321 §7.3).

use super::recipient::{is_forwarded, welcome};
use super::route::Route;
use super::{SmtpDesk, trouble};
use message::{Address, Host, Time};
use store::StoreError;
use store::query::Resolved;
use store::types::{Alias, AliasTarget};
use wire::smtp::{Enhanced, Reply};

impl SmtpDesk {
    pub(super) async fn verify(&self, name: &str, now: Time) -> Reply {
        if !self.is_known() {
            let text = "cannot verify users for strangers, but will take mail and try to deliver it";
            return Reply::new(252, Enhanced(2, 5, 2), text);
        }
        match self.look_up(name, now).await {
            Ok((Some(address), Route::Members(members))) if is_forwarded(&address, &members) => {
                welcome(&address, &members)
            }
            Ok((Some(address), Route::Members(_))) => Reply::new(250, Enhanced(2, 1, 5), format!("<{address}>")),
            Ok((Some(_), Route::Moved(to))) => Reply::new(551, Enhanced(5, 1, 6), format!("not here, try <{to}>")),
            Ok((Some(_), Route::Foreign)) => {
                Reply::new(252, Enhanced(2, 5, 2), "not one of ours, but will take mail for it")
            }
            Ok((None, _)) => Reply::new(501, Enhanced(5, 1, 3), "that is no address"),
            Ok(_) => Reply::new(550, Enhanced(5, 1, 1), "there is no such user here"),
            Err(error) => trouble(&error),
        }
    }

    pub(super) async fn expand(&self, name: &str) -> Reply {
        if !self.is_known() {
            return Reply::new(502, Enhanced(5, 7, 0), "EXPN is for those who logged in");
        }
        match self.list(name).await {
            Ok(Some(names)) => expansion(&names),
            Ok(None) => Reply::new(550, Enhanced(5, 1, 1), "there is no such list here"),
            Err(error) => trouble(&error),
        }
    }

    /// The members of a list as they are written in it, lists among them; a user is a list of one.
    async fn list(&self, name: &str) -> Result<Option<Vec<Address>>, StoreError> {
        let Some(address) = self.typed(name) else { return Ok(None) };
        if let Some(account) = self.postmaster_of(&address).await? {
            return Ok(Some(vec![account.address]));
        }
        Ok(match self.resolve(&address).await? {
            Resolved::Account { account, .. } => Some(vec![account.address]),
            Resolved::Alias(Alias { target: AliasTarget::Members(members), .. }) => Some(members),
            _ => None,
        })
    }

    pub(super) fn status(&self) -> Reply {
        let mut reply = Reply::new(211, Enhanced(2, 0, 0), format!("{} is in service", self.policy.hostname));
        reply.lines.push(format!("messages up to {} octets", self.policy.message_size).into());
        reply.lines.push(format!("up to {} recipients a message", self.policy.recipients).into());
        reply
    }

    /// The address a person typed, and where it leads.
    async fn look_up(&self, name: &str, now: Time) -> Result<(Option<Address>, Route), StoreError> {
        let Some(address) = self.typed(name) else { return Ok((None, Route::Unknown)) };
        let route = self.route(&address, now).await?;
        Ok((Some(address), route))
    }

    /// An address as a person types it: bare or whole, with or without angle brackets.
    fn typed(&self, name: &str) -> Option<Address> {
        let name = name.trim().trim_start_matches('<').trim_end_matches('>');
        let domain = self.policy.first_domain().unwrap_or(&self.policy.hostname);
        let bare = || Some(Address::new(name, Host::Domain(domain.clone()))).filter(|_| !name.contains(['@', ' ']));
        Address::parse(name).ok().or_else(bare)
    }
}

/// RFC 5321 §3.5.2: a line for each.
fn expansion(names: &[Address]) -> Reply {
    let mut reply = Reply::new(250, Enhanced(2, 1, 5), "");
    reply.lines = names.iter().map(|name| format!("<{name}>").into()).collect();
    reply
}
