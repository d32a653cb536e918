//! The folder of a person's keys and certificates: own ones with their private keys, those of people who are written to,
//! those that are trusted. Owns where each lies, how many there may be, and reading key files; what is done with them is
//! `sealing`'s.
//!
//! One file each, named by the SHA-256 of its certificate, in `own`, `known` and `trusted`. Private keys lie there as PEM,
//! readable by their owner alone, as other secrets kept in files do.

use crate::disk;
use crate::house::Folders;
use crate::reading::{self, Held, Page, View};
use crate::sealing::{Keys, Opened};
use crate::trouble::{Kind, Trouble};
use message::Time;
use seal::{Certificate, Error, Identity, Integrity, Layer, PEM_OCTETS_MAX, Reader, Roots, Signer};
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Own keys: one a year for each address of a long life.
pub const OWN_MAX: usize = 100;
/// Certificates of others. All are read when a sealed letter is opened, which must not take long.
pub const KNOWN_MAX: usize = 2000;
/// Certificates that are trusted beside those of the system.
pub const TRUSTED_MAX: usize = 500;
/// Octets of one file: an own certificate with a long chain has some twenty thousand.
pub const FILE_OCTETS_MAX: u64 = 1024 * 1024;
/// Digits of a fingerprint that lists show; as many tell thousands of certificates apart.
pub const SHORT_ID: usize = 12;

/// A file of this name among the trusted ones says that the authorities of the system are not.
const SYSTEM_OFF: &str = "system-is-not-trusted";
const ENDING: &str = ".pem";

/// The folder. Nothing of it need be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFolder {
    path: PathBuf,
}

/// Where a certificate lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// With its private key.
    Own,
    /// Of somebody who is written to.
    Known,
    /// Believed, and believed in what it vouches for.
    Trusted,
}

/// A certificate in the folder.
#[derive(Clone, Debug)]
pub struct Holding {
    /// Where.
    pub place: Place,
    /// The SHA-256 of the certificate in hexadecimal digits.
    pub id: String,
    /// It.
    pub certificate: Certificate,
    /// Of an own one: what leads from it towards its root.
    pub chain: Vec<Certificate>,
}

/// What a key file holds.
#[derive(Clone, Debug)]
pub enum KeyFile {
    /// A private key with its certificate.
    Identity(Box<Identity>),
    /// Certificates alone.
    Certificates(Vec<Certificate>),
}

/// A message that is answered or sent on.
#[derive(Clone, Debug)]
pub struct Original<'a> {
    /// Its octets, opened where it was sealed.
    pub message: Cow<'a, [u8]>,
    /// It was encrypted on its way: what comes of it should be, too.
    pub was_encrypted: bool,
    /// Whether its text may stand in an answer: [`Opened::may_be_quoted`].
    pub may_be_quoted: bool,
}

/// Everything in the folder.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// What can be used.
    pub keys: Keys,
    /// Files that cannot, and why, for people.
    pub problems: Vec<String>,
}

impl Place {
    const ALL: [Place; 3] = [Place::Own, Place::Known, Place::Trusted];

    /// As it is called in lists and on disk.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Place::Own => "own",
            Place::Known => "known",
            Place::Trusted => "trusted",
        }
    }

    fn limit(self) -> usize {
        match self {
            Place::Own => OWN_MAX,
            Place::Known => KNOWN_MAX,
            Place::Trusted => TRUSTED_MAX,
        }
    }
}

