//! Clients that send letters as fast as they are taken, in every way mail comes: a connection for each message or one
//! for all, pipelined, in chunks, to several, by LMTP. What no answer came for is sent again, as any client would.

use crate::Ports;
use crate::client::Client;
use crate::ledger::Ledger;
use crate::letter::Letter;
use crate::seed::Seed;
use anyhow::{Context, Result, bail};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use wire::dialogue::Port;

/// Who gets mail in such a run: local parts at hamburger.edu.
pub const ACCOUNTS: [&str; 3] = ["bob", "carol", "dave"];

/// How a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A connection for each message.
    One,
    /// The same, to three recipients.
    OneToThree,
    /// One connection; the next envelope travels with the content (RFC 2920).
    Pipelined,
    /// One connection, `BDAT` in two chunks (RFC 3030).
    Chunked,
    /// One connection, two recipients, a reply each (RFC 2033).
    Lmtp,
}

/// All of them.
pub const STYLES: [Style; 5] = [Style::One, Style::OneToThree, Style::Pipelined, Style::Chunked, Style::Lmtp];

/// One client, with what it has still to send.
pub struct Sender {
    style: Style,
    seed: Seed,
    /// How many lines letters have.
    lines: Range<u64>,
    next: u64,
    /// The letter that was not acknowledged yet.
    pending: Option<(u64, usize)>,
}

/// Where a conversation is when a client leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Quiet,
    /// An envelope is on its way.
    Halfway,
}

/// Letters of different clients have different numbers.
const NUMBERS: u64 = 1_000_000;

impl Sender {
    /// The client of this number; of its letters, small ones are more frequent.
    #[must_use]
    pub fn new(style: Style, number: u64, lines: Range<u64>, seed: Seed) -> Sender {
        Sender { style, seed, lines, next: number * NUMBERS, pending: None }
    }

