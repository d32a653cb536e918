//! The classic commands by their names, as programs have called them for forty years: `sendmail` with the server up and
//! down, its exit codes, `mailq`, `newaliases`. Each through the real binary.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tests::binary::{self, Binary, Ended};
use tests::client::Client;
use tests::house::{self, House};
use wire::dialogue::{Dialogue, Port, World};

const NOBODY: u32 = 65534;

fn world() -> World {
    let text = "= hostname hamburger.edu\n= plaintext-login 127.0.0.0/8\n= account root@hamburger.edu hungry\n\
                = account bob@hamburger.edu hungry\n= account carol@hamburger.edu hungry\n= limit message_size 10000\n";
    Dialogue::parse("sendmail", text, &|file| Err(file.to_owned())).unwrap().world
}

fn house() -> House {
    let house = House::found(&world()).unwrap();
    house::fill(&house, &world()).unwrap();
    house
}

/// Runs the binary under another name, with words and stdin.
fn run(house: &House, name: &str, words: &[&str], stdin: &[u8]) -> Ended {
    let link = house.path(name);
    if !link.exists() {
        symlink(binary::executable().unwrap(), &link).unwrap();
    }
    let mut child = Command::new(link)
        .args(words)
        .env("PILLARBOX_CONFIG", house.configuration())
        .env_remove("ALIASES")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who refuses before it reads closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// Hands in by `sendmail` and expects that it works.
fn sendmail(house: &House, words: &[&str], stdin: &[u8]) {
    let ended = run(house, "sendmail", words, stdin);
    assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
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

fn dropped(house: &House) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(house.data().join("drop")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}

/// A server that made its folders and is gone again.
fn after_first_start() -> House {
    let house = house();
    Binary::start(&house).unwrap().terminate().unwrap();
    house
}

#[test]
fn programs_hand_in_as_they_always_have() {
    let house = house();
    let server = Binary::start(&house).unwrap();
    // cron
    let report = b"From: root (Cron Daemon)\nTo: bob\nSubject: Cron <root@host> date\nContent-Type: text/plain; charset=UTF-8\n\nTue\nx\xc3\xa4\n.\nlast\n";
    sendmail(&house, &["-i", "-FCronDaemon", "-B8BITMIME", "-oem", "bob"], report);
    // mutt
    let letter =
        b"Date: Sat, 21 Nov 2026 11:20:24 +0000\nFrom: Carol <carol@hamburger.edu>\nMessage-ID: <1@mutt>\n\nhi\n";
    sendmail(&house, &["-oem", "-oi", "-f", "carol@hamburger.edu", "--", "bob@hamburger.edu", "root"], letter);
    // PHP: CR LF in the header, LF in the body
    let form = b"To: bob@hamburger.edu\r\nSubject: form\r\nBcc: carol@hamburger.edu\r\nX-PHP-Originating-Script: 0:x.php\r\n\r\nline\nline\n";
    sendmail(&house, &["-t", "-i", "-fcarol"], form);
    // git send-email
    let patch =
        b"From: A U Thor <root@hamburger.edu>\nTo: bob@hamburger.edu\nSubject: [PATCH] x\n\n---\n 1 file changed\n";
    sendmail(&house, &["-i", "bob@hamburger.edu"], patch);

    let bob = maildrop(&server, "bob");
    assert_eq!(bob.len(), 4);
    assert!(
        bob[0].starts_with("Return-Path: <root@hamburger.edu>\r\nDelivered-To: bob@hamburger.edu\r\n"),
        "{}",
        bob[0]
    );
    assert!(bob[0].contains("Received: by hamburger.edu (from root) id ") && bob[0].contains("Message-ID: <"));
    assert!(bob[0].ends_with("From: root (Cron Daemon)\r\nTo: bob\r\nSubject: Cron <root@host> date\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nTue\r\nxä\r\n.\r\nlast\r\n"), "{}", bob[0]);
    assert!(bob[1].starts_with("Return-Path: <carol@hamburger.edu>\r\n"), "{}", bob[1]);
    assert_eq!(bob[1].matches("Date:").count(), 1);
    let signed = "From: root <carol@hamburger.edu>\r\nTo: bob@hamburger.edu\r\nSubject: form\r\nX-PHP";
    assert!(bob[2].contains(signed) && bob[2].ends_with("\r\nline\r\nline\r\n"), "{}", bob[2]);
    assert!(!bob[2].contains("Bcc") && bob[3].contains("1 file changed\r\n"));
    assert_eq!((maildrop(&server, "root").len(), maildrop(&server, "carol").len()), (1, 1));
    assert!(dropped(&house).is_empty());
}

#[test]
fn what_is_refused_has_its_code() {
    let house = house();
    let letter = b"Subject: x\n\nx\n";
    let ended = run(&house, "sendmail", &["bob"], letter);
    assert_eq!(ended.code, Some(75), "no server was here yet: {ended:?}");
    assert!(ended.stderr.contains("pillarbox serve"), "{ended:?}");
    let server = Binary::start(&house).unwrap();
    let large = [b"Subject: x\n\n".as_slice(), &[b'x'; 10_000]].concat();
    for (words, stdin, code, said) in [
        (&["nobody-here"][..], &letter[..], 67, "nobody-here... 550 there is no"),
        (&["-oeq", "nobody-here"], letter, 67, ""),
        (&[], letter, 64, "-t"),
        (&["-Z", "bob"], letter, 64, "-Z"),
        (&["-bd"], b"", 64, "pillarbox serve"),
        (&["-t"], b"Subject: for nobody\n\nx\n", 65, "names no recipient"),
        (&["bob"], &large, 65, "message_size"),
        (&["-C", "/nowhere/p.toml", "bob"], letter, 78, "/nowhere/p.toml"),
        (&["-bv", "nobody-here"], b"", 67, ""),
        (&["-bv", "bob", "x@crepes.fr"], b"", 0, ""),
    ] {
        let ended = run(&house, "sendmail", words, stdin);
        assert_eq!(ended.code, Some(code), "{words:?}: {ended:?}");
        assert!(ended.stderr.contains(said), "{words:?}: {ended:?}");
    }
    // Half of it is good; the other half is told, or mailed.
    assert_eq!(run(&house, "sendmail", &["bob", "nobody-here"], letter).code, Some(67));
    sendmail(&house, &["-oem", "-f", "carol", "nobody-here"], letter);
    assert_eq!(maildrop(&server, "bob").len(), 1);
    let notice = maildrop(&server, "carol").remove(0);
    assert!(notice.starts_with("Return-Path: <>\r\n") && notice.contains("  nobody-here\r\n    550 "), "{notice}");
    assert!(notice.contains("> Subject: x\r\n"), "{notice}");
    let tested = run(&house, "sendmail", &["-bt"], b"bob\n3,0 nobody-here\n\n");
    assert!(
        tested.code == Some(0)
            && tested.stdout.starts_with("bob... deliverable: mailbox bob@hamburger.edu\nnobody-here... "),
        "{tested:?}"
    );
}

#[test]
fn mail_dropped_while_no_server_runs_is_taken_once() {
    let house = after_first_start();
    let folder = house.data().join("drop");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!((mode(&folder), mode(&folder.join("bad"))), (0o1733, 0o700));
    sendmail(&house, &["-f", "carol", "bob"], b"Subject: while it slept\n\nx\n");
    sendmail(&house, &["-f", "carol", "nobody-here"], b"Subject: nobody\n\nx\n");
    sendmail(&house, &["-f", "nobody-either", "nobody-here"], b"Subject: lost\n\nx\n");
    let names = dropped(&house);
    assert_eq!(names.len(), 3);
    let first = names.iter().find(|path| std::fs::read_to_string(path).unwrap().contains("slept")).unwrap();
    let copy = std::fs::read(first).unwrap();
    // Not mail, in several ways.
    std::fs::write(folder.join("note"), "hello").unwrap();
    let named = |n: u8| folder.join(format!("06G2V0J9QTXXA-{:032x}", n));
    std::fs::write(named(1), "pillarbox drop 1\nno json\n\n").unwrap();
    symlink("/etc/passwd", named(2)).unwrap();
    std::fs::write(named(3), "pillarbox drop 1\n{\"recipients\":[\"bob\"]}\nSubject: bare\n\nx\n").unwrap();
    std::fs::write(named(4), vec![b'x'; 2 << 20]).unwrap();
    // Another user's, whatever it says.
    let others = named(5);
    std::fs::write(
        &others,
        "pillarbox drop 1\n{\"sender\":\"carol\",\"recipients\":[\"bob\"]}\nFrom: carol@hamburger.edu\r\n\r\nx\r\n",
    )
    .unwrap();
    if nix::unistd::geteuid().is_root() {
        chown(&others, Some(NOBODY), None).unwrap();
    }
    std::fs::create_dir(folder.join("folder")).unwrap();

    let mut server = Binary::start(&house).unwrap();
    sendmail(&house, &["-q"], b"");
    assert!(dropped(&house).is_empty());
    let bad = std::fs::read_dir(folder.join("bad")).unwrap().count();
    assert_eq!(bad, 4, "the bare line end has gone back to its sender");
    let bob = maildrop(&server, "bob");
    assert_eq!(bob.len(), 2);
    let slept = bob.iter().find(|letter| letter.contains("while it slept")).unwrap();
    assert!(slept.starts_with("Return-Path: <carol@hamburger.edu>\r\n"), "{slept}");
    if nix::unistd::geteuid().is_root() {
        let forged = bob.iter().find(|letter| !letter.contains("while it slept")).unwrap();
        assert!(forged.starts_with("Return-Path: <nobody@hamburger.edu>\r\n"), "{forged}");
        assert!(forged.contains("Sender: nobody@hamburger.edu\r\n"), "{forged}");
    }
    assert!(maildrop(&server, "carol")[0].contains("nobody-here"), "the sender is told");
    let root = maildrop(&server, "root");
    assert!(root.len() == 2 && root.iter().any(|letter| letter.contains("neither stands alone")), "{root:?}");
    assert!(root.iter().any(|letter| letter.contains("> Subject: lost\r\n")), "the postmaster is told instead");

    // A crash between the commit and the removal of the file: the file is there again.
    server.stop().unwrap();
    std::fs::write(first, &copy).unwrap();
    let server = Binary::start(&house).unwrap();
    sendmail(&house, &["-q"], b"");
    assert!(dropped(&house).is_empty());
    assert_eq!(maildrop(&server, "bob").len(), 2);
    let told = binary::command(&house, &["trace", "bob@hamburger.edu"]).unwrap();
    assert!(told.contains("handed in here by root (uid 0) as "), "{told}");
}

#[test]
fn a_closed_data_folder_lets_users_through_and_shows_them_nothing() {
    let house = house();
    let set = |path: PathBuf, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    std::fs::write(house.data().join("open"), "x").unwrap();
    set(house.data().join("open"), 0o644);
    set(house.data(), 0o700);
    Binary::start(&house).unwrap().terminate().unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(house.data()), 0o711);
    for entry in std::fs::read_dir(house.data()).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_name() != "drop" {
            assert_eq!(mode(entry.path()) & 0o077, 0, "{entry:?}");
        }
    }
}

