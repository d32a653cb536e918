//! `/etc/aliases` as sendmail and Postfix have it: names, colons, targets with commas between them, quotes, comments, lines
//! that go on. Owns the syntax and what of it is not taken here: commands and files are never executed nor written. Pure
//! but for `:include:`, whose files are read by a function that is handed in.

use office::admin::AliasLine;
use std::io;

/// Octets of an aliases file or an included one: a list of some twenty thousand addresses. What fits is sent to the server
/// in one request.
pub const FILE_MAX: u64 = 1024 * 1024 - 64 * 1024;

/// Included files within included files; nobody nests them deeper on purpose, and a circle ends here.
const INCLUDE_DEPTH: usize = 5;

/// Reads an included file.
pub type Include<'a> = &'a dyn Fn(&str) -> io::Result<String>;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases {
    /// Each name with its targets, in order.
    pub lines: Vec<AliasLine>,
    /// What is not taken, by the number of its line.
    pub wrong: Vec<(u32, String)>,
    /// Octets of the longest list of targets as written.
    pub longest: usize,
    /// Octets of all names and targets as written.
    pub octets: usize,
}

/// Reads the text of an aliases file. `include` reads the files that are named in it.
pub fn read(text: &str, include: Include<'_>) -> Aliases {
    let mut aliases = Aliases::default();
    for (line, text) in logical_lines(text) {
        match entry(&text) {
            Err(wrong) => aliases.wrong.push((line, wrong)),
            Ok((name, targets)) => aliases.add(line, name, targets, include),
        }
    }
    aliases
}

impl Aliases {
    fn add(&mut self, line: u32, name: String, list: &str, include: Include<'_>) {
        if let Some(earlier) = self.lines.iter().find(|other| other.name.eq_ignore_ascii_case(&name)) {
            self.wrong.push((line, format!("{name} stands in line {} already", earlier.line)));
            return;
        }
        let mut targets = Vec::new();
        let mut wrong = Vec::new();
        gather(list, &mut targets, &mut wrong, (include, INCLUDE_DEPTH));
        if targets.is_empty() {
            let why = if wrong.is_empty() { format!("{name} leads to nobody") } else { format!("{name} is left out") };
            wrong.push(why);
        }
        self.wrong.extend(wrong.into_iter().map(|wrong| (line, wrong)));
        if !targets.is_empty() {
            self.longest = self.longest.max(list.len());
            self.octets += name.len() + list.len();
            self.lines.push(AliasLine { line, name, targets });
        }
    }
}

/// Lines with those that go on them, by the number of the first. Comments and empty lines end nothing.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut lines: Vec<(u32, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match lines.last_mut() {
            Some((_, last)) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push((number, line.trim().to_owned())),
        }
    }
    lines
}

/// The name, without quotes, and the list of targets as written.
fn entry(line: &str) -> Result<(String, &str), String> {
    let colon = outside_quotes(line).find(|(_, c)| *c == ':').map(|(at, _)| at);
    let Some((name, list)) = colon.and_then(|at| Some((line.get(..at)?, line.get(at + 1..)?))) else {
        return Err("a line is a name, a colon and targets".to_owned());
    };
    let name = unquoted(name.trim());
    if name.is_empty() {
        return Err("there is no name before the colon".to_owned());
    }
    Ok((name, list.trim()))
}

/// Characters that are not between quotes, with where they are.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().filter(move |(_, c)| {
        let inside = quoted || escaped;
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        !inside
    })
}

/// Takes quotes off that are around the whole.
fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => text.to_owned(),
    }
}

/// The targets of a list, those of included files among them.
fn gather(list: &str, targets: &mut Vec<String>, wrong: &mut Vec<String>, (include, depth): (Include<'_>, usize)) {
    let mut from = 0;
    let commas = outside_quotes(list).filter(|(_, c)| *c == ',').map(|(at, _)| at);
    for to in commas.chain([list.len()]) {
        let target = list.get(from..to).unwrap_or_default().trim();
        from = to + 1;
        match target_of(target) {
            Target::Nothing => {}
            Target::Address(address) => targets.push(address),
            Target::Refused(why) => wrong.push(why),
            Target::Include(path) => match included(&path, (include, depth)) {
                Ok(text) => {
                    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
                        gather(line, targets, wrong, (include, depth.saturating_sub(1)));
                    }
                }
                Err(why) => wrong.push(why),
            },
        }
    }
}

