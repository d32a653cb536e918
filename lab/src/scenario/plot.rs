//! Reads scenario files. Owns their grammar; every error names the line.

use crate::Layout;
use crate::peers::Part;
use wire::dialogue::{Dialogue, World};

/// What a scenario file says.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What it shows, in a line.
    pub title: String,
    /// A picture or some words that stand before the steps.
    pub prologue: Vec<String>,
    /// Who is there.
    pub layout: Layout,
    /// What happens, in order.
    pub scenes: Vec<Scene>,
}

/// A step as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// What happens, in words.
    pub headline: String,
    /// What is done, and what must be seen.
    pub acts: Vec<Act>,
}

/// Something done, or something that must be seen. Most are about the letter that was composed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// `compose FROM TO SUBJECT`
    Compose {
        /// Who writes.
        from: String,
        /// To whom.
        to: String,
        /// About what.
        subject: String,
    },
    /// `submit`: by port submission, with TLS and AUTH.
    Submit,
    /// `hand-in`: on the machine itself, as `sendmail` does.
    HandIn,
    /// `mail`: on the machine itself, with a user agent that asks the post office there.
    Mail,
    /// `relay`: by SMTP without a login, from a trusted network.
    Relay,
    /// `queued`: the letter is in the queue of its sender's host.
    Queued,
    /// `looked-up DOMAIN`: the name server was asked for MX and address.
    LookedUp(String),
    /// `sent`: the next host has taken it, and both hosts say so.
    Sent,
    /// `delivered`: it is in the mailbox of who it is for.
    Delivered,
    /// `read READER`: its recipient reads it, and it is what was composed.
    Read(Reader),
    /// `unasked`: the name server was not asked anything about mail.
    Unasked,
    /// `at-home`: no other host has taken anything, and nothing waits to be sent.
    AtHome,
    /// `deferred TO`: an attempt for this recipient failed, and there will be another.
    Deferred(String),
    /// `failed TO`: it was given up.
    Failed(String),
    /// `under-way TO`: the host of this recipient was reached, and nothing has come of it yet.
    UnderWay(String),
    /// `bounced`: its sender has one report, and nothing is under way any more.
    Bounced,
    /// `within SECONDS`: no more time has passed since the letter was composed.
    Within(u64),
}

/// How mail is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// RFC 1939, with STLS.
    Pop3,
    /// RFC 9051, with STARTTLS.
    Imap,
    /// RFC 8621, over HTTPS.
    Jmap,
    /// On the host itself, with no protocol.
    Host,
}

impl Reader {
    /// The protocol's name; all have the same length, for pictures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reader::Pop3 => "POP3",
            Reader::Imap => "IMAP",
            Reader::Jmap => "JMAP",
            Reader::Host => "HOST",
        }
    }
}

/// What is wrong in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct PlotError {
    /// From 1.
    pub line: usize,
    /// In words.
    pub what: String,
}

impl Plot {
    /// Reads a scenario.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn parse(text: &str) -> Result<Plot, PlotError> {
        let layout = Layout { together: true, ..Layout::default() };
        let mut plot = Plot { title: String::new(), prologue: Vec::new(), layout, scenes: Vec::new() };
        let mut world = String::new();
        for (at, line) in text.lines().enumerate() {
            let wrong = |what: String| PlotError { line: at + 1, what };
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let Some(fact) = line.strip_prefix('=') else {
                plot.line(line).map_err(wrong)?;
                continue;
            };
            if let Some(peer) = fact.trim().strip_prefix("peer ") {
                plot.peer(peer).map_err(wrong)?;
                continue;
            }
            if fact.trim().starts_with("hostname ") {
                plot.host(&std::mem::take(&mut world)).map_err(wrong)?;
            } else if world.is_empty() {
                return Err(wrong("the first line of a host is = hostname".to_owned()));
            }
            world.push_str(&format!("{line}\n"));
        }
        let end = |what| PlotError { line: text.lines().count(), what };
        plot.host(&world).map_err(end)?;
        if plot.scenes.iter().any(|scene| scene.acts.is_empty()) || plot.scenes.is_empty() {
            return Err(end("every step has something to do or to see".to_owned()));
        }
        Ok(plot)
    }

    /// Takes the lines of one host, which are those of a dialogue's world.
    fn host(&mut self, lines: &str) -> Result<(), String> {
        if lines.is_empty() {
            return Ok(());
        }
        let no_files = |name: &str| Err(format!("{name}: a scenario has no files beside it"));
        let dialogue = Dialogue::parse("", lines, &no_files).map_err(|error| error.what)?;
        self.layout.worlds.push(dialogue.world);
        Ok(())
    }

    fn peer(&mut self, words: &str) -> Result<(), String> {
        let words: Vec<&str> = words.split_whitespace().collect();
        let [domain, part @ ..] = words.as_slice() else { return Err("= peer DOMAIN PART".to_owned()) };
        let part = Part::parse(part).map_err(|error| error.to_string())?;
        self.layout.peers.push(((*domain).to_owned(), part));
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if let Some(picture) = line.strip_prefix('|') {
            self.prologue.push(picture.strip_prefix(' ').unwrap_or(picture).to_owned());
        } else if let Some(title) = line.strip_prefix("title ") {
            self.title = title.trim().to_owned();
        } else if let Some(headline) = line.strip_prefix("step ") {
            self.scenes.push(Scene { headline: headline.trim().to_owned(), acts: Vec::new() });
        } else {
            let scene = self.scenes.last_mut().ok_or("the first thing that happens is a step")?;
            scene.acts.push(act(line.trim())?);
        }
        Ok(())
    }

    /// Everybody reads in this way; what the scenario says of it in words says so too.
    pub fn read_by(&mut self, reader: Reader) {
        let headlines = self.scenes.iter_mut().map(|scene| &mut scene.headline);
        for text in self.prologue.iter_mut().chain(headlines) {
            for other in [Reader::Pop3, Reader::Imap, Reader::Jmap] {
                *text = text.replace(other.name(), reader.name());
            }
        }
        for act in self.scenes.iter_mut().flat_map(|scene| &mut scene.acts) {
            if let Act::Read(by) = act {
                *by = reader;
            }
        }
    }

    /// The host where somebody has an account, and what is known of both.
    #[must_use]
    pub fn world_of(&self, address: &str) -> Option<(usize, &World)> {
        self.layout.worlds.iter().enumerate().find(|(_, world)| world.account(address).is_some())
    }
}

