//! APPEND and REPLACE (RFC 9051 §6.3.12, RFC 3502, RFC 4469, RFC 8508): messages stream to the desk, and all are
//! committed at the end or none.

use super::input::Reading;
use super::out::Out;
use super::reply::{Reply, misfit};
use super::store::flag_names;
use super::sync::Expunges;
use super::{Server, limits, text};
use crate::imap::ask::{AppendStep, Uids};
use crate::imap::command::{By, Command, Form, Literal, Tagged, Target, UploadItem};
use crate::imap::mailbox::MailboxName;
use crate::imap::{Answer, Ask, Refusal};
use message::search::Bound;
use std::collections::VecDeque;

/// Messages on their way.
pub(super) struct Upload {
    tag: String,
    /// REPLACE, rather than APPEND.
    replaces: bool,
    messages: usize,
    /// Octets of the message so far.
    octets: u64,
    /// What is to be done before the next literal, or the end.
    items: VecDeque<UploadItem>,
    /// The literal that comes then.
    literal: Option<Literal>,
    /// The one that comes now may hold NUL.
    binary: bool,
    /// One that may not did.
    has_nul: bool,
}

impl Server {
    /// An upload begins, up to its first literal.
    pub(super) fn upload(&mut self, tagged: Tagged, literal: Literal) {
        match tagged.command {
            Command::Upload(upload) => self.begin_upload(tagged.tag, upload.target, upload.items, Some(literal)),
            _ => self.refuse(&tagged.tag, &Reply::bad("that takes no message")),
        }
    }

    pub(super) fn begin_upload(
        &mut self,
        tag: String,
        target: Target,
        items: Vec<UploadItem>,
        literal: Option<Literal>,
    ) {
        let (mailbox, replaces) = match target {
            Target::Append(mailbox) => (mailbox, None),
            Target::Replace { by, message, mailbox } => match self.replaced(by, message) {
                Ok(uid) => (mailbox, Some(uid)),
                Err(reply) => return self.upload_refused(&tag, &reply),
            },
        };
        let upload = Box::new(Upload {
            tag,
            replaces: replaces.is_some(),
            messages: 0,
            octets: 0,
            items: items.into(),
            literal,
            binary: false,
            has_nul: false,
        });
        let begin = AppendStep::Begin { mailbox: mailbox.clone(), replaces };
        self.ask(Ask::Append(begin), move |server, answer| match answer {
            Answer::Done => server.go_on_uploading(upload),
            Answer::Refused(refusal) => server.upload_refused(&upload.tag, &target_refused(refusal, &mailbox)),
            _ => server.upload_refused(&upload.tag, &misfit()),
        });
    }

    /// RFC 8508 §3.4: the message that goes, of the selected mailbox.
    fn replaced(&mut self, by: By, message: Bound) -> Result<u32, Reply> {
        let uid_only = self.enabled.uid_only;
        let Some(open) = self.open() else { return Err(Reply::bad("select a mailbox first")) };
        if open.read_only {
            return Err(Reply::no("the mailbox is read-only").code("NOPERM"));
        }
        let numbers = &open.numbers;
        let uid = match (message, by) {
            (Bound::Last, _) => Some(numbers.last_uid()).filter(|uid| *uid > 0),
            (Bound::Number(uid), By::Uid) => numbers.number(uid).map(|_| uid),
            (Bound::Number(_), By::Number) if uid_only => return Err(super::dispatch::uid_required()),
            (Bound::Number(number), By::Number) => numbers.uid(number),
        };
        uid.ok_or_else(|| Reply::no("there is no such message").code("CANNOT"))
    }

    /// Does what comes before the next literal.
    fn go_on_uploading(&mut self, mut upload: Box<Upload>) {
        if upload.has_nul {
            // RFC 9051 §4.3: a literal is made of octets other than NUL; RFC 3516 §4.4 has literal8 for them.
            return self.upload_failed(&upload.tag, &Reply::bad("NUL may stand in a literal8, `~{...}`, alone"));
        }
        let step = match upload.items.pop_front() {
            None => return self.at_literal(upload),
            Some(UploadItem::Message { form, .. }) if form != Form::Catenate && upload.is_cancelled() => {
                return self.upload_failed(&upload.tag, &Reply::no("a message without octets: nothing is appended"));
            }
            Some(UploadItem::Message { flags, internal_date, .. }) => {
                upload.messages += 1;
                upload.octets = 0;
                if upload.messages > limits::APPENDED {
                    return self.upload_failed(&upload.tag, &Reply::from(Refusal::Limit));
                }
                let octets = upload.literal.filter(|_| upload.items.is_empty()).map_or(0, |literal| literal.octets);
                let date = internal_date.map(message::date::Date::time);
                AppendStep::Message { flags: flag_names(&flags), date, octets }
            }
            Some(UploadItem::Url(url)) => AppendStep::Url(url),
            Some(UploadItem::End) => AppendStep::End,
        };
        self.ask(Ask::Append(step), move |server, answer| match answer {
            Answer::Done => server.go_on_uploading(upload),
            Answer::Refused(refusal) => server.upload_failed(&upload.tag, &refusal.into()),
            _ => server.upload_failed(&upload.tag, &misfit()),
        });
    }

