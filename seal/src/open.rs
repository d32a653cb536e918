//! Opening a letter, layer by layer (RFC 8551 §3.7): what is signed is checked, what is encrypted decrypted, until something
//! plain is left. Owns the order, the depth, and the rule that a sealed part is never joined with what stands around it.

use crate::certificate::Certificate;
use crate::chain::Roots;
use crate::envelope::{self, Decrypted};
use crate::identity::Identity;
use crate::mime::{self, Halves, RawField, Sealed};
use crate::protect::{self, Mode, ProtectedHeader};
use crate::verify::{self, Check, Standing, Verified};
use crate::{Error, legacy, oid, signed};
use message::header::{self, Entry};
use message::{Address, Time};

/// Layers of one letter that are opened: signed, encrypted and signed again are three (RFC 8551 §3.7), and mailing lists
/// may add some.
pub const LAYERS_MAX: usize = 6;
/// Addresses of `From` that are looked at.
const FROM_MAX: usize = 20;

/// Who reads, and whom he trusts.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// His keys; old ones too, for old letters.
    pub identities: &'a [Identity],
    /// Whom he trusts.
    pub roots: &'a Roots,
    /// Certificates he knows from elsewhere.
    pub known: &'a [Certificate],
    /// Now.
    pub at: Time,
}

/// What was taken off.
#[derive(Clone, Debug)]
pub enum Layer {
    /// Signatures.
    Signed(Verified),
    /// An envelope.
    Encrypted(Decrypted),
    /// Something that could not be taken off; what is left is shown as it is.
    Closed(Error),
}

/// How much of the letter was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// One part among others: that part alone is what was opened. What stood around it may be anybody's.
    Partial,
}

/// An opened letter.
#[derive(Clone, Debug)]
pub struct Opened {
    /// From the outermost to the innermost.
    pub layers: Vec<Layer>,
    /// How much was sealed.
    pub extent: Extent,
    /// The entity that is left: header fields, an empty line, content.
    pub entity: Vec<u8>,
    /// Header fields inside the seal (RFC 9788).
    pub header: Option<ProtectedHeader>,
}

impl Opened {
    /// Signatures, the outermost first.
    pub fn signed(&self) -> impl Iterator<Item = &Verified> {
        self.layers.iter().filter_map(|layer| if let Layer::Signed(verified) = layer { Some(verified) } else { None })
    }

    /// Envelopes, the outermost first.
    pub fn encrypted(&self) -> impl Iterator<Item = &Decrypted> {
        self.layers.iter().filter_map(|layer| if let Layer::Encrypted(opened) = layer { Some(opened) } else { None })
    }

    /// What could not be taken off.
    #[must_use]
    pub fn closed(&self) -> Option<&Error> {
        self.layers.iter().find_map(|layer| if let Layer::Closed(error) = layer { Some(error) } else { None })
    }

    /// What the signature of the content comes to: that of the innermost layer, which its writer made. `None` where the
    /// content is not signed; a signature of the closed envelope around it is none of the content.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        match self.layers.iter().rev().find(|layer| !matches!(layer, Layer::Closed(_)))? {
            Layer::Signed(verified) => Some(verified.standing()),
            Layer::Encrypted(_) | Layer::Closed(_) => None,
        }
    }

    /// Whether the only signatures are about a closed envelope: who made them need not have known what is in it.
    #[must_use]
    pub fn is_signed_outside_only(&self) -> bool {
        self.standing().is_none() && self.signed().next().is_some()
    }

    /// Whether a change of what was decrypted would have shown: by the cipher, or by a signature inside.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.layers.iter().fold(true, |safe, layer| match layer {
            Layer::Encrypted(opened) => safe && opened.is_authenticated,
            Layer::Signed(verified) => safe || verified.is_intact(),
            Layer::Closed(_) => safe,
        })
    }

    /// Whether HTML may be rendered and remote content fetched. Where not, text only: an attacker who cannot read a letter
    /// could else have it sent to him by the reader's own program (EFAIL).
    #[must_use]
    pub fn may_render_html(&self) -> bool {
        let was_encrypted = self.encrypted().next().is_some();
        !was_encrypted || self.is_authenticated() && self.extent == Extent::Whole
    }

    /// The letter as a message without its seals: what was opened, under the header of the message it came in, in which
    /// fields from inside the seal stand for those outside (RFC 9788).
    #[must_use]
    pub fn message(&self, came_in: &[u8]) -> Vec<u8> {
        let (mut outer, _) = Halves::of(came_in).into_payload();
        let hidden = self.header.as_ref().is_some_and(|header| header.mode == Mode::Cipher);
        let inside = if hidden { Halves::of(&legacy::left_out(&self.entity)) } else { Halves::of(&self.entity) };
        let (inner, payload) = inside.into_payload();
        if self.header.is_some() {
            // An author inside whom no signature proves would get past what hosts checked of the one outside (RFC 9788).
            let proves_author = self.standing() == Some(Standing::Valid);
            let stands = |field: &RawField| !protect::stays_outside(field) && (proves_author || field.name != "from");
            let inner: Vec<RawField> = inner.into_iter().filter(stands).collect();
            outer.retain(|field| !inner.iter().any(|other| other.name == field.name));
            outer.extend(inner);
        }
        let mut out: Vec<u8> = outer.iter().flat_map(|field| field.octets.iter().copied()).collect();
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        out.extend_from_slice(&payload.write());
        out
    }

    /// The certificate of the sender that is worth keeping, to answer encrypted: of a valid signature only.
    #[must_use]
    pub fn certificate_to_keep(&self) -> Option<&Certificate> {
        self.signed().last()?.certificate_to_keep()
    }
}

