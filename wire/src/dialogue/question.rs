//! The words in which a dialogue speaks of the questions sessions ask and of the answers a desk gives: one stable text
//! for each, the secrets left out.

use crate::smtp::{self, Enhanced, ForwardPath, Manner, Notify, Reply, Return, ReversePath, Verb};
use crate::{imap, pop3, sasl};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A question of an SMTP or LMTP session, as in `recipient <bob@hamburger.edu> notify=NEVER`.
#[must_use]
pub fn smtp_ask(ask: &smtp::Ask) -> String {
    use smtp::Ask;
    match ask {
        Ask::Greeted(greeting, _) => format!("greeted {} {}", verb(greeting.verb), greeting.name),
        Ask::Sender(sender) => sender_text(sender),
        Ask::Recipient(recipient) => recipient_text(recipient),
        Ask::Content => "content".to_owned(),
        Ask::Commit => "commit".to_owned(),
        Ask::Reset => "reset".to_owned(),
        Ask::Verify(name) => format!("verify {name}"),
        Ask::Expand(name) => format!("expand {name}"),
        Ask::Status => "status".to_owned(),
        Ask::Auth(ask) => format!("auth {}", sasl_ask(ask)),
        Ask::Start(node) => format!("start {node}"),
        Ask::Turn(domains) => domains.iter().fold("turn".to_owned(), |text, domain| format!("{text} {domain}")),
    }
}

/// A question of a POP3 session, as in `login password bob`.
#[must_use]
pub fn pop3_ask(ask: &pop3::Ask) -> String {
    use pop3::Ask;
    match ask {
        Ask::Login(ask) => format!("login {}", sasl_ask(ask)),
        Ask::Apop { name, .. } => format!("apop {name}"),
        Ask::Open => "open".to_owned(),
        Ask::Fetch { source } => format!("fetch {source}"),
        Ask::Update { deleted } => deleted.iter().fold("update".to_owned(), |text, source| format!("{text} {source}")),
    }
}

/// A question of an IMAP session, as in `select INBOX`.
#[must_use]
pub fn imap_ask(ask: &imap::Ask) -> String {
    use imap::Ask;
    match ask {
        Ask::Login(ask) => format!("login {}", sasl_ask(ask)),
        Ask::Forget => "forget".to_owned(),
        Ask::Folders => "folders".to_owned(),
        Ask::Status { names, costly: false } => format!("status {}", names_text(names)),
        Ask::Status { names, .. } => format!("costly-status {}", names_text(names)),
        Ask::Create { name, .. } => format!("create {name}"),
        Ask::Delete(name) => format!("delete {name}"),
        Ask::Rename { from, to } => format!("rename {from} to {to}"),
        Ask::Subscribe { name, subscribed: true } => format!("subscribe {name}"),
        Ask::Subscribe { name, subscribed: false } => format!("unsubscribe {name}"),
        Ask::Select { name, read_only: false } => format!("select {name}"),
        Ask::Select { name, read_only: true } => format!("examine {name}"),
        Ask::Unselect => "unselect".to_owned(),
        Ask::Sync => "sync".to_owned(),
        Ask::Append(step) => append_text(step),
        other => message_ask(other),
    }
}

