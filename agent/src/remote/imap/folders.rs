//! The folders of an account: what the server lists, under the paths a person sees. Owns delimiters, the personal namespace
//! (RFC 2342) and what a folder is for (RFC 6154, else its name).

use super::line::Line;
use crate::mirror::{FolderFound, Role};
use crate::trouble::Trouble;
use std::collections::{HashMap, HashSet};
use wire::imap::command::{Command, List, ListReturn, StatusItem};
use wire::imap::response::{Data, Listed, StatusValue};

/// What stands for a slash that is no delimiter: on servers whose delimiter is another, names may have it in them.
const SLASH_IN_NAME: char = '\u{2215}';

/// Names by which programs call the folders of a purpose, where the server does not say (RFC 6154 §1).
const USUAL_NAMES: [(Role, &[&str]); 5] = [
    (Role::Drafts, &["drafts", "draft"]),
    (Role::Sent, &["sent", "sent items", "sent messages", "sent mail"]),
    (Role::Trash, &["trash", "deleted items", "deleted messages", "bin"]),
    (Role::Junk, &["junk", "spam", "junk e-mail", "junk email", "bulk mail"]),
    (Role::Archive, &["archive", "archives"]),
];

/// How the server forms names of the user's own folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Space {
    /// What they begin with, as in `INBOX.`.
    pub prefix: String,
    /// What stands between their parts; `None`: there are no folders in folders.
    pub delimiter: Option<char>,
}

impl Space {
    /// What the server tells of its namespaces, else what it lists of the empty name (RFC 9051 §6.3.9.8).
    pub async fn ask(line: &mut Line) -> Result<Space, Trouble> {
        if line.facts.can("NAMESPACE") || line.facts.can("IMAP4REV2") {
            for data in line.done(Command::Namespace).await? {
                if let Data::Namespace([personal, ..]) = data
                    && let Some(first) = personal.into_iter().next()
                {
                    return Ok(Space { prefix: first.prefix, delimiter: first.delimiter });
                }
            }
        }
        let root = List { patterns: vec![String::new()], ..List::default() };
        for data in line.done(Command::List(root)).await? {
            if let Data::List(listed) = data {
                return Ok(Space { prefix: String::new(), delimiter: listed.delimiter });
            }
        }
        Ok(Space::default())
    }

    /// The path a person sees.
    pub fn path(&self, name: &str, delimiter: Option<char>) -> String {
        let own =
            name.strip_prefix(&self.prefix).filter(|rest| !rest.is_empty() && !name.eq_ignore_ascii_case("INBOX"));
        let name = own.unwrap_or(name);
        let translate = |c: char| match c {
            c if Some(c) == delimiter => '/',
            '/' => SLASH_IN_NAME,
            c => c,
        };
        name.chars().map(translate).collect()
    }

    /// What the server will call a folder of this path; `None`: it cannot have one of this name.
    pub fn remote(&self, path: &str) -> Option<String> {
        if path.eq_ignore_ascii_case("INBOX") {
            return Some("INBOX".to_owned());
        }
        let translate = |c: char| match (c, self.delimiter) {
            ('/', delimiter) => delimiter,
            (SLASH_IN_NAME, Some(delimiter)) if delimiter != '/' => Some('/'),
            (c, Some(delimiter)) if c == delimiter => None,
            (c, _) => Some(c),
        };
        let name = path.chars().map(translate).collect::<Option<String>>()?;
        Some(format!("{}{name}", self.prefix))
    }
}

/// What STATUS told of a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Figures {
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDNEXT.
    pub uid_next: u32,
    /// MESSAGES.
    pub messages: u32,
    /// HIGHESTMODSEQ; 0: the server keeps none.
    pub mod_seq: u64,
}

impl Figures {
    /// Of items; `None` where some are missing.
    pub fn of(items: &[(StatusItem, StatusValue)]) -> Option<Figures> {
        let value = |wanted: StatusItem| {
            items.iter().find_map(|(item, value)| match value {
                StatusValue::Number(number) if *item == wanted => Some(*number),
                _ => None,
            })
        };
        let small = |item| value(item).and_then(|number| u32::try_from(number).ok());
        Some(Figures {
            uid_validity: small(StatusItem::UidValidity)?,
            uid_next: small(StatusItem::UidNext)?,
            messages: small(StatusItem::Messages)?,
            mod_seq: value(StatusItem::HighestModSeq).unwrap_or_default(),
        })
    }
}

