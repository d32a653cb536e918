//! From a command to what is done about it: which state it belongs to, and which function carries it out.

use super::reply::Reply;
use super::sync::Expunges;
use super::{Server, State};
use crate::imap::Command;
use crate::imap::command::By;

/// RFC 9586 §3: no message numbers.
pub(super) fn uid_required() -> Reply {
    Reply::bad("UIDONLY was enabled: only UIDs name messages").code("UIDREQUIRED")
}

impl Server {
    pub(super) fn execute(&mut self, tag: String, command: Command) {
        match command {
            Command::Capability => self.capability(tag),
            Command::Noop => self.finish(tag, Reply::ok("nothing done"), Expunges::Told),
            Command::Logout => self.logout(&tag),
            Command::Id(_) => self.id(tag),
            command => match self.state {
                State::Stranger => self.before_login_only(tag, command),
                State::Home | State::Open(_) => self.after_login_only(tag, command),
                State::Logout => {}
            },
        }
    }

    fn before_login_only(&mut self, tag: String, command: Command) {
        match command {
            Command::StartTls => self.start_tls(&tag),
            Command::Authenticate { mechanism, initial } => self.authenticate(tag, &mechanism, initial),
            Command::Login { user, password } => self.login(tag, user, password),
            _ => self.refuse(&tag, &Reply::bad("log in first")),
        }
    }

    fn after_login_only(&mut self, tag: String, command: Command) {
        match command {
            Command::Enable(capabilities) => self.enable(tag, &capabilities),
            Command::Select(select) => self.select(tag, select),
            Command::Create { mailbox, parent, uses } => self.create(tag, mailbox, (parent, &uses)),
            Command::Delete(mailbox) => self.delete(tag, mailbox),
            Command::Rename { from, to } => self.rename(tag, from, to),
            Command::Subscribe(mailbox) => self.subscribe(tag, mailbox, true),
            Command::Unsubscribe(mailbox) => self.subscribe(tag, mailbox, false),
            Command::List(list) => self.list(tag, list),
            Command::Lsub { reference, pattern } => self.lsub(tag, &reference, &pattern),
            Command::Namespace => self.namespace(tag),
            Command::Status { mailbox, items } => self.status(tag, mailbox, items),
            Command::Upload(upload) => self.begin_upload(tag, upload.target, upload.items, None),
            Command::Idle => self.idle(tag),
            Command::Compress(mechanism) => self.compress(&tag, &mechanism),
            Command::Unauthenticate => self.unauthenticate(tag),
            Command::GetJmapAccess => self.jmap_access(tag),
            Command::MultiSearch(search) => self.multi_search(tag, search),
            Command::Notify(notify) => self.notify(tag, notify),
            Command::StartTls | Command::Authenticate { .. } | Command::Login { .. } => {
                self.refuse(&tag, &Reply::bad("somebody is logged in already"));
            }
            command => self.about_access(tag, command),
        }
    }

    /// Quotas, rights, annotations.
    fn about_access(&mut self, tag: String, command: Command) {
        match command {
            Command::GetQuota(root) => self.get_quota(tag, root),
            Command::GetQuotaRoot(mailbox) => self.get_quota_root(tag, mailbox),
            Command::SetQuota { root, limits } => self.set_quota(tag, root, &limits),
            Command::GetAcl(mailbox) => self.get_acl(tag, mailbox),
            Command::SetAcl { mailbox, identifier, change } => self.set_acl(tag, mailbox, identifier, &change),
            Command::DeleteAcl { mailbox, identifier } => self.delete_acl(tag, mailbox, identifier),
            Command::ListRights { mailbox, identifier } => self.list_rights(tag, mailbox, identifier),
            Command::MyRights(mailbox) => self.my_rights(tag, mailbox),
            Command::GetMetadata(get) => self.get_metadata(tag, get),
            Command::SetMetadata { mailbox, entries } => self.set_metadata(tag, mailbox, entries),
            command => match self.state {
                State::Open(_) => self.selected_only(tag, command),
                _ => self.refuse(&tag, &Reply::bad("select a mailbox first")),
            },
        }
    }

    fn selected_only(&mut self, tag: String, command: Command) {
        if self.enabled.uid_only && names_numbers(&command) {
            return self.refuse(&tag, &uid_required());
        }
        match command {
            Command::Check => self.finish(tag, Reply::ok("all is on disk anyway"), Expunges::Told),
            Command::Close => self.close_mailbox(tag),
            Command::Unselect => self.unselect(tag),
            Command::Expunge(among) => self.expunge(tag, among),
            Command::Search(search) => self.search(tag, search),
            Command::Sort(sort) => self.sort(tag, sort),
            Command::Thread(thread) => self.thread(tag, thread),
            Command::Fetch(fetch) => self.fetch(tag, fetch),
            Command::Store(store) => self.store(tag, store),
            Command::Copy { by, messages, mailbox } => self.copy(tag, (by, messages), mailbox, false),
            Command::Move { by, messages, mailbox } => self.copy(tag, (by, messages), mailbox, true),
            Command::CancelUpdate(tags) => self.cancel_update(tag, &tags),
            _ => self.refuse(&tag, &Reply::bad("not here")),
        }
    }
}

/// RFC 9586 §3.
fn names_numbers(command: &Command) -> bool {
    let by = match command {
        Command::Search(search) => search.by,
        Command::Sort(sort) => sort.by,
        Command::Thread(thread) => thread.by,
        Command::Fetch(fetch) => fetch.by,
        Command::Store(store) => store.by,
        Command::Copy { by, .. } | Command::Move { by, .. } => *by,
        _ => By::Uid,
    };
    by == By::Number
}
