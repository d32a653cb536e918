//! What is proved and what is not, in words for people. Owns these sentences; the facts are those of `verify` and `open`.

use crate::certificate::{Certificate, fit_to_show};
use crate::chain::Trust;
use crate::open::{Extent, Opened};
use crate::verify::{Integrity, Signature, Signer, Standing};
use message::{Address, Time, date};

/// Addresses that a sentence names.
const NAMED_MAX: usize = 5;

/// Sentences about a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// What is proved.
    pub proved: Vec<String>,
    /// What is not, and what to beware of; the most important first.
    pub not_proved: Vec<String>,
}

impl Opened {
    /// All that is to be said of the letter.
    #[must_use]
    pub fn words(&self) -> Words {
        let mut words = Words::default();
        if self.extent == Extent::Partial {
            words.not_proved.push(
                "Only one part of the letter was signed or encrypted. That part alone is shown; what stands around it may \
                 be from anybody."
                    .to_owned(),
            );
        }
        if let Some(error) = self.closed() {
            words.not_proved.push(format!("It could not be opened completely: {error}."));
        }
        self.about_encryption(&mut words);
        for verified in self.signed() {
            match verified.signatures.as_slice() {
                [] => words.not_proved.push("The letter brings certificates, but no signature.".to_owned()),
                [one] => one.words(&mut words),
                several => {
                    words.not_proved.push(format!("The letter has {} signatures; each is told of.", several.len()));
                    several.iter().for_each(|signature| signature.words(&mut words));
                }
            }
        }
        self.about_header(&mut words);
        words
    }

    fn is_proved(&self) -> bool {
        matches!(self.standing(), Some(Standing::Valid | Standing::SentForOthers))
    }

    fn about_encryption(&self, words: &mut Words) {
        let Some(first) = self.encrypted().next() else { return };
        words.proved.push(match first.recipients {
            0 | 1 => "The letter was encrypted on its way, for one key.".to_owned(),
            several => format!("The letter was encrypted on its way, for {several} keys."),
        });
        if self.encrypted().any(|opened| opened.is_weak) {
            words.not_proved.push(
                "It was encrypted with 3DES, a weak cipher of long ago: others may have read it on its way.".to_owned(),
            );
        }
        if !self.is_authenticated() {
            words.not_proved.push(
                "It was encrypted in a way that does not show changes (unauthenticated), so it may have been tampered \
                 with. It is shown as text only, and nothing is fetched."
                    .to_owned(),
            );
        }
        if self.is_signed_outside_only() {
            words.not_proved.push(
                "What was signed is the closed envelope: who signed it need not know, nor have written, what is in it."
                    .to_owned(),
            );
        }
        if !self.is_proved() {
            words.not_proved.push("Encryption does not prove who wrote it.".to_owned());
        }
    }

    fn about_header(&self, words: &mut Words) {
        let proves = self.is_proved();
        let subject = self.header.as_ref().and_then(|header| header.field("Subject"));
        match subject {
            Some(field) if field.was_hidden => words.proved.push("The subject was encrypted, too.".to_owned()),
            Some(_) if proves => words.proved.push("The signature covers the subject, too.".to_owned()),
            Some(_) => {}
            None if self.signed().next().is_some() => {
                words
                    .not_proved
                    .push("The subject and the other header lines are not covered by the signature.".to_owned());
            }
            None => words.not_proved.push("The subject was not encrypted.".to_owned()),
        }
        for field in self.header.iter().flat_map(|header| header.altered()).take(NAMED_MAX) {
            let outer = field
                .outer
                .as_deref()
                .map_or_else(|| "nothing".to_owned(), |outer| format!("\u{201c}{}\u{201d}", fit_to_show(outer)));
            words.not_proved.push(format!(
                "The {} outside the seal is another one ({outer}) than inside (\u{201c}{}\u{201d}).",
                fit_to_show(&field.name),
                fit_to_show(&field.value)
            ));
        }
    }
}

