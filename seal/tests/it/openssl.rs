//! Beside `openssl cms`: what we seal it opens, what it seals we open. Where there is no `openssl` these say so and pass.

use crate::people::{DAY_MS, NOW, authority, identity, letter, people, person, text};
use crate::sealing::{encrypted, signed};
use message::Time;
use rcgen::KeyPair;
use seal::{
    Cipher, Envelope, Error, Identity, Integrity, Reader, Recipient, Roots, Sealing, Standing, Transport, open, seal,
};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder with files for openssl.
struct Desk(TempDir);

impl Desk {
    /// `None` where there is no openssl.
    fn new() -> Option<Desk> {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("skipped: there is no openssl here");
            return None;
        }
        Some(Desk(TempDir::new().unwrap()))
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.0.path()).join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// An identity as one file that holds key and certificates.
    fn identity(&self, name: &str, identity: &Identity) -> String {
        self.file(name, identity.to_pem().unwrap().as_bytes())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new("openssl").args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    fn must(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
}

const LETTER: &str = "Content-Type: text/plain\r\n\r\nHello, Bob.\r\nDo you like ketchup?\r\n";

fn from(who: &str, message: &[u8]) -> Vec<u8> {
    [format!("From: {who}\r\n").as_bytes(), message].concat()
}

#[test]
fn openssl_verifies_what_we_sign() {
    let Some(desk) = Desk::new() else { return };
    let people = people();
    let root = desk.file("root.pem", &people.authority.pem);
    // The openssl of Debian 12 knows no CMS by Ed25519; that is held up to ourselves alone.
    for who in [&people.alice, &people.bob, &people.carol, &people.emil] {
        let sealed = signed(&letter("alice@hamburger.edu"), who);
        let file = desk.file("letter.eml", &sealed);
        desk.must(&["cms", "-verify", "-in", &file, "-CAfile", &root, "-out", "out"]);
        assert!(text(&desk.read("out")).contains("Do you like ketchup?"));
        let changed = desk.file("changed.eml", text(&sealed).replace("ketchup", "mustard"));
        assert!(!desk.run(&["cms", "-verify", "-in", &changed, "-CAfile", &root, "-out", "out"]).status.success());
    }
}

#[test]
fn openssl_decrypts_what_we_encrypt_for_several() {
    let Some(desk) = Desk::new() else { return };
    let people = people();
    let to = [&people.alice, &people.bob, &people.carol, &people.emil];
    for cipher in [Cipher::Aes256Gcm, Cipher::Aes256Cbc] {
        let file = desk.file("letter.eml", encrypted(&letter("alice@hamburger.edu"), &to, &people.alice, cipher));
        for who in to {
            let key = desk.identity("key.pem", who);
            desk.must(&["cms", "-decrypt", "-in", &file, "-inkey", &key, "-recip", &key, "-out", "out"]);
            assert!(text(&desk.read("out")).contains("Do you like ketchup?"), "{cipher:?}");
        }
    }
}

#[test]
fn openssl_reads_what_we_sign_and_encrypt() {
    let Some(desk) = Desk::new() else { return };
    let people = people();
    let recipients = [Recipient { certificate: &people.alice.certificate, transport: Transport::Pkcs1 }];
    let envelope = Envelope { recipients: &recipients, own: &people.bob.certificate, cipher: Cipher::Aes256Cbc };
    let sealing = Sealing { sign: Some(&people.bob), encrypt: Some(envelope), protects_header: true, at: NOW };
    let file = desk.file("letter.eml", seal(&letter("bob@crepes.fr"), &sealing).unwrap());
    let (key, root) = (desk.identity("key.pem", &people.alice), desk.file("root.pem", &people.authority.pem));
    desk.must(&["cms", "-decrypt", "-in", &file, "-inkey", &key, "-recip", &key, "-out", "inner"]);
    desk.must(&["cms", "-verify", "-in", "inner", "-CAfile", &root, "-out", "out"]);
    let inside = text(&desk.read("out"));
    assert!(inside.contains("Subject: The secret of the hamburger") && inside.contains("hp=\"cipher\""), "{inside}");
}

#[test]
fn we_verify_what_openssl_signs() {
    let Some(desk) = Desk::new() else { return };
    let people = people();
    let plain = desk.file("plain", LETTER);
    for (who, address) in
        [(&people.alice, "alice@hamburger.edu"), (&people.bob, "bob@crepes.fr"), (&people.carol, "carol@crepes.fr")]
    {
        let key = desk.identity("key.pem", who);
        let chain = desk.file("chain.pem", who.chain.iter().map(|one| one.to_pem().unwrap()).collect::<String>());
        let rsa_pss: &[&str] = &["-keyopt", "rsa_padding_mode:pss"];
        let forms: [&[&str]; 6] =
            [&[], &["-nodetach"], &["-nodetach", "-indef"], &["-keyid"], &["-noattr"], &["-md", "sha384"]];
        for form in forms.into_iter().chain((who.certificate == people.alice.certificate).then_some(rsa_pss)) {
            let mut arguments = vec!["cms", "-sign", "-in", &plain, "-signer", &key, "-inkey", &key, "-out", "letter"];
            if !who.chain.is_empty() {
                arguments.extend(["-certfile", &chain]);
            }
            arguments.extend(form);
            desk.must(&arguments);
            let message = from(address, &desk.read("letter"));
            let opened = open(&message, &people.reader(&[])).unwrap();
            assert_eq!(opened.standing(), Some(Standing::Valid), "{address} {form:?}: {opened:?}");
            assert!(text(&opened.entity).contains("ketchup"));
            assert_eq!(
                open(&from("eve@crepes.fr", &desk.read("letter")), &people.reader(&[])).unwrap().standing(),
                Some(Standing::WrongAddress)
            );
        }
    }
}

#[test]
fn we_read_what_openssl_encrypts() {
    let Some(desk) = Desk::new() else { return };
    let people = people();
    let plain = desk.file("plain", LETTER);
    let (rsa, p256, p384) = (
        desk.identity("a.pem", &people.alice),
        desk.identity("b.pem", &people.bob),
        desk.identity("c.pem", &people.carol),
    );
    let oaep: &[&str] = &["-keyopt", "rsa_padding_mode:oaep"];
    let oaep_sha256: &[&str] = &["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"];
    let sha384: &[&str] = &["-keyopt", "ecdh_kdf_md:sha384"];
    for cipher in ["-aes-128-cbc", "-aes-256-cbc", "-aes-128-gcm", "-aes-192-gcm", "-aes-256-gcm"] {
        for (who, key, options) in [
            (&people.alice, &rsa, &[][..]),
            (&people.alice, &rsa, oaep),
            (&people.alice, &rsa, oaep_sha256),
            (&people.alice, &rsa, &["-keyid"]),
            (&people.alice, &rsa, &["-indef"]),
            (&people.bob, &p256, &[]),
            (&people.bob, &p256, sha384),
            (&people.bob, &p256, &["-keyid"]),
            (&people.carol, &p384, &["-indef"]),
        ] {
            if cipher == "-aes-192-gcm" && who.certificate != people.alice.certificate {
                continue;
            }
            let mut arguments = vec!["cms", "-encrypt", "-in", &plain, cipher, "-out", "letter", "-recip", key];
            arguments.extend(options);
            desk.must(&arguments);
            let message = from("eve@crepes.fr", &desk.read("letter"));
            let opened = open(&message, &people.reader(std::slice::from_ref(who))).unwrap();
            assert_eq!(opened.closed(), None, "{cipher} {options:?}");
            assert!(text(&opened.entity).contains("ketchup"));
            assert_eq!(opened.is_authenticated(), cipher.ends_with("gcm"));
        }
    }
}

#[test]
fn letters_of_long_ago_are_read_and_called_weak() {
    let Some(desk) = Desk::new() else { return };
    let people = people();
    let plain = desk.file("plain", LETTER);
    for (who, options) in
        [(&people.alice, &[][..]), (&people.alice, &["-keyid", "-indef"]), (&people.bob, &[]), (&people.carol, &[])]
    {
        let key = desk.identity("key.pem", who);
        let mut arguments = vec!["cms", "-encrypt", "-in", &plain, "-des3", "-out", "letter", "-recip", &key];
        arguments.extend(options);
        desk.must(&arguments);
        let message = from("eve@crepes.fr", &desk.read("letter"));
        let opened = open(&message, &people.reader(std::slice::from_ref(who))).unwrap();
        assert_eq!(opened.closed(), None, "{options:?}");
        assert!(text(&opened.entity).contains("ketchup"));
        assert!(!opened.is_authenticated() && !opened.may_render_html());
        let told = opened.words().not_proved;
        assert!(told.iter().any(|line| line.contains("3DES, a weak cipher")), "{told:?}");
        let other = if who.certificate == people.alice.certificate { &people.bob } else { &people.alice };
        let closed = open(&message, &people.reader(std::slice::from_ref(other))).unwrap();
        assert_eq!(closed.closed(), Some(&Error::NotForYou));
    }
    // Nothing of today is called so.
    let today = encrypted(&letter("alice@hamburger.edu"), &[&people.bob], &people.alice, Cipher::Aes256Cbc);
    let opened = open(&today, &people.reader(std::slice::from_ref(&people.bob))).unwrap();
    assert!(!opened.words().not_proved.iter().any(|line| line.contains("3DES")));
}

#[test]
fn rc2_is_refused_by_its_name() {
    let Some(desk) = Desk::new() else { return };
    let people = people();
    let (plain, key) = (desk.file("plain", LETTER), desk.identity("key.pem", &people.alice));
    let legacy = ["-provider", "legacy", "-provider", "default"];
    let mut arguments = vec!["cms", "-encrypt", "-in", &plain, "-rc2-40", "-out", "letter", "-recip", &key];
    arguments.extend(legacy);
    desk.must(&arguments);
    let opened = open(&desk.read("letter"), &people.reader(std::slice::from_ref(&people.alice))).unwrap();
    assert_eq!(opened.closed().unwrap().to_string(), "the old cipher RC2 is not supported");
}

#[test]
fn weak_signatures_and_several_signers_are_told() {
    let Some(desk) = Desk::new() else { return };
    let people = people();
    let plain = desk.file("plain", LETTER);
    let (alice, bob) = (desk.identity("a.pem", &people.alice), desk.identity("b.pem", &people.bob));
    let signature = |message: &[u8], roots: &Roots| {
        let reader = Reader { roots, ..people.reader(&[]) };
        let opened = open(&from("alice@hamburger.edu", message), &reader).unwrap();
        opened.signed().next().unwrap().clone()
    };
    for md in ["sha1", "md5"] {
        desk.must(&["cms", "-sign", "-in", &plain, "-signer", &alice, "-md", md, "-out", "letter"]);
        let verified = signature(&desk.read("letter"), &people.roots);
        assert_eq!(verified.standing(), Standing::Weak, "{md}");
    }
    desk.must(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:1024",
        "-nodes",
        "-keyout",
        "k",
        "-out",
        "c",
        "-subj",
        "/CN=Alice",
        "-addext",
        "subjectAltName=email:alice@hamburger.edu",
        "-days",
        "9000",
    ]);
    desk.must(&["cms", "-sign", "-in", &plain, "-signer", "c", "-inkey", "k", "-out", "letter"]);
    let verified = signature(&desk.read("letter"), &Roots::from_pem(&desk.read("c")).unwrap());
    assert_eq!(verified.main().unwrap().integrity, Integrity::Weak("an RSA key of 1024 bits".to_owned()));
    desk.must(&["cms", "-sign", "-in", &plain, "-signer", &bob, "-signer", &alice, "-out", "letter"]);
    let verified = signature(&desk.read("letter"), &people.roots);
    assert_eq!((verified.signatures.len(), verified.standing()), (2, Standing::Valid));
    // A second signer whom nobody knows takes nothing away.
    let stranger = authority("Nobody");
    let eve = identity(&person("Eve", "eve@crepes.fr"), &KeyPair::generate().unwrap(), &stranger.issuer, "");
    let eve = desk.identity("e.pem", &eve);
    desk.must(&["cms", "-sign", "-in", &plain, "-signer", &eve, "-signer", &alice, "-out", "letter"]);
    assert_eq!(signature(&desk.read("letter"), &people.roots).standing(), Standing::Valid);
}

