//! What servers of others tell a person's mail program: maildrops, settings of a domain, accounts by JMAP.

use crate::drive::{Answers, Seen, run};
use agent::discovery::autoconfig;
use agent::discovery::{Source, Way};
use agent::remote::jmap;
use message::header::fields;
use message::{Address, Domain, Time};
use wire::pop3::client::{Answer, Ask, Client, Listed, Profile, Task};
use wire::sasl::Secret;
use wire::smtp::client::{Credential, Login, Tls};

/// Octets of a message that is still taken.
const MESSAGE_MAX: u64 = 5000;

/// The client of POP3 against any server; the first octet says how it is set. Cuts change nothing; it ends with its peer;
/// no message is longer than may be, and nothing is said that no server asked for.
///
/// # Panics
/// When a law is broken.
pub fn pop3(data: &[u8]) {
    let Some((choice, input)) = data.split_first() else { return };
    let whole = pop3_run(*choice, input, input.len());
    let cut = pop3_run(*choice, input, 1);
    assert_eq!((&whole.0, &whole.1.finished, whole.1.lost), (&cut.0, &cut.1.finished, cut.1.lost), "cut into octets");
    let (seen, told) = whole;
    assert!(seen.closed || seen.tls, "the session lives on without its peer");
    for line in String::from_utf8_lossy(&seen.output).split_terminator("\r\n") {
        assert!(line.len() <= 512 && !line.contains(char::is_control), "sent: {line:?}");
        assert!(choice & 8 != 0 || seen.tls || !line.contains("hungry"), "the password went in the clear");
    }
    assert!(told.lost <= 1);
}

fn pop3_run(choice: u8, input: &[u8], piece: usize) -> (Seen, Drop) {
    let tls = [Tls::Never, Tls::Never, Tls::Opportunistic, Tls::Required];
    let credential = Credential::Password(Secret(b"hungry".to_vec()));
    let login = Login { user: "bob".to_owned(), credential, in_the_clear: choice & 8 != 0 };
    let tls = tls.get(usize::from(choice & 3)).copied().unwrap_or(Tls::Never);
    let profile = Profile { apop: choice & 4 != 0, message_max: MESSAGE_MAX, ..Profile::new(tls, login) };
    let session = Client::new(Time(1_081_298_274_000), profile, *b"a random value of 24 oct");
    run(session, Drop::default(), input, piece)
}

/// A desk that asks for everything once.
#[derive(Debug, Default)]
struct Drop {
    round: usize,
    finished: Vec<Task>,
    lost: usize,
    current: u64,
}

impl Answers<Client> for Drop {
    fn answer(&mut self, ask: Ask) -> Answer {
        assert_eq!(self.lost, 0, "asked after the end: {ask:?}");
        match ask {
            Ask::Next(_) => {
                self.round += 1;
                return match self.round {
                    1 => Answer::Tasks(vec![Task::Stat, Task::Uidl, Task::List]),
                    2 => {
                        Answer::Tasks(vec![Task::Top { number: 1, lines: 0 }, Task::Retr(1), Task::Dele(1), Task::Noop])
                    }
                    _ => Answer::Quit,
                };
            }
            Ask::Listed(page) => page.iter().for_each(|listed| match listed {
                Listed::Size { number, .. } => assert_ne!(*number, 0),
                Listed::Uid { number, uid } => {
                    let is_sound = !uid.is_empty() && uid.len() <= 255 && !uid.contains(char::is_control);
                    assert!(*number != 0 && is_sound, "{uid:?}");
                }
            }),
            Ask::Begun(_) => self.current = 0,
            Ask::Finished(finish) => self.finished.push(finish.task),
            Ask::Goodbye(_) => {}
            Ask::Lost(_) => self.lost += 1,
        }
        Answer::Done
    }

    fn content(&mut self, octets: &[u8]) {
        self.current += octets.len() as u64;
        assert!(self.current <= MESSAGE_MAX, "more than a message may have");
    }
}

/// What a domain tells of its servers: names that can be connected to, and few.
///
/// # Panics
/// When a law is broken.
pub fn autoconfig(data: &[u8]) {
    let (Ok(bob), Ok(domain)) = ("bob@h.fr".parse::<Address>(), Domain::parse("h.fr")) else { return };
    match autoconfig::read(data, (&bob, &domain), Source::Autoconfig) {
        Ok(places) => {
            assert!(places.len() <= 20, "{}", places.len());
            for place in places {
                let server = match &place.way {
                    Way::Incoming(agent::account::Incoming::Imap(server)) | Way::Outgoing(server) => server,
                    Way::Incoming(agent::account::Incoming::Pop3 { server, .. }) => server,
                    Way::Incoming(other) => panic!("no such servers are told of: {other:?}"),
                };
                assert!(server.port > 0 && agent::dialing::server_name(&server.host).is_ok(), "{server:?}");
                let is_sound = |user: &String| user.len() <= 255 && !user.contains(char::is_control);
                assert!(!place.users.is_empty() && place.users.iter().all(is_sound), "{:?}", place.users);
            }
        }
        Err(told) => assert!(!told.is_empty() && told.len() < 300 && !told.contains(char::is_control), "{told}"),
    }
}

/// Answers of JMAP: fields stay single fields, paths have limits.
///
/// # Panics
/// When a law is broken.
pub fn jmap(data: &[u8]) {
    let Ok(told) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    for headers in [false, true] {
        for found in jmap::emails(&told, headers).unwrap_or_default() {
            let Some(header) = found.header else { continue };
            assert!(header.ends_with(b"\r\n"));
            let told = told["list"].as_array().into_iter().flatten();
            let told = told.filter(|email| email["id"].as_str() == Some(&found.id));
            let most = told.filter_map(|email| email["headers"].as_array()).map(Vec::len).max().unwrap_or(0);
            assert!(fields(&header).count() <= most, "a field became several: {}", wire::dialogue::show(&header));
            assert_eq!(message::header::section_end(&header, 0), Some(header.len()), "the header ends within itself");
        }
    }
    for folder in jmap::folders(&told).unwrap_or_default() {
        assert!(folder.name.len() <= jmap::PATH_MAX && folder.name.split('/').count() <= jmap::LEVELS_MAX);
    }
}
