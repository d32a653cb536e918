//! The syntax of IMAP and its client under any input: what is read is written and read again to the same, cuts in the input
//! change nothing, and what is written of any message can be read.

use crate::drive::{Answers, Seen, run};
use message::{Summary, Time, parse};
use wire::imap::client::{Answer, Append, Ask, Client, Profile, Task, Timeouts};
use wire::imap::command::{Command, Tagged};
use wire::imap::encode::{self, Literals, Style};
use wire::imap::response::{self, Data, FetchData, Incoming, Response, Stream};
use wire::imap::{Bounds, Charset, Input, MailboxName, Reader, sequence, structure, utf7};
use wire::sasl::Secret;
use wire::sasl::client::Credential;
use wire::smtp::client::{Login, Tls};

const CHARSETS: [Charset; 2] = [Charset::Ascii, Charset::Utf8];

/// A command, its literals in place.
///
/// # Panics
/// When a command is not what it was after being written and read again.
pub fn command(data: &[u8]) {
    for charset in CHARSETS {
        let Ok(tagged) = wire::imap::parse::command(data, charset) else { continue };
        if matches!(tagged.command, Command::Upload(_)) {
            continue;
        }
        let literals = if charset == Charset::Ascii { Literals::Synchronizing } else { Literals::Plus };
        let written = encode::command(&tagged, Style { charset, literals }).concat();
        let text = written.strip_suffix(b"\r\n").unwrap_or(&written);
        let again = wire::imap::parse::command(text, charset);
        assert_eq!(again, Ok(tagged), "{}", String::from_utf8_lossy(text));
    }
}

/// Octets a reader is offered: some twenty commands or responses. More would be more of the same.
const READER_INPUT: usize = 2000;

/// What a reader gives, by some octets and whole. The first octet chooses how many, and who the client is.
///
/// # Panics
/// When cuts make a difference.
pub fn reader(data: &[u8]) {
    let Some((choice, input)) = data.split_first() else { return };
    let input = input.get(..READER_INPUT).unwrap_or(input);
    let user = Bounds { line: 300, literal: 50, ..Bounds::USER };
    let bounds = if choice & 1 == 0 { Bounds::STRANGER } else { user };
    let some = 1 + usize::from(choice >> 1 & 15);
    assert_eq!(read(bounds, input, some), read(bounds, input, usize::MAX), "cuts in the input made a difference");
}

/// What came, content joined. Every second literal of uploads is refused.
fn read(bounds: Bounds, input: &[u8], piece: usize) -> Vec<Input> {
    let mut reader = Reader::new(bounds);
    let mut came = Vec::new();
    offer(input, piece, |offered| {
        let (taken, what) = reader.read(offered);
        if let Input::Upload(_, literal) | Input::Part(_, Some(literal)) = &what {
            if literal.octets % 2 == 0 {
                reader.accept();
            } else {
                let _ = reader.refuse();
            }
        }
        let idle = taken == 0 && what == Input::More;
        match (came.last_mut(), what) {
            (_, Input::More) => {}
            (Some(Input::Content(before)), Input::Content(octets)) => *before += octets,
            (_, what) => came.push(what),
        }
        let over = matches!(came.last(), Some(Input::Hopeless(_)));
        (!over).then_some((taken, idle))
    });
    came
}

/// Plays a driver: offers what is left and a piece more, until `take` has enough.
fn offer(input: &[u8], piece: usize, mut take: impl FnMut(&[u8]) -> Option<(usize, bool)>) {
    let (mut from, mut to) = (0, 0);
    while let Some((taken, idle)) = take(input.get(from..to).unwrap_or_default()) {
        assert!(taken <= to - from);
        from += taken;
        if idle && to == input.len() {
            return;
        }
        if idle || from == to {
            to = to.saturating_add(piece).min(input.len());
        }
    }
}