/// Reads a key file: PEM, PKCS#12 (RFC 7292), or keys and certificates in DER; with a private key or without.
///
/// # Errors
/// [`Error::PasswordNeeded`] where the file is protected and no password was given, [`Error::Password`] for a wrong one, and
/// what else is wrong with it.
pub fn read_key_file(octets: &[u8], password: Option<&str>) -> Result<KeyFile, Error> {
    match Identity::from_files(&[octets], password) {
        Ok(identity) => Ok(KeyFile::Identity(Box::new(identity))),
        Err(Error::Incomplete) => {
            let is_pem = memchr::memmem::find(octets, b"-----BEGIN ").is_some();
            match seal::certificates(octets) {
                Ok(none) if none.is_empty() => Err(if is_pem { Error::Incomplete } else { Error::Malformed }),
                Ok(certificates) => Ok(KeyFile::Certificates(certificates)),
                Err(Error::Certificate) if !is_pem => Err(Error::Malformed),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// The name of a certificate here.
#[must_use]
pub fn id_of(certificate: &Certificate) -> String {
    certificate.fingerprint().chars().filter(|c| *c != ':').collect()
}

impl KeyFolder {
    /// That of a person.
    #[must_use]
    pub fn of(folders: &Folders) -> KeyFolder {
        KeyFolder { path: folders.seals() }
    }

    /// Opens a message, as far as it can be opened; the keys are read for one that is sealed only. `None`: nothing in it is
    /// sealed. A sender's certificate that the letter proves is kept, to answer encrypted.
    #[must_use]
    pub fn open(&self, message: &[u8], at: Time) -> Option<Opened> {
        if !seal::is_sealed(message) {
            return None;
        }
        let keys = self.load().keys;
        let opened = keys.open(message, at)?;
        if let Some(certificate) = opened.certificate.as_ref().filter(|new| !keys.known.contains(new)) {
            // Where it cannot be kept, the letter is read none the less; an answer says what is missing.
            let _ = self.keep(Place::Known, certificate);
        }
        Some(opened)
    }

    /// A message made ready to be shown, opened first where it is sealed; what that proves stands in [`Page::seal`].
    #[must_use]
    pub fn page(&self, message: &[u8], view: &View, at: Time) -> Page {
        let Some(opened) = self.open(message, at) else { return reading::page(message, view) };
        let view = View { plain_only: view.plain_only || !opened.may_render_html, ..*view };
        Page { seal: Some(opened.verdict), ..reading::page(&opened.message, &view) }
    }

    /// What the part of this number holds, opened first where the message is sealed. HTML that may have been changed on its
    /// way is not given out: a browser that shows it could tell others what else is in the letter (EFAIL).
    ///
    /// # Errors
    /// There is none, or it is such HTML.
    pub fn part(&self, message: &[u8], number: usize, at: Time) -> Result<Held, Trouble> {
        let opened = self.open(message, at);
        let content = opened.as_ref().map_or(message, |opened| &opened.message);
        let held = reading::part(content, number);
        let held = held.ok_or_else(|| Trouble::new(Kind::NotFound, format!("there is no part {number}")))?;
        let is_html = held.media_type.eq_ignore_ascii_case("text/html");
        if is_html && opened.is_some_and(|opened| !opened.may_render_html) {
            let words = "this HTML may have been changed on its way, and could tell others what is in the letter when a \
                         browser shows it: it is not given out";
            return Err(Trouble::new(Kind::Data, words));
        }
        Ok(held)
    }

    /// A message that is answered or sent on, opened where it is sealed.
    #[must_use]
    pub fn original<'a>(&self, message: &'a [u8], at: Time) -> Original<'a> {
        match self.open(message, at) {
            None => Original { message: Cow::Borrowed(message), was_encrypted: false, may_be_quoted: true },
            Some(opened) => Original {
                was_encrypted: opened.was_encrypted,
                may_be_quoted: opened.may_be_quoted(),
                message: Cow::Owned(opened.message),
            },
        }
    }

    /// Everything that is there, with the authorities of the system where they are trusted.
    #[must_use]
    pub fn load(&self) -> Loaded {
        let mut loaded = Loaded::default();
        for (name, octets) in self.files(Place::Own, &mut loaded.problems) {
            match Identity::from_pem(&octets, None) {
                Ok(identity) => loaded.keys.identities.push(identity),
                Err(error) => loaded.problems.push(format!("{name}: {error}")),
            }
        }
        for place in [Place::Known, Place::Trusted] {
            for (name, octets) in self.files(place, &mut loaded.problems) {
                let read =
                    seal::certificates(&octets).and_then(|list| list.into_iter().next().ok_or(Error::Certificate));
                match read {
                    Ok(certificate) if place == Place::Known => loaded.keys.known.push(certificate),
                    Ok(certificate) => {
                        let taken = loaded.keys.roots.add(certificate);
                        taken.unwrap_or_else(|error| loaded.problems.push(format!("{name}: {error}")));
                    }
                    Err(error) => loaded.problems.push(format!("{name}: {error}")),
                }
            }
        }
        if self.trusts_system() {
            // What is trusted here comes first; of the system's as many as there is room for.
            system().iter().cloned().try_for_each(|certificate| loaded.keys.roots.add(certificate)).unwrap_or_default();
        }
        loaded
    }

    /// What is there, own ones first; certificates that cannot be read are left out, and told in the second list.
    #[must_use]
    pub fn holdings(&self) -> (Vec<Holding>, Vec<String>) {
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for place in Place::ALL {
            for (name, octets) in self.files(place, &mut problems) {
                // Of an own one the certificate stands first, after the key.
                match seal::certificates(&octets)
                    .map(|list| list.split_first().map(|(one, rest)| (one.clone(), rest.to_vec())))
                {
                    Ok(Some((certificate, chain))) => {
                        found.push(Holding { place, id: id_of(&certificate), certificate, chain });
                    }
                    Ok(None) => problems.push(format!("{name}: {}", Error::Certificate)),
                    Err(error) => problems.push(format!("{name}: {error}")),
                }
            }
        }
        (found, problems)
    }

    fn folder(&self, place: Place) -> PathBuf {
        self.path.join(place.word())
    }

    fn file(&self, place: Place, id: &str) -> PathBuf {
        self.folder(place).join(format!("{id}{ENDING}"))
    }

    fn names(&self, place: Place) -> Vec<String> {
        disk::names(&self.folder(place), place.limit(), |name| name.ends_with(ENDING))
    }

    fn files(&self, place: Place, problems: &mut Vec<String>) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        for name in self.names(place) {
            let path = self.folder(place).join(&name);
            let read = match place {
                Place::Own => disk::read_private(&path, FILE_OCTETS_MAX),
                Place::Known | Place::Trusted => disk::read(&path, FILE_OCTETS_MAX),
            };
            match read {
                Ok(octets) => found.push((path.display().to_string(), octets)),
                Err(error) => problems.push(format!("{}: {error}", path.display())),
            }
        }
        found
    }

    /// Keeps a private key with its certificate and what leads to its root. One that is there is put anew.
    ///
    /// # Errors
    /// There are [`OWN_MAX`] already, or the disk says no.
    pub fn keep_own(&self, identity: &Identity) -> Result<String, Trouble> {
        let text = identity.to_pem().map_err(|error| Trouble::new(Kind::Software, error))?;
        let id = id_of(&identity.certificate);
        self.write(Place::Own, &id, text.as_bytes())?;
        Ok(id)
    }

    /// Keeps a certificate among those known or trusted. One that is there stays.
    ///
    /// # Errors
    /// There are too many already, or the disk says no.
    pub fn keep(&self, place: Place, certificate: &Certificate) -> Result<String, Trouble> {
        let text = certificate.to_pem().map_err(|error| Trouble::new(Kind::Software, error))?;
        let id = id_of(certificate);
        self.write(place, &id, text.as_bytes())?;
        Ok(id)
    }

    fn write(&self, place: Place, id: &str, octets: &[u8]) -> Result<(), Trouble> {
        let path = self.file(place, id);
        if !disk::is_there(&path) && self.names(place).len() >= place.limit() {
            let words = format!(
                "there are {} {} certificates already: `pillarbox mail key remove` makes room",
                place.limit(),
                place.word()
            );
            return Err(Trouble::new(Kind::Data, words));
        }
        disk::write(&path, octets).map_err(|error| failed("write", &path, &error))
    }

    /// Takes a certificate out of a place, with the private key where it is an own one. `true`: it was there.
    ///
    /// # Errors
    /// The disk says no.
    pub fn remove(&self, place: Place, id: &str) -> Result<bool, Trouble> {
        let path = self.file(place, id);
        disk::remove(&path).map_err(|error| failed("remove", &path, &error))
    }

    /// Whether the authorities of the system are trusted; they are, unless somebody said no.
    #[must_use]
    pub fn trusts_system(&self) -> bool {
        !disk::is_there(&self.folder(Place::Trusted).join(SYSTEM_OFF))
    }

    /// Trusts the authorities of the system, or no longer.
    ///
    /// # Errors
    /// The disk says no.
    pub fn trust_system(&self, on: bool) -> Result<(), Trouble> {
        let path = self.folder(Place::Trusted).join(SYSTEM_OFF);
        let done = if on { disk::remove(&path).map(|_| ()) } else { disk::write(&path, b"") };
        done.map_err(|error| failed("write", &path, &error))
    }

    /// The certificate to answer with that a signed letter brings, whoever vouches for it: for who looked at its fingerprint
    /// himself. The letter must be what its signer wrote, and the certificate that of its sender.
    ///
    /// # Errors
    /// Why there is none.
    pub fn brought_by(&self, message: &[u8], at: Time) -> Result<Certificate, Trouble> {
        let no = |words: &str| Trouble::new(Kind::Data, words);
        let keys = self.load().keys;
        let roots = Roots::new();
        let reader = Reader { identities: &keys.identities, roots: &roots, known: &keys.known, at };
        let opened =
            seal::open(message, &reader).ok_or_else(|| no("the letter is not signed: it brings no certificate"))?;
        let signed = opened.layers.iter().rev().find_map(|layer| match layer {
            Layer::Signed(signed) => signed.main(),
            Layer::Encrypted(_) | Layer::Closed(_) => None,
        });
        let signature = signed.ok_or_else(|| no("the letter brings no signature that can be read"))?;
        if signature.integrity != Integrity::Intact {
            return Err(no(
                "the letter was changed after it was signed, or cannot be checked: nothing is taken from it",
            ));
        }
        if !matches!(signature.signer, Signer::From(_)) {
            return Err(no("the certificate is not that of the address the letter says to come from: it is not taken"));
        }
        let brought = signature.encryption_certificate.as_ref().or(signature.certificate.as_ref());
        brought.cloned().ok_or_else(|| no("the letter does not bring its signer's certificate"))
    }
}

/// The authorities of the system, read once. What cannot be read vouches for nobody.
fn system() -> &'static [Certificate] {
    static SYSTEM: OnceLock<Vec<Certificate>> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs().certs;
        found.iter().filter_map(|der| Certificate::from_der(der).ok()).collect()
    })
}

/// Reads a key file from the disk.
///
/// # Errors
/// It is not there, or too large for one.
pub fn octets(path: &Path) -> Result<Vec<u8>, Trouble> {
    disk::read(path, PEM_OCTETS_MAX as u64).map_err(|error| failed("read", path, &error))
}

fn failed(doing: &str, path: &Path, error: &io::Error) -> Trouble {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::FileTooLarge => Kind::Data,
        io::ErrorKind::PermissionDenied => Kind::NotAllowed,
        _ => Kind::Io,
    };
    Trouble::new(kind, format!("{doing} {}: {error}", path.display()))
}

#[cfg(test)]
#[path = "key_folder_tests.rs"]
mod tests;
