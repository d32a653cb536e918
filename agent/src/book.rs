//! The address book: people written to and heard from, by how often, and groups from `.mailrc` and `book.toml`. Owns who is
//! offered for what was typed. Reads no file: texts are handed in.

use crate::letter::{Aliases, Correspondent, Group, Recipients};
use crate::mirror::{Mirror, Result, Role, View};
use message::{Time, header};

/// People taken in: more than anybody knows by name.
const PEOPLE_MAX: u64 = 20_000;
/// Sent letters that are looked at for whom they went to: a year of a busy person's, read within some milliseconds.
const SENT_MAX: u64 = 500;
/// Who was written to counts for so many that wrote: they are who one writes to again.
const WRITTEN_TO: u64 = 5;
/// Short names taken from one file: nobody writes so many by hand.
const ALIASES_MAX: usize = 10_000;

/// One who can be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name; empty where none is known.
    pub name: String,
    /// The address; of a group, what it stands for.
    pub address: String,
    /// How often mail went to and came from there.
    pub uses: u64,
    /// It stands for others.
    pub is_group: bool,
}

/// The address book of an account.
#[derive(Clone, Debug, Default)]
pub struct Book {
    people: Vec<Person>,
}

impl Person {
    /// As it is put into a field; of a group its short name, which is written out when the letter goes.
    #[must_use]
    pub fn written(&self) -> String {
        if self.is_group {
            return self.name.clone();
        }
        let name = (!self.name.is_empty() && self.name != self.address).then(|| self.name.clone());
        let person = Correspondent { name, email: self.address.clone() };
        Recipients(vec![Group { name: None, members: vec![person] }]).to_string()
    }
}

impl Book {
    /// What a mirror tells, and these short names.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub fn of(mirror: &Mirror, aliases: &Aliases, now: Time) -> Result<Book> {
        let mut book = Book::default();
        for (name, expansion) in &aliases.0 {
            let address = expansion.join(", ");
            book.people.push(Person { name: name.clone(), address, uses: u64::MAX, is_group: true });
        }
        let mut found = mirror.correspondents(PEOPLE_MAX)?;
        for (name, address) in written_to(mirror, now)? {
            match found.iter_mut().find(|(_, known, _)| known.eq_ignore_ascii_case(&address)) {
                Some((_, _, uses)) => *uses += WRITTEN_TO,
                None => found.push((name, address, WRITTEN_TO)),
            }
        }
        found.sort_by_key(|(_, _, uses)| std::cmp::Reverse(*uses));
        book.people.extend(found.into_iter().map(|(name, address, uses)| {
            // A name is a stranger's text: what deceives the eye does not come into a field.
            let name = if name == address { String::new() } else { message::harmless::readable(&name).into_owned() };
            Person { name, address, uses, is_group: false }
        }));
        Ok(book)
    }

    /// All of them, groups first, then by use.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Those whose name, one of its words, or address begins so; the most used first.
    #[must_use]
    pub fn find(&self, typed: &str, count: usize) -> Vec<&Person> {
        let typed = typed.to_lowercase();
        let fits = |person: &&Person| {
            let name = person.name.to_lowercase();
            let by_name = name.starts_with(&typed) || name.split(' ').any(|word| word.starts_with(&typed));
            by_name || !person.is_group && person.address.to_lowercase().starts_with(&typed)
        };
        self.people.iter().filter(fits).take(count).collect()
    }
}

/// Whom the newest sent letters went to.
fn written_to(mirror: &Mirror, now: Time) -> Result<Vec<(String, String)>> {
    let Some(sent) = mirror.folder_of_role(Role::Sent)? else { return Ok(Vec::new()) };
    let view = View { folder: Some(sent.id), ..View::default() };
    let mut found = Vec::new();
    for row in mirror.rows(&view, now, 0, SENT_MAX)? {
        let section = mirror.header(row.id)?;
        for field in header::fields(&section).filter(|field| field.is("To") || field.is("Cc") || field.is("Bcc")) {
            let people = Recipients::of_entries(&header::addresses(field.value));
            found.extend(people.people().map(|person| (person.name.clone().unwrap_or_default(), person.email.clone())));
        }
    }
    Ok(found)
}

