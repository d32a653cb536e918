//! New e-mails from their owner: content on its way in, read as it comes, and the operation that puts it into mailboxes. What
//! the content says is the caller's business.

use crate::Office;
use crate::inbound::{Digest, edited};
use message::recode::binary_to_base64;
use message::{Scanner, Structure, Time};
use store::op::{Content, Op, Outcome};
use store::query::{StoredEmail, UploadById};
use store::types::{AccountId, EmailAdded, EmailId, EmailSource, EmailsAdd, Flags, MailboxId, ModSeq, Span, Stored};
use store::{Store, StoreError, Upload};

/// Octets of content that are looked through for its Received fields: the one written last comes first.
const HEAD_MAX: usize = 64 * 1024;

/// Content of a new e-mail on its way in.
pub struct Inlet {
    store: Store,
    upload: Upload,
    scanner: Scanner,
    head: Vec<u8>,
    octets: u64,
}

/// Content that is here.
#[derive(Debug)]
pub struct NewContent {
    source: EmailSource,
    digest: Digest,
    octets: u64,
    /// It begins with a header field.
    pub has_header: bool,
    /// When it was received last, by its Received fields.
    pub received: Option<Time>,
}

/// A new e-mail.
#[derive(Debug)]
pub struct NewEmail {
    /// What it says.
    pub content: NewContent,
    /// Its keywords.
    pub flags: Flags,
    /// When it was received.
    pub received: Time,
    /// Where it goes.
    pub mailboxes: Vec<MailboxId>,
    /// Only where no e-mail of the account changed since.
    pub unchanged_since: Option<ModSeq>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Added {
    pub email: EmailId,
    pub thread: EmailId,
    pub octets: u64,
    pub span: Span,
}

/// Why it is not there.
#[derive(Debug, PartialEq)]
pub enum AddFault {
    /// The account has no room for it.
    OverQuota,
    /// More keywords than an account can have.
    Keywords,
    /// A mailbox is gone.
    Gone,
    /// Something changed that was not to.
    Conflict,
    /// NUL where no encoding can help.
    Malformed,
    /// The store's.
    Store(StoreError),
}

impl From<StoreError> for AddFault {
    fn from(error: StoreError) -> AddFault {
        AddFault::Store(error)
    }
}

impl Inlet {
    /// Takes some octets.
    ///
    /// # Errors
    /// The store's; after one the content is lost.
    pub async fn write(&mut self, octets: &[u8]) -> Result<(), StoreError> {
        self.octets += octets.len() as u64;
        self.scanner.push(octets);
        keep_head(&mut self.head, octets);
        self.upload.write(octets).await
    }

    /// Octets so far.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// All is here.
    ///
    /// # Errors
    /// [`AddFault`].
    pub async fn finish(self) -> Result<NewContent, AddFault> {
        let content = self.upload.finish().await?;
        let (content, structure) = without_nul(&self.store, content, self.scanner.finish()).await?;
        let octets = content.octets;
        Ok(NewContent::of(EmailSource::Content(content), (&structure, &self.head), octets))
    }
}

impl NewContent {
    fn of(source: EmailSource, (structure, head): (&Structure, &[u8]), octets: u64) -> NewContent {
        let header = head.get(..message::header::section_end(head, 0).unwrap_or(head.len())).unwrap_or_default();
        let has_header = message::header::begins_with_field(header);
        let received = last_received(header);
        NewContent { source, digest: Digest::of(structure, b""), octets, has_header, received }
    }

