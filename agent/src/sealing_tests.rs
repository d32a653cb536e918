//! Letters composed here, sealed and opened by the people they are for.
#![allow(clippy::unwrap_used)]

use crate::account::SealHabits;
use crate::letter::{Composed, Letter, Recipients};
use crate::sealing::{Choice, Keys, Refusal, Wish};
use message::date::Date;
use message::{Address, Time};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, SanType, date_time_ymd};
use seal::{Identity, Roots, Standing};

pub(crate) const NOW: Time = Time(1_795_305_600_000);

pub(crate) fn identity(address: &str) -> Identity {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::Rfc822Name(address.try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    (params.not_before, params.not_after) = (date_time_ymd(2021, 1, 1), date_time_ymd(2040, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Identity::from_pem((key.serialize_pem() + &certificate.pem()).as_bytes(), None).unwrap()
}

/// Somebody with a key, who knows and trusts others.
pub(crate) fn person(own: &Identity, others: &[&Identity]) -> Keys {
    let known: Vec<_> = others.iter().map(|other| other.certificate.clone()).collect();
    let mut roots = Roots::new();
    known.iter().for_each(|certificate| roots.add(certificate.clone()).unwrap());
    Keys { identities: vec![own.clone()], roots, known }
}

pub(crate) fn composed(bcc: &str) -> Composed {
    let letter = Letter {
        from: Recipients::read("From", "Alice <alice@hamburger.edu>").unwrap(),
        to: Recipients::read("To", "bob@crepes.fr").unwrap(),
        bcc: Recipients::read("Bcc", bcc).unwrap(),
        subject: "Ketchup".to_owned(),
        text: "Crêpes are thin.\n".to_owned(),
        ..Letter::default()
    };
    letter.compose(Date { unix_seconds: 1_795_305_600, offset_minutes: Some(60) }, &[7; 32])
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn a_letter_reaches_whom_it_is_for_and_nobody_learns_of_the_unseen() {
    let (alice, bob, carol) = (identity("alice@hamburger.edu"), identity("bob@crepes.fr"), identity("carol@crepes.fr"));
    let sender = person(&alice, &[&bob, &carol]);
    let choice = Choice { signs: true, encrypts: true, for_old_programs: false };
    let sealed = sender.seal(&composed("carol@crepes.fr"), choice, NOW).unwrap();
    let to: Vec<_> = sealed.postings.iter().map(|posting| posting.recipients.clone()).collect();
    assert_eq!(to, [vec![address("bob@crepes.fr")], vec![address("carol@crepes.fr")]]);
    assert!(!text(&sealed.postings[0].message).contains("Ketchup"));
    let readers = [person(&bob, &[&alice]), person(&carol, &[&alice])];
    for (posting, reader) in sealed.postings.iter().zip(&readers) {
        let opened = reader.open(&posting.message, NOW).unwrap();
        assert_eq!(opened.standing, Some(Standing::Valid));
        assert!(opened.may_render_html);
        let message = text(&opened.message);
        assert!(message.contains("Subject: Ketchup\r\n") && !message.contains("[...]"), "{message}");
        assert!(message.contains("Cr=C3=AApes are thin.") && !message.contains("carol"), "{message}");
        assert_eq!(opened.certificate.as_ref(), Some(&alice.certificate));
    }
    // The one cannot open what is for the other; the sender opens his copy and sees all.
    let foreign = readers[0].open(&sealed.postings[1].message, NOW).unwrap();
    assert!(foreign.standing.is_none() && foreign.verdict.not_proved[0].contains("not for any of your keys"));
    let copy = text(&person(&alice, &[&alice]).open(&sealed.copy, NOW).unwrap().message);
    assert!(copy.contains("Bcc: carol@crepes.fr\r\n") && copy.contains("Ketchup"), "{copy}");
}

#[test]
fn nothing_goes_out_less_sealed_than_was_asked() {
    let (alice, bob) = (identity("alice@hamburger.edu"), identity("bob@crepes.fr"));
    let encrypts = Choice { encrypts: true, ..Choice::default() };
    let signs = Choice { signs: true, ..Choice::default() };
    let alone = person(&alice, &[]);
    let told = |keys: &Keys, choice, at| keys.seal(&composed(""), choice, at).unwrap_err().to_string();
    let missing = alone.seal(&composed(""), encrypts, NOW).unwrap_err();
    assert!(matches!(&missing, Refusal::NoCertificates(lacks) if lacks[0].address == address("bob@crepes.fr")));
    assert_eq!(
        missing.to_string(),
        "it cannot be encrypted: there is no certificate of bob@crepes.fr. A signed letter from them brings one, or \
         `pillarbox mail key import FILE`"
    );
    assert!(matches!(person(&bob, &[]).seal(&composed(""), signs, NOW), Err(Refusal::NoKey(_))));
    assert!(matches!(person(&bob, &[&alice]).seal(&composed(""), encrypts, NOW), Err(Refusal::NoOwn(_))));
    // Of what is there, but cannot be used, the reason is told.
    let late = message::Time(2_300_000_000_000);
    assert!(told(&alone, signs, late).contains("expired on Sun, 1 Jan 2040"));
    let both = person(&alice, &[&bob]);
    assert!(told(&both, encrypts, message::Time(0)).contains("does not hold before"));
    let plain = alone.seal(&composed(""), Choice::default(), NOW).unwrap();
    assert_eq!(plain.postings[0].message, composed("").message);
}

#[test]
fn an_answer_can_be_encrypted_with_what_the_letter_brought() {
    let (alice, bob) = (identity("alice@hamburger.edu"), identity("bob@crepes.fr"));
    let signs = Choice { signs: true, ..Choice::default() };
    let sealed = person(&alice, &[]).seal(&composed(""), signs, NOW).unwrap();
    let mut reader = person(&bob, &[]);
    // Not trusted: nothing is learnt from it.
    assert!(reader.open(&sealed.postings[0].message, NOW).unwrap().certificate.is_none());
    reader.roots.add(alice.certificate.clone()).unwrap();
    let opened = reader.open(&sealed.postings[0].message, NOW).unwrap();
    for _ in 0..2 {
        reader.learn(opened.certificate.clone().unwrap());
    }
    assert_eq!(reader.known.len(), 1);
    assert!(reader.certificate(&address("alice@hamburger.edu"), NOW).is_some());
}

#[test]
fn old_programs_are_written_to_in_their_way() {
    let (alice, bob) = (identity("alice@hamburger.edu"), identity("bob@crepes.fr"));
    let old = Choice { signs: false, encrypts: true, for_old_programs: true };
    let sealed = person(&alice, &[&bob]).seal(&composed(""), old, NOW).unwrap();
    assert!(text(&sealed.postings[0].message).contains("smime-type=enveloped-data"));
    let opened = person(&bob, &[]).open(&sealed.postings[0].message, NOW).unwrap();
    assert!(!opened.may_render_html && text(&opened.message).contains("Ketchup"));
}

#[test]
fn habits_decide_what_nobody_said() {
    let (alice, bob) = (identity("alice@hamburger.edu"), identity("bob@crepes.fr"));
    let (alone, both) = (person(&alice, &[]), person(&alice, &[&bob]));
    let habits = SealHabits { signs_always: true, encrypts_when_possible: true };
    let chosen = |keys: &Keys, wish| keys.choose(&composed(""), wish, habits, NOW);
    assert_eq!(chosen(&alone, Wish::default()).words(), "signed");
    assert_eq!(chosen(&both, Wish::default()).words(), "signed and encrypted");
    let no = Wish { signs: Some(false), encrypts: Some(false), ..Wish::default() };
    assert_eq!(chosen(&both, no), Choice::default());
    // What was said in secret stays so, and is refused rather than said aloud.
    let answer = Wish { answers_encrypted: true, ..Wish::default() };
    let choice = alone.choose(&composed(""), answer, SealHabits::default(), NOW);
    assert_eq!(choice.words(), "encrypted");
    assert!(alone.check(&composed(""), choice, NOW).is_err());
}

#[test]
fn what_somebody_sent_on_is_not_quoted_to_him() {
    let (alice, bob) = (identity("alice@hamburger.edu"), identity("bob@crepes.fr"));
    let both = person(&alice, &[&bob]);
    let opened = |signs| {
        let choice = Choice { signs, encrypts: true, for_old_programs: false };
        let sealed = both.seal(&composed(""), choice, NOW).unwrap();
        person(&bob, &[&alice]).open(&sealed.postings[0].message, NOW).unwrap()
    };
    assert!(opened(true).may_be_quoted() && !opened(false).may_be_quoted());
}