/// What was listed.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The folders.
    pub found: Vec<FolderFound>,
    /// By what the server calls a mailbox.
    pub figures: HashMap<String, Figures>,
}

/// Lists the folders. `names`: those the user has said to be for something.
pub(super) async fn list(line: &mut Line, space: &Space, names: &[(Role, String)]) -> Result<Listing, Trouble> {
    let newer = line.facts.can("IMAP4REV2");
    let can = |line: &Line, what: &str| newer || line.facts.can(what);
    let extended = can(line, "LIST-EXTENDED");
    let mut wanted = List { patterns: vec!["*".to_owned()], ..List::default() };
    if extended {
        let condstore = line.facts.can("CONDSTORE") || line.facts.can("QRESYNC");
        let status = if can(line, "LIST-STATUS") { figures_wanted(condstore) } else { Vec::new() };
        let special_use = can(line, "SPECIAL-USE");
        wanted.returns = ListReturn { subscribed: true, special_use, status, ..ListReturn::default() };
        wanted.extended = true;
    }
    let mut told = line.done(Command::List(wanted)).await?;
    let mut subscribed = HashSet::new();
    if !extended {
        let lsub = Command::Lsub { reference: String::new(), pattern: "*".to_owned() };
        for data in line.done(lsub).await? {
            if let Data::Lsub(listed) = data {
                subscribed.insert(listed.name.as_str().to_owned());
            }
        }
    }
    told.retain(|data| !matches!(data, Data::List(listed) if has(listed, "\\NonExistent")));
    let listing =
        take(told, space, names, |listed| has(listed, "\\Subscribed") || subscribed.contains(listed.name.as_str()));
    // RFC 9051 §5.1: INBOX is always there. Who does not name it may have been cut short.
    if !listing.found.iter().any(|folder| folder.role == Role::Inbox) {
        return Err(line.protocol("it lists folders, and INBOX is not among them"));
    }
    Ok(listing)
}

fn figures_wanted(condstore: bool) -> Vec<StatusItem> {
    let mut items = vec![StatusItem::Messages, StatusItem::UidNext, StatusItem::UidValidity];
    if condstore {
        items.push(StatusItem::HighestModSeq);
    }
    items
}

fn take(told: Vec<Data>, space: &Space, names: &[(Role, String)], is_subscribed: impl Fn(&Listed) -> bool) -> Listing {
    let mut listing = Listing::default();
    let (mut names_told, mut paths) = (HashSet::new(), HashSet::new());
    for data in told {
        match data {
            Data::List(listed) if !listed.name.as_str().is_empty() => {
                if !names_told.insert(listed.name.as_str().to_owned()) {
                    continue;
                }
                let path = unique(&mut paths, space.path(listed.name.as_str(), listed.delimiter));
                listing.found.push(FolderFound {
                    remote: listed.name.as_str().to_owned(),
                    role: role(&listed),
                    name: path,
                    selectable: !has(&listed, "\\Noselect"),
                    subscribed: listed.name.is_inbox() || is_subscribed(&listed),
                });
            }
            Data::Figures(name, items) => {
                if let Some(figures) = Figures::of(&items) {
                    listing.figures.insert(name.as_str().to_owned(), figures);
                }
            }
            _ => {}
        }
    }
    settle_roles(&mut listing.found, names);
    listing
}

/// Two mailboxes may have one path, as `a/b` and `a.b` on odd servers: the mirror has one folder of a path.
fn unique(paths: &mut HashSet<String>, path: String) -> String {
    let mut name = path.clone();
    let mut number = 2;
    while !paths.insert(name.clone()) {
        name = format!("{path} ({number})");
        number += 1;
    }
    name
}

fn has(listed: &Listed, attribute: &str) -> bool {
    listed.attributes.iter().any(|known| known.eq_ignore_ascii_case(attribute))
}

