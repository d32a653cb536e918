//! Mailcap files (RFC 1524): which program of the person shows or prints a part of a type. Owns reading them, finding the
//! entry, and the line that the shell is given. Does not read the disk or run anything: what a test comes to is asked.
//!
//! What comes from a message stands in such a line only after [`tame`]: letters, digits and a few signs, which mean nothing to
//! a shell whether the entry has quotes around them or not.

/// A mailcap file, in octets: Debian's, with an entry for every program, has a fifth of it.
pub const FILE_MAX: u64 = 1024 * 1024;
/// Entries of all files together.
pub const ENTRIES_MAX: usize = 20_000;
/// Octets of a line for the shell; entries that make longer ones are passed over.
const LINE_MAX: usize = 16 * 1024;

/// What is to be done with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is shown.
    View,
    /// It goes to the printer.
    Print,
}

/// The entries of all files, the first that fits first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailcap {
    entries: Vec<Entry>,
}

/// An entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    kind: String,
    subtype: String,
    view: String,
    print: Option<String>,
    test: Option<String>,
    name_template: Option<String>,
    /// The program talks to the person on the terminal.
    pub needs_terminal: bool,
    /// It writes much, to be read page by page.
    pub copious_output: bool,
}

/// The part it is about.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// `image/png`.
    pub media_type: &'a str,
    /// Parameters of the type, as `charset`.
    pub parameters: &'a [(String, String)],
}

/// A line for the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// It.
    pub text: String,
    /// The content is not named in it: it is read from the standard input.
    pub reads_stdin: bool,
}

impl Mailcap {
    /// Takes in a file, after those that were taken in before. Lines that are no entries are passed over: other programs do.
    pub fn take(&mut self, text: &str) {
        let mut line = String::new();
        for piece in text.lines() {
            // RFC 1524: a backslash at the end goes on with the next line.
            if let Some(begun) = piece.strip_suffix('\\') {
                line.push_str(begun);
                continue;
            }
            line.push_str(piece);
            self.take_line(&std::mem::take(&mut line));
        }
        self.take_line(&line);
    }

    fn take_line(&mut self, line: &str) {
        if line.trim_start().starts_with('#') || self.entries.len() >= ENTRIES_MAX {
            return;
        }
        self.entries.extend(Entry::read(line));
    }

    /// The first entry for a part whose test, if it has one, comes out well. `succeeds` runs a test.
    #[must_use]
    pub fn find(&self, part: &Part<'_>, deed: Deed, mut succeeds: impl FnMut(&str) -> bool) -> Option<&Entry> {
        self.entries.iter().find(|entry| {
            entry.fits(part.media_type) && entry.command(deed).is_some() && entry.passes(part, &mut succeeds)
        })
    }
}

impl Entry {
    fn read(line: &str) -> Option<Entry> {
        let mut fields = fields(line).into_iter();
        let media_type = fields.next()?.to_ascii_lowercase();
        // RFC 1524: a type alone is all of its subtypes.
        let (kind, subtype) = media_type.split_once('/').unwrap_or((&media_type, "*"));
        let (kind, subtype) = (kind.trim().to_owned(), subtype.trim().to_owned());
        if kind.is_empty() || subtype.is_empty() {
            return None;
        }
        let mut entry = Entry { kind, subtype, view: fields.next()?, ..Entry::default() };
        for field in fields {
            let (name, value) = field.split_once('=').map_or((field.as_str(), None), |(name, value)| {
                (name.trim_end(), Some(value.trim().to_owned()).filter(|value| !value.is_empty()))
            });
            match name.to_ascii_lowercase().as_str() {
                "needsterminal" => entry.needs_terminal = true,
                "copiousoutput" => entry.copious_output = true,
                "test" => entry.test = value,
                "print" => entry.print = value,
                "nametemplate" => entry.name_template = value,
                // What makes or edits content is for a composer, pictures and descriptions for a desktop.
                _ => {}
            }
        }
        Some(entry)
    }

    fn fits(&self, media_type: &str) -> bool {
        let lower = media_type.to_ascii_lowercase();
        let (kind, subtype) = lower.split_once('/').unwrap_or((&lower, ""));
        self.kind == kind && (self.subtype == "*" || self.subtype == subtype)
    }

    fn command(&self, deed: Deed) -> Option<&str> {
        match deed {
            Deed::View => Some(self.view.as_str()).filter(|view| !view.is_empty()),
            Deed::Print => self.print.as_deref(),
        }
    }