/// A question about messages.
fn message_ask(ask: &imap::Ask) -> String {
    use imap::Ask;
    match ask {
        Ask::Vanished { since, .. } => format!("vanished {since}"),
        Ask::Summaries { uids, .. } => format!("summaries {}", uids.len()),
        Ask::Pieces { uids, wants, from } => format!("pieces {} of {} from {from}", wants.len(), uids.len()),
        Ask::Store { uids, .. } => format!("store {}", ranges_text(uids)),
        Ask::Expunge { among: None, close } => if *close { "close" } else { "expunge" }.to_owned(),
        Ask::Expunge { among: Some(uids), .. } => format!("expunge {}", ranges_text(uids)),
        Ask::Copy { uids, to, moving } => {
            format!("{} {} {to}", if *moving { "move" } else { "copy" }, ranges_text(uids))
        }
        Ask::Search { .. } => "search".to_owned(),
        Ask::SearchMore => "more".to_owned(),
        Ask::Quota(_) => "quota".to_owned(),
        Ask::SetQuota { root, .. } => format!("set-quota {root}"),
        Ask::Acl(name) => format!("acl {name}"),
        Ask::SetAcl { mailbox, identifier, .. } => format!("set-acl {mailbox} {identifier}"),
        Ask::ListRights { mailbox, identifier } => format!("list-rights {mailbox} {identifier}"),
        Ask::MyRights(names) => format!("my-rights {}", names_text(names)),
        Ask::Metadata { .. } => "metadata".to_owned(),
        Ask::SetMetadata { .. } => "set-metadata".to_owned(),
        Ask::Watch(watches) => format!("watch {}", watches.len()),
        _ => String::new(),
    }
}

fn append_text(step: &imap::ask::AppendStep) -> String {
    use imap::ask::AppendStep;
    match step {
        AppendStep::Begin { mailbox, replaces: None } => format!("append {mailbox}"),
        AppendStep::Begin { mailbox, replaces: Some(uid) } => format!("replace {uid} {mailbox}"),
        AppendStep::Message { octets, .. } => format!("append-message {octets}"),
        AppendStep::Url(url) => format!("append-url {url}"),
        AppendStep::End => "append-end".to_owned(),
        AppendStep::Commit => "append-commit".to_owned(),
        AppendStep::Abort => "append-abort".to_owned(),
    }
}

fn names_text(names: &[imap::MailboxName]) -> String {
    names.iter().map(imap::MailboxName::as_str).collect::<Vec<_>>().join(" ")
}

fn ranges_text(uids: &[std::ops::RangeInclusive<u32>]) -> String {
    let set = message::search::Set::of(uids.iter().cloned());
    imap::sequence::write(&set)
}

fn sasl_ask(ask: &sasl::Ask) -> String {
    let acting = |authorization: &Option<String>| match authorization {
        Some(identity) => format!(" as {identity}"),
        None => String::new(),
    };
    match ask {
        sasl::Ask::Password { authorization, username, .. } => format!("password {username}{}", acting(authorization)),
        sasl::Ask::ScramStart { authorization, username } => format!("scram {username}{}", acting(authorization)),
        sasl::Ask::ScramProof { proof, .. } => format!("proof {}", STANDARD.encode(proof)),
    }
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Helo => "helo",
        Verb::Ehlo => "ehlo",
        Verb::Lhlo => "lhlo",
    }
}

fn sender_text(sender: &smtp::Sender) -> String {
    let mut text = match &sender.reverse_path {
        ReversePath::Null => "sender <>".to_owned(),
        ReversePath::Address(address) => format!("sender <{address}>"),
        ReversePath::Bare(name) => format!("sender <{name}>"),
    };
    if sender.manner != Manner::Mail {
        text = format!("{} {text}", sender.manner.name().to_ascii_lowercase());
    }
    if let Some(size) = sender.size {
        text.push_str(&format!(" size={size}"));
    }
    match sender.body {
        smtp::Body::SevenBit => {}
        smtp::Body::EightBitMime => text.push_str(" body=8BITMIME"),
        smtp::Body::BinaryMime => text.push_str(" body=BINARYMIME"),
    }
    if sender.smtputf8 {
        text.push_str(" smtputf8");
    }
    match sender.ret {
        None => {}
        Some(Return::Full) => text.push_str(" ret=FULL"),
        Some(Return::Headers) => text.push_str(" ret=HDRS"),
    }
    for (name, value) in [("envid", &sender.envid), ("auth", &sender.auth)] {
        if let Some(value) = value {
            text.push_str(&format!(" {name}={value}"));
        }
    }
    text
}

