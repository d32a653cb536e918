//! The options of `mail`: one letter each, several in a word, values attached or next (POSIX utility syntax), and what
//! s-nail and Heirloom mailx added. Owns what they mean.

use std::collections::VecDeque;

/// What `mail` is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Somebody is named: write to them.
    Send,
    /// Nobody is: read what came.
    #[default]
    Receive,
    /// `-H`: the list, then the end.
    Summary,
    /// `-e`: the exit code tells whether there is mail.
    Check,
}

/// A line that was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// Whom to write to.
    pub to: Vec<String>,
    /// `-s`.
    pub subject: Option<String>,
    /// `-a`.
    pub attach: Vec<String>,
    /// `-c`.
    pub cc: Vec<String>,
    /// `-b`.
    pub bcc: Vec<String>,
    /// `-r`.
    pub from: Option<String>,
    /// `-S`: `name`, `name=value` or `noname`.
    pub set: Vec<String>,
    /// `-A`.
    pub account: Option<String>,
    /// `-f`: the file; empty for the second mailbox, `mbox`.
    pub file: Option<String>,
    /// `-u`.
    pub user: Option<String>,
    /// `-q`: a text to begin with.
    pub quote: Option<String>,
    /// `-X`: commands before all others.
    pub commands: Vec<String>,
    /// `-E`: an empty text is not sent.
    pub skip_empty: bool,
    /// `-t`: the header stands on stdin.
    pub header_on_stdin: bool,
    /// `-n`: the system's file of settings is not read.
    pub skip_system_file: bool,
    /// `-N`: no list at the beginning.
    pub skip_summary: bool,
    /// `-R`: the mailbox is not changed.
    pub read_only: bool,
    /// `-i`: Ctrl-C is passed over while a letter is written.
    pub ignore_interrupts: bool,
    /// `-v`.
    pub verbose: bool,
    /// `-~`: tilde escapes hold without a terminal, too.
    pub escapes: bool,
    /// `-#`: commands are taken without a terminal as if there was one.
    pub batch: bool,
    /// `-F`: what is sent is filed under the name of who gets it.
    pub record_by_name: bool,
    /// `-d`: nothing is sent.
    pub debug: bool,
}

/// Letters that take a value.
const WITH_VALUE: &str = "aAbcCLmMoOqrsSTuXY:";

/// Understands the words of a line.
///
/// # Errors
/// What is not understood, in words.
pub fn read(words: Vec<String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words: VecDeque<String> = words.into();
    let mut named: Vec<String> = Vec::new();
    let mut reads_file = false;
    while let Some(word) = words.pop_front() {
        match word.strip_prefix('-') {
            Some("-") => {
                named.extend(words.drain(..));
            }
            Some(letters) if !letters.is_empty() => letters_of(letters, &mut words, &mut options, &mut reads_file)?,
            _ => named.push(word),
        }
    }
    if reads_file {
        options.file = Some(named.first().cloned().unwrap_or_default());
        named.drain(..named.len().min(1));
    }
    let sends = !named.is_empty() || options.header_on_stdin;
    options.to = named;
    if sends && options.file.is_some() {
        return Err("-f reads a file; name nobody to write to beside it".to_owned());
    }
    if sends {
        options.mode = Mode::Send;
    } else if asks_to_send(&options) {
        return Err("name somebody to write to".to_owned());
    }
    Ok(options)
}

fn asks_to_send(options: &Options) -> bool {
    options.subject.is_some()
        || !options.attach.is_empty()
        || !options.cc.is_empty()
        || !options.bcc.is_empty()
        || options.quote.is_some()
}

