//! The words for what a client's session asks, and for what it is answered.

use std::collections::HashMap;
use wire::smtp::Command;
use wire::smtp::client::{Answer, Ask, Conclusion, Extensions, Facts, Outcome, Size, Transaction};

/// `next ...`, `concluded ...` or `lost ...`.
pub fn ask(ask: &Ask) -> String {
    match ask {
        Ask::Next(facts) => next(facts),
        Ask::Lost(lost) => format!("lost {}", outcome(lost)),
        Ask::Concluded(Conclusion { outcomes, ends }) => {
            let each: Vec<String> = outcomes.iter().map(outcome).collect();
            format!("concluded {}{}", each.join(" | "), if *ends { " and the end" } else { "" })
        }
    }
}

pub fn outcome(outcome: &Outcome) -> String {
    format!("{} {}", outcome.stage.name(), outcome.said)
}

/// As in `next mx.hamburger.edu PIPELINING SIZE=1000 tls login after=2`.
fn next(facts: &Facts) -> String {
    let mut words = vec!["next".to_owned(), facts.name.clone()];
    words.extend(extensions(&facts.extensions));
    words.extend(facts.tls.as_ref().map(|_| "tls".to_owned()));
    words.extend(facts.logged_in.then(|| "login".to_owned()));
    if facts.transactions > 0 {
        words.push(format!("after={}", facts.transactions));
    }
    words.join(" ")
}

fn extensions(extensions: &Extensions) -> Vec<String> {
    let Extensions { eight_bit_mime, smtputf8, chunking, binary_mime, dsn, pipelining, .. } = *extensions;
    let mut words: Vec<String> = [
        ("8BITMIME", eight_bit_mime),
        ("SMTPUTF8", smtputf8),
        ("CHUNKING", chunking),
        ("BINARYMIME", binary_mime),
        ("DSN", dsn),
        ("PIPELINING", pipelining),
        ("ENHANCEDSTATUSCODES", extensions.enhanced_status_codes),
        ("STARTTLS", extensions.starttls),
        ("REQUIRETLS", extensions.require_tls),
    ]
    .into_iter()
    .filter(|(_, offered)| *offered)
    .map(|(name, _)| name.to_owned())
    .collect();
    match extensions.size {
        Size::NotOffered => {}
        Size::NoLimit => words.push("SIZE".to_owned()),
        Size::Limit(limit) => words.push(format!("SIZE={limit}")),
    }
    words.extend(extensions.auth.iter().map(|mechanism| format!("AUTH={}", mechanism.name())));
    words.extend(extensions.recipients_max.map(|max| format!("RCPTMAX={max}")));
    words.extend(extensions.transactions_max.map(|max| format!("MAILMAX={max}")));
    words
}

/// `quit`, `done`, or `send 1 MAIL FROM:<a@b.c> / RCPT TO:<d@e.f> / ...`: the content of that number, with the
/// commands as they would be sent to a peer that offers everything.
pub fn answer(text: &str, contents: &HashMap<u64, Vec<u8>>) -> Result<Answer, String> {
    let text = match text {
        "quit" => return Ok(Answer::Quit),
        "done" => return Ok(Answer::Done),
        _ => text.strip_prefix("send ").ok_or_else(|| format!("`{text}` is no answer"))?,
    };
    let (source, commands) = text.split_once(' ').ok_or("send takes a number and commands")?;
    let source: u64 = source.parse().map_err(|_| format!("`{source}` is no number of a content"))?;
    let size = contents.get(&source).ok_or_else(|| format!("there is no content {source}"))?.len() as u64;
    transaction(commands, source, size).map(|transaction| Answer::Transaction(Box::new(transaction)))
}

/// MAIL and RCPT, parted by ` / `.
pub fn transaction(commands: &str, source: u64, size: u64) -> Result<Transaction, String> {
    let mut sender = None;
    let mut recipients = Vec::new();
    for command in commands.split(" / ") {
        match Command::parse(command.as_bytes()) {
            Ok(Command::Mail(mail)) => sender = Some(mail),
            Ok(Command::Rcpt(rcpt)) => recipients.push(rcpt),
            Ok(_) => return Err(format!("`{command}` is neither MAIL nor RCPT")),
            Err(error) => return Err(format!("`{command}`: {error:?}")),
        }
    }
    let sender = sender.ok_or("MAIL is missing")?;
    Ok(Transaction {
        reverse_path: sender.reverse_path,
        recipients,
        body: sender.body,
        smtputf8: sender.smtputf8,
        ret: sender.ret,
        envid: sender.envid,
        size,
        source,
    })
}
