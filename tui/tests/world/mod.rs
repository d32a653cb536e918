//! Worlds that golden files take place in: mirrors filled by hand.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, dead_code, reason = "tests; each uses a part")]

mod sealed;

use agent::account::SealHabits;
use agent::house::Folders;
use agent::key_folder::KeyFolder;
use agent::letter::Aliases;
use agent::mirror::{Arrival, Flags, FolderFound, FolderId, Mirror, Role};
use message::Time;
use message::flags::flag_bits;
use std::sync::LazyLock;
use tui::hands::{Hands, Writing};
use tui::model::{Account, Model};
use tui::program::Program;
use tui::settings::{Colours, Options};

/// Sun 22 Nov 2026 10:00 UTC: now, in every world.
pub const NOW: Time = Time(1_795_341_600_000);
const HOUR: u64 = 3_600_000;

/// A world.
pub struct World {
    mirrors: Vec<(Account, Mirror)>,
    keys: Option<KeyFolder>,
    /// Every letter is to be signed, with keys that are not there.
    signs_always: bool,
    _dir: tempfile::TempDir,
}

/// Mirrors of every world, filled once: each test has copies of its own.
static FILLED: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str| Mirror::open(&dir.path().join(name)).unwrap();
    folder(&open("empty"), "INBOX", Role::Inbox);
    open("new");
    lunch(open("lunch"));
    work(open("work"));
    hostile(open("hostile"));
    turned(&open("turned"));
    sealed::fill(&open("sealed"));
    pictures(open("pictures"));
    dir
});

/// The world of a name.
pub fn of(name: &str) -> World {
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let copy = dir.path().join(name);
        std::fs::copy(FILLED.path().join(name), &copy).unwrap();
        Mirror::open(&copy).unwrap()
    };
    let alice = || account("alice", "alice@hamburger.edu");
    let mirrors = match name {
        "nobody" => Vec::new(),
        "two" => vec![(alice(), open("lunch")), (account("work", "alice@office.example"), open("work"))],
        "keyless" => vec![(alice(), open("lunch"))],
        name => vec![(alice(), open(name))],
    };
    let keys = match name {
        "sealed" => Some(sealed::keys(dir.path())),
        "keyless" => Some(KeyFolder::of(&Folders::under(dir.path()))),
        _ => None,
    };
    World { mirrors, keys, signs_always: name == "keyless", _dir: dir }
}

impl World {
    /// The program in it, after its first screen.
    pub fn program(&self, preset: &str, size: (u16, u16)) -> Program {
        let accounts = self.mirrors.iter().map(|(account, _)| account.clone()).collect();
        let sealing = SealHabits { signs_always: self.signs_always, ..SealHabits::default() };
        let writing = |account| Writing { keys: self.keys.clone(), sealing, ..writing(account) };
        let hands = self.mirrors.iter().map(|(account, mirror)| (mirror.clone(), writing(account))).collect();
        let friends = ["Bob <bob@crepes.fr>", "carol@crepes.fr"].map(str::to_owned).to_vec();
        let round = |name: &str| vec![name.to_owned()];
        let aliases = [("friends", friends), ("loopa", round("loopb")), ("loopb", round("loopa"))];
        let aliases = Aliases(aliases.into_iter().map(|(name, all)| (name.to_owned(), all)).collect());
        let mut options = Options { preset: preset.to_owned(), aliases, ..Options::default() };
        if self.mirrors.iter().any(|(_, mirror)| mirror.folder_named("Album").is_ok_and(|album| album.is_some())) {
            (options.pictures, options.colours) = ("blocks".to_owned(), Colours::True);
        }
        let mut program = Program::new(
            Model::new(accounts, options, size, NOW),
            Hands::new(hands, Box::new(|random| *random = [7; 32])),
        );
        program.feed(tui::event::Event::Tick(NOW));
        program
    }

    /// The mirror of the first account.
    pub fn mirror(&self) -> &Mirror {
        &self.mirrors[0].1
    }
}

pub fn account(name: &str, address: &str) -> Account {
    Account {
        name: name.to_owned(),
        address: address.to_owned(),
        display_name: "Alice".to_owned(),
        signature: "Alice, Hamburger University".to_owned(),
        folders: Vec::new(),
        busy: None,
    }
}

fn writing(account: &Account) -> Writing {
    Writing {
        address: account.address.clone(),
        name: account.display_name.clone(),
        own: vec![message::Address::parse(&account.address).unwrap()],
        signature: account.signature.clone(),
        ..Writing::default()
    }
}

pub fn folder(mirror: &Mirror, name: &str, role: Role) -> FolderId {
    let found =
        FolderFound { remote: name.to_owned(), name: name.to_owned(), role, selectable: true, subscribed: true };
    mirror.pull(|pull| pull.folder(&found)).unwrap()
}

/// A letter, `hours` ago.
struct Sent<'a> {
    hours: u64,
    from: &'a str,
    to: &'a str,
    subject: &'a str,
    id: &'a str,
    refs: &'a str,
    flags: u64,
    body: &'a str,
}