    /// Lets content come, or ends.
    fn at_literal(&mut self, mut upload: Box<Upload>) {
        let Some(literal) = upload.literal.take() else { return self.commit(upload) };
        let most = self.profile.limits.message_size;
        upload.octets = upload.octets.saturating_add(literal.octets);
        if upload.octets > most {
            return self.upload_failed(&upload.tag, &Refusal::TooBig(most).into());
        }
        upload.binary = literal.binary;
        self.reader.accept();
        if literal.synchronizing {
            self.send("+ go on\r\n");
        }
        self.reading = Reading::Upload(upload);
    }

    /// Octets of a message.
    pub(super) fn content(&mut self, octets: &[u8]) {
        if let Reading::Upload(upload) = &mut self.reading {
            upload.has_nul |= !upload.binary && memchr::memchr(0, octets).is_some();
        }
        self.out.push_back(Out::Content(0..octets.len()));
    }

    /// What stands behind a literal.
    pub(super) fn upload_part(&mut self, items: Vec<UploadItem>, literal: Option<Literal>) {
        if let Reading::Upload(mut upload) = std::mem::replace(&mut self.reading, Reading::Command) {
            upload.items = items.into();
            upload.literal = literal;
            self.go_on_uploading(upload);
        }
    }

    fn commit(&mut self, upload: Box<Upload>) {
        self.ask(Ask::Append(AppendStep::Commit), move |server, answer| match answer {
            Answer::Appended { uid_validity, uids } => server.appended(*upload, uid_validity, &uids),
            Answer::Refused(refusal) => server.finish(upload.tag, refusal.into(), Expunges::Told),
            _ => server.finish(upload.tag, misfit(), Expunges::Told),
        });
    }

    /// RFC 4315 §3; RFC 8508 §3.4: of REPLACE, before the message goes.
    fn appended(&mut self, upload: Upload, uid_validity: u32, uids: &Uids) {
        let mut code = format!("APPENDUID {uid_validity} ").into_bytes();
        text::set(&mut code, uids);
        let code = String::from_utf8(code).unwrap_or_default();
        if upload.replaces {
            self.reply("*", &Reply::ok("the new message is there").code(code));
            return self.finish(upload.tag, Reply::ok("replaced"), Expunges::Told);
        }
        let reply = if uids.is_empty() { Reply::ok("appended") } else { Reply::ok("appended").code(code) };
        self.finish(upload.tag, reply, Expunges::Told);
    }

    /// The upload is over before it began at the desk.
    fn upload_refused(&mut self, tag: &str, reply: &Reply) {
        self.reading = Reading::Command;
        self.reply(tag, reply);
        if !self.reader.refuse() {
            self.bye("more than can be passed over");
        }
    }

    fn upload_failed(&mut self, tag: &str, reply: &Reply) {
        self.abort_upload();
        self.upload_refused(tag, reply);
    }

    /// Nothing of it stays.
    pub(super) fn abort_upload(&mut self) {
        self.reading = Reading::Command;
        self.ask(Ask::Append(AppendStep::Abort), |_, _| {});
    }
}

impl Upload {
    /// RFC 3502 §6.3.11: an empty literal for a message is how a client takes back an APPEND that it has begun.
    fn is_cancelled(&self) -> bool {
        self.literal.is_some_and(|literal| literal.octets == 0)
    }
}

/// RFC 9051 §6.3.12: what could be made is worth a try.
pub(super) fn target_refused(refusal: Refusal, mailbox: &MailboxName) -> Reply {
    match refusal {
        Refusal::NonExistent if mailbox.defect().is_none() => {
            Reply::no("there is no such mailbox, but it can be made").code("TRYCREATE")
        }
        other => other.into(),
    }
}
