//! Pieces of messages: sections, ranges of them, decoded parts. What is short, or lies in memory anyway, is answered at
//! once; what is long is named, so that it is relayed from the store to the client and never lies in memory whole.

use super::ahead::{OCTETS, messages, page_of};
use super::decoded::Decoding;
use super::section::{Located, Shape, cut, pick_fields};
use super::sources::{Source, at_hand, gather};
use super::{ImapDesk, refusal};
use bytes::Bytes;
use message::{Summary, TransferEncoding};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use store::StoreError;
use store::query::{StoredMessage, Summaries};
use store::types::{AccountId, MailboxId, Stored, Uid};
use wire::imap::ask::{Piece, Want};
use wire::imap::command::{Part, Partial, Section};
use wire::imap::listing::Listing;
use wire::imap::{Answer, Refusal};

/// Octets gone through for an answer without being given, after which it ends: headers that are looked through, parts that
/// are decoded to be measured. A FETCH may ask for hundreds of little pieces of a great part; between answers it is seen
/// whether the client is still there.
const WORKED: u64 = 4 * 1024 * 1024;
/// Octets of a piece that is still answered at once though it does not lie in memory: about a frame.
const SHORT: u64 = 128 * 1024;
/// Octets of a header that are looked through for fields. Mail that comes by SMTP has at most a quarter of it.
pub(super) const HEADER_READ_MAX: u64 = 4 * 1024 * 1024;

/// A message that pieces are wanted of.
pub(super) struct Opened {
    stored: Stored,
    /// `None` where no section but the whole was wanted.
    summary: Option<Arc<Summary>>,
}

/// Messages that were looked up together.
struct Page {
    stored: HashMap<u32, Stored>,
    /// The highest UID among them: what is missing below is gone.
    highest: u32,
    /// `None` where nothing needs them.
    summaries: Option<HashMap<u32, Result<Arc<Summary>, StoreError>>>,
}

impl ImapDesk {
    pub(super) async fn pieces(&mut self, uids: &[u32], wants: &[Want], from: usize) -> Result<Answer, Refusal> {
        self.may_read().await?;
        let selected = self.open()?;
        let place = (selected.view.account(), selected.view.mailbox());
        let listing = selected.listing.clone();
        let now = page_of(uids_from(uids, from, wants), &listing);
        let page = self.look_up(place, now, wants).await?;
        let pieces = self.pieces_of(place, &page, (now, wants, from)).await;
        self.read_ahead(place, (uids_from(uids, from + pieces.len(), wants), &listing));
        Ok(Answer::Pieces(pieces))
    }

    fn read_ahead(&mut self, place: (AccountId, MailboxId), next: (&[u32], &Listing)) {
        if next.0.is_empty() && self.ahead.is_none() {
            return;
        }
        let ahead = self.ahead.get_or_insert_default();
        ahead.messages.go_on((self.office.store(), self.office.room_ahead()), place, next);
    }

    async fn pieces_of(
        &mut self,
        place: (AccountId, MailboxId),
        page: &Page,
        (uids, wants, from): (&[u32], &[Want], usize),
    ) -> Vec<Piece> {
        let mut skip = from % wants.len().max(1);
        let (mut pieces, mut octets, mut worked) = (Vec::new(), 0, 0);
        for uid in uids {
            let opened = match page.open(*uid) {
                Some(opened) => opened,
                // Not among those that were read at once: it opens the next page.
                None if !pieces.is_empty() => break,
                None => self.open_alone(place, *uid, page).await,
            };
            for want in wants.get(std::mem::take(&mut skip)..).unwrap_or_default() {
                // An answer ends where a page does.
                if octets >= OCTETS || worked >= WORKED {
                    return pieces;
                }
                let piece = self.piece(&opened, want).await;
                octets += if let Piece::Here(bytes) = &piece { bytes.len() as u64 } else { 0 };
                worked += opened.as_ref().map_or(0, |opened| opened.work(want));
                pieces.push(piece);
            }
        }
        pieces
    }