impl Default for Sent<'_> {
    fn default() -> Self {
        Sent {
            hours: 0,
            from: "Bob <bob@crepes.fr>",
            to: "Alice <alice@hamburger.edu>",
            subject: "",
            id: "",
            refs: "",
            flags: 0,
            body: "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHi.\r\n",
        }
    }
}

fn put(mirror: &Mirror, folder: FolderId, letter: &Sent<'_>) {
    let received = Time(NOW.0 - letter.hours * HOUR);
    let references = if letter.refs.is_empty() { String::new() } else { format!("References: <{}>\r\n", letter.refs) };
    let content = format!(
        "From: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}>\r\n{references}Date: {}\r\nMIME-Version: 1.0\r\n{}",
        letter.from,
        letter.to,
        letter.subject,
        letter.id,
        message::date::write(received, 0),
        letter.body
    );
    let end = message::header::section_end(content.as_bytes(), 0).unwrap();
    let arrival = Arrival {
        uid: u32::try_from(1_000_000 - letter.hours * 10).unwrap(),
        flags: Flags::of(letter.flags),
        received,
        size: content.len() as u64,
        header: content.as_bytes()[..end].to_vec(),
        ..Arrival::default()
    };
    mirror
        .pull(|pull| {
            let id = pull.arrive(folder, &arrival)?;
            pull.content(id, content.as_bytes())
        })
        .unwrap();
}

const TEXT: &str = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";

fn lunch(mirror: Mirror) {
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    for (name, role) in [
        ("Drafts", Role::Drafts),
        ("Sent", Role::Sent),
        ("Archive", Role::Archive),
        ("Junk", Role::Junk),
        ("Trash", Role::Trash),
        ("Recipes", Role::None),
        ("Recipes/Crêpes", Role::None),
        ("Recipes/Hamburgers", Role::None),
    ] {
        folder(&mirror, name, role);
    }
    let sent = mirror.folder_named("Sent").unwrap().unwrap().id;
    talk(&mirror, inbox, sent);
    others(&mirror, inbox);
    with_files(&mirror, inbox);
}

fn text(body: &str) -> String {
    format!("{TEXT}{}", body.replace('\n', "\r\n"))
}

/// A conversation in two folders.
fn talk(mirror: &Mirror, inbox: FolderId, sent: FolderId) {
    let lunch = text(
        "Do you like ketchup?\nHow about pickles?\n\nWe meet at noon, see https://crepes.fr/menu for what there is.\n\n\
         Bob\n",
    );
    put(
        mirror,
        inbox,
        &Sent {
            hours: 30,
            subject: "Lunch",
            id: "1@crepes.fr",
            flags: flag_bits::SEEN,
            body: &lunch,
            ..Sent::default()
        },
    );
    let answer = text(
        "On Saturday Bob wrote:\n> Do you like ketchup?\n> How about pickles?\n>> deeper\n\nYes, both.\n\nAlice\n",
    );
    put(
        mirror,
        sent,
        &Sent {
            hours: 28,
            from: "Alice <alice@hamburger.edu>",
            to: "Bob <bob@crepes.fr>",
            subject: "Re: Lunch",
            id: "2@hamburger.edu",
            refs: "1@crepes.fr",
            flags: flag_bits::SEEN,
            body: &answer,
        },
    );
    let third = text("Then noon it is. I bring the pickles.\n");
    put(
        mirror,
        inbox,
        &Sent {
            hours: 3,
            subject: "Re: Lunch",
            id: "3@crepes.fr",
            refs: "2@hamburger.edu",
            body: &third,
            ..Sent::default()
        },
    );
}

/// Letters with a star, and in other scripts.
fn others(mirror: &Mirror, inbox: FolderId) {
    let starred = flag_bits::FLAGGED | flag_bits::SEEN | flag_bits::ANSWERED;
    let cook = text("A pinch of salt.\n");
    put(
        mirror,
        inbox,
        &Sent {
            hours: 200,
            from: "=?utf-8?q?Andr=C3=A9?= Cuisinier <andre@crepes.fr>",
            subject: "=?utf-8?q?La_p=C3=A2te_=C3=A0_cr=C3=AApes?=",
            id: "4@crepes.fr",
            flags: starred,
            body: &cook,
            ..Sent::default()
        },
    );
    let wide = text("日本語の本文です。\nשלום עולם 12\n");
    put(
        mirror,
        inbox,
        &Sent {
            hours: 5,
            from: "=?utf-8?b?5p2x5Lqs?= <tokyo@example.jp>",
            subject: "=?utf-8?b?5pel5pys6Kqe44Gu5Lu25ZCN?=",
            id: "5@example.jp",
            body: &wide,
            ..Sent::default()
        },
    );
}

