//! The options of `sendmail` as programs have given them for forty years: one letter, its value attached or next, several
//! letters in one word. Owns what they mean; what is only ever of use to another sendmail is taken and passed over.

use std::collections::VecDeque;

/// What `sendmail` is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `-bm`: hand in the message on stdin.
    #[default]
    Deliver,
    /// `-bs`: SMTP on stdin and stdout.
    Smtp,
    /// `-bp`: list the queue.
    Queue,
    /// `-bi`, `-I`: read the aliases file.
    Aliases,
    /// `-bv`: say where mail for the recipients would go.
    Verify,
    /// `-bt`: the same for addresses on stdin.
    Test,
    /// `-q`: try what waits now.
    Flush,
}

/// What becomes of errors: `-oe`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Errors {
    /// `p`: they are printed, and the exit code tells.
    #[default]
    Print,
    /// `q`: the exit code tells.
    Quiet,
    /// `m`, `w` and `e`: they are mailed to the sender.
    Mail,
}

/// A line that was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// Recipients on the line.
    pub recipients: Vec<String>,
    /// `-t`: and in To, Cc and Bcc.
    pub from_header: bool,
    /// `-i`, `-oi`: a dot alone on a line is a line like any other.
    pub keep_dots: bool,
    /// `-f`, `-r`: whom it is from; empty for `<>`.
    pub sender: Option<String>,
    /// `-F`: their name.
    pub full_name: Option<String>,
    /// `-B 8BITMIME`.
    pub eight_bit: bool,
    /// `-N`, as RFC 3461 §4.1 has it.
    pub notify: Option<String>,
    /// `-R`: `FULL`, `HDRS`.
    pub ret: Option<String>,
    /// `-V`.
    pub envid: Option<String>,
    /// `-O smtputf8`.
    pub smtputf8: bool,
    /// `-XV`: each recipient's own reverse path.
    pub verp: bool,
    /// `-G`: relayed, so that nothing is added.
    pub gateway: bool,
    /// `-v`.
    pub verbose: bool,
    /// `-oe`.
    pub errors: Errors,
    /// `-C`: the configuration.
    pub config: Option<String>,
    /// `-oA`: the aliases file.
    pub aliases: Option<String>,
}

/// Letters that take a value, attached or as the next word.
const WITH_VALUE: &str = "bBCfFhLNoOprRVX";

/// Letters whose value is attached or not there.
const WITH_ATTACHED: &str = "Aqd";

/// Reads the words after the name of the command.
///
/// # Errors
/// What is wrong with them, and what to do instead.
pub fn read(words: impl IntoIterator<Item = String>) -> Result<Options, String> {
    let mut words: VecDeque<String> = words.into_iter().collect();
    let mut options = Options::default();
    while let Some(word) = words.pop_front() {
        match word.strip_prefix('-') {
            Some("-") => {
                options.recipients.extend(words.drain(..));
            }
            Some(letters) if !letters.is_empty() => read_word(&mut options, letters, &mut words)?,
            _ => options.recipients.push(word),
        }
    }
    Ok(options)
}

fn read_word(options: &mut Options, letters: &str, words: &mut VecDeque<String>) -> Result<(), String> {
    let mut rest = letters;
    while let Some(letter) = rest.chars().next() {
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        if WITH_VALUE.contains(letter) {
            let value = if rest.is_empty() { words.pop_front() } else { Some(rest.to_owned()) };
            let mut value = value.ok_or_else(|| format!("-{letter} needs a value"))?;
            if letter == 'o' && value == "A" {
                // `-oA FILE` is written as often as `-oAFILE`.
                value.extend(words.pop_front());
            }
            return set(options, letter, &value);
        }
        if WITH_ATTACHED.contains(letter) {
            return attached(options, letter, rest);
        }
        flag(options, letter)?;
    }
    Ok(())
}

fn flag(options: &mut Options, letter: char) -> Result<(), String> {
    match letter {
        't' => options.from_header = true,
        'i' => options.keep_dots = true,
        'v' => options.verbose = true,
        'G' => options.gateway = true,
        'I' => options.mode = Mode::Aliases,
        // Send to me too, no aliasing, another's way of telling that UUCP was meant, and so on: no choices here.
        'm' | 'n' | 's' | 'U' => {}
        _ => return Err(format!("there is no option -{letter}: see `pillarbox help sendmail`")),
    }
    Ok(())
}

fn attached(options: &mut Options, letter: char, value: &str) -> Result<(), String> {
    match letter {
        'q' if value.starts_with(|c: char| c.is_ascii_digit()) => {
            Err("-q with a time is for a daemon: `pillarbox serve` tries again by itself".to_owned())
        }
        'q' => {
            options.mode = Mode::Flush;
            Ok(())
        }
        // -A: which configuration, -d: another's debugging.
        _ => Ok(()),
    }
}

