//! Sessions of the web: a secret in a cookie, its hash in the store. Each login makes a new one, so that nobody can be
//! given a session that somebody else knows. Owns when they end; cookies are `web`'s.

use super::entrance::{Entrance, EntryError};
use super::ledger::{self, Change, Kept, Record};
use super::token::{self, Kind};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use message::{Address, Time};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;
use store::Store;
use store::query::AccountById;
use store::types::{AccountId, ObjectKind};

/// A session that is not used ends after this: a browser that was left somewhere.
pub const IDLE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// It ends after this in any case.
pub const LONGEST: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Sessions of an account at a time; when one more begins, the one unused for longest ends.
pub const SESSIONS_MAX: usize = 50;
/// How exactly it is kept when a session was last used: not every request shall be written down.
const SEEN_STEP: Duration = Duration::from_secs(10 * 60);
/// Characters of a User-Agent that are kept.
const CLIENT_MAX: usize = 200;

/// A session as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WebSession {
    client: String,
    address: String,
    created: Time,
    seen: Time,
}

impl WebSession {
    fn ends(&self) -> Time {
        self.seen.after(IDLE).min(self.created.after(LONGEST))
    }
}

impl Record for WebSession {
    const KIND: ObjectKind = ObjectKind::WebSession;

    fn due(&self) -> Option<Time> {
        Some(self.ends())
    }
}

/// From where somebody logs in, for the list that they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The client's address.
    pub client: IpAddr,
    /// What the browser says it is.
    pub agent: String,
}

/// A session that was just begun.
#[derive(Clone, PartialEq, Eq)]
pub struct Begun {
    /// For the cookie; told only here.
    pub secret: String,
    /// What must come with every request that changes something.
    pub csrf: String,
    /// Whose it is.
    pub account: AccountId,
    /// Its address.
    pub address: Address,
}

/// A session that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub account: AccountId,
    /// Its address.
    pub address: Address,
    /// What must come with every request that changes something.
    pub csrf: String,
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SessionView {
    pub id: i64,
    /// What the browser said it is.
    pub client: String,
    /// Where it was when it was used last.
    pub address: String,
    pub created: Time,
    pub last_seen: Time,
    /// When it ends if it is not used.
    pub expires: Time,
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Begun({})", self.address)
    }
}

/// Ends all sessions of an account but one, or really all. How many there were.
pub(crate) async fn end_all(
    store: &Store,
    now: Time,
    account: AccountId,
    but: Option<i64>,
) -> Result<usize, EntryError> {
    let there = ledger::all::<WebSession>(store, account).await?;
    let others = there.iter().map(|kept| kept.id).filter(|id| Some(*id) != but);
    let changes: Vec<Change<'_, WebSession>> = others.map(Change::Remove).collect();
    if !changes.is_empty() {
        ledger::write(store, account, &changes, now).await?;
    }
    Ok(changes.len())
}

impl Entrance {
    /// Begins a session for somebody who showed who they are; those that have ended go.
    ///
    /// # Errors
    /// `Temporary`, `NotThere`.
    pub async fn begin(
        &self,
        now: Time,
        (account, address): (AccountId, Address),
        place: &Place,
    ) -> Result<Begun, EntryError> {
        let secret = self.login.fill::<{ token::SESSION_OCTETS }>();
        let client = place.agent.chars().filter(|c| !c.is_control()).take(CLIENT_MAX).collect();
        let record = WebSession { client, address: place.client.to_canonical().to_string(), created: now, seen: now };
        let there = ledger::all::<WebSession>(&self.store, account).await?;
        let mut changes: Vec<Change<'_, WebSession>> =
            superfluous(now, &there).into_iter().map(Change::Remove).collect();
        changes.push(Change::Add(&record, Some(token::digest_of(Kind::Session, &secret))));
        ledger::write(&self.store, account, &changes, now).await?;
        Ok(Begun { secret: token::session_text(&secret), csrf: csrf_of(&secret), account, address })
    }

