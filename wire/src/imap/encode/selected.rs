//! Commands on messages: FETCH, STORE, COPY, SEARCH and their kin.

use super::super::command::{
    By, Command, Fetch, FetchItem, Flag, HowFlags, Messages, PartialRange, Preview, Returns, Section, SectionText,
    Store,
};
use super::super::mailbox::MailboxName;
use super::super::{sequence, write};
use super::keys;
use super::writer::Writer;

/// Writes it if it is one of them.
pub(super) fn write(command: &Command, w: &mut Writer) -> bool {
    match command {
        Command::Expunge(None) => w.text("EXPUNGE"),
        Command::Expunge(Some(uids)) => begin(By::Uid, "EXPUNGE", uids, w),
        Command::Search(search) => {
            keyword(search.by, "SEARCH ", w);
            search.returns.iter().for_each(|wanted| returns(wanted, w));
            keys::program(&search.key, w);
        }
        Command::Sort(sort) => {
            keyword(sort.by, "SORT ", w);
            sort.returns.iter().for_each(|wanted| returns(wanted, w));
            w.list(&sort.criteria, |w, criterion| {
                w.text(if criterion.reverse { "REVERSE " } else { "" });
                w.text(keys::sort_name(criterion.by));
            });
            w.text(" UTF-8 ");
            keys::all(&sort.key, w);
        }
        Command::Thread(thread) => {
            keyword(thread.by, "THREAD ", w);
            w.text(keys::algorithm_name(thread.algorithm));
            w.text(" UTF-8 ");
            keys::all(&thread.key, w);
        }
        Command::Fetch(wanted) => fetch(wanted, w),
        Command::Store(wanted) => store(wanted, w),
        Command::Copy { by, messages, mailbox } => target((*by, "COPY"), messages, mailbox, w),
        Command::Move { by, messages, mailbox } => target((*by, "MOVE"), messages, mailbox, w),
        _ => return false,
    }
    true
}

fn keyword(by: By, word: &str, w: &mut Writer) {
    w.text(if by == By::Uid { "UID " } else { "" });
    w.text(word);
}

fn begin(by: By, word: &str, messages: &Messages, w: &mut Writer) {
    keyword(by, word, w);
    w.text(" ");
    match messages {
        Messages::Set(set) => w.text(&sequence::write(set)),
        Messages::Saved => w.text("$"),
    }
}

fn target((by, word): (By, &str), messages: &Messages, mailbox: &MailboxName, w: &mut Writer) {
    begin(by, word, messages, w);
    w.text(" ");
    w.mailbox(mailbox);
}

fn store(store: &Store, w: &mut Writer) {
    begin(store.by, "STORE", &store.messages, w);
    if let Some(mod_seq) = store.unchanged_since {
        w.text(&format!(" (UNCHANGEDSINCE {mod_seq})"));
    }
    w.text(match store.how {
        HowFlags::Replace => " FLAGS",
        HowFlags::Add => " +FLAGS",
        HowFlags::Remove => " -FLAGS",
    });
    w.text(if store.silent { ".SILENT " } else { " " });
    w.list(&store.flags, |w, flag: &Flag| w.text(&flag.to_string()));
}

fn fetch(fetch: &Fetch, w: &mut Writer) {
    begin(fetch.by, "FETCH", &fetch.messages, w);
    w.text(" ");
    w.list(&fetch.items, |w, wanted| item(wanted, w));
    let mut modifiers = Vec::new();
    modifiers.extend(fetch.changed_since.map(|mod_seq| format!("CHANGEDSINCE {mod_seq}")));
    modifiers.extend(fetch.vanished.then(|| "VANISHED".to_owned()));
    modifiers.extend(fetch.partial.map(|partial| format!("PARTIAL {}", range(partial))));
    if !modifiers.is_empty() {
        w.text(&format!(" ({})", modifiers.join(" ")));
    }
}

fn range(range: PartialRange) -> String {
    let sign = if range.from_end { "-" } else { "" };
    format!("{sign}{}:{sign}{}", range.first, range.last)
}

pub(super) fn item(item: &FetchItem, w: &mut Writer) {
    match item {
        FetchItem::Section { section, peek, partial } => {
            w.text(if *peek { "BODY.PEEK[" } else { "BODY[" });
            write_section(section, w);
            w.text("]");
            partial.iter().for_each(|partial| w.octets(|out| write::partial(out, partial)));
        }
        FetchItem::Binary { part, peek, partial } => {
            w.text(if *peek { "BINARY.PEEK[" } else { "BINARY[" });
            w.octets(|out| write::part(out, part));
            w.text("]");
            partial.iter().for_each(|partial| w.octets(|out| write::partial(out, partial)));
        }
        FetchItem::BinarySize(part) => {
            w.text("BINARY.SIZE[");
            w.octets(|out| write::part(out, part));
            w.text("]");
        }
        plain => w.text(item_name(plain)),
    }
}

/// Names of fields may need literals, which are a client's own here.
fn write_section(section: &Section, w: &mut Writer) {
    let (SectionText::HeaderFields(names) | SectionText::HeaderFieldsNot(names)) = &section.text else {
        return w.octets(|out| write::section(out, section));
    };
    w.octets(|out| write::part(out, &section.part));
    let not = matches!(section.text, SectionText::HeaderFieldsNot(_));
    w.text(if section.part.0.is_empty() { "" } else { "." });
    w.text(if not { "HEADER.FIELDS.NOT " } else { "HEADER.FIELDS " });
    w.list(names, |w, name| w.astring(name.as_bytes()));
}

/// The name of what is not a section.
pub(in super::super) fn item_name(item: &FetchItem) -> &'static str {
    match item {
        FetchItem::Envelope => "ENVELOPE",
        FetchItem::Flags => "FLAGS",
        FetchItem::InternalDate => "INTERNALDATE",
        FetchItem::Size => "RFC822.SIZE",
        FetchItem::Body | FetchItem::Section { .. } => "BODY",
        FetchItem::BodyStructure => "BODYSTRUCTURE",
        FetchItem::Uid => "UID",
        FetchItem::ModSeq => "MODSEQ",
        FetchItem::EmailId => "EMAILID",
        FetchItem::ThreadId => "THREADID",
        FetchItem::SaveDate => "SAVEDATE",
        FetchItem::Preview(Preview::Wanted) => "PREVIEW",
        FetchItem::Preview(Preview::Lazy) => "PREVIEW (LAZY)",
        FetchItem::Binary { .. } => "BINARY",
        FetchItem::BinarySize(_) => "BINARY.SIZE",
        FetchItem::Rfc822 => "RFC822",
        FetchItem::Rfc822Header => "RFC822.HEADER",
        FetchItem::Rfc822Text => "RFC822.TEXT",
    }
}

pub(super) fn returns(returns: &Returns, w: &mut Writer) {
    let options = [
        (returns.min, "MIN"),
        (returns.max, "MAX"),
        (returns.all, "ALL"),
        (returns.count, "COUNT"),
        (returns.save, "SAVE"),
        (returns.relevancy, "RELEVANCY"),
        (returns.context, "CONTEXT"),
    ];
    let mut options: Vec<String> =
        options.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name.to_owned()).collect();
    options.extend(returns.partial.map(|partial| format!("PARTIAL {}", range(partial))));
    w.text("RETURN (");
    w.text(&options.join(" "));
    if let Some(items) = &returns.update {
        w.text(if options.is_empty() { "UPDATE" } else { " UPDATE" });
        if !items.is_empty() {
            w.text(" ");
            w.list(items, |w, wanted| item(wanted, w));
        }
    }
    w.text(") ");
}