fn set(options: &mut Options, letter: char, value: &str) -> Result<(), String> {
    match letter {
        'b' => options.mode = mode(value)?,
        'B' => options.eight_bit = eight_bit(value)?,
        'C' => options.config = Some(value.to_owned()),
        'f' | 'r' => options.sender = Some(if value == "<>" { String::new() } else { value.to_owned() }),
        'F' => options.full_name = Some(value.to_owned()),
        'N' => options.notify = Some(notify(value)?),
        'o' => return old_option(options, value),
        'O' => return long_option(options, value),
        'R' => options.ret = Some(ret(value)?),
        'V' => options.envid = Some(envid(value)?),
        'X' => options.verp |= value.starts_with('V'),
        // Hops, a label for a log, the protocol it came by.
        _ => {}
    }
    Ok(())
}

fn mode(value: &str) -> Result<Mode, String> {
    Ok(match value {
        "m" => Mode::Deliver,
        "s" => Mode::Smtp,
        "p" => Mode::Queue,
        "i" => Mode::Aliases,
        "v" => Mode::Verify,
        "t" => Mode::Test,
        "d" | "D" | "l" => return Err("-bd: the server is started by `pillarbox serve`".to_owned()),
        _ => return Err(format!("-b{value} is no mode that is served here")),
    })
}

/// RFC 6152 §2
fn eight_bit(value: &str) -> Result<bool, String> {
    match value.to_ascii_uppercase().as_str() {
        "8BITMIME" => Ok(true),
        "7BIT" => Ok(false),
        _ => Err(format!("-B is 7BIT or 8BITMIME, not {value}")),
    }
}

/// RFC 3461 §4.1
fn notify(value: &str) -> Result<String, String> {
    let value = value.to_ascii_uppercase();
    let sound = |word: &str| matches!(word, "SUCCESS" | "FAILURE" | "DELAY");
    if value == "NEVER" || value.split(',').all(sound) {
        return Ok(value);
    }
    Err("-N is never, or some of success,failure,delay".to_owned())
}

/// RFC 3461 §4.3
fn ret(value: &str) -> Result<String, String> {
    match value.to_ascii_uppercase().as_str() {
        "FULL" => Ok("FULL".to_owned()),
        "HDRS" => Ok("HDRS".to_owned()),
        _ => Err(format!("-R is full or hdrs, not {value}")),
    }
}

/// RFC 3461 §4.4: at most 100 characters, written as xtext; what xtext can write is printable ASCII.
fn envid(value: &str) -> Result<String, String> {
    if (1..=100).contains(&value.len()) && value.bytes().all(|c| c.is_ascii_graphic() || c == b' ') {
        return Ok(value.to_owned());
    }
    Err("-V is an identifier of at most 100 printable characters".to_owned())
}

/// `-o` and a letter, its value attached.
fn old_option(options: &mut Options, value: &str) -> Result<(), String> {
    let mut letters = value.chars();
    let letter = letters.next();
    match (letter, letters.as_str()) {
        (Some('i'), _) => options.keep_dots = true,
        (Some('e'), how) => options.errors = errors(how)?,
        (Some('A'), file) if !file.is_empty() => options.aliases = Some(file.to_owned()),
        (Some('v'), _) => options.verbose = true,
        // -o7, -o8, -odb, -om, -oQ...: no choices here.
        _ => {}
    }
    Ok(())
}

fn errors(how: &str) -> Result<Errors, String> {
    match how {
        "p" => Ok(Errors::Print),
        "q" => Ok(Errors::Quiet),
        "m" | "w" | "e" => Ok(Errors::Mail),
        _ => Err(format!("-oe{how}: errors go by p, q, m, w or e")),
    }
}

