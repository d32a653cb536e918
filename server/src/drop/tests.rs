#![allow(clippy::unwrap_used)]
use super::*;
use crate::Config;
use crate::running::open_office;
use crate::seams::Seams;
use office::admin::Request;
use store::op::Op;
use store::types::QueueId;
use wire::Time;

struct Scene {
    _folder: tempfile::TempDir,
    drops: Drops,
    seams: Seams,
}

/// A house with bob in it, and its drop folder. Messages have at most 1000 octets.
async fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    std::fs::create_dir(&data_dir).unwrap();
    let text = format!(
        "hostname = \"a.test\"\ndomains = [\"a.test\"]\ndata_dir = \"{}\"\n[limits]\nmessage_size = \"1000 B\"\n",
        data_dir.display()
    );
    let seams = Seams::system();
    let office = open_office(&Config::parse(&text, "p.toml").unwrap(), &seams).await.unwrap();
    let add = Request::AccountAdd { address: "bob@a.test".parse().unwrap(), password: None, quota: None };
    office.administer(seams.clock.now(), add).await.unwrap();
    let drops = Drops::open(&data_dir, office, seams.clock.clone());
    Scene { _folder: folder, drops, seams }
}

fn envelope(recipients: &[&str]) -> Envelope {
    Envelope { recipients: recipients.iter().map(|name| (*name).to_owned()).collect(), ..Envelope::default() }
}

impl Scene {
    fn put(&self, envelope: &Envelope, message: &[u8]) -> String {
        put(&self.drops.folder, envelope, message, (self.seams.clock.now(), &self.seams.random)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        list(&self.drops.folder, "", self.seams.clock.now()).unwrap()
    }

    async fn take(&self, name: &str) -> DropView {
        match self.drops.take(Some(name.to_owned()), true).await.unwrap() {
            Response::Dropped(view) => view,
            other => panic!("{other:?}"),
        }
    }

    async fn bobs_messages(&self) -> u64 {
        let show = Request::AccountShow { address: "bob@a.test".parse().unwrap() };
        let answer = self.drops.office.administer(self.seams.clock.now(), show).await.unwrap();
        let Response::Accounts(accounts) = answer else { panic!("{answer:?}") };
        accounts[0].messages
    }
}

#[tokio::test]
async fn a_file_is_taken_once_and_goes() {
    let scene = scene().await;
    let name = scene.put(&envelope(&["bob"]), b"Subject: x\r\n\r\nx\r\n");
    let octets = std::fs::read(scene.drops.folder.join(&name)).unwrap();
    let view = scene.take(&name).await;
    assert_eq!(
        (view.taken.clone(), view.refused, view.waiting),
        (vec![form::queue_id(&name).unwrap()], vec![], vec![])
    );
    assert!(scene.names().is_empty());
    std::fs::write(scene.drops.folder.join(&name), octets).unwrap();
    assert_eq!(scene.take(&name).await, DropView::default(), "its journey says that it was here");
    assert!(scene.names().is_empty());
    assert_eq!(scene.bobs_messages().await, 1);
    assert_eq!(scene.take(&name).await, DropView::default(), "nothing there is no trouble");
}

#[tokio::test]
async fn another_message_of_the_same_queue_id_is_not_taken_for_it() {
    let scene = scene().await;
    let name = scene.put(&envelope(&["bob"]), b"Subject: x\r\n\r\nx\r\n");
    let other = format!("{}{}", &name[..14], "0".repeat(32));
    std::fs::copy(scene.drops.folder.join(&name), scene.drops.folder.join(&other)).unwrap();
    scene.take(&name).await;
    scene.take(&other).await;
    assert_eq!(scene.bobs_messages().await, 2);
}

#[tokio::test]
async fn a_message_has_its_limit_here_too() {
    let scene = scene().await;
    let head = "Subject: x\r\n\r\n";
    let message = |octets: usize| format!("{head}{}\r\n", "x".repeat(octets - head.len() - 2));
    for (octets, taken) in [(1000, 1), (1001, 0)] {
        let name = scene.put(&envelope(&["bob"]), message(octets).as_bytes());
        assert_eq!(scene.take(&name).await.taken.len(), taken, "{octets}");
    }
}

#[tokio::test]
async fn lines_end_as_they_do_on_the_wire() {
    let scene = scene().await;
    for (message, taken) in [
        (&b"Subject: x\r\n\r\nx\r\n"[..], 1),
        (b"Subject: x\r\n\r\nno end", 1),
        (b"Subject: x\n\nx\n", 0),
        (b"Subject: x\r\n\r\na\rb\r\n", 0),
        (b"Subject: x\r\n\r\na\r\r\n", 0),
        (b"Subject: x\r\n\r\na\r", 0),
        (b"", 1),
    ] {
        let name = scene.put(&envelope(&["bob"]), message);
        assert_eq!(scene.take(&name).await.taken.len(), taken, "{:?}", String::from_utf8_lossy(message));
        assert!(scene.names().is_empty());
    }
    for cut in 1..10 {
        let (before, after) = b"a\r\nb\r\nc\r\n".split_at(cut.min(9));
        assert!(!has_bare_line_end(b'\n', before), "{cut}");
        assert!(!has_bare_line_end(before[before.len() - 1], after), "{cut}");
    }
    assert!(has_bare_line_end(b'\r', b"x") && has_bare_line_end(b'x', b"\n"));
}

#[tokio::test]
async fn what_is_left_unfinished_goes_after_a_day() {
    let scene = scene().await;
    let now = scene.seams.clock.now();
    let unfinished = |age: Duration| {
        let name = format!(".{}-{}", QueueId::new(Time(now.0 - age.as_millis() as u64), 0), "0".repeat(32));
        std::fs::write(scene.drops.folder.join(&name), "x").unwrap();
        scene.drops.folder.join(name)
    };
    let (young, old) = (unfinished(ABANDONED), unfinished(ABANDONED + Duration::from_millis(1)));
    assert!(list(&scene.drops.folder, "", now).unwrap().is_empty());
    assert!(young.exists() && !old.exists());
}

#[tokio::test]
async fn so_many_files_are_looked_at_in_one_go_and_the_others_in_the_next() {
    let scene = scene().await;
    for n in 0..=FILES_AT_ONCE {
        std::fs::write(scene.drops.folder.join(format!("{n:04}")), "").unwrap();
    }
    let first = scene.drops.look().await;
    assert_eq!((first.len(), &*first[0], &*first[FILES_AT_ONCE - 1]), (FILES_AT_ONCE, "0000", "0999"));
    let second = scene.drops.look().await;
    assert_eq!((second.len(), &*second[0], &*second[1]), (FILES_AT_ONCE, "1000", "0000"), "none of them was taken");
    for name in ["0500", "0501"] {
        std::fs::remove_file(scene.drops.folder.join(name)).unwrap();
    }
    scene.drops.look().await;
    assert_eq!(scene.drops.look().await[0], "0000", "where all were seen the next look begins anew");
}

#[tokio::test]
async fn only_names_of_this_form_are_asked_for() {
    let scene = scene().await;
    for name in ["../secret", "bad", "", ".06G2V0J9QTXXA-00000000000000000000000000000000"] {
        let failure = scene.drops.take(Some(name.to_owned()), true).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage, "{name}");
    }
}

