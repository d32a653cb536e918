//! Key files: made by `openssl pkcs12`, read by us.

use crate::people::{people, text};
use seal::{
    ADDRESSES_MAX, CERTIFICATE_OCTETS_MAX, CHAIN_MAX, Certificate, Error, FILE_OCTETS_MAX, Identity, PrivateKey,
    ROOTS_MAX, Roots,
};
use std::process::Command;
use tempfile::TempDir;

/// A key file as openssl writes it; `None` where there is no openssl.
fn file(identity: &Identity, options: &[&str]) -> Option<Vec<u8>> {
    let folder = TempDir::new().unwrap();
    let pem = folder.path().join("id.pem");
    std::fs::write(&pem, identity.to_pem().unwrap().as_bytes()).unwrap();
    let mut command = Command::new("openssl");
    command.args(["pkcs12", "-export", "-in", pem.to_str()?, "-name", "a friend"]).args(options);
    let Ok(output) = command.output() else {
        eprintln!("skipped: there is no openssl here");
        return None;
    };
    assert!(output.status.success(), "{}", text(&output.stderr));
    Some(output.stdout)
}

#[test]
fn key_files_of_today_are_read() {
    let people = people();
    for who in [&people.alice, &people.bob, &people.carol, &people.dora] {
        for options in [
            &["-passout", "pass:crêpe"][..],
            &["-passout", "pass:crêpe", "-macalg", "sha512", "-keypbe", "aes-128-cbc", "-certpbe", "aes-192-cbc"],
            &["-passout", "pass:crêpe", "-macalg", "sha1", "-iter", "1"],
            &["-passout", "pass:crêpe", "-nomac"],
        ] {
            let Some(octets) = file(who, options) else { return };
            let read = Identity::from_pkcs12(&octets, "crêpe").unwrap();
            assert_eq!(read.certificate, who.certificate);
            assert_eq!(read.chain, who.chain);
            assert_eq!(Identity::from_pkcs12(&octets, "crepe").unwrap_err(), Error::Password, "{options:?}");
        }
        let Some(octets) = file(who, &["-passout", "pass:"]) else { return };
        assert_eq!(Identity::from_pkcs12(&octets, "").unwrap().certificate, who.certificate);
    }
}

#[test]
fn key_files_of_long_ago_are_read() {
    let people = people();
    for who in [&people.alice, &people.bob, &people.carol] {
        for options in [
            &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"][..],
            &["-keypbe", "PBE-SHA1-2DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1", "-iter", "1"],
            &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "NONE", "-nomac"],
            &["-keypbe", "des-ede3-cbc", "-certpbe", "des-ede3-cbc"],
        ] {
            for (password, wrong) in [("crêpe", "crepe"), ("", "x")] {
                let told = format!("pass:{password}");
                let options = [options, &["-passout", &told]].concat();
                let Some(octets) = file(who, &options) else { return };
                let read = Identity::from_pkcs12(&octets, password).unwrap();
                assert_eq!((&read.certificate, &read.chain), (&who.certificate, &who.chain), "{options:?}");
                assert_eq!(Identity::from_pkcs12(&octets, wrong).unwrap_err(), Error::Password, "{options:?}");
                if password.is_empty() {
                    assert!(Identity::from_files(&[&octets], None).is_ok());
                } else {
                    assert_eq!(Identity::from_files(&[&octets], None).unwrap_err(), Error::PasswordNeeded);
                }
            }
        }
    }
}

#[test]
fn old_protections_are_named_with_what_helps() {
    let Some(octets) = file(&people().alice, &["-legacy", "-passout", "pass:x"]) else { return };
    let error = Identity::from_pkcs12(&octets, "x").unwrap_err();
    assert!(error.to_string().contains("RC2"), "{error}");
    assert!(error.to_string().contains("openssl pkcs12 -legacy"), "{error}");
    assert_eq!(Identity::from_pkcs12(&octets, "y").unwrap_err(), Error::Password);
}

