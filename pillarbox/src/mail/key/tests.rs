//! Keys brought in, shown, trusted, written out and removed by what is typed.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests look at what was written")]

use super::*;
use crate::command::{Arguments, Command};
use crate::mail::MailCommand;
use crate::screen::paper::screen;
use agent::house::Folders;
use clap::Parser;
use message::Time;
use std::os::unix::fs::PermissionsExt;

/// A key and its certificate for alice@hamburger.edu, which stands for itself, from 2020 to 2040.
const ALICE: &str = include_str!("alice.pem");
/// The same as PKCS#12, with the password `crepes`.
const ALICE_P12: &[u8] = include_bytes!("alice.p12");

struct World {
    at: tempfile::TempDir,
    folder: KeyFolder,
}

fn world() -> World {
    let at = tempfile::tempdir().unwrap();
    std::fs::write(at.path().join("alice.pem"), ALICE).unwrap();
    std::fs::write(at.path().join("alice.p12"), ALICE_P12).unwrap();
    let certificate = ALICE.find("-----BEGIN CERTIFICATE").unwrap();
    std::fs::write(at.path().join("key.pem"), &ALICE[..certificate]).unwrap();
    std::fs::write(at.path().join("cert.pem"), &ALICE[certificate..]).unwrap();
    let folder = KeyFolder::of(&Folders::under(at.path()));
    folder.trust_system(false).unwrap();
    World { at, folder }
}

/// What is said, on stdout and stderr, and the code; `@` in a word is the folder.
fn typed(world: &World, line: &str, form: Form) -> (String, String, u8) {
    let place = world.at.path().display().to_string();
    let words = line.split_whitespace().map(|word| word.replace('@', &place));
    let arguments = Arguments::try_parse_from(
        ["pillarbox".to_owned(), "mail".to_owned(), "key".to_owned()].into_iter().chain(words),
    );
    let Command::Mail(mail) = arguments.unwrap().command else { panic!("no mail") };
    let MailCommand::Key(key) = mail.command else { panic!("no key") };
    let (mut screen, out, err) = screen(form, false);
    let code = match perform(key, &world.folder, &mut screen) {
        Ok(()) => 0,
        Err(trouble) => {
            screen.fail(&trouble);
            trouble.exit_code()
        }
    };
    (out.text(), err.text(), code)
}

#[test]
fn a_key_comes_in_is_shown_and_goes() {
    let world = world();
    let (_, said, code) = typed(&world, "import @/alice.pem", Form::Plain);
    assert!(code == 0 && said.starts_with("Alice <alice@hamburger.edu> can sign and be encrypted to"), "{said}");
    assert!(said.contains("you yourself do not trust it"), "{said}");
    let (list, _, _) = typed(&world, "list", Form::Plain);
    let fields: Vec<&str> = list.trim_end().split('\t').collect();
    assert_eq!((fields[0].len(), fields[1], fields[2]), (SHORT_ID, "own", "Alice <alice@hamburger.edu>"), "{list}");
    let (shown, _, _) = typed(&world, &format!("show {}", fields[0]), Form::Plain);
    for part in ["SHA-256\t", "Serial\t", "Addresses\talice@hamburger.edu", "Encrypts\t", "Kept as\town"] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
    let (_, said, code) = typed(&world, &format!("remove {}", fields[0]), Form::Plain);
    assert!(code == 64 && said.contains("--yes"), "{said}");
    assert_eq!(typed(&world, &format!("remove --yes {}", fields[0]), Form::Plain).2, 0);
    let (list, said, _) = typed(&world, "list", Form::Plain);
    assert!(list.is_empty() && said.contains("no key yet"), "{said}");
    let (_, said, code) = typed(&world, "show abc", Form::Plain);
    assert!(code == 67 && said.contains("key list"), "{said}");
}