impl Signature {
    /// What is to be said of this signature.
    fn words(&self, words: &mut Words) {
        let who = self.certificate.as_ref().map_or_else(|| "somebody".to_owned(), Certificate::subject);
        match &self.integrity {
            Integrity::Intact => self.intact(&who, words),
            Integrity::Altered => words.not_proved.push(format!(
                "The signature does not fit: the letter was changed after it was signed, or it was never signed by the key \
                 of {who}."
            )),
            Integrity::Weak(reason) => words.not_proved.push(format!(
                "The signature rests on {}, which others can forge: it proves nothing.",
                fit_to_show(reason)
            )),
            Integrity::Unknown(what) => words
                .not_proved
                .push(format!("The signature cannot be checked: {} is not known here.", fit_to_show(what))),
            Integrity::NoCertificate => words
                .not_proved
                .push("The signature cannot be checked: the letter does not bring the signer's certificate.".to_owned()),
            Integrity::Unreadable => {
                words.not_proved.push("What should be a signature cannot be read.".to_owned());
            }
        }
    }

    fn intact(&self, who: &str, words: &mut Words) {
        words.proved.push(match &self.signer {
            Signer::From(address) => {
                format!("The letter was signed by the key of {} and was not changed since.", shown(address))
            }
            Signer::Sender(address) => format!(
                "The letter was signed by the key of {}, who sent it for others, and was not changed since.",
                shown(address)
            ),
            Signer::Other(_) | Signer::Nobody => {
                format!("The letter was signed by a key that is said to be of {who} and was not changed since.")
            }
        });
        self.about_trust(words);
        match &self.signer {
            Signer::From(_) => {}
            Signer::Sender(_) => words
                .not_proved
                .push("The author named in the letter did not sign it; who sent it for him did.".to_owned()),
            Signer::Other(addresses) => words.not_proved.push(format!(
                "The address does not fit: the certificate is that of {}, not of the address the letter says to come from.",
                addresses.iter().take(NAMED_MAX).map(shown).collect::<Vec<_>>().join(", ")
            )),
            Signer::Nobody => words
                .not_proved
                .push("The certificate names no address, so it does not tell whose letter this is.".to_owned()),
        }
        if let Some(at) = self.signed_at {
            words.not_proved.push(format!("When it was signed, {}, is the signer's word alone.", date::write(at, 0)));
        }
    }

    fn about_trust(&self, words: &mut Words) {
        let issuer = self.certificate.as_ref().map_or_else(String::new, Certificate::issuer);
        let until = |time: fn(&Certificate) -> Time| {
            self.certificate.as_ref().map_or_else(String::new, |certificate| date::write(time(certificate), 0))
        };
        let told = match &self.trust {
            Trust::Trusted { root } => {
                words.proved.push(format!("The certificate is from {root}, which you trust."));
                "Whether the certificate was revoked since was not asked.".to_owned()
            }
            Trust::Chosen => {
                words.proved.push("You have chosen to trust this very certificate.".to_owned());
                return;
            }
            Trust::Expired { held_when_signed: true } => format!(
                "The certificate, or one it rests on, has expired (its own end: {}). It held at the time the signer says to \
                 have signed.",
                until(Certificate::not_after)
            ),
            Trust::Expired { held_when_signed: false } => format!(
                "The certificate, or one it rests on, has expired (its own end: {}).",
                until(Certificate::not_after)
            ),
            Trust::NotYetValid => format!(
                "The certificate, or one it rests on, does not hold yet (its own beginning: {}).",
                until(Certificate::not_before)
            ),
            Trust::UnknownIssuer => format!(
                "Nobody you trust vouches for the certificate (it says to be from {issuer}): anybody could have made it."
            ),
            Trust::WrongPurpose => "The certificate was not made for signing mail.".to_owned(),
            Trust::Weak => "The certificate, or one it rests on, is made in a way that others can forge.".to_owned(),
            Trust::Constrained => format!(
                "An authority behind the certificate (it says to be from {issuer}) may not vouch for it, or limits itself \
                 in a way that cannot be checked here."
            ),
            Trust::Broken => format!("The certificate (it says to be from {issuer}) does not hold up to the rules."),
        };
        words.not_proved.push(told);
    }
}

fn shown(address: &Address) -> String {
    fit_to_show(&address.to_string())
}