/// A sequence set.
///
/// # Panics
/// When a set is not what it was after being written and read again, or its ranges overlap.
pub fn sequence_set(data: &[u8]) {
    let Some(set) = sequence::read_set(data) else { return };
    assert_eq!(sequence::read_set(sequence::write(&set).as_bytes()).as_ref(), Some(&set));
    let ranges = set.ranges(1000);
    let apart = |pair: &[std::ops::RangeInclusive<u32>]| match pair {
        [a, b] => a.end().saturating_add(1) < *b.start(),
        _ => false,
    };
    assert!(ranges.windows(2).all(apart), "{ranges:?}");
}

/// Modified UTF-7, and the names written in it.
///
/// # Panics
/// When there are two ways to write a name.
pub fn modified_utf7(data: &[u8]) {
    if let Ok(text) = utf7::decode(data) {
        assert_eq!(utf7::encode(&text).as_bytes(), data);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        assert_eq!(utf7::decode(utf7::encode(text).as_bytes()).as_deref(), Ok(text));
        let name = MailboxName::new(text);
        assert_eq!(MailboxName::new(name.as_str()), name);
        let _ = name.defect();
    }
}

/// What a server says, by the octet and whole.
///
/// # Panics
/// When cuts make a difference.
pub fn response(data: &[u8]) {
    let data = data.get(..READER_INPUT).unwrap_or(data);
    let incoming = |piece| {
        let (mut stream, mut came) = (Stream::new(), Vec::new());
        offer(data, piece, |offered| {
            let (taken, what) = stream.read(offered);
            let idle = taken == 0 && what == Incoming::More;
            match (came.last_mut(), what) {
                (_, Incoming::More) => {}
                (Some(Incoming::Content(before)), Incoming::Content(octets)) => *before += octets,
                (_, what) => came.push(what),
            }
            let over = matches!(came.last(), Some(Incoming::Broken(_)));
            (!over).then_some((taken, idle))
        });
        came
    };
    assert_eq!(incoming(1), incoming(usize::MAX), "cuts in the input made a difference");
    for charset in CHARSETS {
        let _ = response::response(data, charset);
    }
}

/// ENVELOPE and BODYSTRUCTURE of any message.
///
/// # Panics
/// When they cannot be read.
pub fn envelope(data: &[u8]) {
    let summary = Summary::of(&parse(data));
    for charset in CHARSETS {
        let line = [
            &b"* 1 FETCH (ENVELOPE "[..],
            &structure::envelope(&summary, charset),
            b" BODY ",
            &structure::body(&summary, charset),
            b" BODYSTRUCTURE ",
            &structure::body_structure(&summary, charset),
            b")",
        ]
        .concat();
        let read = response::response(&line, charset);
        let Ok(Response::Untagged(Data::Fetch(1, items))) = &read else {
            panic!("{read:?} of {}", String::from_utf8_lossy(&line))
        };
        let [FetchData::Envelope(envelope), FetchData::Body(body), FetchData::BodyStructure(extended)] = &items[..]
        else {
            panic!("{items:?}")
        };
        assert_eq!(envelope.list().len(), 10);
        assert!(body.list().len() >= 2 && extended.list().len() >= body.list().len() + 4);
        let fields = [0, 1, 8, 9].map(|at| envelope.list().get(at).is_some_and(|field| field.list().is_empty()));
        assert_eq!(fields, [true; 4], "a text is a list");
    }
}

/// The client session. The first octet chooses what it is like; the rest is what it hears.
///
/// # Panics
/// When a law is broken.
pub fn client(data: &[u8]) {
    let Some((choice, input)) = data.split_first() else { return };
    let (whole, told) = client_run(*choice, input, usize::MAX);
    let (octets, by_octet) = client_run(*choice, input, 1);
    assert_eq!((&octets, &by_octet), (&whole, &told), "cuts in the input made a difference");
    assert!(whole.closed || whole.tls, "the session lives on without its peer");
    assert!(told.finished <= told.begun && told.lost <= 1);
    for line in String::from_utf8_lossy(&whole.output).split_terminator("\r\n") {
        assert!(!line.contains(['\r', '\n', '\0']), "sent: {line:?}");
    }
}

