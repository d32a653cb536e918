//! The octets of a message in the form a peer takes: as they are stored, or of seven bits where it lacks 8BITMIME
//! (RFC 6152 §3). Owns the choice and the reading; how parts are changed is `message::recode`'s.

use bytes::Bytes;
use message::recode::{Encoder, Obstacle, Step, eight_to_seven};
use message::{Scanner, Structure};
use store::op::Content;
use store::types::{OutgoingStored, Stored};
use store::{Store, StoreError, Upload};
use wire::smtp::Body;
use wire::smtp::client::Extensions;

/// A message as it is sent.
#[derive(Debug)]
pub(super) enum Form {
    /// Octet for octet.
    Stored(Stored),
    /// Changed for this peer.
    SevenBit(Content),
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Unfit {
    /// It holds what cannot travel in seven bits.
    Obstacle(Obstacle),
    /// The store cannot give it.
    Store(StoreError),
}

impl From<StoreError> for Unfit {
    fn from(error: StoreError) -> Unfit {
        Unfit::Store(error)
    }
}

impl Form {
    /// The form for a peer, and what BODY= says of it.
    pub async fn of(store: &Store, message: &OutgoingStored, extensions: &Extensions) -> Result<(Form, Body), Unfit> {
        let stored = message.stored.clone();
        if extensions.eight_bit_mime {
            let body = if message.body == "7bit" { Body::SevenBit } else { Body::EightBitMime };
            return Ok((Form::Stored(stored), body));
        }
        // Looked at whatever the sender said of it: many say nothing, and send eight bits.
        let structure = scan(store, &stored).await?;
        let plan = eight_to_seven(&structure);
        if let Some(obstacle) = plan.obstacle {
            return Err(Unfit::Obstacle(obstacle));
        }
        if plan.edits.is_empty() {
            return Ok((Form::Stored(stored), Body::SevenBit));
        }
        let mut upload = store.upload();
        for step in plan.steps(stored.size) {
            write(store, &stored, &mut upload, step).await?;
        }
        // Nothing refers to it: it is gone with the next tidying.
        Ok((Form::SevenBit(upload.finish().await?), Body::SevenBit))
    }

    /// Its length in octets.
    pub fn size(&self) -> u64 {
        match self {
            Form::Stored(stored) => stored.size,
            Form::SevenBit(content) => content.octets,
        }
    }

    /// Some octets from a place on; empty at the end.
    pub async fn read(&self, store: &Store, offset: u64) -> Result<Bytes, StoreError> {
        match self {
            Form::Stored(stored) => store.chunk(stored, offset).await,
            Form::SevenBit(content) if offset >= content.octets => Ok(Bytes::new()),
            Form::SevenBit(content) => store.content_chunk(content, offset).await,
        }
    }
}

async fn scan(store: &Store, stored: &Stored) -> Result<Structure, StoreError> {
    let (mut scanner, mut at) = (Scanner::new(), 0);
    loop {
        let chunk = store.chunk(stored, at).await?;
        if chunk.is_empty() {
            return Ok(scanner.finish());
        }
        at += chunk.len() as u64;
        scanner.push(&chunk);
    }
}

async fn write(store: &Store, stored: &Stored, upload: &mut Upload, step: Step<'_>) -> Result<(), StoreError> {
    let (range, mut encoder) = match step {
        Step::Write(octets) => return upload.write(octets).await,
        Step::Copy(range) => (range, None),
        Step::Encode(range, encoding) => (range, Some(encoding.encoder())),
    };
    let mut at = range.start;
    while at < range.end {
        let chunk = store.chunk(stored, at).await?;
        let left = usize::try_from(range.end - at).unwrap_or(usize::MAX);
        let chunk = chunk.slice(..chunk.len().min(left));
        if chunk.is_empty() {
            return Err(StoreError::Damaged { what: "a message ends early".to_owned() });
        }
        at += chunk.len() as u64;
        write_encoded(upload, encoder.as_mut(), &chunk).await?;
    }
    let mut tail = Vec::new();
    if let Some(encoder) = encoder {
        encoder.finish(&mut tail);
    }
    upload.write(&tail).await
}

async fn write_encoded(upload: &mut Upload, encoder: Option<&mut Encoder>, chunk: &[u8]) -> Result<(), StoreError> {
    let Some(encoder) = encoder else { return upload.write(chunk).await };
    let mut encoded = Vec::with_capacity(chunk.len() * 3 / 2);
    encoder.push(chunk, &mut encoded);
    upload.write(&encoded).await
}