/// `-O name=value`.
fn long_option(options: &mut Options, value: &str) -> Result<(), String> {
    let (name, value) = value.split_once('=').unwrap_or((value, ""));
    match name.to_ascii_lowercase().as_str() {
        "smtputf8" => options.smtputf8 = true,
        "requiretls" => {
            return Err("-O requiretls: this version cannot promise TLS all the way (RFC 8689)".to_owned());
        }
        "aliasfile" => options.aliases = Some(value.to_owned()),
        "ignoredots" => options.keep_dots = true,
        "errormode" => options.errors = errors(&value.to_ascii_lowercase())?,
        // DeliveryMode, QueueDirectory, LogLevel...: no choices here.
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Options, String> {
        read(line.split(' ').filter(|word| !word.is_empty()).map(|word| word.replace('~', "")))
    }

    fn to(recipients: &[&str]) -> Options {
        Options { recipients: recipients.iter().map(|name| (*name).to_owned()).collect(), ..Options::default() }
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    /// What programs type, and what it means.
    #[test]
    fn the_habits_of_programs() {
        let bob = || Options { keep_dots: true, ..to(&["bob"]) };
        let mail = Errors::Mail;
        for (line, meant) in [
            ("bob", to(&["bob"])),
            // cron
            (
                "-i -FCronDaemon -B8BITMIME -oem bob",
                Options { full_name: some("CronDaemon"), eight_bit: true, errors: mail, ..bob() },
            ),
            // mutt
            (
                "-oem -oi -f alice@crepes.fr -- -bob c@crepes.fr",
                Options {
                    sender: some("alice@crepes.fr"),
                    errors: mail,
                    keep_dots: true,
                    ..to(&["-bob", "c@crepes.fr"])
                },
            ),
            // PHP
            ("-t -i -falice", Options { from_header: true, keep_dots: true, sender: some("alice"), ..to(&[]) }),
            // git send-email
            ("-i bob", bob()),
            ("-f ~ bob", Options { sender: some(""), ..to(&["bob"]) }),
            ("-f<> bob", Options { sender: some(""), ..to(&["bob"]) }),
            ("-r alice bob", Options { sender: some("alice"), ..to(&["bob"]) }),
            ("-ti", Options { from_header: true, keep_dots: true, ..to(&[]) }),
            ("-vif alice bob", Options { verbose: true, sender: some("alice"), ..bob() }),
            ("-oitrue bob", bob()),
            ("-o i bob", bob()),
            ("-O IgnoreDots=true bob", bob()),
            ("-N success,DELAY bob", Options { notify: some("SUCCESS,DELAY"), ..to(&["bob"]) }),
            ("-Nnever bob", Options { notify: some("NEVER"), ..to(&["bob"]) }),
            ("-R hdrs -VQQ314 bob", Options { ret: some("HDRS"), envid: some("QQ314"), ..to(&["bob"]) }),
            ("-O smtputf8 bob", Options { smtputf8: true, ..to(&["bob"]) }),
            ("-XV bob", Options { verp: true, ..to(&["bob"]) }),
            ("-X /tmp/log bob", to(&["bob"])),
            ("-G -C /etc/p.toml bob", Options { gateway: true, config: some("/etc/p.toml"), ..to(&["bob"]) }),
            ("-Am -Ac -m -n -o7 -o8 -om -U -h 5 -L tag -odb -d0.1 -O DeliveryMode=b bob", to(&["bob"])),
            ("-bm bob", to(&["bob"])),
            ("-bs", Options { mode: Mode::Smtp, ..to(&[]) }),
            ("-b p", Options { mode: Mode::Queue, ..to(&[]) }),
            ("-bi -oA/tmp/a", Options { mode: Mode::Aliases, aliases: some("/tmp/a"), ..to(&[]) }),
            ("-oA /tmp/a bob", Options { aliases: some("/tmp/a"), ..to(&["bob"]) }),
            ("-I", Options { mode: Mode::Aliases, ..to(&[]) }),
            ("-bv bob", Options { mode: Mode::Verify, ..to(&["bob"]) }),
            ("-bt", Options { mode: Mode::Test, ..to(&[]) }),
            ("-q", Options { mode: Mode::Flush, ..to(&[]) }),
            ("-qRcrepes.fr", Options { mode: Mode::Flush, ..to(&[]) }),
            ("-qI06G2V0J9QTXXA", Options { mode: Mode::Flush, ..to(&[]) }),
        ] {
            assert_eq!(typed(line), Ok(meant), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (line, word) in [
            ("-f", "needs a value"),
            ("-bd", "pillarbox serve"),
            ("-bz", "-bz"),
            ("-q15m", "pillarbox serve"),
            ("-B 9BIT bob", "8BITMIME"),
            ("-N always bob", "-N"),
            ("-N success,never bob", "-N"),
            ("-R some bob", "-R"),
            ("-V ~ bob", "-V"),
            ("-oex bob", "-oex"),
            ("-O requiretls bob", "TLS"),
            ("-Z bob", "-Z"),
        ] {
            let refused = typed(line).unwrap_err();
            assert!(refused.contains(word), "{line}: {refused}");
        }
        let long = |length: usize| read(["-V".to_owned(), "x".repeat(length), "bob".to_owned()]);
        assert!(long(100).is_ok() && long(101).is_err());
    }
}
