//! Whether a certificate is to be believed (RFC 8550 §4, RFC 5280 §6): the chain to a root the user trusts, time, purpose. The
//! path itself is rustls-webpki's work; owned here is what is asked of it and what its answers mean. Revocation is not asked.

use crate::certificate::{Certificate, PublicKey};
use crate::{Error, oid};
use message::Time;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};

/// Roots that are held: the largest public list has some two hundred.
pub const ROOTS_MAX: usize = 2000;
/// Bits of an RSA key below which it proves nothing (RFC 8551 §4.3).
pub const RSA_BITS_MIN: usize = 2048;
/// `emailProtection` and `anyExtendedKeyUsage` as arcs, as the path builder gives them.
const EMAIL_PROTECTION: [usize; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 4];
const ANY_KEY_USAGE: [usize; 5] = [2, 5, 29, 37, 0];

/// The certificates a user trusts: authorities, and certificates of single people.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    certificates: Vec<Certificate>,
}

/// What is to be thought of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A chain leads to an authority the user trusts.
    Trusted {
        /// The authority's name.
        root: String,
    },
    /// The user trusts this very certificate.
    Chosen,
    /// It, or one on its way, has expired.
    Expired {
        /// Whether it held at the time the letter says it was signed. Only the signer says when that was.
        held_when_signed: bool,
    },
    /// It, or one on its way, does not hold yet.
    NotYetValid,
    /// No way leads to anybody the user trusts.
    UnknownIssuer,
    /// It was not made for mail, or its key not for signing.
    WrongPurpose,
    /// It, or one on its way, is signed or keyed in a way that others can forge.
    Weak,
    /// An authority on its way may not vouch for this, or limits itself in a way that cannot be checked here.
    Constrained,
    /// It breaks the rules in another way.
    Broken,
}

impl Trust {
    /// Whether it is to be believed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Trust::Trusted { .. } | Trust::Chosen)
    }
}

/// What came of the search for a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) trust: Trust,
    /// Somebody on the way constrains names: then only places the path builder looks at count as names.
    pub(crate) is_constrained: bool,
}

impl Roots {
    /// Nobody is trusted.
    #[must_use]
    pub fn new() -> Roots {
        Roots::default()
    }

    /// Trusts one more certificate, of an authority or of a person.
    ///
    /// # Errors
    /// [`Error::Limit`] beyond [`ROOTS_MAX`].
    pub fn add(&mut self, certificate: Certificate) -> Result<(), Error> {
        if self.certificates.len() >= ROOTS_MAX {
            return Err(Error::Limit { what: "trusted certificates", limit: ROOTS_MAX });
        }
        self.certificates.push(certificate);
        Ok(())
    }

