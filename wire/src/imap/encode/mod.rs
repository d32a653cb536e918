//! Writes commands, the mirror of `parse`: what is written reads back the same. Owns the choice of literals a client has
//! (RFC 7888); when to wait for a continuation follows from the pieces it gives.

mod keys;
mod selected;
#[cfg(test)]
mod tests;
mod upload;
mod writer;

pub use upload::UploadEncoder;
pub use writer::{Literals, Style};

use super::command::{
    Command, Depth, EventGroup, FetchItem, GetMetadata, HowRights, List, ListReturn, ListSelect, MultiSearch, Notify,
    NotifyEvent, RightsChange, Scope, Select, StatusItem, Tagged,
};
use super::mailbox::{DELIMITER, MailboxName};
use super::sequence;
use crate::sasl::line;
use bytes::Bytes;
use writer::Writer;

/// A command as it is sent, CR LF and all. Before every piece but the first the client waits for a continuation. The
/// pieces of APPEND and REPLACE end before the literal of the first message: see [`UploadEncoder`].
#[must_use]
pub fn command(tagged: &Tagged, style: Style) -> Vec<Bytes> {
    let mut w = Writer::new(style);
    w.text(&tagged.tag);
    w.text(" ");
    match &tagged.command {
        Command::Upload(upload) => UploadEncoder::default().begin(upload, &mut w),
        command => {
            write(command, &mut w);
            w.text("\r\n");
        }
    }
    w.pieces()
}

fn write(command: &Command, w: &mut Writer) {
    match command {
        Command::Id(pairs) => id(pairs, w),
        Command::Authenticate { mechanism, initial } => {
            w.text("AUTHENTICATE ");
            w.text(mechanism);
            if let Some(initial) = initial {
                w.text(" ");
                w.text(&line::encode_initial(initial));
            }
        }
        Command::Login { user, password } => {
            w.text("LOGIN ");
            w.astring(user.as_bytes());
            w.text(" ");
            w.astring(&password.0);
        }
        Command::Enable(capabilities) => words("ENABLE", capabilities, w),
        Command::GetQuota(root) => named("GETQUOTA", root, w),
        Command::SetQuota { root, limits } => {
            named("SETQUOTA", root, w);
            w.text(" ");
            w.list(limits, |w, (resource, limit)| w.text(&format!("{resource} {limit}")));
        }
        Command::Notify(notify) => write_notify(notify, w),
        Command::Compress(mechanism) => w.text(&format!("COMPRESS {mechanism}")),
        Command::MultiSearch(search) => multi_search(search, w),
        Command::CancelUpdate(tags) => {
            w.text("CANCELUPDATE");
            tags.iter().for_each(|tag| {
                w.text(" ");
                w.string(tag.as_bytes());
            });
        }
        _ if selected::write(command, w) => {}
        _ => of_mailboxes(command, w),
    }
}

/// The keyword of a command without arguments.
fn alone(command: &Command) -> &'static str {
    match command {
        Command::Capability => "CAPABILITY",
        Command::Logout => "LOGOUT",
        Command::StartTls => "STARTTLS",
        Command::Namespace => "NAMESPACE",
        Command::Idle => "IDLE",
        Command::Unauthenticate => "UNAUTHENTICATE",
        Command::GetJmapAccess => "GETJMAPACCESS",
        Command::Check => "CHECK",
        Command::Close => "CLOSE",
        Command::Unselect => "UNSELECT",
        _ => "NOOP",
    }
}

fn of_mailboxes(command: &Command, w: &mut Writer) {
    match command {
        Command::Select(select) => write_select(select, w),
        Command::Create { mailbox, parent, uses } => create(mailbox, *parent, uses, w),
        Command::Delete(mailbox) => of_mailbox("DELETE", mailbox, w),
        Command::Rename { from, to } => {
            of_mailbox("RENAME", from, w);
            w.text(" ");
            w.mailbox(to);
        }
        Command::Subscribe(mailbox) => of_mailbox("SUBSCRIBE", mailbox, w),
        Command::Unsubscribe(mailbox) => of_mailbox("UNSUBSCRIBE", mailbox, w),
        Command::List(list) => write_list(list, w),
        Command::Lsub { reference, pattern } => {
            w.text("LSUB ");
            w.name(reference);
            w.text(" ");
            w.pattern(pattern);
        }
        Command::Status { mailbox, items } => {
            of_mailbox("STATUS", mailbox, w);
            w.text(" ");
            w.list(items, |w, item| w.text(item.name()));
        }
        Command::GetQuotaRoot(mailbox) => of_mailbox("GETQUOTAROOT", mailbox, w),
        Command::GetAcl(mailbox) => of_mailbox("GETACL", mailbox, w),
        Command::MyRights(mailbox) => of_mailbox("MYRIGHTS", mailbox, w),
        Command::DeleteAcl { mailbox, identifier } => of_identifier("DELETEACL", mailbox, identifier, w),
        Command::ListRights { mailbox, identifier } => of_identifier("LISTRIGHTS", mailbox, identifier, w),
        Command::SetAcl { mailbox, identifier, change } => {
            of_identifier("SETACL", mailbox, identifier, w);
            w.text(" ");
            w.astring(rights(change).as_bytes());
        }
        Command::GetMetadata(get) => get_metadata(get, w),
        Command::SetMetadata { mailbox, entries } => set_metadata(mailbox.as_ref(), entries, w),
        other => w.text(alone(other)),
    }
}

