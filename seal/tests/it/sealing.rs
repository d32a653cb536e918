//! Sealed and opened by ourselves: what comes back, what is said of it, and what is refused.

use crate::people::{DAY_MS, NOW, address, certificate_of, identity, letter, people, person, text};
use message::Time;
use rcgen::{CertificateParams, DnType, GeneralSubtree, KeyPair, NameConstraints, SanType};
use seal::{
    Cipher, Envelope, Error, Extent, Identity, Integrity, LAYERS_MAX, Mode, Opened, PROTECTED_FIELDS_MAX, Reader,
    Recipient, Roots, Sealing, Signer, Standing, Transport, Trust, open, seal,
};

pub fn signed(message: &[u8], by: &Identity) -> Vec<u8> {
    seal(message, &Sealing { sign: Some(by), encrypt: None, protects_header: false, at: NOW }).unwrap()
}

pub fn encrypted(message: &[u8], to: &[&Identity], own: &Identity, cipher: Cipher) -> Vec<u8> {
    let recipients: Vec<Recipient<'_>> = to
        .iter()
        .map(|identity| Recipient { certificate: certificate_of(identity), transport: Transport::Oaep })
        .collect();
    let envelope = Envelope { recipients: &recipients, own: &own.certificate, cipher };
    seal(message, &Sealing { sign: None, encrypt: Some(envelope), protects_header: false, at: NOW }).unwrap()
}

fn opened(message: &[u8], identities: &[Identity]) -> Opened {
    open(message, &people().reader(identities)).unwrap()
}

#[test]
fn every_kind_of_key_signs_and_is_believed() {
    let people = people();
    for (who, from) in [
        (&people.alice, "alice@hamburger.edu"),
        (&people.bob, "bob@crepes.fr"),
        (&people.carol, "carol@crepes.fr"),
        (&people.dora, "dora@hamburger.edu"),
        (&people.emil, "emil@hamburger.edu"),
    ] {
        let letter = signed(&letter(from), who);
        let opened = opened(&letter, &[]);
        assert_eq!(opened.standing(), Some(Standing::Valid), "{from}: {opened:?}");
        assert_eq!(opened.extent, Extent::Whole);
        assert!(text(&opened.entity).contains("Do you like ketchup?"));
        let signature = opened.signed().next().unwrap().main().unwrap();
        assert_eq!(signature.signer, Signer::From(address(from)));
        assert_eq!(signature.signed_at, Some(NOW));
        assert!(signature.capabilities.gcm && signature.capabilities.oaep);
        assert_eq!(signature.trust, Trust::Trusted { root: "Hamburger Authority".to_owned() });
        assert!(opened.may_render_html());
    }
}

#[test]
fn what_is_signed_is_lines_of_seven_bits() {
    let letter = signed(&letter("alice@hamburger.edu"), &people().alice);
    assert!(letter.is_ascii());
    assert!(text(&letter).contains("Cr=C3=AApes"), "{}", text(&letter));
    let beyond = b"From: alice@hamburger.edu\r\nContent-Type: text/plain; name=\"\xc3\xaa\"\r\n\r\nx\r\n";
    let sealing = Sealing { sign: Some(&people().alice), encrypt: None, protects_header: false, at: NOW };
    assert_eq!(seal(beyond, &sealing), Err(Error::Unsignable));
}

