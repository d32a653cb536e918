//! Mail that leaves, from the real binary into other servers over sockets: `kill -9` while the queue drains, servers that
//! misbehave at every point, reports to senders, and the queue in the hands of an administrator.

use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, Instant};
use tests::binary::{self, Binary};
use tests::client::Client;
use tests::house::{self, House};
use tests::seed::Seed;
use tests::sink::{Habit, POINTS, Point, Sink, Taken};
use wire::dialogue::{Dialogue, Port, World};

/// How often the server is killed, unless `PILLARBOX_ROUNDS` says otherwise.
const CYCLES: u64 = 10;
/// Messages handed in before each kill.
const MESSAGES: u64 = 30;
/// Always the same moments, as far as a machine lets us.
const SEED: u64 = 0x1047;
/// How long something may take that is to happen: far more than it takes on a machine of its own.
const PATIENCE: Duration = Duration::from_secs(30);
/// Mail to one domain may not wait longer because of others.
const UNDISTURBED: Duration = Duration::from_secs(2);

fn world() -> World {
    let text = "= hostname hamburger.edu\n= relay 127.0.0.0/8\n= plaintext-login 127.0.0.0/8\n\
                = account alice@hamburger.edu hungry\n= account bob@hamburger.edu hungry\n";
    Dialogue::parse("sending", text, &|file| Err(file.to_owned())).unwrap().world
}

/// A house whose mail for these domains goes to these sinks.
fn house(routes: &[(&str, &Sink)]) -> House {
    let house = House::found(&world()).unwrap();
    house::fill(&house, &world()).unwrap();
    let mut text = "[outbound]\nloopback_targets = true\n".to_owned();
    for (domain, sink) in routes {
        writeln!(text, "[[route]]\ndomain = \"{domain}\"\nhost = \"{}\"", sink.address).unwrap();
    }
    let mut file = std::fs::File::options().append(true).open(house.configuration()).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    house
}

/// A connection that said EHLO.
fn greet(server: &Binary) -> Client {
    let mut client = Client::connect(server.ports[&Port::Smtp]).unwrap();
    assert_eq!(client.reply().unwrap().0, 220);
    assert_eq!(client.command("EHLO crepes.fr").unwrap().0, 250);
    client
}

/// Sends one message; what follows the addresses are their parameters. The queue id.
fn send(client: &mut Client, message_id: &str, from: &str, recipients: &[&str]) -> String {
    assert_eq!(client.command(&format!("MAIL FROM:{from}")).unwrap().0, 250);
    for recipient in recipients {
        let reply = client.command(&format!("RCPT TO:{recipient}")).unwrap();
        assert_eq!(reply.0, 250, "{recipient}: {}", reply.1);
    }
    assert_eq!(client.command("DATA").unwrap().0, 354);
    let reply = client
        .command(&format!("From: alice@hamburger.edu\r\nSubject: s\r\nMessage-ID: {message_id}\r\n\r\nsecret\r\n."));
    let (code, line) = reply.unwrap();
    assert_eq!(code, 250, "{line}");
    line.split(' ').next_back().unwrap().to_owned()
}

fn queue(house: &House, words: &[&str]) -> Vec<serde_json::Value> {
    let text = binary::command(house, &[&["queue", "list", "--json"], words].concat()).unwrap();
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    list["queue"].as_array().unwrap().clone()
}

/// Asks until something is so, which other processes bring about in their own time.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
    }
}

#[test]
fn what_waits_survives_kill_9_of_the_sender() {
    let cycles = std::env::var("PILLARBOX_ROUNDS").map_or(CYCLES, |text| text.parse().unwrap());
    let sink = Sink::start(Habit::Takes).unwrap();
    let house = house(&[("sink.example", &sink)]);
    let (mut seed, mut all) = (Seed(SEED), Vec::new());
    for cycle in 0..cycles {
        let server = Binary::start(&house).unwrap();
        sink.shut();
        let (mut client, before) = (greet(&server), sink.taken().len());
        for number in 0..MESSAGES {
            let id = format!("<{cycle}.{number}@crepes.fr>");
            let recipient = format!("r{}@sink.example", number % 3);
            send(&mut client, &id, "<alice@hamburger.edu>", &[&format!("<{recipient}>")]);
            all.push((id, recipient));
        }
        sink.open();
        let (some, moment) = (seed.within(0..MESSAGES), Duration::from_micros(seed.within(0..5000)));
        let some = usize::try_from(some).unwrap();
        assert!(sink.wait(PATIENCE, |taken| taken.len() >= before + some), "nothing is sent in cycle {cycle}");
        let end = Instant::now() + moment;
        while Instant::now() < end {
            std::thread::yield_now();
        }
        server.kill().unwrap();
    }
    let server = Binary::start(&house).unwrap();
    until("the queue is empty", || queue(&house, &[]).is_empty());
    drop(server);
    judge(&sink, &all, cycles);
}