fn words(keyword: &str, arguments: &[String], w: &mut Writer) {
    w.text(keyword);
    arguments.iter().for_each(|argument| w.text(&format!(" {argument}")));
}

fn named(keyword: &str, name: &str, w: &mut Writer) {
    w.text(keyword);
    w.text(" ");
    w.astring(name.as_bytes());
}

fn of_mailbox(keyword: &str, mailbox: &MailboxName, w: &mut Writer) {
    w.text(keyword);
    w.text(" ");
    w.mailbox(mailbox);
}

fn of_identifier(keyword: &str, mailbox: &MailboxName, identifier: &str, w: &mut Writer) {
    of_mailbox(keyword, mailbox, w);
    w.text(" ");
    w.astring(identifier.as_bytes());
}

fn id(pairs: &[(String, Option<String>)], w: &mut Writer) {
    w.text("ID ");
    if pairs.is_empty() {
        return w.text("NIL");
    }
    w.list(pairs, |w, (field, value)| {
        w.string(field.as_bytes());
        w.text(" ");
        w.nstring(value.as_ref().map(String::as_bytes));
    });
}

fn write_select(select: &Select, w: &mut Writer) {
    of_mailbox(if select.read_only { "EXAMINE" } else { "SELECT" }, &select.mailbox, w);
    let mut parameters = Vec::new();
    if select.condstore {
        parameters.push("CONDSTORE".to_owned());
    }
    if let Some(qresync) = &select.qresync {
        let mut text = format!("QRESYNC ({} {}", qresync.uid_validity, qresync.mod_seq);
        if let Some(known) = &qresync.known_uids {
            text.push_str(&format!(" {}", sequence::write(known)));
        }
        if let Some((numbers, uids)) = &qresync.known_pairs {
            text.push_str(&format!(" ({} {})", sequence::write(numbers), sequence::write(uids)));
        }
        parameters.push(text + ")");
    }
    if !parameters.is_empty() {
        w.text(&format!(" ({})", parameters.join(" ")));
    }
}

fn create(mailbox: &MailboxName, parent: bool, uses: &[String], w: &mut Writer) {
    let end = if parent { DELIMITER.to_string() } else { String::new() };
    w.text("CREATE ");
    w.name(&format!("{mailbox}{end}"));
    if !uses.is_empty() {
        w.text(&format!(" (USE ({}))", uses.join(" ")));
    }
}

fn write_list(list: &List, w: &mut Writer) {
    w.text("LIST ");
    let select = selection(&list.select);
    // An empty list of options tells that the extended form is meant.
    if list.extended {
        w.text(&format!("({}) ", select.join(" ")));
    }
    w.name(&list.reference);
    w.text(" ");
    match list.patterns.as_slice() {
        [pattern] => w.pattern(pattern),
        patterns => w.list(patterns, |w, pattern| w.pattern(pattern)),
    }
    if list.returns != ListReturn::default() {
        w.text(" RETURN (");
        returned(&list.returns, w);
        w.text(")");
    }
}

fn selection(select: &ListSelect) -> Vec<&'static str> {
    let options = [
        (select.subscribed, "SUBSCRIBED"),
        (select.remote, "REMOTE"),
        (select.recursive_match, "RECURSIVEMATCH"),
        (select.special_use, "SPECIAL-USE"),
    ];
    options.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name).collect()
}