fn letters_of(
    letters: &str,
    words: &mut VecDeque<String>,
    options: &mut Options,
    reads_file: &mut bool,
) -> Result<(), String> {
    for (at, letter) in letters.char_indices() {
        if WITH_VALUE.contains(letter) {
            let attached = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            let value = if attached.is_empty() { words.pop_front() } else { Some(attached.to_owned()) };
            let value = value.ok_or_else(|| format!("-{letter} needs a value"))?;
            return with_value(letter, value, options);
        }
        match letter {
            'E' => options.skip_empty = true,
            'H' => options.mode = Mode::Summary,
            'e' => options.mode = Mode::Check,
            'f' => *reads_file = true,
            'N' => options.skip_summary = true,
            'n' => options.skip_system_file = true,
            't' => options.header_on_stdin = true,
            'R' => options.read_only = true,
            'i' => options.ignore_interrupts = true,
            'v' => options.verbose = true,
            '~' => options.escapes = true,
            '#' => options.batch = true,
            'F' => options.record_by_name = true,
            'd' => options.debug = true,
            // What the forebears had for terminals, newsgroups and disconnected mail.
            'B' | 'D' | 'I' | 'p' | '.' | '-' => {}
            other => return Err(format!("there is no option -{other}")),
        }
    }
    Ok(())
}

fn with_value(letter: char, value: String, options: &mut Options) -> Result<(), String> {
    match letter {
        's' => options.subject = Some(value),
        'a' => options.attach.push(value),
        'c' => options.cc.push(value),
        'b' => options.bcc.push(value),
        'r' => options.from = Some(value),
        'S' => options.set.push(value),
        'A' => options.account = Some(value),
        'u' => options.user = Some(value),
        'q' | 'm' => options.quote = Some(value),
        'X' => options.commands.push(value),
        'T' => target(&value, options)?,
        ':' if !value.contains(['s', 'S', 'x', 'X', 'u', 'U']) => options.skip_system_file = true,
        // Which files of settings are read, fields and types of their own, commands at the end: nothing we have need of.
        _ => {}
    }
    Ok(())
}

/// `-T 'cc: bob'`: one field of the header.
fn target(value: &str, options: &mut Options) -> Result<(), String> {
    let (name, people) = value.split_once(':').ok_or_else(|| "-T needs a field: \"cc: bob@crepes.fr\"".to_owned())?;
    let list = match name.trim().to_ascii_lowercase().as_str() {
        "to" => &mut options.to,
        "cc" => &mut options.cc,
        "bcc" => &mut options.bcc,
        other => return Err(format!("-T takes to, cc or bcc, not {other}")),
    };
    list.push(people.trim().to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Options, String> {
        read(line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    #[test]
    fn the_habits_of_scripts() {
        let options = typed("-s backup -a a.log -ab.log -c carol -bdora -r cron@x -E root bob").unwrap();
        assert_eq!(options.mode, Mode::Send);
        assert_eq!(options.to, ["root", "bob"]);
        assert_eq!(options.subject.as_deref(), Some("backup"));
        assert_eq!(
            (options.attach, options.cc, options.bcc),
            (vec!["a.log".to_owned(), "b.log".to_owned()], vec!["carol".to_owned()], vec!["dora".to_owned()])
        );
        assert!(options.skip_empty);
        assert_eq!(typed("bob -s late").unwrap().subject.as_deref(), Some("late"), "options may stand behind");
        assert_eq!(typed("-- -bob").unwrap().to, ["-bob"]);
        assert_eq!(typed("-t").unwrap().mode, Mode::Send);
    }

    #[test]
    fn reading_is_told_from_writing() {
        assert_eq!(typed("").unwrap().mode, Mode::Receive);
        assert_eq!(typed("-f box").unwrap().file.as_deref(), Some("box"));
        assert_eq!(typed("-f").unwrap().file.as_deref(), Some(""));
        assert_eq!(typed("-H -f box").unwrap().mode, Mode::Summary);
        assert_eq!(typed("-e").unwrap().mode, Mode::Check);
        let options = typed("-nNR -u bob").unwrap();
        assert!(options.skip_system_file && options.skip_summary && options.read_only);
        assert_eq!(options.user.as_deref(), Some("bob"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["-Q", "-s", "-s x", "-a file", "-f box bob", "-T bob", "-T newsgroup:x y"] {
            assert!(typed(line).is_err(), "{line}");
        }
    }
}
