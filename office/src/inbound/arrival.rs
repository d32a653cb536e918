//! Content on its way to the store: the header section is held until it is whole (what must be known is read from it,
//! what must go is cut), the rest streams through. Owns the order of these steps; not what the header means (`header`),
//! nor how octets are kept (`store`).

use super::header::{Facts, without_claims};
use bytes::Bytes;
use message::recode::{Encoder, Plan, Step, binary_to_base64};
use message::{Domain, Scanner, Structure};
use std::ops::Range;
use store::op::Content;
use store::{Store, StoreError, Upload};

/// Octets a header section may have. It is held in memory until it is whole; a real one has a few thousand.
pub(super) const HEADER_MAX: usize = 1024 * 1024;

/// Octets the first line may have before it must be decided whether the content begins with a header field: names of
/// fields end long before (RFC 5322 §2.1.1 allows lines of 998).
const FIRST_LINE_MAX: usize = 64 * 1024;

/// Why content is not taken.
#[derive(Debug)]
pub(super) enum Fault {
    /// The header section is over the limit.
    HeaderTooLarge,
    /// Binary where no encoding can help: in a header section, between parts, or in a part with an encoding.
    NotCurable,
    /// The store cannot take it.
    Store(StoreError),
}

/// A message whose content is all here, not yet delivered.
pub(super) struct Arrived {
    pub content: Content,
    pub structure: Structure,
    pub facts: Facts,
}

/// A message whose content is coming.
pub(super) struct Arrival {
    hostname: Domain,
    /// Bcc fields are not for its recipients (RFC 8621 §7.5).
    hides_bcc: bool,
    sink: Sink,
    /// What came of the header section; `None` once it is whole.
    held: Option<Vec<u8>>,
    facts: Facts,
    fault: Option<Fault>,
}

/// Where content goes: read and kept at once.
struct Sink {
    upload: Upload,
    scanner: Scanner,
}

impl Sink {
    fn new(upload: Upload) -> Sink {
        Sink { upload, scanner: Scanner::new() }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.scanner.push(bytes);
        self.upload.write(bytes).await
    }

    async fn finish(self) -> Result<(Content, Structure), StoreError> {
        Ok((self.upload.finish().await?, self.scanner.finish()))
    }
}

impl Arrival {
    pub fn new(upload: Upload, hostname: Domain, hides_bcc: bool) -> Arrival {
        Arrival {
            hostname,
            hides_bcc,
            sink: Sink::new(upload),
            held: Some(Vec::new()),
            facts: Facts::default(),
            fault: None,
        }
    }

    /// Takes a run of content. After a fault the rest is thrown away; the fault is told at the end.
    pub async fn take(&mut self, bytes: &[u8]) {
        if self.fault.is_none()
            && let Err(fault) = self.sort(bytes).await
        {
            self.fault = Some(fault);
        }
    }

    async fn sort(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let Some(held) = &mut self.held else {
            return self.sink.write(bytes).await.map_err(Fault::Store);
        };
        let before = held.len();
        held.extend_from_slice(bytes);
        if before == 0 || !self.facts.has_header {
            match first_line(held) {
                Some(line) if !message::header::begins_with_field(line) => return self.pass_on(0).await,
                Some(_) => self.facts.has_header = true,
                None => return Ok(()),
            }
        }
        match message::header::section_end(held, before) {
            Some(end) => self.pass_on(end).await,
            None if held.len() > HEADER_MAX => Err(Fault::HeaderTooLarge),
            None => Ok(()),
        }
    }

    /// The header section ends at `end`: reads it, cuts it, and lets it and what follows go to the store.
    async fn pass_on(&mut self, end: usize) -> Result<(), Fault> {
        let held = self.held.take().unwrap_or_default();
        if end > HEADER_MAX {
            return Err(Fault::HeaderTooLarge);
        }
        let (section, rest) = held.split_at(end.min(held.len()));
        if end > 0 {
            self.facts = Facts::of(section);
            let kept = without_claims(section, &self.hostname, self.hides_bcc);
            self.sink.write(&kept).await.map_err(Fault::Store)?;
        }
        self.sink.write(rest).await.map_err(Fault::Store)
    }

    /// All has come. With `binary`, parts that cannot travel in lines become base64 (RFC 3030 §3).
    pub async fn finish(mut self, store: &Store, binary: bool) -> Result<Arrived, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if let Some(held) = &self.held {
            // A message that is all header, or less than a line.
            let is_header = first_line(held).unwrap_or(held);
            let end = if message::header::begins_with_field(is_header) { held.len() } else { 0 };
            self.pass_on(end).await?;
        }
        let (content, structure) = self.sink.finish().await.map_err(Fault::Store)?;
        let arrived = Arrived { content, structure, facts: self.facts };
        if binary { recode(store, arrived).await } else { Ok(arrived) }
    }
}

/// The first line without its end, once it is whole or longer than any field name can make it.
fn first_line(held: &[u8]) -> Option<&[u8]> {
    match held.iter().take(FIRST_LINE_MAX).position(|octet| *octet == b'\n') {
        Some(end) => held.get(..end),
        None if held.len() >= FIRST_LINE_MAX => Some(held),
        None => None,
    }
}

/// Writes the message anew with its binary parts in base64, where it has any.
async fn recode(store: &Store, arrived: Arrived) -> Result<Arrived, Fault> {
    let plan = binary_to_base64(&arrived.structure);
    if !plan.is_clean() {
        return Err(Fault::NotCurable);
    }
    if plan.edits.is_empty() {
        return Ok(arrived);
    }
    let (content, structure) = edited(store, &arrived.content, &plan).await.map_err(Fault::Store)?;
    let facts = Facts { has_header: true, ..arrived.facts };
    Ok(Arrived { content, structure, facts })
}

/// Writes a content anew, with the changes of a plan for it.
pub(crate) async fn edited(store: &Store, content: &Content, plan: &Plan) -> Result<(Content, Structure), StoreError> {
    let mut sink = Sink::new(store.upload());
    for step in plan.steps(content.octets) {
        rewrite(store, content, &mut sink, step).await?;
    }
    sink.finish().await
}

async fn rewrite(store: &Store, content: &Content, sink: &mut Sink, step: Step<'_>) -> Result<(), StoreError> {
    let (range, mut encoder) = match step {
        Step::Write(bytes) => return sink.write(bytes).await,
        Step::Copy(range) => (range, None),
        Step::Encode(range, encoding) => (range, Some(encoding.encoder())),
    };
    let mut at = range.start;
    while at < range.end {
        let chunk = store.content_chunk(content, at).await?;
        let chunk = within(chunk, &(at..range.end));
        if chunk.is_empty() {
            return Err(StoreError::Damaged { what: "an upload ends early".to_owned() });
        }
        at += chunk.len() as u64;
        write_encoded(sink, encoder.as_mut(), &chunk).await?;
    }
    let mut tail = Vec::new();
    if let Some(encoder) = encoder {
        encoder.finish(&mut tail);
    }
    sink.write(&tail).await
}

async fn write_encoded(sink: &mut Sink, encoder: Option<&mut Encoder>, chunk: &[u8]) -> Result<(), StoreError> {
    let Some(encoder) = encoder else { return sink.write(chunk).await };
    let mut encoded = Vec::with_capacity(chunk.len() * 3 / 2);
    encoder.push(chunk, &mut encoded);
    sink.write(&encoded).await
}

/// The part of a chunk that lies in the range it was read for.
fn within(chunk: Bytes, range: &Range<u64>) -> Bytes {
    let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let length = chunk.len().min(wanted);
    chunk.slice(..length)
}