/// Nothing is lost; twice there is only what was taken when the server was killed before it had heard, or could write
/// down, the reply (RFC 1047).
fn judge(sink: &Sink, all: &[(String, String)], cycles: u64) {
    let copies = sink.copies();
    let lost: Vec<_> = all.iter().filter(|each| !copies.contains_key(each)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert_eq!(copies.len(), all.len(), "something arrived that nobody sent");
    let mut twice = 0;
    for (copy, heard) in &copies {
        twice += heard.len() - 1;
        let needless = heard.iter().rev().skip(1).any(|heard| *heard);
        assert!(!needless, "{copy:?} was sent again though its reply had been heard: {heard:?}");
    }
    println!("sending: {cycles} kills, {} messages, {twice} twice, {} connections", all.len(), sink.connections());
}

/// Every way to misbehave, and whether the message counts as taken by the sink.
fn hostile() -> Vec<(String, Habit)> {
    let mut all: Vec<(String, Habit)> =
        POINTS.iter().map(|point| (format!("closes-{point:?}").to_lowercase(), Habit::Closes(*point))).collect();
    for point in POINTS {
        let name = format!("{point:?}").to_lowercase();
        all.push((format!("code-{name}"), Habit::Says(point, b"999 what\r\n".to_vec())));
        all.push((format!("preliminary-{name}"), Habit::Says(point, b"150 wait\r\n".to_vec())));
        all.push((format!("noise-{name}"), Habit::Says(point, b"\0\xff\r\n\r\n".to_vec())));
    }
    let mut long = b"220 ".to_vec();
    long.resize(10 << 20, b'x');
    all.push(("long-line".to_owned(), Habit::Says(Point::Banner, long)));
    all.push(("endless".to_owned(), Habit::Endless));
    let injected = b"220 hello\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n".to_vec();
    all.push(("injected".to_owned(), Habit::Says(Point::Banner, injected)));
    let injected = b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n".to_vec();
    all.push(("injected-hello".to_owned(), Habit::Says(Point::Hello, injected)));
    all
}

/// A certificate for this address, in place of the house's own.
fn certify(house: &House, address: std::net::IpAddr) -> std::path::PathBuf {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names.push(rcgen::SanType::IpAddress(address));
    let key = rcgen::KeyPair::generate().unwrap();
    let file = house.path(net::tls::SELF_SIGNED_CERTIFICATE);
    std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(house.path(net::tls::SELF_SIGNED_KEY), key.serialize_pem()).unwrap();
    file
}

/// A house whose mail goes by this smarthost.
fn behind(port: u16, certificate: &std::path::Path) -> House {
    let house = House::found(&world()).unwrap();
    house::fill(&house, &world()).unwrap();
    std::fs::write(house.path("secret"), "hungry\n").unwrap();
    let text = format!(
        "[outbound]\nloopback_targets = true\nsmarthost = \"127.0.0.1:{port}\"\nsmarthost_user = \
         \"alice@hamburger.edu\"\nsmarthost_password_file = \"secret\"\nsmarthost_ca = \"{}\"\n",
        certificate.display()
    );
    let mut file = std::fs::File::options().append(true).open(house.configuration()).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    house
}

#[test]
fn a_smarthost_with_a_login_must_prove_its_name() {
    let smarthost = house(&[]);
    let certificate = certify(&smarthost, [127, 0, 0, 1].into());
    let server = Binary::start(&smarthost).unwrap();
    let port = server.ports[&Port::Submission].port();
    let other = certify(&House::found(&world()).unwrap(), [127, 0, 0, 2].into());
    for (vouching, waits) in [(certificate, 0), (other, 1)] {
        // The folder of the other one is gone by now: what cannot be read vouches for nobody either.
        let house = behind(port, &vouching);
        let sender = Binary::start(&house).unwrap();
        send(&mut greet(&sender), "<1@crepes.fr>", "<alice@hamburger.edu>", &["<carol@crepes.fr>"]);
        let settled = |row: &serde_json::Value| row["said"].is_string();
        until("it was tried", || queue(&house, &[]).iter().all(settled));
        let story = binary::command(&house, &["trace", "carol@crepes.fr"]).unwrap();
        assert_eq!(queue(&house, &[]).len(), waits, "{story}");
        assert_eq!(story.contains("over TLS1.3: 250"), waits == 0, "{story}");
    }
    let there = queue(&smarthost, &["--domain", "crepes.fr"]);
    assert_eq!(there.len(), 1, "what was sent waits there: {there:?}");
}

#[test]
fn a_hostile_server_hurts_nobody_else() {
    let sinks: Vec<(String, Sink)> =
        hostile().into_iter().map(|(name, habit)| (format!("{}.example", name), Sink::start(habit).unwrap())).collect();
    let good = Sink::start(Habit::Takes).unwrap();
    let mut routes: Vec<(&str, &Sink)> = sinks.iter().map(|(domain, sink)| (domain.as_str(), sink)).collect();
    routes.push(("good.example", &good));
    let house = house(&routes);
    let mut server = Binary::start(&house).unwrap();
    let mut client = greet(&server);
    for (domain, _) in &sinks {
        send(&mut client, &format!("<1@{domain}>"), "<alice@hamburger.edu>", &[&format!("<bob@{domain}>")]);
    }
    let began = Instant::now();
    send(&mut client, "<good@crepes.fr>", "<alice@hamburger.edu>", &["<bob@good.example>"]);
    assert!(good.wait(UNDISTURBED, |taken| !taken.is_empty()), "mail to another domain waited for hostile servers");
    println!("hostile: mail to another domain took {:?}", began.elapsed());
    let began = Instant::now();
    let waiting = loop {
        let waiting = queue(&house, &[]);
        let untried: Vec<_> = waiting.iter().filter(|row| !row["said"].is_string()).collect();
        if untried.is_empty() {
            break waiting;
        }
        assert!(began.elapsed() < PATIENCE, "still held up: {untried:#?}");
    };
    assert_eq!(
        waiting.len(),
        sinks.len(),
        "no message to a hostile server is gone, by bounce or as sent: {waiting:#?}"
    );
    assert!(waiting.iter().all(|row| row["state"] == "waiting" && row["attempts"] == 1), "{waiting:#?}");
    for (domain, sink) in &sinks {
        let once = sink.taken().len() == usize::from(domain.ends_with("-dot.example"));
        assert!(once, "{domain}: {:?}", sink.taken());
    }
    assert!(server.is_running().unwrap());
}

/// All that somebody has, in order of arrival.
fn maildrop(server: &Binary, user: &str) -> Vec<String> {
    let mut client = Client::connect(server.ports[&Port::Pop3]).unwrap();
    client.line().unwrap();
    let ask = |client: &mut Client, command: &str| {
        client.send(format!("{command}\r\n").as_bytes()).unwrap();
        let line = client.line().unwrap();
        assert!(line.starts_with("+OK"), "{command}: {line}");
        line
    };
    ask(&mut client, &format!("USER {user}"));
    ask(&mut client, "PASS hungry");
    let count: usize = ask(&mut client, "STAT").split(' ').nth(1).unwrap().parse().unwrap();
    let each = (1..=count).map(|number| {
        ask(&mut client, &format!("RETR {number}"));
        String::from_utf8_lossy(&client.multi_line().unwrap()).into_owned()
    });
    each.collect()
}

/// The values of a field in a message and in the parts of a report.
fn values<'a>(message: &'a str, field: &str) -> Vec<&'a str> {
    let line = |line: &'a str| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case(field));
    message.lines().filter_map(line).map(|(_, value)| value).collect()
}

