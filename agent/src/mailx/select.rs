//! Lists of messages as they are typed (POSIX.1-2017 `mailx`, "message list"): numbers, ranges, `.` `^` `$` `*` `+` `-`,
//! senders, `/words` of the subject, `:n` and its like.

use super::mailbox::{Mailbox, Message};

/// Which messages may be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Those that are not deleted.
    Left,
    /// Those that are.
    Deleted,
}

/// The indexes of the messages that are meant, in order. No word at all: the current one.
///
/// # Errors
/// In words, as `9: Invalid message number`.
pub fn select(words: &[String], mailbox: &Mailbox, dot: usize, among: Among) -> Result<Vec<usize>, String> {
    let may = |index: &usize| {
        mailbox.messages.get(*index).is_some_and(|message| message.state.deleted == (among == Among::Deleted))
    };
    if words.is_empty() {
        let found: Vec<usize> = Some(dot).filter(may).into_iter().collect();
        return if found.is_empty() { Err("No applicable messages".to_owned()) } else { Ok(found) };
    }
    let mut wanted = Wanted::default();
    for word in words {
        wanted.add(word, mailbox, dot, &may)?;
    }
    let all = 0..mailbox.messages.len();
    let found: Vec<usize> = all
        .filter(may)
        .filter(|index| wanted.places.is_empty() && wanted.is_filter() || wanted.places.contains(index))
        .filter(|index| mailbox.messages.get(*index).is_some_and(|message| wanted.fits(message)))
        .collect();
    if found.is_empty() { Err("No applicable messages".to_owned()) } else { Ok(found) }
}

#[derive(Default)]
struct Wanted {
    places: Vec<usize>,
    senders: Vec<String>,
    subjects: Vec<String>,
    states: Vec<char>,
}

impl Wanted {
    fn is_filter(&self) -> bool {
        !(self.senders.is_empty() && self.subjects.is_empty() && self.states.is_empty())
    }

    fn add(&mut self, word: &str, mailbox: &Mailbox, dot: usize, may: &impl Fn(&usize) -> bool) -> Result<(), String> {
        if let Some(text) = word.strip_prefix('/') {
            self.subjects.push(text.to_lowercase());
            return Ok(());
        }
        if let Some(letters) = word.strip_prefix(':') {
            return letters.chars().try_for_each(|letter| self.state(letter));
        }
        match word {
            "*" => self.places.extend((0..mailbox.messages.len()).filter(may)),
            "+" => self.places.push(near(dot + 1.., may, "Referencing beyond last message")?),
            "-" => self.places.push(near((0..dot).rev(), may, "Referencing before first message")?),
            _ => match range(word, mailbox, dot)? {
                Some((first, last)) => {
                    let within: Vec<usize> = (first..=last).filter(may).collect();
                    if within.is_empty() {
                        return Err(format!("{word}: inappropriate message"));
                    }
                    self.places.extend(within);
                }
                None => self.senders.push(word.to_lowercase()),
            },
        }
        Ok(())
    }

    fn state(&mut self, letter: char) -> Result<(), String> {
        if !"nourdfastm".contains(letter) {
            return Err(format!(
                ":{letter}: unknown state; :n new, :o old, :r read, :u unread, :f flagged, :a answered"
            ));
        }
        self.states.push(letter);
        Ok(())
    }

    fn fits(&self, message: &Message) -> bool {
        let from = || format!("{} {}", message.text("From"), message.sender()).to_lowercase();
        let subject = || message.text("Subject").to_lowercase();
        (self.senders.is_empty() || self.senders.iter().any(|sender| from().contains(sender)))
            && (self.subjects.is_empty() || self.subjects.iter().any(|words| subject().contains(words)))
            && (self.states.is_empty() || self.states.iter().any(|letter| is_so(message, *letter)))
    }
}

