//! Tilde escapes: what a line that begins with `~` does to the letter that is being written (POSIX.1-2017 `mailx`, "Command
//! Escapes in mailx").

use super::{Draft, Entered, fields_of};
use crate::mailx::session::Session;
use crate::mailx::settings::words;
use crate::mailx::{Output, Said, World};

/// What `~?` says.
const HELP: &str = "\
~~ TEXT   a line that begins with ~      ~.        send it
~s TEXT   the subject                    ~x ~q     drop it; keep it in $DEAD
~t ~c ~b  more To, Cc, Bcc               ~h        asks for all of them
~r FILE   read a file in (~< too)        ~w FILE   write the text to a file
~m LIST   read messages in, indented     ~f LIST   the same as they are
~e ~v     edit in $EDITOR, $VISUAL       ~p        show it
~@ FILE   a file goes along              ~d        read $DEAD in
~! CMD    run a command                  ~| CMD    the text through a command
~r !CMD   what a command writes          ~: CMD    a command of the prompt
~a ~A     sign with $sign, $Sign         ~i NAME   put in a variable
";

impl<W: World> Session<'_, W> {
    /// Does what an escape says. `Some`: the letter is done.
    pub(super) fn escape(&mut self, typed: &str, draft: &mut Draft) -> Result<Option<Entered>, String> {
        let Some(letter) = typed.chars().next() else { return Err("~? tells what there is".to_owned()) };
        let rest = typed.get(letter.len_utf8()..).unwrap_or_default().trim();
        match letter {
            '.' => return Ok(Some(Entered::Send)),
            'x' => return Ok(Some(Entered::Dropped)),
            'q' | 'Q' => {
                self.keep(draft);
                return Ok(Some(Entered::Killed));
            }
            // Twice the sign is the sign.
            _ if self.settings.get("escape").is_some_and(|escape| escape.starts_with(letter)) => {
                draft.text.extend(format!("{typed}\n").into_bytes());
            }
            's' => draft.subject = Some(rest.to_owned()),
            't' => draft.to.extend(Some(rest.to_owned()).filter(|rest| !rest.is_empty())),
            'c' => draft.cc.extend(Some(rest.to_owned()).filter(|rest| !rest.is_empty())),
            'b' => draft.bcc.extend(Some(rest.to_owned()).filter(|rest| !rest.is_empty())),
            'h' => self.ask_again(draft),
            'p' => self.preview(draft),
            'r' | '<' => self.read_in(rest, draft)?,
            'd' => {
                let dead = self.settings.get("DEAD").unwrap_or("~/dead.letter").to_owned();
                self.read_in(&dead, draft)?;
            }
            'm' | 'M' => self.insert(rest, true, draft)?,
            'f' | 'F' => self.insert(rest, false, draft)?,
            'e' => self.edit_text("EDITOR", draft)?,
            'v' => self.edit_text("VISUAL", draft)?,
            'w' => self.write_out(rest, draft)?,
            '@' => words(rest).iter().try_for_each(|path| self.attach(draft, path))?,
            '!' => drop(self.world.shell(rest, None, Output::Shown)?),
            '|' => self.filter(rest, draft)?,
            ':' | '_' => self.configure(rest),
            'a' => self.put_in("sign", draft),
            'A' => self.put_in("Sign", draft),
            'i' => self.put_in(rest, draft),
            '?' => self.print(HELP),
            other => return Err(format!("~{other}: unknown escape; ~? tells what there is")),
        }
        Ok(None)
    }

    /// `~h`: each field anew; an empty line leaves it as it is.
    fn ask_again(&mut self, draft: &mut Draft) {
        for (name, list) in [("To", &mut draft.to), ("Cc", &mut draft.cc), ("Bcc", &mut draft.bcc)] {
            match self.world.line(&format!("{name}: [{}] ", list.join(", "))) {
                Said::Line(line) if !line.trim().is_empty() => *list = vec![line.trim().to_owned()],
                _ => {}
            }
        }
        let subject = draft.subject.clone().unwrap_or_default();
        match self.world.line(&format!("Subject: [{subject}] ")) {
            Said::Line(line) if !line.trim().is_empty() => draft.subject = Some(line.trim().to_owned()),
            _ => {}
        }
    }

    fn preview(&mut self, draft: &Draft) {
        let mut text = "-------\nMessage contains:\n".to_owned();
        let from = self.writer().from.to_string();
        let from = Some(("From", from)).filter(|(_, from)| !from.is_empty());
        for (name, value) in from.into_iter().chain(fields_of(draft)) {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(&draft.text));
        for file in &draft.attachments {
            text.push_str(&format!("[-- {} {} --]\n", file.name.as_deref().unwrap_or_default(), file.media_type));
        }
        self.world.page(&text, None);
    }

    /// `~r FILE` and `~r !COMMAND`.
    fn read_in(&mut self, name: &str, draft: &mut Draft) -> Result<(), String> {
        let octets = match name.strip_prefix('!') {
            Some(command) => self.world.shell(command, None, Output::Taken)?,
            None if name.is_empty() => return Err("~r: name a file".to_owned()),
            None => self.world.read(&self.path(name))?,
        };
        self.print(&format!("{name} {}/{}\n", lines(&octets), octets.len()));
        self.add(&octets, draft);
        if !octets.is_empty() && !octets.ends_with(b"\n") {
            draft.text.push(b'\n');
        }
        Ok(())
    }

    fn insert(&mut self, list: &str, indented: bool, draft: &mut Draft) -> Result<(), String> {
        let found =
            if list.is_empty() && !draft.current.is_empty() { draft.current.clone() } else { self.pick(list, false)? };
        let numbers: Vec<String> = found.iter().map(|index| (index + 1).to_string()).collect();
        self.print(&format!("Interpolating: {}\n", numbers.join(" ")));
        for index in found {
            draft.text.extend(self.inserted(index, indented).into_bytes());
        }
        Ok(())
    }

    /// A message within a letter.
    pub(in crate::mailx) fn inserted(&self, index: usize, indented: bool) -> String {
        let indent = if indented { self.settings.get("indentprefix").unwrap_or("\t") } else { "" };
        let shown = self.shown(index, false);
        let lines = shown.trim_end_matches('\n').lines().skip(1);
        lines.map(|line| format!("{indent}{line}\n")).collect()
    }

    fn edit_text(&mut self, variable: &str, draft: &mut Draft) -> Result<(), String> {
        let fallback = if variable == "VISUAL" { "vi" } else { "ed" };
        let editor = self.settings.get(variable).unwrap_or(fallback).to_owned();
        let text = std::str::from_utf8(&draft.text).map_err(|_| "the text is not UTF-8: no editor takes it")?;
        draft.text = self.world.edit(text, &editor)?.into_bytes();
        self.go_on();
        Ok(())
    }

    fn write_out(&mut self, name: &str, draft: &Draft) -> Result<(), String> {
        if name.is_empty() {
            return Err("~w: name a file".to_owned());
        }
        self.world.append(&self.path(name), &draft.text)?;
        self.print(&format!("{name} {}/{}\n", lines(&draft.text), draft.text.len()));
        Ok(())
    }

    /// Who sits there is told that the letter goes on.
    fn go_on(&mut self) {
        if self.is_interactive {
            self.print("(continue)\n");
        }
    }

    /// The text through a command; what writes nothing leaves it as it was.
    fn filter(&mut self, command: &str, draft: &mut Draft) -> Result<(), String> {
        let octets = self.world.shell(command, Some(&draft.text), Output::Taken)?;
        if octets.is_empty() {
            return Err(format!("{command}: wrote nothing; the text is as it was"));
        }
        draft.text.clear();
        self.add(&octets, draft);
        self.go_on();
        Ok(())
    }

    fn put_in(&mut self, name: &str, draft: &mut Draft) {
        if let Some(text) = self.settings.get(name) {
            let text = text.replace("\\n", "\n").replace("\\t", "\t");
            draft.text.extend(format!("{text}\n").into_bytes());
        }
    }
}

fn lines(octets: &[u8]) -> usize {
    octets.split_inclusive(|octet| *octet == b'\n').count()
}
