//! CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS (RFC 9051 §6.3.4 to §6.3.8, §6.3.11). Which names there can be
//! is `mailbox`'s, which there are the desk's.

use super::reply::{Reply, misfit};
use super::sync::Expunges;
use super::{Server, State, text};
use crate::imap::ask::{ObjectId, SpecialUse, Status};
use crate::imap::command::StatusItem;
use crate::imap::mailbox::{Charset, MailboxName};
use crate::imap::{Answer, Ask, Refusal};

impl Server {
    /// RFC 9051 §6.3.4, RFC 6154 §3. A delimiter at the end says that names below will follow; nothing differs here.
    pub(super) fn create(&mut self, tag: String, name: MailboxName, (_, uses): (bool, &[String])) {
        if let Some(defect) = name.defect() {
            return self.finish(tag, Reply::no(defect.to_string()).code("CANNOT"), Expunges::Told);
        }
        let mut special_use = Vec::new();
        for word in uses {
            match SpecialUse::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(word)) {
                Some((one, _)) => special_use.push(*one),
                None => return self.finish(tag, Refusal::UseAttribute.into(), Expunges::Told),
            }
        }
        self.ask(Ask::Create { name, special_use }, move |server, answer| {
            let reply = match answer {
                // RFC 8474 §4.2.
                Answer::Created(id) => Reply::ok("made").code(format!("MAILBOXID ({})", ObjectId::Mailbox(id))),
                Answer::Refused(refusal) => refusal.into(),
                _ => misfit(),
            };
            server.finish(tag, reply, Expunges::Told);
        });
    }

    /// RFC 9051 §6.3.5.
    pub(super) fn delete(&mut self, tag: String, name: MailboxName) {
        if name.is_inbox() {
            return self.finish(tag, Reply::no("INBOX stays").code("CANNOT"), Expunges::Told);
        }
        let selected = matches!(&self.state, State::Open(open) if open.name == name);
        self.ask(Ask::Delete(name), move |server, answer| {
            if selected && matches!(answer, Answer::Done) {
                server.state = State::Home;
                server.reply("*", &Reply::ok("the selected mailbox is gone").code("CLOSED"));
            }
            server.done(tag, answer, "deleted");
        });
    }

    /// RFC 9051 §6.3.6.
    pub(super) fn rename(&mut self, tag: String, from: MailboxName, to: MailboxName) {
        if let Some(defect) = to.defect() {
            return self.finish(tag, Reply::no(defect.to_string()).code("CANNOT"), Expunges::Told);
        }
        let (was, is) = (from.clone(), to.clone());
        self.ask(Ask::Rename { from, to }, move |server, answer| {
            if matches!(answer, Answer::Done) {
                server.renamed(&was, &is);
            }
            server.done(tag, answer, "renamed");
        });
    }

    /// The selected mailbox may be called otherwise now.
    fn renamed(&mut self, from: &MailboxName, to: &MailboxName) {
        let State::Open(open) = &mut self.state else { return };
        let below = open.name.as_str().strip_prefix(from.as_str());
        match below {
            Some(rest) if !from.is_inbox() && (rest.is_empty() || rest.starts_with('/')) => {
                open.name = MailboxName::new(&format!("{to}{rest}"));
            }
            _ => {}
        }
    }

    /// RFC 9051 §6.3.7, §6.3.8.
    pub(super) fn subscribe(&mut self, tag: String, name: MailboxName, subscribed: bool) {
        if let Some(defect) = name.defect().filter(|_| subscribed) {
            return self.finish(tag, Reply::no(defect.to_string()).code("CANNOT"), Expunges::Told);
        }
        let text = if subscribed { "subscribed" } else { "not subscribed" };
        self.ask(Ask::Subscribe { name, subscribed }, move |server, answer| server.done(tag, answer, text));
    }

    /// The end of a command whose answer is `Done`.
    pub(super) fn done(&mut self, tag: String, answer: Answer, text: &'static str) {
        let reply = match answer {
            Answer::Done => Reply::ok(text),
            Answer::Refused(refusal) => refusal.into(),
            _ => misfit(),
        };
        self.finish(tag, reply, Expunges::Told);
    }

    /// RFC 9051 §6.3.11.
    pub(super) fn status(&mut self, tag: String, name: MailboxName, items: Vec<StatusItem>) {
        // RFC 7162 §3.1: who asks for modseqs is told them.
        self.wants_modseqs(items.contains(&StatusItem::HighestModSeq));
        let ask = Ask::Status { names: vec![name.clone()], costly: is_costly(&items) };
        self.ask(ask, move |server, answer| {
            let reply = match answer {
                Answer::Statuses(statuses) => match statuses.into_iter().next() {
                    Some(Ok(status)) => {
                        server.send_status(&name, &status, &items);
                        Reply::ok("how it stands")
                    }
                    Some(Err(refusal)) => refusal.into(),
                    None => misfit(),
                },
                Answer::Refused(refusal) => refusal.into(),
                _ => misfit(),
            };
            server.finish(tag, reply, Expunges::Told);
        });
    }

    /// RFC 9051 §7.3.4.
    pub(super) fn send_status(&mut self, name: &MailboxName, status: &Status, items: &[StatusItem]) {
        let line = status_line((name, self.charset()), status, items);
        self.send(line);
    }
}

/// Whether some of these are not kept beside the mailbox, so that its messages must be looked at.
pub(super) fn is_costly(items: &[StatusItem]) -> bool {
    items.contains(&StatusItem::DeletedStorage)
}

fn status_line((name, charset): (&MailboxName, Charset), status: &Status, items: &[StatusItem]) -> Vec<u8> {
    let mut line = b"* STATUS ".to_vec();
    text::mailbox(&mut line, name, charset);
    line.extend_from_slice(b" (");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            line.push(b' ');
        }
        line.extend_from_slice(item.name().as_bytes());
        line.push(b' ');
        let number = match item {
            StatusItem::Messages => u64::from(status.messages),
            StatusItem::Recent => u64::from(status.recent),
            StatusItem::UidNext => u64::from(status.uid_next),
            StatusItem::UidValidity => u64::from(status.uid_validity),
            StatusItem::Unseen => u64::from(status.unseen),
            StatusItem::Deleted => u64::from(status.deleted),
            StatusItem::DeletedStorage => status.deleted_octets,
            // RFC 8438 §2.
            StatusItem::Size => status.octets,
            StatusItem::HighestModSeq => status.highest_modseq.max(1),
            // RFC 7889 §4: NIL, where there is no limit of its own.
            StatusItem::AppendLimit => match status.append_limit {
                Some(limit) => limit,
                None => {
                    line.extend_from_slice(b"NIL");
                    continue;
                }
            },
            StatusItem::MailboxId => {
                line.extend_from_slice(format!("({})", ObjectId::Mailbox(status.mailbox_id)).as_bytes());
                continue;
            }
        };
        text::number(&mut line, number);
    }
    line.extend_from_slice(b")\r\n");
    line
}
