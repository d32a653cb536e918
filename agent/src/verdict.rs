//! What is said of a sealed letter in one line, and how good that is. Owns these headlines; the sentences below them are
//! those of `seal`.

use message::harmless::harmless;
use seal::{Extent, Opened, Signer, Standing, Words};
use serde::Serialize;

/// What a reader is told of the seals of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// How good it is.
    pub mark: Mark,
    /// In one line.
    pub headline: String,
    /// What the signature comes to; `None` where the content is not signed.
    pub signature: Option<&'static str>,
    /// It, or a part of it, was encrypted.
    pub encrypted: bool,
    /// What is proved, in sentences.
    pub proved: Vec<String>,
    /// What is not, and what to beware of.
    pub not_proved: Vec<String>,
}

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// It is proved who wrote it.
    Good,
    /// Nothing speaks against it, but something is not proved.
    Doubtful,
    /// Something is wrong.
    Bad,
}

impl Verdict {
    /// Of a letter that was opened.
    #[must_use]
    pub fn of(opened: &Opened) -> Verdict {
        let Words { proved, not_proved } = opened.words();
        let standing = opened.standing();
        let encrypted = opened.encrypted().next().is_some();
        let mark = match standing {
            _ if opened.closed().is_some() || !opened.is_authenticated() => Mark::Bad,
            Some(Standing::Tampered | Standing::WrongAddress | Standing::Weak) => Mark::Bad,
            Some(Standing::Valid) if opened.extent == Extent::Whole => Mark::Good,
            _ => Mark::Doubtful,
        };
        let headline = headline(opened, encrypted);
        Verdict { mark, headline, signature: standing.map(word), encrypted, proved, not_proved }
    }

    /// A letter for each mark, for places with little room.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        match self.mark {
            Mark::Good => "ok",
            Mark::Doubtful => "?",
            Mark::Bad => "!!",
        }
    }
}

fn headline(opened: &Opened, encrypted: bool) -> String {
    let signed = opened.standing().map(|standing| signature(opened, standing));
    let told = match (opened.closed(), signed, encrypted) {
        (Some(error), _, _) => format!("NOT OPENED: {error}"),
        (None, Some(signed), true) => format!("{signed}; encrypted"),
        (None, Some(signed), false) => signed,
        (None, None, true) if opened.is_signed_outside_only() => {
            "Encrypted; the signature is of the closed envelope only".to_owned()
        }
        (None, None, true) if !opened.is_authenticated() => {
            "Encrypted, but NOT SAFE from changes; not signed".to_owned()
        }
        (None, None, true) => "Encrypted; not signed".to_owned(),
        (None, None, false) => "Certificates without a signature".to_owned(),
    };
    if opened.extent == Extent::Partial { format!("ONE PART ONLY: {told}") } else { told }
}

fn signature(opened: &Opened, standing: Standing) -> String {
    let main = opened.signed().last().and_then(seal::Verified::main);
    let whose = match main.map(|signature| &signature.signer) {
        Some(Signer::From(address) | Signer::Sender(address)) => harmless(&address.to_string()).into_owned(),
        _ => "somebody else".to_owned(),
    };
    match standing {
        Standing::Valid => format!("Signed by {whose}"),
        Standing::SentForOthers => format!("Signed by {whose}, who sent it for others"),
        Standing::Tampered => "NOT VALID: changed since it was signed".to_owned(),
        Standing::Expired => format!("Signed by {whose}, but the certificate has expired"),
        Standing::NotYetValid => format!("Signed by {whose}, but the certificate does not hold yet"),
        Standing::Untrusted => format!("Signed as {whose}, but nobody you trust vouches for that"),
        Standing::WrongAddress => "NOT VALID: signed by another address than it says to come from".to_owned(),
        Standing::Weak => "NOT VALID: others can forge this signature".to_owned(),
        Standing::Unchecked => "Signed, but the signature cannot be checked".to_owned(),
        Standing::Misused => "Signed with a certificate that is not good for mail".to_owned(),
    }
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Valid => "valid",
        Standing::SentForOthers => "sent_for_others",
        Standing::Tampered => "tampered",
        Standing::Expired => "expired",
        Standing::NotYetValid => "not_yet_valid",
        Standing::Untrusted => "untrusted",
        Standing::WrongAddress => "wrong_address",
        Standing::Weak => "weak",
        Standing::Unchecked => "unchecked",
        Standing::Misused => "misused",
    }
}