#[test]
fn smtp_is_spoken_on_stdin() {
    let house = house();
    let server = Binary::start(&house).unwrap();
    let talk = "EHLO here\r\nMAIL FROM:<carol@hamburger.edu>\r\nRCPT TO:<nobody-here@hamburger.edu>\r\n\
                RCPT TO:<bob@hamburger.edu> NOTIFY=NEVER\r\nDATA\r\nSubject: x\r\n\r\n..dots\r\n.\r\n\
                VRFY carol\r\nQUIT\r\n";
    let said = run(&house, "sendmail", &["-bs"], talk.as_bytes());
    assert_eq!(said.code, Some(0), "{said:?}");
    let codes: Vec<&str> =
        said.stdout.lines().filter(|line| line.get(3..4) == Some(" ")).map(|line| &line[..3]).collect();
    assert_eq!(codes, ["220", "250", "250", "550", "250", "354", "250", "250", "221"], "{said:?}");
    assert!(said.stdout.contains("250 2.0.0 queued as "), "{said:?}");
    assert!(maildrop(&server, "bob")[0].ends_with("\r\n\r\n.dots\r\n"));
    drop(server);
    let later = run(&house, "sendmail", &["-bs"], talk.as_bytes());
    assert!(later.stdout.contains("250 2.0.0 dropped"), "{later:?}");
}

