//! Sealing a composed message: protect its header, sign it, encrypt it (RFC 8551 §3). Owns the order of these and what stands
//! outside at the end.

use crate::certificate::Certificate;
use crate::cipher::Cipher;
use crate::envelope::{self, Recipient};
use crate::identity::Identity;
use crate::mime::{self, Halves};
use crate::protect::{self, Mode};
use crate::{Error, sign};
use message::Time;

/// Whom a letter is encrypted to, and how.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Everybody who gets it. Each can see from the envelope who else does: those of `Bcc` need a copy of their own.
    pub recipients: &'a [Recipient<'a>],
    /// The sender's own certificate, so that he can read his copy.
    pub own: &'a Certificate,
    /// The cipher.
    pub cipher: Cipher,
}

/// What is done to a letter.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'a> {
    /// Who signs.
    pub sign: Option<&'a Identity>,
    /// Whom it is encrypted to; what is signed is signed first.
    pub encrypt: Option<Envelope<'a>>,
    /// Whether the header fields are put inside too (RFC 9788); the outer subject of an encrypted letter then says `[...]`.
    pub protects_header: bool,
    /// Now.
    pub at: Time,
}

/// Seals a whole message: header fields, an empty line, content. Fields of the outer header stay in their order.
///
/// # Errors
/// [`Error::Unsignable`] for content that does not survive the way, [`Error::Recipient`] for a certificate that cannot be
/// encrypted to, [`Error::Limit`] for too many of them.
pub fn seal(message: &[u8], sealing: &Sealing<'_>) -> Result<Vec<u8>, Error> {
    // A message kept on Unix: its lines are lines.
    let unix = !message.windows(2).any(|pair| pair == b"\r\n");
    let message = if unix { mime::canonical(message) } else { message.to_vec() };
    let (mut outer, mut payload) = Halves::of(&message).into_payload();
    if sealing.sign.is_none() && sealing.encrypt.is_none() {
        return Ok(message);
    }
    if sealing.protects_header {
        let mode = if sealing.encrypt.is_some() { Mode::Cipher } else { Mode::Clear };
        outer = protect::protect(outer, &mut payload, mode);
    }
    let mut entity = payload.write();
    if let Some(identity) = sealing.sign {
        entity = mime::fit_for_signing(&entity)?;
        let signature = sign::detached(&entity, identity, sealing.at)?;
        entity = mime::signed(&entity, &signature)?;
    }
    if let Some(Envelope { recipients, own, cipher }) = sealing.encrypt {
        let der = envelope::encrypt(&entity, recipients, own, cipher, sealing.at)?;
        // RFC 8551 §3.2.2
        let smime_type = match cipher {
            Cipher::Aes256Gcm => "authEnveloped-data",
            Cipher::Aes256Cbc => "enveloped-data",
        };
        entity = mime::sealed(&der, smime_type);
    }
    let mut out: Vec<u8> = outer.iter().flat_map(|field| field.octets.iter().copied()).collect();
    out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    out.extend_from_slice(&entity);
    Ok(out)
}
