//! The MIME around the structures (RFC 8551 §3, RFC 1847 §2.1): taking a message into its fields and its content, finding what
//! is sealed in it, writing what was sealed. The shape of a message is read by `message`.

use crate::Error;
use crate::sign::Detached;
use message::encoding::base64;
use message::header::{self, ContentType};
use message::recode::{self, Edit, Encoding, Plan, Replacement};
use message::{Kind, Part, Structure, TransferEncoding};
use std::ops::Range;

/// Octets of chance in a boundary.
const BOUNDARY_OCTETS: usize = 16;

/// A header field, whole, and its name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawField {
    pub(crate) name: String,
    pub(crate) octets: Vec<u8>,
}

impl RawField {
    pub(crate) fn value(&self) -> String {
        let value = self.octets.iter().position(|octet| *octet == b':').and_then(|colon| self.octets.get(colon + 1..));
        String::from_utf8_lossy(&header::unfold(value.unwrap_or(&[]))).trim().to_owned()
    }

    /// Structural fields say how the content is to be read (RFC 9788).
    pub(crate) fn is_structural(&self) -> bool {
        self.name.starts_with("content-") || self.name == "mime-version"
    }
}

/// A message or part: its fields and its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Halves {
    pub(crate) fields: Vec<RawField>,
    pub(crate) body: Vec<u8>,
}

impl Halves {
    pub(crate) fn of(octets: &[u8]) -> Halves {
        let end = header::section_end(octets, 0).unwrap_or(octets.len());
        let (section, body) = octets.split_at(end);
        let fields = header::fields(section).map(|field| {
            let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
            let mut octets = section.get(field.range.clone()).unwrap_or(&[]).to_vec();
            if !octets.ends_with(b"\n") {
                octets.extend_from_slice(b"\r\n");
            }
            RawField { name, octets }
        });
        Halves { fields: fields.collect(), body: body.to_vec() }
    }

    /// Fields that say how to read the content, apart from all others.
    pub(crate) fn into_payload(self) -> (Vec<RawField>, Halves) {
        let (structural, outer): (Vec<_>, Vec<_>) = self.fields.into_iter().partition(RawField::is_structural);
        let fields = structural.into_iter().filter(|field| field.name != "mime-version").collect();
        (outer, Halves { fields, body: self.body })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out: Vec<u8> = self.fields.iter().flat_map(|field| field.octets.iter().copied()).collect();
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
}

/// Lines ended by CRLF (RFC 8551 §3.1.1), where no CR stands alone; contents that are not lines keep as they are.
pub(crate) fn canonical(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    let mut before = 0;
    for octet in octets {
        if *octet == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*octet);
        before = *octet;
    }
    out
}

/// Makes an entity one that survives the way (RFC 8551 §3.1.2, §3.1.3): lines of seven bits.
///
/// # Errors
/// [`Error::Unsignable`] where that is not possible, as with UTF-8 in the header of a part.
pub(crate) fn fit_for_signing(entity: &[u8]) -> Result<Vec<u8>, Error> {
    let plan = recode::eight_to_seven(&message::parse(entity));
    if !plan.is_clean() {
        return Err(Error::Unsignable);
    }
    let entity = plan.apply(entity);
    Ok(without_from_lines(&message::parse(&entity), &entity).apply(&entity))
}

/// Lines of text that begin with `From ` would get a `>` in many a mailbox file, and the signature would not fit any more.
/// They are written in quoted-printable, so that none does. What is sealed already stays as it is.
fn without_from_lines(structure: &Structure, entity: &[u8]) -> Plan {
    let mut edits = Vec::new();
    let mut sealed_until = 0;
    for part in &structure.parts {
        let kind = content_type(part);
        if kind
            .as_ref()
            .is_some_and(|kind| kind.main == "multipart" && matches!(kind.sub.as_str(), "signed" | "encrypted"))
        {
            sealed_until = sealed_until.max(part.body.end);
        }
        let is_text = part.kind == Kind::Leaf && kind.is_none_or(|kind| kind.main == "text");
        let body = bytes(entity, &part.body);
        if part.header.start < sealed_until || !is_text || !has_from_line(body) {
            continue;
        }
        let encoded = match part.encoding {
            TransferEncoding::QuotedPrintable => body.to_vec(),
            TransferEncoding::Base64 | TransferEncoding::Other => continue,
            _ => {
                let place = part.encoding_field.clone().unwrap_or(part.header.start..part.header.start);
                let field = b"Content-Transfer-Encoding: quoted-printable\r\n".to_vec();
                edits.push(Edit { range: place, with: Replacement::Bytes(field) });
                quoted(body)
            }
        };
        edits.push(Edit { range: part.body.clone(), with: Replacement::Bytes(disguised(&encoded)) });
    }
    Plan { edits, obstacle: None }
}

const FROM: &[u8] = b"From ";

fn has_from_line(body: &[u8]) -> bool {
    body.split(|octet| *octet == b'\n').any(|line| line.starts_with(FROM))
}

pub(crate) fn quoted(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoding::QuotedPrintable.encoder();
    encoder.push(body, &mut out);
    encoder.finish(&mut out);
    out
}