    /// Octets it has.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }
}

fn keep_head(head: &mut Vec<u8>, octets: &[u8]) {
    let room = HEAD_MAX - head.len();
    head.extend_from_slice(octets.get(..room.min(octets.len())).unwrap_or_default());
}

/// What stands behind the last semicolon of the first Received field (RFC 5321 §4.4), which was written last.
fn last_received(header: &[u8]) -> Option<Time> {
    let field = message::header::fields(header).find(|field| field.is("Received"))?;
    let date = field.value.rsplit(|octet| *octet == b';').next()?;
    message::date::read(date).map(message::date::Date::time)
}

/// IMAP may not send NUL (RFC 9051 §4.3.1): parts that hold it become base64, and decoded they are what they were.
async fn without_nul(store: &Store, content: Content, structure: Structure) -> Result<(Content, Structure), AddFault> {
    if !has_nul(&structure) {
        return Ok((content, structure));
    }
    let cured = edited(store, &content, &binary_to_base64(&structure)).await?;
    if has_nul(&cured.1) { Err(AddFault::Malformed) } else { Ok(cured) }
}

fn has_nul(structure: &Structure) -> bool {
    structure.parts.iter().any(|part| part.header_facts.nul > 0 || part.body_facts.nul > 0)
}

impl Office {
    /// Content is about to come.
    #[must_use]
    pub fn inlet(&self) -> Inlet {
        let store = self.store().clone();
        Inlet { upload: store.upload(), store, scanner: Scanner::new(), head: Vec::new(), octets: 0 }
    }

    /// An upload as the content of an e-mail; `None` where there is none. Its octets are not copied.
    ///
    /// # Errors
    /// [`AddFault`].
    pub async fn content_of_upload(&self, account: AccountId, upload: i64) -> Result<Option<NewContent>, AddFault> {
        let Some((_, stored)) = self.store().read(UploadById { account, upload }).await? else { return Ok(None) };
        let (structure, head) = self.scan(&stored).await?;
        if has_nul(&structure) {
            return self.copied(&stored).await.map(Some);
        }
        Ok(Some(NewContent::of(EmailSource::Upload(upload), (&structure, &head), stored.size)))
    }

    /// The content of an e-mail once more, with what was put before it here; `None` where there is none.
    ///
    /// # Errors
    /// [`AddFault`].
    pub async fn content_of_email(&self, account: AccountId, email: EmailId) -> Result<Option<NewContent>, AddFault> {
        match self.store().read(StoredEmail { account, email }).await? {
            Some(stored) => self.copied(&stored).await.map(Some),
            None => Ok(None),
        }
    }

    async fn copied(&self, stored: &Stored) -> Result<NewContent, AddFault> {
        let mut inlet = self.inlet();
        let mut at = 0;
        while at < stored.size {
            let chunk = self.piece(stored, at).await?;
            at += chunk.len() as u64;
            inlet.write(&chunk).await?;
        }
        inlet.finish().await
    }

    async fn scan(&self, stored: &Stored) -> Result<(Structure, Vec<u8>), StoreError> {
        let (mut scanner, mut head) = (Scanner::new(), Vec::new());
        let mut at = 0;
        while at < stored.size {
            let chunk = self.piece(stored, at).await?;
            at += chunk.len() as u64;
            keep_head(&mut head, &chunk);
            scanner.push(&chunk);
        }
        Ok((scanner.finish(), head))
    }

    async fn piece(&self, stored: &Stored, at: u64) -> Result<bytes::Bytes, StoreError> {
        let chunk = self.store().chunk(stored, at).await?;
        if chunk.is_empty() {
            return Err(StoreError::Damaged { what: "a message ends early".to_owned() });
        }
        Ok(chunk)
    }

    /// Puts a new e-mail into its mailboxes.
    ///
    /// # Errors
    /// [`AddFault`]; then nothing happened.
    pub async fn add_email(&self, now: Time, account: AccountId, new: NewEmail) -> Result<Added, AddFault> {
        let NewContent { source, digest, octets, .. } = new.content;
        let email = EmailAdded {
            source,
            summary: digest.summary,
            utf8_header: digest.utf8_header,
            message_id: digest.message_id,
            references: digest.references,
            flags: new.flags,
            received: new.received,
            mailboxes: new.mailboxes,
        };
        let add = EmailsAdd { account, emails: vec![email], unchanged_since: new.unchanged_since, now };
        match self.store().apply(Op::EmailsAdd(Box::new(add))).await? {
            Outcome::EmailsAdded { emails, span } => match emails.first() {
                Some((email, thread)) => Ok(Added { email: *email, thread: *thread, octets, span }),
                None => Err(AddFault::Gone),
            },
            Outcome::OverQuota => Err(AddFault::OverQuota),
            Outcome::Limit => Err(AddFault::Keywords),
            Outcome::Conflict => Err(AddFault::Conflict),
            _ => Err(AddFault::Gone),
        }
    }
}
