//! Letters signed and encrypted (S/MIME): which of a person's keys signs and opens, which certificates a letter is encrypted
//! to, and what a reader is given. What is proved is decided in `seal`; where keys and certificates lie is `disk`'s.

use crate::letter::Composed;
use message::header::{self, Entry};
use message::{Address, Time};
use seal::{
    Certificate, Cipher, Envelope, Error, Extent, Identity, Reader, Recipient, Roots, Sealing, Standing, Transport,
    Words,
};

/// The keys of a person, and whom he knows and trusts.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// His own, old ones too: old letters need them.
    pub identities: Vec<Identity>,
    /// Authorities and people he trusts.
    pub roots: Roots,
    /// Certificates of others, to encrypt to.
    pub known: Vec<Certificate>,
}

/// What is done to a letter before it goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// It is signed.
    pub signs: bool,
    /// It is encrypted to everybody who gets it.
    pub encrypts: bool,
    /// It is encrypted as programs of before 2019 can read it: AES in CBC, RSA without OAEP.
    pub for_old_programs: bool,
}

/// A letter ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What is sent, and to whom. Who gets it unseen gets a posting of his own: the envelope of an encrypted letter names
    /// everybody who can open it.
    pub postings: Vec<Posting>,
    /// What is kept among the sent ones.
    pub copy: Vec<u8>,
}

/// One message for some recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Who gets it.
    pub recipients: Vec<Address>,
    /// Its octets.
    pub message: Vec<u8>,
}

/// Why a letter cannot be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No key for the sender's address.
    #[error("there is no key and certificate for {0}")]
    NoKey(String),
    /// No certificates of these.
    #[error("it cannot be encrypted: there is no usable certificate of {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    NoCertificates(Vec<Address>),
    /// Anything else.
    #[error(transparent)]
    Seal(#[from] Error),
}

/// A letter as a reader is given it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The message without its seals, for `reading`.
    pub message: Vec<u8>,
    /// What the signature comes to, where there is one.
    pub standing: Option<Standing>,
    /// Whether all of it was sealed; a part among others is shown alone.
    pub extent: Extent,
    /// Whether HTML may be rendered and remote content fetched; where not, plain text alone is shown.
    pub may_render_html: bool,
    /// What is proved and what is not, for people.
    pub words: Words,
    /// The sender's certificate, where the letter proves that it is his: worth keeping among [`Keys::known`].
    pub certificate: Option<Certificate>,
}

impl Keys {
    /// Opens a message, as far as it can be opened. `None`: nothing in it is sealed.
    #[must_use]
    pub fn open(&self, message: &[u8], at: Time) -> Option<Opened> {
        let reader = Reader { identities: &self.identities, roots: &self.roots, known: &self.known, at };
        let opened = seal::open(message, &reader)?;
        // What could not be opened is shown as it came, with words that say so.
        let shown = if opened.closed().is_some() { message.to_vec() } else { opened.message(message) };
        Some(Opened {
            message: shown,
            standing: opened.standing(),
            extent: opened.extent,
            may_render_html: opened.may_render_html(),
            words: opened.words(),
            certificate: opened.certificate_to_keep().cloned(),
        })
    }

    /// The key that signs for an address: of those that hold at the time, the one that holds longest.
    #[must_use]
    pub fn identity(&self, address: &Address, at: Time) -> Option<&Identity> {
        let holds = |certificate: &Certificate| certificate.not_before() <= at && at <= certificate.not_after();
        let own = self.identities.iter().filter(|identity| identity.certificate.names(address));
        own.filter(|identity| holds(&identity.certificate)).max_by_key(|identity| identity.certificate.not_after())
    }

    /// The certificate to encrypt to for an address, own ones included: the one that holds longest.
    #[must_use]
    pub fn certificate(&self, address: &Address, at: Time) -> Option<&Certificate> {
        let own = self.identities.iter().map(|identity| &identity.certificate);
        let all = self.known.iter().chain(own).filter(|certificate| certificate.names(address));
        all.filter(|certificate| seal::fit(certificate, at).is_ok()).max_by_key(|certificate| certificate.not_after())
    }

    /// Keeps a certificate; one that is there already stays as it is.
    pub fn learn(&mut self, certificate: Certificate) {
        if !self.known.contains(&certificate) {
            self.known.push(certificate);
        }
    }