#[test]
fn keys_are_read_in_all_their_forms() {
    let folder = TempDir::new().unwrap();
    for (who, label) in
        [(&people().alice, "RSA PRIVATE KEY"), (&people().bob, "EC PRIVATE KEY"), (&people().carol, "EC PRIVATE KEY")]
    {
        let pem = folder.path().join("id.pem");
        std::fs::write(&pem, who.to_pem().unwrap().as_bytes()).unwrap();
        let run = |arguments: &[&str]| {
            let output = Command::new("openssl").args(arguments).args(["-in", pem.to_str().unwrap()]).output();
            output.ok().map(|output| text(&output.stdout))
        };
        let traditional = run(&[if label.starts_with("RSA") { "rsa" } else { "ec" }, "-traditional"]);
        let Some(traditional) = traditional.filter(|out| !out.is_empty()).or_else(|| run(&["ec"])) else { return };
        assert!(traditional.contains(label), "{traditional}");
        let whole = traditional + &who.certificate.to_pem().unwrap();
        assert_eq!(Identity::from_pem(whole.as_bytes(), None).unwrap().certificate, who.certificate);
        for old in [&[][..], &["-v2", "des3"], &["-v1", "PBE-SHA1-3DES"]] {
            let locked = run(&[&["pkcs8", "-topk8", "-passout", "pass:x"], old].concat()).unwrap();
            let locked = locked + &who.certificate.to_pem().unwrap();
            assert!(Identity::from_pem(locked.as_bytes(), Some("x")).is_ok(), "{old:?}");
            assert_eq!(Identity::from_pem(locked.as_bytes(), None).unwrap_err(), Error::PasswordNeeded);
            assert_eq!(Identity::from_pem(locked.as_bytes(), Some("y")).unwrap_err(), Error::Password);
        }
    }
}

/// What openssl makes of an identity.
fn made(identity: &Identity, arguments: &[&str]) -> Option<Vec<u8>> {
    let folder = TempDir::new().unwrap();
    let pem = folder.path().join("id.pem");
    std::fs::write(&pem, identity.to_pem().unwrap().as_bytes()).unwrap();
    let mut command = Command::new("openssl");
    let in_option = if arguments.first() == Some(&"crl2pkcs7") { "-certfile" } else { "-in" };
    let Ok(output) = command.args(arguments).args([in_option, pem.to_str()?]).output() else {
        eprintln!("skipped: there is no openssl here");
        return None;
    };
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    Some(output.stdout)
}

#[test]
fn keys_and_certificates_are_read_in_der_too() {
    let people = people();
    for (who, traditional) in [(&people.alice, "rsa"), (&people.bob, "ec"), (&people.carol, "ec")] {
        let Some(certificate) = made(who, &["x509", "-outform", "DER"]) else { return };
        assert_eq!(seal::certificates(&certificate).unwrap(), std::slice::from_ref(&who.certificate));
        for key in [
            &["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"][..],
            &["pkcs8", "-topk8", "-passout", "pass:x", "-outform", "DER"],
            &["pkcs8", "-topk8", "-passout", "pass:x", "-v1", "PBE-SHA1-3DES", "-outform", "DER"],
            &[traditional, "-outform", "DER"],
            &[traditional],
        ] {
            let key = made(who, key).unwrap();
            let read = Identity::from_files(&[&key, &certificate], Some("x")).unwrap();
            assert_eq!(read.certificate, who.certificate);
            assert_eq!(Identity::from_files(&[&key], Some("x")).unwrap_err(), Error::Incomplete);
        }
        let key = made(who, &["pkcs8", "-topk8", "-passout", "pass:x", "-outform", "DER"]).unwrap();
        assert_eq!(Identity::from_files(&[&certificate, &key], None).unwrap_err(), Error::PasswordNeeded);
        assert_eq!(Identity::from_files(&[&certificate, &key], Some("y")).unwrap_err(), Error::Password);
        assert_eq!(seal::certificates(&key), Err(Error::Certificate), "a key is no certificate");
        let all: Vec<Certificate> = [std::slice::from_ref(&who.certificate), who.chain.as_slice()].concat();
        for form in ["DER", "PEM"] {
            let bundle = made(who, &["crl2pkcs7", "-nocrl", "-outform", form]).unwrap();
            assert_eq!(seal::certificates(&bundle).unwrap(), all, "{form}");
        }
    }
    assert_eq!(Identity::from_files(&[b"\x30\x00"], None).unwrap_err(), Error::Incomplete);
    assert_eq!(Identity::from_files(&[], None).unwrap_err(), Error::Incomplete);
    let carol = &people.carol;
    let whole = Identity::from_files(&[carol.to_pem().unwrap().as_bytes()], None).unwrap();
    assert_eq!((&whole.certificate, &whole.chain), (&carol.certificate, &carol.chain));
}

