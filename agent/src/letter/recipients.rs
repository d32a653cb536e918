//! Lists of people: one field's addresses, in groups or in none. Owns how a list is shown for editing, and what short names
//! stand for. Reading what was typed is `typed`'s.

use super::fault::Fault;
use super::typed;
use message::Domain;
use message::build::compose::{Correspondent, Group};
use message::header::{self, Entry};
use std::collections::BTreeMap;
use std::fmt;

/// Names within names that are followed; nobody's lists are deeper, and a circle ends there.
pub const ALIAS_DEPTH_MAX: usize = 10;
/// People that one list may come to by its short names.
pub const PEOPLE_MAX: usize = 10_000;

/// The addresses of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients(pub Vec<Group>);

/// What short names stand for, as in `alias friends bob, Carol <carol@crepes.fr>` of `.mailrc`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases(pub BTreeMap<String, Vec<String>>);

impl Recipients {
    /// Reads what a person typed. A name alone (`alice`) is let pass: it may be a short one, see [`Recipients::expand`].
    ///
    /// # Errors
    /// What is wrong, each with its place in the text.
    pub fn read(field: &str, text: &str) -> Result<Recipients, Vec<Fault>> {
        typed::read(field, text, typed::Names::Allowed)
    }

    /// The same where the short names are known: a name alone that is none of them, or that comes to no address, is wrong.
    ///
    /// # Errors
    /// What is wrong, each with its place in the text.
    pub fn read_with(field: &str, text: &str, aliases: &Aliases) -> Result<Recipients, Vec<Fault>> {
        typed::read(field, text, typed::Names::Short(aliases))
    }

    /// Reads what stands in a message: what makes no sense is kept as it is, or left out. Of what somebody types other addresses
    /// may come so than were meant: see [`super::Letter::keep_typed`].
    #[must_use]
    pub fn lenient(text: &str) -> Recipients {
        Recipients::of_entries(&header::addresses(text.as_bytes()))
    }

    /// The people of a field that was read.
    #[must_use]
    pub fn of_entries(entries: &[Entry]) -> Recipients {
        let mut list = Recipients::default();
        let mut in_group = false;
        for entry in entries {
            match entry {
                Entry::GroupStart(name) => {
                    list.0.push(Group { name: Some(name.text()), members: Vec::new() });
                    in_group = true;
                }
                Entry::GroupEnd => in_group = false,
                Entry::Mailbox(mailbox) => list.add(person(mailbox), in_group),
            }
        }
        list
    }

    /// One person.
    #[must_use]
    pub fn one(name: Option<&str>, email: &str) -> Recipients {
        let mut list = Recipients::default();
        list.push(Correspondent { name: name.map(str::to_owned), email: email.to_owned() });
        list
    }

    /// Adds a person who is in no group.
    pub fn push(&mut self, person: Correspondent) {
        self.add(person, false);
    }

    fn add(&mut self, person: Correspondent, in_group: bool) {
        match self.0.last_mut() {
            Some(last) if in_group || last.name.is_none() => last.members.push(person),
            _ => self.0.push(Group { name: None, members: vec![person] }),
        }
    }

    /// Everybody, those in groups too.
    pub fn people(&self) -> impl Iterator<Item = &Correspondent> {
        self.0.iter().flat_map(|group| &group.members)
    }

    /// Nobody is named, and no group.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|group| group.name.is_none() && group.members.is_empty())
    }

    /// Puts in for short names what they stand for, and for names alone that are none the domain where they are known.
    #[must_use]
    pub fn expand(&self, aliases: &Aliases, domain: Option<&Domain>) -> Recipients {
        let mut expansion = Expansion { aliases, domain, room: PEOPLE_MAX };
        let mut expanded = Recipients::default();
        self.0.iter().for_each(|group| expansion.group(group, ALIAS_DEPTH_MAX, &mut expanded));
        expanded
    }

    fn join(&mut self, group: Group) {
        if group.name.is_some() {
            self.0.push(group);
        } else {
            group.members.into_iter().for_each(|person| self.push(person));
        }
    }
}

