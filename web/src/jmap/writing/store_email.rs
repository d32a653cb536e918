//! From what was asked for to an e-mail in the store: the blobs it names are found, it is composed, and streamed in.

use super::create::Asked;
use super::span::Track;
use crate::blobs::Blob;
use crate::jmap::blob::BlobId;
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::limits::ATTACHMENTS_OCTETS_MAX;
use crate::jmap::reach::Reached;
use crate::jmap::{Context, ids};
use message::Scanner;
use message::build::compose::{Content, Draft, Entity, Field, Lines, Piece, Value as FieldValue};
use message::recode::Encoder;
use office::jmap::{AddFault, Added, Inlet, NewContent, NewEmail};
use serde_json::{Value, json};
use store::StoreError;
use store::types::{AccountId, Flags, MailboxId, ModSeq};

/// Where a new e-mail goes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub account: AccountId,
    pub mailboxes: Vec<MailboxId>,
    pub flags: Flags,
    pub received: message::Time,
    pub unchanged_since: Option<ModSeq>,
}

/// Composes an e-mail and puts it into the store.
///
/// # Errors
/// The object's, as RFC 8621 §4.6 has them.
pub(super) async fn create(
    context: &Context<'_>,
    account: AccountId,
    mut asked: Asked,
    unchanged_since: Option<ModSeq>,
) -> Result<Added, SetError> {
    let blobs = find(context, account, &asked.body.blobs).await?;
    label(&mut asked.body.entity, &blobs).await.map_err(|error| store_fault(&error))?;
    let office = context.web.office();
    add_missing(context, &mut asked);
    let draft = Draft { fields: asked.fields, body: asked.body.entity, random: [office.draw(), office.draw()] };
    let size_max = office.message_size();
    let mut inlet = office.inlet();
    for piece in draft.compose() {
        pour(&piece, &blobs, &mut inlet).await.map_err(|error| store_fault(&error))?;
        if inlet.octets() > size_max {
            return Err(too_large(size_max));
        }
    }
    let content = inlet.finish().await.map_err(|fault| add_fault(&fault))?;
    let place = Place {
        account,
        mailboxes: asked.mailboxes,
        flags: asked.flags,
        received: asked.received.unwrap_or(context.now),
        unchanged_since,
    };
    add(context, place, content).await
}

/// Puts content into mailboxes.
///
/// # Errors
/// The object's.
pub(super) async fn add(context: &Context<'_>, place: Place, content: NewContent) -> Result<Added, SetError> {
    let office = context.web.office();
    if !office.has_room(content.octets()) {
        return Err(SetError::over_quota().because("There is no room on the disk."));
    }
    let new = NewEmail {
        content,
        flags: place.flags,
        received: place.received,
        mailboxes: place.mailboxes,
        unchanged_since: place.unchanged_since,
    };
    office.add_email(context.now, place.account, new).await.map_err(|fault| add_fault(&fault))
}

/// `id`, `blobId`, `threadId` and `size` of a new e-mail (RFC 8621 §4.6).
pub(super) fn told(account: AccountId, added: Added, track: &mut Track) -> Value {
    track.add(added.span);
    json!({
        "id": ids::of_email(account, added.email),
        "blobId": BlobId::email(added.email).write(account),
        "threadId": ids::of_thread(account, added.thread),
        "size": added.octets,
    })
}

/// RFC 8621 §4.6: a Message-ID and a Date, where there is none.
fn add_missing(context: &Context<'_>, asked: &mut Asked) {
    if !asked.has("Message-ID") {
        let id = context.web.office().new_message_id(&context.caller.address);
        asked.fields.push(Field::new("Message-ID", FieldValue::MessageIds(vec![id])));
    }
    if !asked.has("Date") {
        asked.fields.push(Field::new("Date", FieldValue::Date(context.now, 0)));
    }
}

/// RFC 8621 §4.6: all blobs that are not there are named.
async fn find(context: &Context<'_>, account: AccountId, wanted: &[String]) -> Result<Vec<Blob>, SetError> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    let mut octets = 0_u64;
    for text in wanted {
        match context.blob(account, text).await.map_err(|error| method_fault(&error))? {
            Some(Reached { blob, .. }) => {
                octets += blob.octets().await.map_err(|error| store_fault(&error))?;
                found.push(blob);
            }
            None => missing.push(text),
        }
    }
    if !missing.is_empty() {
        return Err(SetError::of("blobNotFound").with("notFound", json!(missing)));
    }
    if octets > ATTACHMENTS_OCTETS_MAX { Err(too_large(ATTACHMENTS_OCTETS_MAX)) } else { Ok(found) }
}

