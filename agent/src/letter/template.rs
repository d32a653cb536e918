//! Letters with gaps: a message file whose fields and text hold `{{name}}`, filled from a map. Owns finding and filling the
//! gaps. What is put in is text and nothing else: it begins no field and no element.

use super::Letter;
use super::fault::Fault;
use super::recipients::Recipients;
use message::header;
use std::collections::{BTreeMap, BTreeSet};

/// Octets of a name.
const NAME_MAX: usize = 100;
/// Fields that are lists of people. They are read once they are filled.
const LISTS: [&str; 6] = ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"];

/// A letter with gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    letter: Letter,
    /// Names and texts of the fields that are lists.
    lists: Vec<(&'static str, String)>,
}

impl Template {
    /// Reads the file: fields, an empty line, the text; or a whole message with its parts.
    #[must_use]
    pub fn read(octets: &[u8]) -> Template {
        let letter = Letter { date: None, message_id: None, ..Letter::read(octets) };
        let section = octets.get(..header::section_end(octets, 0).unwrap_or(octets.len())).unwrap_or(octets);
        let is_section = header::begins_with_field(section);
        let named = |name: &'static str| {
            let fields = header::fields(section).filter(move |field| is_section && field.is(name));
            let text: Vec<String> = fields.map(|field| header::text(field.value)).collect();
            (!text.is_empty()).then(|| (name, text.join(", ")))
        };
        Template { letter, lists: LISTS.into_iter().filter_map(named).collect() }
    }

    /// The names of all gaps.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let texts = self.lists.iter().map(|(_, text)| text).chain([&self.letter.subject, &self.letter.text]);
        let extra = self.letter.extra.iter().map(|(_, text)| text);
        let all = texts.chain(&self.letter.html).chain(extra);
        all.flat_map(|text| gaps(text).map(|gap| gap.name.to_owned())).collect()
    }

    /// The letter with every gap filled.
    ///
    /// # Errors
    /// Gaps that nothing is given for, each with its place, and lists that are none when filled.
    pub fn fill(&self, values: &BTreeMap<String, String>) -> Result<Letter, Vec<Fault>> {
        let mut filling = Filling { values, faults: Vec::new() };
        let mut letter = self.letter.clone();
        letter.subject = filling.line("Subject", &self.letter.subject);
        letter.text = filling.text("text", &self.letter.text, str::to_owned);
        letter.html = self.letter.html.as_ref().map(|html| filling.text("HTML", html, escaped));
        for (name, value) in &mut letter.extra {
            *value = filling.line(name, value);
        }
        for (name, text) in &self.lists {
            let filled = filling.line(name, text);
            let list = Recipients::read(name, &filled);
            let place = match *name {
                "From" => &mut letter.from,
                "Sender" => &mut letter.sender,
                "Reply-To" => &mut letter.reply_to,
                "To" => &mut letter.to,
                "Cc" => &mut letter.cc,
                _ => &mut letter.bcc,
            };
            match list {
                Ok(list) => *place = list,
                Err(faults) => filling.faults.extend(faults),
            }
        }
        if filling.faults.is_empty() { Ok(letter) } else { Err(filling.faults) }
    }
}

/// `{{ name }}` in a text.
struct Gap<'a> {
    /// What stands before it, from the end of the gap before.
    before: &'a str,
    name: &'a str,
    /// Where it begins and ends.
    at: usize,
    end: usize,
}

fn gaps(text: &str) -> impl Iterator<Item = Gap<'_>> {
    let (mut last, mut from) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            let at = from + text.get(from..)?.find("{{")?;
            let inner = text.get(at + 2..)?;
            let window = inner.get(..inner.floor_char_boundary(NAME_MAX + 20)).unwrap_or(inner);
            let name = window.find("}}").and_then(|end| inner.get(..end));
            match name.map(|name| (name.len(), name.trim())).filter(|(_, name)| is_name(name)) {
                Some((length, name)) => {
                    let gap = Gap { before: text.get(last..at)?, name, at, end: at + length + 4 };
                    (last, from) = (gap.end, gap.end);
                    return Some(gap);
                }
                // Any other pair of braces is text.
                None => from = at + 1,
            }
        }
    })
}

fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"_.-".contains(&octet))
}

struct Filling<'a> {
    values: &'a BTreeMap<String, String>,
    faults: Vec<Fault>,
}