#[test]
fn an_envelope_line_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let read = |octets: usize| {
        let path = folder.path().join("f");
        std::fs::write(&path, [&vec![b'x'; octets][..], b"\n"].concat()).unwrap();
        line(&mut BufReader::new(File::open(path).unwrap()), 10).is_ok()
    };
    assert!(read(10) && !read(11));
}

#[test]
fn another_users_folder_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drop");
    std::os::unix::fs::symlink("/tmp", &path).unwrap();
    assert!(private_folder(&path).is_err());
    std::fs::remove_file(&path).unwrap();
    private_folder(&path).unwrap();
    private_folder(&path).unwrap();
}

#[tokio::test]
async fn who_cannot_take_it_for_now_is_waited_for_and_not_for_ever() {
    let scene = scene().await;
    let now = scene.seams.clock.now();
    let full = Request::AccountAdd { address: "full@a.test".parse().unwrap(), password: None, quota: Some(1) };
    scene.drops.office.administer(now, full).await.unwrap();
    let to_full = Envelope { sender: Some("bob".to_owned()), ..envelope(&["full"]) };
    let message = [b"Subject: x\r\n\r\n".as_slice(), &[b'x'; 100]].concat();
    let dropped_at = |age: Duration| {
        let at = Time(now.0 - age.as_millis() as u64);
        put(&scene.drops.folder, &to_full, &message, (at, &scene.seams.random)).unwrap()
    };
    let bobs = Op::AccountSet {
        address: "full@a.test".parse().unwrap(),
        credentials: None,
        quota: Some(Some(0)),
        pop_delete: None,
    };
    scene.drops.office.store().apply(bobs).await.unwrap();
    let young = dropped_at(WAIT_MAX - Duration::from_secs(60));
    let view = scene.drops.take_all().await;
    assert_eq!((view.waiting.len(), scene.names()), (1, vec![young.clone()]));
    std::fs::remove_file(scene.drops.folder.join(young)).unwrap();
    dropped_at(WAIT_MAX + Duration::from_secs(60));
    let view = scene.drops.take_all().await;
    assert_eq!((view.refused.len(), scene.names().len(), scene.bobs_messages().await), (1, 0, 1), "bob is told");
}

#[tokio::test]
async fn who_wants_no_reports_gets_none() {
    let scene = scene().await;
    let quiet = Envelope { sender: Some("bob".into()), notify: Some("NEVER".into()), ..envelope(&["nobody"]) };
    scene.put(&quiet, b"Subject: x\r\n\r\n");
    assert_eq!(scene.drops.take_all().await.refused.len(), 1);
    assert_eq!((scene.names().len(), scene.bobs_messages().await), (0, 0));
}
