//! COPY and MOVE (RFC 9051 §6.4.7, §6.4.8; RFC 4315 §3, RFC 6851): all of the messages or none.

use super::append::target_refused;
use super::reply::{Reply, misfit};
use super::sync::Expunges;
use super::{Server, text};
use crate::imap::ask::Uids;
use crate::imap::command::{By, Messages};
use crate::imap::listing::Listing;
use crate::imap::mailbox::MailboxName;
use crate::imap::{Answer, Ask};
use std::sync::Arc;

impl Server {
    pub(super) fn copy(&mut self, tag: String, (by, messages): (By, Messages), to: MailboxName, moving: bool) {
        self.see_first(by, move |server| server.copy_seen(tag, (by, &messages), to, moving));
    }

    fn copy_seen(&mut self, tag: String, (by, messages): (By, &Messages), to: MailboxName, moving: bool) {
        let meant = match self.meant(by, messages) {
            Ok(meant) => meant,
            Err(reply) => return self.refuse(&tag, &reply),
        };
        // RFC 2180 §4.4: not some of them.
        if meant.gone {
            return self.finish(tag, super::fetch::some_are_gone(), Expunges::Told);
        }
        if moving && self.open().is_some_and(|open| open.read_only) {
            return self.finish(tag, super::store::read_only(), Expunges::Told);
        }
        let there = self.open().is_some_and(|open| open.numbers.rows(&meant.uids, 0).next().is_some());
        if !there {
            return self.finish(tag, Reply::ok("there was nothing to do"), Expunges::Told);
        }
        self.ask(Ask::Copy { uids: meant.uids, to: to.clone(), moving }, move |server, answer| match answer {
            Answer::Copied { uid_validity, from, to: into, listing, failed } => {
                let code = copy_uid(uid_validity, &from, &into);
                let failed = failed.map(|refusal| target_refused(refusal, &to));
                if moving {
                    server.moved(tag, code, listing, failed);
                } else {
                    server.take_in(listing);
                    server.finish(tag, failed.unwrap_or_else(|| copied(code)), Expunges::Told);
                }
            }
            Answer::Refused(refusal) => server.finish(tag, target_refused(refusal, &to), Expunges::Told),
            _ => server.reply(&tag, &misfit()),
        });
    }

    /// RFC 6851 §4.3: COPYUID comes before the expunges; §4.4: HIGHESTMODSEQ, once all that happened up to there is told.
    /// Both too where the rest failed.
    fn moved(&mut self, tag: String, code: Option<String>, listing: Arc<Listing>, failed: Option<Reply>) {
        let some_moved = code.is_some();
        if let Some(code) = code {
            self.reply("*", &Reply::ok("moved").code(code));
        }
        let modseq = format!("HIGHESTMODSEQ {}", listing.head().highest_modseq);
        self.take_in_moved(listing);
        let tells_modseq = some_moved && self.enabled.condstore;
        match failed {
            None if tells_modseq => self.finish(tag, Reply::ok("moved").code(modseq), Expunges::Told),
            None => self.finish(tag, Reply::ok("moved"), Expunges::Told),
            Some(failed) => self.sync_then(Expunges::Told, move |server| {
                if tells_modseq {
                    server.reply("*", &Reply::ok("some were moved").code(modseq));
                }
                server.reply(&tag, &failed);
            }),
        }
    }
}

fn copied(code: Option<String>) -> Reply {
    let reply = Reply::ok("copied");
    match code {
        Some(code) => reply.code(code),
        None => reply,
    }
}

/// RFC 4315 §3; `None`: nothing was copied.
fn copy_uid(uid_validity: u32, from: &Uids, to: &Uids) -> Option<String> {
    if from.is_empty() || to.is_empty() {
        return None;
    }
    let mut code = format!("COPYUID {uid_validity} ").into_bytes();
    text::set(&mut code, from);
    code.push(b' ');
    text::set(&mut code, to);
    String::from_utf8(code).ok()
}
