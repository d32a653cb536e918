//! Carries out what an administrator asks (`admin` has the words for it). Every failure says what, where, and what to
//! do. Owns no rows and no rules: the store keeps, the policy decides.

mod accounts;
mod import;
mod logins;
mod names;
mod queue;
mod views;

use crate::admin::{Failure, FailureKind, Request, Response, StatusView, VerifyView};
use crate::login::Login;
use crate::policy::Policy;
use message::{Address, Time};
use store::query::{Figures, TraceByAddress, TraceById};
use store::types::QueueId;
use store::{Store, StoreError};

/// Who carries it out, and with what.
pub(crate) struct Clerk<'a> {
    /// The half that sends, where one does.
    pub sending: Option<crate::Outbound>,
    pub store: &'a Store,
    pub policy: &'a Policy,
    pub login: &'a std::sync::Arc<Login>,
}

type Result<T = Response> = std::result::Result<T, Failure>;

pub(crate) async fn administer(clerk: &Clerk<'_>, now: Time, request: Request) -> Result {
    match request {
        Request::DomainAdd { domain } => clerk.add_domain(domain, now).await,
        Request::DomainRemove { domain } => clerk.remove_domain(domain).await,
        Request::DomainList => clerk.domains().await,
        Request::AccountAdd { address, password, quota } => clerk.add_account(address, password, quota, now).await,
        Request::AccountSetPassword { address, password } => clerk.set_password(address, &password, now).await,
        Request::AccountSet { address, quota, pop_delete, apop_secret } => {
            clerk.set_account(address, quota, pop_delete, apop_secret).await
        }
        Request::AccountRemove { address } => clerk.remove_account(address).await,
        Request::AccountList { domain } => clerk.accounts(domain).await,
        Request::AccountShow { address } => clerk.show_account(address).await,
        Request::AliasAdd { address, target } => clerk.add_alias(address, target).await,
        Request::AliasRemove { address } => clerk.remove_alias(address).await,
        Request::AliasList { domain } => clerk.aliases(domain).await,
        Request::AliasImport { origin, domain, lines, dry_run } => {
            clerk.import_aliases(origin, domain, lines, dry_run).await
        }
        Request::Trace { what, limit } => clerk.trace(&what, limit).await,
        request @ (Request::LoginList { .. }
        | Request::AppPasswordAdd { .. }
        | Request::AppPasswordRemove { .. }
        | Request::SessionEnd { .. }
        | Request::SecondFactorOff { .. }
        | Request::PasskeyRemove { .. }) => clerk.logins(now, request).await,
        other => administer_house(clerk, now, other).await,
    }
}

/// The requests that are about the whole house: its queue, its state, its copies.
async fn administer_house(clerk: &Clerk<'_>, now: Time, request: Request) -> Result {
    match request {
        Request::QueueList { which, limit } => clerk.queue(now, which, limit).await,
        Request::QueueShow { queue_id } => clerk.queued(queue_id).await,
        Request::QueueChange { which, change } => clerk.change_queue(now, which, change).await,
        // Carried out by who has the office or the folder: see `Office::administer` and the server.
        Request::Way { .. } | Request::DropTake { .. } => {
            Err(failure(FailureKind::Unavailable, "only a running server takes what lies in the drop folder"))
        }
        Request::Backup { to } => clerk.backup(&to).await,
        Request::Verify => clerk.verify().await,
        _ => clerk.status().await,
    }
}

pub(crate) fn failure(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure { kind, message: message.into() }
}

/// What a failing store means to an administrator, and what to do. The kinds are those of a server that does not start.
fn trouble(error: StoreError) -> Failure {
    let (kind, advice) = match &error {
        StoreError::Full => (FailureKind::Io, "make room, then try again; nothing was changed"),
        StoreError::Io { .. } => (FailureKind::Io, "look after the disk and the rights of its files"),
        StoreError::SyncFailed { .. } => (FailureKind::Io, "look after the disk, then start the server again"),
        StoreError::Locked { .. } | StoreError::Busy | StoreError::Closed => {
            (FailureKind::Temporary, "try again later")
        }
        StoreError::NotEmpty { .. } => (FailureKind::CannotCreate, "name a folder that is not there yet"),
        StoreError::Newer { .. } => (FailureKind::Data, "use the release that made it, or a later one"),
        StoreError::Damaged { .. } => (FailureKind::Data, "`pillarbox verify` names all that is damaged"),
        StoreError::Exhausted { .. } => (FailureKind::Software, "please report this"),
    };
    failure(kind, format!("{error}: {advice}"))
}

fn done() -> Result {
    Ok(Response::Done { notes: Vec::new() })
}

impl Clerk<'_> {
    async fn trace(&self, what: &str, limit: u32) -> Result {
        let lines = if let Ok(queue_id) = what.parse::<QueueId>() {
            self.store.read(TraceById { queue_id }).await
        } else {
            let address = self.traced_address(what)?;
            self.store.read(TraceByAddress { address, limit }).await
        };
        let lines = lines.map_err(trouble)?;
        if lines.is_empty() {
            let text =
                format!("nothing is known of {what}: journeys are kept for 30 days, and refused mail leaves none");
            return Err(failure(FailureKind::NoUser, text));
        }
        Ok(Response::Trace(lines))
    }

    fn traced_address(&self, what: &str) -> Result<String> {
        let whole = match self.policy.first_domain() {
            Some(domain) if !what.contains('@') => format!("{what}@{domain}"),
            _ => what.to_owned(),
        };
        let address = Address::parse(&whole).map_err(|error| {
            failure(FailureKind::Data, format!("{what} is neither a queue id (13 characters) nor an address: {error}"))
        })?;
        Ok(address.to_string())
    }

    async fn status(&self) -> Result {
        let figures = self.store.read(Figures {}).await.map_err(trouble)?;
        Ok(Response::Status(StatusView { hostname: self.policy.hostname.to_string(), figures, notes: Vec::new() }))
    }

    async fn backup(&self, to: &std::path::Path) -> Result {
        if !to.is_absolute() {
            let text = format!("{} is no absolute path: the server may run in another folder", to.display());
            return Err(failure(FailureKind::Usage, text));
        }
        let report = self.store.backup(to).await.map_err(trouble)?;
        Ok(Response::BackedUp { files: report.files, octets: report.octets })
    }

    async fn verify(&self) -> Result {
        let report = self.store.verify().await.map_err(trouble)?;
        Ok(Response::Verified(VerifyView {
            messages: report.messages,
            blobs: report.blobs,
            octets: report.octets,
            damage: report.damage.iter().map(ToString::to_string).collect(),
        }))
    }
}

#[cfg(test)]
mod tests;
