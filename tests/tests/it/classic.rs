//! The classic commands that are off by default: SEND, SOML and SAML with `pillarbox biff`, and ETRN, ATRN and TURN for a
//! peer that a route names. Through the real binary.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tests::binary::{self, Binary};
use tests::client::Client;
use tests::house::{self, House};
use wire::dialogue::{Dialogue, Port, World};

/// How long anything may take that is expected: long only where the machine is busy.
const PATIENCE: Duration = Duration::from_secs(10);

fn world(more: &str) -> World {
    let text = format!(
        "= hostname hamburger.edu\n= plaintext-login 127.0.0.0/8\n= account alice@hamburger.edu hungry\n\
         = account bob@hamburger.edu hungry\n= account carol@hamburger.edu hungry\n{more}"
    );
    Dialogue::parse("classic", &text, &|file| Err(file.to_owned())).unwrap().world
}

fn house(world: &World) -> House {
    let house = House::found(world).unwrap();
    house::fill(&house, world).unwrap();
    house
}

/// `pillarbox biff` at work, its output line by line.
struct Biff {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Biff {
    fn start(house: &House, user: &str) -> Biff {
        let mut child = Command::new(binary::executable().unwrap())
            .args(["biff", user])
            .env("PILLARBOX_CONFIG", house.configuration())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, format!("watching for {user}@hamburger.edu; Ctrl-C ends it\n"));
        let (heard, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| heard.send(line)));
        Biff { child, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// Types Ctrl-C.
    fn interrupt(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
        self.child.wait().unwrap();
    }
}

/// A client that greeted and logged in.
fn logged_in(server: &Binary, login: &str) -> Client {
    let mut client = Client::connect(server.ports[&Port::Smtp]).unwrap();
    client.reply().unwrap();
    assert_eq!(client.command("EHLO mail.crepes.fr").unwrap().0, 250);
    assert_eq!(client.command(&format!("AUTH PLAIN {login}")).unwrap().0, 235);
    client
}

const ALICE: &str = "AGFsaWNlAGh1bmdyeQ==";
const BOB: &str = "AGJvYgBodW5ncnk=";

/// Sends a message by this verb; the last reply.
fn send(client: &mut Client, verb: &str, to: &[&str], text: &str) -> (u16, String) {
    assert_eq!(client.command(&format!("{verb} FROM:<alice@hamburger.edu>")).unwrap().0, 250);
    for to in to {
        let (code, text) = client.command(&format!("RCPT TO:<{to}>")).unwrap();
        if code != 250 {
            client.command("RSET").unwrap();
            return (code, text);
        }
    }
    assert_eq!(client.command("DATA").unwrap().0, 354);
    client.command(&format!("From: alice@hamburger.edu\r\nSubject: lunch\r\n\r\n{text}\r\n.")).unwrap()
}

fn count_of(server: &Binary, user: &str) -> usize {
    let mut client = Client::connect(server.ports[&Port::Pop3]).unwrap();
    client.line().unwrap();
    let mut last = String::new();
    for command in [format!("USER {user}"), "PASS hungry".to_owned(), "STAT".to_owned()] {
        client.send(format!("{command}\r\n").as_bytes()).unwrap();
        last = client.line().unwrap();
    }
    last.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn messages_reach_screens_and_mailboxes_as_the_command_says() {
    let world = world("= sends\n");
    let house = house(&world);
    let server = Binary::start(&house).unwrap();
    let mut client = logged_in(&server, ALICE);
    let (bob, carol) = ("bob@hamburger.edu", "carol@hamburger.edu");
    assert_eq!(send(&mut client, "SEND", &[bob], "nobody sees this").0, 450);

    let screen = Biff::start(&house, "bob");
    let (code, text) = send(&mut client, "SEND", &[bob], "ketchup\u{7}?");
    assert!(code == 250 && text.contains("shown to 1 of 1, screens: 1"), "{text}");
    let lines: Vec<String> = (0..3).map(|_| screen.line()).collect();
    let head = "message for bob@hamburger.edu from alice@hamburger.edu:";
    assert_eq!(lines, [head, "  Subject: lunch", "  ketchup\\u{7}?"]);
    let id = text.rsplit(' ').next().unwrap().trim();
    assert!(binary::command(&house, &["trace", id]).unwrap().contains("shown"));

    let (code, text) = send(&mut client, "SOML", &[bob, carol], "pickles?");
    assert!(code == 250 && text.contains("filed where not shown; shown to 1 of 2"), "{text}");
    assert_eq!([screen.line(), screen.line(), screen.line()], [head, "  Subject: lunch", "  pickles?"]);
    assert_eq!((count_of(&server, "bob"), count_of(&server, "carol")), (0, 1), "to the screen, or into the mailbox");

    let (code, text) = send(&mut client, "SAML", &[bob], "olives?");
    assert!(code == 250 && text.contains("filed, and shown to 1 of 1"), "{text}");
    assert_eq!([screen.line(), screen.line(), screen.line()], [head, "  Subject: lunch", "  olives?"]);
    assert_eq!(count_of(&server, "bob"), 1);

    assert_eq!(send(&mut client, "MAIL", &[bob], "by mail").0, 250);
    assert_eq!(screen.line(), "new mail for bob@hamburger.edu from alice@hamburger.edu");

    screen.interrupt();
    let mut left = || send(&mut client, "SEND", &[bob], "gone").0;
    let gone = (0..1000).any(|_| left() == 450);
    assert!(gone, "a screen that was left is none any more");
    let before = count_of(&server, "bob");
    assert_eq!(send(&mut client, "SOML", &[bob], "into the mailbox").0, 250);
    assert_eq!(count_of(&server, "bob"), before + 1);
}

#[test]
fn a_screen_is_for_users_of_this_server_only() {
    let house = house(&world(""));
    let ended = binary::try_command(&house, &["biff", "bob"]).unwrap();
    assert_eq!(ended.code, Some(69), "no server runs: {ended:?}");
    let _server = Binary::start(&house).unwrap();
    let ended = binary::try_command(&house, &["biff", "nobody"]).unwrap();
    assert_eq!(ended.code, Some(67), "{ended:?}");
}

/// Sends two messages to the domain of the route, which does not answer, and waits until both were tried in vain.
fn house_with_waiting_mail() -> (House, Binary) {
    let house = house(&world("= route crepes.fr bob\n"));
    let server = Binary::start(&house).unwrap();
    let mut client = logged_in(&server, ALICE);
    assert_eq!(send(&mut client, "MAIL", &["carol@crepes.fr", "dora@crepes.fr"], "one").0, 250);
    assert_eq!(send(&mut client, "MAIL", &["carol@crepes.fr"], "two\r\n..dot").0, 250);
    wait_for_attempts(&house, 1);
    (house, server)
}

/// Until each of the three recipients was tried so often.
fn wait_for_attempts(house: &House, attempts: u64) {
    let tried = |_: u32| {
        let list = binary::command(house, &["queue", "list", "--json"]).unwrap();
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let rows = list["queue"].as_array().unwrap();
        rows.len() == 3 && rows.iter().all(|row| row["attempts"].as_u64().unwrap() >= attempts)
    };
    assert!((0..500).any(tried), "{attempts}: {}", binary::command(house, &["queue", "list"]).unwrap());
}

/// A peer whose roles were turned round: it says hello as a server and takes mail, but for a recipient named no.
fn serve(client: &mut Client, refused: &str) -> Vec<String> {
    client.send(b"220 mail.crepes.fr ready\r\n").unwrap();
    let mut messages = Vec::new();
    loop {
        let line = client.line().unwrap();
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "EHLO" => "250-mail.crepes.fr\r\n250 PIPELINING",
            "RCPT" if line.contains(refused) => "450 4.2.0 later",
            "DATA" => {
                client.send(b"354 go ahead\r\n").unwrap();
                messages.push(String::from_utf8(client.multi_line().unwrap()).unwrap());
                "250 2.0.0 taken"
            }
            "QUIT" => {
                client.send(b"221 bye\r\n").unwrap();
                return messages;
            }
            _ => "250 2.0.0 ok",
        };
        client.send(format!("{reply}\r\n").as_bytes()).unwrap();
    }
}

#[test]
fn a_peer_starts_the_queue_and_fetches_its_mail() {
    let (house, server) = house_with_waiting_mail();
    let mut bob = logged_in(&server, BOB);
    let (code, text) = bob.command("ETRN crepes.fr").unwrap();
    assert!(code == 253 && text.contains("3 pending messages for node crepes.fr started"), "{text}");
    wait_for_attempts(&house, 2);

    let (code, text) = bob.command("ATRN crepes.fr").unwrap();
    assert_eq!(code, 250, "{text}");
    let messages = serve(&mut bob, "dora");
    assert_eq!(messages.len(), 2, "one for carol and dora, one for carol: {messages:?}");
    assert!(messages[0].contains("Subject: lunch\r\n\r\none\r\n") && messages[1].ends_with("two\r\n.dot\r\n"));
    let list = binary::command(&house, &["queue", "list"]).unwrap();
    assert!(list.contains("dora@crepes.fr") && !list.contains("carol@crepes.fr"), "{list}");

    // TURN is the same; what was refused for now waits still, and a peer that vanishes takes nothing with it.
    let mut bob = logged_in(&server, BOB);
    assert_eq!(bob.command("TURN").unwrap().0, 250);
    drop(bob);
    let fetched = |_: u32| {
        let mut bob = logged_in(&server, BOB);
        assert_eq!(bob.command("ATRN").unwrap().0, 250);
        serve(&mut bob, "nobody").len()
    };
    assert!((0..500).map(fetched).any(|count| count == 1), "it was given back");
    let mut bob = logged_in(&server, BOB);
    assert_eq!(bob.command("ATRN crepes.fr").unwrap().0, 453);
    let mut alice = logged_in(&server, ALICE);
    assert_eq!(alice.command("ATRN crepes.fr").unwrap().0, 450);
}