#[test]
fn senders_are_told_as_they_asked() {
    let sink = Sink::start(Habit::Takes).unwrap();
    let house = house(&[("sink.example", &sink)]);
    let server = Binary::start(&house).unwrap();
    let mut client = greet(&server);
    let alice = "<alice@hamburger.edu>";
    send(
        &mut client,
        "<full@crepes.fr>",
        &format!("{alice} RET=FULL ENVID=QQ314159"),
        &[
            "<unknown1@sink.example> NOTIFY=FAILURE ORCPT=rfc822;First@sink.example",
            "<unknown2@sink.example>",
            "<unknown3@sink.example> NOTIFY=NEVER",
            "<known1@sink.example> NOTIFY=FAILURE",
            "<known2@sink.example> NOTIFY=SUCCESS",
        ],
    );
    send(&mut client, "<hdrs@crepes.fr>", &format!("{alice} RET=HDRS"), &["<unknown4@sink.example>"]);
    send(&mut client, "<null@crepes.fr>", "<>", &["<unknown5@sink.example>"]);
    // Its report goes to one whom the sink does not know: a report of a report there is none.
    send(&mut client, "<double@crepes.fr>", "<unknown6@sink.example>", &["<unknown7@sink.example>"]);
    until("the queue is empty", || queue(&house, &[]).is_empty());

    let mut told = Vec::new();
    let reports = maildrop(&server, "alice");
    for report in &reports {
        assert!(report.starts_with("Return-Path: <>\r\n"), "{report}");
        assert!(report.contains("report-type=delivery-status"), "{report}");
        let (finals, actions) = (values(report, "Final-Recipient"), values(report, "Action"));
        assert_eq!(finals.len(), actions.len(), "{report}");
        told.extend(finals.iter().zip(actions).map(|(recipient, action)| format!("{recipient} {action}")));
        let full = report.contains("known2@sink.example") || report.contains("unknown1@sink.example");
        assert_eq!(values(report, "Original-Envelope-Id"), if full { vec!["QQ314159"] } else { vec![] }, "{report}");
    }
    told.sort_unstable();
    let wanted = ["known2@sink.example relayed", "unknown1@sink.example failed", "unknown2@sink.example failed"];
    let wanted = wanted.iter().chain(["unknown4@sink.example failed"].iter()).map(|words| format!("rfc822; {words}"));
    assert_eq!(told, wanted.collect::<Vec<_>>(), "{reports:#?}");
    let of = |name: &str| reports.iter().find(|report| report.contains(&format!("rfc822; {name}@"))).unwrap();
    let first = of("unknown1");
    assert_eq!(values(first, "Original-Recipient"), ["rfc822; First@sink.example"], "{first}");
    assert!(values(first, "Status").contains(&"5.1.1") && first.contains("550 5.1.1 no such user here"), "{first}");
    assert!(first.contains("\r\nsecret\r\n") && first.contains("message/rfc822"), "RET=FULL: {first}");
    let headers = of("unknown4");
    assert!(!headers.contains("secret") && headers.contains("<hdrs@crepes.fr>"), "RET=HDRS: {headers}");
    assert!(maildrop(&server, "bob").is_empty());
    assert!(sink.taken().iter().all(|taken| taken.message_id == "<full@crepes.fr>"), "{:?}", sink.taken());
}