    fn recipients(&self) -> &'static [&'static str] {
        match self.style {
            Style::OneToThree => &ACCOUNTS,
            Style::Lmtp => &["carol", "dave"],
            Style::One => &["bob"],
            Style::Pipelined => &["dave"],
            Style::Chunked => &["carol"],
        }
    }

    /// Sends until told to stop.
    ///
    /// # Errors
    /// When the connection breaks, as it does when the server dies.
    pub fn run(&mut self, ports: &Ports, ledger: &Ledger, stop: &AtomicBool) -> Result<()> {
        while !stop.load(Ordering::Acquire) {
            let mut client = self.connect(ports)?;
            let ended = match self.style {
                Style::Pipelined => self.pipelined(&mut client, ledger, stop)?,
                _ => self.one_by_one(&mut client, ledger, stop)?,
            };
            // Half an envelope may be on its way still: then the farewell is left out.
            if ended == End::Quiet {
                client.command("QUIT")?;
            }
        }
        Ok(())
    }

    /// Until a refusal, for which a client goes and comes back, or until there is nothing more to send.
    fn one_by_one(&mut self, client: &mut Client, ledger: &Ledger, stop: &AtomicBool) -> Result<End> {
        let once = matches!(self.style, Style::One | Style::OneToThree);
        while self.transaction(client, ledger)? && !once && !stop.load(Ordering::Acquire) {}
        Ok(End::Quiet)
    }

    fn connect(&self, ports: &Ports) -> Result<Client> {
        let (port, hello) = match self.style {
            Style::Lmtp => (Port::Lmtp, "LHLO"),
            _ => (Port::Smtp, "EHLO"),
        };
        let mut client = Client::connect(*ports.get(&port).context("the port is open")?)?;
        for reply in [client.reply()?, client.command(&format!("{hello} crepes.fr"))?] {
            if !matches!(reply.0, 220 | 250) {
                bail!("not greeted: {}", reply.1);
            }
        }
        Ok(client)
    }

    /// The letter to send now: the one that was not acknowledged, or the next.
    fn letter(&mut self) -> (u64, usize) {
        if let Some(pending) = self.pending {
            return pending;
        }
        // Half of the letters have less than a fifth of the octaves there are.
        let part = self.seed.within(0..1000) as f64 / 1000.0;
        let (least, most) = (self.lines.start as f64, self.lines.end as f64);
        let lines = least * (most / least).powf(part * part);
        self.next += 1;
        *self.pending.insert((self.next, lines as usize))
    }

    /// Sends a letter; whether it was taken.
    fn transaction(&mut self, client: &mut Client, ledger: &Ledger) -> Result<bool> {
        if !self.envelope(client, ledger)? {
            return Ok(false);
        }
        let (id, lines) = self.letter();
        let letter = Letter::new(id, lines);
        if self.style == Style::Chunked {
            let (first, last) = letter.octets.split_at(letter.octets.len() / 3);
            let chunk =
                |octets: &[u8], last: &str| [format!("BDAT {}{last}\r\n", octets.len()).as_bytes(), octets].concat();
            client.send(&chunk(first, ""))?;
            let (code, line) = client.reply()?;
            if code != 250 {
                ledger.refused(code, &line);
                return Ok(false);
            }
            ledger.sent(id, lines);
            client.send(&chunk(last, " LAST"))?;
        } else {
            ledger.sent(id, lines);
            client.send(&letter.wire())?;
        }
        self.hear(client, ledger, id)
    }

    /// MAIL, RCPT and DATA; whether content may come.
    fn envelope(&self, client: &mut Client, ledger: &Ledger) -> Result<bool> {
        let mut replies = vec![client.command("MAIL FROM:<alice@crepes.fr>")?];
        for recipient in self.recipients() {
            replies.push(client.command(&format!("RCPT TO:<{recipient}@hamburger.edu>"))?);
        }
        let mut right = replies.iter().all(|(code, _)| *code == 250);
        if right && self.style != Style::Chunked {
            replies.push(client.command("DATA")?);
            right = replies.last().is_some_and(|(code, _)| *code == 354);
        }
        if !right {
            tell_refusal(&replies, ledger);
        }
        Ok(right)
    }

    /// The answer to a letter that was sent; whether everybody has it.
    fn hear(&mut self, client: &mut Client, ledger: &Ledger, id: u64) -> Result<bool> {
        let recipients = self.recipients();
        let mut replies = Vec::new();
        if self.style == Style::Lmtp {
            for recipient in recipients {
                let (code, line) = client.reply()?;
                replies.push((*recipient, code, line));
            }
        } else {
            let (code, line) = client.reply()?;
            replies.extend(recipients.iter().map(|recipient| (*recipient, code, line.clone())));
        }
        ledger.answered(id, &replies);
        let taken = replies.iter().all(|(_, code, _)| *code == 250);
        if taken {
            self.pending = None;
        }
        Ok(taken)
    }

    fn pipelined(&mut self, client: &mut Client, ledger: &Ledger, stop: &AtomicBool) -> Result<End> {
        const ENVELOPE: &[u8] = b"MAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<dave@hamburger.edu>\r\nDATA\r\n";
        client.send(ENVELOPE)?;
        while !stop.load(Ordering::Acquire) {
            let replies = vec![client.reply()?, client.reply()?, client.reply()?];
            if replies.last().is_none_or(|(code, _)| *code != 354) {
                tell_refusal(&replies, ledger);
                return Ok(End::Quiet);
            }
            let (id, lines) = self.letter();
            ledger.sent(id, lines);
            client.send(&[&Letter::new(id, lines).wire(), ENVELOPE].concat())?;
            self.hear(client, ledger, id)?;
        }
        Ok(End::Halfway)
    }
}

/// Writes down the first reply that was not what was hoped for; the rest follow from it.
fn tell_refusal(replies: &[(u16, String)], ledger: &Ledger) {
    if let Some((code, line)) = replies.iter().find(|(code, _)| !matches!(code, 250 | 354)) {
        ledger.refused(*code, line);
    }
}