/// A mailbox file writes `>From`, which would break the signature.
#[test]
fn no_line_of_a_signed_text_begins_with_from() {
    let people = people();
    let texts = [
        "Content-Type: text/plain\r\n\r\nFrom me to you.\r\nFrom here = there.\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nFrom me to you.\r\nx =\r\nFrom here =3D there.\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: 7bit\r\n\r\nFrom me to you.\r\n--b--\r\n",
    ];
    for text in texts {
        let sealed = signed(format!("From: alice@hamburger.edu\r\n{text}").as_bytes(), &people.alice);
        assert!(!self::text(&sealed).contains("\nFrom "), "{}", self::text(&sealed));
        let opened = opened(&sealed, &[]);
        assert_eq!(opened.standing(), Some(Standing::Valid));
        let structure = message::parse(&opened.entity);
        let part = structure.parts.last().unwrap();
        let body = &opened.entity[usize::try_from(part.body.start).unwrap()..usize::try_from(part.body.end).unwrap()];
        let body = message::encoding::decode(part.encoding, body);
        assert!(self::text(&body).starts_with("From me to you."), "{}", self::text(&body));
    }
    // What somebody else signed goes along as it is.
    let inner = signed(b"From: bob@crepes.fr\r\n\r\nx\r\n", &people.bob);
    let inner = self::text(&inner).replace("This letter is signed", "From here on it is signed");
    let outer = format!("From: alice@hamburger.edu\r\nContent-Type: message/rfc822\r\n\r\n{inner}");
    let sealed = signed(outer.as_bytes(), &people.alice);
    assert!(self::text(&sealed).contains(&inner));
}

#[test]
fn a_letter_kept_with_the_line_ends_of_unix_is_still_the_same() {
    let letter = signed(&letter("alice@hamburger.edu"), &people().alice);
    let unix = text(&letter).replace("\r\n", "\n");
    assert_eq!(opened(unix.as_bytes(), &[]).standing(), Some(Standing::Valid));
}

#[test]
fn a_change_shows() {
    let letter = text(&signed(&letter("alice@hamburger.edu"), &people().alice)).replace("ketchup", "mustard");
    let opened = opened(letter.as_bytes(), &[]);
    assert_eq!(opened.standing(), Some(Standing::Tampered));
    let words = opened.words();
    assert!(words.proved.is_empty(), "{words:?}");
    assert!(words.not_proved[0].contains("was changed after it was signed"), "{words:?}");
}

#[test]
fn the_words_tell_what_is_proved_and_what_is_not() {
    let words = opened(&signed(&letter("alice@hamburger.edu"), &people().alice), &[]).words();
    assert_eq!(
        words.proved,
        [
            "The letter was signed by the key of alice@hamburger.edu and was not changed since.",
            "The certificate is from Hamburger Authority, which you trust.",
        ]
    );
    assert_eq!(
        words.not_proved,
        [
            "Whether the certificate was revoked since was not asked.",
            "When it was signed, Sun, 22 Nov 2026 00:00:00 +0000, is the signer's word alone.",
            "The subject and the other header lines are not covered by the signature.",
        ]
    );
}

#[test]
fn certificates_that_do_not_hold_are_told_apart() {
    let people = people();
    let standing = |who: &Identity, from: &str| opened(&signed(&letter(from), who), &[]).standing().unwrap();
    assert_eq!(standing(&people.old, "old@hamburger.edu"), Standing::Expired);
    assert_eq!(standing(&people.young, "young@hamburger.edu"), Standing::NotYetValid);
    assert_eq!(standing(&people.mallory, "alice@hamburger.edu"), Standing::Untrusted);
    assert_eq!(standing(&people.server, "server@hamburger.edu"), Standing::Misused);
    assert_eq!(standing(&people.bob, "alice@hamburger.edu"), Standing::WrongAddress);
}

#[test]
fn an_old_letter_was_signed_while_the_certificate_held() {
    let people = people();
    let then = Time(NOW.0 - 2 * 365 * DAY_MS);
    let sealing = Sealing { sign: Some(&people.old), encrypt: None, protects_header: false, at: then };
    let letter = seal(&letter("old@hamburger.edu"), &sealing).unwrap();
    let opened = opened(&letter, &[]);
    let signature = opened.signed().next().unwrap().main().unwrap();
    assert_eq!(signature.trust, Trust::Expired { held_when_signed: true });
    assert_eq!(signature.standing(), Standing::Expired);
    let back_then = Reader { at: then, ..people.reader(&[]) };
    assert_eq!(open(&letter, &back_then).unwrap().standing(), Some(Standing::Valid));
}