fn too_large(octets: u64) -> SetError {
    SetError::too_large().because(format!("It would have more than {octets} octets.")).with("maxSize", json!(octets))
}

/// Says of each message within what lines it has: it stands there as it is, where it may.
async fn label(entity: &mut Entity, blobs: &[Blob]) -> Result<(), StoreError> {
    // A tree as a list of what is still to be looked at: it may be deep, and a future cannot hold itself.
    let mut waiting = vec![entity];
    while let Some(entity) = waiting.pop() {
        let is_message = entity.media_type.to_ascii_lowercase().starts_with("message/");
        match &mut entity.content {
            Content::Parts(parts) => waiting.extend(parts.iter_mut()),
            Content::Source { number, lines } if is_message => {
                if let Some(blob) = blobs.get(*number) {
                    *lines = lines_of(blob).await?;
                }
            }
            Content::Source { .. } | Content::Text(_) => {}
        }
    }
    Ok(())
}

async fn lines_of(blob: &Blob) -> Result<Lines, StoreError> {
    let mut scanner = Scanner::new();
    let mut reader = blob.reader();
    while let Some(octets) = reader.next().await? {
        scanner.push(&octets);
    }
    let structure = scanner.finish();
    let Some(whole) = structure.parts.first() else { return Ok(Lines::Binary) };
    let facts = [whole.header_facts, whole.body_facts];
    Ok(match facts.iter().all(message::Facts::are_lines_of_text) {
        false => Lines::Binary,
        true if facts.iter().any(|facts| facts.eight_bit > 0) => Lines::EightBit,
        true => Lines::SevenBit,
    })
}

async fn pour(piece: &Piece, blobs: &[Blob], inlet: &mut Inlet) -> Result<(), StoreError> {
    let (number, encoding) = match piece {
        Piece::Octets(octets) => return inlet.write(octets).await,
        Piece::Source { number, encoding } => (*number, *encoding),
    };
    let Some(blob) = blobs.get(number) else { return Ok(()) };
    let mut encoder = encoding.map(|encoding| encoding.encoder());
    let mut reader = blob.reader();
    while let Some(octets) = reader.next().await? {
        write(&mut encoder, &octets, inlet).await?;
    }
    let mut rest = Vec::new();
    if let Some(encoder) = encoder {
        encoder.finish(&mut rest);
    }
    inlet.write(&rest).await
}

async fn write(encoder: &mut Option<Encoder>, octets: &[u8], inlet: &mut Inlet) -> Result<(), StoreError> {
    let Some(encoder) = encoder else { return inlet.write(octets).await };
    let mut encoded = Vec::with_capacity(octets.len() * 3 / 2);
    encoder.push(octets, &mut encoded);
    inlet.write(&encoded).await
}

/// What keeps a method from going on is to the object that it was about.
pub(super) fn method_fault(error: &MethodError) -> SetError {
    tracing::warn!(kind = error.kind(), "an object was not written");
    SetError::of("serverFail").because("The account cannot be read. Try again later.")
}

/// What a fault of the store is to the client.
pub(super) fn store_fault(error: &StoreError) -> SetError {
    tracing::error!(%error, "an object was not written");
    SetError::of("serverFail").because("The store is in trouble. Try again later.")
}

/// Why an e-mail was not added.
pub(super) fn add_fault(fault: &AddFault) -> SetError {
    match fault {
        AddFault::OverQuota => SetError::over_quota(),
        AddFault::Keywords => SetError::of("tooManyKeywords"),
        AddFault::Gone => SetError::invalid_properties(&["mailboxIds"], "A mailbox is not there (any more)."),
        AddFault::Conflict => SetError::of("stateMismatch"),
        AddFault::Malformed => SetError::of("invalidEmail").because("There is NUL in it where none can be."),
        AddFault::Store(error) => store_fault(error),
    }
}