/// RFC 6154 §2.
fn role(listed: &Listed) -> Role {
    if listed.name.is_inbox() {
        return Role::Inbox;
    }
    let roles = [
        ("\\Drafts", Role::Drafts),
        ("\\Sent", Role::Sent),
        ("\\Archive", Role::Archive),
        ("\\Junk", Role::Junk),
        ("\\Trash", Role::Trash),
        ("\\All", Role::All),
        ("\\Flagged", Role::Flagged),
    ];
    roles.into_iter().find(|(attribute, _)| has(listed, attribute)).map_or(Role::None, |(_, role)| role)
}

/// What the user says goes before what the server says, and both before what names are usual.
fn settle_roles(found: &mut [FolderFound], names: &[(Role, String)]) {
    for (role, name) in names {
        if found.iter().any(|folder| folder.name == *name && folder.role != Role::Inbox) {
            found.iter_mut().filter(|folder| folder.role == *role).for_each(|folder| folder.role = Role::None);
            found.iter_mut().filter(|folder| folder.name == *name).for_each(|folder| folder.role = *role);
        }
    }
    for (role, usual) in USUAL_NAMES {
        if found.iter().any(|folder| folder.role == role) {
            continue;
        }
        let is_usual = |folder: &&mut FolderFound| {
            folder.role == Role::None
                && folder.selectable
                && usual.iter().any(|name| folder.name.eq_ignore_ascii_case(name))
        };
        if let Some(folder) = found.iter_mut().find(is_usual) {
            folder.role = role;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::imap::MailboxName;

    fn listed(attributes: &[&str], delimiter: char, name: &str) -> Data {
        Data::List(Listed {
            attributes: attributes.iter().map(|&word| word.to_owned()).collect(),
            delimiter: Some(delimiter),
            name: MailboxName::new(name),
            extended: Vec::new(),
        })
    }

    #[test]
    fn paths_have_slashes_whatever_the_server_has() {
        let space = Space { prefix: "INBOX.".to_owned(), delimiter: Some('.') };
        for (remote, path) in [("INBOX", "INBOX"), ("INBOX.Work.Deep", "Work/Deep"), ("INBOX.a/b", "a\u{2215}b")] {
            assert_eq!(space.path(remote, Some('.')), path);
            assert_eq!(space.remote(path).as_deref(), Some(remote));
        }
        assert_eq!(space.path("Other Users.bob.x", Some('.')), "Other Users/bob/x");
        assert_eq!(space.remote("v1.2"), None);
        assert_eq!(Space::default().remote("a/b"), None);
        assert_eq!(Space::default().remote("a").as_deref(), Some("a"));
    }

    #[test]
    fn roles_are_the_users_then_the_servers_then_usual() {
        let told = vec![
            listed(&[], '/', "INBOX"),
            listed(&["\\Sent"], '/', "Gone out"),
            listed(&[], '/', "Sent"),
            listed(&["\\HasNoChildren"], '/', "deleted items"),
            listed(&["\\Noselect"], '/', "Drafts"),
            listed(&["\\Junk", "\\Subscribed"], '/', "Spam"),
            listed(&[], '/', "Mist"),
        ];
        let names = [(Role::Junk, "Mist".to_owned()), (Role::Archive, "nowhere".to_owned())];
        let listing = take(told, &Space::default(), &names, |listed| has(listed, "\\Subscribed"));
        let roles: Vec<(&str, Role)> = listing.found.iter().map(|folder| (folder.name.as_str(), folder.role)).collect();
        assert_eq!(
            roles,
            [
                ("INBOX", Role::Inbox),
                ("Gone out", Role::Sent),
                ("Sent", Role::None),
                ("deleted items", Role::Trash),
                ("Drafts", Role::None),
                ("Spam", Role::None),
                ("Mist", Role::Junk),
            ]
        );
        assert!(listing.found[5].subscribed && !listing.found[2].subscribed && listing.found[0].subscribed);
    }

    #[test]
    fn two_mailboxes_of_one_path_are_two_folders() {
        let told = vec![listed(&[], '/', "a/b"), listed(&[], '.', "a.b"), listed(&[], '/', "a/b")];
        let listing = take(told, &Space::default(), &[], |_| false);
        let names: Vec<&str> = listing.found.iter().map(|folder| folder.name.as_str()).collect();
        assert_eq!(names, ["a/b", "a/b (2)"]);
    }
}