/// The `F` as its number, and a soft line end behind it, so that no line becomes too long.
fn disguised(quoted: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(quoted.len() + 16);
    for line in quoted.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_prefix(b"F").filter(|_| line.starts_with(FROM)) {
            Some(rest) => [b"=46=\r\n", rest].iter().for_each(|piece| out.extend_from_slice(piece)),
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// `multipart/signed` (RFC 8551 §3.5.3.2).
pub(crate) fn signed(entity: &[u8], signature: &Detached) -> Result<Vec<u8>, Error> {
    let boundary = boundary(entity)?;
    let mut out = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n micalg={}; boundary=\"{boundary}\"\r\n\
         \r\nThis letter is signed (S/MIME).\r\n--{boundary}\r\n",
        signature.micalg
    )
    .into_bytes();
    out.extend_from_slice(entity);
    out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    out.extend_from_slice(
        b"Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
          Content-Transfer-Encoding: base64\r\n\
          Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n",
    );
    write_base64(&signature.der, &mut out);
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok(out)
}

/// `application/pkcs7-mime` (RFC 8551 §3.2).
pub(crate) fn sealed(der: &[u8], smime_type: &str) -> Vec<u8> {
    let mut out = format!(
        "Content-Type: application/pkcs7-mime; smime-type={smime_type};\r\n name=\"smime.p7m\"\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n"
    )
    .into_bytes();
    write_base64(der, &mut out);
    out.extend_from_slice(b"\r\n");
    out
}

fn write_base64(octets: &[u8], out: &mut Vec<u8>) {
    let mut encoder = base64::Encoder::default();
    encoder.push(octets, out);
    encoder.finish(out);
}

fn boundary(entity: &[u8]) -> Result<String, Error> {
    loop {
        let mut chance = [0; BOUNDARY_OCTETS];
        aws_lc_rs::rand::fill(&mut chance)?;
        let boundary = format!("=_{}", crate::certificate::hex(&chance, ""));
        if !entity.windows(boundary.len()).any(|window| window == boundary.as_bytes()) {
            return Ok(boundary);
        }
    }
}

/// Something sealed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// Content and the signature beside it.
    Beside { content: Vec<u8>, signature: Vec<u8> },
    /// A structure that holds everything.
    Whole(Vec<u8>),
}

/// What the entity is as a whole, if it is sealed.
pub(crate) fn whole(entity: &[u8]) -> Option<Sealed> {
    at(&message::parse(entity), 0, entity)
}

/// The first sealed part within a message that is not sealed as a whole. Messages within are letters of their own.
pub(crate) fn part_within(entity: &[u8]) -> Option<Sealed> {
    let structure = message::parse(entity);
    (1..structure.parts.len())
        .filter(|index| !in_message(&structure, *index))
        .find_map(|index| at(&structure, index, entity))
}

fn in_message(structure: &Structure, index: usize) -> bool {
    let mut part = structure.parts.get(index);
    while let Some(parent) = part.and_then(|part| part.parent).and_then(|parent| usize::try_from(parent).ok()) {
        part = structure.parts.get(parent);
        if part.is_some_and(|part| part.kind == Kind::Message) {
            return true;
        }
    }
    false
}

fn at(structure: &Structure, index: usize, entity: &[u8]) -> Option<Sealed> {
    let part = structure.parts.get(index)?;
    let kind = content_type(part)?;
    if is_signed(&kind) {
        let mut children = structure.parts.iter().filter(|child| child.parent.map(usize_of) == Some(index));
        let (content, signature) = (children.next()?, children.next()?);
        // RFC 1847 §2.1: exactly two. A third would be shown as if it were signed.
        if children.next().is_some() || !is_signature(&content_type(signature)?) {
            return None;
        }
        let content = entity.get(usize_at(content.header.start)..usize_at(content.body.end))?.to_vec();
        return Some(Sealed::Beside { content, signature: decoded(signature, entity)? });
    }
    is_structure(&kind, part).then(|| decoded(part, entity).map(Sealed::Whole))?
}

fn usize_of(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn usize_at(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// A stretch of the entity; nothing where it has none such.
pub(crate) fn bytes<'a>(entity: &'a [u8], range: &Range<u64>) -> &'a [u8] {
    entity.get(usize_at(range.start)..usize_at(range.end)).unwrap_or(&[])
}

fn decoded(part: &Part, entity: &[u8]) -> Option<Vec<u8>> {
    let body = entity.get(usize_at(part.body.start)..usize_at(part.body.end))?;
    Some(message::encoding::decode(part.encoding, body))
}

pub(crate) fn content_type(part: &Part) -> Option<ContentType> {
    let field = header::fields(&part.fields).find(|field| field.is("Content-Type"))?;
    header::content_type(field.value)
}

fn parameter(kind: &ContentType, name: &str) -> Option<String> {
    header::parameter_text(&kind.parameters, name)
}

fn is_signed(kind: &ContentType) -> bool {
    let protocol = || parameter(kind, "protocol").unwrap_or_default().to_ascii_lowercase();
    kind.main == "multipart"
        && kind.sub == "signed"
        && matches!(protocol().as_str(), "application/pkcs7-signature" | "application/x-pkcs7-signature")
}

fn is_signature(kind: &ContentType) -> bool {
    kind.main == "application" && matches!(kind.sub.as_str(), "pkcs7-signature" | "x-pkcs7-signature")
}

/// RFC 8551 §3.10: by its type, or, where a program knew none, by the name of the file.
fn is_structure(kind: &ContentType, part: &Part) -> bool {
    let named = || {
        let disposition = header::fields(&part.fields).find(|field| field.is("Content-Disposition"));
        let file = disposition.and_then(|field| header::disposition(field.value));
        let file = file.and_then(|disposition| header::parameter_text(&disposition.parameters, "filename"));
        file.or_else(|| parameter(kind, "name")).unwrap_or_default().to_ascii_lowercase()
    };
    kind.main == "application"
        && match kind.sub.as_str() {
            "pkcs7-mime" | "x-pkcs7-mime" => true,
            "octet-stream" => part.encoding == TransferEncoding::Base64 && named().ends_with(".p7m"),
            _ => false,
        }
}