/// Short names of a `.mailrc`: `alias name address…`, `group name address…`, lines ended by `\` go on.
#[must_use]
pub fn of_mailrc(text: &str) -> Aliases {
    let mut aliases = Aliases::default();
    let joined = text.replace("\\\n", " ");
    for line in joined.lines() {
        let mut words = line.split_whitespace();
        let is_alias = matches!(words.next(), Some("alias" | "group" | "a" | "g"));
        let Some(name) = words.next().filter(|_| is_alias && aliases.0.len() < ALIASES_MAX) else { continue };
        aliases.0.entry(name.to_owned()).or_default().extend(addresses(line, name));
    }
    aliases
}

/// What stands after the name: addresses with commas, or words, in quotes or not.
fn addresses(line: &str, name: &str) -> Vec<String> {
    let after = line.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    let rest = after.strip_prefix(name).unwrap_or_default().trim();
    if rest.contains(',') || rest.contains('<') {
        return rest
            .split(',')
            .map(|address| address.trim().to_owned())
            .filter(|address| !address.is_empty())
            .collect();
    }
    rest.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect()
}

/// Short names of a `book.toml`: `[groups]`, each a list of addresses.
///
/// # Errors
/// What is wrong in it, with its line.
pub fn of_toml(text: &str) -> std::result::Result<Aliases, String> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        groups: std::collections::BTreeMap<String, Vec<String>>,
    }
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    Ok(Aliases(file.groups))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::mirror::Flags;

    fn mirror() -> (tempfile::TempDir, Mirror) {
        let dir = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&dir.path().join("m.sqlite")).unwrap();
        let sent = mirror.folder_for(Role::Sent).unwrap();
        let inbox = mirror.folder_for(Role::Inbox).unwrap();
        let letter = |from: &str, to: &str| format!("From: {from}\r\nTo: {to}\r\nSubject: x\r\n\r\n.\r\n").into_bytes();
        let put = |folder, octets: &[u8]| mirror.make_in(folder, octets, &Flags::default(), Time(5)).unwrap();
        put(inbox, &letter("Bob Baker <bob@crepes.fr>", "alice@hamburger.edu"));
        put(inbox, &letter("Bob Baker <bob@crepes.fr>", "alice@hamburger.edu"));
        put(inbox, &letter("news@news.example", "alice@hamburger.edu"));
        put(sent, &letter("Alice <alice@hamburger.edu>", "Carol Baker <carol@crepes.fr>"));
        (dir, mirror)
    }

    #[test]
    fn people_are_offered_by_what_was_typed_and_by_use() {
        let (_dir, mirror) = mirror();
        let book = Book::of(&mirror, &of_mailrc("alias bakers bob@crepes.fr carol@crepes.fr\n"), Time(9)).unwrap();
        let written = |typed: &str| book.find(typed, 9).into_iter().map(Person::written).collect::<Vec<_>>();
        assert_eq!(written("bak"), ["bakers", "Carol Baker <carol@crepes.fr>", "Bob Baker <bob@crepes.fr>"]);
        assert_eq!(written("NEWS"), ["news@news.example"]);
        assert_eq!(written("zz"), Vec::<String>::new());
        assert_eq!(book.find("", 2).len(), 2);
    }

    #[test]
    fn short_names_are_read_as_mail_reads_them() {
        let text = "set hold\nalias friends bob@x \\\n carol@y\ngroup friends 'dave@z'\nalias eve \"Eve E\" <eve@x>, f@x\n#alias no a@b\n";
        let aliases = of_mailrc(text);
        assert_eq!(aliases.0["friends"], ["bob@x", "carol@y", "dave@z"]);
        assert_eq!(aliases.0["eve"], ["\"Eve E\" <eve@x>", "f@x"]);
        assert_eq!(aliases.0.len(), 2);
        assert_eq!(of_toml("[groups]\nteam = [\"a@x\", \"b@y\"]").unwrap().0["team"], ["a@x", "b@y"]);
        assert!(of_toml("[people]").unwrap_err().contains("unknown field"));
    }
}