    /// All certificates of a PEM file.
    ///
    /// # Errors
    /// [`Error::Certificate`] where one cannot be read, [`Error::Limit`] beyond [`ROOTS_MAX`].
    pub fn from_pem(text: &[u8]) -> Result<Roots, Error> {
        let mut roots = Roots::new();
        crate::pem::certificates(text)?.into_iter().try_for_each(|certificate| roots.add(certificate))?;
        Ok(roots)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    fn hold(&self, certificate: &Certificate) -> bool {
        self.certificates.iter().any(|root| root.der() == certificate.der())
    }

    /// What is to be thought of a certificate at a time, with others that may lead on from it.
    #[must_use]
    pub fn trust(&self, certificate: &Certificate, others: &[Certificate], at: Time) -> Trust {
        self.judge(certificate, others, at, None).trust
    }

    /// Judges a signer's certificate at a time; `signed` is when the signer says to have signed.
    pub(crate) fn judge(
        &self,
        certificate: &Certificate,
        others: &[Certificate],
        at: Time,
        signed: Option<Time>,
    ) -> Judged {
        let judged = |trust| Judged { trust, is_constrained: false };
        if !certificate.may_sign() || !certificate.is_for_mail() {
            return judged(Trust::WrongPurpose);
        }
        if matches!(certificate.public_key(), PublicKey::Rsa { bits, .. } if bits < RSA_BITS_MIN) {
            return judged(Trust::Weak);
        }
        let found = self.at(certificate, others, at);
        if !matches!(found.trust, Trust::Expired { .. }) {
            return found;
        }
        let then = signed.filter(|signed| *signed <= at).map(|signed| self.at(certificate, others, signed).trust);
        Judged { trust: Trust::Expired { held_when_signed: then.is_some_and(|trust| trust.is_good()) }, ..found }
    }

    fn at(&self, certificate: &Certificate, others: &[Certificate], at: Time) -> Judged {
        if self.hold(certificate) {
            let trust = if at > certificate.not_after() {
                Trust::Expired { held_when_signed: false }
            } else if at < certificate.not_before() {
                Trust::NotYetValid
            } else {
                Trust::Chosen
            };
            return Judged { trust, is_constrained: false };
        }
        match self.path(certificate, others, at) {
            Ok(judged) => judged,
            Err(error) => Judged { trust: meaning(&error), is_constrained: false },
        }
    }

    fn path(&self, certificate: &Certificate, others: &[Certificate], at: Time) -> Result<Judged, webpki::Error> {
        let end = CertificateDer::from(certificate.der());
        let end = EndEntityCert::try_from(&end)?;
        let roots: Vec<CertificateDer<'_>> =
            self.certificates.iter().map(|root| CertificateDer::from(root.der())).collect();
        // What cannot be an anchor (a person's certificate) cannot end a path either.
        let anchors: Vec<TrustAnchor<'_>> =
            roots.iter().filter_map(|root| webpki::anchor_from_trusted_cert(root).ok()).collect();
        let between: Vec<CertificateDer<'_>> = others.iter().map(|other| CertificateDer::from(other.der())).collect();
        let time = UnixTime::since_unix_epoch(Duration::from_millis(at.0));
        let path =
            end.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &between, time, ForMail, None, None)?;
        let anchor = path.anchor();
        let root = anchors.iter().position(|known| known == anchor);
        let name = self.certificates.iter().filter(|root| is_anchor(root)).nth(root.unwrap_or(usize::MAX));
        let is_constrained = anchor.name_constraints.is_some()
            || others.iter().any(|other| other.extension(oid::NAME_CONSTRAINTS).is_some());
        let root = name.map_or_else(|| certificate.issuer(), Certificate::subject);
        Ok(Judged { trust: Trust::Trusted { root }, is_constrained })
    }
}

fn is_anchor(certificate: &Certificate) -> bool {
    webpki::anchor_from_trusted_cert(&CertificateDer::from(certificate.der())).is_ok()
}

fn meaning(error: &webpki::Error) -> Trust {
    use webpki::Error as E;
    match error {
        E::CertExpired { .. } => Trust::Expired { held_when_signed: false },
        E::CertNotValidYet { .. } => Trust::NotYetValid,
        E::UnknownIssuer => Trust::UnknownIssuer,
        // A certificate that stands for itself: whoever made it.
        E::CaUsedAsEndEntity => Trust::UnknownIssuer,
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => Trust::WrongPurpose,
        E::UnsupportedSignatureAlgorithmContext(_) | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Trust::Weak
        }
        E::NameConstraintViolation | E::PathLenConstraintViolated | E::UnsupportedCriticalExtension => {
            Trust::Constrained
        }
        _ => Trust::Broken,
    }
}

/// RFC 8550 §4.4.4, for every certificate on the way: where purposes are named, mail is one of them.
struct ForMail;

impl ExtendedKeyUsageValidator for ForMail {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let mut none_named = true;
        for purpose in purposes {
            let arcs = purpose?;
            let arcs = arcs.to_decoded_oid();
            if arcs == EMAIL_PROTECTION || arcs == ANY_KEY_USAGE {
                return Ok(());
            }
            none_named = false;
        }
        if none_named { Ok(()) } else { Err(webpki::Error::EmptyEkuExtension) }
    }
}