    /// Whose session this is, if it goes on. Notes that it is used.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn session(&self, now: Time, client: IpAddr, secret: &str) -> Result<Option<Session>, EntryError> {
        let Some(secret) = token::session_secret(secret) else { return Ok(None) };
        let digest = token::digest_of(Kind::Session, &secret);
        let Some(kept) = ledger::by_key::<WebSession>(&self.store, &digest).await? else { return Ok(None) };
        if now >= kept.record.ends() {
            return Ok(None);
        }
        let Some(account) = self.store.read(AccountById { account: kept.account }).await? else { return Ok(None) };
        let session = Session { id: kept.id, account: account.id, address: account.address, csrf: csrf_of(&secret) };
        self.note_use(now, client, kept).await;
        Ok(Some(session))
    }

    /// A request that is lost for this would be worse than a time that is too old.
    async fn note_use(&self, now: Time, client: IpAddr, mut kept: Kept<WebSession>) {
        if now.since(kept.record.seen) < SEEN_STEP {
            return;
        }
        kept.record.seen = now;
        kept.record.address = client.to_canonical().to_string();
        let account = kept.account;
        match ledger::write(&self.store, account, &[Change::Replace(&kept)], now).await {
            // Another request of the same page was quicker, or the session was ended just now.
            Ok(_) | Err(EntryError::Conflict | EntryError::NotThere) => {}
            Err(error) => tracing::warn!(%error, "it is not noted that a session is used"),
        }
    }

    /// The sessions of an account that go on, the one used last first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sessions(&self, now: Time, account: AccountId) -> Result<Vec<SessionView>, EntryError> {
        let mut there = ledger::all::<WebSession>(&self.store, account).await?;
        there.retain(|kept| now < kept.record.ends());
        there.sort_by_key(|kept| std::cmp::Reverse((kept.record.seen, kept.id)));
        Ok(there.into_iter().map(view).collect())
    }

    /// Ends one session of an account.
    ///
    /// # Errors
    /// `NotThere` when the account has no such session.
    pub async fn end_session(&self, now: Time, account: AccountId, id: i64) -> Result<(), EntryError> {
        let there = ledger::all::<WebSession>(&self.store, account).await?;
        if !there.iter().any(|kept| kept.id == id) {
            return Err(EntryError::NotThere);
        }
        ledger::write::<WebSession>(&self.store, account, &[Change::Remove(id)], now).await.map(drop)
    }

    /// Ends all sessions of an account but one, or really all. How many there were.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn end_sessions(&self, now: Time, account: AccountId, but: Option<i64>) -> Result<usize, EntryError> {
        end_all(&self.store, now, account, but).await
    }
}

/// What must go before one more session is begun: those that have ended, and of the rest those unused for longest.
fn superfluous(now: Time, there: &[Kept<WebSession>]) -> Vec<i64> {
    let (ended, mut alive): (Vec<_>, Vec<_>) = there.iter().partition(|kept| now >= kept.record.ends());
    alive.sort_by_key(|kept| (kept.record.seen, kept.id));
    let too_many = (alive.len() + 1).saturating_sub(SESSIONS_MAX);
    ended.into_iter().chain(alive.into_iter().take(too_many)).map(|kept| kept.id).collect()
}

fn view(kept: Kept<WebSession>) -> SessionView {
    let expires = kept.record.ends();
    let WebSession { client, address, created, seen } = kept.record;
    SessionView { id: kept.id, client, address, created, last_seen: seen, expires }
}

/// The token against requests that others make a browser send. It follows from the secret, so that nothing more is kept;
/// the secret does not follow from it.
fn csrf_of(secret: &[u8; token::SESSION_OCTETS]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"csrf");
    BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref())
}

impl Session {
    /// Whether a token is this session's.
    #[must_use]
    pub fn has_csrf(&self, token: &str) -> bool {
        constant_time::verify_slices_are_equal(self.csrf.as_bytes(), token.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::types::ModSeq;

    fn kept(id: i64, created: Time, seen: Time) -> Kept<WebSession> {
        let record = WebSession { client: String::new(), address: String::new(), created, seen };
        Kept { id, account: AccountId(1), modseq: ModSeq(1), key: None, record }
    }

    const START: Time = Time(1_800_000_000_000);

    #[test]
    fn a_session_ends_when_it_is_idle_and_in_any_case() {
        let idle = kept(1, START, START);
        assert_eq!(idle.record.ends(), START.after(IDLE));
        let old = kept(1, START, START.after(LONGEST - Duration::from_secs(1)));
        assert_eq!(old.record.ends(), START.after(LONGEST));
    }

    #[test]
    fn what_ended_goes_and_what_is_too_many() {
        let max = i64::try_from(SESSIONS_MAX).unwrap_or(0);
        let all = |count: i64| -> Vec<_> {
            (0..count).map(|id| kept(id, START, START.after(Duration::from_secs(id.cast_unsigned())))).collect()
        };
        assert_eq!(superfluous(START, &all(max - 1)), [0_i64; 0]);
        assert_eq!(superfluous(START, &all(max)), [0]);
        assert_eq!(superfluous(START.after(IDLE), &all(2)), [0], "the first has ended");
    }

    #[test]
    fn a_token_is_the_sessions_own() {
        assert_eq!(csrf_of(&[1; 32]), csrf_of(&[1; 32]));
        assert_ne!(csrf_of(&[1; 32]), csrf_of(&[2; 32]));
        assert_ne!(csrf_of(&[1; 32]), token::session_text(&[1; 32]));
    }
}