fn included(path: &str, (include, depth): (Include<'_>, usize)) -> Result<String, String> {
    if !path.starts_with('/') {
        return Err(format!(":include:{path} names no file from the root on"));
    }
    if depth == 0 {
        return Err(format!(":include:{path} lies too deep: {INCLUDE_DEPTH} files within files are read"));
    }
    include(path).map_err(|error| format!(":include:{path} cannot be read: {error}"))
}

enum Target {
    Nothing,
    Address(String),
    Include(String),
    Refused(String),
}

fn target_of(written: &str) -> Target {
    let target = unquoted(written);
    let target = target.trim();
    if target.is_empty() {
        return Target::Nothing;
    }
    if let Some(path) = target.strip_prefix(":include:") {
        return Target::Include(path.trim().to_owned());
    }
    if target.starts_with('|') {
        return Target::Refused(format!(
            "{target} is not executed: give the program an account of its own and let it read by POP3, or by LMTP"
        ));
    }
    if target.starts_with('/') {
        return Target::Refused(format!(
            "{target} is not written to: mail lies in mailboxes here, `pillarbox account add` makes one"
        ));
    }
    if target.starts_with(':') {
        return Target::Refused(format!("{target} is no target here: leave the name out, and its mail is refused"));
    }
    // `Bob <bob@crepes.fr>`, and `\bob` for bob as he is.
    let inner = written.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
    // Quotes around a local part alone stay.
    let address = inner.unwrap_or(if written.ends_with('"') { target } else { written });
    Target::Address(address.trim_start_matches('\\').trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    fn parsed(text: &str) -> Aliases {
        read(text, &|path| match path {
            "/list" => Ok("# friends\nbob, carol@crepes.fr\n\n:include:/more\n".to_owned()),
            "/more" => Ok("dave\n\"|/bin/sh\"\n".to_owned()),
            "/circle" => Ok(":include:/circle\nerin\n".to_owned()),
            _ => Err(ErrorKind::NotFound.into()),
        })
    }

    fn lines(aliases: &Aliases) -> Vec<(u32, &str, String)> {
        aliases.lines.iter().map(|line| (line.line, line.name.as_str(), line.targets.join(" "))).collect()
    }

    #[test]
    fn a_file_as_debian_ships_it() {
        let text = "# See man 5 aliases for format\n\nmailer-daemon: postmaster\npostmaster: root\nroot:\talice\n\
                    \"staff room\" : bob,\n  # not yet: dave\n\tcarol@crepes.fr ,\n\n  Erin <erin@crepes.fr>\nme: \\me, \"j d\"@crepes.fr\n";
        let aliases = parsed(text);
        assert_eq!(aliases.wrong, []);
        let expected = [
            (3, "mailer-daemon", "postmaster"),
            (4, "postmaster", "root"),
            (5, "root", "alice"),
            (6, "staff room", "bob carol@crepes.fr erin@crepes.fr"),
            (11, "me", "me \"j d\"@crepes.fr"),
        ];
        assert_eq!(lines(&aliases), expected.map(|(line, name, to)| (line, name, to.to_owned())));
        assert_eq!(aliases.longest, "bob, carol@crepes.fr , Erin <erin@crepes.fr>".len());
    }

    #[test]
    fn lists_are_included() {
        let aliases = parsed("friends: zoe, :include:/list\nowner-friends: bob\n");
        assert_eq!(lines(&aliases)[0], (1, "friends", "zoe bob carol@crepes.fr dave".to_owned()));
        assert_eq!(aliases.lines.len(), 2);
        assert!(aliases.wrong[0].1.contains("|/bin/sh"), "{:?}", aliases.wrong);
        let aliases = parsed("a: :include:/circle\nb: \":include:/nowhere\"\nc: :include:list\n");
        assert_eq!(lines(&aliases), [(1, "a", ["erin"; INCLUDE_DEPTH].join(" "))]);
        let said: Vec<&str> = aliases.wrong.iter().map(|(_, why)| why.as_str()).collect();
        assert!(
            said[0].contains("too deep") && said[1].contains("cannot be read") && said[3].contains("from the root")
        );
    }

    #[test]
    fn what_is_not_taken_is_told_by_line_and_the_rest_stays() {
        let text = "a: |/usr/bin/vacation bob\nb: bob, \"|/bin/filter -x, y\"\nc: /var/mail/c\nno colon\n: x\nB: again\nd:\ne: :fail:\nf: bob\n";
        let aliases = parsed(text);
        assert_eq!(lines(&aliases), [(2, "b", "bob".to_owned()), (9, "f", "bob".to_owned())]);
        let numbers: Vec<u32> = aliases.wrong.iter().map(|(line, _)| *line).collect();
        assert_eq!(numbers, [1, 1, 2, 3, 3, 4, 5, 6, 7, 8, 8]);
        assert!(aliases.wrong[2].1.contains("|/bin/filter -x, y is not executed"), "{:?}", aliases.wrong[2]);
    }
}