impl Filling<'_> {
    fn line(&mut self, field: &str, text: &str) -> String {
        self.text(field, text, |value| value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
    }

    fn text(&mut self, field: &str, text: &str, written: impl Fn(&str) -> String) -> String {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for gap in gaps(text) {
            out.push_str(gap.before);
            match self.values.get(gap.name) {
                Some(value) => out.push_str(&written(value)),
                None => self.faults.push(missing(field, text, &gap)),
            }
            end = gap.end;
        }
        out.push_str(text.get(end..).unwrap_or_default());
        out
    }
}

/// Shown with the line it stands in.
fn missing(field: &str, text: &str, gap: &Gap<'_>) -> Fault {
    let before = text.get(..gap.at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let place = if text.trim_end().contains('\n') {
        format!("{field}, line {}", before.matches('\n').count() + 1)
    } else {
        field.to_owned()
    };
    Fault {
        field: place,
        number: 0,
        column: before.get(start..).map_or(0, |before| before.chars().count()) + 1,
        text: line.to_owned(),
        what: format!("nothing is given for {}", gap.name),
    }
}

fn escaped(value: &str) -> String {
    let safe = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    safe.replace('"', "&quot;").replace('\'', "&#39;").replace('\n', "<br>\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn values(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const BILL: &[u8] = "To: {{name}} <{{ mail }}>\nSubject: Your bill of {{month}}\nX-Shop: {{shop}}\n\n\
        Dear {{name}},\n\nyou owe us {{sum}} €. {{}} {{not a name}} {\n"
        .as_bytes();

    #[test]
    fn gaps_are_filled() {
        let template = Template::read(BILL);
        let names: Vec<String> = template.names().into_iter().collect();
        assert_eq!(names, ["mail", "month", "name", "shop", "sum"]);
        let given = [
            ("name", "Bob"),
            ("mail", "bob@hamburger.edu"),
            ("month", "May"),
            ("sum", "4{{name}}"),
            ("shop", "é\r\nBcc: x"),
        ];
        let letter = template.fill(&values(&given)).unwrap();
        assert_eq!(letter.to.to_string(), "Bob <bob@hamburger.edu>");
        assert_eq!(letter.subject, "Your bill of May");
        assert_eq!(letter.text, "Dear Bob,\n\nyou owe us 4{{name}} €. {{}} {{not a name}} {\n");
        assert_eq!(letter.extra, [("X-Shop".to_owned(), "é  Bcc: x".to_owned())]);
    }

    #[test]
    fn what_is_missing_is_told_with_its_place() {
        let faults =
            Template::read(BILL).fill(&values(&[("name", "Bob"), ("mail", "b@c.example"), ("shop", "")])).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told[0],
            "Subject, column 14: nothing is given for month\n    Your bill of {{month}}\n                 ^"
        );
        assert!(
            told[1].starts_with("text, line 3, column 12: nothing is given for sum\n    you owe us {{sum}}"),
            "{}",
            told[1]
        );
        assert_eq!(told.len(), 2);
        let wrong = Template::read(b"To: {{to}}\n\nx").fill(&values(&[("to", "a b")])).unwrap_err();
        assert!(wrong[0].what.contains("name without an address"));
    }

    #[test]
    fn values_begin_no_element_and_no_second_address() {
        let template = Template::read(b"To: \"{{name}}\" <a@b.example>\nContent-Type: text/html\n\n<p>{{name}}</p>");
        let letter = template.fill(&values(&[("name", "<b>x</b>")])).unwrap();
        assert_eq!(letter.html.as_deref(), Some("<p>&lt;b&gt;x&lt;/b&gt;</p>"));
        assert_eq!(letter.to.people().count(), 1);
    }

    #[test]
    fn a_file_without_fields_is_all_text() {
        let template = Template::read("Dear {{name}},\n\nTo: you\n".as_bytes());
        let letter = template.fill(&values(&[("name", "Zoë")])).unwrap();
        assert_eq!((letter.text.as_str(), letter.to.is_empty()), ("Dear Zoë,\n\nTo: you\n", true));
        let long = format!("{{{{{}}}}} {{{{{}}}}}", "n".repeat(NAME_MAX), "n".repeat(NAME_MAX + 1));
        assert_eq!(Template::read(long.as_bytes()).names().len(), 1);
    }
}