#[test]
fn a_certificate_chosen_by_itself_is_believed() {
    let people = people();
    let mut roots = Roots::new();
    roots.add(people.mallory.certificate.clone()).unwrap();
    let reader = Reader { identities: &[], roots: &roots, known: &[], at: NOW };
    let letter = signed(&letter("alice@hamburger.edu"), &people.mallory);
    let opened = open(&letter, &reader).unwrap();
    assert_eq!(opened.signed().next().unwrap().main().unwrap().trust, Trust::Chosen);
    assert_eq!(opened.standing(), Some(Standing::Valid));
}

/// RFC 8550 §3: `Sender` counts too, case does not, and the old place of addresses is read.
#[test]
fn addresses_are_found_where_senders_put_them() {
    let people = people();
    let for_others = text(&letter("boss@hamburger.edu")).replace("To: bob", "Sender: Alice@HAMBURGER.edu\r\nTo: bob");
    let sent_for_others = opened(&signed(for_others.as_bytes(), &people.alice), &[]);
    let signer = &sent_for_others.signed().next().unwrap().main().unwrap().signer;
    assert!(matches!(signer, Signer::Sender(_)), "{signer:?}");
    assert_eq!(sent_for_others.standing(), Some(Standing::SentForOthers));
    assert!(sent_for_others.words().proved[0].contains("who sent it for others"));
    let named = |params: CertificateParams| {
        let who = identity(&params, &KeyPair::generate().unwrap(), &people.authority.issuer, "");
        opened(&signed(&letter("gina@hamburger.edu"), &who), &[]).standing().unwrap()
    };
    let mut legacy = person("Gina", "other@hamburger.edu");
    legacy.subject_alt_names.clear();
    let mut nobody = legacy.clone();
    nobody.subject_alt_names = vec![SanType::DnsName("hamburger.edu".try_into().unwrap())];
    let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
    legacy.distinguished_name.push(email, rcgen::DnValue::Ia5String("Gina@Hamburger.edu".try_into().unwrap()));
    assert_eq!(named(legacy), Standing::Valid);
    assert_eq!(named(nobody), Standing::WrongAddress);
    // Two From fields: a reader may show the other one.
    let twice =
        [b"From: dora@hamburger.edu\r\n".as_slice(), &signed(&letter("alice@hamburger.edu"), &people.alice)].concat();
    assert_eq!(opened(&twice, &[]).standing(), Some(Standing::WrongAddress));
}

#[test]
fn both_ciphers_reach_every_kind_of_key_and_the_sender() {
    let people = people();
    let to = [&people.alice, &people.bob, &people.carol, &people.emil];
    for cipher in [Cipher::Aes256Gcm, Cipher::Aes256Cbc] {
        let letter = encrypted(&letter("alice@hamburger.edu"), &to, &people.alice, cipher);
        assert!(!text(&letter).contains("ketchup"));
        for who in to {
            let opened = opened(&letter, std::slice::from_ref(who));
            assert!(text(&opened.entity).contains("Do you like ketchup?"), "{opened:?}");
            let envelope = opened.encrypted().next().unwrap();
            assert_eq!(envelope.recipients, 4, "the sender is one of them, and counted once");
            assert_eq!(envelope.is_authenticated, cipher == Cipher::Aes256Gcm);
            assert_eq!(opened.may_render_html(), cipher == Cipher::Aes256Gcm);
        }
        let stranger = opened(&letter, std::slice::from_ref(&people.mallory));
        assert_eq!(stranger.closed(), Some(&Error::NotForYou));
    }
}

