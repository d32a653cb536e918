//! The ways in to an account besides its password, as an administrator sees and ends them: sessions, app passwords, the
//! second factor, passkeys. Making most of them is the owner's.

use super::{Clerk, Result, done, failure};
use crate::admin::{Failure, FailureKind, LoginsView, PasskeyLine, Request, Response, SessionLine};
use crate::login::{Entrance, EntryError, NewAppPassword};
use message::{Address, Time};
use store::types::{Account, AccountId};

/// What a refused entry means to an administrator.
pub(super) fn refused(error: EntryError) -> Failure {
    let kind = match &error {
        EntryError::NotThere => FailureKind::NoUser,
        EntryError::Exists | EntryError::TooMany => FailureKind::CannotCreate,
        EntryError::Name | EntryError::Expiry => FailureKind::Data,
        EntryError::Credentials | EntryError::CodeNeeded | EntryError::Code | EntryError::Passkey(_) => {
            FailureKind::Permission
        }
        EntryError::Conflict | EntryError::Wait { .. } | EntryError::Temporary => FailureKind::Temporary,
    };
    failure(kind, error.to_string())
}

fn missing(what: &str, address: &Address, id: i64) -> impl FnOnce(EntryError) -> Failure {
    let text = format!("{address} has no {what} {id}: `pillarbox account logins {address}` shows what there is");
    move |error| match error {
        EntryError::NotThere => failure(FailureKind::NoUser, text),
        other => refused(other),
    }
}

impl Clerk<'_> {
    /// The requests about ways in.
    pub(super) async fn logins(&self, now: Time, request: Request) -> Result {
        let entrance = Entrance::of_clerk(self.login, self.store);
        match request {
            Request::LoginList { address } => self.list_logins(now, &entrance, &address).await,
            Request::AppPasswordAdd { address, name, scope, lasts } => {
                let account = self.account(&address).await?;
                let new = NewAppPassword { name, scope, expires: lasts.map(|lasts| now.after(lasts)) };
                let (id, secret) = entrance.add_app_password(now, &account, new).await.map_err(refused)?;
                Ok(Response::AppPassword { id, secret })
            }
            Request::AppPasswordRemove { address, id } => {
                let account = self.account(&address).await?.id;
                let missing = missing("app password", &address, id);
                entrance.remove_app_password(now, account, id).await.map_err(missing)?;
                done()
            }
            Request::SessionEnd { address, id } => {
                let account = self.account(&address).await?.id;
                end_sessions(now, &entrance, (&address, account), id).await
            }
            Request::SecondFactorOff { address } => {
                let Account { id, address, .. } = self.account(&address).await?;
                entrance.end_second_factor(now, id).await.map_err(|error| match error {
                    EntryError::NotThere => failure(FailureKind::NoUser, format!("{address} has no second factor")),
                    other => refused(other),
                })?;
                done()
            }
            Request::PasskeyRemove { address, id } => {
                let account = self.account(&address).await?.id;
                let missing = missing("passkey", &address, id);
                entrance.remove_passkey(now, account, id).await.map_err(missing)?;
                done()
            }
            _ => Err(failure(FailureKind::Software, "this is no request about logins")),
        }
    }

    async fn list_logins(&self, now: Time, entrance: &Entrance, address: &Address) -> Result {
        let account = self.account(address).await?;
        let second_factor = entrance.second_factor(account.id).await.map_err(refused)?;
        let sessions = entrance.sessions(now, account.id).await.map_err(refused)?;
        let passkeys = entrance.passkeys(account.id).await.map_err(refused)?;
        let session = |view: crate::login::SessionView| SessionLine {
            id: view.id,
            client: view.client,
            from: view.address,
            created: view.created,
            last_seen: view.last_seen,
            expires: view.expires,
        };
        let passkey = |view: crate::login::PasskeyView| PasskeyLine {
            id: view.id,
            name: view.name,
            created: view.created,
            last_used: view.last_used,
        };
        Ok(Response::Logins(LoginsView {
            address: account.address,
            second_factor: second_factor.on,
            recovery_codes: u32::try_from(second_factor.recovery_codes).unwrap_or(u32::MAX),
            app_passwords: entrance.app_passwords(now, account.id).await.map_err(refused)?,
            sessions: sessions.into_iter().map(session).collect(),
            passkeys: passkeys.into_iter().map(passkey).collect(),
        }))
    }
}

async fn end_sessions(
    now: Time,
    entrance: &Entrance,
    (address, account): (&Address, AccountId),
    id: Option<i64>,
) -> Result {
    match id {
        Some(id) => {
            let missing = missing("session", address, id);
            entrance.end_session(now, account, id).await.map_err(missing)?;
            done()
        }
        None => {
            let ended = entrance.end_sessions(now, account, None).await.map_err(refused)?;
            let note = format!("{ended} ended");
            Ok(Response::Done { notes: vec![note] })
        }
    }
}
