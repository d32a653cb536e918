//! Which view belongs to which answer of the post office.

use crate::view::{self, Look, View};
use crate::{account, alias, care, domain, logins, queue, trace};
use office::admin::{Request, Response};

/// What an answer is to, as far as its look depends on it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// For answers that say nothing but that it is done.
    pub said: String,
    /// One account was asked for, not a list.
    one_account: bool,
}

impl Asked {
    /// Remembers a request that is about to be sent.
    #[must_use]
    pub fn of(request: &Request, said: String) -> Asked {
        Asked { said, one_account: matches!(request, Request::AccountShow { .. }) }
    }
}

/// What an answer looks like, and the code to end with.
#[must_use]
pub fn view(response: Response, asked: &Asked, look: Look) -> (View, u8) {
    let view = match response {
        Response::Done { notes } => view::done(&asked.said, notes),
        Response::Domains(domains) => domain::view(&domains, look),
        Response::Accounts(accounts) => match accounts.as_slice() {
            [account] if asked.one_account => account::one(account, look),
            _ => account::view(&accounts, look),
        },
        Response::Logins(logins) => logins::view(&logins, look),
        Response::AppPassword { id, secret } => logins::made(id, &secret),
        Response::Aliases(aliases) => alias::view(&aliases, look),
        Response::Trace(entries) => return trace::view(&entries, look),
        Response::Queue { rows, notes } => queue::view(&rows, notes, look),
        Response::Queued { rows, trace } => queue::one(&rows, &trace, look),
        Response::Changed { recipients } => queue::changed(recipients),
        Response::Status(status) => care::status(&status, look),
        Response::Verified(found) => return care::verified(&found),
        // Asked for by the classic commands, which show them in their own way.
        Response::Way(_) | Response::Dropped(_) | Response::Imported(_) => View::default(),
        Response::BackedUp { files, octets } => care::backed_up(files, octets, &asked.said),
    };
    (view, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::{Address, Time};
    use office::admin::AccountView;

    const LOOK: Look = Look { now: Time(0), colour: false };

    #[test]
    fn a_change_says_that_it_is_done_and_what_to_know() {
        let request = Request::DomainList;
        let asked = Asked::of(&request, "bob@crepes.fr has a mailbox now".to_owned());
        let (view, code) = view(Response::Done { notes: vec!["the password is weak".to_owned()] }, &asked, LOOK);
        assert_eq!((view.human.as_str(), view.plain.as_str(), code), ("", "", 0));
        assert_eq!(view.notes, ["bob@crepes.fr has a mailbox now", "the password is weak"]);
        assert_eq!(view.json.to_string(), r#"{"done":true,"notes":["the password is weak"]}"#);
    }

    #[test]
    fn one_account_is_shown_and_many_are_listed() {
        let address: Address = "bob@crepes.fr".parse().unwrap();
        let account = AccountView {
            address: address.clone(),
            used: 0,
            quota: None,
            messages: 0,
            pop_delete: store::types::PopDelete::Remove,
            has_password: true,
            has_apop: false,
            created: Time(0),
        };
        let answer = || Response::Accounts(vec![account.clone()]);
        let json = |request: Request| view(answer(), &Asked::of(&request, String::new()), LOOK).0.json;
        assert_eq!(json(Request::AccountShow { address })["address"], "bob@crepes.fr");
        assert_eq!(json(Request::AccountList { domain: None })["accounts"][0]["address"], "bob@crepes.fr");
    }
}
