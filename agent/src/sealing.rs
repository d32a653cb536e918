//! Letters signed and encrypted (S/MIME): which of a person's keys signs and opens, which certificates a letter is encrypted
//! to, and what a reader is given. What is proved is decided in `seal`; where keys and certificates lie is `disk`'s.

use crate::account::SealHabits;
use crate::letter::Composed;
use crate::verdict::Verdict;
use message::header::{self, Entry};
use message::{Address, Time, date};
use seal::{Certificate, Cipher, Envelope, Error, Identity, Reader, Recipient, Roots, Sealing, Standing, Transport};
use serde::{Deserialize, Serialize};

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// It is signed.
    pub signs: bool,
    /// It is encrypted to everybody who gets it.
    pub encrypts: bool,
    /// It is encrypted as programs of before 2019 can read it: AES in CBC, RSA without OAEP.
    pub for_old_programs: bool,
}

/// What somebody says of one letter; what is left open is decided by habit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// It is signed, or not.
    pub signs: Option<bool>,
    /// It is encrypted, or not.
    pub encrypts: Option<bool>,
    /// As old programs can read it.
    pub for_old_programs: bool,
    /// It answers a letter that was encrypted, or sends one on: what was said in secret stays so.
    pub answers_encrypted: bool,
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
    #[error("it cannot be signed: {0}. `pillarbox mail key import FILE` brings in a key (.p12 or PEM)")]
    NoKey(Lack),
    /// The sender's own certificate cannot be encrypted to, so he could not read his own letter.
    #[error(
        "it cannot be encrypted, because you could not read your own copy: {0}. `pillarbox mail key import FILE` brings in \
         a key (.p12 or PEM)"
    )]
    NoOwn(Lack),
    /// No certificates of these.
    #[error(
        "it cannot be encrypted: {}. A signed letter from them brings one, or `pillarbox mail key import FILE`",
        .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    NoCertificates(Vec<Lack>),
    /// It says that it is from nobody.
    #[error("it cannot be signed or encrypted: it names no sender")]
    NoSender,
    /// Anything else.
    #[error(transparent)]
    Seal(#[from] Error),
}

/// What is missing for an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} {address}{more}")]
pub struct Lack {
    /// Whose.
    pub address: Address,
    why: &'static str,
    more: String,
}

/// A letter as a reader is given it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The message without its seals, for `reading`.
    pub message: Vec<u8>,
    /// What the signature comes to, where there is one.
    pub standing: Option<Standing>,
    /// Whether HTML may be rendered and remote content fetched; where not, plain text alone is shown.
    pub may_render_html: bool,
    /// Whether it was encrypted, and could be opened.
    pub was_encrypted: bool,
    /// Whether something in it could not be opened: it is shown as it came.
    pub is_closed: bool,
    /// What is proved and what is not, for people.
    pub verdict: Verdict,
    /// The sender's certificate, where the letter proves that it is his: worth keeping among [`Keys::known`].
    pub certificate: Option<Certificate>,
}

impl Opened {
    /// Whether its text may stand in an answer. Somebody may have sent on, under his own name, what he could not read: an
    /// answer with its text would tell him (as EFAIL does by other ways). So who wrote it must be proved.
    #[must_use]
    pub fn may_be_quoted(&self) -> bool {
        !self.was_encrypted || self.standing == Some(Standing::Valid)
    }
}

impl Refusal {
    /// It cannot be encrypted to its writer, whoever else it is for: neither could a draft of it.
    #[must_use]
    pub fn is_of_own_copy(&self) -> bool {
        matches!(self, Refusal::NoOwn(_) | Refusal::NoSender)
    }
}

impl Choice {
    /// Whether anything is done.
    #[must_use]
    pub fn seals(self) -> bool {
        self.signs || self.encrypts
    }