/// The work of putting in what short names stand for.
struct Expansion<'a> {
    aliases: &'a Aliases,
    domain: Option<&'a Domain>,
    /// People that may still be looked at.
    room: usize,
}

impl Expansion<'_> {
    fn group(&mut self, group: &Group, depth: usize, out: &mut Recipients) {
        let mut members = Recipients::default();
        for person in &group.members {
            self.person(person, depth, &mut members);
        }
        if group.name.is_none() {
            members.0.into_iter().for_each(|found| out.join(found));
        } else {
            // RFC 5322 §3.4: groups do not nest, so whoever a group within stands for is in the group around it.
            let members = members.people().cloned().collect();
            out.0.push(Group { name: group.name.clone(), members });
        }
    }

    fn person(&mut self, person: &Correspondent, depth: usize, out: &mut Recipients) {
        let Some(room) = self.room.checked_sub(1) else { return };
        self.room = room;
        let name = person.email.as_str();
        let meant = self.aliases.0.get(name).filter(|_| depth > 0 && person.name.is_none());
        let Some(meant) = meant else {
            out.push(with_domain(person, self.domain));
            return;
        };
        for text in meant {
            for group in &Recipients::lenient(text).0 {
                // `alias bob bob`: the name itself is meant, not the short one again.
                let itself = group.members.iter().any(|member| member.email == name);
                self.group(group, if itself { 0 } else { depth - 1 }, out);
            }
        }
    }
}

fn with_domain(person: &Correspondent, domain: Option<&Domain>) -> Correspondent {
    match domain {
        Some(domain) if !person.email.contains('@') && !person.email.is_empty() => {
            Correspondent { name: person.name.clone(), email: format!("{}@{domain}", person.email) }
        }
        _ => person.clone(),
    }
}

/// A name without an address, as typed, is an address without a domain.
fn person(mailbox: &header::Mailbox) -> Correspondent {
    let name = mailbox.name.as_ref().map(header::Phrase::text).filter(|name| !name.is_empty());
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    match mailbox.address() {
        Some(address) => Correspondent { name, email: shown_address(&address) },
        None if mailbox.local_part.is_empty() && mailbox.domain.is_empty() => {
            Correspondent { name: None, email: name.unwrap_or_default() }
        }
        None if mailbox.domain.is_empty() => Correspondent { name, email: text(&mailbox.local_part) },
        None => Correspondent { name, email: format!("{}@{}", text(&mailbox.local_part), text(&mailbox.domain)) },
    }
}

/// An address with its domain as people write it.
fn shown_address(address: &message::Address) -> String {
    let Some(domain) = address.domain() else { return address.to_string() };
    let (shown, whole) = (domain.to_unicode(), address.to_string());
    let (local_part, _) = whole.rsplit_once('@').unwrap_or((&whole, ""));
    let unicode = format!("{local_part}@{shown}");
    // Only where it comes to the same address again.
    if message::Address::parse(&unicode).as_ref() == Ok(address) { unicode } else { whole }
}

impl fmt::Display for Recipients {
    /// As it would be typed: nothing encoded, nothing folded. [`Recipients::read`] gives the same list again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { ", " } else { "" })?;
            if let Some(name) = &group.name {
                write!(f, "{}: ", phrase(name))?;
            }
            for (index, person) in group.members.iter().enumerate() {
                f.write_str(if index > 0 { ", " } else { "" })?;
                match person.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
                    Some(name) => write!(f, "{} <{}>", phrase(name), person.email)?,
                    None => f.write_str(&person.email)?,
                }
            }
            f.write_str(if group.name.is_some() { ";" } else { "" })?;
        }
        Ok(())
    }
}

