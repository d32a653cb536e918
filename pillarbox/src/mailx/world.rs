//! The world of a session of `mail`: a terminal or pipes, the disk, programs, mailboxes.

use super::boxes::{self, Source};
use super::keyboard::Keyboard;
use super::out;
use crate::house;
use crate::mail::desk::Desk;
use crate::mail::{files, network};
use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use crate::units::harmless;
use agent::account::Account;
use agent::key_folder::KeyFolder;
use agent::letter::Letter;
use agent::mailx::{Fate, Filed, Mailbox, Output, Said, World};
use agent::remote::Scope;
use message::{Address, Time};
use server::Config;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A terminal, or pipes.
pub struct Terminal {
    account: Option<Account>,
    config: Option<PathBuf>,
    desk: Option<Desk>,
    source: Option<Source>,
    keyboard: Keyboard,
    is_interactive: bool,
    /// `-v`.
    pub verbose: bool,
}

impl Terminal {
    /// For who has this account.
    pub fn new(account: Option<Account>, config: Option<PathBuf>, is_interactive: bool) -> Terminal {
        let keyboard = Keyboard::new(is_interactive);
        Terminal { account, config, desk: None, source: None, keyboard, is_interactive, verbose: false }
    }

    /// Who writes: the person of the account, else the user of this host.
    pub fn sender(&self) -> Option<(Option<String>, Address)> {
        match &self.account {
            Some(account) => Some((account.display_name.clone(), account.address.clone())),
            None => crate::sendmail::hand_in::own_address(&self.config().ok()?),
        }
    }

    fn config(&self) -> Result<Config, String> {
        house::config(self.config.as_deref()).map_err(words)
    }

    /// The mirror of the account, opened when it is needed.
    fn desk(&mut self) -> Result<Option<&mut Desk>, String> {
        if let (Some(account), None) = (&self.account, &self.desk) {
            self.desk = Some(Desk::of(account.clone(), clock()).map_err(words)?);
        }
        Ok(self.desk.as_mut())
    }
}

/// Notes go to stderr; nobody is shown how far it is.
fn quiet() -> Screen {
    Screen::of_a_classic_command(Form::Human)
}

fn words(trouble: Trouble) -> String {
    trouble.message().unwrap_or_default()
}

fn clock() -> Time {
    net::clock::Clock::system().now()
}

impl World for Terminal {
    fn keys(&self) -> Option<KeyFolder> {
        crate::mail::desk::folders().ok().map(|folders| KeyFolder::of(&folders))
    }

    fn zone(&self) -> message::zone::Zone {
        crate::zone::here().clone()
    }

    fn line(&mut self, prompt: &str) -> Said {
        if self.is_interactive {
            self.print(prompt);
        }
        self.keyboard.line()
    }

    fn rest(&mut self) -> Result<Vec<u8>, String> {
        files::stdin().map_err(words)
    }

    fn text(&self, octets: &[u8]) -> Option<String> {
        crate::charset::text(octets)
    }

    fn print(&mut self, text: &str) {
        // Where nobody reads there is nobody left to tell.
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    fn complain(&mut self, line: &str) {
        for line in line.lines() {
            let _ = writeln!(io::stderr(), "mail: {}", harmless(line));
        }
    }

    fn page(&mut self, text: &str, pager: Option<&str>) {
        let shown = pager.map(|pager| self.shell(pager, Some(text.as_bytes()), Output::Shown));
        if !matches!(shown, Some(Ok(_))) {
            self.print(text);
        }
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        agent::disk::read(Path::new(path), files::FILE_MAX).map_err(|error| format!("{path}: {error}"))
    }

    fn append(&mut self, path: &str, octets: &[u8]) -> Result<Filed, String> {
        let was_there = Path::new(path).exists();
        agent::mailx::spool::append(Path::new(path), octets)?;
        Ok(if was_there { Filed::Appended } else { Filed::New })
    }

    fn shell(&mut self, command: &str, input: Option<&[u8]>, output: Output) -> Result<Vec<u8>, String> {
        let told = |error: io::Error| format!("{command}: {error}");
        let mut shell = Command::new("sh");
        if !command.is_empty() {
            shell.arg("-c").arg(command);
        }
        shell.stdin(if input.is_some() { Stdio::piped() } else { Stdio::inherit() });
        shell.stdout(if output == Output::Taken { Stdio::piped() } else { Stdio::inherit() });
        let mut child = shell.spawn().map_err(told)?;
        let pipe = child.stdin.take().zip(input.map(<[u8]>::to_vec));
        // Written beside: a program that writes before it has read all would wait for us as we for it.
        let writer = pipe.map(|(mut pipe, octets)| std::thread::spawn(move || pipe.write_all(&octets)));
        let ended = child.wait_with_output().map_err(told)?;
        // A program may well stop reading before the end.
        let _ = writer.map(std::thread::JoinHandle::join);
        Ok(ended.stdout)
    }

    fn edit(&mut self, text: &str, editor: &str) -> Result<String, String> {
        files::edited_with(text, editor.as_ref()).map_err(words)
    }

    fn has_folder(&mut self, name: &str) -> bool {
        let Ok(Some(desk)) = self.desk() else { return false };
        desk.mirror.folder_named(name).is_ok_and(|folder| folder.is_some())
    }

    fn copy(&mut self, messages: &[u64], folder: &str) -> Result<(), String> {
        match (&self.source, &mut self.desk) {
            (Some(Source::Folder(_)), Some(desk)) => boxes::copy(messages, folder, desk),
            _ => Err(format!("{folder}: a folder of the account takes only messages of the account")),
        }
    }

    fn open(&mut self, name: &str) -> Result<Mailbox, String> {
        let is_account = name == boxes::INBOX || self.has_folder(name);
        let desk = self.desk()?.map(|desk| &*desk);
        if let (true, Some(desk)) = (is_account, desk) {
            // Without the network the mail of last time is shown.
            network::freshen(desk, &mut quiet(), &Scope::Everything).map_err(words)?;
        }
        let (mailbox, source) = boxes::open(name, desk)?;
        self.source = Some(source);
        Ok(mailbox)
    }

    fn close(&mut self, mailbox: &Mailbox) -> Result<Option<String>, String> {
        match &self.source {
            Some(source) => {
                let said = boxes::close(mailbox, source, self.desk.as_mut());
                if let Some(desk) = &self.desk {
                    network::tell(desk, &mut quiet()).map_err(words)?;
                }
                said
            }
            None => Ok(None),
        }
    }

    fn send(&mut self, letter: &Letter, program: Option<&str>) -> Result<Fate, String> {
        if let Some(program) = program {
            return out::by_program(program, letter, clock()).map(|()| Fate::Sent);
        }
        if let Some(desk) = self.desk()? {
            return out::by_account(letter, desk, &mut quiet());
        }
        let (fate, said) = out::by_drop(letter, &self.config()?, clock())?;
        if let (true, Some(said)) = (self.verbose, said) {
            self.complain(&said);
        }
        Ok(fate)
    }

    fn now(&self) -> Time {
        clock()
    }
}
