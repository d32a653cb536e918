//! The next hop of a test: a small SMTP server on a loopback port that writes down what it took, or misbehaves as told.
//! Owns no judgement: tests read what it wrote down. One thread a connection; all end with the sink.

use anyhow::Result;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Recipients whose names begin so are refused for good.
pub const UNKNOWN: &str = "unknown";

/// Lines of an endless banner after which even this sink gives up: the client let itself be held for too long.
const ENDLESS_LINES: usize = 1_000_000;

/// Where in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// After connecting.
    Banner,
    /// EHLO or HELO.
    Hello,
    /// MAIL.
    Mail,
    /// Each RCPT.
    Rcpt,
    /// DATA, before the content.
    Data,
    /// The message is there and was taken; its reply is due.
    Dot,
}

/// All of them, in order.
pub const POINTS: [Point; 6] = [Point::Banner, Point::Hello, Point::Mail, Point::Rcpt, Point::Data, Point::Dot];

/// How a sink behaves.
#[derive(Clone, Debug)]
pub enum Habit {
    /// As RFC 5321 asks.
    Takes,
    /// Closes instead of a reply.
    Closes(Point),
    /// Says this instead of a reply, and then nothing.
    Says(Point, Vec<u8>),
    /// Greets without end.
    Endless,
}

/// What was taken: a message for the recipients of one transaction.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Of the message, as it stands there.
    pub message_id: String,
    /// Those this sink took.
    pub recipients: Vec<String>,
    /// The client went on after our 250: it has heard it, and made it durable before it went on.
    pub heard: bool,
}

/// A running sink.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    book: Arc<Book>,
}

struct Book {
    page: Mutex<Page>,
    news: Condvar,
    habit: Habit,
}

#[derive(Default)]
struct Page {
    taken: Vec<Taken>,
    connections: usize,
    /// Nobody is greeted for now.
    shut: bool,
    ended: bool,
}

impl Sink {
    /// Listens.
    pub fn start(habit: Habit) -> Result<Sink> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let book = Arc::new(Book { page: Mutex::default(), news: Condvar::new(), habit });
        let shared = book.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.page().ended {
                    return;
                }
                let book = shared.clone();
                std::thread::spawn(move || drop(Visit { book, stream: &stream }.play()));
            }
        });
        Ok(Sink { address, book })
    }

    /// Greets nobody until [`Sink::open`].
    pub fn shut(&self) {
        self.book.page().shut = true;
    }

    /// Greets those who wait, and all who come.
    pub fn open(&self) {
        self.book.page().shut = false;
        self.book.news.notify_all();
    }

    /// What was taken so far.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        self.book.page().taken.clone()
    }

    /// Connections there were.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.book.page().connections
    }

    /// Waits until what was taken is enough for `enough`; whether it was, within `patience`.
    pub fn wait(&self, patience: Duration, enough: impl Fn(&[Taken]) -> bool) -> bool {
        let page = self.book.page();
        let wait = self.book.news.wait_timeout_while(page, patience, |page| !enough(&page.taken));
        !wait.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Each message and recipient with whether the client heard of it, one for each time it was taken.
    #[must_use]
    pub fn copies(&self) -> BTreeMap<(String, String), Vec<bool>> {
        let mut copies: BTreeMap<_, Vec<bool>> = BTreeMap::new();
        for taken in self.taken() {
            for recipient in &taken.recipients {
                copies.entry((taken.message_id.clone(), recipient.clone())).or_default().push(taken.heard);
            }
        }
        copies
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.book.page().ended = true;
        self.open();
        // Wakes the listener, so that it sees the end.
        drop(TcpStream::connect(self.address));
    }
}

impl Book {
    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection.
struct Visit<'a> {
    book: Arc<Book>,
    stream: &'a TcpStream,
}

impl Visit<'_> {
    fn play(&self) -> std::io::Result<()> {
        self.stream.set_nodelay(true)?;
        self.wait_until_open();
        if matches!(self.book.habit, Habit::Endless) {
            return (0..ENDLESS_LINES).try_for_each(|_| self.write(b"220-welcome, welcome, welcome\r\n"));
        }
        self.reply(Point::Banner, "220 sink.example ESMTP")?;
        let mut lines = BufReader::new(self.stream);
        let (mut recipients, mut last) = (Vec::new(), None);
        loop {
            let Some(line) = read_line(&mut lines)? else { return Ok(()) };
            if let Some(last) = last.take() {
                self.heard(last);
            }
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" | "HELO" => self.reply(Point::Hello, "250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME")?,
                "MAIL" => self.reply(Point::Mail, "250 2.1.0 ok")?,
                "RCPT" => self.recipient(&line, &mut recipients)?,
                "DATA" if recipients.is_empty() => self.write(b"554 5.5.1 nobody to send it to\r\n")?,
                "DATA" => {
                    self.reply(Point::Data, "354 go on")?;
                    let Some(message_id) = read_content(&mut lines)? else { return Ok(()) };
                    last = Some(self.take(message_id, std::mem::take(&mut recipients)));
                    self.reply(Point::Dot, "250 2.0.0 taken")?;
                }
                "QUIT" => return self.write(b"221 2.0.0 bye\r\n"),
                _ => self.write(b"250 2.0.0 ok\r\n")?,
            }
        }
    }

    fn wait_until_open(&self) {
        let mut page = self.book.page();
        page.connections += 1;
        self.book.news.notify_all();
        drop(self.book.news.wait_while(page, |page| page.shut && !page.ended));
    }

    fn recipient(&self, line: &str, recipients: &mut Vec<String>) -> std::io::Result<()> {
        let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        if address.starts_with(UNKNOWN) {
            return self.write(b"550 5.1.1 no such user here\r\n");
        }
        recipients.push(address);
        self.reply(Point::Rcpt, "250 2.1.5 ok")
    }

    /// Writes a message down before anything is said about it.
    fn take(&self, message_id: String, recipients: Vec<String>) -> usize {
        let mut page = self.book.page();
        page.taken.push(Taken { message_id, recipients, heard: false });
        self.book.news.notify_all();
        page.taken.len() - 1
    }

    fn heard(&self, which: usize) {
        if let Some(taken) = self.book.page().taken.get_mut(which) {
            taken.heard = true;
        }
    }

    fn reply(&self, point: Point, usual: &str) -> std::io::Result<()> {
        match &self.book.habit {
            Habit::Closes(when) if *when == point => {
                self.stream.shutdown(Shutdown::Both)?;
                Err(std::io::ErrorKind::ConnectionAborted.into())
            }
            Habit::Says(when, octets) if *when == point => self.write(octets),
            _ => self.write(format!("{usual}\r\n").as_bytes()),
        }
    }

    fn write(&self, octets: &[u8]) -> std::io::Result<()> {
        let mut stream = self.stream;
        stream.write_all(octets)
    }
}

fn read_line(lines: &mut BufReader<&TcpStream>) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line)?;
    let whole = line.strip_suffix(b"\r\n").map(|line| String::from_utf8_lossy(line).into_owned());
    Ok(whole)
}

/// Reads to the line of one dot; the Message-ID. `None`: the connection ended before.
fn read_content(lines: &mut BufReader<&TcpStream>) -> std::io::Result<Option<String>> {
    let mut message_id = String::new();
    while let Some(line) = read_line(lines)? {
        if line == "." {
            return Ok(Some(message_id));
        }
        if let Some(id) = line.strip_prefix("Message-ID: ").filter(|_| message_id.is_empty()) {
            id.clone_into(&mut message_id);
        }
    }
    Ok(None)
}