/// A display name, in quotes where it holds signs that mean something in a list.
fn phrase(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if name.chars().any(|c| "()<>[]:;@\\,\"".contains(c)) || name.trim() != name || name.contains("  ") {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn aliases(list: &[(&str, &[&str])]) -> Aliases {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        Aliases(list.iter().map(|(name, all)| ((*name).to_owned(), texts(all))).collect())
    }

    fn expanded(text: &str, known: &Aliases) -> String {
        let domain = Domain::parse("crepes.fr").unwrap();
        Recipients::read("To", text).unwrap().expand(known, Some(&domain)).to_string()
    }

    #[test]
    fn short_names_stand_for_others() {
        let known = aliases(&[
            ("friends", &["bob", "Carol <carol@hamburger.edu>"]),
            ("bob", &["bob@hamburger.edu"]),
            ("all", &["friends", "dan"]),
            ("dan", &["dan"]),
            ("team", &["The team: bob, dan;"]),
        ]);
        assert_eq!(expanded("friends", &known), "bob@hamburger.edu, Carol <carol@hamburger.edu>");
        assert_eq!(
            expanded("all, eve", &known),
            "bob@hamburger.edu, Carol <carol@hamburger.edu>, dan@crepes.fr, eve@crepes.fr"
        );
        assert_eq!(expanded("Us: all, eve@x.y;", &known).matches('@').count(), 4);
        assert_eq!(expanded("team", &known), "The team: bob@hamburger.edu, dan@crepes.fr;");
        assert_eq!(expanded("bob@x.y", &known), "bob@x.y");
    }

    #[test]
    fn a_short_name_that_comes_to_nothing_is_named_where_it_stands() {
        let known = aliases(&[
            ("friends", &["bob@crepes.fr", "carol@crepes.fr"]),
            ("loopa", &["loopb"]),
            ("loopb", &["loopa"]),
            ("none", &[]),
            ("half", &["bob@crepes.fr", "bob@"]),
        ]);
        let told = |text: &str| {
            let faults = Recipients::read_with("To", text, &known).err().unwrap_or_default();
            faults.iter().map(|fault| (fault.number, fault.column, fault.what.clone())).collect::<Vec<_>>()
        };
        assert_eq!(told("friends, dan@crepes.fr, Us: friends;"), []);
        assert_eq!(told("friends, loopa"), [(2, 10, "`loopa` is short for itself and for no address".to_owned())]);
        assert_eq!(told("none"), [(1, 1, "`none` is short for nobody".to_owned())]);
        assert_eq!(told("half, eve")[0], (1, 1, "`half` is short for `bob`, which is no address".to_owned()));
        assert_eq!(told("half, eve")[1].1, 10);
        assert_eq!(told("Bob <friends>").len(), 1, "what has a name is an address");
    }

    #[test]
    fn circles_end_and_growth_is_bounded() {
        let circle = aliases(&[("a", &["b"]), ("b", &["a"])]);
        assert_eq!(expanded("a", &circle), "a@crepes.fr");
        let ten = |name: &str| vec![name.to_owned(); 10];
        let bomb = (0..ALIAS_DEPTH_MAX).map(|level| (format!("n{level}"), ten(&format!("n{}", level + 1))));
        let many = Recipients::read("To", "n0").unwrap().expand(&Aliases(bomb.collect()), None);
        assert!((1000..=PEOPLE_MAX).contains(&many.people().count()), "{}", many.people().count());
    }

    #[test]
    fn lists_are_shown_as_they_would_be_typed() {
        let list = Recipients::lenient(
            "\"Doe, J\" <j@d.example>, friends: a@b.example, c@d.example;, bob, x@b\u{fc}cher.example",
        );
        assert_eq!(
            list.to_string(),
            "\"Doe, J\" <j@d.example>, friends: a@b.example, c@d.example;, bob, x@b\u{fc}cher.example"
        );
        assert_eq!(Recipients::read("To", &list.to_string()), Ok(list));
        assert!(Recipients::lenient(" , ;").is_empty() && !Recipients::lenient("a:;").is_empty());
    }
}
