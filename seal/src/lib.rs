//! S/MIME (RFC 8551, RFC 8550): signing and checking, encrypting and opening, keys. Pure: octets in, octets out; time is
//! passed in, randomness is aws-lc-rs's. Knows no disk, no network and no screen. What the structures say is decided here;
//! crypto is aws-lc-rs's, chains are rustls-webpki's, and the shape of a message is `message`'s.

mod ber;
mod certificate;
mod chain;
mod cipher;
mod digest;
mod envelope;
mod error;
mod file;
mod identity;
mod key;
mod legacy;
mod mime;
mod oid;
mod open;
mod pem;
mod pkcs12;
mod protect;
mod seal;
mod sign;
mod signature;
mod signed;
mod transport;
mod triple_des;
mod verify;
mod words;

pub use ber::{BER_DEPTH_MAX, STRUCTURE_OCTETS_MAX};
pub use certificate::{ADDRESSES_MAX, CERTIFICATE_OCTETS_MAX, Certificate};
pub use chain::{ROOTS_MAX, RSA_BITS_MIN, Roots, Trust};
pub use cipher::Cipher;
pub use envelope::{Decrypted, Recipient, TRIES_MAX, fit};
pub use error::Error;
pub use file::certificates;
pub use identity::{CHAIN_MAX, Identity};
pub use key::{KEY_OCTETS_MAX, PrivateKey};
pub use open::{Extent, LAYERS_MAX, Layer, Opened, Reader, is_sealed, open};
pub use pem::{BLOCKS_MAX, PEM_OCTETS_MAX};
pub use pkcs12::{FILE_OCTETS_MAX, ITERATIONS_MAX};
pub use protect::{Mode, PROTECTED_FIELDS_MAX, ProtectedField, ProtectedHeader};
pub use seal::{Envelope, Sealing, seal};
pub use signed::{CERTIFICATES_MAX, SIGNERS_MAX};
pub use transport::{RECIPIENTS_MAX, Transport};
pub use verify::{CANDIDATES_MAX, Capabilities, Integrity, Signature, Signer, Standing, Verified};
pub use words::Words;