#[test]
fn the_queue_is_in_the_hands_of_its_administrator() {
    let closed = Sink::start(Habit::Closes(Point::Banner)).unwrap();
    let good = Sink::start(Habit::Takes).unwrap();
    let house = house(&[("one.example", &closed), ("two.example", &closed)]);
    let server = Binary::start(&house).unwrap();
    let mut client = greet(&server);
    let first = send(&mut client, "<1@crepes.fr>", "<alice@hamburger.edu>", &["<r1@one.example>", "<r2@two.example>"]);
    send(&mut client, "<2@crepes.fr>", "<>", &["<r3@two.example>"]);
    until("each was tried", || {
        queue(&house, &[]).iter().all(|row| row["state"] == "waiting" && row["said"].is_string())
    });
    let count = |words: &[&str]| queue(&house, words).len();
    let counts = [
        (3, vec![]),
        (1, vec!["--domain", "one.example"]),
        (1, vec!["--to-address", "r3@two.example"]),
        (1, vec!["--sender", "<>"]),
        (2, vec!["--sender", "alice@hamburger.edu"]),
        (0, vec!["--older-than", "1h"]),
        (0, vec!["--said", "words that nobody said"]),
        (0, vec!["--held"]),
    ];
    for (wanted, words) in &counts {
        assert_eq!(count(words), *wanted, "{words:?}");
    }
    let run = |words: &[&str]| {
        let text = binary::command(&house, &[&["queue"], words, &["--json"]].concat()).unwrap();
        let done: serde_json::Value = serde_json::from_str(&text).unwrap();
        done["recipients"].as_u64().unwrap()
    };
    assert_eq!(run(&["hold", &first]), 2);
    assert_eq!((count(&["--held"]), count(&[])), (2, 3));
    let tried = closed.connections();
    assert_eq!(run(&["retry", "--sender", "<>"]), 1);
    until("it was tried again", || closed.connections() > tried);
    assert_eq!(run(&["reroute", &first, "--to", &good.address.to_string()]), 2);
    assert!(good.taken().is_empty(), "what is held stays");
    assert_eq!(run(&["release", "--held"]), 2);
    let whole = |taken: &[Taken]| taken.iter().map(|taken| taken.recipients.len()).sum::<usize>() == 2;
    assert!(good.wait(PATIENCE, whole), "{:?}", good.taken());
    assert_eq!(run(&["remove", "--domain", "two.example", "--sender", "<>"]), 1);
    until("nothing waits", || queue(&house, &[]).is_empty());
    assert!(maildrop(&server, "alice").is_empty(), "nobody is told of what was removed or sent");
}
