//! The binary as a service: what it tells systemd, sockets it is given, signals, the user it becomes, its logs.

use crate::leave_out;
use crate::ledger::world;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tests::binary::{self, Binary};
use tests::client::Client;
use tests::collector;
use tests::house::{self, House};
use tests::ledger::Ledger;
use tests::letter::Letter;
use wire::dialogue::Port;

/// How long a word to systemd may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// `nobody`, on every system.
const NOBODY: u32 = 65534;

fn house() -> House {
    let house = House::found(&world()).unwrap();
    house::fill(&house, &world()).unwrap();
    house
}

/// Changes the configuration file.
fn rewrite(house: &House, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(house.configuration()).unwrap();
    std::fs::write(house.configuration(), change(text)).unwrap();
}

fn greeted(address: SocketAddr) -> Client {
    let mut client = Client::connect(address).unwrap();
    assert_eq!(client.reply().unwrap().0, 220);
    client
}

/// Sends up to the content of a letter to bob; what is left is [`finish`]ed.
fn begin(address: SocketAddr, ledger: &Ledger) -> Client {
    let mut client = greeted(address);
    for command in ["EHLO crepes.fr", "MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>"] {
        assert_eq!(client.command(command).unwrap().0, 250);
    }
    assert_eq!(client.command("DATA").unwrap().0, 354);
    let wire = Letter::new(1, 400).wire();
    ledger.sent(1, 400);
    client.send(&wire[..wire.len() / 2]).unwrap();
    client
}

fn finish(client: &mut Client, ledger: &Ledger) {
    let wire = Letter::new(1, 400).wire();
    client.send(&wire[wire.len() / 2..]).unwrap();
    let (code, line) = client.reply().unwrap();
    ledger.answered(1, &[("bob", code, line)]);
    assert_eq!(code, 250);
}

/// Bob has the letter.
fn assert_there(server: &Binary, ledger: &Ledger) {
    let there = collector::read_all(&server.ports, &["bob"], ledger).unwrap();
    let verdict = ledger.judge(&there);
    assert_eq!((verdict.wrong, verdict.compared), (Vec::new(), 1));
}

/// The binary, after a shell has done something in the same process: that is whom `LISTEN_PID` and its kin mean.
fn by_shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{script}; exec \"$0\" \"$@\"")).arg(binary::executable().unwrap());
    command
}

/// systemd's end of `NOTIFY_SOCKET`.
struct Notified(UnixDatagram);

impl Notified {
    fn bind(path: &Path) -> Notified {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Notified(socket)
    }

    /// Reads on to a message that says this.
    fn hear(&self, word: &str) {
        let mut buffer = [0; 1024];
        loop {
            let octets = self.0.recv(&mut buffer).unwrap_or_else(|error| panic!("{word} was due: {error}"));
            let said = String::from_utf8_lossy(&buffer[..octets]).into_owned();
            if said.lines().any(|line| line == word) {
                return;
            }
        }
    }
}

#[test]
fn systemd_is_told_and_signals_are_followed() {
    let (house, ledger) = (house(), Ledger::default());
    rewrite(&house, |text| format!("{text}[logs]\nformat = \"json\"\n"));
    let notified = Notified::bind(&house.path("notify"));
    let mut command = by_shell("export WATCHDOG_PID=$$");
    command.env("NOTIFY_SOCKET", house.path("notify")).env("WATCHDOG_USEC", "200000").stdin(Stdio::null());
    let mut server = Binary::start_by(&house, command).unwrap();
    notified.hear("READY=1");
    notified.hear("WATCHDOG=1");
    // A mistake first: it is told, and everything goes on.
    rewrite(&house, |text| text.replace("[limits]\n", "[limits]\nmesage_size = \"1 MiB\"\n"));
    server.signal("HUP").unwrap();
    notified.hear("RELOADING=1");
    notified.hear("READY=1");
    rewrite(&house, |text| text.replace("mesage_size", "message_size"));
    server.signal("HUP").unwrap();
    notified.hear("RELOADING=1");
    notified.hear("READY=1");
    let smtp = server.ports[&Port::Smtp];
    greeted(smtp).send(b"EHLO crepes.fr\r\n").unwrap();
    assert!(hello(smtp).contains(&"250-SIZE 1048576".to_owned()), "{:?}", hello(smtp));

    let mut sending = begin(smtp, &ledger);
    server.signal("TERM").unwrap();
    notified.hear("STOPPING=1");
    finish(&mut sending, &ledger);
    assert!(server.wait().unwrap(), "drained and ended well");
    assert!(TcpStream::connect(smtp).is_err());
    let log = std::fs::read_to_string(house.path("log")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
    assert!(lines.iter().any(|line| line["error"].as_str().is_some_and(|words| words.contains("mesage_size"))));
    assert!(lines.iter().any(|line| line["message"] == "message accepted" && line["queue_id"].is_string()));
    assert_there(&Binary::start(&house).unwrap(), &ledger);
}

/// The lines of the answer to EHLO.
fn hello(address: SocketAddr) -> Vec<String> {
    let mut client = greeted(address);
    client.send(b"EHLO crepes.fr\r\n").unwrap();
    let mut lines = vec![client.line().unwrap()];
    while lines.last().unwrap().starts_with("250-") {
        lines.push(client.line().unwrap());
    }
    lines
}

#[test]
fn sockets_of_systemd_are_taken_in_place_of_those_of_the_file() {
    let (house, ledger) = (house(), Ledger::default());
    let smtp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = smtp.local_addr().unwrap();
    // The number systemd gives it.
    let mut command = by_shell("exec 3<&0 0</dev/null; export LISTEN_PID=$$");
    command.stdin(Stdio::from(OwnedFd::from(smtp)));
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "smtp");
    let server = Binary::start_by(&house, command).unwrap();
    assert_eq!((server.ports.len(), server.ports[&Port::Smtp]), (1, address));
    finish(&mut begin(address, &ledger), &ledger);
    drop(server);
    assert_there(&Binary::start(&house).unwrap(), &ledger);
}

#[test]
fn root_becomes_the_configured_user_for_good() {
    let (house, ledger) = (house(), Ledger::default());
    if std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap() != 0 {
        return leave_out("only root can become another user");
    }
    rewrite(&house, |text| format!("user = \"nobody\"\n{text}"));
    std::fs::set_permissions(house.path("."), PermissionsExt::from_mode(0o711)).unwrap();
    give(&house.data());
    let mut server = Binary::start(&house).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!(field("Uid:"), format!("{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}"));
    assert_eq!(field("CapEff:").trim_matches('0'), "");
    assert!(!field("Groups:").split(' ').any(|group| group == "0"), "{}", field("Groups:"));
    finish(&mut begin(server.ports[&Port::Smtp], &ledger), &ledger);
    assert_there(&server, &ledger);
    assert!(binary::command(&house, &["verify"]).unwrap().contains("1 message"));
    server.terminate().unwrap();
    // By root, without a server: what that makes must not keep the server out.
    binary::command(&house, &["domain", "add", "crepes.fr"]).unwrap();
    assert_there(&Binary::start(&house).unwrap(), &ledger);
}

/// Gives a folder and all in it to nobody.
fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}