    /// Seals a composed letter.
    ///
    /// # Errors
    /// [`Refusal::NoKey`] and [`Refusal::NoCertificates`] with what is missing: nothing goes out less sealed than was asked.
    pub fn seal(&self, letter: &Composed, choice: Choice, at: Time) -> Result<Sealed, Refusal> {
        let everybody = &letter.envelope.recipients;
        if !choice.signs && !choice.encrypts {
            let message = letter.message.clone();
            let postings = vec![Posting { recipients: everybody.clone(), message }];
            return Ok(Sealed { postings, copy: letter.copy.clone() });
        }
        let sender = sender(&letter.message).ok_or_else(|| Refusal::NoKey("the sender".to_owned()))?;
        let no_key = || Refusal::NoKey(sender.to_string());
        let sign = if choice.signs { Some(self.identity(&sender, at).ok_or_else(no_key)?) } else { None };
        if !choice.encrypts {
            let sealing = Sealing { sign, encrypt: None, protects_header: true, at };
            let message = seal::seal(&letter.message, &sealing)?;
            let postings = vec![Posting { recipients: everybody.clone(), message }];
            return Ok(Sealed { postings, copy: seal::seal(&letter.copy, &sealing)? });
        }
        let own = self.certificate(&sender, at).ok_or_else(no_key)?;
        let missing = everybody.iter().filter(|address| self.certificate(address, at).is_none());
        let missing: Vec<Address> = missing.cloned().collect();
        if !missing.is_empty() {
            return Err(Refusal::NoCertificates(missing));
        }
        let round = Round { keys: self, sign, own, choice, at };
        let postings = groups(letter).into_iter().map(|recipients| {
            let message = round.encrypted(&letter.message, &recipients)?;
            Ok(Posting { recipients, message })
        });
        let postings = postings.collect::<Result<Vec<_>, Error>>()?;
        Ok(Sealed { postings, copy: round.encrypted(&letter.copy, &[])? })
    }
}

/// What is the same for all copies of one letter.
struct Round<'a> {
    keys: &'a Keys,
    sign: Option<&'a Identity>,
    own: &'a Certificate,
    choice: Choice,
    at: Time,
}

impl Round<'_> {
    fn encrypted(&self, message: &[u8], to: &[Address]) -> Result<Vec<u8>, Error> {
        let old = self.choice.for_old_programs;
        let transport = if old { Transport::Pkcs1 } else { Transport::Oaep };
        let cipher = if old { Cipher::Aes256Cbc } else { Cipher::Aes256Gcm };
        let certificates = to.iter().filter_map(|address| self.keys.certificate(address, self.at));
        let recipients: Vec<Recipient<'_>> =
            certificates.map(|certificate| Recipient { certificate, transport }).collect();
        let envelope = Envelope { recipients: &recipients, own: self.own, cipher };
        let sealing = Sealing { sign: self.sign, encrypt: Some(envelope), protects_header: true, at: self.at };
        seal::seal(message, &sealing)
    }
}

/// Those who are named in the letter together, everybody else alone.
fn groups(letter: &Composed) -> Vec<Vec<Address>> {
    let named: Vec<Address> = ["To", "Cc"].iter().flat_map(|name| addresses(&letter.message, name)).collect();
    let everybody = letter.envelope.recipients.iter().cloned();
    let (seen, unseen): (Vec<Address>, Vec<Address>) = everybody.partition(|address| named.contains(address));
    let mut groups: Vec<Vec<Address>> = unseen.into_iter().map(|address| vec![address]).collect();
    if !seen.is_empty() {
        groups.insert(0, seen);
    }
    groups
}

/// Who signs: the sender where one is named beside several authors, else the author.
fn sender(message: &[u8]) -> Option<Address> {
    addresses(message, "Sender").into_iter().next().or_else(|| addresses(message, "From").into_iter().next())
}

fn addresses(message: &[u8], name: &str) -> Vec<Address> {
    let fields = header::fields(message).filter(|field| field.is(name));
    let entries = fields.flat_map(|field| header::addresses(field.value));
    entries.filter_map(|entry| if let Entry::Mailbox(mailbox) = entry { mailbox.address() } else { None }).collect()
}
