//! Header protection (RFC 9788): copies of the header fields inside what is signed or encrypted. Owns writing them, what the
//! outer header still shows, and, on reading, which values are proved and which were hidden.

use crate::mime::{Halves, RawField};
use message::header;

/// What stands in the outer Subject of an encrypted letter (RFC 9788 §3.2.1, the baseline).
const HIDDEN_SUBJECT: &[u8] = b"Subject: [...]\r\n";
/// Fields that the payload may bring; what follows is left alone.
pub const PROTECTED_FIELDS_MAX: usize = 200;

/// What the sender meant by the copies: the `hp` parameter (RFC 9788).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are to be proved.
    Clear,
    /// They are to be hidden, too.
    Cipher,
}

/// A header field of the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedField {
    /// As the sender wrote it.
    pub name: String,
    /// The value inside, unfolded, not decoded.
    pub value: String,
    /// The value outside, of the first field of this name.
    pub outer: Option<String>,
    /// Whether it was hidden on the way: encrypted, and not among what the sender says stood outside.
    pub was_hidden: bool,
}

impl ProtectedField {
    /// Whether outside stands something else than inside. Of a hidden field that is meant so.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.outer.as_ref() != Some(&self.value)
    }
}

/// The header fields of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedHeader {
    /// What the sender meant.
    pub mode: Mode,
    /// In the order of the payload, at most [`PROTECTED_FIELDS_MAX`].
    pub fields: Vec<ProtectedField>,
}

impl ProtectedHeader {
    /// The first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&ProtectedField> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Fields that say something else outside, though nobody meant to hide them: somebody changed them on the way.
    pub fn altered(&self) -> impl Iterator<Item = &ProtectedField> {
        self.fields.iter().filter(|field| field.differs() && !field.was_hidden)
    }
}

/// Fields that are not copied: who else gets the letter unseen, and what the way leaves behind.
pub(crate) fn stays_outside(field: &RawField) -> bool {
    matches!(field.name.as_str(), "bcc" | "resent-bcc" | "received" | "return-path" | "delivered-to" | "hp-outer")
}

/// What the outer header shows of a field when the letter is encrypted: `None` for nothing (RFC 9788 §3.2.1).
fn baseline(field: &RawField) -> Option<RawField> {
    match field.name.as_str() {
        "subject" => Some(RawField { name: field.name.clone(), octets: HIDDEN_SUBJECT.to_vec() }),
        "comments" | "keywords" => None,
        _ => Some(field.clone()),
    }
}

/// Puts copies of the outer fields into the payload, and gives back what is to stand outside (RFC 9788).
pub(crate) fn protect(outer: Vec<RawField>, payload: &mut Halves, mode: Mode) -> Vec<RawField> {
    mark(payload, mode);
    let copies: Vec<RawField> = outer.iter().filter(|field| !stays_outside(field)).cloned().collect();
    let shown: Vec<RawField> = match mode {
        Mode::Clear => outer,
        Mode::Cipher => outer.iter().filter_map(baseline).collect(),
    };
    let mut fields = copies;
    if mode == Mode::Cipher {
        fields.extend(shown.iter().filter(|field| !stays_outside(field)).map(|field| RawField {
            name: "hp-outer".to_owned(),
            octets: [b"HP-Outer: ".as_slice(), &field.octets].concat(),
        }));
    }
    fields.append(&mut payload.fields);
    payload.fields = fields;
    shown
}

/// Writes the `hp` parameter into the Content-Type of the payload.
fn mark(payload: &mut Halves, mode: Mode) {
    let value = match mode {
        Mode::Clear => "clear",
        Mode::Cipher => "cipher",
    };
    let parameter = format!(";\r\n hp=\"{value}\"\r\n");
    match payload.fields.iter_mut().find(|field| field.name == "content-type") {
        Some(field) => {
            let kept = field.octets.trim_ascii_end();
            let kept = kept.strip_suffix(b";").unwrap_or(kept).len();
            field.octets.truncate(kept);
            field.octets.extend_from_slice(parameter.as_bytes());
        }
        None => payload.fields.push(RawField {
            name: "content-type".to_owned(),
            octets: format!("Content-Type: text/plain; charset=us-ascii{parameter}").into_bytes(),
        }),
    }
}

/// The mode a payload names.
pub(crate) fn mode_of(payload: &Halves) -> Option<Mode> {
    let field = payload.fields.iter().find(|field| field.name == "content-type")?;
    let kind = header::content_type(field.value().as_bytes())?;
    match header::parameter_text(&kind.parameters, "hp")?.to_ascii_lowercase().as_str() {
        "clear" => Some(Mode::Clear),
        "cipher" => Some(Mode::Cipher),
        _ => None,
    }
}

/// Reads the protected fields of a payload, beside what stands outside (RFC 9788).
pub(crate) fn read(payload: &Halves, outer: &[RawField], was_encrypted: bool) -> Option<ProtectedHeader> {
    let mode = mode_of(payload)?;
    let said_outside: Vec<(String, String)> = payload
        .fields
        .iter()
        .filter(|field| field.name == "hp-outer")
        .take(PROTECTED_FIELDS_MAX)
        .filter_map(|field| {
            let value = field.value();
            let (name, value) = value.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let inner = payload.fields.iter().filter(|field| !field.is_structural() && !stays_outside(field));
    let fields = inner.take(PROTECTED_FIELDS_MAX).map(|field| {
        let value = field.value();
        let outside = outer.iter().find(|other| other.name == field.name).map(RawField::value);
        let told = said_outside.iter().any(|(name, said)| *name == field.name && *said == value);
        ProtectedField {
            name: name_as_written(field),
            was_hidden: was_encrypted && mode == Mode::Cipher && !told,
            value,
            outer: outside,
        }
    });
    Some(ProtectedHeader { mode, fields: fields.collect() })
}

fn name_as_written(field: &RawField) -> String {
    let name = field.octets.split(|octet| *octet == b':').next().unwrap_or(&[]);
    String::from_utf8_lossy(name).trim().to_owned()
}