#[test]
fn both_transports_reach_an_rsa_key() {
    let people = people();
    for transport in [Transport::Oaep, Transport::Pkcs1] {
        let recipients = [Recipient { certificate: &people.alice.certificate, transport }];
        let envelope = Envelope { recipients: &recipients, own: &people.bob.certificate, cipher: Cipher::Aes256Gcm };
        let sealing = Sealing { sign: None, encrypt: Some(envelope), protects_header: false, at: NOW };
        let letter = seal(&letter("bob@crepes.fr"), &sealing).unwrap();
        assert!(opened(&letter, std::slice::from_ref(&people.alice)).closed().is_none());
    }
}

#[test]
fn nobody_is_encrypted_to_who_could_not_read_it() {
    let people = people();
    for who in [&people.old, &people.young, &people.dora, &people.server] {
        let recipients = [Recipient { certificate: &who.certificate, transport: Transport::Oaep }];
        let envelope = Envelope { recipients: &recipients, own: &people.alice.certificate, cipher: Cipher::Aes256Gcm };
        let sealing = Sealing { sign: None, encrypt: Some(envelope), protects_header: false, at: NOW };
        assert!(matches!(seal(&letter("alice@hamburger.edu"), &sealing), Err(Error::Recipient { .. })));
    }
}

#[test]
fn signed_then_encrypted_is_read_with_its_header() {
    let people = people();
    let recipients = [Recipient { certificate: &people.bob.certificate, transport: Transport::Oaep }];
    let envelope = Envelope { recipients: &recipients, own: &people.alice.certificate, cipher: Cipher::Aes256Cbc };
    let sealing = Sealing { sign: Some(&people.alice), encrypt: Some(envelope), protects_header: true, at: NOW };
    let sealed = seal(&letter("alice@hamburger.edu"), &sealing).unwrap();
    let outside = text(&sealed);
    assert!(outside.contains("Subject: [...]\r\n") && !outside.contains("hamburger\r\n"), "{outside}");
    let opened = opened(&sealed, std::slice::from_ref(&people.bob));
    assert_eq!(opened.standing(), Some(Standing::Valid));
    // CBC shows no changes, but the signature inside does.
    assert!(opened.is_authenticated() && opened.may_render_html());
    let header = opened.header.as_ref().unwrap();
    assert_eq!(header.mode, Mode::Cipher);
    let subject = header.field("subject").unwrap();
    assert_eq!(subject.value, "The secret of the hamburger");
    assert_eq!(subject.outer.as_deref(), Some("[...]"));
    assert!(subject.was_hidden);
    let from = header.field("From").unwrap();
    assert!(!from.was_hidden && !from.differs());
    assert_eq!(header.altered().count(), 0);
    assert!(opened.words().proved.contains(&"The subject was encrypted, too.".to_owned()));
    assert_eq!(opened.certificate_to_keep(), Some(&people.alice.certificate));
}

#[test]
fn a_signed_header_is_proved_and_a_changed_one_told() {
    let people = people();
    let sealing = Sealing { sign: Some(&people.alice), encrypt: None, protects_header: true, at: NOW };
    let with_bcc = text(&letter("alice@hamburger.edu")).replace("To: bob", "Bcc: emil@hamburger.edu\r\nTo: bob");
    let sealed = seal(with_bcc.as_bytes(), &sealing).unwrap();
    assert_eq!(text(&sealed).matches("emil@").count(), 1, "a Bcc is not copied inside");
    let honest = opened(&sealed, &[]);
    let header = honest.header.as_ref().unwrap();
    assert_eq!((header.mode, header.altered().count()), (Mode::Clear, 0));
    assert!(honest.words().proved.contains(&"The signature covers the subject, too.".to_owned()));
    let changed = text(&sealed).replacen("Subject: The secret", "Subject: Pay me", 1);
    let changed = opened(changed.as_bytes(), &[]);
    let altered: Vec<&str> = changed.header.as_ref().unwrap().altered().map(|field| field.name.as_str()).collect();
    assert_eq!(altered, ["Subject"]);
    assert!(changed.words().not_proved.iter().any(|line| line.contains("Pay me")), "{:?}", changed.words());
    // The address inside is what the signature proves.
    let masked = text(&sealed).replacen("alice@hamburger.edu", "boss@hamburger.edu", 1);
    let masked = opened(masked.as_bytes(), &[]);
    assert_eq!(masked.standing(), Some(Standing::Valid));
    assert!(masked.words().not_proved.iter().any(|line| line.contains("boss@hamburger.edu")));
}

