//! Keys and certificates on disk: what is brought in comes out again, limits hold, and what others may read is refused.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests look at files and their modes")]

use super::*;
use crate::letter::{Letter, Recipients};
use crate::sealed_draft;
use crate::sealing::Choice;
use message::date::Date;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType};
use rcgen::{KeyUsagePurpose, date_time_ymd};
use seal::Standing;
use std::os::unix::fs::PermissionsExt;

const NOW: Time = Time(1_795_305_600_000);

fn params(address: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::Rfc822Name(address.try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    (params.not_before, params.not_after) = (date_time_ymd(2021, 1, 1), date_time_ymd(2040, 1, 1));
    params
}

/// The PEM of a key with a certificate that stands for itself.
fn alone(address: &str) -> String {
    let key = KeyPair::generate().unwrap();
    key.serialize_pem() + &params(address).self_signed(&key).unwrap().pem()
}

/// The PEM of an authority, and of a key that it vouches for.
fn vouched(address: &str) -> (String, String) {
    let mut root = CertificateParams::default();
    root.distinguished_name.push(DnType::CommonName, "House of Ketchup");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (root.not_before, root.not_after) = (date_time_ymd(2021, 1, 1), date_time_ymd(2040, 1, 1));
    let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let issuer = Issuer::new(root, root_key);
    let leaf = params(address).signed_by(&key, &issuer).unwrap();
    (root_pem, key.serialize_pem() + &leaf.pem())
}

fn folder(at: &tempfile::TempDir) -> KeyFolder {
    let folder = KeyFolder::of(&Folders::under(at.path()));
    folder.trust_system(false).unwrap();
    folder
}

fn identity(pem: &str) -> Identity {
    match read_key_file(pem.as_bytes(), None).unwrap() {
        KeyFile::Identity(identity) => *identity,
        KeyFile::Certificates(_) => panic!("no key in it"),
    }
}

fn composed(from: &str, to: &str) -> crate::letter::Composed {
    let letter = Letter {
        from: Recipients::read("From", from).unwrap(),
        to: Recipients::read("To", to).unwrap(),
        subject: "Ketchup".to_owned(),
        text: "Do you like ketchup?\n".to_owned(),
        ..Letter::default()
    };
    letter.compose(Date { unix_seconds: 1_795_305_600, offset_minutes: Some(60) }, &[7; 32])
}

#[test]
fn what_is_kept_comes_back_and_only_its_owner_reads_it() {
    let at = tempfile::tempdir().unwrap();
    let folder = folder(&at);
    let (alice, bob) = (identity(&alone("alice@hamburger.edu")), identity(&alone("bob@crepes.fr")));
    let id = folder.keep_own(&alice).unwrap();
    for _ in 0..2 {
        assert_eq!(folder.keep(Place::Known, &bob.certificate).unwrap(), id_of(&bob.certificate));
        folder.keep(Place::Trusted, &bob.certificate).unwrap();
    }
    let Loaded { keys, problems } = folder.load();
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(keys.identities[0].certificate, alice.certificate);
    assert_eq!((keys.known, keys.roots.len()), (vec![bob.certificate.clone()], 1));
    let own = at.path().join("data/seals/own");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&own), mode(&own.join(format!("{id}.pem")))), (0o700, 0o600));
    let places: Vec<Place> = folder.holdings().0.iter().map(|holding| holding.place).collect();
    assert_eq!(places, [Place::Own, Place::Known, Place::Trusted]);
    assert!(folder.remove(Place::Own, &id).unwrap() && !folder.remove(Place::Own, &id).unwrap());
    assert!(folder.load().keys.identities.is_empty());
}

