//! GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS (RFC 4314 §3). Which letters are rights is `rights`'s, who has
//! them the desk's to say.

use super::reply::{Reply, misfit};
use super::sync::Expunges;
use super::{Server, text};
use crate::imap::ask::{AclChange, Rights};
use crate::imap::command::{HowRights, RightsChange};
use crate::imap::mailbox::MailboxName;
use crate::imap::{Answer, Ask};

impl Server {
    pub(super) fn get_acl(&mut self, tag: String, mailbox: MailboxName) {
        self.ask(Ask::Acl(mailbox.clone()), move |server, answer| {
            let reply = match answer {
                Answer::Acl(entries) => {
                    let mut line = server.line_about("ACL", &mailbox);
                    for (identifier, rights) in entries {
                        line.push(b' ');
                        text::astring(&mut line, &identifier, server.charset());
                        line.extend_from_slice(format!(" {}", rights.told()).as_bytes());
                    }
                    line.extend_from_slice(b"\r\n");
                    server.send(line);
                    Reply::ok("who may do what")
                }
                Answer::Refused(refusal) => refusal.into(),
                _ => misfit(),
            };
            server.finish(tag, reply, Expunges::Told);
        });
    }

    pub(super) fn set_acl(&mut self, tag: String, mailbox: MailboxName, identifier: String, change: &RightsChange) {
        let Some(rights) = Rights::read(&change.rights) else {
            return self.refuse(&tag, &Reply::bad("no such right"));
        };
        let change = match change.how {
            HowRights::Replace => AclChange::Replace(rights),
            HowRights::Add => AclChange::Add(rights),
            HowRights::Remove => AclChange::Remove(rights),
        };
        self.ask(Ask::SetAcl { mailbox, identifier, change }, move |server, answer| server.done(tag, answer, "set"));
    }

    pub(super) fn delete_acl(&mut self, tag: String, mailbox: MailboxName, identifier: String) {
        let ask = Ask::SetAcl { mailbox, identifier, change: AclChange::Delete };
        self.ask(ask, move |server, answer| server.done(tag, answer, "no entry any more"));
    }

    pub(super) fn list_rights(&mut self, tag: String, mailbox: MailboxName, identifier: String) {
        let ask = Ask::ListRights { mailbox: mailbox.clone(), identifier: identifier.clone() };
        self.ask(ask, move |server, answer| {
            let reply = match answer {
                Answer::RightsOf { required, optional } => {
                    let mut line = server.line_about("LISTRIGHTS", &mailbox);
                    line.push(b' ');
                    text::astring(&mut line, &identifier, server.charset());
                    line.push(b' ');
                    line.extend_from_slice(required.told().as_bytes());
                    let all = Rights(optional.iter().fold(0, |all, group| all | group.0));
                    for group in optional {
                        line.extend_from_slice(format!(" {}", group.letters()).as_bytes());
                    }
                    // RFC 4314 §2.1.1: what can be given goes by its old name too.
                    for letter in all.obsolete() {
                        line.extend_from_slice(format!(" {letter}").as_bytes());
                    }
                    line.extend_from_slice(b"\r\n");
                    server.send(line);
                    Reply::ok("what can be given")
                }
                Answer::Refused(refusal) => refusal.into(),
                _ => misfit(),
            };
            server.finish(tag, reply, Expunges::Told);
        });
    }

    pub(super) fn my_rights(&mut self, tag: String, mailbox: MailboxName) {
        self.ask(Ask::MyRights(vec![mailbox.clone()]), move |server, answer| {
            let first = match answer {
                Answer::MyRights(rights) => rights.into_iter().next(),
                Answer::Refused(refusal) => Some(Err(refusal)),
                _ => None,
            };
            let reply = match first {
                Some(Ok(rights)) => {
                    let mut line = server.line_about("MYRIGHTS", &mailbox);
                    line.extend_from_slice(format!(" {}\r\n", rights.told()).as_bytes());
                    server.send(line);
                    Reply::ok("what you may do")
                }
                Some(Err(refusal)) => refusal.into(),
                None => misfit(),
            };
            server.finish(tag, reply, Expunges::Told);
        });
    }

    fn line_about(&self, word: &str, mailbox: &MailboxName) -> Vec<u8> {
        let mut line = format!("* {word} ").into_bytes();
        text::mailbox(&mut line, mailbox, self.charset());
        line
    }
}
