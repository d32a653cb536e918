//! Signed and encrypted letters: alice has a key, and trusts that of bob, whose letters they are.

use super::{HOUR, NOW, Sent, folder};
use agent::house::Folders;
use agent::key_folder::{KeyFile, KeyFolder, Place, read_key_file};
use agent::letter::{Composed, Letter, Recipients};
use agent::mirror::{Arrival, Flags, Mirror, Role};
use agent::sealing::{Choice, Keys};
use message::Time;
use message::date::Date;
use seal::Identity;
use std::path::Path;

/// Keys with certificates that stand for themselves, from 2020 to 2040; of nobody real.
const ALICE: &str = include_str!("seals/alice.pem");
const BOB: &str = include_str!("seals/bob.pem");

fn identity(pem: &str) -> Identity {
    match read_key_file(pem.as_bytes(), None).unwrap() {
        KeyFile::Identity(identity) => *identity,
        KeyFile::Certificates(_) => panic!("no key in it"),
    }
}

/// Alice's keys below a folder.
pub fn keys(at: &Path) -> KeyFolder {
    let keys = KeyFolder::of(&Folders::under(at));
    keys.trust_system(false).unwrap();
    keys.keep_own(&identity(ALICE)).unwrap();
    keys.keep(Place::Trusted, &identity(BOB).certificate).unwrap();
    keys
}

fn composed(subject: &str, text: &str, html: Option<&str>) -> Composed {
    let letter = Letter {
        from: Recipients::read("From", "Bob <bob@crepes.fr>").unwrap(),
        to: Recipients::read("To", "Alice <alice@hamburger.edu>").unwrap(),
        subject: subject.to_owned(),
        text: text.to_owned(),
        html: html.map(str::to_owned),
        ..Letter::default()
    };
    let unix_seconds = i64::try_from(NOW.unix_seconds()).unwrap() - 7200;
    letter.compose(Date { unix_seconds, offset_minutes: Some(0) }, &[subject.len() as u8; 32])
}

fn put(mirror: &Mirror, hours: u64, content: &[u8]) {
    let inbox = folder(mirror, "INBOX", Role::Inbox);
    let end = message::header::section_end(content, 0).unwrap();
    let arrival = Arrival {
        uid: u32::try_from(1_000_000 - hours * 10).unwrap(),
        flags: Flags::of(Sent::default().flags),
        received: Time(NOW.0 - hours * HOUR),
        size: 4096,
        header: content[..end].to_vec(),
        ..Arrival::default()
    };
    mirror
        .pull(|pull| {
            let id = pull.arrive(inbox, &arrival)?;
            pull.content(id, content)
        })
        .unwrap();
}

/// Bob's letters: signed and encrypted, changed on the way, and HTML in an envelope that shows no changes.
pub fn fill(mirror: &Mirror) {
    for (name, role) in [("INBOX", Role::Inbox), ("Drafts", Role::Drafts), ("Sent", Role::Sent)] {
        folder(mirror, name, role);
    }
    let (alice, bob) = (identity(ALICE).certificate, identity(BOB));
    let keys = Keys { identities: vec![bob], known: vec![alice], ..Keys::default() };
    let sealed = |letter: &Composed, choice| keys.seal(letter, choice, NOW).unwrap().postings.remove(0).message;
    let both = Choice { signs: true, encrypts: true, for_old_programs: false };
    let text = "The pickles are under the stairs.\n";
    put(mirror, 1, &sealed(&composed("Where they are", text, None), both));
    let signed = sealed(&composed("Changed", text, None), Choice { signs: true, ..Choice::default() });
    let changed = String::from_utf8(signed).unwrap().replace("under the stairs", "in the cellar");
    put(mirror, 2, changed.as_bytes());
    let html = "<p>The pickles are <a href=\"https://evil.example/\">here</a>.</p>";
    let old = Choice { signs: false, encrypts: true, for_old_programs: true };
    put(mirror, 3, &sealed(&composed("Old envelope", "", Some(html)), old));
}
