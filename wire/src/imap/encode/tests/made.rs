//! Commands made by chance, of all that a command can hold: strings, names, sets, keys.

use crate::imap::command::*;
use crate::imap::mailbox::MailboxName;
use crate::sasl::Secret;
use message::search::{AddressField, Bound, DateOf, Day, Key, Relation, Set, SystemFlag};
use proptest::collection::vec;
use proptest::prelude::*;

fn set() -> impl Strategy<Value = Set> {
    let bound = prop_oneof![4 => (1..=u32::MAX).prop_map(Bound::Number), 1 => Just(Bound::Last)];
    vec((bound.clone(), bound), 1..5).prop_map(Set)
}

fn messages() -> impl Strategy<Value = Messages> {
    prop_oneof![4 => set().prop_map(Messages::Set), 1 => Just(Messages::Saved)]
}

/// Any text without NUL.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,6}", "[ -~]{0,12}", "[^\0]{0,8}", "[a\r\n\"\\\\{}é]{0,8}", "NIL"]
}

fn name() -> impl Strategy<Value = MailboxName> {
    text().prop_map(|name| MailboxName::new(&name))
}

fn mailbox() -> impl Strategy<Value = MailboxName> {
    name().prop_filter("a name ends with no delimiter", |name| !name.as_str().ends_with('/'))
}

fn flag() -> impl Strategy<Value = Flag> {
    prop_oneof![
        Just(Flag::System(SystemFlag::Seen)),
        Just(Flag::System(SystemFlag::Draft)),
        "[$A-Za-z][A-Za-z0-9+.-]{0,6}".prop_map(Flag::Keyword),
    ]
}

fn flags() -> impl Strategy<Value = Vec<Flag>> {
    vec(flag(), 0..4).prop_map(|flags| {
        let mut once: Vec<Flag> = Vec::new();
        for flag in flags {
            if !once.iter().any(|known| known.to_string().eq_ignore_ascii_case(&flag.to_string())) {
                once.push(flag);
            }
        }
        once
    })
}

fn leaf() -> impl Strategy<Value = Key> {
    let relation = prop_oneof![Just(Relation::Before), Just(Relation::On), Just(Relation::Since)];
    let of = prop_oneof![Just(DateOf::Arrival), Just(DateOf::Sent), Just(DateOf::Saved)];
    prop_oneof![
        Just(Key::all()),
        Just(Key::Saved),
        Just(Key::Flag(SystemFlag::Answered)),
        set().prop_map(Key::Numbers),
        set().prop_map(Key::Uids),
        "[a-z$]{1,5}".prop_map(Key::Keyword),
        (of, relation, -700_000..2_900_000_i64).prop_map(|(of, relation, day)| Key::Date(of, relation, Day(day))),
        (0..i64::MAX as u64).prop_map(Key::Larger),
        (1..=u32::MAX).prop_map(Key::Older),
        text().prop_map(|text| Key::Address(AddressField::Bcc, text)),
        text().prop_map(Key::Subject),
        (text(), text()).prop_map(|(name, text)| Key::Header { name, text }),
    ]
}

/// Trees as the reader makes them: no list of one, no chain that goes on in its last.
pub(super) fn key() -> impl Strategy<Value = Key> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Key::And),
            vec(inner.clone(), 2..4).prop_map(Key::Or),
            inner.clone().prop_map(|key| Key::Not(Box::new(key))),
            inner.prop_map(|key| Key::Fuzzy(Box::new(key))),
        ]
    })
}

fn section() -> impl Strategy<Value = FetchItem> {
    let field = "[!-9;-~]{1,8}";
    let part = vec(1..=u32::MAX, 0..4).prop_map(Part);
    let content = prop_oneof![
        Just(SectionText::Whole),
        Just(SectionText::Text),
        vec(field, 1..4).prop_map(SectionText::HeaderFields),
        vec(field, 1..4).prop_map(SectionText::HeaderFieldsNot),
    ];
    let partial = prop::option::of((0..=i64::MAX as u64, 1..=i64::MAX as u64));
    let partial = partial.prop_map(|partial| partial.map(|(start, count)| Partial { start, count }));
    (part, content, any::<bool>(), partial).prop_map(|(part, text, peek, partial)| FetchItem::Section {
        section: Section { part, text },
        peek,
        partial,
    })
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![Just(By::Number), Just(By::Uid)]
}

/// A command.
pub(super) fn command() -> impl Strategy<Value = Command> {
    let how = prop_oneof![Just(HowFlags::Add), Just(HowFlags::Remove), Just(HowFlags::Replace)];
    prop_oneof![
        (text(), "[^\0]{0,12}")
            .prop_map(|(user, password)| Command::Login { user, password: Secret(password.into_bytes()) }),
        (name(), name()).prop_map(|(from, to)| Command::Rename { from, to }),
        (mailbox(), any::<bool>())
            .prop_filter("the delimiter alone is no parent", |(name, _)| !name.as_str().is_empty())
            .prop_map(|(mailbox, parent)| Command::Create { mailbox, parent, uses: Vec::new() }),
        (text(), text()).prop_map(|(reference, pattern)| Command::Lsub { reference, pattern }),
        (text(), vec(text(), 2..4)).prop_map(|(reference, patterns)| {
            Command::List(List { reference, patterns, extended: true, ..List::default() })
        }),
        (by(), messages(), name()).prop_map(|(by, messages, mailbox)| Command::Copy { by, messages, mailbox }),
        (by(), messages(), how, any::<bool>(), flags()).prop_map(|(by, messages, how, silent, flags)| {
            Command::Store(Store { by, messages, unchanged_since: None, how, silent, flags })
        }),
        (by(), messages(), vec(section(), 1..4)).prop_map(|(by, messages, items)| {
            Command::Fetch(Fetch { by, messages, items, changed_since: None, vanished: false, partial: None })
        }),
        (by(), key()).prop_map(|(by, key)| Command::Search(Search { by, returns: None, key })),
        vec(any::<u8>(), 0..20).prop_map(|value| Command::SetMetadata {
            mailbox: None,
            entries: vec![("/private/a".to_owned(), Some(value))],
        }),
    ]
}