/// A file, and HTML.
fn with_files(mirror: &Mirror, inbox: FolderId) {
    let files = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe menu, and a picture.\r\n\
                 --b\r\nContent-Type: application/pdf; name=menu.pdf\r\nContent-Disposition: attachment; filename=menu.pdf\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n";
    put(
        mirror,
        inbox,
        &Sent {
            hours: 50,
            from: "Crêpes de Paris <office@crepes.fr>",
            subject: "The menu of this week, which is a rather long subject that does not fit on small screens",
            id: "6@crepes.fr",
            flags: flag_bits::SEEN,
            body: files,
            ..Sent::default()
        },
    );
    let html = "Content-Type: text/html; charset=utf-8\r\n\r\n<h1>News</h1><p>Read <a href=\"https://news.example/1\">the \
                news</a>, <b>all</b> of it.</p><ul><li>One<li>Two</ul>\r\n";
    put(
        mirror,
        inbox,
        &Sent {
            hours: 26,
            from: "news@news.example",
            subject: "Newsletter",
            id: "7@news.example",
            body: html,
            ..Sent::default()
        },
    );
}

fn work(mirror: Mirror) {
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    put(
        &mirror,
        inbox,
        &Sent { hours: 1, from: "boss@office.example", subject: "Report", id: "w@office", ..Sent::default() },
    );
}

fn hostile(mirror: Mirror) {
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    let drafts = folder(&mirror, "Drafts", Role::Drafts);
    put(
        &mirror,
        drafts,
        &Sent {
            hours: 2,
            subject: "d\x1b]0;pwnsub\x07r",
            id: "d@x",
            flags: flag_bits::DRAFT,
            body: "Content-Type: text/plain; charset=utf-8\r\n\r\nd\x1b]0;pwnbody\x07r\x08\r\n\u{9b}31mthird\r\n",
            ..Sent::default()
        },
    );
    put(
        &mirror,
        inbox,
        &Sent {
            hours: 1,
            from: "=?utf-8?q?=1B]0;owned=07Bank?= <bank@example.com>",
            subject: "=?utf-8?q?=1B[2J=1B[31mPay_=E2=80=AEfdp.exe?=",
            id: "h@x",
            body: "Content-Type: text/plain; charset=utf-8\r\n\r\nfirst\x1b[2J\x1b]52;c;cm0gLXJm\x07\x08\x08second\r\n\u{9b}31mthird\r\n",
            ..Sent::default()
        },
    );
}

/// Names and subjects that run from right to left.
fn turned(mirror: &Mirror) {
    let inbox = folder(mirror, "INBOX", Role::Inbox);
    folder(mirror, "תיקייה 7", Role::None);
    let body = text("היום בשעה 12\n");
    let david = "=?utf-8?b?15PXldeTINeb15TXnw==?= <david@example.il>";
    let mixed = "=?utf-8?b?16nXnNeV150g16LXldec150g4oCUIGhlbGxvICgxKSDZhdix2K3YqNin?=";
    put(mirror, inbox, &Sent { hours: 2, from: david, subject: mixed, id: "t1@x", body: &body, ..Sent::default() });
    let short = "=?utf-8?b?16nXnNeV150=?=";
    put(mirror, inbox, &Sent { hours: 1, subject: short, id: "t2@x", refs: "t1@x", body: &body, ..Sent::default() });
    put(mirror, inbox, &Sent { hours: 3, from: david, subject: "Lunch", id: "t3@x", ..Sent::default() });
}

/// A picture of two colours, one on the left and one on the right, as a file in base64.
pub fn file(width: u32, height: u32) -> String {
    let half = |x: u32, _| image::Rgb(if x < width / 2 { [200, 0, 0] } else { [0, 0, 200] });
    let mut octets = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(width, height, half).write_to(&mut octets, image::ImageFormat::Png).unwrap();
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, octets.into_inner())
}

/// Letters with pictures: within HTML, attached, damaged, and of another host.
fn pictures(mirror: Mirror) {
    let inbox = folder(&mirror, "INBOX", Role::Inbox);
    folder(&mirror, "Album", Role::None);
    let part = |head: &str, octets: &str| {
        format!("--b\r\nContent-Type: image/png{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n{octets}\r\n")
    };
    let html = "--b\r\nContent-Type: text/html\r\n\r\n<p>This is the stand:</p><img src=\"cid:stand%40x\" alt=\"The stand\">\
                <p>Come soon!</p><img src=\"https://tracker.example/pixel.gif\">\r\n";
    let inline = part("\r\nContent-ID: <stand@x>", &file(80, 64));
    let related = format!("Content-Type: multipart/related; boundary=b\r\n\r\n{html}{inline}--b--\r\n");
    put(&mirror, inbox, &Sent { hours: 1, subject: "The stand", id: "p1@x", body: &related, ..Sent::default() });
    let text = "--b\r\nContent-Type: text/plain\r\n\r\nThree pictures.\r\n";
    let mixed = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{text}{}{}{}--b--\r\n",
        part("; name=tall.png", &file(64, 640)),
        part("; name=broken.png", &file(64, 64)[..60]),
        part("; name=dot.png", &file(1, 1)),
    );
    put(&mirror, inbox, &Sent { hours: 2, subject: "Album", id: "p2@x", body: &mixed, ..Sent::default() });
}
