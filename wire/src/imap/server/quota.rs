//! GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208 §4).

use super::reply::{Reply, misfit};
use super::sync::Expunges;
use super::{Server, text};
use crate::imap::ask::{QuotaOf, QuotaResource, QuotaRoot};
use crate::imap::mailbox::MailboxName;
use crate::imap::{Answer, Ask};

const RESOURCES: [(QuotaResource, &str); 4] = [
    (QuotaResource::Storage, "STORAGE"),
    (QuotaResource::Message, "MESSAGE"),
    (QuotaResource::Mailbox, "MAILBOX"),
    (QuotaResource::AnnotationStorage, "ANNOTATION-STORAGE"),
];

impl Server {
    pub(super) fn get_quota(&mut self, tag: String, root: String) {
        self.ask(Ask::Quota(QuotaOf::Root(root)), move |server, answer| server.quotas(tag, answer));
    }

    pub(super) fn get_quota_root(&mut self, tag: String, mailbox: MailboxName) {
        self.ask(Ask::Quota(QuotaOf::Mailbox(mailbox.clone())), move |server, answer| {
            if let Answer::Quotas(roots) = &answer {
                let mut line = b"* QUOTAROOT ".to_vec();
                text::mailbox(&mut line, &mailbox, server.charset());
                for root in roots {
                    line.push(b' ');
                    text::astring(&mut line, &root.name, server.charset());
                }
                line.extend_from_slice(b"\r\n");
                server.send(line);
            }
            server.quotas(tag, answer);
        });
    }

    pub(super) fn set_quota(&mut self, tag: String, root: String, limits: &[(String, u64)]) {
        let mut known = Vec::new();
        for (name, limit) in limits {
            match RESOURCES.iter().find(|(_, word)| word == name) {
                Some((resource, _)) => known.push((*resource, *limit)),
                None => return self.refuse(&tag, &Reply::bad("no such resource")),
            }
        }
        self.ask(Ask::SetQuota { root, limits: known }, move |server, answer| server.quotas(tag, answer));
    }

    fn quotas(&mut self, tag: String, answer: Answer) {
        let reply = match answer {
            Answer::Quotas(roots) => {
                roots.iter().for_each(|root| self.send_quota(root));
                Reply::ok("quotas")
            }
            Answer::Refused(refusal) => refusal.into(),
            _ => misfit(),
        };
        self.finish(tag, reply, Expunges::Told);
    }

    /// RFC 9208 §4.4.
    fn send_quota(&mut self, root: &QuotaRoot) {
        let mut line = b"* QUOTA ".to_vec();
        text::astring(&mut line, &root.name, self.charset());
        let words = root.resources.iter().map(|(resource, usage, limit)| {
            let name = RESOURCES.iter().find(|(known, _)| known == resource).map_or("", |(_, name)| name);
            format!("{name} {usage} {limit}")
        });
        line.extend_from_slice(format!(" ({})\r\n", words.collect::<Vec<_>>().join(" ")).as_bytes());
        self.send(line);
    }
}
