//! What HELP says (RFC 5321 §4.1.1.8).

use super::{Classic, Enhanced, Reply};

/// Topic, and its text.
const TOPICS: &[(&str, &str)] = &[
    ("HELO", "HELO name: greet, with your host's name"),
    ("EHLO", "EHLO name: greet, and learn what this server can do"),
    ("LHLO", "LHLO name: greet, on an LMTP port"),
    ("MAIL", "MAIL FROM:<address> [SIZE=n] [BODY=type] [SMTPUTF8] ...: begin a message"),
    ("RCPT", "RCPT TO:<address>: name a recipient; once for each"),
    ("DATA", "DATA: send the message, ended by a line of one dot"),
    ("BDAT", "BDAT octets [LAST]: send the message in counted chunks"),
    ("RSET", "RSET: forget the message begun"),
    ("NOOP", "NOOP: do nothing"),
    ("HELP", "HELP [command]: this text; HELP STATUS: how the server does"),
    ("VRFY", "VRFY name: ask whether there is such a mailbox"),
    ("EXPN", "EXPN name: ask who is on a list"),
    ("QUIT", "QUIT: end the session"),
    ("STARTTLS", "STARTTLS: go on encrypted"),
    ("AUTH", "AUTH mechanism [response]: log in"),
    ("SEND", "SEND is not implemented: a message to a terminal goes by MAIL, or by a chat program"),
    ("SOML", "SOML is not implemented: use MAIL, which delivers to the mailbox"),
    ("SAML", "SAML is not implemented: use MAIL, which delivers to the mailbox"),
    ("ETRN", "ETRN is not implemented here: ask the operator for a route, or fetch mail by POP3 or IMAP"),
    ("ATRN", "ATRN is not implemented here: ask the operator for a route, or fetch mail by POP3 or IMAP"),
    ("TURN", "TURN is not implemented: use ETRN (RFC 1985), or POP3 or IMAP to fetch mail"),
];

/// The same, where SEND and its kin are carried out.
const SENDS: &[(&str, &str)] = &[
    ("SEND", "SEND FROM:<address>: as MAIL, but on the screens where the recipients are logged in"),
    ("SOML", "SOML FROM:<address>: as MAIL, on the recipients' screens, else into their mailboxes"),
    ("SAML", "SAML FROM:<address>: as MAIL, into the recipients' mailboxes, and on their screens"),
];

/// The same, where there are domains whose mail may be asked for.
const TURNS: &[(&str, &str)] = &[
    ("ETRN", "ETRN domain: send me what waits for my domain, after login; ETRN @domain: for those below it too"),
    ("ATRN", "ATRN [domain,...]: send me what waits for my domains over this connection, after login"),
    ("TURN", "TURN: as ATRN, after login; ATRN and ETRN are the modern ways"),
];

/// Help on everything, or on one topic; 504 where there is none on it.
pub fn on(topic: Option<&str>, classic: Classic) -> Reply {
    let Some(topic) = topic else { return list() };
    let sends = SENDS.iter().filter(|_| classic.sends);
    let turns = TURNS.iter().filter(|_| classic.turns);
    match sends.chain(turns).chain(TOPICS).find(|(name, _)| name.eq_ignore_ascii_case(topic)) {
        Some((_, text)) => Reply::new(214, Enhanced(2, 0, 0), *text),
        None => Reply::new(504, Enhanced(5, 5, 4), "no help on that; HELP alone lists the topics"),
    }
}

fn list() -> Reply {
    let mut reply = Reply::new(214, Enhanced(2, 0, 0), "commands:");
    for row in TOPICS.chunks(8) {
        let names: Vec<&str> = row.iter().map(|(name, _)| *name).collect();
        reply.lines.push(names.join(" ").into());
    }
    reply.lines.push("HELP with a command's name tells more; HELP STATUS asks how the server does".into());
    reply
}