/// RFC 9788: what no signature proves does not stand in the place of what hosts on the way could check.
#[test]
fn an_author_inside_counts_only_where_he_signed() {
    let people = people();
    let shown = |by: &Identity| {
        let sealing = Sealing { sign: Some(by), encrypt: None, protects_header: true, at: NOW };
        let sealed = text(&seal(&letter("alice@hamburger.edu"), &sealing).unwrap());
        let masked = sealed.replacen("From: Alice <alice@", "From: Alice <eve@", 1).into_bytes();
        text(&opened(&masked, &[]).message(&masked))
    };
    assert!(shown(&people.alice).contains("From: Alice <alice@hamburger.edu>"));
    assert!(shown(&people.mallory).contains("From: Alice <eve@hamburger.edu>"));
    assert!(shown(&people.mallory).contains("Subject: The secret of the hamburger"));
}

#[test]
fn layers_are_opened_up_to_the_limit() {
    let people = people();
    let wrapped =
        |layers: usize| (0..layers).fold(letter("alice@hamburger.edu"), |message, _| signed(&message, &people.alice));
    let deep = opened(&wrapped(LAYERS_MAX), &[]);
    assert_eq!((deep.layers.len(), deep.closed()), (LAYERS_MAX, None));
    let deeper = opened(&wrapped(LAYERS_MAX + 1), &[]);
    assert!(matches!(deeper.closed(), Some(Error::Limit { .. })));
    // RFC 2634: signed, encrypted, signed.
    let inner = encrypted(
        &signed(&letter("alice@hamburger.edu"), &people.alice),
        &[&people.bob],
        &people.alice,
        Cipher::Aes256Gcm,
    );
    let triple = opened(&signed(&inner, &people.alice), std::slice::from_ref(&people.bob));
    assert_eq!((triple.layers.len(), triple.standing()), (3, Some(Standing::Valid)));
    assert!(text(&triple.entity).contains("ketchup"));
}

/// Anybody can put his signature on an envelope that he found.
#[test]
fn a_signature_of_the_envelope_is_none_of_the_content() {
    let people = people();
    let found = encrypted(&letter("bob@crepes.fr"), &[&people.emil], &people.bob, Cipher::Aes256Cbc);
    let found = text(&found).replace("From: Alice <bob@crepes.fr>", "From: alice@hamburger.edu");
    let opened = opened(&signed(found.as_bytes(), &people.alice), std::slice::from_ref(&people.emil));
    assert_eq!((opened.layers.len(), opened.standing()), (2, None));
    assert!(opened.is_signed_outside_only() && !opened.is_authenticated());
    assert!(opened.words().not_proved.iter().any(|line| line.contains("the closed envelope")));
}

#[test]
fn a_copy_of_the_subject_in_the_text_is_shown_once() {
    let people = people();
    let body = "Content-Type: text/plain; hp-legacy-display=1\r\n\r\nSubject: Ketchup\r\n\r\nHello.\r\n";
    let letter = format!("From: alice@hamburger.edu\r\nSubject: Ketchup\r\n{body}");
    let envelope = Envelope { recipients: &[], own: &people.alice.certificate, cipher: Cipher::Aes256Gcm };
    let sealing = Sealing { sign: Some(&people.alice), encrypt: Some(envelope), protects_header: true, at: NOW };
    let sealed = seal(letter.as_bytes(), &sealing).unwrap();
    let opened = opened(&sealed, std::slice::from_ref(&people.alice));
    assert_eq!(text(&opened.message(&sealed)).matches("Subject: Ketchup").count(), 1);
}

