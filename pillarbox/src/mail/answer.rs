//! `pillarbox mail reply` and `forward`: letters that come of others.

use super::desk::Desk;
use super::post::{self, Ties, Way};
use super::{files, read, seals, send, which};
use crate::screen::Screen;
use crate::trouble::Trouble;
use agent::letter::{self, Letter, Recipients, Whom, Writer};
use clap::{ArgGroup, Args};
use message::Address;
use office::admin::FailureKind;
use std::path::PathBuf;

/// `pillarbox mail reply`
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("whom").multiple(false)))]
pub struct Reply {
    /// Which message: a number as in lists, a Message-ID, or last
    #[arg(value_name = "ID")]
    id: String,
    /// To everybody who got it
    #[arg(short, long, group = "whom")]
    all: bool,
    /// To the list it came by
    #[arg(short, long, group = "whom")]
    list: bool,
    /// To whom, instead of who wrote it
    #[arg(long, value_name = "ADDRESS")]
    to: Vec<String>,
    /// Without their text below
    #[arg(long)]
    no_quote: bool,
    #[command(flatten)]
    own: Own,
    #[command(flatten)]
    way: Way,
}

/// `pillarbox mail forward`
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("form").multiple(false)))]
pub struct Forward {
    /// Which messages: numbers as in lists, ranges, Message-IDs, or last
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// To whom
    #[arg(long, value_name = "ADDRESS", required = true)]
    to: Vec<String>,
    /// Their text within yours, which is the way for one message
    #[arg(long, group = "form")]
    inline: bool,
    /// Whole, as they are, which is the way for several
    #[arg(long, group = "form")]
    attached: bool,
    #[command(flatten)]
    own: Own,
    #[command(flatten)]
    way: Way,
}

/// What one adds.
#[derive(Args, Debug)]
struct Own {
    /// What you write; stdin if missing, or your editor
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// About something else
    #[arg(short, long)]
    subject: Option<String>,
    /// Who shall know of it, too
    #[arg(long, value_name = "ADDRESS")]
    cc: Vec<String>,
    /// Who gets it unseen by the others
    #[arg(long, value_name = "ADDRESS")]
    bcc: Vec<String>,
    /// A file that goes along
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
}

/// Answers a message.
pub fn reply(reply: &Reply, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let row = which::message(desk, &reply.id)?;
    read::bring(&[row.id], desk, screen)?;
    let content = read::content(desk, row.id)?;
    let original = desk.keys.original(&content, desk.now);
    let content = &original.message;
    let whom = match (reply.all, reply.list) {
        (true, _) => Whom::All,
        (_, true) => Whom::List,
        _ => Whom::Author,
    };
    if reply.list && letter::list_of(content).is_none() {
        let words = format!("message {} came by no list that takes letters; --all answers all", row.id.0);
        return Err(Trouble::new(FailureKind::Data, words));
    }
    let mut letter = letter::reply(content, whom, &writer(desk, content));
    if !reply.to.is_empty() {
        letter.to = send::people("To", &reply.to.join(", "))?;
    }
    if !original.may_be_quoted && !reply.no_quote {
        seals::note_unquoted(screen);
    }
    if reply.no_quote || !original.may_be_quoted {
        letter.text.clear();
    }
    let ties = Ties { answers: Some(row.id), was_encrypted: original.was_encrypted, ..Ties::default() };
    finish(letter, &reply.own, screen)
        .and_then(|letter| post::post(&signed(letter, desk), &reply.way, ties, desk, screen))
}

/// Sends messages on.
pub fn forward(forward: &Forward, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let messages = which::messages(desk, &forward.ids)?;
    read::bring(&messages, desk, screen)?;
    let mut was_encrypted = false;
    let mut contents = Vec::new();
    for id in &messages {
        let content = read::content(desk, *id)?;
        let original = desk.keys.original(&content, desk.now);
        was_encrypted |= original.was_encrypted;
        // What is signed alone goes on as it came, with its signature; what was encrypted nobody else could open.
        let is_opened = original.was_encrypted || (!forward.attached && messages.len() == 1) || forward.inline;
        contents.push(if is_opened { original.message.into_owned() } else { content });
    }
    let first = contents.first().map(Vec::as_slice).unwrap_or_default();
    let writer = writer(desk, first);
    let mut letter = match contents.as_slice() {
        [one] if !forward.attached => letter::forward(one, &writer),
        several if forward.inline => within(several, &writer),
        several => letter::forward_attached(&several.iter().map(Vec::as_slice).collect::<Vec<_>>(), &writer),
    };
    letter.to = send::people("To", &forward.to.join(", "))?;
    let ties = Ties { forwards: messages, was_encrypted, ..Ties::default() };
    finish(letter, &forward.own, screen)
        .and_then(|letter| post::post(&signed(letter, desk), &forward.way, ties, desk, screen))
}

/// Several, one below the other.
fn within(contents: &[Vec<u8>], writer: &Writer) -> Letter {
    let mut letters = contents.iter().map(|content| letter::forward(content, writer));
    let mut all = letters.next().unwrap_or_default();
    for letter in letters {
        all.text.push('\n');
        all.text.push_str(&letter.text);
        all.attachments.extend(letter.attachments);
    }
    all
}

/// Who writes: from the address the message was sent to, where that is one of theirs.
fn writer(desk: &Desk, content: &[u8]) -> Writer {
    let account = &desk.account;
    let own: Vec<Address> = [&account.address].into_iter().chain(&account.aliases).cloned().collect();
    let address = letter::own_address(content, &own).unwrap_or_else(|| account.address.clone());
    let from = Recipients::one(account.display_name.as_deref(), &address.to_string());
    Writer { from, own, ..Writer::default() }
}

/// With what the person adds; their words stand above the others'.
fn finish(mut letter: Letter, own: &Own, screen: &Screen) -> Result<Letter, Trouble> {
    let quoted = std::mem::take(&mut letter.text);
    let below = if quoted.is_empty() { String::new() } else { format!("\n\n{quoted}") };
    letter.text = match &own.message {
        Some(text) => format!("{}{below}", text.trim_end_matches('\n')),
        None => match files::typed(&below, screen)? {
            files::Typed::Edited(text) => text,
            files::Typed::Piped(text) => format!("{}{below}", text.trim_end_matches('\n')),
        },
    };
    if let Some(subject) = &own.subject {
        letter.subject.clone_from(subject);
    }
    for (list, field, words) in [(&mut letter.cc, "Cc", &own.cc), (&mut letter.bcc, "Bcc", &own.bcc)] {
        send::people(field, &words.join(", "))?.people().for_each(|person| list.push(person.clone()));
    }
    for path in &own.attach {
        letter.attachments.push(files::attachment(path)?);
    }
    Ok(letter)
}

fn signed(mut letter: Letter, desk: &Desk) -> Letter {
    if let Some(signature) = &desk.account.signature {
        letter.text = send::signed(&letter.text, signature);
    }
    letter
}
