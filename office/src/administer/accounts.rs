//! Accounts: made, changed, shown, removed. No rule refuses a weak password; a note says that it is one.

use super::logins::refused;
use super::{Clerk, Result, done, failure, trouble, views};
use crate::admin::{FailureKind, Response};
use crate::login::{LoginError, end_all_sessions};
use message::{Address, Domain, Time};
use store::op::{Op, Outcome};
use store::query::{AccountByAddress, Accounts};
use store::types::{Account, Credentials, PopDelete};

/// Characters below which a password is called weak: eight are guessed in hours once a hash is stolen.
const SHORT_PASSWORD: usize = 8;

/// Octets of a password or secret: as many as clients can be relied on to send (RFC 4616 §2).
pub(super) const SECRET_OCTETS_MAX: usize = 255;

/// Accounts read at a time.
const PAGE: u32 = 1000;

impl Clerk<'_> {
    pub(super) async fn add_account(
        &self,
        address: Address,
        password: Option<String>,
        quota: Option<u64>,
        now: Time,
    ) -> Result {
        let credentials = match &password {
            Some(password) => self.credentials(password).await?,
            None => Credentials::default(),
        };
        let op = Op::AccountAdd { address: address.clone(), credentials, quota, now };
        match self.store.apply(op).await.map_err(trouble)? {
            Outcome::Exists => {
                let text = format!("{address} is an account or an alias already");
                Err(failure(FailureKind::CannotCreate, text))
            }
            Outcome::Gone => Err(self.foreign(&address)),
            Outcome::Conflict => {
                let text =
                    format!("{address} stands for all other names of the domain: it can be an alias, no account");
                Err(failure(FailureKind::Data, text))
            }
            _ => Ok(Response::Done { notes: password_notes(&address, password.as_deref()) }),
        }
    }

    async fn credentials(&self, password: &str) -> Result<Credentials> {
        check_secret("password", password)?;
        self.login.credentials(password).await.map_err(unhashed)
    }

    /// Whoever knew the old one is out: sessions of the web end, and connections that it opened.
    pub(super) async fn set_password(&self, address: Address, password: &str, now: Time) -> Result {
        let account = self.account(&address).await?;
        check_secret("password", password)?;
        let credentials = self.login.next_credentials(self.store, &account, password).await.map_err(unhashed)?;
        let credentials = Credentials { apop_secret: account.credentials.apop_secret.clone(), ..credentials };
        let _doubt = self.login.doubt(account.id);
        self.change(&address, Some(credentials), None, None).await?;
        self.login.forget(account.id);
        end_all_sessions(self.store, now, account.id, None).await.map_err(refused)?;
        Ok(Response::Done { notes: password_notes(&address, Some(password)) })
    }

    pub(super) async fn set_account(
        &self,
        address: Address,
        quota: Option<Option<u64>>,
        pop_delete: Option<PopDelete>,
        apop_secret: Option<Option<String>>,
    ) -> Result {
        if let Some(Some(secret)) = &apop_secret {
            check_secret("APOP secret", secret)?;
        }
        let account = self.account(&address).await?;
        let mut notes = Vec::new();
        if matches!(apop_secret, Some(Some(_))) && !self.policy.apop {
            notes.push("APOP is off: it is offered once `apop = true` stands under [trust]".to_owned());
        }
        let credentials = apop_secret.map(|apop_secret| Credentials { apop_secret, ..account.credentials });
        let _doubt = credentials.is_some().then(|| self.login.doubt(account.id));
        self.change(&address, credentials, quota, pop_delete).await?;
        Ok(Response::Done { notes })
    }

    async fn change(
        &self,
        address: &Address,
        credentials: Option<Credentials>,
        quota: Option<Option<u64>>,
        pop_delete: Option<PopDelete>,
    ) -> Result<()> {
        let op = Op::AccountSet { address: address.clone(), credentials, quota, pop_delete };
        match self.store.apply(op).await.map_err(trouble)? {
            Outcome::Gone => Err(self.no_account(address)),
            _ => Ok(()),
        }
    }

    pub(super) async fn remove_account(&self, address: Address) -> Result {
        let account = self.account(&address).await?;
        let _doubt = self.login.doubt(account.id);
        match self.store.apply(Op::AccountRemove { address: address.clone() }).await.map_err(trouble)? {
            Outcome::Gone => Err(self.no_account(&address)),
            _ => {
                self.login.forget(account.id);
                done()
            }
        }
    }

    pub(super) async fn accounts(&self, domain: Option<Domain>) -> Result {
        self.must_be_ours(domain.as_ref()).await?;
        let (mut views, mut after) = (Vec::new(), None);
        loop {
            let page = Accounts { domain: domain.clone(), after, limit: PAGE };
            let rows = self.store.read(page).await.map_err(trouble)?;
            let Some(last) = rows.last() else { return Ok(Response::Accounts(views)) };
            after = Some(last.address.clone());
            views.extend(rows.iter().map(views::account));
        }
    }

    pub(super) async fn show_account(&self, address: Address) -> Result {
        let account = self.account(&address).await?;
        Ok(Response::Accounts(vec![views::account(&account)]))
    }

    pub(super) async fn account(&self, address: &Address) -> Result<Account> {
        let found = self.store.read(AccountByAddress { address: address.clone() }).await.map_err(trouble)?;
        found.ok_or_else(|| self.no_account(address))
    }

    fn no_account(&self, address: &Address) -> crate::admin::Failure {
        let text = format!("there is no account {address}: `pillarbox account list` shows them");
        failure(FailureKind::NoUser, text)
    }
}

fn unhashed(error: LoginError) -> crate::admin::Failure {
    let busy = error == LoginError::Busy;
    failure(if busy { FailureKind::Temporary } else { FailureKind::Software }, error.to_string())
}

/// What no client could send is refused; what is merely weak is not.
fn check_secret(what: &str, secret: &str) -> Result<()> {
    let wrong = if secret.is_empty() {
        "is empty".to_owned()
    } else if secret.contains('\0') {
        // RFC 4616 §2: NUL ends a field.
        "holds a NUL".to_owned()
    } else if secret.len() > SECRET_OCTETS_MAX {
        format!("has more than {SECRET_OCTETS_MAX} octets")
    } else {
        return Ok(());
    };
    Err(failure(FailureKind::Data, format!("the {what} {wrong}: give another")))
}

fn password_notes(address: &Address, password: Option<&str>) -> Vec<String> {
    let Some(password) = password else {
        return vec![format!("nobody can log in as {address} before `pillarbox account set-password {address}`")];
    };
    let named = password.eq_ignore_ascii_case(address.local_part());
    let short = password.chars().count() < SHORT_PASSWORD;
    match (named, short) {
        (true, _) => vec!["the password is the user's own name: easily guessed".to_owned()],
        (_, true) => vec![format!("the password has fewer than {SHORT_PASSWORD} characters: easily guessed")],
        _ => Vec::new(),
    }
}