#[test]
fn a_file_that_cannot_be_used_is_told_and_keeps_no_other_from_use() {
    let at = tempfile::tempdir().unwrap();
    let folder = folder(&at);
    let (alice, bob) = (identity(&alone("alice@hamburger.edu")), identity(&alone("bob@crepes.fr")));
    let id = folder.keep_own(&alice).unwrap();
    folder.keep_own(&bob).unwrap();
    let own = at.path().join("data/seals/own");
    std::fs::set_permissions(own.join(format!("{id}.pem")), std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::create_dir_all(at.path().join("data/seals/known")).unwrap();
    std::fs::write(at.path().join("data/seals/known/x.pem"), "no certificate").unwrap();
    let Loaded { keys, problems } = folder.load();
    assert_eq!(keys.identities.len(), 1);
    assert!(problems[0].contains("chmod 600") && problems[1].contains("x.pem"), "{problems:?}");
    assert_eq!(folder.holdings().1.len(), 2);
}

#[test]
fn there_is_room_for_so_many_and_one_more_is_refused() {
    let at = tempfile::tempdir().unwrap();
    let folder = folder(&at);
    let pem = alone("alice@hamburger.edu");
    let certificate = identity(&pem).certificate;
    for (place, limit) in [(Place::Own, OWN_MAX), (Place::Known, KNOWN_MAX), (Place::Trusted, TRUSTED_MAX)] {
        let inside = at.path().join("data/seals").join(place.word());
        std::fs::create_dir_all(&inside).unwrap();
        for number in 1..limit {
            std::fs::write(inside.join(format!("{number}.pem")), "").unwrap();
        }
        let kept = || match place {
            Place::Own => folder.keep_own(&identity(&pem)),
            Place::Known | Place::Trusted => folder.keep(place, &certificate),
        };
        let id = kept().unwrap();
        assert!(kept().is_ok(), "one that is there is put anew");
        folder.remove(place, &id).unwrap();
        std::fs::write(inside.join("one-more.pem"), "").unwrap();
        let told = kept().unwrap_err().to_string();
        assert!(told.contains(&limit.to_string()) && told.contains("key remove"), "{told}");
    }
}

#[test]
fn a_file_of_one_octet_too_many_is_not_read() {
    let at = tempfile::tempdir().unwrap();
    let folder = folder(&at);
    let pem = alone("alice@hamburger.edu");
    let id = folder.keep(Place::Known, &identity(&pem).certificate).unwrap();
    let path = at.path().join(format!("data/seals/known/{id}.pem"));
    let text = std::fs::read(&path).unwrap();
    let padded = |size: u64| [text.as_slice(), &vec![b'\n'; usize::try_from(size).unwrap() - text.len()]].concat();
    std::fs::write(&path, padded(FILE_OCTETS_MAX)).unwrap();
    assert_eq!(folder.load().keys.known.len(), 1);
    std::fs::write(&path, padded(FILE_OCTETS_MAX + 1)).unwrap();
    assert_eq!((folder.load().keys.known.len(), folder.load().problems.len()), (0, 1));
}

#[test]
fn key_files_are_told_apart() {
    let pem = alone("alice@hamburger.edu");
    let at = pem.find("-----BEGIN CERTIFICATE").unwrap();
    let certificate = &pem[at..];
    assert!(matches!(read_key_file(pem.as_bytes(), None), Ok(KeyFile::Identity(_))));
    assert!(matches!(read_key_file(certificate.as_bytes(), None), Ok(KeyFile::Certificates(list)) if list.len() == 1));
    let der = identity(&pem).certificate.der().to_vec();
    assert!(matches!(read_key_file(&der, None), Ok(KeyFile::Certificates(list)) if list.len() == 1));
    assert!(matches!(read_key_file(&pem.as_bytes()[..at], None), Err(Error::Incomplete)));
    assert!(read_key_file(b"-----BEGIN NOTHING-----\n-----END NOTHING-----\n", None).is_err());
    assert!(read_key_file(b"no key", None).is_err());
}

#[test]
fn a_letter_that_proves_its_sender_brings_his_certificate() {
    let (at, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (root, pem) = vouched("alice@hamburger.edu");
    let alice = folder(&at);
    alice.keep_own(&identity(&pem)).unwrap();
    let signs = Choice { signs: true, ..Choice::default() };
    let letter = composed("alice@hamburger.edu", "bob@crepes.fr");
    let sealed = alice.load().keys.seal(&letter, signs, NOW).unwrap().postings.remove(0).message;

    let bob = folder(&there);
    let opened = bob.open(&sealed, NOW).unwrap();
    assert_eq!((opened.standing, bob.load().keys.known.len()), (Some(Standing::Untrusted), 0));
    // Whoever looked at the fingerprint himself takes it all the same.
    let brought = bob.brought_by(&sealed, NOW).unwrap();
    assert_eq!(brought, identity(&pem).certificate);
    let changed = String::from_utf8(sealed.clone()).unwrap().replace("ketchup?", "pickles?");
    assert!(bob.brought_by(changed.as_bytes(), NOW).unwrap_err().text.contains("changed"));
    assert!(bob.brought_by(&letter.message, NOW).unwrap_err().text.contains("not signed"));

    bob.keep(Place::Trusted, &seal::certificates(root.as_bytes()).unwrap()[0]).unwrap();
    for _ in 0..2 {
        let opened = bob.open(&sealed, NOW).unwrap();
        assert_eq!(opened.standing, Some(Standing::Valid));
        assert_eq!(opened.verdict.headline, "Signed by alice@hamburger.edu");
        assert_eq!(bob.load().keys.known.len(), 1, "learnt once");
    }
    assert!(bob.open(&letter.message, NOW).is_none());
}

#[test]
fn a_draft_of_a_secret_lies_nowhere_in_the_clear() {
    let at = tempfile::tempdir().unwrap();
    let folder = folder(&at);
    let letter = composed("alice@hamburger.edu", "bob@crepes.fr");
    let secret = Choice { signs: true, encrypts: true, for_old_programs: true };
    let told = sealed_draft::sealed(&folder, letter.copy.clone(), secret, NOW).unwrap_err().to_string();
    assert!(told.contains("not kept in the clear") && told.contains("key import"), "{told}");
    folder.keep_own(&identity(&alone("alice@hamburger.edu"))).unwrap();
    let draft = sealed_draft::sealed(&folder, letter.copy.clone(), secret, NOW).unwrap();
    let text = String::from_utf8_lossy(&draft);
    assert!(!text.contains("Ketchup") && !text.contains("ketchup"), "{text}");
    let (read, choice) = sealed_draft::read(&folder, &draft, NOW).unwrap();
    assert_eq!((read.subject.as_str(), choice), ("Ketchup", secret));
    assert!(read.text.contains("Do you like ketchup?") && read.extra.is_empty(), "{:?}", read.extra);

    let open = Choice { signs: true, ..Choice::default() };
    let draft = sealed_draft::sealed(&folder, letter.copy.clone(), open, NOW).unwrap();
    assert!(String::from_utf8_lossy(&draft).contains("Do you like ketchup?"));
    assert_eq!(sealed_draft::read(&folder, &draft, NOW).unwrap().1, open);
    let plain = sealed_draft::sealed(&folder, letter.copy.clone(), Choice::default(), NOW).unwrap();
    assert_eq!(plain, letter.copy);

    let id = folder.holdings().0.remove(0).id;
    folder.remove(Place::Own, &id).unwrap();
    let draft = sealed_draft::sealed(&folder, letter.copy, Choice::default(), NOW).unwrap();
    assert_eq!(sealed_draft::read(&folder, &draft, NOW).unwrap().1, Choice::default());
}