    /// `signed and encrypted`; nothing where nothing is done.
    #[must_use]
    pub fn words(self) -> &'static str {
        match (self.signs, self.encrypts, self.for_old_programs) {
            (false, false, _) => "",
            (true, false, _) => "signed",
            (false, true, false) => "encrypted",
            (true, true, false) => "signed and encrypted",
            (false, true, true) => "encrypted for old programs",
            (true, true, true) => "signed and encrypted for old programs",
        }
    }
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
            may_render_html: opened.may_render_html(),
            was_encrypted: opened.encrypted().next().is_some(),
            is_closed: opened.closed().is_some(),
            verdict: Verdict::of(&opened),
            certificate: opened.certificate_to_keep().cloned(),
        })
    }

    /// The key that signs for an address: of those that hold at the time, the one that holds longest.
    #[must_use]
    pub fn identity(&self, address: &Address, at: Time) -> Option<&Identity> {
        let holds = |certificate: &Certificate| certificate.not_before() <= at && at <= certificate.not_after();
        let own = self.identities.iter().filter(|identity| identity.certificate.names(address));
        let fit = |certificate: &Certificate| holds(certificate) && certificate.may_sign();
        own.filter(|identity| fit(&identity.certificate)).max_by_key(|identity| identity.certificate.not_after())
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

    /// What is done to a letter: what somebody said, else what they always do. An answer to what was encrypted is, too.
    #[must_use]
    pub fn choose(&self, letter: &Composed, wish: Wish, habits: SealHabits, at: Time) -> Choice {
        let signs = wish.signs.unwrap_or(habits.signs_always);
        let encrypts = wish.encrypts.unwrap_or_else(|| {
            wish.answers_encrypted || (habits.encrypts_when_possible && self.can_encrypt(letter, at))
        });
        Choice { signs, encrypts, for_old_programs: wish.for_old_programs && encrypts }
    }

    /// Whether there is a certificate of everybody.
    #[must_use]
    pub fn can_encrypt(&self, letter: &Composed, at: Time) -> bool {
        let own = sender(&letter.message).is_some_and(|sender| self.own(&sender, at).is_some());
        own && letter.envelope.recipients.iter().all(|address| self.certificate(address, at).is_some())
    }

    /// Whether a letter can be sealed so; cheaper than to seal it.
    ///
    /// # Errors
    /// [`Refusal::NoKey`], [`Refusal::NoOwn`] and [`Refusal::NoCertificates`] with what is missing.
    pub fn check(&self, letter: &Composed, choice: Choice, at: Time) -> Result<(), Refusal> {
        if !choice.seals() {
            return Ok(());
        }
        let sender = sender(&letter.message).ok_or(Refusal::NoSender)?;
        if choice.encrypts {
            self.check_own(&sender, at)?;
        }
        if choice.signs && self.identity(&sender, at).is_none() {
            return Err(Refusal::NoKey(self.lack_of_key(&sender, at)));
        }
        if !choice.encrypts {
            return Ok(());
        }
        let everybody = letter.envelope.recipients.iter();
        let missing = everybody.filter(|address| self.certificate(address, at).is_none());
        let missing: Vec<Lack> = missing.map(|address| self.lack_of_certificate(address, at)).collect();
        if missing.is_empty() { Ok(()) } else { Err(Refusal::NoCertificates(missing)) }
    }

    /// Whether a letter of this address can be encrypted to its own writer, as copies and drafts are.
    ///
    /// # Errors
    /// [`Refusal::NoOwn`] with what is missing.
    pub fn check_own(&self, address: &Address, at: Time) -> Result<(), Refusal> {
        self.own(address, at).map(|_| ()).ok_or_else(|| Refusal::NoOwn(self.lack_of_own(address, at)))
    }

    /// The certificate of an own key to encrypt to: others could be opened by nobody here.
    fn own(&self, address: &Address, at: Time) -> Option<&Certificate> {
        let own = self.identities.iter().map(|identity| &identity.certificate);
        let own = own.filter(|certificate| certificate.names(address) && seal::fit(certificate, at).is_ok());
        own.max_by_key(|certificate| certificate.not_after())
    }

    fn lack_of_key(&self, address: &Address, at: Time) -> Lack {
        let own = self.identities.iter().map(|identity| &identity.certificate);
        let last = own.filter(|certificate| certificate.names(address)).max_by_key(|own| own.not_after());
        let more = last.map(|certificate| why_not(certificate, at, "its key is not for signing"));
        lack(address, "there is no key of", more)
    }

    fn lack_of_own(&self, address: &Address, at: Time) -> Lack {
        let own = self.identities.iter().map(|identity| &identity.certificate);
        let last = own.filter(|certificate| certificate.names(address)).max_by_key(|own| own.not_after());
        lack(address, "there is no key of", last.map(|certificate| unfit(certificate, at)))
    }

    fn lack_of_certificate(&self, address: &Address, at: Time) -> Lack {
        let own = self.identities.iter().map(|identity| &identity.certificate);
        let all = self.known.iter().chain(own).filter(|certificate| certificate.names(address));
        let last = all.max_by_key(|certificate| certificate.not_after());
        lack(address, "there is no certificate of", last.map(|certificate| unfit(certificate, at)))
    }

    /// Seals a composed letter.
    ///
    /// # Errors
    /// Those of [`Keys::check`]: nothing goes out less sealed than was asked.
    pub fn seal(&self, letter: &Composed, choice: Choice, at: Time) -> Result<Sealed, Refusal> {
        self.check(letter, choice, at)?;
        let everybody = &letter.envelope.recipients;
        if !choice.seals() {
            let message = letter.message.clone();
            let postings = vec![Posting { recipients: everybody.clone(), message }];
            return Ok(Sealed { postings, copy: letter.copy.clone() });
        }
        let sender = sender(&letter.message).ok_or(Refusal::NoSender)?;
        let sign = self.identity(&sender, at).filter(|_| choice.signs);
        let Some(own) = self.own(&sender, at).filter(|_| choice.encrypts) else {
            let sealing = Sealing { sign, encrypt: None, protects_header: true, at };
            let message = seal::seal(&letter.message, &sealing)?;
            let postings = vec![Posting { recipients: everybody.clone(), message }];
            return Ok(Sealed { postings, copy: seal::seal(&letter.copy, &sealing)? });
        };
        let round = Round { keys: self, sign, own, choice, at };
        let postings = groups(letter).into_iter().map(|recipients| {
            let message = round.encrypted(&letter.message, &recipients)?;
            Ok(Posting { recipients, message })
        });
        let postings = postings.collect::<Result<Vec<_>, Error>>()?;
        Ok(Sealed { postings, copy: round.encrypted(&letter.copy, &[])? })
    }
}

