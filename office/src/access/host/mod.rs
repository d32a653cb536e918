//! Mail for programs on this host, without a protocol: the answers to [`wire::host`] for one account at a time. Owns the
//! way from a request to the store and back; not who may ask for which account (`server`), nor the socket. What is asked of
//! e-mails: `emails`; folders: `folders`; what comes in, to be kept or to be sent: `incoming`.

mod emails;
mod folders;
mod incoming;
#[cfg(test)]
mod tests;

use crate::Office;
use crate::admin::FailureKind;
use incoming::Incoming;
use message::{Address, Host, Time};
use std::time::Duration;
use store::StoreError;
use store::query::{AccountByAddress, Domains, States};
use store::types::{Account, Mark};
use wire::host::{Answer, EMAILS_MAX, Refusal, Request, WAIT_MAX_MS};
use wire::smtp::Reply;

/// What comes of a request.
type Told = Result<Answer, Refusal>;

/// Answers one program on this host.
pub struct HostDesk {
    office: Office,
    account: Option<Box<Account>>,
    incoming: Incoming,
}

impl Office {
    /// A desk for one program on this host.
    #[must_use]
    pub fn host(&self) -> HostDesk {
        HostDesk { office: self.clone(), account: None, incoming: Incoming::Nothing }
    }
}

impl HostDesk {
    /// Opens an account, as `Request::Open` says; who asks was found to be entitled to it.
    ///
    /// # Errors
    /// There is no such account, or the store is in trouble.
    pub async fn open(&mut self, account: &str) -> Told {
        let address = self.address(account).await?;
        let found = self.office.store().read(AccountByAddress { address: address.clone() }).await.map_err(trouble)?;
        let nobody = || refuse(FailureKind::NoUser, format!("there is no account {address} on this host"));
        self.account = Some(Box::new(found.ok_or_else(nobody)?));
        Ok(Answer::Open { address: address.to_string() })
    }

    /// A bare name is one of our first domain: of the configuration, else the one that was added first.
    async fn address(&self, account: &str) -> Result<Address, Refusal> {
        let mut whole = account.to_owned();
        if !account.contains('@') {
            let domain = match self.office.policy().first_domain() {
                Some(domain) => Some(domain.clone()),
                None => {
                    let domains = self.office.store().read(Domains {}).await.map_err(trouble)?;
                    domains.into_iter().min_by_key(|row| row.created).map(|row| row.domain)
                }
            };
            let none = || refuse(FailureKind::NoUser, "this host has no domain for mail");
            whole = Address::new(account, Host::Domain(domain.ok_or_else(none)?)).to_string();
        }
        Address::parse(&whole).map_err(|_| refuse(FailureKind::NoUser, format!("{account:?} is no account")))
    }

    /// Answers a request.
    ///
    /// # Errors
    /// Why it is not done; nothing was changed then.
    pub async fn answer(&mut self, now: Time, request: Request) -> Told {
        check(&request)?;
        match request {
            Request::Open { .. } => Err(usage("an account is opened by whoever serves it")),
            Request::State => self.state().await,
            Request::Wait { state, milliseconds } => self.wait(&state, milliseconds).await,
            Request::Since { .. }
            | Request::List { .. }
            | Request::Look { .. }
            | Request::Read { .. }
            | Request::Find { .. } => self.read(now, request).await,
            Request::Flag { .. } | Request::Move { .. } | Request::Copy { .. } | Request::Destroy { .. } => {
                self.change(now, request).await
            }
            Request::Begin { .. }
            | Request::Post(_)
            | Request::Piece { .. }
            | Request::Append { .. }
            | Request::Send => self.take(now, request).await,
            _ => self.arrange(now, request).await,
        }
    }

    fn account(&self) -> Result<&Account, Refusal> {
        self.account.as_deref().ok_or_else(|| usage("no account is open"))
    }

    async fn state(&self) -> Told {
        let account = self.account()?.id;
        let states = self.office.store().read(States { account }).await.map_err(trouble)?.ok_or_else(gone)?;
        // Folders and e-mails have one counter.
        let newest = states.emails.max(states.mailboxes);
        Ok(Answer::State { state: Mark::after(newest).to_string() })
    }

    async fn wait(&self, state: &str, milliseconds: u64) -> Told {
        let mut changes = self.office.store().watch(self.account()?.id);
        let known = Answer::State { state: state.to_owned() };
        let changed = async {
            loop {
                let now = self.state().await?;
                if now != known || changes.changed().await.is_err() {
                    return Ok(now);
                }
            }
        };
        let patience = Duration::from_millis(milliseconds.min(WAIT_MAX_MS));
        match tokio::time::timeout(patience, changed).await {
            Ok(state) => state,
            Err(_) => self.state().await,
        }
    }
}

/// What has to hold of every request, so that no answer is without bounds.
fn check(request: &Request) -> Result<(), Refusal> {
    let ids = match request {
        Request::Look { ids, .. }
        | Request::Flag { ids, .. }
        | Request::Move { ids, .. }
        | Request::Copy { ids, .. }
        | Request::Destroy { ids, .. } => ids.len(),
        _ => 0,
    };
    if ids > EMAILS_MAX { Err(usage(&format!("at most {EMAILS_MAX} e-mails at a time"))) } else { Ok(()) }
}

fn refuse(kind: FailureKind, text: impl Into<String>) -> Refusal {
    let code = match kind {
        FailureKind::Usage => 64,
        FailureKind::Data => 65,
        FailureKind::NoUser => 67,
        FailureKind::NoHost => 68,
        FailureKind::Unavailable => 69,
        FailureKind::Software => 70,
        FailureKind::CannotCreate => 73,
        FailureKind::Io => 74,
        FailureKind::Temporary => 75,
        FailureKind::Permission => 77,
        FailureKind::Config => 78,
    };
    Refusal { code, text: text.into() }
}

fn usage(text: &str) -> Refusal {
    refuse(FailureKind::Usage, text)
}

fn gone() -> Refusal {
    refuse(FailureKind::NoUser, "the account is gone")
}

fn trouble(error: StoreError) -> Refusal {
    let kind = match error {
        StoreError::Full | StoreError::Busy | StoreError::Locked { .. } | StoreError::Closed => FailureKind::Temporary,
        _ => FailureKind::Io,
    };
    refuse(kind, error.to_string())
}

/// A reply of the desk that takes letters, as a refusal.
fn replied(reply: &Reply) -> Refusal {
    refuse(crate::inbound::kind_of(reply), reply.lines.join(" "))
}