#[test]
fn an_ed25519_signature_is_of_the_form_of_rfc_8419() {
    let Some(desk) = Desk::new() else { return };
    let sealed = signed(&letter("dora@hamburger.edu"), &people().dora);
    let file = desk.file("letter.eml", sealed);
    desk.must(&["cms", "-cmsout", "-print", "-noout", "-in", &file]);
    let printed = desk.run(&["cms", "-cmsout", "-print", "-noout", "-in", &file]).stdout;
    assert!(text(&printed).contains("ED25519") && text(&printed).contains("sha512"), "{}", text(&printed));
}

#[test]
fn a_key_bound_to_pss_signs_by_pss() {
    let Some(desk) = Desk::new() else { return };
    desk.must(&["genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "k"]);
    let address = "subjectAltName=email:alice@hamburger.edu";
    desk.must(&["req", "-x509", "-key", "k", "-out", "c", "-subj", "/CN=Alice", "-addext", address, "-days", "9000"]);
    let both = [desk.read("k"), desk.read("c")].concat();
    let alice = Identity::from_pem(&both, None).unwrap();
    let sealed = signed(&letter("alice@hamburger.edu"), &alice);
    let roots = Roots::from_pem(&desk.read("c")).unwrap();
    // The certificate begins today, whenever that is.
    let later = Time(NOW.0 + 5000 * DAY_MS);
    let reader = Reader { identities: &[], roots: &roots, known: &[], at: later };
    assert_eq!(open(&sealed, &reader).unwrap().standing(), Some(Standing::Valid));
    let file = desk.file("letter.eml", sealed);
    desk.must(&["cms", "-verify", "-in", &file, "-CAfile", "c", "-out", "out"]);
    let refused = seal::fit(&alice.certificate, later).unwrap_err();
    assert!(refused.to_string().contains("for signing only"), "{refused}");
}