fn act(line: &str) -> Result<Act, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["compose", from, to, subject @ ..] if !subject.is_empty() => {
            Act::Compose { from: (*from).to_owned(), to: (*to).to_owned(), subject: subject.join(" ") }
        }
        ["submit"] => Act::Submit,
        ["hand-in"] => Act::HandIn,
        ["mail"] => Act::Mail,
        ["relay"] => Act::Relay,
        ["queued"] => Act::Queued,
        ["looked-up", domain] => Act::LookedUp((*domain).to_owned()),
        ["sent"] => Act::Sent,
        ["delivered"] => Act::Delivered,
        ["read", "pop3"] => Act::Read(Reader::Pop3),
        ["read", "imap"] => Act::Read(Reader::Imap),
        ["read", "jmap"] => Act::Read(Reader::Jmap),
        ["read", "host"] => Act::Read(Reader::Host),
        ["unasked"] => Act::Unasked,
        ["at-home"] => Act::AtHome,
        ["deferred", to] => Act::Deferred((*to).to_owned()),
        ["failed", to] => Act::Failed((*to).to_owned()),
        ["under-way", to] => Act::UnderWay((*to).to_owned()),
        ["bounced"] => Act::Bounced,
        ["within", seconds] => Act::Within(seconds.parse().map_err(|_| format!("{seconds} is no number of seconds"))?),
        _ => return Err(format!("{line} is nothing that a scenario can do or see")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::SCENARIOS;

    #[test]
    fn every_scenario_can_be_read() {
        for (name, text) in SCENARIOS {
            let plot = Plot::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!plot.title.is_empty() && !plot.layout.worlds.is_empty(), "{name}");
            let is_within = |line: &String, columns: usize| assert!(line.chars().count() <= columns, "{name}: {line}");
            // On a terminal of 80 columns the name stands behind the title, number and time before a headline.
            is_within(&plot.title, 78 - name.len());
            plot.prologue.iter().for_each(|line| is_within(line, 80));
            plot.scenes.iter().for_each(|scene| is_within(&scene.headline, 66));
        }
    }

    #[test]
    fn who_reads_otherwise_is_shown_so() {
        for (name, text) in SCENARIOS {
            let mut plot = Plot::parse(text).unwrap();
            plot.read_by(Reader::Imap);
            let shown = format!("{plot:?}");
            assert!(!shown.contains("POP3") && !shown.contains("Pop3"), "{name}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let host = "= hostname mail.a.test\n= account a@a.test x\n";
        for (text, line, words) in [
            ("= account a@a.test x\n".to_owned(), 1, "first line of a host"),
            (format!("{host}submit\n"), 3, "is a step"),
            (format!("{host}step x\n  dance\n"), 4, "dance is nothing"),
            (format!("{host}step x\n  within soon\n"), 4, "soon is no number"),
            (format!("{host}= peer b.test sings\n"), 3, "no part"),
            (format!("{host}= nonsense\nstep x\n"), 4, "nonsense"),
            (format!("{host}step x\n"), 3, "every step"),
        ] {
            let error = Plot::parse(&text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.what.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn worlds_peers_and_acts_are_what_the_lines_say() {
        let text = "title T\n| picture\n= hostname mail.a.test\n= account a@a.test x\n= peer b.test drops dot\n\
                    step Go\n  compose a@a.test b@b.test Hi there\n  read pop3\n";
        let plot = Plot::parse(text).unwrap();
        assert_eq!((plot.title.as_str(), plot.prologue.as_slice()), ("T", ["picture".to_owned()].as_slice()));
        assert_eq!(plot.layout.peers.len(), 1);
        assert_eq!(plot.world_of("a@a.test").map(|(number, _)| number), Some(0));
        let subject = "Hi there".to_owned();
        let compose = Act::Compose { from: "a@a.test".to_owned(), to: "b@b.test".to_owned(), subject };
        assert_eq!(plot.scenes[0].acts, [compose, Act::Read(Reader::Pop3)]);
    }
}
