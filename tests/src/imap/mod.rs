//! An IMAP client for tests: it writes commands, reads whole responses with their literals, and takes them apart. Owns no
//! judgement of what they say.

pub mod history;
pub mod keeper;
pub mod value;
pub mod visitors;

use crate::client::Client;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use value::Value;

/// A connection that was greeted.
pub struct Imap {
    client: Client,
    tags: u32,
}

/// What a command came to.
#[derive(Debug)]
pub struct Answer {
    /// Untagged responses before it, each a list of values.
    pub untagged: Vec<Vec<Value>>,
    /// `OK`, `NO` or `BAD`.
    pub status: String,
    /// The rest of the tagged response.
    pub text: String,
}

/// One message as FETCH told of it: items by their names in capitals.
pub type Items = BTreeMap<String, Value>;

impl Imap {
    /// Connects and hears the greeting.
    pub fn connect(address: SocketAddr) -> Result<Imap> {
        Imap::greeted(Client::connect(address)?)
    }

    /// Goes on with a connection on which nothing was said.
    pub fn greeted(client: Client) -> Result<Imap> {
        let mut imap = Imap { client, tags: 0 };
        let greeting = imap.response()?;
        ensure!(greeting.starts_with(&[Value::atom("*"), Value::atom("OK")]), "greeted with {greeting:?}");
        Ok(imap)
    }

    /// Connects and logs in.
    pub fn login(address: SocketAddr, user: &str, password: &str) -> Result<Imap> {
        let mut imap = Imap::connect(address)?;
        imap.done(&format!("LOGIN {user} {password}"))?;
        Ok(imap)
    }

    /// Sends a command and reads up to its tagged response.
    pub fn command(&mut self, command: &str) -> Result<Answer> {
        let tag = self.send(command)?;
        self.answer(&tag)
    }

    /// The same, which must be OK.
    pub fn done(&mut self, command: &str) -> Result<Answer> {
        let answer = self.command(command)?;
        ensure!(answer.status == "OK", "{command}: {} {}", answer.status, answer.text);
        Ok(answer)
    }

    /// Sends a command; its tag.
    pub fn send(&mut self, command: &str) -> Result<String> {
        self.send_octets(command.as_bytes())
    }

    /// The same for a command with literals that wait for nothing.
    pub fn send_octets(&mut self, command: &[u8]) -> Result<String> {
        self.tags += 1;
        let tag = format!("t{}", self.tags);
        self.client.send(&[tag.as_bytes(), b" ", command, b"\r\n"].concat())?;
        Ok(tag)
    }

    /// Reads up to the tagged response.
    pub fn answer(&mut self, tag: &str) -> Result<Answer> {
        match self.answer_or_wish(tag)? {
            Some(answer) => Ok(answer),
            None => bail!("a literal is wanted that was not announced"),
        }
    }

    /// Reads up to the tagged response, or to the wish for a literal.
    fn answer_or_wish(&mut self, tag: &str) -> Result<Option<Answer>> {
        let mut untagged = Vec::new();
        loop {
            let response = self.response().with_context(|| format!("after {:?}", untagged.last()))?;
            let mut words = response.iter();
            match words.next() {
                Some(first) if *first == Value::atom("*") => untagged.push(response[1..].to_vec()),
                Some(first) if *first == Value::atom("+") => return Ok(None),
                Some(first) if *first == Value::atom(tag) => {
                    let status = words.next().and_then(Value::text).context("a status")?;
                    let text: Vec<String> = words.map(ToString::to_string).collect();
                    return Ok(Some(Answer { untagged, status, text: text.join(" ") }));
                }
                _ => bail!("neither untagged nor {tag}: {response:?}"),
            }
        }
    }

    /// APPEND with a literal, for which the server's word is awaited; `before` is what stands between the mailbox and
    /// the literal, as in `(\Seen) `.
    pub fn append(&mut self, mailbox: &str, before: &str, octets: &[u8]) -> Result<Answer> {
        let tag = self.send(&format!("APPEND {mailbox} {before}{{{}}}", octets.len()))?;
        if let Some(refused) = self.answer_or_wish(&tag)? {
            return Ok(refused);
        }
        self.client.send(octets)?;
        self.client.send(b"\r\n")?;
        self.answer(&tag)
    }

    /// What FETCH says of these messages, by UID. Needs `UID` among the items, or a `UID FETCH`.
    pub fn fetch(&mut self, command: &str) -> Result<BTreeMap<u32, Items>> {
        let answer = self.done(command)?;
        Ok(answer.untagged.iter().filter_map(|response| fetched(response)).collect())
    }

    /// Begins to wait; nothing may be sent before [`Imap::stop_waiting`]. The command's tag.
    pub fn wait(&mut self) -> Result<String> {
        let tag = self.send("IDLE")?;
        let asked = self.response()?;
        ensure!(asked.first() == Some(&Value::atom("+")), "IDLE: {asked:?}");
        Ok(tag)
    }

    /// Ends IDLE.
    pub fn stop_waiting(&mut self, tag: &str) -> Result<Answer> {
        self.client.send(b"DONE\r\n")?;
        let answer = self.answer(tag)?;
        ensure!(answer.status == "OK", "DONE: {}", answer.text);
        Ok(answer)
    }

    /// The next response, if it comes in this time; what came is kept.
    pub fn response_within(&mut self, patience: Duration) -> Result<Option<Vec<Value>>> {
        let end = Instant::now() + patience;
        loop {
            if self.client.has_line() {
                return self.response().map(Some);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.client.read_within(left)? {
                return Ok(None);
            }
        }
    }

    /// The next response, with its literals.
    pub fn response(&mut self) -> Result<Vec<Value>> {
        let mut octets = Vec::new();
        loop {
            let line = self.client.line_octets()?;
            let literal = literal(&line);
            octets.extend_from_slice(&line);
            octets.extend_from_slice(b"\r\n");
            match literal {
                Some(length) => octets.extend_from_slice(&self.client.exactly(length)?),
                None => return value::parse(&octets),
            }
        }
    }
}

impl Answer {
    /// The number of `* n NAME`, the last of them.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u32> {
        let named = |response: &&Vec<Value>| response.get(1) == Some(&Value::atom(name));
        self.untagged.iter().rev().find(named)?.first()?.number()
    }

    /// The words of a response code, of this name, in the tagged response or one before it.
    #[must_use]
    pub fn code(&self, name: &str) -> Option<Vec<String>> {
        let untagged = self.untagged.iter().map(|response| {
            let words: Vec<String> = response.iter().map(ToString::to_string).collect();
            words.join(" ")
        });
        untagged.chain([self.text.clone()]).find_map(|text| {
            let start = text.find(&format!("[{name}"))?;
            let code = text.get(start + 1..)?.split(']').next()?;
            let mut words = code.split(' ').map(str::to_owned);
            (words.next()? == name).then(|| words.collect())
        })
    }
}

/// A response that is `n FETCH (...)`: its UID and items.
#[must_use]
pub fn fetched(response: &[Value]) -> Option<(u32, Items)> {
    let [_, name, Value::List(list)] = response else { return None };
    if *name != Value::atom("FETCH") {
        return None;
    }
    let pairs = list.chunks(2).filter_map(|pair| match pair {
        [name, value] => Some((name.text()?.to_ascii_uppercase(), value.clone())),
        _ => None,
    });
    let items: Items = pairs.collect();
    Some((items.get("UID")?.number()?, items))
}

/// The length of the literal that a line ends with.
fn literal(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let at = inner.iter().rposition(|octet| *octet == b'{')?;
    std::str::from_utf8(inner.get(at + 1..)?).ok()?.parse().ok()
}