fn returned(returns: &ListReturn, w: &mut Writer) {
    let options = [
        (returns.subscribed, "SUBSCRIBED"),
        (returns.children, "CHILDREN"),
        (returns.special_use, "SPECIAL-USE"),
        (returns.my_rights, "MYRIGHTS"),
    ];
    let mut options: Vec<String> =
        options.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name.to_owned()).collect();
    if !returns.status.is_empty() {
        let items: Vec<_> = returns.status.iter().map(|item: &StatusItem| item.name()).collect();
        options.push(format!("STATUS ({})", items.join(" ")));
    }
    w.text(&options.join(" "));
    if !returns.metadata.is_empty() {
        w.text(if options.is_empty() { "METADATA " } else { " METADATA " });
        w.list(&returns.metadata, |w, entry| w.astring(entry.as_bytes()));
    }
}

fn rights(change: &RightsChange) -> String {
    let sign = match change.how {
        HowRights::Replace => "",
        HowRights::Add => "+",
        HowRights::Remove => "-",
    };
    format!("{sign}{}", change.rights)
}

fn mailbox_or_server(mailbox: Option<&MailboxName>, w: &mut Writer) {
    match mailbox {
        Some(mailbox) => w.mailbox(mailbox),
        None => w.text("\"\""),
    }
}

fn get_metadata(get: &GetMetadata, w: &mut Writer) {
    w.text("GETMETADATA ");
    let mut options = Vec::new();
    options.extend(get.size_max.map(|size| format!("MAXSIZE {size}")));
    options.extend(match get.depth {
        Depth::Zero => None,
        Depth::One => Some("DEPTH 1".to_owned()),
        Depth::Infinity => Some("DEPTH infinity".to_owned()),
    });
    if !options.is_empty() {
        w.text(&format!("({}) ", options.join(" ")));
    }
    mailbox_or_server(get.mailbox.as_ref(), w);
    w.text(" ");
    w.list(&get.entries, |w, entry| w.astring(entry.as_bytes()));
}

fn set_metadata(mailbox: Option<&MailboxName>, entries: &[(String, Option<Vec<u8>>)], w: &mut Writer) {
    w.text("SETMETADATA ");
    mailbox_or_server(mailbox, w);
    w.text(" ");
    w.list(entries, |w, (entry, value)| {
        w.astring(entry.as_bytes());
        w.text(" ");
        match value {
            Some(value) if value.contains(&0) => w.literal8(value),
            value => w.nstring(value.as_deref()),
        }
    });
}

fn write_notify(notify: &Notify, w: &mut Writer) {
    let Notify::Set { status, groups } = notify else { return w.text("NOTIFY NONE") };
    w.text(if *status { "NOTIFY SET STATUS" } else { "NOTIFY SET" });
    for EventGroup { scope, events } in groups {
        w.text(" (");
        write_scope(scope, w);
        if events.is_empty() {
            w.text(" NONE");
        } else {
            w.text(" ");
            w.list(events, event);
        }
        w.text(")");
    }
}

fn write_scope(scope: &Scope, w: &mut Writer) {
    let (word, names) = match scope {
        Scope::Selected => ("selected", None),
        Scope::SelectedDelayed => ("selected-delayed", None),
        Scope::Inboxes => ("inboxes", None),
        Scope::Personal => ("personal", None),
        Scope::Subscribed => ("subscribed", None),
        Scope::Subtree(names) => ("subtree", Some(names)),
        Scope::SubtreeOne(names) => ("subtree-one", Some(names)),
        Scope::Mailboxes(names) => ("mailboxes", Some(names)),
    };
    w.text(word);
    if let Some(names) = names {
        w.text(" ");
        w.list(names, Writer::mailbox);
    }
}

fn event(w: &mut Writer, event: &NotifyEvent) {
    w.text(match event {
        NotifyEvent::MessageNew(_) => "MessageNew",
        NotifyEvent::MessageExpunge => "MessageExpunge",
        NotifyEvent::FlagChange => "FlagChange",
        NotifyEvent::AnnotationChange => "AnnotationChange",
        NotifyEvent::MailboxName => "MailboxName",
        NotifyEvent::SubscriptionChange => "SubscriptionChange",
        NotifyEvent::MailboxMetadataChange => "MailboxMetadataChange",
        NotifyEvent::ServerMetadataChange => "ServerMetadataChange",
        NotifyEvent::Unknown(name) => name,
    });
    if let NotifyEvent::MessageNew(items) = event
        && !items.is_empty()
    {
        w.text(" ");
        w.list(items, |w, item: &FetchItem| selected::item(item, w));
    }
}

fn multi_search(search: &MultiSearch, w: &mut Writer) {
    w.text("ESEARCH ");
    if !search.scopes.is_empty() {
        w.text("IN ");
        w.list(&search.scopes, |w, scope| write_scope(scope, w));
        w.text(" ");
    }
    selected::returns(&search.returns, w);
    keys::program(&search.key, w);
}