    /// A test is asked before there is a file: one that wants to look into it fails.
    fn passes(&self, part: &Part<'_>, succeeds: &mut impl FnMut(&str) -> bool) -> bool {
        let Some(test) = &self.test else { return true };
        let line = expand(test, None, part);
        line.is_some_and(|line| succeeds(&line.text))
    }

    /// What the file is to be called, of the name it would have.
    #[must_use]
    pub fn file_name(&self, name: &str) -> String {
        let name = tame(name);
        match self.name_template.as_deref().and_then(|template| template.split_once("%s")) {
            Some((before, after)) => {
                let (before, after) = (before.replace('/', "_"), after.replace('/', "_"));
                let bare = name.strip_suffix(&after).filter(|bare| !bare.is_empty()).unwrap_or(&name);
                tame(&format!("{before}{bare}{after}"))
            }
            None => name,
        }
    }

    /// The line that the shell runs. `file` is the path of the content: it is made of signs that [`is_tame`], or nothing comes.
    #[must_use]
    pub fn line(&self, deed: Deed, file: &str, part: &Part<'_>) -> Option<Line> {
        expand(self.command(deed)?, Some(file).filter(|file| is_tame(file)), part)
    }
}

/// The fields of an entry; a backslash takes from the next sign what it means here.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        let Some(field) = fields.last_mut() else { break };
        match sign {
            ';' => fields.push(String::new()),
            '\\' => match signs.next() {
                // Kept for what expands it.
                Some('%') => field.push_str("\\%"),
                Some(next) => field.push(next),
                None => {}
            },
            sign => field.push(sign),
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

/// Puts in what stands for the part. `None`: the file is wanted and there is none, or the line grows too long.
fn expand(command: &str, file: Option<&str>, part: &Part<'_>) -> Option<Line> {
    let mut text = String::new();
    let mut reads_stdin = true;
    let mut rest = command;
    while let Some(place) = rest.find(['%', '\\']) {
        let (before, found) = rest.split_at(place);
        text.push_str(before);
        if let Some(after) = found.strip_prefix("\\%") {
            text.push('%');
            rest = after;
        } else if let Some(after) = found.strip_prefix("%s") {
            text.push_str(file?);
            reads_stdin = false;
            rest = after;
        } else if let Some(after) = found.strip_prefix("%t") {
            text.push_str(&tame(part.media_type));
            rest = after;
        } else if let Some((name, after)) = found.strip_prefix("%{").and_then(|rest| rest.split_once('}')) {
            let value = part.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            text.push_str(&tame(value.map_or("", |(_, value)| value)));
            rest = after;
        } else {
            // RFC 1524 has %n and %F besides, for parts of parts; nobody writes them.
            text.push_str(found.get(..1)?);
            rest = found.get(1..)?;
        }
        if text.len() > LINE_MAX {
            return None;
        }
    }
    text.push_str(rest);
    (text.len() <= LINE_MAX).then_some(Line { text, reads_stdin })
}

/// Whether text means nothing but itself to a shell, with quotes of either kind around it or without.
#[must_use]
pub fn is_tame(text: &str) -> bool {
    !text.starts_with('-') && text.chars().all(is_tame_sign)
}

fn is_tame_sign(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "_@%+=:,./-".contains(sign)
}

/// The same text with `_` for all that could mean something. Nothing becomes an option by it.
#[must_use]
pub fn tame(text: &str) -> String {
    let tamed: String = text.chars().map(|sign| if is_tame_sign(sign) { sign } else { '_' }).collect();
    if tamed.starts_with('-') { tamed.replacen('-', "_", 1) } else { tamed }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "# of a person\n\
        text/html; w3m -T text/html -I %{charset} %s; copiousoutput; nametemplate=%s.html\n\
        image/*; test -n; test=test -n \"$DISPLAY\"\n\
        image/png; feh '%s'\n\
        IMAGE; show \\\n  %s; print=lpr %s\n\
        application/x-odd; cat \\; echo 100\\% of %t ; needsterminal\n\
        audio/basic; play\n\
        broken\n;;\n";

    fn mailcap() -> Mailcap {
        let mut mailcap = Mailcap::default();
        mailcap.take(FILE);
        mailcap
    }

    fn part<'a>(media_type: &'a str, parameters: &'a [(String, String)]) -> Part<'a> {
        Part { media_type, parameters }
    }

    fn line(media_type: &str, deed: Deed) -> Option<Line> {
        let (mailcap, part) = (mailcap(), part(media_type, &[]));
        mailcap.find(&part, deed, |_| false)?.line(deed, "/tmp/menu.pdf", &part)
    }

    #[test]
    fn the_first_entry_that_fits_and_passes_its_test_is_taken() {
        let text = |media_type: &str, deed| line(media_type, deed).map(|line| line.text);
        assert_eq!(text("image/png", Deed::View).as_deref(), Some("feh '/tmp/menu.pdf'"));
        assert_eq!(text("Image/GIF", Deed::View).as_deref(), Some("show   /tmp/menu.pdf"));
        assert_eq!(text("image/png", Deed::Print).as_deref(), Some("lpr /tmp/menu.pdf"));
        assert_eq!(text("application/x-odd", Deed::View).as_deref(), Some("cat ; echo 100% of application/x-odd"));
        assert_eq!((text("video/mpeg", Deed::View), text("text/html", Deed::Print)), (None, None));
        let mut asked = Vec::new();
        let (mailcap, part) = (mailcap(), part("image/png", &[]));
        let found = mailcap.find(&part, Deed::View, |test| {
            asked.push(test.to_owned());
            true
        });
        assert_eq!((found.unwrap().view.as_str(), asked), ("test -n", vec!["test -n \"$DISPLAY\"".to_owned()]));
    }

    #[test]
    fn what_names_no_file_reads_the_content() {
        assert!(line("audio/basic", Deed::View).unwrap().reads_stdin);
        assert!(!line("image/png", Deed::View).unwrap().reads_stdin);
    }

    #[test]
    fn flags_and_names_are_known() {
        let (mailcap, part) = (mailcap(), part("text/html", &[]));
        let html = mailcap.find(&part, Deed::View, |_| true).unwrap();
        assert!(html.copious_output && !html.needs_terminal);
        for (name, called) in
            [("page.html", "page.html"), ("page", "page.html"), ("a b;c", "a_b_c.html"), ("-x", "_x.html")]
        {
            assert_eq!(html.file_name(name), called);
        }
        assert_eq!(Entry::default().file_name("$(rm -rf ~).pdf"), "__rm_-rf___.pdf");
    }

    #[test]
    fn nothing_of_a_message_reaches_the_shell_as_it_is() {
        let parameters = [("charset".to_owned(), "x'; rm -rf ~; `id` $(id)\n".to_owned())];
        let (mailcap, part) = (mailcap(), part("text/html", &parameters));
        let entry = mailcap.find(&part, Deed::View, |_| true).unwrap();
        let line = entry.line(Deed::View, "a.html", &part).unwrap();
        assert_eq!(line.text, "w3m -T text/html -I x___rm_-rf_____id____id__ a.html");
        assert_eq!(entry.line(Deed::View, "a b.html", &part), None);
        assert_eq!(entry.line(Deed::View, "-rf", &part), None);
        let option = [("charset".to_owned(), "-o/etc/passwd".to_owned())];
        let part = Part { media_type: "text/html", parameters: &option };
        assert_eq!(entry.line(Deed::View, "a.html", &part).unwrap().text, "w3m -T text/html -I _o/etc/passwd a.html");
    }

    #[test]
    fn there_are_so_many_entries_and_no_longer_lines() {
        let mut mailcap = Mailcap::default();
        mailcap.take(&"a/b; c\n".repeat(ENTRIES_MAX + 1));
        assert_eq!(mailcap.entries.len(), ENTRIES_MAX);
        let part = part("a/b", &[]);
        let expanded = |octets: usize| expand(&"x".repeat(octets), None, &part);
        assert!(expanded(LINE_MAX).is_some() && expanded(LINE_MAX + 1).is_none());
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_file_is_read(text in any::<String>(), value in any::<String>()) {
            let mut mailcap = Mailcap::default();
            mailcap.take(&text);
            mailcap.take(&format!("text/plain; cat %{{charset}} {text}"));
            let parameters = [("charset".to_owned(), value.clone())];
            let part = Part { media_type: "text/plain", parameters: &parameters };
            if let Some(entry) = mailcap.find(&part, Deed::View, |_| true) {
                let _ = entry.line(Deed::View, "f", &part);
            }
            prop_assert!(is_tame(&tame(&value)));
        }
    }
}