impl Keys {
    /// Encrypts a message to its own writer alone: a draft that lies at a server.
    ///
    /// # Errors
    /// [`Refusal::NoOwn`] where there is no key to open it with again.
    pub fn seal_to_self(&self, message: &[u8], at: Time) -> Result<Vec<u8>, Refusal> {
        let sender = sender(message).ok_or(Refusal::NoSender)?;
        let own = self.own(&sender, at).ok_or_else(|| Refusal::NoOwn(self.lack_of_own(&sender, at)))?;
        let round = Round { keys: self, sign: None, own, choice: Choice::default(), at };
        Ok(round.encrypted(message, &[])?)
    }
}

fn lack(address: &Address, why: &'static str, more: Option<String>) -> Lack {
    // One that is there, but is of no use, is told of with its reason.
    let more = more.map(|reason| format!(" that can be used: {reason}")).unwrap_or_default();
    Lack { address: address.clone(), why, more }
}

/// Why a certificate cannot be encrypted to.
fn unfit(certificate: &Certificate, at: Time) -> String {
    match seal::fit(certificate, at) {
        Err(Error::Recipient { reason, .. }) => why_not(certificate, at, reason),
        _ => why_not(certificate, at, "its key is not among yours"),
    }
}

fn why_not(certificate: &Certificate, at: Time, else_reason: &str) -> String {
    if at > certificate.not_after() {
        return format!("the certificate expired on {}", date::write(certificate.not_after(), 0));
    }
    if at < certificate.not_before() {
        return format!("the certificate does not hold before {}", date::write(certificate.not_before(), 0));
    }
    else_reason.to_owned()
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
