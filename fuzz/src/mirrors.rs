//! What a person looks for in their mail: any words, over a mirror with a few messages.

use agent::mirror::{FolderId, Mirror, Role, View};
use message::Time;
use message::search::query::{Query, parse};

/// When the letters came.
const NOW: Time = Time(1_795_238_264_000);
/// Letters that are looked through: with a file, from nobody, in another language.
const LETTERS: [&str; 4] = [
    "From: Alice <alice@hamburger.edu>\r\nTo: bob@crepes.fr\r\nSubject: Ketchup\r\nMessage-ID: <1@x>\r\n\r\nPickles?\r\n",
    "Subject: Cr\u{ea}pes\r\nList-Id: <cooks.crepes.fr>\r\n\r\n100% sugar\r\n",
    "From: =?utf-8?Q?Andr=C3=A9?= <andre@crepes.fr>\r\nCc: \"a%b_c\" <c@x.example>\r\nContent-Type: multipart/mixed; \
     boundary=b\r\n\r\n--b\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/pdf; name=\"list.pdf\"\r\n\
     Content-Disposition: attachment\r\n\r\nx\r\n--b--\r\n",
    "\r\n",
];

struct Shelf {
    mirror: Mirror,
    inbox: FolderId,
    _folder: tempfile::TempDir,
}

thread_local! {
    static SHELF: Shelf = shelf();
}

fn shelf() -> Shelf {
    let folder = tempfile::tempdir().expect("a folder");
    let mirror = Mirror::open(&folder.path().join("mirror.sqlite")).expect("a mirror");
    let inbox = mirror.folder_for(Role::Inbox).expect("an inbox");
    for (name, letter) in ["1", "2", "3", "4"].into_iter().zip(LETTERS) {
        mirror.take_popped(inbox, name, letter.as_bytes(), NOW).expect("a letter is taken");
    }
    Shelf { mirror, inbox, _folder: folder }
}

/// Whatever is typed is a question that can be answered, printed is the same question, and of each message it holds or does
/// not.
///
/// # Panics
/// When a law is broken.
pub fn query(data: &[u8]) {
    let typed = parse(&String::from_utf8_lossy(data)).query;
    SHELF.with(|shelf| {
        let found = |query: Query, folder: Option<FolderId>| {
            let view = View { folder, query: Some(query), ..View::default() };
            let ids = shelf.mirror.ids(&view, NOW).expect("it can be looked for");
            assert_eq!(shelf.mirror.count(&view, NOW).expect("it can be counted"), ids.len() as u64);
            ids
        };
        let holds = found(typed.clone(), Some(shelf.inbox));
        let not = found(Query::Not(Box::new(typed.clone())), Some(shelf.inbox));
        assert_eq!(holds.len() + not.len(), LETTERS.len(), "{typed:?}");
        assert!(!not.iter().any(|id| holds.contains(id)));
        let everywhere = found(typed.clone(), None);
        assert!(everywhere.len() <= LETTERS.len());
        let again = parse(&typed.to_string()).query;
        assert_eq!(found(again, Some(shelf.inbox)), holds, "{typed}");
    });
}