fn is_so(message: &Message, letter: char) -> bool {
    let state = &message.state;
    match letter {
        'n' => state.new && !state.read,
        'o' => !state.new,
        'r' => state.read,
        'u' => !state.read,
        'd' => state.deleted,
        'f' => state.flagged,
        'a' => state.answered,
        's' => state.saved,
        't' => state.touched,
        _ => state.mboxed,
    }
}

fn near(mut places: impl Iterator<Item = usize>, may: &impl Fn(&usize) -> bool, none: &str) -> Result<usize, String> {
    // No mailbox in memory has as many messages as this looks at.
    places.by_ref().take(1_000_000).find(|place| may(place)).ok_or_else(|| none.to_owned())
}

/// `3`, `3-5`, `.-$`; `None`: no place but a name.
fn range(word: &str, mailbox: &Mailbox, dot: usize) -> Result<Option<(usize, usize)>, String> {
    if let Some(place) = place(word, mailbox, dot)? {
        return Ok(Some((place, place)));
    }
    let Some((first, last)) = word.split_once('-') else { return Ok(None) };
    match (place(first, mailbox, dot)?, place(last, mailbox, dot)?) {
        (Some(first), Some(last)) if first <= last => Ok(Some((first, last))),
        (Some(_), Some(_)) => Err(format!("{word}: a range goes upwards")),
        _ => Ok(None),
    }
}

fn place(word: &str, mailbox: &Mailbox, dot: usize) -> Result<Option<usize>, String> {
    let last = mailbox.messages.len().saturating_sub(1);
    match word {
        "." => return Ok(Some(dot)),
        "^" => return Ok(Some(0)),
        "$" => return Ok(Some(last)),
        _ => {}
    }
    if word.is_empty() || !word.bytes().all(|octet| octet.is_ascii_digit()) {
        return Ok(None);
    }
    let number: usize = word.parse().unwrap_or(usize::MAX);
    if number == 0 || number > mailbox.messages.len() {
        return Err(format!("{word}: Invalid message number"));
    }
    Ok(Some(number - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox() -> Mailbox {
        let mut mailbox = Mailbox::default();
        for (who, subject) in [("alice", "Ketchup"), ("bob", "Pickles"), ("alice", "Red"), ("carol", "Ketchup")] {
            let raw = format!("From: {who}@crepes.fr\nSubject: {subject}\n\nx\n").into_bytes();
            mailbox.messages.push(Message { raw, ..Message::default() });
        }
        mailbox.messages[1].state.deleted = true;
        mailbox.messages[2].state.new = true;
        mailbox
    }

    fn picked(line: &str, among: Among) -> Result<Vec<usize>, String> {
        let words: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        select(&words, &mailbox(), 2, among).map(|found| found.into_iter().map(|index| index + 1).collect())
    }

    #[test]
    fn lists_are_understood() {
        for (line, expected) in [
            ("", vec![3]),
            ("1 4", vec![1, 4]),
            ("1-4", vec![1, 3, 4]),
            ("*", vec![1, 3, 4]),
            (".", vec![3]),
            ("^ $", vec![1, 4]),
            ("+", vec![4]),
            ("-", vec![1]),
            (".-$", vec![3, 4]),
            ("alice", vec![1, 3]),
            ("/KETCH", vec![1, 4]),
            ("alice /red", vec![3]),
            (":n", vec![3]),
            ("1-3 :n", vec![3]),
            ("carol 1-3 :o", vec![]),
        ] {
            assert_eq!(picked(line, Among::Left).unwrap_or_default(), expected, "{line}");
        }
        assert_eq!(picked("*", Among::Deleted), Ok(vec![2]));
    }

    #[test]
    fn what_is_not_there_is_told() {
        for (line, words) in [
            ("9", "9: Invalid message number"),
            ("0", "0: Invalid message number"),
            ("2", "2: inappropriate message"),
            ("dora", "No applicable messages"),
            (":z", ":z: unknown state"),
            ("4-1", "4-1: a range goes upwards"),
        ] {
            let told = picked(line, Among::Left).unwrap_err();
            assert!(told.starts_with(words), "{line}: {told}");
        }
    }
}