fn client_run(choice: u8, input: &[u8], piece: usize) -> (Seen, Told) {
    let tls = [Tls::Never, Tls::Never, Tls::Opportunistic, Tls::Required];
    let password = Secret(b"hun\"gry".to_vec());
    let login =
        Login { user: "bob".to_owned(), credential: Credential::Password(password), in_the_clear: choice & 8 != 0 };
    let profile = Profile {
        tls: tls.get(usize::from(choice & 3)).copied().unwrap_or(Tls::Never),
        login: (choice & 4 != 0).then_some(login),
        timeouts: Timeouts::default(),
    };
    let session = Client::new(Time(1_081_298_274_000), profile, *b"a random value of 24 oct");
    run(session, Told { stop: choice & 16 != 0, ..Told::default() }, input, piece)
}

/// A desk with some tasks, and what it was told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// IDLE is enough as soon as something is heard.
    stop: bool,
    begun: usize,
    finished: usize,
    lost: usize,
    heard: usize,
    content: usize,
    /// Content that was announced.
    announced: u64,
}

impl Answers<Client> for Told {
    fn answer(&mut self, ask: Ask) -> Answer {
        assert_eq!(self.lost, 0, "asked after the end: {ask:?}");
        match ask {
            Ask::Next(_) => {
                assert_eq!(self.begun, self.finished, "a task was not finished");
                self.begun += 1;
                return task(self.begun).map_or(Answer::Logout, Answer::Task);
            }
            Ask::Heard(_) => {
                self.heard += 1;
                return if self.stop { Answer::Stop } else { Answer::Done };
            }
            Ask::Body(head) => self.announced = self.announced.saturating_add(head.octets),
            Ask::Finished(_) => self.finished += 1,
            Ask::Lost(_) => self.lost += 1,
        }
        Answer::Done
    }

    fn content(&mut self, octets: &[u8]) {
        self.content += octets.len();
        assert!(self.content as u64 <= self.announced, "more content than was announced");
    }
}

fn task(number: usize) -> Option<Task> {
    let name = || MailboxName::new("a\"b\u{e9}");
    let append = Append { mailbox: name(), flags: Vec::new(), internal_date: None, source: 7, octets: 5000 };
    match number {
        1 => Some(Task::Run(Box::new(Command::Noop))),
        2 => Some(Task::Run(Box::new(Command::Rename { from: name(), to: MailboxName::new("\u{1}") }))),
        3 => Some(Task::Append(Box::new(append))),
        4 => Some(Task::Idle(Time(u64::MAX))),
        _ => None,
    }
}

/// Every piece of an upload is written as it is read.
///
/// # Panics
/// When it is not.
pub fn upload(data: &[u8]) {
    let style = Style { charset: Charset::Ascii, literals: Literals::Plus };
    let mut reader = Reader::new(Bounds::USER_LITERAL_PLUS);
    let (taken, Input::Upload(Tagged { tag, command: Command::Upload(upload) }, literal)) = reader.read(data) else {
        return;
    };
    let written = encode::UploadEncoder::default().first(&tag, &upload, Some(literal), style).concat();
    let mut again = Reader::new(Bounds::USER_LITERAL_PLUS);
    let mut came = None;
    offer(&written, usize::MAX, |offered| {
        let (taken, what) = again.read(offered);
        let idle = taken == 0 && what == Input::More;
        if let Input::Upload(..) | Input::Failed(_) = &what {
            came = Some(what);
            return None;
        }
        Some((taken, idle))
    });
    let Some(Input::Upload(Tagged { command: Command::Upload(same), .. }, length)) = came else {
        panic!("{came:?} of {} octets: {}", taken, String::from_utf8_lossy(&written))
    };
    assert_eq!((same, length.octets, length.binary), (upload, literal.octets, literal.binary));
}