fn recipient_text(recipient: &smtp::Recipient) -> String {
    let mut text = match &recipient.forward_path {
        ForwardPath::Address(address) => format!("recipient <{address}>"),
        ForwardPath::Bare(name) => format!("recipient <{name}>"),
    };
    if let Some(notify) = recipient.notify {
        text.push_str(&format!(" notify={}", notify_text(notify)));
    }
    if let Some(orcpt) = &recipient.orcpt {
        text.push_str(&format!(" orcpt={orcpt}"));
    }
    text
}

fn notify_text(notify: Notify) -> String {
    let named = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
    let words: Vec<&str> = named.iter().filter(|(asked, _)| *asked).map(|(_, word)| *word).collect();
    if words.is_empty() { "NEVER".to_owned() } else { words.join(",") }
}

/// An answer to an SMTP session: a reply as in `452 4.2.2 mailbox full` (lines parted by ` / `), `replies` and some
/// of them parted by ` | `, `done`, or what [`sasl_answer`] reads.
pub fn smtp_answer(text: &str) -> Result<smtp::Answer, String> {
    if text == "done" {
        return Ok(smtp::Answer::Done);
    }
    if let Some(replies) = text.strip_prefix("replies ") {
        return replies.split(" | ").map(reply).collect::<Result<_, _>>().map(smtp::Answer::Replies);
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return reply(text).map(smtp::Answer::Reply);
    }
    sasl_answer(text).map(smtp::Answer::Sasl)
}

/// An answer to a POP3 session: `done`, `gone`, `temporary`, `permanent`, or what [`sasl_answer`] reads.
pub fn pop3_answer(text: &str) -> Result<pop3::Answer, String> {
    Ok(match text {
        "done" => pop3::Answer::Done,
        "gone" => pop3::Answer::Refused(pop3::Refusal::Gone),
        "temporary" => pop3::Answer::Refused(pop3::Refusal::Temporary),
        "permanent" => pop3::Answer::Refused(pop3::Refusal::Permanent),
        _ => pop3::Answer::Sasl(sasl_answer(text)?),
    })
}

/// An answer to an IMAP session: `done`, why it is refused (`temporary`, `over-quota`, ...), or what [`sasl_answer`]
/// reads.
pub fn imap_answer(text: &str) -> Result<imap::Answer, String> {
    use imap::Refusal;
    let refusal = match text {
        "done" => return Ok(imap::Answer::Done),
        "temporary" => Refusal::Temporary,
        "permanent" => Refusal::Permanent,
        "no-permission" => Refusal::NoPermission,
        "non-existent" => Refusal::NonExistent,
        "exists" => Refusal::AlreadyExists,
        "cannot" => Refusal::Cannot,
        "has-children" => Refusal::HasChildren,
        "over-quota" => Refusal::OverQuota,
        "limit" => Refusal::Limit,
        "gone" => Refusal::Gone,
        "corrupted" => Refusal::Corrupted,
        "in-use" => Refusal::InUse,
        "unknown-cte" => Refusal::UnknownCte,
        "too-many" => Refusal::TooMany,
        "no-private" => Refusal::NoPrivate,
        "too-big" => Refusal::TooBig(1000),
        _ => return sasl_answer(text).map(imap::Answer::Sasl),
    };
    Ok(imap::Answer::Refused(refusal))
}

/// `accepted`, `accepted SIGNATURE`, `scram NONCE SALT ROUNDS`, `refused credentials|authorization|temporary`,
/// `refused too-many SECONDS`; signature and salt in base64.
pub fn sasl_answer(text: &str) -> Result<sasl::Answer, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let wrong = || format!("`{text}` is no answer (docs/dialogues.md lists them)");
    let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
    let octets = |text: &str| STANDARD.decode(text).map_err(|_| wrong());
    Ok(match words.as_slice() {
        ["accepted"] => sasl::Answer::Accepted { server_signature: None },
        ["accepted", signature] => {
            let signature = octets(signature)?.try_into().map_err(|_| wrong())?;
            sasl::Answer::Accepted { server_signature: Some(signature) }
        }
        ["scram", nonce, salt, rounds] => {
            sasl::Answer::Scram { nonce: (*nonce).to_owned(), salt: octets(salt)?, iterations: number(rounds)? }
        }
        ["refused", "credentials"] => sasl::Answer::Refused(sasl::Refusal::Credentials),
        ["refused", "authorization"] => sasl::Answer::Refused(sasl::Refusal::Authorization),
        ["refused", "temporary"] => sasl::Answer::Refused(sasl::Refusal::Temporary),
        ["refused", "too-many", wait] => sasl::Answer::Refused(sasl::Refusal::TooMany { wait_s: number(wait)? }),
        _ => return Err(wrong()),
    })
}