#[test]
fn the_queue_is_listed_in_the_old_columns() {
    let house = after_first_start();
    assert_eq!(run(&house, "mailq", &[], b"").stdout, "Mail queue is empty\n");
    let server = Binary::start(&house).unwrap();
    sendmail(&house, &["-f", "carol", "x@crepes.fr", "y@crepes.fr"], b"Subject: x\n\nx\n");
    let configuration = house.configuration().display().to_string();
    let held = run(&house, "pillarbox", &["-c", &configuration, "queue", "hold", "--all"], b"");
    assert_eq!(held.code, Some(0), "{held:?}");
    // What is being tried is held once the try is over.
    let listed = loop {
        let listed = run(&house, "mailq", &[], b"").stdout;
        if !listed.contains('*') {
            break listed;
        }
    };
    // Why it did not leave stands in parentheses.
    let lines: Vec<&str> = listed.lines().filter(|line| !line.trim().starts_with('(')).collect();
    assert_eq!(lines[0], "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------");
    assert!(lines[1].contains("!") && lines[1].ends_with(" carol@hamburger.edu"), "{listed}");
    assert_eq!((lines[2].trim(), lines[3].trim()), ("x@crepes.fr", "y@crepes.fr"));
    assert_eq!(lines.last(), Some(&"-- 1 Kbytes in 1 Request."));
    assert_eq!(run(&house, "sendmail", &["-bp"], b"").stdout, listed);
    assert_eq!(run(&house, "postqueue", &["-p"], b"").stdout, listed);
    let json: serde_json::Value = serde_json::from_str(&run(&house, "mailq", &["--json"], b"").stdout).unwrap();
    let line: serde_json::Value = serde_json::from_str(&run(&house, "postqueue", &["-j"], b"").stdout).unwrap();
    assert_eq!(json["queue"][0], line);
    assert_eq!(
        (line["recipients"][1]["address"].as_str(), line["queue_name"].as_str()),
        (Some("y@crepes.fr"), Some("hold"))
    );
    // As a sub-command, and without a server.
    server.kill().unwrap();
    assert_eq!(run(&house, "pillarbox", &["-c", &configuration, "mailq"], b"").stdout, listed);
    let server = Binary::start(&house).unwrap();
    sendmail(&house, &["-XV", "-f", "owner-x@hamburger.edu", "a@crepes.fr", "b@crepes.fr"], b"Subject: x\n\nx\n");
    let listed = run(&house, "mailq", &[], b"").stdout;
    assert!(listed.contains(" owner-x+b=crepes.fr@hamburger.edu\n") && listed.ends_with(" 3 Requests.\n"), "{listed}");
    drop(server);
}

