//! Finding a message and rendering it. Owns reading no more of it than is shown, and keeping the work, which may take a
//! moment, off the threads that answer others.

use super::letter::{self, Rendered};
use super::signed::Claim;
use super::{OWN_PATH_PART, pictures};
use crate::Web;
use message::{Domain, Summary, TransferEncoding, encoding};
use office::jmap::Content;
use std::sync::Arc;
use store::StoreError;
use store::query::{EmailsById, StoredEmail};
use store::types::{AccountId, EmailId};

/// Octets of a picture of a message, as it stands there, that are sent.
pub const PICTURE_MAX: u64 = 30 * 1024 * 1024;

/// A message that was found.
struct Found {
    summary: Summary,
    content: Content,
}

/// Finds a message of an account; `None` where there is none.
async fn find(web: &Web, account: AccountId, email: EmailId) -> Result<Option<Found>, StoreError> {
    let store = web.office().store();
    let rows = store.read(EmailsById { account, ids: vec![email] }).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let Some(stored) = store.read(StoredEmail { account, email }).await? else { return Ok(None) };
    // A summary that is damaged is made anew by who repairs the store; till then the message has no parts to show.
    let summary = row.summary.ok().and_then(|octets| Summary::decode(&octets).ok()).unwrap_or_default();
    Ok(Some(Found { summary, content: Content::new(store.clone(), stored) }))
}

impl Found {
    async fn body(&self, part: usize, most: u64) -> Result<Vec<u8>, StoreError> {
        let Some(part) = self.summary.parts.get(part) else { return Ok(Vec::new()) };
        let prefix = self.content.prefix_octets();
        let range = part.body.start.saturating_add(prefix)..part.body.end.saturating_add(prefix);
        self.content.read(range, most).await
    }
}

/// Renders a message as a claim says; `None` where there is none.
pub async fn render(web: &Web, claim: Claim, trusted: Arc<[Domain]>) -> Result<Option<Rendered>, StoreError> {
    let Some(found) = find(web, claim.account, claim.email).await? else { return Ok(None) };
    let mut bodies = Vec::new();
    for part in letter::wanted(&found.summary).0 {
        bodies.push((part, found.body(part, letter::PART_MAX).await?));
    }
    let (signer, now) = (web.rendering().signer().clone(), web.now());
    let work = move || {
        let address_of = |part: usize| {
            let part = Some(u32::try_from(part).unwrap_or(u32::MAX));
            let token = signer.token(&Claim { part, allow_remote: false, dark: false, ..claim }, now);
            format!("{OWN_PATH_PART}{token}")
        };
        letter::render(&found.summary, &bodies, address_of, claim.allow_remote, &trusted)
    };
    // Only a panic in the work could lose its result; a message that does that is shown as nothing.
    Ok(Some(tokio::task::spawn_blocking(work).await.unwrap_or_default()))
}

/// A picture of a message and its media type; `None` where the part is none, or is not there.
pub async fn picture(web: &Web, claim: Claim) -> Result<Option<(&'static str, Vec<u8>)>, StoreError> {
    let Some(part) = claim.part.and_then(|part| usize::try_from(part).ok()) else { return Ok(None) };
    let Some(found) = find(web, claim.account, claim.email).await? else { return Ok(None) };
    let Some(own) = found.summary.parts.get(part) else { return Ok(None) };
    let size = own.body.end.saturating_sub(own.body.start);
    if size > PICTURE_MAX || !pictures::may_be(&own.media_type, &own.subtype) {
        return Ok(None);
    }
    let octets =
        encoding::decode(TransferEncoding::from_name(own.encoding.as_bytes()), &found.body(part, PICTURE_MAX).await?);
    Ok(pictures::kind(&octets).map(|kind| (kind, octets)))
}