fn reply(text: &str) -> Result<Reply, String> {
    let wrong = || format!("`{text}` is no reply, as in `452 4.2.2 mailbox full`");
    let (code, rest) = text.split_once(' ').ok_or_else(wrong)?;
    let (enhanced, words) = rest.split_once(' ').unwrap_or((rest, ""));
    let parts: Vec<u16> = enhanced.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let [class, subject, detail] = parts.as_slice() else { return Err(wrong()) };
    let class = u8::try_from(*class).map_err(|_| wrong())?;
    Ok(Reply {
        code: code.parse().map_err(|_| wrong())?,
        enhanced: Some(Enhanced(class, *subject, *detail)),
        lines: words.split(" / ").map(|line| line.to_owned().into()).collect(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::smtp::Command;

    fn ask(line: &str) -> String {
        match Command::parse(line.as_bytes()).unwrap() {
            Command::Mail(sender) => smtp_ask(&smtp::Ask::Sender(sender)),
            Command::Rcpt(recipient) => smtp_ask(&smtp::Ask::Recipient(recipient)),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn every_question_has_its_words() {
        assert_eq!(ask("MAIL FROM:<>"), "sender <>");
        let mail = "MAIL FROM:<a@b.c> SIZE=5 BODY=BINARYMIME SMTPUTF8 RET=HDRS ENVID=x AUTH=<>";
        assert_eq!(ask(mail), "sender <a@b.c> size=5 body=BINARYMIME smtputf8 ret=HDRS envid=x auth=");
        assert_eq!(ask("RCPT TO:<bob>"), "recipient <bob>");
        assert_eq!(ask("RCPT TO:<a@b.c> NOTIFY=NEVER"), "recipient <a@b.c> notify=NEVER");
        let login = sasl::Ask::Password {
            authorization: Some("carol".to_owned()),
            username: "bob".to_owned(),
            password: sasl::Secret(b"hungry".to_vec()),
        };
        assert_eq!(pop3_ask(&pop3::Ask::Login(login)), "login password bob as carol");
        assert_eq!(pop3_ask(&pop3::Ask::Update { deleted: vec![1, 3] }), "update 1 3");
    }

    #[test]
    fn every_answer_can_be_read() {
        let full = smtp_answer("452 4.2.2 the mailbox is full").unwrap();
        assert_eq!(full, smtp::Answer::Reply(Reply::new(452, Enhanced(4, 2, 2), "the mailbox is full")));
        match smtp_answer("replies 250 2.1.5 a / b | 452 4.2.2 c").unwrap() {
            smtp::Answer::Replies(replies) => assert_eq!(replies.iter().map(|r| r.lines.len()).sum::<usize>(), 3),
            other => panic!("{other:?}"),
        }
        assert_eq!(pop3_answer("gone"), Ok(pop3::Answer::Refused(pop3::Refusal::Gone)));
        assert_eq!(
            sasl_answer("refused too-many 42"),
            Ok(sasl::Answer::Refused(sasl::Refusal::TooMany { wait_s: 42 }))
        );
        for wrong in ["", "452", "452 full", "452 4.2 full", "accepted !", "scram a b", "refused", "perhaps"] {
            assert!(smtp_answer(wrong).is_err(), "{wrong}");
        }
    }
}