#[test]
fn key_files_ask_for_their_password() {
    let world = world();
    let (_, said, code) = typed(&world, "import @/alice.p12", Form::Plain);
    assert!(code == 64 && said.contains("--password-file"), "{said}");
    std::fs::write(world.at.path().join("password"), "wrong\n").unwrap();
    let (_, said, code) = typed(&world, "import @/alice.p12 --password-file @/password", Form::Plain);
    assert!(code == 65 && said.contains("alice.p12: the password is wrong"), "{said}");
    std::fs::write(world.at.path().join("password"), "crepes\n").unwrap();
    assert_eq!(typed(&world, "import @/alice.p12 --password-file @/password", Form::Plain).2, 0);
    assert_eq!(typed(&world, "import @/alice.p12 --password-command false", Form::Plain).2, 69);
    assert_eq!(world.folder.load().keys.identities.len(), 1);
    let (_, said, code) = typed(&world, "import @/password", Form::Plain);
    assert!(code == 65 && said.contains("neither a key file nor a certificate"), "{said}");
    let (_, said, code) = typed(&world, "import @/nowhere", Form::Plain);
    assert!(code == 65 && said.contains("nowhere"), "{said}");
}

#[test]
fn a_key_and_its_certificate_may_come_in_two_files() {
    let world = world();
    let (_, said, code) = typed(&world, "import @/key.pem", Form::Plain);
    assert!(code == 65 && said.contains("together with its certificate"), "{said}");
    assert_eq!(typed(&world, "import @/key.pem @/cert.pem", Form::Plain).2, 0);
    assert_eq!(world.folder.load().keys.identities.len(), 1);
}

#[test]
fn trust_is_given_and_taken_back() {
    let world = world();
    let (_, said, code) = typed(&world, "trust @/alice.pem", Form::Plain);
    assert!(code == 65 && said.contains("private key"), "{said}");
    let (_, said, _) = typed(&world, "trust @/cert.pem", Form::Plain);
    assert!(said.contains("is trusted; its SHA-256 is "), "{said}");
    typed(&world, "import @/cert.pem", Form::Plain);
    let (json, _, _) = typed(&world, "list", Form::Json);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["system_trusted"], false);
    let known = json["certificates"].as_array().unwrap().iter().find(|one| one["place"] == "known").unwrap();
    assert_eq!(known["addresses"][0], "alice@hamburger.edu");
    let keys = world.folder.load().keys;
    assert!(keys.roots.trust(&keys.known[0], &[], Time(1_795_238_264_000)).is_good());
    let id = known["id"].as_str().unwrap();
    let (_, said, _) = typed(&world, &format!("trust --end {id}"), Form::Plain);
    assert!(said.contains("trusted no longer"), "{said}");
    assert!(world.folder.load().keys.roots.is_empty());
    assert_eq!(typed(&world, "trust --system on", Form::Plain).2, 0);
    assert!(world.folder.trusts_system());
}

#[test]
fn a_certificate_is_written_out_and_a_key_only_into_a_file_of_its_owner() {
    let world = world();
    typed(&world, "import @/alice.pem", Form::Plain);
    let id = world.folder.holdings().0.remove(0).id;
    let (pem, _, _) = typed(&world, &format!("export {id}"), Form::Plain);
    assert!(pem.starts_with("-----BEGIN CERTIFICATE") && !pem.contains("PRIVATE"), "{pem}");
    let (_, said, code) = typed(&world, &format!("export {id} --with-key --to @/out.pem"), Form::Plain);
    assert!(code == 0 && said.contains("can sign as you"), "{said}");
    let path = world.at.path().join("out.pem");
    assert!(std::fs::read_to_string(&path).unwrap().contains("PRIVATE KEY"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(typed(&world, &format!("export {id} --to @/out.pem"), Form::Plain).2, 73, "nothing is overwritten");
    let line = ["pillarbox", "mail", "key", "export", &id, "--with-key"];
    assert!(Arguments::try_parse_from(line).is_err(), "no private key goes to stdout");
}
