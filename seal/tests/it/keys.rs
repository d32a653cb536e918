//! Key files: made by `openssl pkcs12`, read by us.

use crate::people::{people, text};
use seal::{Error, Identity, PrivateKey};
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
fn old_protections_are_named_with_what_helps() {
    let Some(octets) = file(&people().alice, &["-legacy", "-passout", "pass:x"]) else { return };
    let error = Identity::from_pkcs12(&octets, "x").unwrap_err();
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
        let locked = run(&["pkcs8", "-topk8", "-passout", "pass:x"]).unwrap() + &who.certificate.to_pem().unwrap();
        assert!(Identity::from_pem(locked.as_bytes(), Some("x")).is_ok());
        assert_eq!(Identity::from_pem(locked.as_bytes(), None).unwrap_err(), Error::PasswordNeeded);
        assert_eq!(Identity::from_pem(locked.as_bytes(), Some("y")).unwrap_err(), Error::Password);
    }
}

#[test]
fn an_identity_is_the_same_after_writing_and_reading() {
    let carol = &people().carol;
    let again = Identity::from_pem(carol.to_pem().unwrap().as_bytes(), None).unwrap();
    assert_eq!((again.certificate, again.chain), (carol.certificate.clone(), carol.chain.clone()));
    assert_eq!(carol.chain.len(), 1);
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
        let _ = PrivateKey::from_pkcs8(&octets);
        let _ = PrivateKey::from_sec1(&octets);
    }
}