#[test]
fn aliases_come_from_the_file_and_go_with_it() {
    let house = house();
    let server = Binary::start(&house).unwrap();
    let (file, list) = (house.path("aliases"), house.path("list"));
    let import = |text: &str| {
        std::fs::write(&file, text).unwrap();
        run(&house, "newaliases", &["-oA", &file.display().to_string()], b"")
    };
    std::fs::write(&list, "carol\nx@crepes.fr\n").unwrap();
    let text = format!("# names\nstaff: bob,\n  carol\nfriends: :include:{}\nowner-friends: carol\n", list.display());
    let ended = import(&text);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let longest = ":include:".len() + list.display().to_string().len();
    let total = "staff".len() + "bob, carol".len() + "friends".len() + longest + "owner-friends".len() + "carol".len();
    let summary = format!("{}: 3 aliases, longest {longest} bytes, {total} bytes total\n", file.display());
    assert_eq!(ended.stdout, summary);
    binary::command(&house, &["alias", "add", "kept@hamburger.edu", "bob@hamburger.edu"]).unwrap();

    sendmail(&house, &["-f", "bob", "friends"], b"Subject: x\n\nx\n");
    assert!(maildrop(&server, "carol")[0].starts_with("Return-Path: <owner-friends@hamburger.edu>\r\n"));
    assert!(run(&house, "mailq", &[], b"").stdout.contains("owner-friends@hamburger.edu\n"));

    let dry =
        binary::try_command(&house, &["alias", "import", "--dry-run", "--json", &file.display().to_string()]).unwrap();
    assert!(
        dry.code == Some(0) && dry.stdout.contains("\"added\":0") && dry.stdout.contains("\"removed\":0"),
        "{dry:?}"
    );
    let ended = import("staff: carol\nbob: carol\nkept: carol\nrun: \"|/bin/sh -c 'x'\"\n");
    assert_eq!(ended.code, Some(65), "{ended:?}");
    let name = file.display();
    for said in
        [format!("{name}:2: bob@"), format!("{name}:3: kept@"), format!("{name}:4: |/bin/sh -c 'x' is not executed")]
    {
        assert!(ended.stderr.contains(&said), "{said}: {ended:?}");
    }
    let listed = binary::command(&house, &["alias", "list"]).unwrap();
    assert_eq!(listed, "kept@hamburger.edu\tbob@hamburger.edu\nstaff@hamburger.edu\tcarol@hamburger.edu\n");
}