/// What cannot be held up to an authority's constraints is not believed.
#[test]
fn constraints_of_authorities_are_never_passed_over() {
    let people = people();
    let mallory_of = |subtree: GeneralSubtree, params: &CertificateParams| {
        let key = KeyPair::generate().unwrap();
        let mut between = CertificateParams::default();
        between.distinguished_name.push(DnType::CommonName, "Constrained");
        between.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        between.name_constraints =
            Some(NameConstraints { permitted_subtrees: vec![subtree], excluded_subtrees: Vec::new() });
        let pem = between.signed_by(&key, &people.authority.issuer).unwrap().pem();
        let issuer = rcgen::Issuer::new(between, key);
        let who = identity(params, &KeyPair::generate().unwrap(), &issuer, &pem);
        opened(&signed(&letter("gina@hamburger.edu"), &who), &[]).standing().unwrap()
    };
    let named = person("Gina", "gina@hamburger.edu");
    let mut legacy = person("Gina", "gina@crepes.fr");
    let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
    legacy.distinguished_name.push(email, rcgen::DnValue::Ia5String("gina@hamburger.edu".try_into().unwrap()));
    let mail = || GeneralSubtree::Rfc822Name("crepes.fr".to_owned());
    let hosts = || GeneralSubtree::DnsName("crepes.fr".to_owned());
    assert_eq!(mallory_of(mail(), &named), Standing::Misused);
    assert_eq!(mallory_of(hosts(), &named), Standing::Valid, "constraints on hosts say nothing of people");
    // In the subject the path builder does not look, so an address there does not count.
    assert_eq!(mallory_of(hosts(), &legacy), Standing::WrongAddress);
}

#[test]
fn fields_inside_have_a_limit() {
    let with_fields = |count: usize| {
        let fields: String = (0..count).map(|number| format!("X-{number}: x\r\n")).collect();
        let sealing = Sealing { sign: Some(&people().alice), encrypt: None, protects_header: true, at: NOW };
        let sealed = seal(format!("{fields}\r\nx\r\n").as_bytes(), &sealing).unwrap();
        opened(&sealed, &[]).header.unwrap().fields.len()
    };
    assert_eq!(with_fields(PROTECTED_FIELDS_MAX), PROTECTED_FIELDS_MAX);
    assert_eq!(with_fields(PROTECTED_FIELDS_MAX + 1), PROTECTED_FIELDS_MAX);
}

#[test]
fn a_key_unlike_its_certificate_is_no_identity() {
    let people = people();
    let mixed = format!("{}{}", people.bob.certificate.to_pem().unwrap(), *people.dora.to_pem().unwrap());
    // The certificate of the key is found, whatever stands first.
    let found = Identity::from_pem(mixed.as_bytes(), None).unwrap();
    assert_eq!(found.certificate, people.dora.certificate);
    let key = text(people.dora.to_pem().unwrap().as_bytes());
    let key = key.split("-----BEGIN CERTIFICATE").next().unwrap();
    let wrong = format!("{key}{}", people.bob.certificate.to_pem().unwrap());
    assert_eq!(Identity::from_pem(wrong.as_bytes(), None).unwrap_err(), Error::Incomplete);
}

#[test]
fn nothing_sealed_is_nothing_opened() {
    assert!(open(&letter("alice@hamburger.edu"), &people().reader(&[])).is_none());
    let plain = Sealing { sign: None, encrypt: None, protects_header: true, at: NOW };
    assert_eq!(seal(&letter("a@b.c"), &plain).unwrap(), letter("a@b.c"));
}

#[test]
fn integrity_is_told_without_the_certificate() {
    let people = people();
    let letter = signed(&letter("alice@hamburger.edu"), &people.alice);
    let known = [people.alice.certificate.clone()];
    let reader = Reader { known: &known, ..people.reader(&[]) };
    assert_eq!(open(&letter, &reader).unwrap().signed().next().unwrap().main().unwrap().integrity, Integrity::Intact);
}