    async fn look_up(&mut self, place: (AccountId, MailboxId), uids: &[u32], wants: &[Want]) -> Result<Page, Refusal> {
        let (account, mailbox) = place;
        let query = messages(place, uids);
        let (set, limit) = (query.uids.clone(), query.limit);
        let found = match self.ahead.as_mut().and_then(|ahead| ahead.messages.take(place, uids)) {
            Some(begun) => begun.finish().await.map_err(|error| refusal(&error))?,
            None => self.read(query).await?,
        };
        let stored: HashMap<u32, Stored> = found.into_iter().map(|(uid, stored)| (uid.0, stored)).collect();
        let highest = stored.keys().max().copied().unwrap_or(0);
        let mut summaries = None;
        if wants.iter().any(needs_summary) {
            let uids = set.within(Uid(0), Uid(highest));
            let rows = self.read(Summaries { account, mailbox, uids, limit }).await?;
            let decoded = rows.into_iter().map(|row| (row.uid.0, row.summary.and_then(|octets| decode(&octets))));
            summaries = Some(decoded.collect());
        }
        Ok(Page { stored, highest, summaries })
    }

    /// A message that did not come with the page: it is gone, or damaged.
    async fn open_alone(&self, place: (AccountId, MailboxId), uid: u32, page: &Page) -> Result<Opened, Piece> {
        let (account, mailbox) = place;
        if uid < page.highest {
            return Err(Piece::Gone);
        }
        let uid = Uid(uid);
        let stored = self.office.store().read(StoredMessage { account, mailbox, uid }).await.map_err(|e| broken(&e))?;
        let stored = stored.ok_or(Piece::Gone)?;
        let query = Summaries { account, mailbox, uids: uid.into(), limit: 1 };
        let row = self.office.store().read(query).await.map_err(|error| broken(&error))?.pop().ok_or(Piece::Gone)?;
        let summary = row.summary.and_then(|octets| decode(&octets)).map_err(|error| broken(&error))?;
        Ok(Opened { stored, summary: Some(summary) })
    }

    async fn piece(&mut self, opened: &Result<Opened, Piece>, want: &Want) -> Piece {
        let opened = match opened {
            Ok(opened) => opened,
            Err(piece) => return piece.clone(),
        };
        let piece = match want {
            Want::Section(section, partial) => self.section(opened, section, *partial).await,
            Want::Binary(part, partial) => self.binary(opened, part, *partial).await,
            Want::BinarySize(part) => self.binary_size(opened, part).await,
        };
        piece.unwrap_or_else(|error| broken(&error))
    }

    pub(super) async fn section(
        &mut self,
        opened: &Opened,
        section: &Section,
        partial: Option<Partial>,
    ) -> Result<Piece, StoreError> {
        let whole = Located::Octets(0..opened.stored.size);
        let located = opened.shape().map_or(whole, |shape| shape.locate(section));
        match located {
            Located::Absent => Ok(Piece::Absent),
            Located::Octets(octets) => self.octets(&opened.stored, cut(&octets, partial)).await,
            Located::Fields { header, names, but } => {
                let header = header.start..header.end.min(header.start + HEADER_READ_MAX);
                let header = gather(self.office.store(), &opened.stored, &header).await?;
                let picked = Bytes::from(pick_fields(&header, &names, but));
                let wanted = cut(&(0..picked.len() as u64), partial);
                let bound = |end| usize::try_from(end).unwrap_or(usize::MAX).min(picked.len());
                Ok(Piece::Here(picked.slice(bound(wanted.start)..bound(wanted.end))))
            }
        }
    }

    /// Octets as they are stored.
    async fn octets(&mut self, stored: &Stored, range: Range<u64>) -> Result<Piece, StoreError> {
        let octets = range.end - range.start;
        if let Some(here) = at_hand(stored, &range) {
            return Ok(Piece::Here(here));
        }
        if octets <= SHORT {
            return gather(self.office.store(), stored, &range).await.map(Piece::Here);
        }
        // What is damaged is told before the client hears how much comes.
        self.office.store().examine(stored).await?;
        let source = self.sources.add(Source::Stored(stored.clone()));
        Ok(Piece::Stored { source, offset: range.start, octets })
    }

