//! What can go wrong, in words for people. Nothing here tells an attacker more than the structure he sent already shows.

/// Why something could not be sealed, opened or imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The octets are no S/MIME structure, or a damaged one.
    #[error("this is no S/MIME structure that can be read; it may be damaged")]
    Malformed,
    /// A certificate cannot be read.
    #[error("this is no certificate that can be read")]
    Certificate,
    /// A private key cannot be read, or is of a kind that is not supported.
    #[error("this is no private key that can be read (RSA, NIST P-256, P-384, P-521 and Ed25519 keys can)")]
    Key,
    /// The key does not belong to the certificate.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// More of something than is looked at.
    #[error("more than {limit} {what}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// None of the keys at hand is among the recipients. Who they are stands in the clear, so this gives nothing away.
    #[error("the letter is encrypted, but not for any of your keys")]
    NotForYou,
    /// Every failure of decryption, in one wording, so that nobody can learn from it which step failed.
    #[error("the letter cannot be decrypted: it is damaged, or your key is not the one it was encrypted for")]
    Undecryptable,
    /// An algorithm or a form that is not supported; it stands in the clear.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The password of a key file.
    #[error("the password is wrong, or the key file is damaged")]
    Password,
    /// A key file is protected by a password and none was given.
    #[error("the key file is protected by a password")]
    PasswordNeeded,
    /// A key file in a protection of long ago.
    #[error(
        "the key file is protected by {0}, which is not supported; convert it: \
         openssl pkcs12 -legacy -in OLD.p12 -nodes -out key.pem, then import key.pem"
    )]
    OldProtection(String),
    /// A key file without a private key, or without the certificate of it.
    #[error("the key file holds no private key together with its certificate")]
    Incomplete,
    /// A certificate that cannot be encrypted to.
    #[error("{address} cannot be encrypted to: {reason}")]
    Recipient {
        /// Whose certificate.
        address: String,
        /// Why not.
        reason: &'static str,
    },
    /// The letter cannot be made fit for signing.
    #[error("the letter holds lines or octets that do not survive the way as they are, and cannot be signed")]
    Unsignable,
    /// The crypto library refused.
    #[error("the operation failed in the crypto library")]
    Crypto,
}

impl From<der::Error> for Error {
    fn from(_: der::Error) -> Error {
        Error::Malformed
    }
}

impl From<aws_lc_rs::error::Unspecified> for Error {
    fn from(_: aws_lc_rs::error::Unspecified) -> Error {
        Error::Crypto
    }
}