/// Whether anything in a message is sealed: then [`open`] has something to say of it.
#[must_use]
pub fn is_sealed(message: &[u8]) -> bool {
    mime::whole(message).is_some() || mime::part_within(message).is_some()
}

/// Opens a message. `None`: nothing in it is sealed.
#[must_use]
pub fn open(message: &[u8], reader: &Reader<'_>) -> Option<Opened> {
    let (first, extent) = match mime::whole(message) {
        Some(sealed) => (sealed, Extent::Whole),
        None => (mime::part_within(message)?, Extent::Partial),
    };
    let outer = Halves::of(message).fields;
    let mut opened = Opened { layers: Vec::new(), extent, entity: Vec::new(), header: None };
    let mut next = Some(first);
    while let Some(sealed) = next.take() {
        if opened.layers.len() >= LAYERS_MAX {
            opened
                .layers
                .push(Layer::Closed(Error::Limit { what: "layers of signing and encrypting", limit: LAYERS_MAX }));
            break;
        }
        match layer(sealed, &outer, reader) {
            Ok((layer, entity)) => {
                opened.layers.push(layer);
                next = mime::whole(&entity);
                opened.entity = entity;
            }
            Err(error) => {
                opened.layers.push(Layer::Closed(error));
                break;
            }
        }
    }
    // A part among others does not speak for the header of the whole.
    if extent == Extent::Whole && opened.closed().is_none() {
        let was_encrypted = opened.encrypted().next().is_some();
        opened.header = protect::read(&Halves::of(&opened.entity), &outer, was_encrypted);
    }
    Some(opened)
}

fn layer(sealed: Sealed, outer: &[RawField], reader: &Reader<'_>) -> Result<(Layer, Vec<u8>), Error> {
    match sealed {
        Sealed::Beside { content, signature } => {
            let signed = verify::detached(&signature)?;
            Ok(beside(content, &signed, outer, reader))
        }
        Sealed::Whole(octets) => {
            let (kind, data) = signed::content_info(&octets)?;
            match kind {
                oid::SIGNED_DATA => {
                    let mut signed = signed::parse(&data)?;
                    let content = signed.content.take().unwrap_or_default();
                    let verified = check(&content, &signed, outer, reader);
                    Ok((Layer::Signed(verified), content))
                }
                oid::ENVELOPED_DATA | oid::AUTH_ENVELOPED_DATA => {
                    let (decrypted, content) = envelope::decrypt(kind, &data, reader.identities)?;
                    Ok((Layer::Encrypted(decrypted), content))
                }
                oid::COMPRESSED_DATA => Err(Error::Unsupported("a compressed letter (CompressedData)".to_owned())),
                _ => Err(Error::Malformed),
            }
        }
    }
}

/// A content beside its signature. Where it came with bare line feeds, as mail kept on Unix does, it was signed with CRLF.
fn beside(content: Vec<u8>, signed: &signed::Signed, outer: &[RawField], reader: &Reader<'_>) -> (Layer, Vec<u8>) {
    let verified = check(&content, signed, outer, reader);
    if !verified.is_intact() {
        let canonical = mime::canonical(&content);
        if canonical != content {
            let again = check(&canonical, signed, outer, reader);
            if again.is_intact() {
                return (Layer::Signed(again), canonical);
            }
        }
    }
    (Layer::Signed(verified), content)
}

/// Addresses that are inside the signature count, where the sender put them there; else those of the outer header.
fn check(content: &[u8], signed: &signed::Signed, outer: &[RawField], reader: &Reader<'_>) -> Verified {
    let payload = Halves::of(content);
    let inside = protect::mode_of(&payload).is_some() && payload.fields.iter().any(|field| field.name == "from");
    let fields: &[RawField] = if inside { &payload.fields } else { outer };
    let from = addresses(fields, "from");
    let sender = addresses(fields, "sender");
    let check = Check { roots: reader.roots, known: reader.known, at: reader.at, from: &from, sender: sender.first() };
    verify::verified(content, signed, &check)
}

fn addresses(fields: &[RawField], name: &str) -> Vec<Address> {
    // RFC 5322 §3.6: one field. Where there are two, a reader might show the other one, so none counts.
    let mut found = fields.iter().filter(|field| field.name == name);
    let (Some(field), None) = (found.next(), found.next()) else { return Vec::new() };
    let entries = header::addresses(field.value().as_bytes()).into_iter();
    let mailboxes =
        entries.filter_map(|entry| if let Entry::Mailbox(mailbox) = entry { mailbox.address() } else { None });
    mailboxes.take(FROM_MAX).collect()
}