#[test]
fn an_identity_is_the_same_after_writing_and_reading() {
    let carol = &people().carol;
    let again = Identity::from_pem(carol.to_pem().unwrap().as_bytes(), None).unwrap();
    assert_eq!((again.certificate, again.chain), (carol.certificate.clone(), carol.chain.clone()));
    assert_eq!(carol.chain.len(), 1);
}

#[test]
fn files_keys_and_certificates_have_limits() {
    // What is neither too large nor right fails in another way than what is too large.
    let limit = |octets: usize| matches!(Identity::from_pkcs12(&vec![0; octets], "x"), Err(Error::Limit { .. }));
    assert!(!limit(FILE_OCTETS_MAX) && limit(FILE_OCTETS_MAX + 1));
    let mut roots = Roots::new();
    let certificate = &people().bob.certificate;
    for _ in 0..ROOTS_MAX {
        roots.add(certificate.clone()).unwrap();
    }
    assert!(matches!(roots.add(certificate.clone()), Err(Error::Limit { .. })));
    assert_eq!(roots.len(), ROOTS_MAX);
}

#[test]
fn a_certificate_has_a_limit_of_size_and_addresses() {
    let of = |addresses: usize, filling: usize| {
        let mut params = crate::people::person("Many", "many@crepes.fr");
        params.subject_alt_names = (0..addresses)
            .map(|number| rcgen::SanType::Rfc822Name(format!("many{number}@crepes.fr").try_into().unwrap()))
            .collect();
        params.custom_extensions.push(rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1], vec![0; filling]));
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    };
    for count in [ADDRESSES_MAX, ADDRESSES_MAX + 1] {
        assert_eq!(Certificate::from_der(&of(count, 0)).unwrap().addresses().len(), ADDRESSES_MAX);
    }
    // Signatures differ by some octets in length, so the size is found by trying.
    let fits = |filling: usize| {
        let der = of(1, filling);
        (der.len() <= CERTIFICATE_OCTETS_MAX, Certificate::from_der(&der).is_ok())
    };
    for filling in (CERTIFICATE_OCTETS_MAX - 700..CERTIFICATE_OCTETS_MAX).step_by(100) {
        let (within, read) = fits(filling);
        assert_eq!(within, read);
    }
}

#[test]
fn a_chain_has_a_limit() {
    let people = people();
    let mut text = String::new();
    let mut issuer = None;
    let mut all = Vec::new();
    for number in 0..=CHAIN_MAX {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("Step {number}"));
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let by = issuer.as_ref().unwrap_or(&people.authority.issuer);
        let certificate = params.signed_by(&key, by).unwrap();
        all.push(Certificate::from_der(certificate.der()).unwrap());
        text.push_str(&certificate.pem());
        issuer = Some(rcgen::Issuer::new(params, key));
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let who = crate::people::identity(&crate::people::person("Deep", "deep@crepes.fr"), &key, &issuer.unwrap(), &text);
    all.reverse();
    assert_eq!(who.chain, all[..CHAIN_MAX]);
}

#[test]
fn a_key_is_not_shown() {
    let shown = format!("{:?}", people().alice);
    assert!(!shown.contains("pkcs8"), "{shown}");
}

proptest::proptest! {
    #[test]
    fn no_key_file_makes_us_panic(octets: Vec<u8>) {
        let _ = Identity::from_pkcs12(&octets, "x");
        let _ = Identity::from_pem(&octets, Some("x"));
        let _ = Identity::from_files(&[&octets, &[&[0x30][..], &octets].concat()], Some("x"));
        let _ = seal::certificates(&[&[0x30][..], &octets].concat());
        let _ = PrivateKey::from_pkcs8(&octets);
        let _ = PrivateKey::from_sec1(&octets);
    }
}