    async fn binary(&mut self, opened: &Opened, part: &Part, partial: Option<Partial>) -> Result<Piece, StoreError> {
        let Some((range, encoding)) = opened.encoded(part) else { return Ok(Piece::Absent) };
        if encoding == TransferEncoding::Other {
            return Ok(Piece::UnknownCte);
        }
        if encoding.is_identity() {
            return self.octets(&opened.stored, cut(&range, partial)).await;
        }
        let store = self.office.store();
        if range.end - range.start <= SHORT {
            let encoded = gather(store, &opened.stored, &range).await?;
            let decoded = Bytes::from(message::encoding::decode(encoding, &encoded));
            let wanted = cut(&(0..decoded.len() as u64), partial);
            let bound = |end| usize::try_from(end).unwrap_or(usize::MAX).min(decoded.len());
            return Ok(Piece::Here(decoded.slice(bound(wanted.start)..bound(wanted.end))));
        }
        let mut decoding = Decoding::new(opened.stored.clone(), range, encoding);
        let wanted = cut(&(0..decoding.measure(store).await?), partial);
        let source = self.sources.add(Source::Decoded(Box::new(decoding)));
        Ok(Piece::Stored { source, offset: wanted.start, octets: wanted.end - wanted.start })
    }

    async fn binary_size(&self, opened: &Opened, part: &Part) -> Result<Piece, StoreError> {
        let Some((range, encoding)) = opened.encoded(part) else { return Ok(Piece::Absent) };
        if encoding == TransferEncoding::Other {
            return Ok(Piece::UnknownCte);
        }
        let mut decoding = Decoding::new(opened.stored.clone(), range, encoding);
        decoding.measure(self.office.store()).await.map(Piece::Size)
    }

    /// One message of a mailbox, for content that is taken from it (CATENATE).
    pub(super) async fn open_message(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        uid: u32,
    ) -> Result<Option<Opened>, Refusal> {
        let page = Page { stored: HashMap::new(), highest: 0, summaries: None };
        match self.open_alone((account, mailbox), uid, &page).await {
            Ok(opened) => Ok(Some(opened)),
            Err(Piece::Damaged) => Err(Refusal::Corrupted),
            Err(_) => Ok(None),
        }
    }
}

/// The messages from so many pieces on.
fn uids_from<'a>(uids: &'a [u32], pieces: usize, wants: &[Want]) -> &'a [u32] {
    uids.get(pieces / wants.len().max(1)..).unwrap_or_default()
}

impl Page {
    /// A message of the page, or why there is none; `None`: it did not come with the page.
    fn open(&self, uid: u32) -> Option<Result<Opened, Piece>> {
        let Some(stored) = self.stored.get(&uid).cloned() else {
            return (uid < self.highest).then_some(Err(Piece::Gone));
        };
        let summary = match self.summaries.as_ref().map(|summaries| summaries.get(&uid)) {
            None => None,
            Some(Some(Ok(summary))) => Some(summary.clone()),
            Some(Some(Err(error))) => return Some(Err(broken(error))),
            // It went while we looked.
            Some(None) => return Some(Err(Piece::Gone)),
        };
        Some(Ok(Opened { stored, summary }))
    }
}

impl Opened {
    /// The message as it is stored.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    pub fn shape(&self) -> Option<Shape<'_>> {
        let (prefix, size) = (self.stored.prefix.len() as u64, self.stored.size);
        self.summary.as_deref().map(|summary| Shape { summary, prefix, size })
    }

    /// How many octets are gone through to answer this, beside those that are given.
    fn work(&self, want: &Want) -> u64 {
        let octets = match want {
            Want::Section(section, _) => match self.shape().map(|shape| shape.locate(section)) {
                Some(Located::Fields { header, .. }) => Some(header),
                _ => None,
            },
            Want::Binary(part, _) | Want::BinarySize(part) => {
                self.encoded(part).filter(|(_, encoding)| !encoding.is_identity()).map(|(range, _)| range)
            }
        };
        octets.map_or(0, |range| range.end - range.start)
    }

    fn encoded(&self, part: &Part) -> Option<(Range<u64>, TransferEncoding)> {
        self.shape()?.encoded(part)
    }
}

/// Whether it takes the summary to find it.
fn needs_summary(want: &Want) -> bool {
    !matches!(want, Want::Section(section, _) if *section == Section::default())
}

/// A summary as it was made at delivery.
pub(super) fn decode(octets: &[u8]) -> Result<Arc<Summary>, StoreError> {
    Summary::decode(octets).map(Arc::new).map_err(|error| StoreError::Damaged { what: format!("a summary: {error}") })
}

/// A message that cannot be read, whatever the reason: the client is told so, and asks for others.
fn broken(error: &StoreError) -> Piece {
    tracing::error!(%error, "a message cannot be read");
    Piece::Damaged
}
